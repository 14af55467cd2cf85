"""Connections: where calls go and with which token, to the sandbox or to Reddy.

A connection's `address` is what the ledger remembers (calls are told apart per address); its token lives in
memory only. `Tokens` holds the tokens that were typed in, in this process's memory: lost with it, on purpose.

Pages connect to few addresses: Reddy's own, and those that an administrator names in the environment or the secrets
file (`allowed_addresses`). So nobody at a screen can make this machine ask a server inside its network, or send a token
where it does not belong. Which stored token goes to which address is decided in one place (`stored_connection`).

A connection serves the *lanes* of its address (`workers.lane`): that of its own token's fingerprint, and those of
submissions from before fingerprints were stored. So a submission that was started with one account's token is not sent
with another's.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Mapping
from typing import Any, Literal

from reddy_lib.address import is_loopback, known_address, reddy_address
from reddy_lib.api import DEFAULT_BASE_URL, Client
from reddy_lib.api.client import TOKEN_VARIABLE, URL_VARIABLE, fingerprint, hint
from reddy_lib.database.sandbox_urls import SANDBOX
from reddy_lib.errors import ConnectionUnusable, NeverSent

__all__ = [
    "SANDBOX",
    "SANDBOX_URL_VARIABLE",
    "TOKEN_VARIABLE",
    "URL_VARIABLE",
    "Connection",
    "Tokens",
    "allowed_addresses",
    "from_environment",
    "hint",
    "sandbox_from_environment",
    "stored_connection",
    "typed_connection",
]

SANDBOX_URL_VARIABLE = "REDDY_SANDBOX_URL"
SANDBOX_TOKEN_VARIABLE = "REDDY_SANDBOX_TOKEN"
URLS_VARIABLE = "REDDY_BASE_URLS"
URL_IN_SECRETS = "base_url"
"""The name in the secrets file; `REDDY_BASE_URL` will do there, too."""

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
        """What the ledger calls this address."""
        return SANDBOX if self.source == "sandbox" else self.base_url

    @property
    def is_sandbox(self) -> bool:
        return self.source == "sandbox"

    def lanes(self, key: str) -> tuple[str, ...]:
        """Return the lanes of the submissions that this connection may send.

        Submissions from before fingerprints were stored are recognised by the token's last characters.

        Args:
            key: the ledger's identity.
        """
        if self.source in ("typed", "notebook"):
            return ()
        hinted = f"{self.address} {self.token_hint}".strip()
        return tuple(
            dict.fromkeys((" ".join(filter(None, (hinted, self.credential(key)))), hinted, self.address))
        )

    def credential(self, key: str) -> str:
        """Return the token's fingerprint in the ledger with this identity; "" for the sandbox, whose token is no secret."""
        return "" if self.is_sandbox else fingerprint(self._token, key)

    @property
    def token_hint(self) -> str:
        """The token's last four characters, or "" where it is too short to show any."""
        return "" if self.is_sandbox else hint(self._token)

    @property
    def token(self) -> str:
        """The secret itself: hand it to a client or to `Tokens`, to nothing else."""
        return self._token

    def client(self, *, timeout: float = 30.0) -> Client:
        """Return a new client, to be closed after use. Raises as `Client` does."""
        return Client(self._token, base_url=self.base_url, timeout=timeout, sandbox=self.is_sandbox)


