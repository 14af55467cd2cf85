"""Turns from text lines: what stands between two labels, a time on a line of its own, headings, status events."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import takewhile

from reddy_lib.findings import Finding, finding
from reddy_lib.transcripts.asides import (
    goes_on_as_speech,
    is_aside,
    is_day,
    is_heading,
    is_rule,
    names_somebody,
)
from reddy_lib.transcripts.formats.json_form import unreadable_time
from reddy_lib.transcripts.formats.text_rows import Row
from reddy_lib.transcripts.stamps import read_stamp
from reddy_lib.transcripts.times import Moment
from reddy_lib.transcripts.turns import Parsed, Turn

__all__ = ["MOST", "Reading", "of_left_out", "read_moments", "shortened_text"]

MOST = 50
"""Names and findings of one kind that a transcript may have, before they are taken together."""


class Reading:
    """The turns so far, and what waits for the next one: a time on a line of its own, headings before the first.

    `headed`: a label stands above its text, which may have any number of lines.
    """

    def __init__(self, aliases: dict[str, str], headed: bool = False) -> None:
        self.headed = headed
        self.parsed = Parsed("labelled text", [], aliases=aliases)
        self.parts: list[
            list[str]
        ] = []  # text lines of each turn, joined at the end: a turn may have thousands
        self.time: Row | None = None
        self.opening: list[str] = []

    def turn(self, row: Row) -> None:
        parsed = self.parsed
        timed = row if row.start else self.time or row
        if self.time is not None and timed is not self.time:
            self.keep(self.time.raw)
        self.time = None
        turn = Turn(row.label, "")
        turn.start, turn.stop = read_moments(timed, parsed)
        if row.broken:
            parsed.notes.append((len(parsed.turns), unreadable_time(row.broken, "start")))
        names = (row.label, *parsed.aliases)
        headings = list(
            takewhile(
                lambda text: is_heading(text) or is_day(text) or names_somebody(text, names), self.opening
            )
        )
        parsed.left_out += [(len(parsed.turns), heading) for heading in headings]
        self.opening = self.opening[len(headings) :]
        if self.opening:
            parsed.asides.append((len(parsed.turns), self.opening))
        parsed.turns.append(turn)
        self.parts.append([*self.opening, row.text] if row.text else list(self.opening))
        self.opening = []

    def unlabelled(self, row: Row) -> None:
        if self.time is not None:
            self.keep(self.time.raw)
            self.time = None
        if row.start and not row.label and not row.text:
            self.time = row
        else:
            self.keep(row.raw)

    def leave_out(self, row: Row) -> None:
        if self.time is not None:
            self.keep(self.time.raw)
            self.time = None
        # Stage directions above an event stay above it: they are not the words of the turn that follows.
        self.parsed.left_out += [(len(self.parsed.turns), text) for text in (*self.opening, row.raw)]
        self.opening = []

    def keep(self, raw: str) -> None:
        """Text without a speaker: an aside with the turn beside it, speech with the line above and a finding."""
        parsed = self.parsed
        if is_rule(raw):
            parsed.left_out.append((len(parsed.turns), raw))
            return
        last = len(parsed.turns) - 1
        events: list[str] = []
        goes_on = last >= 0 and bool(parsed.turns[last].label)
        while goes_on and parsed.left_out and parsed.left_out[-1][0] == last + 1:
            _, event = parsed.left_out.pop()  # in the middle of a turn: it stays where it stands
            events.insert(0, event)
        if events:
            self.parts[last] += events
            parsed.asides.append((last, events))
        if goes_on:
            label_alone = not self.parts[last]
            self.parts[last].append(raw)
            if is_aside(raw) or (not label_alone and is_heading(raw)):
                parsed.asides.append((last, [raw]))
            elif not label_alone and not self.headed:
                message = (
                    f"This text names no speaker and was kept with the line above it: {shortened_text(raw)!r}"
                )
                parsed.notes.append((last, finding("line-without-speaker", "transcript", message, value=raw)))
        elif is_aside(raw, opening=True):
            self.opening.append(raw)
        else:
            for text in self.opening:
                self.before(text)
            self.opening = []
            self.before(raw)

    def before(self, raw: str) -> None:
        message = f"This text comes before the first speaker: {shortened_text(raw)!r}"
        self.parsed.notes.append(
            (len(self.parsed.turns), finding("line-not-read", "transcript", message, value=raw))
        )
        self.parsed.turns.append(Turn("", ""))
        self.parts.append([raw])

    def finish(self) -> Parsed:
        if self.time is not None and not self._moved_up(self.time):
            self.keep(self.time.raw)
        for text in self.opening:
            self.before(text)
        self._leave_out_closing()
        for turn, parts in zip(self.parsed.turns, self.parts, strict=True):
            turn.text = "\n".join(parts)
        self.parsed.notes = _shortened(self.parsed.notes)
        if self.parsed.left_out:
            self.parsed.notes.append((-1, of_left_out([text for _, text in self.parsed.left_out])))
        return self.parsed

    def _moved_up(self, last: Row) -> bool:
        """Give each turn the time below it, where each was taken for the next one's: nothing stands above the first."""
        turns = self.parsed.turns
        if len(turns) < 3 or turns[0].start is not None or any(turn.start is None for turn in turns[1:]):
            return False
        moments = read_moments(last, self.parsed)
        below = [*((turn.start, turn.stop) for turn in turns[1:]), moments]
        for turn, (start, stop) in zip(turns, below, strict=True):
            turn.start, turn.stop = start, stop
        return True

    def _closes_a_block(self, texts: list[str]) -> bool:
        """Return whether the last line is one of several headings in a row."""
        before = self.parsed.asides[-2:-1] if len(texts) < 2 else [(self.parsed.asides[-1][0], texts[:-1])]
        return (
            bool(before)
            and before[0][0] == len(self.parsed.turns) - 1
            and len(self.parts[-1]) > 2
            and self.parts[-1][-2] == before[0][1][-1]
            and is_heading(before[0][1][-1])
        )

    def _leave_out_closing(self) -> None:
        """Leave out the headings behind the last words: `--- End of transcript ---`."""
        parsed = self.parsed
        closing: list[str] = []
        while parsed.asides and parsed.asides[-1][0] == len(parsed.turns) - 1 and self.parts:
            texts = parsed.asides[-1][1]
            if len(self.parts[-1]) < 2 or self.parts[-1][-1] != texts[-1] or not is_heading(texts[-1]):
                break
            if goes_on_as_speech(texts[-1]) and not closing and not self._closes_a_block(texts):
                break  # one line behind the last speaker's words, as they may be said
            closing.insert(0, texts[-1])
            self.parts[-1].pop()
            parsed.asides[-1] = (parsed.asides[-1][0], texts[:-1])
            if not texts[:-1]:
                parsed.asides.pop()
        parsed.left_out += [(len(parsed.turns), text) for text in closing]
        parsed.left_out.sort(key=lambda one: one[0])


