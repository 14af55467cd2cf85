"""Values without the types that DynamoDB and MongoDB write around them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

__all__ = ["has_typed_values", "plain_values"]

_DYNAMO = frozenset(("S", "N", "BOOL", "NULL", "M", "L", "SS", "NS", "B", "BS"))
_EXTENDED = frozenset(
    ("$oid", "$date", "$numberLong", "$numberInt", "$numberDouble", "$numberDecimal", "$uuid")
)


def plain_values(value: Any, depth: int = 0) -> Any:
    """Return a value without the types that DynamoDB (`{"S": "x"}`) and MongoDB (`{"$oid": "x"}`) write around it."""
    if depth > 40:
        return value
    if isinstance(value, dict):
        if len(value) == 1:
            ((key, inner),) = value.items()
            if key in _EXTENDED:
                return plain_values(inner, depth + 1)
            if key in _DYNAMO and _is_typed(value):
                return _untyped(key, inner, depth)
        return {key: plain_values(item, depth + 1) for key, item in value.items()}
    if isinstance(value, list):
        return [plain_values(item, depth + 1) for item in value]
    return value


def _is_typed(value: Any) -> bool:
    """Whether a value is written as DynamoDB writes it: one key that names the type of what it holds."""
    if not isinstance(value, dict) or len(value) != 1:
        return False
    ((key, inner),) = value.items()
    if key in ("S", "N", "B"):
        return isinstance(inner, str)
    if key in ("BOOL", "NULL"):
        return isinstance(inner, bool)
    if key == "M":
        return isinstance(inner, dict) and all(map(_is_typed, inner.values()))
    if key == "L":
        return isinstance(inner, list) and all(map(_is_typed, inner))
    return key in ("SS", "NS", "BS") and isinstance(inner, list)


def _untyped(kind: str, inner: Any, depth: int) -> Any:
    if kind == "NULL":
        return None
    if kind == "N":
        try:
            return int(inner)
        except ValueError:
            try:
                return float(inner)
            except ValueError:
                return inner
    return plain_values(inner, depth + 1)


def has_typed_values(record: Mapping[str, Any]) -> bool:
    """Whether a record, or the one object in it, holds values that `plain_values` unwraps."""
    values = list(record.values())
    if len(values) == 1 and isinstance(values[0], dict):
        values += values[0].values()
    return any(_is_typed(value) or _is_extended(value) for value in values)


def _is_extended(value: Any) -> bool:
    return isinstance(value, dict) and len(value) == 1 and next(iter(value)) in _EXTENDED
