"""A preview says beforehand what a load will store."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import reddy_lib as reddy
from reddy_lib.batches.preview import Previewed, cells_beside, finding_summary, preview, worth_showing
from reddy_lib.errors import MappingError
from reddy_lib.findings import finding
from reddy_lib.model import Call, Tag
from reddy_lib.spreadsheet import Mapping, guess_mapping, read_sheet

DATA = Path(__file__).resolve().parents[2] / "data"
PRODUCTS: list[dict[str, Any]] = [{"id": 1, "name": "Cards hotline", "status": "active"}]
NOW = 1_793_000_000.0
MAPPING = Mapping(
    fields={"agent_email": "Agent", "product_id": "Queue", "transcript": "Talk", "conversation_id": "Id"},
    tags=["CSAT"],
    tag_types={"CSAT": "integer"},
    values={"product_id": {"Cards hotline": 1}},
)


def frame(*rows: dict[str, Any]) -> pd.DataFrame:
    columns = ["Agent", "Queue", "Talk", "Id", "CSAT", "Note"]
    full = [{column: row.get(column, "") for column in columns} for row in rows]
    made = pd.DataFrame(full, columns=columns, dtype=object)
    made.index = pd.Index(range(2, len(rows) + 2), name="row")
    return made


GOOD = {
    "Agent": "ann@cedarline.example",
    "Queue": "Cards hotline",
    "Talk": '[{"role": "agent", "text": "Hello.", "start": 1, "stop": 2}]',
    "Id": "c-1",
    "CSAT": "4",
    "Note": "=1+1",
}


def codes(one: Previewed) -> list[str]:
    return [found.code for found in one.findings]


def test_a_good_row_is_ready_and_a_bad_one_is_not() -> None:
    good, bad = preview(frame(GOOD, GOOD | {"Agent": "", "Id": "c-2"}), MAPPING, products=PRODUCTS, now=NOW)
    assert good.row == 2
    assert good.ready
    assert codes(good) == ["timestamp-missing"]
    assert not bad.ready
    assert "agent-email-missing" in codes(bad)
    assert repr(bad) == "<Previewed row 3 · held · 2 findings>"


def test_the_second_of_two_equal_conversations_is_held() -> None:
    first, second = preview(frame(GOOD, GOOD), MAPPING, products=PRODUCTS, now=NOW)
    assert first.ready
    assert not second.ready
    assert second.findings[0].message == "Row 2 already has this conversation and agent."


def test_a_column_that_is_not_there_raises() -> None:
    with pytest.raises(MappingError, match="no column 'Email'"):
        preview(frame(GOOD), MAPPING.replace(fields={"agent_email": "Email"}), products=None, now=NOW)


@pytest.mark.parametrize("name", ["labelled_text.csv", "json_transcripts.xlsx", "everything_wrong.csv"])
def test_a_preview_of_all_rows_is_what_the_ledger_stores(name: str, tmp_path: Path) -> None:
    path = DATA / name
    sheet = read_sheet(path)
    mapping = guess_mapping(sheet, products=PRODUCTS)
    with reddy.Ledger(tmp_path / "ledger.sqlite") as ledger:
        batch = ledger.load(path, mapping, products=PRODUCTS, progress=False)
        shown = preview(sheet, mapping, products=PRODUCTS, now=batch.created_at.timestamp())
        assert [one.row for one in shown] == batch.rows()
        for one in shown:
            assert one.call == batch.call(one.row)
            assert one.cells == batch.cells(one.row)
            stored = [(found.code, found.message) for found in batch.findings_of(one.row)]
            assert sorted((found.code, found.message) for found in one.findings) == sorted(stored)
        assert sum(one.ready for one in shown) == batch.counts()["ready"]


def shown(row: int, *found: str) -> Previewed:
    return Previewed(row, {}, Call(), [finding(code, "row", "x") for code in found])


def test_after_the_first_rows_comes_one_for_each_further_kind_of_finding() -> None:
    rows = [
        shown(2),
        shown(3, "product-missing"),
        shown(4, "product-missing"),
        shown(5, "text-empty"),
        shown(6, "text-empty", "tag-duplicate"),
        shown(7, "text-empty"),
    ]
    assert [one.row for one in worth_showing(rows, first=2, most=9)] == [2, 3, 5, 6]
    assert [one.row for one in worth_showing(rows, first=2, most=3)] == [2, 3, 5]
    assert worth_showing([]) == []


def test_the_summary_counts_rows_not_findings_and_puts_errors_first() -> None:
    rows = [shown(2, "text-empty", "text-empty"), shown(3, "text-empty", "product-missing"), shown(4)]
    assert finding_summary(rows) == [("error", "No product", 1), ("warning", "Line without text", 2)]
    assert finding_summary([]) == []


def test_cells_stand_beside_what_they_become_and_what_was_found_in_them() -> None:
    row = GOOD | {"Agent": "ann", "Queue": "Web", "CSAT": "good"}
    (one,) = preview(frame(row), MAPPING, products=PRODUCTS, now=NOW)
    table = cells_beside(one, MAPPING)
    assert list(table.columns) == ["column", "cell", "becomes", "finding"]
    assert table.set_index("column").drop(index="Talk").T.to_dict("list") == {
        "Agent": ["ann", "agent_email", "Not an email address"],
        "Queue": ["Web", "product_id", "Product not in Reddy's list"],
        "Id": ["c-1", "conversation_id", ""],
        "CSAT": ["good", "tag (integer)", "Tag value does not fit its type"],
        "Note": ["=1+1", "not sent", ""],
    }


def test_findings_of_lines_stand_beside_the_transcript() -> None:
    row = GOOD | {"Talk": '[{"role": "ivr", "text": "Press one.", "start": 5, "stop": 2}]'}
    (one,) = preview(frame(row), MAPPING, products=PRODUCTS, now=NOW)
    talk = cells_beside(one, MAPPING).set_index("column").loc["Talk"]
    assert "Unknown role" in talk["finding"]
    assert "Line starts after it stops" in talk["finding"]


def test_a_call_without_cells_makes_a_table_of_the_same_columns() -> None:
    table = cells_beside(Previewed(2, {}, Call(tags=[Tag("a", "b", "string")]), []), MAPPING)
    assert list(table.columns) == ["column", "cell", "becomes", "finding"]
    assert len(table) == 0
