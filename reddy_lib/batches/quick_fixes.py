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

__all__ = ["REPAIRS", "Fix", "Mending", "Problem", "problems"]

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


class Mending(NamedTuple):
    """A repair that depends on the call and its findings of one code alone. `apply` returns the call, repaired or not."""

    label: str
    apply: Callable[[Call, Sequence[Finding]], Call]


def _numbers(alike: Sequence[Finding]) -> list[int]:
    """Return the numbers of the lines or tags that findings name, each once."""
    return list(dict.fromkeys(found.line for found in alike if found.line is not None))


def _of_call(change: Change) -> Callable[[Call, Sequence[Finding]], Call]:
    return lambda call, _: change(call)


def _without_spaces(call: Call, alike: Sequence[Finding]) -> Call:
    """Remove the spaces of the agent's address, if it is an address then."""
    joined = "".join((call.agent_email or "").split())
    fixed = edits.with_field(call, "agent_email", joined)
    wrong = any(one.field == "agent_email" for one in check(fixed))
    return call if joined == call.agent_email or wrong else fixed


def _as_text(call: Call, alike: Sequence[Finding]) -> Call:
    return edits.with_tag_cells(call, {number: {"type": "string"} for number in _numbers(alike)})


def _split(call: Call, alike: Sequence[Finding]) -> Call:
    lines = enumerate(call.transcript or (), 1)
    return edits.split_lines(call, [number for number, line in lines if len(line.text.splitlines()) > 1])


def _without_tags(call: Call, alike: Sequence[Finding]) -> Call:
    return edits.delete_tags(call, _numbers(alike))


REPAIRS: dict[str, Mending] = {
    "roles-swapped": Mending("Swap the roles", _of_call(edits.swap_roles)),
    "start-after-stop": Mending("Swap the times", _of_call(edits.swap_times)),
    "times-in-milliseconds": Mending("Divide times by 1,000", _of_call(edits.divide_times)),
    "timestamp-in-milliseconds": Mending("Divide by 1,000", _of_call(edits.divide_timestamp)),
    "text-empty": Mending("Delete lines without text", _of_call(edits.delete_empty_lines)),
    "time-negative": Mending("Leave the time empty", _of_call(edits.drop_negative_times)),
    "lines-out-of-order": Mending("Put in order of time", _of_call(edits.in_order_of_time)),
    "recording-with-transcript": Mending(
        "Clear the file name", _of_call(lambda call: edits.with_field(call, "filename", ""))
    ),
    "speaker-invalid": Mending("Clear the setting", _of_call(lambda call: edits.with_speaker(call, None))),
    "tag-duplicate": Mending("Delete it", _without_tags),
    "tag-key-missing": Mending("Delete it", _without_tags),
    "tag-value-mismatch": Mending("Make it text", _as_text),
    "tag-type-unknown": Mending("Make it text", _as_text),
    "agent-email-invalid": Mending("Remove the spaces", _without_spaces),
    **dict.fromkeys(
        ("transcript-unreadable", "transcript-no-speakers", "line-without-speaker"),
        Mending("Split at line breaks", _split),
    ),
}
"""Code of a finding → its repair, also for many calls at once (`value_steps.Repair`)."""


def _fixes(call: Call, first: Finding, alike: Sequence[Finding]) -> Iterator[Fix]:
    numbers = _numbers(alike)
    if first.code == "role-unknown":
        yield from _fixes_of_role(call, first, alone=len(numbers) == 1)
        return
    repair = REPAIRS.get(first.code)
    if repair is None:
        return
    found = tuple(alike)
    # these two are offered only where they change something
    if repair.apply in (_without_spaces, _split) and repair.apply(call, found) == call:
        return
    label = repair.label if len(numbers) < 2 else repair.label.replace(" it", " them")
    yield Fix(label, lambda call: repair.apply(call, found))


def _fixes_of_role(call: Call, first: Finding, *, alone: bool) -> Iterator[Fix]:
    label = _role_at(call, first.line)
    if first.line is not None and not label.strip() and alone:
        read = edits.read_line(call, first.line)
        if read is not call:
            yield Fix(f"Read as {counted(len(read.transcript or ()), 'line')}", lambda _: read)
    yield Fix("Agent", lambda call: edits.with_role(call, label, "agent"))
    yield Fix("Customer", lambda call: edits.with_role(call, label, "customer"))
    yield Fix("Leave out", lambda call: edits.with_role(call, label, LEAVE_OUT))
