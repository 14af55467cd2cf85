"""One row a word, as speech services write it to warehouses: which column has the words, and which one who said them.

Nothing of a single row reads as speech. The column shows it as a whole: words alone, many of them again and again, as
those of a language are; and a speaker who stays for several of them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import pairwise

from reddy_lib.spreadsheet.evidence.call_groups import OF_CALLS
from reddy_lib.spreadsheet.evidence.column_profile import Column
from reddy_lib.transcripts import leaning

__all__ = ["find_words"]

_FEWEST = 30
"""Rows from which on words show the language that they are of."""
_FEWEST_WORDS = 20
_MOST_SPEAKERS = 6
_NOT_WORDS = (OF_CALLS - {"status", "score"}) | {
    "unique", "speaker", "channel", "email", "phone", "start", "end", "duration", "date", "time", "order", "zone",
}  # fmt: skip


_NO_SPEAKERS = frozenset(
    ("id", "unique", "call", "text", "score", "status", "start", "end", "duration", "product")
)


def find_words(columns: Sequence[Column], calls: Sequence[Sequence[int]]) -> tuple[Column, Column] | None:
    """Return (the column of the words, that of their speakers), or None: one row is no word.

    Args:
        calls: the places of the rows of each call, as far as they can be told.
    """
    words = [column for column in columns if _are_words(column)]
    if not words:
        return None
    # The same words with their punctuation, or in capitals: what differs most says most.
    text = max(words, key=lambda column: (bool(column.says & {"text", "transcript"}), column.distinct))
    speakers = [
        (score, column) for column in columns if column is not text and (score := _speaks(column, calls)) > 0
    ]
    return (text, max(speakers, key=lambda pair: pair[0])[1]) if speakers else None


def _are_words(column: Column) -> bool:
    if column.count < _FEWEST or column.fill < 0.9 or column.says & _NOT_WORDS:
        return False
    texts = column.texts
    bare = [text.strip(".,;:?!…\"'()[]¿¡。、？！") for text in texts]
    single = sum(len(text.split()) == 1 for text in texts)
    letters = sum(not text or text[0].isalpha() for text in bare)
    if single < 0.95 * len(texts) or letters < 0.85 * len(texts) or column.length > 15:
        return False
    if column.emails + column.audio > 0.1 or column.ids > 0.3:
        return False
    counts = Counter(text.casefold() for text in bare if text)
    small = sum(text[:1].islower() or not text.isascii() for text in bare if text)
    # States and queues are few, and names are in capitals: of a language, many words come, and some of them again.
    again = sum(count for count in counts.values() if count > 1)
    return small >= 0.4 * len(bare) and again >= 0.1 * len(bare) and len(counts) >= _FEWEST_WORDS


def _speaks(column: Column, calls: Sequence[Sequence[int]]) -> float:
    """Score a column as one of speakers, each of whom says several words in a row; 0 if it is not one."""
    if (
        not 2 <= column.distinct <= max(_MOST_SPEAKERS, 2 * len(calls))
        or column.fill < 0.9
        or column.length > 60
    ):
        return 0.0
    if column.says & _NO_SPEAKERS and not column.says & {"speaker", "channel"}:
        return 0.0
    named = 5.0 if "speaker" in column.says else 3.0 if "channel" in column.says else 0.0
    leans = column.share(lambda text: bool(leaning(text)))
    several = changes = steps = 0
    for places in calls:
        labels = [column.of_rows[place] for place in places]
        several += len(set(labels) - {""}) >= 2
        changes += sum(before != after for before, after in pairwise(labels))
        steps += max(len(labels) - 1, 0)
    if not steps or not changes or changes > 0.5 * steps or 2 * several < len(calls):
        return 0.0
    return named + 10 * leans if named or leans > 0.5 else 0.0
