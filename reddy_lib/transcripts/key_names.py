"""What the names of keys say of turns: role, text, start, stop, duration; with the unit that a name gives away.

Names alone are a hint: `turn_keys` weighs them against the values of the whole list.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import Any, NamedTuple

__all__ = [
    "ASSISTANTS",
    "DIRECTIONS",
    "NO_TEXT",
    "NO_TIME",
    "UNITS",
    "Key",
    "Plan",
    "Timed",
    "classify_key",
    "is_plain",
    "names_part",
    "side_of_flag",
    "usual_plan",
    "words_in",
]

ASSISTANTS = frozenset(("assistant", "bot", "ai", "model", "chatbot", "virtual_agent"))
"""Roles that voice assistants have in their own messages, where "user" is who talks to them."""

_ROLE_TEXT = """
role speakerrole participantrole participantpurpose participanttype speaker speakerlabel speakername segmentspeaker
speakerid who participant participantname participantid party from sender sendername sendertype
author channel mediachannel channeltag channellabel channelid name user userid type
"""
_ROLE = _ROLE_TEXT.split()
_TEXT_TEXT = """
text decoratedtext displaytext content message utterance transcript sentence body phrase speech said
line transcription humantranscript plaintext words value originaltext displayname texto texte nachricht mensaje tekst
"""
_TEXT = _TEXT_TEXT.split()
_START_TEXT = """
start starttime startoffset begin begintime beginoffset offset startsec starttimestamp timestart
from startseconds timestamp time absolutetime ts s inicio debut beginn von
"""
_START = _START_TEXT.split()
_STOP_TEXT = """
end endtime endoffset endts stop stoptime finish finishtime endtimestamp timeend to e fin ende bis
"""
_STOP = _STOP_TEXT.split()
_DURATION_TEXT = """
duration length dur dauer duree duracion
"""
_DURATION = _DURATION_TEXT.split()
UNITS = {
    "milliseconds": 0.001, "millisecond": 0.001, "millis": 0.001, "msec": 0.001, "ms": 0.001,
    "microseconds": 1e-6, "micros": 1e-6, "usec": 1e-6, "us": 1e-6, "inticks": 1e-7, "ticks": 1e-7,
    "seconds": 1.0, "second": 1.0, "secs": 1.0, "sec": 1.0,
}  # fmt: skip
_RANKS: dict[str, tuple[str, int]] = {
    **{name: ("duration", rank) for rank, name in enumerate(_DURATION)},
    **{name: ("stop", rank) for rank, name in enumerate(_STOP)},
    **{name: ("start", rank) for rank, name in enumerate(_START)},
    **{name: ("text", rank) for rank, name in enumerate(_TEXT)},
    **{name: ("role", rank) for rank, name in enumerate(_ROLE)},
}

# Words inside of names that no list has, in the languages of the role vocabulary.
_ROLE_WORDS_TEXT = """
role speaker who author sender participant party actor persona side talker by spk spkr from user users speakers
participants authors channel locutor
interlocutor hablante orador rol papel remitente emisor sprecher absender rolle seite orateur intervenant
emetteur expediteur parlante relatore mittente ruolo spreker afzender falante remetente mowca nadawca rola
konusmaci gonderen rol talare avsandare puhuja lahettaja mluvci odesilatel говорящий отправитель роль спикер
автор المتحدث المتكلم المرسل 说话人 说话者 角色 发送者 話者 発言者 送信者 화자 발신자 역할 pembicara pengirim
nguoi
"""
_TEXT_WORDS_TEXT = """
text content message msg body utterance transcript sentence phrase speech said says say saying spoken line
turn comment transcription words wording reply dice dicho texto frase mensaje contenido enunciado dit propos
texte phrase contenu discours text nachricht inhalt aussage satz gesagt wortlaut testo frase messaggio
contenuto detto tekst bericht zin inhoud mensagem fala conteudo tresc wypowiedz wiadomosc metin mesaj icerik
meddelande innehall viesti teksti zprava obsah текст сообщение реплика содержание фраза النص الرسالة الكلام
文本 内容 话语 消息 対話 発言 本文 メッセージ 텍스트 내용 발화 메시지 teks pesan isi ucapan noidung dialogue
dialog dialogo
"""
_START_WORDS_TEXT = """
start begin began from offset time timestamp ts at when created sent inicio comienzo desde hora anfang beginn von zeit
zeitpunkt uhrzeit debut heure depart inizio ora tempo dalle begintijd tijd vanaf inicio hora poczatek czas od baslangic
saat zaman borjan tid alku aika zacatek cas начало время старт от بداية وقت 开始 开始时间 時間 開始 시작 시간 mulai waktu t0
"""
_STOP_WORDS_TEXT = """
end ended stop finish finished until till to final hasta fin ende bis schluss fine termine einde tot fim koniec do bitis
son slut loppu konec конец до نهاية 结束 終了 끝 종료 selesai akhir t1
"""
_DURATION_WORDS_TEXT = """
duration length len dur secs dauer laenge länge duree duracion durata duur duracao czas trwania sure langd kesto delka
длительность المدة 时长 長さ 길이 durasi
"""
_COUNTER_WORDS_TEXT = """
index idx sequence seq order ordinal number num no nr counter count position pos id line turn segment folge
nummer orden numero ordre numéro ordine volgnummer ordem kolejnosc sira ordning jarjestys poradi номер
порядок 序号 番号 순서 urutan
"""
_WORDS: dict[str, frozenset[str]] = {
    "role": frozenset(_ROLE_WORDS_TEXT.split()),
    "text": frozenset(_TEXT_WORDS_TEXT.split()),
    "start": frozenset(_START_WORDS_TEXT.split()),
    "stop": frozenset(_STOP_WORDS_TEXT.split()),
    "duration": frozenset(_DURATION_WORDS_TEXT.split()),
    "counter": frozenset(_COUNTER_WORDS_TEXT.split()),
}
_NO_TIME_TEXT = """
char chars character characters byte bytes token tokens page word words score confidence probability sentiment rating
rank count pitch volume energy id ids index idx no nr num number sequence seq order version size
"""
NO_TIME = frozenset(_NO_TIME_TEXT.split())
"""Words in names of numbers that may rise, and are no times."""
_NO_TEXT_TEXT = """
id ids uuid guid url uri href link path file email mail phone hash language lang locale sentiment emotion intent topic
topics tag tags keyword keywords category confidence model status reason note notes summary translation translated
lexical itn masked raw normalized normalised lower lowercase original explanation label type kind event date name
title
"""
NO_TEXT = frozenset(_NO_TEXT_TEXT.split())
"""Words in names of texts that are not what was said, or say it once more."""
_AGENT_FLAG_TEXT = """
agent operator staff admin rep representative support internal employee advisor adviser clerk outgoing outbound mine
me self owner host asesor operador agente mitarbeiter berater conseiller operatore medewerker agentti
"""
_AGENT_FLAG = frozenset(_AGENT_FLAG_TEXT.split())
_CUSTOMER_FLAG_TEXT = """
customer client caller consumer external incoming inbound visitor guest contact member patient lead cliente kunde
kundin anrufer klant klient enduser
"""
_CUSTOMER_FLAG = frozenset(_CUSTOMER_FLAG_TEXT.split())
_NO_FLAG = frozenset(("not", "no", "non", "bot", "automated"))
DIRECTIONS = {
    "in": "customer", "inbound": "customer", "incoming": "customer", "received": "customer", "receive": "customer",
    "mo": "customer", "client_to_agent": "customer", "eingehend": "customer", "entrante": "customer", "entrant": "customer",
    "out": "agent", "outbound": "agent", "outgoing": "agent", "sent": "agent", "send": "agent", "mt": "agent",
    "ausgehend": "agent", "saliente": "agent", "sortant": "agent",
}  # fmt: skip
"""What is said by a message that came in, or went out: the centre is where it was counted."""
_HARMLESS_TEXT = """
confidence words id uuid language sentiment probability avglogprob compressionratio nospeechprob temperature seek
tokens intent entities overlap score channels
"""
_HARMLESS = frozenset(_HARMLESS_TEXT.split())
_SURE_ROLES_TEXT = """
role speakerrole participantrole participantpurpose speaker speakerlabel speakername segmentspeaker sender sendertype
sendername author participantname
"""
_SURE_ROLES = frozenset(_SURE_ROLES_TEXT.split())
_PART = re.compile(r"[^\W\d_]+?(?=[A-Z][^\W\d_A-Z])|[^\W\d_]+\d?", re.UNICODE)
_NO_SIDES: Mapping[tuple[str, Any], str] = MappingProxyType({})


class Key(NamedTuple):
    """What a key of a turn means: "role", "text", "start", "stop" or "duration"; lower ranks are preferred."""

    part: str
    rank: int
    factor: float | None = None


Timed = tuple[tuple[str, float | None], ...]


class Plan(NamedTuple):
    """Which keys of a turn hold what, the best first. Times stand beside the seconds a unit, where the name says it.

    Attributes:
        counter: the key that numbers the turns, or "".
        sides: (key, value) → label, for flags such as `is_agent: true`.
        aliases: label → side, for values such as "inbound".
    """

    role: tuple[str, ...]
    text: tuple[str, ...]
    start: Timed
    stop: Timed
    duration: Timed
    counter: str = ""
    sides: Mapping[tuple[str, Any], str] = _NO_SIDES
    aliases: Mapping[str, str] = MappingProxyType({})


@lru_cache(maxsize=2048)
def classify_key(name: str) -> Key | None:
    """The meaning of a key's name, with the unit that the name gives away (seconds a unit); None: not known."""
    plain = re.sub(r"[\W_]+", "", name).casefold()
    if plain in _RANKS and plain != "us":
        return Key(*_RANKS[plain], 1.0 if plain.endswith(("sec", "seconds")) else None)
    for suffix, factor in UNITS.items():
        stem = plain.removesuffix(suffix)
        if stem != plain and stem in _RANKS and _RANKS[stem][0] in ("start", "stop", "duration"):
            part, rank = _RANKS[stem]
            # Beside a start of another clock, an offset with its unit counts from the start of the call.
            return Key(part, -1 if stem == "offset" else rank, factor)
    return None


