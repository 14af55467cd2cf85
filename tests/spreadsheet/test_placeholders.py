"""A text that only fills a cell is no id, no agent and no recording."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import reddy_lib as reddy
from reddy_lib.spreadsheet import Mapping
from reddy_lib.spreadsheet.calls.building import BuiltCall, build_call, read_calls
from reddy_lib.spreadsheet.cells.placeholders import is_placeholder
from reddy_lib.spreadsheet.model import Join
from tests.sending.test_identity import Sheet, load, said, send

PLACEHOLDERS = [
    "NULL", "null", "N/A", "n/a", "NA", "nan", "NaN", "-nan", "<NA>", "NaT", "-", "--", "—", "?", "...", "#N/A", "#REF!",
    "#DIV/0!", "#NAME?", "#BEZUG!", "#NV", "#¡REF!", "none", "None", "(blank)", "(null)", "[NULL]", "\\N", "undefined",
    " NULL\u00a0", "ＮＵＬＬ",
]  # fmt: skip


@pytest.mark.parametrize("text", PLACEHOLDERS)
def test_a_text_that_stands_for_nothing_is_a_placeholder(text: str) -> None:
    assert is_placeholder(text)


@pytest.mark.parametrize(
    "text", ["", " ", None, 0, "0", "1", "#1", "#A12", "nancy", "conv-none", "unknown", "Annan", "A"]
)
def test_an_empty_cell_and_an_id_are_no_placeholders(text: object) -> None:
    assert not is_placeholder(text)


@given(st.from_regex(r"[A-Za-z]{0,4}-?[0-9]{1,9}", fullmatch=True))
def test_a_text_with_a_number_in_it_is_an_id(text: str) -> None:
    assert not is_placeholder(text)


@pytest.mark.parametrize("text", ["NULL", "#N/A", "-"])
def test_another_call_in_a_later_batch_is_sent_though_both_cells_say_null(
    ledger: reddy.Ledger, sheet: Sheet, text: str
) -> None:
    with reddy.Sandbox() as sandbox:
        for number in (1, 2):
            changes = {2: {"Conversation ID": text, "Transcript": said(f"Call number {number}.")}}
            batch = load(ledger, sheet(1, changes))
            assert "conversation-id-placeholder" in set(batch.findings()["code"])
            assert send(batch, sandbox.url, sandbox.token).counts()["accepted"] == 1
        assert len({each["conversation_id"] for each in sandbox.received}) == 2


def test_an_agent_that_is_a_placeholder_is_missing(ledger: reddy.Ledger, sheet: Sheet) -> None:
    batch = load(ledger, sheet(1, {2: {"Agent Email": "n/a"}}))
    assert "agent-email-missing" in set(batch.findings()["code"])


LINES = "Conversation ID,Agent Email,Start,Speaker,Text\n"


def lines_of(tmp_path: Path, *rows: str) -> list[BuiltCall]:
    path = tmp_path / "lines.csv"
    path.write_text(LINES + "\n".join(rows) + "\n")
    mapping = Mapping(
        fields={"conversation_id": "Conversation ID", "agent_email": "Agent Email", "timestamp": "Start"},
        layout="lines",
        group_by=["Conversation ID"],
        line_fields={"role": "Speaker", "text": "Text"},
    )
    return [one for piece in read_calls(path, mapping) for one in piece]


@pytest.mark.parametrize("text", ["NULL", "#N/A", "-", ""])
def test_lines_whose_id_says_nothing_are_never_one_call_of_strangers(tmp_path: Path, text: str) -> None:
    built = lines_of(
        tmp_path,
        f"{text},ana@x.example,2026-03-02 10:00,Agent,Good morning",
        f"{text},ana@x.example,2026-03-02 10:00,Customer,I lost my card",
        f"{text},ben@x.example,2026-03-02 11:00,Agent,Hello",
        "77,ana@x.example,2026-03-02 12:00,Agent,Good day",
        "77,ana@x.example,2026-03-02 12:00,Customer,Hi",
        f"{text},ana@x.example,2026-03-02 10:00,Agent,Another one",
    )
    assert [(one.row, one.rows) for one in built] == [(2, 2), (4, 1), (5, 2), (7, 1)]
    asked = [[found.code for found in one.findings if found.severity == "error"] for one in built]
    assert asked == [["lines-without-id"], ["lines-without-id"], [], ["lines-without-id"]]
    assert len({one.call.conversation_id for one in built}) == 4


@pytest.mark.parametrize(
    ("how", "name"),
    [
        ({"defaults": {"conversation_id": "N/A"}}, "a.csv"),
        ({"joins": {"conversation_id": Join(["A", "B"], "-")}}, "a.csv"),
        ({"from_name": {"conversation_id": "{id}_export.csv"}}, "NULL_export.csv"),
        ({"fields": {"conversation_id": "A"}, "values": {"conversation_id": {"NULL": "none"}}}, "a.csv"),
        ({"fields": {"conversation_id": "C"}, "values": {"conversation_id": {"x": "#REF!"}}}, "a.csv"),
    ],
    ids=["default", "joined", "file name", "cell", "value table"],
)
def test_a_placeholder_is_no_id_wherever_it_comes_from(how: dict[str, Any], name: str) -> None:
    cells = {"A": "NULL", "B": "n/a", "C": "x"}
    built = build_call(2, cells, Mapping(**how), file_name=name)
    assert (built.call.conversation_id or "").startswith("call-")
    assert "conversation-id-placeholder" in [found.code for found in built.findings]


def test_a_placeholder_among_joined_columns_is_left_out_and_said() -> None:
    mapping = Mapping(joins={"conversation_id": Join(["A", "B"], "-")})
    built = build_call(2, {"A": "NULL", "B": "77"}, mapping)
    assert built.call.conversation_id == "77"
    assert [found.value for found in built.findings if found.code == "conversation-id-placeholder"] == [
        "NULL"
    ]
    whole = build_call(2, {"A": "5", "B": "77"}, mapping)
    assert whole.call.conversation_id == "5-77"
    assert "conversation-id-placeholder" not in [found.code for found in whole.findings]
