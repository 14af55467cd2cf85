"""The client: four methods, each one HTTP request, none ever repeated by itself.

A request that fails leaves a call in one of three states, and the type of the error says in which:
`NeverSent` (the request did not leave this machine), `Refused` or `Unavailable` (Reddy said no), `Doubtful` (the
request went out and no clear answer came back: it may have been processed). The last one is why nothing is retried
here, why redirects are not followed, and why a kept connection that the server closes while a request goes out is
doubt, not a reason to dial again (see `connections` for how rare that is).

Secrets: requests are built without the HTTP library's client defaults, so the token goes to Reddy's address
and nowhere else (not to `upload_url`), and no cookie is ever sent. Errors are raised after the library's own
exceptions are let go, because those carry the request, with its address and headers.
"""

from __future__ import annotations

import hashlib
import hmac
import logging
import math
import os
import re
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import IO, Self

import httpx2 as httpx
import msgspec

from reddy_lib.address import address_to_connect, is_loopback, reddy_address
from reddy_lib.api.answers import (
    MAY_REPEAT,
    NOT_RECEIVED,
    Answer,
    Product,
    Receipt,
    error_for,
    products_of,
    receipt_of,
    recording_error,
    success_of,
)
from reddy_lib.api.connections import Connections, HeldBack, Progress, only_while
from reddy_lib.api.echoes import Echoes
from reddy_lib.errors import APIError, Doubtful, NeverSent, Refused, Unauthorized, Withheld
from reddy_lib.model import Call, Tag, content_type_of, payload_json
from reddy_lib.open_databases import refuse_open

__all__ = [
    "DEFAULT_BASE_URL",
    "TOKEN_VARIABLE",
    "URL_VARIABLE",
    "Client",
    "fingerprint",
    "hint",
    "only_while",
]

DEFAULT_BASE_URL = "https://app.reddy.io"
TOKEN_VARIABLE = "REDDY_API_TOKEN"
URL_VARIABLE = "REDDY_BASE_URL"


class _FromEnvironment(str):
    """The default of `Client(token)`, told apart from a token that somebody passes and that is empty."""


_FROM_ENVIRONMENT = _FromEnvironment()

CREATE, ADD_TAGS, PRODUCT_LIST = "/api/v1/call/create", "/api/v1/call/add_tags", "/api/v1/product/list"

CONNECT_SECONDS = 10.0
LARGEST_ANSWER = 16 * 1024 * 1024
"""An answer longer than this is not Reddy's; reading on would only fill the memory."""
CHUNK = 64 * 1024
SERVER_STORES = 10_000_000
"""Bytes a second that a server is given to put a recording away, beside the usual time for an answer."""
USER_AGENT = "reddy-workbench"
UNENCRYPTED = (
    "The address of Reddy must begin with https://. With http://, the token and customers' words would cross the network "
    "unencrypted; only a server on this machine may be reached that way."
)
RECORDING, PRODUCTS = "The recording", "The list of products"

_LOGGERS_THAT_PRINT_ADDRESSES = (
    "httpx2",
    "httpcore2.connection",
    "httpcore2.http11",
    "httpcore2.http2",
    "httpcore2.proxy",
    "httpcore2.socks",
)


