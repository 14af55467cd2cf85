"""Forgetting some conversations of the sandbox leaves all others, in memory and in the record."""

from __future__ import annotations

from pathlib import Path

import reddy_lib as reddy
from reddy_lib.model import Tag
from reddy_lib.sandbox.faults import Fault, Faults
from reddy_lib.sandbox.memory import Memory, forget_in_record


def filled(record: Path) -> Memory:
    memory = Memory(record)
    for name in ("demo-1", "mine", "demo-2"):
        memory.accept(
            b'{"a": 1}', conversation_id=name, agent_email="ann@x.example", filename=f"{name}.wav", now=1.0
        )
    memory.add_tags("mine", "ann@x.example", [Tag(key="CSAT", value="5", type="string")])
    return memory


def test_the_others_stay_also_after_a_restart(tmp_path: Path) -> None:
    record = tmp_path / "received.jsonl"
    memory = filled(record)
    assert memory.forget_conversations({"demo-1", "demo-2", "never came"}) == 2
    memory.close()
    assert b"demo" not in record.read_bytes()
    for found in (memory, Memory(record)):
        (call,) = found.as_dicts()
        assert call["conversation_id"] == "mine"
        assert call["tags_added"][0]["value"] == "5"


def test_an_upload_id_is_not_used_again(tmp_path: Path) -> None:
    memory = filled(tmp_path / "received.jsonl")
    last = memory.calls[-1].upload_id
    memory.forget_conversations({"demo-2"})
    again = memory.accept(b"{}", conversation_id="new", agent_email="a@x", filename=None, now=1.0)
    assert again.upload_id > last


def test_only_the_very_fault_is_taken_back() -> None:
    mine, theirs = Fault(kind="slow"), Fault(kind="slow")
    faults = Faults([mine, theirs])
    faults.remove(mine)
    assert faults.current() == [theirs]
    assert faults.current()[0] is theirs


def test_another_process_removes_calls_from_the_record_of_a_running_sandbox(tmp_path: Path) -> None:
    record = tmp_path / "received.jsonl"
    with reddy.Sandbox(record=record) as running, reddy.Client(running.token, base_url=running.url) as client:
        for number in (1, 2, 3):
            client.create_call(_call(number))
        assert forget_in_record(record, {"conv-1", "conv-3"}) == 2
        client.create_call(_call(4))  # it appends while the other one wrote
        assert running.follow_record() == 2
        assert [call["conversation_id"] for call in running.received] == ["conv-2", "conv-4"]
    assert b"word-1" not in record.read_bytes()
    assert b"word-3" not in record.read_bytes()
    with reddy.Sandbox(record=record) as again, reddy.Client(again.token, base_url=again.url) as client:
        assert [call["conversation_id"] for call in again.received] == ["conv-2", "conv-4"]
        ids = [call["upload_id"] for call in again.received]
        assert client.create_call(_call(5)).upload_id not in {*ids, 1001, 1003}
    assert forget_in_record(tmp_path / "none.jsonl", {"conv-1"}) == 0


def _call(number: int) -> reddy.Call:
    said = [
        reddy.TranscriptLine("agent", "Hello", 0, 1),
        reddy.TranscriptLine("customer", f"word-{number}", 1, 2),
    ]
    return reddy.Call(
        agent_email="ann@example.com", product_id=1, conversation_id=f"conv-{number}", transcript=said
    )
