"""Check what a caller passes in, before anything is written.

A wrong argument raises Python's own kind: `TypeError` for a value of the wrong type, `ValueError` for one that is not
known or out of range. What is right in itself and only not there (a row that the batch does not have) raises from
`errors.py`. Whole numbers may be of any integer type, numpy's too; truth values, text and floats are refused, because
`rows=[1.0, True, "3"]` is a mistake in the caller's data and must not pick calls.
"""

from __future__ import annotations

import operator
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

__all__ = [
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
        TypeError: it is not an integer of any integer type.
        ValueError: it is below `least` or above `most`.
    """
    number = _integer(value)
    if number is None:
        raise TypeError(f"{name} must be a whole number such as {least}, not {_shown(value)}.")
    if number < least or (most is not None and number > most):
        wanted = f"at least {least:,}" if most is None else f"from {least:,} to {most:,}"
        raise ValueError(f"{name} must be {wanted}, not {_shown(value)}.")
    return number


def row_number(row: object) -> int:
    """Return one row number as an int. Raises TypeError: it is not an integer of any integer type."""
    number = _integer(row)
    if number is None:
        raise TypeError(
            f"A row number is a whole number such as 12, as the spreadsheet shows it, not {_shown(row)}."
        )
    return number


def row_numbers(rows: object) -> list[int]:
    """Return row numbers, each once, ascending: of one number, or of a list, set, range, array, Series or Index.

    Raises:
        TypeError: `rows` is something else, or holds something that is not an integer.
    """
    one = _integer(rows)
    if one is not None:
        return [one]
    if isinstance(rows, str | bytes | Mapping) or not isinstance(rows, Iterable):
        raise TypeError(f"rows must be row numbers such as [2, 3, 12], not {_shown(rows)}.")
    return sorted({row_number(row) for row in rows})


def some_rows(rows: object) -> list[int] | None:
    """Return row numbers as `row_numbers` does; None, which stands for all, stays None."""
    return None if rows is None else row_numbers(rows)


def text(value: object, name: str) -> str:
    """Return `value` if it is text. Raises TypeError."""
    if not isinstance(value, str):
        raise TypeError(f"{name} must be text, not {_shown(value)}.")
    return value


def known(value: object, name: str, choices: Iterable[str]) -> str:
    """Return `value` if it is one of `choices`.

    Raises:
        TypeError: it is not text.
        ValueError: there is no such choice; the message lists those there are.
    """
    listed = list(choices)
    if text(value, name) not in listed:
        raise ValueError(f"There is no {name} {value!r}: choose among {', '.join(listed)}.")
    return str(value)


def product_dicts(products: object) -> list[dict[str, Any]] | None:
    """Return a product list as dicts with id, name and status; None, an unknown list, stays None.

    Takes what `Client.list_products` returns, or dicts. The same list where it consists of dicts already.

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
        raise ValueError("A product needs an id, the number by which Reddy knows it.")
    return {str(name): value for name, value in found.items()}


def listed(values: Sequence[int], *, most: int = 10) -> str:
    """Return "2, 5 and 9", or the first `most` numbers and how many there are besides."""
    if len(values) > most:
        return f"{', '.join(map(str, values[:most]))} and {len(values) - most:,} more"
    return " and ".join(
        [", ".join(map(str, values[:-1])), str(values[-1])] if values[1:] else map(str, values)
    )


def _integer(value: object) -> int | None:
    if isinstance(value, bool) or type(value).__name__ in (
        "bool",
        "bool_",
    ):  # numpy's too, without importing it
        return None
    try:
        return operator.index(value)  # type: ignore[arg-type]
    except TypeError:
        return None


def _shown(value: object) -> str:
    shown = repr(value)
    shown = shown if len(shown) <= 60 and "\n" not in shown else f"a {type(value).__name__}"
    return f"{shown} ({type(value).__name__})" if isinstance(value, str | float) else shown
