"""Whether calls are worth grading: measures that are computed when somebody asks, and never hold a call back.

A grade of a call in which one side hardly speaks, or of the copy of another call, says nothing about the agent. Each
measure gives its reason in words, and is an exclusion of a draw (`draws`).
"""

from __future__ import annotations

import re
import zlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, NamedTuple

import msgspec
import sqlalchemy as sa

import reddy_lib.arguments as arguments
from reddy_lib.batches.previews import stored_calls
from reddy_lib.batches.stored_batch import StoredBatch
from reddy_lib.database.bulk import pieces
from reddy_lib.database.schema import calls, deliveries
from reddy_lib.model import ROLES, Call, TranscriptLine, from_payload
from reddy_lib.transcripts.language import language_of

__all__ = ["MEASURES", "Limits", "Worth", "worth_of"]

MEASURES: dict[str, str] = {
    "held": "Held by a finding",
    "sent-before": "Sent to Reddy before",
    "few-words": "Few words on a side",
    "one-side": "One side hardly speaks",
    "near-copy": "Nearly the same words as another call",
    "other-language": "Another language than most calls",
    "long-silence": "Long silence",
}
"""Measure → its title. "held" is for draws alone: it is a status, not a measure of the words."""


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """What the measures compare with.

    Attributes:
        words: the fewest words of a side.
        share: the smallest part of the words that a side may have.
        likeness: the part of the word sequences that near-copies share (Jaccard, of three words each).
        silence: the longest pause between two lines, in seconds.
        language: ISO 639-1 code; "": that of most calls.
    """

    words: int = 10
    share: float = 0.05
    likeness: float = 0.9
    silence: float = 60.0
    language: str = ""

    def __post_init__(self) -> None:
        if not (0 < self.likeness <= 1 and 0 <= self.share <= 0.5 and self.silence >= 0 and self.words >= 0):
            raise ValueError(
                "Limits are out of range: likeness is above 0 and up to 1, share up to 0.5, the others not negative."
            )


class Worth(NamedTuple):
    """What the measures found. `reasons`: measure → row → the reason, as a sentence; `checked`: how many calls."""

    reasons: dict[str, dict[int, str]]
    checked: int

    def rows(self, *measures: str) -> list[int]:
        """Return the rows that any of these measures names (none given: all), ascending."""
        wanted = measures or tuple(self.reasons)
        for name in wanted:
            arguments.known(name, "measure", self.reasons)
        return sorted({row for name in wanted for row in self.reasons[name]})

    def counts(self) -> dict[str, int]:
        """Return how many calls each measure names."""
        return {name: len(found) for name, found in self.reasons.items()}

    def of(self, row: int) -> list[tuple[str, str]]:
        """Return the measures that name a call, each with its reason."""
        return [(name, found[row]) for name, found in self.reasons.items() if row in found]


class _Spoken(NamedTuple):
    """What the measures need of a call: small, so that 100,000 of them fit in memory."""

    row: int
    words: dict[str, int]
    silence: tuple[float, int]
    language: str
    shingles: frozenset[int]
    digest: str
    key: str | None
    id: int


def worth_of(
    batch: StoredBatch,
    rows: Iterable[int] | int | None = None,
    *,
    measures: Sequence[str] | None = None,
    limits: Limits | None = None,
    on_progress: Callable[[int], object] | None = None,
) -> Worth:
    """Measure calls; see `Batch.worth_grading`."""
    wanted = [name for name in MEASURES if name != "held"] if measures is None else list(measures)
    for name in wanted:
        arguments.known(name, "measure", MEASURES)
    limits = limits or Limits()
    numbers = batch.rows() if rows is None else batch.these_rows(rows)
    found: dict[str, dict[int, str]] = {name: {} for name in wanted}
    spoken: list[_Spoken] = []
    for done, stored in enumerate(stored_calls(batch, numbers), 1):
        if "held" in found and stored.status == "held":
            found["held"][stored.row] = "A finding holds this call back."
        if set(wanted) - {"held"}:
            spoken.append(_spoken(stored, wanted))
        if on_progress is not None and not done % 250:
            on_progress(done)
    for one in spoken:
        _measure_alone(one, limits, found)
    if "other-language" in found:
        found["other-language"] = _other_languages(spoken, limits.language)
    if "near-copy" in found:
        found["near-copy"] = _near_copies(spoken, limits.likeness)
    if "sent-before" in found:
        found["sent-before"] = _sent_before(batch, spoken)
    return Worth(found, len(numbers))


_WORD = re.compile(r"[^\W_]+")
_DENSE = re.compile(r"[\u0e00-\u0eff\u3040-\u30ff\u3400-\u9fff]")
"""Scripts that put no blanks between words: two characters count as a word."""


def _count(text: str) -> int:
    if text.isascii():
        return len(_WORD.findall(text))
    dense = len(_DENSE.findall(text))
    return len(_WORD.findall(_DENSE.sub(" ", text))) + (dense + 1) // 2


def _spoken(stored: sa.Row[Any], wanted: Sequence[str]) -> _Spoken:
    call = from_payload(stored.payload)
    lines = call.transcript or []
    words = dict.fromkeys(ROLES, 0)
    if "few-words" in wanted or "one-side" in wanted:
        for line in lines:
            words[line.role] = words.get(line.role, 0) + _count(line.text)
    return _Spoken(
        row=stored.row,
        words=words if lines else {},
        silence=_longest_pause(lines) if "long-silence" in wanted else (0.0, 0),
        language=language_of(line.text for line in lines) if "other-language" in wanted else "",
        shingles=_shingles(call) if "near-copy" in wanted else frozenset(),
        digest=stored.words_digest or "",
        key=stored.delivery_key,
        id=stored.id,
    )


