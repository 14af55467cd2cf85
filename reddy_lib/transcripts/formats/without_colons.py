"""Texts whose labels have no colon, and texts without any: labels on lines of their own, lines of one style, bare lines."""

from __future__ import annotations

import re
from itertools import pairwise

from reddy_lib.transcripts.formats.said_signs import SAID_SIGNS
from reddy_lib.transcripts.formats.styles import ARROW, same_style
from reddy_lib.transcripts.formats.text_rows import ARTICLE, Known, Row, could_be_a_name
from reddy_lib.transcripts.formats.turn_building import read_moments
from reddy_lib.transcripts.roles import fold, role_of
from reddy_lib.transcripts.times import CLOCK
from reddy_lib.transcripts.turns import Parsed, Turn, no_speakers

__all__ = ["AROUND", "CLOCK_ALONE", "labels_alone", "of_one_style", "without_speakers"]

_PARTED = re.compile(r"(?P<label>[^\t\n|>–—-]{1,40}?)(?:\t|\s{1,4}[-–—|>]\s|>\s)(?P<rest>.*)", re.DOTALL)


def labels_alone(rows: list[Row], known: Known) -> tuple[list[Row], set[str]] | None:
    """Labels without a colon: on lines of their own, or before a tab or a dash. Two different roles are needed."""
    alone: dict[int, tuple[str, str]] = {}  # place of the row → (label, the text behind it)
    for place, row in enumerate(rows):
        if row.label:
            continue
        whole = row.text or row.raw
        parted = _PARTED.match(whole)
        if parted and not ARTICLE.match(whole) and known.is_bare_role(parted["label"].strip(AROUND)):
            alone[place] = parted["label"].strip(AROUND), parted["rest"].strip()
        elif len(plain := whole.strip(AROUND)) <= 40 and known.is_bare_role(plain):
            alone[place] = plain, ""
    labels = {label for label, _ in alone.values()}
    if len({role_of(label, known.roles) or fold(label) for label in labels}) < 2:
        return None
    found: list[Row] = []
    for place, row in enumerate(rows):
        if place in alone:
            label, text = alone[place]
            found.append(row._replace(label=label, text=text))
        elif row.start and not row.label and not row.text:
            found.append(row)
        else:
            found.append(Row(row.raw, "", row.raw, "", "", ""))
    return found, labels


def of_one_style(rows: list[Row], known: Known) -> tuple[list[Row], set[str]] | None:
    """The rows by the style that nearly all of them share, whatever their labels are; None where there is none."""
    if not 2 <= len(rows) <= 5000:
        return None
    found = same_style(
        [row.raw for row in rows],
        lambda label: not ARTICLE.match(label) and could_be_a_name(label),
        lambda label: not ARTICLE.match(label) and known.is_bare_role(label),
    )
    if found is None:
        return None
    taken = [
        row if styled is None else Row(row.raw, styled.label, styled.text, styled.start, styled.stop, "")
        for row, styled in zip(rows, found, strict=True)
    ]
    labels = {styled.label for styled in found if styled is not None}
    return [row if row.label in labels else Row(row.raw, "", row.raw, "", "", "") for row in taken], labels


def without_speakers(rows: list[Row]) -> Parsed:
    parsed = Parsed("no speakers", [])
    for row in _under_clocks(rows):
        turn = Turn("", row.raw)
        if row.start and not row.label and row.text:
            turn.text = row.text
            turn.start, turn.stop = read_moments(row, parsed)
        parsed.turns.append(turn)
    parsed.notes.append((-1, no_speakers(len(parsed.turns))))
    return parsed


_AROUND_CLOCK = rf"[^\w{SAID_SIGNS}]{{0,3}}"
CLOCK_ALONE = re.compile(rf"{_AROUND_CLOCK}(?P<start>{CLOCK})(?:{ARROW}(?P<stop>{CLOCK}))?{_AROUND_CLOCK}")


def _under_clocks(rows: list[Row]) -> list[Row]:
    """Return the rows, each clock with the words below it as one, where a clock on a line of its own stands above each.

    A clock whose seconds go on beyond 59 ("0:62") counts seconds as well as minutes, so it is read as it is meant.
    """
    clocks = [CLOCK_ALONE.fullmatch(row.raw) if len(row.raw) < 40 else None for row in rows]
    count = sum(clock is not None for clock in clocks)
    if count < 2 or 4 * count < len(rows) or clocks[0] is None:
        return rows
    if any(one is not None and other is not None for one, other in pairwise(clocks)):
        return rows
    found: list[Row] = []
    for row, clock in zip(rows, clocks, strict=True):
        if clock is not None:
            start, stop = _carried(clock["start"]), _carried(clock["stop"] or "")
            found.append(Row(row.raw, "", "", start, stop, ""))
        else:
            last = found[-1]
            found[-1] = last._replace(text=f"{last.text}\n{row.raw}" if last.text else row.raw)
    return found


def _carried(clock: str) -> str:
    """Return a clock of minutes and seconds with at most 59 seconds."""
    minutes, _, seconds = clock.partition(":")
    if not (minutes.isdecimal() and seconds.isdecimal() and len(seconds) == 2):
        return clock
    whole = 60 * int(minutes) + int(seconds)
    return f"{whole // 60}:{whole % 60:02}"


AROUND = "*_#[]<> \t"
