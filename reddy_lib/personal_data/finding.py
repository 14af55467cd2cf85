"""Find personal data in the lines of a transcript, and in the text of a tag or a field."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from reddy_lib.model import TranscriptLine
from reddy_lib.personal_data.bare_numbers import is_date
from reddy_lib.personal_data.cues import HARMLESS
from reddy_lib.personal_data.dialogue import Dialogue
from reddy_lib.personal_data.languages import guess_languages
from reddy_lib.personal_data.number_words import plain, word_set
from reddy_lib.personal_data.said import NOT_KEPT, Said, first_in_each_place
from reddy_lib.personal_data.vocabulary import LANGUAGES, vocabulary

__all__ = ["find_in_name", "find_in_text", "find_personal_data"]


def find_personal_data(
    lines: str | Iterable[TranscriptLine | str | Mapping[str, Any]],
    *,
    languages: Sequence[str] | None = None,
    blunt: bool = False,
) -> list[Said]:
    """Find personal data in a transcript, in the order of its lines.

    It proposes, and cannot find everything: what was asked for or announced, and what has the form of an email address, an
    IBAN, a card or a phone number.

    Args:
        lines: of the transcript, as `call.transcript` and `parse_transcript` return them; also texts, or dicts with role
            and text. The lines of one text are what its line breaks make: `text.splitlines()`.
        languages: of the speakers ("en", "de", "fr", "es", "pt", "it", "nl", "da"); None guesses them from the words.
        blunt: mark every number of three digits or more, harmless ones too.

    Raises:
        TypeError: `lines` is something else.
        ValueError: a language that there are no words for.
    """
    said = _lines_of(lines)
    spoken = tuple(languages) if languages else guess_languages([line.text for line in said])
    return first_in_each_place(Dialogue(vocabulary(spoken), blunt=blunt).feed(said))


def _lines_of(lines: object) -> list[TranscriptLine]:
    if isinstance(lines, str):
        return [TranscriptLine("", text) for text in lines.splitlines()]
    # A dict, and a DataFrame such as batch.lines(row), would be read as the names of their columns.
    if isinstance(lines, bytes | Mapping) or hasattr(lines, "columns") or not isinstance(lines, Iterable):
        raise TypeError(
            "lines must be a text or the lines of a transcript, such as batch.call(2).transcript, not "
            f"{type(lines).__name__}."
        )
    return [
        line if isinstance(line, TranscriptLine) else _line(line, number)
        for number, line in enumerate(lines, 1)
    ]


def _line(line: object, number: int) -> TranscriptLine:
    if isinstance(line, str):
        return TranscriptLine("", line)
    if isinstance(line, Mapping) and isinstance(line.get("text"), str):
        return TranscriptLine(str(line.get("role") or ""), line["text"])
    raise TypeError(  # without what the line holds, which may be personal data
        f'Line {number} must be a TranscriptLine, text, or a dict with a text under "text" (and optionally "role"); '
        f"its type is {type(line).__name__}."
    )


def find_in_text(text: str, kind_hint: str = "", *, languages: Sequence[str] | None = None) -> list[Said]:
    """Find personal data in one text, as in the value of a tag or a field; the line of each is 1.

    Args:
        kind_hint: the name of the tag or field. A tag called "Card number" says what its value is.
        languages: as in `find_personal_data`; None guesses them for the text, and reads the hint in all.
    """
    if languages is None:
        if kind_hint and len(text) <= _LONGEST_FIGURES and _FIGURES.fullmatch(text):
            return _in_figures(text, kind_hint)
        if len(text) <= _SHORT and not _TELLS_NUMBER.search(text):
            return list(_in_words(text, kind_hint))
    return _in_text(text, kind_hint, languages)


def _in_figures(text: str, kind_hint: str) -> list[Said]:
    """Return what figures alone are in a field. Most are told by the name of the field and how many they are."""
    expected = _expected(kind_hint)
    if not expected and len(text) < _BARE_ID:
        return []  # a count
    if expected and expected <= _OF_THINGS:
        return []
    shape = (kind_hint, len(text), text[0] == "+")
    known = _shapes.get(shape)
    if known is None:
        known = _in_text(text, kind_hint, None)
        if len(known) == 1 and known[0].why == ASKED_BY_NAME and known[0].sure == "context":
            if len(_shapes) >= _MOST_SHAPES:
                _shapes.clear()
            _shapes[shape] = known
    return list(known)


@lru_cache(maxsize=4096)  # tags such as a queue have few values
def _in_words(text: str, kind_hint: str) -> tuple[Said, ...]:
    return tuple(_in_text(text, kind_hint, None))


def _in_text(text: str, kind_hint: str, languages: Sequence[str] | None) -> list[Said]:
    spoken = tuple(languages) if languages else guess_languages([text])
    if not kind_hint:
        return _found_in(text, Dialogue(vocabulary(spoken)))
    hint = _hint_of(kind_hint)
    words = vocabulary((*spoken, *(one for one in LANGUAGES if one not in spoken)))
    dialogue = Dialogue(words)
    dialogue.expect(hint.words)
    found = _found_in(text, dialogue)
    if not found and dialogue.expects_name() and _is_name(text):
        begin, end = len(text) - len(text.lstrip()), len(text.rstrip())
        return [Said(1, begin, end, "name", 1, "context", ASKED_BY_NAME)]
    if not hint.code:
        return [one for one in found if one.kind not in NOT_KEPT or one.why != ASKED_BY_NAME]
    return found


@lru_cache(maxsize=2048)  # each call of a batch has the same names
def _expected(name: str) -> frozenset[str]:
    """Return the kinds that the name of a field speaks of."""
    dialogue = Dialogue(vocabulary(LANGUAGES))
    dialogue.expect(_hint_of(name).words)
    return dialogue.expected()


class _Hint(NamedTuple):
    """The name of a field in words, and whether it can mean nothing but a security code or a PIN."""

    words: str
    code: bool


@lru_cache(maxsize=2048)
def _hint_of(name: str) -> _Hint:
    words = _HUMPS.sub(" ", name)
    return _Hint(words, _CODE.search(plain(re.sub(r"[\W_]+", " ", words))) is not None)


def _found_in(text: str, dialogue: Dialogue) -> list[Said]:
    if plain(text.strip()) in _NO_NAMES:
        return []
    found = first_in_each_place(dialogue.feed([TranscriptLine("", text)]))
    return [one for one in found if not (one.kind == "account" and is_date(text[one.begin : one.end]))]


def find_in_name(name: str) -> list[Said]:
    """Find personal data in the name of a tag or field, such as "card 4111 1111 1111 1111"; the line of each is 1.

    A name says what a value is ("Customer phone 2", "Contract 2026"), so that only an email address counts, and a number
    that is too long to be a part of a name.
    """
    return list(_find_in_name(name))


@lru_cache(maxsize=2048)  # each call of a batch has the same names
def _find_in_name(name: str) -> tuple[Said, ...]:
    if not _TELLING.search(name):
        return ()
    found = find_in_text(name, languages=LANGUAGES)
    return tuple(one for one in found if _tells(one.kind, name[one.begin : one.end]))


def _is_name(text: str) -> bool:
    """Return whether the value of a field for names is one: a few words, and none that stand for no name."""
    return _NAME.fullmatch(text.strip()) is not None and plain(text.strip()) not in _NO_NAMES


def _tells(kind: str, said: str) -> bool:
    digits = re.sub(r"\D", "", said)
    if kind == "email" or kind in _IN_WORDS:
        return kind == "email"
    if not digits:  # spelt out
        return len(said.split()) >= _SHORT_CODE
    if kind in _SHORT_CODES:
        return len(digits) >= _SHORT_CODE and not _YEAR.fullmatch(said.strip())
    return len(digits) >= _LONG_NUMBER


_SHORT = 60  # characters
_TELLS_NUMBER = re.compile(r"[\d@]")
_FIGURES = re.compile(r"\+?[0-9]+")
_LONGEST_FIGURES = 12  # fewer than a card has: no check digit tells what they are
_OF_THINGS = frozenset(HARMLESS)
_MOST_SHAPES = 2_000
_shapes: dict[tuple[str, int, bool], list[Said]] = {}
"""What figures are in a field, by its name, how many they are, and whether a plus precedes them."""
_BARE_ID = 8  # digits of a number that is told by nothing but its length
_HUMPS = re.compile(r"(?<=[a-zß-ÿ])(?=[A-Z])")
"""Where a name that is written as one word ("cardNumber") has another word."""
_TELLING = re.compile(r"\d\D?\d\D?\d|@|\w\W+\w+\W+\w+\W+\w")
"""A name that may hold personal data: three digits, an address, or several words."""
_IN_WORDS = ("name", "address", "password")
_SHORT_CODES = ("cvv", "pin", "last4", "expiry", "birth_date")
_SHORT_CODE, _LONG_NUMBER = 3, 6  # digits
_YEAR = re.compile(r"(?:19|20)\d\d")
_NAME = re.compile(r"[^\W\d_]+\.?(?:[ ,'’-]{1,2}[^\W\d_]+\.?){0,4}")
_NO_NAMES = word_set(
    "unknown anonymous none null nan na yes no true false test unbekannt keine keiner anonym nein ja inconnu anonyme aucun "
    "non oui desconocido anonimo ninguno desconhecido nenhum sconosciuto nessuno onbekend geen ukendt ingen withheld other"
)

ASKED_BY_NAME = "asked for in line 0"

_CODE = re.compile(
    r"\b(?:cvv2?|cvc2?|cvn2?|csc|card (?:security|verification) \w+|security code|sicherheits(?:code|nummer|zahl)|"
    r"\w*pruf(?:nummer|ziffer|zahl)n?|cryptogramme|code (?:de )?(?:securite|verification|secret|confidentiel)|"
    r"codigo (?:de )?(?:seguridad|seguranca|verificacion|verificacao)|codice (?:di )?(?:sicurezza|verifica|segreto)|"
    r"(?:beveiligings|veiligheids|verificatie)code|(?:sikkerheds|engangs|pin)kode|[tm]?pin|"
    r"pin ?(?:code|number|nummer|no)|otp|[mi]?tan|pass ?code|one ?time (?:code|password|passcode|pin)|"
    r"verification code|einmal(?:code|kennwort|passwort)|geheimzahl)\b"
)
"""Names of columns that can mean nothing but a security code or a PIN. Such a value is masked at once and for good, so a
name that has other meanings ("Wrap-up code", "Message", "Postcode") is not enough."""
