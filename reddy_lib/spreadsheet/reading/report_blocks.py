"""Text that shows its calls as blocks of `Label: value`, one below the other, with the talk below the facts.

Its first lines tell what kind of text it is; then the rows are read one after the other. Page heads and rules of a report
are no part of any row.
"""

from __future__ import annotations

import re
from collections import Counter, deque
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

from reddy_lib.errors import UnreadableFile
from reddy_lib.spreadsheet.cells.header_words import concepts, fields_named, plain_name
from reddy_lib.transcripts.roles import role_of, speaks_for_itself

__all__ = ["RECORD", "Labels", "has_known_names", "is_bare", "known_name", "report_labels", "report_rows"]

_MOST_BLOCK = 20_000  # lines of one block of a report

_RULE_MARKS = frozenset("-=_*~#. \t\r\x0c") | frozenset(map(chr, range(0x2500, 0x2580)))
_LABEL = re.compile(
    r"\s*(?:[-*\u2022]\s+)?([^\W\d_][^:=\t|\n]{0,38}?)\s*(?:\.{2,}\s*)?(?::(?!//)|=|\.{3,})(.*)", re.DOTALL
)
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.\w+")
_SENTENCE = re.compile(r"[?!,;]|[:.*] |[.]$|@|\d{3}|\.\w{3}$")
_SECTION = re.compile(r"\s*\[([^\[\]\n]{1,80})\]\s*")
_HEADING = re.compile(
    r"\s*(?P<rule>[=\-*_~<>+\u2500\u2550]{2,}|#{1,6}\s)?\s*(?P<name>[^\W\d_][^\W_]*(?: [^\W\d_]+){0,2}?)"
    r"(?:\s+|\s*[#:№]\s*)(?P<id>[#]?(?=[\w.\-/]*\d)[\w.\-/]{1,60})\s*[=\-*_~<>+#\u2500\u2550]*\s*"
)
RECORD = re.compile(r"-\[ \w+ \d+ \][-+]*|\*{5,} \d+\. \w+ \*{5,}")
_PAGE = re.compile(r"(?:page|seite|página|pagina|strona|sida|side|стр|页|ページ)\W*\d+", re.IGNORECASE)


def is_bare(text: str) -> bool:
    """Whether a text is blank, or a rule between parts of a report."""
    return not text or (_RULE_MARKS.issuperset(text) and (not text.strip() or len(text.strip()) > 2))


def _labelled(line: str) -> tuple[str, str] | None:
    """The label of a line and the value after it; None where it has no label."""
    match = _LABEL.match(line)
    return None if match is None else (match[1].strip(), match[2].strip())


def known_name(text: str) -> bool:
    """Whether a text is the name of a field of a call."""
    return _may_name(text) and bool(fields_named(text))


def has_known_names(texts: Sequence[str]) -> int:
    """How many of these texts are names of fields or of parts of a line."""
    return len({plain_name(text) for text in texts if _may_name(text) and concepts(text)})


def _may_name(text: str) -> bool:
    """Whether a text is short as a name is, and no sentence."""
    text = text.strip()
    return 0 < len(text) < 60 and len(text.split()) <= 5 and not _SENTENCE.search(text)


class Labels(NamedTuple):
    """The labels of a report's blocks.

    `first` begins a block; `names`: all of them, as `shown` above their columns; `heads`: lines of page heads; `tail`: the
    label after which a talk begins that has no label, or ""; `speakers`: labels of who speaks, which may name a person or
    an address above the talk.
    """

    first: str
    names: tuple[str, ...]
    shown: tuple[str, ...]
    heads: frozenset[str]
    tail: str
    speakers: frozenset[str]


def report_labels(lines: Sequence[str]) -> Labels | None:
    """Return the labels that come again in block after block, or None if a text is no such report."""
    lines = list(_unboxed(lines))
    values: dict[str, list[str]] = {}
    for line in lines:
        match = _labelled(line)
        if match is not None:
            values.setdefault(match[0], []).append(match[1])
    speakers = frozenset(label for label, said in values.items() if _speaks(label, said))
    told = list(_told(lines, speakers))
    found = [(label, value) for _, label, value in told if label]
    counts = Counter(label for label, _ in found)
    first = next((label for label, _ in found if counts[label] > 1 and not _PAGE.search(label)), None)
    if first is None:
        return None
    blocks = counts[first]
    names = [label for label in counts if counts[label] >= max(2, 0.6 * blocks) and counts[label] <= blocks]
    if len(names) < 3 or first not in names:
        return None
    known = sum(map(known_name, names))
    of_names = {name: [value for label, value in found if label == name] for name in names}
    data = sum(
        any(re.search(r"@|\d{4}-\d\d|\d[./]\d+[./]\d|\d\d:\d\d|\d{4,}", value) for value in said)
        for said in of_names.values()
    )
    if known < 2 and (known < 1 or data < 2) and data < 3:
        return None
    # Each label is in a block once, and always in the same order.
    order: list[str] = []
    for label, _ in found:
        if label == first:
            order = []
        if label in names:
            if label in order:
                return None
            order.append(label)
    if _most_between(told, first) < 2:
        return None
    shown = tuple("heading" if _only_counts(name, of_names) else name for name in names)
    return Labels(first, tuple(names), shown, _page_heads(told, first), _tail(told, names), speakers)


