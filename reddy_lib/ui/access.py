"""Sign-in in front of everything that the server answers.

Streamlit signs a person in, and the frame (`pages/navigation.py`) keeps her from pages; files, uploads and mounted apps
lie outside the frame. `Gate`, a pure ASGI middleware, stands before all of it. It reads Streamlit's signed cookie, whose
format is private: the version of Streamlit is bounded in pyproject.toml, and tests/test_access_server.py runs the real
server. What is open without signing in is listed here; everything else is closed.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

import streamlit as st
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import ClientDisconnect, HTTPConnection
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from streamlit import runtime
from streamlit.auth_util import get_cookie_with_chunks, get_origin_from_redirect_uri, is_authlib_installed
from streamlit.web.server.server_util import get_cookie_secret
from streamlit.web.server.starlette.starlette_app_utils import decode_signed_value
from streamlit.web.server.starlette.starlette_server_config import USER_COOKIE_NAME

from reddy_lib.access import Person, Rules
from reddy_lib.errors import AccessRulesError

__all__ = [
    "PAGES",
    "Gate",
    "Uploads",
    "refuse_to_start",
    "rules",
    "secrets",
    "secrets_unreadable",
    "sign_in_required",
]

PAGES = frozenset({"", "start", "load", "review", "submit", "outcomes"})
"""Addresses that return the empty page of the frontend, which then shows what the frame lets it show."""
OPEN = frozenset(
    {
        "_stcore/health",
        "_stcore/host-config",
        "_stcore/script-health-check",
        "ready",
        "auth/login",
        "auth/logout",
        "oauth2callback",
        "favicon.png",
        "favicon.svg",
        "manifest.json",
    }
)
ASSETS = "static/"
OWN_TOKEN = ("sandbox/api/", "sandbox/upload/")
"""The sandbox's API checks the token of each request itself, as Reddy does: workers and the engine call it."""
STREAM = "_stcore/stream"
UPLOAD = re.compile(r"_stcore/upload_file/([^/]+)/([^/]+)")

ASKED_FOR = "reddy_asked_for"
"""Cookie with the address that was asked for before signing in."""
MOST_BEFORE_SIGN_IN = 64 * 1024
"""Bytes of one message over the stream, before signing in: the page asks for little."""
STREAMS_BEFORE_SIGN_IN = 200

UPLOAD_MEMORY = "REDDY_UPLOAD_MEMORY"
MEGABYTE = 1 << 20
FORM_BYTES = MEGABYTE
"""What a form adds to a file; Streamlit allows as much."""

_PAGE_ADDRESS = re.compile(r"/(?![/\\])[A-Za-z0-9_/-]*(?:\?[A-Za-z0-9_.~%&=+-]*)?")

_sticky = threading.Event()
"""Set once this process was started with sign-in: from then on a secrets file that is gone opens nothing."""


def secrets() -> dict[str, Any]:
    """Return the content of the secrets file, nothing where there is none, or none that can be read."""
    try:
        return dict(st.secrets)
    except (OSError, ValueError):
        return {}


def secrets_unreadable() -> bool:
    """Return whether there are secrets that cannot be read. (Streamlit says "not found" of a broken file, too.)"""
    try:
        dict(st.secrets)
    except (OSError, ValueError):
        return any(Path(path).exists() for path in st.get_option("secrets.files"))
    return False


def sign_in_required() -> bool:
    """Return whether people have to sign in: [auth] is in the secrets, or was, or they cannot be read."""
    return _sticky.is_set() or "auth" in secrets() or secrets_unreadable()


_read: tuple[str, Rules] | None = None


def rules() -> Rules:
    """Return the rules of the secrets file as it is now. Raises AccessRulesError."""
    global _read
    section = secrets().get("access")
    known, text = _read, repr(section)
    if known is not None and known[0] == text:
        return known[1]
    found = Rules.read(section)
    _read = (text, found)
    return found


def refuse_to_start() -> None:
    """Raise SystemExit, with a sentence for the terminal, where sign-in is set up in a way that would let anybody in."""
    if secrets_unreadable():
        raise SystemExit(
            "The secrets file cannot be read, and it may set up sign-in: correct it (it is TOML)."
        )
    if "auth" not in secrets():
        return
    _sticky.set()
    try:
        rules()
    except AccessRulesError as error:
        raise SystemExit(str(error)) from None
    auth = secrets()["auth"]
    missing = [name for name in ("redirect_uri", "cookie_secret") if not str(auth.get(name, "")).strip()]
    if missing:
        raise SystemExit(f"The section [auth] of the secrets file has no {' and no '.join(missing)}.")
    if len(str(auth["cookie_secret"])) < 32:
        raise SystemExit(
            "cookie_secret in [auth] of the secrets file is too short: anyone who guesses it can sign in as any user. "
            'Make one with python -c "import secrets; print(secrets.token_hex(32))".'
        )
    if not is_authlib_installed():
        raise SystemExit('Sign-in needs Authlib: install the workbench again, or "streamlit[auth]".')
    if st.get_option("server.trustedUserHeaders"):
        raise SystemExit(
            "server.trustedUserHeaders and sign-in cannot both be used: a header would win over the sign-in."
        )


