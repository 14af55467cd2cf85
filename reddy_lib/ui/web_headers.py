"""What every answer of the app's server is wrapped in: only under its own names, only from its own pages, and with
headers that keep a browser from framing it, guessing types, or asking anybody else for anything."""

from __future__ import annotations

import base64
import hashlib
import re
from pathlib import Path

import streamlit as st
from starlette.datastructures import MutableHeaders
from starlette.middleware import Middleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from reddy_lib.sandbox.own_site import OwnSiteOnly

__all__ = ["below_base", "content_policy", "own_names", "web_middleware"]

_INDEX = Path(st.__file__).parent / "static" / "index.html"


def web_middleware() -> list[Middleware]:
    """For `st.App(middleware=…)`, before all others."""
    headers = {
        "content-security-policy": content_policy(_INDEX),
        "x-frame-options": "DENY",
        "x-content-type-options": "nosniff",
        # Not "no-referrer": with that, browsers hide the origin of the app's own requests, too.
        "referrer-policy": "same-origin",
        "cross-origin-resource-policy": "same-origin",
    }
    return [Middleware(_Headers, headers=headers), Middleware(OwnSiteOnly, hosts=own_names)]


def own_names() -> list[str]:
    """The names under which people and workers reach this server: `server.allowedHosts`, and where it listens."""
    return [*st.get_option("server.allowedHosts"), *filter(None, [st.get_option("server.address")])]


def below_base(path: str) -> str:
    """A path of the server below `server.baseUrlPath`."""
    base = str(st.get_option("server.baseUrlPath") or "").strip("/")
    return f"/{base}{path}" if base else path


def content_policy(index: Path) -> str:
    """The policy under which all of Streamlit works. `blob:` is for inline components; the hashes are those of the
    scripts inside Streamlit's own page, which change with its releases."""
    scripts = re.findall(r"<script>(.*?)</script>", index.read_text(encoding="utf-8"), re.DOTALL)
    hashes = " ".join(f"'sha256-{_hash(script)}'" for script in scripts)
    return "; ".join(
        [
            "default-src 'self'",
            f"script-src 'self' 'wasm-unsafe-eval' blob: {hashes}".strip(),
            "style-src 'self' 'unsafe-inline'",
            "img-src 'self' data: blob:",
            "font-src 'self' data:",
            "media-src 'self' blob:",
            "connect-src 'self'",
            "worker-src 'self' blob:",
            "frame-ancestors 'none'",
            "object-src 'none'",
            "base-uri 'self'",
            "form-action 'self'",
        ]
    )


def _hash(script: str) -> str:
    return base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()


class _Headers:
    def __init__(self, app: ASGIApp, *, headers: dict[str, str]) -> None:
        self._app = app
        self._headers = headers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in self._headers.items():
                    headers.setdefault(name, value)
            await send(message)

        await self._app(scope, receive, with_headers if scope["type"] == "http" else send)
