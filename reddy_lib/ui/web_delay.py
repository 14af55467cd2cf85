"""Send what the app's server answers at once.

asyncio switches Nagle's delay off where a listening socket names its protocol, and Streamlit's does not. The body of an
answer, and each message of a page after the first, would then wait until the browser has confirmed the part before it,
which a browser puts off for 40 ms.
"""

from __future__ import annotations

import asyncio
import functools
import socket
from typing import Any

from uvicorn.protocols.http.auto import AutoHTTPProtocol

__all__ = ["answer_without_delay"]


def answer_without_delay() -> None:
    """Patch uvicorn so that every connection it takes sends at once. Call it once, at start."""
    http: Any = AutoHTTPProtocol
    made = http.connection_made
    if hasattr(made, "__wrapped__"):
        return

    @functools.wraps(made)
    def made_without_delay(protocol: asyncio.Protocol, transport: asyncio.Transport) -> None:
        connection = transport.get_extra_info("socket")
        if connection.family in (socket.AF_INET, socket.AF_INET6):
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        made(protocol, transport)

    http.connection_made = made_without_delay