class Uploads:
    """Bounds on what browsers put into this process's memory.

    Streamlit bounds one file (`server.maxUploadSize`). A session may hold as much in all its files, and the process
    `UPLOAD_MEMORY` megabytes, by default four times as much.
    """

    def __init__(self, *, files: int = 2_000) -> None:
        self.files = files
        self._coming: dict[tuple[str, str], int] = {}

    def is_known(self, session: str) -> bool:
        """Return whether a tab of this process has that session."""
        return runtime.exists() and runtime.get_instance().is_active_session(session)

    def room(self, session: str, file: str) -> int:
        """Return how many bytes this file may have now; 0 where the session is unknown, or is full."""
        if not self.is_known(session):
            return 0
        held = dict(self._coming)
        storage: Mapping[str, Mapping[str, Any]] = getattr(
            runtime.get_instance().uploaded_file_mgr, "file_storage", {}
        )
        for owner, stored in list(storage.items()):
            held.update({(owner, name): len(one.data) for name, one in list(stored.items())})
        held.pop((session, file), None)
        mine = [size for (owner, _), size in held.items() if owner == session]
        if len(mine) >= self.files:
            return 0
        most = int(st.get_option("server.maxUploadSize")) * MEGABYTE
        whole = 4 * most
        with contextlib.suppress(KeyError, ValueError):
            whole = int(os.environ[UPLOAD_MEMORY]) * MEGABYTE
        return max(0, min(most - sum(mine), whole - sum(held.values())))

    def coming(self, session: str, file: str, size: int) -> None:
        """Count what is on its way into memory."""
        self._coming[session, file] = size

    def over(self, session: str, file: str) -> None:
        """Stop counting: Streamlit holds the file by now, or refused it."""
        self._coming.pop((session, file), None)


class Gate:
    """The middleware: who may ask for what, and how much may come in.

    Without sign-in it bounds uploads alone. A refusal is short text without a word about calls.
    """

    def __init__(self, app: ASGIApp, uploads: Uploads | None = None) -> None:
        self.app = app
        self.uploads = uploads or Uploads()
        self._strangers = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
            return
        path = _below_base(scope["path"])
        if not sign_in_required():
            await self._bounded(path, scope, receive, send)
            return
        person = person_of(HTTPConnection(scope))
        known = person is not None and person.may("look")
        if scope["type"] == "websocket":
            await self._stream(path, known, scope, receive, send)
            return
        if path is None or not (known or _is_open(path, scope["method"])):
            await _refused(401, "Sign in first.")(scope, receive, send)
            return
        if known and UPLOAD.fullmatch(path) and person is not None and not person.may("edit"):
            await _refused(403, "You may look, but not load files.")(scope, receive, send)
            return
        await self._bounded(path, scope, receive, _guarded(path, known, scope, send))

    async def _bounded(self, path: str | None, scope: Scope, receive: Receive, send: Send) -> None:
        """Uploads are counted as they stream; everything else goes on as it is."""
        found = UPLOAD.fullmatch(path or "") if scope["type"] == "http" else None
        if found is None or scope["method"] != "PUT":
            await self.app(scope, receive, send)
            return
        session, file = found[1], found[2]
        if not self.uploads.is_known(session):
            await _refused(
                403,
                "This tab is no longer connected to the workbench: reload the page, then choose the file again.",
            )(scope, receive, send)
            return
        room = self.uploads.room(session, file)
        announced = Headers(scope=scope).get("content-length", "")
        wanted = int(announced) if announced.isdigit() else 0
        if room <= 0 or wanted > room + FORM_BYTES:
            await _refused(
                413,
                "There is no room for this file: close other tabs of the workbench, or load fewer files at a time.",
            )(scope, receive, send)
            return
        came = 0

        async def counted() -> Message:
            nonlocal came
            message = await receive()
            came += len(message.get("body", b""))
            if came > wanted:  # its length was not announced: others may have taken the room meanwhile
                if came > self.uploads.room(session, file) + FORM_BYTES:
                    return {"type": "http.disconnect"}  # ends the reading; nothing of it is kept
                self.uploads.coming(session, file, came)
            return message

        self.uploads.coming(session, file, wanted)
        try:
            await self.app(scope, counted, send)
        except ClientDisconnect:
            if came <= wanted:
                raise
        finally:
            self.uploads.over(session, file)

    async def _stream(
        self, path: str | None, known: bool, scope: Scope, receive: Receive, send: Send
    ) -> None:
        """The stream is open to show the sign-in page; before signing in it takes small messages, of few at a time."""
        if path != STREAM or (not known and self._strangers >= STREAMS_BEFORE_SIGN_IN):
            await send({"type": "websocket.close", "code": 1008})
            return
        if known:
            await self.app(scope, receive, send)
            return

        async def small() -> Message:
            message = await receive()
            if len(message.get("bytes") or b"") > MOST_BEFORE_SIGN_IN:
                return {"type": "websocket.disconnect", "code": 1009}
            return message

        self._strangers += 1
        try:
            await self.app(scope, small, send)
        finally:
            self._strangers -= 1


