"""Voice assistants: Vapi, HappyRobot and others that list messages; Retell, ElevenLabs, Bland; Taskmaster dialogues.

Here, and only here, "user" is sure to be the customer and "bot" or "AI" to be who answers: the other side is the
assistant. Instructions and results of tools (`system`, `tool`) are spoken by nobody, and left out with a finding. Where
only a `transcript` text is there ("AI: … User: …", often in one line), it is cut before its labels.
"""

from __future__ import annotations

import re
from typing import Any

from reddy_lib.transcripts.formats.shapes import MILLISECONDS, SECONDS, Recording, has, objects, text_of
from reddy_lib.transcripts.unspoken import kind_of_role, left_out

__all__ = ["read", "read_dialogue"]

_ASSISTANTS = ("assistant", "bot", "ai", "model")
_OTHERS = ("system", "developer", "tool", "function", "tool_calls", "tool_call_result", "agent-action")
_ROLES = (*_ASSISTANTS, "user", "human", *_OTHERS)
_JOIN = re.compile(r"\s(?P<join>[|/;~·•]{1,2})\s*$")
"""What stands between the turns of a dialogue in one line."""
_LABEL = re.compile(r"(?:^|(?<=\s))(AI|Bot|Assistant|Agent|User|Human|Customer)\s?:(?=\s|$)", re.IGNORECASE)


def read(data: Any) -> Recording | None:
    """The recording in a voice assistant's data, or None."""
    if isinstance(data, list):
        return _messages(data, "voice assistant messages") if _is_messages(data) else None
    if not isinstance(data, dict):
        return None
    if has(data.get("utterances"), "index", "speaker", "text"):
        return _taskmaster(data["utterances"])
    if has(data.get("transcript_object"), "role", "content"):
        return _messages(data["transcript_object"], "Retell AI")
    if has(data.get("transcript"), "role", "message"):
        return _messages(data["transcript"], "ElevenLabs")
    if has(data.get("transcripts"), "user", "text"):
        return _messages(data["transcripts"], "Bland AI")
    vapi = "artifact" in data or "endedReason" in data
    artifact = data.get("artifact")
    for place in (artifact if isinstance(artifact, dict) else {}, data):
        if _is_messages(place.get("messages")):
            form = (
                "Vapi" if vapi or has(place["messages"], "secondsFromStart") else "voice assistant messages"
            )
            recording = _messages(place["messages"], form)
            call = data.get("call")
            recording.begins(call.get("startedAt") if isinstance(call, dict) else data.get("startedAt"))
            return recording
        dialogue = place.get("transcript")
        if isinstance(dialogue, str):
            found = read_dialogue(dialogue)
            if found is not None:
                found.form = "Vapi" if vapi else found.form
                return found
    return None


def _role(item: dict[str, Any]) -> str:
    return text_of(item, "role", "user", "speaker")


def _is_messages(items: object) -> bool:
    if not (has(items, "content") or has(items, "message")):
        return False
    messages = objects(items)
    roles = [_role(item).casefold() for item in messages]
    return any(role in _ASSISTANTS for role in roles) and all(role in _ROLES for role in roles)


def _messages(items: object, form: str) -> Recording:
    recording = Recording(form, [])
    assistant = any(_role(item).casefold() in _ASSISTANTS for item in objects(items))
    kinds: list[str] = []
    for item in recording.items(items):
        text = _content(item)
        kind = kind_of_role(_role(item)) if assistant else ""
        if kind and text is not None:
            if text.strip():
                kinds.append(kind)
                recording.left_out.append((len(recording.turns), text))
            continue
        if text is None:
            recording.keep(item)
            continue
        start, stop, length, unit = item.get("start"), item.get("end"), None, SECONDS
        words = objects(item.get("words"))
        if item.get("secondsFromStart") is not None:
            start, stop = item["secondsFromStart"], None
            length = item.get("duration")
            length = (
                length / 1000 if isinstance(length, int | float) and not isinstance(length, bool) else None
            )
        elif item.get("time_in_call_secs") is not None:
            start = item["time_in_call_secs"]
        elif start is None and item.get("time") is not None:
            start, stop, unit = item["time"], item.get("endTime"), MILLISECONDS
        elif start is None and words:
            start, stop = words[0].get("start"), words[-1].get("end")
        elif start is None and item.get("created_at") is not None:
            start = item["created_at"]
        recording.add(_role(item), text, start=start, stop=stop, duration=length, unit=unit, words=words)
    recording.notes += [(-1, note) for note in left_out(kinds)]
    _sides(recording)
    return recording


def _content(item: dict[str, Any]) -> str | None:
    """The words of a message; "" where an assistant only called a tool."""
    for name in ("content", "message", "text"):
        value = item.get(name)
        if isinstance(value, str):
            return value
        if isinstance(value, list):
            parts = [
                part
                if isinstance(part, str)
                else text_of(part, "text", "transcript")
                if isinstance(part, dict)
                else ""
                for part in value
            ]
            if any(parts):
                return "\n".join(part for part in parts if part)
    called = any(name in item for name in ("tool_calls", "toolCalls", "function_call", "result"))
    return (
        ""
        if called or any(item.get(name) is None and name in item for name in ("content", "message"))
        else None
    )


def _sides(recording: Recording) -> None:
    """user ↔ assistant: the roles that the form gives to words which mean nothing by themselves elsewhere."""
    labels = {turn.label.casefold(): turn.label for turn in recording.turns if turn.label}
    if not any(label in (*_ASSISTANTS, "agent") for label in labels):
        return
    for label, written in labels.items():
        if label in _ASSISTANTS:
            recording.aliases[written] = "agent"
        elif label in ("user", "human"):
            recording.aliases[written] = "customer"
    for turn in recording.turns:
        if turn.label.casefold() in labels:
            turn.label = labels[turn.label.casefold()]


def _taskmaster(utterances: object) -> Recording:
    recording = Recording("Taskmaster dialogue", [])
    for item in recording.items(utterances):
        if item.get("text") is None:
            recording.keep(item)
        else:
            recording.add(text_of(item, "speaker"), item["text"])
    _sides(recording)
    return recording


def read_dialogue(text: str) -> Recording | None:
    """`AI: How can I help? User: …`, in one line or in many; None where the text does not start so or names one side."""
    folded = text.casefold()
    if "user" not in folded and "human" not in folded:  # most texts: to look for labels takes much longer
        return None
    cuts = list(_LABEL.finditer(text))
    labels = {cut[1].casefold() for cut in cuts}
    if not cuts or text[: cuts[0].start()].strip() or not labels & {"user", "human"}:
        return None
    answering = labels & {"ai", "bot", "assistant", "agent"}
    if not answering or (len(answering) > 1 and "agent" not in answering):
        return None  # of a bot and an assistant, one may play a notice
    recording = Recording("voice assistant transcript", [])
    ends = [*(cut.start() for cut in cuts[1:]), len(text)]
    texts = [text[cut.end() : end] for cut, end in zip(cuts, ends, strict=True)]
    joins = [match["join"] if (match := _JOIN.search(said)) else "" for said in texts[:-1]]
    joined = bool(joins) and joins[0] != "" and joins.count(joins[0]) > 0.8 * len(joins)
    for cut, said in zip(cuts, texts, strict=True):
        recording.add(cut[1], _JOIN.sub("", said) if joined else said)
    _sides(recording)
    return recording
