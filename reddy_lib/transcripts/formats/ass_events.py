"""Subtitles of Advanced SubStation Alpha (.ass, .ssa): a table of events, brought into the form of WebVTT.

Who speaks stands in the column Name, else in Style where several styles take turns, else before a colon in the text.
Styles and the head of the script hold no speech. Rows that begin with Comment are not shown by any player.
"""

from __future__ import annotations

import re
from typing import NamedTuple

__all__ = ["as_webvtt", "is_ass"]

_CLOCK = r"\d{1,2}:\d{2}:\d{2}[.:]\d{1,3}"
_EVENT = re.compile(rf"Dialogue:[^\n]{{0,40}}?\b({_CLOCK}),\s*{_CLOCK},")
_HEAD = re.compile(r"\s*\[[^\]\n]{1,40}\]\s*\n|\s*(?:Dialogue|Comment|Format):")
_USUAL = "Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text"
_OLDER = "Marked, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text"
_OVERRIDE = re.compile(r"\{[^{}]*\}")
_SHOWN = 5_000


class _Event(NamedTuple):
    start: str
    stop: str
    name: str
    style: str
    text: str


def is_ass(text: str) -> bool:
    """Return whether a text is a script of subtitles, or the events of one: "Dialogue: 0,0:00:01.00,0:00:03.50,…"."""
    text = text.lstrip("\ufeff")
    return (
        _HEAD.match(text) is not None
        and ("\nDialogue:" in text or text.lstrip().startswith("Dialogue:"))
        and (_EVENT.search(text) is not None)
    )


def as_webvtt(text: str) -> str:
    """Return the events as WebVTT; rows that are no events and stand among them are kept as text of the one before."""
    cues: list[str] = []
    events: list[_Event | str] = []
    names = _fields(_OLDER if "Marked=" in text[:_SHOWN] else _USUAL)
    section = "events"
    for row in text.lstrip("\ufeff").splitlines():
        kind, _, rest = row.strip().partition(":")
        if re.fullmatch(r"\[[^\]]+\]", row.strip()):
            section = row.strip().strip("[]").casefold()
        elif section != "events" or not row.strip() or kind == "Comment" or row.lstrip().startswith(";"):
            continue
        elif kind == "Format":
            names = _fields(rest)
        elif kind == "Dialogue":
            events.append(_event(names, rest) or row.strip())
        else:
            events.append(row.strip())
    read = [event for event in events if isinstance(event, _Event)]
    styled = not any(event.name for event in read) and len({event.style for event in read}) > 1
    for event in events:
        if isinstance(event, str):
            cues.append(event)
            continue
        who = event.style if styled else event.name
        said = f"<v {who}>{event.text}" if who else event.text
        cues.append(f"\n{event.start} --> {event.stop}\n{said}")
    return "WEBVTT\n" + "\n".join(cues)


def _fields(row: str) -> list[str]:
    return [name.strip().casefold() for name in row.split(",")]


def _event(names: list[str], row: str) -> _Event | None:
    cells = [cell.strip() for cell in row.split(",", len(names) - 1)]
    if len(cells) < len(names) or not {"start", "end", "text"} <= set(names):
        return None
    by_name = dict(zip(names, cells, strict=True))
    times = [by_name[name] for name in ("start", "end")]
    if not all(re.fullmatch(_CLOCK, time) for time in times):
        return None
    start, stop = (re.sub(r":(\d{1,3})$", r".\1", time) if time.count(":") == 3 else time for time in times)
    text = re.sub(r"\\[Nn]", "\n", _OVERRIDE.sub("", by_name["text"])).replace("\\h", " ")
    shown = "\n".join(line.strip() for line in text.split("\n") if line.strip())
    return _Event(start, stop, by_name.get("name", by_name.get("actor", "")), by_name.get("style", ""), shown)
