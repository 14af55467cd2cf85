"""Written dates and times, taken apart: in which numbers, with which month's name, clock and zone.

Nothing is decided here that only the column can tell, such as which of 3/4/2026 is the day. A text of which a part is
not understood is no date at all: what a stray word means, nobody knows.
"""

from __future__ import annotations

import re
from datetime import UTC, date, timedelta, timezone, tzinfo
from functools import lru_cache
from typing import NamedTuple

import msgspec

from reddy_lib.spreadsheet.cells.clock_text import (
    AT,
    DOTS,
    WORD,
    Clock,
    clock_of_match,
    make_clock,
    taken_clock,
    taken_hour,
    unknown_words,
)
from reddy_lib.spreadsheet.cells.zones import read_zone
from reddy_lib.transcripts.date_words import FILLERS, Half, fold_words, lexicon, month_of, plain_text

__all__ = ["Written", "full_year", "read_written", "unwrapped"]


_NUMERIC = re.compile(
    r"(?P<a>\d{1,4})(?P<mark>[./\- ])(?P<b>\d{1,2})(?P=mark)(?P<c>\d{2,4})"
    r"(?:,?[ T]+(?P<hour>\d{1,2}):(?P<minute>\d{2})(?::(?P<second>\d{2})(?:[.,](?P<fraction>\d{1,9}))?)?"
    r"(?:\s?(?P<half>[aApP])\.?[mM]\.?)?)?"
    r"(?P<zone>\s?(?:Z|UTC|GMT|[+-]\d{2}:?\d{2}))?"
)
"""The common form, as fast as possible."""
_NAMED = re.compile(
    r"(?:([^\W\d_]{2,12})\.?,?\s+)?(?:(\d{1,2})(?:st|nd|rd|th|\.|er|º)?[\s\-/]+(?:de\s+)?([^\W\d_]{3,14})\.?|"
    r"([^\W\d_]{3,14})\.?\s+(\d{1,2})(?:st|nd|rd|th)?)[\s,\-/]+(?:de\s+)?(\d{4})"
    r"(?:,?\s+(?:at\s+)?(\d{1,2}):(\d{2})(?::(\d{2})(?:[.,](\d{1,9}))?)?(?:\s?([aApP])\.?[mM]\.?)?)?"
    r"(?:\s?(Z|UTC|GMT|[+-]\d{2}:?\d{2}))?"
)
_DAY_OF_YEAR = re.compile(r"([12]\d{3})-(\d{3})([T ]\d.*)")
"""ISO's 2026-074T08:12:07Z. Without a clock, it is the number of a case."""
_CHARACTERS = re.compile(r"(\d{1,4})\s?[年년]\s?(\d{1,2})\s?[月월]\s?(\d{1,2})\s?[日일号號]?")
_VIETNAMESE = re.compile(r"(?:ngay\s)?(\d{1,2})\s?(?:thang|thg)\s?(\d{1,2})[\s,]*(?:nam\s)?(\d{4})")
_YEAR_FIRST = re.compile(r"(?<![\d.])(\d{4})\s?([./\-])\s?(\d{1,2})\s?\2\s?(\d{1,2})(?!\d)\.?")
_YEAR_LAST = re.compile(r"(?<![\d.])(\d{1,2})\s?([./\-])\s?(\d{1,2})\s?\2\s?(\d{4})(?!\d)\.?")
_SHORT = re.compile(r"(?<![\d.])(\d{1,2})\s?([./\-])\s?(\d{1,2})\s?\2\s?(\d{2})(?!\d)\.?")
_OFFSET = re.compile(
    rf"(?<={AT})\s?(?:\(?(?:utc|gmt)\s?)?(?:([+-])(\d{{1,2}})(?::?([0-5]\d))?(?::?00)?(?![\d:/.\-])\)?|z(?!\w))"
)
_LATE_OFFSET = re.compile(r"\s[+-]\d{1,2}:?\d{2}$")
_REGION = re.compile(r"\[?\b([a-z]+/[a-z_]+(?:/[a-z_]+)?)\b\]?")
_ABBREVIATION = re.compile(rf"(?<={AT})\s?([a-z]{{2,5}})\b")
_ASIDE = re.compile(r"\(([^()]*)\)")
_ERA = re.compile(
    r"(令和|平成|昭和|民國|民国)\s?(元|\d{1,3})(?=\s?年)|\b([rh])(\d{1,2})(?=[./-]\d{1,2}[./-]\d{1,2}(?!\d))"
)
_ERAS = {"令和": 2018, "平成": 1988, "昭和": 1925, "民國": 1911, "民国": 1911, "r": 2018, "h": 1988}
_BUDDHIST = re.compile(r"พ\.?\s?ศ\.?|ปีพศ")
_THAI = re.compile("[\u0e00-\u0e7f]")
_WRAPPED = re.compile(
    r"(?:[A-Za-z_]\w*\.)*(?:Timestamp|ISODate|datetime64|Date|new Date|parse|datetime)\(\s*(['\"])(.*?)\1\s*(?:,[^)]*)?\)"
)
_CONSTRUCTED = re.compile(
    r"(?:datetime\.)?datetime\((\d{4}(?:,\s*\d+){2,6})(?:,\s*tzinfo=[\w.]*utc[\w.()]*)?\)", re.I
)
_DIGITS = re.compile(r"\d+")
_ZEROS = {zero + digit: "0" for zero in (0x30, 0x660, 0x6F0, 0x966, 0xFF10, 0xE50) for digit in range(10)}
_TAIL = re.compile(r"[+-]\d{1,2}:?\d{0,2}(?: ?\([^()]*\))?$")
"""An offset at the end: its digits are no part of the date."""
_CENTURY = 70  # 69 is 2069, 70 is 1970


