"""Fetching a recording from a web address: asked once, of the very machine that was checked, straight to the disk.

The rules are those of `recordings.addresses`; this is the only place that acts on them. A name is resolved *once*:
all its numbers are checked, the connection goes to one of them *by number* (with the name in `Host` and, for TLS, in
the certificate's check), and the other end of the connection is compared with it. A name server that gives another
answer the second time is never asked a second time. Redirects are steps of the same kind, a few at most. No token,
no cookie, no proxy (a proxy would resolve the name again), no decompression; limits of size and time.
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
"""(host, port) → numbers as text. Raises OSError: the name is not known."""


class Keeper(Protocol[_Kept]):
    """Who keeps what arrives: a `RecordingStore`."""

    def add(self, source: IO[bytes], name: str | None = None) -> _Kept: ...


class FetchLimits(NamedTuple):
    """Bytes of a recording, seconds for all of it (redirects too), seconds without any byte, redirects."""

    size: int = 2 << 30
    seconds: float = 600.0
    idle_seconds: float = 20.0
    redirects: int = 3


def resolve(host: str, port: int) -> list[str]:
    """The numbers of a name, as this machine's resolver gives them; a number stands for itself."""
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
    """What `keeper.add` gives for the recording behind an address, under the name at the address's end.

    One try; nothing is repeated. Raises:
        RecordingRefused: the address, its host, a number, or a redirect is not allowed; what is refused is not asked.
        RecordingNotFound: the host answers that there is none (404, 410).
        RecordingError: no connection, another answer than 200, too large, too slow, or cut off. Nothing is kept.
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
        f"{target.host} leads from one address to the next, more than {limits.redirects} times."
    )


class _Onward(NamedTuple):
    location: str


class _Slow(Exception):
    """The whole took longer than its limit."""


def _numbers(target: Target, resolver: Resolver) -> list[IPAddress]:
    """All numbers of the host, each of them allowed; one that is not spoils the name."""
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
                f"{target.host} stands for an address that cannot be read: it was not asked."
            ) from None
    if not numbers:
        raise RecordingError(f"The name {target.host} was not found: check the address of the recording.")
    for number in numbers:
        if getattr(number, "scope_id", None):
            raise RecordingRefused(
                f"{target.host} stands for an address of this machine alone: it was not asked."
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
                reason = "the connection broke off, or nothing came for too long"
                if cut.made:
                    reason = f"it took longer than {limits.seconds:,.0f} s"
                break
    # Outside of the handlers: the library's exceptions carry the request, and so the address.
    raise RecordingError(f"The recording could not be fetched from {target.host}: {reason}. Try again later.")


class _Cut:
    """Cuts the connection when time is up. The transport's own limits are per read: a server that sends the head of
    its answer a byte at a time never hits them."""

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
            raise RecordingNotFound(f"{target.host} has no such recording ({status}): check its address.")
        if status in (401, 403):
            raise RecordingError(
                f"{target.host} does not give this recording to everybody ({status}): its address may have expired. "
                "Export the sheet again, or drop the file beside it."
            )
        if status != 200:
            raise RecordingError(
                f"{target.host} answered {status} in place of the recording: try again later."
            )
        if response.headers.get("content-encoding", "identity").strip().lower() not in ("", "identity"):
            raise RecordingError(
                f"{target.host} sends the recording compressed although it was asked not to."
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
            f"The connection to {target.host} went to another machine: nothing was read from it."
        )


def _too_large(target: Target, limits: FetchLimits) -> RecordingError:
    return RecordingError(
        f"The recording at {target.host} is larger than {limits.size / (1 << 20):,.0f} MB: it was not kept."
    )


class _Body:
    """The answer's bytes as a file that is read in chunks, within the limits."""

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
        """The next bytes, however many came at once; b"" at the end."""
        if self._clock() > self._deadline:
            raise _Slow
        chunk = next(self._chunks, b"")
        if self._clock() > self._deadline:
            raise _Slow
        self._left -= len(chunk)
        if self._left < 0:
            raise _too_large(self._target, self._limits)
        return chunk
