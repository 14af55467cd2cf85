"""Load: a file becomes a batch. Drop it, see how it is read and what its rows would become, then store it.

The page reads from top to bottom: a load under way, else a file to choose, else the file that was chosen. What
the analyst chose lives in the session under keys that begin with the file's id; the mapping is made of those
first and drawn afterwards, so that whatever she changes shows in the preview at once.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any, TypeVar

import msgspec
import pandas as pd
import streamlit as st

from reddy_lib import ui
from reddy_lib.errors import LedgerError, ReddyError, SheetError
from reddy_lib.ledger import Batch
from reddy_lib.ledger.loading import LoadJob
from reddy_lib.ledger.preview import Previewed, cells_beside, finding_summary, preview, worth_showing
from reddy_lib.model import TAG_TYPES, payload_json
from reddy_lib.spreadsheet import Mapping, SheetFormat, detect_format, guess_mapping, read_sheet, sheet_names
from reddy_lib.spreadsheet.choosing import (
    BY_HAND,
    chosen_fields,
    chosen_products,
    chosen_roles,
    product_of,
    tags_after,
    time_zones,
)
from reddy_lib.spreadsheet.dates import DayOrder, day_order
from reddy_lib.spreadsheet.survey import (
    Survey,
    column_facts,
    distinct_texts,
    estimated_rows,
    examples,
    naive_times,
    shorten,
    speaker_labels,
    survey,
)
from reddy_lib.spreadsheet.upload import PrivateCopy
from reddy_lib.transcripts import LEAVE_OUT, role_of

DATA = Path(__file__).resolve().parents[1] / "data"
SAMPLES = {
    "Labelled text": ("labelled_text.csv", "A CRM export: 40 calls, dialogues as Agent: … and Customer: …"),
    "JSON transcripts": ("json_transcripts.xlsx", "A telephony export: 60 calls, a title above the table"),
    "Everything wrong": ("everything_wrong.csv", "47 calls, one deliberate fault in each"),
}

SAMPLE_ROWS = 1000  # looked at to guess columns
PREVIEWED = 200  # built and checked at every change
SPEAKERS_FROM = 300  # transcripts read to list who speaks
LISTED = 100  # products, speakers or tags in one list
COUNTED = {"csv": 100_000_000, "excel": 12_000_000}  # bytes up to which the whole file is read once to count

FIELDS = {
    "agent_email": "Agent email",
    "product_id": "Product",
    "transcript": "Transcript",
    "timestamp": "Start time",
    "conversation_id": "Conversation id",
    "filename": "Recording file",
    "channels": "Channels (old spelling)",
    "separation": "Speaker separation",
    "channel_map": "Channel map",
}
WITHOUT = {
    "agent_email": "no column: every call would be held",
    "product_id": "no column: choose a default product under Products",
    "transcript": "no column: every call would be held",
    "timestamp": "no column: the transcript's own start, else the moment of sending",
    "conversation_id": "no column: made from agent, start and transcript",
    "filename": "no column: no recordings",
}
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
    "files": "an archive of transcripts: one call a file",
}
DELIMITERS = {",": "comma ,", ";": "semicolon ;", "\t": "tab", "|": "bar |", "^": "caret ^", "~": "tilde ~"}
GRID = [1.35, 1.9, 2.5, 2.2]
PAIRS = [2, 2.6, 3.2]
state = st.session_state
T = TypeVar("T")


# what was chosen, and what is known about the file


def chosen(key: str, default: Any, options: Sequence[Any] | None = None) -> Any:
    """The value of a widget that is drawn further down; `default` until somebody changes it."""
    if key not in state or (options is not None and state[key] is not None and state[key] not in options):
        state[key] = default
    return state[key]


def known(kind: str, key: object, make: Callable[[], T]) -> T:
    """What was found out about the file, kept until `key` changes; one value of a kind, so that little is kept."""
    store: dict[str, tuple[object, Any]] = state.setdefault("load_known", {})
    if kind not in store or store[kind][0] != key:
        store[kind] = (key, make())
    found: T = store[kind][1]
    return found


def take(source: IO[bytes], file_name: str) -> None:
    """Copy a file to disk and look whether it can be read; if not, keep the sentence that says why."""
    let_go()
    copy = PrivateCopy(source, file_name)
    try:
        first = detect_format(copy.path)
    except SheetError as error:
        copy.remove()
        state["load_problem"] = str(error)
        return
    state["load_file"], state["load_first"] = copy, first


def let_go() -> None:
    """Forget the file: its copy on disk goes, and so does every choice made for it."""
    copy = state.pop("load_file", None)
    if copy is not None:
        for key in [key for key in state if str(key).startswith(f"load {copy.id} ")]:
            del state[key]
        copy.remove()
    for key in ("load_first", "load_known", "load_problem", "load_notice"):
        state.pop(key, None)
    state["load_uploads"] = state.get("load_uploads", 0) + 1  # a new uploader: the old one's memory is freed


def take_sample(name: str) -> None:
    with (DATA / name).open("rb") as file:
        take(file, name)


# the three states of the page


def choose_file() -> None:
    """The drop zone, the samples, and what was wrong with the last file."""
    uploaded = st.file_uploader(
        "Drop a spreadsheet of calls here: one row a call, or one row a line of transcript",
        key=f"load_upload_{state.get('load_uploads', 0)}",
        help="CSV, TSV, XLSX, XLSM, XLSB, XLS, ODS, Parquet, JSON or JSON lines; or a ZIP of transcript files, with "
        "or without a sheet about them. It stays on the machine that runs this program.",
    )
    if uploaded is not None:
        with st.spinner("Reading the file …"):
            take(uploaded, uploaded.name)
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
            st.caption(
                f"{number_of(int(found.calls), 'call')} · {ui.escape(str(found.file_name))} · {ui.when(found.created_at)}"
            )


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
        text=f"{job.stored:,}{total} calls stored · {job.rate:,.0f} a second"
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


def reading(file: PrivateCopy, first: SheetFormat) -> SheetFormat | None:
    """The line of controls that say how the file is read, and the format they make; None where it cannot be."""
    key = f"load {file.id} "
    sheets = known("sheets", file.id, lambda: sheet_names(file.path))
    excel = first.kind == "excel"
    if first.kind not in ("csv", "excel"):  # these say themselves how they are read
        with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
            st.caption(f"Read as {KINDS.get(first.kind, first.kind)}", width="content")
            st.button(
                "Another file",
                type="tertiary",
                icon=":material/swap_horiz:",
                key="load_another",
                on_click=let_go,
            )
        return first
    columns = st.columns([2.2, 1.2, 2, 1.3] if excel else [2, 1.3, 1.2, 1.4], vertical_alignment="bottom")
    columns[3].button(
        "Another file", type="tertiary", icon=":material/swap_horiz:", key="load_another", on_click=let_go
    )
    wanted: dict[str, Any] = {}
    if excel:
        chosen(key + "sheet", first.sheet, sheets)
        wanted["sheet"] = columns[0].selectbox("Sheet", sheets, key=key + "sheet", persist_state="session")
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
    place = columns[1 if excel else 2]
    problem = ""
    format: SheetFormat | None = None
    try:
        format = known("found", wanted, lambda: detect_format(file.path, **wanted))
    except SheetError as error:
        problem = str(error)
    header_key = f"{key}header {wanted}"
    guessed = format.header_row if format is not None else 1
    chosen(header_key, guessed)
    header = int(
        place.number_input("Header in row", min_value=1, step=1, key=header_key, persist_state="session")
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
    return format


def size_of(sheet: pd.DataFrame, counted: Survey | None, about: int | None) -> str:
    if counted is not None:
        rows = number_of(counted.rows, "row")
    else:
        rows = f"about {about:,} rows" if about is not None else f"more than {number_of(len(sheet), 'row')}"
    return f"{rows} × {number_of(len(sheet.columns), 'column')}"


def look_at(file: PrivateCopy, format: SheetFormat) -> tuple[pd.DataFrame, Survey | None]:
    """The first rows; and one pass over all of them, where the file is small enough for that."""
    sheet = known(
        "sheet",
        format,
        lambda: read_sheet(
            file.path, sheet=format.sheet, header_row=format.header_row, encoding=format.encoding,
            delimiter=format.delimiter, nrows=SAMPLE_ROWS,
        ),
    )  # fmt: skip
    limit = COUNTED.get(format.kind, COUNTED["csv"])
    return sheet, known("survey", format, lambda: survey(file.path, format, most_bytes=limit))


def seen_before(file: PrivateCopy) -> None:
    """This very file was loaded before: say when and as which batch, and offer that one."""
    before = known("before", file.id, lambda: ui.ledger().loaded_before(file.file_hash))
    if not before:
        return
    batch = before[0]
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(
            f":material/history: This very file was loaded {ui.when(batch.created_at)} as "
            f"**{ui.escape(batch.name)}** ({batch.total:,} calls)"
            + (f", and {len(before) - 1} times before." if len(before) > 1 else "."),
            width="content",
        )
        if st.button("Open that one", type="tertiary", icon=":material/folder_open:", key="load_open_before"):
            let_go()
            ui.remember_batch(batch.id)
            st.switch_page("review.py", query_params={"batch": batch.id})


class Choices:
    """Everything chosen for one file read in one way: made of the session first, drawn afterwards."""

    def __init__(
        self,
        file: PrivateCopy,
        format: SheetFormat,
        sheet: pd.DataFrame,
        counted: Survey | None,
        products: list[dict[str, Any]] | None,
    ) -> None:
        self.sheet, self.products = sheet, products
        self.columns = [str(name) for name in sheet.columns if name not in sheet.attrs.get("extra", ())]
        self.key = key = f"load {file.id} {format!r} "
        guess = known("guess", (format, products), lambda: guess_mapping(sheet, products=products))
        before: Mapping = state.get(key + "guess", guess)
        for field in FIELDS:  # a better guess (the product list came) moves what nobody chose otherwise
            if state.get(key + field) == before.fields.get(field):
                state.pop(key + field, None)
        state[key + "guess"] = guess
        self.fields = {field: chosen(key + field, guess.fields.get(field), self.columns) for field in FIELDS}
        mapping = chosen_fields(guess, self.fields)
        for field, column in mapping.fields.items():
            if mapping.reasons.get(field) == BY_HAND:
                mapping.reasons[field] = f"{BY_HAND}; {column_facts(sheet[column].tolist())}"
        self.mapping = self._tags(guess, self._speakers(guess, self._times(self._products(mapping, counted))))

    def cells(self, field: str) -> list[Any]:
        """The sample's cells of the column that feeds a field; [] without one."""
        column = self.fields[field]
        return [] if column is None else self.sheet[column].tolist()

    def _products(self, mapping: Mapping, counted: Survey | None) -> Mapping:
        column = self.fields["product_id"]
        self.product_texts: dict[str, int] = {}
        if column is not None:
            of_all = counted.texts.get(column) if counted is not None else None
            self.product_texts = of_all if of_all is not None else distinct_texts(self.cells("product_id"))
        self.product_of: dict[str, int | None] = {}
        if self.products is None:
            return mapping
        mapping = mapping.match_products(self.product_texts, self.products)
        ids = [int(product["id"]) for product in self.products]
        first = {text: product_of(text, mapping, self.products) for text in self.product_texts}
        listed = sorted(self.product_texts, key=lambda text: first[text] is not None)[:LISTED]
        self.product_key = f"{self.key}product {column!r} {ids!r} "
        for text in listed:
            self.product_of[text] = chosen(f"{self.product_key}{text}", first[text], ids)
        default = chosen(f"{self.product_key} default", None, ids)
        mapping = chosen_products(mapping, self.product_of)
        return mapping.replace(defaults={"product_id": default}) if default is not None else mapping

    def _times(self, mapping: Mapping) -> Mapping:
        column = self.fields["timestamp"]
        cells = self.cells("timestamp")
        nothing = (0, DayOrder(None, ""))
        self.naive, self.order = (
            known("times", column, lambda: (naive_times(cells), day_order(cells))) if cells else nothing
        )
        self.zones = time_zones(str(st.context.timezone or ""))
        changes: dict[str, Any] = {}
        if self.naive:
            changes["timezone"] = chosen(self.key + "timezone", self.zones[0], self.zones)
        if self.order.reason:
            changes["day_first"] = chosen(f"{self.key}day first {column!r}", self.order.day_first)
        changes["line_unit"] = chosen(self.key + "line unit", "auto")
        changes["line_times"] = chosen(self.key + "line times", "estimate")
        return mapping.replace(**changes)

    def _speakers(self, guess: Mapping, mapping: Mapping) -> Mapping:
        column = self.fields["transcript"]
        cells = self.cells("transcript")[:SPEAKERS_FROM]
        self.labels = known("labels", (self.key, column), lambda: speaker_labels(cells, guess))
        roles = ("agent", "customer", LEAVE_OUT)
        listed = sorted(self.labels, key=lambda label: role_of(label) != "")[:LISTED]
        self.role_of = {
            label: chosen(f"{self.key}role {label}", role_of(label) or None, roles) for label in listed
        }
        return chosen_roles(mapping, self.role_of)

    def _tags(self, guess: Mapping, mapping: Mapping) -> Mapping:
        used = set(mapping.fields.values())
        before = state.get(self.key + "used", set(guess.fields.values()))
        wanted = chosen(self.key + "tags", guess.tags)
        state[self.key + "tags"] = tags = tags_after(wanted, before, used, self.columns)
        state[self.key + "used"] = used
        types = {
            tag: chosen(f"{self.key}tag type {tag}", guess.tag_types.get(tag, "string"), TAG_TYPES)
            for tag in tags
        }
        return mapping.replace(tags=tags, tag_types=types)