class Written(NamedTuple):
    """A written date.

    Attributes:
        first, second, third: (year, month, day) where `order` is "ymd"; else as they are written.
        order: "ymd", "open" (day and month, the year is last), "short" (three numbers of two digits).
        dotted: 3.4.2026.
        clock: the time of day.
        zone: what the text says of it, or None.
        zone_name: an abbreviation or name that is to be read with the batch's zone in mind; "" if none.
        weekday: Monday is 0; None if not said.
    """

    first: int
    second: int
    third: int
    order: str
    dotted: bool
    clock: Clock
    zone: tzinfo | None = None
    zone_name: str = ""
    weekday: int | None = None


def full_year(number: int) -> int:
    """Return a year of four digits for one of two."""
    return number if number > 99 else 2000 + number if number < _CENTURY else 1900 + number


def unwrapped(text: str) -> str:
    """Return what stands in Timestamp('…'), ISODate("…"), datetime.datetime(2026, 4, 2, 13, 5)."""
    if text.startswith("{"):
        return _of_object(text)
    if "(" not in text:
        return text
    if match := _WRAPPED.fullmatch(text):
        return match[2]
    if match := _CONSTRUCTED.fullmatch(text):
        numbers = [int(part) for part in match[1].split(",")] + [0, 0, 0, 0]
        stamp = "{:04}-{:02}-{:02} {:02}:{:02}:{:02}".format(*numbers)
        return stamp + ("Z" if "tzinfo" in text else "")
    return text


def _of_object(text: str) -> str:
    """The moment in MongoDB's {"$date": …}, Firestore's {"_seconds": …}, DynamoDB's {"N": …}."""
    try:
        value = msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeEncodeError, RecursionError):
        return text
    for _ in range(3):
        if not isinstance(value, dict):
            break
        known = [
            value[key] for key in ("$date", "$numberLong", "_seconds", "seconds", "N", "S") if key in value
        ]
        if not known:
            return text
        value = known[0]
    return f"/Date({value})/" if text.startswith('{"$') and str(value).isdecimal() else str(value)


def read_written(text: str) -> Written | None:
    """Take a written date apart; None if any part of it is not understood."""
    match = _NUMERIC.fullmatch(text)
    if match:
        return _numeric(match)
    if (match := _DAY_OF_YEAR.fullmatch(text)) and 1 <= int(match[2]) <= 366:
        day = date(int(match[1]), 1, 1) + timedelta(days=int(match[2]) - 1)
        return read_written(f"{day:%Y-%m-%d}{match[3]}") if day.year == int(match[1]) else None
    match = _NAMED.fullmatch(text)
    if match and (found := _named(match)) is not None:
        return found
    return _read(text)


