"""Count, group and filter outcomes.

The *outcomes frame* has one line per call, with the row number as its index (see `COLUMNS`). Every function takes a frame
and leaves it unchanged. Servers repeat one refusal with different values (`invalid agent ann@x.org`), so `reason` removes
addresses and numbers from a message; equal reasons can then be counted, and `what_next` suggests a fix for each.

A *filter* selects calls, as data that survives JSON. Per column it holds one value, a list of values (any of them; None
matches missing values), `{"not in": [...]}`, or a half-open range `{"from": …, "until": …}`. A call must match every
column. `{"any of": [filter, …]}` combines filters that cannot be merged into one.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any, Protocol

import pandas as pd

from reddy_lib.batches.frames import SHOWN_OUTCOME_COLUMNS

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

COLUMNS: tuple[str, ...] = SHOWN_OUTCOME_COLUMNS
"""The columns of an outcomes frame as a table: its index `row` first."""

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
"""The order in which outcomes are shown: final statuses first, waiting ones last."""

TURNED_AWAY: tuple[str, ...] = ("rejected", "failed", "unknown")
"""Statuses that need the analyst's attention and therefore have a reason."""

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
    """A batch or a submission: an object that returns an outcomes frame."""

    def outcomes(self) -> pd.DataFrame:
        """Return the outcomes frame."""


def outcomes_of(source: pd.DataFrame | HasOutcomes, *columns: str) -> pd.DataFrame:
    """Return the frame itself, or the outcomes frame of a batch or submission.

    Args:
        columns: that the frame needs besides `status`.

    Raises:
        TypeError: it is something else.
        ValueError: the frame lacks a column, so it does not hold outcomes.
    """
    if isinstance(source, pd.DataFrame):
        missing = [column for column in ("status", *columns) if column not in source]
        if missing and len(source):  # an empty frame may have no columns at all
            raise ValueError(
                f"This DataFrame does not hold outcomes: it has no column {missing[0]!r}. Pass a batch, a submission, "
                "or what their outcomes() returns."
            )
        return source
    if not hasattr(source, "outcomes"):
        raise TypeError(f"Pass a batch, a submission, or their outcomes(), not {type(source).__name__}.")
    return source.outcomes()


def summary(outcomes: pd.DataFrame | HasOutcomes) -> dict[str, int]:
    """Return the number of calls in total and by status: `{"calls": 120, "accepted": 117, "rejected": 2, …}`.

    All nine statuses are present in the order of `STATUSES`, including zeros, and sum to `calls`.
    """
    outcomes = outcomes_of(outcomes)
    counts = _text(outcomes, "status").value_counts()
    found = {str(name): int(count) for name, count in counts.items()}
    ordered = {name: found.pop(name, 0) for name in STATUSES}
    return {"calls": len(outcomes), **ordered, **dict(sorted(found.items()))}


# ------------------------------------------------------------------------------------------------- reasons

_URL = re.compile(r"\bhttps?://\S+", re.IGNORECASE)
_ADDRESS = re.compile(r"[^\s<>()\[\]{}\"'`,;:=]+@[^\s<>()\[\]{}\"'`,;:=]+")
# Status codes stay in a reason because they differ in meaning; every other number identifies a single call.
_CODE = re.compile(r"\b(HTTP(?:/\d(?:\.\d)?)?(?: status)?|status(?: code)?)[ :=]+(\d{3})\b", re.IGNORECASE)
_NUMBERED = re.compile(r"[^\s\"'`()\[\]{}<>,;:=]*\d[^\s\"'`()\[\]{}<>,;:=]*")
_ELLIPSES = re.compile(r"…(?:[\s.,]*…)+")
_LONGEST = 200


