"""Fields of a call as XML writes them: `<Queue type="string">VIP</Queue>`, `<field name="Queue">VIP</field>`,
`<field><key>Queue</key><value>VIP</value></field>`, and names such as `Call_x0020_ID`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import Any

from reddy_lib.spreadsheet.cells.header_words import concepts
from reddy_lib.transcripts import leaning

__all__ = [
    "Part",
    "apart",
    "are_fields",
    "is_markup",
    "parts_inside",
    "plain_fields",
    "plain_name",
    "text_of_parts",
    "turns_by_name",
]

Part = str | None
"""A piece of an element's text, with those of the elements inside; None where a new line begins."""
_LINES = frozenset(
    ("br", "p", "div", "li", "dt", "dd", "h1", "h2", "h3", "h4", "h5", "h6", "blockquote", "pre")
)
_STYLES_TEXT = """
abbr b big bdi bdo del em font hr i ins kbd s small span strike strong sub sup tt u ul ol dl wbr
"""
_STYLES = frozenset(_STYLES_TEXT.split())
_SENTENCES = frozenset(("s", "u"))
"""Mark-up among words; elsewhere a sentence or an utterance, as TEI names them, or a field of one letter."""
_OF_TURNS = frozenset(
    ("speaker", "who", "role", "begin", "start", "end", "stop", "time", "name", "id", "value")
)

_ESCAPED = re.compile(r"_x([0-9A-Fa-f]{4})_")
_TYPES_TEXT = """
string str text varchar nvarchar char nchar clob int integer long short number numeric decimal double float bool boolean
date datetime time timestamp uuid guid html plain xml json cdata token any anyuri base64
"""
_TYPES = frozenset(_TYPES_TEXT.split())
_OF_FORM = frozenset(
    ("type", "datatype", "dtype", "format", "encoding", "lang", "space", "nil", "null", "class")
)
"""Attributes that may say how a value is written."""
_LANGUAGE = re.compile(r"[a-z]{2,3}(?:[-_][A-Za-z]{2,4})?|preserve|default|true|false|utf-?8")
_NAMES = ("name", "key", "label", "field", "fieldname", "attribute", "id", "code", "title", "column")
_VALUES = ("value", "text", "val", "content", "data", "Value", "#text")
_OF_FIELDS = re.compile(r"(?:tag|field|attribute|property|properties|param|parameter|meta)s?$", re.IGNORECASE)
_FEWEST = 3
"""Fields of a call that are named in this way, and two of them as columns of calls are named."""


def plain_name(name: str) -> str:
    """Return an element's name with the characters that XML does not allow in names: `Call_x0020_ID` is "Call ID"."""
    return _ESCAPED.sub(lambda match: chr(int(match[1], 16)), name) if "_x" in name else name


def plain_fields(data: Any) -> Any:
    """Return nested records in which a field is its value: without its type, and under the name that it was given."""
    if isinstance(data, list):
        return [plain_fields(item) for item in data]
    if not isinstance(data, dict):
        return data
    bare = _bare(data)
    if bare is not None:
        return bare
    found: dict[str, Any] = {}
    for key, value in data.items():
        pairs = _pairs(value, key)
        if pairs is None:
            found[key] = plain_fields(value)
        else:
            found.update({name: one for name, one in pairs.items() if name not in data and name not in found})
            left = {name: one for name, one in pairs.items() if name in data or found.get(name) is not one}
            if left:
                found[key] = left
    return found


def is_markup(name: str, attributes: Mapping[str, str], *, among_words: bool) -> bool:
    """Return whether an element only says how words look (`<b>`, `<br/>`), or marks some of them, rather than a field.

    `among_words`: words stand before or after it, as with the `<pause/>` in `Well <pause/> I called`.
    """
    plain = name.casefold()
    if any(key.casefold() in _OF_TURNS for key in attributes):
        return False
    if plain == "a" and "href" in attributes:
        return True
    return plain in _LINES or plain in _STYLES or (among_words and not attributes and not concepts(name))


def are_fields(names: Iterable[str]) -> bool:
    """Return whether the elements of a text-less one are fields, though each may be mark-up: `<u>Hello</u><s>Agent</s>`."""
    return {name.casefold() for name in names} == _SENTENCES