def _numeric(match: re.Match[str]) -> Written | None:
    a, mark, b, c, hour, minute, second, fraction, half, zone = match.groups()
    clock = Clock()
    if hour is not None:
        micro = int(fraction[:6].ljust(6, "0")) if fraction else 0
        found = make_clock(int(hour), int(minute), int(second or 0), micro, _half(half), 3 if second else 2)
        if found is None:
            return None
        clock = found
    place = _numeric_zone(zone) if zone else None
    if zone and place is None:
        return None
    if len(a) == 4:
        return Written(int(a), int(b), int(c), "ymd", False, clock, place) if len(c) <= 2 else None
    if len(a) > 2 or len(c) == 3:
        return None
    return Written(int(a), int(b), int(c), "open" if len(c) == 4 else "short", mark == ".", clock, place)


def _named(match: re.Match[str]) -> Written | None:
    """The common forms with a month's name; None where anything is unusual."""
    weekday, day, word, word_first, day_second, year, hour, minute, second, fraction, half, zone = (
        match.groups()
    )
    month = month_of(word or word_first)
    if not month:
        return None
    number = None
    if weekday is not None:
        number = lexicon().weekdays.get(fold_words(weekday))
        if number is None:
            return None
    place = _numeric_zone(zone) if zone else None
    if zone and place is None:
        return None
    clock: Clock | None = Clock()
    if hour is not None:
        micro = int(fraction[:6].ljust(6, "0")) if fraction else 0
        clock = make_clock(int(hour), int(minute), int(second or 0), micro, _half(half), 3 if second else 2)
    if clock is None:
        return None
    return Written(int(year), month, int(day or day_second), "ymd", False, clock, place, "", number)


def _half(letter: str | None) -> Half | None:
    return None if letter is None else "pm" if letter in "pP" else "am"


def _numeric_zone(text: str) -> tzinfo | None:
    text = text.strip()
    if text in ("Z", "UTC", "GMT"):
        return UTC
    return _span(text[0], int(text[1:3]), int(text[-2:]))


def _span(sign: str, hours: int, minutes: int) -> tzinfo | None:
    span = timedelta(hours=hours, minutes=minutes)
    return timezone(-span if sign == "-" else span) if span < timedelta(hours=24) else None


class _Template(NamedTuple):
    """What the numbers of a text mean, for all texts that differ in their digits alone.

    `places`: of the numbers of the text, which is `first`, `second`, `third`, hour, minute, second; -1: as in `like`.
    """

    like: Written
    places: tuple[int, ...]

    def read(self, text: str) -> Written | None:
        numbers = list(map(int, _DIGITS.findall(text)))
        like = self.like
        first, second, third, hour, minute, of_minute = (
            numbers[place] if place >= 0 else usual
            for place, usual in zip(self.places, (*like[:3], *like.clock[:3]), strict=True)
        )
        clock = like.clock
        if clock.parts:
            read = make_clock(hour, minute, of_minute, 0, clock.half, clock.parts)
            if read is None:
                return None
            clock = read
        if first < 100 and like.first >= 100 and self.places[0] >= 0:
            first = full_year(first)
        return like._replace(first=first, second=second, third=third, clock=clock)


_TEMPLATES: dict[str, _Template] = {}
_MOST_TEMPLATES = 4096


def _read(text: str) -> Written | None:
    """Any other form: by a template, once one text of its kind was read."""
    if len(text) > 200:
        return None
    offset = _TAIL.search(text)
    head = text if offset is None else text[: offset.start()]
    key = head.translate(_ZEROS) + text[len(head) :]
    template = _TEMPLATES.get(key)
    if template is not None:
        return template.read(head)
    written = _read_slowly(text)
    if written is not None and (template := _template(head, written)) is not None:
        if len(_TEMPLATES) >= _MOST_TEMPLATES:
            _TEMPLATES.clear()
        _TEMPLATES[key] = template
    return written


def _template(text: str, written: Written) -> _Template | None:
    """Return which number of a text means what; None if two of them are alike, or one means something else."""
    if _THAI.search(text) or written.clock.half in ("noon", "night") or written.clock.micro:
        return None
    numbers = list(map(int, _DIGITS.findall(text)))
    hour = written.clock.hour
    if written.clock.half and hour not in numbers:
        hour = hour % 12 or 12
    values = [*written[:3], hour, written.clock.minute, written.clock.second]
    if written.order == "ymd" and written.first not in numbers:
        values[0] = written.first % 100
    kept = 3 + written.clock.parts
    places = [numbers.index(value) if value in numbers else -1 for value in values[:kept]]
    used = [place for place in places if place >= 0]
    if len(set(numbers)) != len(numbers) or sorted(used) != list(range(len(numbers))):
        return None
    return _Template(written, (*places, *[-1] * (6 - kept)))


