"""Does the reading of a text look right, and which of two readings leaves less of it unread?"""

from __future__ import annotations

import re
from collections import Counter

from reddy_lib.transcripts.key_names import classify_key
from reddy_lib.transcripts.roles import leaning
from reddy_lib.transcripts.times import CLOCK
from reddy_lib.transcripts.turns import Parsed

__all__ = ["is_better", "is_doubtful", "labels_inside"]


def is_doubtful(parsed: Parsed) -> bool:
    """Is anything of this text unread, or read in a way that looks wrong?"""
    if parsed.form != "labelled text":
        return parsed.form == "no speakers"
    if any(note.code in _UNREAD for _, note in parsed.notes):
        return True
    if labels_inside(parsed):
        return True
    counts = Counter(turn.label for turn in parsed.turns)
    if len(counts) < 2:
        return len(parsed.turns) > 1 or bool(parsed.asides)
    return any(map(_is_strange, counts)) or _mostly(parsed, _LEFT_OVER) or _is_scattered(counts)


def _is_scattered(counts: Counter[str]) -> bool:
    """Does hardly any label come back although their first words do? Then each holds something of its turn."""
    if len(counts) < 5 or 2 * len(counts) < sum(counts.values()):
        return False
    first = {_FIRST_WORD.split(label.strip(), maxsplit=1)[0].casefold() for label in counts if label}
    return 2 * len(first) < len(counts)


_FIRST_WORD = re.compile(r"[\W_]+|\d")


def _is_strange(label: str) -> bool:
    """Has the label swallowed words or a time, or is it the name of a part of a turn ("Text")?"""
    if _STRANGE.search(label):
        return True
    key = classify_key(label) if label.isalpha() else None
    return key is not None and key.part == "text"


_LABEL_INSIDE = re.compile(
    r"(?:[?!。！？\")”]|(?<!\.)\.(?!\.))\s*[#|/~*>=-]{0,4}\s?([^\W\d_][^.?!…。！？:：,\n]{0,40})[:：](?![/\d])"
)


def labels_inside(parsed: Parsed) -> int:
    """Number of what may be labels inside the words: the same before a colon, behind a sentence, twice or more."""
    texts = (turn.text for turn in parsed.turns if ":" in turn.text or "：" in turn.text)
    counts = Counter(label for text in texts for label in _LABEL_INSIDE.findall(text))
    return sum(count for count in counts.values() if count > 1)


_UNREAD = frozenset(("line-without-speaker", "line-not-read", "time-unreadable"))


_STRANGE = re.compile(r"\t|\s[–—-]|[–—»|>]|\d:\d|[\])][^\])]*$(?<![\])])")
"""What stands in a label that has swallowed words or a time."""


_LEFT_OVER = re.compile(
    rf"[\])}}>|»–—:=-]|[\[(]?{CLOCK}[\])]?\s?(?:[–—|»-]|\n|$)|[\[({{][^\])}}\d\n]{{0,12}}\d[^\])}}\n]{{0,20}}[\])}}]"
)
"""What words begin with, or end with, that are not taken apart to the end."""


def _mostly(parsed: Parsed, pattern: re.Pattern[str]) -> bool:
    texts = [turn.text for turn in parsed.turns if turn.text]
    return len(texts) > 2 and sum(pattern.match(text) is not None for text in texts) > 0.6 * len(texts)


def is_better(other: Parsed, parsed: Parsed) -> bool:
    """Does another reading of the text leave less of it unread?"""
    return _worth(other) > _worth(parsed)


_NUMBER = re.compile(r"^\d{1,4}[.)]\s+(?=[^\W\d])")
"""The number of a line before its label: "3. Agent" is no other speaker than "Agent"."""


def _worth(parsed: Parsed) -> tuple[float, float, int]:
    labels = Counter(_NUMBER.sub("", turn.label) for turn in parsed.turns)
    unread = sum(note.code in _UNREAD for _, note in parsed.notes) + labels.pop("", 0)
    strange = sum(count for label, count in labels.items() if _is_strange(label))
    strange += len(parsed.turns) * (_mostly(parsed, _LEFT_OVER) or _is_scattered(labels))
    strange += labels_inside(parsed)
    if len(labels) < 2:
        unread += len(parsed.turns)
    sides = {leaning(label) for label in labels} - {""}
    timed = sum(turn.start is not None for turn in parsed.turns)
    return -float(unread + strange), len(sides) / 2, timed
