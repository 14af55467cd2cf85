"""What the readers of vendors' formats share: a recording that is being taken apart, and words that become turns.

A vendor's format is recognised by the shape of its data, never by a file's name. Its reader adds what was said to a
`Recording`, turn by turn; what it cannot read it keeps (`keep`), so that nothing disappears because a vendor
changed a field. Sources that know only words, each with its speaker, are put together by `speaker_runs`.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import Any, NamedTuple

from reddy_lib.findings import finding
from reddy_lib.transcripts.formats.json_form import as_text, short, unreadable_time
from reddy_lib.transcripts.spacing import between
from reddy_lib.transcripts.times import Moment, read_moment
from reddy_lib.transcripts.turns import Listed, Parsed, Turn

__all__ = [
    "MILLISECONDS",
    "SECONDS",
    "TICKS",
    "Recording",
    "Word",
    "has",
    "interleave",
    "numbered",
    "objects",
    "sentences",
    "speaker_runs",
    "text_of",
    "unread",
]

SECONDS, MILLISECONDS, TICKS = 1.0, 0.001, 1e-7
_PAUSE = 1.0
_ENDS_A_SENTENCE = (".", "?", "!", "…", "。", "？", "！")


class Recording(Parsed):
    """A vendor's transcript taken apart. `form` names the vendor.

    Attributes:
        started: when the call started, seconds since the epoch, where the source says so.
        started_naive: the source gave `started` without a time zone; it was read as UTC.
        refused: why this is not one transcript, as a sentence without its end; "" where it is one.
    """

    started: float | None = None
    started_naive: bool = False
    refused: str = ""

    def add(
        self,
        label: str,
        text: object,
        *,
        start: object = None,
        stop: object = None,
        duration: object = None,
        unit: float | None = None,
        words: object = None,
        more: bool = False,
    ) -> None:
        """One turn, unless it holds no text. `unit`: seconds per unit of its times, None where they say themselves.
        `words`: the source's list of its words, or (`more`) one in which they are."""
        said = text.strip() if isinstance(text, str) else "" if text is None else as_text(text)
        if not said:
            return
        turn = Turn(label.strip(), said)
        turn.start = self.moment(start, unit, "start")
        turn.stop = self.moment(stop, unit, "stop")
        if turn.stop is None:
            turn.duration = self.moment(duration, unit, "stop")
        if words and isinstance(words, list):
            turn.words = Listed(words, unit, None, more)
        self.turns.append(turn)

    def keep(self, item: object) -> None:
        """Something that was not understood: a line of its own that shows it, and the finding that says so."""
        if item is None or item == "" or item == {} or item == []:
            return
        text = item if isinstance(item, str) else as_text(item)
        self.notes.append(
            (
                len(self.turns),
                finding(
                    "line-not-read",
                    "transcript",
                    f"This item of the transcript holds no text that could be read: {short(text)}",
                    value=text,
                ),
            )
        )
        self.turns.append(Turn("", text))

    def items(self, values: object, words: list[Word] | None = None) -> Iterator[dict[str, Any]]:
        """The objects of a list; what is no object is kept: in its place among `words`, where turns are made of them."""
        for value in values if isinstance(values, list | tuple) else ():
            if isinstance(value, dict):
                yield value
            elif words is not None:
                words.append(unread(value))
            else:
                self.keep(value)

    def moment(self, value: object, unit: float | None, field: str) -> Moment | None:
        """A time, or None; one that cannot be read is noted at the turn that comes next."""
        if value is None or isinstance(value, bool) or (isinstance(value, str) and not value.strip()):
            return None
        if isinstance(value, str) and unit is not None:
            # A clock or an ISO time where a number was expected says its unit itself.
            with suppress(ValueError):
                value = float(value)
        try:
            moment = read_moment(value, unit)
        except OverflowError:
            moment = None
        if moment is None:
            self.notes.append((len(self.turns), unreadable_time(value, field)))
        return moment

    def add_turns(self, turns: Sequence[Turn]) -> None:
        """Turns that were put together from words, and what was not understood between them."""
        for turn in turns:
            if isinstance(turn, _Unread):
                self.keep(turn.item)
            elif turn.text.strip():
                self.turns.append(turn)

    def sort(self) -> None:
        """By start, where every turn has one: recordings with a channel a person list one person after the other."""
        starts = [turn.start.seconds for turn in self.turns if turn.start is not None]
        if len(starts) != len(self.turns) or starts == sorted(starts):
            return
        order = sorted(range(len(starts)), key=starts.__getitem__)
        places = {old: new for new, old in enumerate(order)}
        self.turns = [self.turns[index] for index in order]
        self.notes = [(places.get(index, index), note) for index, note in self.notes]

    def begins(self, value: object, unit: float | None = None) -> None:
        """Takes the start of the call from the source; what is no absolute time is passed over."""
        if self.started is not None or value is None or isinstance(value, bool):
            return
        try:
            moment = read_moment(value, unit)
        except OverflowError:
            return
        if moment is not None and moment.absolute:
            self.started = moment.seconds
            self.started_naive = isinstance(value, str) and not _has_zone(value)

    def from_the_start(self) -> None:
        """Absolute times become seconds from `started`, where that can be the start of what was said."""
        moments = [m for turn in self.turns for m in (turn.start, turn.stop) if m is not None and m.absolute]
        if not moments:
            return
        first = min(moment.seconds for moment in moments)
        origin = self.started
        if origin is None or not 0 <= first - origin < 86_400:
            if any(turn.start is not None and turn.start.absolute for turn in self.turns):
                self.started = None  # the first line is the start then, as for every other source
                return
            origin = self.started = first
        for turn in self.turns:
            turn.start, turn.stop = _relative(turn.start, origin), _relative(turn.stop, origin)
            if turn.words is not None:
                turn.words.origin = origin


