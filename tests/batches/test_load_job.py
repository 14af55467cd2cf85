"""A load that goes on while somebody watches: it tells how far it is, and leaves a whole batch or nothing."""

from __future__ import annotations

import random
import string
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

import reddy_lib as reddy
from reddy_lib.batches.load_job import LoadJob
from reddy_lib.batches.loading import file_sha256
from reddy_lib.batches.profiles import profile_for, profiles_of
from reddy_lib.database.schema import calls
from reddy_lib.errors import LoadCancelled
from reddy_lib.ledger import Ledger
from reddy_lib.spreadsheet import Mapping, detect_format, guess_mapping, read_sheet
from tests.conftest import PRODUCTS


@pytest.fixture
def here(tmp_path: Path) -> Iterator[reddy.Ledger]:
    with reddy.Ledger(tmp_path / "ledger.sqlite") as opened:
        yield opened


def guessed(path: Path) -> reddy.Mapping:
    return guess_mapping(read_sheet(path, nrows=100))


class Gate:
    """A clock that also holds a load at its first piece, until it is opened."""

    def __init__(self) -> None:
        self.reached, self.open = threading.Event(), threading.Event()


class HeldJob(LoadJob):
    """A job that waits at a gate each time a piece was stored: a test decides what happens in between."""

    gate: Gate

    def _told(self, stored: int) -> bool:
        self.gate.reached.set()
        assert self.gate.open.wait(20)
        return super()._told(stored)


def held(gate: Gate) -> type[HeldJob]:
    return type("Held", (HeldJob,), {"gate": gate})


def test_a_load_ends_with_a_batch_and_its_counts(here: reddy.Ledger, sheet: Callable[..., Path]) -> None:
    path = sheet(7)
    job = LoadJob(here, path, guessed(path), total=7, file_name="march.csv", who="ann")
    assert job.wait(20)
    assert job.state == "stored"
    assert job.stored == 7
    assert job.error is None
    assert job.batch is not None
    assert (job.batch.total, job.batch.file_name, job.batch.who) == (7, "march.csv", "ann")
    assert repr(job) == "<LoadJob stored · 7 of 7 rows>"


def test_a_cancelled_load_leaves_nothing(here: reddy.Ledger, sheet: Callable[..., Path]) -> None:
    gate, path = Gate(), sheet(1200)
    job = held(gate)(here, path, guessed(path))
    assert gate.reached.wait(20)
    assert job.state == "running"
    assert not job.wait(0)
    assert len(here.batches()) == 0, "nobody sees a batch before it is whole"
    assert not job.stopping
    job.cancel()
    assert job.stopping
    gate.open.set()
    assert job.wait(20)
    assert job.state == "cancelled"
    assert isinstance(job.error, LoadCancelled)
    assert "stopped after 500 calls" in str(job.error)
    assert len(here.batches()) == 0
    assert repr(job) == "<LoadJob cancelled · 500 of ? rows>"


def test_a_load_that_fails_says_why_and_leaves_nothing(
    here: reddy.Ledger, sheet: Callable[..., Path]
) -> None:
    path = sheet(3)
    mapping = guessed(path).replace(fields={"agent_email": "No such column"})
    job = LoadJob(here, path, mapping)
    assert job.wait(20)
    assert job.state == "failed"
    assert "No such column" in str(job.error)
    assert len(here.batches()) == 0


def test_what_must_live_as_long_as_the_load_is_let_go_afterwards(
    here: reddy.Ledger, sheet: Callable[..., Path]
) -> None:
    import gc
    import weakref

    class Thing:
        pass

    thing = Thing()
    alive = weakref.ref(thing)
    gate, path = Gate(), sheet(3)
    job = held(gate)(here, path, guessed(path), keep=thing)
    del thing
    assert gate.reached.wait(20)
    gc.collect()
    assert alive() is not None
    gate.open.set()
    assert job.wait(20)
    gc.collect()
    assert alive() is None


def test_the_rate_is_rows_a_second(here: reddy.Ledger, sheet: Callable[..., Path]) -> None:
    times: Iterator[Any] = iter([100.0, 102.0])
    path = sheet(8)
    job = LoadJob(here, path, guessed(path), clock=lambda: next(times))
    assert job.wait(20)
    assert job.rate == 4.0


