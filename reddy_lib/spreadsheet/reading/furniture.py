"""What stands around a table: header rows in several lines, merged cells, totals, repeated headers, export notes.

Group labels above columns become a part of their names. Rows below the header that are plainly no calls are told
from calls by what they say and where; they are never dropped on the way, only marked with the reason.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from reddy_lib.spreadsheet.reading.headers import header_texts

__all__ = [
    "Region",
    "below_merged",
    "is_blank",
    "is_empty",
    "is_total",
    "joined_names",
    "lines_above",
    "no_call",
]

Region = tuple[tuple[int, int], tuple[int, int]]
"""Merged cells: ((row, column), (row, column)), counted from 0, ends included."""


def is_empty(cell: Any) -> bool:
    """Nothing, or white space alone."""
    return cell is None or (isinstance(cell, str) and not cell.strip())


def is_blank(cells: Sequence[Any]) -> bool:
    """Return whether all cells of a row are empty. Sheets have a million such rows above one stray cell."""
    return (not any(cells) and cells.count("") == len(cells)) or all(map(is_empty, cells))


def _name(cell: Any) -> Any:
    return int(cell) if isinstance(cell, float) and cell.is_integer() and abs(cell) < 1e15 else cell


def below_merged(rows: Sequence[tuple[int, list[Any]]], header: int, merged: Sequence[Region]) -> int:
    """Where the header's own cells are merged downwards, the header ends where they end."""
    for (top, left), (bottom, right) in merged:
        if top == header - 1 and bottom > top and left == right and bottom - top < 8:
            end = max(end for (start, _), (end, _) in merged if start <= header - 1 <= end)
            if any(number > end + 1 for number, _ in rows):
                return end + 1
    return header


def lines_above(rows: Sequence[tuple[int, list[Any]]], header: int, merged: Sequence[Region]) -> int:
    """How many rows, down to the header, make the names: groups of columns stand above their columns."""
    tops = [top for (top, left), (bottom, right) in merged if top < header - 1 <= bottom and left == right]
    if tops:
        return header - min(tops)
    by_number = dict(rows)
    lines = 1
    below = by_number.get(header, [])
    while lines < 4:
        above = by_number.get(header - lines)
        if above is None or not _is_group_line(above, below):
            return lines
        lines += 1
        below = above
    return lines


def _is_group_line(above: Sequence[Any], below: Sequence[Any]) -> bool:
    texts = [str(cell).strip() if not is_empty(cell) else "" for cell in above]
    filled = [text for text in texts if text]
    under = [place for place, cell in enumerate(below) if not is_empty(cell)]
    if len(filled) < 2 or len(filled) >= len(under) or len(set(filled)) < len(filled):
        return False
    if any(len(text) > 40 or text.endswith(":") or any(mark.isdigit() for mark in text) for text in filled):
        return False
    # Each label stands over a filled cell, and at least two of them stand over several.
    places = [place for place, text in enumerate(texts) if text]
    if not set(places) <= set(under):
        return False
    ends = [*places[1:], len(below)]
    wide = sum(
        sum(start <= place < end for place in under) > 1 for start, end in zip(places, ends, strict=True)
    )
    return wide >= 2


def joined_names(lines: Sequence[Sequence[Any]], merged: Sequence[Region], last: int) -> list[str]:
    """Column names from several header rows: "Group / Name". `last`: number of the last of them."""
    width = max(map(len, lines))
    table = [[*line, *[""] * (width - len(line))] for line in lines]
    first = last - len(lines)
    for index, line in enumerate(table[:-1]):
        spans = {
            left: right
            for (top, left), (bottom, right) in merged
            if top <= first + index <= bottom and right > left and top == first + index
        }
        if spans:
            for left, right in spans.items():
                for place in range(left + 1, min(right + 1, width)):
                    line[place] = line[left]
        elif not merged:
            label: Any = ""
            for place in range(width):
                label = line[place] if not is_empty(line[place]) else label
                line[place] = label
    names: list[Any] = []
    for column in zip(*table, strict=True):
        parts = list(
            dict.fromkeys(" ".join(str(_name(cell)).split()) for cell in column if not is_empty(cell))
        )
        names.append(" / ".join(parts))
    return header_texts(names)


