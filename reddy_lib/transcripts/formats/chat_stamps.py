"""What stands before each line of a text and is not its speaker: a chat's stamps, and numbers that count the lines.

`20/03/2026, 10:00 - Tom: …` becomes a stamp as ISO has it; `00005|A|…` loses its number.
"""

from __future__ import annotations

import re
from itertools import pairwise

__all__ = ["stamps_of_lines", "with_iso_stamps", "without_counters"]

_STAMP = re.compile(
    r"^[\u200e\u200f]?\[?(?P<one>\d{1,2})(?P<mark>[./-])(?P<two>\d{1,2})(?P=mark)(?P<year>\d{4}|\d{2}),?[ \u202f]"
    r"(?P<hour>\d{1,2}):(?P<minute>\d\d)(?::(?P<second>\d\d))?(?:[ \u202f]?(?P<half>[AaPp])\.?[Mm]\.?)?"
    r"\]?(?: -)?[ \u202f]+(?=\S)",
    re.MULTILINE,
)
_DATED = re.compile(
    r"(?<![\d./-])(?P<stamp>\d{1,2}(?P<mark>[./-])\d{1,2}(?P=mark)(?:\d{4}|\d{2}),?[ \u202f]{1,3}\d{1,2}:\d\d(?::\d\d)?"
    r"(?:[ \u202f]?[AaPp]\.?[Mm]\b)?)(?![\d:])"
)
_HEAD = 70
"""Characters at the begin of a line within which its stamp is found, behind the name perhaps."""


def stamps_of_lines(text: str) -> list[str]:
    """Return the dates with clocks at the heads of lines, as they are written; [] where most turns have none.

    Which of their numbers is the day is not decided here.
    """
    lines = [line for line in text.splitlines() if line.strip()]
    found = [match["stamp"] for line in lines if (match := _DATED.search(line[:_HEAD])) is not None]
    # A stamp may stand above its words, on a line of its own.
    return found if len(found) > 1 and 2 * len(found) >= len(lines) else []


_BEFORE_A_LABEL = re.compile(r"[^\n:]{1,60}:")


def with_iso_stamps(text: str) -> str:
    """Return a chat with its stamps as ISO has them, where it has them and their days can be told from their months.

    Where that is not so and all are of one day, the clocks alone are left: they say how the lines follow one another.
    """
    if "/" not in text[:60] and "." not in text[:60] and "-" not in text[:60]:
        return text
    found = list(_STAMP.finditer(text))
    lines = sum(1 for line in text.splitlines() if line.strip())
    speaks = sum(_BEFORE_A_LABEL.match(text, match.end()) is not None for match in found)
    if len(found) < 2 or 2 * len(found) < lines or found[0].start() > 0 or 2 * speaks < len(found):
        return text
    ones, twos = ({int(match[side]) for match in found} for side in ("one", "two"))
    months_first = max(twos) > 12
    if months_first and max(ones) > 12:
        return text
    told = months_first or max(ones) > 12 or found[0]["mark"] == "." or ones == twos
    if not told and len({(match["one"], match["two"], match["year"]) for match in found}) > 1:
        return text

    def written(match: re.Match[str]) -> str:
        hour = int(match["hour"])
        if match["half"]:
            hour = hour % 12 + 12 * (match["half"] in "Pp")
        clock = f"{hour:02}:{match['minute']}:{match['second'] or '00'}"
        if not told:
            return f"[{clock}] "
        day, month = (match["two"], match["one"]) if months_first else (match["one"], match["two"])
        year = match["year"] if len(match["year"]) == 4 else f"20{match['year']}"
        return f"[{year}-{int(month):02}-{int(day):02} {clock}] "

    return _STAMP.sub(written, text)


_COUNTED = re.compile(
    r"^[ \t]*(?P<number>\d{1,7})[ ]?(?P<mark>[|;\t])(?=[^|;\t\n]{1,60}(?P=mark)[^\n])", re.MULTILINE
)


def without_counters(text: str) -> str:
    """Return a text without the numbers before its lines, where all its lines have them and they go up by one step."""
    first = _COUNTED.match(text)
    if first is None:
        return text
    found = list(_COUNTED.finditer(text))
    if len(found) < 3 or len(found) < sum(1 for line in text.splitlines() if line.strip()):
        return text
    numbers = [int(match["number"]) for match in found]
    steps = {after - before for before, after in pairwise(numbers)}
    # 0, 5, 10 are seconds; 5, 10, 15 leave room between lines, as programs number them.
    if len(steps) > 1 or min(steps) < 1 or (min(steps) > 1 and numbers[0] != min(steps)):
        return text
    if {match["mark"] for match in found} != {first["mark"]}:
        return text
    return _COUNTED.sub("", text)
