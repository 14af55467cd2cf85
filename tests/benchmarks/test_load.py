"""Loading against its rivals, measured in the same run: the bare sum of its parts (pandas.read_csv + msgspec decode +
SQLite insert of the same bytes), pandas alone, and the script that analysts use (pandas + a loop over the lines).

uv run pytest -m benchmark -n 0 -s tests/benchmarks/test_load.py          (BENCH_CALLS=100000 by default)
"""

from __future__ import annotations

import csv
import json
import os
import random
import sqlite3
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import msgspec
import pandas as pd
import pytest
import xlsxwriter

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
    if path.suffix == ".xlsx":
        frame = pd.read_excel(path, engine="calamine")
    else:
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


def public_script(path: Path) -> float:
    """What analysts run today, but for the sending: a frame, and a loop over its rows and their lines."""
    started = time.process_time()
    frame = pd.read_csv(path)
    payloads = []
    for _, row in frame.iterrows():
        lines = [
            {"role": line["role"], "text": line["text"], "start": line["start"], "stop": line["stop"]}
            for line in json.loads(row["transcript"])
            if line.get("role") in ("agent", "customer")
        ]
        start = pd.to_datetime(row["start"]).timestamp()
        payloads.append(
            json.dumps({"agent_email": row["agent_email"], "timestamp": start, "transcript": lines})
        )
    assert len(payloads) == len(frame)
    return time.process_time() - started


def loaded(sheet: Path, calls: int) -> tuple[float, float, float]:
    """(seconds, seconds of the processor, peak MB) of a load in a process of its own, with what it starts itself.
    pandas is imported before, as it is for the rivals."""
    script = textwrap.dedent(f"""
        import resource, time, pandas, reddy_lib as reddy
        ledger = reddy.Ledger({str(sheet.with_suffix(".sqlite"))!r})
        started, worked = time.perf_counter(), time.process_time()
        batch = ledger.load({str(sheet)!r}, progress=False,
                            products=[{{"id": 2, "name": "Loans", "status": "active"}}])
        beside = resource.getrusage(resource.RUSAGE_CHILDREN)
        worked -= beside.ru_utime + beside.ru_stime
        print(time.perf_counter() - started, time.process_time() - worked)
        assert batch.counts()["ready"] == {calls}
    """)
    peaks: dict[str, int] = {}
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True) as process:
        while process.poll() is None:
            see_peaks(str(process.pid), peaks)
            time.sleep(0.02)
        assert process.returncode == 0
        assert process.stdout is not None
        seconds, worked = (float(word) for word in process.stdout.read().split())
    return seconds, worked, sum(peaks.values()) / 1024


def see_peaks(process: str, peaks: dict[str, int]) -> None:
    """Put the peak of a process and of each of its children into `peaks`, in kB. Pages that they share count twice.
    Linux: `ru_maxrss` of a child begins with what its parent had in use when it started it."""
    try:
        status = Path(f"/proc/{process}/status").read_text()
        children = Path(f"/proc/{process}/task/{process}/children").read_text().split()
    except OSError:  # it has ended
        return
    if "VmHWM:" in status:
        peaks[process] = int(status.partition("VmHWM:")[2].split()[0])
    for child in children:
        see_peaks(child, peaks)


@pytest.mark.benchmark
def test_loading_costs_about_as_much_as_the_bare_sum_of_its_parts(tmp_path: Path) -> None:
    sheet = tmp_path / "calls.csv"
    write_sheet(sheet, CALLS)
    ours, worked, memory = loaded(sheet, CALLS)
    before = time.process_time()
    rival = bare(sheet, tmp_path / "bare.sqlite")
    rival_worked = time.process_time() - before
    script = public_script(sheet)
    print(
        f"\n{CALLS:,} calls, {sheet.stat().st_size / 1e6:.0f} MB: ours {ours:.1f} s, bare sum {rival:.1f} s, ratio "
        f"{ours / rival:.2f}; of the processor {worked:.1f} s and {rival_worked:.1f} s, ratio {worked / rival_worked:.2f}; "
        f"the script's loop {script:.1f} s, ratio {worked / script:.2f}; peak memory {memory:.0f} MB"
    )
    assert worked / rival_worked < 6
    assert memory < 500


@pytest.mark.benchmark
def test_a_workbook_costs_about_as_much_as_reading_it_with_pandas(tmp_path: Path) -> None:
    calls = int(os.environ.get("BENCH_XLSX", CALLS // 5))  # writing it takes longer than everything else
    text, sheet = tmp_path / "calls.csv", tmp_path / "calls.xlsx"
    write_sheet(text, calls)
    with xlsxwriter.Workbook(sheet, {"constant_memory": True}) as book, text.open(encoding="utf-8") as file:
        table = book.add_worksheet("Calls")
        for row, cells in enumerate(csv.reader(file)):
            table.write_row(row, 0, cells)
    ours, worked, memory = loaded(sheet, calls)
    before, began = time.process_time(), time.perf_counter()
    frame = pd.read_excel(sheet, engine="calamine")
    read, read_worked = time.perf_counter() - began, time.process_time() - before
    assert len(frame) == calls
    floor = bare(sheet, tmp_path / "bare.sqlite")
    print(
        f"\n{calls:,} calls as .xlsx: ours {ours:.1f} s, pandas.read_excel alone {read:.1f} s, ratio {ours / read:.2f}; of "
        f"the processor {worked:.1f} s and {read_worked:.1f} s, ratio {worked / read_worked:.2f}; reading, decoding and "
        f"storing with nothing else {floor:.1f} s, {floor / read:.2f} x read_excel, ours {ours / floor:.2f} x that; peak "
        f"memory {memory:.0f} MB"
    )
    assert ours / floor < 6
    assert memory < 500


@pytest.mark.benchmark
def test_time_grows_with_the_calls_and_memory_does_not(tmp_path: Path) -> None:
    few, many = CALLS // 10, CALLS
    sizes = {}
    for calls in (few, many):
        sheet = tmp_path / f"{calls}.csv"
        write_sheet(sheet, calls)
        sizes[calls] = loaded(sheet, calls)
    time_ratio, memory_ratio = sizes[many][1] / sizes[few][1], sizes[many][2] / sizes[few][2]
    print(
        f"\n{many:,} calls against {few:,}: {time_ratio:.1f} x the time of the processor, {memory_ratio:.2f} x the memory "
        f"({sizes[many][2]:.0f} MB)"
    )
    assert time_ratio < 15
    assert memory_ratio < 1.7


@pytest.mark.benchmark
def test_importing_costs_about_as_much_as_importing_pandas() -> None:
    best = {"reddy_lib": 60.0, "pandas": 60.0}
    for _ in range(7):  # by turns, and the best of each: whatever else the machine does meets both
        for name in best:
            script = f"import time; started = time.process_time(); import {name}; print(time.process_time() - started)"
            done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
            best[name] = min(best[name], float(done.stdout))
    ratio = best["reddy_lib"] / best["pandas"]
    print(
        f"\nimport reddy_lib {best['reddy_lib']:.2f} s, import pandas {best['pandas']:.2f} s, ratio {ratio:.2f}"
    )
    assert ratio < 2.5
