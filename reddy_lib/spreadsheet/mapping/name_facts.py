"""What the names of files say of their calls, where each call is a file: "2026-03-04_ann@x.example_8812.txt".

All names are written alike: the same separators, and at each place the same kind of value. The pattern is one that
`Mapping.from_name` takes.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from reddy_lib.spreadsheet.evidence.column_profile import Column
from reddy_lib.spreadsheet.file_names import name_value
from reddy_lib.spreadsheet.model import Mapping
from reddy_lib.spreadsheet.reading.bundles import FILE_NAME

__all__ = ["with_name_facts"]

_PARTS = re.compile(
    r"(?P<email>[A-Za-z0-9.%+-]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*\.[A-Za-z]{2,})"
    r"|(?P<date>(?<!\d)(?:(?:19|20)\d{2}[-.]?[01]\d[-.]?[0-3]\d|[0-3]?\d[.-][01]?\d[.-](?:19|20)\d{2})(?!\d))"
    r"|(?P<time>(?<=\d[T_ -])[0-2]\d[-.:h]?[0-5]\d(?:[-.:m]?[0-5]\d)?(?![\d.]))"
    r"|(?P<word>[^\s_,()\[\]/-][^\s_,()\[\]/]*?(?=(?:[\s_,()\[\]/]|\s-\s|$)))"
)
_ENDING = re.compile(r"(?:\.[A-Za-z][A-Za-z0-9]{1,5})+$")
_ID = re.compile(r"(?=.*\d)[\w.:-]{3,64}")
_MOST = 1000


class _Name(NamedTuple):
    """A name cut up: what its parts are, what stands between them, and their texts."""

    kinds: tuple[str, ...]
    between: tuple[str, ...]
    texts: tuple[str, ...]


def with_name_facts(mapping: Mapping, columns: Sequence[Column]) -> Mapping:
    """Return a copy that takes from the names of files what no column says: the id, the agent's email, the start."""
    column = next((one for one in columns if one.name == FILE_NAME), None)
    if column is None or mapping.layout != "row" or column.distinct < column.total:
        return mapping
    names = column.texts[:_MOST]
    cut = [_cut(_ENDING.sub("", name)) for name in names]
    if len({(one.kinds, one.between) for one in cut}) != 1:
        return mapping
    # A whole name may have been taken for the id: the part of it that is one says more.
    others = {field: source for field, source in mapping.fields.items() if source != FILE_NAME}
    given = {*others, *mapping.joins, *mapping.from_name}
    wanted = _wanted(cut, given)
    between = cut[0].between
    pattern = between[0] + "".join(
        f"{{{wanted.get(place, '')}}}{after}" for place, after in enumerate(between[1:])
    )
    fields = [field for field in ("conversation_id", "agent_email") if field in wanted.values()]
    fields += ["timestamp"] if "date" in wanted.values() else []
    fields = [field for field in fields if all(name_value(pattern, field, name) for name in names)]
    if not fields:
        return mapping
    reason = f"names of the files such as {names[0][:60]!r}"
    doubts = dict(mapping.doubts)
    if "conversation_id" in fields:  # every call is told this: it quotes no name
        doubts["conversation_id"] = (
            "a part of each file's name was taken: nothing else says that it is the call's id"
        )
    return mapping.replace(
        doubts=doubts,
        fields={
            field: source
            for field, source in mapping.fields.items()
            if field in others or field not in fields
        },
        from_name={**mapping.from_name, **dict.fromkeys(fields, pattern)},
        reasons={**mapping.reasons, **dict.fromkeys(fields, reason)},
    )


def _cut(name: str) -> _Name:
    kinds: list[str] = []
    between: list[str] = []
    texts: list[str] = []
    at = 0
    for match in _PARTS.finditer(name):
        if match["word"] in ("-", "–"):
            continue
        kinds.append(str(match.lastgroup))
        between.append(name[at : match.start()])
        texts.append(match[0])
        at = match.end()
    return _Name(tuple(kinds), (*between, name[at:]), tuple(texts))


def _wanted(cut: Sequence[_Name], given: set[str]) -> dict[int, str]:
    """Return the place of a part → the value that it is in a pattern."""
    found: dict[int, str] = {}
    kinds = cut[0].kinds
    if kinds.count("email") == 1 and "agent_email" not in given:
        emails = {one.texts[kinds.index("email")] for one in cut}
        if len(cut) < 3 or len(emails) < len(cut):  # another one in each call is a customer's
            found[kinds.index("email")] = "agent_email"
    if kinds.count("date") == 1 and "timestamp" not in given:
        found[kinds.index("date")] = "date"
        if kinds.count("time") == 1 and kinds.index("time") == kinds.index("date") + 1:
            found[kinds.index("time")] = "time"
    if "conversation_id" not in given:
        ids = [place for place, kind in enumerate(kinds) if kind == "word" and _are_ids(cut, place)]
        if len(ids) == 1:
            found[ids[0]] = "conversation_id"
    return found


def _are_ids(cut: Sequence[_Name], place: int) -> bool:
    texts = [one.texts[place] for one in cut]
    return len(set(texts)) == len(texts) and all(map(_ID.fullmatch, texts))
