"""`submit`: the same sending as in the app, in this process, for notebooks and scripts."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

from ..api import Client
from ..errors import SubmissionError
from ..ledger.batch import Batch
from ..ledger.sending import (
    Submission,
    create,
    give_up_dead_workers,
    new_worker,
    retire_worker,
)
from .lease import Lease
from .sender import Slots, send_chunk

__all__ = ["submit"]


def submit(
    batch: Batch,
    client: Client,
    rows: Iterable[int] | None = None,
    *,
    concurrency: int = 8,
    who: str = "",
    progress: bool = True,
) -> Submission:
    """Send calls of a batch, each once, and wait until every one has an outcome.

    Run it again and it goes on where it was: calls that were accepted are not sent again, a submission that was
    interrupted is finished first (but where `rows` are named, no other row is sent). Interrupting it (the stop
    button, Ctrl-C) waits for what is in flight.

    Args:
        batch: from `Ledger.load` or `Ledger.batch`.
        client: where to send; its token stays in memory.
        rows: row numbers; None = every ready call. Rejected and failed calls are sent again only if named here.
        concurrency: requests in flight at once.
        who: who sends, for the record.
        progress: show a progress bar.

    Returns: the submission; `.outcomes()` is a DataFrame, `.counts()` sums to the calls chosen.

    Raises:
        SubmissionError: none of the rows can be sent, and none ever was.
        LedgerUnavailable: the ledger cannot be written.
    """
    ledger, address = batch.ledger, client.base_url
    wanted = None if rows is None else sorted(set(rows))
    give_up_dead_workers(ledger)
    interrupted = _unfinished(batch, address, wanted)
    if interrupted is not None:
        _go_on(interrupted, client, concurrency, progress=progress)
        wanted = batch.rows(rows=wanted, status="ready")  # what came to be ready since
        if not wanted or interrupted.state != "done":
            return interrupted
    try:
        submission = create(
            ledger,
            batch.id,
            address=address,
            token_source="notebook",
            rows=wanted,
            concurrency=concurrency,
            who=who,
        )
    except SubmissionError:
        joined = _unfinished(batch, address, wanted)
        if joined is not None:  # another notebook was a moment faster: help it
            _go_on(joined, client, concurrency, progress=progress)
            return joined
        earlier = [found for found in ledger.submissions(batch.id) if found.record().address == address]
        settled = batch.count(rows=wanted, status=["accepted", "skipped"])
        if not earlier or (wanted is not None and (not wanted or settled < len(wanted))):
            raise
        return earlier[0]  # everything was sent already: a cell that is run again shows the same
    _send(submission, client, Slots(concurrency), progress=progress)
    return submission


def _go_on(submission: Submission, client: Client, concurrency: int, *, progress: bool) -> None:
    with suppress(SubmissionError):  # another notebook has just finished it
        submission.resume()
    _send(submission, client, Slots(concurrency), progress=progress)


def _send(submission: Submission, client: Client, slots: Slots, *, progress: bool) -> None:
    from tqdm.auto import tqdm

    ledger = submission.ledger
    worker = new_worker(ledger, kind="notebook")
    lease = Lease(ledger, worker)
    stop = threading.Event()
    counts = submission.counts()
    bar = tqdm(
        total=sum(counts.values()),
        initial=sum(counts.values()) - counts["queued"],
        desc="Submitting",
        unit=" calls",
        disable=not progress,
    )
    # Two chunks at a time, so that the end of one and the start of the next overlap; the slots are shared.
    with bar, ThreadPoolExecutor(max_workers=2, thread_name_prefix="chunk") as pool:
        work = [
            pool.submit(
                send_chunk,
                ledger,
                submission.id,
                chunk,
                client,
                worker,
                slots,
                stop=stop,
                on_results=bar.update,
                lease=lease,
            )
            for chunk in submission.open_chunks()
        ]
        try:
            for piece in work:
                piece.result()
        except BaseException:
            stop.set()  # leaving the pool waits for what is in flight, and the chunks record it
            for piece in work:
                piece.cancel()
            raise
    retire_worker(ledger, worker)
    submission.finish_if_settled()


def _unfinished(batch: Batch, address: str, wanted: list[int] | None) -> Submission | None:
    """A notebook's submission to this address that still has something to do, and nothing but what is wanted."""
    for found in batch.ledger.submissions(batch.id):
        record = found.record()
        if (
            record.address == address
            and record.token_source == "notebook"
            and record.state in ("running", "paused")
        ):
            queued = batch.rows(submission=found.id, status="queued")
            if wanted is None or set(queued) <= set(wanted):
                return found
    return None
