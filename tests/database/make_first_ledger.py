"""Make `data/ledger-101.sql`, the dump of a small ledger of the first release: python -m tests.database.make_first_ledger

It was run once, with the first release's tables. `test_first_ledger.py` opens its result from then on. It is run again
only where those tables change before the release; afterwards, a change is a migration, and the dump stays as it is.
"""

from __future__ import annotations

import sqlite3
import tempfile
import warnings
from pathlib import Path

import reddy_lib as reddy
from reddy_lib.batches.profiles import keep_profile
from reddy_lib.batches.redaction_marks import mark_seconds, mark_words
from reddy_lib.batches.selections import keep_selection
from reddy_lib.database.migrations import latest_version
from reddy_lib.database.sandbox_urls import remember_sandbox
from reddy_lib.sandbox.faults import Fault

DUMP = Path(__file__).with_name("data") / "ledger-101.sql"

CALLS = """\
Conversation ID,Agent Email,Product,Start,CSAT,Transcript
conv-1,ann@cedarline.example,1,2026-03-02T10:00:00Z,4,"Agent: Good morning, Ann speaking.
Customer: I lost my card."
conv-2,ann@cedarline.example,1,2026-03-02T11:00:00Z,5,
conv-3,bo@cedarline.example,2,2026-03-02T12:00:00Z,,"Agent: Hello.
Customer: My number is 4242."
conv-4,bo@cedarline.example,2,soon,3,"Agent: Hello again.
Customer: Thank you."
"""
RECORDING = b"RIFF....WAVEfmt " * 10


def fill(ledger: reddy.Ledger, folder: Path) -> None:
    """Put in the ledger a batch with an edit, a decision, a recording, marks and a submission.

    The calls become: row 2 accepted, with an edited line; row 4 accepted, its recording uploaded (it has no transcript);
    row 5 unknown; row 7 held.
    """
    sheet, sound = folder / "calls.csv", folder / "call 2.wav"
    sheet.write_text(CALLS, encoding="utf-8")
    sound.write_bytes(RECORDING)
    with reddy.Sandbox() as sandbox, reddy.Client(sandbox.token, base_url=sandbox.url) as client:
        remember_sandbox(ledger, sandbox.url)
        batch = ledger.load(sheet, products=client.list_products(), who="ann", progress=False)
        rows = batch.rows()
        keep_profile(ledger, "Calls", batch.mapping, reddy.read_sheet(sheet).columns, who="ann")
        keep_selection(ledger, batch.id, rows[:2], who="ann")

        def corrected(call: reddy.Call) -> reddy.Call:
            lines = call.transcript or []
            lines[1].text = "I lost my credit card."
            return call

        batch.change(rows[0], corrected, who="bo")
        batch.attach(rows[1], sound, who="bo")
        lines = batch.call(rows[2]).transcript or []
        mark_words(batch, rows[2], [(2, 13, 17)], lines, who="bo")
        mark_seconds(batch, rows[1], 1.0, 2.0, recording="0" * 64, who="bo")
        sandbox.faults.add(Fault(kind="hang-up", after=2, times=1, processed=True, on="create"))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            reddy.submit(batch, client, concurrency=1, progress=False, who="ann")


def main() -> None:
    assert latest_version() == 101
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with reddy.Ledger(folder / "ledger.sqlite") as ledger:
            fill(ledger, folder)
        connection = sqlite3.connect(folder / "ledger.sqlite")
        dump = "\n".join(connection.iterdump()) + "\n"
        connection.close()
    DUMP.write_text(dump.replace(name, "/somewhere"), encoding="utf-8")
    print(f"{DUMP}: {DUMP.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
