"""Data without the wrappings of databases and interfaces: types around values, envelopes, keys that only count."""

from __future__ import annotations

import re
from typing import Any

import msgspec

from reddy_lib.transcripts.formats.turn_keys import plan_of
from reddy_lib.transcripts.key_names import usual_plan
from reddy_lib.transcripts.people import is_table_name
from reddy_lib.transcripts.roles import role_of
from reddy_lib.transcripts.times import read_moment, words_of

__all__ = ["opened", "unfolded"]

_DEPTH = 8
_DYNAMO = frozenset(("S", "N", "BOOL", "NULL", "L", "M", "SS", "NS"))
_NUMBER_KEY = re.compile(r"-?\d{1,9}(?:\.\d{1,6})?")


def _is_mongo(data: Any) -> bool:
    """Does a value stand there as MongoDB writes it: `{"$date": …}`?"""
    waiting: list[Any] = [data]
    for _ in range(200):
        if not waiting:
            return False
        value = waiting.pop()
        if isinstance(value, dict):
            if len(value) == 1 and str(next(iter(value))) in _MONGO:
                return True
            waiting += list(value.values())[:30]
        elif isinstance(value, list):
            waiting += value[:5]
    return False


_MONGO = frozenset(
    ("$date", "$oid", "$numberLong", "$numberInt", "$numberDouble", "$numberDecimal", "$uuid", "$timestamp")
)


def _plain_mongo(value: Any, depth: int) -> Any:
    if depth > 4 * _DEPTH:
        return value
    if isinstance(value, list):
        return [_plain_mongo(item, depth + 1) for item in value]
    if not isinstance(value, dict):
        return value
    if len(value) == 1:
        ((kind, inner),) = value.items()
        if kind in _MONGO:
            inner = _plain_mongo(inner, depth + 1)
            if kind.startswith("$number") and isinstance(inner, str):
                number = re.fullmatch(r"-?\d{1,18}(\.\d{1,12})?", inner)
                return inner if number is None else float(inner) if number[1] else int(inner)
            return inner
    return {name: _plain_mongo(item, depth + 1) for name, item in value.items()}


def opened(data: Any) -> Any:
    """The data without the wrappings of a database or an interface: DynamoDB's types, JSON:API, keys that only count."""
    if _is_dynamo(data):
        data = _plain_dynamo(data, 0)
    if _is_mongo(data):
        data = _plain_mongo(data, 0)
    if _is_typed(data):
        data = _untyped(data, 0)
    if isinstance(data, dict) and _is_json_api(data):
        data = _plain_json_api(data)
    return _unkeyed(data, 0)


def unfolded(data: Any, depth: int = 0) -> Any:
    """The data with JSON that stands in its texts as data; the same object where no text holds any."""
    if depth > _DEPTH:
        return data
    if isinstance(data, dict):
        found = {name: unfolded(value, depth + 1) for name, value in data.items()}
        return found if any(found[name] is not data[name] for name in data) else data
    if isinstance(data, list):
        items = [unfolded(value, depth + 1) for value in data]
        return items if any(a is not b for a, b in zip(items, data, strict=True)) else data
    if isinstance(data, str) and len(data) > 20 and data.lstrip()[:1] in ("{", "["):
        try:
            inner = msgspec.json.decode(data)
        except (msgspec.DecodeError, RecursionError, UnicodeEncodeError):
            return data
        return unfolded(inner, depth + 1) if isinstance(inner, dict | list) and inner else data
    return data


def _is_dynamo(data: Any, depth: int = 0) -> bool:
    if isinstance(data, list):
        return bool(data) and depth < 20 and all(_is_dynamo(item, depth + 1) for item in data[:5])
    if not isinstance(data, dict) or not data:
        return False
    if len(data) == 1 and next(iter(data)) in ("L", "M"):
        inner = next(iter(data.values()))
        return isinstance(inner, list | dict) and bool(inner)
    return all(
        isinstance(value, dict) and len(value) == 1 and next(iter(value)) in _DYNAMO
        for value in data.values()
    )


