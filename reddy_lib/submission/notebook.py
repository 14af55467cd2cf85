"""`submit`: the same sending as in the app, in this process, for notebooks and scripts. `upload_recordings` goes on
with recordings whose upload was cut off."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING

from ..api import Client
from ..errors import LedgerRestored, SubmissionError
from ..ledger.batch import Batch
from ..ledger.paces import end_ramp
from ..ledger.questions import put_questions, sent_by_others
from ..ledger.recordings import claim_of_batch, left_in_batch, say_sent, store_uploaded
from ..ledger.resending import reason_of, resendable
from ..ledger.restored import check, restored
from ..ledger.sending import (
    SANDBOX,
    Submission,
    create,
    give_up_dead_workers,
    new_worker,
    retire_worker,
)
from ..ledger.store import Ledger
from .lease import Lease
from .sender import Slots, send_chunk
from .uploads import Put, Uploading, UploadSlots

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["A_WHILE", "submit", "upload_recordings"]


A_WHILE = 20.0
"""Seconds for which uploads are begun at a click, where somebody looks at the page."""


def submit(
    batch: Batch,
    client: Client,
    rows: Iterable[int] | None = None,
    *,
    concurrency: int = 8,
    ramp: bool | None = None,
    who: str = "",
    again: str | None = None,
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
        concurrency: the most requests in flight at once; fewer where Reddy answers slowly or asks to slow down.
        ramp: send one call, then five, then all, and pause where one of the first is refused. None = where no call
            of this mapping was ever accepted at this address, and more than those six are to be sent.
        who: who sends, for the record.
        again: why calls that were accepted before are sent once more (Reddy may grade them twice); needs `rows`, and
            is kept for good. The same reason sends a call again once, however often the cell is run.
        progress: show a progress bar.

    Returns: the submission; `.outcomes()` is a DataFrame, `.counts()` sums to the calls chosen.

    Raises:
        SubmissionError: none of the rows can be sent, and none ever was; or `again` says nothing, or names no rows.
        LedgerRestored: the ledger is older than what was sent from it: `reddy.check_restored` first.
        LedgerUnavailable: the ledger cannot be written.
    """
    if again is not None:
        reason_of(again, rows)
    with _said_to_a_notebook(batch.ledger):
        return _submit(
            batch,
            client,
            rows,
            concurrency=concurrency,
            ramp=ramp,
            who=who,
            again=again,
            progress=progress,
        )


def _submit(
    batch: Batch,
    client: Client,
    rows: Iterable[int] | None,
    *,
    concurrency: int,
    ramp: bool | None,
    who: str,
    again: str | None,
    progress: bool,
) -> Submission:
    ledger, address = batch.ledger, client.base_url
    rows = wanted = None if rows is None else sorted(set(rows))
    give_up_dead_workers(ledger)
    check(ledger)
    interrupted = _unfinished(batch, address, wanted)
    if interrupted is not None:
        if ramp is False:
            end_ramp(ledger, interrupted.id)
        _go_on(interrupted, client, concurrency, progress=progress)
        wanted = batch.rows(rows=wanted, status="ready")  # what came to be ready since
        if again is not None:
            wanted = sorted(
                {*wanted, *resendable(ledger, batch.id, rows or [], address=address, reason=again)}
            )
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
            again=again,
            ramp=ramp,
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


