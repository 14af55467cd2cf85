"""Apply the analyst's choices for whole transcripts: the order of lines, and the handling of text that is not speech."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from html import unescape
from itertools import groupby

import msgspec

from reddy_lib.findings import finding
from reddy_lib.model import TranscriptLine
from reddy_lib.spreadsheet.cells.agent_names import bare_email
from reddy_lib.spreadsheet.cells.dates import looks_like_time
from reddy_lib.spreadsheet.model import Mapping
from reddy_lib.transcripts import Transcript
from reddy_lib.transcripts.asides import is_heading

__all__ = ["NOTES_TAG", "as_chosen"]

NOTES_TAG = "Internal notes"
"""Key of the tag that notes become."""


def as_chosen(transcript: Transcript, mapping: Mapping, *, of_rows: bool) -> Transcript:
    """Apply `line_order` and `notes` of a mapping. `of_rows`: its lines were rows, ordered already."""
    if mapping.line_order != "guess" and transcript.order:
        transcript = _as_written(transcript)
    if mapping.line_order == "reversed" and not of_rows:
        transcript = _turned_round(transcript)
    if mapping.notes != "leave-out" and transcript.left_out and _left_notes(transcript):
        transcript = _with_notes(transcript, as_speech=mapping.notes == "as-speech")
    return transcript


def _as_written(transcript: Transcript) -> Transcript:
    """Return the transcript with its lines in the order of the source, which the reader had changed."""
    places = sorted(range(len(transcript.lines)), key=transcript.order.__getitem__)
    if len(places) != len(transcript.order):
        return transcript
    numbers = {place + 1: number for number, place in enumerate(places, start=1)}
    return msgspec.structs.replace(
        transcript,
        lines=[transcript.lines[place] for place in places],
        findings=[
            msgspec.structs.replace(found, line=numbers.get(found.line)) if found.line is not None else found
            for found in transcript.findings
            if found.code != "lines-reordered"
        ],
        speakers=[transcript.speakers[place] for place in places] if transcript.speakers else [],
        times="".join(transcript.times[place] for place in places) if transcript.times else "",
        order=[],
        exact=False,
    )


def _turned_round(transcript: Transcript) -> Transcript:
    """Return the transcript with its last line first. Times that were estimated are those of the new order."""
    if len(transcript.lines) < 2:
        return transcript
    lines = transcript.lines[::-1]
    made_up = bool(transcript.times) and set(transcript.times) <= {"e", "b", "B"}
    end = max((line.stop for line in lines if line.stop is not None), default=None)
    if made_up and end is not None:
        lines = [
            msgspec.structs.replace(
                line,
                start=None if line.stop is None else round(end - line.stop, 6),
                stop=None if line.start is None else round(end - line.start, 6),
            )
            for line in lines
        ]
    count = len(lines)
    findings = [
        msgspec.structs.replace(found, line=count + 1 - found.line) if found.line is not None else found
        for found in transcript.findings
    ]
    message = "The lines were put in reverse order, as chosen: the source has the newest first."
    findings.append(finding("lines-reordered", "transcript", message))
    return msgspec.structs.replace(
        transcript,
        lines=lines,
        findings=findings,
        speakers=transcript.speakers[::-1],
        times=("e" * count if made_up else transcript.times)[::-1],
        order=[count - 1 - place for place in range(count)],
        left_out=sorted((count - before, text) for before, text in transcript.left_out),
        exact=False,
    )


def _left_notes(transcript: Transcript) -> bool:
    """Return whether something was left out because it is not speech, rather than because its speaker is left out."""
    return any(found.code == "not-spoken" for found in transcript.findings)


def _with_notes(transcript: Transcript, *, as_speech: bool) -> Transcript:
    """Return the transcript with what nobody said as lines of the agent, or as words of a tag."""
    of_speakers = Counter(text for _, text in transcript.of_speakers)
    unspoken: list[tuple[int, str]] = []
    for one in transcript.left_out:
        if of_speakers[one[1]]:
            of_speakers[one[1]] -= 1
        else:
            unspoken.append(one)
    notes = _notes_in(unspoken)
    if not notes:
        return transcript
    findings = [found for found in transcript.findings if found.code != "not-spoken"]
    written = {_squeezed(_plain(text)) for _, text in notes}
    rest = [*transcript.of_speakers, *(one for one in unspoken if _squeezed(_plain(one[1])) not in written)]
    if not as_speech:
        kept = [*transcript.kept, *((NOTES_TAG, text) for _, text in notes)]
        message = f"{_items(len(notes))} that nobody said became a tag, as chosen."
        findings.append(finding("lines-kept-as-tag", "transcript", message, value=NOTES_TAG))
        return msgspec.structs.replace(transcript, findings=findings, kept=kept)
    lines: list[TranscriptLine] = []
    speakers: list[str] = []
    times: list[str] = []
    marks = transcript.times or "s" * len(transcript.lines)
    moved: dict[int, int] = {}
    waiting = list(notes)
    for place in range(len(transcript.lines) + 1):
        while waiting and (waiting[0][0] <= place or place == len(transcript.lines)):
            before = lines[-1].stop if lines else None
            lines.append(TranscriptLine("agent", waiting.pop(0)[1].strip(), before, before))
            speakers.append("agent")
            times.append("-" if before is None else "e")
        if place < len(transcript.lines):
            lines.append(transcript.lines[place])
            speakers.append(
                transcript.speakers[place] if transcript.speakers else transcript.lines[place].role
            )
            times.append(marks[place])
            moved[place + 1] = len(lines)
    findings = [
        msgspec.structs.replace(found, line=moved.get(found.line)) if found.line is not None else found
        for found in findings
    ]
    return msgspec.structs.replace(
        transcript,
        lines=lines,
        findings=findings,
        speakers=speakers,
        times="".join(times) if set(times) != {"s"} else "",
        order=[],
        left_out=rest,
        exact=False,
    )


_MARKUP = re.compile(r"</?[a-z][^<>]*>", re.IGNORECASE)
_INLINE = re.compile(r"</?(?:b|i|u|em|strong|span|a|mark|code|font)(?:\s[^<>]*)?>", re.IGNORECASE)
_NAME = re.compile(r"[^\W\d_a-z][\w.'’-]*(?:,? [^\W\d_a-z][\w.'’-]*){1,3}")


def _notes_in(left_out: Sequence[tuple[int, str]]) -> list[tuple[int, str]]:
    """Return what notes say, out of all texts that were left out.

    Items of data leave each of their values: the author, when it was written, an address, the same text once more as
    HTML. A single word names something, and a heading ("End of transcript") is no note.
    """
    found: list[tuple[int, str]] = []
    for before, items in groupby(left_out, key=lambda one: one[0]):
        texts: dict[str, str] = {}
        for _, raw in items:
            text = _plain(raw)
            if len(text.split()) > 1 or (len(text) > 5 and not text.isascii() and not _is_word(text)):
                texts.setdefault(_squeezed(text), text)
        said = [text for text in texts.values() if not _is_fact(text) and not is_heading(text)]
        # A name beside a text is its author's; alone, it may be a short note.
        several = [text for text in said if not _NAME.fullmatch(text)]
        found += [(before, text) for text in several or said]
    return found


def _plain(text: str) -> str:
    """Return a text without its markup."""
    if not _MARKUP.search(text):
        return text.strip()
    return " ".join(unescape(_MARKUP.sub(" ", _INLINE.sub("", text))).split())


def _squeezed(text: str) -> str:
    return "".join(text.split()).casefold()


def _is_word(text: str) -> bool:
    return any(map(str.isdecimal, text)) or text[:1].isascii() or text.islower() or text.istitle()


def _is_fact(text: str) -> bool:
    """Return whether a text is a moment, an address or an email rather than words."""
    return not any(map(str.isalpha, text)) or looks_like_time(text) or bool(bare_email(text))


def _items(count: int) -> str:
    return "1 item" if count == 1 else f"{count} items"
