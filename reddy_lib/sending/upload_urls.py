"""Checks of an upload address, before a recording is sent there.

The address comes from Reddy, but through whatever is in between, so it is not trusted: it must be encrypted (unless the
connection itself is not, as to the sandbox), without a user name, and must not lead into this network (unless Reddy itself
is there): an answer must not make this machine talk to its neighbours. The *hosts* that are allowed for a connection are
in the ledger (`recordings.attachments`).
"""

from __future__ import annotations

import contextlib
import socket
from urllib.parse import SplitResult, urlsplit

from reddy_lib.allowed_hosts import is_inside
from reddy_lib.recordings.attachments import ASK_SUPPORT

__all__ = ["LEAVES_THE_SANDBOX", "leads_inside", "where_to"]

_ASK = f"The recording was not sent. Ask the administrator of this connection. {ASK_SUPPORT}"

LEAVES_THE_SANDBOX = (
    "The address that the sandbox gave for the recording leads to another server. The recording was not sent: what goes to "
    "the sandbox stays there."
)


def where_to(url: str | None, base_url: str) -> tuple[str | None, str]:
    """Return the host of an upload address (None for the connection's own), and why it cannot be used, or "".

    The reason names the host and nothing else of the address, which is a secret.
    """
    if not url:
        return None, ""
    own = urlsplit(base_url)
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        return None, f"The address that Reddy gave for the recording cannot be read. {_ASK}"
    if not url.isascii() or not url.isprintable() or " " in url or not host:
        return None, f"The address that Reddy gave for the recording cannot be read. {_ASK}"
    if parts.scheme != "https" and not (parts.scheme == "http" and own.scheme == "http"):
        return None, f"The address that Reddy gave for the recording (at {host}) is not encrypted. {_ASK}"
    if parts.username is not None or parts.password is not None:
        return (
            None,
            f"The address that Reddy gave for the recording (at {host}) has a user name in it. {_ASK}",
        )
    if _place(parts) == _place(own):
        return None, ""
    if _is_inside(host) and not _is_inside(own.hostname or "", look_up=True):
        return None, (
            f"The address that Reddy gave for the recording ({host}) leads into this network, and not to Reddy. {_ASK}"
        )
    return _place(parts), ""


def leads_inside(url: str, base_url: str) -> bool:
    """Return whether an address leads to a machine of this network although the connection's own does not.

    Asked right before the upload. A name that only a proxy can resolve does not lead inside.
    """
    host, own = ((urlsplit(each).hostname or "").removesuffix(".") for each in (url, base_url))
    return host != own and _is_inside(host, look_up=True) and not _is_inside(own, look_up=True)


def _place(parts: SplitResult) -> str:
    host = (parts.hostname or "").rstrip(".")
    usual = {"https": 443, "http": 80}.get(parts.scheme)
    return host if parts.port in (None, usual) else f"{host}:{parts.port}"


def _is_inside(host: str, *, look_up: bool = False) -> bool:
    """Return whether a host is in this network, by the same rules as for all addresses."""
    if is_inside(host):
        return True
    found: list[str] = []
    if look_up:
        with contextlib.suppress(OSError, UnicodeError):
            found = [str(each[4][0]) for each in socket.getaddrinfo(host, None)]
    return any(map(is_inside, found))
