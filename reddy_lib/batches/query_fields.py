"""`Conditions`: which calls of a batch are wanted, as data: words, values of facets, ranges.

`queries.Query` is this with everything that people call.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Self

import msgspec

import reddy_lib.arguments as arguments
from reddy_lib.database.schema import STATUSES
from reddy_lib.findings import CATALOGUE
from reddy_lib.model import ROLES

__all__ = [
    "COLUMN",
    "NUMBERS",
    "PLAIN",
    "TAG",
    "AnyValue",
    "Named",
    "Range",
    "Says",
    "canonical_value",
]

PLAIN = (
    "status", "code", "agent", "product", "language", "audio", "weekday", "day", "hour", "severity", "edited",
)  # fmt: skip
"""Facets with values that every batch has."""

NUMBERS = ("turns", "characters", "duration", "start")
"""Facets with ranges: turns and characters of the transcript, seconds, and seconds since the epoch."""

TAG, COLUMN = "tag:", "column:"
"""What the name of a tag's or a column's facet begins with."""

_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_YES = {"yes": "yes", "true": "yes", "no": "no", "false": "no"}


class Range(msgspec.Struct, frozen=True, omit_defaults=True):
    """Numbers from `least` to `most`, both included; None = no limit.

    Raises ValueError: a limit is not a finite number.
    """

    least: float | None = None
    most: float | None = None

    def __post_init__(self) -> None:
        for name in ("least", "most"):
            value = getattr(self, name)
            if value is None:
                continue
            if not math.isfinite(value):
                raise ValueError("A range's limits must be finite numbers.")
            msgspec.structs.force_setattr(self, name, float(value))

    def __bool__(self) -> bool:
        return self.least is not None or self.most is not None


class Named(msgspec.Struct, frozen=True):
    """Values of one tag or column, any of which is wanted; "" = the call has none."""

    name: str
    values: tuple[str, ...]


class Says(msgspec.Struct, frozen=True):
    """Words and phrases that one turn of this role must hold, all of them."""

    role: str
    words: tuple[str, ...]


class AnyValue(msgspec.Struct, frozen=True):
    """One value of a facet; "" = the call has none."""

    facet: str
    value: str


class Conditions(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """Which calls are wanted. All conditions must hold; of one facet's values, any.

    Attributes:
        words: words or phrases that must all occur somewhere in the call: what was said, agent, conversation id, file
            name, tags. Case and accents do not count. A row number is found too.
        without_words: words or phrases that must not occur.
        says, without_says: what one turn of a role must hold, or no turn may.
        status, code (of a finding), agent, product (id or name), language ("en"), audio, severity: values.
        weekday ("1" = Monday), day ("2026-03-02"), hour ("14"): of the start, in the batch's time zone.
        edited: "yes" or "no".
        tags, columns: values of tags, and of columns of the sheet.
        without: values that the call must not have.
        turns, characters, duration (seconds), start (seconds since the epoch): ranges.
        rows: row numbers; None = all. selection: the id of a stored selection. submission: the id of a submission.

    Raises:
        ValueError: an unknown status, code, role or facet, or a value that the facet cannot have.
        TypeError: a value is not text.
    """

    words: tuple[str, ...] = ()
    without_words: tuple[str, ...] = ()
    says: tuple[Says, ...] = ()
    without_says: tuple[Says, ...] = ()
    status: tuple[str, ...] = ()
    code: tuple[str, ...] = ()
    agent: tuple[str, ...] = ()
    product: tuple[str, ...] = ()
    language: tuple[str, ...] = ()
    audio: tuple[str, ...] = ()
    weekday: tuple[str, ...] = ()
    day: tuple[str, ...] = ()
    hour: tuple[str, ...] = ()
    severity: tuple[str, ...] = ()
    edited: tuple[str, ...] = ()
    tags: tuple[Named, ...] = ()
    columns: tuple[Named, ...] = ()
    without: tuple[AnyValue, ...] = ()
    turns: Range | None = None
    characters: Range | None = None
    duration: Range | None = None
    start: Range | None = None
    rows: tuple[int, ...] | None = None
    selection: str | None = None
    submission: str | None = None

    def __post_init__(self) -> None:
        """Check the values, and bring equal queries into the same form."""
        put = msgspec.structs.force_setattr
        for name in ("words", "without_words"):
            put(self, name, _words(getattr(self, name)))
        for name in ("says", "without_says"):
            put(self, name, _says(getattr(self, name)))
        for name in PLAIN:
            put(self, name, _values(name, getattr(self, name)))
        for name, kind in (("tags", TAG), ("columns", COLUMN)):
            put(self, name, _merged(kind, getattr(self, name)))
        put(
            self,
            "without",
            tuple(
                dict.fromkeys(
                    AnyValue(one.facet, canonical_value(one.facet, one.value)) for one in self.without
                )
            ),
        )
        for name in NUMBERS:
            put(self, name, getattr(self, name) or None)
        if self.rows is not None:
            put(self, "rows", tuple(arguments.row_numbers(self.rows)))
        for name in ("selection", "submission"):
            if getattr(self, name) is not None:
                arguments.text(getattr(self, name), name)

    def __bool__(self) -> bool:
        """Return whether there is any condition."""
        return self != type(self)()

    # facets by name

    def values_of(self, facet: str) -> tuple[str, ...]:
        """Return the values of a facet that are wanted."""
        if facet in PLAIN:
            values: tuple[str, ...] = getattr(self, facet)
            return values
        field, name = _split(facet)
        return next((one.values for one in getattr(self, field) if one.name == name), ())

    def with_values(self, facet: str, values: Iterable[str]) -> Self:
        """Return a copy that wants these values of a facet, and no others; none: without the facet's condition."""
        wanted = tuple(values)
        if facet in PLAIN:
            return msgspec.structs.replace(self, **{facet: wanted})
        field, name = _split(facet)
        others = [one for one in getattr(self, field) if one.name != name]
        return msgspec.structs.replace(self, **{field: (*others, Named(name, wanted))})

    def toggled(self, facet: str, value: str) -> Self:
        """Return a copy that wants this value too, or no longer."""
        value, chosen = canonical_value(facet, value), self.values_of(facet)
        return self.with_values(
            facet, [one for one in chosen if one != value] if value in chosen else [*chosen, value]
        )

    def range_of(self, facet: str) -> Range | None:
        """Return the range of `turns`, `characters`, `duration` or `start`; None = no limits."""
        found: Range | None = getattr(self, arguments.known(facet, "range", NUMBERS))
        return found

    def with_range(self, facet: str, least: float | None, most: float | None) -> Self:
        """Return a copy with other limits of a range; None = no limit."""
        arguments.known(facet, "range", NUMBERS)
        return msgspec.structs.replace(self, **{facet: Range(least, most)})

    def with_rows(self, rows: Iterable[int] | None) -> Self:
        """Return a copy that is limited to these rows; None = to none."""
        return msgspec.structs.replace(self, rows=None if rows is None else tuple(rows))

    def with_selection(self, selection: str | None) -> Self:
        """Return a copy that is limited to a stored selection; None = to none."""
        return msgspec.structs.replace(self, selection=selection)

    def without_facet(self, facet: str) -> Self:
        """Return a copy without the conditions of one facet, wanted or excluded."""
        if facet in NUMBERS:
            return msgspec.structs.replace(self, **{facet: None})
        rest = tuple(one for one in self.without if one.facet != facet)
        return msgspec.structs.replace(self.with_values(facet, ()), without=rest)

    @classmethod
    def of_all(cls, parts: Iterable[Conditions]) -> Self:
        """Return the conditions of all parts. Of ranges, rows and ids the last one's count."""
        joined: dict[str, list[Any]] = {}
        last: dict[str, Any] = {}
        for part in parts:
            for name in cls.__struct_fields__:
                value = getattr(part, name)
                if isinstance(value, tuple) and name != "rows":
                    if value:
                        joined.setdefault(name, []).extend(value)
                elif value is not None:
                    last[name] = value
        last.update({name: tuple(values) for name, values in joined.items()})
        return cls(**last)

    def and_also(self, other: Conditions) -> Self:
        """Return a copy with the conditions of another query added. Of ranges, rows and ids the other's count."""
        return self.of_all([self, other])