class Tokens:
    """Tokens that people typed in, by submission, in this process's memory and nowhere else."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._tokens: dict[str, str] = {}

    def __repr__(self) -> str:
        with self._lock:
            return f"<Tokens for {len(self._tokens)} submissions>"

    def remember(self, submission_id: str, token: str) -> None:
        """Hold the token of a submission."""
        with self._lock:
            self._tokens[submission_id] = token

    def recall(self, submission_id: str) -> str | None:
        """Return the token of a submission, or None."""
        with self._lock:
            return self._tokens.get(submission_id)

    def forget(self, submission_id: str) -> None:
        """Drop the token of a submission."""
        with self._lock:
            self._tokens.pop(submission_id, None)


def allowed_addresses(
    secrets: Mapping[str, Any] | None = None, environment: Mapping[str, str] | None = None
) -> list[str]:
    """Return the addresses that a token may be sent to from a page: Reddy's own first, then those that `REDDY_BASE_URL`,
    `REDDY_BASE_URLS` (separated by commas) and the secrets file name.

    Raises:
        ConnectionUnusable: one of them is no address, or neither https nor on this machine.
    """
    environment = os.environ if environment is None else environment
    named = [(environment.get(URL_VARIABLE, ""), URL_VARIABLE), (_url_in(secrets or {}), "The secrets file")]
    named += [(each, URLS_VARIABLE) for each in environment.get(URLS_VARIABLE, "").split(",")]
    found = [_usable(address, where) for address, where in named if address.strip()]
    return list(dict.fromkeys([reddy_address(DEFAULT_BASE_URL), *found]))


def stored_connection(
    secrets: Mapping[str, Any], environment: Mapping[str, str] | None = None
) -> Connection | None:
    """Return the connection that the secrets file and the environment describe, or None where neither has a token.

    | token in        | address named in | the token goes to              |
    |-----------------|------------------|--------------------------------|
    | secrets file    | secrets file     | that one, whatever is set else |
    | secrets file    | environment      | that one                       |
    | environment     | environment      | that one, whatever is set else |
    | environment     | secrets file     | that one                       |
    | either          | neither          | Reddy                          |

    A token of the secrets file wins over one of the environment.

    Raises:
        ConnectionUnusable: the address cannot be used, or the secrets file names two.
    """
    environment = os.environ if environment is None else environment
    in_file, in_environment = _url_in(secrets), environment.get(URL_VARIABLE, "").strip()
    token = str(secrets.get(TOKEN_VARIABLE, "")).strip()
    source: TokenSource = "secrets"
    named = [(in_file, "The secrets file"), (in_environment, URL_VARIABLE)]
    if not token:
        token, source = environment.get(TOKEN_VARIABLE, "").strip(), "environment"
        named.reverse()
    if not token:
        return None
    address = next((_usable(each, where) for each, where in named if each), DEFAULT_BASE_URL)
    return Connection(token=token, base_url=address, source=source)


def from_environment() -> Connection | None:
    """Return the connection that `REDDY_API_TOKEN` (and `REDDY_BASE_URL`) describe, or None. Raises as
    `stored_connection` does."""
    return stored_connection({})


def typed_connection(token: str, address: str, *, secrets: Mapping[str, Any] | None = None) -> Connection:
    """Return a connection whose token somebody typed in just now.

    Raises:
        ConnectionUnusable: the address is not one of `allowed_addresses`.
    """
    if known_address(address) not in allowed_addresses(secrets):
        raise ConnectionUnusable(
            f"No token is sent to {known_address(address)}: it is not one of this workbench's addresses. "
            f"An administrator can add it to {URLS_VARIABLE}."
        )
    return Connection(token=token, base_url=address, source="typed")


def sandbox_from_environment() -> Connection | None:
    """Return the sandbox that `REDDY_SANDBOX_URL` names, with the token in `REDDY_SANDBOX_TOKEN`, or None.

    Raises:
        ConnectionUnusable: the address cannot be used, or its token is missing.
    """
    base_url = os.environ.get(SANDBOX_URL_VARIABLE, "").strip()
    if not base_url:
        return None
    token = os.environ.get(SANDBOX_TOKEN_VARIABLE, "").strip()
    if not token:
        raise ConnectionUnusable(
            f"{SANDBOX_URL_VARIABLE} names a sandbox, but {SANDBOX_TOKEN_VARIABLE} is not set. Set it to one value for the "
            "app (or the sandbox's process) and for all workers, then start them again."
        )
    return Connection(
        token=token, base_url=_usable(base_url, SANDBOX_URL_VARIABLE, http=True), source="sandbox"
    )


def _url_in(secrets: Mapping[str, Any]) -> str:
    names = {name: str(secrets.get(name, "")).strip() for name in (URL_IN_SECRETS, URL_VARIABLE)}
    if all(names.values()) and len({known_address(address) for address in names.values()}) > 1:
        raise ConnectionUnusable(
            f"The secrets file names two addresses, {URL_IN_SECRETS} and {URL_VARIABLE}. Leave one of them, then start "
            "the workbench again."
        )
    return next((address for address in names.values() if address), "")


def _usable(address: str, where: str, *, http: bool = False) -> str:
    """Return the normalised form of a configured address. `http`: also allow it unencrypted to another machine."""
    problem = ""
    try:
        found = reddy_address(address)
    except NeverSent as error:
        problem = str(error)
    else:
        if found.startswith("https://") or http or is_loopback(found):
            return found
        problem = (
            f"{found} is not encrypted: an address must begin with https://, but for one on this machine."
        )
    raise ConnectionUnusable(f"{where} cannot be used. {problem}")
