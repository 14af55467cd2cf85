"""Cells of turns that begin with a time: what the time counts from is known after reading as it was before."""

from __future__ import annotations

import pytest

from reddy_lib.spreadsheet.calls.lines import turns_transcript
from reddy_lib.spreadsheet.calls.turn_cells import as_lines
from reddy_lib.spreadsheet.model import Mapping, TurnColumn
from reddy_lib.transcripts import read_transcript

SAID = (
    ("Agent", "Good morning, how can I help?"),
    ("Customer", "My card is lost."),
    ("Agent", "I block it."),
    ("Customer", "Thanks."),
)
STARTED = 1773484200.0  # 2026-03-14 10:30 UTC
FORMS = [
    "[10:31:{:02d}] ",
    "[10:31:{:02d} - 10:32:00] ",
    "10:31:{:02d} AM - ",
    "2026-03-14 10:31:{:02d} ",
    "[2026-03-14T10:31:{:02d}Z] ",
    "00:00:{:02d} ",
    "[{:d}s] ",
]


def cells(form: str) -> list[str]:
    return [f"{form.format(9 + 5 * n)}{who}: {text}" for n, (who, text) in enumerate(SAID)]


@pytest.mark.parametrize("form", FORMS)
def test_times_of_cells_are_read_as_those_of_one_text(form: str) -> None:
    columns = {f"Turn {n}": [cell] for n, cell in enumerate(cells(form))}
    mapping = Mapping(turns=[TurnColumn(name) for name in columns])
    found = turns_transcript(columns, mapping, started=STARTED)
    whole = read_transcript("\n".join(cells(form)), started=STARTED)
    assert found.lines == whole.lines
    assert found.times == whole.times
    assert [one.message for one in found.findings] == [one.message for one in whole.findings]


@pytest.mark.parametrize("own", [None, "", "10:31:09"])
def test_times_that_are_cut_out_of_rows_are_those_of_their_lines(own: str | None) -> None:
    said = cells("[10:31:{:02d}] ")
    columns = {"Number": [1, 2], "One": said[::2], "Two": said[1::2]}
    fields = {"order": "Number"}
    if own is not None:
        columns["Time"] = [own, own]
        fields["start"] = "Time"
    mapping = Mapping(turns=[TurnColumn("One"), TurnColumn("Two")], line_fields=fields)
    lines, changed, _ = as_lines(columns, mapping)
    starts = [str(cell) for cell in lines[changed.line_fields["start"]]]
    assert starts == ([own, "", own, ""] if own else [f"10:31:{9 + 5 * n:02d}" for n in range(4)])
