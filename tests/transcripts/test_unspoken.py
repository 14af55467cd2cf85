"""Items of a list of turns that nobody said are no lines, and one finding counts them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from reddy_lib.transcripts import Transcript, read_transcript
from tests.transcripts.conversation import SIDES, STARTS, TEXTS, check, codes, turns


def with_item(item: dict[str, Any], **every: Any) -> list[dict[str, Any]]:
    rows = turns(lambda n, side, text, a, b: {"role": side, "text": text, **every})
    return [*rows[:3], item, *rows[3:]]


def counted(transcript: Transcript) -> str:
    return next(item.value for item in transcript.findings if item.code == "not-spoken")


@pytest.mark.parametrize(
    ("rows", "kind"),
    [
        (with_item({"type": "moment", "role": "agent", "text": "action_item"}, type="transcript"), "event"),
        (
            with_item({"type": "sentiment_change", "role": "agent", "text": "negative"}, type="utterance"),
            "event",
        ),
        (
            with_item(
                {"event_type": "participant_joined", "role": "agent", "text": "Ben joined the call"},
                event_type="message",
            ),
            "event",
        ),
        (with_item({"kind": "typing", "role": "agent", "text": ""}, kind="chat"), "event"),
        (with_item({"event": "hold", "seconds": 30}), "event"),
        (with_item({"part_type": "assignment", "role": "agent", "text": None}, part_type="comment"), "event"),
        (
            with_item(
                {"type": "internal_note", "role": "agent", "text": "He is difficult, be careful"},
                type="public_reply",
            ),
            "note",
        ),
        (
            with_item(
                {"type": "whisper", "role": "agent", "text": "Offer him ten percent now"}, type="message"
            ),
            "note",
        ),
        (
            with_item(
                {"role": "agent", "text": "Check the fraud flag first", "private": True}, private=False
            ),
            "note",
        ),
        (
            with_item({"role": "agent", "text": "Check the fraud flag first", "public": False}, public=True),
            "note",
        ),
        (
            with_item({"role": "agent", "text": "Oops, wrong window here", "deleted": True}, deleted=False),
            "deleted message",
        ),
        (
            with_item(
                {
                    "type": "function_call",
                    "name": "look_up",
                    "arguments": '{"account": "the one of Tom Alder"}',
                },
                type="message",
            ),
            "function call",
        ),
        (
            with_item(
                {"role": "agent", "text": "Chat was routed to queue", "is_system": True}, is_system=False
            ),
            "event",
        ),
    ],
)
def test_items_of_another_kind_are_left_out_and_counted(rows: list[dict[str, Any]], kind: str) -> None:
    for data in (rows, {"call": {"items": rows}}):
        transcript = check(json.dumps(data))
        assert counted(transcript) == kind
    assert ("Notes are internal" in str(transcript.findings)) == (kind == "note")


@pytest.mark.parametrize(
    ("flag", "final"), [("is_final", True), ("isFinal", True), ("partial", False), ("interim", False)]
)
def test_interim_results_that_a_later_one_replaces_are_no_lines(flag: str, final: bool) -> None:
    rows: list[dict[str, Any]] = []
    for side, text, start in zip(SIDES, TEXTS, STARTS, strict=True):
        words = text.split()
        for count in (1, 3, len(words)):
            said = " ".join(words[:count])
            rows.append(
                {
                    "role": side,
                    "text": said,
                    "start": start,
                    flag: final if count == len(words) else not final,
                }
            )
    transcript = check(json.dumps(rows), starts=STARTS)
    assert counted(transcript) == "interim result"


def test_an_interim_result_that_never_became_final_is_what_was_said() -> None:
    rows = [
        {"speaker": "agent", "text": "Hello there", "final": True},
        {"speaker": "customer", "text": "I need", "final": False},
        {"speaker": "customer", "text": "I need some help with my bill", "final": False},
    ]
    transcript = read_transcript(rows)
    assert [line.text for line in transcript.lines] == ["Hello there", "I need some help with my bill"]


@pytest.mark.parametrize(
    "kinds",
    [
        ["greeting", "question", "statement", "answer", "statement", "closing"],
        ["agent", "customer"] * 3,
        ["final"] * 6,
        ["text", "text", "text", "image_caption", "text", "text"],
    ],
)
def test_kinds_of_speech_are_speech(kinds: list[str]) -> None:
    rows = [
        {"type": kind, "speaker": side, "text": text}
        for kind, side, text in zip(kinds, SIDES, TEXTS, strict=True)
    ]
    assert "not-spoken" not in codes(check(json.dumps(rows)))


def test_a_kind_that_nobody_knows_is_kept_and_asked_about() -> None:
    rows = with_item({"type": "zorble", "role": "agent", "text": "Now then, where were we?"}, type="message")
    transcript = read_transcript(json.dumps(rows))
    assert len(transcript.lines) == 7
    assert "speech-doubtful" in codes(transcript)


def test_flags_that_are_the_same_all_through_leave_nothing_out() -> None:
    rows = turns(lambda n, side, text, a, b: {"role": side, "text": text, "internal": True})
    transcript = read_transcript(json.dumps(rows))
    assert [line.text for line in transcript.lines] == TEXTS
    assert codes(transcript) >= {"speech-doubtful"}


def test_instructions_and_calls_of_functions_in_the_history_of_an_assistant() -> None:
    roles = {"agent": "assistant", "customer": "user"}
    rows = [
        {"type": "message", "role": "system", "content": ["You are Petra, a helpful clerk."]},
        *turns(lambda n, side, text, a, b: {"type": "message", "role": roles[side], "content": [text]}),
        {"type": "function_call", "name": "fix_bill", "arguments": '{"account": 4}'},
        {"type": "function_call_output", "output": "the bill was corrected now"},
    ]
    transcript = check(json.dumps({"items": rows}))
    assert counted(transcript) == "function call, instruction"


@pytest.mark.parametrize(
    ("spoken", "other", "kind"),
    [
        ({"visibility": "public"}, {"visibility": "internal"}, "note"),
        ({"status": "sent"}, {"status": "deleted"}, "deleted message"),
        ({"deleted_at": None}, {"deleted_at": "2025-03-04T09:00:00Z"}, "deleted message"),
        ({"internal": "false"}, {"internal": "true"}, "note"),
        ({"public": "x"}, {"public": ""}, "note"),
        ({"public": 1}, {"public": 0}, "note"),
        ({"public": "Y"}, {}, "note"),
        ({"private": "N"}, {"private": "Y"}, "note"),
        ({"is_deleted": ""}, {"is_deleted": "✓"}, "deleted message"),
    ],
)
def test_states_of_items_say_that_they_were_not_spoken(
    spoken: dict[str, Any], other: dict[str, Any], kind: str
) -> None:
    rows = with_item({"role": "agent", "text": "This is not for him to read", **other}, **spoken)
    assert counted(check(json.dumps(rows))) == kind


def test_a_flag_that_marks_all_that_one_side_said_is_a_side() -> None:
    for name in ("isInternal", "internal"):
        rows = turns(
            lambda n, side, text, a, b, key=name: {"speaker": side, key: side == "agent", "text": text}
        )
        assert "not-spoken" not in codes(check(json.dumps(rows)))


@pytest.mark.parametrize("status", ["read", "delivered", "completed"])
def test_the_status_of_a_message_is_not_its_kind(status: str) -> None:
    rows = turns(
        lambda n, side, text, a, b: {"role": side, "text": text, "status": status if n % 2 else "sent"}
    )
    assert "not-spoken" not in codes(check(json.dumps(rows)))


def test_an_agent_who_only_wrote_notes_said_nothing() -> None:
    rows = [
        {"speaker": "Customer", "text": "My bill is wrong, please check it.", "internal": False},
        {"speaker": "Customer", "text": "I am still waiting for a reply.", "internal": False},
        {"speaker": "Agent", "text": "Asked billing, he never pays in time.", "internal": True},
        {"speaker": "Agent", "text": "Do not call him back.", "internal": True},
    ]
    transcript = read_transcript(json.dumps(rows))
    assert [line.role for line in transcript.lines] == ["customer", "customer"]
    assert "not-spoken" in codes(transcript)
