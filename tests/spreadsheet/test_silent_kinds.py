"""Rows of lines whose columns invite a wrong reading: it is read right, or a doubt names the field."""

from __future__ import annotations

import json
import uuid

import pandas as pd
import pytest

import reddy_lib as reddy

TALK = [
    ("Agent", "Depot, how can I help you today?"),
    ("Customer", "My parcel number {} is late again."),
    ("Agent", "I will look where it is right now."),
    ("Customer", "Thank you, I will wait for {} then."),
]
AGENTS = ("kim@x.example", "lou@x.example")
IDS = [str(uuid.uuid5(uuid.NAMESPACE_URL, str(n))) for n in range(6)]
STARTS = [f"2026-05-0{n}T09:3{n}:20Z" for n in range(1, 7)]
BESIDE = {
    "phones": [f"+49308699{n}75" for n in range(6)],
    "lengths": [f"0:00:{30 + 3 * n}" for n in range(6)],
    "minutes": [f"0.{50 + 7 * n}" for n in range(6)],
    "seconds": [str(41 + 7 * n) for n in range(6)],
    "serials": [f"461{n}2.51264{n}" for n in range(6)],
}


def sheet(sides: bool, **of_calls: list[str]) -> pd.DataFrame:
    """A row a line. `sides`: a column a side, else a speaker and a text."""
    rows = []
    for n in range(6):
        facts = {name: cells[n] for name, cells in of_calls.items()}
        for who, text in TALK:
            said = text.format(f"4{n}")
            words = (
                {
                    "Unser Team sagt": said if who == "Agent" else "",
                    "Kunde sagt": said if who != "Agent" else "",
                }
                if sides
                else {"zwho": who, "ztext": said}
            )
            rows.append({**facts, "agent email": AGENTS[n % 2], **words})
    return pd.DataFrame(rows)


@pytest.mark.parametrize("sides", [True, False], ids=["sides", "roles"])
@pytest.mark.parametrize("kind", BESIDE)
def test_what_tells_calls_apart_by_accident_is_not_their_id(kind: str, sides: bool) -> None:
    mapping = reddy.guess_mapping(sheet(sides, zx=BESIDE[kind], zid=IDS))
    assert mapping.fields["conversation_id"] == "zid"
    assert "conversation_id" in mapping.doubts


@pytest.mark.parametrize("sides", [True, False], ids=["sides", "roles"])
@pytest.mark.parametrize("kind", BESIDE)
def test_without_an_id_nothing_is_taken_for_one_in_silence(kind: str, sides: bool) -> None:
    mapping = reddy.guess_mapping(sheet(sides, zx=BESIDE[kind]))
    assert "conversation_id" not in mapping.fields or "conversation_id" in mapping.doubts


@pytest.mark.parametrize("sides", [True, False], ids=["sides", "roles"])
@pytest.mark.parametrize("starts", [STARTS, BESIDE["serials"]], ids=["iso", "serial"])
def test_dates_are_starts_although_their_name_says_id(starts: list[str], sides: bool) -> None:
    mapping = reddy.guess_mapping(sheet(sides, **{"Contact no.": starts}, zid=IDS))
    assert mapping.fields["conversation_id"] == "zid"
    assert mapping.fields.get("timestamp") in (None, "Contact no.")


def test_of_two_keys_that_name_nothing_the_other_one_is_told() -> None:
    people = [f"P{n}7Q4K{n}Z9" for n in range(6)]
    doubt = reddy.guess_mapping(sheet(False, zperson=people, zid=IDS)).doubts["conversation_id"]
    assert "zperson" in doubt or "zid" in doubt


def test_a_remark_about_the_call_is_not_what_was_said() -> None:
    remarks = ["Kunde war verärgert, ruft zurück.", "Vertrag prüfen, dann melden."] * 3
    lines = sheet(False, **{"Call ID": IDS}, Message=remarks)
    assert reddy.guess_mapping(lines).line_fields["text"] == "ztext"


def test_times_are_not_what_was_said() -> None:
    lines = sheet(False, **{"Call ID": IDS})
    lines["Message"] = [f"2026-05-04 09:30:{n:02}.125" for n in range(len(lines))]
    assert reddy.guess_mapping(lines).line_fields["text"] == "ztext"


def test_sentences_that_are_in_no_line_are_a_doubt() -> None:
    lines = sheet(False, **{"Call ID": IDS}).rename(columns={"ztext": "Text"})
    lines["zmore"] = [f"Und dazu noch ein ganzer Satz, Nummer {n}." for n in range(len(lines))]
    mapping = reddy.guess_mapping(lines)
    assert mapping.line_fields["text"] == "Text"
    assert "zmore" in mapping.doubts["transcript"]


