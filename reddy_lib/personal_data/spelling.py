"""How letters are said: by their names, by words that begin with them, one by one."""

from __future__ import annotations

import re
from collections.abc import Sequence

from reddy_lib.personal_data.number_words import homophones

__all__ = ["AS_IN", "INSIDE", "letter_named", "may_spell"]

_ENGLISH = {
    "bee": "b", "see": "c", "dee": "d", "ee": "e", "eff": "f", "gee": "g",
    "aitch": "h", "jay": "j", "kay": "k", "ell": "l", "em": "m", "en": "n",
    "pee": "p", "queue": "q", "ar": "r", "ess": "s", "tee": "t", "vee": "v",
    "ex": "x", "why": "y", "zed": "z", "zee": "z",
}  # fmt: skip
_NAMES = {
    "de": {"jott": "j", "vau": "v", "zett": "z", "ypsilon": "y"},
    "fr": {"ache": "h", "emme": "m", "enne": "n", "esse": "s", "zede": "z"},
    "es": {"efe": "f", "hache": "h", "jota": "j", "ka": "k", "ele": "l", "eme": "m", "ene": "n", "erre": "r", "ese": "s",
           "uve": "v", "equis": "x", "zeta": "z", "ceta": "z"},
    "pt": {"efe": "f", "aga": "h", "jota": "j", "ka": "k", "eme": "m", "ene": "n", "erre": "r", "esse": "s", "xis": "x"},
    "it": {"effe": "f", "acca": "h", "elle": "l", "emme": "m", "enne": "n", "erre": "r", "esse": "s", "vu": "v",
           "zeta": "z"},
    "nl": {"kaa": "k", "zet": "z", "ypsilon": "y"},
    "da": {"zet": "z"},
}  # fmt: skip


def letter_named(word: str, languages: Sequence[str]) -> str:
    """Return the letter that a word names in one of the languages, or in English; "" if it names no letter."""
    for language in languages:
        letter = _NAMES.get(language, {}).get(word)
        if letter is not None:
            return letter
    return _ENGLISH.get(word, "")


AS_IN = frozenset(("for", "as", "wie", "comme", "de", "van", "come", "som", "like"))
"""Words between a letter and a word that begins with it ("b for bravo")."""

INSIDE = frozenset(("in", "im", "dans", "en", "em"))
"""Words that may follow one of them ("b as in bravo")."""

_SINGLE = r"(?<![^\W\d_])(?<!['’])[^\W\d_](?![^\W\d_'’])"
_BEHIND_LETTER = "|".join(sorted({*AS_IN, *homophones()}))
_MAY_SPELL = re.compile(
    rf"{_SINGLE}(?:\s*(?:[^\w\s]|_)|\s+(?:[^\W\d_](?![^\W\d_])|(?:{_BEHIND_LETTER})(?![^\W\d_])))",
    re.IGNORECASE,
)


def may_spell(text: str) -> bool:
    """Return whether a line without numbers may have a run: letters that are no words of their own."""
    return _MAY_SPELL.search(text) is not None