def test_the_batches_that_came_from_a_file_are_found_by_its_hash(
    ledger: reddy.Ledger, sheet: Callable[..., Path]
) -> None:
    path = sheet(2)
    first = ledger.load(path, name="first", progress=False)
    second = ledger.load(path, name="second", progress=False)
    other = ledger.load(sheet(3, name="other.csv"), progress=False)
    assert [batch.id for batch in ledger.loaded_before(first.file_hash)] == [second.id, first.id]
    assert [batch.id for batch in ledger.loaded_before(other.file_hash)] == [other.id]
    assert ledger.loaded_before("0" * 64) == []
    second.database.archive(second)
    assert [batch.id for batch in ledger.loaded_before(first.file_hash)] == [first.id]


def test_the_format_of_the_mapping_is_what_is_read(here: reddy.Ledger, tmp_path: Path) -> None:
    path = tmp_path / "title.csv"
    path.write_text("Export,of March\nAgent,Talk\nann@cedarline.example,Agent: Hello.\n")
    first_row = detect_format(path, header_row=1)
    mapping = reddy.Mapping(fields={"agent_email": "Export"}, sheet=first_row)
    job = LoadJob(here, path, mapping)
    assert job.wait(20)
    assert job.batch is not None
    assert job.batch.total == 2


def test_lines_of_calls_are_loaded_as_calls_and_counted_as_rows(tmp_path: Path) -> None:
    sheet = tmp_path / "lines.csv"
    lines = [
        f"c{call},ana@x.example,{line},{'Agent' if line % 2 else 'Customer'},This is line {line} of call {call}"
        for call in range(700)
        for line in range(1, 5)
    ]
    sheet.write_text("Call ID,Agent email,Line,Speaker,Text\n" + "\n".join(lines) + "\n", encoding="utf-8")
    told: list[int] = []
    with reddy.Ledger(tmp_path / "ledger.sqlite") as ledger:
        batch = ledger.load(sheet, progress=False, on_progress=told.append)
        assert batch.total == 700
        assert told[-1] == 2800
        assert batch.mapping.layout == "lines"
        assert batch.rows()[:3] == [2, 6, 10]
        assert len(batch.call(6).transcript or ()) == 4
        assert batch.cells(6)["Text"][0] == "This is line 1 of call 1"


def test_cells_of_any_length_are_stored_on_either_database(
    ledger: reddy.Ledger, sheet: Callable[..., Path]
) -> None:
    draw = random.Random(7)
    junk = "".join(draw.choice(string.ascii_letters) for _ in range(20_000))  # a database cannot shorten it
    path = sheet(
        3, {2: {"Agent Email": f"{junk}@cedarline.example"}, 3: {"Conversation ID": junk, "CSAT": junk}}
    )
    batch = ledger.load(path, products=PRODUCTS, progress=False)
    assert batch.call(2).agent_email == f"{junk}@cedarline.example"
    assert batch.call(3).conversation_id == junk
    assert sum(batch.counts().values()) == 3


class Interrupted(BaseException):
    """What a notebook's stop button raises: no error of ours, and not an `Exception`."""


@pytest.mark.parametrize("what", [Interrupted, KeyboardInterrupt, OSError, ZeroDivisionError])
def test_a_load_that_is_interrupted_in_the_middle_leaves_nothing_half_loaded(
    ledger: reddy.Ledger, sheet: Callable[..., Path], what: type[BaseException]
) -> None:
    before = ledger.load(sheet(2, name="before.csv"), progress=False)
    path = sheet(1200)

    def stop(stored: int) -> None:
        if stored >= 1000:
            raise what

    with pytest.raises(what):
        ledger.load(path, progress=False, on_progress=stop)
    assert list(ledger.batches()["id"]) == [before.id]
    assert ledger.loaded_before(file_sha256(path)) == []
    with ledger.read() as connection:
        assert connection.execute(sa.select(sa.func.count()).select_from(calls)).scalar() == 2
    again = ledger.load(path, progress=False)
    assert (again.total, sum(again.counts().values())) == (1200, 1200)


def test_a_load_told_to_stop_says_how_far_it_was_and_can_be_loaded_again(
    here: reddy.Ledger, sheet: Callable[..., Path]
) -> None:
    path = sheet(600)
    with pytest.raises(LoadCancelled) as stopped:
        here.load(path, progress=False, on_progress=lambda stored: False)
    assert str(stopped.value) == "Loading calls.csv was stopped after 500 calls. None of them were stored."
    assert len(here.batches()) == 0
    assert here.load(path, progress=False).total == 600


