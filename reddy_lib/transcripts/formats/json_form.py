"""Data that is written as text: JSON, JSON Lines, JSON5, what Python and databases print. `turn_lists` reads its turns."""

from __future__ import annotations

import ast
import html
import re
from contextlib import suppress
from functools import lru_cache
from typing import Any, NamedTuple

import msgspec
import pyjson5

from reddy_lib.findings import Finding, finding
from reddy_lib.model import TranscriptLine, whole_characters
from reddy_lib.transcripts.formats.printed import looks_printed, read_array, read_printed, read_rows
from reddy_lib.transcripts.formats.yaml_form import looks_like_yaml, read_yaml

__all__ = [
    "Decoded",
    "as_text",
    "decode",
    "is_data",
    "of_events",
    "quoted",
    "read_exact",
    "short",
    "unreadable_time",
    "whole_escapes",
]


_exact = msgspec.json.Decoder(list[TranscriptLine])
_text = msgspec.json.Decoder(str)
_anything = msgspec.json.Decoder()
_STRING = re.compile(r'"(?:[^"\\]|\\.)*+"|\'(?:[^\'\\]|\\.)*+\'', re.DOTALL)
_COMMENT = re.compile(r"//|/\*")
_DEPTH = 200  # how deep data may be nested; no transcript is
_encode = msgspec.json.Encoder().encode

_STARTS_AS_DATA = re.compile(
    r"\s*(?:\[(?:\\[nrt]|\s)*(?:[\[{\"'\]]|\((?:[\"']|\d+(?:\.\d+)?\s*,)|$)|\{(?:\\[nrt]|\s)*(?:[\"'}]|&quot;|:\w+=>)|\{\s*$)"
)


_HALVES = re.compile(
    r"(\\u[dD][89abAB][0-9a-fA-F]{2}\\+u[dD][c-fC-F][0-9a-fA-F]{2})|\\u[dD][89a-fA-F][0-9a-fA-F]{2}"
)
"""A character in two escapes, perhaps escaped once more, or the escape of one half."""


_NULS = re.compile(r"(?<!\\)((?:\\\\)*)\\(?:u0000|x00)")
"""The escape of a NUL, and not an escaped backslash before "u0000"."""


_ESCAPES = ("\\ud", "\\uD", "\\u0000", "\\x00")


def whole_escapes(text: str) -> str:
    """Return text without NULs, and with U+FFFD for halves of characters: in data also for escapes (`\\ud83d`)."""
    if "\x00" in text:
        text = text.replace("\x00", "")
    # One character is found in an instant, and most texts have no escapes at all.
    if "\\" in text and any(one in text for one in _ESCAPES) and (text[:1] == '"' or is_data(text)):
        text = _HALVES.sub(lambda match: match[1] or "\\ufffd", _NULS.sub(r"\1", text))
    return whole_characters(text)


def is_data(text: str) -> bool:
    """Does this text start as JSON or a Python literal would (and not as `[00:12] Agent:` does)?"""
    if _STARTS_AS_DATA.match(text) is not None or _rows_of_tuples(text):
        return True
    if looks_like_yaml(text):
        with suppress(ValueError):
            return bool(read_yaml(text))
    return looks_printed(text) and _printed(text) is not None


_TUPLE = re.compile(r"\s*\(\s*(?:[\"']|\d+(?:\.\d+)?\s*,).*\),?\s*")
_EVENT = re.compile(r"(?:event|data|id|retry):|:")


def _rows_of_tuples(text: str) -> list[str]:
    """The lines of a text each of which is a Python tuple; [] where they are not."""
    if text.lstrip()[:1] != "(":
        return []
    rows = [row.strip().rstrip(",") for row in text.split("\n") if row.strip()]
    return rows if len(rows) > 1 and all(map(_TUPLE.fullmatch, rows)) else []


def of_events(text: str) -> str:
    """The data of a stream of events ("event: …", "data: {…}"), a JSON text a line; "" where this is none."""
    if not _EVENT.match(text.lstrip()):
        return ""
    rows = [row for row in text.split("\n") if row.strip()]
    data = [row[5:].strip() for row in rows if row.startswith("data:")]
    if len(data) < 2 or not all(map(_EVENT.match, rows)) or not all(row[:1] == "{" for row in data):
        return ""
    return "\n".join(data)


@lru_cache(maxsize=2)
def _printed(text: str) -> Any:
    """What a program printed so; None where it is none. The text is asked about twice in a row."""
    try:
        return read_printed(text)
    except (ValueError, RecursionError):
        return None


def quoted(text: str) -> str | None:
    """The text inside a JSON string such as `"Agent: Hi\\nCaller: Hello"`, which is a transcript written twice."""
    if not text.startswith('"') or not text.endswith('"'):
        return None
    try:
        return _text.decode(text)
    except (msgspec.DecodeError, UnicodeEncodeError):
        return None


def read_exact(text: str) -> list[TranscriptLine] | None:
    """The turns of a text that is exactly what Reddy takes, or None: the usual case, decoded at full speed."""
    try:
        return _exact.decode(text)
    except (msgspec.DecodeError, RecursionError, UnicodeEncodeError):
        return None