def small(text: str, longest: int = 74) -> None:
    """Text that may come from a sheet, in small grey letters; the whole of it on a pointed-at question mark."""
    short = shorten(text, longest)
    st.caption(ui.escape(short), help=ui.escape(text) if short != text else None)


def heads(*texts: str, widths: Sequence[float] = GRID) -> None:
    for place, text in zip(st.columns(widths, vertical_alignment="bottom"), texts, strict=True):
        place.caption(f"**{text}**")


def draw_fields(choices: Choices, shown: Sequence[Previewed]) -> None:
    mapping = choices.mapping
    heads("A call needs", "Column of the sheet", "Because", "For example")
    rare = ("channels", "separation", "channel_map")
    for field, label in FIELDS.items():
        column = choices.fields[field]
        if field in rare and column is None:
            continue
        draw_field(choices, field, label, shown)
    hidden = [field for field in rare if choices.fields[field] is None]
    if len(hidden) == len(rare) and choices.fields["filename"] is not None:
        with st.expander("How voices are told apart in the recordings"):
            for field in hidden:
                draw_field(choices, field, FIELDS[field], shown)
    if not mapping.fields:
        st.warning(
            "No column feeds a field. Is the header in the right row, and this the right sheet?",
            icon=":material/help:",
        )


def draw_field(choices: Choices, field: str, label: str, shown: Sequence[Previewed]) -> None:
    column = choices.fields[field]
    name, select, why, example = st.columns(GRID, vertical_alignment="center")
    name.text(label)
    select.selectbox(
        label, [None, *choices.columns], key=choices.key + field, label_visibility="collapsed",
        format_func=lambda name: "not in this sheet" if name is None else name, placeholder="not in this sheet",
        persist_state="session",
    )  # fmt: skip
    with why:
        small(
            choices.mapping.reasons.get(field, WITHOUT.get(field, "")) if column else WITHOUT.get(field, "")
        )
    with example:
        if field == "product_id" and column and choices.products is not None:
            small(matched(choices))
        elif column:
            long = field == "transcript"
            small(examples(choices.cells(field), most=1 if long else 2, longest=58 if long else 31))
    if field == "timestamp" and column:
        draw_times(choices, column, shown)


