"""A rerun of the review page: with many calls against few. Pages ask the ledger for one screen at a time.

uv run pytest -m benchmark -n 0 -s tests/benchmarks/test_review.py        (BENCH_CALLS=100000 by default)
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

import reddy_lib as reddy
from tests.conftest import PRODUCTS
from tests.pages.test_review import opened

CALLS = int(os.environ.get("BENCH_CALLS", "100000"))


@pytest.mark.benchmark
def test_a_rerun_costs_the_same_with_a_thousand_times_the_calls(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, sheet: Callable[..., Path]
) -> None:
    location = tmp_path / "ledger.sqlite"
    monkeypatch.setenv("REDDY_LEDGER", str(location))
    with reddy.Ledger(location) as ledger:
        small = ledger.load(sheet(100, name="small.csv"), products=PRODUCTS, progress=False)
        large = ledger.load(sheet(CALLS, name="large.csv"), products=PRODUCTS, progress=False)

    apps = {batch.id: opened(batch, row=3) for batch in (small, large)}
    best = dict.fromkeys(apps, 60.0)
    for _ in range(12):  # by turns, and the best of each: whatever else the machine does meets both
        for batch_id, app in apps.items():
            began = time.perf_counter()
            app.run()
            best[batch_id] = min(best[batch_id], time.perf_counter() - began)
    ratio = best[large.id] / best[small.id]
    print(
        f"\n{CALLS:,} calls against 100: {best[large.id] * 1000:.0f} ms and {best[small.id] * 1000:.0f} ms, "
        f"ratio {ratio:.2f}"
    )
    assert ratio < 3