_Told = tuple[str, str, str]
"""(line, label, value). The label is "" if the line has none, or if its label names a speaker."""


def _told(lines: Iterable[str], speakers: Collection[str]) -> Iterator[_Told]:
    """Tell facts from words where one label may be both: `Agent: ann@x.example` above, `Agent: Good morning` below.

    A fact is among facts: never below words and, unless it is an address, above another fact, or above a gap after
    which the talk begins.
    """
    rows = iter(lines)
    ahead: deque[str] = deque()
    above = "bare"
    while (line := ahead.popleft() if ahead else next(rows, None)) is not None:
        match = _labelled(line)
        label, value = match if match is not None else ("", "")
        kind = "bare" if is_bare(line.strip()) else "words"
        if label and label not in speakers:
            # What has its value below it begins a text, in which people may speak; but an address is no speech.
            kind = "fact" if value else "text"
        elif label and above == "text" and _EMAIL.fullmatch(value):
            kind = "fact"
        elif (
            label
            and above not in ("words", "text")
            and (_names_somebody(value) or (not value and above == "fact"))
        ):
            while len(ahead) < _AHEAD and (more := next(rows, None)) is not None:
                ahead.append(more)
            if _EMAIL.fullmatch(value) or _is_among_facts(ahead, speakers, above):
                kind = "fact"
            else:
                label = value = ""
        else:
            label = value = ""
        above = kind
        yield line, label, value


_AHEAD = 12


def _is_among_facts(below: Iterable[str], speakers: Collection[str], above: str) -> bool:
    """Return whether the lines below a name are other names and then a fact, or a gap and then words of these people."""
    gap = False
    words = 0
    for line in below:
        if is_bare(line.strip()):
            if words:
                break
            gap = True
            continue
        match = _labelled(line)
        if match is not None and match[0] not in speakers:
            return not gap and bool(match[1])
        if not gap and (match is None or not _names_somebody(match[1])):
            return False
        words += gap
    return gap and words > 1 and above == "fact"


def _names_somebody(value: str) -> bool:
    return bool(value) and (
        _EMAIL.fullmatch(value) is not None
        or (len(value) < 50 and len(value.split()) <= 5 and not _SPOKEN_MARKS.search(value))
    )


_SPOKEN_MARKS = re.compile(r"[.?!…](?:\s|$)|[?!,;:。？！，、،؟]")


def _only_counts(name: str, values: Mapping[str, Sequence[str]]) -> bool:
    """Return whether a label counts the blocks (`### Call 1`), and another one has their ids."""
    others = any(concepts(other) & {"id", "unique"} and other != name for other in values)
    said = values[name]
    numbered = [int(value) for value in said if value.isdecimal() and len(value) < 6]
    counted = len(numbered) == len(said) and all(after == before + 1 for before, after in pairwise(numbered))
    return others and counted and numbered[0] in (0, 1) and "id" in concepts(name)


def _tail(told: Sequence[_Told], names: Sequence[str]) -> str:
    """Return the last label of blocks that go on without one: it is a plain fact, and the talk comes after it."""
    last = ""
    behind: dict[str, int] = {}
    for line, label, _ in told:
        if label in names:
            last = label
        elif last and line.strip() and not is_bare(line):
            behind[last] = behind.get(last, 0) + 1
    if len(behind) != 1 or any(concepts(name) & _LONG_FIELDS for name in names):
        return ""
    return next(iter(behind))


_LONG_FIELDS = frozenset(("transcript", "text", "note"))


def _speaks(label: str, values: Sequence[str]) -> bool:
    """Whether a label names who speaks the words after it, and not a field of the call."""
    plain = plain_name(label)
    if (known_name(label) and " " in plain) or plain.startswith(("agent ", "customer ")):
        return False
    if not role_of(label) and not speaks_for_itself(label):
        return False
    return not all(_EMAIL.fullmatch(value) for value in values)


def _section(line: str) -> str:
    """A line; a head such as `[C-1]`, `=== Call 17 ===` or `Conversation #17` as the label and value that it is."""
    if line.lstrip()[:1] == "[":
        match = _SECTION.fullmatch(line)
        return line if match is None else f"id: {match[1]}"
    match = _HEADING.fullmatch(line) if len(line) < 120 else None
    if match is None or _PAGE.search(line):
        return line
    name = match["name"]
    if not match["rule"] and not (":" not in line and "call" in concepts(name)):
        return line
    named = name if concepts(name) & {"id", "unique"} else f"{name} id"
    return f"{named}: {match['id'].removeprefix('#')}"