_TOTAL_WORDS = """
total|totals|grand total|subtotal|sub-total|sum|average|mean|in total|overall total|summe|gesamtsumme|gesamt|insgesamt|
zwischensumme|durchschnitt|mittelwert|total general|total général|total geral|somme|moyenne|totaal|gemiddelde|totale|
totali|somma|totales|suma|promedio|média|soma|totais|razem|łącznie|ogółem|średnia|celkem|celkově|součet|průměr|spolu|
súčet|összesen|összeg|átlag|итого|всего|сумма|среднее|разом|усього|всього|σύνολο|toplam|ortalama|genel toplam|yhteensä|
keskiarvo|totalt|summa|genomsnitt|i alt|gennemsnit|sum totalt|gjennomsnitt|jumlah|jumlah total|rata-rata|tổng|tổng cộng|
medie|ukupno|skupaj|общо|合計|総計|小計|平均|总计|合计|總計|合計數|합계|총계|평균|
รวม|รวมทั้งหมด|कुल|कुल योग|إجمالي|الإجمالي|المجموع|
סהכ|סה"כ|סך הכל
"""
_WORD_OF_TOTAL = rf"(?:{'|'.join(re.escape(word.strip()) for word in _TOTAL_WORDS.split('|'))})"
_TOTAL = re.compile(rf"{_WORD_OF_TOTAL}(?![^\W\d_]).{{0,30}}", re.IGNORECASE | re.DOTALL)
_TOTAL_ALONE = re.compile(rf"{_WORD_OF_TOTAL}\s*[:=]?", re.IGNORECASE)
_COUNT = re.compile(r"\d[\d.,'\s\u00a0]*[^\W\d_]{1,20}\.?")
"""A number of something: 30 calls, 12 Anrufe, 30件."""
_FIGURE = re.compile(
    r"[\d.,:'%€$£()\s\u00a0+-]+|[A-Za-z]{0,3}\s?\d[\d.,]*\s?[A-Za-z%]{0,3}|#[A-Z0-9/!?]+|[-–—]"
)
_TOTAL_COUNTED = re.compile(
    rf"{_WORD_OF_TOTAL}\s*[:=–—-]?\s*\(?(?:{_COUNT.pattern}|{_FIGURE.pattern})\)?", re.IGNORECASE
)
"""A label with its count in the same cell: "Total: 4 calls", "Summe (12)"."""
_NOTE = re.compile(
    r"(?:this report was |report |data )?(?:exported|generated|printed|downloaded|extracted|created|produced)\b.*|"
    r"report (?:date|run|time|end).*|run (?:date|time|by|on)\b.*|page \d+.*|"
    r"end of (?:the )?(?:report|file|export|data|list).*|"
    r"(?:source|note|notes|quelle|fuente|hinweis|filter|filters|applied filters|disclaimer|legend)\s*:.*|"
    r"(?:erstellt|exportiert|gedruckt|stand)\s+(?:am|vom|:).*|"
    r"(?:exportado|generado|exporté|généré|esportato|geëxporteerd)\b.*|"
    r"(?:rows?|records?|calls?|anzahl|count|lines?)\s*[:=]?\s*\d[\d.,]*|\(?\d[\d.,]*\s+(?:rows?|records?|calls?|filas?|zeilen?)\b.*|"
    r"confidential\b.*|copyright\b.*|©.*|[-=_*#.\s]{3,}",
    re.IGNORECASE | re.DOTALL,
)


_TYPE = re.compile(
    r"(?:var|n?var|long ?)?char(?:acter)?(?: varying)?|string|text|(?:big|small|tiny|long)?int(?:eger)?|number|numeric|"
    r"decimal|float|double|real|bool(?:ean)?|bit|date|time|date ?time2?|timestamp(?:tz)?|uuid|guid|email|json|object|"
    r"enum|array|currency|url|id",
    re.IGNORECASE,
)


def _are_types(record: Sequence[Any]) -> bool:
    """Return whether a row says what the cells of each column are: `varchar(20)`, `timestamp`, `text`."""
    if not _TYPE.fullmatch(str(record[0]).partition("(")[0].strip()):
        return False
    return all(
        isinstance(cell, str) and _TYPE.fullmatch(cell.partition("(")[0].strip()) is not None
        for cell in record
        if not is_empty(cell)
    )


def _is_figure(cell: Any) -> bool:
    """Return whether a cell is a number, an amount or a count, as in a row of totals."""
    if not isinstance(cell, str):
        return True
    return any(form.fullmatch(cell.strip()) for form in (_FIGURE, _COUNT))


def _begins_with_total(record: Sequence[Any]) -> bool:
    first = next((cell for cell in record[:2] if not is_empty(cell)), None)
    if not isinstance(first, str) or not _TOTAL.fullmatch(first.strip()):
        return False
    return all(_is_figure(cell) for cell in record if not is_empty(cell) and cell is not first)


def is_total(record: Sequence[Any]) -> bool:
    """Return whether a record of data is a total: a word for it comes first, and nothing but figures follows."""
    filled = [cell for cell in record if not is_empty(cell)]
    if any(isinstance(cell, list | dict) for cell in filled):
        return False
    if _begins_with_total(record):
        return True
    first = filled[0] if filled else None
    if not isinstance(first, str) or len(filled) < 2 or not _TOTAL_ALONE.fullmatch(first.strip()):
        return False
    return all(map(_is_figure, filled[1:]))


def no_call(record: Sequence[Any], names: Sequence[str], header: Sequence[str]) -> str:
    """Why a row below the header is no call ("" if it may be one): the header again, a total, a note of the export."""
    width = len(names)
    if width > 1 and _begins_with_total(record):
        return "a total"
    if sum(map(bool, record)) > max(2, width // 2):  # most rows: they are looked at no further
        if isinstance(record[0], str) and len(record[0]) < 30 and _are_types(record):
            return "the types of the columns"
        again = (
            str(record[0]).strip() == header[0] and [str(cell).strip() for cell in record[:width]] == header
        )
        return "the header again" if again else ""
    filled = [(place, cell) for place, cell in enumerate(record) if not is_empty(cell)]
    if len(filled) > max(1, width // 2):
        if len(filled) >= 2 and [str(cell).strip() for cell in record[:width]] == header:
            return "the header again"
        return ""
    if not filled:  # its cells hold nothing but spaces
        return ""
    place, first = filled[0]
    labels = (_TOTAL_ALONE, _TOTAL_COUNTED)
    if isinstance(first, str) and len(filled) > 1 and any(one.fullmatch(first.strip()) for one in labels):
        return "a total" if all(_is_figure(cell) for _, cell in filled[1:]) else ""
    if place > 1 or width < 2 or not isinstance(first, str):
        return ""
    text = first.strip()
    if "@" in text or len(text) > 300:
        return ""
    if len(filled) <= 2 and width > 2 and _NOTE.fullmatch(text):
        return "a note of the export"
    return ""
