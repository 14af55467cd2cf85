"""What is known about ledgers outside of them: marks of what was sent, and which ledger is at which path.

A ledger that was restored from a backup looks healthy: nothing in it can tell that calls were sent since. So each claim
leaves a mark in the user's state folder (`REDDY_STATE`, or else the system's folder for such files): the id of an attempt,
written after its commit and before its first byte. A ledger that does not know an attempt that is marked here is older
than what was sent from it.

Marks are hints, not records, so they are not synced. After a power cut, marks may be missing, but there is never a mark
without its claim. If the folder cannot be written, the log says so once; then only asking Reddy is left (see `restored`).
"""

from __future__ import annotations

import contextlib
import hashlib
import logging
import os
from pathlib import Path

import msgspec
import platformdirs

__all__ = [
    "FIRST",
    "LOOKED_AT",
    "Mark",
    "addresses_of_others",
    "append",
    "identities_at",
    "marks",
    "remember_place",
    "state_folder",
]

FIRST = "first"
"""The incarnation of a ledger that was never restored."""

LOOKED_AT = 64
"""How many of the newest marks are compared with the ledger. A restore loses all claims since the backup, so it loses
those of the newest marks; workers that write at the same time can mix up the order of only a few."""

LARGE = 256 * 1024  # bytes of a file of marks before another is started
_MOST_OTHERS = 64  # files of marks of other ledgers that are read, the newest
_MOST_AT_A_PLACE = 63  # ledgers that were at a path before
STATE_VARIABLE = "REDDY_STATE"

_log = logging.getLogger("reddy_lib.sending")
_warned: set[str] = set()


class Mark(msgspec.Struct, frozen=True):
    """A claim that was stored: the incarnation of the ledger, one attempt of the claim, its time, and its address."""

    incarnation: str
    attempt_id: str
    at: float
    address: str


def state_folder() -> Path:
    """Return `REDDY_STATE`, or else the user's state folder."""
    given = os.environ.get(STATE_VARIABLE, "").strip()
    return Path(given or platformdirs.user_state_dir("reddy-workbench", appauthor=False)).expanduser()


def append(identity: str, mark: Mark) -> None:
    """Store the mark of a claim. If it cannot be written, log a warning, once."""
    line = f"{mark.incarnation} {mark.attempt_id} {int(mark.at)} {mark.address}\n".encode()
    path = _marks_file(identity)
    try:
        try:
            size = _write(path, line)
        except FileNotFoundError:
            _make_folder(path.parent)
            size = _write(path, line)
        if size > LARGE:
            # Renamed, not rewritten: a process that has it open still writes to a file that is read.
            path.replace(path.with_suffix(".earlier"))
    except OSError as error:
        _warn(error)


def marks(identity: str, count: int = LOOKED_AT) -> list[Mark]:
    """Return the newest marks of a ledger, the newest last; empty if there are none, or if they cannot be read."""
    path = _marks_file(identity)
    lines: list[str] = []
    for one in (path.with_suffix(".earlier"), path):
        with contextlib.suppress(OSError):
            lines += one.read_text(encoding="utf-8", errors="replace").splitlines()
    found = []
    for line in lines[-count:]:
        parts = line.split(" ", 3)
        with contextlib.suppress(ValueError):  # an incomplete line
            if len(parts) == 4:
                found.append(Mark(parts[0], parts[1], float(parts[2]), parts[3]))
    return found


def addresses_of_others(identity: str) -> set[str]:
    """Return the addresses that other ledgers of this user sent calls to, whether or not those ledgers still exist."""
    others: list[tuple[float, Path]] = []
    with contextlib.suppress(OSError):
        for path in (state_folder() / "ledgers").iterdir():
            if path.stem != identity:
                with contextlib.suppress(OSError):  # removed since
                    others.append((path.stat().st_mtime, path))
    found: set[str] = set()
    looked_at = 0
    for _, path in sorted(others, reverse=True):
        if looked_at == _MOST_OTHERS:
            break
        with contextlib.suppress(OSError):  # one that cannot be read must not hide the others
            lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
            found.update(parts[3] for parts in (line.split(" ", 3) for line in lines) if len(parts) == 4)
            looked_at += 1
    return found


def identities_at(place: str) -> list[str]:
    """Return the identities of the ledgers that were seen at a path, the last one last."""
    try:
        return _place_file(place).read_text(encoding="utf-8").split()
    except OSError:
        return []


def remember_place(place: str, identity: str) -> None:
    """Remember which ledger is at a path, and which were there before."""
    before = identities_at(place)
    if before[-1:] == [identity]:
        return
    kept = [one for one in before if one != identity][-_MOST_AT_A_PLACE:]
    path = _place_file(place)
    beside = path.with_suffix(f".{os.getpid()}.new")
    try:
        _make_folder(path.parent)
        _write(beside, "".join(f"{one}\n" for one in (*kept, identity)).encode())
        beside.replace(path)
    except OSError as error:
        _warn(error)


def _make_folder(folder: Path) -> None:
    """Create both levels for this user alone: `parents` would give the upper one wider permissions."""
    folder.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    folder.mkdir(exist_ok=True, mode=0o700)


def _write(path: Path, content: bytes) -> int:
    """Append, and return the file's size. It is one small write, because several programs may append at the same time."""
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        os.write(file, content)
        return os.fstat(file).st_size
    finally:
        os.close(file)


def _marks_file(identity: str) -> Path:
    return state_folder() / "ledgers" / f"{identity}.marks"


def _place_file(place: str) -> Path:
    return (
        state_folder() / "places" / hashlib.sha256(place.encode("utf-8", "surrogateescape")).hexdigest()[:32]
    )


def _warn(error: OSError) -> None:
    folder = str(state_folder())
    if folder not in _warned:
        _warned.add(folder)
        _log.warning(
            "marks of what was sent cannot be kept: %s (%s). A restored ledger is noticed only by asking Reddy. Set %s "
            "to a folder that can be written.",
            folder,
            error.strerror,
            STATE_VARIABLE,
            extra={"folder": folder},
        )