def person_of(connection: HTTPConnection) -> Person | None:
    """Return who signed in, by Streamlit's cookie; None where there is none that this server signed."""
    secret = get_cookie_secret()
    if not secret or secrets_unreadable():
        return None

    def part(name: str) -> bytes | None:
        value = connection.cookies.get(name)
        return (
            None if value is None else decode_signed_value(secret, name, value.encode("latin-1", "replace"))
        )

    value = get_cookie_with_chunks(part, USER_COOKIE_NAME)
    try:
        claims = json.loads(value) if value else None
    except ValueError:
        return None
    if not isinstance(claims, dict) or claims.get("is_logged_in") is not True:
        return None
    if claims.get("origin") != get_origin_from_redirect_uri():
        return None
    return Person(claims, rules)


def _below_base(path: str) -> str | None:
    """The path without `server.baseUrlPath` and its slashes; None where it lies outside."""
    base = str(st.get_option("server.baseUrlPath") or "").strip("/")
    if not base:
        return path.removeprefix("/")
    if path == f"/{base}":
        return ""
    return path.removeprefix(f"/{base}/") if path.startswith(f"/{base}/") else None


def _is_open(path: str, method: str) -> bool:
    if path.startswith(OWN_TOKEN):
        return True
    if method not in ("GET", "HEAD"):
        return False
    return path.rstrip("/") in PAGES or path in OPEN or path.startswith(ASSETS) or _asset_of_page(path)


def _asset_of_page(path: str) -> bool:
    """A page's own address before the frontend's files, as browsers ask for them at a deep link."""
    page, _, rest = path.partition("/")
    return page in PAGES and (rest.startswith(ASSETS) or rest in OPEN)


def _refused(status: int, words: str) -> PlainTextResponse:
    return PlainTextResponse(words, status_code=status, headers={"Cache-Control": "no-store"})


def _guarded(path: str, known: bool, scope: Scope, send: Send) -> Send:
    """Keep the address that was asked for over the sign-in, and cookies and customers' words out of the wrong hands."""
    secure = (get_origin_from_redirect_uri() or "").startswith("https://")
    asked = HTTPConnection(scope).cookies.get(ASKED_FOR, "")

    async def guarded(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(raw=message["headers"])
            if known and not path.startswith(ASSETS):
                headers.setdefault("Cache-Control", "private, no-store")
            if path == "oauth2callback" and message["status"] == 302:
                signed_in = any(
                    one.startswith(f"{USER_COOKIE_NAME}=") for one in headers.getlist("set-cookie")
                )
                target = _own_page(asked)
                if signed_in and target and headers.get("location", "").startswith("/"):
                    headers["location"] = target
                headers.append("set-cookie", f"{ASKED_FOR}=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax")
            elif not known and scope["method"] == "GET" and path.rstrip("/") in PAGES:
                query = scope.get("query_string", b"").decode("latin-1")
                target = scope["path"] + (f"?{query}" if query else "")
                kept = (
                    quote(target, safe="") if _PAGE_ADDRESS.fullmatch(target) and len(target) < 1000 else ""
                )
                headers.append(
                    "set-cookie", f"{ASKED_FOR}={kept}; Path=/; Max-Age=900; HttpOnly; SameSite=Lax"
                )
            if secure:
                message["headers"] = [
                    (name, value + b"; Secure")
                    if name.lower() == b"set-cookie" and b"; secure" not in value.lower()
                    else (name, value)
                    for name, value in headers.raw
                ]
        await send(message)

    return guarded


def _own_page(kept: str) -> str:
    """Return the address that a cookie keeps, "" where it is not one of this site's own pages."""
    target = unquote(kept)
    path = _below_base(target.partition("?")[0])
    return (
        target if _PAGE_ADDRESS.fullmatch(target) and path is not None and path.rstrip("/") in PAGES else ""
    )