def draw_times(choices: Choices, column: str, shown: Sequence[Previewed]) -> None:
    """What a start time in this sheet means: asked only where the sheet does not say."""
    if not (choices.naive or choices.order.reason):
        return
    _, zone, order, example = st.columns(GRID, vertical_alignment="bottom")
    if choices.naive:
        zone.selectbox(
            "Times are in", choices.zones, key=choices.key + "timezone", persist_state="session",
            help=f"{choices.naive:,} start times do not name their time zone.",
        )  # fmt: skip
    if choices.order.reason:
        order.selectbox(
            "Day and month", [True, False], index=None, key=f"{choices.key}day first {column!r}",
            format_func=lambda first: "day first: 3/4 is 3 April" if first else "month first: 3/4 is 4 March",
            placeholder="Choose: is 3/4 the 3 April?", persist_state="session", help=choices.order.reason,
        )  # fmt: skip
    with example:
        for one in shown:
            if one.call.timestamp is not None and one.cells.get(column):
                moment = datetime.fromtimestamp(one.call.timestamp, UTC)
                small(f"{one.cells[column]} → {moment:%Y-%m-%d %H:%M} UTC")
                break


def matched(choices: Choices) -> str:
    texts = choices.product_of
    hits = sum(product is not None for product in texts.values())
    return f"{hits:,} of {len(choices.product_texts):,} match a product"