class Client:
    """Reddy, or what stands in for it, at `base_url`. One method call is exactly one HTTP request.

    May be shared by any number of threads. Close it, or use it as a context manager.

    Args:
        token: the bearer token; surrounding blanks are dropped. Without one it is taken from REDDY_API_TOKEN, which
            goes to REDDY_BASE_URL (or Reddy itself) and to no other address.
        base_url: where Reddy is; a path in it is kept, so that a sandbox may live below another app. None: what
            REDDY_BASE_URL says, else https://app.reddy.io. The attribute `base_url` is its one spelling (see
            `reddy_address`).
        timeout: seconds without any progress after which a request is given up; also the longest time that
            the body of an answer may take as a whole.
        headers: further headers for every request to `base_url` (never sent with a recording).
        transport: an `httpx2` transport in place of the network, for tests.
        sandbox: whether this is a sandbox. Plain http may then lead to another machine (a container beside this one),
            and recordings go to `base_url` alone.

    Raises:
        NeverSent: `base_url` or a header cannot be used, `base_url` is http:// and leads over a network, or the
            certificates or the proxy that the environment names cannot be used (SSL_CERT_FILE, SSL_CERT_DIR,
            HTTPS_PROXY, HTTP_PROXY, ALL_PROXY).
        Unauthorized: there is no token, or it contains characters that no token has.
    """

    def __init__(
        self,
        token: str | None = _FROM_ENVIRONMENT,
        *,
        base_url: str | None = None,
        timeout: float = 30.0,
        headers: Mapping[str, str] | None = None,
        transport: httpx.BaseTransport | None = None,
        sandbox: bool = False,
    ) -> None:
        usual = os.environ.get(URL_VARIABLE, "").strip() or DEFAULT_BASE_URL
        typed = usual if base_url is None else base_url
        self.base_url = reddy_address(typed)
        if isinstance(token, _FromEnvironment):
            token = os.environ.get(TOKEN_VARIABLE)
            if token and self.base_url != reddy_address(usual):  # a token goes to its own address alone
                raise Unauthorized(
                    f"The token of {TOKEN_VARIABLE} is for {reddy_address(usual)}, and was not used for {self.base_url}. "
                    "Pass the token of that address: Client(token, base_url=…)."
                )
        self._token = _usable_token(token)
        self._sandbox = sandbox
        if self.base_url.startswith("http://") and not sandbox and not is_loopback(self.base_url):
            raise NeverSent(UNENCRYPTED)
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
        self._addresses = {
            path: httpx.URL(address_to_connect(typed) + path) for path in (CREATE, ADD_TAGS, PRODUCT_LIST)
        }
        self._heads = [httpx.Headers(self._headers), httpx.Headers(self._headers_with_body)]
        self._closed = False
        silence_loggers()
        self._echoes = Echoes([self._token])
        self._connections = Connections(
            timeout=httpx.Timeout(self.timeout, connect=min(self.timeout, CONNECT_SECONDS)),
            # A company's proxy must not be asked for a sandbox on this very machine.
            trust_env=not is_loopback(self.base_url),
            transport=transport,
        )

    def __repr__(self) -> str:
        return f"<Client {self.base_url}{' · closed' if self._closed else ''}>"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def closed(self) -> bool:
        """Whether `close` was called."""
        return self._closed

    @property
    def token_hint(self) -> str:
        """The token's last four characters, as "…4f2a"; "" where it is too short to show any."""
        return hint(self._token)

    def fingerprint(self, key: str) -> str:
        """Return what tells this token from others under `key`: see `fingerprint`."""
        return fingerprint(self._token, key)

    def close(self) -> None:
        """Let go of all connections. Requests after this raise `NeverSent`."""
        self._closed = True
        self._connections.close()

    def create_call(self, call: Call | bytes) -> Receipt:
        """Send one call; the body is `model.payload_json(call)`, byte for byte, or `call` itself where it is bytes.

        Raises:
            NeverSent, Refused (and its kinds), Unavailable, Doubtful.
        """
        body = call if isinstance(call, bytes) else payload_json(call)
        answer = self._ask("POST", CREATE, "The call", body)
        return receipt_of(
            success_of(answer, "The call"),
            now=time.time(),
            filename=None if isinstance(call, bytes) else call.filename,
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

    def may_upload_to(self, url: str) -> bool:
        """Whether a recording may go to this address: to a sandbox's own alone, so that nothing leaves it."""
        return not self._sandbox or url.startswith(f"{self.base_url}/")

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
        if not self.may_upload_to(receipt.upload_url):
            raise Refused("The address for the recording leads away from the sandbox: nothing was sent.")
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
            origin=_origin(receipt.upload_url or ""),
            echoes=Echoes([self._token, *_pieces(receipt.upload_url or "")]),
        )
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
            origin=self.base_url,
            echoes=self._echoes,
        )
        if 200 <= answer.status < 300:
            return answer
        raise error_for(answer, what, now=time.time())

    def _exchange(
        self, build: Callable[[], httpx.Request], what: str, *, origin: str, echoes: Echoes
    ) -> Answer:
        """Send one request and read its whole answer, or raise what its failure means.

        Args:
            origin: scheme, host and port that the request goes to.
            echoes: the secrets in the request.
        """
        progress = Progress()
        failure: APIError
        try:
            return self._round_trip(build, progress, origin, echoes)
        except HeldBack:
            failure = Withheld(
                f"{what} was not sent: this program had been silent for too long, and may have been taken for dead."
            )
        except Exception as error:
            if self._closed and isinstance(error, RuntimeError):
                if progress.sent:
                    failure = Doubtful(f"{what} was sent, but the client was closed before the answer came.")
                else:
                    failure = NeverSent(f"{what} was not sent: this client was closed. Make a new one.")
            elif not progress.knows(error):
                raise
            else:
                if progress.hung_up(error):
                    self._connections.hung_up(origin)
                failure = _failure(error, what, progress, base_url=self.base_url)
        # Outside of the handler: as a context, the library's exception would bring the request along.
        raise failure

    def _round_trip(
        self, build: Callable[[], httpx.Request], progress: Progress, origin: str, echoes: Echoes
    ) -> Answer:
        """Its frame holds the request, and so the address; it is gone before any error of ours is raised."""
        request = build()
        request.extensions["trace"] = progress
        response = self._connections.send(request, origin)
        if response.status_code in NOT_RECEIVED:
            self._connections.hung_up(origin)
        try:
            body = _whole_body(response, seconds=self.timeout)
        finally:
            response.close()
        return Answer.without_echoes(response.status_code, response.headers, body, echoes)