def test_numbered_remarks_beside_a_transcript_are_no_turns() -> None:
    talk = "\n".join(f"{who}: {text.format(1)}" for who, text in TALK)
    remarks = {f"Remark {n}": [f"He asked about item {n} of order {k}." for k in range(6)] for n in (1, 2, 3)}
    who = {f"By {n}": ["Agent", "Customer"] * 3 for n in (1, 2, 3)}
    calls = pd.DataFrame(
        {"Call ID": IDS, "agent email": "kim@x.example", "Transcript": talk, **who, **remarks}
    )
    mapping = reddy.guess_mapping(calls)
    assert (mapping.fields.get("transcript"), mapping.turns) == ("Transcript", [])


@pytest.mark.parametrize("word", ["unknown", "(keine)", "ohne", "Unbekannt"])
def test_a_word_among_ids_is_a_doubt(word: str) -> None:
    talk = "\n".join(f"{who}: {text.format(1)}" for who, text in TALK)
    ids = [word, "C-4001", "C-4008", word, "C-4015", "C-4022"]
    calls = pd.DataFrame({"Call ID": ids, "agent email": AGENTS * 3, "Transcript": talk})
    mapping = reddy.guess_mapping(calls)
    assert "holds words where its other cells hold ids" in mapping.doubts["conversation_id"]
    assert "conversation_id" not in reddy.guess_mapping(calls[calls["Call ID"] != word]).doubts


def transcript(number: int) -> str:
    return "\n".join(f"{who}: {text.format(f'4{number}')}" for who, text in TALK)


def test_a_transcript_is_not_one_side_of_a_remark() -> None:
    said = [
        "您好，这里是客服中心，请问有什么可以帮您？",
        "你好，我家的网络从{}点开始就断了。",
        "好的，是8170{}。",
    ]
    talks = [
        json.dumps(
            [{"who": "AC"[k % 2], "said": x.format(n)} for k, x in enumerate(said)], ensure_ascii=False
        )
        for n in range(6)
    ]
    calls = pd.DataFrame(
        {
            "x1": [f"{n}10463759912648725" for n in range(6)],
            "x2": ["Mateus Rocha"] * 4 + ["Ingrid Falk", "Nadia Orlova"],
            "x3": ["mateus.rocha@x.example"] * 4 + ["ingrid.falk@x.example", "nadia.orlova@x.example"],
            "x4": ["家财险"] * 4 + ["移动业务", "家财险"],
            "x5": ["He was upset at first.", "He was upset at first.", "Check it next week."] * 2,
            "x6": talks,
        }
    )
    mapping = reddy.guess_mapping(calls)
    assert (mapping.fields.get("transcript"), mapping.turns, mapping.layout) == ("x6", [], "row")