def _relative(moment: Moment | None, origin: float) -> Moment | None:
    if moment is None or not moment.absolute:
        return moment
    return Moment(round(moment.seconds - origin, 6))


def _has_zone(text: str) -> bool:
    tail = text.strip()[16:]
    return tail.endswith(("Z", "z")) or "+" in tail or "-" in tail


def objects(value: object) -> list[dict[str, Any]]:
    """The objects of a list, [] for anything else: to look at a shape, never to read it."""
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list | tuple) else []


def has(values: object, *names: str) -> bool:
    """Does one of the first objects of this list have all these fields?"""
    if not isinstance(values, list | tuple):
        return False
    for item in values[:8]:
        if isinstance(item, dict):
            for name in names:
                if name not in item:
                    break
            else:
                return True
    return False


def text_of(item: dict[str, Any], *names: str) -> str:
    """The first of these fields that holds text, or ""."""
    for name in names:
        value = item.get(name)
        if isinstance(value, str) and value.strip():
            return value.strip()
    return ""


def numbered(kind: str, value: object) -> str:
    """A speaker's label: names as they are written, numbers with what they count ("Speaker 1"); "" for none."""
    if isinstance(value, bool) or value is None:
        return ""
    if isinstance(value, int | float):
        return f"{kind} {value:g}"
    text = value.strip() if isinstance(value, str) else ""
    return f"{kind} {text}" if text.isdecimal() else text


class Word(NamedTuple):
    """One word as a source lists it. `joined`: it follows the word before it without a space, as a comma does.
    `item`: what stands in its place and was not understood (`unread`), a turn of its own.
    """

    text: str
    label: str = ""
    start: Moment | None = None
    stop: Moment | None = None
    joined: bool = False
    item: object = None


class _Unread(Turn):
    """A turn that holds no speech: an item among words that was not understood."""

    item: object = None


def unread(item: object) -> Word:
    """What was not understood, in the place of a word."""
    return Word("", item="" if item is None else item)


def speaker_runs(words: Sequence[Word], space: str = " ") -> list[Turn]:
    """Words → turns: a new one wherever somebody else speaks."""
    turns: list[Turn] = []
    for index, word in enumerate(words):
        before = words[index - 1] if index else None
        if word.item is not None:
            turns.append(_Unread("", "", item=word.item))
        elif before is not None and before.item is None and word.label == before.label:
            _append(turns[-1], word, space)
        else:
            turns.append(_begun(words, index))
    return turns


def sentences(words: Sequence[Word], space: str = " ") -> list[Turn]:
    """Words of a source that names nobody → a turn a sentence, or up to a pause: what can be given to somebody."""
    turns: list[Turn] = []
    for index, word in enumerate(words):
        before = words[index - 1] if index and words[index - 1].item is None else None
        if word.item is not None:
            turns.append(_Unread("", "", item=word.item))
            continue
        ended = before is not None and before.text.endswith(_ENDS_A_SENTENCE) and not word.joined
        if before is None or ended or (not word.joined and _gap(before, word) >= _PAUSE):
            turns.append(_begun(words, index))
        else:
            _append(turns[-1], word, space)
    return turns


def interleave(channels: Sequence[Sequence[Word]], space: str = " ") -> list[Turn]:
    """Words of several channels → turns in order of time: one ends at a pause, or where another channel comes in."""
    starts = [[word.start.seconds for word in channel if word.start is not None] for channel in channels]
    turns: list[Turn] = []
    for number, channel in enumerate(channels):
        others = sorted(start for other, times in enumerate(starts) if other != number for start in times)
        before: Word | None = None
        parted = False
        for index, word in enumerate(channel):
            if word.item is not None:  # at the time of the word before it: that is where it stands
                turns.append(_Unread("", "", Moment(0.0) if before is None else before.start, item=word.item))
                parted = True
                continue
            if before is not None and not parted and (word.joined or not _interrupted(before, word, others)):
                _append(turns[-1], word, space)
            else:
                turns.append(_begun(channel, index))
            parted = False
            before = word if word.stop is not None or before is None else before._replace(text=word.text)
    if all(turn.start is not None for turn in turns):
        turns.sort(key=lambda turn: turn.start.seconds if turn.start is not None else 0.0)
    return turns


def _interrupted(before: Word, word: Word, others: Sequence[float]) -> bool:
    if before.stop is None or word.start is None:
        return False
    if _gap(before, word) >= _PAUSE:
        return True
    place = bisect_left(others, before.stop.seconds)
    return place < len(others) and others[place] < word.start.seconds


def _gap(before: Word, word: Word) -> float:
    return 0.0 if before.stop is None or word.start is None else word.start.seconds - before.stop.seconds


def _begun(words: Sequence[Word], at: int) -> Turn:
    word = words[at]
    return Turn(word.label, word.text, word.start, word.stop, words=Listed(words, begin=at))


def _append(turn: Turn, word: Word, space: str) -> None:
    turn.text += word.text if word.joined else between(turn.text, word.text, space) + word.text
    turn.start = turn.start or word.start
    turn.stop = word.stop or turn.stop
