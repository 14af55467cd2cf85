"""Review: find calls, see what is wrong with them, put it right.

Left, one screen of calls: searched, filtered, ticked. Right, the open call with its findings and everything that
would be sent of it. Whatever is edited is in the ledger before the page is drawn again.

Two rules keep edits on the right call. A grid reports *positions*, so each grid's key is made of what it shows,
and positions become row numbers in the callback of that very grid. And the tables of an open call are drawn from
the ledger; when the call changed in any other way than through them, they start afresh (`_version`), so an edit
never lands on a line that has moved meanwhile.
"""

from __future__ import annotations

import hashlib
import shlex
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any

import msgspec
import pandas as pd
import streamlit as st

from reddy_lib import ui
from reddy_lib.batches import edits as editing
from reddy_lib.batches.corrections import links_of
from reddy_lib.batches.decisions import DROP, OWN_LINE, Decision, Decisions
from reddy_lib.batches.differences import Differences, differences, field_label
from reddy_lib.batches.edit_tables import lines_table, tags_table
from reddy_lib.batches.quick_fixes import problems
from reddy_lib.database.schema import EDITABLE, SENDABLE, STATUSES
from reddy_lib.errors import NotInLedger, ReddyError
from reddy_lib.findings import CATALOGUE, Finding
from reddy_lib.model import ROLES, SEPARATIONS, TAG_TYPES, Call, payload_json
from reddy_lib.sending.resend import resends_of
from reddy_lib.ui import choice
from reddy_lib.ui.attaching import attached_meanwhile, progress
from reddy_lib.ui.edit_many import edit_many
from reddy_lib.ui.history import history_panel
from reddy_lib.ui.recordings import recording_tab, recordings_panel
from reddy_lib.ui.tabs import steady_tabs

PAGE = 50  # calls on one screen
TABLE_HEIGHT = 430
LINES_HEIGHT = 286
Change = Callable[[Call], Call]

batch = ui.open_batch()


# what this person looks at: remembered for each batch


def _fresh() -> dict[str, Any]:
    return {
        "show": "all",
        "search": "",
        "code": None,
        "agent": None,
        "product": None,
        "page": 1,
        "open": None,
        "wide": False,
        "recordings": False,
    }


views: dict[str, dict[str, Any]] = st.session_state.setdefault("review", {})
view = views[batch.id] = {**_fresh(), **views.get(batch.id, {})}  # other pages may set a part of it
K = f"review {batch.id}"


def _hash(*parts: object) -> str:
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:12]


def _filters() -> dict[str, Any]:
    """What is chosen above the table, as filters of the ledger."""
    chosen: dict[str, Any] = {}
    show = view["show"]
    if show in STATUSES:
        chosen["status"] = show
    elif show == "warnings":
        chosen["severity"] = "warning"
    elif show == "edited":
        chosen["edited"] = True
    elif show == "ticked":
        chosen["rows"] = choice.ticked(batch)
    if view["search"].strip():
        chosen["search"] = view["search"].strip()
    for name in ("code", "agent", "product"):
        if view[name] is not None:
            chosen[name] = view[name]
    return chosen


def _choose(name: str, key: str) -> None:
    """A filter was changed: remember it, and begin at the first page again."""
    value = st.session_state[key]
    view[name] = "all" if name == "show" and value is None else value
    view["page"] = 1


def _no_filters() -> None:
    view.update(
        {name: value for name, value in _fresh().items() if name not in ("open", "wide", "recordings")}
    )


def _open(row: int | None) -> None:
    view["open"] = row


def _go(step: str) -> None:
    """Open the call before or after the open one among those the filters leave, or the next held one anywhere."""
    filters = {"status": "held"} if step == "held" else _filters()
    rows = batch.rows(**filters)
    now = view["open"] or 0
    if step == "before":
        at = bisect_left(rows, now) - 1
    else:
        at = bisect_right(rows, now)
        if step == "held" and at == len(rows):
            at = 0  # from the last held call on to the first
    if not 0 <= at < len(rows):
        return
    view["open"] = rows[at]
    if step == "held" and _filters() != filters:
        rows = batch.rows(**_filters())
        at = bisect_left(rows, view["open"])
        if at == len(rows) or rows[at] != view["open"]:
            return  # not among those listed: the list stays where it is
    view["page"] = at // PAGE + 1


# numbers for the whole batch: asked again when something changed, not at every click


def _overview(counts: dict[str, int]) -> dict[str, Any]:
    """Counts behind the filters. They need a look at every call, so they are kept while the batch stays the same."""
    state = (batch.id, tuple(counts.values()), st.session_state.get("review edits", 0))
    kept = st.session_state.get("review overview")
    if kept is None or kept["state"] != state:
        kept = {
            "state": state,
            "warnings": batch.count(severity="warning"),
            "edited": batch.count(edited=True),
            "findings": batch.finding_counts(),
            "agents": batch.agents(),
            "loss": batch.loss(),
        }
        missing = "transcript-unassigned" in set(kept["findings"]["code"])
        kept["texts"] = batch.unassigned().query("decision == ''") if missing else None
        st.session_state["review overview"] = kept
    return kept


def _matching(filters: dict[str, Any], counts: dict[str, int]) -> int:
    """How many calls the filters leave; counted once for the same filters and batch."""
    if not filters:
        return sum(counts.values())
    if set(filters) == {"status"}:
        return counts[filters["status"]]
    if set(filters) == {"rows"}:
        return len(filters["rows"])
    state = (_hash(batch.id, filters), tuple(counts.values()), st.session_state.get("review edits", 0))
    kept = st.session_state.get("review matching")
    if kept is None or kept[0] != state:
        kept = (state, batch.count(**filters))
        st.session_state["review matching"] = kept
    return int(kept[1])


# writing: the one risky step of this page


def _say(error: str) -> None:
    st.session_state["review message"] = error