def canonical_value(facet: str, value: object) -> str:
    """Return a facet's value in its one spelling.

    Raises:
        ValueError: there is no such facet, or it cannot have this value.
        TypeError: the value is not text.
    """
    if facet not in PLAIN:
        _split(facet)
        return arguments.text(value, facet)
    if facet == "product" and isinstance(value, int) and not isinstance(value, bool):
        return str(int(value))
    text = arguments.text(value, facet)
    return _SPELLINGS[facet](text) if facet in _SPELLINGS else text


def _weekday(text: str) -> str:
    if text in ("", "1", "2", "3", "4", "5", "6", "7"):
        return text
    found = [str(n) for n, day in enumerate(_DAYS, start=1) if len(text) > 2 and day.startswith(text.lower())]
    if not found:
        raise ValueError(f"There is no weekday {text!r}: choose 1 (Monday) to 7, or a name.")
    return found[0]


def _day(text: str) -> str:
    return dt.date.fromisoformat(text).isoformat() if text else text


def _hour(text: str) -> str:
    if text and not (text.isascii() and text.isdecimal() and len(text) < 3 and int(text) < 24):
        raise ValueError(f"There is no hour {text!r}: choose 0 to 23.")
    return str(int(text)) if text else text


def _edited(text: str) -> str:
    return _YES[arguments.known(text.lower(), "value of edited", _YES)]


