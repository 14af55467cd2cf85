"""One value for all calls: which is proposed, and how a mapping holds it."""

from __future__ import annotations

from typing import Any

from reddy_lib.spreadsheet import Mapping

__all__ = ["with_default", "with_only_product"]


def with_only_product(
    usual: dict[str, tuple[Any, str]], products: list[dict[str, Any]] | None
) -> dict[str, tuple[Any, str]]:
    """Propose a product where it is the only active one, or was chosen before and is active still."""
    active = {int(one["id"]) for one in products or () if one["status"] == "active"}
    others = {field: one for field, one in usual.items() if field != "product_id"}
    if len(active) == 1:
        return {**others, "product_id": (next(iter(active)), "the only active product in Reddy's list")}
    before = usual.get("product_id")
    return usual if before is not None and before[0] in active else others


def with_default(mapping: Mapping, field: str, value: Any) -> Mapping:
    """Return a copy with this value for all calls; None: without one."""
    others = {name: usual for name, usual in mapping.defaults.items() if name != field}
    return mapping.replace(defaults=others if value is None else {**others, field: value})
