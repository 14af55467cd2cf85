"""Provenance: where each field of each call is from."""

from __future__ import annotations

from pathlib import Path

import pytest

import reddy_lib as reddy

TALK = "Agent: Good morning, how can I help?\nCustomer: My card is lost."
HEAD = "Agent Email,Product,Transcript,Call ID,Started,Team\n"


@pytest.fixture
def ledger(tmp_path: Path) -> reddy.Ledger:
    return reddy.Ledger(tmp_path / "ledger.sqlite")


def loaded(
    ledger: reddy.Ledger, tmp_path: Path, text: str, name: str = "calls.csv", **options: object
) -> reddy.Batch:
    path = tmp_path / name
    path.write_text(text)
    products = [{"id": 7, "name": "Cards", "status": "active"}]
    return ledger.load(path, products=products, timezone="UTC", progress=False, **options)  # type: ignore[arg-type]


def test_each_field_says_its_column_and_what_was_made_up(ledger: reddy.Ledger, tmp_path: Path) -> None:
    batch = loaded(
        ledger, tmp_path, f'{HEAD}ann@x.example,Cards,"{TALK}",C-101,2026-03-30 10:00,North\n'
        f'bo@x.example,Cards,"{TALK}",,2026-03-31 10:00,South\n',
    )  # fmt: skip
    frame = batch.provenance()
    assert frame.loc[2].to_dict() == {
        "agent_email": "column Agent Email",
        "product_id": "column Product",
        "transcript": "column Transcript",
        "times": "estimated",
        "timestamp": "column Started",
        "conversation_id": "column Call ID",
        "filename": "",
        "speaker": "",
        "tags": "column Team",
    }
    assert frame.loc[3, "conversation_id"] == "made up"
    assert (frame.index.name, list(frame.index)) == ("row", [2, 3])
    assert frame.join(batch.calls()[["status"]]).loc[3, "status"] == "ready"


def test_what_was_edited_is_by_hand_until_it_is_as_loaded_again(ledger: reddy.Ledger, tmp_path: Path) -> None:
    batch = loaded(ledger, tmp_path, f'{HEAD}ann@x.example,Cards,"{TALK}",C-101,2026-03-30 10:00,North\n')
    batch.update(2, agent_email="bo@x.example")
    assert batch.provenance(2).loc[2, "agent_email"] == "by hand"
    assert batch.provenance(2).loc[2, "product_id"] == "column Product"
    batch.update(2, agent_email="ann@x.example")
    assert batch.provenance(2).loc[2, "agent_email"] == "column Agent Email"


def test_defaults_and_names_of_files_are_told_apart_from_cells(ledger: reddy.Ledger, tmp_path: Path) -> None:
    text = f'Agent Email,Transcript\n,"{TALK}"\nann@x.example,"{TALK}"\n'
    path = tmp_path / "bo@x.example_2026-03-30_1746.csv"
    path.write_text(text)
    mapping = reddy.Mapping(
        fields={"agent_email": "Agent Email", "transcript": "Transcript"},
        from_name={"timestamp": "{agent_email}_{date}_{time}.csv", "agent_email": "{agent_email}_{date}_{time}.csv"},
        defaults={"product_id": 7},
        timezone="UTC",
    )  # fmt: skip
    frame = ledger.load(path, mapping=mapping, progress=False).provenance()
    assert list(frame["agent_email"]) == ["file name", "column Agent Email"]
    assert list(frame["timestamp"]) == ["file name"] * 2
    assert list(frame["product_id"]) == ["default"] * 2
    assert list(frame["conversation_id"]) == ["made up"] * 2


def test_lines_of_a_table_say_their_columns(ledger: reddy.Ledger, tmp_path: Path) -> None:
    batch = loaded(
        ledger, tmp_path,
        "call_id,agent_email,speaker,text,start,stop\n"
        "C-1,ann@x.example,agent,Good morning how can I help you today?,0,3\n"
        "C-1,ann@x.example,customer,My card is lost and I need another.,3,6\n"
        "C-2,ann@x.example,agent,Good evening how can I help you now?,0,3\n"
        "C-2,ann@x.example,customer,My card is back and all is well.,3,6\n",
    )  # fmt: skip
    frame = batch.provenance()
    assert list(frame["transcript"]) == ["column text"] * 2
    assert list(frame["times"]) == ["column start + stop"] * 2
    assert list(frame["conversation_id"]) == ["column call_id"] * 2


def test_a_start_that_the_transcript_gives_is_from_the_transcript(
    ledger: reddy.Ledger, tmp_path: Path
) -> None:
    said = (
        '{"started_at": "2026-03-30T10:00:00Z", "turns": [{"role": "agent", "text": "Hello, how can I help?"}, '
        '{"role": "customer", "text": "My card is lost."}]}'
    ).replace('"', '""')
    batch = loaded(
        ledger, tmp_path, f'Agent Email,Product,Transcript,Call ID\nann@x.example,Cards,"{said}",C-101\n'
    )
    assert batch.call(2).timestamp == 1774864800
    assert batch.provenance().loc[2, "timestamp"] == "transcript"


def test_a_row_that_is_not_there_raises(ledger: reddy.Ledger, tmp_path: Path) -> None:
    batch = loaded(ledger, tmp_path, f'{HEAD}ann@x.example,Cards,"{TALK}",C-101,2026-03-30 10:00,North\n')
    with pytest.raises(reddy.errors.NotInLedger):
        batch.provenance(9)


def test_calls_that_came_as_calls_have_a_provenance_too(ledger: reddy.Ledger) -> None:
    call = reddy.Call(
        agent_email="ann@x.example",
        transcript=[reddy.TranscriptLine("agent", "Hello.")],
        conversation_id="C-1",
    )
    frame = ledger.load([call], progress=False).provenance()
    assert len(frame) == 1
    assert frame["agent_email"].iloc[0] == "column agent_email"
