"""Which recording belongs to which row, and how that is known.

What was fetched from the web address in a row's own cell is that row's (`addressed`), whatever it is called; two rows
with the same address have the same recording. Otherwise there are three ways, the surest first; a row takes the first
way that names anything:

1. by the *file name* in the sheet: as written; else with case and percent-escapes ignored; else without its ending.
   Of a path as many folders from its end as fit; drive, server and root are another machine's and never count.
2. by the *conversation id* standing in the name of a file, as a whole: bounded by the name's ends or by characters
   that are no letters and digits, and not joined by "-" to a piece with digits, which makes it a part of a longer id;
   inside of a longer id that is another row's it does not count either.
3. by a *pattern* (`spreadsheet.file_names`): every value that the pattern takes from the name is the row's.

Where a way names two recordings, or two rows come to the same one, nothing is chosen: all of them are *doubtful*, and a
person decides (`Matches.choose`). Everything goes through tables of keys, so the time grows with rows plus files and
not with their product; the answer depends on what was given, not on the order of the files.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import pandas as pd

from reddy_lib.errors import RecordingNotFound
from reddy_lib.findings import Finding, finding
from reddy_lib.model import whole_characters
from reddy_lib.recordings.file_names import folded, stem_of, tails
from reddy_lib.recordings.store import Recording
from reddy_lib.spreadsheet.file_names import name_value, values_in
from reddy_lib.spreadsheet.tag_values import cell_text
from reddy_lib.spreadsheet.web_addresses import announced_name, is_web_address

__all__ = ["COLUMNS", "STATUSES", "Matches", "match_recordings"]

STATUSES = ("matched", "missing", "doubtful", "none", "left over")
COLUMNS = (
    "row",
    "status",
    "how",
    "recording",
    "place",
    "key",
    "filename",
    "conversation_id",
    "candidates",
    "why",
)
SHOWN = 5
"""Names of candidates that a doubtful row lists; `why` tells how many there are."""

_DEEPEST = 6  # folders of a path that are compared
_WIDEST = 24  # pieces of an id that are looked for in names
_PIECE = re.compile(r"[^\W_]+")

_EXACT, _FOLDED, _STEM = "file name", "file name in another spelling", "file name without its ending"
_ID, _PATTERN, _HAND, _ADDRESS = "conversation id", "pattern", "by hand", "web address"


class _Row(NamedTuple):
    row: int
    filename: str  # for people: of a web address the name alone
    conversation_id: str
    cell: str = ""  # what is compared


class _Found(NamedTuple):
    """What a row came to: recordings by their position, and the way. Rows that come to the same ones share the list:
    a hundred thousand rows that all name "audio.wav" are then no more work than a hundred thousand others."""

    how: str
    candidates: Sequence[int]


_NOTHING = _Found("", ())


class Matches:
    """Rows and recordings, as far as they are brought together. Never changed: `choose` gives a new one.

    Attributes:
        table: one line a row, in the order of the rows, then one a recording that is left over. Columns: row (Int64, NA for
            what is left over), status ("matched", "missing": the sheet names one that is not there, "doubtful", "none":
            the sheet names none and none was found, "left over"), how, recording (its name), place, key, filename
            (the sheet's), conversation_id, candidates (tuple of at most 5 names), why (a sentence).
        recordings: all recordings, in the order of their names.
        choices: what was chosen by hand: row → recording, None for "none of them".
        addressed: what was fetched for a row from its own web address: row → recording.
    """

    def __init__(
        self,
        rows: Sequence[_Row],
        recordings: Sequence[Recording],
        found: Sequence[_Found],
        choices: Mapping[int, Recording | None],
        addressed: Mapping[int, Recording],
    ) -> None:
        self.recordings = list(recordings)
        self.choices, self.addressed = dict(choices), dict(addressed)
        self._rows, self._found = rows, found
        self.table, self._matched = _settled(rows, self.recordings, found, self.choices, self.addressed)

    def __repr__(self) -> str:
        counts = ", ".join(f"{count:,} {status}" for status, count in self.counts().items() if count)
        return f"<Matches {len(self._rows):,} rows × {len(self.recordings):,} recordings · {counts or 'nothing'}>"

    def _repr_html_(self) -> str:
        html: str = self.table.to_html(max_rows=20, notebook=True)
        return html

    def counts(self) -> dict[str, int]:
        """status → number of lines of the table; all statuses, in their order."""
        counted = Counter(self.table["status"])
        return {status: counted[status] for status in STATUSES}

    def recording(self, row: int) -> Recording | None:
        """The recording of a row, where it is certain."""
        return self._matched.get(row)

    def choose(self, choices: Mapping[int, Recording | str | None]) -> Matches:
        """The same with choices made by hand: row → recording, its key or its name; None: the row has none of them.

        They come before everything that was found, and are kept beside earlier ones. A recording that is chosen for one row
        is no candidate of any other. Chosen for two rows, it is doubtful for both.

        Raises RecordingNotFound: there is no such row or recording, or two recordings have that name.
        """
        known = {one.row for one in self._rows}
        by_text: dict[str, set[int]] = defaultdict(set)
        for position, recording in enumerate(self.recordings):
            by_text[recording.name].add(position)
            by_text[recording.key].add(position)
        merged = dict(self.choices)
        for row, choice in choices.items():
            if row not in known:
                raise RecordingNotFound(
                    f"There is no row {row} in this sheet: choose for one that is listed."
                )
            if isinstance(choice, str):
                positions = by_text.get(choice, set())
                if len({self.recordings[position].key for position in positions}) != 1:
                    many = "Two recordings are" if positions else "No recording is"
                    raise RecordingNotFound(f"{many} called {choice}: choose one by its key.")
                choice = self.recordings[min(positions)]
            elif choice is not None and choice not in self.recordings:
                raise RecordingNotFound(f"The recording {choice.name} is not among those that were matched.")
            merged[row] = choice
        return Matches(self._rows, self.recordings, self._found, merged, self.addressed)

    def findings(self) -> Iterator[Finding]:
        """One finding for each row that is missing its recording, or doubtful; with its row."""
        frame = self.table
        for row, status, filename, why in zip(
            frame["row"], frame["status"], frame["filename"], frame["why"], strict=True
        ):
            if status in ("missing", "doubtful"):
                said = finding(f"recording-{status}", "filename", why, value=filename)
                yield Finding(
                    code=said.code, field=said.field, message=said.message, row=int(row), value=said.value
                )


def match_recordings(
    rows: pd.DataFrame,
    recordings: Iterable[Recording | str],
    *,
    pattern: str | None = None,
    timezone: str = "UTC",
    addressed: Mapping[int, Recording] | None = None,
) -> Matches:
    """Brings recordings and rows together.

    `rows`: a frame whose index is the row numbers (or with a column `row`), with `filename` and `conversation_id` where
    the sheet has them, and a column for each value of the pattern (`agent_email`, …; for its date and time `timestamp`:
    seconds since the epoch, or text as the name has it). `recordings`: what the places list, or bare names.
    `pattern`: as in `spreadsheet.file_names`, "{conversation_id}_{agent_email}.wav"; its date and time are in `timezone`.
    `addressed`: row → the recording that its own web address led to; comes before every way, and what came so for one
    row is no candidate of a row with another cell.

    Raises MappingError: the pattern cannot be read. ValueError: the frame's row numbers are not numbers, each its own.
    """
    listed = sorted(
        {Recording("name", one, one) if isinstance(one, str) else one for one in recordings},
        key=lambda one: (one.name, one.place, one.key),
    )
    lines = _rows_of(rows)
    by_name, by_id = _ByName(listed), _by_id(lines, listed)
    by_pattern = _by_pattern(rows, listed, pattern, timezone) if pattern else {}
    found: list[_Found] = []
    for position, line in enumerate(lines):
        one = by_name.find(line.cell) if line.cell else _NOTHING
        if not one.candidates:
            one = by_id.get(line.row, _NOTHING)
        if not one.candidates:
            one = by_pattern.get(position, _NOTHING)
        found.append(one)
    return Matches(lines, listed, found, {}, addressed or {})


def _rows_of(rows: pd.DataFrame) -> list[_Row]:
    numbers = rows["row"] if "row" in rows.columns else rows.index
    try:
        keys = [int(number) for number in numbers]
    except (TypeError, ValueError):
        raise ValueError("the index of the frame, or its column “row”, must be row numbers") from None
    if len(set(keys)) < len(keys):
        raise ValueError("each row number may stand in the frame once")
    return [
        _Row(row, announced_name(cell), text, cell.partition("?")[0] if is_web_address(cell) else cell)
        for row, cell, text in zip(
            keys, _texts(rows, "filename"), _texts(rows, "conversation_id"), strict=True
        )
    ]


def _texts(rows: pd.DataFrame, column: str) -> list[str]:
    if column not in rows.columns:
        return [""] * len(rows)
    return [
        "" if cell is None or cell is pd.NA or cell != cell else whole_characters(cell_text(cell).strip())
        for cell in rows[column].tolist()
    ]


# --- by the file's name ------------------------------------------------------------------------------------


class _ByName:
    """Every end of every recording's path → the recordings that have it."""

    def __init__(self, recordings: Sequence[Recording]) -> None:
        self._levels: list[tuple[str, _Index]] = [(_EXACT, _Index()), (_FOLDED, _Index()), (_STEM, _Index())]
        for position, recording in enumerate(recordings):
            for parts in tails(recording.name)[:1] or [(recording.name,)]:
                for how, index in self._levels:
                    index.add(_spelled(parts, how), position)

    def find(self, filename: str) -> _Found:
        ways = tails(filename)
        for how, index in self._levels:
            for parts in ways:
                positions = index.get(_spelled(parts, how))
                if positions:
                    return _Found(how, positions)
        return _NOTHING


def _spelled(parts: tuple[str, ...], how: str) -> list[str]:
    """The path from its file name upwards, in the spelling of a way."""
    written = list(parts[-1 - _DEEPEST :])
    if how == _STEM:
        written[-1] = stem_of(written[-1])
    if how != _EXACT:
        written = [folded(part) for part in written]
    return written[::-1]


class _Index:
    def __init__(self) -> None:
        self._ends: dict[tuple[str, ...], list[int]] = {}

    def add(self, upwards: list[str], position: int) -> None:
        for length in range(1, len(upwards) + 1):
            self._ends.setdefault(tuple(upwards[:length]), []).append(position)

    def get(self, upwards: list[str]) -> list[int]:
        """Those that share the longest end."""
        for length in range(len(upwards), 0, -1):
            found = self._ends.get(tuple(upwards[:length]))
            if found is not None:
                return found
        return []


# --- by the conversation id --------------------------------------------------------------------------------


def _pieces(text: str) -> tuple[list[str], list[str]]:
    """Letters and digits in runs, and what stands between them (one more: before the first, …, behind the last)."""
    pieces: list[str] = []
    between: list[str] = []
    end = 0
    for found in _PIECE.finditer(text):
        between.append(text[end : found.start()])
        pieces.append(found[0])
        end = found.end()
    between.append(text[end:])
    return pieces, between


def _by_id(lines: Sequence[_Row], recordings: Sequence[Recording]) -> dict[int, _Found]:
    """row → the recordings in whose names its id stands."""
    rows_of: dict[tuple[str, ...], list[int]] = defaultdict(list)
    for line in lines:
        pieces = tuple(_pieces(folded(line.conversation_id))[0])
        if 0 < len(pieces) <= _WIDEST:
            rows_of[pieces].append(line.row)
    if not rows_of:
        return {}
    widths = sorted({len(pieces) for pieces in rows_of}, reverse=True)
    hits: dict[tuple[str, ...], list[int]] = defaultdict(list)
    for position, recording in enumerate(recordings):
        base = re.split(r"[/\\]", recording.name)[-1]
        pieces_list, between = _pieces(folded(stem_of(base)))
        pieces = tuple(pieces_list)
        taken: list[tuple[int, int]] = []
        seen: set[tuple[str, ...]] = set()
        for width in widths:  # the widest first: what stands inside of one is a part of a longer id
            for start in range(len(pieces) - width + 1):
                piece = pieces[start : start + width]
                if piece not in rows_of or any(a <= start and start + width <= b for a, b in taken):
                    continue
                if _joined(pieces, between, start - 1, start) or _joined(
                    pieces, between, start + width, start + width
                ):
                    continue
                taken.append((start, start + width))
                if piece not in seen:
                    seen.add(piece)
                    hits[piece].append(position)
    return {row: _Found(_ID, positions) for pieces, positions in hits.items() for row in rows_of[pieces]}


def _joined(pieces: tuple[str, ...], between: list[str], neighbour: int, gap: int) -> bool:
    """Is the neighbour joined by "-" alone, and does it have a digit, as the pieces of an id do?"""
    return (
        0 <= neighbour < len(pieces)
        and between[gap] == "-"
        and any(character.isdigit() for character in pieces[neighbour])
    )


# --- by a pattern ------------------------------------------------------------------------------------------


def _by_pattern(
    rows: pd.DataFrame, recordings: Sequence[Recording], pattern: str, timezone: str
) -> dict[int, _Found]:
    """position of the row → the recordings whose values are the row's."""
    names = values_in(pattern)
    moment = bool({"date", "time", "timestamp"} & set(names))
    fields = [name for name in names if name not in ("date", "time", "timestamp")]
    used = [field for field in fields if field in rows.columns]
    if moment and "timestamp" in rows.columns:
        used.append("timestamp")
    else:
        moment = False
    if not used:
        return {}
    columns = [_texts(rows, field) for field in used]
    zone = ZoneInfo(timezone)
    files: dict[tuple[str, ...], list[int]] = defaultdict(list)
    for number, recording in enumerate(recordings):
        base = re.split(r"[/\\]", recording.name)[-1]
        values = [name_value(pattern, field, base) for field in used]
        if all(values):
            texts = [str(value) for value in values]
            when = _utc(texts.pop(), zone) if moment else ""
            files[(*map(folded, texts), when)].append(number)
    found: dict[int, _Found] = {}
    shared: dict[tuple[tuple[str, ...], ...], list[int]] = {}
    for position, cells in enumerate(zip(*columns, strict=True)):
        if not all(cells):
            continue
        plain = tuple(folded(cell) for cell in (cells[:-1] if moment else cells))
        written = _moments(cells[-1], zone) if moment else [""]
        keys = tuple(key for when in written if (key := (*plain, when)) in files)
        if len(keys) == 1:
            found[position] = _Found(_PATTERN, files[keys[0]])
        elif keys:
            if keys not in shared:
                shared[keys] = sorted({number for key in keys for number in files[key]})
            found[position] = _Found(_PATTERN, shared[keys])
    return found


def _moments(cell: str, zone: ZoneInfo) -> list[str]:
    """A row's time in the forms that a name may have: a day, to the minute, to the second; and as it is written."""
    try:
        local = datetime.fromtimestamp(float(cell), UTC).astimezone(zone)
    except (ValueError, OverflowError, OSError):
        return [cell]
    return [f"{local:%Y-%m-%d}", f"{local:%Y-%m-%d %H:%M}", f"{local:%Y-%m-%d %H:%M:%S}"]


def _utc(text: str, zone: ZoneInfo) -> str:
    """A name's time with "Z" behind it is UTC: brought to the zone of the rest."""
    if not text.endswith("Z"):
        return text
    plain = text[:-1]
    for form in ("%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M"):
        try:
            return datetime.strptime(plain, form).replace(tzinfo=UTC).astimezone(zone).strftime(form)
        except ValueError:
            continue
    return plain


# --- settling ----------------------------------------------------------------------------------------------


def _settled(
    rows: Sequence[_Row],
    recordings: Sequence[Recording],
    found: Sequence[_Found],
    choices: Mapping[int, Recording | None],
    addressed: Mapping[int, Recording],
) -> tuple[pd.DataFrame, dict[int, Recording]]:
    chosen = {(one.place, one.key) for one in choices.values() if one is not None}
    fetched = set(addressed.values())
    places = [(one.place, one.key) for one in recordings]
    claims: dict[tuple[str, str], list[int]] = defaultdict(list)
    certain: dict[int, tuple[str, Recording]] = {}
    open_ones: dict[int, list[int]] = {}
    touched: set[tuple[str, str]] = set()
    free_ones: dict[
        int, tuple[list[int], bool]
    ] = {}  # by the identity of a shared list: `found` keeps them all alive
    for line, one in zip(rows, found, strict=True):
        if line.row in choices:
            choice = choices[line.row]
            if choice is not None:
                certain[line.row] = _HAND, choice
                claims[choice.place, choice.key].append(line.row)
            continue
        if (
            line.row in addressed
        ):  # claims nothing: another row may have the same address, and so the same recording
            certain[line.row] = _ADDRESS, addressed[line.row]
            continue
        known = free_ones.get(id(one.candidates))
        if known is None:
            free = [
                position
                for position in one.candidates
                if places[position] not in chosen and recordings[position] not in fetched
            ]
            here = {places[position] for position in free}
            touched |= here
            known = free_ones[id(one.candidates)] = free, len(here) == 1
        free, single = known
        if single:  # one file that came under two names is one recording
            certain[line.row] = one.how, recordings[free[0]]
            claims[places[free[0]]].append(line.row)
        elif free:
            open_ones[line.row] = free
    table: dict[str, list[Any]] = {column: [] for column in COLUMNS}
    matched: dict[int, Recording] = {}

    def put(
        line: _Row | None, status: str, how: str, recording: Recording | None, names: Iterable[str], why: str
    ) -> None:
        values = (
            line.row if line else None, status, how, recording.name if recording else "",
            recording.place if recording else "", recording.key if recording else "", line.filename if line else "",
            line.conversation_id if line else "", tuple(names), why,
        )  # fmt: skip
        for column, value in zip(COLUMNS, values, strict=True):
            table[column].append(value)

    for line, one in zip(rows, found, strict=True):
        if line.row in certain:
            how, recording = certain[line.row]
            place = (recording.place, recording.key)
            touched.add(place)
            others = claims[place]
            if how == _ADDRESS or len(others) == 1:
                matched[line.row] = recording
                put(line, "matched", how, recording, (), "")
            else:
                shown = ", ".join(str(row) for row in others[:SHOWN]) + (" …" if len(others) > SHOWN else "")
                why = f"The recording {recording.name} is that of {len(others):,} rows ({shown}): it can belong to one."
                put(line, "doubtful", how, None, (recording.name,), why)
        elif line.row in open_ones:
            free = open_ones[line.row]
            names = [recordings[position].name for position in free[:SHOWN]]
            more = " …" if len(free) > len(names) else ""
            why = f"{len(free):,} recordings fit by {one.how}: {', '.join(names)}{more}."
            put(line, "doubtful", one.how, None, names, why)
        elif line.row in choices:
            put(line, "none", _HAND, None, (), "")
        elif line.filename:
            why = f"The recording {line.filename[:200]} is not among the {len(recordings):,} that are there."
            put(line, "missing", "", None, (), why)
        else:
            put(line, "none", "", None, (), "")
    for recording, place in zip(recordings, places, strict=True):
        if place not in touched:
            put(None, "left over", "", recording, (), "No row comes to this recording.")
    frame = pd.DataFrame(table, columns=list(COLUMNS))
    return frame.astype({"row": "Int64"}), matched