def _unboxed(lines: Iterable[str]) -> Iterator[str]:
    """Lines, the records that psql writes one below the other (`\\x`) as blocks of labels and values."""
    expanded = False
    for line in lines:
        if RECORD.match(line):
            expanded = True
            yield ""
        elif expanded and "|" in line:
            label, _, value = line.partition("|")
            value = value.strip().removesuffix("+").rstrip()  # with which psql marks a line break
            yield f"{label.strip()}:{value}" if label.strip() else value
        else:
            yield _section(line)


def _most_between(told: Sequence[_Told], first: str) -> int:
    places = [place for place, (_, label, _) in enumerate(told) if label == first]
    return max((after - before for before, after in pairwise(places)), default=0)


def _unnumbered(line: str) -> str:
    return re.sub(r"\d+", "#", " ".join(line.split()))


def _page_heads(told: Sequence[_Told], first: str) -> frozenset[str]:
    """Lines that come again above blocks, whatever number they have."""
    counts: Counter[str] = Counter()
    lines = [line for line, _, _ in told]
    for place, (line, label, _) in enumerate(told):
        if label != first:
            if _PAGE.search(line) and len(line.strip()) < 120:
                counts[_unnumbered(line)] += 2
            continue
        for above in _group_above(lines[max(place - 6, 0) : place]):
            counts[_unnumbered(above)] += 1
    return frozenset(text for text, count in counts.items() if count >= 2)


def _group_above(lines: Sequence[str]) -> list[str]:
    """Return the few lines above a block if a blank line or a rule is above them: the last words of a call have neither."""
    group: list[str] = []
    for above in reversed(lines):
        if not above.strip() and not group:
            continue
        if is_bare(above.strip()):
            break
        label = _labelled(above)
        spoken = _SPOKEN.match(above)
        if (
            len(group) == _MOST_HEADS
            or len(above) >= 120
            or (spoken and role_of(spoken[1]))
            or (label is not None and not _PAGE.search(above))
        ):
            return []
        group.append(above)
    return group


_MOST_HEADS = 3
_SPOKEN = re.compile(r"\W{0,3}([^\W\d_][^\W_]*(?: [^\W_]+){0,3})\s*(?:[>|)\]:]|[-\u2013\u2014]\s)")


def report_rows(
    lines: Iterable[str], labels: Labels, name: str, left: list[str]
) -> Iterator[tuple[int, list[str]]]:
    """(place of its first line from 0, cells) of each block, below the names of the columns.

    `name`: of the file. `left`: takes the lines that are in no block.

    Raises:
        UnreadableFile: a block is longer than any call.
    """
    yield 0, [*labels.shown, *(["transcript"] if labels.tail else [])]
    names = [*labels.names, *(["transcript"] if labels.tail else [])]
    places = {name: place for place, name in enumerate(labels.names)}
    row: list[list[str]] | None = None
    at = size = begun = 0
    for place, (line, label, value) in enumerate(_told(_unboxed(lines), labels.speakers)):
        if label == labels.first:
            if row is not None:
                yield begun, _block(row)
            row, at, size, begun = [[] for _ in names], places[label], 0, place
            row[at].append(value)
            continue
        if _unnumbered(line) in labels.heads:
            left.append(line.strip())
            continue
        if row is None:
            if line.strip() and not is_bare(line):
                left.append(line.strip())
            continue
        if label in places and not row[places[label]]:
            at = places[label]
            row[at].append(value)
            if label == labels.tail:
                at = len(names) - 1
        elif not is_bare(line) or not line.strip():
            row[at].append(line.strip())
        size += 1
        if size > _MOST_BLOCK:
            raise UnreadableFile(
                f"A block of {name} has more than {_MOST_BLOCK:,} lines: export the calls as .csv."
            )
    if row is not None:
        yield begun, _block(row)


def _block(row: Sequence[Sequence[str]]) -> list[str]:
    # YAML writes a sign in place of a text of several lines, and quotes around a number that is a text.
    cells = [
        "\n".join(lines[1:] if list(lines[:1]) in (["|"], [">"], ["|-"]) else lines).strip() for lines in row
    ]
    return [_unquoted(cell) for cell in cells]


def _unquoted(cell: str) -> str:
    inner = cell[1:-1]
    quoted = len(cell) > 2 and cell[0] == cell[-1] and cell[0] in "\"'" and cell[0] not in inner
    return inner if quoted and "\n" not in inner and " " not in inner else cell
