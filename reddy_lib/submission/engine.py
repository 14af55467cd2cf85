"""The submission engine: DBOS, durable queues in a database beside the ledger.

Pages only *enqueue* (`enqueue`, no engine needed in their process); the engine runs in the app's lifespan. What
DBOS stores are ids, never a token or a transcript. A chunk that was cut off runs again after a restart; that this
sends nothing twice is the ledger's doing, not the engine's: the chunk finds its calls no longer `queued`.

At start, in this order: register as a worker, give up what dead workers left in `sending` (it becomes
`unknown`), launch DBOS, go on with every unfinished submission for which there is a token, and let the others
wait for one, saying so.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from pathlib import Path

import sqlalchemy as sa

from ..api import Client
from ..errors import APIError, LedgerError
from ..ledger.sending import (
    Submission,
    give_up_dead_workers,
    heartbeat,
    new_worker,
    retire_worker,
)
from ..ledger.store import Ledger
from .connection import Connection
from .sender import Slots, send_chunk

__all__ = ["Engine", "engine_url", "enqueue"]

QUEUE = "reddy-submissions"
WORKFLOW = "reddy_send_chunk"
APPLICATION_VERSION = (
    "1"  # of the workflow's arguments: a newer library goes on with what an older one queued
)
CHUNKS_AT_ONCE = 8  # in one process, over all submissions
CHUNKS_OF_ONE_SUBMISSION = 2  # two, so that one chunk's tail and the next one's start overlap
UPKEEP = 10.0  # seconds between signs of life, and between looks for dead workers

_log = logging.getLogger("reddy_lib.submission")
_client_lock = threading.Lock()
_clients: dict[str, object] = {}
_running: Engine | None = None

ConnectionFor = Callable[[Submission], Connection | None]


def engine_url(ledger: Ledger) -> str:
    """Where the engine keeps its own tables: a file beside a SQLite ledger, or the same PostgreSQL database."""
    url = ledger.url
    if url.get_backend_name() == "sqlite":
        path = Path(url.database or "ledger.sqlite")
        return f"sqlite:///{path.with_name(path.stem + '-engine.sqlite')}"
    return url.render_as_string(hide_password=False)


def enqueue(ledger: Ledger, submission: Submission) -> int:
    """Hand a submission's open chunks to whichever engine runs on this ledger; gives how many there are.

    The same generation enqueued twice is one piece of work: its ids are the same.

    Raises:
        LedgerUnavailable: the engine's database cannot be written.
    """
    from dbos import EnqueueOptions

    record = submission.record()
    chunks = submission.open_chunks()
    client = _dbos_client(engine_url(ledger))
    with ledger._translated():
        for chunk in chunks:
            options: EnqueueOptions = {
                "workflow_name": WORKFLOW,
                "queue_name": QUEUE,
                "workflow_id": f"{submission.id}-{record.generation}-{chunk}",
                "queue_partition_key": submission.id,
                "app_version": APPLICATION_VERSION,
            }
            client.enqueue(options, submission.id, chunk)  # type: ignore[attr-defined]
    return len(chunks)


class Engine:
    """Sends what is queued, in this process. One a process: `start` it, `stop` it.

    Args:
        ledger: the ledger to work on.
        connection_for: gives the connection of a submission, or None where its token is not known here.
        on_end: called when a submission is done or cancelled; may be called more than once.
    """

    def __init__(
        self,
        ledger: Ledger,
        connection_for: ConnectionFor,
        *,
        on_end: Callable[[Submission], None] | None = None,
    ) -> None:
        self.ledger = ledger
        self._connection_for = connection_for
        self._on_end = on_end
        self._stop = threading.Event()
        self._lock = threading.Lock()
        self._slots: dict[str, Slots] = {}
        self._worker = ""
        self._upkeep: threading.Thread | None = None

    def __repr__(self) -> str:
        return f"<Engine on {self.ledger.name} · {'running' if self._worker else 'stopped'}>"

    def start(self) -> None:
        """Recover what an earlier process left, then take work. Raises LedgerUnavailable."""
        global _running
        from dbos import DBOS

        _quiet_dbos()
        self._stop.clear()
        self._slots.clear()
        self._worker = new_worker(self.ledger)
        lost = give_up_dead_workers(self.ledger)
        if lost:
            _log.warning("calls in doubt after a stop", extra={"calls": lost})
        _running = self
        with self.ledger._translated():
            DBOS(
                config={
                    "name": "reddy-workbench",
                    "system_database_url": engine_url(self.ledger),
                    "application_version": APPLICATION_VERSION,
                    "log_level": "ERROR",
                }
            )
            _register_workflow()
            DBOS.launch()
            DBOS.register_queue(
                QUEUE,
                worker_concurrency=CHUNKS_AT_ONCE,
                partition_worker_concurrency=CHUNKS_OF_ONE_SUBMISSION,
                polling_interval_sec=0.25,
                on_conflict="always_update",
            )
        self._go_on()
        self._upkeep = threading.Thread(target=self._keep_up, name="reddy-upkeep", daemon=True)
        self._upkeep.start()

    def stop(self) -> None:
        """Claim no more, wait for what is in flight, record it. Unfinished submissions go on at the next start."""
        global _running
        from dbos import DBOS

        self._stop.set()
        DBOS.destroy(workflow_completion_timeout_sec=40)
        if self._upkeep is not None:
            self._upkeep.join(timeout=5)
        if self._worker:
            retire_worker(self.ledger, self._worker)
        self._worker = ""
        _running = None

    def run_chunk(self, submission_id: str, chunk: int) -> str:
        """One piece of work of the queue; gives the submission's state when it stopped."""
        submission = Submission(self.ledger, submission_id)
        record = submission.record()
        if record.state != "running":
            return str(record.state)
        client = self._client(submission)
        if client is None:
            return "waiting"
        with client:
            state = send_chunk(
                self.ledger,
                submission_id,
                chunk,
                client,
                self._worker,
                self._slots_of(submission_id, record.concurrency),
                stop=self._stop,
            )
        # Two chunks that end at the same moment may each have seen the other's last call under way.
        submission.finish_if_settled()
        return state

    def _client(self, submission: Submission) -> Client | None:
        connection = self._connection_for(submission)
        if connection is None:
            submission.wait_for_token(
                "The token for this submission was typed in and is not kept: give it again to go on."
            )
            return None
        try:
            return connection.client()
        except APIError as error:
            submission.pause(str(error))
            return None

    def _slots_of(self, submission_id: str, size: int) -> Slots:
        with self._lock:
            return self._slots.setdefault(submission_id, Slots(size))

    def _go_on(self) -> None:
        for submission in self.ledger.submissions(state="running"):
            if submission.record().token_source == "notebook":
                continue  # a notebook may be sending it this very moment, and goes on with it by itself
            connection = self._connection_for(submission)
            if connection is None:
                submission.wait_for_token(
                    "The workbench was restarted, and the token for this submission was typed in: give it again to go on."
                )
                continue
            submission.resume()
            enqueue(self.ledger, submission)
            submission.finish_if_settled()

    def _keep_up(self) -> None:
        while not self._stop.wait(UPKEEP):
            try:
                heartbeat(self.ledger, self._worker)
                give_up_dead_workers(self.ledger)
            except LedgerError as error:  # the chunks wait for the ledger too; try again at the next round
                _log.warning("upkeep put off", extra={"reason": str(error)})


