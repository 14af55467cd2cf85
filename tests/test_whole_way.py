"""The whole way as a notebook goes it: 175 real calls from a sheet, through the ledger, over HTTP, to the sandbox."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import reddy_lib as reddy
from tests.spreadsheet.test_shared import SHARED, expectation, products_of, scorer

pytestmark = pytest.mark.skipif(not (SHARED / "score.py").exists(), reason="the shared data is not here")


@pytest.mark.parametrize(("file", "timing"), [("calls.xlsx", True), ("calls.csv", False)])
def test_what_the_sandbox_received_is_what_the_sources_of_the_sheet_say(
    tmp_path: Path, file: str, timing: bool
) -> None:
    expected = expectation("all_calls", "calls.xlsx")
    if not timing:  # the text export has no times
        expected["calls"] = [{**call, "timed": []} for call in expected["calls"]]
    products = products_of(expected)
    names = {product["id"]: product["name"] for product in products}
    with reddy.Sandbox(products=products) as sandbox, reddy.Ledger(tmp_path / "ledger.sqlite") as ledger:
        client = reddy.Client(sandbox.token, base_url=sandbox.url)
        batch = ledger.load(
            SHARED / "all_calls" / file, products=client.list_products(), timezone="UTC", progress=False
        )
        assert batch.counts()["ready"] == 175, batch.finding_counts()
        submission = reddy.submit(batch, client, personal_data="allow", progress=False)
        assert submission.counts()["accepted"] == 175
        arrived: dict[str, dict[str, Any]] = {}
        for call in sandbox.received:
            assert call["conversation_id"] not in arrived, "a call was sent twice"
            arrived[call["conversation_id"]] = call["payload"]
        stored = dict(batch.payloads())
        client.close()
    assert list(stored) == list(range(2, 177))
    assert {payload["conversation_id"]: payload for payload in stored.values()} == arrived

    received = [
        {
            **arrived[call["conversation_id"]],
            "product_id": names[arrived[call["conversation_id"]]["product_id"]],
        }
        for call in expected["calls"]
    ]
    counts, misses = scorer().score(expected, received)
    assert misses == []
    assert sum(counts.values()) > 2000
