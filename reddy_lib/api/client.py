"""The client: each method sends one HTTP request and never retries.

A failed request leaves a call in one of three states, which the error's type tells: `NeverSent` (the request did not leave
this machine), `Refused` or `Unavailable` (Reddy did not process it), or `Doubtful` (the request was sent without a clear
response, so it may have been processed). Because of the last state, this module retries nothing, follows no redirects, and
treats a kept-alive connection that closes during a request as doubt (see `connections` for how rare that is).

Secrets: requests are built without httpx's client defaults, so the token is sent only to Reddy's address, never to
`upload_url`, and cookies are never sent. Errors are raised outside the handlers of httpx's exceptions, because those
contain the request with its URL and headers.
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

import reddy_lib.arguments as arguments
from reddy_lib.address import address_to_connect, is_loopback, reddy_address
from reddy_lib.api.answers import (
    MAY_REPEAT,
    NOT_RECEIVED,
    PRODUCTS,
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
    """The default of `Client(token)`, to distinguish it from an empty token that a caller passes."""


_FROM_ENVIRONMENT = _FromEnvironment()

CREATE, ADD_TAGS, PRODUCT_LIST = "/api/v1/call/create", "/api/v1/call/add_tags", "/api/v1/product/list"

CONNECT_SECONDS = 10.0
LARGEST_ANSWER = 16 * 1024 * 1024
"""Maximum bytes of a response. A longer one is not from Reddy and would only fill the memory."""
CHUNK = 64 * 1024
SERVER_STORES = 10_000_000
"""Bytes per second that a server needs to store a recording; added to the usual timeout."""
USER_AGENT = "reddy-workbench"
UNENCRYPTED = (
    "The address of Reddy must begin with https://. With http://, the token and customers' words would cross the network "
    "unencrypted; http:// is only allowed for a server on this machine."
)
RECORDING = "The recording"

_LOGGERS_THAT_PRINT_ADDRESSES = (
    "httpx2",
    "httpcore2.connection",
    "httpcore2.http11",
    "httpcore2.http2",
    "httpcore2.proxy",
    "httpcore2.socks",
)


class Client:
    """A client for Reddy, or a stand-in, at `base_url`. Each method call is exactly one HTTP request.

    Can be shared between threads. Close it, or use it as a context manager.

    Args:
        token: the bearer token; surrounding blanks are removed. The default is REDDY_API_TOKEN, which is only sent to
            REDDY_BASE_URL (or to Reddy itself).
        base_url: Reddy's address; a path is kept, so that a sandbox can be mounted below another app. The default is
            REDDY_BASE_URL, else https://app.reddy.io. The attribute `base_url` holds the normalised address (see
            `reddy_address`).
        timeout: maximum seconds without progress; also the maximum time for reading a whole response body.
        headers: extra headers for requests to `base_url` (not sent with recordings).
        transport: an `httpx2` transport to use instead of the network, for tests.
        sandbox: True for a sandbox. http:// may then lead to another machine (a container next to this one), and
            recordings are only sent to `base_url`.

    Raises:
        NeverSent: `base_url` or a header is invalid, `base_url` is http:// over a network, or the certificates or proxy
            that the environment names cannot be used (SSL_CERT_FILE, SSL_CERT_DIR, HTTPS_PROXY, HTTP_PROXY, ALL_PROXY).
        Unauthorized: there is no token, or it contains invalid characters.
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
        typed = usual if base_url is None else arguments.text(base_url, "base_url")
        self.base_url = reddy_address(typed)
        if isinstance(token, _FromEnvironment):
            token = os.environ.get(TOKEN_VARIABLE)
            if token and self.base_url != reddy_address(
                usual
            ):  # the environment's token is for that address only
                raise Unauthorized(
                    f"The token in {TOKEN_VARIABLE} is for {reddy_address(usual)} and was not used for {self.base_url}. "
                    "Pass the token of that address: Client(token, base_url=…)."
                )
        self._token = _usable_token(token)
        self._sandbox = sandbox
        if self.base_url.startswith("http://") and not sandbox and not is_loopback(self.base_url):
            raise NeverSent(UNENCRYPTED)
        self.timeout = arguments.seconds(timeout, "timeout")
        self._headers = {
            **_usable_headers(headers or {}),
            "accept": "application/json",
            "authorization": f"Bearer {self._token}",
            "user-agent": USER_AGENT,
        }
        self._headers_with_body = {**self._headers, "content-type": "application/json"}
        # Parse the URL once: httpx would parse it for every request, a fifth of the request's CPU time.
        self._addresses = {
            path: httpx.URL(address_to_connect(typed) + path) for path in (CREATE, ADD_TAGS, PRODUCT_LIST)
        }
        self._heads = [httpx.Headers(self._headers), httpx.Headers(self._headers_with_body)]
        self._closed = False
        silence_loggers()
        self._echoes = Echoes([self._token])
        self._connections = Connections(
            timeout=httpx.Timeout(self.timeout, connect=min(self.timeout, CONNECT_SECONDS)),
            # A sandbox on this machine must not be reached through a company's proxy.
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
        """The token's last four characters, such as "…4f2a"; "" if the token is too short to show any."""
        return hint(self._token)

    def fingerprint(self, key: str) -> str:
        """Return a fingerprint of this client's token: see `fingerprint`."""
        return fingerprint(self._token, key)

    def close(self) -> None:
        """Close all connections. Later requests raise `NeverSent`."""
        self._closed = True
        self._connections.close()

    def create_call(self, call: Call | bytes) -> Receipt:
        """Send a call. The body is exactly `model.payload_json(call)`, or `call` itself if it is bytes.


        Raises:
            NeverSent, Refused (and its subclasses), Unavailable, Doubtful.
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
        """Add tags to a call at Reddy, identified by conversation and agent.

        Raises:
            NeverSent, Refused (and its subclasses), Unavailable, Doubtful. `server_message` distinguishes "conversation
            not found" from "invalid agent".
        """
        body = msgspec.json.encode(
            {"conversation_id": conversation_id, "agent_email": agent_email, "tags": list(tags)}
        )
        success_of(self._ask("POST", ADD_TAGS, "The tags", body), "The tags")

    def list_products(self) -> list[Product]:
        """Return the account's products, each with a scorecard. This is also the cheapest test of a connection.

        Raises:
            NeverSent, Refused (and its subclasses), Unavailable, Doubtful.
        """
        return products_of(self._ask("GET", PRODUCT_LIST, PRODUCTS), "The list")

    def may_upload_to(self, url: str) -> bool:
        """Return whether a recording may be uploaded to a URL. A sandbox only allows its own, so that no data leaves it."""
        return not self._sandbox or url.startswith(f"{self.base_url}/")

    def upload_audio(
        self,
        receipt: Receipt,
        audio: str | os.PathLike[str] | bytes | IO[bytes],
        *,
        content_type: str | None = None,
    ) -> None:
        """Upload a recording to the receipt's URL: a path, bytes, or an open binary file.

        Files are streamed. The default content type follows from the file's name, and is `audio/mp4` for an unknown
        extension. The upload may be repeated until the URL expires; the caller must then rewind an open file.

        Raises:
            Refused: the receipt has no upload URL, it has expired, or the server refused the recording.
            NeverSent: the file cannot be opened, or no connection was made.
            Doubtful: the recording may or may not have arrived.
        """
        if not receipt.upload_url:
            raise Refused(
                "Reddy returned no address for this recording. It returns one only for a call that was sent with "
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
            # Create the request inside the call, so that no local variable here shows the URL in a traceback.
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
        """Return the timeouts. The server stores a large file before it responds; giving up early would resend it all."""
        patience = self.timeout + (size or 0) / SERVER_STORES
        return httpx.Timeout(self.timeout, connect=min(self.timeout, CONNECT_SECONDS), read=patience)

    def _ask(self, method: str, path: str, what: str, body: bytes | None = None) -> Answer:
        """Send one request to Reddy with the token. Return a 2xx response; raise an error for any other."""
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
        """Send one request and read the whole response. Raise an error for a failure of the exchange.

        Args:
            origin: scheme, host and port of the server.
            echoes: the secrets in the request.
        """
        progress = Progress()
        failure: APIError
        try:
            return self._round_trip(build, progress, origin, echoes)
        except HeldBack:
            failure = Withheld(
                f"{what} was not sent: this worker missed its heartbeat, and another one may have taken over."
            )
        except Exception as error:
            if self._closed and isinstance(error, RuntimeError):
                if progress.sent:
                    failure = Doubtful(f"{what} was sent, but the client was closed before the answer came.")
                else:
                    failure = NeverSent(f"{what} was not sent: this client is closed. Create a new one.")
            elif not progress.knows(error):
                raise
            else:
                if progress.hung_up(error):
                    self._connections.hung_up(origin)
                failure = _failure(error, what, progress, base_url=self.base_url)
        # Raise outside the handler: the context would otherwise keep httpx's exception with its request.
        raise failure

    def _round_trip(
        self, build: Callable[[], httpx.Request], progress: Progress, origin: str, echoes: Echoes
    ) -> Answer:
        """Send and read. The request, with its URL, lives in this frame, which ends before an error is raised."""
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
    """Raised for a response with too many bytes, or one that takes too long to arrive."""


def _failure(error: Exception, what: str, progress: Progress, *, base_url: str) -> APIError:
    """Return the error for an exception of the transport. Its text is not used, because it may contain a URL."""
    if isinstance(error, httpx.InvalidURL):
        return NeverSent(f"{what} was not sent: the address cannot be used.")
    if progress.never_sent(error):
        reason = _why_never_sent(error, progress)
        if what == RECORDING:
            return NeverSent(f"{what} was not sent: {reason}. Check the connection. {MAY_REPEAT}")
        return NeverSent(
            f"{what} could not be fetched: {reason}. Check the connection to {base_url}, then try again."
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
        reason = "the connection broke during the request"
    elif isinstance(error, OSError) and what == RECORDING:
        reason = "the file could not be read to its end"
    else:
        reason = "the exchange was interrupted"
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
        return "the proxy of this network closed the connection, or its answer was not valid"
    if isinstance(error, httpx.LocalProtocolError):
        return "the request could not be written as HTTP"
    if isinstance(error, httpx.PoolTimeout):
        return "too many requests were in progress at once"
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
    """Return the decompressed body within `seconds`. The transport's timeout is per read, so a slow stream evades it."""
    deadline = time.monotonic() + seconds
    parts, size = [], 0
    for part in response.iter_bytes():
        parts.append(part)
        size += len(part)
        if size > LARGEST_ANSWER or time.monotonic() > deadline:
            raise _AnswerTooLong
    return b"".join(parts)


def _origin(address: str) -> str:
    """Return scheme, host and port of an address."""
    return "/".join(address.split("/", 3)[:3]).lower()


def _pieces(address: str) -> list[str]:
    """Return the secret parts of a URL: the whole URL, and each longer part after the host."""
    _, _, behind = address.partition("://")
    parts = re.split(r"[/?&=;,]", behind)[1:]
    return [address, *sorted((part for part in parts if len(part) >= 8), key=len, reverse=True)]


def _chunks(file: IO[bytes], size: int | None) -> Iterator[bytes]:
    """Yield at most `size` bytes: the announced length must hold even if the file grows meanwhile."""
    left = math.inf if size is None else size
    while left > 0 and (chunk := file.read(CHUNK if left > CHUNK else int(left))):
        left -= len(chunk)
        yield chunk


def _bytes_left(file: IO[bytes]) -> int | None:
    """Return the bytes from the file's position to its end; None for a stream of unknown length."""
    try:
        here = file.tell()
        end = file.seek(0, os.SEEK_END)
        file.seek(here)
    except (OSError, ValueError, AttributeError):
        return None
    return max(0, end - here)


def hint(token: str) -> str:
    """Return "…4f2a" for a token that is long enough to show four characters, else ""."""
    return f"…{token[-4:]}" if len(token) >= 12 else ""


def fingerprint(token: str, key: str) -> str:
    """Return 16 hex digits that identify a token without revealing it.

    `key` is a ledger's identity, so that two ledgers cannot be linked by the account they use.
    """
    return hmac.new(key.encode(), token.encode(), hashlib.sha256).hexdigest()[:16]


def _usable_token(token: str | None) -> str:
    if token is not None and not isinstance(token, str):
        raise TypeError(f"The token must be text, not {type(token).__name__}.")
    token = (token or "").strip()
    if not token:
        raise Unauthorized(
            f"There is no token. Set {TOKEN_VARIABLE} in the environment to the API token of your Reddy account, or pass "
            "it: Client(token)."
        )
    if not re.fullmatch(r"[\x21-\x7e]+", token):
        raise Unauthorized(
            "The token contains blanks or other invalid characters. Copy the whole token again."
        )
    return token


def _usable_headers(headers: Mapping[str, str]) -> dict[str, str]:
    usable = {}
    wanted = 'a dict of names and texts such as {"x-team": "Sales"}'
    arguments.instance(headers, Mapping, "headers", wanted)
    for name, value in headers.items():
        if not isinstance(name, str) or not isinstance(
            value, str
        ):  # without the value, which may be a secret
            raise TypeError(
                f"headers must be {wanted}: the header {name!r} has a name or value that is not text."
            )
        if not re.fullmatch(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+", name) or not re.fullmatch(
            r"[\x20-\x7e\t]*", value
        ):
            raise NeverSent(
                f"The extra header “{name[:50]}” cannot be sent: its name or value is not allowed."
            )
        if name.lower() in ("authorization", "content-type", "content-length", "host", "transfer-encoding"):
            raise NeverSent(f"The extra header “{name}” is set by the client itself. Leave it out.")
        usable[name.lower()] = value.strip()
    return usable


def silence_loggers() -> None:
    """Silence httpx's loggers, which log whole URLs. A filter as well as a level, since programs set levels globally."""
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
