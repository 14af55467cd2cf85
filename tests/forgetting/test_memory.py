"""What a process has in memory of a batch goes as well, also where another process forgets."""

from __future__ import annotations

import pytest

import reddy_lib as reddy
from reddy_lib.batches.facet_store import drop_store, store_of
from reddy_lib.forgetting import forget
from tests.forgetting.test_people import person


def test_a_search_finds_no_forgotten_words(ledger: reddy.Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    batch = ledger.load([person(0, Reason="zqreason"), person(1)], progress=False)
    row = batch.rows()[0]
    batch.change(row, lambda call: call)
    with ledger.write() as connection:  # sent, so that its row stays
        connection.exec_driver_sql("UPDATE calls SET status = 'accepted', attempts = 1")
    assert batch.count(query="lost") == 2
    assert "zqreason" in str(batch.facets("", ["column:Reason"])["column:Reason"].values)
    kept = store_of(batch)
    monkeypatch.setattr(
        forget, "drop_store", lambda *_: None
    )  # another process cannot reach this one's memory
    ledger.forget(batch.id, [row])
    assert store_of(batch) is kept
    assert batch.count(query="lost") == 1
    assert "zqreason" not in str(batch.facets("", ["column:Reason"])["column:Reason"].values)
    drop_store(ledger, batch.id)
    assert store_of(batch) is not kept
