"""Columns of durations: clocks, ISO durations, words, bare numbers, and in which unit they can be meant.

A clock of two parts is minutes and seconds, or hours and minutes; a number is seconds, milliseconds, minutes or more.
What no call lasts is ruled out; what is left is returned, the most plausible first.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence
from datetime import datetime, time, timedelta
from statistics import median
from typing import NamedTuple

from reddy_lib.transcripts.date_words import fold_words, plain_text

__all__ = ["DurationEvidence", "duration_evidence", "read_duration"]

_CLOCK = re.compile(r"(\d{1,4}):([0-5]?\d)(?::([0-5]?\d))?(?:[.,](\d{1,6}))?")
_ISO = re.compile(
    r"p(?:(\d+)d)?(?:t(?:(\d+(?:[.,]\d+)?)h)?(?:(\d+(?:[.,]\d+)?)m)?(?:(\d+(?:[.,]\d+)?)s)?)?", re.IGNORECASE
)
_NUMBER = re.compile(r"-?\d+(?:[.,]\d+)?")
_PART = re.compile(r"(\d+(?:[.,]\d+)?)\s?([^\W\d_]+\.?|['\"])\s*")
_UNITS_TEXT = """
0.001 ms msec msek millisecond milliseconds millisekunden мс
1 s sec secs second seconds sek sekunde sekunden sekunder secondes seconde segundo segundos secondi secondo sn saniye
1 sekund sekundy sekunti sekuntia mp сек с секунд 秒 초 giay detik วนาที
60 m min mins minute minutes minuten minutter minuter minuto minutos minuti dk dakika minut minuty minuuttia perc мин
60 минут хв 分 分钟 分間 분 phut menit ' นาที
3600 h hr hrs hour hours std stunde stunden heure heures hora horas ora ore uur timer timme timmar sa saat godz
3600 hodin tuntia час часа часов ч год 小时 小時 時間 시간 gio jam ชวโมง
86400 d day days tag tage jour jours dia dias
"""
_UNIT_WORDS = {
    word: float(factor)
    for factor, *words in (line.split() for line in _UNITS_TEXT.split("\n") if line)
    for word in [*words, *(['"'] if factor == "1" else [])]
}
_FACTORS = {
    "s": 1.0, "ms": 0.001, "min": 60.0, "h": 3600.0, "days": 86_400.0, "mm:ss": 1.0, "h:mm": 60.0,
}  # fmt: skip
"""Unit → seconds; a clock of two parts is read as minutes and seconds first, so that "h:mm" is 60 times as much."""
_NAMED_UNITS = (
    ("ms", re.compile(r"\bms\b|milli|msec")),
    ("s", re.compile(r"\bs\b|\bsec|\bsek|seconds?\b|sekund|secondi|segundos|secondes|秒|초|сек")),
    ("min", re.compile(r"\bmin|minut|分|분|мин")),
    ("h", re.compile(r"\bh\b|hours?\b|stunden|\bstd\b|heures|horas")),
)
_SHORTEST, _USUAL, _LONGEST = 3.0, 240.0, 4 * 3600.0


class DurationEvidence(NamedTuple):
    """How much a column looks like durations of calls.

    Attributes:
        share: of the filled cells that can be read as a duration.
        form: "clock", "ISO", "words", "number" or "".
        units: in which they can be meant, the most plausible first; one where the form or the name says it.
        named: whether the name of the column says the unit.
        low, high: seconds, in the first unit; None where nothing was read.
    """

    share: float
    form: str
    units: list[str]
    named: bool
    low: float | None
    high: float | None


def read_duration(cell: object, unit: str = "s") -> float | None:
    """Return the seconds of a cell; None if it is no duration.

    Args:
        unit: of numbers ("s", "ms", "min", "h", "days") and of clocks of two parts ("mm:ss", "h:mm").
    """
    form, value = _read(cell)
    if not form:
        return None
    if form == "number":
        return value * _FACTORS.get(unit, 1.0)
    return value * 60 if form == "short clock" and unit == "h:mm" else value


def duration_evidence(cells: Sequence[object], *, name: str = "") -> DurationEvidence:
    """Return how much a column looks like durations of calls, and in which units; empty cells do not count."""
    filled = [
        cell for cell in cells if cell not in (None, "") and not (isinstance(cell, str) and cell.isspace())
    ]
    read = [found for cell in filled if (found := _read(cell))[0]]
    if not read:
        return DurationEvidence(0, "", [], False, None, None)
    form = Counter(form for form, _ in read).most_common(1)[0][0]
    values = [value for kind, value in read if kind == form and value > 0]
    share = len(read) / len(filled)
    said = _named_unit(name)
    if form == "number":
        candidates = _plausible(values, ("s", "min", "ms", "h", "days"))
        if said:
            candidates = (
                [said, *(unit for unit in candidates if unit != said)] if said in candidates else [said]
            )
    elif form == "short clock":
        candidates = _plausible(values, ("mm:ss", "h:mm"))
        if said in ("h", "min"):
            candidates = ["h:mm"] if said == "h" else ["mm:ss"]
    else:
        candidates = ["s"]
    factor = _FACTORS[candidates[0]] if candidates else 1.0
    shown = "clock" if form == "short clock" else form
    low, high = (min(values) * factor, max(values) * factor) if values else (None, None)
    return DurationEvidence(share if candidates else 0, shown, candidates, bool(said), low, high)


def _plausible(values: Sequence[float], units: Sequence[str]) -> list[str]:
    """Units in which the values are lengths of calls, the nearest to the usual length first."""
    if not values:
        return list(units[:1])
    middle, most = median(values), max(values)
    fitting = [
        (abs(math.log(middle * _FACTORS[unit] / _USUAL)), unit)
        for unit in units
        if middle * _FACTORS[unit] >= _SHORTEST and most * _FACTORS[unit] <= _LONGEST
    ]
    return [unit for _, unit in sorted(fitting)]


def _named_unit(name: str) -> str:
    folded = re.sub(r"[_\W]+", " ", fold_words(plain_text(name)))
    return next((unit for unit, words in _NAMED_UNITS if words.search(folded)), "")


def _read(cell: object) -> tuple[str, float]:
    """(form, seconds or number); ("", 0) if it is no duration."""
    if isinstance(cell, bool):
        return "", 0
    if isinstance(cell, int | float):
        return ("number", float(cell)) if 0 <= cell < 1e12 else ("", 0)
    if isinstance(cell, timedelta):
        return "clock", cell.total_seconds()
    if isinstance(cell, datetime):
        if cell.year > 1904:
            return "", 0
        cell = cell.time()
    if isinstance(cell, time):
        seconds = cell.hour * 3600 + cell.minute * 60 + cell.second + cell.microsecond / 1e6
        # 3:20 typed for three minutes is 3 hours to a spreadsheet program.
        return ("short clock", seconds / 60) if not cell.second and cell.hour else ("clock", seconds)
    if not isinstance(cell, str) or not 1 <= len(cell) <= 40:
        return "", 0
    return _read_text(plain_text(cell))


def _read_text(text: str) -> tuple[str, float]:
    if _NUMBER.fullmatch(text):
        number = float(text.replace(",", "."))
        return ("number", number) if 0 <= number < 1e12 else ("", 0)
    if match := _CLOCK.fullmatch(text):
        first, second, third = int(match[1]), int(match[2]), match[3]
        part = float("0." + match[4]) if match[4] else 0.0
        if third is None:
            return "short clock", first * 60 + second + part
        return "clock", first * 3600 + second * 60 + int(third) + part
    if len(text) > 2 and (match := _ISO.fullmatch(text)):
        numbers = [float((part or "0").replace(",", ".")) for part in match.groups()]
        return "ISO", sum(map(float.__mul__, numbers, (86_400.0, 3600.0, 60.0, 1.0)))
    seconds = 0.0
    place = 0
    folded = fold_words(text)
    while match := _PART.match(folded, place):
        factor = _UNIT_WORDS.get(match[2].rstrip("."))
        if factor is None:
            return "", 0
        seconds += float(match[1].replace(",", ".")) * factor
        place = match.end()
    return ("words", seconds) if place and place == len(folded) else ("", 0)
