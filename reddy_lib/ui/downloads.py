"""Downloads: files that the server writes when somebody asks for them.

Streamlit's own download button reads the whole file into the server's memory and keeps it for as long as the session
lives: the evidence of a large batch is hundreds of megabytes. Here a page draws a link, and the file is written to disk
when the link is opened, sent in pieces, and gone when it was sent: it has no name that could be left behind.

A link holds a random token. It is known while the session that drew it lives, and always leads to what that page showed
last. Sign-in is checked before a request comes here, as for everything that the app mounts.
"""

from __future__ import annotations

import logging
import secrets
import tempfile
import threading
import weakref
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import IO, Literal
from urllib.parse import quote

import streamlit as st
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

from reddy_lib.errors import ReddyError

__all__ = ["download", "routes", "write_all"]

Write = Callable[[IO[bytes]], object]
"""Write the file's content to an open, empty file."""

PIECE = 256 * 1024
AT_ONCE = 4
"""Files that are written at the same time; further requests wait."""

_log = logging.getLogger("reddy_lib.ui")


@dataclass(frozen=True)
class _Offer:
    write: Write
    file_name: str
    mime: str
    seen: Callable[[], object]
    """Tell the access log, before the first byte is sent."""


_offers: weakref.WeakValueDictionary[str, _Offer] = weakref.WeakValueDictionary()
"""Token → offer. Sessions hold the offers themselves, so that they go with the session."""

_lock = threading.Lock()
_writing = threading.BoundedSemaphore(AT_ONCE)


def _put(key: str, offer: _Offer) -> str:
    """Return the token of a link, the same for as long as the session lives."""
    mine: dict[str, tuple[str, _Offer]] = st.session_state.setdefault("downloads", {})
    token = mine[key][0] if key in mine else secrets.token_urlsafe(24)
    with _lock:
        mine[key] = (token, offer)
        _offers[token] = offer
    return token


def download(
    name: str,
    label: str,
    write: Write,
    *,
    file_name: str,
    mime: str,
    of: str = "",
    icon: str = ":material/download:",
    type: Literal["primary", "secondary", "tertiary"] = "secondary",
    help: str | None = None,
    seen: Callable[[], object] = lambda: None,
) -> None:
    """Draw a button that downloads a file.

    Args:
        name: which download of the app this is; a browser test clicks each name.
        write: called when the button is clicked, in another thread, so without any `st` command.
        of: tells buttons of the same name on one page apart.
        seen: called as `write` is, before anything is sent: see `who_saw.seen_download`.
    """
    key = f"download-{name} {of}".strip()
    token = _put(key, _Offer(write, file_name, mime, seen))
    # relative to the page, so that it also holds behind a proxy and under server.baseUrlPath
    st.link_button(label, f"download/{token}", icon=icon, type=type, help=help, key=key)


def write_all(content: bytes) -> Write:
    """Return what writes these bytes."""
    return lambda file: file.write(content)


def _serve(request: Request) -> Response:
    with _lock:
        offer = _offers.get(request.path_params["token"])
    if offer is None:
        return _said(
            404,
            "This download link is no longer known: its page was closed, or the workbench was started again. "
            "Close this tab, reload the page, and click its download button again.",
        )
    file = tempfile.TemporaryFile()  # noqa: SIM115 - closed when it was sent
    try:
        with _writing:
            offer.write(file)
        offer.seen()
        size = file.tell()
    except (ReddyError, OSError) as error:
        file.close()
        _log.warning("a download could not be written: %s", error)
        why = str(error) if isinstance(error, ReddyError) else f"{error.strerror or error}."
        return _said(503, f"The file could not be written. {why} Nothing was changed; try again later.")
    except BaseException:
        file.close()
        raise
    file.seek(0)
    return StreamingResponse(
        _pieces(file),
        media_type=offer.mime,
        headers={
            "Content-Length": str(size),
            "Content-Disposition": f"attachment; filename*=UTF-8''{quote(offer.file_name, safe='')}",
            "Cache-Control": "no-store",
            "X-Content-Type-Options": "nosniff",
        },
    )


def _pieces(file: IO[bytes]) -> Iterator[bytes]:
    with file:
        while piece := file.read(PIECE):
            yield piece


def _said(status: int, sentence: str) -> Response:
    return PlainTextResponse(sentence + "\n", status, headers={"Cache-Control": "no-store"})


routes = [Route("/download/{token}", _serve), Route("/{prefix:path}/download/{token}", _serve)]
"""For the app to mount, at its root and under any `server.baseUrlPath`."""
