"""What the analyst chose about a transcript as a whole: its order, and what becomes of text that nobody said."""

from __future__ import annotations

import msgspec

from reddy_lib.findings import finding
from reddy_lib.model import TranscriptLine
from reddy_lib.spreadsheet.model import Mapping
from reddy_lib.transcripts import Transcript

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
    made_up = bool(transcript.times) and set(transcript.times) <= {"e"}
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
        times=transcript.times[::-1],
        order=[count - 1 - place for place in range(count)],
        left_out=sorted((count - before, text) for before, text in transcript.left_out),
        exact=False,
    )


def _left_notes(transcript: Transcript) -> bool:
    """Return whether something was left out because nobody said it, rather than by the choice for a speaker."""
    codes = {found.code for found in transcript.findings}
    return "not-spoken" in codes and "lines-left-out" not in codes


def _with_notes(transcript: Transcript, *, as_speech: bool) -> Transcript:
    """Return the transcript with what nobody said as lines of the agent, or as words of a tag."""
    # Items of data leave all their values here; a single word is a name of something, no note.
    notes = [(before, text) for before, text in transcript.left_out if len(text.split()) > 1]
    if not notes:
        return transcript
    findings = [found for found in transcript.findings if found.code != "not-spoken"]
    rest = [one for one in transcript.left_out if one not in notes]
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


def _items(count: int) -> str:
    return "1 item" if count == 1 else f"{count} items"
