"""Check a caller's arguments before anything is written.

A wrong argument raises Python's own exceptions: `TypeError` for a wrong type, `ValueError` for an unknown or
out-of-range value. A valid argument that names something missing, such as a row that the batch does not have, raises
from `errors.py`. Whole numbers may be of any integer type, NumPy's included. Booleans, text and floats are refused:
`rows=[1.0, True, "3"]` is a mistake in the caller's data and must not select calls.
"""

from __future__ import annotations

import difflib
import io
import math
import operator
import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from reddy_lib.model import whole_characters

MOST_LISTED = 15
"""Choices that a message lists in full; of more, it lists those that look similar."""

_LONGEST_NAME, _LONGEST_PATH = 255, 4096
"""Bytes that file systems allow."""

__all__ = [
    "MOST_LISTED",
    "binary_file",
    "file_path",
    "frame",
    "instance",
    "known",
    "listed",
    "number_or_text",
    "product_dicts",
    "row_number",
    "row_numbers",
    "seconds",
    "some_rows",
    "text",
    "texts",
    "whole_number",
]


def instance(value: object, kind: type, name: str, wanted: str) -> None:
    """Raise TypeError if `value` is not of this type. `wanted`: the type in words, with an example."""
    if not isinstance(value, kind):
        raise TypeError(f"{name} must be {wanted}, not {_shown(value)}.")


def frame(value: object, name: str) -> None:
    """Raise TypeError if `value` is not a DataFrame."""
    # By what it has, because importing pandas for an isinstance check would slow down `import reddy_lib`.
    if not all(hasattr(value, needed) for needed in ("columns", "attrs", "head")):
        raise TypeError(f"{name} must be a DataFrame, such as read_sheet returns, not {_shown(value)}.")


def file_path(value: object, name: str) -> Path:
    """Return a path.

    Raises:
        TypeError: `value` is neither text nor a path.
        ValueError: it is the text of a file rather than its path.
    """
    if not isinstance(value, str | os.PathLike):
        raise TypeError(f"{name} must be a path, as text or a pathlib.Path, not {_shown(value)}.")
    path = os.fspath(value)
    if not isinstance(path, str):
        raise TypeError(f"{name} must be a text path, not bytes.")
    if _is_content(path):
        raise ValueError(f"{name} must be a path, but this is text.")
    return Path(path)


def _is_content(path: str) -> bool:
    try:
        if os.path.lexists(path):
            return False
    except ValueError:  # half a character, or a NUL
        return True
    written = path.encode("utf-8", "replace")
    data = path.strip()
    return (
        any(mark in path for mark in "\n\r\0")
        or len(written) > _LONGEST_PATH
        or max(map(len, written.split(b"/"))) > _LONGEST_NAME
        or (data[:1], data[-1:]) in (("{", "}"), ("[", "]"))
    )


def binary_file(value: object, name: str) -> None:
    """Raise TypeError if `value` is not a file that is open for reading bytes and can seek."""
    opened = hasattr(value, "read") and hasattr(value, "seek")
    if not opened or isinstance(value, io.TextIOBase):
        wanted = "a path, or a file that is open for reading bytes"
        raise TypeError(f"{name} must be {wanted}, not {_shown(value)}.")


def texts(values: object, name: str) -> list[str]:
    """Return a list of texts. Raises TypeError if `values` is one text, no list, or holds anything but text."""
    if isinstance(values, str | bytes | Mapping) or not isinstance(values, Iterable):
        raise TypeError(f"{name} must be a list of texts, not {_shown(values)}.")
    return [text(one, f"{name}: each") for one in values]


def seconds(value: object, name: str) -> float:
    """Return a number of seconds above zero.

    Raises:
        TypeError: `value` is not a number.
        ValueError: it is zero, negative, infinite or NaN.
    """
    if isinstance(value, str | bytes) or _is_boolean(value) or not hasattr(value, "__float__"):
        raise TypeError(f"{name} must be a number of seconds above zero, not {_shown(value)}.")
    number = float(value)
    if not (number > 0 and math.isfinite(number)):
        raise ValueError(f"{name} must be a number of seconds above zero, not {_shown(value)}.")
    return number


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


def number_or_text(value: object, name: str) -> int | str:
    """Return an integer as an int (also NumPy's, as in a frame's index), and text unchanged.

    Raises TypeError: `value` is something else.
    """
    if isinstance(value, str):
        return value
    number = _integer(value)
    if number is None:
        raise TypeError(f"{name} must be a number such as 3, or an id, not {_shown(value)}.")
    return number


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

    Accepts the result of `Client.list_products`, or dicts. A list of complete dicts is returned unchanged. A product
    without a name gets "", which no name in a sheet matches; one without a status is active.

    Raises:
        TypeError: it is not a list of products.
        ValueError: a product has no id, or one that is not a number.
    """
    if products is None:
        return None
    if isinstance(products, list) and all(map(_is_complete, products)):
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
    if isinstance(found.get("id"), float) and found["id"].is_integer():
        found["id"] = int(found["id"])  # pandas makes floats of a column of ids with a gap
    if "id" not in found or not str(found["id"]).strip().isdecimal():
        raise ValueError("A product needs an id, the number that Reddy uses for it.")
    whole = {str(name): value for name, value in found.items()}
    return {**whole, "name": whole.get("name") or "", "status": whole.get("status") or "active"}


def _is_complete(one: object) -> bool:
    return (
        type(one) is dict
        and str(one.get("id", "")).strip().isdecimal()
        and bool(one.get("name") and one.get("status"))
    )


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
