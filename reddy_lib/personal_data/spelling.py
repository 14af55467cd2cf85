"""How letters are said: by their names, by words that begin with them, one by one."""

from __future__ import annotations

import re

from reddy_lib.personal_data.number_words import homophones

__all__ = ["AS_IN", "SAID_AS_LETTER", "may_spell"]

SAID_AS_LETTER = {
    "bee": "b", "see": "c", "dee": "d", "ee": "e", "eff": "f", "gee": "g",
    "aitch": "h", "jay": "j", "kay": "k", "ell": "l", "em": "m", "en": "n",
    "pee": "p", "queue": "q", "ar": "r", "ess": "s", "tee": "t", "vee": "v",
    "ex": "x", "why": "y", "zed": "z", "zee": "z",
}  # fmt: skip
"""Name of a letter → the letter."""

AS_IN = frozenset(("for", "as", "wie", "comme", "de", "van", "come", "som", "like"))
"""Words between a letter and a word that begins with it ("b for bravo")."""

_SINGLE = r"(?<![^\W\d_])(?<!['’])[^\W\d_](?![^\W\d_'’])"
_BEHIND_LETTER = "|".join(sorted({*AS_IN, *homophones()}))
_MAY_SPELL = re.compile(
    rf"{_SINGLE}(?:\s*(?:[^\w\s]|_)|\s+(?:[^\W\d_](?![^\W\d_])|(?:{_BEHIND_LETTER})(?![^\W\d_])))",
    re.IGNORECASE,
)


def may_spell(text: str) -> bool:
    """Return whether a line without numbers may have a run: letters that are no words of their own."""
    return _MAY_SPELL.search(text) is not None