def upload_recordings(
    batch: Batch,
    client: Client,
    *,
    concurrency: int = 4,
    patience: float = float("inf"),
    progress: bool = True,
) -> pd.DataFrame:
    """Upload the recordings of accepted calls that still wait for it and whose address has not run out.

    `submit` uploads by itself; this is for what a cancelled or interrupted submission has left. No call is sent.
    Interrupting it cuts off what is under way, which waits again.

    Args:
        batch: the calls' batch.
        client: of the connection that the calls were sent to; its token takes no part.
        concurrency: the most uploads at once.
        patience: seconds after which none is begun any more, where they fail again and again; by default they are tried
            until their addresses run out.
        progress: show a progress bar.

    Returns: `batch.recordings()`, where each one that is not `uploaded` says why.

    Raises:
        SubmissionError: Reddy gave addresses on a host that is not allowed yet.
        LedgerUnavailable: the ledger cannot be written.
    """
    from tqdm.auto import tqdm

    ledger = batch.ledger
    give_up_dead_workers(ledger)
    addresses = {client.base_url, *([SANDBOX] if client.base_url.startswith("http://") else [])}
    worker = new_worker(ledger, kind="notebook")
    lease = Lease(ledger, worker)
    slots = UploadSlots(concurrency)
    came_back: SimpleQueue[Put] = SimpleQueue()
    uploading = Uploading(ledger, client, concurrency, came_back.put, chance=random.random)
    hosts: list[str] = []
    end = time.monotonic() + patience
    try:
        with tqdm(desc="Uploading", unit=" recordings", disable=not progress) as bar, uploading:
            while True:
                lease.keep()
                places = slots.take(now=time.time()) if time.monotonic() < end else 0
                claimed = (
                    claim_of_batch(
                        ledger, batch.id, worker, addresses=addresses, want=places, now=time.time()
                    )
                    if places
                    else []
                )
                slots.give(places - len(claimed))
                uploading.start(claimed)
                if not uploading.under_way:
                    when, hosts = left_in_batch(ledger, batch.id, addresses=addresses)
                    if when is None or time.monotonic() >= end:
                        break
                    time.sleep(min(max(when - time.time(), 0.1), 1.0))
                    continue
                with suppress(Empty):
                    put = came_back.get(timeout=1.0)
                    slots.seen(put, now=time.time())
                    slots.give(1)
                    store_uploaded(ledger, [uploading.ended(put)], worker)
                    bar.update(put.uploaded.outcome == "uploaded")
                sent = uploading.sent()
                if sent:
                    say_sent(ledger, worker, sent)
    finally:
        retire_worker(ledger, worker)  # what was cut off waits again
    if hosts:
        raise SubmissionError(
            f"Reddy gave addresses at {', '.join(hosts)} for recordings, and not where they went until now: nothing was "
            "sent there. If that is right: reddy_lib.ledger.recordings.allow_host(ledger, address, host), then again."
        )
    return batch.recordings()


@contextmanager
def _said_to_a_notebook(ledger: Ledger) -> Iterator[None]:
    """What to do about a restored ledger, in the words of a notebook; also where that is noticed while calls are sent."""
    with suppress(LedgerRestored):  # said below
        yield
    if (standing := restored(ledger)) is not None:
        raise LedgerRestored(
            f"{standing.words} Nothing was sent since that was noticed. Ask Reddy which calls it has: "
            "reddy.check_restored(ledger, client). Then run this cell again. Or, if you are sure that nothing was sent "
            'since the backup: reddy.trust_restored(ledger, who="your name").'
        )


def _go_on(submission: Submission, client: Client, concurrency: int, *, progress: bool) -> None:
    with submission.ledger._write() as connection:
        if not sent_by_others(connection, submission.id):
            put_questions(connection, submission.id)
    try:
        submission.resume()
    except LedgerRestored:
        raise
    except SubmissionError:
        pass  # another notebook has just finished it
    _send(submission, client, Slots(concurrency, resumed=True), progress=progress)


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
    # In a thread of its own, so that Ctrl-C interrupts the waiting for it and nothing else.
    with bar, ThreadPoolExecutor(max_workers=1, thread_name_prefix="submit") as pool:
        work = pool.submit(
            send_chunk,
            ledger,
            submission.id,
            None,
            client,
            worker,
            slots,
            stop=stop,
            on_results=bar.update,
            lease=lease,
        )
        try:
            work.result()
        except BaseException:
            stop.set()  # leaving the pool waits for what is in flight, and records it
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