def _longest_pause(lines: Sequence[TranscriptLine]) -> tuple[float, int]:
    """Return the longest time in which no line is spoken, in seconds, and the line that ends it; lines without times,
    and lines without an end, tell nothing."""
    longest, at, until = 0.0, 0, None
    for number, line in enumerate(lines, 1):
        if line.start is not None and until is not None and line.start - until > longest:
            longest, at = line.start - until, number
        if line.stop is None:
            until = None
        elif until is None or line.stop > until:
            until = line.stop
    return longest, at


def _measure_alone(one: _Spoken, limits: Limits, found: dict[str, dict[int, str]]) -> None:
    if one.words:
        few = [role for role in ROLES if one.words[role] < limits.words]
        total = sum(one.words.values())
        if few and "few-words" in found:
            said = " and ".join(f"the {role} says {_words(one.words[role])}" for role in few)
            found["few-words"][one.row] = f"{said[0].upper()}{said[1:]}."
        quiet = min(ROLES, key=lambda role: one.words[role])
        if total and one.words[quiet] < limits.share * total and "one-side" in found:
            part = 100 * one.words[quiet] / total
            found["one-side"][one.row] = f"The {quiet} says {part:.0f}% of the words."
    elif "few-words" in found:
        found["few-words"][one.row] = "The call has no transcript."
    if one.silence[0] > limits.silence and "long-silence" in found:
        found["long-silence"][one.row] = (
            f"For {one.silence[0]:,.0f} seconds before line {one.silence[1]}, nothing is said."
        )


def _words(count: int) -> str:
    return "1 word" if count == 1 else f"{count:,} words"


def _other_languages(spoken: Sequence[_Spoken], expected: str) -> dict[int, str]:
    counts = Counter(one.language for one in spoken if one.language)
    if not expected:
        expected = min(counts, key=lambda name: (-counts[name], name), default="")
    return {
        one.row: f"The language seems to be {one.language}, not {expected}."
        for one in spoken
        if one.language and one.language != expected
    }


# --- near-copies -------------------------------------------------------------------------------------------------

_SHINGLE = 3  # words
_LEAST = 8  # shingles of a call that can be told to be a copy
_PERMUTATIONS = 128


def _shingles(call: Call) -> frozenset[int]:
    words = _WORD.findall(" ".join(line.text for line in call.transcript or ()).casefold())
    if len(words) < _LEAST:  # a script without blanks, or next to no words
        text = "".join(words)
        words = list(text) if len(text) >= 4 * _LEAST else words
    joined = (" ".join(words[at : at + _SHINGLE]) for at in range(len(words) - _SHINGLE + 1))
    return frozenset(zlib.crc32(one.encode("utf-8", "replace")) for one in joined)


def _near_copies(spoken: Sequence[_Spoken], likeness: float) -> dict[int, str]:
    """Return the calls that share their words with an earlier row, and which. The first of them is no copy."""
    from datasketch import MinHash, MinHashLSH

    # Lower than asked for: candidates are compared exactly, and one that the index misses is missed for good.
    index = MinHashLSH(threshold=0.75 * likeness, num_perm=_PERMUTATIONS, weights=(0.2, 0.8))
    kept: dict[int, frozenset[int]] = {}
    found: dict[int, str] = {}
    by_digest: dict[str, int] = {}
    for one in sorted(spoken):
        if len(one.shingles) < _LEAST:
            continue
        same = by_digest.setdefault(one.digest, one.row)
        if same != one.row:
            found[one.row] = f"Row {same} has the same words."
            continue
        sketch = MinHash(num_perm=_PERMUTATIONS, hashfunc=_as_it_is)
        sketch.update_batch(list(one.shingles))
        likest = max(
            ((_jaccard(one.shingles, kept[row]), -row) for row in index.query(sketch)), default=(0.0, 0)
        )
        if likest[0] >= likeness:
            found[one.row] = f"{100 * likest[0]:.0f}% of the word sequences are those of row {-likest[1]}."
        else:
            kept[one.row] = one.shingles
            index.insert(one.row, sketch, check_duplication=False)
    return found


def _as_it_is(value: int) -> int:
    return value


def _jaccard(one: frozenset[int], other: frozenset[int]) -> float:
    return len(one & other) / len(one | other)


# --- sent before ------------------------------------------------------------------------------------------------


def _sent_before(batch: StoredBatch, spoken: Sequence[_Spoken]) -> dict[int, str]:
    """Return the calls whose conversation any address has accepted, from this batch or another, or may have."""
    by_id = {one.id: one.row for one in spoken}
    keys: dict[str, list[_Spoken]] = {}
    for one in spoken:
        if one.key:
            keys.setdefault(one.key, []).append(one)
    found: dict[int, str] = {}
    with batch.database.read() as connection:
        for some in _hundreds(sorted(keys)):
            query = sa.select(deliveries.c.key, deliveries.c.call_id, deliveries.c.state).where(
                deliveries.c.key.in_(some),
                deliveries.c.state.in_(("accepted", "unknown", "sending", "again")),
            )
            for key, call_id, state in connection.execute(query):
                said = "Reddy has this call" if state in ("accepted", "again") else "Reddy may have this call"
                for one in keys[key]:
                    where = "" if by_id.get(call_id) == one.row else ", sent from another row or batch"
                    found[one.row] = f"{said}{where}."
        for numbers in pieces(sorted(by_id)):
            sent = sa.select(calls.c.row).where(
                calls.c.id.in_(numbers), calls.c.status.in_(("accepted", "skipped"))
            )
            for row in connection.execute(sent).scalars():
                found.setdefault(row, "Reddy has this call.")
    return found


def _hundreds(keys: Sequence[str], size: int = 500) -> Iterator[Sequence[str]]:
    return (keys[at : at + size] for at in range(0, len(keys), size))
