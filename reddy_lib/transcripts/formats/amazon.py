"""Amazon: Connect Contact Lens (voice, real time, chat), Transcribe, Transcribe Call Analytics, and the PCA solution.

Contact Lens and Call Analytics write turns, with offsets in milliseconds and roles beside them; chats give the
time of day instead. Transcribe writes words: who said them stands in the word or in a second list that is joined
by the word's start, seconds are written as text, and punctuation has no time of its own.
"""

from __future__ import annotations

from typing import Any

from reddy_lib.transcripts.formats.shapes import (
    MILLISECONDS,
    SECONDS,
    Recording,
    Word,
    has,
    interleave,
    numbered,
    objects,
    sentences,
    speaker_runs,
    text_of,
    unread,
)

__all__ = ["read"]

_CONTACT_LENS = "Amazon Connect Contact Lens"


def read(data: Any) -> Recording | None:
    """The recording in Amazon's data, or None where the data is not Amazon's."""
    if isinstance(data, list):
        if has(data, "ParticipantId", "Content") or has(data, "ParticipantRole", "Content"):
            return _turns({"Transcript": data})
        if any(_is_segment(item) for item in objects(data[:8])):
            return _segments(data)
        if has(data, "Segments") and has(data, "ContactId"):
            return _segments(
                [part for event in objects(data) for part in _listed(event.get("Segments"))],
                [item for item in data if not isinstance(item, dict)],
            )
        return None
    if not isinstance(data, dict):
        return None
    transcript = data.get("Transcript")
    if has(transcript, "ParticipantId") or has(transcript, "ParticipantRole"):
        return _turns(data)
    if any(_is_segment(item) for item in objects(data.get("Segments"))[:8]):
        return _segments(_listed(data["Segments"]))
    if has(data.get("SpeechSegments"), "SegmentSpeaker") or has(
        data.get("SpeechSegments"), "SegmentStartTime"
    ):
        return _pca(data)
    results = data.get("results")
    if isinstance(results, dict) and (
        has(results.get("items"), "alternatives", "type") or has(results.get("audio_segments"), "transcript")
    ):
        return _transcribe(results)
    return None


