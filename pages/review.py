"""Review: find calls, see what is wrong with them, put it right.

Left, one screen of calls: searched, filtered, ticked. Right, the open call with its findings, its conversation and
everything else that would be sent of it. Whatever is edited is in the ledger before the page is drawn again. What is
looked at is in the address (`View`): a reload, Back and a link show the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import get_args

import streamlit as st

from reddy_lib import ui
from reddy_lib.batches.queries import Query
from reddy_lib.database.schema import EDITABLE, SENDABLE, STATUSES
from reddy_lib.errors import NotInLedger, ReddyError
from reddy_lib.ui import address_bar, choice
from reddy_lib.ui.attaching import attached_meanwhile, progress
from reddy_lib.ui.dialogs import dialog_button, dialog_content
from reddy_lib.ui.edit_many import edit_many
from reddy_lib.ui.history import history_panel
from reddy_lib.ui.operation_jobs import draw_jobs
from reddy_lib.ui.presence import draw_presence
from reddy_lib.ui.recordings import recordings_panel
from reddy_lib.ui.review.calls_list import PAGE, draw_list, list_width
from reddy_lib.ui.review.changes import edited
from reddy_lib.ui.review.draw_panel import draw_draw
from reddy_lib.ui.review.filters import draw_facets, draw_search, draw_shown, draw_terms, shown_name
from reddy_lib.ui.review.open_call import draw_open_call
from reddy_lib.ui.review.overview import Overview
from reddy_lib.ui.review.personal_panel import draw_personal
from reddy_lib.ui.review.problems_panel import draw_problems
from reddy_lib.ui.review.recipes_panel import draw_offer, recipes_panel
from reddy_lib.ui.review.steps import Step, draw_steps
from reddy_lib.ui.review.values_panel import draw_values
from reddy_lib.ui.review.view import Split, View

PANELS = {
    "calls": "Calls",
    "problems": "Problems",
    "values": "Values",
    "personal": "Personal data",
    "draw": "Draw",
}

batch = ui.open_batch()
view = View.of(batch)
K = f"review {batch.id}"

if view.panel == "recordings":
    with ui.alerts():
        recordings_panel(batch, edited, lambda: view.go(panel="calls"))
    st.stop()

under_way = attached_meanwhile(batch, edited)
try:
    overview = Overview.of(batch)
    listed = view.listed(batch)
    matching = overview.matching(batch, listed)
except ReddyError as error:
    ui.alert(error)
    st.stop()
counts, total = overview.counts, sum(overview.counts.values())
marked = choice.ticked(batch)
names = ui.product_names(batch.products or ui.products(ui.connection()))
filtered = bool(listed)


# what the primary button sends


def sendable_now() -> tuple[int, str]:
    """How many calls the primary button chooses, and its label."""
    if marked:
        number = batch.count(rows=marked, status=sorted(SENDABLE))
        return number, f"Send {number:,} of {len(marked):,} ticked"
    if filtered and shown_name(view) != "ready":
        number = batch.count(query=listed, status=sorted(SENDABLE))
        return number, f"Send these {number:,}"
    return counts["ready"], f"Send {counts['ready']:,} ready"


def choose(*, all_ready: bool = False) -> None:
    """Take what the button names to Submit."""
    if all_ready:
        choice.tick(batch, [])
    elif filtered and not marked:
        choice.tick(batch, batch.rows(query=listed, status=sorted(SENDABLE)))
    address_bar.leave("submit.py")


with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium", width="content"):
        st.title("Review", width="content")
        panel_key = f"{K} panel"
        if st.session_state.get(panel_key) != view.panel:
            st.session_state[panel_key] = view.panel
        st.segmented_control(
            "Show",
            list(PANELS),
            key=panel_key,
            required=True,
            format_func=PANELS.__getitem__,
            label_visibility="collapsed",
            on_change=lambda: view.go(panel=st.session_state[panel_key]),
        )
    sendable, label = sendable_now()
    with st.container(horizontal=True, gap="xsmall", width="content"):
        st.button(
            "Recordings",
            icon=":material/graphic_eq:",
            disabled=not total,
            help="Bring recordings to the calls they belong to",
            on_click=lambda: view.go(panel="recordings"),
        )
        if dialog_button(
            "Recipes",
            key=f"{K} recipes",
            icon=":material/menu_book:",
            help="Changes that are kept for the next export",
        ):
            recipes_panel(batch)
        if dialog_button(
            "History",
            key=f"{K} history",
            icon=":material/history:",
            help="What was changed, by whom; with Undo",
        ):
            history_panel(batch, edited)
        fewer = filtered and not marked and counts["ready"] and sendable != counts["ready"]
        if fewer and st.button(f"Send all {counts['ready']:,} ready", key=f"{K} all ready"):
            choose(all_ready=True)
        if st.button(
            label,
            key=f"{K} send",
            type="primary",
            icon=":material/arrow_forward:",
            icon_position="right",
            disabled=not sendable or choice.is_lost(batch),
        ):
            choose()
if under_way is not None:
    progress(under_way)
draw_jobs(batch, edited)
draw_offer(batch, K)

message = st.session_state.pop("review message", None)
if message:
    st.error(ui.escape(message), icon=":material/error:")
if choice.is_lost(batch):
    choice.draw_lost(batch, counts["ready"], to_review=False)
if not total:
    st.info("This batch has no calls. Load another spreadsheet.")
    st.page_link("load.py", label="Load a spreadsheet", icon=ui.ICONS["load"])
    st.stop()

numbers = {"all": total, **{status: counts[status] for status in STATUSES}}
numbers |= {"warnings": overview.warnings, "edited": overview.edited, "ticked": len(marked)}
with st.container(horizontal=True, vertical_alignment="center", gap="small"):
    with st.container(width=330):
        draw_search(view, K)
    st.button(
        "Filters",
        key=f"{K} facets",
        icon=":material/filter_list_off:" if view.facets else ":material/filter_list:",
        help="Hide the filters"
        if view.facets
        else "Filter by finding, agent, product, tag, column, length, day …",
        on_click=lambda: view.go(facets=not view.facets),
    )
    draw_shown(view, K, numbers)
    overview.draw_loss()
draw_terms(view, K)

if view.panel != "calls":
    with ui.alerts():
        if view.panel == "problems":
            draw_problems(batch, view, K, total)
        elif view.panel == "values":
            draw_values(batch, view, K, names)
        elif view.panel == "personal":
            draw_personal(batch, view, K, total)
        else:
            draw_draw(batch, view, K)
    draw_presence(batch, None, quiet=True)  # a value may be half typed
    st.stop()

pages = max(1, -(-matching // PAGE))
if view.page > pages:
    view.go(page=pages)
frame = batch.calls(query=listed, offset=(view.page - 1) * PAGE, limit=PAGE, snippets=True)
opened = view.row
other_filters = st.session_state.get(f"{K} listed for") not in (None, listed)
if len(frame) and (opened is None or (other_filters and not batch.count(query=listed, rows=[opened]))):
    opened = int(frame.index[0])  # the open call is one of those that the filters leave
    if view.row is not None:
        view.go(row=opened)
st.session_state[f"{K} listed for"] = listed


def presence() -> None:
    """Who else is here. A field may be half typed where fields are open: then others' changes are offered, not drawn."""
    draw_presence(batch, opened, quiet=st.session_state.get(f"{K} tab", "Conversation") != "Conversation")


