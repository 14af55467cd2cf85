"""Loading against the bare sum of its parts: pandas.read_csv + msgspec decode + SQLite insert of the same bytes.

uv run pytest -m benchmark -n 0 -s tests/benchmarks/test_load.py          (BENCH_CALLS=100000 by default)
"""

from __future__ import annotations

import csv
import os
import random
import resource
import sqlite3
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import msgspec
import pandas as pd
import pytest

import reddy_lib as reddy

CALLS = int(os.environ.get("BENCH_CALLS", "100000"))
WORDS = [
    "hello",
    "my",
    "card",
    "order",
    "is",
    "late",
    "could",
    "you",
    "please",
    "check",
    "the",
    "number",
    "again",
    "thank",
    "you",
    "for",
    "calling",
    "today",
]


def write_sheet(path: Path, calls: int) -> None:
    """Calls of 20 JSON lines each, about 2.5 kB a call, every transcript different."""
    rng = random.Random(7)
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["conversation_id", "agent_email", "product", "start", "queue", "csat", "transcript"])
        for number in range(calls):
            lines = [
                {
                    "role": ("agent", "customer")[line % 2],
                    "text": " ".join(rng.choices(WORDS, k=14)),
                    "start": line * 6 + 0.5,
                    "stop": line * 6 + 5.25,
                }
                for line in range(20)
            ]
            writer.writerow(
                [f"conv-{number}", f"agent{number % 40}@cedarline.example", "Loans", "2026-03-02T10:00:00Z",
                 "billing", number % 5, msgspec.json.encode(lines).decode()]
            )  # fmt: skip


def bare(path: Path, database: Path) -> float:
    """The least that any loader has to do, one step after the other."""
    started = time.perf_counter()
    frame = pd.read_csv(path, dtype=str, keep_default_na=False)
    decoder = msgspec.json.Decoder(list[reddy.TranscriptLine])
    payloads = [
        msgspec.json.encode({"agent_email": agent, "transcript": decoder.decode(cell)}).decode()
        for agent, cell in zip(frame["agent_email"], frame["transcript"], strict=True)
    ]
    with sqlite3.connect(database) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("CREATE TABLE calls (id INTEGER PRIMARY KEY, payload TEXT, cells TEXT)")
        connection.executemany(
            "INSERT INTO calls (payload, cells) VALUES (?, ?)",
            ((payload, cell) for payload, cell in zip(payloads, frame["transcript"], strict=True)),
        )
    return time.perf_counter() - started


@pytest.mark.benchmark
def test_loading_costs_about_as_much_as_the_bare_sum_of_its_parts(tmp_path: Path) -> None:
    sheet = tmp_path / "calls.csv"
    write_sheet(sheet, CALLS)
    script = textwrap.dedent(f"""
        import resource, time, reddy_lib as reddy
        ledger = reddy.Ledger({str(tmp_path / "ledger.sqlite")!r})
        started = time.perf_counter()
        batch = ledger.load({str(sheet)!r}, progress=False,
                            products=[{{"id": 2, "name": "Loans", "status": "active"}}])
        print(time.perf_counter() - started, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
        assert batch.counts()["ready"] == {CALLS}
    """)
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    ours, memory = (float(word) for word in done.stdout.split())
    rival = bare(sheet, tmp_path / "bare.sqlite")
    size = sheet.stat().st_size / 1e6
    print(
        f"\n{CALLS:,} calls, {size:.0f} MB: ours {ours:.1f} s, bare sum {rival:.1f} s, ratio {ours / rival:.2f}; "
        f"peak memory ours {memory:.0f} MB, bare {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB"
    )
    assert ours / rival < 6
    assert memory < 600
