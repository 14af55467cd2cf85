"""What a file's name says of its call: "ann@x.example_2026-03-30T17-46.json" names the agent and the start.

A pattern is written the simple way, "{agent_email}_{date}T{time}.json" (a name in braces is a value, "{}" and "*"
stand for anything, an ending may be left away), or as a regular expression with named groups, for
example "AGENT_(?P<agent_email>[^_]+)", which may match anywhere in the name. A field takes the value of its own
name; a timestamp also takes `date` and `time`; a pattern with one value only gives that, whatever it is called. Some
names stand for one shape alone: "{date}", "{time}", "{found_email}", "{found_uuid}", "{found_id}".
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Literal
from urllib.parse import unquote

import msgspec

from reddy_lib.errors import MappingError

__all__ = ["NameOffer", "check_pattern", "name_offers", "name_value", "values_in"]

_TOKEN = re.compile(r"\{([A-Za-z_]\w*)?\}|\*")
_SHAPES = {
    "date": r"\d{4}[-_.]?\d{2}[-_.]?\d{2}|\d{1,2}[-_.]\d{1,2}[-_.]\d{4}",
    "time": r"\d{1,2}[-_.:h]?\d{2}(?:[-_.:m]?\d{2})?",
    "found_email": r"[A-Z0-9._%+-]+@[A-Z0-9-]+(?:\.[A-Z0-9-]+)*\.[A-Z]{2,}",
    "found_uuid": r"[0-9A-F]{8}-[0-9A-F]{4}-[0-9A-F]{4}-[0-9A-F]{4}-[0-9A-F]{12}",
    "found_id": r"(?<![A-Z0-9])(?:[A-Z]{1,6}-?\d{4,}|\d{5,}|[0-9A-F]{16,})(?![A-Z0-9])",
}
_ENDING = re.compile(r"\.[A-Za-z][A-Za-z0-9]{1,5}$")
_MOMENT = re.compile(
    r"(\d{4})[-_.]?(\d{2})[-_.]?(\d{2})(?:[T_\-. ]*(\d{2})[-_.:h]?(\d{2})(?:[-_.:m]?(\d{2}))?)?s?(Z?)"
)
_CLOCK = re.compile(r"(\d{1,2})[-_.:h]?(\d{2})(?:[-_.:m]?(\d{2}))?")

_DATED = re.compile(r"(?:19|20)\d{6}(?:\d{4,6})?")


class NameOffer(msgspec.Struct, frozen=True):
    """What the names of files give for a field.

    Attributes:
        pattern: as `name_value` takes it.
        values: of the names that give one, in their order.
        names: how many names there are.
    """

    pattern: str
    values: list[str]
    names: int


def name_offers(field: Literal["agent_email", "conversation_id"], names: Sequence[str]) -> list[NameOffer]:
    """Patterns that find the agent's email, or an id, in the names of files; []: most of them have none.

    There are two where `call_ann@…` may or may not be the whole of an email. Ids count only where each name has one of
    its own, and where they are not all dates.
    """
    names = list(dict.fromkeys(names))
    if field == "agent_email":
        whole = _offer("{}{found_email}{}", field, names)
        return _emails(whole, names) if whole is not None else []
    for pattern in ("{}{found_uuid}{}", "{}{found_id}{}"):
        found = _offer(pattern, field, names)
        if found is not None and len(set(found.values)) == len(found.values):
            return [] if all(map(_DATED.fullmatch, found.values)) else [found]
    return []


def _offer(pattern: str, field: str, names: Sequence[str]) -> NameOffer | None:
    found = [value for name in names if (value := name_value(pattern, field, name))]
    return NameOffer(pattern, found, len(names)) if 2 * len(found) > len(names) else None


def _emails(whole: NameOffer, names: Sequence[str]) -> list[NameOffer]:
    """An email as long as it can be, and without what stands before its last underscore, if anything does: only the
    analyst knows whether `call_ann@…` is hers. A number there is never a part of it."""
    labels = [email.partition("@")[0].rpartition("_")[0] for email in whole.values]
    marks = min(label.count("_") for label in labels)
    if not all(labels):
        return [whole]
    short = _offer("{}_" * (marks + 1) + "{found_email}{}", "agent_email", names)
    numbers = all(label.replace("_", "").replace("-", "").isdecimal() for label in labels)
    return [offer for offer in (None if numbers and short else whole, short) if offer is not None]


def values_in(pattern: str) -> list[str]:
    """Names of the values in a pattern, in their order: "{agent_email}_{date}.json" → ["agent_email", "date"].

    Raises MappingError: it is no pattern.
    """
    return list(_compiled(pattern).groupindex)


def check_pattern(pattern: str, field: str) -> None:
    """Raises MappingError, with a sentence, where the pattern cannot give this field."""
    if _group(_compiled(pattern), field) is None:
        raise MappingError(
            f"The pattern {pattern!r} does not say which part of the file's name is the {field}: "
            f"put {{{field}}} in its place."
        )


def name_value(pattern: str, field: str, name: str) -> str | None:
    """The value of a field in a file's name; None where the name does not fit the pattern.

    Of a timestamp the text is brought to a form that is read as a date: "20260330_1746" → "2026-03-30 17:46".
    Raises MappingError: it is no pattern for this field.
    """
    expression = _compiled(pattern)
    name = unquote(name)[-300:]
    if "(?P<" in pattern:
        found = expression.search(name)
    else:
        # Without its ending first, or the last value would take it in; a pattern that names the ending needs it.
        found = expression.fullmatch(_ENDING.sub("", name)) or expression.fullmatch(name)
    if found is None:
        return None
    group = _group(expression, field)
    if group is None:
        check_pattern(pattern, field)
        return None
    text = (found[group] or "").strip()
    if field != "timestamp":
        return text or None
    if group == "date" and "time" in expression.groupindex and found["time"]:
        clock = _CLOCK.fullmatch(found["time"].strip())
        text += f" {':'.join(filter(None, clock.groups()))}" if clock else f" {found['time']}"
    return _moment(text) or None


def _moment(text: str) -> str:
    date, _, rest = text.partition(" ")
    day = _MOMENT.fullmatch(text) or _MOMENT.fullmatch(date)
    if day is None:
        return text.replace("_", ".")
    year, month, number, hour, minute, second, utc = day.groups()
    written = f"{year}-{month}-{number}"
    if hour:
        return f"{written} {hour}:{minute}" + (f":{second}" if second else "") + utc
    return f"{written} {rest}".strip()


def _group(expression: re.Pattern[str], field: str) -> str | None:
    names = list(expression.groupindex)
    if field in names:
        return field
    if field == "timestamp" and "date" in names:
        return "date"
    return names[0] if len(names) == 1 else None


@lru_cache(maxsize=256)
def _compiled(pattern: str) -> re.Pattern[str]:
    if "(?P<" in pattern:
        try:
            return re.compile(pattern, re.IGNORECASE)
        except re.error as error:
            raise MappingError(f"{pattern!r} is no regular expression: {error}.") from None
    parts: list[str] = []
    names: set[str] = set()
    end = 0
    for token in _TOKEN.finditer(pattern):
        parts.append(re.escape(pattern[end : token.start()]))
        name = token[1]
        if name is None:
            parts.append(".*?")
        elif name in names:
            raise MappingError(f"The pattern {pattern!r} has {{{name}}} twice: name each value once.")
        else:
            names.add(name)
            parts.append(f"(?P<{name}>{_SHAPES.get(name, '.+?')})")
        end = token.end()
    parts.append(re.escape(pattern[end:]))
    if not names:
        raise MappingError(
            f"The pattern {pattern!r} names no value: write for example {{agent_email}}_{{date}}.json."
        )
    return re.compile("".join(parts), re.IGNORECASE | re.DOTALL)
