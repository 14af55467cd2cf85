"""The file of a SQLite ledger: shared by all of a process, whole when it says so, copied without being opened."""

from __future__ import annotations

import os
import shutil
import signal
import sqlite3
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
import sqlalchemy as sa

import reddy_lib as reddy
from reddy_lib.database import migrations
from reddy_lib.database.facts import PLACE, fact
from reddy_lib.database.migrations import FIRST_VERSION, MIGRATIONS
from reddy_lib.database.schema import facts, schema_versions
from reddy_lib.errors import LedgerUnavailable, ReddyError, UnreadableFile
from reddy_lib.sending.restored import check
from reddy_lib.spreadsheet import read_sheet

Sheet = Callable[..., Path]

# A descriptor of this process must not be used to look at a ledger: other programs look.
LOOK = (
    "import sqlite3, sys\n"
    "connection = sqlite3.connect(sys.argv[1])\n"
    "print(connection.execute('SELECT count(*) FROM calls').fetchone()[0])\n"
    "connection.close()\n"
)


def other_program_counts(path: Path) -> int:
    """Another program opens the ledger, counts its calls, and closes it."""
    return int(subprocess.check_output([sys.executable, "-c", LOOK, str(path)], text=True))


def plain_copy(path: Path, target: Path) -> Path:
    """Copy one file as `cp` does, in a process of its own."""
    subprocess.run(["cp", str(path), str(target)], check=True)
    return target


def says(path: Path) -> int:
    """What a file says of itself, read without its -wal: 1, it is whole; 2, there is more in -wal."""
    connection = sqlite3.connect(f"{path.as_uri()}?mode=ro&immutable=1", uri=True)
    try:
        return int(connection.execute("PRAGMA user_version").fetchone()[0]) & 0xF
    finally:
        connection.close()


def load(ledger: reddy.Ledger, path: Path) -> reddy.Batch:
    return ledger.load(path, progress=False)