@lru_cache(maxsize=4096)
def _read_slowly(text: str) -> Written | None:
    """The clock, the zone and the date are taken out; what is left must be known words."""
    plain = plain_text(text)
    if not 6 <= len(plain) <= 80 or not any(mark.isdigit() for mark in plain):
        return None
    if plain != text and (match := _NUMERIC.fullmatch(plain)):
        return _numeric(match)
    rest = fold_words(plain)
    if (match := re.match(r"([a-z]{1,3})-\d", rest)) and not month_of(match[1]):  # A-30/03/2026 is an id
        return None
    thai = _THAI.search(rest) is not None
    buddhist = _BUDDHIST.search(rest) is not None
    rest = _BUDDHIST.sub(" ", rest)
    rest = _ERA.sub(_western, rest)
    rest = re.sub(r"(?<=\d{4}):(?=\d{2}:\d{2})", " ", rest)  # Apache's 02/Apr/2026:13:05:11
    rest = re.sub(r"(?<=\d{4}-\d\d-\d\d)-(?=\d\d\.\d\d)", " ", rest)  # DB2's 2026-04-02-13.05.11
    rest = re.sub(r"\bm=[+-]\S+$", "", rest)  # Go's monotonic clock
    clock, rest = taken_clock(rest)
    if clock is None:
        return None
    if not clock.parts and not DOTS.search(rest):
        clock, rest = taken_hour(rest)
        if clock is None:
            return None
    zone, zone_name, rest = _taken_zone(rest, clock.parts > 0, plain)
    found, rest = _taken_date(rest)
    if found is None:
        return None
    if not clock.parts:
        dotted = DOTS.search(rest)
        if dotted:
            clock, rest = clock_of_match(dotted, rest)
            if clock is None:
                return None
            again, zone_name, rest = _taken_zone(rest, True, plain)
            zone = zone or again
    weekday, rest = _taken_weekday(rest)
    left = unknown_words(rest)
    if left and zone is None and not zone_name and clock.parts:
        zone_name, left = " ".join(left).upper(), []
    if left and (zone is None or any(word.isdigit() for word in left)):
        return None
    if left and not all(read_zone(word.upper()).zone or read_zone(word.upper()).several for word in left):
        return None
    if zone_name and not (read_zone(zone_name).zone or read_zone(zone_name).several):
        return None
    if found.order == "ymd" and (buddhist or (thai and found.first > 2400)):
        found = found._replace(first=found.first - 543)
    elif found.order == "open" and buddhist:
        found = found._replace(third=found.third - 543)
    return found._replace(clock=clock, zone=zone, zone_name="" if zone else zone_name, weekday=weekday)


def _western(match: re.Match[str]) -> str:
    name, number = (match[1], match[2]) if match[1] else (match[3], match[4])
    return f" {_ERAS[name] + (1 if number == '元' else int(number))}"


def _taken_zone(text: str, clocked: bool, written: str) -> tuple[tzinfo | None, str, str]:
    """Return the zone that is written out, the name of one that is not, and the rest."""
    if not clocked:
        return None, "", text
    zone: tzinfo | None = None
    match = _OFFSET.search(text)
    if match:
        zone = UTC if match[1] is None else _span(match[1], int(match[2]), int(match[3] or 0))
        text = text[: match.start()] + " " + text[match.end() :]
    match = _REGION.search(text)
    if match and (named := read_zone(match[1]).zone):
        zone = zone or named
        text = text[: match.start()] + " " + text[match.end() :]
    name = ""
    match = _ABBREVIATION.search(text)
    if match and match[1].upper() in written and any(read_zone(match[1].upper())[::2]):
        # CET is a weekday in Croatian as well, but not in capitals after a clock.
        name = "" if zone else match[1].upper()
        text = text[: match.start(1)] + " " + text[match.end() :]
    for aside in _ASIDE.finditer(text):
        if aside[1].strip(" .") not in lexicon().weekdays:
            if not zone and not name:
                name = aside[1].upper()
            text = text.replace(aside[0], " ")
    return zone, name, text


