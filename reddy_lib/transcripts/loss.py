"""The loss meter: every character of a cell, and where it went.

`accounted` compares a cell with what reading it gave, and knows nothing of how it was read. It walks along the
cell: the lines' texts must stand there, in their order, and what is between them must be a label, a time or
markup. Whatever else is found is `unassigned`. White space does not count: lines are trimmed and joined.

Data (JSON, JSON Lines, Python literals) is walked value by value: a value is a line's text or part of one, a label, a
time, or a field that is no speech; keys, quotes and brackets are markup. A text that stands under a key for text,
or reads like a sentence, and is in no line is unassigned.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Mapping
from itertools import accumulate
from typing import Any, NamedTuple

import msgspec

from reddy_lib.transcripts.formats.cut import whole_parts
from reddy_lib.transcripts.formats.elements import elements, looks_like_elements
from reddy_lib.transcripts.formats.json_form import is_data, quoted, whole_escapes
from reddy_lib.transcripts.formats.markup import plain_text
from reddy_lib.transcripts.formats.styles import read_table
from reddy_lib.transcripts.formats.subtitles import spoken
from reddy_lib.transcripts.key_names import classify_key
from reddy_lib.transcripts.loss_data import Number, Pairs, decoded, is_about, leaves, other_readings
from reddy_lib.transcripts.loss_gaps import Gaps
from reddy_lib.transcripts.repeated_words import is_repeated, repeated_words
from reddy_lib.transcripts.roles import fold
from reddy_lib.transcripts.times import read_moment, words_of
from reddy_lib.transcripts.turns import Transcript

__all__ = ["KINDS", "Loss", "Placed", "accounted", "placed"]

KINDS: tuple[str, ...] = ("label", "time", "markup", "field", "repeated", "beside", "left out", "finding")
"""Where characters may be that are in no line: `Loss.elsewhere` has one number for each.

