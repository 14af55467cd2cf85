"""What a column's name says: the concepts its words stand for, in some thirty languages.

Exports name columns in endless ways ("Started", "Call began at", "Gesprächsbeginn", "開始時刻"), but out of few words. So
names are taken apart: into words, parts of compounds and, in scripts without spaces, parts of the text. Each part may
stand for a concept (`AGENT`, `EMAIL`, `START` …), and a field is weighed by the concepts together: agent + email,
call + id, call + start. Whole names are listed nowhere.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from importlib import resources
from itertools import pairwise

__all__ = ["CONCEPTS", "concepts", "fields_named", "plain_name"]

_STARRED = "*"  # at the end of an entry: the word may go on ("anruf*": Anrufs, Anrufer)


def _read() -> dict[str, list[str]]:
    """Return concept → entries, from `header_words.txt`."""
    rows: dict[str, list[str]] = {}
    concept = ""
    text = resources.files(__package__).joinpath("header_words.txt").read_text(encoding="utf-8")
    for row in text.splitlines():
        if row.startswith("["):
            concept = row.strip("[]")
            rows[concept] = []
        elif row and not row.startswith("#"):
            rows[concept].append(row)  # a phrase may go on in the next row
    return {
        concept: [" ".join(entry.split()) for entry in " ".join(parts).split(",") if entry.strip()]
        for concept, parts in rows.items()
    }


_ENTRIES = _read()
CONCEPTS = frozenset(_ENTRIES)
"""What a word of a column's name can stand for."""

_LETTERS = str.maketrans(
    {"ß": "ss", "ł": "l", "Ł": "L", "đ": "d", "Đ": "D", "ø": "o", "Ø": "O", "ı": "i"}
    | {"æ": "ae", "Æ": "AE", "œ": "oe", "Œ": "OE"}
)
"""Letters that Unicode does not take apart into a letter and its mark."""
_SCRIPTS = re.compile(
    r"(?<=[\u0e00-\u9fff\u1100-\u11ff])(?=[A-Za-z])|(?<=[A-Za-z])(?=[\u0e00-\u9fff\u1100-\u11ff])"
)
"""Where a word of a script without spaces ends and a Latin one begins: "通话ID"."""
_SMALL, _CAPITAL = "a-zà-öø-ÿα-ωа-яёіїєґ", "A-ZÀ-ÖØ-ÞΑ-ΩА-ЯЁІЇЄҐ"
_CAPITALS = re.compile(rf"(?<=[{_SMALL}\d])(?=[{_CAPITAL}])|(?<=[{_CAPITAL}])(?=[{_CAPITAL}][{_SMALL}])")
_NUMBER_SIGN = re.compile(r"№|#|\bn\.?\s?[°º]|^n\.\s", re.IGNORECASE)


@lru_cache(maxsize=8192)
def plain_name(header: str) -> str:
    """ "Rep_E-Mail", "repEMail" and "REP E-MAIL" → "rep e mail": words in lower case, without accents."""
    text = _CAPITALS.sub(" ", header)
    text = unicodedata.normalize("NFKD", _NUMBER_SIGN.sub(" no ", text).translate(_LETTERS))
    text = "".join(mark for mark in text if not unicodedata.combining(mark))
    text = _SCRIPTS.sub(" ", text)
    return " ".join(re.sub(r"[\W_]+", " ", text).split()).casefold()


def _entries() -> tuple[
    dict[str, set[str]], dict[str, set[str]], dict[str, set[str]], list[tuple[str, set[str]]]
]:
    """Return the vocabulary as (words, stems, parts of texts without spaces, phrases), each plain, to concepts."""
    words: dict[str, set[str]] = {}
    stems: dict[str, set[str]] = {}
    parts: dict[str, set[str]] = {}
    phrases: dict[str, set[str]] = {}
    for concept, entries in _ENTRIES.items():
        for entry in entries:
            open_end = entry.endswith(_STARRED)
            plain = plain_name(entry.rstrip(_STARRED))
            if not plain:
                continue
            if _SPACELESS.search(plain):
                parts.setdefault(plain, set()).add(concept)
            elif " " in plain:
                phrases.setdefault(plain, set()).add(concept)
            else:
                (stems if open_end else words).setdefault(plain, set()).add(concept)
    return words, stems, parts, sorted(phrases.items(), key=lambda item: -len(item[0]))