def _send_chunk_workflow(submission_id: str, chunk: int) -> str:
    engine = _running
    if engine is None:
        raise RuntimeError("a chunk was started in a process whose engine has stopped")
    return engine.run_chunk(submission_id, chunk)


_registered = False


def _register_workflow() -> None:
    """Once a process: DBOS keeps its registry for the life of the process."""
    global _registered
    if not _registered:
        from dbos import DBOS

        DBOS.workflow(name=WORKFLOW)(_send_chunk_workflow)
        _registered = True


def _dbos_client(url: str) -> object:
    """One client a database: it is safe to share, and each holds connections."""
    from dbos import DBOS, DBOSClient

    with _client_lock:
        if url not in _clients:
            _quiet_dbos()
            try:
                DBOS.migrate(url)  # the client itself makes no tables, and may come before the first engine
                _clients[url] = DBOSClient(system_database_url=url)
            except sa.exc.SQLAlchemyError as error:
                from ..errors import LedgerUnavailable

                raise LedgerUnavailable(
                    "The submission engine's database cannot be opened. Check the folder of the ledger "
                    "(permissions, free space), then try again."
                ) from error
        return _clients[url]


def _quiet_dbos() -> None:
    """DBOS prints its own progress; what matters to people is in the ledger."""
    logging.getLogger("dbos").setLevel(logging.ERROR)
