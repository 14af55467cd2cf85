"""Manage connections to Reddy, and observe how far each request got.

*Never sent* is decided by observation, not by the type of an exception: `Progress` listens to the transport and sees
whether the head of the request was written. If a proxy hangs, a tunnel fails at TLS or a SOCKS server answers nonsense,
the call was not sent, whatever exception that raises.

A kept-alive connection is checked before each request, but a server may close it at the moment when the request is
written; then it is unknown whether the request was read. After the first such failure at an origin, each connection to it
carries one request (`Connections.hung_up`) for the rest of the client's life. The same applies after a server reports that
it did not receive a request (408, 421, 425). The remaining risk is limited to requests that were in flight on kept-alive
connections to that origin at that moment.
"""

from __future__ import annotations

import contextlib
import functools
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
"""More than any sensible number of requests in flight, so that no thread waits for a connection."""
IDLE_SECONDS = 2.0
"""Shorter than the idle timeout of common servers (5 s and more), so that we close a connection before they do."""

_BEFORE_SENDING = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.ProxyError,
    httpx.UnsupportedProtocol,
    httpx.LocalProtocolError,
)
_CERTIFICATE_VARIABLES = ("SSL_CERT_FILE", "SSL_CERT_DIR")
_HUNG_UP = (httpx.RemoteProtocolError, httpx.NetworkError)

_may_send: ContextVar[Callable[[], bool] | None] = ContextVar("may_send", default=None)


@contextlib.contextmanager
def only_while(may_send: Callable[[], bool]) -> Iterator[None]:
    """Send this thread's requests only if `may_send()` is true right before the first byte of each.

    A request that may not be sent raises `Withheld`.
    """
    token = _may_send.set(may_send)
    try:
        yield
    finally:
        _may_send.reset(token)


class HeldBack(Exception):
    """Raised by `Progress` through the transport, which then closes the unused connection."""


class Progress:
    """Observe the transport while it sends one request.

    Attributes:
        sent: the head of the request was written, at least partly. (If writing it failed, no server has all of it.)
        at_proxy: a proxy was asked for a tunnel and has not opened it yet.
        answered: the head of a response arrived.
    """

    def __init__(self) -> None:
        self.sent = self.at_proxy = self.answered = self._seen = self._connected = False
        self._may_send = _may_send.get()

    def __call__(self, event: str, info: dict[str, Any]) -> None:
        self._seen = True
        step = event.partition(".")[2]
        if step == "send_request_headers.started":
            # The first request on the wire asks the proxy for a tunnel; it is not the request itself.
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
        """Whether the connection carried another request before this one."""
        return self._seen and not self._connected

    def never_sent(self, error: Exception) -> bool:
        """Return whether no server can have this request; without transport events, the exception decides."""
        if not self._seen:
            return isinstance(error, _BEFORE_SENDING)
        return not self.sent

    def hung_up(self, error: Exception) -> bool:
        """Return whether the server closed a kept-alive connection instead of responding."""
        return self.kept and not self.answered and isinstance(error, _HUNG_UP)

    def knows(self, error: Exception) -> bool:
        """Return whether an exception comes from the exchange, and not from a bug in this library."""
        return self._seen or isinstance(
            error, httpx.HTTPError | httpx.InvalidURL | httpx.StreamError | OSError
        )


class Connections:
    """Pools of connections by origin (scheme, host and port). Thread-safe.

    Raises NeverSent if the certificates or the proxy that the environment names cannot be used.
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
        """Send a request. The body of the response is not read yet."""
        if origin in self._used_once:
            request.headers["connection"] = "close"
            return self._once.send(request, stream=True)
        return self._kept.send(request, stream=True)

    def hung_up(self, origin: str) -> None:
        """Stop keeping connections to this origin alive."""
        with self._lock:
            self._used_once = self._used_once | {origin}

    def close(self) -> None:
        self._kept.close()
        self._once.close()


def _certificates(trust_env: bool) -> ssl.SSLContext:
    """Return the TLS context with this machine's trusted certificates. Raises NeverSent."""
    name = next((each for each in _CERTIFICATE_VARIABLES if trust_env and os.environ.get(each)), "")
    place = os.environ.get(name, "")
    reason = ""
    if name == "SSL_CERT_DIR" and not any(map(os.path.isdir, place.split(os.pathsep))):
        reason = "the folder does not exist"
    else:
        try:
            return _context(trust_env, _on_disk(trust_env))
        except ssl.SSLError:
            reason = "it contains no certificate that can be read"
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or type(error).__name__
    if not name:
        raise NeverSent(
            f"The certificates of this machine cannot be read ({reason}), so nothing can be sent."
        )
    raise NeverSent(
        f"The environment variable {name} names {place} for certificates, which cannot be used ({reason}). "
        "Correct or unset it, then restart this program."
    )


def _on_disk(trust_env: bool) -> tuple[tuple[str, int, int], ...]:
    """Return the files and folders that certificates may come from, each with its time of change (ns) and size."""
    usual = ssl.get_default_verify_paths()
    named = [os.environ.get(each, "") for each in _CERTIFICATE_VARIABLES] if trust_env else []
    found = []
    for path in (*named, usual.openssl_cafile, usual.openssl_capath):
        try:
            status = os.stat(path)
            found.append((path, status.st_mtime_ns, status.st_size))
        except (OSError, ValueError):
            found.append((path, 0, 0))
    return tuple(found)


@functools.lru_cache(maxsize=4)
def _context(trust_env: bool, _files: tuple[tuple[str, int, int], ...]) -> ssl.SSLContext:
    """Return one context for all clients, until its files change: reading the certificates takes 20 to 50 ms."""
    return httpx.create_ssl_context(trust_env=trust_env)


def _check_proxies() -> None:
    """Check the proxy settings. Raises NeverSent with the variable's name, never its value: it may hold a password."""
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
                f"{where} does not name a valid proxy. It must look like http://proxy.example:8080. "
                "Correct or unset it, then restart this program."
            )
        if proxy.url.scheme.startswith("socks") and importlib.util.find_spec("socksio") is None:
            raise NeverSent(
                f"{where} names a SOCKS proxy, which needs another package. Install it "
                "(pip install 'reddy-workbench[socks]') or name an HTTP proxy, then restart this program."
            )
