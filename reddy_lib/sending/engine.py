"""The submission engine: DBOS, durable queues in a database beside the ledger.

Pages only *enqueue* (`enqueue`, no engine needed in their process); engines run in the app's lifespan and in workers
(`python -m reddy_lib.worker`), on as many machines as reach the ledger. What DBOS stores are ids, never a
token or a transcript. A chunk may run twice, and on two machines at once: that nothing is sent twice is the
ledger's doing, not the engine's, because the second run finds its calls no longer `queued`.

**Who takes what.** There is one queue a lane (`ledger.workers.lane`: the token that is needed, not named), and an
engine listens to the queues of lanes that it has tokens for, and to no other: work that it cannot do is never in its
hands, so it can neither spin on it nor pause it. A token that was typed in is in one process alone, and so is its
queue. A few pieces of work are queued for each chunk of a small submission, so that every worker gets some.

**Who goes on.** All five seconds each engine gives a sign of life, gives up dead workers (what they had in flight
becomes `unknown`), takes over the pieces that DBOS knows as theirs, and looks for submissions that are running
with nobody at work on them. DBOS by itself would bring back a piece only to the process that had it (its executor id),
and that one does not come back: executor ids are names of workers, and each start makes a new one.

At start: register as a worker, give up the dead, look whether the ledger is older than what was sent from it
(`ledger.restored`, `ledger.questions`), launch DBOS, go on with what there is a token for. Only an app, never
a worker, says of a submission that it waits for its token; and only if nobody who is alive has it.
"""

from __future__ import annotations

import contextlib
import logging
import math
import threading
import time
from collections.abc import Callable, Collection, Iterable
from typing import Any, Literal

import sqlalchemy as sa

from reddy_lib.api import Client
from reddy_lib.database.database import Database
from reddy_lib.database.sandbox_urls import SANDBOX
from reddy_lib.database.schema import workers
from reddy_lib.errors import APIError, LedgerError
from reddy_lib.sending.connection import Connection
from reddy_lib.sending.dispatcher import Slots, send_chunk
from reddy_lib.sending.engine_database import (
    EngineDatabaseBroken,
    engine_url,
    errors_named,
    make_database,
    move_aside,
)
from reddy_lib.sending.lease import BEAT, Lease
from reddy_lib.sending.restored import check
from reddy_lib.sending.spot_checks import put_questions, sending_was_begun, work_waits
from reddy_lib.sending.submission import (
    Submission,
    give_up_dead_workers,
    list_submissions,
    new_worker,
    retire_worker,
)
from reddy_lib.sending.workers import GIVE_UP_AFTER, lane, serving

__all__ = ["Engine", "engine_url", "enqueue"]

QUEUE = "reddy-submissions"
WORKFLOW = "reddy_send_chunk"
APPLICATION_VERSION = (
    "1"  # of the workflow's arguments: a newer library goes on with what an older one queued
)
CHUNKS_AT_ONCE = 8  # in one process, over all submissions
CHUNKS_OF_ONE_SUBMISSION = 2  # two, so that one chunk's tail and the next one's start overlap
PIECES = 16  # of work that a submission is worth at least on PostgreSQL: eight workers share it
MOST_WAITED = 12.0  # seconds at the start for a sign of life of others that seem to be at work
UNSERVED = 30.0  # seconds that an app looks at a submission which nobody can send before it says so

_log = logging.getLogger("reddy_lib.sending")
_client_lock = threading.Lock()
_clients: dict[str, Any] = {}
_running: Engine | None = None

ConnectionFor = Callable[[Submission], Connection | None]


def enqueue(database: Database, submission: Submission) -> int:
    """Hand a submission's open chunks to whichever engine has its token; gives how many there are.

    The same generation enqueued twice is one piece of work: its ids are the same.

    Raises:
        LedgerUnavailable: the engine's database cannot be written.
        NotAllowed: the person whose ledger this is may not send.
    """
    database.require("send")
    record = submission.record()
    chunks = submission.open_chunks()
    mine = _running if _running is not None and _running.database.url == database.url else None
    if mine is not None:
        mine.serve(submission)
    hands = 1
    if chunks and database.url.get_backend_name() != "sqlite":
        hands = math.ceil(PIECES / len(chunks))
    work = [(chunk, hand) for hand in range(hands) for chunk in chunks]
    _put(database, record, work, worker="" if mine is None else mine.worker)
    return len(chunks)


