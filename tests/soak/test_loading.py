"""Whatever is dropped on the page, she gets her calls or a sentence: no trace, no hang, no memory gone.

uv run pytest -m soak -n 2 tests/soak          10,000 made-up and damaged files, and every hostile one
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any

import pytest

from tests.conftest import ROOT
from tests.soak.bombs import BOMBS

MEGABYTES = 1000
PIECE = 500

QUICK = (
    "cell_in_the_last_corner_written_otherwise", "dimension_of_the_whole_sheet", "entities_of_entities",
    "half_cells_by_the_million", "ods_of_repeated_rows", "a_million_columns", "json_of_braces", "json_lines_of_brackets",
    "zips_in_zips", "cell_of_brackets",
)  # fmt: skip
"""Hostile files that are written in a moment; the others take seconds, and wait for `-m soak`."""


def ended(*what: str) -> list[dict[str, Any]]:
    """Runs cases in a process of their own; gives what became of each. One that ended the process has no "end"."""
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-m", "tests.soak.child", *what],
        capture_output=True, text=True, cwd=ROOT, env=environment, timeout=3600, check=False,
    )  # fmt: skip
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    begun, over = lines[0::2], lines[1::2]
    assert len(begun) == len(over), f"{begun[-1]} ended its process: {done.stderr[-3000:]}"
    assert done.returncode == 0, done.stderr[-3000:]
    return [{**one, **other} for one, other in zip(begun, over, strict=True)]


def faults(cases: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [case for case in cases if case["failure"] or case["megabytes"] > MEGABYTES]


def test_150_made_up_and_damaged_files_are_read_or_refused_with_a_sentence() -> None:
    cases = ended("1000", "150")
    assert len(cases) == 150
    assert faults(cases) == []
    assert sum(case["said"].endswith(" calls") for case in cases) > 30


def test_the_quickest_hostile_files_are_read_or_refused_with_a_sentence() -> None:
    cases = ended("bomb", *QUICK)
    assert len(cases) == len(QUICK)
    assert faults(cases) == []


@pytest.mark.soak
@pytest.mark.parametrize("piece", range(10_000 // PIECE))
def test_10_000_made_up_and_damaged_files_are_read_or_refused_with_a_sentence(piece: int) -> None:
    cases = ended(str(piece + 1), str(PIECE))
    assert len(cases) == PIECE
    assert faults(cases) == []


@pytest.mark.soak
@pytest.mark.parametrize("name", BOMBS)
def test_every_hostile_file_is_read_or_refused_with_a_sentence(name: str) -> None:
    assert faults(ended("bomb", name)) == []
