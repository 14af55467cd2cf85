"""Texts in which signs stand for who speaks: an emoji, "●" and "▶", ">>" and "<<" at the begin of each line."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from itertools import pairwise

from reddy_lib.transcripts.formats.arrow_signs import ANY_ARROW, is_arrow
from reddy_lib.transcripts.formats.arrows import STAMPED
from reddy_lib.transcripts.formats.text_rows import Row
from reddy_lib.transcripts.formats.turn_building import of_left_out, read_moments
from reddy_lib.transcripts.stamps import STAMP
from reddy_lib.transcripts.turns import Parsed, Turn

__all__ = ["under_signs"]

_TIME = rf"[\[(]?\s?(?P<time>{STAMP})(?:\s?(?:-{{1,2}}>|[-–—→])\s?(?P<stop>{STAMP}))?\s?[\])]?"
_ROW = re.compile(
    rf"(?P<sign>[\[({{]\s?{ANY_ARROW}\s?[\])}}]|{ANY_ARROW}|[^\w\s]{{1,10}})\s*(?:[:：|]\s*)?(?:{_TIME}\s*(?:[|:–—-]\s*)?)?(?P<text>\S.*)",
    re.DOTALL,
)
_SIGNS = frozenset(("So", "Sm", "Sk"))
_JOINERS = frozenset(("Cf", "Mn", "Me"))
_MOST = 4
_AROUND = "[](){} :："
_MOST_NAMES, _OPENING = 8, 1000
_SPEAKER = re.compile(r"(?P<who>\+?[^\W_][^\n:：|\t.?!]{0,40}?)\s{0,3}[:：|\t]\s{0,3}(?=\S)")
_MARK = rf"[\[({{]\s?{ANY_ARROW}\s?[\])}}]|{ANY_ARROW}|[^\w\s=:,;|]{{1,8}}"
_LEGEND = re.compile(
    rf"(?P<sign>{_MARK})\s?[=:]\s?(?P<who>[^\W\d_][^=:,;|\n]{{0,30}}?)(?=\s*(?:[,;|/]|$))"
    rf"|(?P<other>[^\W\d_][^=:,;|\n]{{0,30}}?)\s?[=:]\s?(?P<shown>{_MARK})(?=\s*(?:[,;|/]|$))"
)
_RANGE = re.compile(rf"(?P<start>{STAMP})(?:\D{{1,5}}(?P<stop>{STAMP}))?")


def under_signs(text: str) -> Parsed | None:
    """Return the turns of a text whose lines begin with one of a few signs that take turns; None where they do not.

    A time may come before or after the sign, a label after it, and lines above may say who a sign stands for.
    """
    opening = [row for row in map(str.strip, text[:_OPENING].splitlines()) if row][:2]
    if not opening or (_cut(opening[0]) is None and _legend(opening) == ({}, 0)):
        return None
    rows = [row for row in map(str.strip, text.splitlines()) if row]
    legend, above = _legend(rows)
    turns: list[Turn] = []
    parsed = Parsed("labelled text", turns)
    for row in rows[above:]:
        cut = _cut(row)
        if cut is not None:
            turn = Turn(cut.label, cut.text)
            turn.start, turn.stop = read_moments(cut, parsed)
            turns.append(turn)
        elif turns:
            turns[-1].text += f"\n{row}"  # the line above goes on
        else:
            return None
    counts = Counter(turn.label for turn in turns)
    changes = sum(one.label != other.label for one, other in pairwise(turns))
    if not 2 <= len(counts) <= _MOST or len(turns) < 3 or max(counts.values()) < 2 or changes < 2:
        return None
    if not _named(turns):
        for turn in turns:
            turn.label = legend.get(turn.label, turn.label)
    if above:
        parsed.left_out = [(0, row) for row in rows[:above]]
        parsed.notes.append((-1, of_left_out(rows[:above])))
    return parsed


def _named(turns: list[Turn]) -> bool:
    """Take the labels behind the signs, where nearly all turns have one: `→ Agent: Hello`."""
    found = [_SPEAKER.match(turn.text) for turn in turns]
    labels = Counter(match["who"].strip() for match in found if match is not None)
    if sum(labels.values()) < 0.8 * len(turns) or not 2 <= len(labels) <= _MOST_NAMES:
        return False
    if max(labels.values()) < 2 or 2 * len(labels) > sum(labels.values()) + 1:
        return False
    for turn, match in zip(turns, found, strict=True):
        if match is not None:
            turn.label, turn.text = match["who"].strip(), turn.text[match.end() :].strip()
        else:
            turn.label = ""
    return True


def _legend(rows: list[str]) -> tuple[dict[str, str], int]:
    """(sign → who it stands for, lines) of what the first lines say of two or more signs; else ({}, 0)."""
    found: dict[str, str] = {}
    for count, row in enumerate(rows[:2], 1):
        if "=" not in row and ":" not in row:
            return {}, 0
        told = [
            ((match["sign"] or match["shown"]).strip(_AROUND), (match["who"] or match["other"]).strip())
            for match in _LEGEND.finditer(row)
        ]
        if not told or not all(_is_sign(sign) for sign, _ in told):
            return {}, 0
        found.update(told)
        if 2 <= len(found) <= _MOST and len(set(found.values())) == len(found):
            return found, count
    return {}, 0


def _cut(row: str) -> Row | None:
    """The line with its sign as its label; None where it begins with none."""
    if row[:1].isalpha():
        return None
    match = _ROW.fullmatch(row)
    span = ""
    if match is None or not _is_sign(match["sign"].strip(_AROUND)):
        stamped = STAMPED.fullmatch(row)
        if stamped is None or stamped["time"] is None:
            return None
        span = stamped["time"]
        match = _ROW.fullmatch(stamped["rest"])
        if match is None or not _is_sign(match["sign"].strip(_AROUND)):
            return None
    start, stop = match["time"] or "", match["stop"] or ""
    moments = _RANGE.match(span) if span else None
    if moments is not None:
        start, stop = moments["start"], moments["stop"] or ""
    return Row(row, match["sign"].strip(_AROUND), match["text"], start, stop, "")


def _is_sign(text: str) -> bool:
    """Return whether a text is one sign that may stand for a person: an emoji with its modifiers, a shape, an arrow."""
    if is_arrow(text):
        return True
    kinds = [unicodedata.category(char) for char in text]
    signs = sum(kind in _SIGNS for kind in kinds)
    return not text.isascii() and signs > 0 and all(kind in _SIGNS or kind in _JOINERS for kind in kinds)
