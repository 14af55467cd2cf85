"""Speech-to-text services: Azure, Deepgram, AssemblyAI, Whisper and OpenAI, Speechmatics, Rev, Google, Gladia.

Each is asked first for turns that it made itself, then for its words, at last for its plain text. Where nobody was
told apart, lines have no role: a channel or a speaker that is the same all through says nothing about who spoke.
Numbers of speakers and channels become labels ("Speaker 1", "Channel 0"), which the analyst maps.
"""

from __future__ import annotations

from typing import Any

from reddy_lib.transcripts.formats.shapes import (
    MILLISECONDS,
    SECONDS,
    TICKS,
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
from reddy_lib.transcripts.people import person_of
from reddy_lib.transcripts.spacing import join_words
from reddy_lib.transcripts.times import Moment

__all__ = ["read"]


def read(data: Any) -> Recording | None:
    """The recording in a speech service's data, or None."""
    if isinstance(data, list):
        if has(data, "nBest") and (has(data, "offsetInTicks") or has(data, "offset")):
            return _azure_batch(data)
        if has(data, "elements", "speaker"):
            return _rev(data)
        if has(data, "offsetMilliseconds", "text"):
            return _azure_fast(data)
        if has(data, "alternatives", "type", "start_time"):
            return _speechmatics({"results": data})
        return None
    if not isinstance(data, dict):
        return None
    for name, shape, reader in (
        ("recognizedPhrases", ("nBest",), _azure_batch),
        ("transcriptPhrases", ("text",), _azure_content),
        ("monologues", ("elements",), _rev),
    ):
        if has(data.get(name), *shape):
            return reader(data[name])
    if has(data.get("phrases"), "offsetMilliseconds", "text") or (
        "combinedPhrases" in data and has(data.get("phrases"), "text")
    ):
        return _azure_fast(data["phrases"])
    conversations = _conversations(data)
    if conversations:
        return _azure_conversation(conversations)
    results = data.get("results")
    if isinstance(results, dict):
        return _deepgram(results)
    if has(results, "alternatives"):
        if has(results, "alternatives", "type"):
            return _speechmatics(data)
        if _is_google(results):
            return _google(results)
    if "utterances" in data and ("words" in data or has(data["utterances"], "text", "start", "end")):
        return _assemblyai(data)
    if has(data.get("segments"), "text", "start", "end"):
        return _whisper(data)
    if has(data.get("transcription"), "text", "offsets"):
        return _whisper_cpp(data["transcription"])
    return None


def _speaker(item: dict[str, Any], items: list[dict[str, Any]]) -> str:
    """Who said this: the speaker if there are several, else the channel if there are several, or both together."""
    channels = {str(other.get("channel")) for other in items if other.get("channel") is not None}
    channel = numbered("Channel", item.get("channel")) if len(channels) > 1 else ""
    speaker = numbered("Speaker", item.get("speaker"))
    if not channel or not speaker:
        return channel or speaker
    together = {(str(other.get("channel")), str(other.get("speaker"))) for other in items}
    if len(together) == len(channels):
        return channel
    return f"{channel}, {speaker}"


def _utterances(items: object, said: str, recording: Recording, words: object = None) -> Recording:
    """Items that each hold what one speaker said, under the name `said`, from `start` to `end` in seconds. `words`: of all
    of them, where they list none themselves."""
    every = objects(items)
    unit = SECONDS if said == "transcript" else _seconds_or_open(every)
    for item in recording.items(items):
        if item.get(said) is None:
            recording.keep(item)
            continue
        own = item.get("words")
        recording.add(
            _speaker(item, every),
            item[said],
            start=item.get("start"),
            stop=item.get("end"),
            unit=unit,
            words=own or words,
            more=not own,
        )
    return recording


def _seconds_or_open(items: list[dict[str, Any]]) -> float | None:
    """Seconds, as these services write them; None, to be found from the pace, where only whole numbers stand: lists of
    that shape are written by others too."""
    times = [time for item in items for name in ("start", "end") if (time := item.get(name)) is not None]
    return None if times and all(isinstance(time, int) for time in times) and max(times) > 600 else SECONDS


# --- Azure ---


def _azure_batch(phrases: object) -> Recording:
    """`recognizedPhrases[]`: the best of `nBest`; a stereo file lists one channel after the other."""
    recording = Recording("Azure batch transcription", [])
    every = objects(phrases)
    for phrase in recording.items(phrases):
        best = objects(phrase.get("nBest"))
        if not best:
            if "nBest" not in phrase and "recognitionStatus" not in phrase:
                recording.keep(phrase)
            continue
        text = text_of(best[0], "display", "itn", "maskedITN", "lexical")
        start, length, unit = _timed(phrase, None)
        words = best[0].get("displayWords") or best[0].get("words")
        recording.add(_speaker(phrase, every), text, start=start, duration=length, unit=unit, words=words)
    recording.sort()
    return recording


def _timed(item: dict[str, Any], plain: float | None) -> tuple[object, object, float | None]:
    """(start, length, their unit). `plain`: the unit of an `offset` whose name says none; None: it says so itself."""
    for suffix, unit in (("Milliseconds", MILLISECONDS), ("InTicks", TICKS), ("", plain)):
        if item.get(f"offset{suffix}") is not None:
            return item[f"offset{suffix}"], item.get(f"duration{suffix}"), unit
    return None, None, plain


def _azure_fast(phrases: object) -> Recording:
    recording = Recording("Azure fast transcription", [])
    every = objects(phrases)
    for phrase in recording.items(phrases):
        if phrase.get("text") is None:
            recording.keep(phrase)
            continue
        start, length, unit = _timed(phrase, MILLISECONDS)
        recording.add(
            _speaker(phrase, every),
            phrase["text"],
            start=start,
            duration=length,
            unit=unit,
            words=phrase.get("words"),
        )
    recording.sort()
    return recording


def _azure_content(phrases: object) -> Recording:
    """Content Understanding: `transcriptPhrases[]`."""
    recording = Recording("Azure Content Understanding", [])
    for phrase in recording.items(phrases):
        if phrase.get("text") is None:
            recording.keep(phrase)
            continue
        recording.add(
            numbered("Speaker", phrase.get("speaker")),
            phrase["text"],
            start=phrase.get("startTimeMs"),
            stop=phrase.get("endTimeMs"),
            unit=MILLISECONDS,
            words=phrase.get("words"),
        )
    return recording


def _conversations(data: dict[str, Any]) -> list[dict[str, Any]]:
    given = data.get("analysisInput")
    inside = given if isinstance(given, dict) else data
    found = objects(inside.get("conversations")) or [inside]
    return [item for item in found if has(item.get("conversationItems"), "text")]


def _azure_conversation(conversations: list[dict[str, Any]]) -> Recording:
    """The input of Azure's conversation analysis; times, where there are any, stand at the words."""
    recording = Recording("Azure conversation", [])
    for conversation in conversations:
        for item in recording.items(conversation["conversationItems"]):
            if item.get("text") is None:
                recording.keep(item)
                continue
            timed = objects(item.get("wordLevelTimings")) or objects(item.get("audioTimings"))
            start = timed[0].get("offset") if timed else None
            length: object = None
            if timed:
                begin, end, last = (
                    recording.moment(value, TICKS, "stop")
                    for value in (start, timed[-1].get("offset"), timed[-1].get("duration"))
                )
                if begin and end and last:
                    length = round((end.seconds + last.seconds - begin.seconds) / TICKS)
            recording.add(
                text_of(item, "role") or numbered("Speaker", item.get("participantId")),
                item["text"],
                start=start,
                duration=length,
                unit=TICKS,
                words=timed,
            )
    return recording


# --- Deepgram ---


def _deepgram(results: dict[str, Any]) -> Recording | None:
    recording = Recording("Deepgram", [])
    utterances = results.get("utterances")
    if has(utterances, "transcript"):
        return _utterances(utterances, "transcript", recording)
    channels = objects(results.get("channels"))
    best = [objects(channel.get("alternatives"))[:1] for channel in channels]
    if not any(
        has(choice, "transcript") or has(choice, "words") or has(choice, "paragraphs") for choice in best
    ):
        return None
    spoken: list[list[Word]] = []
    for number, choice in enumerate(best):
        if not choice:
            continue
        words: list[Word] = []
        for item in recording.items(choice[0].get("words"), words):
            text = text_of(item, "punctuated_word", "word")
            if not text:
                words.append(unread(item))
                continue
            speaker = numbered("Speaker", item.get("speaker"))
            if sum(map(bool, best)) > 1:
                speaker = f"Channel {number}" + (f", {speaker}" if speaker else "")
            words.append(Word(text, speaker, *_span(item, SECONDS, recording)))
        if any(word.text for word in words):
            spoken.append(words)
        else:
            recording.add_turns(speaker_runs(words))
            label = f"Channel {number}" if sum(map(bool, best)) > 1 else ""
            _deepgram_paragraphs(choice[0], label, recording)
    _place(spoken, recording)
    return recording


def _deepgram_paragraphs(choice: dict[str, Any], channel: str, recording: Recording) -> None:
    """What was said where there are no words: paragraphs with their speakers, or the plain transcript."""
    outer = choice.get("paragraphs")
    paragraphs = objects(outer.get("paragraphs")) if isinstance(outer, dict) else []
    if not paragraphs:
        recording.add(channel, choice.get("transcript"))
    for item in paragraphs:
        speaker = numbered("Speaker", item.get("speaker"))
        recording.add(
            ", ".join(part for part in (channel, speaker) if part),
            " ".join(text_of(sentence, "text") for sentence in objects(item.get("sentences"))),
            start=item.get("start"),
            stop=item.get("end"),
            unit=SECONDS,
        )


def _span(
    item: dict[str, Any], unit: float, recording: Recording, names: tuple[str, str] = ("start", "end")
) -> tuple[Moment | None, Moment | None]:
    return (
        recording.moment(item.get(names[0]), unit, "start"),
        recording.moment(item.get(names[1]), unit, "stop"),
    )


def _place(spoken: list[list[Word]], recording: Recording, space: str = " ") -> None:
    """Words of one channel by speaker, or by sentence where nobody is named; of several channels by time."""
    if len(spoken) > 1:
        recording.add_turns(interleave(spoken, space))
    elif spoken:
        named = any(word.label for word in spoken[0])
        recording.add_turns(speaker_runs(spoken[0], space) if named else sentences(spoken[0], space))


# --- AssemblyAI and those that look like it ---


def _assemblyai(data: dict[str, Any]) -> Recording:
    """`utterances[]`; without them words, whose speaker is then "A" for everybody and says nothing."""
    gladia = "full_transcript" in data
    recording = Recording("Gladia" if gladia else "AssemblyAI", [])
    utterances = data.get("utterances")
    every = objects(utterances) or objects(data.get("words"))
    times = [item.get(name) for item in every for name in ("start", "end")]
    unit = MILLISECONDS if all(isinstance(time, int) for time in times if time is not None) else SECONDS
    if objects(utterances):
        for item in recording.items(utterances):
            text = item.get("text")
            if text is None:
                text = item.get("transcript")
            if text is None:
                recording.keep(item)
                continue
            recording.add(
                _speaker(item, every),
                text,
                start=item.get("start"),
                stop=item.get("end"),
                unit=unit,
                words=item.get("words"),
            )
        return recording
    words: list[Word] = []
    speakers = {str(item.get("speaker")) for item in every}
    for item in recording.items(data.get("words"), words):
        text = text_of(item, "text", "word")
        if not text:
            words.append(unread(item))
            continue
        label = numbered("Speaker", item.get("speaker")) if len(speakers) > 1 else ""
        words.append(Word(text, label, *_span(item, unit, recording)))
    _place([words], recording)
    if not any(word.text for word in words):
        recording.add("", data.get("text", data.get("full_transcript")))
    return recording


# --- Whisper, OpenAI, whisper.cpp, WhisperX ---


def _whisper(data: dict[str, Any]) -> Recording:
    segments = data["segments"]
    recording = Recording("OpenAI diarized transcription" if has(segments, "speaker") else "Whisper", [])
    return _utterances(segments, "text", recording, data.get("words"))


def _whisper_cpp(items: object) -> Recording:
    recording = Recording("whisper.cpp", [])
    every = objects(items)
    for item in recording.items(items):
        if item.get("text") is None:
            recording.keep(item)
            continue
        offsets = item.get("offsets")
        start, stop = (offsets.get("from"), offsets.get("to")) if isinstance(offsets, dict) else (None, None)
        recording.add(
            _speaker(item, every),
            item["text"],
            start=start,
            stop=stop,
            unit=MILLISECONDS,
            words=item.get("tokens"),
        )
    return recording


# --- word lists with punctuation ---


def _speechmatics(data: dict[str, Any]) -> Recording:
    """`results[]` of words and punctuation; speaker "UU" means that nobody was told apart."""
    recording = Recording("Speechmatics", [])
    by_channel: dict[str, list[Word]] = {}
    every = objects(data["results"])
    channels = {str(item.get("channel")) for item in every if item.get("channel") is not None}
    glued = False
    first: list[Word] = []  # what was not understood before the first word: its channel is not known yet
    words = first
    for item in data["results"]:
        choices = objects(item.get("alternatives")) if isinstance(item, dict) else []
        text = text_of(choices[0], "content") if choices else ""
        if not text:
            if not isinstance(item, dict) or "alternatives" not in item:
                words.append(unread(item))
            continue
        channel = numbered("Channel", item.get("channel")) if len(channels) > 1 else ""
        speaker = text_of(choices[0], "speaker")
        label = ", ".join(part for part in (channel, "" if channel and speaker == "UU" else speaker) if part)
        words = by_channel.setdefault(channel, [])
        attached = text_of(item, "attaches_to") or ("previous" if item.get("type") == "punctuation" else "")
        joined = bool(words) and (glued or attached in ("previous", "both"))
        glued = attached in ("next", "both")
        words.append(Word(text, label, *_span(item, SECONDS, recording, ("start_time", "end_time")), joined))
    recording.add_turns(speaker_runs(first))
    spoken = list(by_channel.values())
    if {word.label for words in spoken for word in words if word.item is None} == {"UU"}:
        spoken = [[word._replace(label="") for word in words] for words in spoken]
    _place(spoken, recording, _delimiter(data))
    return recording


def _delimiter(data: dict[str, Any]) -> str:
    """What stands between two words: nothing in languages that are written without spaces."""
    metadata = data.get("metadata")
    config = metadata.get("transcription_config") if isinstance(metadata, dict) else None
    language = text_of(config, "language") if isinstance(config, dict) else ""
    return "" if language.split("-")[0] in ("ja", "cmn", "zh", "yue", "th") else " "


def _rev(monologues: object) -> Recording:
    """`monologues[]` of elements that hold their own spaces and punctuation."""
    recording = Recording("Rev AI", [])
    for monologue in recording.items(monologues):
        elements = objects(monologue.get("elements"))
        said = [str(element.get("value", "")) for element in elements]
        who = monologue.get("speaker")
        times = [element for element in elements if element.get("ts") is not None]
        ends = [element for element in elements if element.get("end_ts") is not None]
        recording.add(
            person_of(who).label() if isinstance(who, dict) else numbered("Speaker", who),
            join_words(said),
            start=times[0]["ts"] if times else None,
            stop=ends[-1]["end_ts"] if ends else None,
            unit=SECONDS,
            words=elements,
        )
        if not elements:
            recording.keep(monologue)
    return recording


_OF_A_CHOICE = frozenset(("transcript", "confidence", "words"))


def _is_google(results: object) -> bool:
    """Are these results written as Google writes them: channels by number, times in the words, an end of the whole?"""
    known = {
        "alternatives",
        "channelTag",
        "resultEndTime",
        "resultEndOffset",
        "languageCode",
        "isFinal",
        "stability",
    }
    return all(
        set(map(str, item)) <= known
        and isinstance(item.get("channelTag"), int | None)
        and all(set(choice) <= _OF_A_CHOICE for choice in objects(item.get("alternatives"))[:3])
        for item in objects(results)[:8]
    )


def _google(results: object) -> Recording:
    """Speech-to-Text. With speakers told apart, the last result lists all words once more, with their speakers."""
    recording = Recording("Google Speech-to-Text", [])
    every = objects(results)
    best = [choices[0] for item in every if (choices := objects(item.get("alternatives")))]
    tagged = objects(best[-1].get("words")) if best else []
    spoken = sum(len(text_of(choice, "transcript").split()) for choice in best[:-1])
    if has(tagged, "speakerTag") or has(tagged, "speakerLabel"):
        if len(tagged) < spoken:
            tagged = [word for choice in best for word in objects(choice.get("words"))]
        words = [
            Word(
                text_of(item, "word"),
                numbered("Speaker", item.get("speakerTag", item.get("speakerLabel"))),
                recording.moment(item.get("startTime", item.get("startOffset")), None, "start"),
                recording.moment(item.get("endTime", item.get("endOffset")), None, "stop"),
            )
            for item in tagged
        ]
        recording.add_turns(speaker_runs([word for word in words if word.text]))
        return recording
    channels = {str(item.get("channelTag")) for item in every if item.get("channelTag") is not None}
    for item in recording.items(results):
        choices = objects(item.get("alternatives"))
        if not choices:
            recording.keep(item)
            continue
        words_here = objects(choices[0].get("words"))
        recording.add(
            numbered("Channel", item.get("channelTag")) if len(channels) > 1 else "",
            choices[0].get("transcript"),
            start=words_here[0].get("startTime", words_here[0].get("startOffset")) if words_here else None,
            stop=words_here[-1].get("endTime", words_here[-1].get("endOffset"))
            if words_here
            else item.get("resultEndTime"),
            words=words_here,
        )
    recording.sort()
    return recording