def apart(names: Iterable[str], parts: Sequence[Part]) -> list[Part]:
    """Return the pieces of an element without a text of its own, with blanks around those that are sentences."""
    if not _SENTENCES.issuperset(name.casefold() for name in names):
        return list(parts)
    return [" " if part == "" else part for part in parts]


def parts_inside(name: str, parts: Sequence[Part]) -> list[Part]:
    """Return the pieces of an element as those of the one around it: a paragraph and `<br/>` begin a new line.

    "" marks where another element begins or ends.
    """
    return [None, *parts, None] if name.casefold() in _LINES else ["", *parts, ""]


def text_of_parts(parts: Sequence[Part]) -> str:
    """Return all words of an element with elements among them, in order. Line breaks are those that its mark-up draws, if
    it draws any, else those of the text. A blank parts two elements of which the first ends a sentence."""
    blank = re.compile(r"\s+" if None in parts else r"[^\S\n]+")
    pieces: list[str] = []
    bordered = False
    for part in parts:
        if part == "":
            bordered = True
            continue
        piece = "\n" if part is None else blank.sub(" ", part)
        if bordered and pieces and pieces[-1][-1:] in _SENTENCE_ENDS and piece[:1].isalpha():
            pieces.append(" ")
        pieces.append(piece)
        bordered = False
    lines = (" ".join(line.split()) for line in "".join(pieces).split("\n"))
    return "\n".join(line for line in lines if line)


_SENTENCE_ENDS = frozenset(".?!…,;:")
"""Marks with a blank after them, which those of Chinese and Japanese do without."""


def turns_by_name(children: Sequence[tuple[str, Any]]) -> list[dict[str, Any]] | None:
    """Return the turns of elements that are named after who speaks, in order; None if the elements are not turns.

    `<agent>Hello</agent><customer>Hi</customer><agent>How can I help?</agent>` would be two lists otherwise.
    """
    names = [name for name, _ in children]
    sides = {leaning(name) for name in set(names)}
    if len(names) < _FEWEST or not {"agent", "customer"} <= sides or "" in sides:
        return None
    if sum(one != other for one, other in pairwise(names)) < len(set(names)):
        return None  # a field of each name, or all of one side and then of the other
    turns: list[dict[str, Any]] = []
    for name, value in children:
        data = {"text": value} if isinstance(value, str) else value
        if not isinstance(data, dict) or not isinstance(data.get("text"), str) or "speaker" in data:
            return None
        turns.append({"speaker": name, **data})
    return turns


def _bare(data: dict[str, Any]) -> str | None:
    """The text of an element whose attributes say nothing but how it is written; None for any other."""
    if "text" not in data or not isinstance(data["text"], str) or len(data) > 4:
        return None
    for key, value in data.items():
        if key == "text":
            continue
        plain = str(value).rpartition(":")[2].casefold()
        if key.casefold() not in _OF_FORM or not (plain in _TYPES or _LANGUAGE.fullmatch(str(value))):
            return None
        if key.casefold() in ("type", "class", "format") and plain not in _TYPES:
            return None
    return data["text"]


def _pairs(value: Any, key: str) -> dict[str, Any] | None:
    """Name → value of a list of elements that name a field each; None where they are something else."""
    if isinstance(value, dict) and len(value) == 1:  # `<fields><field name="…">`
        ((key, value),) = value.items()
    told = _OF_FIELDS.search(key) is not None
    if not isinstance(value, list) or len(value) < (1 if told else _FEWEST):
        return None
    if not all(isinstance(item, dict) for item in value):
        return None
    folded = [{key.casefold(): key for key in item} for item in value]
    names = next((key for key in _NAMES if all(key in keys for keys in folded)), None)
    if names is None:
        return None
    found: dict[str, Any] = {}
    for item, keys in zip(value, folded, strict=True):
        name = item[keys[names]]
        rest = {key: one for key, one in item.items() if key != keys[names]}
        worded = [key for key in rest if key in _VALUES]
        if not isinstance(name, str) or not name.strip() or name in found or len(worded) > 1:
            return None
        others = {key: one for key, one in rest.items() if key not in worded}
        if any(key.casefold() not in _OF_FORM for key in others) or len(others) > 2:
            return None
        found[name] = plain_fields(rest[worded[0]]) if worded else ""
    # Names of speakers would differ too if each spoke once, so names of columns are needed as proof.
    known = [concepts(name) for name in found]
    return found if told or sum(bool(one - {"agent", "customer"}) for one in known) >= 2 else None