def draw_products(choices: Choices, to_products: str) -> None:
    listed = choices.products
    if listed is None:
        st.warning(
            f"{ui.escape(to_products)} Products cannot be matched now. Store the calls all the same and choose "
            "products in Review, or try again when the list comes.",
            icon=":material/link_off:",
        )
        if st.button("Ask for the list again", icon=":material/refresh:", key="load_ask_products"):
            ui.forget_products(ui.connection())
            st.rerun()
        for text, count in list(choices.product_texts.items())[:20]:
            small(f"{text} · {number_of(count, 'row')}")
        return
    names = ui.product_names(listed)
    inactive = {int(product["id"]) for product in listed if product["status"] != "active"}

    def name_of(product: int | None) -> str:
        if product is None:
            return "no product"
        return f"{names[product]} ({product})" + (" · not active" if product in inactive else "")

    if choices.product_of:
        heads("In the sheet", f"Product · {matched(choices)}", "Rows", widths=PAIRS)
    for text, product in choices.product_of.items():
        label, select, rows = st.columns(PAIRS, vertical_alignment="center")
        label.text(shorten(text, 60))
        select.selectbox(
            f"Product for {ui.escape(text)}", [None, *names], index=None, format_func=name_of,
            key=f"{choices.product_key}{text}", label_visibility="collapsed", placeholder="Choose a product",
            persist_state="session",
        )  # fmt: skip
        with rows:
            count = choices.product_texts[text]
            small(
                number_of(count, "row") + ("" if product is not None else ": held until a product is chosen")
            )
    more = len(choices.product_texts) - len(choices.product_of)
    if more:
        small(f"{more:,} more texts are not listed here: is this the right column?")
    label, select, rows = st.columns(PAIRS, vertical_alignment="center")
    label.text("Rows without one" if choices.product_texts else "All rows")
    select.selectbox(
        "Product for rows without one", [None, *names], index=None, format_func=name_of,
        key=f"{choices.product_key} default", label_visibility="collapsed", placeholder="no product",
        persist_state="session",
    )  # fmt: skip