_SPACELESS = re.compile(r"[\u0e00-\u0e7f\u1100-\u11ff\u3040-\u30ff\u3130-\u318f\u3400-\u9fff\uac00-\ud7af]")
_WORDS, _STEMS, _PARTS, _PHRASES = _entries()
_LONGEST_STEM = max(map(len, _STEMS))
_IN_COMPOUND = 5
"""Letters from which on a word counts as a part of a longer one ("Gesprächs-beginn", "puhelu-tunniste")."""

_IN_FRONT = 3
"""Letters from which on the rest of a compound can stand in front: "Sekunde" is no "Kunde"."""


@lru_cache(maxsize=8192)
def concepts(header: str) -> frozenset[str]:
    """Return the concepts (of `CONCEPTS`) that the words of a column's name stand for."""
    plain = plain_name(header)
    found: set[str] = set()
    rest = f" {plain} "
    for phrase, meant in _PHRASES:
        if f" {phrase} " in rest:
            found |= meant
            rest = rest.replace(f" {phrase} ", " | ")
    words = [word for word in rest.split() if word != "|"]
    joined = "".join(words)
    if len(words) == 2 and joined in _WORDS:  # "e mail", "time zone", "call id"
        found |= _WORDS[joined]
    for first, second in pairwise(words):
        if first in ("e", "э") and second.startswith(("mail", "post")):
            found.add("email")
    for word in words:
        found |= _of_word(word)
    if not _EPOCHS.isdisjoint(words):
        found.discard("duration")  # "start (unix seconds)" counts them from 1970
    return frozenset(found)


_EPOCHS = frozenset(("unix", "epoch", "posix"))


_FIELDS: dict[str, frozenset[str]] = {
    "agent_email": frozenset(("agent", "email")),
    "product_id": frozenset(("product", "queue")),
    "transcript": frozenset(("transcript", "text")),
    "timestamp": frozenset(("start", "date", "time")),
    "conversation_id": frozenset(("call", "case", "unique", "id")),
    "filename": frozenset(("audio", "file")),
}


@lru_cache(maxsize=8192)
def fields_named(header: str) -> frozenset[str]:
    """Return the fields of a call that the words of a column's name may stand for."""
    says = concepts(header)
    return frozenset(field for field, wanted in _FIELDS.items() if says & wanted)


def _of_word(word: str) -> set[str]:
    if _SPACELESS.search(word):
        here = [part for part in _PARTS if part in word]
        # "通話時間" is a length although "時間" is a time: a longer part stands for itself.
        return {
            concept
            for part in here
            if not any(part != other and part in other for other in here)
            for concept in _PARTS[part]
        }
    bare = word.rstrip("0123456789")
    if bare in _WORDS:
        return set(_WORDS[bare])
    stem = _longest_stem(bare)
    if stem and (len(stem) >= 4 or len(bare) - len(stem) <= 3):
        tail = bare[len(stem) :]
        return _STEMS[stem] | (_of_part(tail) if len(tail) >= 2 else set())
    return _of_compound(bare)


def _longest_stem(word: str) -> str:
    for end in range(min(len(word), _LONGEST_STEM), 1, -1):
        if word[:end] in _STEMS:
            return word[:end]
    return ""


def _of_part(tail: str) -> set[str]:
    """Return what the end of a compound adds: "anruf|beginn", "call|id", "gespraechs|dauer"."""
    tail = tail.lstrip("-_")
    for start in range(min(3, len(tail))):  # a linking s, en, n
        part = tail[start:]
        if part in _WORDS and (len(part) >= 4 or part in ("id", "nr", "ts", "no")):
            return set(_WORDS[part])
        stem = _longest_stem(part)
        if len(stem) >= 4:
            return set(_STEMS[stem])
    return set()


def _of_compound(word: str) -> set[str]:
    """Return what the two halves of a word that is not known as a whole stand for, if both are known."""
    for cut in range(len(word) - 2, 2, -1):
        head, tail = word[:cut], word[cut:]
        known = _WORDS.get(head) or (_STEMS.get(head) if len(head) >= 4 else None)
        if known and (behind := _of_part(tail)):
            return known | behind
    for length in range(len(word) - 1, _IN_COMPOUND - 1, -1):
        halves = (word[:length], word[-length:]) if len(word) - length >= _IN_FRONT else (word[:length],)
        for part in halves:
            known = _WORDS.get(part) or _STEMS.get(part)
            if known:
                return set(known)
    return set()