@pytest.mark.parametrize("word", ["transfer", "inbound"])
def test_a_few_words_do_not_go_on_from_texts_that_are_as_long_as_each_other_by_chance(word: str) -> None:
    talks = [transcript(n) + " Goodbye then." * (n // 2) for n in range(4)]
    calls = pd.DataFrame(
        {"Field BB": IDS[:4], "Field N": AGENTS * 2, "Field X": [word, "callback"] * 2, "Field G": talks}
    )
    assert reddy.guess_mapping(calls).sources()["transcript"] == ["Field G"]


def test_parts_of_a_text_without_small_letters_are_joined() -> None:
    talk = (
        "- **オペレーター** (00:03): サービスです。どうされましたか。\n- **お客様** (00:09): ネットがつながりません。\n"
        "- **オペレーター** (00:14): お客様番号を{}お願いできますか。\n- **お客様** (00:20): はい、4472{}です。"
    )
    calls = pd.DataFrame(
        [
            {"a": IDS[n], "b": AGENTS[n % 2], "t 1": text[: 60 + 9 * n], "t 2": text[60 + 9 * n :]}
            for n in range(4)
            for text in [talk.format(n, n)]
        ]
    )
    assert reddy.guess_mapping(calls).sources()["transcript"] == ["t 1", "t 2"]


@pytest.mark.parametrize("name", ["Zorb ID", "zorb_id", "ID Zorb", "ZorbId"])
@pytest.mark.parametrize("beside", ["Zorb", "Zorb name"])
def test_the_ids_of_people_are_not_those_of_calls(name: str, beside: str) -> None:
    people = ["Nadia Orlova", "Piotr Wilk", "Yuki Tanabe"]
    calls = pd.DataFrame(
        {
            "x": ["C-7599", "C-7606", "C-7613"],
            name: ["A100", "A101", "A102"],
            beside: people,
            "y": [transcript(n) for n in range(3)],
        }
    )
    assert reddy.guess_mapping(calls).fields["conversation_id"] == "x"


def test_a_start_that_several_calls_share_is_asked_about() -> None:
    starts = [f"2026-03-02 1{n}:11:00" for n in range(4)]
    calls = pd.DataFrame(
        {
            "Call Ref": IDS[:4],
            "Shift Start": "2026-03-02 08:00:00",
            "Call Time": starts,
            "Transcript": [transcript(n) for n in range(4)],
        }
    )
    mapping = reddy.guess_mapping(calls)
    assert mapping.fields["timestamp"] == "Call Time" or "timestamp" in mapping.doubts
    alone = reddy.guess_mapping(calls.drop(columns="Call Time").assign(**{"Shift Start": starts}))
    assert "timestamp" not in alone.doubts


@pytest.mark.parametrize("name", ["transcript_redacted", "transcript_english", "Wortlaut (Kopie)"])
def test_a_second_transcript_of_the_same_calls_is_asked_about(name: str) -> None:
    talks = [transcript(n) for n in range(4)]
    calls = pd.DataFrame({"Call ID": IDS[:4], "transcript": talks, "Agent": AGENTS * 2})
    assert "transcript" not in reddy.guess_mapping(calls).doubts
    calls[name] = [text.replace("Depot", "[NAME]") for text in talks]
    assert "transcript" in reddy.guess_mapping(calls).doubts


@pytest.mark.parametrize("daily", [True, False], ids=["numbers begin anew", "two days of one chat"])
def test_numbers_that_come_back_on_another_day_are_those_of_other_calls(daily: bool) -> None:
    calls = [("1", 2), ("2", 2), ("1", 3), ("2", 3)] if daily else [("1", 2), ("1", 3), ("2", 2), ("2", 3)]
    lines = pd.DataFrame(
        [
            {
                "Ticket No": number,
                "Day": f"2026-03-0{day}",
                "Agent": AGENTS[0],
                "Speaker": who,
                "Message": text,
            }
            for number, day in calls
            for who, text in TALK
        ]
    )
    mapping = reddy.guess_mapping(lines)
    assert mapping.group_by == (["Day", "Ticket No"] if daily else ["Ticket No"])
    assert ("conversation_id" in mapping.doubts) == daily


@pytest.mark.parametrize(("column", "asked"), [("Email", True), ("Agent email", False)])
def test_emails_of_which_each_row_has_another_are_asked_about(column: str, asked: bool) -> None:
    calls = pd.DataFrame(
        {
            "Call ID": IDS[:5],
            column: [f"p{n}@acme.example" for n in range(5)],
            "Transcript": [transcript(n) for n in range(5)],
        }
    )
    mapping = reddy.guess_mapping(calls)
    assert mapping.fields["agent_email"] == column
    assert ("agent_email" in mapping.doubts) == asked
    few = calls.assign(**{column: ["kim@acme.example", "lou@acme.example"] * 2 + ["kim@acme.example"]})
    assert "agent_email" not in reddy.guess_mapping(few).doubts


def test_notes_that_read_as_a_conversation_are_asked_about() -> None:
    notes = [f"Customer: heating {n} broken. Agent: sent a technician." for n in range(4)]
    calls = pd.DataFrame({"Call ID": IDS[:4], "Agent email": AGENTS * 2, "Notes": notes})
    mapping = reddy.guess_mapping(calls)
    assert mapping.fields.get("transcript") != "Notes" or "transcript" in mapping.doubts


@pytest.mark.parametrize(("column", "asked"), [("zwho", True), ("znothing", False)])
def test_rows_that_are_sorted_by_speaker_are_asked_about(column: str, asked: bool) -> None:
    lines = sheet(False, **{"Call ID": IDS}).assign(znothing="")
    by_speaker = lines.sort_values(["Call ID", column], kind="stable").reset_index(drop=True)
    assert ("transcript" in reddy.guess_mapping(by_speaker).doubts) == asked
    clocks = by_speaker.assign(At=[f"00:00:{7 * (n % 4):02}" for n in range(len(lines))])
    assert "transcript" not in reddy.guess_mapping(clocks).doubts