class Engine:
    """Sends what is queued, in this process. One a process: `start` it, `stop` it.

    Args:
        ledger: the ledger to work on.
        connection_for: gives the connection of a submission, or None where its token is not known here.
        on_end: called when a submission is done or cancelled; may be called more than once.
        kind: what this process is: an app also tells people that a submission waits for its token.
        lanes: gives the lanes that there are tokens for here, also before anything is queued for them.
        give_up_after: seconds without a sign of life after which others take over.
    """

    def __init__(
        self,
        database: Database,
        connection_for: ConnectionFor,
        *,
        on_end: Callable[[Submission], None] | None = None,
        kind: Literal["app", "worker"] = "app",
        lanes: Callable[[], Iterable[str]] = lambda: (SANDBOX,),
        give_up_after: float = GIVE_UP_AFTER,
    ) -> None:
        self.database = database
        self.worker = ""
        self.kind = kind
        self._connection_for = connection_for
        self._on_end = on_end
        self._lanes_known = lanes
        self._give_up_after = give_up_after
        self._stop = threading.Event()
        self._lock = threading.Lock()
        self._slots: dict[str, Slots] = {}
        self._lease: Lease | None = None
        self._listening: list[str] = []  # queues; DBOS looks at it once a second
        self._sends: set[str] = set()  # lanes, as told in signs of life
        self._unserved: dict[str, float] = {}
        self._cut_off: set[tuple[str, int]] = set()
        self._upkeep: threading.Thread | None = None
        self.database_broken = False
        """The engine's own database turned out to be damaged: stop this engine and start it again."""

    def __repr__(self) -> str:
        return f"<Engine on {self.database.name} · {'running' if self.worker else 'stopped'}>"

    def start(self) -> None:
        """Recover what an earlier process left, then take work; a damaged engine database is made anew.

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
        _forget_client(engine_url(self.database))
        if self.worker:
            with contextlib.suppress(LedgerError):
                retire_worker(self.database, self.worker)
        self.worker, self._lease, _running = "", None, None

    def _start(self) -> None:
        global _running
        from dbos import DBOS

        _quiet_dbos()
        make_database(engine_url(self.database))
        self.database_broken = False
        self._stop.clear()
        self._slots.clear()
        self._cut_off.clear()
        self._unserved.clear()
        self._sends = set(self._lanes_known())
        self.worker = new_worker(self.database, kind=self.kind, lasts=self._give_up_after, sends=self._sends)
        self._lease = Lease(self.database, self.worker, lasts=self._give_up_after)
        give_up_dead_workers(self.database)
        self._ask_first()
        _running = self
        queues = [_queue_typed_in(self.worker), *(f"{QUEUE} {each}" for each in sorted(self._sends))]
        with errors_named(engine_url(self.database)):
            dbos = DBOS(
                config={
                    "name": "reddy-workbench",
                    "system_database_url": engine_url(self.database),
                    "application_version": APPLICATION_VERSION,
                    "executor_id": self.worker,
                    "log_level": "ERROR",
                }
            )
            _register_workflow()
            DBOS.listen_queues(queues)
            # DBOS means the list to be closed at launch, and reads it once a second all the same: a token that comes
            # later (another secrets file) needs no restart. Where a release no longer has it, that needs one.
            self._listening = getattr(dbos, "_listening_queues", None) or []
            DBOS.launch()
            for name in queues:
                _register_queue(name)
        with errors_named(engine_url(self.database)):
            self._take_over()
            self._look_for_work(at_start=True)
        self._upkeep = threading.Thread(target=self._keep_up, name="reddy-upkeep", daemon=True)
        self._upkeep.start()

    def _ask_first(self) -> None:
        """A ledger that was put back from a backup believes that calls wait which were sent since. One that others are at
        work on was looked at when they began: but they must give a sign of it now. In a backup they look alive too."""
        if check(self.database) is not None or not work_waits(self.database):
            return
        beats, longest = self._beats_of_others()
        end = time.monotonic() + min(2.5 * BEAT * longest, MOST_WAITED)
        while beats and time.monotonic() < end:
            now, _ = self._beats_of_others()
            if any(now.get(name, at) > at for name, at in beats.items()):
                return
            self._stop.wait(0.25)
        with self.database.write() as connection:
            if sending_was_begun(connection, but_by=self.worker):
                put_questions(connection)

    def _beats_of_others(self) -> tuple[dict[str, float], float]:
        """When each other app and worker that seems to be alive was last heard of, and how long they may be silent."""
        with self.database.read() as connection:
            names = set(serving(connection)) - {self.worker}
            found = connection.execute(
                sa.select(workers.c.name, workers.c.heartbeat, workers.c.lasts).where(
                    workers.c.name.in_(names)
                )
            ).all()
        return {one.name: one.heartbeat for one in found}, max(
            (one.lasts or 60.0 for one in found), default=0.0
        )

    def stop(self) -> bool:
        """Claim no more, wait for what is in flight, record it. Unfinished submissions go on elsewhere, or at the next
        start. Gives False where something could not be recorded: it becomes `unknown`."""
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
            _log.warning("the ledger is away at the end", extra={"reason": str(error)})
            recorded = False
        _forget_client(engine_url(self.database))
        self.worker = ""
        self._lease = None
        _running = None
        return recorded

    def serve(self, submission: Submission) -> None:
        """Take this submission's work from now on, if there is a token for it here; others see so at once."""
        if self._listen_to(submission):
            with self.database.translate_errors():
                self._renew()

    def run_chunk(self, submission_id: str, chunk: int) -> str:
        """One piece of work of the queue; gives the submission's state when it stopped."""
        submission = Submission(self.database, submission_id)
        record = submission.record()
        if record.state != "running":
            return str(record.state)
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

    def _client(self, submission: Submission, record: Any) -> Client | None:
        connection = self._connection_for(submission)
        if connection is None and record.token_source != "typed":
            # It was there when the queue was first listened to (a secrets file that changed): others may have it.
            with self._lock:
                self._sends.discard(lane(record))
            return None
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

    def _slots_of(self, submission_id: str, size: int, *, resumed: bool) -> Slots:
        with self._lock:
            return self._slots.setdefault(submission_id, Slots(size, resumed=resumed))

    # every few seconds

    def _keep_up(self) -> None:
        assert self._lease is not None
        while not self._stop.wait(self._lease.beat):
            # One after another, and each by itself: what is wrong with one must not keep the sign of life from being given.
            for step in (
                self._renew,
                self._give_up,
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
                    _log.warning("upkeep put off", extra={"reason": str(error)})
                    break
                except Exception:  # noqa: BLE001 - a fault of ours in one step must not end the signs of life
                    _log.exception("upkeep failed")

    def _renew(self) -> None:
        if self._lease is not None:
            with self._lock:
                self._sends |= set(self._lanes_known())
                sends = set(self._sends)
            self._lease.renew(sends=sends)

    def _give_up(self) -> None:
        give_up_dead_workers(self.database)

    def _take_over(self) -> None:
        """Pieces that DBOS knows as a dead worker's, in queues that are listened to here, are queued anew.

        Two engines that do so at once make the same piece: its id is the next free one, for both.
        """
        with self.database.read() as connection:
            alive = _not_gone(connection)
        client = _dbos_client(engine_url(self.database))
        left = [
            piece
            for piece in client.list_workflows(
                status="PENDING", queue_name=list(self._listening), load_input=False, load_output=False
            )
            if piece.executor_id not in alive
        ]
        if not left:
            return
        client.cancel_workflows([piece.workflow_id for piece in left])
        chunks: dict[str, set[int]] = {}
        for piece in left:
            submission_id, chunk = _named(piece.workflow_id)
            chunks.setdefault(submission_id, set()).add(chunk)
        for submission_id, some in chunks.items():
            self._queue_again(Submission(self.database, submission_id), some)

    def _look_for_work(self, *, at_start: bool = False) -> None:
        """Submissions that run with nobody at work on them: a program that died between two steps left them."""
        for submission in list_submissions(self.database, state="waiting"):
            record = submission.record()
            if record.token_source not in ("typed", "notebook") and self._listen_to(submission):
                submission.resume()  # it waited for this token
                enqueue(self.database, submission)
        for submission in list_submissions(self.database, state="running"):
            record = submission.record()
            if record.token_source == "notebook":
                continue  # a notebook may be sending it this very moment, and goes on with it by itself
            if not self._listen_to(submission):
                if self.kind == "app":
                    self._say_who_is_missing(submission, record, at_start=at_start)
                continue
            under_way = {
                _named(piece.workflow_id)[1]
                for piece in _dbos_client(engine_url(self.database)).list_workflows(
                    workflow_id_prefix=f"{submission.id}-",
                    queue_name=_queue_of(record, self.worker),
                    status=["ENQUEUED", "PENDING"],
                    load_input=False,
                    load_output=False,
                )
            }
            if under_way and not at_start:
                continue  # what is missing beside it is found when it ends: all chunks are not read every few seconds
            missing = set(submission.open_chunks()) - under_way
            if missing:
                self._queue_again(submission, missing)
            elif not under_way:
                submission.finish_if_settled()

    def _queue_again(self, submission: Submission, chunks: Collection[int]) -> None:
        """Further pieces of work for these chunks, if there is anything left in them."""
        record = submission.record()
        if record.state != "running":
            return
        client = _dbos_client(engine_url(self.database))
        work = []
        for chunk in sorted(set(chunks) & set(submission.open_chunks())):
            there = client.list_workflows(
                workflow_id_prefix=f"{submission.id}-{record.generation}-{chunk}-",
                load_input=False,
                load_output=False,
            )
            work.append((chunk, 1 + max((_hand(piece.workflow_id) for piece in there), default=-1)))
        _put(self.database, record, work, worker=self.worker)

    def _hand_over(self) -> None:
        """At the end: what was cut off in the middle is queued anew, for others or for the next start."""
        with self._lock:
            cut_off, self._cut_off = self._cut_off, set()
        for submission_id in {each for each, _ in cut_off}:
            submission = Submission(self.database, submission_id)
            if submission.record().token_source != "typed":
                self._queue_again(submission, {chunk for each, chunk in cut_off if each == submission_id})

    def _listen_to(self, submission: Submission) -> bool:
        """Is there a token for it here? Then its queue is listened to."""
        if self._connection_for(submission) is None:
            return False
        record = submission.record()
        name = _queue_of(record, self.worker)
        with self._lock:
            self._sends.add(lane(record))
            new = name not in self._listening
            if new:
                self._listening.append(name)
        if new:
            _register_queue(name)
        return True

    def _say_who_is_missing(self, submission: Submission, record: Any, *, at_start: bool) -> None:
        with self.database.read() as connection:
            others = serving(connection)
        others.pop(self.worker, None)
        if any(lane(record) in sends for sends in others.values()):
            self._unserved.pop(submission.id, None)
            return
        now = time.monotonic()
        since = self._unserved.setdefault(submission.id, now)
        if now - since < UNSERVED and not (at_start and not others):
            return  # its worker may be starting this very moment
        self._unserved.pop(submission.id, None)
        submission.wait_for_token(
            "The workbench was restarted, and the token for this submission was typed in: give it again to go on."
            if record.token_source == "typed"
            else f"Nobody who is at work on this ledger has the token {record.token_hint or 'that it needs'}: "
            "start a worker that has it, or give it here, to go on."
        )


def _queue_typed_in(worker: str) -> str:
    return f"{QUEUE} typed in at {worker}"


def _queue_of(record: Any, worker: str) -> str:
    """Where a submission's work is queued; `worker`: the engine of this process, or "" where it has none."""
    if record.token_source == "typed" and worker:
        return _queue_typed_in(worker)
    return f"{QUEUE} {lane(record)}"


def _put(database: Database, record: Any, work: Iterable[tuple[int, int]], *, worker: str) -> None:
    """Queue pieces of work, each (chunk, hand): several hands may work on one chunk."""
    from dbos import EnqueueOptions

    client = _dbos_client(engine_url(database))
    with errors_named(engine_url(database)):
        for chunk, hand in work:
            options: EnqueueOptions = {
                "workflow_name": WORKFLOW,
                "queue_name": _queue_of(record, worker),
                "workflow_id": f"{record.id}-{record.generation}-{chunk}-{hand}",
                "queue_partition_key": record.id,
                "app_version": APPLICATION_VERSION,
            }
            client.enqueue(options, record.id, chunk)


def _named(workflow_id: str) -> tuple[str, int]:
    """Submission and chunk of a piece of work."""
    submission_id, _generation, chunk, _hand = workflow_id.rsplit("-", 3)
    return submission_id, int(chunk)


def _hand(workflow_id: str) -> int:
    return int(workflow_id.rpartition("-")[2])


def _not_gone(connection: sa.Connection) -> set[str]:
    return set(connection.execute(sa.select(workers.c.name).where(workers.c.gone.is_(False))).scalars())


def _register_queue(name: str) -> None:
    from dbos import DBOS

    DBOS.register_queue(
        name,
        worker_concurrency=CHUNKS_AT_ONCE,
        partition_worker_concurrency=CHUNKS_OF_ONE_SUBMISSION,
        polling_interval_sec=0.25,
        on_conflict="always_update",
    )


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


def _dbos_client(url: str) -> Any:
    """One client a database: it is safe to share, and each holds connections."""
    from dbos import DBOS, DBOSClient

    with _client_lock:
        if url not in _clients:
            _quiet_dbos()
            make_database(url)
            with errors_named(url):
                DBOS.migrate(url)  # the client itself makes no tables, and may come before the first engine
                _clients[url] = DBOSClient(system_database_url=url)
        return _clients[url]


def _forget_client(url: str) -> None:
    with _client_lock:
        client = _clients.pop(url, None)
    if client is not None:
        client.destroy()


def _quiet_dbos() -> None:
    """DBOS prints its own progress; what matters to people is in the ledger."""
    logging.getLogger("dbos").setLevel(logging.ERROR)