def _plain_dynamo(value: Any, depth: int) -> Any:
    if depth > 4 * _DEPTH:
        return value
    if isinstance(value, list):
        return [_plain_dynamo(item, depth + 1) for item in value]
    if not isinstance(value, dict):
        return value
    if len(value) == 1:
        ((kind, inner),) = value.items()
        if kind == "M" and isinstance(inner, dict):
            return {name: _plain_dynamo(item, depth + 1) for name, item in inner.items()}
        if kind == "L" and isinstance(inner, list):
            return [_plain_dynamo(item, depth + 1) for item in inner]
        if kind == "N" and isinstance(inner, str | int | float):
            try:
                number = float(inner)
            except ValueError:
                return inner
            return (
                int(number) if number == number and abs(number) < 1e15 and number == int(number) else number
            )
        if kind in ("S", "BOOL", "SS", "NS"):
            return inner
        if kind == "NULL":
            return None
    return {name: _plain_dynamo(item, depth + 1) for name, item in value.items()}


_TYPE_TEXT = """
string int integer long double float boolean bool null bytes number timestamp map array struct list record stringvalue
integervalue doublevalue booleanvalue nullvalue timestampvalue mapvalue arrayvalue numbervalue listvalue structvalue
boolvalue referencevalue
"""
_TYPES = frozenset(_TYPE_TEXT.split())
"""What databases and messages call the types of values that they write around them (Firestore, Avro, Protobuf)."""


def _type_of(value: Any) -> str:
    """The type that an object names as the key of its one value, or ""."""
    if not isinstance(value, dict) or len(value) != 1:
        return ""
    name = re.sub(r"[\W_]+", "", str(next(iter(value)))).casefold()
    return name if name in _TYPES else ""


def _is_typed(data: Any) -> bool:
    """Does every plain value of some object in the data stand below the name of its type?"""
    waiting: list[Any] = [data]
    for _ in range(200):
        if not waiting:
            return False
        value = waiting.pop()
        if isinstance(value, list):
            waiting += value[:3]
        elif isinstance(value, dict):
            typed = [inner for inner in value.values() if _type_of(inner)]
            plain = [inner for inner in value.values() if isinstance(inner, str | int | float)]
            if len(typed) >= 2 and len(typed) > len(plain):
                return True
            waiting += list(value.values())[:30]
    return False


def _untyped(value: Any, depth: int) -> Any:
    if depth > 4 * _DEPTH:
        return value
    if isinstance(value, list):
        return [_untyped(item, depth + 1) for item in value]
    if not isinstance(value, dict):
        return value
    kind = _type_of(value)
    if kind:
        inner = next(iter(value.values()))
        if isinstance(inner, dict) and len(inner) == 1:
            held = inner.get("fields", inner.get("values", inner))
            inner = held if isinstance(held, dict | list) else inner
        if (
            kind in ("integervalue", "int", "long")
            and isinstance(inner, str)
            and re.fullmatch(r"-?\d{1,18}", inner)
        ):
            return int(inner)
        return None if kind in ("nullvalue", "null") else _untyped(inner, depth + 1)
    return {name: _untyped(item, depth + 1) for name, item in value.items()}


def _is_json_api(data: dict[Any, Any]) -> bool:
    inner = data.get("data")
    if not isinstance(inner, list) or not inner:
        return False
    return all(isinstance(item, dict) and isinstance(item.get("attributes"), dict) for item in inner)


def _plain_json_api(data: dict[Any, Any]) -> dict[Any, Any]:
    def flat(resource: Any) -> Any:
        if not isinstance(resource, dict) or not isinstance(resource.get("attributes"), dict):
            return resource
        found = {"id": resource.get("id"), **resource["attributes"]}
        if isinstance(resource.get("relationships"), dict):
            for name, relation in resource["relationships"].items():
                to = relation.get("data") if isinstance(relation, dict) else None
                if isinstance(to, dict) and "id" in to and name not in found:
                    found[str(name)] = to["id"]
        return found

    opened_ = {name: value for name, value in data.items() if name not in ("data", "included")}
    opened_["data"] = [flat(resource) for resource in data["data"]]
    if isinstance(data.get("included"), list):
        opened_["included"] = [flat(resource) for resource in data["included"]]
    return opened_