def calls_list() -> None:
    """One screen of calls, and what can be done with all that are listed."""
    if not matching:
        with st.container(
            border=True, height=300, horizontal_alignment="center", vertical_alignment="center"
        ):
            st.markdown(
                "The one call of this batch does not match."
                if total == 1
                else f"None of the {total:,} calls matches."
            )
            st.button(
                "Show all calls",
                icon=":material/filter_alt_off:",
                on_click=lambda: view.go(query=Query(), ticked=False),
            )
        return
    draw_list(
        batch,
        frame,
        key=K,
        names=names,
        opened=opened,
        open_row=lambda row: view.go(row=row),
        width=list_width(view),
    )
    with st.container(
        horizontal=True, horizontal_alignment="distribute", vertical_alignment="center", gap="small"
    ):
        first = (view.page - 1) * PAGE
        st.caption(f"{first + 1:,}–{first + len(frame):,} of {matching:,}", width="content")
        presence()
        if pages > 1:
            page_key = f"{K} page {pages}"
            if page_key in st.session_state and st.session_state[page_key] != view.page:
                st.session_state[page_key] = view.page
            st.pagination(
                pages,
                default=1 if page_key in st.session_state else view.page,
                key=page_key,
                max_visible_pages=5,
                on_change=lambda: view.go(page=st.session_state[page_key]),
            )
    with st.container(horizontal=True, gap="small"):
        st.button(
            f"Tick all {matching:,}",
            key=f"{K} tick",
            type="tertiary",
            icon=":material/done_all:",
            disabled=view.ticked,
            on_click=lambda: choice.tick(batch, {*choice.ticked(batch), *batch.rows(query=listed)}),
        )
        st.button(
            "Untick all",
            key=f"{K} untick",
            type="tertiary",
            icon=":material/remove_done:",
            disabled=not marked,
            on_click=choice.tick,
            args=(batch, []),
        )
        many = len(marked) or matching
        by = "those that are ticked" if marked else "all that are listed"
        if dialog_button(
            f"Edit {many:,}",
            key=f"{K} bulk",
            content=lambda: (marked or batch.rows(query=listed), by),
            type="tertiary",
            icon=":material/edit_note:",
            disabled=choice.is_lost(batch),
            help="Edit the ticked calls at once" if marked else "Edit all calls that are listed at once",
        ):
            chosen, chosen_by = dialog_content()
            edit_many(batch, chosen, chosen_by, names, edited)


