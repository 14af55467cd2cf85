"""Download a recording from a URL: one attempt, from the IP address that was checked, streamed to disk.

`allowed_hosts` holds the rules; this is the only module that acts on them. A name is resolved *once*: all its IP addresses
are checked, the connection goes to one of them (with the name in `Host` and in the TLS certificate check), and the peer's
address is compared with it. A DNS server that would return another address the second time is not asked again. Each
redirect is checked in the same way, and their number is limited. No token, cookie, proxy (it would resolve the name
again) or decompression is used; size and time are limited.
"""

from __future__ import annotations

import contextlib
import ipaddress
import socket
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from typing import IO, Any, NamedTuple, Protocol, TypeVar
from urllib.parse import unquote

import httpx2 as httpx

from reddy_lib.allowed_hosts import (
    AllowedHosts,
    IPAddress,
    Target,
    check_address,
    check_number,
    redirected,
)
from reddy_lib.api.client import USER_AGENT, silence_loggers
from reddy_lib.errors import RecordingError, RecordingNotFound, RecordingRefused

__all__ = ["FetchLimits", "Keeper", "fetch_recording", "resolve"]

CONNECT_SECONDS = 10.0
_Kept = TypeVar("_Kept", covariant=True)

Resolver = Callable[[str, int], Sequence[str]]
"""(host, port) → IP addresses as text. Raises OSError for an unknown name."""


class Keeper(Protocol[_Kept]):
    """A sink for the received bytes, such as a `RecordingStore`."""

    def add(self, source: IO[bytes], name: str | None = None) -> _Kept: ...


class FetchLimits(NamedTuple):
    """Limits of one download: bytes, total seconds (with redirects), seconds without a byte, redirects."""

    size: int = 2 << 30
    seconds: float = 600.0
    idle_seconds: float = 20.0
    redirects: int = 3


