"""The sandbox's own endpoints, for a sandbox that runs as a process of its own: what it received, and its faults.

    GET /received    DELETE /received    GET|POST|DELETE /faults    POST /reset

A call's words are in the answers, so all of them need the secret that the process prints at its start: in the header
`X-Sandbox-Secret`, or, to look in a browser, once as `/?secret=…`, which becomes a cookie. The cookie only reads.
What changes something needs the header, which no page of another site can send.
"""

from __future__ import annotations

import hmac
from collections.abc import Awaitable, Callable, Iterable
from typing import Any

import msgspec
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Mount, Route
from starlette.types import ASGIApp

from reddy_lib.sandbox.faults import Fault
from reddy_lib.sandbox.own_site import OwnSiteOnly
from reddy_lib.sandbox.server import Sandbox, http_error

__all__ = ["SECRET_HEADER", "with_control"]

SECRET_HEADER = "x-sandbox-secret"
_COOKIE = "reddy-sandbox"


def with_control(sandbox: Sandbox, secret: str, *, hosts: Iterable[str] = ()) -> ASGIApp:
    """The sandbox's API with its own endpoints beside it. `hosts` as for `Sandbox`."""
    control = _Control(sandbox, secret)
    routes = [
        Route("/received", control.only_with_secret(control.received), methods=["GET", "DELETE"]),
        Route("/faults", control.only_with_secret(control.faults), methods=["GET", "POST", "DELETE"]),
        Route("/reset", control.only_with_secret(control.reset), methods=["POST"]),
        Route("/", control.only_with_secret(control.about), methods=["GET"]),
        Mount("/", app=sandbox.app),
    ]
    app = Starlette(routes=routes, exception_handlers={HTTPException: http_error})
    return OwnSiteOnly(app, hosts=hosts, addresses=True)


_Handler = Callable[[Request], Awaitable[Response]]


class _Control:
    def __init__(self, sandbox: Sandbox, secret: str) -> None:
        self._sandbox = sandbox
        self._secret = secret.encode()

    def only_with_secret(self, handler: _Handler) -> _Handler:
        async def guarded(request: Request) -> Response:
            reads = request.method in ("GET", "HEAD")
            if self._is_secret(request.headers.get(SECRET_HEADER)):
                return await handler(request)
            if reads and self._is_secret(request.query_params.get("secret")):
                answer = RedirectResponse(request.url.path, status_code=303)
                answer.set_cookie(_COOKIE, request.query_params["secret"], httponly=True, samesite="strict")
                return answer
            if reads and self._is_secret(request.cookies.get(_COOKIE)):
                return await handler(request)
            return _json({"error": "this needs the secret that the sandbox printed when it started"}, 401)

        return guarded

    def _is_secret(self, given: str | None) -> bool:
        return given is not None and hmac.compare_digest(given.encode(), self._secret)

    async def about(self, request: Request) -> Response:
        return _json(
            {
                "what": "Reddy sandbox: a local stand-in, nothing leaves this machine",
                "received": self._sandbox.calls_received,
                "see": ["GET /received", "DELETE /received", "GET|POST|DELETE /faults", "POST /reset"],
            }
        )

    async def received(self, request: Request) -> Response:
        sandbox = self._sandbox
        if request.method == "DELETE":
            sandbox.forget()
            return _json({"success": True})
        try:
            offset = int(request.query_params.get("offset", 0))
            limit = request.query_params.get("limit")
            body = sandbox.received_json(offset=max(0, offset), limit=None if limit is None else int(limit))
        except ValueError:
            return _json({"error": "offset and limit must be whole numbers"}, 400)
        counts = {
            f"x-requests-{name.replace('_', '-')}": str(count) for name, count in sandbox.requests.items()
        }
        counts["x-most-at-once"] = str(sandbox.most_at_once)
        counts["x-requests"] = str(sum(sandbox.requests.values()))
        return Response(body, media_type="application/json", headers=counts)

    async def faults(self, request: Request) -> Response:
        faults = self._sandbox.faults
        if request.method == "DELETE":
            faults.clear()
        elif request.method == "POST":
            try:
                given = msgspec.json.decode(await request.body(), type=Fault | list[Fault])
            except (msgspec.DecodeError, UnicodeDecodeError) as error:
                return _json({"error": str(error)}, 400)
            faults.add(*(given if isinstance(given, list) else [given]))
        return _json(faults.current())

    async def reset(self, request: Request) -> Response:
        self._sandbox.reset()
        return _json({"success": True})


def _json(content: Any, status: int = 200) -> Response:
    return Response(msgspec.json.encode(content), status, media_type="application/json")
