"""The engine's tasks: DBOS workflows that each send one chunk, and the queues that they wait in.

A task's id says what it does: submission, generation, chunk and copy. Enqueueing an id twice makes one task, so two
processes that enqueue the same work at once do no harm. A chunk may have several copies: each is one more worker
that takes calls from it.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Collection, Iterable
from typing import TYPE_CHECKING, NamedTuple

from reddy_lib.database.database import Database
from reddy_lib.sending.engine_database import engine_url, errors_named, make_database
from reddy_lib.sending.states import SubmissionRecord
from reddy_lib.sending.workers import lane

if TYPE_CHECKING:
    from dbos import DBOSClient

__all__ = [
    "APPLICATION_VERSION",
    "Task",
    "add_copies",
    "delete_tasks",
    "enqueue_tasks",
    "forget_client",
    "lane_queue",
    "lane_queues",
    "own_queue",
    "register_queue",
    "register_workflow",
    "silence_dbos",
    "take_back_tasks",
    "tasks_under_way",
]

_QUEUE = "reddy-submissions"
_WORKFLOW = "reddy_send_chunk"
APPLICATION_VERSION = "1"
"""Of a task's arguments: a newer release continues what an older one enqueued."""

CHUNKS_AT_ONCE = 8  # in one process, over all submissions
CHUNKS_OF_ONE_SUBMISSION = 2  # two, so that one chunk's tail and the next one's start overlap

_client_lock = threading.Lock()
_clients: dict[str, DBOSClient] = {}


class Task(NamedTuple):
    """What a task's id says."""

    submission_id: str
    generation: int
    chunk: int
    copy: int

    @property
    def id(self) -> str:
        return f"{self.submission_id}-{self.generation}-{self.chunk}-{self.copy}"

    @classmethod
    def of(cls, workflow_id: str) -> Task:
        submission_id, generation, chunk, copy = workflow_id.rsplit("-", 3)
        return cls(submission_id, int(generation), int(chunk), int(copy))


# --- queues ------------------------------------------------------------------------------------------------------


def lane_queue(record: SubmissionRecord) -> str:
    """Return the queue that every engine with this submission's token listens to."""
    return f"{_QUEUE} {lane(record)}"


def lane_queues(lanes: Collection[str]) -> list[str]:
    """Return the queues of these lanes."""
    return [f"{_QUEUE} {each}" for each in sorted(lanes)]


def own_queue(worker: str) -> str:
    """Return the queue that only this worker's engine listens to."""
    return f"{_QUEUE} at {worker}"


def register_queue(name: str) -> None:
    """Store a queue's limits. DBOS has to be launched."""
    from dbos import DBOS

    DBOS.register_queue(
        name,
        worker_concurrency=CHUNKS_AT_ONCE,
        partition_worker_concurrency=CHUNKS_OF_ONE_SUBMISSION,
        polling_interval_sec=0.25,
        on_conflict="always_update",
    )


_registered = False


def register_workflow(send_chunk: Callable[[str, int], str]) -> None:
    """Register what a task runs, once a process: DBOS keeps its registry for the life of the process."""
    global _registered
    if not _registered:
        from dbos import DBOS

        DBOS.workflow(name=_WORKFLOW)(send_chunk)
        _registered = True


# --- tasks -------------------------------------------------------------------------------------------------------


def enqueue_tasks(database: Database, tasks: Iterable[Task], queue: str) -> None:
    """Enqueue tasks; one that exists already, in any queue, stays as it is."""
    from dbos import EnqueueOptions

    url = engine_url(database)
    client = _client_of(url)
    with errors_named(url):
        for task in tasks:
            options: EnqueueOptions = {
                "workflow_name": _WORKFLOW,
                "queue_name": queue,
                "workflow_id": task.id,
                "queue_partition_key": task.submission_id,
                "app_version": APPLICATION_VERSION,
            }
            client.enqueue(options, task.submission_id, task.chunk)


def add_copies(database: Database, record: SubmissionRecord, chunks: Collection[int], queue: str) -> None:
    """Enqueue one more copy of the task of each of these chunks."""
    client = _client_of(engine_url(database))
    tasks = []
    for chunk in sorted(chunks):
        first = Task(record.id, record.generation, chunk, 0)
        there = client.list_workflows(
            workflow_id_prefix=first.id.removesuffix("0"), load_input=False, load_output=False
        )
        copies = [Task.of(one.workflow_id).copy for one in there]
        tasks.append(first._replace(copy=1 + max(copies, default=-1)))
    enqueue_tasks(database, tasks, queue)


def tasks_under_way(database: Database, submission_id: str, queue: str) -> list[Task]:
    """Return a submission's tasks that wait or run, of any generation."""
    found = _client_of(engine_url(database)).list_workflows(
        workflow_id_prefix=f"{submission_id}-",
        queue_name=queue,
        status=["ENQUEUED", "PENDING"],
        load_input=False,
        load_output=False,
    )
    return [Task.of(one.workflow_id) for one in found]


def take_back_tasks(database: Database, queues: Collection[str], *, alive: Collection[str]) -> list[Task]:
    """Cancel the tasks in these queues that run at none of the living workers; return them.

    DBOS would resume a task under its old id. Two engines that do so at once could then run it twice at the same time,
    one of them unknown to DBOS; cancelling it and enqueueing a copy, whose id is the same for both, cannot.
    """
    client = _client_of(engine_url(database))
    left = [
        one.workflow_id
        for one in client.list_workflows(
            status="PENDING", queue_name=list(queues), load_input=False, load_output=False
        )
        if one.executor_id not in alive
    ]
    if left:
        client.cancel_workflows(left)
    return [Task.of(each) for each in left]


def delete_tasks(database: Database, submission_ids: Collection[str]) -> None:
    """Delete the records of these submissions' tasks that do not wait or run."""
    url = engine_url(database)
    client = _client_of(url)
    with errors_named(url):
        for submission_id in submission_ids:
            found = client.list_workflows(
                workflow_id_prefix=f"{submission_id}-", load_input=False, load_output=False
            )
            ended = [one.workflow_id for one in found if one.status not in ("ENQUEUED", "PENDING")]
            if ended:
                client.delete_workflows(ended)


# --- the connection to the engine's database ---------------------------------------------------------------------


def _client_of(url: str) -> DBOSClient:
    """Return the one client of a database: it is safe to share, and each holds connections."""
    from dbos import DBOS, DBOSClient

    with _client_lock:
        if url not in _clients:
            silence_dbos()
            make_database(url)
            with errors_named(url):
                DBOS.migrate(url)  # the client itself makes no tables, and may come before the first engine
                _clients[url] = DBOSClient(system_database_url=url)
        return _clients[url]


def forget_client(database: Database) -> None:
    """Close the client of this ledger's engine database, if there is one."""
    with _client_lock:
        client = _clients.pop(engine_url(database), None)
    if client is not None:
        client.destroy()


def silence_dbos() -> None:
    """Keep DBOS from printing its own progress: what matters to people is in the ledger."""
    logging.getLogger("dbos").setLevel(logging.ERROR)
