"""The sandbox as a server: one Starlette app, run in three ways.

    with Sandbox() as sandbox: ...          a thread of its own, on a free port of this machine
    python -m reddy_lib.sandbox             a process of its own
    Mount("/sandbox", Sandbox().app)        a part of another app

The app is Reddy's API (`/api/v1/…`) and nothing else, behind a token. What it received, and its faults, are attributes
for the program that it runs in; only the process of its own has endpoints for them (`control.py`), behind a secret.
Endpoints are bare ASGI functions, because the sandbox has to keep up with a client that is being measured. Each request
is processed *before* the delay, so it counts even if the client stops waiting.
"""

from __future__ import annotations

import asyncio
import hmac
import secrets
import time
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple, Self

import msgspec
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from reddy_lib.arguments import product_dicts
from reddy_lib.sandbox.faults import Fault, Faults, faults_from
from reddy_lib.sandbox.memory import Arriving, Memory
from reddy_lib.sandbox.own_site import OwnSiteOnly
from reddy_lib.sandbox.rules import DEFAULT_PRODUCTS, Refusal, as_tags, read_create, read_tags
from reddy_lib.sandbox.running import Running

__all__ = ["Sandbox"]

UPLOAD_SECONDS = 3600.0
"""How long an upload address is valid; the vendor's guide says one hour."""
NOT_JSON = (
    b"<!doctype html><html><head><title>We will be back soon</title></head><body>Maintenance</body></html>"
)

JSON = b"application/json"


class _Answer(NamedTuple):
    status: int
    body: bytes
    content_type: bytes = JSON
    headers: tuple[tuple[bytes, bytes], ...] = ()


Handler = Callable[[Scope, Receive], Awaitable[_Answer | None]]


