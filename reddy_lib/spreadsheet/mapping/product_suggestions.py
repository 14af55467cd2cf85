"""Products to suggest for a name that matches none: the nearest by its letters and words, else the most used ones."""

from __future__ import annotations

import re
from collections.abc import Mapping as Table
from collections.abc import Sequence
from difflib import SequenceMatcher

from reddy_lib.spreadsheet.model import ProductLike, fold_name

__all__ = ["suggested_products"]

_NEAR = 0.6
_WORD = re.compile(r"[^\W_]+")


def suggested_products(
    text: str, products: Sequence[ProductLike], used: Table[int, int], *, most: int = 4
) -> list[tuple[int, str]]:
    """Return (product id, why it is suggested), the best first; only active products.

    Args:
        text: the cell's text.
        products: Reddy's list.
        used: product id → calls that have it already.
        most: at most so many.
    """
    active = [product for product in products if product["status"] == "active"]
    near = {int(product["id"]): _nearness(text, str(product["name"])) for product in active}
    ids = sorted(
        near, key=lambda number: (-near[number] if near[number] >= _NEAR else 0, -used.get(number, 0))
    )
    return [(number, _why(near[number], used.get(number, 0))) for number in ids[:most]]


def _nearness(text: str, name: str) -> float:
    """Return 0 to 1: how much of their letters, or of the shorter one's words, two names share."""
    letters = SequenceMatcher(None, fold_name(text), fold_name(name), autojunk=False).ratio()
    one, other = (set(_WORD.findall(each.casefold())) for each in (text, name))
    shorter = min(len(one), len(other))
    words = len(one & other) / shorter if shorter else 0.0
    return max(letters, 0.9 * words)


def _why(near: float, calls: int) -> str:
    if near >= _NEAR:
        return "a similar name"
    if calls:
        return "1 call has it already" if calls == 1 else f"{calls:,} calls have it already"
    return ""
