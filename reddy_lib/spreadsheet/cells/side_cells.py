"""One cell that holds all that one side of a call says: its lines, whatever is between them."""

from __future__ import annotations

import ast
import html
import json
import re
from itertools import pairwise

from reddy_lib.model import TranscriptLine
from reddy_lib.transcripts import leaning, read_transcript
from reddy_lib.transcripts.unspoken import is_speech

__all__ = ["lines_of", "words_of_cell"]

_LINE_CLOCK = re.compile(
    r"[\[(<]?(?P<clock>\d{1,2}:\d{2}(?::\d{2})?(?:[.,]\d+)?)[\])>]?\s*[-–—|:]?\s*(?P<text>.*)"
)


def lines_of(text: str) -> list[tuple[str, str]]:
    """Return (clock or "", text) of each line of a cell in which all that one side said is written. Where data has stops
    too, the clock is both: "1.2 - 3.4".

    The lines are those of a text or a web page, the items of a list, parts with a mark between them, or points that are
    numbered from 1 on. Numbers that leave some out are kept: they may count the lines of both sides.
    """
    text = text.strip()
    if _OBJECTS.match(text):
        return _said_in_objects(text)
    rows = [row for row in (_BULLET.sub("", row).strip() for row in _rows_of(text)) if row]
    points = [_POINT.match(row) for row in rows]
    if len(rows) > 1 and [point and int(point[1]) for point in points] == list(range(1, len(rows) + 1)):
        rows = [row[point.end() :] for row, point in zip(rows, points, strict=True) if point]
    found: list[tuple[str, str]] = []
    for row in rows:
        match = _LINE_CLOCK.fullmatch(row)
        if match:
            found.append((match["clock"], match["text"]))
        else:
            found.append(("", row))
    return found


def _rows_of(text: str) -> list[str]:
    if text[:1] == "[" and text[-1:] == "]" and (items := _texts_of(text)):
        return items
    if _BREAK.search(text):
        text = html.unescape(_TAG.sub("", _BREAK.sub("\n", text)))
    rows = text.splitlines()
    if len(rows) > 1:
        return rows
    marks = {mark[0].strip() for mark in _BETWEEN.finditer(text)}
    if len(marks) == 1:
        return _BETWEEN.split(text)
    points = list(_INNER_POINT.finditer(text))
    steps = {int(after[1]) - int(before[1]) for before, after in pairwise(points)}
    if steps and min(steps) > 0 and max(steps) <= _LONGEST_STEP:
        places = [point.start() for point in points]
        if not text[: places[0]].strip():
            return [text[start:stop] for start, stop in pairwise([*places, len(text)])]
    return rows


def _said_in_objects(text: str) -> list[tuple[str, str]]:
    """Return what a list of objects says, with the seconds at which it was said."""
    lines = read_transcript(text, times="leave out").lines
    return [(_clock_of(line), line.text) for line in lines]


def _clock_of(line: TranscriptLine) -> str:
    if line.start is None:
        return ""
    return f"{line.start:.10g}" if line.stop is None else f"{line.start:.10g} - {line.stop:.10g}"


def words_of_cell(text: str) -> str:
    """Return what a cell of one line says: the words alone where it is an object of a chat, `[{"content": "Hello"}]`."""
    if not _OBJECT.match(text):
        return text
    transcript = read_transcript(text, times="leave out")
    labels = [label for label in transcript.labels if label]
    # The type of a message may pass for its speaker; who speaks, or several who do, is no matter of words alone.
    spoken = len(transcript.lines) == 1 and all(is_speech(label) and not leaning(label) for label in labels)
    if transcript.form in ("unreadable", "empty") or (labels and not spoken):
        return text
    return " ".join(line.text for line in transcript.lines) or text


def _texts_of(text: str) -> list[str]:
    """Return the texts of a list as JSON or Python writes it; none where it holds anything else."""
    for read in (json.loads, ast.literal_eval):
        try:
            items = read(text)
        except (ValueError, SyntaxError, RecursionError, MemoryError):
            continue
        if isinstance(items, list) and all(isinstance(item, str) for item in items):
            return items
    return []


_BETWEEN = re.compile(
    r"\s+(?:\|{1,4}|¦{1,3}|•|//{1,2}|~{1,3}|>{2,3}|#{2,4}|={2,4}|-{3,6}|\*{2,4}|;{2,3})\s+"
    r"|(?<=[.?!…。？！])\s+[/;–—-]\s+"  # within a sentence these are words' own
)
_BULLET = re.compile(r"^\s*[•·‣▪●○*-]\s+")
_LONGEST_STEP = 4  # of the numbers of a side's lines, where they count the lines of both sides
_BREAK = re.compile(r"<br\s*/?>|</(?:p|div|li|tr)>", re.IGNORECASE)
_TAG = re.compile(r"</?(?:p|div|ul|ol|li|table|tbody|tr|td|span|b|i|em|strong)\b[^<>]*>", re.IGNORECASE)
_POINT = re.compile(r"(\d{1,3})[.)]\s+")
_INNER_POINT = re.compile(r"(?<!\S)(\d{1,3})[.)]\s+(?=\S)")
_OBJECT = re.compile(r"\s*(?:\[\s*)?\{\s*[\"']")
_OBJECTS = re.compile(r"\[\s*[\[({]|\{\s*[\"']")