class Sandbox:
    """A local stand-in for Reddy: the same API, and nothing leaves this machine.

    It runs in a thread of this process, as a context manager or, in a notebook, from `start` to `stop`:

        with reddy.Sandbox() as sandbox:
            client = reddy.Client(sandbox.token, base_url=sandbox.url)
            reddy.submit(batch, client)
            sandbox.payloads

    What goes wrong can be chosen, as a dict with the fields of `reddy_lib.sandbox.Fault`:
    `sandbox.faults = [{"kind": "status", "status": 503, "every": 5}]`.

    `requests` counts what came, by endpoint; `most_at_once` is the most `call/create` requests under way together.

    Args:
        token: the bearer token that it accepts; None: a random one (`sandbox.token`).
        products: dicts with `id`, `name` and `status`; None: five made-up ones (`DEFAULT_PRODUCTS`).
        agents: email addresses of active users; None: every plausible address, but for those that begin with
            "inactive" or "unknown".
        latency: seconds that every answer of the API takes; may be changed while it runs.
        faults: what goes wrong, as `Fault`s or dicts; may be changed while it runs (`sandbox.faults`).
        record: a file that each received call is appended to, and that is read again at the start.
        port: 0 for a free one.
        upload_seconds: how long an upload address is valid.
        clock: seconds since the epoch, for tests.
        hosts: names under which it is reached, beside this machine's own and any IP address ("*": any name).
    """

    def __init__(
        self,
        *,
        token: str | None = None,
        products: Iterable[Any] | None = None,
        agents: Iterable[str] | None = None,
        latency: float = 0.0,
        faults: Iterable[Fault | Mapping[str, Any]] | None = None,
        record: Path | str | None = None,
        port: int = 0,
        upload_seconds: float = UPLOAD_SECONDS,
        clock: Callable[[], float] = time.time,
        hosts: Iterable[str] = (),
    ) -> None:
        self.token = token or secrets.token_urlsafe(24)
        self.products: list[dict[str, Any]] = [
            dict(product)
            for product in product_dicts(DEFAULT_PRODUCTS if products is None else products) or ()
        ]
        self.latency = latency
        self.faults = faults_from(faults)
        self.requests: dict[str, int] = {"create": 0, "add_tags": 0, "products": 0, "upload": 0}
        self.most_at_once = 0
        self._at_once = 0
        self._agents = None if agents is None else frozenset(agent.strip().lower() for agent in agents)
        self._product_ids = frozenset(product["id"] for product in self.products)
        self._authorization = f"Bearer {self.token}".encode()
        self._upload_seconds = upload_seconds
        self._clock = clock
        self._memory = Memory(None if record is None else Path(record))
        self._port = port
        self._running: Running | None = None
        self.app: ASGIApp = OwnSiteOnly(self._make_app(), hosts=hosts, addresses=True)

    def __repr__(self) -> str:
        where = self._running.url if self._running else "not running"
        return f"<Sandbox {where} · {len(self._memory.calls)} calls received>"

    @property
    def faults(self) -> Faults:
        """What goes wrong. Assigning a list of `Fault`s or dicts sets those and no others."""
        return self._faults

    @faults.setter
    def faults(self, faults: Faults | Iterable[Fault | Mapping[str, Any]] | None) -> None:
        self._faults = faults if isinstance(faults, Faults) else faults_from(faults)

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> Self:
        """Listen on this machine, in a thread of this process; `url` is ready when this returns.

        What `with` does, for notebooks, where a block does not span cells. Raises RuntimeError: it runs already.
        """
        if self._running is not None:
            raise RuntimeError("this sandbox is running already")
        self._memory.open()
        self._running = Running(self.app, self._port)
        return self

    def stop(self) -> None:
        """Stop listening. What was received stays in `received`."""
        if self._running is not None:
            self._running.stop()
            self._running = None
        self._memory.close()

    @property
    def url(self) -> str:
        """The base address for a client, while it runs."""
        if self._running is None:
            raise RuntimeError("the sandbox is not running: use it as `with Sandbox() as sandbox: …`")
        return self._running.url

    @property
    def received(self) -> list[dict[str, Any]]:
        """Every accepted call, in order: number, upload_id, conversation_id, agent_email, received_at, payload
        (as it came), audio (None where none was announced) and tags_added.
        """
        return self._memory.as_dicts()

    @property
    def calls_received(self) -> int:
        """How many calls it accepted; unlike `received`, without reading their payloads."""
        return len(self._memory.calls)

    @property
    def payloads(self) -> list[dict[str, Any]]:
        """The bodies of the accepted calls alone, in order."""
        return [call["payload"] for call in self.received]

    @property
    def audio(self) -> dict[int, bytes]:
        """upload_id → bytes of each recording that arrived since this process started."""
        return self._memory.recordings()

    def received_json(self, *, offset: int = 0, limit: int | None = None) -> bytes:
        """`received` as JSON, payloads as they came."""
        return self._memory.as_json(offset=offset, limit=limit)

    def forget(self) -> None:
        """Delete all calls and recordings, also from the record file."""
        self._memory.forget()

    def forget_conversations(self, ids: Collection[str]) -> int:
        """Delete the calls of these conversations, also from the record file; returns how many."""
        return self._memory.forget_conversations(ids)

    def follow_record(self) -> int:
        """Delete the calls that another process removed from the record file; returns how many."""
        return self._memory.follow_record()

    def reset(self) -> None:
        """Forget all calls, recordings, counts and faults."""
        self.most_at_once = 0
        self.forget()
        self.faults.clear()
        self.requests.update(dict.fromkeys(self.requests, 0))

    def _make_app(self) -> Starlette:
        def api(path: str, method: str, endpoint: str, handler: Handler, token: bool = True) -> Route:
            return Route(path, _Endpoint(self, endpoint, handler, token), methods=[method])

        return Starlette(
            routes=[
                api("/api/v1/call/create", "POST", "create", self._create),
                api("/api/v1/call/add_tags", "POST", "add_tags", self._add_tags),
                api("/api/v1/product/list", "GET", "products", self._list_products),
                api("/upload/{secret}", "PUT", "upload", self._upload, token=False),
            ],
            exception_handlers={HTTPException: http_error},
        )

    # The API ---------------------------------------------------------------------------------------------

    async def _create(self, scope: Scope, receive: Receive) -> _Answer | None:
        body = await _whole_body(receive)
        if body is None:
            return None
        _must_be_json(scope)
        read = read_create(body, products=self._product_ids, agents=self._agents)
        now = self._clock()
        call = self._memory.accept(
            body,
            conversation_id=read.conversation_id or f"sandbox-{secrets.token_hex(8)}",
            agent_email=read.agent_email.strip(),
            filename=read.filename,
            now=now,
        )
        answer: dict[str, Any] = {"upload_id": call.upload_id, "conversation_id": call.conversation_id}
        if read.filename:
            secret = self._memory.new_address(call, expires_at=now + self._upload_seconds)
            answer["upload_url"] = f"{_base_address(scope)}/upload/{secret}"
            answer["expires_in"] = int(self._upload_seconds)
        return _Answer(200, msgspec.json.encode(answer))

    async def _add_tags(self, scope: Scope, receive: Receive) -> _Answer | None:
        body = await _whole_body(receive)
        if body is None:
            return None
        _must_be_json(scope)
        read = read_tags(body, agents=self._agents)
        if not self._memory.add_tags(read.conversation_id, read.agent_email.strip(), as_tags(read)):
            raise Refusal(404, "conversation not found")
        return _Answer(200, b'{"success":true}')

    async def _list_products(self, scope: Scope, receive: Receive) -> _Answer:
        return _Answer(200, msgspec.json.encode(self.products))

    async def _upload(self, scope: Scope, receive: Receive) -> _Answer | None:
        expected = self._memory.expected(scope["path_params"]["secret"])
        if expected is None:
            raise Refusal(403, "invalid upload address")
        upload_id, expires_at = expected
        if self._clock() >= expires_at:
            raise Refusal(410, "upload address expired")
        if _header(scope, b"authorization") is not None:
            raise Refusal(400, "the upload address carries its own token: send no Authorization header")
        arriving = Arriving(self._memory.new_file(upload_id))
        whole = False
        try:
            async for part in _parts(receive):
                if part is None:
                    break
                arriving.write(part)
            else:
                whole = True
        finally:
            sha256 = arriving.close()
            if not whole:
                arriving.path.unlink(missing_ok=True)
        if not whole:
            return None
        kind = _header(scope, b"content-type")
        self._memory.store(
            upload_id,
            arriving.path,
            content_type=None if kind is None else kind.decode("latin-1"),
            size=arriving.size,
            sha256=sha256,
        )
        return _Answer(200, b"{}")

    def _knows(self, scope: Scope) -> bool:
        given = _header(scope, b"authorization") or b""
        scheme, _, token = given.partition(b" ")
        return scheme.lower() == b"bearer" and hmac.compare_digest(
            b"Bearer " + token.strip(), self._authorization
        )


