"""Where calls go and with which token: the sandbox, or Reddy.

A connection's `address` is what the ledger remembers (calls are told apart per address); its token lives in
memory only. `Tokens` is this process's memory of tokens that were typed in: lost with the process, on purpose.

A connection serves the *lanes* of its address (`ledger.workers.lane`): that of its own token's last characters, and
that of tokens too short to show any. So a submission that was begun with one account's token is not sent with another's.
"""

from __future__ import annotations

import os
import threading
from typing import Literal

from ..address import known_address
from ..api import DEFAULT_BASE_URL, Client
from ..ledger.sending import SANDBOX

__all__ = [
    "SANDBOX",
    "SANDBOX_URL_VARIABLE",
    "TOKEN_VARIABLE",
    "URL_VARIABLE",
    "Connection",
    "Tokens",
    "from_environment",
    "hint",
    "sandbox_from_environment",
]

TOKEN_VARIABLE = "REDDY_API_TOKEN"
URL_VARIABLE = "REDDY_BASE_URL"
SANDBOX_URL_VARIABLE = "REDDY_SANDBOX_URL"
SANDBOX_TOKEN_VARIABLE = "REDDY_SANDBOX_TOKEN"
SANDBOX_TOKEN = "sandbox-token"
"""What the sandbox takes unless it was started with another one: no secret."""

TokenSource = Literal["sandbox", "environment", "secrets", "typed", "notebook"]


class Connection:
    """An address and the token for it. Its repr shows at most the token's last four characters.

    An address that cannot be used is kept as it was typed; `client` says what is wrong with it.
    """

    def __init__(self, *, token: str, base_url: str, source: TokenSource) -> None:
        self._token = token
        self.base_url = known_address(base_url)
        self.source: TokenSource = source

    def __repr__(self) -> str:
        return f"<Connection {self.address} · token {self.token_hint or 'none'}>"

    @property
    def address(self) -> str:
        """What the ledger calls this place."""
        return SANDBOX if self.source == "sandbox" else self.base_url

    @property
    def is_sandbox(self) -> bool:
        return self.source == "sandbox"

    @property
    def lanes(self) -> tuple[str, ...]:
        """The submissions that this connection may send, as the ledger's workers tell it."""
        if self.source in ("typed", "notebook"):
            return ()
        return tuple(dict.fromkeys((f"{self.address} {self.token_hint}".strip(), self.address)))

    @property
    def token_hint(self) -> str:
        """The token's last four characters, or "" where it is too short to show any."""
        return "" if self.is_sandbox else hint(self._token)

    @property
    def token(self) -> str:
        """The secret itself: hand it to a client or to `Tokens`, to nothing else."""
        return self._token

    def client(self, *, timeout: float = 30.0) -> Client:
        """A new client; close it after use. Raises as `Client` does."""
        return Client(self._token, base_url=self.base_url, timeout=timeout)


class Tokens:
    """Tokens typed in by people, by submission, in this process's memory and nowhere else."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._tokens: dict[str, str] = {}

    def __repr__(self) -> str:
        with self._lock:
            return f"<Tokens for {len(self._tokens)} submissions>"

    def remember(self, submission_id: str, token: str) -> None:
        with self._lock:
            self._tokens[submission_id] = token

    def recall(self, submission_id: str) -> str | None:
        with self._lock:
            return self._tokens.get(submission_id)

    def forget(self, submission_id: str) -> None:
        with self._lock:
            self._tokens.pop(submission_id, None)


def hint(token: str) -> str:
    """ "…4f2a" for a token long enough that four characters give nothing away, else ""."""
    return f"…{token[-4:]}" if len(token) >= 12 else ""


def from_environment() -> Connection | None:
    """The connection that `REDDY_API_TOKEN` (and `REDDY_BASE_URL`) describe, or None."""
    token = os.environ.get(TOKEN_VARIABLE, "").strip()
    if not token:
        return None
    base_url = os.environ.get(URL_VARIABLE, "").strip() or DEFAULT_BASE_URL
    return Connection(token=token, base_url=base_url, source="environment")


def sandbox_from_environment() -> Connection | None:
    """The sandbox that `REDDY_SANDBOX_URL` names (and `REDDY_SANDBOX_TOKEN`, where it has a token of its own), or None."""
    base_url = os.environ.get(SANDBOX_URL_VARIABLE, "").strip()
    if not base_url:
        return None
    token = os.environ.get(SANDBOX_TOKEN_VARIABLE, "").strip() or SANDBOX_TOKEN
    return Connection(token=token, base_url=base_url, source="sandbox")