def _listed(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _is_segment(item: dict[str, Any]) -> bool:
    return any(
        isinstance(item.get(kind), dict)
        and ("ParticipantId" in item[kind] or "ParticipantRole" in item[kind])
        for kind in ("Transcript", "Utterance")
    )


def _turns(data: dict[str, Any]) -> Recording:
    """`Transcript[]` of Contact Lens after the call, of a chat, and of Call Analytics."""
    transcript = data["Transcript"]
    analytics = "JobName" in data or not has(transcript, "ParticipantId")
    recording = Recording("Amazon Transcribe Call Analytics" if analytics else _CONTACT_LENS, [])
    roles = {
        person["ParticipantId"]: text_of(person, "ParticipantRole")
        for person in objects(data.get("Participants"))
        if isinstance(person.get("ParticipantId"), str)
    }
    for item in recording.items(transcript):
        _turn(item, roles, recording)
    return recording


def _turn(item: dict[str, Any], roles: dict[str, str], recording: Recording) -> None:
    content = item.get("Content", item.get("PartialContent"))
    if content is None:
        files = [text_of(file, "AttachmentName") for file in objects(item.get("Attachments"))]
        if any(files):
            content = "\n".join(name for name in files if name)
        elif text_of(item, "Type", "ContentType").upper().startswith(("EVENT", "APPLICATION/VND.AMAZON")):
            return  # somebody joined, typed or left: nothing was said
        else:
            recording.keep(item)
            return
    elif text_of(item, "Type").upper() == "EVENT":
        return
    participant = text_of(item, "ParticipantId")
    label = text_of(item, "ParticipantRole") or roles.get(participant) or participant
    clock = item.get("Time")
    absolute = item.get("AbsoluteTime", clock.get("AbsoluteTime") if isinstance(clock, dict) else None)
    begin = item.get("BeginOffsetMillis")
    if begin is None and absolute is not None:
        recording.add(label, content, start=absolute)
    else:
        recording.add(
            label,
            content,
            start=begin,
            stop=item.get("EndOffsetMillis"),
            unit=MILLISECONDS,
            words=item.get("Items"),
        )


def _segments(segments: list[Any], strange: list[Any] | None = None) -> Recording:
    """Real time: finished turns, and pieces of turns (`Utterance`) that count where the turn never came."""
    recording = Recording(f"{_CONTACT_LENS} (real time)", [])
    finished = {
        text_of(item["Transcript"], "Id")
        for item in objects(segments)
        if isinstance(item.get("Transcript"), dict)
    }
    for item in recording.items([*segments, *(strange or [])]):
        turn, piece = item.get("Transcript"), item.get("Utterance")
        if isinstance(turn, dict):
            _turn(turn, {}, recording)
        elif isinstance(piece, dict):
            if text_of(piece, "TranscriptId") not in finished - {""}:
                _turn(piece, {}, recording)
        elif "Transcript" in item or "Utterance" in item:
            recording.keep(item)
    return recording


def _pca(data: dict[str, Any]) -> Recording:
    """Post Call Analytics: `SpeechSegments[]`, labels of the speakers in `ConversationAnalytics`."""
    recording = Recording("Amazon Post Call Analytics", [])
    analytics = data.get("ConversationAnalytics")
    names: dict[str, str] = {}
    if isinstance(analytics, dict):
        recording.begins(analytics.get("ConversationTime"))
        names = {
            text_of(item, "Speaker"): text_of(item, "DisplayText")
            for item in objects(analytics.get("SpeakerLabels"))
        }
    for item in recording.items(data["SpeechSegments"]):
        text = text_of(item, "DisplayText", "OriginalText")
        if not text and "DisplayText" not in item and "OriginalText" not in item:
            recording.keep(item)
            continue
        speaker = text_of(item, "SegmentSpeaker")
        label = "IVR" if item.get("IVRSegment") is True else names.get(speaker) or speaker
        recording.add(
            label,
            text,
            start=item.get("SegmentStartTime"),
            stop=item.get("SegmentEndTime"),
            unit=SECONDS,
            words=item.get("WordConfidence"),
        )
    return recording


def _transcribe(results: dict[str, Any]) -> Recording:
    recording = Recording("Amazon Transcribe", [])
    if not has(results.get("items"), "alternatives"):
        for item in recording.items(results.get("audio_segments")):
            recording.add(
                numbered("Speaker", item.get("speaker_label", item.get("channel_label"))),
                item.get("transcript"),
                start=item.get("start_time"),
                stop=item.get("end_time"),
                unit=SECONDS,
            )
        return recording
    channels = results.get("channel_labels")
    lists = objects(channels.get("channels")) if isinstance(channels, dict) else []
    if sum(bool(objects(item.get("items"))) for item in lists) > 1:
        spoken = [_words(item.get("items"), {}, text_of(item, "channel_label"), recording) for item in lists]
        recording.add_turns(interleave(spoken))
        return recording
    labels = results.get("speaker_labels")
    segments = labels.get("segments") if isinstance(labels, dict) else results.get("segments")
    speakers = {
        str(item.get("start_time")): text_of(item, "speaker_label")
        for segment in objects(segments)
        for item in (segment, *objects(segment.get("items")))
    }
    words = _words(results.get("items"), speakers, "", recording)
    named = any(word.label for word in words)
    recording.add_turns(speaker_runs(words) if named else sentences(words))
    return recording


def _words(items: object, speakers: dict[str, str], channel: str, recording: Recording) -> list[Word]:
    words: list[Word] = []
    last = ""
    for item in recording.items(items, words):
        choices = objects(item.get("alternatives"))
        text = text_of(choices[0], "content") if choices else text_of(item, "content")
        if not text:
            if not choices:
                words.append(unread(item))
            continue
        own = text_of(item, "speaker_label") or speakers.get(str(item.get("start_time")), "")
        punctuation = item.get("type") == "punctuation"
        label = channel or (own or last if punctuation or "start_time" not in item else own)
        last = label
        words.append(
            Word(
                text,
                label,
                recording.moment(item.get("start_time"), SECONDS, "start"),
                recording.moment(item.get("end_time"), SECONDS, "stop"),
                punctuation and bool(words),
            )
        )
    return words
