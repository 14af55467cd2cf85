"""Who is speaking: from a label in the source ("Rep", "Agent (Ben)", "spk_0") to a role that Reddy knows.

A label is weighed word by word (`weigh`). Some words prove a side, some only lean to one, because their side depends on
who the other speaker is; a machine or a third person has no side. `role_of` gives a side only where the label alone
proves it; `sides` weighs the labels of a call against each other.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from functools import lru_cache
from typing import Literal, NamedTuple

import reddy_lib.transcripts.role_words as role_words

__all__ = [
    "KEEP_AS_TAG",
    "LEAVE_OUT",
    "NO_LINES",
    "Evidence",
    "Role",
    "fold",
    "is_form_word",
    "is_machine",
    "is_numbered",
    "is_role",
    "is_third_voice",
    "leaning",
    "name_in_label",
    "normalise",
    "role_of",
    "speaks_for_itself",
    "weigh",
]

Role = Literal["agent", "customer", "leave out", "keep as tag", ""]
LEAVE_OUT = "leave out"
"""What a label is mapped to when its lines are not to be sent."""
KEEP_AS_TAG = "keep as tag"
"""What a label is mapped to when its words are to become a tag of the call, named after the label."""
NO_LINES = frozenset((LEAVE_OUT, KEEP_AS_TAG))


class Evidence(NamedTuple):
    """What the words of a label say by themselves.

    Attributes:
        side: "agent", "customer", or "" where they say neither.
        proof: they mean that side wherever they stand; False: they only lean to it.
        turnable: they lean, and may be the other side if another label has a better claim.
        voice: "bot" for a machine that talks as an agent does, "machine" for any other, "third" for a person beside the
            two sides.
        whole: the label has no words but such as these, numbers aside.
    """

    side: str = ""
    proof: bool = False
    turnable: bool = False
    voice: str = ""
    whole: bool = False


_NOTHING = Evidence()
_SENTENCE = re.compile("[。！？｡]")
"""What ends a sentence in scripts whose labels never hold it."""
_LONGEST = 60
_MOST_WORDS = 7
_LETTER = re.compile("[A-Za-z]")
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")
_SPLIT = re.compile(r"[\s\d_()\[\]{}<>«»/|\\,.;:!?&+*#\"“”„'’`´=~–—【】（）・-]+")
_UNSPACED = re.compile(r"[\u0e00-\u0e7f\u1100-\u11ff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")
_BETWEEN_TWO = re.compile(r"\s(?:and|und|et|y|e|i|en|og|och|ja|и|та|to|vs|with|mit)\s|[/&+,|]|->|→|<>")
"""What stands between two speakers in one label: it names both, unless both are one side in two languages."""
_ASIDE = re.compile(r"[(\[|/,]|\s[-–—]\s")
"""What parts a role from the name beside it."""
_SMALL_TEXT = """
the a an of for to de du des del della delle dei di da do das dos la le les el los las al au aux en der die das den
dem des van het med til av för for по с со для от з із и der dla pro na w i u o your our my sales tech technical it
line desk help center centre team office department dept unit group call live level tier senior junior chief
main first second third new primary secondary key premium phone chat online web end final am beim an zu im vom zum
clientele службы служба отдел отдела центр центра технической technický techniczne clienti clientela a à
"""
_SMALL = frozenset(_SMALL_TEXT.split())


class _Lexicon:
    """Words and stems: whole words in a set, the others as one pattern."""

    def __init__(self, stems: str) -> None:
        self.exact: set[str] = set()
        parts: list[str] = []
        inside: list[str] = []
        for stem in stems.split():
            plain = normalise(stem.strip("*"))
            if _UNSPACED.search(plain):
                inside.append(re.escape(plain))
            elif stem.startswith("*"):
                parts.append(".*" + re.escape(plain) + (".*" if stem.endswith("*") else ""))
            elif stem.endswith("*"):
                parts.append(re.escape(plain) + ".*")
            else:
                self.exact.add(plain)
        self.stems = re.compile("|".join(parts) or r"(?!)")
        self.inside = re.compile("|".join(inside) or r"(?!)")

    def has(self, word: str) -> bool:
        if not word.isascii() and _UNSPACED.search(word):
            return self.inside.search(word) is not None
        return word in self.exact or self.stems.fullmatch(word) is not None


def normalise(text: str) -> str:
    """A text without case, accents, vowel marks and marks of direction, as words are compared."""
    if text.isascii():
        return text.casefold()
    plain = unicodedata.normalize("NFKD", text.casefold().replace("ı", "i").replace("ł", "l"))
    return "".join(
        mark for mark in plain if not unicodedata.combining(mark) and unicodedata.category(mark) != "Cf"
    )


_PROVES = {side: _Lexicon(stems) for side, stems in role_words.PROVES.items()}
_LEANS = {side: _Lexicon(stems) for side, stems in role_words.LEANS.items()}
_SERVICE = _Lexicon(role_words.SERVICE)
_TURNABLE = _Lexicon(role_words.TURNABLE)
_BOTS = _Lexicon(role_words.BOTS)
_MACHINES = _Lexicon(role_words.MACHINES)
_THIRD = _Lexicon(role_words.THIRD)
_FIELD_NOUNS = _Lexicon(role_words.FIELD_NOUNS)
_SHORT = {word: side for side, words in role_words.ABBREVIATIONS.items() for word in words.split()}
# Words of two or more parts that are written with spaces, put together before a label is taken apart.
_JOINED = {
    " ".join(normalise(stem.strip("*")).split("-")): normalise(stem.strip("*"))
    for stems in (
        *role_words.PROVES.values(), *role_words.LEANS.values(), role_words.SERVICE, role_words.MACHINES,
        role_words.THIRD, role_words.BOTS,
    )
    for stem in stems.split()
    if "-" in stem
}  # fmt: skip
_PHRASES = {
    "end user": "enduser",
    "service user": "external",
    "service desk": "servicedesk",
    "help desk": "helpdesk",
    "contact center": "callcenter",
    "contact centre": "callcenter",
    "team lead": "teamlead",
    "team leader": "teamlead",
    "team member": "employee",
    "staff member": "employee",
    "crew member": "employee",
    "automated agent": "operator",
    "account manager": "representative",
    "relationship manager": "representative",
    "case manager": "representative",
    "case worker": "representative",
    "human agent": "agent",
    "live agent": "agent",
    "account executive": "representative",
    "account holder": "accountholder",
    "card holder": "cardholder",
    "policy holder": "policyholder",
    "user agent": "agent",
    "customer service": "kundenservice",
    "customer user": "customer",
    "client user": "customer",
    "external agent": "agent",
    "contact person": "contact",
    "bot agent": "bot",
    "ai agent": "bot",
    "ai assistant": "bot",
    "digital assistant": "bot",
    "voice assistant": "bot",
    "voice agent": "bot",
    "speech bot": "bot",
}
_BEGIN_PHRASES = frozenset(
    begin
    for phrase in (*_PHRASES, *_JOINED)
    for begin in (phrase.split()[0], f"{phrase}s")  # one word may stand in the plural
)
"""Words of which one stands in every label that holds such a phrase."""


def role_of(label: str, roles: Mapping[str, str] | None = None) -> Role:
    """The role of a speaker label: "agent", "customer", "leave out", "keep as tag", or "" where it does not prove one.

    `roles` (label → role, compared without case and surrounding spaces) wins over the built-in vocabulary.
    """
    if roles:
        wanted = fold(label)
        for known, role in roles.items():
            if fold(known) == wanted:
                return role if role in ("agent", "customer") or role in NO_LINES else ""  # type: ignore[return-value]
    evidence = weigh(label)
    return evidence.side if evidence.proof else ""  # type: ignore[return-value]


def leaning(label: str, roles: Mapping[str, str] | None = None) -> Role:
    """The role of a label, and where it proves none, the side that its words lean to."""
    return role_of(label, roles) or weigh(label).side  # type: ignore[return-value]


def fold(label: str) -> str:
    """How labels are compared: without case, and without spaces around them."""
    return label.strip().casefold()


@lru_cache(maxsize=8192)
def weigh(label: str) -> Evidence:
    """What the words of a label say by themselves."""
    if not label or len(label) > _LONGEST or _SENTENCE.search(label):
        return _NOTHING
    if label.isascii() and not _LETTER.search(label):
        return _NOTHING
    words = () if is_numbered(label) else _words(label)
    if not words or len(words) > _MOST_WORDS:
        return _NOTHING
    if len(words) == 1 and words[0] in _SHORT:
        return Evidence(_SHORT[words[0]], whole=True)
    meanings = [_meaning(word) for word in words]
    if not any(map(any, meanings)):
        return _NOTHING
    proofs, leans, service, voices = map(list, zip(*meanings, strict=True))
    known = [word in _SMALL or any(meaning) for word, meaning in zip(words, meanings, strict=True)]
    whole = all(known)
    voice = next((voice for voice in _VOICES if voice in voices), "")
    if voice:
        return Evidence(voice=voice, whole=whole)
    others = [word for word, is_known in zip(words, known, strict=True) if not is_known]
    if any(map(_FIELD_NOUNS.has, others)) or _is_prose(label, others):
        return _NOTHING
    return _weighed(label, words, proofs, leans, service, whole)


def _weighed(
    label: str, words: list[str], proofs: list[str], leans: list[str], service: list[bool], whole: bool
) -> Evidence:
    sides = {side for side in proofs if side}
    if any(service):
        # An office is the agent's side, whatever customer it serves: "Customer Care", "service client".
        modified = sides == {"customer"} or not sides
        named = [word for word, serves in zip(words, service, strict=True) if serves]
        if modified and not _names_both(label, {"agent", "customer"}):
            bare = named == ["service"] and len(words) == 1
            return Evidence("agent", proof=not bare, whole=whole)
        sides.add("agent")
    if len(sides) == 2:
        return _NOTHING if _names_both(label, sides) else Evidence("agent", proof=True, whole=whole)
    if sides:
        return Evidence(sides.pop(), proof=True, whole=whole)
    leaning_to = {side for side in leans if side}
    if len(leaning_to) != 1 or not (whole or (len(words) <= 4 and (leans[0] or _ASIDE.search(label)))):
        return _NOTHING  # a surname ("Claire Host") is no role
    turnable = any(_TURNABLE.has(word) for word in words)
    return Evidence(leaning_to.pop(), turnable=turnable, whole=whole)


def _words(label: str) -> list[str]:
    if label.isascii():
        label = _CAMEL.sub(" ", label)
    words = [word for word in _SPLIT.split(normalise(label)) if word]
    if len(words) > 1 and not _BEGIN_PHRASES.isdisjoint(words):
        plain = " ".join(words)
        for phrase, word in (*_PHRASES.items(), *_JOINED.items()):
            if phrase in plain:
                plain = re.sub(rf"(?<!\S){re.escape(phrase)}s?(?!\S)", word, plain)
        words = plain.split()
    return [word for word in words if len(word) > 1 or _UNSPACED.search(word)]


class _Meaning(NamedTuple):
    """What a word says of who speaks: the side it proves or leans to, whether it is an office, and which voice."""

    proof: str = ""
    lean: str = ""
    serves: bool = False
    voice: str = ""


_VOICES = {"third": _THIRD, "machine": _MACHINES, "bot": _BOTS}


@lru_cache(maxsize=8192)  # labels, names and sentences have most of their words in common
def _meaning(word: str) -> _Meaning:
    proof = _side(word, _PROVES)
    lean = "" if proof else _side(word, _LEANS)
    return _Meaning(proof, lean, _SERVICE.has(word), _side(word, _VOICES))


def _side(word: str, lexicons: Mapping[str, _Lexicon]) -> str:
    found = [side for side, lexicon in lexicons.items() if lexicon.has(word)]
    return found[0] if found else ""  # a word of both, such as "kundenberater", is the agent's


def _names_both(label: str, sides: set[str]) -> bool:
    """Does the label name two speakers, such as "Agent / Customer"?"""
    parts = [part for part in _BETWEEN_TWO.split(label.casefold()) if part.strip()]
    if len(parts) < 2:
        inside = re.fullmatch(r"\s*([^(\[]+)[(\[]([^()\[\]]+)[)\]]\s*", label)
        parts = list(inside.groups()) if inside else []
    return len(parts) > 1 and {weigh(part).side for part in parts} == sides


def _is_prose(label: str, others: list[str]) -> bool:
    """Is this a clause with a role word in it? The words of a label beside a role are names, with capitals."""
    if not others:
        return False
    if _VERBS.intersection(others) or _DASHED.search(label):
        return True
    small = others
    if any(mark.isupper() for mark in label):
        small = [word for word in _SPLIT.split(label) if normalise(word) in others and word[0].islower()]
    return len(small) > 1 or (len(small) == 1 and len(_SPLIT.split(label)) > 3)


_VERBS_TEXT = """
said says told tells asked asks wants wanted is was are were has had have called calls will did does
"""
_VERBS = frozenset(_VERBS_TEXT.split())
_DASHED = re.compile(r"\s[—–-]{1,2}\s+(?=[a-zß-ÿа-я])")


_NUMBERED = re.compile(
    r"(?:(?:unknown|unidentified|unnamed) )?"
    r"(?:speaker|participant|spk|channel|chan|ch|sprecher(?:in)?|teilnehmer|kanal"
    r"|orateur|intervenant|locuteur|interlocuteur|"
    r"hablante|interlocutor|canal|locutor|falante|parlante|spreker|deelnemer|mówca|rozmówca|mluvčí|konuşmacı|talare|taler|"
    r"puhuja|спикер|говорящий|диктор|мовець|участник|المتحدث|متحدث|דובר|说话人|發言人|发言人|話者|発言者|スピーカー|화자|발화자|"
    r"pembicara|"
    r"người nói|वक्ता|ομιλητής|beszélő|vorbitor|person|persona|personne|voice|party|s|p)[ _#:-]*(?:\d{1,6}|[a-h])",
    re.IGNORECASE,
)


def is_numbered(label: str) -> bool:
    """Is this a speaker by number: "Speaker 2", "spk_0", "Kanal A"?"""
    return _NUMBERED.fullmatch(label.strip()) is not None


def is_third_voice(label: str) -> bool:
    """Is this neither side: a menu, a bot, the system, a supervisor, an interpreter?"""
    return bool(weigh(label).voice)


def is_machine(label: str) -> bool:
    """Is this no person: a menu of options, a bot, the system itself?"""
    return weigh(label).voice in ("bot", "machine")


def is_role(label: str) -> bool:
    """Does the label consist of words for a side and nothing else: "Agent", "Service client", "Ag."?"""
    evidence = weigh(label)
    return bool(evidence.side) and evidence.whole


_FORM_WORDS = frozenset(
    ("user", "users", "service", "services", "lead", "provider", "officer", "host", "you", "me")
)
"""Words that may be a speaker and are as often a line of a form: one is a speaker where it comes back."""


def is_form_word(label: str) -> bool:
    """Is this word a speaker's label as often as it is a line of a form?"""
    return normalise(label).strip() in _FORM_WORDS