def draw_speakers(choices: Choices) -> None:
    if choices.role_of:
        heads(
            "In the transcripts",
            "Role",
            f"Lines in the first {number_of(min(len(choices.sheet), SPEAKERS_FROM), 'row')}",
            widths=PAIRS,
        )
    elif choices.fields["transcript"] is None:
        st.info("No column feeds the transcript: choose one under Fields.")
    else:
        st.info("No speaker is named in the first transcripts. Roles can be given in Review.")
    for label, role in choices.role_of.items():
        name, select, lines = st.columns(PAIRS, vertical_alignment="center")
        name.text(shorten(label, 60))
        select.selectbox(
            f"Role of {ui.escape(label)}", ["agent", "customer", LEAVE_OUT], index=None,
            key=f"{choices.key}role {label}", label_visibility="collapsed", persist_state="session",
            placeholder="Agent or customer?",
        )  # fmt: skip
        with lines:
            note = {None: ": held until a role is chosen", LEAVE_OUT: ": not sent, kept with the row"}.get(
                role, ""
            )
            small(f"{number_of(choices.labels[label], 'line')}{note}")
    more = len(choices.labels) - len(choices.role_of)
    if more:
        small(f"{more:,} more names are not listed here; lines without a known role are shown in Review.")
    with st.container(horizontal=True):
        st.radio(
            "Times of lines are in", ["auto", "s", "ms"], key=choices.key + "line unit", horizontal=True,
            format_func={"auto": "found for each transcript", "s": "seconds", "ms": "milliseconds"}.__getitem__,
            persist_state="session",
        )  # fmt: skip
        st.radio(
            "Lines without a time", ["estimate", "leave out"], key=choices.key + "line times", horizontal=True,
            format_func={"estimate": "estimate it, and say so", "leave out": "send without"}.__getitem__,
            persist_state="session",
        )  # fmt: skip


