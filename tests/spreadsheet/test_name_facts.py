"""Facts of calls in the names of their files."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

import reddy_lib as reddy
from reddy_lib.spreadsheet import BuiltCall, guess_mapping, read_calls, read_sheet

TEXT = "Agent: Depot, how can I help you?\nCustomer: My parcel {} is late."


def calls(folder: Path, names: list[str]) -> list[BuiltCall]:
    path = folder / "calls.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for number, name in enumerate(names):
            archive.writestr(name, TEXT.format(number))
    mapping = guess_mapping(read_sheet(path)).replace(timezone="UTC")
    return [built for piece in read_calls(path, mapping) for built in piece]


@pytest.mark.parametrize(
    "names",
    [
        ["2026-05-04_kim@x.example_7701.txt", "2026-05-04_lou@x.example_7702.txt", "2026-05-04_kim@x.example_7703.txt"],
        ["kim@x.example/20260504/K7701.txt", "lou@x.example/20260504/K7702.txt", "kim@x.example/20260504/K7703.txt"],
        ["call 7701 (04.05.2026) kim@x.example.txt", "call 7702 (04.05.2026) lou@x.example.txt"],
        ["20260504-000000_kim@x.example_call_7701.txt", "20260504-000000_lou@x.example_call_7702.txt"],
    ],
)  # fmt: skip
def test_id_agent_and_day_are_read_from_names_that_are_written_alike(
    tmp_path: Path, names: list[str]
) -> None:
    found = [built.call for built in calls(tmp_path, names)]
    assert [str(call.conversation_id)[-4:] for call in found] == ["7701", "7702", "7703"][: len(names)]
    assert [call.agent_email for call in found][:2] == ["kim@x.example", "lou@x.example"]
    assert {call.timestamp for call in found} == {1_777_852_800.0}


@pytest.mark.parametrize(
    "names",
    [
        ["7701.txt", "2026-05-04_7702.txt", "kim.txt"],  # written in different ways
        ["call_2026_a.txt", "call_2026_b.txt"],  # nothing is of one call alone
    ],
)
def test_names_that_are_not_alike_say_nothing(tmp_path: Path, names: list[str]) -> None:
    found = calls(tmp_path, names)
    assert all("conversation-id-made-up" in {one.code for one in built.findings} for built in found)


def test_an_email_that_is_another_one_in_each_call_is_not_the_agents(tmp_path: Path) -> None:
    found = calls(tmp_path, [f"7{n}01_c{n}@y.example.txt" for n in range(4)])
    assert [built.call.agent_email for built in found] == [None] * 4


def test_ids_from_names_are_said_in_each_call_and_no_name_is_quoted(tmp_path: Path) -> None:
    said = "Agent: Hello, how can I help?\nCustomer: My line is down."
    path = tmp_path / "calls.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for number in range(4):
            archive.writestr(f"call_20260302_8812{number}.txt", f"{said} {number}")
    batch = reddy.Ledger(tmp_path / "ledger.sqlite").load(path, progress=False)
    assert {batch[row].conversation_id for row in batch.calls().index} == {f"8812{n}" for n in range(4)}
    findings = batch.findings()
    doubts = findings[(findings["field"] == "conversation_id") & (findings["code"] == "column-doubtful")]
    assert len(doubts) == 4
    assert not doubts["message"].str.contains("8812").any()
