"""What stands at the edge of nearly every turn's words and was not said: times, counters, marks.

`Agent: Hello @00:03`, `Agent #4 Hello`, `{Agent: Hello}`: the turns were found, and every one of them begins or ends with
the same thing. Nobody ends each of their sentences with a clock that goes on, or begins them by counting.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise

from reddy_lib.transcripts.formats.arrow_signs import ANY_ARROW
from reddy_lib.transcripts.stamps import STAMP, read_stamp
from reddy_lib.transcripts.times import Moment
from reddy_lib.transcripts.turns import Parsed, Turn

__all__ = ["without_edges"]

_FEWEST = 3
"""Turns from which on what they share is no chance."""
_MOST_TURNS = 0.9
_EDGE = 80
"""Characters at the end of a turn that are looked at."""
_ROUNDS = 3

_RANGE = rf"(?P<start>{STAMP})(?:\s?(?:-{{1,2}}>|[-–—→>/~]|to|bis)\s?(?P<stop>{STAMP}))?(?![^\W_])"
_HEAD = re.compile(
    rf"\s*(?P<open>[\[({{<|@~#–—*_-]{{0,4}}\s?){_RANGE}(?P<close>\s?[\])}}>|:;,–—*_-]{{0,4}})(?=\s)"
)
_TAIL = re.compile(rf"(?P<open>(?:\s|^)[\s\[({{<|@~/;–—*_-]*){_RANGE}(?P<close>\s?[\])}}>|*_]{{0,4}})\s*$")
_DIGIT = re.compile(r"\d")
_NUMBERS = re.compile(
    r"\s*[\[(|@]?\s?(?P<start>\d{1,10}(?:[.,]\d{1,6})?)(?:\s{0,2}[-–—>/~|,;]{0,3}\s{0,2}(?P<stop>\d{1,10}(?:[.,]\d{1,6})?))?"
    r"\s?[\])|:;,–—-]{0,3}(?=\s)"
)
_COUNTER = re.compile(r"\s*[#№\[(]{0,2}(?P<number>\d{1,5})[\]).:#-]{0,2}(?=\s)")
_PAIRS = {"}": "{", "]": "[", ")": "(", ">": "<", "{": "}", "[": "]", "(": ")", "<": ">"}
_MARKS = frozenset("|#~^=\\")
_OPENING_MARKS = _MARKS | frozenset(":;,.>/•*_–—-")
"""Marks of which no sentence begins with one, much less all of them."""


def without_edges(parsed: Parsed) -> Parsed:
    """The same turns, with the times at their edges as times, and without counters and marks."""
    turns = [turn for turn in parsed.turns if turn.label]
    if len(turns) < _FEWEST:
        return parsed
    _take_receivers(turns)
    _take_lines(turns, parsed)
    _give_back_names(turns)
    for _ in range(_ROUNDS):
        taken = (
            _take_times(turns, parsed) or _take_counter(turns) or _take_numbers(turns) or _take_scores(turns)
        )
        if not (_take_marks(turns) or taken):
            break
    return parsed


def _take_receivers(turns: Sequence[Turn]) -> None:
    """Drop who was spoken to, where each turn names both: `Agent → Customer: Hello`, `Customer to Agent: Hi`."""
    labels = {turn.label for turn in turns}
    if len(labels) < 2:
        return
    longest = sorted(labels, key=len, reverse=True)
    others = {
        label: re.compile(
            rf"(?:{'|'.join(re.escape(other) for other in longest if other != label)})(?:\s?[:：|>\])}}/-]+)?\s"
        )
        for label in labels
    }
    found = [others[turn.label].match(turn.text) for turn in turns]
    if sum(match is not None for match in found) >= _MOST_TURNS * len(turns):
        for turn, match in zip(turns, found, strict=True):
            if match is not None:
                turn.text = turn.text[match.end() :].strip()
    elif len(labels) == 2:
        named = _sender_and_receiver(*sorted(labels))
        for turn in turns:
            turn.label = named.get(turn.label, turn.label)


def _sender_and_receiver(one: str, other: str) -> dict[str, str]:
    """Return label → who speaks, where two labels name the same two people the other way round; else nothing."""
    words, turned = one.split(), other.split()
    for begin in range(min(2, len(words))):
        for end in range(begin + 1, len(words)):
            for again in range(end + 1, min(end + 3, len(words))):
                sender, between, receiver = words[begin:end], words[end:again], words[again:]
                if turned == [*words[:begin], *receiver, *between, *sender] and sender != receiver:
                    return {one: " ".join(sender), other: " ".join(receiver)}
    return {}


_SCORE = re.compile(r"\s*[(\[{]\s?(?:[01]?[.,]\d{1,6}|[01]|\d{1,3}(?:[.,]\d{1,2})?\s?%)\s?[)\]}]\s*$")
"""How sure a recogniser was: (0.93), [93 %]."""


def _take_scores(turns: Sequence[Turn]) -> bool:
    """Drop how sure a recogniser was, behind the words or the labels of nearly all turns."""
    if all(_SCORE.search(turn.label) for turn in turns):
        for turn in turns:
            turn.label = _SCORE.sub("", turn.label) or turn.label
        return True
    found = [_SCORE.search(turn.text, max(len(turn.text) - 20, 0)) for turn in turns]
    if sum(match is not None for match in found) < _MOST_TURNS * len(turns):
        return False
    for turn, match in zip(turns, found, strict=True):
        if match is not None:
            turn.text = turn.text[: match.start()]
    return True


def _take_times(turns: Sequence[Turn], parsed: Parsed) -> bool:
    """Take times that stand before or behind the words of turns that have none."""
    if any(turn.start is not None for turn in turns):
        return False
    for find in (_at_begin, _at_end):
        found = [find(turn.text) for turn in turns]
        shapes = Counter((match["open"].strip(), match["close"].strip()) for match in found if match)
        if not shapes:
            continue
        shape, count = shapes.most_common(1)[0]
        parted = any(shape) or all("\n" in match["open"] or "\t" in match["open"] for match in found if match)
        if count < len(turns) * (_MOST_TURNS if parted else 1):
            continue
        moments: list[Moment | None] = [
            read_stamp(match["start"])
            if match and (match["open"].strip(), match["close"].strip()) == shape
            else None
            for match in found
        ]
        if not _rise([moment.seconds for moment in moments if moment is not None], len(turns)):
            continue
        cut: set[str] = set()
        for turn, match, moment in zip(turns, found, moments, strict=True):
            if match is None or moment is None:
                continue
            turn.start = moment
            turn.stop = read_stamp(match["stop"]) if match["stop"] else None
            turn.text = (turn.text[: match.start()] + turn.text[match.end() :]).strip()
            cut.add(match[0].strip())
        parsed.notes = [
            (at, note)
            for at, note in parsed.notes
            if not (note.code == "line-without-speaker" and note.value.strip() in cut)
        ]
        return True
    return False


def _give_back_names(turns: Sequence[Turn]) -> None:
    """Make the rest of a name part of the label again: all turns of each label begin with the same word."""
    texts: dict[str, list[str]] = {}
    for turn in turns:
        texts.setdefault(turn.label, []).append(turn.text)
    if len(texts) < 2 or min(map(len, texts.values())) < _FEWEST:
        return
    if any(2 * len(set(said)) <= len(said) for said in texts.values()):
        return  # the same over and over: that may well be speech
    for _ in range(_ROUNDS):
        first = {label: {text.partition(" ")[0] for text in said} for label, said in texts.items()}
        if any(len(words) > 1 for words in first.values()) or len(set().union(*first.values())) < len(first):
            return
        names = {label: f"{label} {words.pop()}" for label, words in first.items()}
        if not all(_NAME.fullmatch(name) for name in names.values()) or not all(
            " " in text for said in texts.values() for text in said
        ):
            return
        for turn in turns:
            turn.label, turn.text = names[turn.label], turn.text.partition(" ")[2].strip()
        texts = {
            names[label]: [text.partition(" ")[2].strip() for text in said] for label, said in texts.items()
        }


_NAME = re.compile(r"[^\W\d_][\w'’.-]*(?: [A-Z\d](?:[\w'’.-]*\w)?)+")


def _take_lines(turns: Sequence[Turn], parsed: Parsed) -> None:
    """Take lines that are nothing but a time, above the words of some turns: marks of each minute, say."""
    if any(turn.start is not None for turn in turns):
        return
    found: list[tuple[Turn, str]] = []
    for place, turn in enumerate(turns):
        first, _, rest = turn.text.partition("\n")
        if rest and len(first) < 40 and _LINE.fullmatch(first):
            found.append((turn, first))
        before, _, last = turn.text.rpartition("\n")
        if before and place + 1 < len(turns) and len(last) < 40 and _LINE.fullmatch(last):
            found.append((turns[place + 1], last))
    moments = [read_stamp(match["start"]) for _, line in found if (match := _LINE.fullmatch(line))]
    seconds = [moment.seconds for moment in moments if moment is not None]
    if len(seconds) < len(found) or len({id(turn) for turn, _ in found}) < len(found):
        return
    if not found or seconds != sorted(seconds) or len(found) > _MOST_TURNS * len(turns):
        return
    if seconds[0] == seconds[-1] and not (len(found) == 1 and found[0][0] is turns[0]):
        return
    for (turn, line), moment in zip(found, moments, strict=True):
        place = next(at for at, one in enumerate(turns) if one is turn)
        turn.start = moment
        for other in (turn, turns[place - 1]):
            if other is turn and other.text.startswith(line + "\n"):
                other.text = other.text[len(line) :].strip()
                break
            if other is not turn and other.text.endswith("\n" + line):
                other.text = other.text[: -len(line)].strip()
    lines = {line for _, line in found}
    asides = [(at, [text for text in texts if text not in lines]) for at, texts in parsed.asides]
    parsed.asides = [(at, texts) for at, texts in asides if texts]
    parsed.notes = [
        (at, note)
        for at, note in parsed.notes
        if not (note.code in ("line-without-speaker", "line-not-read") and note.value in lines)
    ]


_LINE = re.compile(rf"[\W_]{{0,5}}{_RANGE}[\W_]{{0,5}}")


def _at_begin(text: str) -> re.Match[str] | None:
    return _HEAD.match(text[: 2 * _EDGE]) if len(text) > 2 * _EDGE else _HEAD.match(text)


def _at_end(text: str) -> re.Match[str] | None:
    begin = max(len(text) - _EDGE, 0)
    return _TAIL.search(text, begin) if _DIGIT.search(text, begin) else None


def _rise(seconds: Sequence[float], turns: int) -> bool:
    """Do these go on from turn to turn?"""
    if len(seconds) < _MOST_TURNS * turns or seconds[0] == seconds[-1]:
        return False
    return sum(other < one for one, other in pairwise(seconds)) <= 0.1 * len(seconds)


def _take_counter(turns: Sequence[Turn]) -> bool:
    """Drop numbers before the words that count the turns."""
    found = [_COUNTER.match(turn.text) for turn in turns]
    numbers = [int(match["number"]) for match in found if match]
    if len(numbers) < max(len(turns), 4) or numbers[0] not in (0, 1):
        return False
    if any(other - one != 1 for one, other in pairwise(numbers)):
        return False
    for turn, match in zip(turns, found, strict=True):
        if match:
            turn.text = turn.text[match.end() :].strip()
    return True


def _take_numbers(turns: Sequence[Turn]) -> bool:
    """Take numbers before the words of all turns for their times, where they rise from turn to turn by steps that differ.

    A second number on each line is when it stops, if that is nowhere before its start.
    """
    if any(turn.start is not None for turn in turns):
        return False
    found = [match for turn in turns if (match := _NUMBERS.match(turn.text[:_EDGE]))]
    if len(found) < len(turns) or not all(
        turn.text[match.end() :].strip() for turn, match in zip(turns, found, strict=True)
    ):
        return False
    starts = [read_stamp(match["start"]) for match in found]
    seconds = [moment.seconds for moment in starts if moment is not None]
    steps = [after - before for before, after in pairwise(seconds)]
    if len(seconds) < len(found) or min(steps) <= 0 or len(set(steps)) < 2:
        return False
    stops = [read_stamp(match["stop"]) if match["stop"] else None for match in found]
    known = [stop.seconds for stop in stops if stop is not None]
    if known and (
        len(known) < len(found) or any(stop < start for start, stop in zip(seconds, known, strict=True))
    ):
        return False
    for turn, match, start, stop in zip(turns, found, starts, stops, strict=True):
        turn.start, turn.stop = start, stop
        turn.text = turn.text[match.end() :].strip()
    return True


_ARROW_BEHIND = re.compile(rf"\s+(?P<arrow>{ANY_ARROW})\s*$")


def _take_arrows(turns: Sequence[Turn]) -> bool:
    """Drop the arrow behind every turn but the last: it led from one to the next on a single line."""
    if _ARROW_BEHIND.search(turns[0].text, max(len(turns[0].text) - 12, 0)) is None:
        return False
    found = [_ARROW_BEHIND.search(turn.text, max(len(turn.text) - 12, 0)) for turn in turns[:-1]]
    if len({match["arrow"] if match else "" for match in found} - {""}) != 1 or not all(found):
        return False
    for turn, match in zip(turns, found, strict=False):
        if match is not None:
            turn.text = turn.text[: match.start()]
    return True


def _take_marks(turns: Sequence[Turn]) -> bool:
    """Drop a mark that each turn begins or ends with, and that belongs to nothing in its words."""
    taken = _take_arrows(turns)
    for end in (True, False):
        mark = turns[0].text[-1:] if end else turns[0].text[:1]
        if not mark:
            continue
        loose = [_is_loose(turn.text, mark, end=end) for turn in turns]
        if not all(loose[:-1] if end and mark in _MARKS else loose):  # what parts turns ends none
            continue
        for turn, is_loose in zip(turns, loose, strict=True):
            if is_loose:
                turn.text = _without_mark(turn.text, mark, end=end)
        taken = True
    return taken


def _is_loose(text: str, mark: str, *, end: bool) -> bool:
    if not (text.endswith(mark) if end else text.startswith(mark)):
        return False
    return mark in (_MARKS if end else _OPENING_MARKS) or (
        mark in _PAIRS and text.count(mark) > text.count(_PAIRS[mark])
    )


def _without_mark(text: str, mark: str, *, end: bool) -> str:
    if mark in (_MARKS if end else _OPENING_MARKS):
        return text.rstrip(mark).rstrip() if end else text.lstrip(mark).lstrip()
    return text[:-1].rstrip() if end else text[1:].lstrip()
