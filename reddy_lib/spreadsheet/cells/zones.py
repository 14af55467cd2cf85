"""Time zones as cells name them: IANA and Windows names, offsets, abbreviations.

An abbreviation may mean several zones: then the zone of the batch decides where it uses the abbreviation itself, and
otherwise the doubt is returned with the reading.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from functools import lru_cache
from importlib.resources import files
from typing import NamedTuple
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from reddy_lib.spreadsheet.cells.header_words import plain_name

__all__ = [
    "ZoneRead",
    "looks_like_zone",
    "names_zone",
    "read_zone",
    "written_offset",
    "zone",
    "zone_in_name",
    "zone_of",
]

_SINGLE: dict[str, float] = {
    "Z": 0, "UTC": 0, "GMT": 0, "UT": 0, "UCT": 0, "WET": 0, "WEST": 1, "CET": 1, "CEST": 2, "MEZ": 1, "MESZ": 2, "EET": 2,
    "EEST": 3, "MSK": 3, "TRT": 3, "SAST": 2, "CAT": 2, "EAT": 3, "WAT": 1, "HKT": 8, "SGT": 8, "MYT": 8, "JST": 9,
    "KST": 9, "PHT": 8, "ICT": 7, "WIB": 7, "WITA": 8, "WIT": 9, "AEST": 10, "AEDT": 11, "ACST": 9.5, "ACDT": 10.5,
    "AWST": 8, "NZST": 12, "NZDT": 13, "PKT": 5, "NPT": 5.75, "GST": 4, "IDT": 3, "BRT": -3, "ART": -3, "CLT": -4,
    "CLST": -3, "COT": -5, "PET": -5, "VET": -4, "UYT": -3, "BOT": -4, "HST": -10, "AKST": -9, "AKDT": -8, "NST": -3.5,
    "NDT": -2.5, "ADT": -3, "EDT": -4, "CDT": -5, "MDT": -6, "PDT": -7,
}  # fmt: skip
"""Abbreviation → hours from UTC, where one zone uses it."""
_USUAL: dict[str, tuple[float, str]] = {
    "EST": (-5, "eastern North America, not Australia"),
    "CST": (-6, "central North America, not China"),
    "MST": (-7, "the Mountain time of North America, not Malaysia"),
    "PST": (-8, "western North America, not the Philippines"),
    "AST": (-4, "Atlantic time, not Arabia"),
    "BST": (1, "British summer time, not Bangladesh"),
}
"""Abbreviation → the usual meaning, where there is one; the first five are those of RFC 5322."""
_SEVERAL = {
    "IST": "India, Israel or Ireland",
    "AMT": "Amazonas or Armenia",
    "SST": "Samoa or Singapore",
    "WST": "Western Australia or Samoa",
    "ECT": "Ecuador or the eastern Caribbean",
}
_WINTER = {
    "CET": "Europe/Paris", "EET": "Europe/Athens", "WET": "Europe/Lisbon", "MEZ": "Europe/Berlin",
    "EST": "America/New_York", "CST": "America/Chicago", "MST": "America/Denver", "PST": "America/Los_Angeles",
    "AEST": "Australia/Sydney", "ACST": "Australia/Adelaide", "NZST": "Pacific/Auckland", "AKST": "America/Anchorage",
    "GMT": "Europe/London",
}  # fmt: skip
"""Names of winter times → a zone that has it: in summer they may have been written without thinking."""
_REGIONS = {
    "ET": "America/New_York", "EASTERN": "America/New_York", "CT": "America/Chicago", "CENTRAL": "America/Chicago",
    "MT": "America/Denver", "MOUNTAIN": "America/Denver", "PT": "America/Los_Angeles", "PACIFIC": "America/Los_Angeles",
    "AET": "Australia/Sydney", "BRITISH": "Europe/London", "GREENWICH MEAN": "UTC", "COORDINATED UNIVERSAL": "UTC",
    "MITTELEUROPÄISCHE": "Europe/Berlin", "INDIAN": "Asia/Kolkata", "JAPAN": "Asia/Tokyo", "ATLANTIC": "America/Halifax",
    "EASTERN EUROPEAN": "Europe/Athens", "WESTERN EUROPEAN": "Europe/Lisbon", "CENTRAL EUROPE": "Europe/Budapest",
    "CENTRAL EUROPEAN": "Europe/Paris", "AUSTRALIAN EASTERN": "Australia/Sydney", "MOSCOW": "Europe/Moscow",
    "AUSTRALIAN WESTERN": "Australia/Perth", "HONG KONG": "Asia/Hong_Kong", "KOREAN": "Asia/Seoul",
}  # fmt: skip
_OFFSET = re.compile(r"(?:UTC|GMT)?\s*([+-])(\d{1,2})(?::?(\d{2}))?(?::?00)?", re.IGNORECASE)
_SHOWN = re.compile(r"\((?:UTC|GMT)\s*([+-]\d{1,2}:?\d{2})?\)\s*(.*)", re.IGNORECASE)
_SEASON = re.compile(r"\s+(?:STANDARD|DAYLIGHT|SUMMER)?\s*(?:TIME|ZEIT|SOMMERZEIT|NORMALZEIT)$")


class ZoneRead(NamedTuple):
    """A zone, or None, and what is doubtful about it.

    Attributes:
        assumed: why another zone may be meant, in a sentence; "" if none.
        several: which zones the text may mean, where none of them can be taken; "" if it is clear.
    """

    zone: tzinfo | None
    assumed: str = ""
    several: str = ""


@lru_cache(maxsize=64)
def zone(name: str) -> tzinfo:
    """The time zone of a mapping; "" is UTC."""
    return UTC if not name or name == "UTC" else ZoneInfo(name)


def zone_of(cell: object) -> tzinfo | None:
    """Return the zone that a cell names, for rows that have their own; None if it names none, or one of several."""
    return read_zone(cell).zone if isinstance(cell, str) else None


def read_zone(
    cell: object, *, near: tzinfo = UTC, moment: datetime | None = None, column: str = ""
) -> ZoneRead:
    """Return the zone that a text names.

    Args:
        column: its name; tells whether a bare number is an offset, and what its sign means.
        near: the zone of the batch; where it has an abbreviation itself, its meaning is taken.
        moment: the time without a zone that is to be read; tells whether a winter time is used in summer.
    """
    written = written_offset(column, cell) if column else cell
    if written is not cell and not re.search("utc|gmt", column, re.IGNORECASE):
        # Browsers count it the other way round, and call it so.
        return _read(str(written), near)._replace(assumed=f"it was read as UTC{written}, east of Greenwich")
    if not isinstance(written, str):
        return ZoneRead(None)
    cell = written
    found = _read(cell.strip(), near)
    name = _WINTER.get(cell.strip().upper())
    if name is None or moment is None or found.zone is None or found.assumed:
        return found
    try:
        differs = zone(name).utcoffset(moment) != found.zone.utcoffset(moment)
    except (OverflowError, ValueError):
        return found
    if not differs or (name == "Europe/London"):
        return found
    return found._replace(
        assumed=f"{cell.strip()} is the winter time, and the date is in summer: if the clock on the wall is meant, "
        f"the call is one hour off"
    )


@lru_cache(maxsize=512)
def _read(text: str, near: tzinfo) -> ZoneRead:
    upper = text.upper()
    if len(text) > 60 or not text:
        return ZoneRead(None)
    if upper in _USUAL or upper in _SEVERAL:
        own = _abbreviation_of(near, upper)
        if own is not None:
            return ZoneRead(own)
        if upper in _SEVERAL:
            return ZoneRead(None, several=f"{upper} may be the time of {_SEVERAL[upper]}")
        hours, which = _USUAL[upper]
        return ZoneRead(_fixed(hours), assumed=f"{upper} was read as {which}")
    if upper in _SINGLE:
        return ZoneRead(UTC if not _SINGLE[upper] else _fixed(_SINGLE[upper]))
    if upper in _REGIONS and len(upper) <= 3:
        return ZoneRead(zone(_REGIONS[upper]))
    if match := _OFFSET.fullmatch(text):
        return ZoneRead(_offset(match))
    if "/" in text or upper == "EST5EDT":
        name = _iana().get(text.lower().replace(" ", "_"))
        return ZoneRead(zone(name) if name else None)
    if match := _SHOWN.fullmatch(text):
        return _shown(match)
    return ZoneRead(_named(upper))


def _shown(match: re.Match[str]) -> ZoneRead:
    """A zone as Windows shows it: (UTC+01:00) Amsterdam, Berlin, Bern. Its offset is that of winter."""
    for name in re.split(r"\s*[,(&;)]\s*|\s+and\s+", match[2]):
        if found := _named(name.upper()) or _city(name):
            return ZoneRead(found)
    offset = _OFFSET.fullmatch(match[1] or "+00")
    fixed = _offset(offset) if offset else None
    return ZoneRead(fixed, assumed="only its offset of winter is known" if match[2] else "")


def _named(upper: str) -> tzinfo | None:
    """ "Pacific Daylight Time", "W. Europe Standard Time"."""
    season = _SEASON.search(upper)
    if season is None:
        return None
    name = upper[: season.start()]
    windows = _windows().get(name)
    if windows is not None:
        return zone(windows)
    return zone(_REGIONS[name]) if name in _REGIONS else None


def _city(name: str) -> tzinfo | None:
    found = _cities().get(name.strip().lower().replace(" ", "_"))
    return zone(found) if found else None


@lru_cache(maxsize=1)
def _iana() -> dict[str, str]:
    return {name.lower(): name for name in available_timezones() if "/" in name or name == "EST5EDT"}


@lru_cache(maxsize=1)
def _cities() -> dict[str, str]:
    found = sorted(_iana().values(), reverse=True)
    return {name.rpartition("/")[2].lower(): name for name in found if not name.startswith("Etc/")}


@lru_cache(maxsize=1)
def _windows() -> dict[str, str]:
    """Name without "Standard Time", in capitals → IANA name."""
    table = files("reddy_lib.spreadsheet.cells").joinpath("zone_names.tsv").read_text(encoding="utf-8")
    pairs = (line.split("\t") for line in table.splitlines())
    return {name.upper().removesuffix(" STANDARD TIME"): iana for name, iana in pairs if _exists(iana)}


@lru_cache(maxsize=256)
def _exists(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True


def _abbreviation_of(near: tzinfo, upper: str) -> tzinfo | None:
    for month in (1, 7):
        moment = datetime(2026, month, 1, tzinfo=near)
        offset = moment.utcoffset()
        if moment.tzname() == upper and offset is not None:
            return timezone(offset, upper)
    return None


def _fixed(hours: float) -> tzinfo:
    return timezone(timedelta(hours=hours))


def _offset(match: re.Match[str]) -> tzinfo | None:
    span = timedelta(hours=int(match[2]), minutes=int(match[3] or 0))
    if span > timedelta(hours=14):
        return None
    return timezone(-span if match[1] == "-" else span)


_HEADER = re.compile(
    r"time ?zone|\btz\b|zeit ?zone|fuseau|zona horaria|fuso|tijdzone|utc|gmt|offset|olson|часов\w* пояс|timezone|tidszon"
    r"|strefa czasowa|časov|saat dilimi|タイムゾーン|时区|時區|시간대|المنطقة الزمنية|zone",
    re.IGNORECASE,
)


_OF_ZONE = re.compile(
    r"(?:utc|gmt|tz|time ?zone|zeit ?zone)\W*(?:offset|diff|delta|shift)"
    r"|offset\W*(?:to|from|of)?\W*(?:utc|gmt|tz|time ?zone)",
    re.IGNORECASE,
)
_QUARTER = 15
_MOST_HOURS = 14


def written_offset(name: str, cell: object) -> object:
    """Return the cell as an offset that `read_zone` reads ("+02:00"), where it is a bare number of a column of offsets.

    Up to 14 they are hours, up to 840 minutes, and beyond that seconds: no two of these overlap. Anything else is
    returned as it is.
    """
    number = _number(cell)
    if number is None or not _OF_ZONE.search(name.replace("_", " ")):
        return cell
    size = abs(number)
    minutes = number * 60 if size <= _MOST_HOURS else number if size <= _MOST_HOURS * 60 else number / 60
    if minutes % _QUARTER or abs(minutes) > _MOST_HOURS * 60:
        return cell
    hours, rest = divmod(int(abs(minutes)), 60)
    return f"{'-' if minutes < 0 else '+'}{hours:02}:{rest:02}"


def _number(cell: object) -> float | None:
    if isinstance(cell, bool):
        return None
    if isinstance(cell, str) and re.fullmatch(r"[+-]?\d{1,5}(?:\.\d+)?", cell.strip()):
        return float(cell)
    return float(cell) if isinstance(cell, int | float) and cell == cell else None


_IN_BRACKETS = re.compile(r"[(\[]\s*([^()\[\]]+?)\s*[)\]]\s*$")
_LAST_WORD = re.compile(r"(?:^|[\s_\-.])([A-Za-z]{2,4})$")
_CAMEL = re.compile(r"[a-z](Utc|UTC|Gmt|GMT)(?=$|[A-Z_\s])|^(?i:utc|gmt)(?=[\s_])")
"""UTC inside a name of several words: StartTimeUtc, UTC Start Time, utc_start. Other zones are read in brackets or last."""
_WITH_OFFSET = re.compile(
    r"(?:^|[\s_\-.])((?:(?:UTC|GMT)\s*[+-]|(?i:utc|gmt)(?:\s+-|\s*\+))\d{1,2}(?::?\d{2})?)$"
)
"""UTC and an offset. "start_utc-1" may be the second of two columns `start_utc`."""
_UNSURE = re.compile(r"\b(?:local|lokal|locale|plus|minus|not|non|nicht|without|ohne)(?![a-z])")
"""Words beside UTC in a name that say that it is not, or not only, UTC."""
_PARTS_OF_HOURS = {
    5.5: "Asia/Kolkata",
    5.75: "Asia/Kathmandu",
    4.5: "Asia/Kabul",
    6.5: "Asia/Yangon",
    9.5: "Australia/Darwin",
}
"""Offsets from UTC that are not whole hours → a zone with this offset all year; `Etc/` zones have whole hours only."""


def zone_in_name(name: str) -> str:
    """Return the IANA name of the zone that a column's name states, or "": "Time (America/New_York)", "start_utc".

    A winter time and a name such as ET mean the clock on the wall. What may mean several zones counts as none.
    """
    if (match := _IN_BRACKETS.search(name)) and (found := _stated(match[1])):
        return found
    if _UNSURE.search(plain_name(name)):
        return ""
    if match := _WITH_OFFSET.search(name):
        return _stated(match[1])
    if _CAMEL.search(name) and not _OF_ZONE.search(name.replace("_", " ")):
        return "UTC"
    match = _LAST_WORD.search(name)
    # "Met" and "est" are words as well: only UTC is one in small letters.
    if match is None or not (match[1].isupper() or match[1].lower() == "utc"):
        return ""
    return _stated(match[1])


def _stated(text: str) -> str:
    upper = text.upper()
    if upper in ("UTC", "GMT", "Z", "UCT"):
        return "UTC"
    if upper in _SEVERAL:
        return ""
    if upper in _WINTER or upper in _REGIONS:
        return _WINTER.get(upper) or _REGIONS[upper]
    if "/" in text:
        return _iana().get(text.lower().replace(" ", "_"), "")
    if upper not in _SINGLE and _OFFSET.fullmatch(text) is None:
        return ""
    found = read_zone(text).zone
    if found is None:
        return ""
    hours = (found.utcoffset(None) or timedelta()).total_seconds() / 3600
    if hours != int(hours):
        return _PARTS_OF_HOURS.get(hours, "")
    return f"Etc/GMT{-int(hours):+}" if hours else ""


def names_zone(name: str) -> bool:
    """Return whether a column is called after time zones or offsets."""
    return _HEADER.search(name.replace("_", " ")) is not None


def looks_like_zone(name: str, cells: list[object]) -> bool:
    """Tell whether a column, without its empty cells, gives the zone of each row.

    IANA names and written offsets speak for themselves; abbreviations only under a header that says so.
    """
    if _OF_ZONE.search(name.replace("_", " ")):  # else no number is an offset: asked once for all cells
        cells = [written_offset(name, cell) for cell in cells]
    texts = {cell.strip() for cell in cells if isinstance(cell, str)}
    if not texts or len(texts) > 60 or not all(isinstance(cell, str) for cell in cells):
        return False
    read = {text: read_zone(text) for text in texts}
    if any(found.zone is None and not found.several for found in read.values()):
        return False
    if all("/" in text or re.fullmatch(r"[+-]\d{2}:\d{2}|\((?:UTC|GMT).*", text) for text in texts):
        return True
    return names_zone(name)
