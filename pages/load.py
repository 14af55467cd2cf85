"""Load: a file becomes a batch. Drop it, see how it is read and what its rows would become, then store it.

The page reads from top to bottom: a load under way, else a file to choose, else the file that was chosen. What
the analyst chose lives in the session under keys that begin with the file's id; the mapping is made of those
first and drawn afterwards, so that whatever she changes shows in the preview at once.
"""

from __future__ import annotations

import re
import time
from collections.abc import Sequence
from pathlib import Path
from typing import IO, Any

import msgspec
import pandas as pd
import streamlit as st

from reddy_lib import ui
from reddy_lib.batches.batch import Batch
from reddy_lib.batches.corrections import recognised
from reddy_lib.batches.load_job import LoadJob
from reddy_lib.batches.preview import Previewed, cells_beside, finding_summary, preview, worth_showing
from reddy_lib.batches.profiles import (
    Profile,
    keep_profile,
    profile_for,
    profiles_of,
    retire_profile,
    values_for_all,
)
from reddy_lib.errors import LedgerError, ReddyError, SheetError
from reddy_lib.model import payload_json
from reddy_lib.spreadsheet import Mapping, SheetFormat, detect_format, guess_mapping, read_sheet, sheet_names
from reddy_lib.spreadsheet.archive_tables import ArchiveTable, format_of_tables, tables_to_choose
from reddy_lib.spreadsheet.bundles import FILE_NAME, open_bundle
from reddy_lib.spreadsheet.files import workbook_kept
from reddy_lib.spreadsheet.reading import ALL_TABLES, hidden_sheets
from reddy_lib.spreadsheet.survey import Survey, estimated_rows, survey
from reddy_lib.spreadsheet.upload import PrivateCopy, together
from reddy_lib.ui.conversation import draw_conversation
from reddy_lib.ui.corrections import draw_correction
from reddy_lib.ui.downloads import download, write_all
from reddy_lib.ui.for_all_calls import draw_for_all
from reddy_lib.ui.mapping_choices import Choices, chosen, forget_known, known
from reddy_lib.ui.mapping_controls import draw_fields, draw_lines, draw_products, draw_speakers, draw_tags
from reddy_lib.ui.mapping_questions import draw_questions
from reddy_lib.ui.tabs import steady_tabs

DATA = Path(__file__).resolve().parents[1] / "data"
SAMPLES = {
    "Labelled text": ("labelled_text.csv", "A CRM export: 40 calls, dialogues as Agent: … and Customer: …"),
    "JSON transcripts": ("json_transcripts.xlsx", "A telephony export: 60 calls, a title above the table"),
    "Everything wrong": ("everything_wrong.csv", "50 calls, one deliberate fault in each"),
}

SAMPLE_ROWS = 1000  # looked at to guess columns
PREVIEWED = 200  # built and checked at every change
COUNTED = {"csv": 100_000_000, "excel": 12_000_000}  # bytes up to which the whole file is read once to count

ENCODINGS = {
    "utf-8": "UTF-8",
    "utf-8-sig": "UTF-8 with mark",
    "utf-16": "UTF-16",
    "cp1252": "Western European (cp1252)",
    "cp1250": "Central European (cp1250)",
    "cp1251": "Cyrillic (cp1251)",
    "cp1253": "Greek (cp1253)",
    "cp1254": "Turkish (cp1254)",
    "iso8859_15": "Latin 9 (iso8859_15)",
    "mac_roman": "Mac (mac_roman)",
    "cp932": "Japanese (cp932)",
    "gb18030": "Chinese (gb18030)",
    "cp949": "Korean (cp949)",
}
KINDS = {
    "html": "a web page with a table",
    "parquet": "Parquet",
    "json": "JSON: one object a row",
    "jsonl": "JSON lines: one object a row",
}
DELIMITERS = {",": "comma ,", ";": "semicolon ;", "\t": "tab", "|": "bar |", "^": "caret ^", "~": "tilde ~"}
LAYOUTS = {"row": "one row a call", "lines": "one row a line of transcript"}
state = st.session_state


# a file in, and out again


