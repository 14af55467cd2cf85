"""Yes and no, as tables and records write them: words of many languages, 1 and 0, and marks of any shape."""

from __future__ import annotations

import unicodedata

__all__ = ["NO", "YES", "ticked"]

_YES_TEXT = """
true yes y ja j oui si sí sim da tak wahr vrai verdadero vero waar да kyllä
ano áno igen evet jah jā taip já tosi sant sand pravda prawda doğru igaz adevărat verdadeiro истина так ναι نعم כן
हाँ हां 是 是的 はい 예 네 có ya ใช่ ✓ ✔ ☑ ✅
"""
YES = frozenset(unicodedata.normalize("NFC", word).casefold() for word in _YES_TEXT.split())
_NO_TEXT = """
false no n nein non não nao nee falsch faux falso onwaar нет nie ei
ne nem hayır hayir nej nei nē epätosi usant falskt falsk nepravda fałsz yanlış hamis fals ложь ні не όχι οχι لا לא
नहीं 否 不是 いいえ 아니요 아니오 không tidak ไม่ใช่ ✗ ✘ ☐ ❌
"""
NO = frozenset(unicodedata.normalize("NFC", word).casefold() for word in _NO_TEXT.split())
_ON = frozenset(("1", "1.0", "x", "xx", "v", "on", "\u0445"))  # the last one is the Cyrillic letter
_OFF = frozenset(("0", "0.0", "-", "–", "—", "off", "○", "◯", "□", "▢", "☒"))


def ticked(value: object) -> bool | None:
    """Return whether a value of a flag says yes; None where it is empty or says something else.

    Any sign that is no letter, digit or bracket is a tick ("●", "*", "√"), unless it is the sign of an empty box.
    """
    if isinstance(value, bool):
        return value
    if isinstance(value, int | float):
        return True if value == 1 else False if value == 0 else None
    if not isinstance(value, str):
        return None
    text = value.strip()
    folded = text.casefold() if text.isascii() else unicodedata.normalize("NFC", text).casefold()
    if folded in YES or folded in _ON:
        return True
    if folded in NO or folded in _OFF:
        return False
    mark = folded.removesuffix("\ufe0f")
    if (
        len(mark) == 1
        and (mark in "*+#" or unicodedata.category(mark) in ("So", "Sm", "Po"))
        and mark not in _DOUBT
    ):
        return True
    return None


_DOUBT = "?!.,;:'\"…/\\&@%"
"""Signs that say that somebody did not know, or nothing."""
