"""Emails and names of people as sheets write them, and whether a name and an email are one person's."""

from __future__ import annotations

import ast
import json
import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from reddy_lib.spreadsheet.cells.header_words import plain_name

__all__ = ["bare_email", "is_one_person", "name_parts"]

_EMAIL = re.compile(
    r"[^@\s,;<>()\[\]\"':]+@[^@\s,;<>()\[\]\"':]+"
    r"\.(?!(?:vtt|srt|sbv|jsonc?|jsonl|ndjson|txt|csv|xlsx?)$)[^@\s,;.<>()\[\]\"':?&]{2,}",
    re.IGNORECASE,
)
"""An email address, but not a file name that contains one."""
_WITH_NAME = re.compile(
    r"\[[^\[\]]*\]\((?:mailto:)?(?P<linked>[^\s<>()\[\]]+@[^\s<>()\[\]]+)\)|"  # a link of Markdown
    r"(?:mailto:\s*)?(?P<before>[^@<>()\[\]]*?)\s*[<(\[]\s*(?:mailto:)?"
    r"(?P<email>[^\s<>()\[\]]+@[^\s<>()\[\]]+)\s*[>)\]]\s*"
)
_AROUND = re.compile(r"(?:mailto:|e-?mail:|smtp:|sip:)\s*", re.IGNORECASE)
_AFTER_ADDRESS = re.compile(r"(mailto:[^\"'\s<>()\[\]?&]+)[?&][^\"'\s<>()\[\]]*", re.IGNORECASE)
"""What a link fills a mail with: its subject, other receivers."""
_MARKUP = re.compile(r"<[a-z]+[\s>]|\{\s*[\"']", re.IGNORECASE)
"""The beginning of an HTML element or a JSON object, whose one email may be anywhere in it."""
_MOST_TEXT, _MOST_MARKUP = 320, 2_000
_OWN_KEYS = frozenset(
    [
        "e", "mail", "email", "emailaddress", "address", "user", "name", "username", "login", "upn", "principal", "id",
        "work", "primary", "value", "agent", "employee", "operator", "owner", "profile", "staff",
    ]
)  # fmt: skip
"""Words of the keys under which an object holds the email of the person it describes, and of the objects around it."""
_LETTERS = re.compile(r"[^\W\d_]+")


def bare_email(text: str) -> str:
    """Return the one email that a cell holds: "Ann Weber <ann@x.example>", {"email": "ann@x.example"}; otherwise ""."""
    text = text.strip()
    if "@" not in text or len(text) > _MOST_MARKUP:
        return ""
    if _EMAIL.fullmatch(text):
        return text
    text = _AFTER_ADDRESS.sub(r"\1", text)
    if text.startswith("{") and _MARKUP.match(text):
        return _email_of_object(text)
    if _MARKUP.match(text):
        emails = list({found.casefold(): found for found in _EMAIL.findall(text)}.values())
        return emails[0] if len(emails) == 1 else ""
    if len(text) > _MOST_TEXT:
        return ""
    named = _WITH_NAME.fullmatch(text)
    inside = (
        (named["linked"] or named["email"]).strip("\"'")
        if named
        else _AROUND.sub("", text, count=1).strip("<>()[]\"' ")
    )
    return inside if _EMAIL.fullmatch(inside) else ""


def _email_of_object(text: str) -> str:
    """Return the only email of an object if its key says that it is the person's own, not a manager's or a customer's."""
    emails = {found.casefold() for found in _EMAIL.findall(text)}
    data: Any = None
    for read in (json.loads, ast.literal_eval):
        try:
            data = read(text)
            break
        except (ValueError, SyntaxError, RecursionError, MemoryError):
            continue
    own = list(_own_texts(data))
    return next((one for one in map(bare_email, own) if one), "") if len(emails) == 1 else ""


def _own_texts(data: Any) -> Iterator[str]:
    if not isinstance(data, dict):
        return
    for key, value in data.items():
        if not set(plain_name(str(key)).split()) <= _OWN_KEYS:
            continue
        if isinstance(value, str) and not _MARKUP.match(value):
            yield value
        yield from _own_texts(value)


@lru_cache(maxsize=4096)
def name_parts(name: str) -> frozenset[str]:
    """Return the parts of a name in plain letters: "Weber, Anna-Lena" → {"weber", "anna", "lena"}."""
    text = unicodedata.normalize("NFKD", name.replace("ß", "ss")).casefold()
    text = "".join(mark for mark in text if not unicodedata.combining(mark))
    return frozenset(part for part in _LETTERS.findall(text) if len(part) > 1)


def is_one_person(name: str, email: str) -> bool:
    """Return whether an email is written after this name: its local part has the last name, or the first and an initial."""
    parts = name_parts(name)
    local = name_parts(email.partition("@")[0])
    if not parts or not local:
        return False
    if parts & {part for part in local if len(part) > 2}:
        return True
    joined = "".join(_LETTERS.findall(email.partition("@")[0].casefold()))
    return any(len(part) > 3 and part in joined for part in parts)
