"""Turns of which each part has its name before it: `speaker: Agent` and `text: Hello` below each other, or in one line.

So write YAML, settings files, logs (`speaker=Agent text="Hello"`) and many scripts (`Who: Agent | Said: Hello`). The names
are found because they come back in every turn. The turns become the objects that JSON would hold, and are read as such.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Sequence
from typing import NamedTuple

from reddy_lib.transcripts.formats.turn_keys import plan_of
from reddy_lib.transcripts.formats.turn_lists import read_items
from reddy_lib.transcripts.roles import is_role
from reddy_lib.transcripts.turns import Parsed

__all__ = ["read_keyed"]

_KEY = r"[\"'*_]{0,3}(?P<key>[^\W\d_][\w.-]{0,24}(?: [\w.-]{1,14}){0,2})[\"'*_]{0,3}\s{0,12}[=:：](?!//)[*_]{0,2}"
_AT_START = re.compile(
    rf"\s*(?P<mark>(?:[-*•+]|\d{{1,4}}[.)]|\[\d{{1,4}}\])\s+)?{_KEY}\s*(?P<value>.*)", re.DOTALL
)
_INLINE = re.compile(rf"(?:^|(?<=[\s|,;{{(\[/]))[\[({{]?{_KEY}\s*")
_SAMPLE = 60
_FEW_LABELS = 8


class _Field(NamedTuple):
    key: str
    value: str
    begins: bool


def read_keyed(lines: Sequence[str], heading: Callable[[str], bool]) -> Parsed | None:
    """Return the turns of these lines; None where their parts have no names that come back.

    `heading`: may this line stand above the turns without being speech?
    """
    first = _AT_START.match(lines[0]) if lines else None
    if len(lines) < 2 or not any(":" in line or "=" in line or "：" in line for line in lines[:4]):
        return None
    if first is not None and is_role(first["key"]):
        return None
    before = 0
    while before < min(len(lines), 8) and heading(lines[before]) and not _fields(lines[before : before + 4]):
        before += 1
    items = _of_one_line_each(lines[before:]) or _of_several_lines(lines[before:])
    if items is None or len(items) < 2:
        return None
    plan = plan_of(items)
    labels = Counter(item.get(plan.role[0], "") for item in items) if plan.role and plan.text else Counter()
    if (
        not 2 <= len(labels) <= _FEW_LABELS
        or plan.role[0] == plan.text[0]
        or len(labels) > 0.7 * len(items) + 1
    ):
        return None
    parsed = read_items(items)
    parsed.form = "labelled text"
    parsed.left_out += [(0, line) for line in lines[:before]]
    return parsed


def _fields(lines: Sequence[str]) -> bool:
    keys = [match["key"] for line in lines if (match := _AT_START.match(line)) and match["value"].strip()]
    return len(keys) > 1


def _of_one_line_each(lines: Sequence[str]) -> list[dict[str, str]] | None:
    counts: Counter[str] = Counter()
    for line in lines[:_SAMPLE]:
        counts.update({match["key"] for match in _INLINE.finditer(line[:2000])})
    wanted = {key for key, count in counts.items() if count >= max(2, 0.8 * min(len(lines), _SAMPLE))}
    if len(wanted) < 2:
        return None
    items: list[dict[str, str]] = []
    for line in lines:
        found: list[re.Match[str]] = []
        for match in _INLINE.finditer(line):
            if match["key"] in wanted and all(match["key"] != other["key"] for other in found):
                found.append(match)
        if len(found) < 2 or line[: found[0].start()].strip(" -*•{([<0123456789.)#"):
            return None
        ends = [*(match.start() for match in found[1:]), len(line)]
        items.append(
            {match["key"]: _value(line[match.end() : end]) for match, end in zip(found, ends, strict=True)}
        )
    return items


def _of_several_lines(lines: Sequence[str]) -> list[dict[str, str]] | None:
    matches = [_AT_START.match(line) for line in lines]
    counts = Counter(match["key"] for match in matches[:_SAMPLE] if match)
    keys = {key for key, count in counts.items() if count > 1 and not is_role(key)}
    if len(keys) < 2 or sum(counts.values()) < 0.4 * min(len(lines), _SAMPLE):
        return None
    items: list[dict[str, str]] = []
    key = opening = ""
    for line, match in zip(lines, matches, strict=True):
        if match is None or match["key"] not in keys:
            if not key:
                return None
            if line.strip(" -=*_#~"):
                items[-1][key] += "\n" + line.strip()
            continue
        opening = opening or match["key"]
        if not items or match["key"] == opening or match["key"] in items[-1]:
            items.append({})
        key = match["key"]
        items[-1][key] = "" if match["value"].strip() in ("|", ">", "|-", ">-") else match["value"].strip()
    return [{name: _value(value) for name, value in item.items()} for item in items]


def _value(written: str) -> str:
    """A value without the marks that part it from the next and without its quotes."""
    plain = written.strip().rstrip("|,;/").rstrip() if written.count('"') % 2 == 0 else written.strip()
    plain = plain.strip("*_") if plain.startswith(("*", "_")) else plain
    if not plain:
        return ""
    if len(plain) > 1 and plain[0] == plain[-1] == '"':
        try:
            return str(json.loads(plain))
        except ValueError:
            return plain[1:-1]
    if len(plain) > 1 and plain[0] == plain[-1] == "'":
        return plain[1:-1].replace("''", "'")
    if plain[-1:] in "})]" and plain.count(plain[-1]) > plain.count(
        {"}": "{", ")": "(", "]": "["}[plain[-1:]]
    ):
        return _value(plain[:-1])
    return plain
