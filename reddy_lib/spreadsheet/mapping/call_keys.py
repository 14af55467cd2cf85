"""What tells calls apart, as their id; and what else the rows of a call show once it is known which they are."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from itertools import pairwise

from reddy_lib.spreadsheet.calls.grouping import Group
from reddy_lib.spreadsheet.evidence.call_groups import is_short_number
from reddy_lib.spreadsheet.evidence.column_profile import Column
from reddy_lib.spreadsheet.evidence.id_evidence import id_name, no_call_id
from reddy_lib.spreadsheet.evidence.line_words import unused_words
from reddy_lib.spreadsheet.model import Mapping
from reddy_lib.transcripts.greetings import introduces

__all__ = ["id_from_group", "with_joining_id", "with_order_doubted", "with_unused_words"]


def id_from_group(mapping: Mapping, columns: Sequence[Column]) -> Mapping:
    """Take the column that tells calls apart for the conversation's id, whatever it is called."""
    by = mapping.group_by[0] if len(mapping.group_by) == 1 else ""
    chosen = mapping.fields.get("conversation_id")
    named = chosen is not None and "its name does not say so" not in mapping.doubts.get("conversation_id", "")
    if not by or named or by in mapping.fields.values():
        return mapping
    found = next((column for column in columns if column.name == by), None)
    if found is None or found.unique < 1 or found.times >= 0.5 or no_call_id(found):
        return mapping
    doubt = _doubt_of_key(found, chosen)
    if chosen is not None:
        if found.ids < 0.9 or is_short_number(found):
            return mapping
        # Of two columns that look like ids, neither of which says so, it is the one by which lines belong together.
        mapping = mapping.replace(
            tags=[*mapping.tags, chosen],
            tag_types={**mapping.tag_types, chosen: "string"},
            second_best={**mapping.second_best, "conversation_id": chosen},
        )
    tags = [name for name in mapping.tags if name != by]
    doubts = {field: why for field, why in mapping.doubts.items() if field != "conversation_id"}
    if doubt:
        doubts["conversation_id"] = doubt
    return mapping.replace(
        fields={**mapping.fields, "conversation_id": by},
        tags=tags,
        tag_types={name: kind for name, kind in mapping.tag_types.items() if name in tags},
        reasons={**mapping.reasons, "conversation_id": f"tells calls apart: {found.distinct} distinct"},
        doubts=doubts,
    )


def _doubt_of_key(key: Column, rival: str | None) -> str:
    """Return what to ask about a column that tells calls apart, if its name does not say that it is an id; else ""."""
    if id_name(key.says) > 0:
        return ""
    taken = f"{key.name!r} was taken because it tells calls apart; its name does not say so"
    if is_short_number(key):
        return f"{taken}, and its numbers are short"
    return f"{taken}, and {rival!r} looks like an id too" if rival is not None else taken


def with_joining_id(mapping: Mapping, name: str, columns: Sequence[Column]) -> Mapping:
    """Take the column by which lines are joined for the conversation's id, unless another one is named as that."""
    key = next((column for column in columns if column.name == name), None)
    guess = mapping.fields.get("conversation_id")
    named = guess is not None and guess != name and "conversation_id" not in mapping.doubts
    used = {
        column
        for field, several in mapping.sources().items()
        for column in several
        if field != "conversation_id"
    }
    if key is None or key.unique < 1 or named or name in used or no_call_id(key):
        return mapping
    fact = f"{name!r} joins each call to its lines in another sheet"
    said = mapping.reasons.get("conversation_id") if guess == name else None
    reasons = {column: reason for column, reason in mapping.reasons.items() if column != name}
    return mapping.replace(
        fields={**mapping.fields, "conversation_id": name},
        reasons={**reasons, "conversation_id": f"{said}; {fact}" if said else fact},
        doubts={field: doubt for field, doubt in mapping.doubts.items() if field != "conversation_id"},
        tags=[tag for tag in mapping.tags if tag != name],
        tag_types={tag: kind for tag, kind in mapping.tag_types.items() if tag != name},
    )


def with_unused_words(mapping: Mapping, varying: Collection[str], groups: Sequence[Group]) -> Mapping:
    """Return a copy with a doubt about the transcript if sentences that differ from line to line are in no line.

    `varying`: the columns that differ within calls and feed no field of a line.
    """
    if "transcript" in mapping.doubts:
        return mapping
    ends = [0]
    for group in groups:
        ends.append(ends[-1] + len(group.rows))
    calls = [range(first, end) for first, end in pairwise(ends)]
    columns = [
        Column(name, [cell for group in groups for cell in group.columns[name]])
        for name in varying
        if name not in mapping.fields.values()
    ]
    left = unused_words(columns, calls)
    if not left:
        return mapping
    doubt = f"{left[0]!r} holds sentences that differ from line to line, and they are in no line"
    return mapping.replace(
        doubts={**mapping.doubts, "transcript": doubt},
        second_best={**mapping.second_best, "transcript": left[0]},
    )


def with_order_doubted(mapping: Mapping, groups: Sequence[Group]) -> Mapping:
    """Return a copy with a doubt about the transcript if rows in no order of their own stand sorted by their speaker, or
    with the newest first."""
    role = mapping.line_fields.get("role", "")
    if not role or "transcript" in mapping.doubts or "order" in mapping.line_fields:
        return mapping
    if doubt := _introduced_last(mapping, groups):
        return mapping.replace(doubts={**mapping.doubts, "transcript": doubt})
    if "start" in mapping.line_fields:
        return mapping
    long = 0
    for group in groups:
        labels = list(map(str, group.columns[role]))
        counts = [labels.count(label) for label in dict.fromkeys(labels)]
        if len(counts) != 2 or min(counts) < 2:
            continue
        if sum(a != b for a, b in pairwise(labels)) > 1:
            return mapping
        long += 1
    if long < 2 or 2 * long < len(groups):
        return mapping
    doubt = (
        f"in {long} of the {len(groups)} calls checked, one side says all it says before the other: the rows may be sorted "
        f"by {role!r}, and nothing shows the order in which they were spoken"
    )
    return mapping.replace(doubts={**mapping.doubts, "transcript": doubt})


def _introduced_last(mapping: Mapping, groups: Sequence[Group]) -> str:
    """Return the doubt that calls stand newest first, if agents say who they are in the last row rather than the first."""
    email, start = mapping.fields.get("agent_email"), mapping.line_fields.get("start")
    first = last = 0
    for group in groups if email else ():
        texts = [str(cell).strip() for cell in group.columns[mapping.line_fields["text"]]]
        names = {str(cell).partition("@")[0] for cell in group.columns[email or ""]}
        if len(texts) < _SHOWS_ITS_ORDER or (start and len(set(map(str, group.columns[start]))) > 1):
            continue  # its times show it
        says_who = introduces([" ".join(re.findall(r"[^\W\d_]+", name)) for name in names])
        first += any(map(says_who, texts[:2]))
        last += any(map(says_who, texts[-2:]))
    if last < 2 or last < 3 * first:
        return ""
    return (
        f"in {last} of the {len(groups)} calls checked, the agent introduces themselves in the last rows: the rows may be "
        "newest first, and nothing shows the order in which they were spoken"
    )


_SHOWS_ITS_ORDER = 4
