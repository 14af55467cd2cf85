"""The submission engine: DBOS, with durable queues in a database beside the ledger.

Pages only *enqueue* (`enqueue`, which needs no engine in their process). Engines run in the app's lifespan and in
workers (`python -m reddy_lib.worker`), on as many machines as reach the ledger. DBOS stores ids, never a token or a
transcript. A chunk may run twice, and on two machines at once: the ledger makes sure that no call is sent twice, because
the second run finds no call `queued` any more.

**Who takes what.** There is one queue a lane (`workers.lane`: the token that is needed, without showing it). An engine
listens to the queues of the lanes that it has tokens for when it starts, and to one queue of its own, in which it
puts the work of tokens that are typed in or come later. It never gets work that it has no token for, so it can neither
spin on it nor pause it. Each chunk of a small submission gets several tasks, so that every worker takes some.

**Who takes over.** Every few seconds each engine sends a heartbeat, expires dead workers (what they had in flight
becomes `unknown`), takes over the tasks that DBOS still counts as theirs, and looks for submissions that run with nobody
at work on them. DBOS by itself gives a task back only to the process that had it (its executor id), and that one does
not come back: executor ids are names of workers, and each start makes a new one.

At the start an engine registers as a worker, expires the dead, looks whether the ledger is older than what was sent from
it (`restored`, `spot_checks`), launches DBOS, and continues with what it has tokens for. Only an app, never a worker,
says of a submission that it waits for its token; and only if no living worker has it.
"""

from __future__ import annotations

import contextlib
import logging
import math
import threading
import time
from collections.abc import Callable, Collection, Iterable
from typing import Literal

import sqlalchemy as sa

from reddy_lib.api import Client
from reddy_lib.database.database import Database
from reddy_lib.database.sandbox_urls import SANDBOX
from reddy_lib.database.schema import workers
from reddy_lib.errors import APIError, LedgerError
from reddy_lib.sending.connection import Connection
from reddy_lib.sending.dispatcher import send_chunk
from reddy_lib.sending.engine_database import (
    EngineDatabaseBroken,
    engine_url,
    errors_named,
    make_database,
    move_aside,
)
from reddy_lib.sending.engine_tasks import (
    APPLICATION_VERSION,
    Task,
    add_copies,
    enqueue_tasks,
    forget_client,
    lane_queue,
    lane_queues,
    own_queue,
    register_queue,
    register_workflow,
    silence_dbos,
    take_back_tasks,
    tasks_under_way,
)
from reddy_lib.sending.lease import BEAT, Lease
from reddy_lib.sending.restored import check
from reddy_lib.sending.slots import Slots
from reddy_lib.sending.spot_checks import put_questions, sending_was_begun, work_waits
from reddy_lib.sending.states import SubmissionRecord
from reddy_lib.sending.submission import Submission, list_submissions
from reddy_lib.sending.workers import (
    HEARTBEAT_TIMEOUT,
    expire_dead_workers,
    lane,
    new_worker,
    retire_worker,
    serving,
)

__all__ = ["Engine", "engine_url", "enqueue"]

TASKS = 16  # that a submission gets at least on PostgreSQL: eight workers share it
LONGEST_LOOK = 12.0  # seconds at the start to wait for a heartbeat of others that seem to be at work
UNSERVED = 30.0  # seconds that a submission may wait for a worker with its token before the app says so

_log = logging.getLogger("reddy_lib.sending")
_running: Engine | None = None

ConnectionFor = Callable[[Submission], Connection | None]


def enqueue(database: Database, submission: Submission) -> int:
    """Enqueue a submission's open chunks for the engines that have its token; return how many there are.

    Enqueueing the same generation twice makes no further tasks: their ids are the same.

    Raises:
        LedgerUnavailable: the engine's database cannot be written.
        NotAllowed: the person whose ledger this is may not send.
    """
    database.require("send")
    record = submission.record()
    chunks = submission.open_chunks()
    mine = _running if _running is not None and _running.database.url == database.url else None
    queue = lane_queue(record) if mine is None else mine.serve(submission)
    copies = 1
    if chunks and not database.is_sqlite:
        copies = math.ceil(TASKS / len(chunks))
    tasks = [Task(record.id, record.generation, chunk, copy) for copy in range(copies) for chunk in chunks]
    enqueue_tasks(database, tasks, queue)
    return len(chunks)


