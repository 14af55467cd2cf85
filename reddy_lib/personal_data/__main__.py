"""Measure the finder on a batch or a spreadsheet: python -m reddy_lib.personal_data march_export

It plants made-up personal data in copies of the calls, in memory, and prints how much of it is found, by kind, and what is
missed. A spreadsheet is read into a temporary ledger, which is deleted.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from reddy_lib.errors import ReddyError
from reddy_lib.ledger import Ledger
from reddy_lib.personal_data.self_test import FinderTest

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; return its exit code: 0, or 2 where there is nothing to test with."""
    parser = argparse.ArgumentParser(
        prog="python -m reddy_lib.personal_data", description=(__doc__ or "").split("\n\n")[1]
    )
    parser.add_argument("calls", help="a batch (name or id), or a spreadsheet")
    parser.add_argument("--ledger", help="path or URL of the ledger (default: the workbench's own)")
    parser.add_argument("--items", type=int, default=500, help="how many to plant (default: 500)")
    parser.add_argument("--seed", type=int, default=7, help="the same seed plants the same (default: 7)")
    parser.add_argument("--missed", type=int, default=20, help="how many missed items to list (default: 20)")
    chosen = parser.parse_args(arguments)
    try:
        found = _test(chosen.calls, chosen.ledger, chosen.items, chosen.seed)
    except (ReddyError, ValueError) as error:
        sys.stderr.write(f"{error}\n")
        return 2
    sys.stdout.write(_told(found, chosen.missed))
    return 0


def _test(calls: str, ledger: str | None, items: int, seed: int) -> FinderTest:
    if Path(calls).is_file():
        with (
            tempfile.TemporaryDirectory(prefix="finder-test-") as folder,
            Ledger(Path(folder) / "ledger.sqlite") as own,
        ):
            return own.load(calls, progress=False).test_finder(items=items, seed=seed)
    with Ledger(ledger) as opened:
        return opened.batch(calls).test_finder(items=items, seed=seed)


def _told(found: FinderTest, most: int) -> str:
    lines = [f"{'kind':<28}{'planted':>9}{'found':>9}"]
    lines += [
        f"{one.kind:<28}{one.planted:>9,}{100 * one.share:>7.1f}%" for one in found.table().itertuples()
    ]
    lines.append(f"{'all':<28}{sum(found.planted.values()):>9,}{100 * found.share:>7.1f}%")
    if found.missed:
        lines += ["", f"Missed {len(found.missed):,}:", *(f"  {one}" for one in found.missed[:most])]
        lines += [f"  and {len(found.missed) - most:,} more"] if len(found.missed) > most else []
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.exit(main())
