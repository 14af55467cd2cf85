"""A list of turns as YAML writes it: `- speaker: Agent` and the other keys below it.

Only what transcripts need is read: lists of mappings, mappings inside of them, quoted and plain values, and blocks of
text. Anything else is left to whoever reads labelled text.
"""

from __future__ import annotations

import json
import re
from contextlib import suppress
from typing import Any

__all__ = ["looks_like_yaml", "read_yaml"]

_NAME = r"(?:[^\W\d][\w .-]{0,40}|\"[^\"]{1,40}\"|'[^']{1,40}')"
_KEY = re.compile(rf"(?P<indent> *)(?P<dash>- +)?(?P<key>{_NAME})\s*:(?: +(?P<value>.*))?$")
_NUMBER = re.compile(r"-?\d{1,15}(?:\.\d{1,9})?")
_HEAD = re.compile(
    r"\s*(?:---[^\n]*\n\s*)?(?:[\w.-]+:[ \t]*\n\s*){0,3}"
    rf"- +{_NAME}\s*:(?: |$)[^\n]*\n +{_NAME}\s*:(?: |\n)"
)


def looks_like_yaml(text: str) -> bool:
    """Does this text begin with a list whose items have several keys each?"""
    return "- " in text[:200] and _HEAD.match(text[:4000]) is not None


def read_yaml(text: str) -> Any:
    """The data of the text. Raises ValueError: this is no such list, from the first to the last line."""
    rows = [row.rstrip() for row in text.expandtabs(2).splitlines()]
    rows = [row for row in rows if row.strip() not in ("---", "...")]
    items: list[dict[str, Any]] = []
    place = 0
    outer = -1
    inner = -1
    while place < len(rows):
        row = rows[place]
        place += 1
        if not row.strip() or row.lstrip().startswith("#"):
            continue
        match = _KEY.fullmatch(row)
        if match is None:
            raise ValueError("no list of mappings")
        indent = len(match["indent"])
        if match["dash"]:
            if items and indent != outer:
                raise ValueError("a list inside of a list")
            outer, inner = indent, indent + len(match["dash"])
            items.append({})
        elif not items:
            if match["value"]:
                raise ValueError("a value before the list")
            continue
        elif indent != inner:
            raise ValueError("another depth")
        key = match["key"].strip("\"'")
        if key in items[-1]:
            raise ValueError("a key twice")
        value = (match["value"] or "").strip()
        below: list[str] = []
        while place < len(rows) and (not rows[place].strip() or _indent(rows[place]) > inner):
            below.append(rows[place])
            place += 1
        items[-1][key] = _value(value, below)
    if (
        len(items) < 2
        or len(items[0]) < 2
        or sum(set(item) == set(items[0]) for item in items) * 2 < len(items)
    ):
        raise ValueError("no list of turns")
    return items


def _indent(row: str) -> int:
    return len(row) - len(row.lstrip())


def _value(value: str, below: list[str]) -> Any:
    said = [row.strip() for row in below if row.strip()]
    if value[:1] in ("|", ">") and len(value) <= 3:
        return ("\n" if value[0] == "|" else " ").join(said)
    if not value and said and all(_KEY.fullmatch(row) for row in said):
        return {row.partition(":")[0].strip(): _value(row.partition(":")[2].strip(), []) for row in said}
    value = " ".join([value, *said]).strip()
    if value[:1] == '"' and value.endswith('"') and len(value) > 1:
        with suppress(ValueError):
            return json.loads(value)
    if value[:1] == "'" and value.endswith("'") and len(value) > 1:
        return value[1:-1].replace("''", "'")
    if value[:1] in ("[", "{"):
        with suppress(ValueError):
            return json.loads(value)
    if _NUMBER.fullmatch(value):
        return float(value) if "." in value else int(value)
    return {"true": True, "false": False, "null": None, "~": None, "": None}.get(value.casefold(), value)