label: a speaker's label. time: a time stamp. markup: what marks labels and times, or data (`MARKS`, keys, quotes).
field: a value of data that is no speech. repeated: text that the source has once more (word by word, say).
beside: text beside the turns of data, under a key that says it is about the call, such as "summary".
left out: of a speaker who is left out on purpose. finding: a value that a finding shows.
"""

_WRITTEN_AGAIN = frozenset(("lexical", "itn", "maskeditn", "masked_itn", "maskedITN", "maskedItn"))
"""Keys inside a turn that have its words once more, spelled otherwise."""
_SPEAKS = re.compile(r"\b(?:AI|User|Bot|Assistant|Human|Agent|Customer|Caller|System)\s?:", re.IGNORECASE)
"""A label in a text that has the turns once more, one after the other."""
_NO_TEXT = re.compile(r"(?:id|ids|url|uri|arn|name|key|type|path|file|model|signature)$", re.IGNORECASE)
_NUMERAL = re.compile(r"-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?")
_WAYS = 6


class Loss(msgspec.Struct):
    """Where the characters of a cell went; white space is not counted. Losses can be added, also with `sum`.

    Always `characters_in + added == characters_out + sum(elsewhere.values()) + len of unassigned`.

    Attributes:
        characters_in: of the cell.
        characters_out: of the texts of its lines.
        lines_in: text lines of the cell that are not blank; for data, texts in it.
        lines_out: lines that came of it.
        unassigned: what is in no line and nowhere else, in the order of the cell.
        elsewhere: kind (of `KINDS`) → characters.
        added: characters of the lines that the cell does not hold.
        after: for each of `unassigned`, how many of the lines stood before it.
        beside: (the key that says so, text) of each text that is "beside".
    """

    characters_in: int = 0
    characters_out: int = 0
    lines_in: int = 0
    lines_out: int = 0
    unassigned: list[str] = msgspec.field(default_factory=list)
    elsewhere: dict[str, int] = msgspec.field(default_factory=dict)
    added: int = 0
    after: list[int] = msgspec.field(default_factory=list)
    beside: list[tuple[str, str]] = msgspec.field(default_factory=list)

    @property
    def lost(self) -> int:
        """Characters that are unassigned."""
        return sum(map(_size, self.unassigned))

    @property
    def placed(self) -> int:
        """Characters of the cell that are accounted for: all of them if nothing is unassigned."""
        return self.characters_in - self.lost

    def __add__(self, other: object) -> Loss:
        if other == 0:  # what `sum` starts with
            return self
        if not isinstance(other, Loss):
            return NotImplemented
        elsewhere = Counter(self.elsewhere)
        elsewhere.update(other.elsewhere)
        return Loss(
            self.characters_in + other.characters_in,
            self.characters_out + other.characters_out,
            self.lines_in + other.lines_in,
            self.lines_out + other.lines_out,
            self.unassigned + other.unassigned,
            dict(elsewhere),
            self.added + other.added,
            self.after + other.after,
            self.beside + other.beside,
        )

    __radd__ = __add__

    def __repr__(self) -> str:
        return (
            f"<Loss {self.placed:,} of {self.characters_in:,} characters placed · {self.lines_out:,} lines>"
        )


class Placed(NamedTuple):
    """The meter of one call, as short as a batch keeps it. `characters`: of the cell, without white space;
    `unassigned`: (how many lines stood before it, the text) of what is in no line and nowhere else; `beside`: (key, text)
    of what stands beside the turns of data and is no speech, under a key that says so."""

    characters: int
    unassigned: tuple[tuple[int, str], ...] = ()
    beside: tuple[tuple[str, str], ...] = ()


def placed(cell: object, transcript: Transcript) -> Placed:
    """The same answer as `accounted`, at once where every turn was written exactly as Reddy takes it."""
    if transcript.exact and type(cell) is str:
        # Such a turn has four keys, a text and a label, and each key is there at least once. So as long as there are
        # no more quotes than that takes, no key comes twice, and there is nothing else that a word could be in.
        lines = transcript.lines
        quotes = 12 * len(lines)
        if '"' in "".join(transcript.labels):
            quotes = -1
        elif "\\" in cell:
            quotes += sum(line.text.count('"') for line in lines) if "\\u0022" not in cell else -quotes - 1
        if cell.count('"') == quotes:
            if cell.isascii():  # JSON has no white space but these
                return Placed(len(cell.encode().translate(None, b" \n\r\t")))
            return Placed(_size(cell))
    loss = accounted(cell, transcript)
    waiting = tuple(zip(loss.after, loss.unassigned, strict=True))
    return Placed(loss.characters_in, waiting, tuple(loss.beside))


def accounted(cell: object, transcript: Transcript) -> Loss:
    """Where the characters of `cell` are in `transcript`, which `read_transcript` made of it. Never raises for content."""
    if cell is None or cell != cell:
        return Loss()
    meter = _Meter(transcript)
    if isinstance(cell, str):
        written, cell = cell, whole_escapes(cell)
        meter.characters_in = _size(cell)
        if transcript.form == "unreadable":
            if not meter.kept_whole(cell):
                meter.text(cell)
        else:
            meter.written(cell)
        if cell != written and (less := _size(written) - _size(cell)):  # NULs
            meter.characters_in += less
            meter.elsewhere["markup"] += less
    elif isinstance(cell, list | dict):
        meter.data(cell)
        meter.characters_in = (
            sum(meter.elsewhere.values()) + meter.text_size + sum(map(_size, meter.unassigned))
        )
    else:
        meter.characters_in = _size(str(cell))
        meter.written(str(cell))
    return meter.result()


class _Meter:
    def __init__(self, transcript: Transcript) -> None:
        self.transcript = transcript
        self.characters_in = self.lines_in = self.text_size = 0
        self.elsewhere: Counter[str] = Counter()
        self.unassigned: list[str] = []
        self.after: list[int] = []
        self.beside: list[tuple[str, str]] = []

    def result(self) -> Loss:
        out = sum(_size(line.text) for line in self.transcript.lines)
        if self.text_size > out:
            self.elsewhere["repeated"] += self.text_size - out
        return Loss(
            self.characters_in,
            out,
            self.lines_in,
            len(self.transcript.lines),
            self.unassigned,
            {kind: count for kind, count in self.elsewhere.items() if count},
            max(out - self.text_size, 0),
            self.after,
            self.beside,
        )

    # --- text --------------------------------------------------------------------------------------------

    def written(self, text: str) -> None:
        """A cell as text: a JSON string around it, or data, or a transcript as it is written."""
        inner = quoted(text)
        if inner is not None:
            self.elsewhere["markup"] += _size(text) - _size(inner)
            self.written(inner)
            return
        if "<" in text[:400] and looks_like_elements(text):
            try:
                data = elements(text)
            except ValueError:
                data = None
            if data is not None:
                before = self._counted()
                self.data(data)
                self.elsewhere["markup"] += _size(text) - (self._counted() - before)
                return
        said = spoken(text) if self.transcript.form in ("WebVTT", "SRT", "SBV", "ASS") else None
        if said is not None and _size(said.text) + said.times <= _size(text):
            self.elsewhere["time"] += said.times
            self.elsewhere["markup"] += _size(text) - said.times - _size(said.text)
            self.text(said.text)
            return
        if self.transcript.form != "labelled text" and is_data(text):
            if self._cut_off(text):
                return
            try:
                data = decoded(text)
            except ValueError:
                if not self._cut_off(text):
                    self.text(text)
                return
            if isinstance(data, str):
                self.elsewhere["markup"] += _size(text) - _size(data)
                self.text(data)
                return
            before = self._counted()
            self.data(data)
            self.elsewhere["markup"] += _size(text) - (self._counted() - before)
            return
        if self.transcript.form == "labelled text" and is_data(text):
            try:
                data = decoded(text)
            except ValueError:
                data = None
            if isinstance(data, Pairs):
                before = self._counted()
                self.data(data)
                self.elsewhere["markup"] += _size(text) - (self._counted() - before)
                return
            if isinstance(data, list) and all(isinstance(item, str) for item in data):
                joined = "\n".join(data)
                self.elsewhere["markup"] += _size(text) - _size(joined)
                self.text(joined)
                return
        plain = plain_text(text)
        if self.transcript.form == "table" and (rows := read_table(plain.strip())) is not None:
            plain = "\n".join(f"{row.start} {row.stop} {row.label}: {row.text}" for row in rows)
        if plain != text and (less := _size(text) - _size(plain)) >= 0:
            self.elsewhere["markup"] += less
            text = plain
        self.text(text)

    def _cut_off(self, text: str) -> bool:
        """Data that Excel cut off: what is whole of it, and the rest, which is a line of its own."""
        kept = {"".join(line.text.split()) for line in self.transcript.lines[-1:]}
        for whole in whole_parts(text):
            if "".join(whole.rest.split()).lstrip(",") not in {*kept, ""}:
                continue
            try:
                data = decoded(whole.text)
            except ValueError:
                continue
            before = self._counted()
            rest = "".join(whole.rest.split()).lstrip(",")
            self.data(data)
            self.text_size += len(rest)
            self.lines_in += bool(rest)
            self.elsewhere["markup"] += _size(text) - (self._counted() - before)
            return True
        return False

    def _counted(self) -> int:
        return self.text_size + sum(self.elsewhere.values()) + sum(map(_size, self.unassigned))

    def kept_whole(self, text: str) -> bool:
        """Is the one line of the transcript all of the text, as of one that could not be read?"""
        lines = self.transcript.lines
        if len(lines) != 1 or "".join(lines[0].text.split()) != "".join(text.split()):
            return False
        self.lines_in += sum(1 for _ in _rows(text))
        self.text_size += self.characters_in
        return True

    def text(self, text: str) -> None:
        """Walks along the text: the lines' texts in order, and the gaps between them taken apart."""
        rows = list(_rows(text))
        self.lines_in += len(rows)
        compact = "".join(rows)
        ends = list(accumulate(map(len, rows)))
        pieces = list(self._pieces())
        way = Gaps(self.transcript, ends).walk(compact, pieces, 1)
        if way.cost:  # the nearest spot for each text was not the right one for all, or something is lost
            way = min(way, Gaps(self.transcript, ends).walk(compact, pieces, _WAYS), key=lambda one: one.cost)
        steps = [way]
        while way.before is not None:
            way = way.before
            steps.append(way)
        repeated = repeated_words([step.rest for step in steps])
        for step in reversed(steps):
            for kind, count in step.kinds.items():
                self.elsewhere[kind] += count
            rest = [text for text in step.rest if not is_repeated(text, repeated)]
            self.elsewhere["markup"] += sum(map(len, step.rest)) - sum(map(len, rest))
            self.unassigned += rest
            self.after += [step.before.line if step.before is not None else 0] * len(rest)
            if step.left_out:
                self.elsewhere["left out"] += step.size
            else:
                self.text_size += step.size

    def _pieces(self) -> Iterator[tuple[str, bool, int]]:
        """The texts to look for, without white space: those of the lines and those left out, as the cell has them;
        each with the number of lines that have begun with it."""
        left_out = list(self.transcript.left_out)
        lines = self.transcript.lines
        if self.transcript.order:
            lines = [
                line
                for _, line in sorted(zip(self.transcript.order, lines, strict=True), key=lambda one: one[0])
            ]
        for number, line in enumerate(lines):
            while left_out and left_out[0][0] <= number:
                yield from ((piece, True, number) for piece in _rows(left_out.pop(0)[1]))
            for piece in _rows(line.text):
                yield piece, False, number + 1
        for number, text in left_out:
            yield from ((piece, True, number) for piece in _rows(text))

    # --- data --------------------------------------------------------------------------------------------

    def data(self, data: Any) -> None:
        """Each value in turn; first which keys hold the lines' texts, because a word may look like a short line."""
        texts = Counter("".join(line.text.split()) for line in self.transcript.lines)
        dropped = Counter("".join(text.split()) for _, text in self.transcript.left_out)
        labels = {fold(label) for label in self.transcript.labels}
        shown = {"".join(item.value.split()) for item in self.transcript.findings if item.value}
        by_path = self._by_path(data, texts, labels, shown)
        matching = {
            path: sum(len(compact) for compact, _, _ in found if compact in texts)
            for path, found in by_path.items()
        }
        whole = "\n".join(texts)
        folded = whole.casefold()
        said: Counter[str] | None = None
        others: Counter[str] | None = None
        named = {
            path for path in by_path if path and (known := classify_key(path[-1])) and known.part == "text"
        }
        if not named:  # the words stand under a key that says nothing, such as "w"
            wanted = sum(len(text) * count for text, count in texts.items())
            for path, found in by_path.items():
                joined = "".join(compact for compact, _, _ in found)
                if 2 * sum(len(text) * count for text, count in texts.items() if text in joined) > wanted:
                    named.add(path)
        turn = max(matching, key=matching.__getitem__, default=())
        above = None if not isinstance(data, dict | Pairs) and len(turn) < 2 else turn[:-1]
        spoken_at: list[int] = []
        lost: list[tuple[int, str]] = []
        beside: list[tuple[int, str, str]] = []
        for path in sorted(by_path, key=lambda path: (path in named, matching[path]), reverse=True):
            found = by_path[path]
            key = path[-1] if path else ""
            is_text = path in named and not _is_field(found, texts)
            mixed = any(not isinstance(text, Number) for _, text, _ in found)  # times beside words, in pairs
            exact = sum(compact in texts or compact in dropped for compact, _, _ in found) * 2 > len(found)
            for compact, text, order in found:
                if texts[compact] > 0:
                    texts[compact] -= 1
                    spoken_at.append(order)
                    self.text_size += len(compact)
                    self.lines_in += 1
                elif dropped[compact] > 0:
                    dropped[compact] -= 1
                    self.elsewhere["left out"] += len(compact)
                    self.lines_in += 1
                elif (
                    (not is_text and not _is_prose(key, text))
                    or (not path and _NUMERAL.fullmatch(compact))
                    or (mixed and isinstance(text, Number) and compact not in whole)
                ):
                    self.elsewhere["field"] += len(compact)
                elif (
                    not (exact and compact in texts) or (path != turn and path[: len(turn) - 1] == turn[:-1])
                ) and (compact in whole or compact.casefold() in folded):
                    self.text_size += len(compact)
                elif compact in shown:
                    self.elsewhere["finding"] += len(compact)
                elif (key in _WRITTEN_AGAIN and path[:-1] == turn[:-1]) or (
                    len(text) > 40
                    and not Counter(_words(_SPEAKS.sub(" ", text))) - (said := said or self._words_said())
                ):
                    self.elsewhere["repeated"] += len(compact)
                elif (others := other_readings(data) if others is None else others)[text] > 0:
                    others[text] -= 1
                    self.elsewhere["repeated"] += len(compact)
                elif above is not None and (about := _about(path, above)):
                    self.elsewhere["beside"] += len(compact)
                    beside.append((order, about, text))
                else:
                    self.lines_in += 1
                    lost.append((order, text))
        self.beside += [(about, text) for _, about, text in sorted(beside)]
        spoken_at.sort()
        for order, text in sorted(
            lost
        ):  # behind the lines whose words stand before it; at the end where nobody can say
            self.unassigned.append(text)
            lines = len(self.transcript.lines)
            self.after.append(min(bisect_left(spoken_at, order), lines) if spoken_at else lines)

    def _by_path(
        self, data: Any, texts: Mapping[str, int], labels: set[str], shown: set[str]
    ) -> dict[tuple[str, ...], list[tuple[str, str, int]]]:
        """Keys → (without white space, as written, place) of each value that is no time and no label."""
        beginnings = tuple(f"{label}:" for label in labels)
        by_path: dict[tuple[str, ...], list[tuple[str, str, int]]] = {}
        for order, (path, value) in enumerate(leaves(data)):
            if value is None or isinstance(value, bool):
                continue
            text = Number(value) if isinstance(value, int | float | Number) else str(value)
            compact = "".join(text.split())
            if not compact:
                continue
            key = path[-1] if path else ""
            known = classify_key(key) if key else None
            part = known.part if known is not None else ""
            if part in ("start", "stop", "duration"):
                self.elsewhere["finding" if compact in shown else "time"] += len(compact)
            elif compact in texts:
                by_path.setdefault(path, []).append((compact, text, order))
            elif fold(text) in labels or (part == "role" and fold(f"{key} {text}") in labels):
                self.elsewhere["label"] += len(compact)
            elif ":" in compact and len(compact) < 40 and read_moment(text) is not None:
                self.elsewhere["time"] += len(compact)
            else:
                rest = self._without_label(text, compact, beginnings)
                if "<" in text or "&" in text:
                    rest = self._without_markup(text, rest, texts)
                by_path.setdefault(path, []).append((rest, text, order))
        return by_path

    def _without_label(self, text: str, compact: str, beginnings: tuple[str, ...]) -> str:
        """What is said behind "Agent:", where a text begins with one of the labels."""
        folded = text.lstrip("[( \t\n").casefold()
        for label in beginnings:
            if folded.startswith(label):
                size = len("".join(label.split()))
                at = compact.casefold().find("".join(label.split()))
                self.elsewhere["label"] += size - 1
                self.elsewhere["markup"] += at + 1
                return compact[at + size :]
        return compact

    def _without_markup(self, text: str, compact: str, texts: Mapping[str, int]) -> str:
        """The plain text of a text with tags and entities, where that is what a line says."""
        plain = "".join(plain_text(text).split())
        if plain in texts:
            self.elsewhere["markup"] += len(compact) - len(plain)
            return plain
        return compact

    def _words_said(self) -> Counter[str]:
        said = Counter(word for line in self.transcript.lines for word in _words(line.text))
        said.update(word for label, count in self.transcript.labels.items() for word in _words(label) * count)
        return said


