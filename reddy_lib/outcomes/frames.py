"""What became of the calls, as plain frames: counts, reasons, and the calls behind a bar that was clicked.

The *outcomes frame* has one line per call, with the row number as its index (`COLUMNS`); every function here takes one
and leaves it unchanged.
Servers write the same refusal a little differently for each call (`invalid agent ann@x.org`), so `reason`
reduces a message to what is said, without the address or number that it is said about; what belongs
together can then be counted, and `what_next` says in the analyst's words what to do about it.

A *filter* says which calls are meant, as data that survives JSON. Per column it holds one value, a list of
values (any of them; None = not given), `{"not in": [...]}`, or a half-open range `{"from": …, "until": …}`;
a call must fit every column. Bars that no such filter describes together are `{"any of": [filter, …]}`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any, Protocol

import pandas as pd

__all__ = [
    "COLUMNS",
    "STATUSES",
    "Filter",
    "HasOutcomes",
    "chosen",
    "clicked",
    "outcomes_of",
    "reason",
    "reasons_table",
    "row_numbers",
    "summary",
    "what_next",
    "where",
    "words",
]

COLUMNS: tuple[str, ...] = (
    "row",
    "status",
    "conversation_id",
    "agent_email",
    "product_id",
    "timestamp",
    "upload_id",
    "http_status",
    "error",
    "attempts",
    "seconds",
    "started",
    "ended",
    "submission",
    "audio",
)
"""An outcomes frame as a table: its index `row`, then its columns."""

STATUSES: tuple[str, ...] = (
    "accepted",
    "rejected",
    "failed",
    "unknown",
    "skipped",
    "held",
    "ready",
    "queued",
    "sending",
)
"""The order in which outcomes are read: what is settled first, what still waits last."""

TURNED_AWAY: tuple[str, ...] = ("rejected", "failed", "unknown")
"""Statuses that ask the analyst for something, and so have a reason."""

Filter = dict[str, Any]

_CHARTS: dict[str, tuple[str, ...]] = {
    "status": ("status",),
    "product": ("product_id", "status"),
    "agent": ("agent_email", "status"),
    "over_time": ("ended", "status"),
    "reasons": ("reason", "status"),
    "seconds": ("seconds", "status"),
}
_TEXT_COLUMNS = frozenset({"status", "agent_email", "reason", "conversation_id", "error", "submission"})
_TIMES = frozenset({"timestamp", "started", "ended"})


class HasOutcomes(Protocol):
    """A batch or a submission: whatever returns an outcomes frame."""

    def outcomes(self) -> pd.DataFrame:
        """Return the outcomes frame."""


def outcomes_of(source: pd.DataFrame | HasOutcomes) -> pd.DataFrame:
    """Return an outcomes frame: this one, or that of a batch or a submission."""
    return source if isinstance(source, pd.DataFrame) else source.outcomes()


def summary(outcomes: pd.DataFrame | HasOutcomes) -> dict[str, int]:
    """How many calls, and how many of each status: `{"calls": 120, "accepted": 117, "rejected": 2, …}`.

    All nine statuses are there in the order of `STATUSES`, also at 0, and sum to `calls`.
    """
    outcomes = outcomes_of(outcomes)
    counts = _text(outcomes, "status").value_counts()
    found = {str(name): int(count) for name, count in counts.items()}
    ordered = {name: found.pop(name, 0) for name in STATUSES}
    return {"calls": len(outcomes), **ordered, **dict(sorted(found.items()))}


# ------------------------------------------------------------------------------------------------- reasons

_URL = re.compile(r"\bhttps?://\S+", re.IGNORECASE)
_ADDRESS = re.compile(r"[^\s<>()\[\]{}\"'`,;:=]+@[^\s<>()\[\]{}\"'`,;:=]+")
# A status code says what happened; every other number says to whom.
_CODE = re.compile(r"\b(HTTP(?:/\d(?:\.\d)?)?(?: status)?|status(?: code)?)[ :=]+(\d{3})\b", re.IGNORECASE)
_NUMBERED = re.compile(r"[^\s\"'`()\[\]{}<>,;:=]*\d[^\s\"'`()\[\]{}<>,;:=]*")
_ELLIPSES = re.compile(r"…(?:[\s.,]*…)+")
_LONGEST = 200


def reason(message: str) -> str:
    """What a server's message says, without the address or number it says it about; "" for an empty message.

    `invalid agent ann@x.org` and `invalid agent "bo@x.org".` both become `invalid agent …`. Status codes
    (`HTTP 502`) stay, because they differ in meaning. At most 200 characters.
    """
    text = " ".join(message.split())
    codes: list[str] = []

    def keep(match: re.Match[str]) -> str:
        codes.append(match[0])
        # The private-use character has no digit, so that the next step does not see the code.
        return "\ue000"

    text = _CODE.sub(keep, text.replace("\ue000", ""))
    text = _URL.sub("…", text)
    text = _ADDRESS.sub("…", text)
    text = _NUMBERED.sub("…", text)
    text = re.sub(r"([\"'`])…\1", "…", text)
    text = _ELLIPSES.sub("…", text)
    for code in codes:
        text = text.replace("\ue000", code, 1)
    text = text.strip().removesuffix(".")
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"


def reasons(outcomes: pd.DataFrame | HasOutcomes) -> pd.Series:
    """The reason of each call, on the frame's index; "" for calls that nobody turned away.

    A call that was turned away without words gets "HTTP 500, no words", or "no reason given".
    """
    outcomes = outcomes_of(outcomes)
    status, error = _text(outcomes, "status"), _text(outcomes, "error")
    said = {message: reason(message) for message in error.unique()}
    found = error.map(said).astype(object)
    silent = found == ""
    if silent.any():
        codes = outcomes["http_status"] if "http_status" in outcomes else pd.Series(pd.NA, outcomes.index)
        found[silent] = [_silent(code) for code in codes[silent]]
    found[~status.isin(TURNED_AWAY)] = ""
    return found.rename("reason")


def _silent(code: Any) -> str:
    return "no reason given" if pd.isna(code) else f"HTTP {int(code)}, no words"


def what_next(status: str, http_status: int | None = None, message: str = "") -> str:
    """What the analyst can do about a call with this outcome; "" where there is nothing to do."""
    said = message.casefold()
    if status == "unknown":
        return "These may have reached Reddy: clear the doubt before anything is sent again."
    if status == "failed":
        if "safe to send again" in said:
            return "Choose these again on the Submit page."
        if http_status == 429:
            return "Reddy asked to slow down: wait a little, then send these again with fewer at a time."
        if http_status == 503:
            return "Reddy was not available and took nothing: send these again later."
        return "These never reached Reddy: check the network and the address, then send them again."
    if status != "rejected":
        return ""
    if http_status in (401, 403) and "agent" not in said:
        return "The token was refused: check it under Connection, then send these again."
    if "agent" in said or "user" in said:
        return (
            "The email matches no active Reddy user: correct it in Review, or have the user activated in "
            "Reddy, then send these again."
        )
    if "product" in said:
        return "Choose a product of Reddy's list for these calls in Review, then send them again."
    if http_status == 404:
        return "Reddy does not know what was asked for: check the address under Connection."
    if http_status == 413:
        return "These calls are too large for Reddy: shorten or split the transcript in Review."
    if http_status == 429:
        return "Reddy asked to slow down: wait a little, then send these again with fewer at a time."
    return "Read Reddy's words, correct the field they name in Review, then send these again."


def reasons_table(outcomes: pd.DataFrame | HasOutcomes, *, examples: int = 5) -> pd.DataFrame:
    """Why calls were turned away, the most frequent reason first.

    Columns: reason (str), status (str), http_status (Int64), calls (int), rows (str: the first few row
    numbers, "3, 17, 20 …"), message (str: Reddy's words of the first such call), what_next (str). The same
    columns when there is nothing to tell.
    """
    outcomes = outcomes_of(outcomes)
    columns = ["reason", "status", "http_status", "calls", "rows", "message", "what_next"]
    away = outcomes[_text(outcomes, "status").isin(TURNED_AWAY)]
    table: list[dict[str, Any]] = []
    if len(away):
        groups: dict[tuple[str, str, int | None], list[tuple[Any, str]]] = {}
        for said, status, code, row, message in zip(
            reasons(away),
            away["status"],
            away["http_status"],
            row_numbers(away),
            _text(away, "error"),
            strict=True,
        ):
            key = (said, str(status), None if pd.isna(code) else int(code))
            groups.setdefault(key, []).append((row, message))
        for (said, status, number), calls in groups.items():
            first = [str(row) for row, _ in calls[:examples]]
            table.append(
                {
                    "reason": said,
                    "status": status,
                    "http_status": number,
                    "calls": len(calls),
                    "rows": ", ".join(first) + (" …" if len(calls) > len(first) else ""),
                    "message": calls[0][1],
                    "what_next": what_next(status, number, said),
                }
            )
    table.sort(key=lambda line: (-line["calls"], line["reason"]))
    made = pd.DataFrame(table, columns=columns)
    return made.astype({"http_status": "Int64", "calls": "int64"})


# ------------------------------------------------------------------------------------------------- filters


def chosen(selection: Mapping[str, Any] | None, chart: str) -> Filter:
    """The calls behind the bars that were clicked in a chart, as a filter for `where`; {} if none were.

    Parameters:
        selection: what `st.plotly_chart(…, on_select="rerun")` returns.
        chart: which chart it was: "status", "product", "agent", "over_time", "reasons" or "seconds".

    What comes back from a browser is not trusted: bars without a filter that this chart could have made are
    ignored. Raises KeyError: there is no such chart.
    """
    columns = _CHARTS[chart]
    points = ((selection or {}).get("selection") or {}).get("points") or []
    filters: list[Filter] = []
    for point in points:
        found = _bar(point.get("customdata") if isinstance(point, Mapping) else None, columns)
        if found and found not in filters:
            filters.append(found)
    return _together(filters)


def clicked(filters: Mapping[str, Filter], chart: str, found: Filter, *, redrawn: bool) -> dict[str, Filter]:
    """The filters of all charts after a selection came from one of them.

    An empty selection takes that chart's filter away, but not where the chart was `redrawn` since it was clicked:
    new numbers empty a selection in the browser by themselves, and nobody asked for that.
    """
    others = {name: filter for name, filter in filters.items() if name != chart}
    if found:
        return {**others, chart: found}
    if redrawn and chart in filters:
        return {**others, chart: filters[chart]}
    return others


def _bar(customdata: Any, columns: tuple[str, ...]) -> Filter | None:
    """The filter that a bar carries: JSON text, alone or first in a list."""
    if isinstance(customdata, (list, tuple)) and customdata:
        customdata = customdata[0]
    if not isinstance(customdata, str):
        return None
    try:
        found = json.loads(customdata)
    except ValueError:
        return None
    if not isinstance(found, dict) or not found or not set(found) <= set(columns):
        return None
    return found if all(_is_condition(condition) for condition in found.values()) else None


def _is_condition(condition: Any) -> bool:
    plain = (str, int, float, bool, type(None))
    if isinstance(condition, dict):
        if set(condition) == {"not in"}:
            listed = condition["not in"]
            return isinstance(listed, list) and all(isinstance(value, plain) for value in listed)
        ends = list(condition.values())
        same = all(isinstance(end, str) for end in ends) or all(isinstance(end, (int, float)) for end in ends)
        return bool(ends) and set(condition) <= {"from", "until"} and same
    return isinstance(condition, plain)


def _together(filters: list[Filter]) -> Filter:
    """One filter for several bars: a list of values where they differ in one column alone."""
    if len(filters) < 2:
        return dict(filters[0]) if filters else {}
    columns = list(filters[0])
    if all(list(each) == columns for each in filters):
        differing = [
            column for column in columns if any(each[column] != filters[0][column] for each in filters)
        ]
        plain = not any(isinstance(each[column], dict) for each in filters for column in differing)
        if len(differing) == 1 and plain:
            return {**filters[0], differing[0]: [each[differing[0]] for each in filters]}
    return {"any of": filters}


def where(outcomes: pd.DataFrame | HasOutcomes, filter: Filter) -> pd.DataFrame:
    """The calls that a filter means, in the order and with the columns of the frame; all of them for {}.

    Beside the frame's columns, `reason` can be filtered by. Raises KeyError: there is no such column.
    """
    outcomes = outcomes_of(outcomes)
    return outcomes[_fits(outcomes, filter)]


def _fits(outcomes: pd.DataFrame, filter: Filter) -> pd.Series:
    fits = pd.Series(True, index=outcomes.index)
    for column, condition in filter.items():
        if column == "any of":
            some = pd.Series(False, index=outcomes.index)
            for each in condition:
                some |= _fits(outcomes, each)
            fits &= some
            continue
        values = reasons(outcomes) if column == "reason" else outcomes[column]
        if column in _TEXT_COLUMNS:
            values = values.astype(object).where(values.notna(), "")
        if not isinstance(condition, dict):
            fits &= _any(values, condition if isinstance(condition, list) else [condition])
        elif "not in" in condition:
            fits &= ~_any(values, condition["not in"])
        else:
            fits &= _between(values, condition, times=column in _TIMES)
    return fits


def _any(values: pd.Series, allowed: Iterable[Any]) -> pd.Series:
    allowed = list(allowed)
    hits = values.isin([value for value in allowed if value is not None])
    if None in allowed:
        hits = hits | values.isna() | values.astype(object).isin([""])
    return hits.astype(bool)


def _between(values: pd.Series, ends: Mapping[str, Any], *, times: bool) -> pd.Series:
    fits = values.notna()
    for end, value in ends.items():
        bound = pd.Timestamp(value) if times else value
        if times and bound.tzinfo is None:
            bound = bound.tz_localize("UTC")
        compared = values >= bound if end == "from" else values < bound
        fits &= compared.fillna(False).astype(bool)
    return fits


def words(filter: Filter) -> str:
    """A filter in words, as plain text for a caption: `status accepted · agent ann@x.org`; "" for {}."""
    named = {"agent_email": "agent", "product_id": "product", "ended": "answered", "seconds": "answer time"}
    said = []
    for column, condition in filter.items():
        if column == "any of":
            said.append(" or ".join(f"({words(each)})" for each in condition))
            continue
        said.append(f"{named.get(column, column)} {_condition_in_words(condition, column)}")
    return " · ".join(said)


def _condition_in_words(condition: Any, column: str) -> str:
    if isinstance(condition, list):
        return " or ".join(_value_in_words(value) for value in condition)
    if not isinstance(condition, dict):
        return _value_in_words(condition)
    if "not in" in condition:
        return f"other than the {len(condition['not in'])} shown"
    ends = {end: _end_in_words(condition[end], column) for end in ("from", "until") if end in condition}
    return " ".join(f"{end} {value}" for end, value in ends.items())


def _end_in_words(value: Any, column: str) -> str:
    if column in _TIMES:
        return f"{pd.Timestamp(value):%d %b %Y %H:%M:%S} UTC"
    return f"{value:g} s" if column == "seconds" else str(value)


def _value_in_words(value: Any) -> str:
    return "not given" if value is None or value == "" else str(value)


def row_numbers(outcomes: pd.DataFrame) -> pd.Series:
    """Return the row number of each call: the frame's index, or its column `row` where somebody has reset the index."""
    return outcomes["row"] if "row" in outcomes else outcomes.index.to_series()


def _text(outcomes: pd.DataFrame, column: str) -> pd.Series:
    """A column as text, "" where it is empty or not there."""
    if column not in outcomes:
        return pd.Series("", index=outcomes.index, dtype=object)
    values = outcomes[column].astype(object)
    return values.where(values.notna(), "")
