"""The client: four methods, each one HTTP request, none ever repeated by itself.

A request that fails leaves a call in one of three states, and the type of the error says in which:
`NeverSent` (no connection was made), `Refused` or `Unavailable` (Reddy said no), `Doubtful` (the request went
out and no clear answer came back: it may have been processed). The last one is why nothing is retried here,
why redirects are not followed, and why a pooled connection that turns out to be dead is doubt, not a reason
to dial again. Idle connections are dropped after two seconds, which makes that last case rare.

Secrets: requests are built without the HTTP library's client defaults, so the token goes to Reddy's address
and nowhere else (not to `upload_url`), and no cookie is ever sent. Errors are raised after the library's own
exceptions are let go, because those carry the request, with its address and headers.
"""

from __future__ import annotations

import contextlib
import ipaddress
import logging
import math
import os
import re
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextvars import ContextVar
from pathlib import Path
from typing import IO, Any, Self

import httpx2 as httpx
import msgspec

from reddy_lib.api.answers import (
    MAY_REPEAT,
    Answer,
    Product,
    Receipt,
    error_for,
    products_of,
    receipt_of,
    recording_error,
    success_of,
)
from reddy_lib.errors import APIError, Doubtful, NeverSent, Refused, Unauthorized, Withheld
from reddy_lib.model import Call, Tag, content_type_of, payload_json
from reddy_lib.open_databases import refuse_open

__all__ = ["DEFAULT_BASE_URL", "Client", "only_while"]

DEFAULT_BASE_URL = "https://app.reddy.io"

CREATE, ADD_TAGS, PRODUCT_LIST = "/api/v1/call/create", "/api/v1/call/add_tags", "/api/v1/product/list"

MOST_CONNECTIONS = 256
"""More than anybody should have in flight, so that a thread never waits for another one's connection."""
IDLE_SECONDS = 2.0
"""Shorter than the idle limit of common servers (5 s and more): they should not hang up on us first."""
CONNECT_SECONDS = 10.0
LARGEST_ANSWER = 16 * 1024 * 1024
"""An answer longer than this is not Reddy's; reading on would only fill the memory."""
CHUNK = 64 * 1024
SERVER_STORES = 10_000_000
"""Bytes a second that a server is given to put a recording away, beside the usual time for an answer."""
USER_AGENT = "reddy-workbench"
RECORDING, PRODUCTS = "The recording", "The list of products"

_LOGGERS_THAT_PRINT_ADDRESSES = (
    "httpx2",
    "httpcore2.connection",
    "httpcore2.http11",
    "httpcore2.http2",
    "httpcore2.proxy",
    "httpcore2.socks",
)

_BEFORE_SENDING = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.ProxyError,
    httpx.UnsupportedProtocol,
    httpx.LocalProtocolError,
)