class TestOneFileInOneProcess:
    def test_opening_it_again_keeps_the_locks_that_other_programs_respect(
        self, tmp_path: Path, sheet: Sheet
    ) -> None:
        path = tmp_path / "ledger.sqlite"
        first = reddy.Ledger(path)
        batch = load(first, sheet(20))
        second = reddy.Ledger(path)
        assert other_program_counts(path) == 20
        assert (tmp_path / "ledger.sqlite-wal").exists(), "the other program thought that it was alone"
        batch.rename("March")
        assert second.batch(batch.id).name == "March"
        assert other_program_counts(path) == 20
        second.close()
        assert first.batch(batch.id).name == "March"
        first.close()

    def test_every_spelling_leads_to_the_same_connections(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        path = tmp_path / "ledger.sqlite"
        (tmp_path / "elsewhere").mkdir()
        link = tmp_path / "elsewhere" / "link.sqlite"
        link.symlink_to(path)
        monkeypatch.chdir(tmp_path)
        monkeypatch.setenv("HOME", str(tmp_path))
        spellings = [
            str(path),
            "ledger.sqlite",
            "~/ledger.sqlite",
            str(link),
            f"sqlite:///{path}",
            f"{tmp_path}/elsewhere/../ledger.sqlite",
        ]
        ledgers = [reddy.Ledger(each) for each in spellings]
        assert len({id(each.engine) for each in ledgers}) == 1
        assert {each.name for each in ledgers} == {str(path)}
        for each in ledgers:
            each.close()
        assert ledgers[0].batches().empty, "a closed ledger can be used again"
        ledgers[0].close()

    def test_a_ledger_that_was_replaced_while_it_is_used_is_not_written(
        self, tmp_path: Path, sheet: Sheet
    ) -> None:
        path = tmp_path / "ledger.sqlite"
        with reddy.Ledger(path) as ledger:
            batch = load(ledger, sheet(2))
            ledger.backup(tmp_path / "backup.sqlite")
            os.replace(tmp_path / "backup.sqlite", path)
            with pytest.raises(LedgerUnavailable, match="moved, deleted or replaced while it was in use"):
                batch.rename("lost")

    @pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
    def test_a_forked_child_neither_uses_nor_closes_what_its_parent_has_open(
        self, tmp_path: Path, sheet: Sheet
    ) -> None:
        path = tmp_path / "ledger.sqlite"
        script = (
            "import os, sys\n"
            "from reddy_lib.errors import LedgerUnavailable\n"
            "import reddy_lib as reddy\n"
            "ledger = reddy.Ledger(sys.argv[1])\n"
            "batch = ledger.load(sys.argv[2], progress=False)\n"
            "child = os.fork()\n"
            "if not child:\n"
            "    batch.rename('by the child')\n"
            "    sys.exit(0)\n"
            "assert os.waitpid(child, 0)[1] == 0\n"
            "assert ledger.batch(batch.id).name == 'by the child'\n"
            "batch.rename('by the parent')\n"
            "with ledger.read() as connection:\n"  # a connection is at work while the process forks
            "    child = os.fork()\n"
            "    if not child:\n"
            "        try:\n"
            "            batch.rename('twice')\n"
            "        except LedgerUnavailable as error:\n"
            "            os._exit('spawn' in str(error))\n"
            "        os._exit(2)\n"
            "    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 1\n"
            "assert ledger.batch(batch.id).name == 'by the parent'\n"
        )
        subprocess.run([sys.executable, "-c", script, str(path), str(sheet(5))], check=True, timeout=120)
        assert other_program_counts(path) == 5

    def test_nothing_of_this_library_opens_the_ledger_as_a_file(self, tmp_path: Path, sheet: Sheet) -> None:
        path = tmp_path / "ledger.sqlite"
        with reddy.Ledger(path) as ledger:
            batch = load(ledger, sheet(3))
            os.link(path, tmp_path / "calls.xlsx")
            for name in ("ledger.sqlite", "calls.xlsx", "ledger.sqlite-wal"):
                with pytest.raises(UnreadableFile, match="the ledger itself"):
                    ledger.load(tmp_path / name, progress=False)
                with pytest.raises(UnreadableFile, match="the ledger itself"):
                    read_sheet(tmp_path / name)
            with pytest.raises(ReddyError, match="the ledger itself"):
                batch.attach(2, path)
            with pytest.raises(ReddyError, match="the ledger itself"):
                reddy.inspect_recording(path)
            with pytest.raises(ReddyError, match="the ledger itself"):
                reddy.Sandbox(record=path)
            with pytest.raises(ReddyError, match="in use"):
                ledger.backup(path, overwrite=True)
            assert other_program_counts(path) == 3
            assert (tmp_path / "ledger.sqlite-wal").exists()

    def test_a_folder_of_transcripts_with_the_ledger_in_it_can_be_loaded(
        self, tmp_path: Path, sheet: Sheet
    ) -> None:
        folder = tmp_path / "calls"
        folder.mkdir()
        (folder / "one.txt").write_text("Agent: Good morning.\nCustomer: I lost my card.\n")
        with reddy.Ledger(folder / "ledger.sqlite") as ledger:
            load(ledger, sheet(2))
            assert load(ledger, folder).total == 1
            assert other_program_counts(folder / "ledger.sqlite") == 3
            assert (folder / "ledger.sqlite-wal").exists()


class TestWholeByItself:
    def test_after_it_is_closed_the_file_alone_holds_everything(self, tmp_path: Path, sheet: Sheet) -> None:
        with reddy.Ledger(tmp_path / "ledger.sqlite") as ledger:
            load(ledger, sheet(4))
        copy = plain_copy(tmp_path / "ledger.sqlite", tmp_path / "copy.sqlite")
        assert says(copy) == 1
        with reddy.Ledger(copy) as opened:
            assert list(opened.batches()["calls"]) == [4]

    def test_a_script_that_ends_without_closing_it_leaves_it_whole(
        self, tmp_path: Path, sheet: Sheet
    ) -> None:
        script = "import sys, reddy_lib as reddy; reddy.Ledger(sys.argv[1]).load(sys.argv[2], progress=False)"
        path = tmp_path / "ledger.sqlite"
        subprocess.run([sys.executable, "-c", script, str(path), str(sheet(4))], check=True, timeout=120)
        assert says(path) == 1
        assert other_program_counts(plain_copy(path, tmp_path / "copy.sqlite")) == 4

    def test_when_nobody_writes_for_a_while_the_file_is_made_whole(
        self, tmp_path: Path, sheet: Sheet
    ) -> None:
        path = tmp_path / "ledger.sqlite"
        with reddy.Ledger(path) as ledger:
            batch = load(ledger, sheet(4))
            for name in ("first", "second"):
                batch.rename(name)
                end = time.monotonic() + 60
                while says(path) != 1:
                    assert time.monotonic() < end
                    time.sleep(0.1)
                copy = plain_copy(path, tmp_path / f"{name}.sqlite")
                with reddy.Ledger(copy) as opened:
                    assert list(opened.batches()["name"]) == [name]

    def test_a_copy_without_what_was_written_last_is_refused_and_left_alone(
        self, tmp_path: Path, sheet: Sheet
    ) -> None:
        path = tmp_path / "ledger.sqlite"
        with reddy.Ledger(path) as ledger:
            load(ledger, sheet(4))
            copy = plain_copy(path, tmp_path / "copy.sqlite")
            assert says(copy) == 2
            before = copy.read_bytes()
            with pytest.raises(LedgerUnavailable, match=r"ledger\.sqlite-wal, which is not beside it"):
                reddy.Ledger(copy)
            assert copy.read_bytes() == before
            assert not list(tmp_path.glob("copy.sqlite-*"))
            plain_copy(tmp_path / "ledger.sqlite-wal", tmp_path / "copy.sqlite-wal")
            with reddy.Ledger(copy) as opened:
                assert list(opened.batches()["calls"]) == [4]

    @pytest.mark.parametrize("how", ["backup", "vacuum into"])
    def test_a_copy_by_sqlites_own_means_is_whole_wherever_it_is_opened(
        self, tmp_path: Path, sheet: Sheet, how: str
    ) -> None:
        path, copy = tmp_path / "ledger.sqlite", tmp_path / "copy.sqlite"
        with reddy.Ledger(path) as ledger:
            load(ledger, sheet(4))
            check(ledger)  # the ledger knows its place, as it does once something was sent
            with closing(sqlite3.connect(path)) as source, closing(sqlite3.connect(copy)) as target:
                if how == "backup":
                    source.backup(target)
                else:
                    source.execute("VACUUM INTO ?", [str(copy)])
            assert says(path) == 2
            with reddy.Ledger(copy) as opened:
                assert list(opened.batches()["calls"]) == [4]
                load(opened, sheet(2))
                with pytest.raises(LedgerUnavailable, match="is a part of a ledger"):
                    reddy.Ledger(plain_copy(copy, tmp_path / "part.sqlite"))

    def test_a_file_that_has_its_tables_in_a_missing_wal_is_no_new_ledger(self, tmp_path: Path) -> None:
        other = sqlite3.connect(tmp_path / "old.sqlite")
        other.execute("PRAGMA journal_mode = WAL")
        other.execute("CREATE TABLE batches (id TEXT)")
        other.commit()
        copy = plain_copy(tmp_path / "old.sqlite", tmp_path / "copy.sqlite")
        other.close()
        assert copy.stat().st_size > 0
        with pytest.raises(LedgerUnavailable, match="is a part of a ledger"):
            reddy.Ledger(copy)

    def test_another_program_s_database_is_no_ledger_and_left_alone(self, tmp_path: Path) -> None:
        path = tmp_path / "theirs.sqlite"
        with sqlite3.connect(path) as other:
            other.execute("CREATE TABLE theirs (a)")
        other.close()
        before = path.read_bytes()
        with pytest.raises(LedgerUnavailable, match="is not a ledger"):
            reddy.Ledger(path)
        assert path.read_bytes() == before

    def test_an_empty_file_is_a_new_ledger(self, tmp_path: Path) -> None:
        (tmp_path / "ledger.sqlite").touch()
        with reddy.Ledger(tmp_path / "ledger.sqlite") as ledger, ledger.read() as connection:
            assert fact(connection, PLACE) == str(tmp_path / "ledger.sqlite")

    def test_a_wal_without_its_file_is_not_thrown_away(self, tmp_path: Path) -> None:
        (tmp_path / "ledger.sqlite-wal").write_bytes(b"what was written last")
        with pytest.raises(LedgerUnavailable, match="is missing, but its latest changes are there"):
            reddy.Ledger(tmp_path / "ledger.sqlite")
        assert (tmp_path / "ledger.sqlite-wal").read_bytes() == b"what was written last"

    def test_after_a_kill_at_its_own_place_it_opens_with_everything(
        self, tmp_path: Path, sheet: Sheet
    ) -> None:
        path = tmp_path / "ledger.sqlite"
        script = (
            "import os, signal, sys, reddy_lib as reddy\n"
            "reddy.Ledger(sys.argv[1]).load(sys.argv[2], progress=False)\n"
            "os.kill(os.getpid(), signal.SIGKILL)\n"
        )
        killed = subprocess.run([sys.executable, "-c", script, str(path), str(sheet(4))], timeout=120)
        assert killed.returncode == -signal.SIGKILL
        assert says(path) == 2
        assert other_program_counts(path) == 4, "and this program carries it over"
        with reddy.Ledger(path) as ledger:
            assert list(ledger.batches()["calls"]) == [4]

    def test_the_place_that_a_copy_names_is_left_as_it_is(self, tmp_path: Path) -> None:
        with reddy.Ledger(tmp_path / "ledger.sqlite") as ledger:
            ledger.backup(tmp_path / "copy.sqlite")
        with reddy.Ledger(tmp_path / "copy.sqlite") as copy, copy.read() as connection:
            assert fact(connection, PLACE) == str(tmp_path / "ledger.sqlite")


class TestBackup:
    def test_a_backup_taken_while_others_write_is_sound_and_only_for_its_owner(
        self, tmp_path: Path, sheet: Sheet
    ) -> None:
        with reddy.Ledger(tmp_path / "ledger.sqlite") as ledger:
            batch = load(ledger, sheet(30))
            over = threading.Event()

            def write() -> None:
                number = 0
                while not over.is_set():
                    number += 1
                    batch.rename(f"name {number}")

            writer = threading.Thread(target=write)
            writer.start()
            try:
                made = [ledger.backup(tmp_path / f"backup {number}.sqlite") for number in range(3)]
            finally:
                over.set()
                writer.join()
        for path in made:
            assert stat.S_IMODE(path.stat().st_mode) == 0o600
            assert says(path) == 1
            with sqlite3.connect(path) as connection:
                assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
            connection.close()
            with reddy.Ledger(path) as opened:
                assert list(opened.batches()["calls"]) == [30]

    def test_it_never_takes_the_place_of_another_file_unless_told(self, tmp_path: Path) -> None:
        with reddy.Ledger(tmp_path / "ledger.sqlite") as ledger:
            (tmp_path / "there.sqlite").write_text("mine")
            with pytest.raises(LedgerUnavailable, match="already exists, and nothing was written"):
                ledger.backup(tmp_path / "there.sqlite")
            assert (tmp_path / "there.sqlite").read_text() == "mine"
            assert ledger.backup(tmp_path / "there.sqlite", overwrite=True) == tmp_path / "there.sqlite"
            with pytest.raises(LedgerUnavailable, match="There is no folder"):
                ledger.backup(tmp_path / "none" / "there.sqlite")
            assert not list(tmp_path.glob(".*"))

    def test_on_postgresql_it_names_pg_dump(self, ledger: reddy.Ledger, tmp_path: Path) -> None:
        if ledger.url.get_backend_name() == "sqlite":
            pytest.skip("SQLite is copied")
        with pytest.raises(LedgerUnavailable, match="pg_dump"):
            ledger.backup(tmp_path / "backup.sqlite")


def a_later_migration(connection: sa.Connection) -> None:
    connection.execute(sa.text("CREATE TABLE later (id INTEGER)"))


def versions(path: Path) -> list[int]:
    connection = sqlite3.connect(path)
    try:
        return [row[0] for row in connection.execute("SELECT version FROM schema_versions ORDER BY version")]
    finally:
        connection.close()


class TestMigrations:
    """With a migration that is added to those there are, as the next version would."""

    LATER = FIRST_VERSION + len(MIGRATIONS)

    def test_a_copy_is_kept_before_a_ledger_is_brought_up_to_date(
        self, tmp_path: Path, sheet: Sheet, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        path = tmp_path / "ledger.sqlite"
        with reddy.Ledger(path) as ledger:
            load(ledger, sheet(2))
        before = versions(path)
        monkeypatch.setattr(migrations, "MIGRATIONS", (*MIGRATIONS, a_later_migration))
        with reddy.Ledger(path) as ledger, ledger.read() as connection:
            assert connection.execute(sa.text("SELECT * FROM later")).all() == []
            assert list(ledger.batches()["calls"]) == [2]
        assert versions(path) == [*before, self.LATER]
        copy = tmp_path / f"ledger-before-schema-{self.LATER}.sqlite"
        assert stat.S_IMODE(copy.stat().st_mode) == 0o600
        assert versions(copy) == before
        when = copy.stat().st_mtime_ns
        reddy.Ledger(path).close()
        assert copy.stat().st_mtime_ns == when

    def test_without_a_copy_nothing_is_changed(self, tmp_path: Path) -> None:
        path = tmp_path / "ledger.sqlite"
        reddy.Ledger(path).close()
        before = versions(path)
        script = (
            "import resource, sys, reddy_lib as reddy\n"
            "from reddy_lib.database import migrations\n"
            "from reddy_lib.errors import LedgerUnavailable\n"
            "migrations.MIGRATIONS = (*migrations.MIGRATIONS, lambda connection: None)\n"
            "resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))\n"  # as a disk that is full
            "try:\n"
            "    reddy.Ledger(sys.argv[1])\n"
            "except LedgerUnavailable as error:\n"
            "    print(error)\n"
        )
        said = subprocess.check_output([sys.executable, "-c", script, str(path)], text=True, timeout=120)
        assert "could not be copied first" in said
        assert versions(path) == before
        assert not list(tmp_path.glob("*before*"))
        assert not list(tmp_path.glob(".*"))

    def test_a_development_version_is_refused_before_anything_is_copied_or_written(
        self, tmp_path: Path
    ) -> None:
        path = tmp_path / "ledger.sqlite"
        with reddy.Ledger(path) as ledger, ledger.write() as connection:
            connection.execute(schema_versions.delete())
            connection.execute(schema_versions.insert().values(version=12, applied_at=0.0))
        before = path.read_bytes()
        with pytest.raises(LedgerUnavailable, match="made by a development version"):
            reddy.Ledger(path)
        assert path.read_bytes() == before
        assert not list(tmp_path.glob("*before*"))


@pytest.mark.skipif(os.name == "nt", reason="permissions of another kind")
def test_files_that_others_may_read_are_narrowed_at_opening(tmp_path: Path, sheet: Sheet) -> None:
    path = tmp_path / "ledger.sqlite"
    with reddy.Ledger(path) as ledger:
        load(ledger, sheet(1))
    engine = tmp_path / "ledger-engine.sqlite"
    engine.touch()
    for each in (path, engine):
        each.chmod(0o644)
    with reddy.Ledger(path):
        assert {stat.S_IMODE(each.stat().st_mode) for each in tmp_path.glob("ledger*")} == {0o600}


@pytest.mark.skipif(os.name == "nt", reason="permissions of another kind")
def test_the_user_s_data_folder_is_narrowed_and_other_folders_are_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    monkeypatch.delenv("REDDY_LEDGER", raising=False)
    ours, theirs = tmp_path / "reddy-workbench", tmp_path / "theirs"
    for folder in (ours, theirs):
        folder.mkdir()
        folder.chmod(0o755)
    reddy.Ledger().close()
    reddy.Ledger(theirs / "ledger.sqlite").close()
    assert stat.S_IMODE(ours.stat().st_mode) == 0o700
    assert stat.S_IMODE(theirs.stat().st_mode) == 0o755


def test_two_programs_that_make_the_same_ledger_at_once_both_get_it(tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite"
    script = "import sys, reddy_lib as reddy; print(len(reddy.Ledger(sys.argv[1]).batches()))"
    programs = [
        subprocess.Popen([sys.executable, "-c", script, str(path)], stdout=subprocess.PIPE, text=True)
        for _ in range(3)
    ]
    assert [program.communicate(timeout=120)[0] for program in programs] == ["0\n"] * 3
    with reddy.Ledger(path) as ledger, ledger.read() as connection:
        assert connection.execute(sa.select(sa.func.count()).select_from(facts)).scalar_one() == 2
    assert shutil.disk_usage(tmp_path).free
    assert not list(tmp_path.glob(".*"))