class _Endpoint:
    """One endpoint of the API as an ASGI app: fault, token, rules, latency, answer, in this order."""

    def __init__(self, sandbox: Sandbox, name: str, handler: Handler, token: bool) -> None:
        self._sandbox = sandbox
        self._name = name
        self._handler = handler
        self._token = token

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self._name != "create":
            await self._serve(scope, receive, send)
            return
        sandbox = self._sandbox
        sandbox._at_once += 1
        sandbox.most_at_once = max(sandbox.most_at_once, sandbox._at_once)
        try:
            await self._serve(scope, receive, send)
        finally:
            sandbox._at_once -= 1

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        sandbox = self._sandbox
        sandbox.requests[self._name] += 1
        fault = sandbox.faults.strike(self._name)
        delay = sandbox.latency + (fault.seconds if fault else 0.0)
        if fault and fault.kind == "hang-up" and not fault.takes_effect:
            await _hang_up(receive, send, after=delay)
            return
        if fault and fault.kind == "half-body":
            await _read_some(receive, fault.bytes)
            await _hang_up(receive, send, after=delay)
            return
        answer: _Answer | None
        if fault and not fault.takes_effect:
            if await _whole_body(receive) is None:
                return
            answer = _Answer(200, b"{}")
        else:
            answer = await self._right_answer(scope, receive)
        if answer is None:
            return  # the client went away before its request was complete
        if delay > 0 and not await _waited(delay, receive):
            return
        if fault and fault.kind == "hang-up":
            await _hang_up(receive, send)
        elif fault and fault.kind == "half-answer":
            await _answer_half(answer, receive, send)
        else:
            await _answer(_instead(fault, answer), send)

    async def _right_answer(self, scope: Scope, receive: Receive) -> _Answer | None:
        try:
            if self._token and not self._sandbox._knows(scope):
                raise Refusal(401, "invalid token")
            return await self._handler(scope, receive)
        except Refusal as refusal:
            return _Answer(refusal.status, msgspec.json.encode({"error": refusal.words}))


def _instead(fault: Fault | None, answer: _Answer) -> _Answer:
    if fault is None or fault.kind == "slow":
        return answer
    if fault.kind == "upload-url":
        return _elsewhere(answer, fault.url)
    if fault.kind == "not-json":
        return _Answer(200, NOT_JSON, b"text/html; charset=utf-8")
    headers: tuple[tuple[bytes, bytes], ...] = ()
    if fault.retry_after is not None:
        headers = ((b"retry-after", f"{fault.retry_after:g}".encode()),)
    if 300 <= fault.status < 400:
        headers = (*headers, (b"location", b"/elsewhere"))
    usual = "too many requests" if fault.status == 429 else f"fault {fault.status} on request"
    words = fault.words or usual
    return _Answer(fault.status, msgspec.json.encode({"error": words}), headers=headers)


