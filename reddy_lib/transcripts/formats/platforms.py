"""Platforms that people talk over: Genesys Cloud, Google (CCAI Insights, Meet), Verint, Verba, Wavix, TellQ, Gong.

Genesys calls the agent's side "internal" and the customer's "external", counts a phrase's start from 1970 in most
exports and from the start of the call in others, and begins a new transcript at each transfer: all of them are
read, in their order. Google's conversations give microseconds since 1970 and no stop.
"""

from __future__ import annotations

from typing import Any

from reddy_lib.transcripts.formats.shapes import (
    MILLISECONDS,
    SECONDS,
    Recording,
    Word,
    has,
    numbered,
    objects,
    speaker_runs,
    text_of,
    unread,
)

__all__ = ["read"]


def read(data: Any) -> Recording | None:
    """The recording in one of these platforms' data, or None."""
    if isinstance(data, list):
        if data and all(_is_genesys(item) for item in data):
            calls = {str(item.get("conversationId")) for item in data}
            return _genesys(data) if len(calls) == 1 else None
        if has(data, "speakerId", "sentences"):
            return _gong(data)
        if has(data, "participantPurpose", "text"):
            return _genesys([{"transcripts": [{"phrases": data}]}])
        if has(data, "w", "sp"):
            return _verint(data)
        if has(data, "word", "time", "duration"):
            return _verba(data)
        if has(data, "participant", "text", "startTime"):
            return _meet(data, [])
        if has(data, "start_timestamp_usec", "text"):
            return _entries(data)
        return None
    if not isinstance(data, dict):
        return None
    if _is_genesys(data):
        return _genesys([data])
    if has(data.get("phrases"), "participantPurpose"):
        return _genesys([{**data, "transcripts": [{"phrases": data["phrases"]}]}])
    for name, value in data.items():
        plain = str(name).replace("_", "").casefold()
        if plain == "transcriptdetailed" and has(value, "w"):
            return _verint(value)
        if plain in ("entries", "transcriptentries") and has(value, "participant", "text", "startTime"):
            return _meet(value, objects(data.get("participants")))
    entries = data.get("entries")
    if has(entries, "start_timestamp_usec") or has(entries, "text", "role", "user_id"):
        return _entries(entries)
    if has(data.get("transcriptSegments"), "segmentParticipant") or has(
        data.get("transcriptSegments"), "channelTag"
    ):
        return _insights(data)
    if has(data.get("words"), "word", "time", "duration"):
        return _verba(data["words"])
    if has(data.get("turns"), "s", "e", "text"):
        return _wavix(data["turns"])
    if has(data.get("transcript"), "speakerId", "sentences"):
        return _gong(data["transcript"])
    if has(data.get("transcription"), "speaker", "text", "timestamp"):
        return _tellq(data["transcription"])
    return None


def _is_genesys(data: Any) -> bool:
    return isinstance(data, dict) and any(
        "phrases" in part and (not part["phrases"] or has(part["phrases"], "text"))
        for part in objects(data.get("transcripts"))
    )


def _genesys(conversations: list[Any]) -> Recording:
    recording = Recording("Genesys Cloud", [])
    for conversation in objects(conversations):
        for name in ("conversationStartTime", "startTime"):
            recording.begins(conversation.get(name), MILLISECONDS)
        for transcript in recording.items(conversation.get("transcripts")):
            for phrase in recording.items(transcript.get("phrases")):
                text = text_of(phrase, "decoratedText", "text")
                if not text and "text" not in phrase:
                    recording.keep(phrase)
                    continue
                start, length = phrase.get("startTimeMs"), phrase.get("duration")
                if start is None:
                    start = phrase.get("offset")
                recording.add(
                    text_of(phrase, "participantPurpose"),
                    text,
                    start=_milliseconds(start),
                    duration=_milliseconds(length),
                    unit=MILLISECONDS,
                    words=phrase.get("words"),
                )
    if any(turn.label.casefold() == "user" for turn in recording.turns):
        recording.aliases["user"] = "agent"  # a user of Genesys is somebody who answers calls with it
    return recording


def _milliseconds(value: object) -> object:
    return value.get("milliseconds") if isinstance(value, dict) else value


def _entries(entries: object) -> Recording:
    recording = Recording("Google CCAI conversation", [])
    for entry in recording.items(entries):
        label = text_of(entry, "role") or numbered("User", entry.get("user_id"))
        text = entry.get("text")
        if text is None:
            recording.keep(entry)
        else:
            recording.add(label, text, start=entry.get("start_timestamp_usec"), unit=1e-6)
    return recording


