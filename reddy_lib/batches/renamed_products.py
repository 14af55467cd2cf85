"""Find products whose id has another name in the list that a batch is checked against next.

An id means nothing without its list: product 2 of the sandbox is not product 2 in Reddy, and two Reddy accounts may use
the same ids. A call whose product was chosen by name must not be graded as another product, so it is held until a person
decides. An id from the sheet itself was not chosen from a list, and stays.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from reddy_lib.findings import Finding, finding
from reddy_lib.model import Call
from reddy_lib.spreadsheet.model import fold_name

__all__ = ["RENAMED", "is_about", "meant_name", "meant_number", "renamed", "renamed_finding"]

RENAMED = "product-renamed"
_LONGEST = 160


def renamed_finding(name: str, number: int, products: Sequence[Mapping[str, Any]]) -> Finding:
    """Return the finding of a call whose product `number` was called `name` in the list before this one."""
    now = _name_of(number, products)
    name = _shortened(name)
    here = f"product {number} is “{now}”" if now is not None else f"there is no product {number}"
    return finding(
        RENAMED,
        "product_id",
        f"Product {number} was “{name}” in the list that this call was checked against before. In this list, {here}.",
        value=f"{name} · {number}",
    )


def meant_name(value: str) -> str:
    """Return the product name from the value of a `RENAMED` finding ("Loans · 2")."""
    return value.rpartition(" · ")[0]


def meant_number(value: str) -> int:
    """Return the product id from the value of a `RENAMED` finding."""
    return int(value.rpartition(" · ")[2])


def is_about(found: Finding, call: Call) -> bool:
    """Return whether the call still has the product that a finding of `RENAMED` is about."""
    return meant_number(found.value) == call.product_id


def renamed(
    number: int | None,
    found: Finding | None,
    before: Sequence[Mapping[str, Any]] | None,
    products: Sequence[Mapping[str, Any]] | None,
) -> Finding | None:
    """Return the finding of a call with this product once it is checked with `products`, or None.

    Args:
        found: the call's present finding, if any; its name overrides the name in `before`.
        before: the list that the call was checked against last, or None.
    """
    if products is None:  # an id means nothing without a list, so what is known about it stays
        return found
    if number is None:
        return None
    name = meant_name(found.value) if found is not None else _name_of(number, before)
    now = _name_of(number, products)
    if (
        not name
        or now == ""
        or (now is not None and fold_name(_shortened(name)) == fold_name(_shortened(now)))
    ):
        return None
    return renamed_finding(name, number, products)


def _shortened(name: str) -> str:
    """Return the name as the value of a finding holds it: that is cut at its end, where the id is."""
    return name if len(name) <= _LONGEST else name[: _LONGEST - 1] + "…"


def _name_of(number: int, products: Sequence[Mapping[str, Any]] | None) -> str | None:
    return next((str(one["name"]) for one in products or () if int(one["id"]) == number), None)
