"""Find personal data in the lines of a transcript, and in the text of a tag or a field."""

from __future__ import annotations

import re
from collections.abc import Sequence

from reddy_lib.model import TranscriptLine
from reddy_lib.personal_data.dialogue import Dialogue
from reddy_lib.personal_data.number_words import plain
from reddy_lib.personal_data.said import NOT_KEPT, Said, first_in_each_place
from reddy_lib.personal_data.vocabulary import LANGUAGES, guess_languages, vocabulary

__all__ = ["find_in_text", "find_personal_data"]


def find_personal_data(
    lines: Sequence[TranscriptLine], *, languages: Sequence[str] | None = None, blunt: bool = False
) -> list[Said]:
    """Find personal data in a transcript, in the order of its lines.

    It proposes, and cannot find everything: what was asked for or announced, and what has the form of an email address, an
    IBAN, a card or a phone number.

    Args:
        languages: of the speakers ("en", "de", "fr", "es", "pt", "it", "nl", "da"); None guesses them from the words.
        blunt: mark every number of three digits or more, harmless ones too.

    Raises ValueError: a language that there are no words for.
    """
    spoken = tuple(languages) if languages else guess_languages([line.text for line in lines])
    return first_in_each_place(Dialogue(vocabulary(spoken), blunt=blunt).feed(lines))


def find_in_text(text: str, kind_hint: str = "", *, languages: Sequence[str] | None = None) -> list[Said]:
    """Find personal data in one text, as in the value of a tag or a field; the line of each is 1.

    Args:
        kind_hint: the name of the tag or field. A tag called "Card number" says what its value is.
        languages: as in `find_personal_data`; None guesses them for the text, and reads the hint in all.
    """
    spoken = tuple(languages) if languages else guess_languages([text])
    words = vocabulary((*spoken, *(one for one in LANGUAGES if one not in spoken)) if kind_hint else spoken)
    dialogue = Dialogue(words)
    if kind_hint:
        dialogue.expect(kind_hint)
    found = first_in_each_place(dialogue.feed([TranscriptLine("", text)]))
    if kind_hint and not _CODE.search(plain(re.sub(r"[\W_]+", " ", kind_hint))):
        return [one for one in found if one.kind not in NOT_KEPT or one.why != ASKED_BY_NAME]
    return found


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
