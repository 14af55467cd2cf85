"""Match recordings to the rows of a sheet, and say how each match was found.

What was downloaded from the web address in a row's own cell belongs to that row (`addressed`), whatever its name; two
rows with the same address have the same recording. Otherwise there are three ways, the most certain first. A row takes
the first way that finds anything:

1. by the *file name* in the sheet: as written; else ignoring case and percent-escapes; else without its ending. Of a
   path, as many folders from its end as match. Drive, server and root belong to another machine and never count.
2. by the *conversation id* in the name of a file, as a whole: bounded by the name's ends or by characters that are
   neither letters nor digits, and not joined by "-" to a piece with digits, which would make it a part of a longer id.
   Inside a longer id of another row it does not count either.
3. by a *pattern* (`spreadsheet.file_names`): every value that the pattern takes from the name equals the row's.

Where a way finds two recordings, or two rows find the same one, nothing is chosen: all of them are *doubtful*, and a
person decides (`Matches.choose`). All of it uses tables of keys, so the time grows with rows plus files, not with their
product. The result does not depend on the order of the files.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import NamedTuple
from zoneinfo import ZoneInfo

import pandas as pd

import reddy_lib.arguments as arguments
from reddy_lib.errors import RecordingNotFound
from reddy_lib.findings import Finding, finding
from reddy_lib.model import whole_characters
from reddy_lib.recordings.file_names import folded, stem_of, tails
from reddy_lib.recordings.store import Recording
from reddy_lib.spreadsheet.cells.tag_values import cell_text
from reddy_lib.spreadsheet.cells.web_addresses import announced_name, is_web_address
from reddy_lib.spreadsheet.file_names import name_value, values_in

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
"""Number of candidates that a doubtful row lists; `why` says how many there are."""

_DEEPEST = 6  # folders of a path that are compared
_WIDEST = 24  # pieces of an id that are looked for in names
_PIECE = re.compile(r"[^\W_]+")

_EXACT, _FOLDED, _STEM = "file name", "file name in another spelling", "file name without its ending"
_ID, _PATTERN, _HAND, _ADDRESS = "conversation id", "pattern", "by hand", "web address"


class _Row(NamedTuple):
    row: int
    filename: str  # for people: only the name of a URL
    conversation_id: str
    cell: str = ""  # for comparing


class _Found(NamedTuple):
    """The recordings that a row may have, by position, and how they were found. Rows with the same candidates share one
    list, so that a hundred thousand rows that all name "audio.wav" take no more time than others."""

    how: str
    candidates: Sequence[int]


_NOTHING = _Found("", ())


class Matches:
    """Rows and their recordings. Immutable: `choose` returns a new one.

    Attributes:
        table: a line for each row, in order, then a line for each recording without a row. Columns: row (Int64, NA for a
            recording without one), status ("matched"; "missing": the recording in the sheet does not exist; "doubtful";
            "none": the sheet names none, and none was found; "left over": no row has this recording), how, recording (its
            name), place, key, filename (in the sheet), conversation_id, candidates (tuple of at most 5 names), why (a
            sentence).
        recordings: all recordings, sorted by name.
        choices: made by hand: row → recording, or None for "none of them".
        addressed: downloaded from a row's own web address: row → recording.
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
        """Return status → number of lines of the table, for all of `STATUSES`."""
        counted = Counter(self.table["status"])
        return {status: counted[status] for status in STATUSES}

    def recording(self, row: int) -> Recording | None:
        """Return the recording of a row, or None if it is not certain."""
        return self._matched.get(row)

    def choose(self, choices: Mapping[int, Recording | str | None]) -> Matches:
        """Return these matches with choices made by hand: row → recording, its key or its name; None: none of them.

        Choices take precedence over everything that was found, and are added to earlier ones. A recording that was chosen
        for one row is no longer a candidate for others. If it was chosen for two rows, it is doubtful for both.

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
                raise RecordingNotFound(f"There is no row {row} in this sheet: choose one that is listed.")
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
        """Yield a finding for each row whose recording is missing or doubtful."""
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
    """Match recordings to rows.

    Args:
        rows: a frame whose index is the row numbers (or with a column `row`), with `filename` and `conversation_id` if the
            sheet has them, and a column for each value of the pattern (`agent_email`, …; for its date and time,
            `timestamp`: seconds since the epoch, or text as in the name).
        recordings: as a store or a folder lists them, or only names.
        pattern: as in `spreadsheet.file_names`, "{conversation_id}_{agent_email}.wav".
        timezone: of the date and time in the pattern.
        addressed: row → the recording downloaded from the row's own web address. It takes precedence over all other ways,
            and is not a candidate for rows with another cell.

    Raises:
        MappingError: the pattern cannot be read.
        TypeError: `rows` is not a frame, or `recordings` not a list.
        ValueError: the frame's row numbers are not numbers, or not unique.
    """
    arguments.frame(rows, "rows")
    if isinstance(recordings, str | bytes) or not isinstance(recordings, Iterable):
        raise TypeError(
            "recordings must be a list of names, or the list that a RecordingStore or RecordingFolder returns."
        )
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
        raise ValueError("each row number must be unique in the frame")
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
    """An index from every end of every recording's path to the recordings that have it."""

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
    """Return the path from its file name upwards, in the spelling that `how` compares."""
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
        """Return the recordings that share the longest end."""
        for length in range(len(upwards), 0, -1):
            found = self._ends.get(tuple(upwards[:length]))
            if found is not None:
                return found
        return []