def _edited() -> None:
    st.session_state["review edits"] = st.session_state.get("review edits", 0) + 1


def _stored(row: int, change: Change) -> Call | None:
    """Change one call in the ledger. What went wrong is shown when the page is drawn; None then."""
    made: list[Call] = []

    def apply(call: Call) -> Call:
        made.append(change(call))
        return made[-1]

    try:
        batch.change(row, apply, who=ui.who())
    except ReddyError as error:
        _say(str(error))
        return None
    except IndexError:
        _say(_changed_meanwhile(row))
        return None
    st.session_state["review edits"] = st.session_state.get("review edits", 0) + 1
    return made[-1]


def _changed_meanwhile(row: int, typed: str = "") -> str:
    """Say who changed a call since it was drawn, and what this person had typed."""
    edits = batch.edits(row)
    last = edits.iloc[-1] if len(edits) else None
    by = "" if last is None else f" by {last['who'] or 'somebody'}, {ui.when(last['at'])}"
    kept = f" You had entered “{typed}”." if typed else ""
    return f"Row {row} was changed{by}, while it was open here. Your last edit was not stored.{kept} Look again, then edit."


def _store(row: int, change: Change) -> None:
    _stored(row, change)


def _set_field(row: int, seen: Any, now: Callable[[Call], Any], change: Change, typed: str) -> bool:
    """Change a field, unless somebody else has set it since it was drawn (`seen`: its value then). Return whether it
    was stored. Other fields may have changed meanwhile: both edits are kept."""

    def apply(call: Call) -> Call:
        if now(call) != seen and now(call) != now(change(call)):
            raise _SetMeanwhile
        return change(call)

    try:
        return _stored(row, apply) is not None
    except _SetMeanwhile:
        _say(_changed_meanwhile(row, typed))
        return False


class _SetMeanwhile(Exception):
    """Somebody else set this field since it was drawn."""


def _revert(row: int, content: str) -> None:
    try:
        if _content(batch.call(row)) != content:
            _say(_changed_meanwhile(row))
            return
        batch.revert(row, who=ui.who())
    except ReddyError as error:
        _say(str(error))
    st.session_state["review edits"] = st.session_state.get("review edits", 0) + 1


def _decide(rows: Sequence[int], decision: Decision, text: str | None, role: str = "") -> None:
    try:
        batch.decide(rows, decision, text=text, role=role, who=ui.who())
    except ReddyError as error:
        _say(str(error))
    st.session_state["review edits"] = st.session_state.get("review edits", 0) + 1


def _accept(row: int, code: str, accepted: bool) -> None:
    try:
        if accepted:
            batch.accept(row, code, who=ui.who())
        else:
            batch.withdraw(row, code, who=ui.who())
    except ReddyError as error:
        _say(str(error))
    st.session_state["review edits"] = st.session_state.get("review edits", 0) + 1


def _content(call: Call) -> str:
    return hashlib.sha256(payload_json(call)).hexdigest()[:16]


def _version(row: int, call: Call) -> int:
    """Which drawing of the tables this is. It grows when the call is not what these tables made of it: then they
    start afresh, and nothing typed before is applied to lines that may have moved."""
    tables = st.session_state.setdefault("review tables", {})
    content = _content(call)
    version, seen = tables.get((batch.id, row), (0, None))
    if seen != content:
        version += 1
        tables[(batch.id, row)] = (version, content)
    return int(version)


def _store_as_seen(row: int, version: int, change: Change) -> Call | None:
    """Change what is addressed by its number: only in the call as it is on the screen, in this very drawing of it."""
    now, seen = st.session_state["review tables"].get((batch.id, row), (0, None))

    def apply(call: Call) -> Call:
        if _content(call) != seen or version != now:
            raise IndexError
        return change(call)

    return _stored(row, apply)


def _cells_edited(
    row: int, version: int, key: str, change: Callable[[Call, dict[int, dict[str, Any]]], Call]
) -> None:
    """Cells of a table were edited. The state holds cells that were stored before, too, and a table that is being
    replaced may report them once more: only what was not stored yet is an edit."""
    stored: dict[tuple[int, str], Any] = st.session_state.setdefault("review cells", {}).setdefault(key, {})
    new = {
        (position, name): value
        for position, cells in st.session_state[key]["edited_rows"].items()
        for name, value in cells.items()
        if (position, name) not in stored or stored[(position, name)] != value
    }
    if not new:
        return
    edits: dict[int, dict[str, Any]] = {}
    for (position, name), value in new.items():
        edits.setdefault(position + 1, {})[name] = value
    call = _store_as_seen(row, version, lambda call: change(call, edits))
    if call is not None:
        stored.update(new)
        # the same version: the table on the screen goes on as it is, with the cell that is open in it
        st.session_state["review tables"][(batch.id, row)] = (version, _content(call))


def _line_menu(row: int, version: int, key: str) -> None:
    click = st.session_state[key]
    if click is None:
        return
    number = int(click["row"]) + 1
    changes: dict[str, Change] = {
        "Insert line below": lambda call: editing.insert_line(call, number),
        "Insert line above": lambda call: editing.insert_line(call, number - 1),
        "Move up": lambda call: editing.move_line(call, number, -1),
        "Move down": lambda call: editing.move_line(call, number, +1),
        "Split at line breaks": lambda call: editing.split_line(call, number),
        "Delete line": lambda call: editing.delete_lines(call, [number]),
    }
    change = changes.get(str(click["label"]).split(": ")[-1].strip())
    if change is not None:
        _store_as_seen(row, version, change)


def _tag_menu(row: int, version: int, key: str) -> None:
    click = st.session_state[key]
    if click is not None:
        number = int(click["row"]) + 1
        _store_as_seen(row, version, lambda call: editing.delete_tags(call, [number]))


