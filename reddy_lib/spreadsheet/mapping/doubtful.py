"""What is asked about a column that was taken: its name says nothing or the contrary, or another one would fit."""

from __future__ import annotations

from collections.abc import Sequence

from reddy_lib.spreadsheet.cells.header_words import concepts, plain_name
from reddy_lib.spreadsheet.cells.quantities import are_quantities
from reddy_lib.spreadsheet.cells.side_cells import lines_of
from reddy_lib.spreadsheet.evidence.column_profile import Column
from reddy_lib.spreadsheet.evidence.field_evidence import Evidence, Table
from reddy_lib.spreadsheet.evidence.id_evidence import built_as_ids, large_numbers, tokens, words_among_ids
from reddy_lib.spreadsheet.evidence.turn_columns import TurnsFound

__all__ = ["doubt_of_transcript", "doubts_of_content", "doubts_of_turns", "is_written_down"]


def doubts_of_content(
    table: Table, fields: dict[str, str], kept: dict[str, Evidence], doubts: dict[str, str]
) -> dict[str, str]:
    """Return what to ask where a column was taken for what it holds although its name says nothing, or the contrary."""
    found: dict[str, str] = {}
    for field, what in _SILENT.items():
        if (
            field in kept
            and not kept[field].named
            and field not in doubts
            and kept[field].score < _SURE.get(field, 99)
        ):
            customers = field == "agent_email" and "as customers have" in kept[field].reason
            found[field] = f"{fields[field]!r} was taken because {_AS_OF_CUSTOMERS if customers else what}"
    ids = next((one for one in table.columns if one.name == fields.get("conversation_id")), None)
    if ids is not None and "conversation_id" not in {**doubts, **found} and (words := words_among_ids(ids)):
        # Every call is told this: a cell, which may be a customer's name, must not go into the others' findings.
        count = sum(text in words for text in ids.texts)
        found["conversation_id"] = (
            f"{ids.name!r} holds words where its other cells hold ids, in {count} of {ids.total} rows looked at"
        )
    if "conversation_id" not in {**doubts, **found} and (rival := _other_ids(table, fields)):
        named = concepts(fields["conversation_id"])
        what = ", the number of a case" if "case" in named and "call" not in named else ""
        found["conversation_id"] = (
            f"{fields['conversation_id']!r} was taken{what}; {rival!r} tells calls apart too"
        )
    if "timestamp" not in fields:
        return found
    start = fields["timestamp"]
    standing = table.times.standing(start)
    early = [
        column.name
        for column in table.columns
        if "end" in column.says and start in table.times.standing(column.name).later
    ]
    if standing.start_by:
        found.pop("timestamp", None)
    elif is_written_down(start):
        found["timestamp"] = (
            f"{start!r} was taken: its name says when the call was written down, not when it began"
        )
    elif standing.end_by:
        found["timestamp"] = f"{start!r} was taken for its name, but {standing.end_by}: calls may end then"
    elif other := _differs_in_each_call(table, start):
        found["timestamp"] = (
            f"{start!r} was taken for its name, but it is the same for several calls, and {other!r} differs in each"
        )
    elif early:
        found["timestamp"] = (
            f"{start!r} was taken for its name, but {early[0]!r} is earlier: the two may be mixed up"
        )
    return found


def _differs_in_each_call(table: Table, start: str) -> str:
    """Return the column of other times, where those that were taken begin something longer than a call, as a shift is."""
    taken = next(column for column in table.columns if column.name == start)
    if taken.count < _FEW or 2 * taken.distinct > taken.count or taken.dates.granularity == "day":
        return ""
    return next(
        (
            column.name
            for column in table.columns
            if column.times >= 0.9
            and column.unique >= 0.9
            and column.count == taken.count
            and not column.says & {"end", "created", "changed"}
            and column.name in table.times.standing(start).later
        ),
        "",
    )


_FEW = 3


def _other_ids(table: Table, fields: dict[str, str]) -> str:
    """Return a column that may hold the calls' own ids where those of something else may have been taken, or "".

    A case may have several calls, and so may "Parent call" or "Zorb": their names say more than that it is a call's id.
    """
    named = fields.get("conversation_id", "")
    says = concepts(named)
    of_a_case = "case" in says and "call" not in says
    if not named or not (of_a_case or _is_qualified(named)):
        return ""
    return next(
        (
            column.name
            for column in table.columns
            if column.name not in fields.values()
            and column.unique == 1
            and column.fill == 1
            and column.audio + column.emails + column.phones < 0.5
            and not column.says & _NO_CALLS
            and not are_quantities(column.texts)
            and (
                column.uuids > 0.9
                or tokens(column.texts)
                or large_numbers(column.texts)
                or built_as_ids(column.texts)
            )
        ),
        "",
    )


_NO_CALLS_TEXT = "agent customer product supervisor user case phone audio file start end"
_NO_CALLS = frozenset(_NO_CALLS_TEXT.split())


def _is_qualified(name: str) -> bool:
    """Return whether a name of ids has a word of which it is not known what it says."""
    return any(
        len(word) > 1 and not word.isdecimal() and not concepts(word) for word in plain_name(name).split()
    )


_SURE = {"agent_email": 15.0, "product_id": 8.5}
"""Score from which on the content of a column is enough: emails written after the names of agents, names of products."""
_AS_OF_CUSTOMERS = "its cells are emails; each row has another one, as it has another customer"
_SILENT = {
    "conversation_id": "its cells look like ids; its name does not say so",
    "timestamp": "its cells are dates; its name does not say that calls began then",
    "product_id": "its cells are ids of products; its name does not say so",
    "agent_email": "its cells name few people over many calls; its name does not say that they are agents",
}


def doubt_of_transcript(taken: Sequence[str], columns: Sequence[Column]) -> tuple[str, str] | None:
    """Return (question, other column or "") where the column of transcripts may hold notes, or has a copy beside it."""
    first = next((column for column in columns if column.name == taken[0]), None)
    if first is None or first.transcripts < 0.5:
        return None
    if "note" in first.says and "transcript" not in first.says:
        return f"{first.name!r} was taken; its name says that it holds notes, not what was said", ""
    for column in columns:
        if column.name in taken or "note" in column.says or column.length < 0.5 * first.length:
            continue
        differing = sum(a != b for a, b in zip(first.of_rows, column.of_rows, strict=True) if a and b)
        if column.transcripts >= 0.5 and differing:
            said = f"{first.name!r} was taken; {column.name!r} reads as a transcript too"
            return f"{said}, and differs in {differing} of {column.total} rows looked at", column.name
    return None


def is_written_down(name: str) -> bool:
    """Return whether a column is named after the entry about a call rather than after the call."""
    return "created" in concepts(name) and "start" not in concepts(name)


def doubts_of_turns(turns: TurnsFound, columns: Sequence[Column]) -> dict[str, str]:
    """Return what to ask where the cells of a side are JSON that is not read: brackets and keys would go out as words."""
    sides = {turn.text for turn in turns.turns}
    data = [column for column in columns if column.name in sides and column.objects >= 0.5]
    odd = next((column.name for column in data if not all(map(_reads_as_lines, column.texts[:50]))), "")
    return {"transcript": f"{odd!r} holds lists of JSON, which would be sent as what was said"} if odd else {}


def _reads_as_lines(text: str) -> bool:
    lines = lines_of(text)
    return bool(lines) and not any(line[:1] in "[{" for _, line in lines)
