"""Decide whether two calls are the same: for Reddy by (conversation_id, agent_email), for a person by what was said.

The keys are for comparison only. Reddy receives every value exactly as the sheet has it.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from decimal import Decimal

from reddy_lib.model import Call

__all__ = [
    "BY_START",
    "agent_key",
    "call_key",
    "comparable",
    "is_printable",
    "near_id",
    "near_key",
    "start_key",
    "words_digest",
]

BY_START = "start:"
"""Prefix of the keys from `start_key`; those from `call_key` have none."""

_ALWAYS_SHOWN = frozenset(
    "\u0600\u0601\u0602\u0603\u0604\u0605\u06dd\u070f\u0890\u0891\u08e2\U000110bd\U000110cd"
)
"""Format characters (category Cf) that are visible: signs before or around Arabic and Kaithi numbers."""
_NEVER_SHOWN = "\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180f\u3164\uffa0"
"""Characters of other categories that are invisible: joiners, fillers, inherent vowels."""
_VARIATIONS = (range(0xFE00, 0xFE10), range(0xE0100, 0xE01F0))
_WIDTHS = ("<wide>", "<narrow>")


def comparable(text: str) -> str:
    """Return a text's form for comparison, which is equal for two texts that look the same.

    The form is composed Unicode (NFC) without invisible characters (zero-width characters, soft hyphens, byte order
    marks) and without surrounding blanks. Full and half width become plain characters, every blank a space, and every
    dash (category Pd) a hyphen, because programs replace hyphens with dashes that look the same. Visible differences
    count: case, and superscripts, which NFKC would remove.
    """
    if text.isascii() and text.isprintable():
        return text.strip()
    if any(
        _FOLDING[ord(character)] != character for character in set(text)
    ):  # few texts have such a character
        text = text.translate(_FOLDING)
    return unicodedata.normalize("NFC", text).strip()


def agent_key(email: str) -> str:
    """Return the form in which agents' email addresses are compared; case does not count."""
    return comparable(comparable(email).lower())


def call_key(call: Call) -> str | None:
    """Return the key of a call's conversation at Reddy, 40 hexadecimal digits.

    Return None if the conversation id or the agent is missing; such a call is held and never sent.
    """
    conversation, agent = comparable(call.conversation_id or ""), agent_key(call.agent_email or "")
    return _key(conversation, agent) if conversation and agent else None


def near_key(call: Call) -> str | None:
    """Return the key that the call would have if its id were written as `near_id` does, or None if it already is.

    Two calls whose keys differ and whose near keys are the same are probably one call, from exports of two programs.
    """
    written = call.conversation_id or ""
    if not written or _is_plain(written):
        return None
    conversation, agent = comparable(written), agent_key(call.agent_email or "")
    near = near_id(conversation)
    return _key(near, agent) if near != conversation and agent else None


def near_id(conversation_id: str) -> str:
    """Return an id as most programs would write it: numbers without padding or decimals, letters in lower case.

    "00123", "123.0", "+123" and "1.23E2" are all "123", as a spreadsheet program, pandas or JSON may write one number.
    The result is for asking a person whether two calls are the same, never for skipping one.
    """
    text = comparable(conversation_id).removeprefix("'").casefold()
    if _GROUPED.fullmatch(text):
        text = _SEPARATORS.sub("", text)
    elif not _PLAIN_NUMBER.fullmatch(text):
        return text
    shown = format(Decimal(text), "f").removeprefix("-")  # not `normalize`, which rounds
    whole, _, decimals = shown.partition(".")
    decimals = decimals.rstrip("0")
    sign = "-" if text.startswith("-") else ""
    return f"{sign}{whole.lstrip('0') or '0'}{'.' if decimals else ''}{decimals}"


def _is_plain(text: str) -> bool:
    """Return whether `near_id` certainly changes nothing, as for most ids: this runs for every call of a load."""
    if not text.isascii() or not text.isprintable() or text != text.lower() or " " in text:
        return False
    return text[0] in _LETTERS or (text.isdecimal() and text[0] != "0")


_LETTERS = frozenset("abcdefghijklmnopqrstuvwxyz")
_PLAIN_NUMBER = re.compile(r"[+-]?[0-9]{1,40}(?:\.[0-9]{0,40})?(?:e[+-]?[0-9]{1,2})?")
_GROUPED = re.compile(r"[+-]?[0-9]{1,3}(?:(?:,[0-9]{3})+|(?:\.[0-9]{3}){2,})")
_SEPARATORS = re.compile("[.,]")


def _key(conversation: str, agent: str) -> str:
    return hashlib.sha256(f"{conversation}\x1f{agent}".encode("utf-8", "replace")).hexdigest()[:40]


def start_key(words: str | None, timestamp: float | None, agent_email: str | None) -> str | None:
    """Return the key of a call by its words, start and agent; None if one of them is missing.

    Args:
        words: from `words_digest`.
    """
    if not words or timestamp is None or not agent_email:
        return None
    return BY_START + _key(f"{words}\x1f{timestamp}", agent_key(agent_email))


def words_digest(call: Call) -> str:
    """Return a digest of what was said in a call, equal for two exports of the same call.

    It leaves out what may differ between exports or be corrected later: times, roles, line breaks, blanks, tags and the
    product. For a call without a transcript, it is derived from the recording's name.
    """
    said = " ".join([line.text for line in call.transcript or ()])
    # Printable text has no other white space than spaces, and nearly all calls are printable.
    if is_printable(said) and _SPACES.search(said) is None:
        said = said.strip() if said.isascii() else comparable(said)
    else:
        said = comparable(" ".join(said.split()))
    of = f"said\x1f{said}" if said else f"recording\x1f{comparable(call.filename or '')}"
    return hashlib.sha256(of.encode("utf-8", "replace")).hexdigest()[:40]


_PRINTABLE = bytes(range(0x20, 0x7F))
_SPACES = re.compile("  ")  # which finds two characters in half the time that `in` takes


def is_printable(text: str) -> bool:
    """Return `text.isprintable()`, in a third of its time where the text is ASCII."""
    return not text.encode().translate(None, _PRINTABLE) if text.isascii() else text.isprintable()


class _Folding(dict[int, str | None]):
    """Map characters to their form in `comparable`. Entries are computed on first use."""

    def __missing__(self, code: int) -> str | None:
        self[code] = folded = _folded(chr(code))
        return folded


def _folded(character: str) -> str | None:
    category = unicodedata.category(character)
    if category in ("Zs", "Zl", "Zp") or (category == "Cc" and character.isspace()):
        return " "
    if category == "Pd":
        return "-"
    if category == "Cc" or (category == "Cf" and character not in _ALWAYS_SHOWN):
        return None
    if character in _NEVER_SHOWN or any(ord(character) in variations for variations in _VARIATIONS):
        return None
    kind, _, form = unicodedata.decomposition(character).partition(" ")
    return "".join(chr(int(each, 16)) for each in form.split()) if kind in _WIDTHS else character


_FOLDING = _Folding()
