"""Nested records: columns by dotted path, people by role, and the calls wherever they stand in a file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from reddy_lib.errors import UnreadableFile
from reddy_lib.spreadsheet import detect_format, guess_mapping, read_sheet
from reddy_lib.spreadsheet.calls.building import build_frame
from reddy_lib.spreadsheet.reading.records import Flattener

AGENT = {"role": "agent", "name": "Ana Ruiz", "email": "ana@cedarline.example"}
CALLER = {"role": "customer", "name": "Lee Fox", "email": "lee@fox.example"}
TURNS = [
    {"role": "agent", "text": "Cedarline, good morning, how can I help?"},
    {"role": "customer", "text": "My card was declined, and I do not know why."},
]


def call(number: int, **more: Any) -> dict[str, Any]:
    return {"callId": f"k-{number}", "agent": {"email": "ana@cedarline.example"}, "transcript": TURNS, **more}


def sheet_of(folder: Path, data: Any, name: str = "calls.json") -> Any:
    path = folder / name
    path.write_text(data if isinstance(data, str) else json.dumps(data, ensure_ascii=False), encoding="utf-8")
    return read_sheet(path)


def calls_of(sheet: Any) -> list[tuple[str | None, str | None, int]]:
    return [
        (one.call.conversation_id, one.call.agent_email, len(one.call.transcript or ()))
        for one in build_frame(sheet, guess_mapping(sheet))
    ]


THREE = [(f"k-{n}", "ana@cedarline.example", 2) for n in range(3)]
CALLS = [call(n) for n in range(3)]


def test_nested_objects_become_columns_by_their_path(tmp_path: Path) -> None:
    sheet = sheet_of(
        tmp_path, [call(1, queue={"id": 7, "site": {"city": "Bergen"}}, tags=["a", "b"], empty={})]
    )
    assert list(sheet.columns) == [
        "callId",
        "agent.email",
        "transcript",
        "queue.id",
        "queue.site.city",
        "tags",
    ]
    assert sheet["queue.site.city"].tolist() == ["Bergen"]
    assert sheet["tags"].tolist() == ['["a", "b"]']


def test_an_object_of_many_keys_stays_one_cell(tmp_path: Path) -> None:
    sheet = sheet_of(tmp_path, [call(1, scores={f"q{n}": n for n in range(80)})])
    assert "scores" in sheet.columns
    assert json.loads(sheet["scores"].iloc[0])["q79"] == 79


def test_people_become_columns_by_their_role_whatever_their_order(tmp_path: Path) -> None:
    records = [
        {"id": f"k-{n}", "participants": p, "text": TURNS}
        for n, p in enumerate(([AGENT, CALLER], [CALLER, AGENT]))
    ]
    sheet = sheet_of(tmp_path, records)
    assert sheet["participants.agent.email"].tolist() == ["ana@cedarline.example"] * 2
    assert sheet["participants.customer.name"].tolist() == ["Lee Fox"] * 2


@pytest.mark.parametrize(
    "people",
    [
        [
            {"affiliation": "Internal", "emailAddress": "a@x.example"},
            {"affiliation": "External", "name": "Lee"},
        ],
        [{"type": "user", "email": "a@x.example"}, {"type": "customer", "name": "Lee"}],
        [{"isAgent": True, "email": "a@x.example"}, {"isAgent": False, "email": "l@y.example"}],
        [{"name": "Lee", "role": "caller"}, {"user": {"email": "a@x.example"}, "role": "representative"}],
        [{"mailto": "mailto:a@x.example", "role": "agent"}, {"tel": "+15550100", "role": "customer"}],
    ],
)
def test_the_side_of_a_person_is_told_by_the_word_that_is_there(tmp_path: Path, people: list[Any]) -> None:
    sheet = sheet_of(tmp_path, [{"id": "k-1", "parties": people, "text": TURNS}])
    cells = {name: sheet[name].iloc[0] for name in sheet.columns if name.startswith("parties.agent.")}
    assert "a@x.example" in cells.values()


def test_a_second_agent_gets_columns_of_his_own(tmp_path: Path) -> None:
    other = {**AGENT, "email": "ben@cedarline.example"}
    sheet = sheet_of(tmp_path, [{"id": "k-1", "participants": [AGENT, CALLER, other], "text": TURNS}])
    assert sheet["participants.agent.email"].iloc[0] == "ana@cedarline.example"
    assert sheet["participants.agent 2.email"].iloc[0] == "ben@cedarline.example"


def test_people_without_a_known_side_stay_as_they_are(tmp_path: Path) -> None:
    people = [{"name": "Ana", "role": "user"}, {"name": "Lee", "role": "member of staff"}]
    sheet = sheet_of(tmp_path, [{"id": "k-1", "people": people, "text": TURNS}])
    assert json.loads(sheet["people"].iloc[0]) == people


USERS = [{"id": 7, "email": "ana@cedarline.example", "name": "Ana Ruiz"}, {"id": 8, "email": "b@x.example"}]
PLAIN = [{"id": f"k-{n}", "agent_id": 7, "transcript": TURNS} for n in range(3)]
FLAT = {
    f"k-{n}": {"id": f"k-{n}", "agent_email": "ana@cedarline.example", "transcript": TURNS} for n in range(3)
}


@pytest.mark.parametrize(
    "data",
    [
        {"data": {"transcripts": CALLS}},
        {"results": CALLS, "meta": {"page": 1}, "errors": []},
        {"calls": PLAIN, "users": USERS, "count": 3},
        {"data": [{"type": "call", "id": f"k-{n}", "attributes": {"transcript": TURNS},
                   "relationships": {"agent": {"data": {"type": "user", "id": "7"}}}} for n in range(3)],
         "included": [{"type": "user", "id": "7", "attributes": {"email": "ana@cedarline.example"}}]},
        {"hits": {"total": 3, "hits": [{"_id": one["callId"], "_source": one} for one in CALLS]}},
        {"columns": ["id", "agent_email", "transcript"], "index": [0, 1, 2],
         "data": [list(one.values()) for one in FLAT.values()]},
        {name: {str(n): one[name] for n, one in enumerate(FLAT.values())} for name in FLAT["k-0"]},
        {str(n): one for n, one in enumerate(FLAT.values())},
        {key: {"agent_email": one["agent_email"], "turns": TURNS} for key, one in FLAT.items()},
        {"agents": [{"email": "ana@cedarline.example",
                     "calls": [{"id": f"k-{n}", "transcript": TURNS} for n in range(3)]}]},
        {"values": [["Call ID", "Agent Email", "Transcript"], *(list(one.values()) for one in FLAT.values())]},
        [{"Item": {"callId": {"S": f"k-{n}"}, "agentEmail": {"S": "ana@cedarline.example"},
                   "turns": {"L": [{"M": {key: {"S": text} for key, text in turn.items()}} for turn in TURNS]}}}
         for n in range(3)],
    ],
    ids=["envelope", "results", "side-loaded", "json:api", "elastic", "split", "columns", "index", "keyed", "by agent",
         "rows", "dynamodb"],
)  # fmt: skip
def test_calls_are_found_wherever_they_stand(tmp_path: Path, data: Any) -> None:
    assert sorted(calls_of(sheet_of(tmp_path, data))) == THREE


@pytest.mark.parametrize(
    "data",
    [
        {"channels": [{"transcript": [{"sentence": "Hello there, who is it?", "timestamp": 1}]},
                      {"transcript": [{"sentence": "It is me again, Ana.", "timestamp": 2}]}]},
        {"items": [{"id": f"i{n}", "type": "message", "role": turn["role"], "content": [turn["text"]]}
                   for n, turn in enumerate(TURNS * 2)]},
        {"conversationId": "c", "transcripts": [{"transcriptId": name, "phrases": TURNS} for name in "ab"]},
        [[turn["role"], turn["text"]] for turn in TURNS],
        {"agent": [{"text": "Hello there", "start": 1}], "customer": [{"text": "Hi", "start": 2}]},
        {"type": "conversation", "id": "1", "source": {"body": "<p>Hi</p>", "author": {"type": "user", "name": "Lee"}},
         "contacts": {"contacts": [{"id": "u"}]},
         "parts": {"parts": [{"id": "2", "body": None, "author": {"type": "bot", "name": "B"}},
                             {"id": "3", "body": "<p>Hello Lee</p>", "author": {"type": "admin", "name": "Ana"}},
                             {"id": "4", "body": "<p>Thanks</p>", "author": {"type": "user", "name": "Lee"}}]}},
    ],
    ids=["channels", "chat history", "transfer", "pairs", "sides", "help desk"],
)  # fmt: skip
def test_parts_of_one_call_are_one_call(tmp_path: Path, data: Any) -> None:
    assert len(sheet_of(tmp_path, data)) == 1


def test_pairs_of_role_and_words_beside_a_copy_of_them_are_a_call_each(tmp_path: Path) -> None:
    pairs = [[turn["role"], turn["text"]] for turn in TURNS]
    copy = [{"speaker": turn["role"], "text": turn["text"].lower()} for turn in TURNS]
    sheet = sheet_of(tmp_path, [{"convo_id": n, "original": pairs, "delexed": copy} for n in (3592, 3593)])
    assert sheet["convo_id"].tolist() == [3592, 3593]
    assert json.loads(sheet["original"].iloc[0]) == pairs


def test_lines_of_json_end_at_line_feeds_alone(tmp_path: Path) -> None:
    text = "Larkfield\u2028Water,\x85hello"
    lines = [
        json.dumps({"id": n, "agent": "a@x.example", "note": text}, ensure_ascii=False) for n in range(3)
    ]
    sheet = sheet_of(tmp_path, "\n".join(lines), "calls.jsonl")
    assert sheet["note"].tolist() == [text] * 3


def test_objects_one_after_the_other_over_several_lines_are_read(tmp_path: Path) -> None:
    sheet = sheet_of(tmp_path, "\n".join(json.dumps(one, indent=2) for one in CALLS))
    assert sheet["callId"].tolist() == ["k-0", "k-1", "k-2"]


def test_a_list_of_calls_a_line_is_read_call_by_call(tmp_path: Path) -> None:
    sheet = sheet_of(tmp_path, json.dumps(CALLS[:2]) + "\n" + json.dumps(CALLS[2:]) + "\n")
    assert sheet["callId"].tolist() == ["k-0", "k-1", "k-2"]


def test_text_behind_a_list_is_not_lost_in_silence(tmp_path: Path) -> None:
    path = tmp_path / "calls.json"
    path.write_text(json.dumps(CALLS) + "\nand 3 more")
    with pytest.raises(UnreadableFile, match="holds more text after its list"):
        read_sheet(path, format=detect_format(path))


def test_a_file_of_one_call_tells_its_agent_and_id_from_nested_objects(tmp_path: Path) -> None:
    record = {"status": "ok", "result": {"conversation": call(1, participants=[AGENT, CALLER])}}
    assert calls_of(sheet_of(tmp_path, record))[0][:2] == ("k-1", "ana@cedarline.example")


def test_turns_that_name_people_by_id_come_with_those_people(tmp_path: Path) -> None:
    turns = [
        {"participantId": "p1", "text": "Good morning, Cedarline."},
        {"participantId": "p2", "text": "Hello, it is Lee."},
    ]
    people = [{"participantId": "p1", "kind": "x"}, {"participantId": "p2", "kind": "y"}]
    sheet = sheet_of(tmp_path, [{"id": "k-1", "speakers": people, "utterances": turns}])
    assert json.loads(sheet["utterances"].iloc[0]) == {"speakers": people, "utterances": turns}


def _sides(call: int) -> dict[str, list[dict[str, object]]]:
    said = [
        ("Zork", "Good morning, how can I help you today?", 0.5),
        ("Blip", f"My parcel {call} has not come yet.", 4.2),
        ("Zork", "I will look it up for you at once.", 8.1),
        ("Blip", "Thank you, that is very kind of you.", 12.4),
        ("Zork", "It is on its way and comes tomorrow.", 15.9),
        ("Blip", "Then I will wait for it at home.", 20.3),
    ]
    return {who: [{"a": at, "b": text} for one, text, at in said if one == who] for who in ("Blip", "Zork")}


def test_a_list_a_side_in_a_record_is_one_talk() -> None:
    records = [{"id": n, "agent_email": "a@x.example", **_sides(n)} for n in range(4)]
    records[3]["Blip"] = records[3]["Blip"][:1]
    flattener = Flattener(records)
    flat = [flattener.flat(record) for record in records]
    assert all(set(row) == {"id", "agent_email", "transcript"} for row in flat)
    assert all(set(row["transcript"]) == {"Blip", "Zork"} for row in flat)


def test_a_talk_inside_of_a_record_stays_one_cell() -> None:
    records = [{"id": n, "speech": {"full": _sides(n)}} for n in range(3)]
    assert set(Flattener(records).flat(records[0])) == {"id", "speech.full"}


def test_all_records_together_say_who_of_the_people_is_the_agent() -> None:
    agents = ("ann@firm.example", "bob@firm.example")
    records = [
        {
            "id": n,
            "people": [
                {"kind": "blip", "name": f"Caller {n}", "phone": f"+49301{n}"},
                {"kind": "zork", "name": agents[n % 2].partition("@")[0], "email": agents[n % 2]},
            ],
        }
        for n in range(6)
    ]
    flat = Flattener(records).flat(records[1])
    assert flat["people.agent.email"] == "bob@firm.example"
    assert flat["people.customer.name"] == "Caller 1"


def test_people_of_whom_no_record_says_anything_are_not_guessed() -> None:
    records = [
        {"id": n, "people": [{"kind": "blip", "name": f"Ann {n}"}, {"kind": "zork", "name": f"Bob {n}"}]}
        for n in range(6)
    ]
    assert not any("agent" in key for key in Flattener(records).flat(records[0]))


def test_messages_with_their_authors_are_no_list_of_people() -> None:
    says = [
        ("agent", "Hello there."),
        ("end_user", "My bill is wrong."),
        ("agent", "I see."),
        ("end_user", "Thanks."),
    ]
    records = [
        {
            "id": n,
            "messages": [{"author": {"type": who, "name": who.title()}, "body": text} for who, text in says],
        }
        for n in range(4)
    ]
    assert set(Flattener(records).flat(records[0])) == {"id", "messages"}


@pytest.mark.parametrize("within", [True, False], ids=["an object of parts", "a list"])
def test_the_opening_message_comes_before_the_parts_wherever_their_list_stands(
    tmp_path: Path, within: bool
) -> None:
    def message(n: int, who: str) -> dict[str, Any]:
        return {
            "body": f"<p>Words number {n}</p>",
            "author": {"type": who, "name": "Lee"},
            "created_at": 1772445600 + n,
        }

    parts = [message(n, "admin" if n % 2 else "user") for n in range(1, 5)]
    first = {key: value for key, value in message(0, "user").items() if key != "created_at"}
    calls = [
        {
            "id": f"8810{n}",
            "created_at": 1772445600,
            "source": {"type": "conversation", **first},
            "conversation_parts": {"conversation_parts": parts, "total_count": 4} if within else parts,
        }
        for n in range(3)
    ]
    sheet = sheet_of(tmp_path, {"conversations": calls})
    name = next(
        column
        for column in sheet.columns
        if column.startswith("conversation_parts") and "count" not in column
    )
    assert [turn["body"] for turn in json.loads(sheet[name].iloc[0])] == [
        f"<p>Words number {n}</p>" for n in range(5)
    ]


@pytest.mark.parametrize("name", ["conversation", "zorb", "protocolo"])
@pytest.mark.parametrize("kind", ["json", "jsonl"])
@pytest.mark.parametrize("mixed", [False, True], ids=["one after the other", "interleaved"])
def test_turns_of_several_calls_are_never_one_call(tmp_path: Path, name: str, kind: str, mixed: bool) -> None:
    turns = [
        {
            name: f"cv-{3300 + call}",
            "at": f"2026-03-0{call + 1}T10:0{n}:00Z",
            "from": who,
            "text": f"{text}, number {n}.",
        }
        for call in range(3)
        for n, (who, text) in enumerate(
            [("agent", "Hello, how can I help"), ("visitor", "My heating broke")] * 2
        )
    ]
    if mixed:
        turns = [turn for n in range(4) for turn in turns[n::4]]
    data = json.dumps(turns) if kind == "json" else "\n".join(map(json.dumps, turns))
    path = tmp_path / f"events.{kind}"
    path.write_text(data)
    sheet = read_sheet(path, format=detect_format(path))
    assert len(sheet) == 12
    if name != "zorb" or not mixed:
        mapping = guess_mapping(sheet)
        assert (mapping.layout, mapping.group_by) == ("lines", [name])


@pytest.mark.parametrize("name", ["section", "topic", "page", "lang"])
def test_parts_of_one_call_are_not_told_apart_as_calls(tmp_path: Path, name: str) -> None:
    parts = {"section": "12", "topic": ["greeting", "billing"], "page": [1, 2], "lang": ["en", "de"]}[name]
    turns = [
        {name: part, "from": who, "text": f"{text}, number {n}."}
        for part in parts
        for n, (who, text) in enumerate(
            [("agent", "Hello, how can I help"), ("visitor", "My heating broke")] * 2
        )
    ]
    path = tmp_path / "events.jsonl"
    path.write_text("\n".join(map(json.dumps, turns)))
    assert len(read_sheet(path, format=detect_format(path))) == 1


@pytest.mark.parametrize(
    "shape",
    [
        lambda one, two: {"2026-03-02": one, "2026-03-03": two},
        lambda one, two: {"count": 3, "data": {"voice": one, "chat": two}},
        lambda one, two: {
            "teams": {"north": {"calls": one}, "south": {"calls": two}},
            "users": [{"id": 4, "name": "K"}],
        },
    ],
    ids=["by day", "by channel", "by team"],
)
def test_no_list_of_calls_is_left_unread_beside_another(tmp_path: Path, shape: Any) -> None:
    calls = [
        {
            "ref": f"R90{n}",
            "agent": "kim@x.example",
            "at": f"2026-03-02T1{n}:00:00Z",
            "dialogue": [
                {"w": "agent", "t": "Hello, how can I help?"},
                {"w": "customer", "t": f"Line {n} is dead."},
            ],
        }
        for n in range(3)
    ]
    sheet = sheet_of(tmp_path, shape(calls[:2], calls[2:]))
    assert sheet["ref"].tolist() == ["R900", "R901", "R902"]
    assert sheet["list"].nunique() == 2