# --- by the conversation id --------------------------------------------------------------------------------


def _pieces(text: str) -> tuple[list[str], list[str]]:
    """Return the runs of letters and digits, and what is before, between and after them (one more)."""
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
    """Return row → the recordings whose names contain its id."""
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
        for width in widths:  # the widest first: a match inside another one is a part of a longer id
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
    """Return whether the neighbour is joined by "-" alone and has a digit, so that it is a piece of the same id."""
    return (
        0 <= neighbour < len(pieces)
        and between[gap] == "-"
        and any(character.isdigit() for character in pieces[neighbour])
    )


# --- by a pattern ------------------------------------------------------------------------------------------


def _by_pattern(
    rows: pd.DataFrame, recordings: Sequence[Recording], pattern: str, timezone: str
) -> dict[int, _Found]:
    """Return position of the row → the recordings whose names have the row's values."""
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
    """Return a row's time in the forms that a name may have: to the day, minute and second; or as it is written."""
    try:
        local = datetime.fromtimestamp(float(cell), UTC).astimezone(zone)
    except (ValueError, OverflowError, OSError):
        return [cell]
    return [f"{local:%Y-%m-%d}", f"{local:%Y-%m-%d %H:%M}", f"{local:%Y-%m-%d %H:%M:%S}"]


def _utc(text: str, zone: ZoneInfo) -> str:
    """Convert a name's time with a "Z", which is UTC, to the zone of the other times."""
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


class _Claims(NamedTuple):
    """What rows claim.

    Attributes:
        certain: row → how it was matched, and its recording.
        undecided: row → positions of the recordings that fit it.
        rows_of: place of a recording → the rows that claim it.
        touched: places of recordings that some row may have.
    """

    certain: dict[int, tuple[str, Recording]]
    undecided: dict[int, list[int]]
    rows_of: Mapping[_Place, list[int]]
    touched: set[_Place]