def speaks_for_itself(label: str) -> bool:
    """Is this a speaker wherever it stands: a role, or a word such as "Speaker 1", "spk_0", "IVR"?"""
    evidence = weigh(label)
    if evidence.side and (evidence.proof or evidence.whole):
        return not is_form_word(label)
    if evidence.voice and evidence.whole and _ALONE.has(normalise(label).strip()):
        return True
    return (is_numbered(label) and fold(label)[:1] not in ("s", "p")) or _SPK.fullmatch(
        label.strip()
    ) is not None


_SPK = re.compile(
    r"(?:spk|speaker|sprecher(?:in)?|spreker|participant|person|persona|personne|party|pembicara|puhuja)"
    r"[ _#:-]*(?:\d{1,6}|[a-h])",
    re.IGNORECASE,
)
# Third voices that are a label wherever they stand; the others ("Note", "Status") are often a line of a form.
_ALONE = _Lexicon(
    """ivr acd bot chatbot* voicebot* supervisor* simultaneous unknown narrator* interviewer* moderator* interpret*
interprète* intérprete* dolmetsch* übersetzer* traduct* tradutor* translator* tłumacz* tlumočn* tercüman* tolk tolken
tulkki* переводчик* перекладач* مترجم* מתורגמן* 翻译 翻譯 口译 通訳 통역 penerjemah* robot* 机器人 機器人 ボット
teamleit* teamlead*
супервайзер*"""
)


def name_in_label(label: str) -> str:
    """The person named beside a role: "Agent (Ben)", "Ben - Agent" and "Agent Ben" → "Ben"; "" where nobody is."""
    inside = re.fullmatch(r"\s*(.+?)\s*[(\[](.+?)[)\]]\s*", label)
    if inside:
        first, second = inside.groups()
        if weigh(first).side and not weigh(second).side:
            return second.strip()
        if weigh(second).side and not weigh(first).side:
            return first.strip()
        return ""
    beside = re.fullmatch(r"\s*([^-–—,/|]+?)\s*(?:\s[-–—]\s|[,/|])\s*([^-–—,/|]+?)\s*", label)
    if beside:
        return name_in_label(f"{beside[1]} ({beside[2]})")
    words = label.split()
    if weigh(label).whole or not weigh(label).side:
        return ""
    first_word = weigh(words[0]) if words else _NOTHING
    if (
        len(words) in (2, 3)
        and first_word.side
        and first_word.proof
        and all(word[:1].isupper() and not weigh(word).side for word in words[1:])
        and not _SERVICE.has(normalise(words[-1]))
    ):
        return " ".join(words[1:])
    return ""
