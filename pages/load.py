"""Load: a file becomes a batch. Drop it, see how it is read and what its rows would become, then store it.

The page reads from top to bottom: a load under way, else a file to choose, else the file that was chosen. What
the analyst chose lives in the session under keys that begin with the file's id; the mapping is made of those
first and drawn afterwards, so that whatever she changes shows in the preview at once.
"""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from reddy_lib import ui
from reddy_lib.batches.corrections import recognised
from reddy_lib.batches.load_job import LoadJob
from reddy_lib.batches.preview import Previewed
from reddy_lib.batches.profiles import profile_for
from reddy_lib.errors import LedgerError, ReddyError
from reddy_lib.spreadsheet.mapping.survey import estimated_rows
from reddy_lib.spreadsheet.reading.files import workbook_kept
from reddy_lib.spreadsheet.reading.upload import PrivateCopy
from reddy_lib.ui import uploads
from reddy_lib.ui.demo.card import offer_demo
from reddy_lib.ui.events import uninterrupted
from reddy_lib.ui.load.corrections import draw_correction
from reddy_lib.ui.load.file_choice import choose_file
from reddy_lib.ui.load.file_facts import joined, seen_before
from reddy_lib.ui.load.file_reading import (
    another_file,
    apart,
    batch_name,
    choose_layout,
    look_at,
    reading,
    shortened,
    size_of,
)
from reddy_lib.ui.load.mapping_choices import Choices, known
from reddy_lib.ui.load.mapping_controls import (
    draw_fields,
    draw_lines,
    draw_products,
    draw_speakers,
    draw_tags,
)
from reddy_lib.ui.load.mapping_questions import draw_questions
from reddy_lib.ui.load.preview_panel import PREVIEWED, draw_preview, look_ahead, would_be_ready
from reddy_lib.ui.load.profile_panel import given_before, profile_line, profiles_panel
from reddy_lib.ui.load.progress import finish, watch
from reddy_lib.ui.tabs import steady_tabs

DATA = Path(__file__).resolve().parents[1] / "data"
state = st.session_state

head, action = st.columns([3.4, 1.6], vertical_alignment="bottom")
head, action = head.container(gap="xsmall"), action.container(gap="xsmall")
job: LoadJob | None = state.get("load_job")
if job is not None:
    head.title("Storing the calls", anchor=False)
    job.wait(0.4)  # a small file is stored before anybody could look at a progress bar
    if job.state == "running":
        watch(job)
        st.stop()
    finish(job)
    st.rerun()

head.title("Load a spreadsheet", anchor=False)
with head.container(horizontal=True, vertical_alignment="center", gap="small"):
    facts, panel = st.empty(), st.container(width="content")
verdict = action.container()
if state.get("load_notice"):
    st.warning(ui.escape(state.pop("load_notice")), icon=":material/info:")
file: PrivateCopy | None = state.get("load_file")
if file is None:
    try:
        choose_file(DATA)
        offer_demo(ui.ledger())
    except LedgerError as error:
        ui.alert(error)
    st.stop()
uploads.forget()  # that of this file, and of value tables: only the drop zone asks for what was left behind

try:
    copied = file.path
    correction = known("correction", file.id, lambda: recognised(ui.ledger(), copied))
    if correction is not None and not state.get(f"load {file.id} as a sheet"):
        facts.markdown(f":material/table: **{ui.escape(shortened(file.file_name))}**")
        with panel:
            another_file(st)
        draw_correction(correction, file)
        if verdict.button(
            "Store the corrections" if correction.more else f"Store {ui.number_of(correction.rows, 'correction')}",
            type="primary", icon=":material/arrow_forward:", icon_position="right", key="load_corrections",
            width="stretch",
        ):  # fmt: skip
            to_products = ui.products(ui.connection())
            with (
                uninterrupted()
            ):  # a load that runs and that the page does not know would be started once more
                state["load_job"] = LoadJob(
                    ui.ledger(), file.path, correction.mapping, keep=file, file_name=file.file_name, who=ui.who(),
                    products=to_products, corrects=correction,
                )  # fmt: skip
            st.rerun()
        st.button(
            "Load it as any other sheet", type="tertiary", icon=":material/table_view:", key="load_as_sheet",
            on_click=state.update, args=[{f"load {file.id} as a sheet": True}],
        )  # fmt: skip
        st.stop()
except ReddyError as error:
    ui.alert(error)
    st.stop()

with workbook_kept():
    found, layout_place, joined_place = reading(file, state["load_first"])
if found is None:
    facts.markdown(f":material/table: **{ui.escape(shortened(file.file_name))}**")
    st.stop()