class _AnswerTooLong(Exception):
    """An answer that does not end: too many bytes, or too long on the way."""


def _failure(error: Exception, what: str, progress: Progress, *, base_url: str) -> APIError:
    """What an exception of the transport means. Takes over nothing of its text: that may hold an address."""
    if isinstance(error, httpx.InvalidURL):
        return NeverSent(f"{what} was not sent: the address cannot be used.")
    if progress.never_sent(error):
        reason = _why_never_sent(error, progress)
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


def _why_never_sent(error: Exception, progress: Progress) -> str:
    text = str(error).lower()
    if progress.at_proxy and not isinstance(error, httpx.ProxyError):
        if isinstance(error, httpx.TimeoutException):
            return "the proxy of this network did not answer"
        return "the proxy of this network closed the connection, or did not answer as a proxy does"
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
    if progress.kept:
        return "the server had closed the connection"
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


def _origin(address: str) -> str:
    """Scheme, host and port."""
    return "/".join(address.split("/", 3)[:3]).lower()


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


def hint(token: str) -> str:
    """Return "…4f2a" for a token long enough that four characters give nothing away, else ""."""
    return f"…{token[-4:]}" if len(token) >= 12 else ""


def fingerprint(token: str, key: str) -> str:
    """Return 16 hex digits that tell a token from others, and from which it cannot be had back.

    `key` is a ledger's identity, so that two ledgers do not show that they were used with the same account.
    """
    return hmac.new(key.encode(), token.encode(), hashlib.sha256).hexdigest()[:16]


def _usable_token(token: str | None) -> str:
    token = (token or "").strip()
    if not token:
        raise Unauthorized(
            f"There is no token. Set {TOKEN_VARIABLE} in the environment to the API token of your Reddy account, or pass "
            "it: Client(token)."
        )
    if not re.fullmatch(r"[\x21-\x7e]+", token):
        raise Unauthorized("The token contains blanks or characters that no token has. Copy it again, whole.")
    return token


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


def silence_loggers() -> None:
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
