"""Uploads that were under way when somebody left the page: found again when she comes back.

A browser goes on sending a file whose uploader is no longer on the screen, and the server keeps what arrives; only the
uploader that would hand it to the page is gone. So the ids that a session asked for are noted, with the page that it was
on: the page takes what arrived, and can say what has not.
"""

from __future__ import annotations

import functools
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from io import BytesIO
from typing import IO

from streamlit.runtime.memory_uploaded_file_manager import MemoryUploadedFileManager
from streamlit.runtime.scriptrunner import get_script_run_ctx
from streamlit.runtime.uploaded_file_manager import UploadFileUrlInfo

__all__ = ["arrived", "forget", "left_behind", "on_page", "remember_uploads"]

_MOST_SESSIONS = 1000
_lock = threading.Lock()


@dataclass
class _Session:
    """What one browser tab began to upload: file id → name."""

    page: str = ""
    begun: dict[str, str] = field(default_factory=dict)
    left: dict[str, dict[str, str]] = field(default_factory=dict)  # page → what was under way on it


_sessions: dict[str, _Session] = {}


def remember_uploads() -> None:
    """Patch Streamlit so that begun uploads are noted. Call it once, at start."""
    ask = MemoryUploadedFileManager.get_upload_urls
    if hasattr(ask, "__wrapped__"):
        return

    @functools.wraps(ask)
    def ask_and_note(
        manager: MemoryUploadedFileManager, session_id: str, file_names: Sequence[str]
    ) -> list[UploadFileUrlInfo]:
        found = ask(manager, session_id, file_names)
        with _lock:
            begun = _of(session_id).begun
            begun.update({one.file_id: name for one, name in zip(found, file_names, strict=True)})
        return found

    MemoryUploadedFileManager.get_upload_urls = ask_and_note  # type: ignore[method-assign, assignment]


def _of(session_id: str) -> _Session:
    found = _sessions.pop(session_id, None) or _Session()
    _sessions[session_id] = found  # the newest last
    while len(_sessions) > _MOST_SESSIONS:
        del _sessions[next(iter(_sessions))]
    return found


def _mine() -> _Session:
    context = get_script_run_ctx()
    return _Session() if context is None else _of(context.session_id)


def on_page(name: str) -> None:
    """Note which page this session is on. What it began to upload on the page before is left behind there."""
    with _lock:
        mine = _mine()
        if mine.page == name:
            return
        if mine.begun:
            mine.left[mine.page] = mine.begun
        mine.page, mine.begun = name, {}


def left_behind() -> list[str]:
    """Return the names of the files that this session left behind on the page that it is on."""
    with _lock:
        mine = _mine()
        return list(mine.left.get(mine.page, {}).values())


def arrived() -> list[tuple[IO[bytes], str]] | None:
    """Return those files with their names; None as long as one of them is on its way."""
    context = get_script_run_ctx()
    with _lock:
        mine = _mine()
        ids = list(mine.left.get(mine.page, {}))
    if context is None or not ids:
        return None
    found = context.uploaded_file_mgr.get_files(context.session_id, ids)
    return [(BytesIO(one.data), one.name) for one in found] if len(found) == len(ids) else None


def forget() -> None:
    """Forget what this session began to upload on this page: it was taken, or is not wanted any more."""
    with _lock:
        mine = _mine()
        mine.begun = {}
        mine.left.pop(mine.page, None)
