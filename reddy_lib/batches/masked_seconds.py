"""When what is masked in a call was said: the seconds that must be silent in its recording.

The seconds belong to the call, not to its lines. Where a line that has a mask is deleted, or its mask is overwritten, they
are kept among the decisions about the call (`Decisions.masked`), and undoing the edit removes them. The same applies to
personal data that an edit takes out of its line (`taken_out`).

Only times from the source, and those that a person typed, tell when something was said. The time at which a line was split
is an estimate (`Decisions.estimates`), so either part may have been said anywhere in the whole line.
"""

from __future__ import annotations

import hashlib
import math
import re
from collections import Counter
from collections.abc import Callable, Sequence
from typing import NamedTuple

import msgspec

from reddy_lib.batches.decisions import Decisions, Taken, estimated_times, line_marks
from reddy_lib.batches.line_origins import line_origins, masks_of, new_masks
from reddy_lib.batches.masks import HIDDEN
from reddy_lib.batches.moved_times import in_unit_of
from reddy_lib.batches.removed_codes import FORBIDDEN
from reddy_lib.batches.taken_out import taken_out
from reddy_lib.model import Call, TranscriptLine
from reddy_lib.recordings.redaction import span_of_line

__all__ = [
    "Loaded",
    "MaskedSeconds",
    "keep_masked",
    "lines_in_time",
    "must_be_silent",
    "own_by_line",
    "with_estimate",
]


class Loaded(NamedTuple):
    """A call as it was loaded.

    Attributes:
        call: its payload then.
        marks: of the times of its lines; None where none were stored.
        removed: codes were removed from every copy of the call, so that it looks as if it had been loaded with their masks.
    """

    call: Call
    marks: str | None
    removed: bool


class MaskedSeconds(NamedTuple):
    """Seconds of a call with masked words: of a whole line, without a margin.

    Attributes:
        start: None where nothing tells when the words were said.
        stop: infinity: to the end.
        masks: how many of each mask.
        lines: numbers (from 1) of the lines that have them; empty where no line has them any more.
        said: digests of what these lines say, and of what the lines said that lost a mask. "": not known.
    """

    start: float | None
    stop: float
    masks: Counter[str]
    lines: tuple[int, ...]
    said: frozenset[str] = frozenset()


def must_be_silent(call: Call, decisions: Decisions, loaded: Loaded) -> list[MaskedSeconds]:
    """Return the seconds in which words were said that are masked now, and were not when the call was loaded."""
    found: dict[tuple[float | None, float], MaskedSeconds] = {}

    def add(span: tuple[float, float] | None, masks: Counter[str], lines: tuple[int, ...], said: str) -> None:
        start, stop = span or (None, math.inf)
        had = found.get((start, stop), MaskedSeconds(start, stop, Counter(), ()))
        found[start, stop] = had._replace(
            masks=had.masks + masks, lines=had.lines + lines, said=had.said | {said}
        )

    own = own_by_line(call, loaded)
    timed = lines_in_time(call, decisions, loaded) if own else []
    for number, masks in own.items():
        add(span_of_line(timed, number), masks, (number,), _digest((call.transcript or [])[number - 1]))
    for key, taken in decisions.masked.items():
        add(_read_span(key), masks_of(taken.what), (), taken.said)
    return list(found.values())


def own_by_line(call: Call, loaded: Loaded) -> dict[int, Counter[str]]:
    """Return number of a line (from 1) → the masks in it that the call was not loaded with."""
    now = {
        number: masks
        for number, line in enumerate(call.transcript or (), 1)
        if (masks := masks_of(line.text))
    }
    if not now:
        return {}
    sheet = loaded.call.transcript or []
    kept = FORBIDDEN if loaded.removed else ()  # these masks are never the sheet's
    if not any(mask not in kept for line in sheet for mask in masks_of(line.text)):
        return now
    own: dict[int, Counter[str]] = {}
    lines = call.transcript or []
    for origin in line_origins(sheet, lines):
        own.update(new_masks(sheet, lines, origin))
    for number, masks in now.items():
        if codes := Counter({mask: masks[mask] for mask in kept if mask in masks}):
            own[number] = own.get(number, Counter()) | codes
    return own


def lines_in_time(call: Call, decisions: Decisions, loaded: Loaded) -> list[TranscriptLine]:
    """Return the lines of a call with the times that tell when they were said: without estimates, a part of a split line
    with the times of the whole."""
    lines, original = call.transcript or [], loaded.call.transcript or []
    estimates = {float(time): _read_span(taken.what) for time, taken in decisions.estimates.items()}
    starts, stops = estimated_times(loaded.marks or "", in_unit_of(original, lines))
    marks = line_marks(loaded.marks, original, lines, decisions.estimates)

    def timed(line: TranscriptLine, mark: str) -> TranscriptLine:
        if mark in ("b", "B"):
            return msgspec.structs.replace(line, stop=None)
        if mark != "e":
            return line
        whole = [
            estimates.get(time, None if time in unknown else (time, time))
            for time, unknown in ((_rounded(line.start), starts), (_rounded(line.stop), stops))
            if time is not None
        ]
        known = [span for span in whole if span is not None]
        if len(known) < len(whole) or not estimates.keys() & {_rounded(line.start), _rounded(line.stop)}:
            return msgspec.structs.replace(line, start=None, stop=None)
        stop = max(span[1] for span in known)
        return msgspec.structs.replace(
            line, start=min(span[0] for span in known), stop=None if math.isinf(stop) else stop
        )

    return [timed(line, mark) for line, mark in zip(lines, marks, strict=True)]


