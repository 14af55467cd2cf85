"""Durations as exports write them, and the units that a call can last in."""

from __future__ import annotations

from datetime import time, timedelta
from typing import Any

import pytest

from reddy_lib.spreadsheet.cells.durations import duration_evidence, read_duration


@pytest.mark.parametrize(
    ("name", "cells", "form", "units", "low"),
    [
        ("Dauer", ["3,5", "4,5"], "number", ["min", "s"], 210),
        ("Duration", ["183", "240"], "number", ["s", "min"], 183),
        ("Duration (min)", ["183", "240"], "number", ["min", "s"], 10980),
        ("Talk time sec", ["12", "40"], "number", ["s", "min"], 12),
        ("duration_ms", ["183000", "240000"], "number", ["ms"], 183),
        ("Length", [183000, 240000], "number", ["ms"], 183),
        ("Length", [0.0021, 0.003], "number", ["days", "h"], 181.44),
        ("Dauer", ["00:03:03", "00:04:10"], "clock", ["s"], 183),
        ("Dauer", ["3:20", "4:10"], "clock", ["mm:ss"], 200),
        ("Dauer", ["0:03", "0:04"], "clock", ["h:mm", "mm:ss"], 180),
        ("Dauer", [time(3, 20), time(4, 10)], "clock", ["mm:ss"], 200),
        ("Dauer", [timedelta(seconds=183)], "clock", ["s"], 183),
        ("Dauer", ["PT3M3S", "PT4M"], "ISO", ["s"], 183),
        ("Dauer", ["3m 3s", "1 h 5 min"], "words", ["s"], 183),
        ("通話時間", ["3分3秒", "1時間5分"], "words", ["s"], 183),
        ("Длительность", ["3 мин 3 сек"], "words", ["s"], 183),
    ],
)
def test_a_column_of_durations_shows_its_form_and_its_units(
    name: str, cells: list[Any], form: str, units: list[str], low: float
) -> None:
    evidence = duration_evidence(cells, name=name)
    assert (evidence.share, evidence.form, evidence.units) == (1.0, form, units)
    assert evidence.low == pytest.approx(low)


@pytest.mark.parametrize(
    "cells",
    [[], ["Anna"], ["2026-04-02 10:00"], ["3 apples"], [True], ["-5"], ["99999999999"], ["13:05 Uhr"]],
)
def test_what_no_call_lasts_is_no_duration(cells: list[Any]) -> None:
    assert duration_evidence(cells).share == 0


@pytest.mark.parametrize(
    ("cell", "unit", "seconds"),
    [
        ("3,5", "min", 210), ("183000", "ms", 183), ("3:20", "mm:ss", 200), ("3:20", "h:mm", 12000), ("PT3M", "s", 180),
        ("1:00:05", "s", 3605), (0.5, "h", 1800), ("soon", "s", None),
    ],
)  # fmt: skip
def test_a_duration_is_read_in_the_unit_that_was_chosen(
    cell: object, unit: str, seconds: float | None
) -> None:
    assert read_duration(cell, unit) == seconds
