"""Facets follow what others change: in this process, in another one, and inside of a snapshot."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import msgspec
import pytest

import reddy_lib as reddy
from reddy_lib.batches.queries import Query
from tests.conftest import PRODUCTS

Sheet = Callable[..., Path]


@pytest.fixture
def batch(ledger: reddy.Ledger, sheet: Sheet) -> reddy.Batch:
    return ledger.load(sheet(8), products=PRODUCTS, progress=False)


def counts(batch: reddy.Batch, name: str, query: str = "") -> dict[str, int]:
    return {one.value: one.count for one in batch.facets(query, [name])[name].values}


def say(batch: reddy.Batch, row: int, text: str) -> None:
    def change(call: reddy.Call) -> reddy.Call:
        lines = [reddy.TranscriptLine("customer", text, 0.0, 9.0), *(call.transcript or [])[1:]]
        return msgspec.structs.replace(call, transcript=lines)

    batch.change(row, change)


def test_a_change_by_another_process_is_seen(batch: reddy.Batch) -> None:
    assert counts(batch, "tag:CSAT", "customer says refund") == {}
    assert counts(batch, "tag:Vip") == {"": 8}
    url = batch.database.url.render_as_string(hide_password=False)
    script = f"""
        import msgspec, reddy_lib as reddy
        with reddy.Ledger({url!r}) as ledger:
            batch = ledger.batch({batch.id!r})
            line = reddy.TranscriptLine("customer", "I want a refund", 0.0, 2.0)
            tags = [reddy.Tag("Vip", "gold", "string")]
            batch.change(4, lambda call: msgspec.structs.replace(call, transcript=[line], tags=tags))
    """
    subprocess.run([sys.executable, "-c", textwrap.dedent(script)], check=True)
    assert batch.rows(query="customer says refund") == [4]
    assert counts(batch, "tag:Vip", "customer says refund") == {"gold": 1}
    assert batch.facets("refund", ["turns"])["turns"].most == 1


def test_an_edit_between_two_looks_and_its_undoing_are_seen(batch: reddy.Batch) -> None:
    assert batch.rows(query="lost my card") == batch.rows()
    say(batch, 3, "Cancel it all")
    assert batch.rows(query="customer says cancel") == [3]
    assert counts(batch, "edited") == {"no": 7, "yes": 1}
    batch.undo(int(batch.operations().index[0]))
    assert batch.rows(query="customer says cancel") == []
    assert counts(batch, "edited") == {"no": 8}


def test_a_status_that_changes_without_an_edit_is_seen(batch: reddy.Batch, client: reddy.Client) -> None:
    assert counts(batch, "status") == {"ready": 8}
    reddy.submit(batch, client, rows=[2, 3], progress=False)
    assert counts(batch, "status") == {"ready": 6, "accepted": 2}
    assert batch.rows(query="status:accepted conv-1") == [2]


def test_a_snapshot_and_the_present_are_not_mixed(batch: reddy.Batch) -> None:
    assert counts(batch, "agent", "status:ready")["ann@cedarline.example"] == 4
    with batch.database.moment():
        assert len(batch.rows(query="good morning")) == 8
        with ThreadPoolExecutor(1) as other:
            other.submit(say, batch, 2, "Only this").result()
            assert other.submit(counts, batch, "edited").result() == {"no": 7, "yes": 1}
            assert counts(batch, "edited") == {"no": 8}
            assert other.submit(batch.rows, query="only this").result() == [2]
            assert batch.rows(query="only this") == []
    assert batch.rows(query="only this") == [2]
    assert counts(batch, "edited") == {"no": 7, "yes": 1}


def test_many_threads_count_while_calls_are_edited(batch: reddy.Batch) -> None:
    def look(number: int) -> int:
        found = batch.facets(f"-word{number}", ["agent", "tag:CSAT"])
        assert sum(one.count for one in found["agent"].values) == found.count
        return found.of

    with ThreadPoolExecutor(4) as others:
        looks = [others.submit(look, number) for number in range(12)]
        for row in (2, 3, 4):
            say(batch, row, f"word{row}")
        assert {one.result() for one in looks} == {8}
    assert batch.rows(query="word2") == [2]


def test_batches_do_not_share_facets(ledger: reddy.Ledger, batch: reddy.Batch, sheet: Sheet) -> None:
    other = ledger.load(sheet(3, {2: {"CSAT": "77"}}, name="other.csv"), products=PRODUCTS, progress=False)
    assert counts(other, "tag:CSAT") == {"77": 1, "2": 1, "3": 1}
    assert "77" not in counts(batch, "tag:CSAT")
    assert batch.count(query=Query(selection="0123456789ab")) == 0