def keep_masked(
    before: tuple[Call, Decisions],
    after: tuple[Call, Decisions],
    loaded: Callable[[], Loaded],
    *,
    who: str,
    now: float,
) -> Decisions:
    """Return the decisions after an edit, with the seconds of masks and personal data that the edit took out of lines.

    Nothing is kept for a line that has its loaded words again.
    """
    (old, had), (new, has) = before, after
    if old.transcript == new.transcript:
        return has
    has = _moved(old.transcript or [], new.transcript or [], has)
    out = taken_out(old, new)
    if not out and not any(HIDDEN.search(line.text) for line in old.transcript or ()):
        return has
    of_sheet = loaded()
    own = own_by_line(old, of_sheet)
    if not (own or out) or new.transcript == of_sheet.call.transcript:
        return has
    lines, sheet = new.transcript or [], of_sheet.call.transcript or []
    became = {number: one.new for one in line_origins(old.transcript or [], lines) for number in one.old}
    was = {number: one.old for one in line_origins(sheet, old.transcript or []) for number in one.new}
    again = {
        one.new: one.old
        for one in line_origins(sheet, lines)
        if [_told(sheet[number - 1]) for number in one.old]
        == [_told(lines[number - 1]) for number in one.new]
    }
    left = own_by_line(new, of_sheet)
    timed = lines_in_time(old, had, of_sheet)
    kept = dict(has.masked)
    for number in sorted({*own, *out}):
        there = became.get(number, ())
        lost = own.get(number, Counter()) - sum((left.get(one, Counter()) for one in there), Counter())
        lost |= out.get(number, Counter())
        if lost and not (there in again and again[there] == was.get(number)):
            span = span_of_line(timed, number)
            key = f"line-{number}" if span is None else _span_key(span)
            told = Taken(
                " ".join(lost.elements()), who, now, said=_digest((old.transcript or [])[number - 1])
            )
            kept[key] = _both(kept.get(key), told)
    return msgspec.structs.replace(has, masked=kept)


def _both(had: Taken | None, told: Taken) -> Taken:
    """Return what was masked in the same seconds at two times."""
    if had is None:
        return told
    masks = masks_of(had.what) | masks_of(told.what)
    said = told.said if told.said == had.said else ""
    return msgspec.structs.replace(told, what=" ".join(masks.elements()), said=said)


def with_estimate(
    call: Call,
    decisions: Decisions,
    loaded: Loaded,
    number: int,
    middle: float | None,
    *,
    who: str,
    now: float,
) -> Decisions:
    """Return the decisions after line `number` of this call is split at a time that was estimated."""
    if middle is None:
        return decisions
    span = span_of_line(lines_in_time(call, decisions, loaded), number)
    taken = Taken("" if span is None else _span_key(span), who, now)
    return msgspec.structs.replace(decisions, estimates={**decisions.estimates, _time_key(middle): taken})


def _moved(old: Sequence[TranscriptLine], new: Sequence[TranscriptLine], has: Decisions) -> Decisions:
    """Return the decisions with their times changed as those of all lines were: another unit, or a later start."""
    if not (has.masked or has.estimates) or [line.text for line in old] != [line.text for line in new]:
        return has
    times = sorted(
        (a, b)
        for one, other in zip(old, new, strict=True)
        for a, b in ((one.start, other.start), (one.stop, other.stop))
        if a is not None and b is not None
    )
    if not times or all(a == b for a, b in times):
        return has
    (first, to), (last, end) = times[0], times[-1]
    factor = (end - to) / (last - first) if last > first else 1.0
    if factor <= 0 or any(abs(to + factor * (a - first) - b) > 0.01 + 1e-6 * abs(b) for a, b in times):
        return has  # single times were changed: the seconds stay where they were

    became = {round(a, 6): b for a, b in times}  # exactly, because a line is found by it

    def moved(key: str) -> str:
        span = _read_span(key)
        return (
            key
            if span is None
            else _span_key((to + factor * (span[0] - first), to + factor * (span[1] - first)))
        )

    def taken(one: Taken) -> Taken:
        return msgspec.structs.replace(one, what=moved(one.what))

    return msgspec.structs.replace(
        has,
        masked={moved(key): one for key, one in has.masked.items()},
        estimates={
            _time_key(became.get(float(time), to + factor * (float(time) - first))): taken(one)
            for time, one in has.estimates.items()
        },
    )


def _told(line: TranscriptLine) -> tuple[float | None, float | None, str]:
    return line.start, line.stop, line.text


def _digest(line: TranscriptLine) -> str:
    """Return a digest of what a line says. Numbers are left out of it: a short one could be found again by trying."""
    return hashlib.sha256(re.sub(r"\d+", "0", line.text).encode("utf-8", "replace")).hexdigest()[:16]


def _rounded(time: float | None) -> float | None:
    return None if time is None else round(time, 6)


def _time_key(time: float) -> str:
    return f"{time:.6f}".rstrip("0").rstrip(".")


def _span_key(span: tuple[float, float]) -> str:
    """(2.0, 5.5) → "2-5.5"; to the end: "2-"."""
    start, stop = span
    return f"{_time_key(start)}-{'' if math.isinf(stop) else _time_key(stop)}"


def _read_span(key: str) -> tuple[float, float] | None:
    """Read what `_span_key` wrote; None for a line without a time."""
    start, _, stop = key.partition("-")
    if not start or start == "line":
        return None
    return float(start), float(stop) if stop else math.inf
