"""What a file tells beside its cells: findings of its reader (`frame.attrs["notes"]`), and lost digits of ids."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

from reddy_lib.findings import Finding, finding
from reddy_lib.spreadsheet.cells.tag_values import cell_text
from reddy_lib.spreadsheet.formats import SheetFormat
from reddy_lib.spreadsheet.reading.encodings import is_mixed
from reddy_lib.spreadsheet.reading.error_cells import Hidden
from reddy_lib.spreadsheet.reading.headers import column_letter
from reddy_lib.spreadsheet.reading.wrong_marks import is_wrongly_marked, own_encoding

__all__ = [
    "Notes",
    "encoding_note",
    "file_notes",
    "hidden_note",
    "id_digits",
    "left_lines",
    "merged_notes",
    "notes_before",
    "rows_above",
    "tag_digits",
]

Notes = dict[int, list[Finding]]
"""Row → findings of the reader that belong to it."""

_SCIENTIFIC = re.compile(r"[+-]?\d(?:[.,]\d+)?[eE]\+\d{1,3}")
_SHORTENED = 11
"""From this exponent on, programs shorten a whole number because it is long; below, a person or a program wrote it so."""
_EXACT_DIGITS = 15
_WHOLE = re.compile(r"[0-9]+\.0")
_ROUNDED_OFF = "0000"
"""One exact id in ten thousand ends so, and every id that was read from a shortened number (1.23457E+15) does."""
_ROUNDED = (
    "is a decimal number that ends in zeros: it was probably rounded before, and its last digits are lost"
)
_EXACT_FLOAT = 2**53
"""From here on, two whole numbers can be the same decimal number."""


def notes_before(notes: dict[int, list[Finding]], row: int | None) -> list[Finding]:
    """Take the findings of the rows before a row out of the notes; of all rows if it is None."""
    here = [each for each in notes if row is None or each < row]
    return [one for each in here for one in notes.pop(each)]


def merged_notes(pieces: Iterable[Mapping[int, list[Finding]]]) -> Notes:
    """Return the notes of several pieces of a table in one."""
    return {row: list(found) for piece in pieces for row, found in piece.items()}


def id_digits(cell: object, *, excel: bool) -> list[Finding]:
    """Return a finding where an id is a number whose last digits a spreadsheet program or a decimal number rounded off.

    Such an id is held. A number of 16 digits that a decimal number can hold, and that was not rounded to 15, only warns.
    """
    text, why = _lost_digits(cell, excel=excel)
    if not why:
        text, why = _rounded_before(cell)
    if why:
        return [finding("id-digits-lost", "conversation_id", f"The id {text!r} {why}.", value=text)]
    if excel and type(cell) is int and abs(cell) >= 10**_EXACT_DIGITS:
        stored = (
            f"is stored as a number of {len(str(abs(cell)))} digits, of which Excel keeps {_EXACT_DIGITS}"
        )
        message = f"The id {str(cell)!r} {stored}: its last digits may be wrong."
        return [finding("id-digits-rounded", "conversation_id", message, value=cell)]
    return []


def tag_digits(name: str, number: int, cell: object, *, excel: bool) -> list[Finding]:
    """Return a finding where a tag is a number whose last digits are lost, as `id_digits` does. `number`: of the tag."""
    text, why = _lost_digits(cell, excel=excel)
    if not why or (isinstance(cell, str) and int(text.upper().rpartition("E")[2]) < _SHORTENED):
        return []
    return [finding("tag-digits-lost", "tags", f"Tag {name!r}: {text!r} {why}.", line=number, value=text)]


def _lost_digits(cell: object, *, excel: bool) -> tuple[str, str]:
    """Return a number as text, and why its last digits are lost; "" where they are not."""
    if isinstance(cell, str):
        text = cell.strip()
        shortened = "+" in text and _SCIENTIFIC.fullmatch(text)
        why = "is a number that a spreadsheet program shortened: its last digits are lost"
        return text, why if shortened else ""
    if excel and type(cell) is int and abs(cell) >= 10**_EXACT_DIGITS:
        shown = str(abs(cell))
        stored = f"is stored as a number of {len(shown)} digits, of which Excel keeps {_EXACT_DIGITS}: its last digits"
        lost = abs(cell) >= _EXACT_FLOAT or not shown[_EXACT_DIGITS:].strip("0")
        return str(cell), f"{stored} are lost" if lost else ""
    if isinstance(cell, float) and cell.is_integer() and abs(cell) >= _EXACT_FLOAT:
        kept = f"is stored as a decimal number, which keeps {_EXACT_DIGITS} digits: its last digits are lost"
        return cell_text(cell), kept
    return "", ""


def _rounded_before(cell: object) -> tuple[str, str]:
    """Return a decimal number that has more digits than a spreadsheet program keeps, as text, if the last are zeros,
    and what that tells; "" for any other cell."""
    if isinstance(cell, str):
        text = cell.strip()
        digits = text[:-2] if text.endswith(".0") and _WHOLE.fullmatch(text) else ""
    elif isinstance(cell, float) and abs(cell) < _EXACT_FLOAT and cell.is_integer():
        text = digits = str(abs(int(cell)))
    else:
        return "", ""
    return (text, _ROUNDED) if len(digits) > _EXACT_DIGITS and digits.endswith(_ROUNDED_OFF) else ("", "")


_REBUILT = {
    "quoted rows": "Each row was quoted as a whole, in one cell: it was split into columns.",
    "aligned": "The columns of this text are separated by spaces alone: a value that is too long for its column is cut.",
    "forms": (
        "Each row of the sheet is a label and its value, and the calls follow one another: each call was read as one row."
    ),
    "sections": "Rows above groups of calls say what each group has in common: these values were read as a column.",
    "report": "The text is a report of labels and values in blocks: each block was read as a row.",
}


def file_notes(format: SheetFormat, names: Sequence[str], hidden: Hidden) -> list[tuple[int, Finding]]:
    """Return what is to be said of a table as a whole, as (0, finding): it belongs to the first row."""
    found: list[Finding] = []
    if format.turned:
        found.append(
            finding(
                "table-rebuilt",
                "row",
                f"The table has its names in the first column: its {len(names)} rows were read as columns, and each "
                "column as a row.",
            )
        )
    if is_mixed(format.encoding):
        most, _, others = str(format.encoding).partition(" or ")
        found.append(
            finding(
                "table-rebuilt",
                "row",
                f"The lines of the file are of two encodings: most are {most}, and those that are not were read as "
                f"{others}.",
                value=format.encoding,
            )
        )
    if is_wrongly_marked(format.encoding):
        read, _, mark = str(format.encoding).partition(" after the mark of ")
        read = read.upper() if read.startswith("utf") else read
        whose = "another byte order" if read.startswith("UTF-16") and mark == "utf-16" else mark.upper()
        found.append(
            finding(
                "table-rebuilt",
                "row",
                f"The byte order mark of the file says {whose}, but its text is {read}, and was read as such.",
                value=format.encoding,
            )
        )
    if format.form in _REBUILT:
        found.append(finding("table-rebuilt", "row", _REBUILT[format.form]))
    if not format.header_row:
        found.append(
            finding(
                "header-missing",
                "row",
                "No row holds the names of the columns: the first row was read as a call.",
            )
        )
    if format.beside:
        beside = ", ".join(repr(name) for name in names[format.beside : format.beside + 8])
        found.append(
            finding(
                "table-beside",
                "row",
                f"To the right, after an empty column, is another table ({beside}). It was not read.",
            )
        )
    if format.alike:
        others = ", ".join(map(repr, format.alike[:10]))
        found.append(
            finding(
                "sheets-alike",
                "row",
                f"Sheet {format.sheet!r} was read. Other sheets have the same columns and were not read: {others}.",
                value=", ".join(format.alike),
            )
        )
    if format.unread:
        others = "; ".join(map(repr, format.unread[:10])) + ("; …" if len(format.unread) > 10 else "")
        found.append(
            finding(
                "table-beside",
                "row",
                f"Other tables or files were found and not read ({len(format.unread)}): {others}.",
            )
        )
    shown = [column for column in hidden.columns if column <= len(names)]
    if shown:
        listed = ", ".join(f"{column_letter(column)} ({names[column - 1]})" for column in shown[:10])
        found.append(
            finding(
                "columns-hidden", "row", f"These columns are hidden in the workbook and were read: {listed}."
            )
        )
    return [(0, one) for one in found]


_WORD = re.compile(r"[^\W\d_][\w’']*|[^\x00-\x7f]+")
_SHOWN = 3


def encoding_note(number: int, format: SheetFormat, cells: Iterable[object]) -> Finding:
    """Return the finding for a row whose text may be in another encoding, with words that differ in it."""
    encoding, rival = str(own_encoding(format.encoding)), format.rival
    words = (word for cell in cells for word in _WORD.findall(str(cell)) if not word.isascii())
    pairs: dict[str, str] = {}
    for word in words:
        other = word.encode(encoding, "replace").decode(rival, "replace")
        if other != word:
            pairs[word] = other
        if len(pairs) == _SHOWN:
            break
    shown = "; ".join(f"“{word}” or “{other}”" for word, other in pairs.items())
    message = f"Row {number} was read as {format.encoding}, but may be {rival}" + (
        f": {shown}." if shown else "."
    )
    return finding("encoding-unclear", "row", message, value=rival)


def hidden_note(number: int, hidden: Hidden) -> Finding:
    """Return the finding for a row that the workbook does not show."""
    how = "filtered out" if hidden.filtered else "hidden"
    return finding(
        "row-hidden",
        "row",
        f"Row {number} is {how} in the workbook ({len(hidden.rows):,} in all). It was read anyway.",
    )


def left_lines(lines: Sequence[str]) -> Finding:
    """Return the finding for lines of a report that belong to none of its blocks."""
    listed = "; ".join(dict.fromkeys(line[:80] for line in lines[:200]))[:400]
    return finding(
        "rows-left-out",
        "row",
        f"Lines of the report that belong to no block were left out as page headers ({len(lines):,}): {listed}.",
        value=lines[0],
    )


def rows_above(rows: Sequence[int], header: int) -> Finding:
    """Return the finding for rows above the header that are as wide as it: they may be calls, or the real header."""
    listed = ", ".join(map(str, rows[:10])) + (", …" if len(rows) > 10 else "")
    return finding(
        "rows-left-out",
        "row",
        f"Row {header} was read as the header. Rows above it are as wide as it is and were not read: {listed}.",
        value=str(rows[0]),
    )
