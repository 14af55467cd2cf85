"""The controls of a mapping: each field with its column, the reason and an example; products, speakers, tags, lines.

Nothing is decided here: what is drawn was made by `mapping_choices` of the session, where the widgets leave what
somebody changes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

import streamlit as st

from reddy_lib import ui
from reddy_lib.batches.preview import Previewed
from reddy_lib.model import TAG_TYPES
from reddy_lib.plurals import agreeing
from reddy_lib.spreadsheet.calls.call_builder import YEAR_10000
from reddy_lib.spreadsheet.cells.tag_values import cell_text
from reddy_lib.spreadsheet.evidence.tags import doubt, left_out_columns
from reddy_lib.spreadsheet.mapping.survey import column_facts, distinct_texts, examples, shorten
from reddy_lib.transcripts import KEEP_AS_TAG, LEAVE_OUT
from reddy_lib.ui.directions import isolated
from reddy_lib.ui.load.field_sources import draw_more, names_found, other_sources
from reddy_lib.ui.load.mapping_choices import (
    BY_TIME,
    FIELDS,
    LINE_ORDERS,
    LISTED,
    NEEDED,
    NOTES,
    ROLES,
    TIME_FIELDS,
    Choices,
    Source,
    columns_of,
    known,
)

__all__ = [
    "draw_fields",
    "draw_lines",
    "draw_products",
    "draw_speakers",
    "draw_tags",
    "matched",
    "product_name",
    "small",
]

WITHOUT = {
    "agent_email": "no column: the one given above for all calls, or each is held",
    "product_id": "no column: the one chosen above for all calls, or each is held",
    "transcript": "no column: every call would be held",
    "timestamp": "no column: the transcript's own start, else the moment of sending",
    "conversation_id": "no column: made from agent, start and transcript",
    "filename": "no column: no recordings",
}
LINE_LABELS = {
    "role": "Who speaks",
    "text": "What was said",
    "start": "Start",
    "stop": "Stop",
    "duration": "Duration",
    "order": "Number of the line",
    "kind": "Internal or public",
}
LINES_WITHOUT = {
    "role": "no column: the speaker comes before the text, as in Agent: Hello",
    "start": "no column: times are estimated, and said to be",
    "stop": "no column: a line stops where the next one starts",
    "duration": "no column",
    "order": "no column: lines are in the order of the sheet",
    "kind": "no column: every row is a line",
}
NEW_CALL = {
    "value": "where their value changes",
    "fill down": "where they are filled; blank cells continue the call above",
    "restart": "where the number of the line starts again, or their value changes",
}
UNITS = {
    "auto": "as written (clocks, dates)",
    "s": "seconds",
    "ms": "milliseconds",
    "us": "microseconds",
    "ns": "nanoseconds",
    "ticks": "ticks of 100 ns",
    "min": "minutes",
    "days": "days",
    "cs": "hundredths of a second",
    "ds": "tenths of a second",
    "8 kHz": "samples at 8 kHz",
    "16 kHz": "samples at 16 kHz",
    "44.1 kHz": "samples at 44.1 kHz",
    "48 kHz": "samples at 48 kHz",
    "25 fps": "frames, 25 per second",
    "30 fps": "frames, 30 per second",
    "50 fps": "frames, 50 per second",
    "m:s": "minutes:seconds, written as hours:minutes",
    "h:m": "hours:minutes, times of day",
}
_LINE_UNITS = {**UNITS, "auto": "found for each transcript", "m:s": "minutes:seconds", "h:m": "hours:minutes"}
SWAPPED = {
    "ask": "hold them until you decide",
    "swap": "swap day and month back",
    "keep": "they are right as they are",
}
ORDER_NAMES = {
    "guess": "of the file, unless times or numbers say otherwise",
    BY_TIME: "of their times",
    "file": "of the file",
    "reversed": "of the file reversed: newest first",
}
NOTE_NAMES = {
    "leave-out": "are left out",
    "as-tag": "become a tag",
    "as-speech": "are sent as the agent's words",
}
ROLE_NAMES = {LEAVE_OUT: "leave out (shown, not sent)"}
ROLE_NOTES = {
    KEEP_AS_TAG: ": no lines, but a tag of the call",
    LEAVE_OUT: ": not sent, kept with the row",
}
GRID = [1.35, 1.9, 2.5, 2.2]
FIELD_GRID = [1.25, 1.75, 0.5, 2.4, 2.1]
LINE_GRID = [1.25, 1.7, 1.25, 2.3, 1.9]
PAIRS = [2, 2.6, 3.2]
SPEAKER_GRID = [1.4, 1.9, 1.8, 3.1]


def small(text: str, longest: int = 74) -> None:
    """Text that may come from a sheet, in small grey letters; the whole of it on a pointed-at question mark."""
    short = shorten(text, longest)
    st.caption(ui.escape(isolated(short)), help=ui.escape(isolated(text)) if short != text else None)


def heads(*texts: str, widths: Sequence[float] = GRID) -> None:
    # page.css hides them where a page is so narrow that columns are below one another.
    with st.container(key=f"column_heads {' '.join(texts)}"):
        for place, text in zip(st.columns(widths, vertical_alignment="bottom"), texts, strict=True):
            if text:
                place.caption(f"**{text}**")


def column_select(
    place: Any,
    label: str,
    columns: Sequence[Source],
    key: str,
    *,
    required: bool = False,
    without: str = "not in this sheet",
) -> None:
    place.selectbox(
        label, [*([] if required else [None]), *columns], key=key, label_visibility="collapsed",
        format_func=lambda source: " + ".join(columns_of(source)) or without, placeholder=without,
        persist_state="session",
    )  # fmt: skip


def draw_fields(choices: Choices, shown: Sequence[Previewed]) -> None:
    mapping = choices.mapping
    heads("A call needs", "Column of the sheet", "", "Because", "For example", widths=FIELD_GRID)
    rare = ("channels", "separation", "channel_map")
    for field, label in FIELDS.items():
        if field in rare and choices.fields[field] is None:
            continue
        if field == "transcript" and (choices.layout != "row" or mapping.turns):
            _transcript_of_lines(choices, shown)
            continue
        _field(choices, field, label, shown)
    hidden = [field for field in rare if choices.fields[field] is None]
    if choices.fields["filename"] is not None:
        st.caption(
            ":material/graphic_eq: The sheet has only file names. Store the calls, then add the recordings themselves in "
            "Review, under “Recordings”."
        )
    if len(hidden) == len(rare) and choices.fields["filename"] is not None:
        with st.expander("How voices are told apart in the recordings"):
            for field in hidden:
                _field(choices, field, FIELDS[field], shown)
    if not mapping.sources() and not mapping.from_name:
        st.warning(
            "No column was matched to a field. Is the header in the right row, and is this the right sheet?",
            icon=":material/help:",
        )


def _field(choices: Choices, field: str, label: str, shown: Sequence[Previewed]) -> None:
    column = choices.fields[field]
    name, select, more, why, example = st.columns(FIELD_GRID, vertical_alignment="center")
    name.text(label)
    column_select(select, label, choices.offered(field), choices.key + field)
    if field != "transcript":
        with more:
            draw_more(choices, field, label)
    reason = choices.mapping.reasons.get(field, "") if column else ""
    with why:
        small("; ".join(filter(None, [reason, *other_sources(choices, field)])) or WITHOUT.get(field, ""), 96)
        _second_best(choices, field)
    with example:
        if field == "product_id" and choices.product_texts and choices.products is not None:
            small(matched(choices))
        elif field == "transcript" and column:
            _placed(shown)
        elif field == "agent_email" and column and choices.mapping.values.get(field):
            small(names_found(choices, field))
        elif column or field in choices.mapping.from_name:
            small(examples(choices.cells(field), most=2, longest=25))
        elif field in NEEDED:
            _for_all(choices, field)
    if field == "timestamp" and (column or field in choices.mapping.from_name):
        _times(choices, columns_of(column), shown)


def _second_best(choices: Choices, field: str) -> None:
    """What else could feed the field: in orange where the evidence does not decide."""
    mapping = choices.mapping
    second = mapping.second_best.get(field)
    used = {column for several in mapping.sources().values() for column in several}
    doubt = mapping.doubts.get(field)
    if doubt is not None:
        said = f"or {ui.escape(shorten(second, 40))}?" if second else "in doubt"
        st.caption(
            f":orange[:material/help: {said}]",
            help=ui.escape(f"{doubt[:1].upper()}{doubt[1:]}. It is asked above."),
        )
    elif second is not None and second in choices.columns and second not in used:
        st.caption(f"second: {ui.escape(shorten(second, 40))}", help="The column that fits next best.")


def _for_all(choices: Choices, field: str) -> None:
    value = choices.mapping.defaults.get(field)
    if value is not None:
        name = ui.product_names(choices.products).get(value) if field == "product_id" else None
        small(f"all calls: {name or value}")


def _placed(shown: Sequence[Previewed]) -> None:
    """The loss meter of the rows looked at."""
    texts = [text for one in shown for _, text in one.placed.unassigned]
    size = sum(one.placed.characters for one in shown)
    said = f"{size - sum(len(''.join(text.split())) for text in texts):,} of {ui.number_of(size, 'character')} placed"
    if not texts:
        st.caption(f":green[:material/check_circle:] {said}", help="In the rows of the preview below.")
        return
    first = " · ".join(repr(shorten(text, 60)) for text in texts[:3])
    st.caption(
        f":orange[:material/warning:] {said}",
        help=f"In the rows of the preview below; in no line: {ui.escape(first)}",
    )


def _transcript_of_lines(choices: Choices, shown: Sequence[Previewed]) -> None:
    name, select, _, why, example = st.columns(FIELD_GRID, vertical_alignment="center")
    name.text(FIELDS["transcript"])
    reasons, turns = choices.mapping.reasons, choices.mapping.turns
    if turns and choices.layout == "row":
        column_select(
            select, FIELDS["transcript"], choices.offered("transcript"), choices.key + "transcript",
            without=f"{ui.number_of(len(turns), 'column')} of turns",
        )  # fmt: skip
    else:
        with select:
            named = " · ".join(turn.text for turn in turns) or choices.lines.get("text") or ""
            small(f"from the lines: {named}", 60)
    with why:
        small(
            reasons.get("layout") or reasons.get("transcript") or "one row per line, as in the profile", 120
        )
    with example:
        _placed(shown)


def _times(choices: Choices, columns: Sequence[str], shown: Sequence[Previewed]) -> None:
    """What a start time in this sheet means: asked only where the sheet does not say."""
    source = choices.fields["timestamp"]
    zone_key, year_key, swapped_key = (
        f"{choices.key}{name} {source!r}" for name in ("timezone_column", "year_first", "swapped_dates")
    )
    drawn = {
        "zone": choices.naive > 0,
        "zone of each row": zone_key in st.session_state and choices.zone_column,
        "order": bool(choices.order.reason) and not choices.mapping.year_first,
        "swapped": swapped_key in st.session_state and choices.swapped,
        "year": year_key in st.session_state and choices.year_first,
    }
    if not any(drawn.values()):
        return
    _, zone, _, order, example = st.columns(FIELD_GRID, vertical_alignment="bottom")
    if drawn["zone of each row"]:
        zone.selectbox(
            "Zone of each row", [None, *choices.columns], key=zone_key, persist_state="session",
            format_func=lambda name: name or "no column", placeholder="no column",
        )  # fmt: skip
    if drawn["zone"]:
        zone.selectbox(
            "Times are in", choices.zones, key=choices.key + "timezone", persist_state="session",
            help=f"{choices.naive:,} start times do not name their time zone.",
        )  # fmt: skip
    if drawn["order"]:
        order.selectbox(
            "Day and month", [True, False], index=None, key=f"{choices.key}day first {source!r}",
            format_func=lambda first: "day first: 3/4 is 3 April" if first else "month first: 3/4 is 4 March",
            placeholder="Choose: is 3/4 3 April or 4 March?", persist_state="session", help=choices.order.reason,
        )  # fmt: skip
    if drawn["swapped"]:
        order.selectbox(
            "Dates that Excel may have swapped", list(SWAPPED), key=swapped_key, format_func=SWAPPED.__getitem__,
            persist_state="session",
        )  # fmt: skip
    if drawn["year"]:
        order.checkbox(
            "The year comes first: 26/04/02 is 2 April 2026", key=year_key, persist_state="session"
        )
    with example:
        for one in shown:
            cells = [one.cells.get(column) for column in columns]
            first = " ".join(
                cell_text(cell[0] if isinstance(cell, list) and cell else cell) for cell in cells
            ).strip()
            if one.call.timestamp is not None and 0 <= one.call.timestamp < YEAR_10000 and first:
                moment = datetime.fromtimestamp(one.call.timestamp, UTC)
                small(f"{first} → {moment:%Y-%m-%d %H:%M} UTC")
                break


def draw_lines(choices: Choices) -> None:
    """One row a line: what feeds a line, and where a call begins."""
    format, reasons, key = choices.format, choices.mapping.reasons, choices.key
    if choices.layout == "beside":
        here, there = (*format.join, "", "")[:2]
        st.caption(
            f":material/join: The lines are in sheet **{ui.escape(format.lines_sheet)}** (header in row "
            f"{format.lines_header}), those of a call found by **{ui.escape(there)}** there = **{ui.escape(here)}** here."
        )
    else:
        _grouping(choices)
    heads("A line needs", "Column", "Times are in", "Because", "For example", widths=LINE_GRID)
    _turns(choices)
    for field, label in LINE_LABELS.items():
        if field not in choices.lines:
            continue
        column = choices.lines[field]
        name, select, unit, why, example = st.columns(LINE_GRID, vertical_alignment="center")
        name.text(label)
        column_select(select, label, choices.line_columns, f"{key}line {field}", required=field == "text")
        if column is None:
            with why:
                small(LINES_WITHOUT[field])
            continue
        if field in TIME_FIELDS:
            unit.selectbox(
                f"Unit of {label.lower()}", list(UNITS), key=f"{key}unit {field}", format_func=UNITS.__getitem__,
                label_visibility="collapsed", persist_state="session",
            )  # fmt: skip
        with why:
            small(reasons.get(f"line {field}") or reasons.get(field, ""))
        with example:
            small(examples(choices.line_cells(column), most=2, longest=28))


def _turns(choices: Choices) -> None:
    """The columns that make the transcript together, one line each."""
    for turn in choices.mapping.turns[:LISTED]:
        name, column, _, why, example = st.columns(LINE_GRID, vertical_alignment="center")
        said_by = f"speaker in {turn.speaker}" if turn.speaker else "speaker before the words"
        with name:
            small(turn.role or said_by, 30)
        column.text(shorten(turn.text, 40))
        with why:
            small(f"time in {turn.start}" if turn.start else "no time")
        with example:
            small(examples(choices.sheet[turn.text].tolist(), most=2, longest=28))


def _grouping(choices: Choices) -> None:
    by, begins, found = st.columns([2.4, 3.2, 2.2], vertical_alignment="bottom")
    by.multiselect(
        "What tells calls apart", choices.columns, key=choices.key + "group by", persist_state="session",
        placeholder="nothing: all rows are one call",
    )  # fmt: skip
    begins.selectbox(
        "A new call begins", list(NEW_CALL), key=choices.key + "new call", format_func=NEW_CALL.__getitem__,
        persist_state="session",
    )  # fmt: skip
    with found:
        small(choices.mapping.reasons.get("layout", ""), 120)
    _order_of_lines(choices)


def _order_of_lines(choices: Choices) -> None:
    timed = choices.lines.get("start") is not None and choices.lines.get("order") is None
    usual = choices.key + "order of lines"
    st.radio(
        "Lines of a call are in the order",
        [order for order in LINE_ORDERS if timed or order != BY_TIME or st.session_state[usual] == BY_TIME],
        key=usual, horizontal=True, format_func=ORDER_NAMES.__getitem__, persist_state="session",
    )  # fmt: skip


def matched(choices: Choices) -> str:
    texts = choices.product_of
    hits = sum(product is not None for product in texts.values())
    return f"{hits:,} of {len(choices.product_texts):,} {'matches' if hits == 1 else 'match'} a product"


def draw_products(choices: Choices, to_products: str) -> None:
    listed = choices.products
    if listed is None:
        st.warning(
            f"{ui.escape(to_products)} Products cannot be matched now. Store the calls anyway and choose "
            "products in Review, or try again later.",
            icon=":material/link_off:",
        )
        if st.button("Ask for the list again", icon=":material/refresh:", key="load_ask_products"):
            ui.forget_products(ui.connection())
            st.rerun()
        for text, count in list(choices.product_texts.items())[:20]:
            small(f"{text} · {ui.number_of(count, 'row')}")
        return
    if choices.fields["product_id"] is None and not choices.product_texts:
        st.info("No column holds the product: choose one under Fields, or one product for all calls above.")
        return
    names = ui.product_names(listed)
    if choices.product_of:
        heads("In the sheet", f"Product · {matched(choices)}", "Rows", widths=PAIRS)
    for text, product in choices.product_of.items():
        label, select, rows = st.columns(PAIRS, vertical_alignment="center")
        label.text(shorten(text, 60))
        select.selectbox(
            f"Product for {ui.escape(text)}", [None, *names], index=None, format_func=product_name(choices),
            key=f"{choices.product_key}{text}", label_visibility="collapsed", placeholder="Choose a product",
            persist_state="session",
        )  # fmt: skip
        with rows:
            count = choices.product_texts[text]
            small(
                ui.number_of(count, "row")
                + ("" if product is not None else ": held until a product is chosen")
            )
    more = len(choices.product_texts) - len(choices.product_of)
    if more:
        small(
            f"{agreeing(more, 'more value is', 'more values are')} not listed here: is this the right column?"
        )
    label, select, rows = st.columns(PAIRS, vertical_alignment="center")
    label.text("Rows without one")
    select.selectbox(
        "Product for rows without one", [None, *names], index=None, format_func=product_name(choices),
        key=choices.usual_product_key, label_visibility="collapsed", placeholder="no product",
        persist_state="session",
    )  # fmt: skip


def product_name(choices: Choices) -> Callable[[int | None], str]:
    names = ui.product_names(choices.products)
    inactive = {int(product["id"]) for product in choices.products or () if product["status"] != "active"}

    def name_of(product: int | None) -> str:
        if product is None:
            return "no product"
        return f"{names[product]} ({product})" + (" · not active" if product in inactive else "")

    return name_of


def draw_speakers(choices: Choices) -> None:
    """Every speaker label, with its lines, an example and its role; and what is done about times of lines."""
    if choices.role_of:
        heads(
            "In the transcripts",
            "Role",
            f"Lines {choices.speakers_of}",
            "For example",
            widths=SPEAKER_GRID,
        )
    elif choices.layout == "row" and choices.fields["transcript"] is None:
        st.info("No column holds the transcript: choose one under Fields.")
    else:
        st.info(f"No speaker is named {choices.speakers_of}. You can set roles in Review.")
    for label, role in choices.role_of.items():
        speaking = choices.speakers[label]
        by_itself = role is None and choices.by_itself(label)
        name, select, lines, example = st.columns(SPEAKER_GRID, vertical_alignment="center")
        name.text(shorten(label, 60))
        select.selectbox(
            f"Role of {ui.escape(label)}", list(ROLES), index=None,
            key=f"{choices.key}role {label}", label_visibility="collapsed", persist_state="session",
            placeholder=speaking.role if by_itself else "Choose a role",
            format_func=lambda role: ROLE_NAMES.get(role, role),
        )  # fmt: skip
        note = ROLE_NOTES.get(role, "") if role is not None else ""
        if role is None:
            note = f": the call itself says {speaking.role}" if by_itself else ": held until a role is chosen"
        with lines:
            small(f"{ui.number_of(speaking.lines, 'line')}{note}")
        with example:
            small(speaking.example, 84)
    more = len(choices.speakers) - len(choices.role_of)
    if more:
        small(
            f"{agreeing(more, 'more name is', 'more names are')} not listed here; Review shows lines without a role."
        )
    if choices.layout != "lines":
        _order_of_lines(choices)
    with st.container(horizontal=True):
        if choices.layout == "row":
            st.radio(
                "Times of lines are in", list(_LINE_UNITS), key=choices.key + "line unit", horizontal=True,
                format_func=_LINE_UNITS.__getitem__,
                persist_state="session",
            )  # fmt: skip
        st.radio(
            "Lines without a time", ["estimate", "leave out"], key=choices.key + "line times", horizontal=True,
            format_func={"estimate": "estimate it, and say so", "leave out": "send without"}.__getitem__,
            persist_state="session",
        )  # fmt: skip
        st.radio(
            "Notes and events that are not speech", NOTES, key=choices.key + "notes", horizontal=True,
            format_func=NOTE_NAMES.__getitem__, persist_state="session",
        )  # fmt: skip


def draw_tags(choices: Choices) -> None:
    mapping = choices.mapping
    st.multiselect(
        "Columns that become tags", choices.taggable,
        key=choices.key + "tags", persist_state="session", placeholder="No tags: choose columns",
        help="Tags are for filters and reports in Reddy. Other columns stay with the row here.",
    )  # fmt: skip
    _left_out(choices)
    if mapping.tags:
        heads("Tag", "Type", "Because", "For example")
    doubts = _doubts(choices)
    for tag in mapping.tags[:LISTED]:
        name, select, why, example = st.columns(GRID, vertical_alignment="center")
        name.text(shorten(tag, 60))
        select.selectbox(
            f"Type of {ui.escape(tag)}", list(TAG_TYPES), key=f"{choices.key}tag type {tag}",
            label_visibility="collapsed", persist_state="session",
        )  # fmt: skip
        cells = choices.sheet[tag].tolist()
        with why:
            reason = mapping.reasons.get(tag) or column_facts(cells)
            if tag in doubts:
                _doubt(*doubts[tag], reason.partition("; ")[0])
            else:
                small(reason)
        with example:
            small(" · ".join(shorten(text, 24) for text in list(distinct_texts(cells))[:3]))


def _left_out(choices: Choices) -> None:
    """Columns that the guess did not make tags, in one line: they can be chosen all the same."""
    left = [
        (column, why.removesuffix("; choose it to send it"))
        for column, why in left_out_columns(choices.mapping).items()
        if column in choices.taggable
    ]
    if not left:
        return
    named = " · ".join(
        f"**{ui.escape(shorten(name, 40))}** ({ui.escape(shorten(why, 60))})" for name, why in left[:4]
    )
    more = f" · and {len(left) - 4:,} more" if len(left) > 4 else ""
    st.caption(
        f":material/visibility_off: Left out: {named}{more}. Choose one above to send it anyway.",
        help=" · ".join(ui.escape(f"{name}: {why}") for name, why in left[4:20]) or None,
    )


def _doubts(choices: Choices) -> dict[str, tuple[str, str]]:
    """Tag → ("personal" or "constant", why): those that are perhaps not to be sent, whoever chose them."""
    tags, sheet = choices.mapping.tags, choices.sheet
    return known(
        "doubts",
        (choices.format, tags),
        lambda: {tag: why for tag in tags if (why := doubt(tag, sheet[tag].tolist())) is not None},
    )


def _doubt(kind: str, why: str, before: str) -> None:
    st.caption(
        f":orange[:material/warning: {kind}?] {ui.escape(shorten(why, 60))}",
        help=f"{ui.escape(before)}; {ui.escape(why)}. Take it out above if it should not be sent.",
    )