def go(steps: Sequence[Step]) -> None:
    """Open the call before or after the open one among those listed, or the next held one anywhere; for each step again."""
    # The run that drew the button may be older than the last step: the view knows which call is open.
    before = row = view.row if view.row is not None else opened or 0
    for step in steps:
        if step == "held":
            held = Query().with_values("status", ["held"])
            found = batch.next_row(row, held) or batch.next_row(0, held)
        else:
            found = batch.previous_row(row, listed) if step == "before" else batch.next_row(row, listed)
        row = found or row
    if row != before:
        view.go(row=row, page=batch.page_of(row, listed, size=PAGE) or view.page)


def head(status: str, wrong: int) -> None:
    """The line above the open call: what it is, and the way to the next."""
    with st.container(
        horizontal=True, horizontal_alignment="distribute", vertical_alignment="center", gap="small"
    ):
        with st.container(horizontal=True, vertical_alignment="center", gap="small", width="content"):
            st.markdown(f"**Row {opened}**", width="content")
            st.badge(status, color=ui.STATUS_COLOURS[status])
            if not wrong and status in EDITABLE:
                st.caption(
                    ":green[:material/check_circle:]", width="content", help="This call has nothing to fix."
                )
            meter = batch.loss(opened)
            if meter.placed < meter.characters:
                st.caption(
                    f"{meter.placed:,} of {ui.number_of(meter.characters, 'character')}", width="content"
                )
            if filtered and opened not in frame.index:
                st.caption("no longer listed", width="content")
        with st.container(horizontal=True, gap="xsmall", width="content"):
            for step, icon, text, keys in (
                ("before", "chevron_left", "", "Alt+K"),
                ("after", "chevron_right", "", "Alt+J"),
                ("held", "skip_next", "Next held", "Alt+N"),
            ):
                st.button(
                    text,
                    key=f"{K} {step}",
                    icon=f":material/{icon}:",
                    shortcut=keys,
                    help={"before": "Previous call (K)", "after": "Next call (J)"}.get(step),
                    disabled=step == "held" and not counts["held"],
                    on_click=go,
                    args=([step],),
                )
            splits = get_args(Split)
            wider = splits[(splits.index(view.split) + 1) % len(splits)]
            icon, text = {
                "even": ("width_normal", "Show the list at half the width"),
                "call": ("open_in_full", "Show this call at full width"),
                "list": ("close_fullscreen", "Show the list of calls again"),
            }[wider]
            st.button(
                "",
                key=f"{K} wide",
                icon=f":material/{icon}:",
                help=text,
                on_click=lambda: view.go(split=wider),
            )


def pane() -> None:
    """The open call."""
    if opened is None:
        st.markdown("Click a call to open it.")
        return
    hits = batch.hits(opened, view.query) if view.query.search_text else None
    marks = (
        {number: [(a, b, "hit", "") for a, b in places] for number, places in hits.lines.items()}
        if hits
        else {}
    )
    draw_open_call(batch, opened, key=K, names=names, texts=overview.texts, marks=marks, head=head)


widths = {"list": [3, 5], "even": [1, 1], "call": [1]}[view.split]
columns = st.columns([2.2, *widths] if view.facets else widths, gap="small")
if view.facets:
    with columns[0]:
        draw_facets(batch, view, K)
if view.split != "call":
    with columns[-2]:
        calls_list()
with columns[-1], st.container(key="open_call"):
    try:
        pane()
        if opened is not None:
            draw_steps(K, go)
    except NotInLedger as error:
        view.go(row=None)  # the next visit opens the first call
        ui.alert(error)
    except ReddyError as error:
        ui.alert(error)
if view.split == "call" or not matching:
    presence()