def _unkeyed(value: Any, depth: int) -> Any:
    """Objects whose keys are numbers or times, as lists in their order."""
    if depth > 3 or not isinstance(value, dict):
        return value
    if len(value) >= 2 and all(
        isinstance(name, int | float) or _NUMBER_KEY.fullmatch(str(name)) for name in value
    ):
        inner = list(value.values())
        if all(isinstance(item, dict) for item in inner):
            keyed = sorted(value.items(), key=lambda pair: float(pair[0]))
            counts = all(
                float(name) == place for place, (name, _) in enumerate(keyed, int(float(keyed[0][0])))
            )
            return [item if counts else _at(name, item) for name, item in keyed]
        if all(isinstance(item, str) for item in inner):
            ordered = sorted(value.items(), key=lambda pair: float(pair[0]))
            counts = [float(name) for name, _ in ordered] in (
                [float(place) for place in range(len(ordered))],
                [float(place) for place in range(1, len(ordered) + 1)],
            )
            return [text if counts else _at(name, text) for name, text in ordered]
        if all(isinstance(item, list) and 2 <= len(item) <= 6 for item in inner):
            return [item for _, item in sorted(value.items(), key=lambda pair: float(pair[0]))]
        return value
    if len(value) >= 2 and all(
        isinstance(name, str) and ":" in name and read_moment(name) is not None for name in value
    ):
        if all(isinstance(item, dict | str) for item in value.values()):
            return [_at(name, item) for name, item in value.items()]
        return value
    columns = _of_columns(value)
    if columns is not None:
        return columns
    rows = _of_rows(value)
    if rows is not None:
        return rows
    return {
        name: _unkeyed(item, depth + 1) if isinstance(item, dict) and not _lists_people(name, item) else item
        for name, item in value.items()
    }


def _lists_people(name: Any, value: dict[Any, Any]) -> bool:
    return is_table_name(str(name)) and any(isinstance(item, dict) for item in value.values())


def _of_columns(value: dict[Any, Any]) -> dict[Any, Any] | None:
    """`{"text": {"0": …, "1": …}, "start": {"0": …, "1": …}}`, as lists; None for anything else."""
    inner = list(value.values())
    if len(inner) < 2 or not all(isinstance(item, dict) and len(item) >= 2 for item in inner):
        return None
    keys = list(inner[0])
    if not all(isinstance(key, int) or str(key).isdecimal() for key in keys):
        return None
    if any(list(item) != keys for item in inner) or any(
        isinstance(cell, dict) for item in inner for cell in item.values()
    ):
        return None
    return {name: list(item.values()) for name, item in value.items()}


def _of_rows(value: dict[Any, Any]) -> list[Any] | None:
    """Turns under a key each that only names them, where times or the keys themselves put them in order."""
    inner = list(value.values())
    if len(inner) < 3 or not all(isinstance(item, dict) for item in inner):
        return None
    names = {frozenset(map(str, item)) for item in inner}
    if len(names) > 2 or max(map(len, names)) < 2 or any(role_of(str(key)) for key in value):
        return None
    plan = plan_of(inner)
    if not plan.text or not plan.role:
        return None
    said = [item.get(plan.text[0]) for item in inner]
    texts = [text for text in said if isinstance(text, str)]
    if len(texts) < len(inner) or words_of(texts) < 2 * len(texts):
        return None
    if not plan.start and list(map(str, value)) != sorted(map(str, value)):
        return None
    return inner


def _at(time: Any, item: Any) -> dict[str, Any]:
    if isinstance(item, str):
        return {"time": time, "text": item}
    if usual_plan(tuple(map(str, item))).start:
        return dict(item)
    return {"time": float(time) if not isinstance(time, str) or _NUMBER_KEY.fullmatch(time) else time, **item}