def of_left_out(texts: Sequence[str]) -> Finding:
    """One finding for all status events and notes of a transcript; `value` is their text."""
    one = len(texts) == 1
    what = (
        "1 line is a heading, a status event or a note"
        if one
        else f"{len(texts)} lines are headings, status events or notes"
    )
    shown = shortened_text(" · ".join(texts[:20]))
    message = f"{what}, which nobody said, and {'was' if one else 'were'} left out: {shown!r}"
    return finding("not-spoken", "transcript", message, value="\n".join(texts[:200]))


def _shortened(notes: list[tuple[int, Finding]]) -> list[tuple[int, Finding]]:
    """Thousands of findings of one kind help nobody: those beyond become one with their number."""
    kept: list[tuple[int, Finding]] = []
    counts: Counter[str] = Counter()
    for index, note in notes:
        counts[note.code] += 1
        if counts[note.code] <= MOST:
            kept.append((index, note))
    for code, count in counts.items():
        if count > MOST:
            message = f"{count - MOST} more lines of this transcript have the same finding."
            kept.append((-1, finding(code, "transcript", message)))
    return kept


def read_moments(row: Row, parsed: Parsed) -> tuple[Moment | None, Moment | None]:
    moments: list[Moment | None] = []
    for name, value in (("start", row.start), ("stop", row.stop)):
        moment = read_stamp(value) if value else None
        if value and moment is None:
            parsed.notes.append((len(parsed.turns), unreadable_time(value, name)))
        moments.append(moment)
    return moments[0], moments[1]


def shortened_text(text: str) -> str:
    return text if len(text) <= 80 else text[:79] + "…"