_SPELLINGS: Mapping[str, Callable[[str], str]] = {
    "status": lambda text: arguments.known(text, "status", STATUSES),
    "code": lambda text: arguments.known(text, "code", CATALOGUE) if text else text,
    "severity": lambda text: arguments.known(text, "severity", ("error", "warning", "")),
    "weekday": _weekday,
    "day": _day,
    "hour": _hour,
    "edited": _edited,
}


def _split(facet: str) -> tuple[str, str]:
    """Return the field of `Query` and the name of a tag or column."""
    for kind, field in ((TAG, "tags"), (COLUMN, "columns")):
        if facet.startswith(kind):
            return field, facet.removeprefix(kind)
    arguments.known(facet, "facet", (*PLAIN, f"{TAG}NAME", f"{COLUMN}NAME"))
    raise ValueError(f"There is no facet {facet!r}.")


def _values(facet: str, given: object) -> tuple[str, ...]:
    if isinstance(given, str) or not isinstance(given, Iterable):
        raise TypeError(f"{facet} must be a tuple of values, not {type(given).__name__}.")
    return tuple(dict.fromkeys(canonical_value(facet, one) for one in given))


def _merged(kind: str, given: Iterable[Named]) -> tuple[Named, ...]:
    found: dict[str, dict[str, None]] = {}
    for one in given:
        found.setdefault(one.name, {}).update(dict.fromkeys(_values(f"{kind}{one.name}", one.values)))
    return tuple(Named(name, tuple(values)) for name, values in found.items() if values)


def _words(given: object) -> tuple[str, ...]:
    if isinstance(given, str) or not isinstance(given, Iterable):
        raise TypeError(f"words must be a tuple of words, not {type(given).__name__}.")
    return tuple(dict.fromkeys(word for word in given if arguments.text(word, "word").strip()))


def _says(given: Iterable[Says]) -> tuple[Says, ...]:
    found = (Says(arguments.known(one.role, "role", ROLES), _words(one.words)) for one in given)
    return tuple(dict.fromkeys(one for one in found if one.words))