def take(files: Sequence[tuple[IO[bytes], str]]) -> None:
    """Copy a file to disk, or several as one bundle, and look whether it can be read; if not, keep the sentence that
    says why."""
    let_go()
    copy: PrivateCopy | None = None
    try:
        copy = PrivateCopy(*files[0]) if len(files) == 1 else together(files)
        tables = tables_to_choose(copy.path)
        first = format_of_tables(copy.path, tables)
    except SheetError as error:
        if copy is not None:
            copy.remove()
        state["load_problem"] = str(error)
        return
    state["load_file"], state["load_first"], state["load_tables"] = copy, first, tables


def let_go() -> None:
    """Forget the file: its copy on disk goes, and so does every choice made for it."""
    copy = state.pop("load_file", None)
    if copy is not None:
        for key in [key for key in state if str(key).startswith(f"load {copy.id} ")]:
            del state[key]
        copy.remove()
    for key in ("load_first", "load_tables", "load_known", "load_problem", "load_notice"):
        state.pop(key, None)
    state["load_uploads"] = state.get("load_uploads", 0) + 1  # a new uploader: the old one's memory is freed


def take_sample(name: str) -> None:
    with (DATA / name).open("rb") as file:
        take([(file, name)])


# the three states of the page


def choose_file() -> None:
    """The drop zone, the samples, and what was wrong with the last file."""
    uploaded = st.file_uploader(
        "Drop a spreadsheet of calls here, or transcript files: as many as you like, one call a file",
        key=f"load_upload_{state.get('load_uploads', 0)}",
        accept_multiple_files=True,
        disabled=not ui.may("edit"),
        help="CSV, TSV, XLSX, XLSM, XLSB, XLS, ODS, Parquet, JSON or JSON lines: one row a call, or one row a line of "
        "transcript. Transcript files (JSON, VTT, SRT, TXT), on their own, in a ZIP, or with one sheet about them. "
        "It all stays on the machine that runs this program.",
    )
    if uploaded:
        with st.spinner("Reading the file …" if len(uploaded) == 1 else "Reading the files …"):
            take([(one, one.name) for one in uploaded])
        st.rerun()
    if state.get("load_problem"):
        st.error(ui.escape(state["load_problem"]), icon=":material/error:")
        st.caption("Nothing was stored. Drop another file above, or try a sample.")
    st.caption("or try a sample, made up from beginning to end:")
    for place, (label, (name, what)) in zip(st.columns(len(SAMPLES)), SAMPLES.items(), strict=True):
        with place.container(border=True, gap="xsmall", height="stretch"):
            st.button(
                label,
                key=f"sample {name}",
                icon=":material/table:",
                on_click=take_sample,
                args=[name],
                width="stretch",
            )
            st.caption(what)
    profiles_panel(None, [])
    batch = ui.batch_in_hand()
    if batch is not None:
        open_batch(batch)
    else:
        loaded_before()


def loaded_before() -> None:
    """The last batches, for somebody who comes back in a new tab."""
    batches = ui.ledger().batches().head(5)
    if len(batches):
        st.subheader("Loaded before", anchor=False)
    for found in batches.itertuples():
        with st.container(horizontal=True, vertical_alignment="center"):
            st.page_link(
                "review.py", label=ui.escape(str(found.name)), icon=":material/folder_open:",
                query_params={"batch": str(found.id)},
            )  # fmt: skip
            calls = ui.number_of(int(found.calls), "call")
            st.caption(f"{calls} · {ui.escape(str(found.file_name))} · {ui.when(found.created_at)}")


def open_batch(batch: Batch) -> None:
    """What is in the open batch, in one line, and the way to it."""
    counts = {status: count for status, count in batch.counts().items() if count}
    with st.container(border=True):
        with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
            st.markdown(f":material/folder_open: Open batch: **{ui.escape(batch.name)}**", width="content")
            st.page_link(
                "review.py", label="Review it", icon=ui.ICONS["review"], query_params={"batch": batch.id}
            )
        with st.container(horizontal=True, vertical_alignment="center"):
            total = sum(counts.values())
            st.caption(
                f"{total:,} calls from {ui.escape(batch.file_name)}, loaded {ui.when(batch.created_at)}",
                width="content",
            )
            for status, count in counts.items():
                st.badge(
                    f"{count:,} {status}", color=ui.STATUS_COLOURS[status], help=ui.STATUS_MEANINGS[status]
                )


