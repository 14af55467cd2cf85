"""Times of day in a text: 17:46, 5:46 PM, 午後1時05分, kl. 13.05, 13 h 05, 1:05 öğleden sonra."""

from __future__ import annotations

import re
from typing import NamedTuple

from reddy_lib.transcripts.date_words import FILLERS, Half, fold_words, lexicon, plain_text

__all__ = [
    "AT",
    "DOTS",
    "WORD",
    "Clock",
    "clock_of_match",
    "make_clock",
    "read_clock",
    "taken_clock",
    "taken_hour",
    "unknown_words",
]

AT = "\x1f"
"""Where the clock stood, after it was taken out."""
_COLONS = re.compile(
    r"(?<![\d:+.\-])(\d{1,2})\s?:\s?(\d{2})(?:\s?:\s?(\d{2})(?:[.,:](\d{1,9}))?)?s?(?![\d:])"
)
_UNITS = re.compile(
    r"(?<!\d)(?<!\d[.:])(\d{1,2})\s?(?:時|时|시|點|点|(?:h(?:rs?|ours?|eures?|oras?)?|uhr|uur)(?![^\W\d])|час(?:а|ов)?|ч|gio)\s?"
    r"(?:(\d{2}|\d(?=\s?[分분])|半)(?!\d|\s?[./\-年])\s?(?:分|분|min\.?|m(?![^\W\d])|мин(?:ут[аы]?)?\.?|phut)?\s?"
    r"(?:(\d{1,2})(?!\d|\s?[./\-年])\s?(?:秒|초|s(?![^\W\d])|sec|giay)?)?)?"
)
DOTS = re.compile(
    r"(?<![\d.\-/])(\d{1,2})\.(\d{2})(?:\.(\d{2})(?:[.,](\d{1,9}))?)?(?![\d\-/]|\.\d)(?!\s?[./]\s?\d)"
)
_HOUR = re.compile(r"(?<![\d:.\-/+])(\d{1,2})(?=\s?[^\W\d])")
_SURE_HALF = 4
"""Letters of a word that means half of a day wherever it stands. Shorter ones, such as "de", have other meanings."""
_DASHES = re.compile(r"(?<=\d)[_T\s-](\d{2})-(\d{2})-(\d{2})$")
WORD = re.compile(rf"\d+|[^\s\d,;()/\[\]\-:+|_{AT}]+")


class Clock(NamedTuple):
    """A time of day. `parts`: 2 with minutes, 3 with seconds, 0 without a time. `half`: AM or PM as written."""

    hour: int = 0
    minute: int = 0
    second: int = 0
    micro: int = 0
    parts: int = 0
    half: Half | None = None


def make_clock(
    hour: int, minute: int, second: int, micro: int, half: Half | None, parts: int
) -> Clock | None:
    """Return the time of day; None if there is no such one. 0 PM and 13 PM occur: both can mean one hour only."""
    if half == "pm" and hour < 12:
        hour += 12
    elif half == "am":
        if hour > 12:
            return None
        hour %= 12
    elif half == "noon":
        hour += 12 if hour < 10 else 0
    elif half == "night":
        hour = hour % 12 + (12 if 6 <= hour < 12 else 0) if hour <= 12 else hour
    if hour > 23 or minute > 59 or second > 59:
        return None
    return Clock(hour, minute, second, micro, parts, half)


def read_clock(text: str) -> Clock | None:
    """Read a time of day without a date: 17:46, 5:46 PM, 午後1時05分, kl. 13.05, 13 Uhr. Return None for other text."""
    plain = fold_words(plain_text(text))
    if len(plain) > 40 or not any(mark.isdigit() for mark in plain):
        return None
    clock, rest = taken_clock(plain)
    if clock is not None and not clock.parts:
        match = DOTS.search(plain)
        clock, rest = taken_hour(plain) if match is None else clock_of_match(match, plain)
        if clock is not None and not clock.parts:
            return None
    return None if clock is None or unknown_words(rest) else clock


def unknown_words(text: str) -> list[str]:
    return [word for word in WORD.findall(text) if (bare := word.strip(".'\"")) and bare not in FILLERS]


def taken_clock(text: str) -> tuple[Clock | None, str]:
    """Return the clock and the rest; a clock with 0 parts if the text has no time, None if it is invalid."""
    match = _COLONS.search(text) or _UNITS.search(text) or _DASHES.search(text)
    return clock_of_match(match, text) if match else (Clock(), text)


def clock_of_match(match: re.Match[str], text: str) -> tuple[Clock | None, str]:
    hour, minute, second, *fraction = match.groups()
    before, after = text[: match.start()], text[match.end() :]
    half, before, after = _taken_half(before, after)
    micro = int(fraction[0][:6].ljust(6, "0")) if fraction and fraction[0] else 0
    minutes = 30 if minute == "半" else int(minute or 0)
    clock = make_clock(int(hour), minutes, int(second or 0), micro, half, 3 if second else 2)
    return clock, f"{before} {AT}{after}"


def taken_hour(text: str) -> tuple[Clock | None, str]:
    """Return a clock that is an hour and its half of the day (2pm, 2 de la tarde), and the rest; as `taken_clock` does."""
    for match in _HOUR.finditer(text):
        half, after = _half_after(text[match.end() :])
        if half is not None:
            said = text[match.end() : len(text) - len(after)].strip(" .").replace(".", "")
            if len(said) >= _SURE_HALF or said in ("am", "pm", "a m", "p m") or not said.isascii():
                return make_clock(int(match[1]), 0, 0, 0, half, 2), f"{text[: match.start()]} {AT}{after}"
    return Clock(), text


def _taken_half(before: str, after: str) -> tuple[Half | None, str, str]:
    """Take AM, PM or the like from directly after the clock, or from directly before it."""
    half, rest = _half_after(after)
    return (half, before, rest) if half else _half_before(before, after)


def _half_after(after: str) -> tuple[Half | None, str]:
    match = re.match(
        r"\s?(?:uhr\s|h\s|น\.?\s)?((?:[^\W\d_]|[\u0e00-\u0e7f]|['.]|\s(?=[^\W\d])){1,24})", after
    )
    if match:
        words = match[1].split(" ")
        for count in range(len(words), 0, -1):
            tried = " ".join(words[:count])
            if half := _half_of(tried):
                return half, after[match.start(1) + len(tried) :]
    return None, after


def _half_before(before: str, after: str) -> tuple[Half | None, str, str]:
    halves = lexicon().halves
    words = before.rstrip(" ,").split(" ")
    for count in range(min(3, len(words)), 0, -1):
        tried = " ".join(words[-count:])
        # "a 17:46" is no AM, nor is "2025 r. 12:30", where Poles write the year.
        if len(tried.strip(".")) > 1 and (half := _half_of(tried)):
            return half, before.rstrip(" ,")[: -len(tried)], after
    tail = before.rstrip()
    for count in range(4, 1, -1):  # 2026年4月2日午後
        if len(tail) >= count and ord(tail[-1]) > 0x2E80 and (half := halves.get(tail[-count:])):
            return half, tail[:-count], after
    return None, before, after


def _half_of(words: str) -> Half | None:
    bare = words.replace(".", "").replace("'", "")
    halves = lexicon().halves
    return halves.get(bare) or halves.get(bare.replace(" ", ""))