def reason(message: str) -> str:
    """Return a server's message without its addresses and numbers; "" for an empty message.

    `invalid agent ann@x.org` and `invalid agent "bo@x.org".` both become `invalid agent …`. Status codes (`HTTP 502`)
    stay, because they differ in meaning. The result has at most 200 characters.
    """
    text = " ".join(message.split())
    codes: list[str] = []

    def keep(match: re.Match[str]) -> str:
        codes.append(match[0])
        # The placeholder (private use) has no digit, so the number pattern does not match it.
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
    """Return the reason of each call, on the frame's index; "" for calls that were not rejected, failed or unknown.

    A call without a message gets "HTTP 500 without a message", or "no reason given".
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
    return "no reason given" if pd.isna(code) else f"HTTP {int(code)} without a message"


_OWN_WORDS = re.compile("the call was (?:refused: not found|refused \\(|not taken)")


def what_next(status: str, http_status: int | None = None, message: str = "") -> str:
    """Return what the analyst can do about a call with this outcome; "" if there is nothing to do."""
    said = message.casefold()
    if status == "unknown":
        return "May have reached Reddy: ask Reddy before anything is sent again."
    if status == "failed":
        if "safe to send again" in said:
            return "Send again: nothing reached Reddy."
        if http_status == 429:
            return "Reddy asked to slow down. Wait a little, then send again with fewer at a time."
        if http_status == 503:
            return "Reddy was unavailable and processed nothing. Send again later."
        return "Nothing reached Reddy. Check the network and the address, then send again."
    if status != "rejected":
        return ""
    if _OWN_WORDS.match(said):
        said = ""  # without a reason from Reddy, this is the workbench's own sentence: the fields it names prove nothing
    if http_status in (401, 403) and "agent" not in said:
        return "The token was refused. Check the token, then send again."
    if "agent" in said or "user" in said:
        return (
            "The email matches no active Reddy user: correct it, or have the user activated in "
            "Reddy, then send again."
        )
    if "product" in said:
        return "Choose a product from Reddy's list, then send again."
    if http_status == 404:
        return "Reddy did not find what was requested. Check the address of Reddy."
    if http_status == 413:
        return "Too large for Reddy. Shorten the transcript, or split it."
    if http_status == 429:
        return "Reddy asked to slow down. Wait a little, then send again with fewer at a time."
    if not said:
        return "Check the agent, the product and the transcript, then send again."
    return "Read Reddy's reason, correct the field that it names, then send again."


def reasons_table(outcomes: pd.DataFrame | HasOutcomes, *, examples: int = 5) -> pd.DataFrame:
    """Count why calls were rejected, failed or are unknown, most frequent reason first.

    Columns: reason (str), status (str), http_status (Int64), calls (int), rows (str: the first few row numbers,
    "3, 17, 20 …"), message (str: Reddy's words for the first such call), what_next (str). An empty result has the same
    columns.
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
    """Return a filter for the bars that were clicked in a chart; {} if there are none.

    Args:
        selection: the return value of `st.plotly_chart(…, on_select="rerun")`.
        chart: "status", "product", "agent", "over_time", "reasons" or "seconds".

    A browser's data is not trusted: bars whose filter this chart could not have made are ignored.

    Raises:
        KeyError: there is no such chart.
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
    """Return the filters of all charts after one of them reported a selection.

    An empty selection removes that chart's filter, unless the chart was `redrawn` since the click: new numbers clear the
    selection in the browser without an action by the user.
    """
    others = {name: filter for name, filter in filters.items() if name != chart}
    if found:
        return {**others, chart: found}
    if redrawn and chart in filters:
        return {**others, chart: filters[chart]}
    return others


def _bar(customdata: Any, columns: tuple[str, ...]) -> Filter | None:
    """Return the filter of a bar: JSON text, alone or first in a list; None if it is not valid."""
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
    """Merge the filters of several bars: into a list of values if they differ in one column only."""
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
    """Return the calls that match a filter, in the frame's order and with its columns; all calls for {}.

    A filter may also name `reason`. Raises KeyError if a column does not exist.
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
    """Return a filter in words for a caption, in plain text: `status accepted · agent ann@x.org`; "" for {}."""
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
    """Return the row number of each call: from the index, or from the column `row` after a `reset_index`."""
    return outcomes["row"] if "row" in outcomes else outcomes.index.to_series()


def _text(outcomes: pd.DataFrame, column: str) -> pd.Series:
    """Return a column as text; "" for missing values, or if there is no such column."""
    if column not in outcomes:
        return pd.Series("", index=outcomes.index, dtype=object)
    values = outcomes[column].astype(object)
    return values.where(values.notna(), "")
