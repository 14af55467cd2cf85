"""A second process builds the pieces of a large file: the same rows come out, whatever becomes of that process."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import reddy_lib as reddy
from reddy_lib.batches.load_process import Piece, pieces_of_rows
from reddy_lib.errors import MappingError
from reddy_lib.spreadsheet import Mapping, guess_mapping, read_sheet

CHILDREN = Path(f"/proc/{os.getpid()}/task")
needs_proc = pytest.mark.skipif(not CHILDREN.is_dir(), reason="looks for child processes in /proc")
PRODUCTS = [{"id": 7, "name": "Loans", "status": "active"}]


@pytest.fixture
def large(tmp_path: Path) -> Path:
    """120 calls: good ones, one without an agent, one with text that is in no line, one with a total below it."""
    rows = ["agent_email,product,start,csat,transcript"]
    for number in range(120):
        agent = "" if number == 50 else f"ann{number % 4}@cedarline.example"
        said = f"Agent: Hello {number}\nCustomer: Good morning, card {number}"
        if number == 70:
            said = "[" + said
        rows.append(f'{agent},Loans,2026-03-02T10:{number % 60:02}:00Z,{number % 5},"{said}"')
        if number == 90:
            rows.append("Total,,,90,")
    path = tmp_path / "large.csv"
    path.write_text("\n".join(rows), encoding="utf-8")
    return path


def pieces(path: Path, mapping: Mapping | None = None, **options: Any) -> Iterator[Piece]:
    mapping = mapping or guess_mapping(read_sheet(path), products=PRODUCTS, path=path)
    sheet = read_sheet(path).attrs["format"]
    mapping = mapping if mapping.sheet else Mapping.from_dict({**mapping.to_dict(), "sheet": sheet})
    return pieces_of_rows(
        path, mapping, batch_id="b", products=PRODUCTS, rows=10, file_name="large.csv", **options
    )


def rows_of(found: Iterator[Piece]) -> list[dict[str, Any]]:
    return [values for piece in found for values in piece.values]


def children() -> list[int]:
    found = []
    for thread in CHILDREN.iterdir():
        with contextlib.suppress(OSError):  # it ended while the folder was read
            found += [int(pid) for pid in (thread / "children").read_text().split()]
    return found


@needs_proc
def test_the_rows_are_the_same_with_and_without_a_second_process(large: Path) -> None:
    alone = rows_of(pieces(large, alone=10**9))
    before = set(children())
    helped = pieces(large, alone=1, patience=60)
    found = [next(helped), next(helped)]
    assert len(set(children()) - before) == 1, "a process was started for it"
    together = rows_of(iter([*found, *helped]))
    assert together == alone
    assert len(alone) == 120
    assert {values["status"] for values in alone} == {"ready", "held"}
    assert not set(children()) - before, "the process is gone when the file is read"


@needs_proc
@pytest.mark.parametrize("after", [1, 4, 9])
def test_a_second_process_that_is_killed_loses_nothing(large: Path, after: int) -> None:
    alone = rows_of(pieces(large, alone=10**9))
    before = set(children())
    helped = pieces(large, alone=1, patience=60)
    found = [next(helped) for _ in range(1 + after)]
    (child,) = set(children()) - before
    os.kill(child, signal.SIGKILL)
    rest = list(helped)
    together = sorted(rows_of(iter([*found, *rest])), key=lambda values: values["row"])
    assert together == alone
    assert not set(children()) - before


def test_where_no_second_process_can_be_started_the_file_is_read_all_the_same(
    large: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    alone = rows_of(pieces(large, alone=10**9))
    monkeypatch.setattr("sys.executable", str(large.parent / "no-such-python"))
    assert rows_of(pieces(large, alone=1, patience=60)) == alone


@needs_proc
def test_a_reader_that_stops_early_leaves_no_process_behind(large: Path) -> None:
    before = set(children())
    helped = pieces(large, alone=0, patience=60)
    next(helped)
    assert set(children()) - before
    helped.close()  # type: ignore[attr-defined]
    assert not set(children()) - before


def test_what_building_raises_is_raised_here(large: Path) -> None:
    mapping = guess_mapping(read_sheet(large), products=PRODUCTS, path=large).replace(tags=["no such column"])
    with pytest.raises(MappingError, match="no such column"):
        list(pieces(large, mapping, alone=0, patience=60))


def test_a_load_of_many_pieces_stores_every_row(
    tmp_path: Path, sheet: Callable[..., Path], ledger: reddy.Ledger
) -> None:
    calls = 8_000  # sixteen pieces: the second process takes its part as soon as it is up
    told: list[int] = []

    def slowly(stored: int) -> bool:
        told.append(stored)
        while time.thread_time() - began < 2.5:  # it is started for a load that takes seconds of work
            pass
        time.sleep(0.1)  # long enough for it to come up
        return True

    began = time.thread_time()

    batch = ledger.load(sheet(calls), progress=False, on_progress=slowly)
    assert sum(batch.counts().values()) == calls
    assert told == sorted(told)
    assert told[-1] == calls
    assert batch.rows() == sorted(batch.rows())