@st.fragment(run_every=0.5)
def watch(job: LoadJob) -> None:
    """How far a load is, and a way to stop it. It goes on whatever is clicked, and if the tab is closed."""
    if job.state != "running":
        st.rerun()
    total = "" if not job.total else f" of {job.total:,}" if job.counted else f" of about {job.total:,}"
    left = (job.total - job.stored) / job.rate if job.total and job.rate else 0
    st.progress(
        min(job.stored / job.total, 1.0) if job.total else 0,
        text=f"{job.stored:,}{total} {job.noun} stored · {job.rate:,.0f} a second"
        + (f" · about {left:,.0f} s left" if left >= 1 else ""),
    )
    st.caption("You can go on elsewhere, or close this tab: it finishes by itself.")
    st.button(
        "Stopping …" if job.stopping else "Cancel", icon=":material/close:", key="load_cancel",
        on_click=job.cancel, disabled=job.stopping,
    )  # fmt: skip


def finish(job: LoadJob) -> None:
    """A load is over: go on to Review, or say what happened."""
    del state["load_job"]
    if job.batch is not None:
        let_go()
        ui.remember_batch(job.batch.id)
        st.switch_page("review.py", query_params={"batch": job.batch.id})
    if job.error is not None:
        state["load_notice"] = str(job.error)
    else:
        state["load_notice"] = (
            "The load stopped because of a fault in the program: its log says which. Try again."
        )


# the file that was chosen


def reading(file: PrivateCopy, first: SheetFormat) -> tuple[SheetFormat | None, Any, Any]:
    """The line of controls that say how the file is read: the format they make (None where it cannot be), and two
    places for what is known only when the rows are: the layout, and what was joined with what."""
    key = f"load {file.id} "
    if first.kind not in ("csv", "excel"):  # these say themselves how they are read
        sheets = known("sheets", file.id, lambda: sheet_names(file.path)) if first.sheet else []
        kind, layout, another = st.columns([2.6, 2.2, 1.3], vertical_alignment="bottom")
        another_file(another)
        if len(sheets) < 2:
            if first.kind != "files":
                kind.caption(f"Read as {KINDS.get(first.kind, first.kind)}")
            return first, layout, kind
        tables = {table.name: table for table in state.get("load_tables", ())}
        if first.form == "tables":
            sheets = [ALL_TABLES, *sheets]
        chosen(key + "sheet", first.sheet, sheets)
        name = kind.selectbox(
            "Table in the archive" if tables else "Sheet about the files", sheets, key=key + "sheet",
            persist_state="session", format_func=lambda name: table_label(name, first, tables),
        )  # fmt: skip
        try:
            return known("found", name, lambda: detect_format(file.path, sheet=name)), layout, st.container()
        except SheetError as error:
            st.error(ui.escape(str(error)), icon=":material/error:")
            return None, layout, kind
    excel = first.kind == "excel"
    columns = st.columns([2, 0.9, 2.2, 1] if excel else [1.6, 1.2, 0.9, 2.2, 1], vertical_alignment="bottom")
    another_file(columns[-1])
    wanted: dict[str, Any] = {}
    if excel:
        sheets = known("sheets", file.id, lambda: sheet_names(file.path))
        hidden = known("hidden", file.id, lambda: hidden_sheets(file.path))
        chosen(key + "sheet", first.sheet, sheets)
        wanted["sheet"] = columns[0].selectbox(
            "Sheet", sheets, format_func=lambda name: f"{name} (hidden)" if name in hidden else name,
            key=key + "sheet", persist_state="session",
        )  # fmt: skip
    else:
        encodings = list(dict.fromkeys([*ENCODINGS, str(first.encoding)]))
        delimiters = list(dict.fromkeys([*DELIMITERS, str(first.delimiter)]))
        chosen(key + "encoding", first.encoding, encodings)
        chosen(key + "delimiter", first.delimiter, delimiters)
        wanted["encoding"] = columns[0].selectbox(
            "Encoding", encodings, format_func=lambda name: ENCODINGS.get(name, name), key=key + "encoding",
            persist_state="session",
        )  # fmt: skip
        wanted["delimiter"] = columns[1].selectbox(
            "Between columns", delimiters, format_func=lambda mark: DELIMITERS.get(mark, repr(mark)),
            key=key + "delimiter", persist_state="session",
        )  # fmt: skip
    problem = ""
    format: SheetFormat | None = None
    try:
        if all(getattr(first, name) == value for name, value in wanted.items()):
            format = first  # as it was found when the file came: no reason to read it again
        else:
            format = known("found", wanted, lambda: detect_format(file.path, **wanted))
    except SheetError as error:
        problem = str(error)
    header_key = f"{key}header {wanted}"
    guessed = format.header_row if format is not None else 1
    chosen(header_key, guessed)
    header = int(
        columns[-3].number_input(
            "Header in row", min_value=0, step=1, key=header_key, persist_state="session"
        )
    )
    if header != guessed:
        try:
            format = known(
                "format", (wanted, header), lambda: detect_format(file.path, header_row=header, **wanted)
            )
            problem = ""
        except SheetError as error:
            format, problem = None, str(error)
    if problem:
        st.error(ui.escape(problem), icon=":material/error:")
    return format, columns[-2], None