def _mend(row: int, content: str, change: Change) -> None:
    """A repair was clicked. It was made for the call as it was drawn: a second click must not mend another line."""

    def apply(call: Call) -> Call:
        if _content(call) != content:
            raise IndexError
        return change(call)

    _stored(row, apply)


# ticks


def _picked(key: str, rows: tuple[int, ...]) -> None:
    """Ticks and clicks in the grid with this key, which shows these rows: positions become row numbers here."""
    selection = st.session_state[key]["selection"]
    chosen = {rows[position] for position in selection.get("rows", ()) if position < len(rows)}
    choice.tick(batch, (set(choice.ticked(batch)) - set(rows)) | chosen)
    for position, _ in selection.get("cells", ()):
        if position < len(rows):
            view["open"] = rows[position]


def _tick(rows: Iterable[int]) -> None:
    choice.tick(batch, rows)


def _tick_filtered() -> None:
    choice.tick(batch, set(choice.ticked(batch)) | set(batch.rows(**_filters())))


# --- the page ----------------------------------------------------------------------------------------------

if view["recordings"]:
    with ui.alerts():
        recordings_panel(batch, _edited, lambda: view.update(recordings=False))
    st.stop()

under_way = attached_meanwhile(batch, _edited)
try:
    counts = batch.counts()
    overview = _overview(counts)
except ReddyError as error:
    ui.alert(error)
    st.stop()
total = sum(counts.values())
marked = choice.ticked(batch)
listed = batch.products or ui.products(ui.connection())
names = ui.product_names(listed)

with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium", width="content"):
        st.title("Review", width="content")
        meter = overview["loss"]
        if meter.characters:
            colour = "red" if meter.waiting else "gray"
            st.markdown(
                f":{colour}-badge[{'' if meter.waiting else ':material/check: '}{ui.escape(str(meter))}]",
                width="content",
                help="Characters of the sheet's transcripts, without white space, that are in the lines, or are labels, "
                "times and markup around them. What is in no line holds its call until somebody decides.",
            )
    sendable = batch.count(rows=marked, status=sorted(SENDABLE)) if marked else counts["ready"]
    label = f"Choose {sendable:,} of {len(marked):,} ticked" if marked else f"Choose {sendable:,} ready"
    if not marked and _filters():  # the table shows fewer: what is not ticked is not what is meant
        label = f"Choose all {sendable:,} ready, not only those shown"
    with st.container(horizontal=True, gap="small", width="content"):
        st.button(
            "Recordings",
            icon=":material/graphic_eq:",
            disabled=not total,
            help="Bring recordings to the calls they belong to",
            on_click=lambda: view.update(recordings=True),
        )
        if st.button(
            "History",
            key=f"{K} history",
            icon=":material/history:",
            help="What was changed, by whom; with Undo",
        ):
            history_panel(batch, _edited)
        if st.button(
            label,
            type="primary",
            icon=":material/arrow_forward:",
            icon_position="right",
            disabled=not sendable or choice.is_lost(batch),
        ):
            st.switch_page("submit.py")
if under_way is not None:
    progress(under_way)

message = st.session_state.pop("review message", None)
if message:
    st.error(ui.escape(message), icon=":material/error:")

if choice.is_lost(batch):
    choice.draw_lost(batch, counts["ready"], to_review=False)

if not total:
    st.info("This batch has no calls. Load another spreadsheet.")
    st.page_link("load.py", label="Load a spreadsheet", icon=ui.ICONS["load"])
    st.stop()


# filters


def _label_in(labels: dict[Any, str], option: Any) -> str:
    return str(labels.get(option, option))


numbers = {"all": total}
numbers.update({status: counts[status] for status in STATUSES if counts[status]})
numbers.update({"warnings": overview["warnings"], "edited": overview["edited"], "ticked": len(marked)})
if view["show"] not in numbers:
    numbers[view["show"]] = 0  # the last held call was put right: the filter stays, and says 0
shown = {name: count for name, count in numbers.items() if count or name in ("all", view["show"])}
pills_key = (
    f"{K} show {_hash(shown)}"  # labels carry counts, and a widget forgets a choice whose label changed
)
st.session_state.setdefault(pills_key, view["show"])
finding_titles = overview["findings"].set_index("code")["title"].to_dict()
finding_numbers = overview["findings"].set_index("code")["calls"].to_dict()
search_column, *select_columns = st.columns([5, 4, 4, 4], gap="small")
with search_column:
    search_key = f"{K} search"
    if st.session_state.get(search_key) != view["search"]:
        st.session_state[search_key] = view["search"]
    st.text_input(
        "Search",
        key=search_key,
        type="search",
        placeholder="Search words, ids, row",
        label_visibility="collapsed",
        on_change=_choose,
        args=("search", search_key),
    )
for column, name, label, options, labels in zip(
    select_columns,
    ("code", "agent", "product"),
    ("Any finding", "Any agent", "Any product"),
    (list(finding_titles), overview["agents"], list(names)),
    ({code: f"{title} · {finding_numbers[code]:,}" for code, title in finding_titles.items()}, {}, names),
    strict=True,
):
    if (
        view[name] is not None and view[name] not in options
    ):  # nothing has it any more: it stays chosen, and says so
        options = [view[name], *options]
        if name == "code":
            labels = {**labels, view[name]: f"{CATALOGUE[view[name]].title} · 0"}
    key = f"{K} {name} {_hash(options, labels)}"
    if key not in st.session_state or st.session_state[key] != view[name]:
        st.session_state[key] = view[name]
    column.selectbox(
        label,
        options,
        index=None,
        key=key,
        placeholder=label,
        label_visibility="collapsed",
        format_func=partial(_label_in, labels),
        on_change=_choose,
        args=(name, key),
    )
st.pills(
    "Show",
    list(shown),
    key=pills_key,
    required=True,
    format_func=lambda name: f"{name.capitalize()} {numbers[name]:,}",
    label_visibility="collapsed",
    wrap=True,
    on_change=_choose,
    args=("show", pills_key),
)

