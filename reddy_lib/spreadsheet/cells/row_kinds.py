"""What a cell says of its row: that it is an internal note, or that everybody could read it.

Help desks write it in a column of a flag ("Public": no, "is_internal": 1) or of words ("Visibility": Internal, "Typ":
interne Notiz). The name and the cell together say it, so that a mapping reads the next export alike.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

from reddy_lib.spreadsheet.cells.header_words import concepts, plain_name
from reddy_lib.spreadsheet.cells.tag_values import cell_text
from reddy_lib.transcripts.ticks import ticked
from reddy_lib.transcripts.unspoken import kind_said

__all__ = ["is_note", "names_kind", "reads_public", "says_note_outright"]


def _starts(text: str) -> re.Pattern[str]:
    """Return a pattern of words that may go on: "privat" is also in "privately"."""
    return re.compile(rf"\b(?:{'|'.join(text.split())})")


_PRIVATE = _starts(
    "intern(?!at|et) privat priva prywat prive confiden riserv vertraulich geheim hidden ocult nascost verborgen"
    " versteckt whisper secret sekret vnitrni belso внутр приват 内部 非公開 非公开 내부"
)
_PUBLIC = _starts(
    "public publik publiq pubbl publicz visib sichtbar zichtba offentlich oeffentlich openba extern esterno ekstern"
    " verejn nyilvanos публич общедоступ 公開 公开 공개 shared reply replies antwort respuesta risposta reponse antwoord"
)
_NOTES = re.compile(
    r"\b(?:notes?|notiz(?:en)?|notas?|memos?|notitie|anmerkung|vermerk|notatka|annotations?|annotazione|notat|заметка)\b|备注|メモ"
)
_COMMENTS = re.compile(r"\b(?:com+ent|kom+ent|bemerkung|opmerking|message|nachricht|mensaje|messaggio)")
_NOT = re.compile(r"\b(?:not|non|nicht|no|niet|nao|pas|ne|nie|not yet|ikke|inte|un|не)\b")
_ONLY = re.compile(r"\b(?:only|nur|solo|somente|seulement|uniquement|alleen|tylko)\b")
_MOST = 40


@lru_cache(maxsize=1024)
def _named(name: str) -> str:
    """Return what a yes in a column of this name means: "note", "public", or "" (nothing)."""
    plain = plain_name(name)
    if len(plain) > _MOST:
        return ""
    if _PUBLIC.search(plain):
        return "note" if _NOT.search(plain) else "public"
    noted = _PRIVATE.search(plain) or _NOTES.search(plain)
    return "note" if noted and not {"id", "score", "duration", "date"} & concepts(name) else ""


_KINDS = re.compile(
    r"\b(?:visib|sichtbar|zichtba|audience|scope|privacy|access|type|typ|kind|art|tipo|soort|rodzaj|class|categor|kategor|status"
    r"|state|format|action|event|druh|тип|вид)|类型|種類|類型|유형"
)


_NOUNS = re.compile(
    r"\b(?:visibil|sichtbarkeit|zichtbaarheid|widocznos|synlighet|viditeln)|публичност|видимост"
)


@lru_cache(maxsize=1024)
def _ticks_public(name: str) -> bool:
    """Return whether a column of this name is ticked in public rows ("Public"), rather than told in words."""
    return _named(name) == "public" and not _NOUNS.search(plain_name(name))


def names_kind(name: str) -> bool:
    """Return whether a column's name says that it tells kinds of rows apart."""
    return bool(_named(name) or _KINDS.search(plain_name(name)))


@lru_cache(maxsize=4096)
def _says(text: str) -> str:
    if not text or len(text) > _MOST or len(text.split()) > 5:
        return ""
    plain = plain_name(text)
    if _PUBLIC.search(plain) and not _PRIVATE.search(plain):
        return "note" if _NOT.search(plain) else "public"
    if _PRIVATE.search(plain) or _NOTES.search(plain):
        return "note"
    if _ONLY.search(plain) and concepts(plain) & {"agent", "user", "supervisor"}:
        return "note"
    return "note" if kind_said(text) == "note" else ""


def says_note_outright(value: str) -> bool:
    """Return whether a value can mean nothing else, whatever its column is called: "internal note", "private comment"."""
    plain = plain_name(value)
    said = _NOTES.search(plain) or _COMMENTS.search(plain)
    return _says(value.strip()) == "note" and bool(_PRIVATE.search(plain) and said)


def is_note(name: str, cell: Any) -> bool:
    """Return whether this cell, in a column of this name, says that its row is an internal note.

    An empty cell does in a column in which the public rows are ticked.
    """
    text = cell_text(cell).strip()
    if not text:
        return _ticks_public(name)
    answer = ticked(text)
    if answer is not None:
        return _named(name) == ("note" if answer else "public")
    return _says(text) == "note"


def reads_public(name: str, cell: Any) -> bool:
    """Return whether this cell, in a column of this name, says that its row is none."""
    text = cell_text(cell).strip()
    answer = ticked(text)
    if answer is not None:
        return _named(name) == ("public" if answer else "note")
    return _says(text) == "public"