def draw_tags(choices: Choices) -> None:
    mapping = choices.mapping
    used = set(mapping.fields.values())
    st.multiselect(
        "Columns that become tags", [column for column in choices.columns if column not in used],
        key=choices.key + "tags", persist_state="session", placeholder="No tags: choose columns",
        help="Tags are for filters and reports in Reddy. Columns that are no tags stay with the row here.",
    )  # fmt: skip
    if mapping.tags:
        heads("Tag", "Type", "Because", "For example")
    for tag in mapping.tags[:LISTED]:
        name, select, why, example = st.columns(GRID, vertical_alignment="center")
        name.text(shorten(tag, 60))
        select.selectbox(
            f"Type of {ui.escape(tag)}", list(TAG_TYPES), key=f"{choices.key}tag type {tag}",
            label_visibility="collapsed", persist_state="session",
        )  # fmt: skip
        with why:
            small(mapping.reasons.get(tag, column_facts(choices.sheet[tag].tolist())))
        with example:
            small(examples(choices.sheet[tag].tolist(), most=3, longest=24))


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
                f"and {number_of(len(counts) - 3, 'more kind')} of findings", width="content", help=rest
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
        st.caption("**What Reddy would get**" if one.ready else "**What it becomes: held until it is fixed**")
        st.code(
            msgspec.json.format(payload_json(one.call), indent=2).decode(),
            "json",
            wrap_lines=True,
            height=380,
        )


def rows_word(count: int | None) -> str:
    return "all calls" if count is None else number_of(count, "call")


def number_of(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def would_be_ready(rows: Sequence[Previewed]) -> str:
    ready = sum(one.ready for one in rows)
    first = "the first " if len(rows) >= PREVIEWED else ""
    return f"**{ready:,} of {first}{number_of(len(rows), 'row')}** would be ready"


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
facts, verdict = head.empty(), action.container()
file: PrivateCopy | None = state.get("load_file")
if file is None:
    try:
        choose_file()
    except LedgerError as error:
        ui.alert(error)
    st.stop()

if state.get("load_notice"):
    st.warning(ui.escape(state.pop("load_notice")), icon=":material/info:")
format = reading(file, state["load_first"])
if format is None:
    facts.markdown(f":material/table: **{ui.escape(file.file_name)}**")
    st.stop()

try:
    with st.spinner("Reading the file …", show_time=True):
        sheet, counted = look_at(file, format)
    about = estimated_rows(sheet, file.size, format) if counted is None else counted.rows
    to = ui.connection()
    products = ui.products(to)
    choices = Choices(file, format, sheet, counted, products)
    mapping = choices.mapping
    previewed = known(
        "preview",
        (mapping, products),
        lambda: preview(sheet.head(PREVIEWED), mapping, products=products, now=time.time()),
    )
    facts.markdown(f":material/table: **{ui.escape(file.file_name)}** · {size_of(sheet, counted, about)}")
    seen_before(file)
except ReddyError as error:
    ui.alert(error)
    st.stop()

total = counted.rows if counted is not None else None
if verdict.button(f"Store {rows_word(total)}", type="primary", icon=":material/arrow_forward:", icon_position="right",
                 key="load_store", width="stretch"):  # fmt: skip
    state["load_job"] = LoadJob(
        ui.ledger(), file.path, mapping, total=about, counted=counted is not None, keep=file,
        file_name=file.file_name, products=products, who=ui.who(),
    )  # fmt: skip
    st.rerun()

verdict.caption(would_be_ready(previewed), text_alignment="center")

open_products = sum(product is None for product in choices.product_of.values())
open_roles = sum(role is None for role in choices.role_of.values())
names = [
    "Fields",
    "Products" + (f" · {open_products} open" if open_products else ""),
    "Speakers" + (f" · {open_roles} open" if open_roles else ""),
    f"Tags · {len(mapping.tags)}",
]
fields, of_products, speakers, tags = st.tabs(names, key=f"load_tabs {file.id}")
with fields, st.container(gap="xsmall"):
    draw_fields(choices, previewed)
with of_products, st.container(gap="xsmall"):
    draw_products(choices, ui.products_error(to))
with speakers, st.container(gap="xsmall"):
    draw_speakers(choices)
with tags, st.container(gap="xsmall"):
    draw_tags(choices)
draw_preview(previewed, mapping, choices.key)
