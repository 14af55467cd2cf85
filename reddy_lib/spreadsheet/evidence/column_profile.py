"""What one column holds, measured once over the rows that are looked at.

Everything that is guessed about a table rests on these measures: which share of the cells are emails, dates or
transcripts, how many are different, and which concepts the column's name stands for.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Sequence
from functools import cached_property
from itertools import pairwise
from typing import Any

from reddy_lib.spreadsheet.cells.agent_names import bare_email
from reddy_lib.spreadsheet.cells.cell_kinds import as_number, is_clock, is_empty
from reddy_lib.spreadsheet.cells.header_words import concepts, plain_name
from reddy_lib.spreadsheet.cells.line_times import read_seconds
from reddy_lib.spreadsheet.cells.placeholders import is_placeholder
from reddy_lib.spreadsheet.cells.tag_values import cell_text
from reddy_lib.spreadsheet.cells.web_addresses import announced_name, is_web_address
from reddy_lib.spreadsheet.evidence.date_columns import DateEvidence, date_evidence
from reddy_lib.transcripts import Transcript, leaning, read_opening

__all__ = ["Column", "looks_like_id", "percent", "places_of"]

_TRIED = 40
"""Transcripts that are read to see whether a column holds them."""
_MOST_TEXTS = 250
"""Different texts that are looked at to see what a column holds, evenly taken from all of them."""
_LONG = 20_000
"""Characters of a text that are looked at to see what it is."""
_AUDIO = re.compile(
    r".*\.(?:wav|mp3|m4a|mp4|ogg|opus|flac|aac|wma|amr|gsm|webm|aiff?|vox|au|3gp)", re.IGNORECASE
)
_WORD = re.compile(r"[^\W\d_]+")
_GAP = re.compile(r"\s")  # without one, "f5550163-3d02-444b" is an id rather than words
_ADDRESS = re.compile(r"[\w+.-]+://\S+$|\S*[/\\]\S*$|.*[/\\].*\.\w{2,5}$")
_PERSON = re.compile(r"[^\W\d_][^\W\d_.'’-]*\.?(?:,? [^\W\d_][^\W\d_.'’-]*\.?){1,3}")
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9a-f]{16,64}", re.IGNORECASE)
_ID = re.compile(r"[^\s,;]{0,3}(?=[^\s]*\d)[\w\-./:#+@|]{1,80}")
_NUMBER = re.compile(r"[+-]?\d+(?:[.,]\d+)?(?:[eE][+-]?\d+)?")
_PHONE = re.compile(r"(?!000)\+?\(?\d[\d\s().\-/]{6,18}\d")
_MARK = re.compile(r"\d+|[?？؟]")
_NO_SPACES = re.compile(r"[\u0e00-\u0e7f\u3040-\u30ff\u3400-\u9fff]")


def percent(share: float) -> str:
    return f"{int(share * 100)}%"


class Column:
    """A column of the sample: its name, its cells, and what they are.

    Attributes:
        name, plain, says: the header; in plain words; the concepts they stand for.
        cells, texts: those that are filled, and as text.
        of_rows: the text of each row, "" where the cell is empty.
        counts: text → how many cells say it.
        total, count, distinct: rows looked at, rows that are filled, different texts.
    """

    def __init__(self, name: str, cells: Sequence[Any]) -> None:
        self.name = name
        self.plain = plain_name(name)
        self.says = concepts(name)
        self.rows = cells
        self.cells: list[Any] = []
        self.texts: list[str] = []
        self.of_rows: list[str] = []
        for cell in cells:
            empty = type(cell) is not str and is_empty(cell)
            text = "" if empty else cell_text(cell).strip()
            if text or not (empty or type(cell) is str):
                self.cells.append(cell)
                self.texts.append(text)
            self.of_rows.append(text)
        self.total = len(cells)
        self.count = len(self.cells)
        self.counts = Counter(self.texts)
        self.distinct = len(self.counts)
        self._openings: dict[str, Transcript] = {}

    @property
    def fill(self) -> float:
        return self.count / self.total if self.total else 0.0

    @property
    def unique(self) -> float:
        return self.distinct / self.count if self.count else 0.0

    @cached_property
    def length(self) -> float:
        """Characters of a cell on average."""
        return sum(map(len, self.texts)) / self.count if self.count else 0.0

    def share(self, fits: Callable[[str], object]) -> float:
        """Return the share of the filled cells whose text fits; of several hundred different texts, some are looked at."""
        texts, total = self._tried
        return sum(count for text, count in texts if fits(text)) / total if total else 0.0

    @cached_property
    def _tried(self) -> tuple[list[tuple[str, int]], int]:
        """Different texts with how often they come, and the sum of that."""
        counts = list(self.counts.items())
        step = len(counts) // _MOST_TEXTS + 1
        counts = [(_beginning(text), count) for text, count in counts[::step]]
        return counts, sum(count for _, count in counts)

    @cached_property
    def sides(self) -> tuple[float, float]:
        """Share of cells that lean to the agent, and of those that lean to the customer, as labels of speakers do."""
        texts, total = self._tried
        sides = Counter[str]()
        for text, count in texts:
            sides[leaning(text)] += count
        return (sides["agent"] / total, sides["customer"] / total) if total else (0.0, 0.0)

    @cached_property
    def places(self) -> list[list[int]]:
        """The places of the rows of each different text, in the order of the sheet; an empty cell is a text, too."""
        return places_of(self.of_rows)

    @cached_property
    def marks(self) -> list[list[str]]:
        """The numbers and question marks of each row, sorted: a translation keeps them."""
        return [sorted(_MARK.findall(text)) for text in self.of_rows]

    @cached_property
    def all_numbers(self) -> list[float] | None:
        """The number of each row, or None where a cell holds none; in most columns, one of the first holds none."""
        found: list[float] = []
        for cell in self.rows:
            number = as_number(cell)
            if number is None:
                return None
            found.append(number)
        return found

    @cached_property
    def emails(self) -> float:
        return self.share(bare_email)

    @cached_property
    def people(self) -> float:
        """Share of cells that look like the name of a person."""
        return self.share(lambda text: len(text) <= 60 and _PERSON.fullmatch(text) and text != text.lower())

    @cached_property
    def ids(self) -> float:
        """Share of cells that could be an id: one word with a digit in it."""
        return self.share(looks_like_id)

    @cached_property
    def uuids(self) -> float:
        return self.share(_UUID.fullmatch)

    @cached_property
    def phones(self) -> float:
        return self.share(
            lambda text: _PHONE.fullmatch(text) and (text[0] in "+0(" or " " in text or "-" in text)
        )

    @cached_property
    def numbers(self) -> float:
        return self.share(_NUMBER.fullmatch)

    @cached_property
    def audio(self) -> float:
        return self.share(lambda text: _AUDIO.fullmatch(announced_name(text)))

    @cached_property
    def addresses(self) -> float:
        return self.share(is_web_address)

    @cached_property
    def times(self) -> float:
        """Share of cells that could be when a call started."""
        return self.dates.share if self.count else 0.0

    @cached_property
    def dates(self) -> DateEvidence:
        """What speaks for its cells being dates, judged over some hundreds of them."""
        return date_evidence(self.cells[:: self.count // _MOST_TEXTS + 1], name=self.name)

    @cached_property
    def clocks(self) -> float:
        if all(type(cell) is str for cell in self.cells):
            return self.share(is_clock)
        return sum(map(is_clock, self.cells)) / self.count if self.count else 0.0

    @cached_property
    def seconds(self) -> tuple[list[float | None], bool]:
        """What each row holds as a time, in seconds or as it stands, and whether these are plain numbers."""
        return read_seconds(self.rows)

    @cached_property
    def moments(self) -> list[float | None]:
        """The times of `seconds`; None in all rows where one of the first three holds none, as in most columns."""
        if any(second is None for second in read_seconds(self.rows[:3])[0]):
            return [None] * self.total
        return self.seconds[0]

    @cached_property
    def placeholders(self) -> float:
        return self.share(is_placeholder)

    @cached_property
    def _read(self) -> tuple[float, tuple[int, int]]:
        step = max(self.count // _TRIED, 1)
        tried = self.texts[::step][:_TRIED]
        least = 0 if self.says & {"transcript", "text", "call"} else 20
        read = [self.opening(text) for text in tried if len(text) > least]
        readable = sum(found.form not in ("empty", "no speakers", "unreadable") for found in read)
        share = readable / len(tried) if tried else 0.0
        return share, (sum(found.started is not None for found in read), len(tried))

    def opening(self, text: str) -> Transcript:
        """Return the beginning of one of its cells, read as a transcript, once."""
        found = self._openings.get(text)
        if found is None:
            found = self._openings[text] = read_opening(text)
        return found

    @property
    def transcripts(self) -> float:
        """Share of cells that read as a transcript: with speakers and, unless the name says so, more than a word long."""
        return self._read[0]

    @property
    def starts(self) -> tuple[int, int]:
        """Transcripts that say when the call started, of those that were tried."""
        return self._read[1] if "_read" in self.__dict__ else (0, 0)

    @cached_property
    def prose(self) -> float:
        """Share of cells that are text in words: no times, addresses or file names."""
        if self.emails + self.audio + self.times > 0.5 or not self.count:
            return 0.0
        return self.share(
            lambda text: (
                (
                    (_GAP.search(text) and (word := _WORD.search(text)) and _WORD.search(text, word.end()))
                    or (len(text) > 5 and _NO_SPACES.search(text))
                )
                and (len(text) > 1000 or not _ADDRESS.match(text))
            )
        )

    @cached_property
    def is_counter(self) -> bool:
        """Whether it has no name and only counts the rows: 0, 1, 2, …, as programs write in front of a table."""
        if not re.fullmatch(r"column [A-Z]+|unnamed: ?\d+", self.name, re.IGNORECASE):
            return False
        return self.counts_rows

    @cached_property
    def counts_rows(self) -> bool:
        """Whether its cells are whole numbers that go up by one from row to row."""
        if not all(text.isdecimal() and len(text) < 16 for text in self.texts):
            return False
        numbers = [int(text) for text in self.texts]
        return all(after - before == 1 for before, after in pairwise(numbers))

    @cached_property
    def objects(self) -> float:
        """Share of cells that hold a JSON list or object."""
        return self.share(_is_json)

    def __repr__(self) -> str:
        return f"<Column {self.name!r} · {self.count} of {self.total} filled · {self.distinct} different>"


def places_of(texts: Sequence[str]) -> list[list[int]]:
    """Return the places of each different text, in the order in which they come first."""
    found: dict[str, list[int]] = {}
    for place, text in enumerate(texts):
        found.setdefault(text, []).append(place)
    return list(found.values())


def _beginning(text: str) -> str:
    """Return as much of a text as it takes to tell its kind; data, which has to be whole, is left whole."""
    return text if len(text) <= _LONG or text[:1] in ("[", "{") else text[:_LONG]


def looks_like_id(text: str) -> bool:
    """Return whether a text is one word with a digit in it."""
    return len(text) <= 80 and _ID.fullmatch(text) is not None


def _is_json(text: str) -> bool:
    if text[:1] not in ("[", "{") or text[-1:] not in ("]", "}"):
        return False
    try:
        return isinstance(json.loads(text), list | dict)
    except (ValueError, RecursionError):
        return False