try:
    format = apart(file, found)
    with st.spinner("Reading the file …", show_time=True), workbook_kept():
        sheet, counted = look_at(file, format)
    about = estimated_rows(sheet, file.size, format) if counted is None else counted.rows
    if counted is None and about is not None and about >= 1000:  # no digits that nobody knows
        about = round(about, -3)
    whole = counted is not None and counted.rows <= len(sheet)
    to = ui.connection()
    products = ui.products(to)
    seen_before(file, format)
    columns = [str(name) for name in sheet.columns]
    profile = known("profile", columns, lambda: profile_for(ui.ledger(), columns))
    if state.get(f"load {file.id} afresh"):
        profile = None
    layout = choose_layout(layout_place, file, found, sheet, profile, products)
    if profile is not None and profile.mapping.layout != ("row" if layout == "row" else "lines"):
        profile = None
    usual = known("usual", (ui.who(), products), lambda: given_before(products))
    choices = Choices(file, format, sheet, counted, products, layout=layout, profile=profile, usual=usual)
    mapping = choices.mapping
    facts.markdown(
        f":material/table: **{ui.escape(shortened(file.file_name))}** · {size_of(sheet, counted, about)}"
    )
    if format.kind == "files":
        joined(joined_place, file, format, sheet)
    if profile is not None:
        profile_line(file, profile)
except ReddyError as error:
    ui.alert(error)
    st.stop()

problem = ""
previewed: list[Previewed] = []
try:
    previewed = known("preview", (mapping, products), lambda: look_ahead(choices, whole=whole))
except ReddyError as error:  # of the mapping: the controls that mend it are drawn all the same
    problem = str(error)

noun = "call" if layout == "lines" else "row"
seen_all = whole and (layout == "lines" or len(sheet) <= PREVIEWED)
total = None if counted is None else counted.rows
if layout == "lines" and not seen_all:
    # The calls of the sample, and the one that its end cuts in two, carried on to all rows.
    calls = None if total is None else round((len(previewed) + 1) * total / len(sheet))
    amount = "all calls" if calls is None else f"about {ui.number_of(calls, 'call')}"
elif layout == "lines":
    amount = ui.number_of(len(previewed), "call")
else:
    amount = "all calls" if counted is None else ui.number_of(counted.rows - counted.left_out, "call")
expected = about
if counted is not None and layout != "lines":
    expected = counted.rows - counted.left_out
if verdict.button(
    f"Store {amount}",
    type="primary", icon=":material/arrow_forward:", icon_position="right", key="load_store", width="stretch",
    disabled=not previewed or not ui.may("edit"), help=ui.why_not("edit"),
):  # fmt: skip
    with uninterrupted():
        state["load_job"] = LoadJob(
            ui.ledger(), file.path, mapping, total=expected, counted=counted is not None, keep=file, columns=columns,
            name=batch_name(file, format), file_name=file.file_name, products=products, who=ui.who(),
        )  # fmt: skip
    st.rerun()
if previewed:
    aside = counted.left_out if counted is not None else 0
    verdict.caption(
        would_be_ready(previewed, noun, whole=seen_all)
        + (
            f" · {ui.number_of(aside, 'row')} {'is not a call' if aside == 1 else 'are not calls'}"
            if aside
            else ""
        ),
        help="Totals, repeated headers and notes are kept beside the call above them." if aside else None,
        text_alignment="center",
    )

open_products = sum(product is None for product in choices.product_of.values())
open_roles = len(choices.open_speakers())
names = [
    "Fields",
    *(["Lines"] if layout != "row" else []),
    "Products" + (f" · {open_products} open" if open_products else ""),
    "Speakers" + (f" · {open_roles} open" if open_roles else ""),
    f"Tags · {len(mapping.tags)}",
]
draw_questions(choices, previewed)
tabs = steady_tabs(names, key=f"load_tabs {file.id} {layout}")
with tabs.pop(0), st.container(gap="xsmall"):
    draw_fields(choices, previewed)
if layout != "row":
    with tabs.pop(0), st.container(gap="xsmall"):
        draw_lines(choices)
of_products, speakers, tags = tabs
with of_products, st.container(gap="xsmall"):
    draw_products(choices, ui.products_error(to))
with speakers, st.container(gap="xsmall"):
    draw_speakers(choices)
with tags, st.container(gap="xsmall"):
    draw_tags(choices)
if problem:
    st.error(ui.escape(problem), icon=":material/error:")
elif previewed:
    draw_preview(previewed, mapping, choices.key)
else:
    st.warning(
        "The first rows hold no call. Is the header in the right row, and is this the right sheet?",
        icon=":material/help:",
    )
with panel:
    profiles_panel(mapping, columns, Path(file.file_name).stem)
