"""What makes two calls the same: for Reddy its (conversation_id, agent_email), for a person the words that were said.

Everything here is for comparing alone. What is sent stays what the sheet said, character by character.
"""

from __future__ import annotations

import hashlib
import unicodedata

from reddy_lib.model import Call

__all__ = ["agent_key", "call_key", "comparable", "words_digest"]

_ALWAYS_SHOWN = frozenset(
    "\u0600\u0601\u0602\u0603\u0604\u0605\u06dd\u070f\u0890\u0891\u08e2\U000110bd\U000110cd"
)
"""Format characters (category Cf) that are drawn all the same: signs before or around Arabic and Kaithi numbers."""
_NEVER_SHOWN = "\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180f\u3164\uffa0"
"""Characters without a shape of their own that are no format characters: joiners, fillers, inherent vowels."""
_VARIATIONS = (range(0xFE00, 0xFE10), range(0xE0100, 0xE01F0))
_WIDTHS = ("<wide>", "<narrow>")


def comparable(text: str) -> str:
    """Return the form of a text in which it is compared: two texts that look the same are equal in it.

    Unicode's composed form (NFC), without characters that are not shown (zero-width and other format characters, soft
    hyphens, byte order marks), full and half width as plain characters, each blank as a plain space, none around it, and
    each dash (category Pd) as a plain hyphen: programs replace hyphens with dashes that look the same.
    Case counts, and so does everything that looks different, such as a superscript, which NFKC would drop.
    """
    if text.isascii() and text.isprintable():
        return text.strip()
    return unicodedata.normalize("NFC", text.translate(_FOLDING)).strip()


def agent_key(email: str) -> str:
    """Return the form in which two email addresses of agents are compared: their case does not count."""
    return comparable(comparable(email).lower())


def call_key(call: Call) -> str | None:
    """Return what makes two calls one conversation at Reddy, as 40 hexadecimal digits.

    None where the conversation id or the agent is missing: such a call is held back and never sent.
    """
    conversation, agent = comparable(call.conversation_id or ""), agent_key(call.agent_email or "")
    if not conversation or not agent:
        return None
    return hashlib.sha256(f"{conversation}\x1f{agent}".encode("utf-8", "replace")).hexdigest()[:40]


def words_digest(call: Call) -> str:
    """Return a digest of what was said in a call: equal for two exports of one call.

    Times, roles, the cut into lines, blanks, tags and the product may differ between two exports, or were corrected
    since, and take no part. Of a call without a transcript it is the name of its recording.
    """
    said = " ".join(line.text for line in call.transcript or ())
    said = comparable(" ".join(said.split()))
    of = f"said\x1f{said}" if said else f"recording\x1f{comparable(call.filename or '')}"
    return hashlib.sha256(of.encode("utf-8", "replace")).hexdigest()[:40]


class _Folding(dict[int, str | None]):
    """Character → what stands for it in `comparable`; each is looked up once, when it is first met."""

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
