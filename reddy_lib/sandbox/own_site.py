"""A guard for servers that browsers can reach: requests under the server's own name, and from its own pages.

Any page of the web can make a browser send requests to this machine. Two of its ways are closed here. A name of its
own that suddenly leads to this machine (DNS rebinding) is told by `Host`. A request from another site is told by
`Origin`, which browsers send with every request that may change something.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterable
from urllib.parse import urlsplit

from starlette.types import ASGIApp, Receive, Scope, Send

__all__ = ["THIS_MACHINE", "OwnSiteOnly", "host_name"]

THIS_MACHINE = ("localhost", "127.0.0.1", "::1")
"""Names that no other site can have: always right."""


class OwnSiteOnly:
    """Answer only requests for one of the server's names (else 421) that come from its own pages (else 403).

    Args:
        app: the ASGI app behind the guard.
        hosts: the server's names beside `THIS_MACHINE`, or a function that returns them; "*.example.com" stands for
            every name below, "*" for any.
        addresses: whether any IP address will do for a name. Another site cannot have one, so nothing is lost.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        hosts: Iterable[str] | Callable[[], Iterable[str]] = (),
        addresses: bool = False,
    ) -> None:
        self._app = app
        self._hosts = hosts if callable(hosts) else tuple(hosts)
        self._addresses = addresses

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        status = self._refused(scope)
        if not status:
            await self._app(scope, receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})  # before it is accepted: the answer is 403
        else:
            words = (
                b"This server has another name." if status == 421 else b"Another site may not ask for this."
            )
            headers = [(b"content-type", b"text/plain"), (b"content-length", b"%d" % len(words))]
            await send({"type": "http.response.start", "status": status, "headers": headers})
            await send({"type": "http.response.body", "body": words})

    def _refused(self, scope: Scope) -> int:
        hosts = [value.decode("latin-1") for name, value in scope["headers"] if name == b"host"]
        if len(hosts) != 1 or not self._is_own(host_name(hosts[0])):
            return 421
        for name, value in scope["headers"]:
            if name == b"origin" and not self._is_own_origin(value.decode("latin-1"), hosts[0]):
                return 403
        return 0

    def _is_own(self, name: str) -> bool:
        if not name:
            return False
        known = name in THIS_MACHINE or (self._addresses and _is_address(name))
        return known or any(_stands_for(pattern, name) for pattern in self._names())

    def _is_own_origin(self, origin: str, host: str) -> bool:
        """The origin of a request is the host that it went to, or, behind a proxy that passes on another host, one of
        the names that were given. This machine's names do not count there: other programs have pages here too."""
        try:
            place = urlsplit(origin).netloc.lower()
        except ValueError:
            return False
        if place == host.lower():
            return True
        name = host_name(place)
        return (
            name != ""
            and name not in THIS_MACHINE
            and any(pattern.strip() != "*" and _stands_for(pattern, name) for pattern in self._names())
        )

    def _names(self) -> Iterable[str]:
        return self._hosts() if callable(self._hosts) else self._hosts


def host_name(host: str) -> str:
    """The name in a `Host` header, lower-case, without port, brackets and final dot; "" where there is none."""
    try:
        parts = urlsplit(f"//{host}")
        name, _ = parts.hostname or "", parts.port
    except ValueError:
        return ""
    if (
        parts.path
        or parts.query
        or parts.fragment
        or "@" in host
        or not host.isascii()
        or not host.isprintable()
    ):
        return ""
    return name.rstrip(".")


def _stands_for(pattern: str, name: str) -> bool:
    pattern = pattern.strip().lower().rstrip(".").strip("[]")
    return pattern in ("*", name) or (pattern.startswith("*.") and name.endswith(pattern[1:]))


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
