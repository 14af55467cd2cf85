"""vCon, the IETF's container for a conversation: parties, dialog (recordings and messages), and analyses of them.

A transcript is an analysis; its body is a list of turns, another vendor's format, or JSON or text in a string, and
is read as such. Messages of a chat stand in the dialog itself. Several dialogs, as after a transfer, follow one
another; of two transcripts of one dialog the first is taken and the other is named in a finding.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from reddy_lib.findings import finding
from reddy_lib.transcripts.formats.shapes import Recording, objects, text_of
from reddy_lib.transcripts.roles import role_of
from reddy_lib.transcripts.turns import Parsed

__all__ = ["read"]


def read(data: Any, body_reader: Callable[[Any], Parsed]) -> Recording | None:
    """The recording in a vCon, or None. `body_reader` reads what a transcript's body holds."""
    if not isinstance(data, dict) or not isinstance(data.get("parties"), list):
        return None
    dialogs, analyses = objects(data.get("dialog")), objects(data.get("analysis"))
    if not dialogs and not analyses:
        return None
    parties = [party if isinstance(party, dict) else {} for party in data["parties"]]
    transcripts = [item for item in analyses if text_of(item, "type").casefold().startswith("transcript")]
    messages = [item for item in dialogs if text_of(item, "type") == "text" and item.get("body")]
    if not transcripts and not messages:
        return None
    recording = Recording("vCon", [])
    starts = [text_of(item, "start") for item in dialogs if text_of(item, "start")]
    for start in starts or [text_of(data, "created_at")]:
        recording.begins(start)
    for message in messages:
        who = message.get("originator", message.get("parties"))
        who = who[0] if isinstance(who, list) and who else who
        recording.add(_label(parties, who), message["body"], start=message.get("start"))
    done: set[str] = set()
    for item in sorted(transcripts, key=_order):
        dialog = str(item.get("dialog"))
        if dialog in done:
            recording.notes.append(
                (
                    -1,
                    finding(
                        "lines-left-out",
                        "transcript",
                        f"The vCon holds another transcript of the same recording"
                        f"{f' (by {vendor})' if (vendor := text_of(item, 'vendor')) else ''}: the first was taken.",
                        value=str(item.get("body"))[:200],
                    ),
                )
            )
            continue
        body = body_reader(item.get("body"))
        if body.turns:
            done.add(dialog)
        shift = len(recording.turns)
        recording.notes += [(index + shift if index >= 0 else index, note) for index, note in body.notes]
        recording.turns += body.turns
        recording.aliases.update(body.aliases)
        if recording.started is None and isinstance(body, Recording):
            recording.started, recording.started_naive = body.started, body.started_naive
    _people(parties, recording)
    return recording


def _order(item: dict[str, Any]) -> int:
    dialog = item.get("dialog")
    if isinstance(dialog, list) and dialog:
        dialog = dialog[0]
    return dialog if isinstance(dialog, int) else 0


def _label(parties: list[dict[str, Any]], who: object) -> str:
    if not isinstance(who, int) or isinstance(who, bool) or not 0 <= who < len(parties):
        return "" if who is None else f"Party {who}"
    party = parties[who]
    return _side(party) or text_of(party, "name", "tel", "mailto", "email") or f"Party {who}"


def _side(party: dict[str, Any]) -> str:
    meta = party.get("meta")
    return text_of(party, "role") or (text_of(meta, "role") if isinstance(meta, dict) else "")


def _people(parties: list[dict[str, Any]], recording: Recording) -> None:
    """Turns that name a party, or its number, get the role that the vCon gives to that party."""
    sides: dict[str, set[str]] = {}
    for party in parties:
        for name in ("name", "tel", "mailto", "email"):
            if text_of(party, name):
                sides.setdefault(text_of(party, name).casefold(), set()).add(role_of(_side(party)))
    for turn in recording.turns:
        found = sides.get(turn.label.casefold(), set())
        if len(found) == 1 and turn.label not in recording.aliases:
            role = next(iter(found))
            if role in ("agent", "customer"):
                recording.aliases[turn.label] = role
