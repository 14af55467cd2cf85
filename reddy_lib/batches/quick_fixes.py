"""The problems of a call, and the repairs that take one click."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from reddy_lib.batches import edits
from reddy_lib.batches.differences import counted
from reddy_lib.checks import check
from reddy_lib.findings import Finding
from reddy_lib.model import Call
from reddy_lib.transcripts.roles import LEAVE_OUT

__all__ = ["Fix", "Problem", "problems"]

Change = Callable[[Call], Call]


class Fix(NamedTuple):
    """A repair that takes one click. `label`: what it does; `apply`: returns the repaired call."""

    label: str
    apply: Change


class Problem(NamedTuple):
    """All findings of a call that are alike: the first one's text, the numbers of the lines or tags, and the repairs."""

    code: str
    severity: str
    field: str
    message: str
    hint: str
    lines: tuple[int, ...]
    fixes: tuple[Fix, ...]


def problems(call: Call, findings: Sequence[Finding]) -> list[Problem]:
    """Group a call's findings by what is wrong, each group with its repairs; errors first."""
    groups: dict[tuple[str, str], list[Finding]] = {}
    for found in findings:
        label = _role_at(call, found.line).strip().casefold() if found.code == "role-unknown" else ""
        groups.setdefault((found.code, label), []).append(found)
    together = []
    for (code, _), alike in groups.items():
        first = alike[0]
        message = first.message
        if len(alike) > 1:
            noun = "tag" if first.field == "tags" else "line"
            message += f" The same in {counted(len(alike) - 1, f'more {noun}')}."
        if code == "role-unknown":
            message = _about_role(call, first)
        together.append(
            Problem(
                code=code,
                severity=first.severity,
                field=first.field,
                message=message,
                hint=first.hint,
                lines=tuple(found.line for found in alike if found.line is not None),
                fixes=tuple(_fixes(call, first, alike)),
            )
        )
    return sorted(together, key=lambda problem: problem.severity != "error")


def _role_at(call: Call, number: int | None) -> str:
    lines = call.transcript or []
    return lines[number - 1].role if number is not None and 0 < number <= len(lines) else ""


def _about_role(call: Call, first: Finding) -> str:
    label = _role_at(call, first.line)
    count = sum(
        1 for line in call.transcript or () if line.role.strip().casefold() == label.strip().casefold()
    )
    if not label.strip():
        return f"{counted(count, 'line')} {'has' if count == 1 else 'have'} no role."
    return f"“{label}” speaks in {counted(count, 'line')}: agent or customer?"


_ALWAYS: dict[str, Fix] = {
    "roles-swapped": Fix("Swap the roles", edits.swap_roles),
    "start-after-stop": Fix("Swap the times", edits.swap_times),
    "times-in-milliseconds": Fix("Divide times by 1,000", edits.divide_times),
    "timestamp-in-milliseconds": Fix("Divide by 1,000", edits.divide_timestamp),
    "text-empty": Fix("Delete lines without text", edits.delete_empty_lines),
    "time-negative": Fix("Leave the time empty", edits.drop_negative_times),
    "lines-out-of-order": Fix("Put in order of time", edits.in_order_of_time),
    "recording-with-transcript": Fix(
        "Clear the file name", lambda call: edits.with_field(call, "filename", "")
    ),
    "speaker-invalid": Fix("Clear the setting", lambda call: edits.with_speaker(call, None)),
}
"""Code of a finding → its repair, where that depends on nothing else."""


def _fixes(call: Call, first: Finding, alike: Sequence[Finding]) -> Iterator[Fix]:
    numbers = [found.line for found in alike if found.line is not None]
    it_or_them = "it" if len(numbers) == 1 else "them"
    if first.code in _ALWAYS:
        yield _ALWAYS[first.code]
    elif first.code == "role-unknown":
        yield from _fixes_of_role(call, first, alone=len(numbers) == 1)
    elif first.code in ("tag-duplicate", "tag-key-missing"):
        yield Fix(f"Delete {it_or_them}", lambda call: edits.delete_tags(call, numbers))
    elif first.code in ("tag-value-mismatch", "tag-type-unknown"):
        cells = {number: {"type": "string"} for number in numbers}
        yield Fix(f"Make {it_or_them} text", lambda call: edits.with_tag_cells(call, cells))
    elif first.code == "agent-email-invalid":
        joined = "".join((call.agent_email or "").split())
        fixed = edits.with_field(call, "agent_email", joined)
        if joined != call.agent_email and not any(one.field == "agent_email" for one in check(fixed)):
            yield Fix("Remove the spaces", lambda call: edits.with_field(call, "agent_email", joined))
    elif first.code in ("transcript-unreadable", "transcript-no-speakers", "line-without-speaker"):
        broken = [
            number for number, line in enumerate(call.transcript or (), 1) if len(line.text.splitlines()) > 1
        ]
        if broken:
            yield Fix("Split at line breaks", lambda call: edits.split_lines(call, broken))


def _fixes_of_role(call: Call, first: Finding, *, alone: bool) -> Iterator[Fix]:
    label = _role_at(call, first.line)
    if first.line is not None and not label.strip() and alone:
        read = edits.read_line(call, first.line)
        if read is not call:
            yield Fix(f"Read as {counted(len(read.transcript or ()), 'line')}", lambda _: read)
    yield Fix("Agent", lambda call: edits.with_role(call, label, "agent"))
    yield Fix("Customer", lambda call: edits.with_role(call, label, "customer"))
    yield Fix("Leave out", lambda call: edits.with_role(call, label, LEAVE_OUT))