def _claims(
    rows: Sequence[_Row],
    recordings: Sequence[Recording],
    found: Sequence[_Found],
    choices: Mapping[int, Recording | None],
    addressed: Mapping[int, Recording],
) -> _Claims:
    chosen = {_place(one) for one in choices.values() if one is not None}
    fetched = set(addressed.values())
    places = [_place(one) for one in recordings]
    rows_of: dict[_Place, list[int]] = defaultdict(list)
    certain: dict[int, tuple[str, Recording]] = {}
    undecided: dict[int, list[int]] = {}
    touched: set[_Place] = set()
    # Many rows share one list of candidates, so each list is filtered once. `found` keeps the lists, and so their
    # ids, alive.
    filtered: dict[int, tuple[list[int], bool]] = {}
    for line, one in zip(rows, found, strict=True):
        if line.row in choices:
            choice = choices[line.row]
            if choice is not None:
                certain[line.row] = _HAND, choice
                rows_of[_place(choice)].append(line.row)
            continue
        if line.row in addressed:
            # This claims nothing: another row may have the same address, and so the same recording.
            certain[line.row] = _ADDRESS, addressed[line.row]
            continue
        known = filtered.get(id(one.candidates))
        if known is None:
            free = [
                position
                for position in one.candidates
                if places[position] not in chosen and recordings[position] not in fetched
            ]
            here = {places[position] for position in free}
            touched |= here
            known = filtered[id(one.candidates)] = free, len(here) == 1
        free, single = known
        if single:  # a file with two names is one recording
            certain[line.row] = one.how, recordings[free[0]]
            rows_of[places[free[0]]].append(line.row)
        elif free:
            undecided[line.row] = free
    touched.update(_place(recording) for _, recording in certain.values())
    return _Claims(certain, undecided, rows_of, touched)


def _settled(
    rows: Sequence[_Row],
    recordings: Sequence[Recording],
    found: Sequence[_Found],
    choices: Mapping[int, Recording | None],
    addressed: Mapping[int, Recording],
) -> tuple[pd.DataFrame, dict[int, Recording]]:
    """Return the table of `Matches`, and row → recording of those that are matched."""
    claims = _claims(rows, recordings, found, choices, addressed)
    matched: dict[int, Recording] = {}
    lines: list[_Line] = []
    for line, one in zip(rows, found, strict=True):
        settled = _line(line, one, claims, recordings, by_hand=line.row in choices)
        lines.append(settled)
        if settled.recording is not None:
            matched[line.row] = settled.recording
    lines += [
        _Line(None, "left over", "", recording, (), "No row has this recording.")
        for recording in recordings
        if _place(recording) not in claims.touched
    ]
    values = [
        (
            one.row.row if one.row else None,
            one.status,
            one.how,
            *(
                (one.recording.name, one.recording.place, one.recording.key)
                if one.recording
                else ("", "", "")
            ),
            one.row.filename if one.row else "",
            one.row.conversation_id if one.row else "",
            one.candidates,
            one.why,
        )
        for one in lines
    ]
    columns = zip(*values, strict=True) if values else ((),) * len(COLUMNS)
    frame = pd.DataFrame({name: list(column) for name, column in zip(COLUMNS, columns, strict=True)})
    return frame.astype({"row": "Int64"}), matched


class _Line(NamedTuple):
    """A line of the table of `Matches`; `row` None: of a recording without a row."""

    row: _Row | None
    status: str
    how: str
    recording: Recording | None
    candidates: tuple[str, ...]
    why: str


def _line(
    line: _Row, found: _Found, claims: _Claims, recordings: Sequence[Recording], *, by_hand: bool
) -> _Line:
    if line.row in claims.certain:
        how, recording = claims.certain[line.row]
        others = claims.rows_of.get(_place(recording), [])
        if how == _ADDRESS or len(others) == 1:
            return _Line(line, "matched", how, recording, (), "")
        shown = ", ".join(str(row) for row in others[:SHOWN]) + (" …" if len(others) > SHOWN else "")
        why = f"{len(others):,} rows ({shown}) match the recording {recording.name}, which can belong to only one of them."
        return _Line(line, "doubtful", how, None, (recording.name,), why)
    if line.row in claims.undecided:
        free = claims.undecided[line.row]
        names = [recordings[position].name for position in free[:SHOWN]]
        more = " …" if len(free) > len(names) else ""
        why = f"{len(free):,} recordings match by {found.how}: {', '.join(names)}{more}."
        return _Line(line, "doubtful", found.how, None, tuple(names), why)
    if by_hand:
        return _Line(line, "none", _HAND, None, (), "")
    if line.filename:
        why = f"No recording named {line.filename[:200]} was found ({len(recordings):,} searched)."
        return _Line(line, "missing", "", None, (), why)
    return _Line(line, "none", "", None, (), "")


_Place = tuple[str, str]


def _place(recording: Recording) -> _Place:
    return recording.place, recording.key