def table_label(name: str, first: SheetFormat, tables: dict[str, ArchiveTable]) -> str:
    """What an entry of the list of tables in an archive says."""
    if name != ALL_TABLES or first.form != "tables":
        return f"{name}{rows_of(tables.get(name))}"
    counts = [tables[each].rows if each in tables else None for each in first.tables]
    rows = f" · {ui.number_of(sum(filter(None, counts)), 'row')}" if None not in counts else ""
    return f"the {len(counts):,} tables with the same columns{rows}"


def rows_of(table: ArchiveTable | None) -> str:
    """How much one of several tables in an archive holds, as far as it was looked at."""
    if table is None:
        return ""
    if table.problem:
        return " · cannot be read"
    if table.rows is not None:
        return f" · {ui.number_of(table.rows, 'row')}"
    return f" · {table.size / (1 << 20):,.0f} MB, rows not counted"


def another_file(place: Any) -> None:
    place.button(
        "Another file", type="tertiary", icon=":material/swap_horiz:", key="load_another", on_click=let_go
    )


def apart(file: PrivateCopy, format: SheetFormat) -> SheetFormat:
    """The format as it was chosen: with the second sheet of lines that was found for it, or without."""
    if format.lines_sheet and state.get(layout_key(file, format), "beside") != "beside":
        return msgspec.structs.replace(format, lines_sheet="", lines_header=1, join=())
    return format


def layout_key(file: PrivateCopy, format: SheetFormat) -> str:
    return f"load {file.id} layout {format!r}"


def choose_layout(
    place: Any, file: PrivateCopy, found: SheetFormat, sheet: pd.DataFrame, profile: Profile | None,
    products: list[dict[str, Any]] | None,
) -> str:  # fmt: skip
    """Whether one row is a call or a line: as the profile says, else as it looks, until somebody chooses."""
    if found.kind == "files" and not found.sheet:
        return "row"  # one call a file, as the line of controls says
    layouts = {**LAYOUTS}
    if found.lines_sheet:
        layouts = {"beside": f"one row a call, its lines in sheet {found.lines_sheet}", **LAYOUTS}
        default = "beside"
    elif profile is not None:
        default = profile.mapping.layout
    else:
        default = known("layout", (found, products), lambda: guess_mapping(sheet, products=products)).layout
    key = layout_key(file, found)
    chosen(key, default, list(layouts))
    return str(
        place.selectbox(
            "Layout", list(layouts), format_func=layouts.__getitem__, key=key, persist_state="session"
        )
    )


def batch_name(file: PrivateCopy, format: SheetFormat) -> str | None:
    """What the batch is called: after the file, and of several tables in it after the one that was chosen."""
    if not state.get("load_tables") or format.form == "tables" or format.lines_sheet:
        return None
    return f"{Path(file.file_name).stem} {Path(str(format.sheet)).stem}"


