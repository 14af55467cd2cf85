"""Where the turns are inside of data: envelopes, channels, tables of people, copies of the conversation beside it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from reddy_lib.transcripts import read_transcript
from tests.transcripts.conversation import SIDES, STARTS, STOPS, TEXTS, check, codes, turns

PETRA = {"name": "Petra Quill", "email": "petra@larkfield.example"}
PLAIN = turns(lambda n, side, text, a, b: {"role": side, "text": text, "start": a, "stop": b})
IDS = {"agent": 7, "customer": 8}


def by_id(name: str) -> list[dict[str, Any]]:
    return turns(lambda n, side, text, a, b: {name: IDS[side], "text": text})


@pytest.mark.parametrize(
    "data",
    [
        {"ok": True, "results": {"total": 6, "items": PLAIN}},
        {"_links": {"self": "https://x.example/1"}, "_embedded": {"messages": PLAIN}},
        {"data": {"transcripts": PLAIN}, "meta": {"page": 1}},
        {str(n): row for n, row in enumerate(PLAIN)},
        {str(row["start"]): {"role": row["role"], "text": row["text"], "stop": row["stop"]} for row in PLAIN},
        [{"phrases": PLAIN[:3]}, {"phrases": PLAIN[3:]}],
        [{"transcript": {"turns": PLAIN}}],
        {"roles": SIDES, "texts": TEXTS, "starts": STARTS, "stops": STOPS},
        {
            "L": [
                {
                    "M": {
                        "role": {"S": r["role"]},
                        "text": {"S": r["text"]},
                        "start": {"N": str(r["start"])},
                        "stop": {"N": str(r["stop"])},
                    }
                }
                for r in PLAIN
            ]
        },
        {
            "blocks": [
                {
                    "speaker": r["role"],
                    "sentences": [{"text": r["text"], "start": r["start"], "end": r["stop"]}],
                }
                for r in PLAIN
            ]
        },
        {
            "agent": [{"text": r["text"], "start": r["start"], "end": r["stop"]} for r in PLAIN[::2]],
            "customer": [{"text": r["text"], "start": r["start"], "end": r["stop"]} for r in PLAIN[1::2]],
        },
    ],
)
def test_turns_in_containers_of_many_kinds(data: Any) -> None:
    check(json.dumps(data), starts=STARTS, stops=STOPS)


@pytest.mark.parametrize(
    "beside",
    [
        {
            "summary": "The customer called about a bill that was doubled, and the agent corrected it.",
            "title": "Bill",
        },
        {"text": " ".join(TEXTS)},
        {"plain_transcript": "\n".join(f"{side}: {text}" for side, text in zip(SIDES, TEXTS, strict=True))},
        {"delexed": [{"speaker": row["role"], "text": row["text"].lower()} for row in PLAIN]},
        {
            "words": [
                {"word": word, "start": 0.1, "end": 0.2, "speaker": row["role"]}
                for row in PLAIN
                for word in row["text"].split()
            ]
        },
        {
            "highlights": [{"speaker": "agent", "text": TEXTS[4]}],
            "topics": [{"name": "Billing", "text": "bill"}],
        },
    ],
)
def test_what_stands_beside_the_turns_is_no_second_transcript(beside: dict[str, Any]) -> None:
    check(json.dumps({**beside, "turns": PLAIN}), starts=STARTS, stops=STOPS)
    check(json.dumps({"turns": PLAIN, **beside}), starts=STARTS, stops=STOPS)


def test_pairs_beside_a_lower_cased_copy() -> None:
    data = {
        "convo_id": 3592,
        "original": [[row["role"], row["text"]] for row in PLAIN],
        "delexed": [
            {"speaker": row["role"], "text": row["text"].lower(), "turn_count": n}
            for n, row in enumerate(PLAIN)
        ],
    }
    assert check(json.dumps(data)).conversation_id == "3592"


@pytest.mark.parametrize(
    ("people", "key"),
    [
        (
            {"users": [{"id": 7, **PETRA, "role": "agent"}, {"id": 8, "name": "Tom", "role": "end-user"}]},
            "author_id",
        ),
        (
            {
                "users": {
                    "7": {**PETRA, "affiliation": "internal"},
                    "8": {"name": "Tom", "affiliation": "external"},
                }
            },
            "user",
        ),
        (
            {
                "participants": [
                    {"participantId": 7, "userType": "host", "emailAddress": PETRA["email"]},
                    {"participantId": 8, "userType": "guest"},
                ]
            },
            "participant",
        ),
        (
            {
                "speakers": [
                    {"id": 7, "speaker_name": "Petra Quill", "is_agent": True, "mail": PETRA["email"]},
                    {"id": 8, "speaker_name": "Tom Alder", "is_agent": False},
                ]
            },
            "speaker_id",
        ),
        (
            {
                "call": {
                    "parties": [
                        {"speakerId": 7, **PETRA, "affiliation": "Internal"},
                        {"speakerId": 8, "affiliation": "External"},
                    ]
                }
            },
            "speakerId",
        ),
    ],
)
def test_ids_become_people_with_their_sides_and_the_agents_email(people: dict[str, Any], key: str) -> None:
    transcript = check(json.dumps({**people, "comments": by_id(key)}))
    assert transcript.agent_email == PETRA["email"]


@pytest.mark.parametrize(
    "author",
    [
        {
            "agent": {"type": "admin", **PETRA},
            "customer": {"type": "user", "name": "Tom Alder", "email": "tom@x.example"},
        },
        {
            "agent": {"display_name": "Petra Quill", "matched_calendar_invitee_email": PETRA["email"]},
            "customer": {"display_name": "Tom Alder", "matched_calendar_invitee_email": None},
        },
        {
            "agent": {"id": "a", "attributes": {**PETRA, "role": "agent"}},
            "customer": {"id": "c", "attributes": {"role": "customer"}},
        },
    ],
)
def test_authors_as_objects(author: dict[str, Any]) -> None:
    rows = turns(lambda n, side, text, a, b: {"id": n, "author": author[side], "body": text})
    assert check(json.dumps({"messages": rows})).agent_email == PETRA["email"]


def test_a_user_without_an_agent_beside_it_has_no_side() -> None:
    rows = [
        {"author": {"type": "user", "name": name}, "body": text}
        for name, text in zip(["Ann", "Bo"] * 3, [*TEXTS[1:], "Bye."], strict=True)
    ]
    transcript = read_transcript(json.dumps(rows))
    assert {line.role for line in transcript.lines} == {"ann", "bo"}


def test_resources_of_json_api_with_what_they_refer_to() -> None:
    data = {
        "data": turns(
            lambda n, side, text, a, b: {
                "type": "messages",
                "id": str(n),
                "attributes": {"body": text, "created": f"2025-03-04T09:00:0{n}Z"},
                "relationships": {"author": {"data": {"type": "users", "id": str(IDS[side])}}},
            }
        ),
        "included": [
            {"type": "users", "id": "7", "attributes": {**PETRA, "role": "agent"}},
            {"type": "users", "id": "8", "attributes": {"name": "Tom", "role": "customer"}},
        ],
    }
    transcript = check(json.dumps(data), starts=[0, 1, 2, 3, 4, 5])
    assert transcript.agent_email == PETRA["email"]


def test_channels_in_parallel_are_one_call_in_order_of_time() -> None:
    channels = [
        {
            "transcript": [
                {
                    "sentence": TEXTS[n],
                    "timestamp": int(1000 * STARTS[n]),
                    "duration": round(1000 * (STOPS[n] - STARTS[n])),
                }
                for n in places
            ]
        }
        for places in ((1, 3, 5), (0, 2, 4))
    ]
    transcript = check(json.dumps({"duration": 23_000, "channels": channels}), starts=STARTS, stops=STOPS)
    assert "lines-reordered" in codes(transcript)


def test_several_calls_are_never_one() -> None:
    calls = [{"call_id": f"c{n}", "agent": "petra", "transcript": PLAIN} for n in range(3)]
    for data in (calls, {"calls": calls}, {"data": {"items": calls}}):
        transcript = read_transcript(json.dumps(data))
        assert transcript.form == "unreadable"
        assert "3 conversations" in transcript.findings[0].message


def test_the_first_message_may_stand_beside_the_list_of_the_others() -> None:
    petra, tom = {"type": "admin", **PETRA}, {"type": "user", "name": "Tom"}
    rows = turns(
        lambda n, side, text, a, b: {
            "part_type": "comment",
            "body": f"<p>{text}</p>",
            "created_at": 1_751_900_000 + 5 * n,
            "author": petra if side == "agent" else tom,
        }
    )
    first = {"type": "conversation", "body": rows[0]["body"], "author": petra}
    data = {"created_at": 1_751_900_000, "source": first, "parts": {"total": 5, "parts": rows[1:]}}
    check(json.dumps(data), starts=[0, 5, 10, 15, 20, 25])


def test_markup_in_texts_of_data_becomes_plain_text() -> None:
    rows = [
        {"role": side, "text": f"<p>{text.replace('bill', 'bill &amp; <b>meter</b>')}</p>"}
        for side, text in zip(SIDES, TEXTS, strict=True)
    ]
    check(json.dumps(rows), texts=[text.replace("bill", "bill & meter") for text in TEXTS])
    kept = [
        {"role": "agent", "text": "Is 3 < 4 & 5 > 2?"},
        {"role": "customer", "text": "Press <enter> & R&D"},
    ]
    assert [line.text for line in read_transcript(kept).lines] == [row["text"] for row in kept]


def test_facts_of_the_call_around_its_turns() -> None:
    transcript = read_transcript(
        {
            "call": {"call_id": "k-1", "durationSeconds": 23, "started_at": "2025-03-04T09:00:00Z"},
            "turns": PLAIN,
        }
    )
    assert (transcript.conversation_id, transcript.duration) == ("k-1", 23.0)


def test_calls_of_one_line_each_are_not_the_lines_of_one_call() -> None:
    calls = [
        {"call_id": f"c{n}", "agent_email": "petra@x.example", "transcript": f"{side}: {text}"}
        for n, side, text in ((1, "Agent", "Hello there"), (2, "Customer", "Hi, my bill"))
    ]
    transcript = read_transcript(json.dumps({"count": 2, "calls": calls}))
    assert transcript.form == "unreadable"
