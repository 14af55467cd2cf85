"""Products that steps name: found in the batch's product list when a step is applied."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

import reddy_lib.arguments as arguments
from reddy_lib.batches.step_base import StepBase
from reddy_lib.batches.steps import CopyColumn, FixValue, MapValues, MergeValues, OnlyWhere, SetField, Step
from reddy_lib.spreadsheet.model import fold_name

__all__ = ["named", "product_id", "resolved"]


def resolved(step: Step, products: Sequence[Mapping[str, Any]] | None) -> Step:
    """Return the step with the ids of the products that it names.

    Raises:
        TypeError: it is not a step.
        ValueError: there is no such product, or no product list is known.
    """
    arguments.instance(step, StepBase, "step", "a step of reddy_lib.batches.steps, such as SwapRoles()")
    if isinstance(step, OnlyWhere):
        inner = resolved(step.then, products)
        return step if inner is step.then else msgspec.structs.replace(step, then=inner)
    if isinstance(step, CopyColumn):
        if step.to != "product_id" or step.products or not products:
            return step
        return msgspec.structs.replace(step, products=_ids(products))
    if isinstance(step, MapValues):
        if step.source != "product_id":
            return step
        ids: dict[str, str | int] = {
            old: product_id(new, products) if isinstance(new, str) else new
            for old, new in step.becomes.items()
        }
        return msgspec.structs.replace(step, becomes=ids)
    if isinstance(step, MergeValues):
        named = step.source == "product_id" and isinstance(step.value, str)
        return msgspec.structs.replace(step, value=product_id(str(step.value), products)) if named else step
    if isinstance(step, SetField | FixValue) and step.field == "product_id" and isinstance(step.value, str):
        return msgspec.structs.replace(step, value=product_id(step.value, products))
    return step


def named(step: Step, products: Sequence[Mapping[str, Any]] | None) -> Step:
    """Return the step with product names in place of ids: the inverse of `resolved`.

    A recipe outlives the list that its batch was checked against, and another list may use the id for another product. An
    id stays if its name is not unique, or is a number itself.
    """
    names = [fold_name(str(one["name"])) for one in products or ()]
    own = {
        int(one["id"]): str(one["name"])
        for one in products or ()
        if names.count(fold_name(str(one["name"]))) == 1 and not str(one["name"]).strip().isdecimal()
    }

    def name_of(value: Any) -> Any:
        return own.get(value) or value if isinstance(value, int) else value

    if isinstance(step, OnlyWhere):
        return msgspec.structs.replace(step, then=named(step.then, products))
    if isinstance(step, CopyColumn):
        listed = bool(products) and step.products == _ids(products or ())
        return msgspec.structs.replace(step, products={}) if listed else step
    if isinstance(step, MapValues) and step.source == "product_id":
        return msgspec.structs.replace(step, becomes={old: name_of(new) for old, new in step.becomes.items()})
    if (isinstance(step, MergeValues) and step.source == "product_id") or (
        isinstance(step, SetField | FixValue) and step.field == "product_id"
    ):
        return msgspec.structs.replace(step, value=name_of(step.value))
    return step


def _ids(products: Sequence[Mapping[str, Any]]) -> dict[str, int]:
    return {str(one["name"]).strip(): int(one["id"]) for one in products}


def product_id(text: str, products: Sequence[Mapping[str, Any]] | None) -> int:
    """Return the id of a product that is given by its id or name, compared without case and spaces.

    Raises ValueError: there is no such product, or no product list is known.
    """
    given = text.strip()
    if given.isascii() and given.isdecimal():
        return int(given)
    if products is None:
        raise ValueError(
            f"Name the product by its id, not {given!r}: the batch has no list of products to find the name in."
        )
    ids = {int(one["id"]) for one in products if fold_name(str(one["name"])) == fold_name(given)}
    if len(ids) != 1:
        what = "several products are" if ids else "no product is"
        raise ValueError(f"In Reddy's list {what} called {given!r}. Choose one of the list by its id.")
    return ids.pop()