def resolve(host: str, port: int) -> list[str]:
    """Resolve a host name with this machine's resolver; an IP address is returned unchanged."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(item[4][0]) for item in found))


def fetch_recording(
    address: str,
    keeper: Keeper[_Kept],
    allowed: AllowedHosts,
    *,
    limits: FetchLimits = FetchLimits(),  # noqa: B008 - a constant
    resolver: Resolver = resolve,
    clock: Callable[[], float] = time.monotonic,
) -> _Kept:
    """Download a recording and return the result of `keeper.add`, named after the URL's last part.

    Makes one attempt.

    Raises:
        RecordingRefused: the URL, its host, an IP address or a redirect is not allowed; it was not requested.
        RecordingNotFound: the host answered 404 or 410.
        RecordingError: no connection, another status than 200, too large, too slow, or cut off. Nothing is stored.
    """
    silence_loggers()
    deadline = clock() + limits.seconds
    target = check_address(address, allowed)
    for _ in range(limits.redirects + 1):
        step = _ask(target, keeper, limits, resolver, clock, deadline)
        if not isinstance(step, _Onward):
            return step
        target = redirected(target, step.location, allowed)
    raise RecordingRefused(
        f"{target.host} redirected more than {limits.redirects} times. The recording was not fetched."
    )


class _Onward(NamedTuple):
    location: str


class _Slow(Exception):
    """Raised when the download exceeds its total time."""


def _numbers(target: Target, resolver: Resolver) -> list[IPAddress]:
    """Resolve the host; reject it if any resolved address is not allowed."""
    try:
        texts = resolver(target.host, target.port)
    except (OSError, UnicodeError):
        texts = ()
    numbers: list[IPAddress] = []
    for text in texts:
        try:
            numbers.append(ipaddress.ip_address(text))
        except ValueError:
            raise RecordingRefused(
                f"{target.host} resolves to an address that is not valid. It was not contacted."
            ) from None
    if not numbers:
        raise RecordingError(f"The name {target.host} was not found. Check the recording's address.")
    for number in numbers:
        if getattr(number, "scope_id", None):
            raise RecordingRefused(
                f"{target.host} resolves to an address that is only valid on this machine. It was not contacted."
            )
        check_number(number, private=target.private)
    return numbers


def _ask(
    target: Target,
    keeper: Keeper[_Kept],
    limits: FetchLimits,
    resolver: Resolver,
    clock: Callable[[], float],
    deadline: float,
) -> _Kept | _Onward:
    numbers = _numbers(target, resolver)
    reason = ""
    with (
        _Cut(deadline - clock()) as cut,
        httpx.Client(
            trust_env=False, follow_redirects=False, timeout=_timeout(limits, deadline - clock())
        ) as http,
    ):
        for number in numbers[:4]:
            try:
                return _exchange(http, cut, target, number, keeper, limits, clock, deadline)
            except (httpx.ConnectError, httpx.ConnectTimeout) as error:
                secure = "certificate" in str(error).lower()
                reason = (
                    "its certificate is not one that this machine trusts" if secure else "it does not answer"
                )
                if cut.made or clock() > deadline:
                    reason = f"it took longer than {limits.seconds:,.0f} s"
                    break
            except _Slow:
                reason = f"it took longer than {limits.seconds:,.0f} s"
                break
            except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError):
                reason = "the connection broke off, or no data came for too long"
                if cut.made:
                    reason = f"it took longer than {limits.seconds:,.0f} s"
                break
    # Raise outside the handlers: httpx's exceptions contain the request with its URL.
    raise RecordingError(f"The recording could not be fetched from {target.host}: {reason}. Try again later.")


class _Cut:
    """Cut the connection when time is up.

    The transport's timeouts are per read, and a server that sends its headers one byte at a time never exceeds them.
    """

    def __init__(self, seconds: float) -> None:
        self.made = False
        self._socket: socket.socket | None = None
        self._timer = threading.Timer(max(seconds, 0.0), self._cut)
        self._timer.daemon = True

    def __enter__(self) -> _Cut:
        self._timer.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._timer.cancel()

    def __call__(self, event: str, info: dict[str, Any]) -> None:
        if event.endswith("connect_tcp.complete"):
            self._socket = info["return_value"].get_extra_info("socket")

    def _cut(self) -> None:
        self.made = True
        if self._socket is not None:
            with contextlib.suppress(OSError):
                self._socket.shutdown(socket.SHUT_RDWR)


def _timeout(limits: FetchLimits, left: float) -> httpx.Timeout:
    idle = max(min(limits.idle_seconds, left), 0.001)
    return httpx.Timeout(idle, connect=min(idle, CONNECT_SECONDS))


def _exchange(
    http: httpx.Client,
    cut: _Cut,
    target: Target,
    number: IPAddress,
    keeper: Keeper[_Kept],
    limits: FetchLimits,
    clock: Callable[[], float],
    deadline: float,
) -> _Kept | _Onward:
    host = f"[{number}]" if number.version == 6 else str(number)
    request = http.build_request(
        "GET",
        f"{target.scheme}://{host}:{target.port}{target.path}",
        headers={
            "host": target.authority,
            "accept": "*/*",
            "accept-encoding": "identity",
            "user-agent": USER_AGENT,
        },
        extensions={"sni_hostname": target.host, "trace": cut},
    )
    response = http.send(request, stream=True)
    try:
        _check_peer(response, number, target)
        status = response.status_code
        if status in (301, 302, 303, 307, 308) and "location" in response.headers:
            return _Onward(response.headers["location"])
        if status in (404, 410):
            raise RecordingNotFound(f"{target.host} has no such recording ({status}). Check its address.")
        if status in (401, 403):
            raise RecordingError(
                f"{target.host} denied access to this recording ({status}). Its address may have expired. "
                "Export the sheet again, or drop the file beside it."
            )
        if status != 200:
            raise RecordingError(
                f"{target.host} answered {status} instead of the recording. Try again later."
            )
        if response.headers.get("content-encoding", "identity").strip().lower() not in ("", "identity"):
            raise RecordingError(
                f"{target.host} sent the recording compressed, which cannot be read. Download it and drop the file instead."
            )
        announced = response.headers.get("content-length", "")
        if announced.isdecimal() and int(announced) > limits.size:
            raise _too_large(target, limits)
        name = unquote(target.path.partition("?")[0].rpartition("/")[2]) or "recording"
        return keeper.add(_Body(response, target, limits, clock, deadline), name)  # type: ignore[arg-type]
    finally:
        response.close()


def _check_peer(response: httpx.Response, number: IPAddress, target: Target) -> None:
    stream: Any = response.extensions.get("network_stream")
    peer = stream.get_extra_info("server_addr") if stream is not None else None
    if peer is not None and ipaddress.ip_address(str(peer[0]).partition("%")[0]) != number:
        raise RecordingRefused(
            f"The connection to {target.host} went to another machine. Nothing was read from it."
        )


def _too_large(target: Target, limits: FetchLimits) -> RecordingError:
    return RecordingError(
        f"The recording at {target.host} is larger than {limits.size / (1 << 20):,.0f} MB. It was not stored."
    )


class _Body:
    """The response's body as a file, read in chunks within the limits."""

    def __init__(
        self,
        response: httpx.Response,
        target: Target,
        limits: FetchLimits,
        clock: Callable[[], float],
        deadline: float,
    ) -> None:
        self._chunks: Iterator[bytes] = response.iter_raw()
        self._target, self._limits = target, limits
        self._clock, self._deadline = clock, deadline
        self._left = limits.size

    def read(self, size: int = -1) -> bytes:
        """Return the next chunk, of any length; b"" at the end."""
        if self._clock() > self._deadline:
            raise _Slow
        chunk = next(self._chunks, b"")
        if self._clock() > self._deadline:
            raise _Slow
        self._left -= len(chunk)
        if self._left < 0:
            raise _too_large(self._target, self._limits)
        return chunk