@lru_cache(maxsize=4096)
def words_in(name: str) -> frozenset[str]:
    """The words of a key's name: "isOperator" and "is_operator" → is, operator; and the name as one word."""
    words = {word.casefold() for word in _PART.findall(name)}
    plain = re.sub(r"[\W_]+", "", name).casefold()
    return frozenset(words | ({plain} if plain else set()))


@lru_cache(maxsize=2048)
def names_part(name: str, part: str) -> bool:
    """Does a word in the name, or a part of a compound word, mean this part of a turn?"""
    words = words_in(name)
    if not words.isdisjoint(_WORDS[part]):
        return True
    long = [known for known in _WORDS[part] if len(known) >= 5 or not known.isascii()]
    return any(word.startswith(known) or word.endswith(known) for word in words for known in long)


@lru_cache(maxsize=2048)
def usual_plan(names: tuple[str, ...]) -> Plan:
    """What the names alone say, for turns with this set of keys."""
    parts: dict[str, list[tuple[int, str, float | None]]] = {}
    for name in names:
        key = classify_key(name)
        if key is not None:
            parts.setdefault(key.part, []).append((key.rank, name, key.factor))
    # "from" and "to" are people in a chat and times in a subtitle: people unless both stand without another start.
    starts = parts.get("start", [])
    if not starts and any(classify_key(n) and n.casefold() == "to" for n in names):
        roles = parts.get("role", [])
        moved = [item for item in roles if item[1].casefold() == "from" and len(roles) > 1]
        parts["role"] = [item for item in roles if item not in moved]
        parts["start"] = moved
    ordered = {part: sorted(items) for part, items in parts.items()}
    return Plan(
        tuple(name for _, name, _ in ordered.get("role", [])),
        tuple(name for _, name, _ in ordered.get("text", [])),
        tuple((name, factor) for _, name, factor in ordered.get("start", [])),
        tuple((name, factor) for _, name, factor in ordered.get("stop", [])),
        tuple((name, factor) for _, name, factor in ordered.get("duration", [])),
    )


@lru_cache(maxsize=1024)
def is_plain(names: tuple[str, ...]) -> bool:
    """Do these names leave nothing open: one sure key a part, and besides nothing that could matter?"""
    seen: set[str] = set()
    for name in names:
        plain = re.sub(r"[\W_]+", "", name).casefold()
        key = classify_key(name)
        if key is None or plain == "words":
            if plain not in _HARMLESS:
                return False
        elif key.part in seen or (key.part == "role" and plain not in _SURE_ROLES):
            return False
        else:
            seen.add(key.part)
    return {"role", "text"} <= seen


def side_of_flag(name: str) -> str:
    """The side that `true` means under this name: "is_agent" → "agent", "fromCustomer" → "customer"; "" for none."""
    words = words_in(name)
    if not words.isdisjoint(_NO_FLAG):
        return ""
    agent, customer = not words.isdisjoint(_AGENT_FLAG), not words.isdisjoint(_CUSTOMER_FLAG)
    if agent == customer:
        return ""
    return "agent" if agent else "customer"
