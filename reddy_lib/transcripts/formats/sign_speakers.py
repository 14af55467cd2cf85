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
from reddy_lib.transcripts.roles import leaning
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
_LEGEND = re.compile(
    r"(?P<sign>[^\w\s=:,;|]{1,8})\s?[=:]\s?(?P<who>[^\W\d_][^=:,;|\n]{0,30})|(?P<other>[^\W\d_][^=:,;|\n]{0,30}?)\s?[=:]\s?(?P<shown>[^\w\s=:,;|]{1,8})"
)
_RANGE = re.compile(rf"(?P<start>{STAMP})(?:\D{{1,5}}(?P<stop>{STAMP}))?")


def under_signs(text: str) -> Parsed | None:
    """Return the turns of a text whose lines begin with one of a few signs that take turns; None where they do not.

    A time may stand before the sign or behind it, and lines above the first may say which side a sign stands for.
    """
    rows = [row for row in map(str.strip, text.splitlines()) if row]
    if not rows or rows[0][:1].isalpha():
        return None
    legend, above = _legend(rows)
    turns: list[Turn] = []
    parsed = Parsed("labelled text", turns, aliases=legend)
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
    if above:
        parsed.left_out = [(0, row) for row in rows[:above]]
        parsed.notes.append((-1, of_left_out(rows[:above])))
    return parsed


def _legend(rows: list[str]) -> tuple[dict[str, str], int]:
    """(sign → side, lines) of what the first lines say of the signs; ({}, 0) where they say nothing of them."""
    found: dict[str, str] = {}
    for count, row in enumerate(rows[:2], 1):
        for match in _LEGEND.finditer(row):
            sign, side = match["sign"] or match["shown"], leaning(match["who"] or match["other"])
            if side in ("agent", "customer") and _is_sign(sign):
                found[sign] = side
        if len(found) == 2 and set(found.values()) == {"agent", "customer"}:
            return found, count
    return {}, 0


def _cut(row: str) -> Row | None:
    """The line with its sign as its label; None where it begins with none."""
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
