"""The conversation of the open call: read it, and correct it where you read.

The browser half is `conversation.js`. It reports edits as events in a state called `outbox` and keeps each one until its
id comes back in `done`: reruns, a server that is away, and a restarted app lose none. Here each event is stored once
(its id is that of the operation), and answered. A turn has an id that lasts as long as the session: positions never leave
the page.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import msgspec
import streamlit as st

from reddy_lib import ui
from reddy_lib.batches.batch import Batch
from reddy_lib.batches.turn_edits import follow_turns, store_turn_edit, turn_edit
from reddy_lib.errors import ReddyError, TurnChanged
from reddy_lib.findings import CATALOGUE, Finding
from reddy_lib.model import Call, TranscriptLine
from reddy_lib.ui.review.changes import digest

__all__ = ["Mark", "draw_conversation"]

Mark = tuple[int, int, str, str]
"""Characters of a turn to mark: begin, end, kind ("hit" or "personal"), and what shows on hovering."""

DRAWN = 40
"""Versions of the open call that are remembered, to follow a turn whose edit arrives late."""

SILENCE = 4.0
OVERLAP = 0.3
"""Seconds from which on a silence, or talking at the same time, is shown."""

NAMES = {"agent": "Agent", "customer": "Customer"}
ORIGINS = {"derived": "", "estimated": "≈", "by hand": "✎"}
TIMES = {
    "source": "As the sheet has it",
    "derived": "Start from the sheet; the end is the next start",
    "estimated": "Estimated from the number of words",
    "by hand": "Set by hand",
}

_HERE = Path(__file__).parent
_component = st.components.v2.component(
    "reddy_conversation",
    html='<div class="conversation"></div>',
    css=(_HERE / "conversation.css").read_text(encoding="utf-8"),
    js=(_HERE / "conversation.js").read_text(encoding="utf-8"),
)


def draw_conversation(
    batch: Batch,
    row: int,
    call: Call,
    findings: Sequence[Finding],
    *,
    times: Sequence[str],
    marks: dict[int, list[Mark]],
    locked: bool,
    changed: Callable[[], None],
) -> None:
    """Draw the turns of a call, and store what was edited in them since.

    Args:
        times: where the times of each turn come from, as in `Batch.lines`.
        marks: turn number → what to mark in it.
        changed: called after an edit was stored.
    """
    key = f"conversation {batch.id}"
    lines = call.transcript or []
    memory = _Memory.of(batch.id, row)
    version = digest(call)
    ids = memory.follow(version, lines)

    def receive() -> None:
        stored = _store(batch, row, memory, st.session_state[key]["outbox"])
        if stored:
            changed()

    seen = _seen_of(findings)
    held = st.session_state.get(key) or {"outbox": []}
    answered = [event["id"] for event in held["outbox"] if event.get("id") in memory.answered]
    result = _component(
        key=key,
        default={"outbox": [], "window": 0},
        on_outbox_change=receive,
        on_window_change=lambda: _note_window(key),
        data={
            "window": int(st.session_state.get("window width", 1280)),
            "call": f"{batch.id} {row}",
            "version": version,
            "locked": locked,
            "done": answered,
            "told": "",
            "hint": "" if locked else "Click into a turn to correct it. Enter stores it, Esc does not.",
            "conflicts": memory.conflicts,
            "turns": [
                {
                    "id": ids[number - 1],
                    "number": number,
                    "role": line.role.strip().casefold(),
                    "label": NAMES.get(line.role.strip().casefold(), line.role.strip() or "No role"),
                    "text": line.text,
                    "start": line.start,
                    "origin": ORIGINS.get(times[number - 1], "") if number <= len(times) else "",
                    "times": TIMES.get(times[number - 1], "") if number <= len(times) else "",
                    "gap": _gap(lines, number, times),
                    "marks": [list(mark) for mark in marks.get(number, [])],
                    "findings": seen.get(number, []),
                    "seen": msgspec.to_builtins(line),
                }
                for number, line in enumerate(lines, 1)
            ],
        },
    )
    if result.window and result.window != st.session_state.get("window width"):
        st.session_state["window width"] = int(result.window)
        st.rerun()  # the list of calls stands before the conversation
    # A browser that reconnects to a restarted app sends its outbox as a first value, for which no callback runs.
    if _store(batch, row, memory, result.outbox or []):
        changed()
        st.rerun()


def _note_window(key: str) -> None:
    """Keep the width of the window, by which the list of calls is made as wide as it can be."""
    st.session_state["window width"] = int(st.session_state[key]["window"] or 1280)


class _Memory:
    """What this session knows about the turns of the open call."""

    def __init__(self) -> None:
        self.version = ""
        self.ids: list[str] = []
        self.drawn: dict[str, list[TranscriptLine]] = {}  # version → the turns that were on the screen
        self.answered: set[str] = set()  # ids of events that were stored or refused
        self.conflicts: list[tuple[str, str]] = []  # a sentence, and what was typed

    @classmethod
    def of(cls, batch_id: str, row: int) -> _Memory:
        kept = st.session_state.get("review turns")
        if kept is None or kept[0] != (batch_id, row):
            kept = ((batch_id, row), cls())
            st.session_state["review turns"] = kept
        memory: _Memory = kept[1]
        return memory

    def follow(self, version: str, lines: Sequence[TranscriptLine]) -> list[str]:
        if version != self.version:
            self.ids = follow_turns(self.ids, self.drawn.get(self.version, []), lines, version)
            self.version = version
            self.drawn.pop(version, None)
            self.drawn[version] = list(lines)
            while len(self.drawn) > DRAWN:
                del self.drawn[next(iter(self.drawn))]
        return self.ids


def _store(batch: Batch, row: int, memory: _Memory, events: Sequence[Any]) -> bool:
    """Store the events that were not answered yet. Return whether anything came of them."""
    new = [event for event in events if isinstance(event, dict) and event.get("id") not in memory.answered]
    for event in new:
        memory.answered.add(str(event.get("id")))
        if event.get("kind") == "dismiss":
            memory.conflicts = []
            continue
        # An event of a call that was open before arrives late: it names its call.
        at = _call_of(batch, event, row)
        if at is None:
            continue
        try:
            edit = turn_edit(event)
            store_turn_edit(batch, at, edit, drawn=memory.drawn.get(event.get("version", "")), who=ui.who())
        except TurnChanged as error:
            by = f" by {error.who}" if error.who else ""
            when = f", {ui.when(error.at)}" if error.at else ""
            memory.conflicts.append(
                (
                    f"Line {error.line} was changed{by}{when} while you edited it. Your edit was not stored."
                    + (" You had typed:" if edit.value else ""),
                    edit.value,
                )
            )
        except (ReddyError, ValueError) as error:
            memory.conflicts.append((str(error), str(event.get("value") or "")))
    return bool(new)


def _call_of(batch: Batch, event: dict[str, Any], row: int) -> int | None:
    batch_id, _, number = str(event.get("call", "")).rpartition(" ")
    if batch_id != batch.id or not number.isdecimal():
        return None
    return int(number)


def _seen_of(findings: Sequence[Finding]) -> dict[int, list[tuple[str, str]]]:
    """Return line → its findings as (kind, title), errors first."""
    found: dict[int, list[tuple[str, str]]] = {}
    for one in sorted(findings, key=lambda each: each.severity != "error"):
        if one.line is not None and one.field != "tags":
            kind = "bad" if one.severity == "error" else "look"
            title = CATALOGUE[one.code].title if one.code in CATALOGUE else one.code
            if (kind, title) not in found.setdefault(one.line, []):
                found[one.line].append((kind, title))
    return found


def _gap(lines: Sequence[TranscriptLine], number: int, times: Sequence[str]) -> str:
    """Say what lies between a turn and the one above it: a silence, or talking at the same time."""
    if number < 2 or number > len(times) or "estimated" in times[number - 2 : number]:
        return ""
    above, line = lines[number - 2], lines[number - 1]
    if above.stop is None or line.start is None:
        return ""
    gap = line.start - above.stop
    if gap >= SILENCE:
        return f"{gap:.0f} s of silence"
    if gap <= -OVERLAP and line.role != above.role:
        return f"both speak for {min(-gap, (line.stop or above.stop) - line.start):.1f} s"
    return ""
