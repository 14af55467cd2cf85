"""Two calls are the same where their ids look the same, and never where a person can tell them apart."""

from __future__ import annotations

import string
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reddy_lib.identity import agent_key, call_key, comparable, near_id, near_key, words_digest
from reddy_lib.model import Call, TranscriptLine

LOOK_THE_SAME = [
    "café-1",
    "cafe\u0301-1",
    " café-1\u00a0",
    "\ufeffcafé-1",
    "ca\u200bfé-1",
    "caf\u00ade\u0301-1",
    "café\u2060-1",
    "\u202acafé-1\u202c",
    "café-\uff11",
    "\uff43afé-1",
    "café-1\r\n",
    "café\u034f-1",
    "café-1\ufe0f",
    "\x00café-1",
    "café\u20111",
    "café–1",
    "café—1",
    "café\uff0d1",
]


@pytest.mark.parametrize("conversation", LOOK_THE_SAME)
def test_ids_that_look_the_same_are_one_conversation(conversation: str) -> None:
    call = Call(agent_email="ann@cedarline.example", conversation_id=conversation)
    assert call_key(call) == call_key(Call(agent_email="ann@cedarline.example", conversation_id="café-1"))
    assert call.conversation_id == conversation


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("A-1", "a-1"),
        ("x²", "x2"),
        ("ﬁ", "fi"),
        ("①", "1"),
        ("a 1", "a1"),
        ("a-1", "a−1"),
        ("a-1", "a_1"),
        ("\u06dd1", "1"),
    ],
)
def test_ids_that_look_different_are_two_conversations(one: str, other: str) -> None:
    assert comparable(one) != comparable(other)


def test_the_case_of_an_email_and_its_invisible_characters_do_not_make_another_agent() -> None:
    for email in ("Ann@Cedarline.example", " ann@cedarline.example\u200b", "ann＠cedarline.example"):
        assert agent_key(email) == "ann@cedarline.example"


@pytest.mark.parametrize("missing", [None, "", " ", "\u200b", "\ufeff\u00a0"])
def test_an_id_of_nothing_that_can_be_seen_is_no_id(missing: str | None) -> None:
    assert call_key(Call(agent_email="ann@cedarline.example", conversation_id=missing)) is None
    assert call_key(Call(agent_email=missing, conversation_id="c-1")) is None


def call_of(*texts: str, **fields: object) -> Call:
    return Call(transcript=[TranscriptLine("agent", text) for text in texts], **fields)  # type: ignore[arg-type]


def test_the_words_of_a_call_are_the_same_however_they_are_cut_spaced_and_encoded() -> None:
    one = words_digest(call_of("Café Müller, good morning.", "I lost my card."))
    assert one == words_digest(call_of("Cafe\u0301 Mu\u0308ller,  good", "morning. I lost\nmy\u00a0card. "))
    assert one == words_digest(
        call_of("Café Müller, good morning. I lost my card.", product_id=2, timestamp=5)
    )
    assert one != words_digest(call_of("Café Müller, good morning.", "I lost my car."))


def test_of_a_call_without_a_transcript_the_recording_counts() -> None:
    assert words_digest(Call(filename="a.wav")) == words_digest(Call(filename="a.wav", timestamp=3))
    assert words_digest(Call(filename="a.wav")) != words_digest(Call(filename="b.wav"))
    assert words_digest(Call(filename="a.wav")) != words_digest(call_of("a.wav"))


@given(st.text(max_size=30))
def test_comparing_twice_is_comparing_once(text: str) -> None:
    once = comparable(text)
    assert comparable(once) == once
    assert agent_key(agent_key(text)) == agent_key(text)


VISIBLE = st.text(string.ascii_letters + string.digits + "-_./:#äöüßéñ中文العربيةДа²ﬁ①", max_size=12)


@given(VISIBLE, VISIBLE)
def test_two_ids_that_differ_visibly_are_never_merged(one: str, other: str) -> None:
    same = unicodedata.normalize("NFC", one) == unicodedata.normalize("NFC", other)
    assert (comparable(one) == comparable(other)) == same


@given(
    VISIBLE,
    st.lists(st.sampled_from("\u200b\u200d\ufeff\u00ad\u2060\u202e\x00\ufe0f"), max_size=4),
    st.data(),
)
def test_what_cannot_be_seen_never_makes_another_id(
    text: str, invisible: list[str], data: st.DataObject
) -> None:
    changed = data.draw(st.sampled_from([text, unicodedata.normalize("NFD", text)]))
    for each in invisible:
        place = data.draw(st.integers(0, len(changed)))
        changed = changed[:place] + each + changed[place:]
    assert comparable(f"\u00a0{changed} ") == comparable(text)


@pytest.mark.parametrize(
    ("written", "near"),
    [
        ("00123", "123"), ("123", "123"), ("123.0", "123"), ("123.", "123"), ("+17", "17"), ("-17", "-17"), ("000", "0"),
        ("12E5", "1200000"), ("1.23457E+15", "1234570000000000"), ("1,234,567", "1234567"), ("1.234.567", "1234567"),
        ("1234567890123456789012345678901", "1234567890123456789012345678901"), ("12.50", "12.5"), ("1e-3", "0.001"),
        ("C-0", "c-0"), ("C\u20110", "c-0"), ("'0017", "17"), ("7e10e5b2-3d44", "7e10e5b2-3d44"), ("0x1F", "0x1f"),
        ("2026-03-01", "2026-03-01"), ("1e999", "1e999"), ("", ""), ("12,34", "12,34"), ("\u0661\u0662", "\u0661\u0662"),
    ],
)  # fmt: skip
def test_near_ids_are_as_most_programs_write_them(written: str, near: str) -> None:
    assert near_id(written) == near
    call, other = (Call(agent_email="a@b.example", conversation_id=one) for one in (written, near))
    assert near_key(call) == (call_key(other) if written and comparable(written) != near else None)