class Client:
    """Reddy, or what stands in for it, at `base_url`. One method call is exactly one HTTP request.

    May be shared by any number of threads. Close it, or use it as a context manager.

    Args:
        token: the bearer token; surrounding blanks are dropped.
        base_url: where Reddy is; a path in it is kept, so that a sandbox may live below another app.
        timeout: seconds without any progress after which a request is given up; also the longest time that
            the body of an answer may take as a whole.
        headers: further headers for every request to `base_url` (never sent with a recording).
        transport: an `httpx2` transport in place of the network, for tests.

    Raises:
        NeverSent: `base_url` or a header cannot be used.
        Unauthorized: there is no token, or it contains characters that no token has.
    """

    def __init__(
        self,
        token: str,
        *,
        base_url: str = DEFAULT_BASE_URL,
        timeout: float = 30.0,
        headers: Mapping[str, str] | None = None,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self._token = _usable_token(token)
        self.base_url = _usable_address(base_url)
        if not (timeout > 0 and math.isfinite(timeout)):
            raise ValueError("timeout must be a number of seconds above zero")
        self.timeout = float(timeout)
        self._headers = {
            **_usable_headers(headers or {}),
            "accept": "application/json",
            "authorization": f"Bearer {self._token}",
            "user-agent": USER_AGENT,
        }
        self._headers_with_body = {**self._headers, "content-type": "application/json"}
        # Taken apart once: the HTTP library would do it anew for every request, which costs a fifth of it.
        self._addresses = {path: httpx.URL(self.base_url + path) for path in (CREATE, ADD_TAGS, PRODUCT_LIST)}
        self._heads = [httpx.Headers(self._headers), httpx.Headers(self._headers_with_body)]
        self._closed = False
        _silence_loggers()
        self._http = httpx.Client(
            timeout=httpx.Timeout(self.timeout, connect=min(self.timeout, CONNECT_SECONDS)),
            limits=httpx.Limits(
                max_connections=MOST_CONNECTIONS,
                max_keepalive_connections=MOST_CONNECTIONS,
                keepalive_expiry=IDLE_SECONDS,
            ),
            follow_redirects=False,
            # A company's proxy must not be asked for a sandbox on this very machine.
            trust_env=not _is_this_machine(self.base_url),
            transport=transport,
        )

    def __repr__(self) -> str:
        return f"<Client {self.base_url}{' · closed' if self._closed else ''}>"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of all connections. Requests after this raise `NeverSent`."""
        self._closed = True
        self._http.close()

    def create_call(self, call: Call) -> Receipt:
        """Send one call; the body is `model.payload_json(call)`, byte for byte.

        Raises:
            NeverSent, Refused (and its kinds), Unavailable, Doubtful.
        """
        answer = self._ask("POST", CREATE, "The call", payload_json(call))
        return receipt_of(
            success_of(answer, "The call"),
            now=time.time(),
            filename=call.filename,
            request_id=answer.request_id,
        )

    def add_tags(self, conversation_id: str, agent_email: str, tags: Iterable[Tag]) -> None:
        """Add tags to a call that Reddy has, found by conversation and agent together.

        Raises:
            NeverSent, Refused (and its kinds), Unavailable, Doubtful. `server_message` tells "conversation
            not found" from "invalid agent".
        """
        body = msgspec.json.encode(
            {"conversation_id": conversation_id, "agent_email": agent_email, "tags": list(tags)}
        )
        success_of(self._ask("POST", ADD_TAGS, "The tags", body), "The tags")

    def list_products(self) -> list[Product]:
        """The products of this account, each with its scorecard; also the cheapest test of a connection.

        Raises:
            NeverSent, Refused (and its kinds), Unavailable, Doubtful.
        """
        return products_of(self._ask("GET", PRODUCT_LIST, PRODUCTS), "The list")

    def upload_audio(
        self,
        receipt: Receipt,
        audio: str | os.PathLike[str] | bytes | IO[bytes],
        *,
        content_type: str | None = None,
    ) -> None:
        """Send a recording to the address that came with the receipt: a path, bytes, or an open binary file.

        Files are streamed. The content type, if none is given, follows the file's name, `audio/mp4` where that says
        nothing.
        May be repeated until the address expires (an open file must then be wound back by the caller).

        Raises:
            Refused: the receipt has no upload address, it has expired, or the server said no.
            NeverSent: the file cannot be opened, or no connection was made.
            Doubtful: the recording may or may not have arrived.
        """
        if not receipt.upload_url:
            raise Refused(
                "Reddy gave no address for this recording. It gives one only for a call that was sent with "
                "a file name."
            )
        if receipt.expires_at is not None and time.time() >= receipt.expires_at:
            raise Refused(_EXPIRED)
        if receipt.upload_url.startswith("http://") and self.base_url.startswith("https://"):
            raise Refused(
                "The address for the recording is not encrypted (http instead of https): nothing was sent."
            )
        if isinstance(audio, bytes):
            self._put(receipt, audio, len(audio), receipt.filename, content_type)
        elif isinstance(audio, str | os.PathLike):
            path = Path(audio)
            refuse_open(path, NeverSent)
            file: IO[bytes] | None = None
            try:
                file = path.open("rb")
            except OSError as error:
                reason = error.strerror or type(error).__name__
            if file is None:
                raise NeverSent(f"The recording {path.name} cannot be opened ({reason}): nothing was sent.")
            with file:
                self._put(receipt, file, _bytes_left(file), path.name, content_type)
        else:
            name = getattr(audio, "name", None)
            named = name if isinstance(name, str) else receipt.filename
            self._put(receipt, audio, _bytes_left(audio), named, content_type)

    def _put(
        self,
        receipt: Receipt,
        audio: bytes | IO[bytes],
        size: int | None,
        filename: str | None,
        content_type: str | None,
    ) -> None:
        if size == 0:
            raise NeverSent("The recording is empty: nothing was sent.")
        headers = {
            "content-type": content_type or content_type_of(filename or receipt.filename),
            "user-agent": USER_AGENT,
        }
        if size is not None:
            headers["content-length"] = str(size)
        answer = self._exchange(
            # Built inside the call: no traceback that prints variables shows the address.
            lambda: httpx.Request(
                "PUT",
                receipt.upload_url or "",
                headers=headers,
                content=audio if isinstance(audio, bytes) else _chunks(audio, size),
                extensions={"timeout": self._timeout_for(size).as_dict()},
            ),
            RECORDING,
        )
        answer = _without(answer, _pieces(receipt.upload_url or ""))
        error = recording_error(answer, RECORDING, now=time.time())
        if error is not None:
            raise error

    def _timeout_for(self, size: int | None) -> httpx.Timeout:
        """A server that has a gigabyte puts it away before it answers: given up too early, it is all sent again."""
        patience = self.timeout + (size or 0) / SERVER_STORES
        return httpx.Timeout(self.timeout, connect=min(self.timeout, CONNECT_SECONDS), read=patience)

    def _ask(self, method: str, path: str, what: str, body: bytes | None = None) -> Answer:
        """One request to Reddy with the token; returns 2xx answers, raises for all others."""
        answer = self._exchange(
            lambda: httpx.Request(
                method,
                self._addresses[path],
                headers=self._heads[body is not None],
                content=body,
            ),
            what,
        )
        if answer.status >= 300 or b"upload_url" not in answer.body:
            answer = _without(answer, (self._token,))
        if 200 <= answer.status < 300:
            return answer
        raise error_for(answer, what, now=time.time())

    def _exchange(self, build: Callable[[], httpx.Request], what: str) -> Answer:
        """Send one request and read its whole answer, or raise what its failure means."""
        progress = _Progress(_MAY_SEND.get())
        failure: APIError
        try:
            return self._round_trip(build, progress)
        except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError, OSError, _AnswerTooLong) as error:
            failure = _failure(error, what, sent=progress.sent, base_url=self.base_url)
        except _HeldBack:
            failure = Withheld(
                f"{what} was not sent: this program had been silent for too long, and may have been taken for dead."
            )
        except RuntimeError:
            if not self._closed:
                raise
            if progress.sent:
                failure = Doubtful(f"{what} was sent, but the client was closed before the answer came.")
            else:
                failure = NeverSent(f"{what} was not sent: this client was closed. Make a new one.")
        # Outside of the handler: as a context, the library's exception would bring the request along.
        raise failure

    def _round_trip(self, build: Callable[[], httpx.Request], progress: _Progress) -> Answer:
        """Its frame holds the request, and so the address; it is gone before any error of ours is raised."""
        request = build()
        request.extensions["trace"] = progress
        response = self._http.send(request, stream=True)
        try:
            body = _whole_body(response, seconds=self.timeout)
        finally:
            response.close()
        headers = {name.lower(): value for name, value in response.headers.items()}
        return Answer(response.status_code, headers, body)


_MAY_SEND: ContextVar[Callable[[], bool] | None] = ContextVar("may_send", default=None)


@contextlib.contextmanager
def only_while(may_send: Callable[[], bool]) -> Iterator[None]:
    """Requests of this thread leave only if `may_send` says so, asked right before the first byte of each; what is
    held back raises `Withheld`."""
    token = _MAY_SEND.set(may_send)
    try:
        yield
    finally:
        _MAY_SEND.reset(token)


class _Progress:
    """Listens to the transport: did any byte of this request's head leave?

    The class of an exception alone does not always tell: a `LocalProtocolError` may come before the first
    byte (a header that cannot be written) or in the middle of a body.
    """

    def __init__(self, may_send: Callable[[], bool] | None) -> None:
        self.sent = False
        self._asking_proxy = False
        self._may_send = may_send

    def __call__(self, event: str, info: dict[str, Any]) -> None:
        if event.endswith("send_request_headers.started"):
            # A company's proxy is first asked for a tunnel: that is not the request yet.
            self._asking_proxy = info["request"].method == b"CONNECT"
            if not self._asking_proxy and self._may_send is not None and not self._may_send():
                raise _HeldBack
        elif event.endswith("send_request_headers.complete") and not self._asking_proxy:
            self.sent = True


class _HeldBack(Exception):
    """Out of `_Progress`, through the transport, which drops the connection unused."""


class _AnswerTooLong(Exception):
    """An answer that does not end: too many bytes, or too long on the way."""


def _failure(error: Exception, what: str, *, sent: bool, base_url: str) -> APIError:
    """What an exception of the transport means. Takes over nothing of its text: that may hold an address."""
    if isinstance(error, httpx.InvalidURL):
        return NeverSent(f"{what} was not sent: the address cannot be used.")
    if isinstance(error, _BEFORE_SENDING) and not sent:
        reason = _why_no_connection(error)
        if what == RECORDING:
            return NeverSent(f"{what} was not sent: {reason}. Check the connection. {MAY_REPEAT}")
        return NeverSent(
            f"{what} could not be had: {reason}. Check the connection to {base_url}, then ask for it again."
            if what == PRODUCTS
            else f"{what} was not sent: {reason}. Check the connection to {base_url}, then send it again."
        )
    if isinstance(error, httpx.TimeoutException):
        reason = "no answer came in time"
    elif isinstance(error, httpx.DecodingError):
        reason = "the answer could not be decompressed"
    elif isinstance(error, _AnswerTooLong):
        reason = "the answer did not end"
    elif isinstance(error, httpx.RemoteProtocolError):
        reason = "the connection was closed before the answer was complete, or the answer was not HTTP"
    elif isinstance(error, httpx.TransportError):
        reason = "the connection broke while the request was on its way"
    elif isinstance(error, OSError) and what == RECORDING:
        reason = "the file could not be read to its end"
    else:
        reason = "the exchange broke off"
    if what == RECORDING:
        return Doubtful(f"{what} was sent, but {reason}: it may or may not have arrived. {MAY_REPEAT}")
    return Doubtful(
        f"{what} was sent, but {reason}: it may have been processed. Check before sending it again."
    )


def _why_no_connection(error: Exception) -> str:
    text = str(error).lower()
    if isinstance(error, httpx.LocalProtocolError):
        return "the request could not be written as HTTP"
    if isinstance(error, httpx.PoolTimeout):
        return "too many requests were under way at once"
    if isinstance(error, httpx.ProxyError):
        return "the proxy of this network refused the connection"
    if isinstance(error, httpx.UnsupportedProtocol):
        return "the address must start with https:// or http://"
    if isinstance(error, httpx.ConnectTimeout):
        return "the server did not answer the attempt to connect"
    if "certificate" in text:
        return "the server's certificate is not one that this machine trusts"
    if "ssl" in text or "tls" in text:
        return "no encrypted connection could be made"
    if any(
        word in text
        for word in ("getaddrinfo", "name or service", "nodename", "name resolution", "no address")
    ):
        return "the server's name was not found"
    if "refused" in text:
        return "nothing answers at this address"
    return "no connection could be made"


def _whole_body(response: httpx.Response, *, seconds: float) -> bytes:
    """The decompressed body. The transport's timeout is per read, which a server that trickles never hits."""
    deadline = time.monotonic() + seconds
    parts, size = [], 0
    for part in response.iter_bytes():
        parts.append(part)
        size += len(part)
        if size > LARGEST_ANSWER or time.monotonic() > deadline:
            raise _AnswerTooLong
    return b"".join(parts)


def _without(answer: Answer, secrets: Iterable[str]) -> Answer:
    """The answer with secrets struck out: some servers repeat the request in their errors."""
    body = answer.body
    for secret in secrets:
        body = body.replace(secret.encode(), "…".encode())
    return answer if body is answer.body else msgspec.structs.replace(answer, body=body)


def _pieces(address: str) -> list[str]:
    """What of an address is secret: it as a whole, and every longer part behind the server's name."""
    _, _, behind = address.partition("://")
    parts = re.split(r"[/?&=;,]", behind)[1:]
    return [address, *sorted((part for part in parts if len(part) >= 8), key=len, reverse=True)]


def _chunks(file: IO[bytes], size: int | None) -> Iterator[bytes]:
    """At most `size` bytes, the number that was announced, also where the file grows meanwhile."""
    left = math.inf if size is None else size
    while left > 0 and (chunk := file.read(CHUNK if left > CHUNK else int(left))):
        left -= len(chunk)
        yield chunk


def _bytes_left(file: IO[bytes]) -> int | None:
    """Bytes from the file's position to its end; None for a stream that cannot tell."""
    try:
        here = file.tell()
        end = file.seek(0, os.SEEK_END)
        file.seek(here)
    except (OSError, ValueError, AttributeError):
        return None
    return max(0, end - here)


def _usable_token(token: str) -> str:
    token = token.strip()
    if not token:
        raise Unauthorized("There is no token. Enter the API token of your Reddy account.")
    if not re.fullmatch(r"[\x21-\x7e]+", token):
        raise Unauthorized("The token contains blanks or characters that no token has. Copy it again, whole.")
    return token


def _usable_address(base_url: str) -> str:
    address = base_url.strip().rstrip("/")
    url: httpx.URL | None = None
    with contextlib.suppress(httpx.InvalidURL):
        url = httpx.URL(address)
    if url is None or url.scheme not in ("http", "https") or not url.host:
        raise NeverSent("The address of Reddy cannot be used: it must look like https://app.reddy.io.")
    if url.userinfo or url.query or url.fragment:
        # A name and password in the address would replace the token, and would be shown with the address.
        raise NeverSent("The address of Reddy must be without a user name, a password, “?” and “#”.")
    return address


def _usable_headers(headers: Mapping[str, str]) -> dict[str, str]:
    usable = {}
    for name, value in headers.items():
        if not re.fullmatch(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+", name) or not re.fullmatch(
            r"[\x20-\x7e\t]*", value
        ):
            raise NeverSent(
                f"The extra header “{name[:50]}” cannot be sent: a name or value like this is not allowed."
            )
        if name.lower() in ("authorization", "content-type", "content-length", "host", "transfer-encoding"):
            raise NeverSent(f"The extra header “{name}” is set by the client itself: leave it out.")
        usable[name.lower()] = value.strip()
    return usable


def _is_this_machine(address: str) -> bool:
    host = httpx.URL(address).host
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _silence_loggers() -> None:
    """The HTTP library logs whole addresses. A filter as well as a level: programs set levels for everything."""
    for name in _LOGGERS_THAT_PRINT_ADDRESSES:
        logger = logging.getLogger(name)
        if logger.level < logging.WARNING:
            logger.setLevel(logging.WARNING)
        if _only_warnings not in logger.filters:
            logger.addFilter(_only_warnings)


def _only_warnings(record: logging.LogRecord) -> bool:
    return record.levelno >= logging.WARNING


_EXPIRED = (
    "The address for this recording has expired: nothing was sent. Ask Reddy's support how to attach it; "
    "sending the call again would make a second call."
)