def _elsewhere(answer: _Answer, url: str | None) -> _Answer:
    """An accepted call's answer with another address for its recording; any other answer as it is."""
    content = msgspec.json.decode(answer.body)
    right = content.pop("upload_url", None) if isinstance(content, dict) else None
    if right is None:
        return answer
    if url is None:
        del content["expires_in"]
    else:
        content["upload_url"] = url.replace("{path}", "/" + right.split("/", 3)[3])
    return answer._replace(body=msgspec.json.encode(content))


async def _read_some(receive: Receive, count: int) -> None:
    """Read about so many bytes of a body, or all of it where it is shorter."""
    read = 0
    async for part in _parts(receive):
        if part is None:
            return
        read += len(part)
        if read >= count:
            return


async def _answer(answer: _Answer, send: Send) -> None:
    await send(_head(answer))
    await send({"type": "http.response.body", "body": answer.body})


async def _answer_half(answer: _Answer, receive: Receive, send: Send) -> None:
    await send(_head(answer))
    await send(
        {"type": "http.response.body", "body": answer.body[: len(answer.body) // 2], "more_body": True}
    )
    transport = _transport(receive)
    if transport is not None:
        transport.close()  # what was written goes out first
        await _until_gone(receive)


async def _hang_up(receive: Receive, send: Send, *, after: float = 0.0) -> None:
    """Cut the TCP connection without a byte of answer.

    ASGI has no word for this, so it is done on the server's transport. Where something around the app hides that,
    an answer is begun and never finished, which makes every server close the connection too.
    """
    if after > 0 and not await _waited(after, receive):
        return
    transport = _transport(receive)
    if transport is None:
        await send(_head(_Answer(200, b" ")))
        return
    transport.abort()
    await _until_gone(receive)


def _transport(receive: Receive) -> asyncio.Transport | None:
    return getattr(getattr(receive, "__self__", None), "transport", None)


async def _waited(seconds: float, receive: Receive) -> bool:
    """Wait; False, at once, where the client (or the whole server) goes away meanwhile."""
    try:
        async with asyncio.timeout(seconds):
            await _until_gone(receive)
    except TimeoutError:
        return True
    return False


async def _until_gone(receive: Receive) -> None:
    """Wait until the server knows that the connection is closed: it would complain about a missing answer."""
    while (await receive())["type"] != "http.disconnect":
        pass


def _head(answer: _Answer) -> Message:
    return {
        "type": "http.response.start",
        "status": answer.status,
        "headers": [
            (b"content-type", answer.content_type),
            (b"content-length", b"%d" % len(answer.body)),
            *answer.headers,
        ],
    }


async def _parts(receive: Receive) -> Any:
    """The parts of a body as they come; a last None where the client went away before its end."""
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            yield None
            return
        yield message.get("body", b"")
        if not message.get("more_body", False):
            return


async def _whole_body(receive: Receive) -> bytes | None:
    message = await receive()
    if message["type"] == "http.disconnect":
        return None
    body: bytes = message.get("body", b"")
    if not message.get("more_body", False):
        return body
    parts = [body]
    async for part in _parts(receive):
        if part is None:
            return None
        parts.append(part)
    return b"".join(parts)


def _header(scope: Scope, name: bytes) -> bytes | None:
    for key, value in scope["headers"]:
        if key == name:
            return bytes(value)
    return None


def _must_be_json(scope: Scope) -> None:
    kind = (_header(scope, b"content-type") or b"").partition(b";")[0].strip().lower()
    if kind != JSON:
        raise Refusal(400, "invalid parameters: Content-Type must be application/json")


def _base_address(scope: Scope) -> str:
    """The address under which this request reached the sandbox, with the path that it is mounted at."""
    host = _header(scope, b"host")
    if host is None:
        name, port = scope.get("server") or ("127.0.0.1", None)
        host = f"{name}:{port}".encode() if port else name.encode()
    return f"{scope['scheme']}://{host.decode('latin-1')}{scope.get('root_path', '').rstrip('/')}"


async def http_error(request: Request, error: Exception) -> Response:
    """Unknown paths and methods, with an error body like Reddy's."""
    assert isinstance(error, HTTPException)
    return JSONResponse({"error": error.detail.lower()}, error.status_code)
