"""When each word of a line was said, where the source tells it: read once more from the cell, when somebody asks.

A transcript that is loaded keeps the times of its lines alone: that is what Reddy takes, and the words of a hundred
thousand calls would cost more than all the rest. Whoever silences a word in a recording needs its very time, for one
call. So the readers leave the source's list of words where it is (`turns.Listed`), and it is read here.

A time that is wrong by a line silences the wrong word. So words count only where they spell their line from its first
letter to its last, lie in its time, and the line is what the source says: one whose text or start was edited has none.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from types import MappingProxyType
from typing import Any, NamedTuple

from reddy_lib.model import TranscriptLine
from reddy_lib.transcripts.formats.json_form import is_data, quoted
from reddy_lib.transcripts.formats.labelled import read_text
from reddy_lib.transcripts.formats.shapes import MILLISECONDS, Recording, Word
from reddy_lib.transcripts.formats.subtitles import Cue, timed_pieces
from reddy_lib.transcripts.forms import read_data, read_form, read_plain
from reddy_lib.transcripts.key_names import classify_key
from reddy_lib.transcripts.times import Moment, Unit
from reddy_lib.transcripts.turns import Clock, Listed, Parsed, Turn, clock, settle

__all__ = ["TimedWord", "word_times"]

_SLACK = 0.5
"""Seconds by which a word may lie outside of its line: sources round the two differently."""
_NAMES = ("punctuated_word", "displayText", "word", "text", "Text", "Content", "content", "w", "value")
_NO_ROLES: Mapping[str, str] = MappingProxyType({})


class TimedWord(NamedTuple):
    """A word of a line with the seconds from the start of the call at which it was said; NaN: the source gives none."""

    text: str
    start: float
    stop: float


class _Read(NamedTuple):
    """A word as it was read: how it may be written (with punctuation, or without), and its times."""

    texts: tuple[str, ...]
    start: float
    stop: float


def word_times(
    cell: object,
    lines: Sequence[TranscriptLine],
    *,
    roles: Mapping[str, str] = _NO_ROLES,
    unit: Unit = "auto",
    duration: float | None = None,
) -> dict[int, list[TimedWord]]:
    """Line number (1-based) → its words in order, for those of `lines` whose words have times in this cell.

    `cell`: what the transcript was read from; `lines`: as they are now, edited or not; `roles`, `unit`, `duration`: as it
    was read. Never raises for what a cell holds.
    """
    parsed = _parsed(cell, roles)
    if parsed is None or all(turn.words is None for turn in parsed.turns):
        return {}
    duration = parsed.duration if duration is None else duration
    started = _counted_from(lines, parsed.turns)
    seconds, _, _ = clock(parsed.turns, unit, duration, started)
    starts = [start for start, _ in settle(parsed.turns, unit, duration, started)[0]]
    found: dict[int, list[TimedWord]] = {}
    for number, turn in _turns_of(lines, parsed.turns, starts).items():
        words = _words_of(lines[number - 1], turn, seconds, timed=turn.start is not None)
        if words and any(math.isfinite(word.start) for word in words):
            found[number] = words
    return found


def _counted_from(lines: Sequence[TranscriptLine], turns: Sequence[Turn]) -> float | None:
    """Return from which moment (epoch seconds) the lines of turns with absolute times were counted, or None.

    The lines tell, rather than the start of the call: that may have been changed since.
    """
    starts = {line.text.strip(): line.start for line in lines if line.start is not None}
    found = Counter(
        round(turn.start.seconds - start, 3)
        for turn in turns
        if turn.start is not None
        and turn.start.absolute
        and (start := starts.get(turn.text.strip())) is not None
    )
    return found.most_common(1)[0][0] if found else None


def _parsed(cell: object, roles: Mapping[str, str]) -> Parsed | None:
    """The turns of a cell with what the source says of their words: taken apart as `read_transcript` does."""

    def labelled(text: str) -> Parsed:
        return read_text(text, roles, ())

    if isinstance(cell, list | dict):
        return read_data(cell, str(cell), labelled)
    if not isinstance(cell, str):
        return None
    text = cell.removeprefix("\ufeff")
    inner = quoted(text)
    if inner is not None:
        return _parsed(inner, roles)
    if is_data(text):
        return read_form(text, labelled)
    return read_plain(text, labelled) if "<" in text or "```" in text else None


def _turns_of(
    lines: Sequence[TranscriptLine], turns: Sequence[Turn], starts: Sequence[float | None]
) -> dict[int, Turn]:
    """Line number → the turn that it came from, by its text and its start, wherever it was moved to."""
    by_text: dict[str, list[int]] = {}
    for index, turn in enumerate(turns):
        by_text.setdefault(turn.text.strip(), []).append(index)
    alike: dict[str, int] = {}
    for line in lines:
        alike[line.text.strip()] = alike.get(line.text.strip(), 0) + 1
    found: dict[int, Turn] = {}
    for number, line in enumerate(lines, 1):
        text = line.text.strip()
        free = by_text.get(text, [])
        for index in free:
            start = starts[index]
            # Without a start of its own, nothing but its place among its like tells a turn: one gone, and none is sure.
            sure = alike[text] == 1 and len(free) == 1 if start is None else start == line.start
            if sure:
                found[number] = turns[index]
                if start is not None:
                    by_text[text] = [other for other in free if other != index]
                break
    return found


def _words_of(line: TranscriptLine, turn: Turn, seconds: Clock, *, timed: bool) -> list[TimedWord]:
    """The words that spell the line; none where they do not, or lie outside of it."""
    listed = turn.words
    if listed is None:
        return []
    read = (word for item in listed.items[listed.begin or 0 :] for word in _read(item, listed, seconds))
    first = line.start - _SLACK if timed and line.start is not None else -math.inf
    last = line.stop + _SLACK if timed and line.stop is not None else math.inf
    if listed.more:
        words = [word for word in read if not (word.stop < first or word.start > last)]
        runs = [run for at in range(len(words)) if (run := _spelled(line.text, words[at:], to_end=False))]
        spelled = (
            runs[0] if len(runs) == 1 else []
        )  # said twice in that time: nobody knows which of them it is
    else:
        spelled = _spelled(line.text, read, to_end=listed.begin is None)
    outside = any(word.start < first or word.stop > last for word in spelled)
    return [] if outside else spelled


def _spelled(text: str, words: Iterable[_Read], *, to_end: bool) -> list[TimedWord]:
    """The words, as they are written in the text, if they are all of it; `to_end`: and none is left over."""
    lower = text.lower()
    end = 0
    found: list[TimedWord] = []
    for word in words:
        if not to_end and found and not _says(lower[end:]):
            break
        for piece in word.texts:
            at = lower.find(piece.lower(), end)
            if at >= 0 and not _says(lower[end:at]):
                end = at + len(piece.lower())
                found.append(TimedWord(piece, word.start, word.stop))
                break
        else:
            return []
    return [] if _says(lower[end:]) else found


def _says(text: str) -> bool:
    return any(character.isalnum() for character in text)


def _read(item: Any, listed: Listed, seconds: Clock) -> list[_Read]:
    """What an item of a list of words says; nothing where it is punctuation, or no word."""
    if isinstance(item, Cue):
        return [one for word in timed_pieces(item) for one in _read(word, listed, seconds)]
    if isinstance(item, Word):
        texts: tuple[str, ...] = (item.text,)
        start, stop = item.start, item.stop
    elif isinstance(item, dict):
        texts = _texts(item)
        start, stop = _moments({str(key): value for key, value in item.items()}, listed.unit)
    else:
        return []
    spoken = tuple(text for text in dict.fromkeys(text.strip() for text in texts) if _says(text))
    if not spoken or spoken[0].startswith("[_"):  # whisper.cpp's own marks
        return []
    return [_Read(spoken, _second(start, listed, seconds), _second(stop, listed, seconds))]


def _texts(item: Mapping[str, Any]) -> tuple[str, ...]:
    found = [text for name in _NAMES if isinstance(text := item.get(name), str) and text.strip()]
    choices = item.get("alternatives")
    if not found and isinstance(choices, list) and choices and isinstance(choices[0], dict):
        return _texts({name: value for name, value in choices[0].items() if name != "alternatives"})
    return tuple(found)


@lru_cache(maxsize=512)
def _keys(names: tuple[str, ...]) -> dict[str, list[tuple[int, str, float | None]]]:
    """ "start", "stop", "duration" → the names that mean it, the best first, with the unit that each says."""
    found: dict[str, list[tuple[int, str, float | None]]] = {}
    for name in names:
        key = classify_key(name)
        if key is not None and key.part in ("start", "stop", "duration"):
            found.setdefault(key.part, []).append((key.rank, name, key.factor))
    return {part: sorted(several, key=lambda one: one[:2]) for part, several in found.items()}


def _moments(item: dict[str, Any], unit: float | None) -> tuple[Moment | None, Moment | None]:
    offsets = item.get("offsets")
    if isinstance(offsets, dict):  # whisper.cpp
        item, unit = {"start": offsets.get("from"), "stop": offsets.get("to")}, MILLISECONDS
    reader = Recording("", [])
    keys = _keys(tuple(item))

    def first(part: str) -> Moment | None:
        for _, name, factor in keys.get(part, ()):
            value = item[name]
            if isinstance(value, dict):
                value, factor = value.get("milliseconds"), MILLISECONDS
            if isinstance(value, str | int | float):
                moment = reader.moment(value, unit if factor is None else factor, part)
                if moment is not None:
                    return moment
        return None

    start, stop = first("start"), first("stop")
    if stop is None and start is not None and (length := first("duration")) is not None:
        stop = start._replace(seconds=start.seconds + length.seconds)
    return start, stop


def _second(moment: Moment | None, listed: Listed, seconds: Clock) -> float:
    if moment is None:
        return math.nan
    if moment.absolute and listed.origin is not None:
        return round(moment.seconds - listed.origin, 6)
    found = seconds(moment)
    return math.nan if found is None else found