def _taken_date(text: str) -> tuple[Written | None, str]:
    none = Clock()
    for pattern, order in (
        (_CHARACTERS, "ymd"),
        (_VIETNAMESE, "dmy"),
        (_YEAR_FIRST, "ymd"),
        (_YEAR_LAST, "open"),
    ):
        match = pattern.search(text)
        if match is None:
            continue
        numbers = [int(part) for part in match.groups() if part.isdigit()]
        rest = text[: match.start()] + " " + text[match.end() :]
        if order == "dmy":
            numbers, order = numbers[::-1], "ymd"
        if pattern is _CHARACTERS and numbers[0] < 100:
            numbers[0] += 2000
        return Written(numbers[0], numbers[1], numbers[2], order, "." in match[0], none), rest
    named = _taken_named(text)
    if named is not None:
        return named
    match = _SHORT.search(text)
    if match is None:
        return None, text
    rest = text[: match.start()] + " " + text[match.end() :]
    return Written(int(match[1]), int(match[3]), int(match[4]), "short", match[2] == ".", none), rest


def _taken_named(text: str) -> tuple[Written, str] | None:
    """A date with the month's name: the two numbers beside it are day and year."""
    months, weekdays = lexicon().months, lexicon().weekdays
    # A clock with dots and an offset are no parts of the date.
    searched = _LATE_OFFSET.sub(_blank, DOTS.sub(_blank, text))
    tokens = [
        (match.start(), match[0].strip(".'")) for match in WORD.finditer(searched) if match[0].strip(".'")
    ]
    named: list[tuple[int, str, dict[int, frozenset[str]]]] = []
    for place, word in tokens:
        meant = _month(word, months)
        if meant:
            named.append((place, word, meant))
    if len(named) > 1:  # "mar 7 abr": Tuesday in Spanish
        named = [one for one in named if one[1].replace(".", "") not in weekdays] or named
    if not named or len({tuple(one[2]) for one in named}) > 1:
        return None
    at, word, meant = named[0]
    numbers = [(place, part) for place, part in tokens if part.isdigit()]
    if len(numbers) != 2:
        return None
    (start, one), (stop, two) = numbers
    if len(one) == 4 or (len(two) <= 2 and int(one) > 31):
        year, day = one, two
    else:
        year, day = two, one
    if len(year) not in (2, 4) or len(day) > 2:
        return None
    after_day = text[(stop if day is two else start) + len(day) :][:1]
    month = _of_language(meant, after_day == ".")
    end = max(at + len(word), stop + len(two))
    spans = sorted(
        (
            (start, start + len(one)),
            (stop, end if end == stop + len(two) else stop + len(two)),
            (at, at + len(word)),
        )
    )
    for low, high in reversed(spans):
        text = text[:low] + " " + text[high:]
    return Written(full_year(int(year)), month, int(day), "ymd", False, Clock()), text


def _blank(match: re.Match[str]) -> str:
    return " " * len(match[0])


def _month(word: str, months: dict[str, dict[int, frozenset[str]]]) -> dict[int, frozenset[str]]:
    bare = word.replace(".", "").replace("'", "")
    found = months.get(bare)
    if found is None and len(bare) > 3:
        if bare[0] == "ב" or word.startswith(("d'", "l'")):  # באפריל, d'abril
            found = months.get(bare[1:])
        elif bare[-1] in "月월":
            found = months.get(bare[:-1])
    return found or {}


def _of_language(meant: dict[int, frozenset[str]], dotted_day: bool) -> int:
    """The month that a name means: "listopada" is October in Croatian, which has a dot after the day, else November."""
    if len(meant) == 1:
        return next(iter(meant))
    croatian = next((number for number, languages in meant.items() if "hr" in languages), 0)
    other = next(number for number in meant if number != croatian)
    return croatian if dotted_day and "cs" not in meant[other] else other


def _taken_weekday(text: str) -> tuple[int | None, str]:
    weekdays, phrases = lexicon().weekdays, lexicon().phrase_days
    weekday: int | None = None
    if match := phrases.search(text):
        weekday = weekdays[match[0]]
        text = text[: match.start()] + " " + text[match.end() :]
    for match in WORD.finditer(text):
        word = match[0].strip(".'").replace(".", "")
        number = weekdays.get(word)
        if number is None and word.endswith(("天", "ที่")):
            number = weekdays.get(word.removesuffix("ที่").replace("天", "日"))
        if number is not None and word not in FILLERS:
            weekday = number if weekday is None else weekday
            text = text[: match.start()] + " " * len(match[0]) + text[match.end() :]
    return weekday, text
