"""From a guess to what the analyst means: her choices, as a mapping.

A page or a notebook collects choices one by one; here they become a changed copy of the guess. Reasons follow:
where she chose another column than the guess did, the reason says so.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from collections.abc import Mapping as Choices
from functools import lru_cache
from typing import Any
from zoneinfo import available_timezones

from reddy_lib.errors import MappingError
from reddy_lib.spreadsheet.file_names import values_in
from reddy_lib.spreadsheet.mapping.lookups import Lookup
from reddy_lib.spreadsheet.model import (
    MAPPABLE,
    Join,
    LineUnit,
    Mapping,
    NewCall,
    ProductLike,
    fold_name,
)
from reddy_lib.transcripts import role_of

__all__ = [
    "BY_HAND",
    "chosen_fields",
    "chosen_lines",
    "chosen_products",
    "chosen_roles",
    "joined_columns",
    "looked_up",
    "named_fields",
    "product_of",
    "tags_after",
    "time_zones",
]

BY_HAND = "chosen by hand"


def chosen_fields(guess: Mapping, columns: Choices[str, str | None]) -> Mapping:
    """A copy with field → column as chosen; None takes the field out. Fields that are not named stay."""
    fields = dict(guess.fields)
    reasons = dict(guess.reasons)
    joins = dict(guess.joins)
    doubts = dict(guess.doubts)
    for field, column in columns.items():
        if column == guess.fields.get(field) and not (column is None and field in joins):
            continue
        joins.pop(field, None)
        doubts.pop(field, None)  # the analyst has decided
        if column is None:
            fields.pop(field, None)
            reasons.pop(field, None)
        else:
            fields[field] = column
            reasons[field] = BY_HAND
    return guess.replace(fields=fields, joins=joins, reasons=reasons, doubts=doubts)


def joined_columns(
    mapping: Mapping, field: str, columns: Sequence[str], separator: str = " ", *, sheet: Sequence[str] = ()
) -> Mapping:
    """A copy in which these columns, joined in this order, feed the field instead of what did.

    Tags follow as `tags_after` has it, where the columns of the `sheet` are given. Raises MappingError: fewer than two.
    """
    fields = {name: column for name, column in mapping.fields.items() if name != field}
    changed = mapping.replace(
        fields=fields,
        joins={**mapping.joins, field: Join(list(columns), separator)},
        doubts={name: doubt for name, doubt in mapping.doubts.items() if name != field},
        reasons={**mapping.reasons, field: BY_HAND},
    )
    if not sheet:
        return changed
    return changed.replace(tags=tags_after(mapping.tags, _feeding(mapping), _feeding(changed), sheet))


def named_fields(mapping: Mapping, pattern: str) -> Mapping:
    """A copy in which each field that the pattern names is taken from the file's name, where no cell gives it.

    "{agent_email}_{date}_{time}.json" gives the agent's email and the start; an empty pattern takes all patterns
    away. Raises MappingError: it is no pattern, or names no field.
    """
    if not pattern.strip():
        return mapping.replace(from_name={})
    values = values_in(pattern)
    fields = [field for field in MAPPABLE if field in values]
    if "date" in values and "timestamp" not in fields:
        fields.append("timestamp")
    if not fields:
        raise MappingError(
            f"The pattern {pattern!r} names no field: write for example {{agent_email}}, {{date}} and {{time}}, or "
            f"one of {', '.join(MAPPABLE)} in braces."
        )
    return mapping.replace(from_name=dict.fromkeys(fields, pattern))


def looked_up(mapping: Mapping, lookup: Lookup) -> Mapping:
    """A copy whose value table has what the second sheet says; what was in the table before and is not in it stays."""
    field = lookup.field
    return mapping.replace(
        values={field: lookup.values}, reasons={**mapping.reasons, field: f"{BY_HAND}; {lookup.reason}"}
    )


def _feeding(mapping: Mapping) -> list[str]:
    return [column for several in mapping.sources().values() for column in several]


def chosen_lines(
    guess: Mapping,
    columns: Choices[str, str | None],
    *,
    units: Choices[str, LineUnit],
    group_by: Sequence[str],
    new_call: NewCall,
) -> Mapping:
    """A copy with field of a line → column as chosen, units of its times, and what tells calls apart."""
    fields = {field: column for field, column in columns.items() if column is not None}
    reasons = dict(guess.reasons)
    for field, column in columns.items():
        if column != guess.line_fields.get(field):
            reasons[f"line {field}"] = BY_HAND if column is not None else ""
    if (list(group_by), new_call) != (guess.group_by, guess.new_call):
        reasons["layout"] = f"one row per transcript line; what tells calls apart was {BY_HAND}"
    return guess.replace(
        line_fields=fields,
        line_units={field: unit for field, unit in units.items() if field in fields and unit != "auto"},
        group_by=list(group_by),
        new_call=new_call,
        reasons={name: why for name, why in reasons.items() if why},
    )


def product_of(text: str, mapping: Mapping, products: Sequence[ProductLike]) -> int | None:
    """The product that a cell's text stands for so far: by the value table, or as an id of the list."""
    wanted = fold_name(text)
    for name, number in mapping.values.get("product_id", {}).items():
        if fold_name(name) == wanted and number is not None:
            return int(number)
    ids = {str(product["id"]): int(product["id"]) for product in products}
    return ids.get(text.strip())


def chosen_products(mapping: Mapping, choices: Choices[str, int | None]) -> Mapping:
    """A copy in which each of these cell texts stands for the product chosen; None: for no product.

    Texts that differ only in case, spaces or hyphens are one name: a choice holds for all of them.
    """
    table: dict[str, Any] = dict(mapping.values.get("product_id", {}))
    for text, product in choices.items():
        alike = [known for known in table if fold_name(known) == fold_name(text)]
        for known in alike:
            table[known] = product
        if product is not None or alike:
            table[text] = product
    return mapping.replace(values={"product_id": table}) if table else mapping


def chosen_roles(mapping: Mapping, choices: Choices[str, str | None]) -> Mapping:
    """A copy with speaker label → role as chosen; what the vocabulary says by itself is not written down.

    A label that the mapping has already is written in any case: else its old role would stay.
    """
    roles = {
        label: role
        for label, role in choices.items()
        if role and (role_of(label) != role or label in mapping.roles)
    }
    return mapping.replace(roles=roles)


def tags_after(
    tags: Sequence[str], before: Iterable[str], now: Iterable[str], columns: Sequence[str]
) -> list[str]:
    """The columns that become tags once the fields took other columns: in the order of the sheet.

    A column that now feeds a field stops being a tag; one that a field let go becomes one, so that nothing
    of a sheet goes missing without a word.
    """
    taken = set(now)
    wanted = (set(tags) | (set(before) - taken)) - taken
    return [column for column in columns if column in wanted]


def time_zones(first: str = "") -> list[str]:
    """Names of time zones: `first` (if there is such a zone), UTC, then all others by name."""
    known = _all_zones()
    head = dict.fromkeys(name for name in (first, "UTC") if name == "UTC" or name in known)
    return [*head, *(name for name in known if name not in head)]


@lru_cache(maxsize=1)
def _all_zones() -> tuple[str, ...]:
    # "posixrules", "Factory" and "localtime" are no places.
    return tuple(
        sorted(name for name in available_timezones() if "/" in name and not name.startswith("Etc/"))
    )