class Decoded(NamedTuple):
    """Data from a text. `rest`: what stood behind it; `mended`: what was passed over to read it, in words, or ""."""

    data: Any
    rest: str = ""
    mended: str = ""


def decode_whole(text: str) -> None:
    """Raises ValueError: this is no JSON, and no JSON Lines, from the first to the last character."""
    try:
        _anything.decode(text)
    except (msgspec.DecodeError, RecursionError, UnicodeEncodeError):
        try:
            _anything.decode_lines(text)
        except (msgspec.DecodeError, RecursionError, UnicodeEncodeError):
            raise ValueError("no JSON to its end") from None


def decode(text: str, depth: int = 0) -> Decoded:
    """JSON, JSON Lines, JSON5 (comments, commas too many), a leading value with something behind it, or a Python literal.

    A line of JSON Lines that could not be read stays in the data as its text. Raises ValueError: not data at all.
    """
    try:
        return Decoded(_anything.decode(text))
    except (msgspec.DecodeError, RecursionError, UnicodeEncodeError):
        pass
    rows = [row for row in text.split("\n") if row.strip()]  # no other mark ends a line of JSON Lines
    if len(rows) > 1 and all(row.lstrip()[:1] == "{" for row in rows):
        items: list[Any] = []
        bad = 0
        for row in rows:
            try:
                items.append(_anything.decode(row))
            except (msgspec.DecodeError, RecursionError, UnicodeEncodeError):
                items.append(row)
                bad += 1
        if bad * 2 < len(rows):
            return Decoded(items)
    if looks_like_yaml(text):
        with suppress(ValueError):
            return Decoded(read_yaml(text))
    if "\\U" not in text:  # Python writes rare characters so, JSON5 knows nothing of it
        try:
            data = pyjson5.decode(text, _DEPTH)
        except pyjson5.Json5ExtraData as error:
            leading = _leading(text, error)
            if leading is not None:
                return leading
        except (pyjson5.Json5DecoderException, RecursionError):
            pass
        else:
            commented = "/" in text and _COMMENT.search(_STRING.sub("", text)) is not None
            return Decoded(data, mended="comments in it" if commented else "")
    if text.lstrip()[:2] == '{"':
        with suppress(ValueError):
            return Decoded([_opened_text(row) for row in read_array(text)])
    with suppress(ValueError, SyntaxError, MemoryError, RecursionError, TypeError):
        tuples = _rows_of_tuples(text)
        data = ast.literal_eval(f"[{','.join(tuples)}]" if tuples else text.strip())
        if not isinstance(data, set):  # which has lost the order that the text has
            return Decoded(data)
    printed = _printed(text)
    if isinstance(printed, list | dict) and printed:
        return Decoded(printed)
    if "=" in text:
        with suppress(ValueError):
            return Decoded(read_rows(text))
    if depth < _ESCAPED:
        unescaped = _unescaped(text)
        if unescaped is not None:
            return decode(unescaped, depth + 1)
    raise ValueError("neither JSON nor a Python literal")


_ESCAPED = 3
_DOUBLED = re.compile(r'[\[{]\s*(?:\{\s*)?""\w')


def _unescaped(text: str) -> str | None:
    """A text whose quotes were escaped or doubled once too often, as it was; None where that is not its trouble."""
    if '\\"' in text:
        with suppress(msgspec.DecodeError, UnicodeEncodeError):
            return _text.decode(f'"{text}"')
    if "&quot;" in text:
        return html.unescape(text)
    if text[1:3] in ("\\n", "\\r", "\\t"):  # line breaks of indented JSON, escaped
        return text.replace("\\r", "\r").replace("\\n", "\n").replace("\\t", "\t")
    if _DOUBLED.search(text[:400]):
        return text.replace('""', '"')
    return None


def _opened_text(row: Any) -> Any:
    """JSON that is an element of an array of texts."""
    if isinstance(row, str) and row[:1] in ("{", "["):
        with suppress(msgspec.DecodeError, RecursionError, UnicodeEncodeError):
            return _anything.decode(row)
    return row


def _leading(text: str, error: pyjson5.Json5ExtraData) -> Decoded | None:
    """The first value of a text, with what is behind it; None where that is not known for sure."""
    place = re.search(r"near (\d+)", str(error.args[0]) if error.args else "")
    if place is None or not isinstance(error.result, dict | list) or not error.result:
        return None
    end = int(place[1])
    if text[end - 1 : end] not in ("}", "]"):
        return None
    rest = text[end:].strip()
    if rest.strip("{}[]();, \n\r\t"):
        return Decoded(error.result, rest, "text after its end")
    return Decoded(error.result, "", f"{rest[:20]!r} after its end, which closes nothing")


def unreadable_time(value: object, field: str) -> Finding:
    """The finding for a time that is no time."""
    text = value if isinstance(value, str) else as_text(value)
    return finding(
        "time-unreadable",
        field,
        f"The {field} {short(text)!r} is not a time; it was left empty.",
        value=text,
    )


def as_text(item: Any) -> str:
    try:
        return _encode(item).decode()
    except (TypeError, ValueError, RecursionError):
        return repr(item)


def short(text: str) -> str:
    return text if len(text) <= 80 else text[:79] + "…"