_BLANKS = b" \t\n\r\x0b\x0c\x1c\x1d\x1e\x1f"
"""The white space of ASCII, as `str.split` has it."""


def _size(text: str) -> int:
    """Return the characters of a text, without white space. Most of the meter's time is spent here."""
    if text.isascii():
        return len(text.encode().translate(None, _BLANKS))
    flat = text.replace("\n", " ")
    if flat.isprintable():  # there is no other white space then
        return len(flat) - flat.count(" ")
    return len("".join(text.split()))


def _rows(text: str) -> Iterator[str]:
    for row in text.splitlines():
        compact = "".join(row.split())
        if compact:
            yield compact


def _about(path: tuple[str, ...], above: tuple[str, ...]) -> str:
    """The key that says of a value beside the turns that it is about the call; "" where none does. `above`: the keys
    under which the turns stand."""
    same = 0
    while same < min(len(path), len(above)) and path[same] == above[same]:
        same += 1
    if above and same == len(above):  # inside of a turn: whatever it is called, it may have been said
        return ""
    for key in path[same:]:
        if key == "displayName" or is_about(key):
            return key
    return ""


def _is_field(found: list[tuple[str, str, int]], texts: Mapping[str, int]) -> bool:
    """Is it one and the same word all through, or numbers, and in no line? Then it is about the items, and no speech."""
    words = {compact for compact, _, _ in found}
    if len(found) < 3 or any(word in texts for word in words):
        return False
    return all(_NUMERAL.fullmatch(word) for word in words) or (
        len(words) == 1 and " " not in found[0][1].strip()
    )


def _is_prose(key: str, text: str) -> bool:
    """Four words or more, under a key that does not say that this is a name, an id or an address."""
    if _NO_TEXT.search(key) or "://" in text[:40]:
        return False
    if sum(any(mark.isalpha() for mark in word) for word in text.split(None, 12)) >= 4:
        return True
    return (
        not text.isascii() and words_of((text[:200],)) - len(text[:200].split()) >= 4
    )  # written without spaces


def _words(text: str) -> list[str]:
    return re.findall(r"[^\W_]+", text.casefold())