def shortened(name: str, longest: int = 36) -> str:
    """A file's name in one line beside its size: its beginning and its end."""
    if len(name) <= longest:
        return name
    others = re.search(r" and \d+ more files?\.zip$", name)
    tail = others[0] if others else name[4 - longest // 2 :]
    return f"{name[: longest - len(tail) - 1]}…{tail}"


def size_of(sheet: pd.DataFrame, counted: Survey | None, about: int | None) -> str:
    if counted is not None:
        rows = ui.number_of(counted.rows, "row")
    else:
        rows = (
            f"about {about:,} rows" if about is not None else f"more than {ui.number_of(len(sheet), 'row')}"
        )
    return f"{rows} × {ui.number_of(len(sheet.columns), 'column')}"


def look_at(file: PrivateCopy, format: SheetFormat) -> tuple[pd.DataFrame, Survey | None]:
    """The first rows; and one pass over all of them, where the file is small enough for that."""
    sheet = known("sheet", format, lambda: read_sheet(file.path, format=format, nrows=SAMPLE_ROWS))
    sheet.attrs["file_name"] = file.file_name  # not that of the copy on disk, which may be cut short
    limit = COUNTED.get(format.kind, COUNTED["csv"])
    return sheet, known("survey", format, lambda: survey(file.path, format, most_bytes=limit))


EARLIER = {2: "once", 3: "twice"}


def seen_before(file: PrivateCopy, format: SheetFormat) -> None:
    """Say when this file was loaded before and as which batch, and offer that one. Of an archive of several tables, each
    is a load of its own."""
    before = known("before", file.id, lambda: ui.ledger().loaded_before(file.file_hash))
    if state.get("load_tables"):
        sheets = [batch.mapping.sheet for batch in before]
        before = [
            batch
            for batch, sheet in zip(before, sheets, strict=True)
            if sheet and sheet.sheet == format.sheet
        ]
    if not before:
        return
    batch = before[0]
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(
            f":material/history: This file was loaded {ui.when(batch.created_at)} as "
            f"**{ui.escape(batch.name)}** ({batch.total:,} calls)"
            + (
                f", and {EARLIER.get(len(before), f'{len(before) - 1} times')} before."
                if len(before) > 1
                else "."
            ),
            width="content",
        )
        if st.button("Open that one", type="tertiary", icon=":material/folder_open:", key="load_open_before"):
            let_go()
            ui.remember_batch(batch.id)
            st.switch_page("review.py", query_params={"batch": batch.id})


def joined(place: Any, file: PrivateCopy, format: SheetFormat, sheet: pd.DataFrame) -> None:
    """Of an archive, or several files: which are calls, which is the sheet about them, and what joins the two."""
    files, tables, passed_over = known("bundle", file.id, lambda: bundle_facts(file.path))
    said = f":material/folder_zip: {ui.number_of(files, 'transcript file')}"
    if format.form == "tables":
        said = f":material/folder_zip: {ui.number_of(len(format.tables), 'table')} with the same columns, read as one"
    elif format.sheet and not files:
        said = f":material/folder_zip: the table **{ui.escape(format.sheet)}**"
        read = 1
        if format.lines_sheet:
            said += f" with the lines in **{ui.escape(format.lines_sheet)}**"
            read = 2
        if tables > read:
            said += f" of {tables:,}; the others are not read: load each as a batch of its own"
    elif format.sheet and format.join:
        said += (
            f", joined to the sheet **{ui.escape(format.sheet)}** by its column **{ui.escape(format.join[0])}** = the "
            "files' names"
        )
        orphans = len(sheet.attrs.get("orphans", ()))
        named = next(name for name in (f"{FILE_NAME} (of the file)", FILE_NAME) if name in sheet.columns)
        without = int((sheet[named] == "").sum())
        if without:
            said += f" · {without:,} of the first {ui.number_of(len(sheet), 'row')} without a file"
        if orphans:
            said += f" · {ui.number_of(orphans, 'file')} without a row: each is a call of its own"
    elif format.sheet:
        said += f", and the sheet **{ui.escape(format.sheet)}**"
    else:
        said += ": one call" if files == 1 else ", no sheet about them: one call a file"
    warnings = []
    if passed_over:
        names = ui.escape(", ".join(passed_over[:5])) + (" …" if len(passed_over) > 5 else "")
        warnings.append(f"{ui.number_of(len(passed_over), 'other file')} passed over: {names}")
    if format.form == "tables" and format.unread:
        names = ui.escape(", ".join(format.unread[:5])) + (" …" if len(format.unread) > 5 else "")
        warnings.append(f"{ui.number_of(len(format.unread), 'other file')} not read: {names}")
    if files and tables > 1:
        warnings.append(f"{ui.number_of(tables - 1, 'other sheet')} not read")
    if warnings:
        st.warning(" · ".join(warnings), icon=":material/inventory_2:")
    place.caption(said)


def bundle_facts(path: Path) -> tuple[int, int, list[str]]:
    """(transcript files, spreadsheets, names of what is neither)."""
    with open_bundle(path) as bundle:
        return len(bundle.members), len(bundle.tables), bundle.passed_over


def profile_line(file: PrivateCopy, profile: Profile) -> None:
    """Which profile was applied, and the ways out of it."""
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        saved = f", saved {ui.when(profile.saved_at)}" if profile.saved_at else ""
        by = f" by {ui.escape(profile.who)}" if profile.who else ""
        st.markdown(
            f":material/bookmark: Mapped as in the profile **{ui.escape(profile.name)}**{saved}{by}",
            width="content",
        )
        st.button(
            "Guess afresh", type="tertiary", icon=":material/refresh:", key="load_afresh",
            on_click=state.update, args=[{f"load {file.id} afresh": True}],
        )  # fmt: skip
        st.button(
            "Forget this profile", type="tertiary", icon=":material/bookmark_remove:", key="load_forget_profile",
            on_click=forget_profile, args=[profile],
        )  # fmt: skip


def forget_profile(profile: Profile) -> None:
    retire_profile(ui.ledger(), profile.id)
    forget_known("profile")
    forget_known("usual")


def profiles_panel(mapping: Mapping | None, columns: Sequence[str], name: str = "") -> None:
    """Download this mapping or a kept one as a file, import one, forget one. Drawn only while it is open."""
    panel = st.popover(
        "Profiles", icon=":material/bookmarks:", type="tertiary", key="load_profiles", on_change="rerun"
    )
    if not panel.open:
        return
    with panel:
        st.caption("How a sheet was mapped, kept for the next one with the same columns.")
        if mapping is not None:
            profile = Profile(name=name, columns=list(columns), mapping=mapping)
            download(
                "mapping", "Download the mapping below", write_all(profile.to_file()), file_name=profile_file(name),
                mime="application/json",
            )  # fmt: skip
        imported = st.file_uploader(
            "Import a profile", type=["json"], key=f"load_import_{state.get('load_imports', 0)}"
        )
        if imported is not None:
            state["load_imports"] = state.get("load_imports", 0) + 1
            try:
                found = Profile.from_file(imported.getvalue())
                keep_profile(ui.ledger(), found.name, found.mapping, found.columns, who=ui.who())
                state["load_notice"] = (
                    f"Imported the profile {found.name}, for sheets with its {len(found.columns)} columns."
                )
                forget_known("profile")
                if (file := state.get("load_file")) is not None:
                    state.pop(f"load {file.id} afresh", None)
            except ReddyError as error:
                state["load_notice"] = str(error)
            st.rerun()
        for kept in profiles_of(ui.ledger())[:20]:
            with st.container(horizontal=True, vertical_alignment="center", gap="small"):
                st.text(kept.name)
                st.caption(
                    f"{ui.number_of(len(kept.columns), 'column')} · {ui.when(kept.saved_at)} {ui.escape(kept.who)}"
                )
                download(
                    "profile", "Download", write_all(kept.to_file()), file_name=profile_file(kept.name),
                    mime="application/json", of=str(kept.id), type="tertiary",
                )  # fmt: skip
                st.button(
                    "Forget", type="tertiary", icon=":material/bookmark_remove:", key=f"load_forget {kept.id}",
                    on_click=forget_profile, args=[kept],
                )  # fmt: skip


def given_before() -> dict[str, tuple[Any, str]]:
    """What this person gave for all calls of an earlier file: field → (value, when that was)."""
    return {
        field: (value, f"the one of {profile.name}, which you loaded {ui.when(profile.saved_at)}")
        for field, (value, profile) in values_for_all(ui.ledger(), ui.who()).items()
    }


def profile_file(name: str) -> str:
    return re.sub(r"[^\w.\- ]", "_", name)[:80] + ".profile.json"


def look_ahead(choices: Choices, *, whole: bool) -> list[Previewed]:
    """The first calls as they would become. `whole`: the sample is the whole sheet."""
    of_lines = choices.layout == "lines"
    head = choices.sheet if of_lines else choices.sheet.head(PREVIEWED)
    shown = preview(head, choices.mapping, products=choices.products, now=time.time())
    if of_lines and not whole and len(shown) > 1:  # the sample cuts the last one off in the middle
        last = max(shown, key=lambda one: one.row)
        shown = [one for one in shown if one is not last]
    return shown


def draw_preview(rows: Sequence[Previewed], mapping: Mapping, key: str) -> None:
    """The first rows: the sheet's cells beside the payload that each becomes, findings in place."""
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.subheader("Preview", anchor=False, width="content")
        counts = finding_summary(rows)
        for severity, title, count in counts[:3]:
            st.badge(f"{title} · {count:,}", color="red" if severity == "error" else "orange")
        if len(counts) > 3:
            rest = " · ".join(f"{title} {count:,}" for _, title, count in counts[3:])
            st.caption(
                f"and {ui.number_of(len(counts) - 3, 'more kind')} of findings", width="content", help=rest
            )
        if not counts:
            st.caption("nothing found in the rows looked at", width="content")
    offered = {one.row: one for one in worth_showing(rows)}

    def name_of(row: int) -> str:
        return f"{row}" if offered[row].ready else f":red[:material/error:] {row}"

    rows_key = f"{key}row {sorted(offered)!r}"
    chosen(rows_key, next(iter(offered)), list(offered))
    row = st.pills("Row of the sheet", list(offered), format_func=name_of, key=rows_key, required=True)
    one = offered[row if row in offered else next(iter(offered))]
    for found in one.findings:
        colour, icon = ("red", "error") if found.severity == "error" else ("orange", "warning")
        st.markdown(f":{colour}[:material/{icon}: **{found.title}**] {ui.escape(found.message)}")
    cells, payload = st.columns(2)
    with cells:
        st.caption(f"**Row {one.row} of the sheet**")
        beside = cells_beside(one, mapping)
        st.dataframe(
            beside, hide_index=True, height=380,
            column_order=["column", "cell", "becomes", *(["finding"] if one.findings else [])],
            column_config={
                "column": st.column_config.TextColumn("Column", width=90),
                "cell": st.column_config.TextColumn("Cell", width=105 if one.findings else 180),
                "becomes": st.column_config.TextColumn("Becomes", width=90),
                "finding": st.column_config.TextColumn("Finding", width=100),
            },
            alt=f"The cells of row {one.row}, the part of the call that each becomes, and what was found in it",
        )  # fmt: skip
    with payload:
        said, choice = st.columns([1.7, 1.6], vertical_alignment="center")
        said.caption("**What Reddy would get**" if one.ready else "**Held until it is fixed**")
        shown_as = choice.segmented_control(
            "Show the call as", ["Conversation", "JSON"], key=key + "preview as", default="Conversation",
            required=True, persist_state="session", label_visibility="collapsed",
        )  # fmt: skip
        if shown_as == "JSON":
            payload_shown = msgspec.json.format(payload_json(one.call), indent=2).decode()
            st.code(payload_shown, "json", wrap_lines=True, height=380)
        else:
            draw_conversation(one.call)


def would_be_ready(rows: Sequence[Previewed], noun: str, *, whole: bool) -> str:
    ready = sum(one.ready for one in rows)
    return f"**{ready:,} of {'' if whole else 'the first '}{ui.number_of(len(rows), noun)}** would be ready"


# the page

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
        choose_file()
    except LedgerError as error:
        ui.alert(error)
    st.stop()

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
            state["load_job"] = LoadJob(
                ui.ledger(), file.path, correction.mapping, keep=file, file_name=file.file_name, who=ui.who(),
                products=ui.products(ui.connection()), corrects=correction,
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
    usual = known("usual", ui.who(), given_before)
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
    state["load_job"] = LoadJob(
        ui.ledger(), file.path, mapping, total=expected, counted=counted is not None, keep=file, columns=columns,
        name=batch_name(file, format), file_name=file.file_name, products=products, who=ui.who(),
    )  # fmt: skip
    st.rerun()
if previewed:
    aside = counted.left_out if counted is not None else 0
    verdict.caption(
        would_be_ready(previewed, noun, whole=seen_all)
        + (f" · {ui.number_of(aside, 'row')} no {'call' if aside == 1 else 'calls'}" if aside else ""),
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
draw_questions(choices, previewed, amount)
draw_for_all(choices)
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
        "The first rows hold no call. Is the header in the right row, and this the right sheet?",
        icon=":material/help:",
    )
with panel:
    profiles_panel(mapping, columns, Path(file.file_name).stem)
