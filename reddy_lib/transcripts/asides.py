"""What stands in a transcript and is not speech: headings, stage directions, rules, notes about the call.

They name no speaker and never will, so they are told apart from speech whose label is missing: an aside is kept
with the turn beside it and mentioned once, speech without a speaker is for the analyst to place. When in doubt
a text is speech.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from reddy_lib.transcripts.date_words import fold_words, lexicon

__all__ = [
    "goes_on_as_speech",
    "is_aside",
    "is_day",
    "is_event",
    "is_heading",
    "is_note",
    "is_rule",
    "names_somebody",
    "roles_in",
]

_LONGEST = 240
_ENCLOSED = re.compile(r"\[[^\[\]]*\]?|\([^()]*(?:\([^()]*\)[^()]*)*\)?|\{[^{}]*\}|<[^<>]*>")
_EMPHASISED = re.compile(r"(\*{1,3}|_{1,3})[^\s*_](?:[^*_]|(?<=\w)_(?=\w))*\1")
_ABOUT = re.compile(
    r"(?:(?:call|chat|conversation|transcript|word|total|approx|agent|customer|case|ticket|contact|recording|file|"
    r"start|end|begin|audio|caller|client|date|time|duration|length|participants?|speakers?|scene|setting|"
    r"location|words?|count|id|number|no|ref|reference|topic|subject|title|language|summary|name|of|the|and|"
    r"datum|uhrzeit|dauer|teilnehmer|fecha|hora|duración|participantes|durée|heure|dato|duur|tijd|data|durata)"
    r"[ .#/_-]*){1,5}\s*[:=]",
    re.IGNORECASE,
)
_ABOUT_A_CALL = re.compile(
    r"\b(?:transcripts?|transcription|transcribed|transkript\w*|transcripci[oó]n|trascrizione|transcri[cç][aã]o|"
    r"(?:end|start|beginning) of (?:the )?(?:call|chat|conversation|recording)|"
    r"(?:call|chat|conversation|recording) (?:starts?|started|ends?|ended|begins?|initiat\w*|connect\w*|"
    r"disconnect\w*|terminated|in progress|log|summary|details)|"
    r"(?:service|support|help ?desk|hotline) (?:call|chat|conversation)|anruf(?:beginn|ende)|"
    r"fin de (?:la )?(?:llamada|l'appel)|ende des (?:anrufs|gesprächs))\b",
    re.IGNORECASE,
)
_SPEECH = re.compile(
    r"\b(?:i|i'm|i’m|i'll|i’ll|i've|i’ve|you|you're|you’re|your|my|we|we're|we’re|our|me|us|hello|hi|hey|thanks?|"
    r"please|yes|no|okay|ok|sure|bye|goodbye|good (?:morning|day|afternoon|evening)|ich|sie|wir|mein|guten|"
    r"hallo|danke|ja|nein|yo|usted|mi|hola|gracias|buenos|buenas|sí|je|vous|nous|mon|bonjour|merci|oui|non|"
    r"ik|u|uw|dank|nee|ciao|buongiorno|grazie|sì|io|eu|você|obrigad[oa]|olá|sim|não)\b",
    re.IGNORECASE,
)


_SUBJECT = (
    r"(?:the |this )?(?:call|chat|conversation|recording|session|interaction|contact|agent|customer|caller|client|"
    r"visitor|user|"
    r"operator|representative|participant|supervisor|system|queue|line|bot|"
    r"anruf|gespräch|unterhaltung|aufzeichnung|mitarbeiter(?:in)?|kunde|kundin|"
    r"appel|conversation|conseiller|agent|client|llamada|conversación|agente|cliente|chiamata|conversazione|operatore|chamada|"
    r"ligação|conversa|atendente|gesprek|oproep|klant|rozmowa|połączenie|hovor|görüşme|arama|samtal(?:et)?|звонок|разговор)"
)
_HAPPENED = (
    r"(?:transferr?ed|joined|left|ended|started|begun|connected|disconnected|resumed|closed|assigned|accepted|"
    r"answered|escalated|"
    r"terminated|queued|routed|muted|unmuted|paused|(?:put |placed )?on hold|hung up|off hold|"
    r"weitergeleitet|verbunden|beendet|gestartet|beigetreten|verlassen|getrennt|"
    r"transféré|terminé|démarré|connecté|rejoint|transferid[ao]|"
    r"finalizad[ao]|iniciad[ao]|terminad[ao]|conectad[ao]|"
    r"trasferita|terminata|avviata|encerrad[ao]|doorverbonden|beëindigd|zakończon[ae]|"
    r"ukončen|aktarıldı|sonlandırıldı|avslutat|"
    r"завершен|переведен|завершён|переведён)"
)
_EVENT = re.compile(
    rf"(?:{_SUBJECT}|[^\W\d_][\w.'’-]{{1,20}}(?: [^\W\d_][\w.'’-]{{0,20}}){{0,2}})"
    rf"(?: \w[\w.'’-]{{0,20}}){{0,2}}? (?:(?:was|has|has been|is|wurde|hat|a été|fue|ha|foi|è stata) )?(?:now )?{_HAPPENED}"
    rf"(?: (?:to|from|by|for|the|in|at|on|with|an|von|à|a|per|par|due)\b.{{0,60}})?[.!]?",
    re.IGNORECASE,
)
_PLAIN_EVENT = re.compile(
    rf"{_SUBJECT} (?:(?:was|has|has been|is|wurde|hat|a été|fue|ha|foi|è stata) )?(?:now )?{_HAPPENED}"
    rf"(?: (?:to|from|by|the|in|at|an)\b[^,?!]{{0,40}})?[.]?",
    re.IGNORECASE,
)
_MUSIC = re.compile(
    r"on hold|hold music(?: (?:starts?|plays?|playing|ends?))?|"
    r"warteschleife|wartemusik|musique d.attente|música de espera|musica d.attesa|"
    r"(?:call )?transfer(?:ring)?(?: (?:to|in progress).{0,40})?|"
    r"(?:start|end|beginning) of (?:call|chat|conversation|recording|transcript)",
    re.IGNORECASE,
)
_NOTE = re.compile(
    r"(?P<whose>(?:internal|private|agent|agent's|supervisor|system|call|case|hidden|staff|crm|interne?r?|nota|note)\s+)?"
    r"(?:notes?|notizen?|notiz|comments?|kommentar|remarks?|memo|(?P<closing>disposition|wrap[- ]?up)|anmerkung|"
    r"vermerk|remarque|comentario|observaciones|nota interna|note interne|примечание|заметка|备注|メモ)"
    r"(?:\s+(?:interna|interne|intern))?\s*[:：-]",
    re.IGNORECASE,
)
_DECORATED = re.compile(
    r"\*{2,3}[^*]+\*{2,3}|-{2,}[^\n]+?-{2,}|={2,}[^\n]+?={2,}|~{2,}[^\n]+?~{2,}|[–—]{1,3}[^\n–—]+[–—]{1,3}|<{2}[^<>]+>{2}|"
    r"\[[^\[\]]+\]|\([^()]+\)|\{[^{}]+\}|<[^<>]+>|\*[^*]+\*|#+\s[^\n]+|>{2,}[^\n]+"
)


_MARKS_AROUND = re.compile(r"^[*_#>=~•\[\](){}<>\s–—-]+|[*_#>=~•\[\](){}<>\s–—-]+$")


def is_event(text: str, *, machine: bool = False) -> bool:
    """Is this text line the status of a call, which nobody said: "*** Agent joined ***", "[hold music]"?

    `machine`: it stands under the label of a system, which says such things without marks.
    """
    text = text.strip()
    if not text or len(text) > 120 or "?" in text:
        return False
    decorated = _DECORATED.fullmatch(text) is not None
    core = _MARKS_AROUND.sub("", text)
    if decorated or machine:
        return bool(_EVENT.fullmatch(core) or _MUSIC.fullmatch(core))
    if text[-1:] == "." or text[:4].lower() in ("the ", "this"):
        return False  # it may well be a sentence of somebody's
    return _PLAIN_EVENT.fullmatch(core) is not None


def is_note(text: str, *, opening: bool = False) -> bool:
    """Is this text line a note about the call that was not spoken: "Internal note: …"?

    `opening`: it stands before the first speaker, where "Note: …" alone is one too.
    """
    match = _NOTE.match(text.strip("*_#> \t[("))
    return match is not None and (opening or match["whose"] is not None or match["closing"] is not None)


def is_aside(text: str, *, opening: bool = False) -> bool:
    """Is this text line a heading, a stage direction, a rule or a note about the call, rather than speech?

    `opening`: it stands before the first speaker, where a few words that end without a full stop are a title.
    """
    text = text.strip()
    if not any(mark.isalnum() for mark in text):
        return True
    if len(text) > _LONGEST:
        return False
    core = text.strip("*_#>=~-–—• \t")
    if (
        _ENCLOSED.fullmatch(core)
        or _ENCLOSED.fullmatch(text)
        or _EMPHASISED.fullmatch(text)
        or text.startswith("#")
    ):
        return True
    if _ABOUT.match(core):
        return True
    if "?" in core or _SPEECH.search(core):
        return False
    words = len(core.split())
    if _ABOUT_A_CALL.search(core):
        return words <= 30
    return opening and words <= 8 and core[-1:] not in ".!…,;" and _is_title(core)


_RULE = re.compile(r"\W*[-–—=_*#~+|•·─━═]{3,}\W*|[-–—_*#~+=]{2}")
_RULED = re.compile(
    r"(?P<mark>[-=*#~_+–—─━═])(?P=mark){1,}.{1,120}|.{1,120}(?P<end>[-=*#~_+–—─━═])(?P=end){2,}|#{1,6}\s.+"
)


def is_rule(text: str) -> bool:
    """Is this text line a separator, without a word: `-----`, `* * *`?"""
    return _RULE.fullmatch(text.replace(" ", "")) is not None


def is_heading(text: str) -> bool:
    """Is this text line, which stands around a conversation, a heading or a rule: `=== Call 12 ===`, `Date: 3 May`?"""
    text = text.strip()
    if is_rule(text):
        return True
    if len(text) > _LONGEST or "?" in text or _SPEECH.search(text):
        return False
    core = text.strip("*_#>=~-–—• \t")
    return bool(_RULED.fullmatch(text) or _ABOUT.match(core) or _ABOUT_A_CALL.search(core))


_UNIT_TEXT = (
    "s sec secs second seconds min mins minute minutes h hr hrs hour hours ms sek sekunden minuten stunden std secondes "
    "heure heures segundos minutos hora horas secondi minuti ora ore seconden uur sekunder minutter timer words lines "
    "turns speakers messages"
)
_UNIT_WORDS = frozenset(_UNIT_TEXT.split())
_ZONE = re.compile(r"[A-Z]{2,5}|[A-Z][a-z]+/[A-Z]\w+|[Zz]")


def goes_on_as_speech(text: str) -> bool:
    """Return whether a line such as `Time: 10:00 works` says more behind its colon than a fact of a call does.

    A fact is one word or number, a date, a time, or a quantity.
    """
    about = _ABOUT.match(text.strip().strip("*_#>=~-–—• \t"))
    if about is None or is_rule(text):
        return False
    words = re.findall(r"[^\W\d_]{2,}(?:/[^\W\d_]+)?", about.string[about.end() :])
    if len(about.string[about.end() :].split()) < 2:
        return False
    known = lexicon()
    return any(
        _ZONE.fullmatch(word) is None
        and (folded := fold_words(word)) not in _UNIT_WORDS
        and folded not in known.months
        and folded not in known.weekdays
        and folded not in known.halves
        for word in words
    )


def _is_title(text: str) -> bool:
    """Most of its long words start with a capital, as they do in a title."""
    long = [word for word in re.findall(r"[^\W\d_]+", text) if len(word) > 3]
    return 2 * sum(word[0].isupper() for word in long) > len(long) or not long


_AGENT_WORD = r"(?:agent|rep|representative|advisor|adviser|operator)"
_CUSTOMER_WORD = r"(?:customer|caller|client)"


def is_day(text: str) -> bool:
    """Return whether a text line is a day and nothing else, as chats write it above its messages: `Friday, March 14th`."""
    if len(text) > _LONGEST_DAY:
        return False
    core = text.strip("*_#>=~-–—•·[]() \t")
    if _NUMERIC_DAY.fullmatch(core):
        return True
    words = [fold_words(word) for word in _DAY_PARTS.findall(core)]
    known = lexicon()
    named = [word for word in words if word in known.months or word in known.weekdays]
    rest = [word for word in words if word not in named]
    return (
        bool(named)
        and len(words) > 1
        and all(len(word) < 3 or _NUMBER_OF_DAY.fullmatch(word) for word in rest)
    )


_LONGEST_DAY = 40
_NUMERIC_DAY = re.compile(
    r"\d{1,2}[./-]\d{1,2}[./-]\d{2,4}\.?|\d{4}[./-]\d{1,2}[./-]\d{1,2}|\d{4}年\d{1,2}月\d{1,2}日|\d{4}년\s?\d{1,2}월\s?\d{1,2}일"
)
_DAY_PARTS = re.compile(r"[^\W\d_]+|\d{1,4}(?:st|nd|rd|th|er|º|ª)?|[^\w\s.,]")
_NUMBER_OF_DAY = re.compile(r"\d{1,4}(?:st|nd|rd|th|er)?")


def names_somebody(text: str, names: Iterable[str]) -> bool:
    """Return whether a heading says nothing but the role of one of these names: `Agent Laura Behrens`."""
    return any(len(text) <= len(name) + _OF_A_ROLE and roles_in(text, name) for name in names if name in text)


_OF_A_ROLE = 20
"""Characters that the word for a role, and marks around it, take."""


def roles_in(asides: str, name: str) -> set[str]:
    """Roles that headings give a name: "call between Louis (Customer) and Daleen (Agent)" makes Louis the customer."""
    found: set[str] = set()
    person = re.escape(name)
    for role, word in (("agent", _AGENT_WORD), ("customer", _CUSTOMER_WORD)):
        beside = rf"\b{person}\W{{0,3}}[(\[,]\s*{word}\b|\b{word}\s*[:,*_]{{0,4}}\s*[(\[]?\s*{person}\b"
        if re.search(beside, asides, re.IGNORECASE):
            found.add(role)
    return found
