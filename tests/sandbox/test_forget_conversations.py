"""Forgetting some conversations of the sandbox leaves all others, in memory and in the record."""

from __future__ import annotations

from pathlib import Path

from reddy_lib.model import Tag
from reddy_lib.sandbox.faults import Fault, Faults
from reddy_lib.sandbox.memory import Memory


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
