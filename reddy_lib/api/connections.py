"""Connections to Reddy: what they tell about a request, how they are kept, and the settings they depend on.

*Never sent* is what the connection knows, not what an exception is called: `Progress` listens to the transport and
sees whether the head of the request was written. A proxy that hangs, a tunnel that ends in no TLS, a SOCKS server
that answers nonsense: whatever they raise, the call did not leave.

A kept connection is checked for a hang-up before each request, but a server may close it in the very moment in which
the request is written; then it is unknown whether it was read. After the first such end at an origin, each
connection to it carries one request (`Connections.hung_up`), for the rest of the client's life. The same goes for a
server that says that it did not take a request from a connection (408, 421, 425). What remains: the
requests that were on kept connections to that origin in this moment, at most as many as were in flight.
"""

from __future__ import annotations

import contextlib
import importlib.util
import os
import ssl
import threading
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from typing import Any
from urllib.request import getproxies

import httpx2 as httpx

from reddy_lib.errors import NeverSent

__all__ = ["MOST_CONNECTIONS", "Connections", "HeldBack", "Progress", "only_while"]

MOST_CONNECTIONS = 256
"""More than anybody should have in flight, so that a thread never waits for another one's connection."""
IDLE_SECONDS = 2.0
"""Shorter than the idle limit of common servers (5 s and more): they should not hang up on us first."""

_BEFORE_SENDING = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.ProxyError,
    httpx.UnsupportedProtocol,
    httpx.LocalProtocolError,
)
_HUNG_UP = (httpx.RemoteProtocolError, httpx.NetworkError)

_may_send: ContextVar[Callable[[], bool] | None] = ContextVar("may_send", default=None)


@contextlib.contextmanager
def only_while(may_send: Callable[[], bool]) -> Iterator[None]:
    """Requests of this thread leave only if `may_send` says so, asked right before the first byte of each; what is
    held back raises `Withheld`."""
    token = _may_send.set(may_send)
    try:
        yield
    finally:
        _may_send.reset(token)


class HeldBack(Exception):
    """Raised by `Progress` through the transport, which drops the connection unused."""


class Progress:
    """Listens to the transport while it sends one request.

    Attributes:
        sent: the head of the request was written, at least in part. (Where writing it failed, no server has all of it.)
        at_proxy: a proxy has been asked for a tunnel, and has not opened it yet.
        answered: the head of an answer has come.
    """

    def __init__(self) -> None:
        self.sent = self.at_proxy = self.answered = self._seen = self._connected = False
        self._may_send = _may_send.get()

    def __call__(self, event: str, info: dict[str, Any]) -> None:
        self._seen = True
        step = event.partition(".")[2]
        if step == "send_request_headers.started":
            # A company's proxy is first asked for a tunnel: that is not the request yet.
            self.at_proxy = info["request"].method == b"CONNECT"
            if self.at_proxy:
                return
            if self._may_send is not None and not self._may_send():
                raise HeldBack
            self.sent = True
        elif step == "send_request_headers.failed":
            self.sent = False
        elif step == "receive_response_headers.complete":
            self.answered = self.sent
        elif step == "setup_socks5_connection.started":
            self.at_proxy = True
        elif step == "start_tls.started":
            self.at_proxy = False
        elif step == "connect_tcp.started":
            self._connected = True

    @property
    def kept(self) -> bool:
        """The connection has carried another request before this one."""
        return self._seen and not self._connected

    def never_sent(self, error: Exception) -> bool:
        """Whether no server can have this request. A transport that tells nothing is judged by its exception."""
        if not self._seen:
            return isinstance(error, _BEFORE_SENDING)
        return not self.sent

    def hung_up(self, error: Exception) -> bool:
        """Whether the server closed a kept connection in place of an answer."""
        return self.kept and not self.answered and isinstance(error, _HUNG_UP)

    def knows(self, error: Exception) -> bool:
        """Whether an exception comes from the exchange, and not from a fault of this library's own."""
        return self._seen or isinstance(
            error, httpx.HTTPError | httpx.InvalidURL | httpx.StreamError | OSError
        )


