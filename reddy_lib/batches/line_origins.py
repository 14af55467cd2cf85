"""Which lines of a call came from which, by what they say and when: so that a mask is never taken for that of another line.

`line_diff.pair_lines` pairs changed lines by their place. That is enough for a history. It is not for masks: where a line
with a mask of the sheet is deleted beside one that is masked now, the place alone tells that nothing was masked.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from typing import NamedTuple

import msgspec

from reddy_lib.batches.masks import HIDDEN, around_hidden, hidden
from reddy_lib.model import TranscriptLine

__all__ = ["Origin", "line_origins", "masks_of", "more_masked", "new_masks"]

_Lines = Sequence[TranscriptLine]
_Span = tuple[float | None, float | None]


class Origin(NamedTuple):
    """Lines that became other lines: numbers (from 1) before and after. Several before were merged, several after were
    split. `new` empty: they were deleted; `old` empty: it cannot be told where these came from, or they were added."""

    old: tuple[int, ...]
    new: tuple[int, ...]


def line_origins(before: _Lines, after: _Lines) -> list[Origin]:
    """Return which lines became which; each number occurs once."""
    old, new = [msgspec.json.encode(one) for one in before], [msgspec.json.encode(one) for one in after]
    numbers = range(1, len(old) + 1)
    if old == new:
        return [Origin((number,), (number,)) for number in numbers]
    if Counter(old) == Counter(new):  # nothing but their order changed
        places: dict[bytes, list[int]] = {}
        for number, line in enumerate(new, 1):
            places.setdefault(line, []).append(number)
        return [Origin((number,), (places[line].pop(0),)) for number, line in zip(numbers, old, strict=True)]
    found: list[Origin] = []
    blocks: list[tuple[list[int], list[int]]] = []
    for kind, a, a_end, b, b_end in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        olds, news = list(range(a + 1, a_end + 1)), list(range(b + 1, b_end + 1))
        if kind == "equal":
            found += [Origin((one,), (other,)) for one, other in zip(olds, news, strict=True)]
        else:
            blocks.append((olds, news))
    for origin in _by_times(before, after, blocks):
        found.append(origin)
        for olds, news in blocks:
            _take(origin, olds, news)
    for olds, news in blocks:
        found += _of_block(before, after, olds, news)
    return found


def new_masks(before: _Lines, after: _Lines, origin: Origin) -> dict[int, Counter[str]]:
    """Return number of a line after → the masks in it that the lines before did not have. Lines without any are left out.

    Where the lines say the same except for what was masked, each mask is compared with the words in its place.
    """
    texts = [after[number - 1].text for number in origin.new]
    if not any(map(HIDDEN.search, texts)):
        return {}
    said = _masked_words(_joined(before, origin.old), " ".join(texts)) if origin.old else None
    found: dict[int, Counter[str]] = {}
    if said is not None:
        words = iter(said)
        for number, text in zip(origin.new, texts, strict=True):
            there = hidden(text)
            found[number] = Counter(mask for mask, was in zip(there, words, strict=False) if was != mask)
    else:
        had = sum((masks_of(before[number - 1].text) for number in origin.old), Counter())
        more = sum(map(masks_of, texts), Counter()) - had
        for number, text in zip(origin.new, texts, strict=True):
            masks = masks_of(text) if len(texts) > 1 else more
            found[number] = Counter({mask: count for mask, count in masks.items() if mask in more})
    return {number: masks for number, masks in found.items() if masks}


def more_masked(before: _Lines, after: _Lines) -> bool:
    """Return whether a line has a mask after an edit that it did not have before."""
    if before == after or not any(HIDDEN.search(line.text) for line in after):
        return False
    return any(new_masks(before, after, origin) for origin in line_origins(before, after))


def masks_of(text: str) -> Counter[str]:
    """Return how many of each mask a text has."""
    return Counter(hidden(text))


def _by_times(before: _Lines, after: _Lines, blocks: list[tuple[list[int], list[int]]]) -> Iterator[Origin]:
    """Pair changed and moved lines whose times no other line has, where one may be the other, masked or corrected."""
    spans = Counter(map(_span, before)), Counter(map(_span, after))
    olds = {_span(before[number - 1]): number for some, _ in blocks for number in some}
    for number in [number for _, some in blocks for number in some]:
        span = _span(after[number - 1])
        old = olds.get(span)
        if old is None or span == (None, None) or spans[0][span] > 1 or spans[1][span] > 1:
            continue
        was, text = before[old - 1].text, after[number - 1].text
        if _masked_words(was, text) is not None or _alike(was, text):
            yield Origin((old,), (number,))


def _of_block(before: _Lines, after: _Lines, olds: list[int], news: list[int]) -> Iterator[Origin]:
    """Pair the lines of one changed block."""
    if len(olds) == len(news) and _pairwise(before, after, olds, news):
        yield from (Origin((one,), (other,)) for one, other in zip(olds, news, strict=True))
        return
    if olds and news and _masked_words(_joined(before, olds), _joined(after, news)) is not None:
        yield Origin(tuple(olds), tuple(news))  # split, or merged
        return
    for number in list(news):
        text = after[number - 1].text
        maybe = [old for old in olds if _masked_words(before[old - 1].text, text) is not None]
        if maybe:
            # Where several lines may have been it, the one that had the fewest masks: more is new then.
            old = min(maybe, key=lambda one: masks_of(before[one - 1].text).total())
            origin = Origin((old,), (number,))
            _take(origin, olds, news)
            yield origin
    if len(olds) == len(news):
        yield from (Origin((one,), (other,)) for one, other in zip(olds, news, strict=True))
    elif len(olds) < len(news) and olds:
        yield Origin(tuple(olds), tuple(news))
    else:
        yield from (Origin((one,), ()) for one in olds)
        yield from (Origin((), (other,)) for other in news)


def _pairwise(before: _Lines, after: _Lines, olds: Sequence[int], news: Sequence[int]) -> bool:
    return all(
        _masked_words(before[one - 1].text, after[other - 1].text) is not None
        for one, other in zip(olds, news, strict=True)
    )


def _take(origin: Origin, olds: list[int], news: list[int]) -> None:
    olds[:] = [number for number in olds if number not in origin.old]
    news[:] = [number for number in news if number not in origin.new]


def _masked_words(before: str, after: str) -> list[str] | None:
    """Return the words in whose place each mask of a text is; None where more than masking changed."""
    before, after = " ".join(before.split()), " ".join(after.split())
    parts = around_hidden(after)
    if len(parts) == 1:
        return [] if before == after else None
    if not before.startswith(parts[0]) or not before.endswith(parts[-1]):
        return None
    said: list[str] = []
    at, end = len(parts[0]), len(before) - len(parts[-1])
    for part in parts[1:-1]:
        begin = before.find(part, at + 1, end)
        if begin < 0:
            return None
        said.append(before[at:begin])
        at = begin + len(part)
    if at >= end:
        return None
    return [*said, before[at:end]]


def _alike(one: str, other: str) -> bool:
    """Return whether two texts share half of the words of the shorter one: all times may have moved on by a line."""
    words, others = (set(re.findall(r"\w+", HIDDEN.sub(" ", text).casefold())) for text in (one, other))
    return bool(words and others) and 2 * len(words & others) >= min(len(words), len(others))


def _joined(lines: _Lines, numbers: Sequence[int]) -> str:
    return " ".join(lines[number - 1].text for number in numbers)


def _span(line: TranscriptLine) -> _Span:
    return line.start, line.stop