filters = _filters()
matching = _matching(filters, counts)
pages = max(1, -(-matching // PAGE))
view["page"] = min(max(1, view["page"]), pages)
frame = batch.calls(offset=(view["page"] - 1) * PAGE, limit=PAGE, **filters)
rows = tuple(int(row) for row in frame.index)

asked = st.query_params.get("row", "")
if view["open"] is None and asked.isdecimal() and len(asked) < 10:
    view["open"] = int(asked)
if view["open"] is None and rows:
    view["open"] = rows[0]


def _found(found: pd.DataFrame) -> list[str]:
    words = []
    for errors, warnings in zip(found["errors"], found["warnings"], strict=True):
        parts = [f"{errors} error{'s' * (errors > 1)}"] if errors else []
        parts += [f"{warnings} warning{'s' * (warnings > 1)}"] if warnings else []
        words.append(", ".join(parts))
    return words


def calls_table() -> None:
    """One screen of calls: ticks for many, a click for the one to open."""
    if not matching:
        with st.container(
            border=True, height=TABLE_HEIGHT, horizontal_alignment="center", vertical_alignment="center"
        ):
            st.markdown(f"None of the {total:,} calls matches.")
            st.button("Show all calls", icon=":material/filter_alt_off:", on_click=_no_filters)
        return
    zone = batch.mapping.timezone or "UTC"
    table = pd.DataFrame(
        {
            "row": list(rows),
            "status": [[status] for status in frame["status"]],
            "findings": _found(frame),
            "agent": frame["agent_email"].to_list(),
            "product": [
                "" if pd.isna(number) else names.get(int(number), str(number))
                for number in frame["product_id"]
            ],
            "start": frame["timestamp"].to_list(),
            "lines": frame["lines"].to_list(),
            "tags": frame["tags"].to_list(),
            "edited": frame["edited"].to_list(),
            "begins with": frame["preview"].to_list(),
        }
    )
    key = f"{K} grid {_hash(rows)}"
    positions = [position for position, row in enumerate(rows) if row in set(marked)]
    state = st.session_state.get(key)
    if state is None or list(state["selection"]["rows"]) != positions:
        st.session_state[key] = {"selection": {"rows": positions, "columns": [], "cells": []}}
    st.dataframe(
        table,
        key=key,
        height=TABLE_HEIGHT,
        hide_index=True,
        on_select=lambda: _picked(key, rows),
        selection_mode=["multi-row", "single-cell"],
        placeholder="",
        column_config={
            "row": st.column_config.NumberColumn("Row", width=52, format="%d", pinned=True),
            "status": st.column_config.MultiselectColumn(
                "Status",
                width=78,
                options=list(STATUSES),
                color=[ui.STATUS_COLOURS[status] for status in STATUSES],
            ),
            "findings": st.column_config.TextColumn("Findings", width=90),
            "agent": st.column_config.TextColumn("Agent", width=170),
            "product": st.column_config.TextColumn("Product", width=100),
            "start": st.column_config.DatetimeColumn(
                "Start", format="D MMM YYYY, HH:mm", timezone=zone, width=140
            ),
            "lines": st.column_config.NumberColumn("Lines", width=52),
            "tags": st.column_config.NumberColumn("Tags", width=52),
            "edited": st.column_config.CheckboxColumn("Edited", width=58),
            "begins with": st.column_config.TextColumn("Begins with", width=300),
        },
        alt=f"Calls {rows[0]} to {rows[-1]} of this batch",
    )
    with st.container(
        horizontal=True, horizontal_alignment="distribute", vertical_alignment="center", gap="small"
    ):
        first = (view["page"] - 1) * PAGE
        st.caption(f"{first + 1:,}–{first + len(rows):,} of {matching:,}", width="content")
        if pages > 1:
            page_key = f"{K} page {pages}"
            if st.session_state.get(page_key) != view["page"]:
                st.session_state[page_key] = view["page"]
            st.pagination(
                pages,
                key=page_key,
                max_visible_pages=5,
                on_change=lambda: view.update(page=st.session_state[page_key]),
            )
    with st.container(horizontal=True, gap="medium"):
        st.button(
            f"Tick all {matching:,}",
            key=f"{K} tick",
            type="tertiary",
            icon=":material/done_all:",
            disabled=view["show"] == "ticked",
            on_click=_tick_filtered,
        )
        st.button(
            "Untick all",
            key=f"{K} untick",
            type="tertiary",
            icon=":material/remove_done:",
            disabled=not marked,
            on_click=_tick,
            args=([],),
        )
        if st.button(
            "Edit",
            key=f"{K} bulk",
            type="tertiary",
            icon=":material/edit_note:",
            disabled=choice.is_lost(batch),
            help=f"Edit the {len(marked):,} ticked calls at once"
            if marked
            else f"Edit all {matching:,} calls at once",
        ):
            by = "those that are ticked" if marked else "all that the filters leave"
            edit_many(batch, marked or batch.rows(**filters), by, names, _edited)


# many calls at once


@st.dialog("The same text in other calls", width="medium")
def _same_text_panel(text: str, rows: list[int]) -> None:
    st.text(text[:300])
    st.markdown(
        f"This text is in no line of {ui.number_of(len(rows), 'call')}. What becomes of it in all of them?"
    )
    choices: list[tuple[str, str, Decision, str]] = [
        ("Join to the line above", ":material/vertical_align_top:", "attach", ""),
        *((f"A line of the {role}", ":material/add:", OWN_LINE, role) for role in ROLES),
        ("Drop it", ":material/delete:", "drop", ""),
    ]
    pressed = [
        (decision, role)
        for label, icon, decision, role in choices
        if st.button(label, icon=icon, width="stretch")
    ]
    if not pressed:
        return
    ((decision, role),) = pressed
    bar = st.progress(0.0, "Storing the decisions")
    try:
        result = batch.decide(
            rows,
            decision,
            text=text,
            role=role,
            who=ui.who(),
            on_progress=lambda done: bar.progress(min(1.0, done / len(rows)), "Storing the decisions"),
        )
    except ReddyError as error:
        ui.alert(error)
        return
    st.session_state["review edits"] = st.session_state.get("review edits", 0) + 1
    st.toast(f"{ui.number_of(result.changed, 'call')} changed.", icon=":material/check:")
    st.rerun()


# the open call

LOCKED_BECAUSE = {
    "queued": "It waits to be sent. Pause or cancel the submission to edit it.",
    "sending": "It is on its way this moment.",
    "accepted": "Reddy has it: what was sent is not changed afterwards.",
    "unknown": "It may have reached Reddy. Find out first, on the Outcomes page, then edit it.",
}


def open_call(row: int) -> None:
    """Everything about one call, and every way of changing it."""
    call = batch.call(row)
    info = batch.info(row)
    findings = batch.findings_of(row)
    changed = (
        differences(batch.original(row), call) if info["edited"] else Differences((), {}, {}, (0, 0), {})
    )
    settled = info["status"] not in EDITABLE
    locked = settled or not ui.may("edit")
    decisions = batch.decisions(row)
    meter = batch.loss(row)

    with st.container(
        horizontal=True, horizontal_alignment="distribute", vertical_alignment="center", gap="small"
    ):
        with st.container(horizontal=True, vertical_alignment="center", gap="small", width="content"):
            st.markdown(f"**Row {row}**", width="content")
            st.badge(info["status"], color=ui.STATUS_COLOURS[info["status"]])
            if meter.characters:
                st.caption(f"{meter.placed:,} of {meter.characters:,} characters", width="content")
        with st.container(horizontal=True, gap="xsmall", width="content"):
            for step, icon, help in (("before", "left", "Previous call"), ("after", "right", "Next call")):
                icon = f":material/chevron_{icon}:"
                st.button("", key=f"{K} {step}", icon=icon, help=help, on_click=_go, args=(step,))
            st.button(
                "",
                key=f"{K} wide",
                icon=":material/close_fullscreen:" if view["wide"] else ":material/open_in_full:",
                help="Show the list of calls again" if view["wide"] else "Give this call the whole width",
                on_click=lambda: view.update(wide=not view["wide"]),
            )
            st.button(
                "Next held",
                key=f"{K} held",
                icon=":material/skip_next:",
                disabled=not counts["held"],
                on_click=_go,
                args=("held",),
            )
    if settled:
        st.info(LOCKED_BECAUSE[info["status"]], icon=":material/lock:")
    elif info["status"] in ("rejected", "failed") and info["error"]:
        st.warning(ui.escape(str(info["error"])), icon=":material/undo:")
    elif info["status"] == "skipped":
        st.info(
            ui.escape(str(info["skipped_because"] or ui.STATUS_MEANINGS["skipped"])),
            icon=":material/skip_next:",
        )

    what_is_wrong(row, call, findings, decisions, locked, refused=info["status"] == "rejected")

    names_of_tabs = ["Conversation", "Tags", "Fields", "From the sheet", "JSON", "History"]
    if info["audio"] != "none":
        names_of_tabs.append("Recording")
    tabs = steady_tabs(names_of_tabs, key=f"{K} tab")
    drawn: tuple[Callable[[], None], ...] = (
        lambda: conversation(row, call, findings, changed, locked),
        lambda: tags(row, call, findings, changed, locked),
        lambda: fields(row, call, findings, changed, locked),
        lambda: from_the_sheet(row),
        lambda: as_json(call),
        lambda: history(row),
        lambda: recording_tab(batch, row, call, locked, _store, _edited),
    )
    for tab, draw in zip(tabs, drawn, strict=False):  # the last one only where a recording is attached
        if tab.open:
            with tab:
                draw()

    told = [str(changed)] if changed else []
    told += [f"“{CATALOGUE[code].title}” accepted" for code in decisions.accepted]
    dropped = sum(taken.what == DROP for taken in decisions.texts.values())
    told += [f"{ui.number_of(dropped, 'text')} dropped"] if dropped else []
    if told:
        with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
            st.caption(f"Changed: {ui.escape(' · '.join(told))}", width="stretch")
            st.button(
                "Bring back what the sheet said",
                key=f"{K} revert",
                type="tertiary",
                icon=":material/undo:",
                disabled=locked,
                on_click=_revert,
                args=(row, _content(call)),
            )


def what_is_wrong(
    row: int, call: Call, findings: list[Finding], decisions: Decisions, locked: bool, *, refused: bool
) -> None:
    """The findings, alike ones together, each with the repairs that one click does.

    The box keeps its height: were it to shrink with each repair, the table under it would move up just when the
    next cell is clicked.
    """
    found = problems(call, [one for one in findings if one.code != "transcript-unassigned"])
    loaded = batch.unassigned(row)
    may = set() if locked else batch.can_accept(row)
    content = _content(call)
    decidable = len(loaded) or may or decisions
    with st.container(gap="xsmall", height=124 if decidable else 80, border=False):
        for one in loaded.query("decision == ''").itertuples():
            unassigned_text(row, int(one.number), int(one.after), str(one.text), locked)
        if not findings and refused:
            st.markdown(
                ":red[:material/error:] The checks find nothing. Change what Reddy's words name, then send it again."
            )
        elif not findings:
            st.markdown(":green[:material/check_circle:] Nothing to put right in this call.")
        for number, problem in enumerate(found):
            icon = ":red[:material/error:]" if problem.severity == "error" else ":orange[:material/warning:]"
            with st.container(horizontal=True, vertical_alignment="center", gap="xsmall"):
                st.markdown(
                    f"{icon} {ui.escape(problem.message)}", help=ui.escape(problem.hint), width="stretch"
                )
                for fix in () if locked else problem.fixes:
                    st.button(
                        fix.label,
                        key=f"{K} fix {content} {number} {fix.label}",
                        on_click=_mend,
                        args=(row, content, fix.apply),
                    )
                if problem.code in may:
                    st.button(
                        "Accept as it is",
                        key=f"{K} accept {content} {problem.code}",
                        help=CATALOGUE[problem.code].accepting,
                        on_click=_accept,
                        args=(row, problem.code, True),
                    )
        for code, taken in decisions.accepted.items():
            with st.container(horizontal=True, vertical_alignment="center", gap="xsmall"):
                by = f" by {ui.escape(taken.who)}" if taken.who else ""
                st.markdown(
                    f":gray[:material/check: {CATALOGUE[code].title}: accepted{by}, {ui.when(taken.at)}]",
                    help=CATALOGUE[code].accepting,
                    width="stretch",
                )
                if not locked:
                    st.button("Undo", key=f"{K} undo {row} {code}", on_click=_accept, args=(row, code, False))


def unassigned_text(row: int, number: int, after: int, text: str, locked: bool) -> None:
    """A text that is in no line: where it stood, and what one click makes of it."""
    shown = text if len(text) <= 64 else f"{text[:63].rstrip()}…"
    where = f"After line {after}" if after else "Before line 1"
    with st.container(horizontal=True, vertical_alignment="center", gap="xsmall"):
        st.markdown(
            f":red[:material/error:] {where}, in no line: “{ui.escape(shown)}”",
            help=ui.escape(text[:1000]) if text != shown else CATALOGUE["transcript-unassigned"].hint,
            width="stretch",
        )
        if locked:
            return
        join = "Put it at the end of this line" if after else "Put it in front of this line"
        own = "Make it a line of its own, said by the"
        drop = "It is not sent. It stays in the sheet's cells, and on record"
        choices: list[tuple[str, Decision, str, str]] = [
            (f"Join to line {max(after, 1)}", "attach", "", join),
            *((f"+ {role}", OWN_LINE, role, f"{own} {role}") for role in ROLES),
            ("Drop", "drop", "", drop),
        ]
        for label, decision, role, help in choices:
            st.button(
                label,
                key=f"{K} text {row} {number} {label}",
                help=help,
                on_click=_decide,
                args=([row], decision, text, role),
            )
        same = [] if overview["texts"] is None else sorted(overview["texts"].query("text == @text").index)
        if len(same) > 1 and st.button(
            f"All {len(same):,}…",
            key=f"{K} same {row} {number}",
            help="Decide for every call that has this text",
        ):
            _same_text_panel(text, [int(each) for each in same])


MARKS = {"!": "red", "?": "orange", "✎": "violet"}
LEGEND = "→ stop is the next start · ≈ estimated · ✎ by hand (marks are not sent)"
ORIGINS = {"derived": "→", "estimated": "≈", "by hand": "✎"}
MARK_OF = {"error": "!", "check": "?", "changed": "✎"}


def _marks_column() -> Any:
    return st.column_config.MultiselectColumn(
        "",
        width=50,
        options=list(MARKS),
        color=list(MARKS.values()),
        disabled=True,
        help="! must be put right, ? should be looked at, ✎ is not what the sheet said",
    )


def _symbols(marks: pd.Series[Any]) -> list[str]:
    return [",".join(MARK_OF[mark] for mark in text.split(",") if mark) for text in marks]


def conversation(row: int, call: Call, findings: list[Finding], changed: Differences, locked: bool) -> None:
    table = lines_table(call, findings, changed, batch.lines(row)["times"].tolist())
    table["marks"] = _symbols(table["marks"])
    table["times"] = [ORIGINS.get(origin, "") for origin in table["times"]]
    if not len(table):
        st.markdown("This call has no transcript.")
        if not locked:
            st.button(
                "Add a line",
                icon=":material/add:",
                on_click=_store,
                args=(row, lambda call: editing.insert_line(call, 0)),
            )
        return
    height = min(LINES_HEIGHT, 38 + 35 * len(table))
    unknown = sorted({role for role in table["role"].dropna() if role not in ROLES})
    columns: dict[str, Any] = {
        "_index": st.column_config.NumberColumn("#", width=34),
        "marks": _marks_column(),
        "role": st.column_config.SelectboxColumn("Role", width=80, options=[*ROLES, *unknown]),
        "text": st.column_config.TextColumn("Text", width=400 if view["wide"] else 236),
        "start": st.column_config.NumberColumn("Start", width=64, help="Seconds from the start of the call"),
        "stop": st.column_config.NumberColumn("Stop", width=64, help="Seconds from the start of the call"),
        "times": st.column_config.TextColumn(
            "≈", width=30, disabled=True, help=f"Where times are from: {LEGEND}. No mark: the source."
        ),
        "finding": st.column_config.TextColumn("Finding", width="medium", disabled=True),
    }
    order = ["marks", "times", "role", "text", "start", "stop"]
    if locked:
        st.dataframe(table, column_order=order, column_config=columns, height=height, alt="Transcript lines")
        return
    version = _version(row, call)
    key = f"{K} lines {row} {version}"
    menu_key = f"{key} menu"
    table["menu"] = [
        [
            ":material/add: Insert line below",
            ":material/add: Insert line above",
            ":material/arrow_upward: Move up",
            ":material/arrow_downward: Move down",
            ":material/splitscreen: Split at line breaks",
            ":material/delete: Delete line",
        ]
    ] * len(table)
    columns["menu"] = st.column_config.ButtonColumn(
        "", width=36, type="tertiary", key=menu_key, on_click=_line_menu, args=(row, version, menu_key)
    )
    st.data_editor(
        table,
        key=key,
        height=height,
        num_rows="fixed",
        column_order=["menu", *order, "finding"],
        column_config=columns,
        disabled=["_index", "marks", "times", "finding"],
        placeholder="",
        on_change=_cells_edited,
        args=(row, version, key, editing.with_line_cells),
        alt="Transcript lines, editable",
    )
    if any(table["times"]):
        st.caption(LEGEND)


def tags(row: int, call: Call, findings: list[Finding], changed: Differences, locked: bool) -> None:
    table = tags_table(call, findings, changed)
    table["marks"] = _symbols(table["marks"])
    types = [*TAG_TYPES, *sorted(set(table["type"]) - set(TAG_TYPES))]
    columns: dict[str, Any] = {
        "_index": st.column_config.NumberColumn("#", width=34),
        "marks": _marks_column(),
        "key": st.column_config.TextColumn("Name", width=130),
        "value": st.column_config.TextColumn("Value", width=130),
        "type": st.column_config.SelectboxColumn("Type", width=84, options=types, required=True),
        "finding": st.column_config.TextColumn("Finding", width="medium", disabled=True),
    }
    order = ["marks", "key", "value", "type"]
    if locked:
        st.dataframe(table, column_order=order, column_config=columns, alt="Tags")
        return
    version = _version(row, call)
    key = f"{K} tags {row} {version}"
    if len(table):
        menu_key = f"{key} menu"
        table["menu"] = [":material/delete:"] * len(table)
        columns["menu"] = st.column_config.ButtonColumn(
            "",
            width=44,
            type="tertiary",
            key=menu_key,
            on_click=_tag_menu,
            args=(row, version, menu_key),
            help="Delete the tag",
        )
        st.data_editor(
            table,
            key=key,
            height="content" if len(table) < 10 else 360,
            num_rows="fixed",
            column_order=["menu", *order, "finding"],
            column_config=columns,
            disabled=["_index", "marks", "finding"],
            placeholder="",
            on_change=_cells_edited,
            args=(row, version, key, editing.with_tag_cells),
            alt="Tags, editable",
        )
    else:
        st.markdown("This call has no tags.")
    st.button(
        "Add a tag", key=f"{K} add tag", icon=":material/add:", on_click=_store, args=(row, editing.add_tag)
    )


def fields(row: int, call: Call, findings: list[Finding], changed: Differences, locked: bool) -> None:
    original = batch.original(row) if changed.fields else call
    zone = batch.mapping.timezone or "UTC"

    def beside(field: str, before: str = "") -> None:
        """What there is to say about a field, under it: its findings, and what the sheet said."""
        for found in findings:
            if found.field == field:
                colour = "red" if found.severity == "error" else "orange"
                st.caption(
                    f":{colour}[:material/{'error' if colour == 'red' else 'warning'}:] {ui.escape(found.message)}"
                )
        if field in changed.fields:
            st.caption(f":violet[:material/edit:] The sheet said: {ui.escape(before) or 'nothing'}")

    def text(label: str, field: str, help: str | None = None) -> None:
        key = f"{K} {field} {row}"
        value = getattr(call, field) or ""
        if st.session_state.get(key) != value:
            st.session_state[key] = value
        st.text_input(
            label, key=key, help=help, disabled=locked, on_change=_field_edited, args=(row, field, key, value)
        )
        beside(field, getattr(original, field) or "")

    left, right = st.columns(2)
    with left:
        text("Agent email", "agent_email")
        start_key = f"{K} timestamp {row}"
        problem = st.session_state.get(f"{start_key} problem")
        value = editing.moment_text(call.timestamp, batch.mapping.timezone)
        if problem is None and st.session_state.get(start_key) != value:
            st.session_state[start_key] = value
        st.text_input(
            f"Start ({zone})",
            key=start_key,
            placeholder="2026-03-30 17:46",
            disabled=locked,
            on_change=_start_edited,
            args=(row, start_key, call.timestamp),
        )
        if problem:
            st.caption(f":red[:material/error:] Not stored. {ui.escape(problem)}")
        beside("timestamp", editing.moment_text(original.timestamp, batch.mapping.timezone))
        speaker = call.speaker
        separation = speaker.separation if speaker else None
        options: list[str | None] = [None, *SEPARATIONS]
        if separation not in options:
            options.append(separation)
        _select(
            row,
            "Speaker separation",
            "separation",
            options,
            separation,
            lambda option: option or "not given",
            locked,
            lambda call: call.speaker.separation if call.speaker else None,
            lambda call, chosen: editing.with_speaker(
                call, chosen, call.speaker.channel_map if call.speaker else None
            ),
        )
        beside("speaker", _speaker_text(original))
    with right:
        products: list[int | None] = [*names]
        if call.product_id not in products:
            products.insert(0, call.product_id)
        _select(
            row,
            "Product",
            "product_id",
            products,
            call.product_id,
            lambda number: (
                "not chosen" if number is None else f"{names.get(number, 'not in the list')} · {number}"
            ),
            locked,
            lambda call: call.product_id,
            lambda call, chosen: editing.with_field(call, "product_id", chosen),
        )
        beside("product_id", _product_text(original.product_id))
        text("Conversation id", "conversation_id", help="Emptied, it is made from the call again.")
        text("Recording (file name)", "filename")
        if separation == "channels":
            maps: list[tuple[str, ...] | None] = [None, ("agent", "customer"), ("customer", "agent")]
            now = tuple(speaker.channel_map) if speaker and speaker.channel_map is not None else None
            if now not in maps:
                maps.append(now)
            _select(
                row,
                "Channels (left, right)",
                "channel_map",
                maps,
                now,
                lambda option: "found by Reddy" if option is None else ", ".join(option) or "nobody",
                locked,
                lambda call: tuple(call.speaker.channel_map or ()) or None if call.speaker else None,
                lambda call, chosen: editing.with_speaker(call, "channels", chosen),
            )


def _speaker_text(call: Call) -> str:
    if call.speaker is None:
        return ""
    return ", ".join([call.speaker.separation, *(call.speaker.channel_map or ())])


def _product_text(number: int | None) -> str:
    return "" if number is None else f"{names.get(number, 'not in the list')} · {number}"


def _select(
    row: int,
    label: str,
    name: str,
    options: Sequence[Any],
    value: Any,
    shown: Callable[[Any], str],
    locked: bool,
    now: Callable[[Call], Any],
    change: Callable[[Call, Any], Call],
) -> None:
    key = f"{K} {name} {row}"
    if key not in st.session_state or st.session_state[key] != value:
        st.session_state[key] = value
    st.selectbox(
        label,
        options,
        key=key,
        format_func=shown,
        placeholder=shown(None),
        disabled=locked,
        on_change=_chosen,
        args=(row, key, value, shown, now, change),
    )


def _chosen(
    row: int,
    key: str,
    seen: Any,
    shown: Callable[[Any], str],
    now: Callable[[Call], Any],
    change: Callable[[Call, Any], Call],
) -> None:
    value = st.session_state[key]
    _set_field(row, seen, now, lambda call: change(call, value), shown(value))


def _field_edited(row: int, field: str, key: str, seen: str) -> None:
    value = st.session_state[key]
    _set_field(
        row,
        seen,
        lambda call: getattr(call, field) or "",
        lambda call: editing.with_field(call, field, value),
        str(value),
    )


def _start_edited(row: int, key: str, seen: float | None) -> None:
    typed = st.session_state[key]
    seconds, why = editing.read_moment(st.session_state[key], batch.mapping.timezone)
    if seconds is None and why:
        st.session_state[f"{key} problem"] = why
        return
    st.session_state.pop(f"{key} problem", None)
    _set_field(
        row,
        seen,
        lambda call: call.timestamp,
        lambda call: editing.with_field(call, "timestamp", seconds),
        str(typed),
    )


def from_the_sheet(row: int) -> None:
    cells = batch.cells(row)
    table = pd.DataFrame(
        {"column": list(cells), "cell": ["" if value is None else str(value) for value in cells.values()]}
    )
    st.dataframe(
        table,
        hide_index=True,
        height=min(LINES_HEIGHT, 38 + 35 * len(table)),
        column_config={
            "column": st.column_config.TextColumn("Column", width=140),
            "cell": st.column_config.TextColumn("Cell, as it is in the sheet", width="large"),
        },
        alt=f"The cells of row {row}",
    )


def curl_line(call: Call, base_url: str) -> str:
    """The request as a command line. The token stays a variable of the shell."""
    return (
        f"curl -X POST {shlex.quote(base_url.rstrip('/') + '/api/v1/call/create')} \\\n"
        '  -H "Authorization: Bearer $REDDY_API_TOKEN" \\\n'
        "  -H 'Content-Type: application/json' \\\n"
        f"  --data-raw {shlex.quote(payload_json(call).decode())}"
    )


def as_json(call: Call) -> None:
    st.code(msgspec.json.format(payload_json(call), indent=2).decode(), language="json", height=196)
    st.code(curl_line(call, ui.connection().base_url), language="bash", height=74)


def history(row: int) -> None:
    for link in links_of(batch, row).itertuples():
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            said = "Corrects" if link.relation == "corrects" else "Corrected by"
            st.markdown(
                f":material/link: {said} row {link.row} of **{ui.escape(link.batch)}** ({link.status}), loaded "
                f"{ui.when(link.at)}" + (f" by {ui.escape(link.who)}" if link.who else "")
            )
            st.page_link(
                "review.py",
                label="Open it",
                icon=":material/folder_open:",
                query_params={"batch": link.batch_id, "row": str(link.row)},
            )
    for again in resends_of(batch, row).itertuples():
        by = f" by {again.who}" if again.who else ""
        nothing = " It came to nothing: it was cancelled or turned away." if again.came_to_nothing else ""
        st.markdown(
            f":material/redo: Sent again in submission {again.submission}, {ui.when(again.at)}{ui.escape(by)}, because: "
            f"{ui.escape(again.reason)}.{nothing}"
        )
    edits = batch.edits(row)
    if not len(edits):
        st.markdown("Nothing was edited.")
    else:
        table = pd.DataFrame(
            {
                "when": edits["at"],
                "who": edits["who"],
                "what": [field_label(field) for field in edits["field"]],
                "before": edits["before"],
                "after": edits["after"],
            }
        ).iloc[::-1]
        st.dataframe(
            table,
            hide_index=True,
            height=min(LINES_HEIGHT, 38 + 35 * len(table)),
            placeholder="",
            column_config={
                "when": st.column_config.DatetimeColumn("When", format="D MMM YYYY, HH:mm"),
                "who": "Who",
                "what": "What",
                "before": "Before",
                "after": "After",
            },
            alt=f"Edits of row {row}, newest first",
        )
    attempts = batch.attempts(row)
    if len(attempts):
        st.dataframe(
            attempts[["started", "result", "http_status", "words", "upload_id", "seconds"]].iloc[::-1],
            hide_index=True,
            placeholder="",
            column_config={
                "started": st.column_config.DatetimeColumn("Sent", format="D MMM YYYY, HH:mm:ss"),
                "result": "Result",
                "http_status": "HTTP status",
                "words": "Reddy's words",
                "upload_id": "Upload id",
                "seconds": st.column_config.NumberColumn("Seconds", format="%.2f"),
            },
            alt=f"Attempts to send row {row}, newest first",
        )


if view["wide"]:
    right = st.container()
else:
    left, right = st.columns([3, 5], gap="small")
    with left:
        calls_table()
with right, st.container(border=True):
    if view["open"] is None:
        st.markdown("Click a call to open it.")
    else:
        try:
            open_call(view["open"])
            st.query_params["row"] = str(view["open"])
        except NotInLedger as error:
            view["open"] = None
            st.query_params.pop("row", None)
            ui.alert(error)
        except ReddyError as error:
            ui.alert(error)
