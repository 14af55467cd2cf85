"""Runs cases one after the other and tells of each what became of it, one JSON object a line.

python -m tests.soak.child SEED COUNT          made-up files
python -m tests.soak.child bomb NAME …         hostile files of `bombs`

A case may take ten seconds of the processor: then the process is ended, with its trace on the standard error.
"""

from __future__ import annotations

import contextlib
import faulthandler
import json
import resource
import shutil
import signal
import sys
import tempfile
import time
import traceback
from pathlib import Path
from typing import Any

import reddy_lib as reddy
from reddy_lib.batches.preview import cells_beside, finding_summary, preview, worth_showing
from reddy_lib.errors import ReddyError
from reddy_lib.model import from_payload, payload_json
from reddy_lib.spreadsheet import Mapping, build_frame, detect_format, guess_mapping, read_sheet, sheet_names
from reddy_lib.spreadsheet.evidence.day_order import day_order
from reddy_lib.spreadsheet.mapping.survey import column_facts, estimated_rows, naive_times, speakers, survey

PRODUCTS: list[dict[str, Any]] = [{"id": 1, "name": "Cards hotline"}, {"id": 2, "name": "Loans"}]
SECONDS = 10
_MOST_MEMORY = 6 << 30  # for the machine's sake; what a case may take is for the parent to say


def as_the_page_does(path: Path) -> str:
    """From a dropped file to its preview, with everything that the page asks on the way."""
    format = detect_format(path)
    sheet_names(path)
    frame = read_sheet(
        path, sheet=format.sheet, header_row=format.header_row, encoding=format.encoding, delimiter=format.delimiter,
        nrows=1000,
    )  # fmt: skip
    survey(path, format, most_bytes=12_000_000)
    estimated_rows(frame, path.stat().st_size, format)
    mapping = guess_mapping(frame, products=PRODUCTS)
    assert Mapping.from_dict(json.loads(json.dumps(mapping.to_dict()))) == mapping
    for field, column in mapping.fields.items():
        cells = frame[column].tolist()
        column_facts(cells)
        if field == "timestamp":
            naive_times(cells)
            day_order(cells)
    bare = mapping.replace(roles={}, tags=[])
    if bare.layout == "lines" or "transcript" in bare.fields:
        head = frame.head(300)
        found = speakers(build_frame(head, bare), bare)
        assert all(one.known <= one.calls <= one.lines for one in found.values())
    rows = preview(frame.head(200), mapping, products=PRODUCTS, now=1.8e9)
    finding_summary(rows)
    for one in worth_showing(rows):
        cells_beside(one, mapping)
    for one in rows:
        assert from_payload(payload_json(one.call)) is not None
        json.dumps(one.cells)
    return f"{len(rows)} calls"


def stored(path: Path, folder: Path) -> None:
    """The whole file into a ledger, and out again."""
    with reddy.Ledger(folder / "ledger.sqlite") as ledger:
        batch = ledger.load(path, products=PRODUCTS, progress=False)
        assert sum(batch.counts().values()) == batch.total
        for _, payload in batch.payloads():
            json.dumps(payload)


def run(name: str, what: str, make: Any, *, store: bool) -> None:
    """One case: `begin` before it, `end` after it, whatever it does."""
    print(json.dumps({"begin": name, "what": what}), flush=True)
    folder = Path(tempfile.mkdtemp(prefix="reddy-fuzz-")) / name
    folder.mkdir()
    path = make(folder)
    forget_peak()
    signal.setitimer(signal.ITIMER_PROF, SECONDS)
    faulthandler.dump_traceback_later(20 * SECONDS, exit=True)  # one that waits takes no processor
    started, failure, said = time.process_time(), "", ""
    try:
        said = as_the_page_does(path)
        if store and said != "200 calls":  # to store more takes longer than a case may
            stored(path, folder)
    except ReddyError as error:
        said = str(error)
        if not said.endswith((".", "…")) or len(said) < 20:
            failure = f"no sentence: {said!r}"
    except BaseException:  # noqa: BLE001 - a fault in compiled code is no Exception, and what this looks for
        failure = traceback.format_exc()
    took = time.process_time() - started
    signal.setitimer(signal.ITIMER_PROF, 0)
    faulthandler.cancel_dump_traceback_later()
    end = {
        "end": name,
        "seconds": round(took, 2),
        "megabytes": peak(),
        "said": said[:300],
        "failure": failure,
    }
    print(json.dumps(end | ({"file": str(path)} if failure else {})), flush=True)
    if not failure:
        shutil.rmtree(folder.parent, ignore_errors=True)


def forget_peak() -> None:
    """The most memory that was in use counts from here (Linux; elsewhere it counts from the start)."""
    with contextlib.suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")


def peak() -> int:
    """The most memory in use, in MB."""
    with contextlib.suppress(OSError):
        for line in Path("/proc/self/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) >> 10
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10


def main() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (_MOST_MEMORY, _MOST_MEMORY))
    faulthandler.enable()
    signal.signal(signal.SIGPROF, signal.SIG_DFL)
    faulthandler.register(signal.SIGPROF, chain=True)  # the trace, then the end
    if sys.argv[1] == "bomb":
        from tests.soak.bombs import BOMBS

        for name in sys.argv[2:]:
            run("bomb", name, BOMBS[name], store=True)
        return
    from hypothesis import HealthCheck, Phase, given, seed, settings

    from tests.soak.cases import Case, cases

    number = -1

    @seed(int(sys.argv[1]))
    @settings(
        max_examples=int(sys.argv[2]), phases=[Phase.generate], database=None, deadline=None, derandomize=False,
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(cases)
    def each(case: Case) -> None:
        nonlocal number
        number += 1
        run(f"{sys.argv[1]}-{number}", case[0], case[1], store=number % 10 == 0)

    each()


if __name__ == "__main__":
    main()
