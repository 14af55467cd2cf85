"""Transcripts that are too long for a cell and go on in further columns: "Transcript 2", "… (cont.)", "X 3"."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from itertools import pairwise

from reddy_lib.spreadsheet.cells.tag_values import cell_text
from reddy_lib.spreadsheet.evidence.column_profile import Column
from reddy_lib.transcripts import Transcript, read_opening
from reddy_lib.transcripts.formats.arrow_signs import ARROW_SIGNS

__all__ = ["a_turn_each", "continued", "joined_parts", "joined_rows", "reads_joined"]

_MORE = re.compile(
    r"cont(?:inued|d|inuation|\.)?|part|teil|suite|parte|more|rest|fortsetzung|overflow|deel|продолж\w*|続き?|续",
    re.IGNORECASE,
)
"""How a column says that it goes on with another one."""
_TRIED, _CUTS = 12, 60


def joined_parts(columns: Sequence[Column]) -> tuple[list[str], str, str] | None:
    """Return (columns, separator, why) where numbered columns read as a transcript together, and not by themselves."""
    series: dict[str, dict[int, Column]] = {}
    for column in columns:
        stem, number = _stem(column.name)
        if column.count and stem and not column.emails + column.times + column.audio > 0.5:
            place = _place(number, _MORE.search(column.plain) is not None)
            series.setdefault(stem, {}).setdefault(place, column)
    for found in series.values():
        parts = [found[number] for number in sorted(found)]
        if len(parts) < 2 or any(_repeats(parts[0], other) for other in parts[1:]):
            continue
        full = _are_full(parts)
        if parts[0].length < _LONG and not full:
            continue
        # A part is filled where the one before it is.
        rows = list(zip(*(part.of_rows for part in parts), strict=True))
        if any(after and not before for row in rows for before, after in pairwise(row)):
            continue
        whole = [row for row in rows if row[1]]
        whole = whole[:: len(whole) // _TRIED + 1]
        if not whole:
            continue
        if a_turn_each(whole):
            names = [part.name for part in parts]
            return names, "\n", f"{' and '.join(map(repr, names))} hold a turn each"
        if not full and not all(_MORE.search(part.plain) for part in parts[1:]) and not _goes_on(parts):
            continue  # "text", "text", "text": the others say something else
        glued = [_reads("".join(row)) for row in whole]
        lined = [_reads("\n".join(row)) for row in whole]
        best = max(sum(count > 1 for count in glued), sum(count > 1 for count in lined))
        talk = full and _is_talk_of_the_calls(parts, columns)
        if not talk and best < 0.5 * len(whole):
            continue
        alone = [sum(_lines_of(parts[at].opening(row[at])) > 1 for row in whole) for at in (0, 1)]
        if not talk and max(alone) > best:
            continue
        if min(alone) == len(whole) and not _cut_inside(parts):
            separator = "\n"
        else:
            separator = "" if sum(glued) >= sum(lined) or _cut_inside(parts) else "\n"
        if not separator:
            separator = _at_the_cut(parts)
        names = [part.name for part in parts]
        why = f"{' and '.join(map(repr, names))} read as a transcript together"
        return names, separator, why
    return None


def a_turn_each(rows: Sequence[Sequence[str]]) -> bool:
    """Return whether each cell is one line with its speaker, however the label is set off: `Client → Bonjour`, `A | Hi`.

    A text that was cut has fewer turns than cells, or more; and glued together, turns run into each other.
    """
    tried = [[cell for cell in row if cell] for row in rows]
    if any("\n" in cell.strip() for row in tried for cell in row):
        return False
    return sum(_reads("\n".join(row)) == len(row) > _reads("".join(row)) for row in tried) >= 0.8 * len(tried)


_LONG = 40


def _are_full(parts: Sequence[Column]) -> bool:
    """Return whether all cells that go on in the next part are of one size, mostly within a sentence: they were cut."""
    full: list[str] = []
    for first, second in pairwise(parts):
        for before, after in zip(map(cell_text, first.rows), map(cell_text, second.rows), strict=True):
            if not before or not after:
                continue
            if len(before) < _SHORTEST and len(before.encode("utf-8", "replace")) < _SHORTEST:
                return False
            full.append(before)
    if len(full) < _FEWEST or 2 * sum(text.rstrip()[-1:] in _ENDS for text in full) > len(full):
        return False
    ways = [list(map(len, full)), [len(text.encode("utf-8", "replace")) for text in full]]
    return any(min(sizes) >= _SHORTEST and max(sizes) - min(sizes) <= _SLACK for sizes in ways)


def _is_talk_of_the_calls(parts: Sequence[Column], columns: Sequence[Column]) -> bool:
    """Return whether parts of a text are the transcript, whether or not it is known how they name who speaks."""
    says = parts[0].says
    if "transcript" in says:
        return True
    names = {part.name for part in parts}
    others = [column for column in columns if column.name not in names]
    longest = all(column.length < parts[0].length for column in others)
    return longest and not says & {"note", "summary"} and all(column.transcripts < 0.5 for column in others)


_SHORTEST, _FEWEST = 20, 3
"""Characters of a cell, and cells, from which on one size of all of them is no chance."""


def _reads(text: str) -> int:
    """Return how many lines of two or more speakers a text has; 0: it is no transcript."""
    return _lines_of(read_opening(text))


def _lines_of(found: Transcript) -> int:
    if found.form in ("empty", "no speakers", "unreadable") or len(found.labels) < 2:
        return 0
    return len(found.lines)


def continued(first: str, columns: Sequence[Column]) -> tuple[list[str], str, str] | None:
    """Return (columns, separator, why) where the transcript in `first` goes on in other columns, or None."""
    names = [column.name for column in columns]
    by_name = {column.name: column for column in columns}
    start = by_name[first]
    stem, number = _stem(first)
    # What reads best may be a later part: then the column of the bare name is the first.
    later = number is not None or _MORE.search(start.plain) is not None
    parts: list[tuple[int, int, str]] = []
    for column in columns:
        if column.name == first or not column.count or column.emails + column.times + column.audio > 0.5:
            continue
        other, here = _stem(column.name)
        same = other == stem or not other.replace("#", "").strip()
        more = _MORE.search(column.plain) is not None
        marked = here is not None or more or (later and other == stem)
        if (
            same
            and marked
            and column.length >= 8
            and (column.prose >= 0.5 or column.length > 40)
            and not _repeats(start, column)
            and (more or _goes_on([start, column]) or _is_later_part(column, columns, stem))
        ):
            parts.append((_place(here, more), names.index(column.name), column.name))
    if not parts:
        return None
    parts.append((_place(number, _MORE.search(start.plain) is not None), names.index(first), first))
    ordered = [name for _, _, name in sorted(parts)]
    found = [by_name[name] for name in ordered]
    separator = _at_the_cut(found) if _cut_inside(found) else "\n"
    why = f"continues in {' and '.join(repr(name) for name in ordered[1:])}"
    return ordered, separator, why


def _place(number: int | None, more: bool) -> int:
    """Where a part stands: the bare name first, then those that are numbered, then "(cont.)" and "(cont. 2)"."""
    if more:
        return 1000 + (number or 1)
    return -1 if number is None else number


_SUFFIX = re.compile(
    r"(.*?)[\W_]*(?:(?<![^\W\d_])(?:part|teil|parte|partie|deel|no|nr|pt|p))?[\W_]*(?:(?P<number>\d{1,2})(?:\s*(?:/|of|von|de|di|van)\s*\d{1,2})?"
    r"|(?<=[\W_])(?P<letter>[a-h])|(?<=[\W_])(?P<roman>i{1,3}|iv|vi{0,3}|ix|x))\W*",
    re.IGNORECASE,
)
_ROMAN = ("", "i", "ii", "iii", "iv", "v", "vi", "vii", "viii", "ix", "x")


def _stem(name: str) -> tuple[str, int | None]:
    """Return the name without its number ("2", "B", "ii", "2 of 3") and its "(cont.)", and the number."""
    match = _SUFFIX.fullmatch(name.strip())
    number: int | None = None
    if match and match["number"]:
        number = int(match["number"])
    elif match and match["roman"]:
        number = _ROMAN.index(match["roman"].casefold())
    elif match and match["letter"]:
        number = "abcdefgh".index(match["letter"].casefold()) + 1
    bare = match[1] if match else name
    bare = re.sub(r"[\W_]*\b(?:" + _MORE.pattern + r")\b\.?[\W_]*", " ", bare, flags=re.IGNORECASE)
    return " ".join(re.findall(r"\w+", bare.replace("_", " "))).casefold(), number


def _repeats(first: Column, other: Column) -> bool:
    """Whether another column says the same again (a translation keeps its own words): then it is no continuation."""
    return any(a and a == b for a, b in zip(first.of_rows, other.of_rows, strict=True))


def _is_later_part(column: Column, columns: Sequence[Column], stem: str) -> bool:
    """Return whether it goes on from another part than the first ("Transcript 3" from "Transcript 2"), or that from it."""
    others = [other for other in columns if other.name != column.name and other.count]
    return any(
        _stem(other.name)[0] == stem and (_goes_on([other, column]) or _goes_on([column, other]))
        for other in others
    )


_FULL = 150
_ENDS = ".?!…\"'”)]。？！"


def _goes_on(parts: Sequence[Column]) -> bool:
    """Return whether the first part goes on in the next: who spoke speaks again there, or the text was cut.

    Columns of one name, or numbered ones, may as well hold a summary and a result. A text that was cut is as long as a
    cell could be, or stops in the middle of a sentence.
    """
    first, second = parts[0], parts[1]
    pairs = [(a, b) for a, b in zip(first.of_rows, second.of_rows, strict=True) if a and b]
    pairs = pairs[:: len(pairs) // _TRIED + 1]
    longest = max(map(len, first.texts), default=0)
    full = sum(len(text) >= longest - _SLACK for text in first.texts) > 1
    wordy = second.unique >= 0.5 or second.length >= _LONG
    proven = likely = 0
    for before, after in pairs:
        ended = before[-1] in _ENDS
        if _same_speakers(before, after) or (not ended and after[0] in _CLOSES):
            proven += 1
        elif longest >= _FULL and len(before) >= (longest - _SLACK if full and ended else 0.97 * longest):
            likely += full or not ended
        else:
            likely += wordy and len(before) >= _LONG and not ended and after[0].islower()
    # Of a few texts, two may be as long as each other by chance: all of them are not.
    return bool(pairs) and (2 * proven >= len(pairs) or proven + likely >= 0.8 * len(pairs))


_CLOSES = ".?!…。？！、，,;:：；)）」』】"
"""Marks that begin no sentence: what begins with one was cut before it."""
_SLACK = 4
"""Characters by which full cells may differ: cut by octets, or at the half of a pair."""


def _same_speakers(before: str, after: str) -> bool:
    """Return whether those who speak in the one text speak again in the other, as both read together show."""
    labels = {label for label in read_opening(before).labels if label}
    if not labels or not any(label in after for label in labels):
        return False
    if any(
        re.search(
            rf"(?<!\w){re.escape(label)}\W{{0,4}}(?:\d[\d:.,]*\W{{0,4}})?[:：>|\]\t{ARROW_SIGNS}]", after
        )
        for label in labels
    ):
        return True
    alone = _turns_of(before, labels)
    return (
        len(after) >= _LONG
        and max(_turns_of(f"{before}{mark}{after}", labels) for mark in ("", "\n")) > alone
    )


def _turns_of(text: str, labels: Collection[str]) -> int:
    """Return how many turns of these speakers a text has."""
    found = read_opening(text).labels
    return sum(found.get(label, 0) for label in labels)


def _at_the_cut(parts: Sequence[Column]) -> str:
    """Return what belongs where a text was cut: nothing, or a space where it was cut between words and lost it."""
    spread = 0
    for first, second in pairwise(parts):
        texts = [
            (before, after)
            for before, after in zip(map(cell_text, first.rows), map(cell_text, second.rows), strict=True)
            if before.strip() and after.strip()
        ]
        if any(before[-1].isspace() or after[0].isspace() for before, after in texts):
            return ""
        characters = [len(before) for before, _ in texts]
        octets = [len(before.encode("utf-8", "replace")) for before, _ in texts]
        spread += bool(texts) and min(max(sizes) - min(sizes) for sizes in (characters, octets)) > 4
    return " " if spread else ""  # where cells were full, they are all as long


def _cut_inside(parts: Sequence[Column]) -> bool:
    """Whether the cells were cut wherever they were full, rather than between two turns."""
    inside = between = 0
    rows = [
        row for row in zip(*(column.rows for column in parts), strict=True) if all(map(cell_text, row[:2]))
    ]
    for row in rows[:: len(rows) // _CUTS + 1]:
        texts = [cell_text(cell) for cell in row]
        for before, after in pairwise(texts):
            if not before or not after:
                continue
            labelled = _HEAD_OF_TURN.match(after) is not None or _begins_with_speaker(before, after)
            own_line = before.endswith("\n") or after.startswith("\n")
            if labelled and not own_line and before.rstrip()[-1:] in ".?!…\"'”)]。？！":
                between += 1
            else:
                inside += 1
    return inside > between


_HEAD_OF_TURN = re.compile(r"\W{0,3}(?:\[?\d[\d:.,]*\]?\W*)?[^\W\d_][^:\n]{0,40}[:：>|]")


def _begins_with_speaker(before: str, after: str) -> bool:
    """Return whether a text begins with one of those who speak in the text before it, perhaps behind a clock."""
    return _begins_with(read_opening(before).labels, after)


def _begins_with(labels: Collection[str], text: str) -> bool:
    start = re.sub(r"^\W*(?:\d[\d:.,]*\W+)?", "", text[:60])
    return any(label and start.startswith(label) for label in labels)


def joined_rows(texts: Sequence[str]) -> str:
    """Return one text of the rows of a call: a line each, or parts of a transcript that was cut wherever a cell was full.

    A part of several lines that begins with none of the speakers goes on with the line that was cut.
    """
    if texts and texts[0].lstrip().startswith(("[", "{")) and not texts[0].rstrip().endswith(("]", "}")):
        return "".join(texts)
    if not any("\n" in text.strip() for text in texts):
        return "\n".join(texts)
    said = ""
    labels: set[str] = set()
    for text in texts:
        turn = text[:1] not in _CLOSES and _begins_with(labels, text)
        own = turn or said.endswith("\n") or text.startswith("\n")
        said = f"{said}\n{text}" if said and own else said + text
        labels |= read_opening(text).labels.keys()
    return said


def reads_joined(calls: Sequence[Sequence[str]]) -> bool:
    """Return whether the parts of most calls are a transcript together, with more lines than by themselves."""
    tried = [parts for parts in calls if len(parts) > 1][:_TRIED]
    better = 0
    for parts in tried:
        alone = [_reads(part) for part in parts]
        together = _reads(joined_rows(parts))
        better += together > max(alone) and together >= sum(alone)
    return bool(tried) and better >= 0.8 * len(tried)
