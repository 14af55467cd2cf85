"""A header far down: a report may say much before its table."""

from __future__ import annotations

from pathlib import Path

import pytest

from reddy_lib.spreadsheet import read_sheet


@pytest.mark.parametrize("rows", [3, 39, 45, 50])
@pytest.mark.parametrize("line", ["x,,,", "Prepared for the quality team,,,", "Filter {0},all,,"])
def test_a_header_below_many_rows_is_found(tmp_path: Path, rows: int, line: str) -> None:
    path = tmp_path / "calls.csv"
    head = "".join(line.format(number) + "\n" for number in range(rows))
    calls = "".join(
        f'c{number},ann@x.example,2026-03-{number + 1:02} 10:00,"Agent: Hello. Customer: My bill is wrong."\n'
        for number in range(20)
    )
    path.write_text(f"{head}id,agent,started,text\n{calls}")
    sheet = read_sheet(path)
    assert list(sheet.columns) == ["id", "agent", "started", "text"]
    assert len(sheet) == 20