class Engine:
    """Sends what is queued, in this process. There is one a process: `start` it, `stop` it.

    Args:
        database: the ledger to work on.
        connection_for: returns the connection of a submission, or None where its token is not known here.
        on_end: called when a submission is done or cancelled; may be called more than once.
        kind: what this process is: an app also tells people that a submission waits for its token.
        lanes: returns the lanes that there are tokens for here, also before anything is queued for them.
        heartbeat_timeout: seconds without a heartbeat after which others take over.
    """

    def __init__(
        self,
        database: Database,
        connection_for: ConnectionFor,
        *,
        on_end: Callable[[Submission], None] | None = None,
        kind: Literal["app", "worker"] = "app",
        lanes: Callable[[], Iterable[str]] = lambda: (SANDBOX,),
        heartbeat_timeout: float = HEARTBEAT_TIMEOUT,
    ) -> None:
        self.database = database
        self.worker = ""
        self.kind = kind
        self._connection_for = connection_for
        self._on_end = on_end
        self._lanes_known = lanes
        self._heartbeat_timeout = heartbeat_timeout
        self._stop = threading.Event()
        self._lock = threading.Lock()
        self._slots: dict[str, Slots] = {}
        self._lease: Lease | None = None
        self._queues: list[str] = []  # that it listens to; fixed at the start
        self._sends: set[str] = set()  # lanes, as told in heartbeats
        self._unserved: dict[str, float] = {}
        self._cut_off: set[tuple[str, int]] = set()
        self._upkeep: threading.Thread | None = None
        self.database_broken = False
        """The engine's own database turned out to be damaged: stop this engine and start it again."""

    def __repr__(self) -> str:
        return f"<Engine on {self.database.name} · {'running' if self.worker else 'stopped'}>"

    # --- starting and stopping ---

    def start(self) -> None:
        """Recover what an earlier process left, then take work; a damaged engine database is rebuilt.

        Raises:
            LedgerUnavailable: the ledger or the engine's database cannot be used; `start` may be called again.
        """
        try:
            try:
                self._start()
            except EngineDatabaseBroken:
                self._abandon()
                if move_aside(engine_url(self.database)) is None:
                    raise
                self._start()
        except BaseException:
            self._abandon()
            raise

    def _abandon(self) -> None:
        """Undo a start that failed half-way, so that it can be tried again."""
        global _running
        from dbos import DBOS

        self._stop.set()
        DBOS.destroy()
        forget_client(self.database)
        if self.worker:
            with contextlib.suppress(LedgerError):
                retire_worker(self.database, self.worker)
        self.worker, self._lease, _running = "", None, None

    def _start(self) -> None:
        global _running
        silence_dbos()
        make_database(engine_url(self.database))
        self.database_broken = False
        self._stop.clear()
        self._slots.clear()
        self._cut_off.clear()
        self._unserved.clear()
        self._sends = {*self._lanes_known(), *self._lanes_wanted()}
        self.worker = new_worker(
            self.database, kind=self.kind, timeout=self._heartbeat_timeout, sends=self._sends
        )
        self._lease = Lease(self.database, self.worker, timeout=self._heartbeat_timeout)
        expire_dead_workers(self.database)
        self._ask_first()
        _running = self
        self._queues = [own_queue(self.worker), *lane_queues(self._sends)]
        with errors_named(engine_url(self.database)):
            self._launch()
            self._take_over()
            self._look_for_work(at_start=True)
        self._upkeep = threading.Thread(target=self._keep_up, name="reddy-upkeep", daemon=True)
        self._upkeep.start()

    def _launch(self) -> None:
        from dbos import DBOS

        DBOS(
            config={
                "name": "reddy-workbench",
                "system_database_url": engine_url(self.database),
                "application_version": APPLICATION_VERSION,
                "executor_id": self.worker,
                "log_level": "ERROR",
                # Nothing is notified here: the listener only has to see soon that it is to end.
                "notification_listener_polling_interval_sec": 0.1,
            }
        )
        register_workflow(_run_task)
        DBOS.listen_queues(self._queues)
        DBOS.launch()
        for name in self._queues:
            register_queue(name)

    def _lanes_wanted(self) -> set[str]:
        """Return the lanes of open submissions whose tokens are known here."""
        return {
            lane(submission.record())
            for state in ("running", "waiting")
            for submission in list_submissions(self.database, state=state)
            if submission.record().token_source not in ("typed", "notebook")
            and self._connection_for(submission) is not None
        }

    def _ask_first(self) -> None:
        """Put questions to the open chunks where the ledger may have been put back from a backup.

        A ledger that others are at work on was looked at when they began. But they must send a heartbeat now: in a
        backup they look alive too.
        """
        if check(self.database) is not None or not work_waits(self.database):
            return
        heartbeats, longest = self._heartbeats_of_others()
        end = time.monotonic() + min(2.5 * BEAT * longest, LONGEST_LOOK)
        while heartbeats and time.monotonic() < end:
            now, _ = self._heartbeats_of_others()
            if any(now.get(name, at) > at for name, at in heartbeats.items()):
                return
            self._stop.wait(0.25)
        with self.database.write() as connection:
            if sending_was_begun(connection, but_by=self.worker):
                put_questions(connection)

    def _heartbeats_of_others(self) -> tuple[dict[str, float], float]:
        """Return the last heartbeat of each other living app and worker, and the longest of their timeouts."""
        with self.database.read() as connection:
            names = set(serving(connection)) - {self.worker}
            found = connection.execute(
                sa.select(workers.c.name, workers.c.heartbeat, workers.c.lasts).where(
                    workers.c.name.in_(names)
                )
            ).all()
        timeouts = (one.lasts or 60.0 for one in found)
        return {one.name: one.heartbeat for one in found}, max(timeouts, default=0.0)

    def stop(self) -> bool:
        """Claim no more, wait for what is in flight, record it. Others continue, or the next start does.

        Returns: False where something could not be recorded: it becomes `unknown`.
        """
        global _running
        from dbos import DBOS

        self._stop.set()
        DBOS.destroy(workflow_completion_timeout_sec=60)
        if self._upkeep is not None:
            self._upkeep.join(timeout=5)
        recorded = True
        try:
            if self._lease is not None:
                self._lease.settle()
            if self.worker:
                lost = retire_worker(self.database, self.worker)
                recorded = not lost
            with errors_named(engine_url(self.database)):
                self._hand_over()
        except LedgerError as error:
            _log.warning("the ledger is unavailable at shutdown", extra={"reason": str(error)})
            recorded = False
        forget_client(self.database)
        self.worker = ""
        self._lease = None
        _running = None
        return recorded

    # --- work ---

    def serve(self, submission: Submission) -> str:
        """Return the queue for this submission's tasks; tell others at once if there is a token for it here."""
        record = submission.record()
        served = self._serves(submission, record)
        if served:
            with self.database.translate_errors():
                self._renew()
        return self._queue_for(record) if served or record.token_source == "typed" else lane_queue(record)

    def run_chunk(self, submission_id: str, chunk: int) -> str:
        """Run one task; return the submission's state when it stopped."""
        submission = Submission(self.database, submission_id)
        record = submission.record()
        if record.state != "running":
            return record.state
        client = self._client(submission, record)
        if client is None:
            return "no token here"
        with client:
            state = send_chunk(
                self.database,
                submission_id,
                chunk,
                client,
                self.worker,
                self._slots_of(submission_id, record.concurrency, resumed=record.generation > 1),
                stop=self._stop,
                lease=self._lease,
                patience=math.inf,  # as long as this process lives, it keeps what it knows
            )
        if state == "stopped":
            with self._lock:
                self._cut_off.add((submission_id, chunk))
        # Two chunks that end at the same moment may each have seen the other's last call under way.
        submission.finish_if_settled()
        if self._on_end is not None and submission.state in ("done", "cancelled"):
            self._on_end(submission)
        return state

    def _client(self, submission: Submission, record: SubmissionRecord) -> Client | None:
        connection = self._connection_for(submission)
        if connection is None and record.token_source != "typed":
            # The token was there when this engine started (a secrets file that changed): others may have it.
            with self._lock:
                self._sends.discard(lane(record))
            return None
        if connection is None:
            submission.wait_for_token(
                "The token for this submission was typed in and is not stored: enter it again to continue."
            )
            return None
        try:
            return connection.client()
        except APIError as error:
            submission.pause(str(error))
            return None

    def _slots_of(self, submission_id: str, size: int, *, resumed: bool) -> Slots:
        with self._lock:
            return self._slots.setdefault(submission_id, Slots(size, resumed=resumed))

    def _serves(self, submission: Submission, record: SubmissionRecord) -> bool:
        """Return whether there is a token for this submission here, and remember its lane for heartbeats."""
        if self._connection_for(submission) is None:
            return False
        with self._lock:
            self._sends.add(lane(record))
        return True

    def _queue_for(self, record: SubmissionRecord) -> str:
        """Return the queue for tasks that this engine can run.

        DBOS fixes what it listens to at the launch. So the tasks of a token that came later (it was typed in, or another
        secrets file was put in place) go to this engine's own queue.
        """
        shared = lane_queue(record)
        return shared if shared in self._queues else own_queue(self.worker)

    # --- every few seconds ---

    def _keep_up(self) -> None:
        assert self._lease is not None
        while not self._stop.wait(self._lease.beat):
            # One after the other, each by itself: a step that fails must not keep the next heartbeat from being sent.
            for step in (
                self._renew,
                self._expire_dead_workers,
                self._lease.settle,
                self._take_over,
                self._look_for_work,
            ):
                if self._stop.is_set():
                    return
                try:
                    with errors_named(engine_url(self.database)):
                        step()
                except EngineDatabaseBroken as error:
                    _log.error("the engine's database is damaged", extra={"reason": str(error)})
                    self.database_broken = True
                except (
                    LedgerError
                ) as error:  # the chunks wait for the ledger too; try again at the next round
                    _log.warning("upkeep postponed", extra={"reason": str(error)})
                    break
                except Exception:  # noqa: BLE001 - a bug of ours in one step must not end the heartbeats
                    _log.exception("upkeep failed")

    def _renew(self) -> None:
        if self._lease is not None:
            with self._lock:
                self._sends |= set(self._lanes_known())
                sends = set(self._sends)
            self._lease.renew(sends=sends)

    def _expire_dead_workers(self) -> None:
        expire_dead_workers(self.database)

    def _take_over(self) -> None:
        """Enqueue copies of tasks that DBOS counts as a dead worker's, in the queues that this engine listens to."""
        with self.database.read() as connection:
            alive = set(
                connection.execute(sa.select(workers.c.name).where(workers.c.gone.is_(False))).scalars()
            )
        chunks: dict[str, set[int]] = {}
        for task in take_back_tasks(self.database, self._queues, alive=alive):
            chunks.setdefault(task.submission_id, set()).add(task.chunk)
        for submission_id, some in chunks.items():
            self._enqueue_again(Submission(self.database, submission_id), some)

    def _look_for_work(self, *, at_start: bool = False) -> None:
        """Enqueue running submissions that no worker processes, left by a process that died between two steps.

        DBOS cannot know of those: the ledger and the engine's database are written in separate commits.
        """
        for submission in list_submissions(self.database, state="waiting"):
            record = submission.record()
            if record.token_source not in ("typed", "notebook") and self._serves(submission, record):
                submission.resume()  # it waited for this token
                enqueue(self.database, submission)
        for submission in list_submissions(self.database, state="running"):
            record = submission.record()
            if record.token_source == "notebook":
                continue  # a notebook may be sending it right now, and continues with it by itself
            if not self._serves(submission, record):
                if self.kind == "app":
                    self._report_missing_token(submission, record, at_start=at_start)
                continue
            tasks = tasks_under_way(self.database, submission.id, self._queue_for(record))
            if tasks and not at_start:
                continue  # reading all chunks every few seconds costs too much: wait until these tasks have ended
            missing = set(submission.open_chunks()) - {task.chunk for task in tasks}
            if missing:
                self._enqueue_again(submission, missing)
            elif not tasks:
                submission.finish_if_settled()

    def _enqueue_again(self, submission: Submission, chunks: Collection[int]) -> None:
        """Enqueue one more task for each of these chunks that has anything left."""
        record = submission.record()
        if record.state == "running":
            still_open = set(chunks) & set(submission.open_chunks())
            add_copies(self.database, record, still_open, self._queue_for(record))

    def _hand_over(self) -> None:
        """Enqueue what this stop has cut off in the middle, for others or for the next start."""
        with self._lock:
            cut_off, self._cut_off = self._cut_off, set()
        for submission_id in {each for each, _ in cut_off}:
            submission = Submission(self.database, submission_id)
            record = submission.record()
            if record.state == "running" and record.token_source != "typed":
                chunks = {chunk for each, chunk in cut_off if each == submission_id}
                still_open = chunks & set(submission.open_chunks())
                add_copies(self.database, record, still_open, lane_queue(record))

    def _report_missing_token(
        self, submission: Submission, record: SubmissionRecord, *, at_start: bool
    ) -> None:
        """Let a submission wait for its token, once it is clear that no living worker has it."""
        with self.database.read() as connection:
            others = serving(connection)
        others.pop(self.worker, None)
        if any(lane(record) in sends for sends in others.values()):
            self._unserved.pop(submission.id, None)
            return
        now = time.monotonic()
        since = self._unserved.setdefault(submission.id, now)
        if now - since < UNSERVED and not (at_start and not others):
            return  # its worker may be starting right now
        self._unserved.pop(submission.id, None)
        submission.wait_for_token(
            "The workbench was restarted, and the token for this submission was typed in: enter it again to continue."
            if record.token_source == "typed"
            else f"No app or worker on this ledger has the token {record.token_hint or 'that it needs'}: "
            "start a worker that has it, or enter it here, to continue."
        )


def _run_task(submission_id: str, chunk: int) -> str:
    """Run a task in this process: what DBOS calls."""
    engine = _running
    if engine is None:
        raise RuntimeError("a chunk was started in a process whose engine has stopped")
    return engine.run_chunk(submission_id, chunk)
