"""A call and its row in the ledger: the columns that are stored, and the findings that still apply after an edit.

Pure functions without a database, so that the child process of a load imports nothing that it does not need.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from operator import itemgetter
from typing import Any, NamedTuple, Protocol

import msgspec

from reddy_lib.batches.decisions import Decisions, moved_lines, open_findings, tally, unassigned_of
from reddy_lib.batches.line_diff import pair_lines, same_as_sent
from reddy_lib.batches.renamed_products import RENAMED, is_about
from reddy_lib.checks import Given, check, findings_of
from reddy_lib.findings import Finding
from reddy_lib.identity import call_key, near_key, words_digest
from reddy_lib.model import Call, TranscriptLine, from_payload, payload_json, whole_characters
from reddy_lib.recordings.unplayable import beside_transcript
from reddy_lib.spreadsheet import BuiltCall

__all__ = [
    "CallSource",
    "StoredCall",
    "Value",
    "carried_findings",
    "changes",
    "decode_findings",
    "encode_findings",
    "in_order",
    "new_call_values",
    "payload_changes",
    "searched",
    "standing_findings",
    "summarised",
]

Value = str | int | float | bool | None
"""A value of a column."""

_findings_decoder = msgspec.json.Decoder(list[Finding])
_encode = msgspec.json.Encoder().encode


def decode_findings(text: str | bytes) -> list[Finding]:
    """Decode the stored findings of a call."""
    return _findings_decoder.decode(text)


def encode_findings(findings: Sequence[Finding]) -> str:
    """Return findings as the ledger stores them."""
    return _encode(findings).decode()


def searched(call: Call) -> dict[str, Value]:
    """Return the columns of `calls` that are listed, filtered and sorted."""
    product = call.product_id
    lines = call.transcript or []
    first = lines[0].text if lines else ""
    if not first or first.isspace():
        first = next((line.text for line in lines if line.text.strip()), "")
    return {
        "agent_email": _storable(call.agent_email),
        "product_id": product if product is not None and abs(product) < 2**63 else None,
        "timestamp": call.timestamp,
        "conversation_id": _storable(call.conversation_id),
        "lines": len(lines),
        "tags": len(call.tags or []),
        "preview": _storable(" ".join(first.split())[:80]) or "",
        "delivery_key": call_key(call),
        "near_key": near_key(call),
        "words_digest": words_digest(call),
    }


_NOTHING_FOUND: dict[str, Value] = {"findings": "[]", "codes": "", "errors": 0, "warnings": 0}


def summarised(findings: Sequence[Finding]) -> dict[str, Value]:
    """Return the columns of `calls` that hold its findings."""
    if not findings:
        return dict(_NOTHING_FOUND)
    errors = sum(1 for found in findings if found.severity == "error")
    codes = sorted({found.code for found in findings})
    return {
        "findings": _encode(findings).decode(),
        "codes": f"|{'|'.join(codes)}|" if codes else "",
        "errors": errors,
        "warnings": len(findings) - errors,
    }


_NONE = Decisions()


def new_call_values(
    batch_id: str,
    piece: Iterable[BuiltCall],
    *,
    products: list[dict[str, Any]] | None,
    now: float,
) -> list[dict[str, Value]]:
    """Check some calls of a sheet, and return their rows of `calls`: ready or held."""
    given = Given(products, now)
    piece = list(piece)
    # One question after the other, each of all calls: call by call, the processor fetches the code of each again.
    of_calls = [findings_of(built.call, given) for built in piece]
    payloads = [payload_json(built.call).decode() for built in piece]
    cells = [_encode(built.cells).decode() for built in piece]
    listed = [searched(built.call) for built in piece]
    values: list[dict[str, Value]] = []
    for built, own, payload, cells_json, columns in zip(
        piece, of_calls, payloads, cells, listed, strict=True
    ):
        source = built.findings
        unassigned = None
        texts = []
        if built.placed.unassigned:
            unassigned = _encode(
                [(after, _storable(text)) for after, text in built.placed.unassigned]
            ).decode()
            texts = unassigned_of(unassigned)
        findings = merged([*source, *open_findings(texts, _NONE)] if texts else source, own)
        summary = summarised(findings)
        values.append(
            {
                "batch_id": batch_id,
                "row": built.row,
                "payload": payload,
                "cells": cells_json,
                "source_findings": _encode(source).decode() if source else "[]",
                "status": "held" if summary["errors"] else "ready",
                "edited": False,
                "characters_in": built.placed.characters,
                **tally(built.placed.characters, texts, _NONE),
                "unassigned": unassigned,
                "times": built.times,
                **summary,
                **columns,
            }
        )
    return values


class StoredCall(Protocol):
    """The part of a row of `calls` that `standing_findings` needs."""

    @property
    def payload(self) -> str: ...
    @property
    def original(self) -> str | None: ...
    @property
    def source_findings(self) -> str: ...
    @property
    def unassigned(self) -> str | None: ...
    @property
    def audio(self) -> str: ...


class CallSource(NamedTuple):
    """The columns of a call that `standing_findings` reads."""

    payload: str
    original: str | None
    source_findings: str
    unassigned: str | None
    audio: str


def standing_findings(
    stored: StoredCall,
    call: Call,
    decisions: Decisions,
    *,
    products: list[dict[str, Any]] | None,
    now: float,
    attached: bool | None = None,
) -> list[Finding]:
    """Return all findings of a call as it is now, except `conversation-duplicate`.

    Args:
        stored: its row of `calls`.
        attached: whether it has a recording; None: as `stored` says.
    """
    original = from_payload(stored.original or stored.payload)
    source = [
        found for found in decode_findings(stored.source_findings) if found.code not in decisions.accepted
    ]
    carried = carried_findings(source, original, call)
    texts = unassigned_of(stored.unassigned)
    if texts:
        carried += open_findings(
            texts, decisions, moved_lines(original.transcript or [], call.transcript or [])
        )
    if attached is None:
        attached = stored.audio != "none"
    own = check(call, products=products, now=now, recording=attached)
    if any(found.code == RENAMED for found in carried):  # it says more: it names the product
        own = [found for found in own if found.code != "product-unknown"]
    return merged(carried, own)


def merged(source: Sequence[Finding], own: Sequence[Finding]) -> list[Finding]:
    """Merge the findings of reading and of checking, errors first, each problem once."""
    if not source:
        return in_order(own)
    said = {(found.code, found.field, found.line) for found in source}
    fields = {found.field for found in source if found.severity == "error" and found.line is None}
    both = [
        *source,
        *(
            found
            for found in own
            if (found.code, found.field, found.line) not in said
            # "could not be read" already says why the field is empty; a second "is missing" would only confuse
            and not (found.field in fields and found.code.endswith("-missing"))
        ),
    ]
    return in_order(both)


def in_order(findings: Iterable[Finding]) -> list[Finding]:
    """Return findings sorted: errors first, then those of the whole call, then by line."""
    return sorted(findings, key=_order)


def _order(found: Finding) -> tuple[bool, bool, int]:
    return found.severity != "error", found.line is not None, found.line or 0


def carried_findings(source: Sequence[Finding], original: Call, call: Call) -> list[Finding]:
    """Return the findings of reading that still apply to an edited call, with the line numbers of now.

    A finding about a field goes when that field is changed. One about a line goes when the line is changed or deleted,
    and moves with it when lines are added or deleted above. Estimated times stay estimated, and a transcript that was
    cut off stays cut off, when the words of a line are corrected.
    """
    if not source:
        return []
    kept = []
    moved = _unchanged_lines(original.transcript or [], call.transcript or [])
    for found in source:
        if found.line is not None and found.field in ("transcript", "role", "text", "start", "stop"):
            line = moved.get(found.line)
            if line is not None:
                kept.append(msgspec.structs.replace(found, line=line))
        elif found.code == "recording-unreadable":  # it goes with the recording
            if call.filename:
                kept.append(beside_transcript(found) if call.transcript else found)
        elif found.code == "mask-still-heard":  # `hold_unsilenced` tells when it goes
            if call.filename:
                kept.append(found)
        elif found.code == RENAMED:  # also where the product was chosen after the call was loaded
            if is_about(found, call):
                kept.append(found)
        elif getattr(original, found.field, None) == getattr(call, found.field, None):
            kept.append(found)
        elif found.code == "times-estimated":
            if _times(original) & _times(call):
                kept.append(found)
        elif (
            found.code in ("transcript-cut", "lines-left-out", "lines-kept-as-tag", "not-spoken")
            and call.transcript
        ):
            kept.append(found)
        elif found.code.startswith("one-side-silent") and _sides(call) == _sides(original):
            kept.append(found)  # words were corrected, and the other side still says nothing
    return kept


def _sides(call: Call) -> set[str]:
    return {str(line.role) for line in call.transcript or []}


def _times(call: Call) -> set[tuple[float | None, float | None]]:
    return {(line.start, line.stop) for line in call.transcript or []}


def _unchanged_lines(before: list[TranscriptLine], after: list[TranscriptLine]) -> dict[int, int]:
    """Return 1-based line number before → after, for the lines that are unchanged and in the same order."""
    if before == after:  # most edits are of other fields
        return {number: number for number in range(1, len(before) + 1)}
    return {pair.old: pair.new for pair in pair_lines(before, after) if pair.same and pair.old and pair.new}


MANY_CELLS = 8
"""So many changed cells of one name are one edit of the column: a swap of 400 roles is one line of history."""


def changes(old: dict[str, Any], new: dict[str, Any]) -> list[tuple[str, object, object]]:
    """Return what differs between two payloads, as (field, before, after) with JSON values; None = not there.

    Lines and tags are compared cell by cell ("transcript[3].text", 1-based) if there are as many as before, and as
    whole lists if lines or tags were added or deleted. Where `MANY_CELLS` or more cells of one name differ, that is one
    change of the column: "transcript[*].role", with a list of the values of all lines before and after.
    """
    found: list[tuple[str, object, object]] = []
    for field in Call.__struct_fields__:
        a, b = old.get(field), new.get(field)
        if same_as_sent(a, b):
            continue
        if field in ("transcript", "tags") and a and b and len(a) == len(b):
            found += _cell_changes(field, a, b)
        else:
            found.append((field, a, b))
    return found


def payload_changes(old: str, new: str) -> list[tuple[str, object, object]]:
    """Return what differs between two payloads as JSON text, as `changes` does. Fields that are equal are not decoded."""
    before, after = _raw_fields.decode(old), _raw_fields.decode(new)
    differing = [name for name in {**before, **after} if before.get(name) != after.get(name)]
    decode = msgspec.json.decode
    return changes(
        {name: decode(before[name]) for name in differing if name in before},
        {name: decode(after[name]) for name in differing if name in after},
    )


_raw_fields = msgspec.json.Decoder(dict[str, msgspec.Raw])


def _cell_changes(
    field: str, before: Sequence[dict[str, Any]], after: Sequence[dict[str, Any]]
) -> list[tuple[str, object, object]]:
    single: list[tuple[int, tuple[str, object, object]]] = []
    columns: list[tuple[str, object, object]] = []
    for cell in dict.fromkeys(name for item in (*before, *after) for name in item):
        olds, news = [item.get(cell) for item in before], [item.get(cell) for item in after]
        if olds == news and same_as_sent(olds, news):
            continue
        differing = [
            (number, (f"{field}[{number}].{cell}", one, other))
            for number, (one, other) in enumerate(zip(olds, news, strict=True), start=1)
            if not same_as_sent(one, other)
        ]
        if len(differing) < MANY_CELLS:
            single += differing
        else:
            columns.append((f"{field}[*].{cell}", olds, news))
    return [*(one for _, one in sorted(single, key=itemgetter(0))), *columns]


def _storable(text: str | None) -> str | None:
    """Return text that every database accepts: PostgreSQL refuses NUL, and both refuse half a character."""
    return whole_characters(text).replace("\x00", "\ufffd") if text else text
