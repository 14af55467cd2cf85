"""Check a caller's arguments before anything is written.

A wrong argument raises Python's own exceptions: `TypeError` for a wrong type, `ValueError` for an unknown or
out-of-range value. A valid argument that names something missing, such as a row that the batch does not have, raises
from `errors.py`. Whole numbers may be of any integer type, NumPy's included. Booleans, text and floats are refused:
`rows=[1.0, True, "3"]` is a mistake in the caller's data and must not select calls.
"""

from __future__ import annotations

import difflib
import operator
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from reddy_lib.model import whole_characters

MOST_LISTED = 15
"""Choices that a message lists in full; of more, it lists those that look similar."""

__all__ = [
    "MOST_LISTED",
    "known",
    "listed",
    "product_dicts",
    "row_number",
    "row_numbers",
    "some_rows",
    "text",
    "whole_number",
]


def whole_number(value: object, name: str, *, least: int, most: int | None = None) -> int:
    """Return `value` as an int.

    Raises:
        TypeError: `value` is not an integer.
        ValueError: `value` is below `least` or above `most`.
    """
    number = _integer(value)
    if number is None:
        example = max(least, 7 if most is None else min(7, most))
        raise TypeError(f"{name} must be a whole number such as {example}, not {_shown(value)}.")
    if number < least or (most is not None and number > most):
        wanted = f"at least {least:,}" if most is None else f"from {least:,} to {most:,}"
        raise ValueError(f"{name} must be {wanted}, not {_shown(value)}.")
    return number


def row_number(row: object) -> int:
    """Return a row number as an int. Raises TypeError if it is not an integer."""
    number = _integer(row)
    if number is None and _is_boolean(row):
        raise TypeError(
            f"A row number must be a whole number such as 12, not {row}. Of True/False marks, pass frame.index[marks]."
        )
    if number is None:
        raise TypeError(
            f"A row number must be a whole number such as 12, as shown in the spreadsheet, not {_shown(row)}."
        )
    return number


def row_numbers(rows: object) -> list[int]:
    """Return row numbers without repeats, ascending, from one number, a list, set, range, array, Series or Index.

    Raises:
        TypeError: `rows` is something else, or contains a value that is not an integer.
    """
    one = _integer(rows)
    if one is not None:
        return [one]
    if type(rows).__name__ == "DataFrame":  # it iterates over its column names
        raise TypeError("rows must be row numbers: pass the frame's index, frame.index.")
    if isinstance(rows, str | bytes | Mapping) or not isinstance(rows, Iterable):
        raise TypeError(f"rows must be row numbers such as [2, 3, 12], not {_shown(rows)}.")
    return sorted({row_number(row) for row in rows})


def some_rows(rows: object) -> list[int] | None:
    """Return row numbers as `row_numbers` does; None, which means all rows, stays None."""
    return None if rows is None else row_numbers(rows)


def text(value: object, name: str) -> str:
    """Return `value` if it is a str, with U+FFFD for halves of characters. Raises TypeError otherwise."""
    if not isinstance(value, str):
        raise TypeError(f"{name} must be text, not {_shown(value)}.")
    return whole_characters(value)


def known(value: object, name: str, choices: Iterable[str]) -> str:
    """Return `value` if it is one of `choices`.

    Raises:
        TypeError: `value` is not a str.
        ValueError: it is not one of the choices; the message lists them, or the similar ones of many.
    """
    listed = list(choices)
    if text(value, name) not in listed:
        close = difflib.get_close_matches(str(value), listed, 5, 0.5) if len(listed) > MOST_LISTED else listed
        hint = f": choose among {', '.join(close)}" if close else ""
        raise ValueError(f"There is no {name} {value!r}{hint}.")
    return str(value)


def product_dicts(products: object) -> list[dict[str, Any]] | None:
    """Return a product list as dicts with id, name and status; None, an unknown list, stays None.

    Accepts the result of `Client.list_products`, or dicts. A list of dicts is returned unchanged.

    Raises:
        TypeError: it is not a list of products.
        ValueError: a product has no id.
    """
    if products is None:
        return None
    if isinstance(products, list) and all(type(one) is dict and "id" in one for one in products):
        return products
    if isinstance(products, str | bytes | Mapping) or not isinstance(products, Iterable):
        raise TypeError(
            'products must be a list such as client.list_products() or [{"id": 7, "name": "Cards", "status": "active"}], '
            f"not {_shown(products)}."
        )
    return [_product(one) for one in products]


def _product(one: object) -> dict[str, Any]:
    try:
        found = dict(one)  # type: ignore[call-overload]
    except (TypeError, ValueError):
        raise TypeError(
            f"A product is what client.list_products() returns, or a dict with id, name and status, not {_shown(one)}."
        ) from None
    if "id" not in found:
        raise ValueError("A product needs an id, the number that Reddy uses for it.")
    return {str(name): value for name, value in found.items()}


def listed(values: Sequence[int], *, most: int = 10) -> str:
    """Return "2, 5 and 9", or the first `most` numbers and a count of the rest."""
    if len(values) > most:
        return f"{', '.join(map(str, values[:most]))} and {len(values) - most:,} more"
    return " and ".join(
        [", ".join(map(str, values[:-1])), str(values[-1])] if values[1:] else map(str, values)
    )


def _integer(value: object) -> int | None:
    if _is_boolean(value):
        return None
    try:
        return operator.index(value)  # type: ignore[arg-type]
    except TypeError:
        return None


def _is_boolean(value: object) -> bool:
    # By the type's name, because importing NumPy for an isinstance check would slow down `import reddy_lib`.
    return type(value).__name__ in ("bool", "bool_")


def _shown(value: object) -> str:
    shown = repr(value)
    shown = shown if len(shown) <= 60 and "\n" not in shown else f"a {type(value).__name__}"
    return f"{shown} ({type(value).__name__})" if isinstance(value, str | float) else shown