def test_stopping_lines_counts_rows_and_leaves_nothing(here: reddy.Ledger, tmp_path: Path) -> None:
    path = tmp_path / "lines.csv"
    lines = [f"c{n // 4},{n % 4},{'Agent' if n % 2 else 'Customer'},This is line {n}" for n in range(3000)]
    path.write_text("Call ID,Line,Speaker,Text\n" + "\n".join(lines) + "\n", encoding="utf-8")
    with pytest.raises(LoadCancelled, match=r"stopped after 2,000 rows. None of them were stored"):
        here.load(path, progress=False, on_progress=lambda stored: False)
    assert len(here.batches()) == 0


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "empty"),
        (b"\x00\x01\x02\x03" * 50, ""),
        (b"PK\x03\x04 half a workbook", ""),
    ],
)
def test_a_file_that_cannot_be_read_fails_the_job_with_a_sentence(
    here: reddy.Ledger, tmp_path: Path, content: bytes, words: str
) -> None:
    path = tmp_path / "calls.xlsx"
    path.write_bytes(content)
    job = LoadJob(here, path, reddy.Mapping(fields={"transcript": "Text"}))
    assert job.wait(20)
    assert job.state == "failed"
    assert job.error is not None
    assert words in str(job.error)
    assert len(here.batches()) == 0


def test_a_cancel_after_the_last_piece_comes_too_late_and_the_batch_is_whole(
    here: reddy.Ledger, sheet: Callable[..., Path]
) -> None:
    path = sheet(3)
    job = LoadJob(here, path, guessed(path), total=3)
    assert job.wait(20)
    job.cancel()
    assert (job.state, job.stopping, job.stored) == ("stored", True, 3)
    assert list(here.batches()["id"]) == [job.batch.id]


def test_two_loads_at_once_make_two_whole_batches(here: reddy.Ledger, sheet: Callable[..., Path]) -> None:
    paths = [sheet(700, name="one.csv"), sheet(600, name="two.csv")]
    jobs = [LoadJob(here, path, guessed(path)) for path in paths]
    assert all(job.wait(20) for job in jobs)
    assert [(job.state, job.batch.total) for job in jobs] == [("stored", 700), ("stored", 600)]


def test_an_estimated_total_is_shown_and_never_believed(
    here: reddy.Ledger, sheet: Callable[..., Path]
) -> None:
    path = sheet(4)
    job = LoadJob(here, path, guessed(path), total=9, counted=False)
    assert job.wait(20)
    assert repr(job) == "<LoadJob stored · 4 of 9 rows>"
    assert (job.counted, job.batch.total) == (False, 4)


def test_the_mapping_is_kept_as_a_profile_once_the_batch_is_stored(tmp_path: Path) -> None:
    path = tmp_path / "march.csv"
    path.write_text("Agent,Talk\nann@x.example,Agent: Hello.\n")
    mapping = Mapping(fields={"agent_email": "Agent", "transcript": "Talk"}, roles={"Bo": "agent"})
    with Ledger(tmp_path / "ledger.sqlite") as ledger:
        job = LoadJob(ledger, path, mapping, columns=["Agent", "Talk"], who="ann")
        assert job.wait(30)
        assert (job.state, job.noun) == ("stored", "calls")
        profile = profile_for(ledger, ["Talk", "Agent"])
        assert profile is not None
        assert (profile.name, profile.who, profile.mapping.roles) == ("march", "ann", {"Bo": "agent"})


def test_a_load_that_fails_keeps_no_profile(tmp_path: Path) -> None:
    with Ledger(tmp_path / "ledger.sqlite") as ledger:
        job = LoadJob(ledger, tmp_path / "none.csv", Mapping(), columns=["Agent"])
        assert job.wait(30)
        assert job.state == "failed"
        assert profiles_of(ledger) == []


def test_a_load_of_lines_counts_rows(tmp_path: Path) -> None:
    path = tmp_path / "lines.csv"
    path.write_text("Call,Who,Text\n1,agent,Hello there.\n1,customer,Hi.\n")
    mapping = Mapping(layout="lines", line_fields={"role": "Who", "text": "Text"}, group_by=["Call"])
    with Ledger(tmp_path / "ledger.sqlite") as ledger:
        job = LoadJob(ledger, path, mapping)
        assert job.wait(30)
        assert (job.noun, job.stored, job.batch and job.batch.total) == ("rows", 2, 1)