def _insights(data: dict[str, Any]) -> Recording:
    """A conversation as the Insights API gives it."""
    recording = Recording("Google CCAI Insights", [])
    recording.begins(data.get("startTime"))
    for segment in recording.items(data["transcriptSegments"]):
        text = segment.get("text")
        if text is None:
            recording.keep(segment)
            continue
        person = segment.get("segmentParticipant")
        label = text_of(person, "role") if isinstance(person, dict) else ""
        words = objects(segment.get("words"))
        start, stop = (words[0].get("startOffset"), words[-1].get("endOffset")) if words else (None, None)
        recording.add(
            label or numbered("Channel", segment.get("channelTag")),
            text,
            start=start if start is not None else segment.get("messageTime"),
            stop=stop,
            words=words,
        )
    return recording


def _meet(entries: object, people: list[dict[str, Any]]) -> Recording:
    recording = Recording("Google Meet", [])
    names: dict[str, str] = {}
    for person in people:
        for kind in ("signedinUser", "anonymousUser", "phoneUser"):
            user = person.get(kind)
            if isinstance(user, dict):
                names[text_of(person, "name")] = text_of(user, "displayName")
    for entry in recording.items(entries):
        if entry.get("text") is None:
            recording.keep(entry)
            continue
        participant = text_of(entry, "participant")
        recording.add(
            names.get(participant) or participant,
            entry["text"],
            start=entry.get("startTime"),
            stop=entry.get("endTime"),
        )
    return recording


def _verint(items: object) -> Recording:
    recording = Recording("Verint", [])
    words: list[Word] = []
    for item in recording.items(items, words):
        text = text_of(item, "w")
        if not text and "w" not in item:
            words.append(unread(item))
        elif text:
            words.append(
                Word(
                    text,
                    numbered("Speaker", item.get("sp")),
                    recording.moment(item.get("s"), MILLISECONDS, "start"),
                    recording.moment(item.get("e"), MILLISECONDS, "stop"),
                )
            )
    recording.add_turns(speaker_runs(words))
    return recording


def _verba(items: object) -> Recording:
    recording = Recording("Verba", [])
    words: list[Word] = []
    for item in recording.items(items, words):
        text = text_of(item, "word")
        if not text:
            if "word" not in item:
                words.append(unread(item))
            continue
        start = recording.moment(item.get("time"), SECONDS, "start")
        length = recording.moment(item.get("duration"), SECONDS, "stop")
        stop = None
        if start is not None and length is not None:
            stop = start._replace(seconds=round(start.seconds + length.seconds, 6))
        words.append(Word(text, numbered("Speaker", item.get("speaker")), start, stop))
    recording.add_turns(speaker_runs(words))
    return recording


def _wavix(turns: object) -> Recording:
    """Speakers are telephone numbers, in `type`."""
    recording = Recording("Wavix", [])
    numbers = [item.get(name) for item in objects(turns) for name in ("s", "e")]
    whole = all(isinstance(number, int) for number in numbers if number is not None)
    for item in recording.items(turns):
        if item.get("text") is None:
            recording.keep(item)
            continue
        label = item.get("type")
        recording.add(
            label if isinstance(label, str) else "" if label is None else str(label),
            item["text"],
            start=item.get("s"),
            stop=item.get("e"),
            unit=MILLISECONDS if whole else SECONDS,
            words=item.get("words"),
        )
    return recording


def _gong(monologues: object) -> Recording:
    """One speaker's sentences after another's; speakers are numbers that another file explains."""
    recording = Recording("Gong", [])
    for monologue in recording.items(monologues):
        if "sentences" not in monologue:
            recording.keep(monologue)
        said = list(recording.items(monologue.get("sentences")))
        recording.add(
            numbered("Speaker", monologue.get("speakerId")),
            " ".join(text_of(sentence, "text") for sentence in said),
            start=said[0].get("start") if said else None,
            stop=said[-1].get("end") if said else None,
            unit=MILLISECONDS,
        )
    return recording


def _tellq(items: object) -> Recording:
    recording = Recording("TellQ", [])
    for item in recording.items(items):
        if item.get("text") is None:
            recording.keep(item)
        else:
            recording.add(numbered("Speaker", item.get("speaker")), item["text"], start=item.get("timestamp"))
    return recording