class Connections:
    """Connections by origin (scheme, host and port), kept where the server lets them be. Thread-safe.

    Raises NeverSent: the certificates or the proxy that the environment names cannot be used.
    """

    def __init__(
        self, *, timeout: httpx.Timeout, trust_env: bool, transport: httpx.BaseTransport | None
    ) -> None:
        trusted = None
        if transport is None:
            trusted = _certificates(trust_env)
            if trust_env:
                _check_proxies()

        def pool(kept: int) -> httpx.Client:
            return httpx.Client(
                timeout=timeout,
                limits=httpx.Limits(
                    max_connections=MOST_CONNECTIONS,
                    max_keepalive_connections=kept,
                    keepalive_expiry=IDLE_SECONDS,
                ),
                follow_redirects=False,
                trust_env=trust_env,
                transport=transport,
                verify=True if trusted is None else trusted,
            )

        self._kept = pool(MOST_CONNECTIONS)
        self._once = pool(0)
        self._used_once: set[str] = set()
        self._lock = threading.Lock()

    def send(self, request: httpx.Request, origin: str) -> httpx.Response:
        """Send a request; its answer is still to be read."""
        if origin in self._used_once:
            request.headers["connection"] = "close"
            return self._once.send(request, stream=True)
        return self._kept.send(request, stream=True)

    def hung_up(self, origin: str) -> None:
        """Keep no connection to this origin any more."""
        with self._lock:
            self._used_once = self._used_once | {origin}

    def close(self) -> None:
        self._kept.close()
        self._once.close()


def _certificates(trust_env: bool) -> ssl.SSLContext:
    """Whom this machine trusts. Raises NeverSent."""
    name = next(
        (each for each in ("SSL_CERT_FILE", "SSL_CERT_DIR") if trust_env and os.environ.get(each)), ""
    )
    place = os.environ.get(name, "")
    reason = ""
    if name == "SSL_CERT_DIR" and not any(map(os.path.isdir, place.split(os.pathsep))):
        reason = "there is no such folder"
    else:
        try:
            return httpx.create_ssl_context(trust_env=trust_env)
        except ssl.SSLError:
            reason = "it holds no certificate that can be read"
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or type(error).__name__
    if not name:
        raise NeverSent(f"The certificates of this machine cannot be read ({reason}): nothing can be sent.")
    raise NeverSent(
        f"The environment variable {name} names {place} for certificates, which cannot be used ({reason}). "
        "Correct it or take it away, then start this program again."
    )


def _check_proxies() -> None:
    """Raises NeverSent, with the name of the variable and never its value: a proxy's address may hold a password."""
    found = getproxies()
    if "*" in (each.strip() for each in found.get("no", "").split(",")):
        return
    for scheme in ("https", "http", "all"):
        address = found.get(scheme)
        if not address:
            continue
        names = (f"{scheme}_proxy", f"{scheme}_proxy".upper())
        name = next((each for each in names if os.environ.get(each)), "")
        where = (
            f"The environment variable {name}" if name else f"The proxy setting for {scheme} of this machine"
        )
        proxy: httpx.Proxy | None = None
        with contextlib.suppress(httpx.InvalidURL, ValueError, TypeError):
            proxy = httpx.Proxy(address if "://" in address else f"http://{address}")
        if proxy is None or not proxy.url.host:
            raise NeverSent(
                f"{where} does not name a proxy that can be used: it must look like http://proxy.example:8080. "
                "Correct it or take it away, then start this program again."
            )
        if proxy.url.scheme.startswith("socks") and importlib.util.find_spec("socksio") is None:
            raise NeverSent(
                f"{where} names a SOCKS proxy, for which a further package is needed: install it "
                "(pip install 'reddy-workbench[socks]'), or name an HTTP proxy, then start this program again."
            )
