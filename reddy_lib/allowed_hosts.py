"""Decide which URLs in a sheet may be requested for a recording.

No host is allowed by default: a server that fetches any URL in a spreadsheet can be made to attack its own network
(SSRF). A URL is allowed only if the administrator listed its host (`AllowedHosts`) and every IP address of that host is
public. Hosts inside the company's network are listed separately; cloud metadata addresses, which hand out credentials,
are always refused. This module opens no connection. `api.fetching` does, to the same IP address that was checked here.

A refusal never repeats more of a URL than its host, because recording URLs often carry a signature.
"""

from __future__ import annotations

import ipaddress
import os
import re
from collections.abc import Iterable
from urllib.parse import urljoin

import msgspec

import reddy_lib.arguments as arguments
from reddy_lib.errors import RecordingRefused

__all__ = [
    "AllowedHosts",
    "IPAddress",
    "Target",
    "check_address",
    "check_number",
    "host_and_leave",
    "is_inside",
    "is_public",
    "redirected",
]

IPAddress = ipaddress.IPv4Address | ipaddress.IPv6Address
HOSTS_SETTING = "REDDY_AUDIO_HOSTS"
PRIVATE_HOSTS_SETTING = "REDDY_AUDIO_PRIVATE_HOSTS"
LONGEST = 4_096

_ADDRESS = re.compile(r"(https?)://([^/?#]*)([^#]*)(?:#.*)?", re.IGNORECASE)
_NAME = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)(?:\.(?!-)[a-z0-9_-]{1,63}(?<!-))*")
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")
_PORTS = {"http": 80, "https": 443}

_METADATA = {
    ipaddress.ip_address(number)
    for number in (
        "169.254.169.254", "169.254.170.2", "169.254.170.23", "169.254.169.253", "100.100.100.200", "192.0.0.192",
        "168.63.129.16", "fd00:ec2::254", "fd00:ec2::253", "fd00:ec2::23", "fd20:ce::254",
    )
}  # fmt: skip
"""Metadata addresses where clouds give a machine its credentials."""
_NAT64 = (ipaddress.ip_network("64:ff9b::/96"), ipaddress.ip_network("64:ff9b:1::/48"))
_COMPATIBLE = ipaddress.ip_network("::/96")


class AllowedHosts(msgspec.Struct, frozen=True):
    """Hosts that may be requested, as "name" or "name:port"; without a port, only the scheme's default. Empty by default.

    Attributes:
        public: hosts that may resolve to public addresses only.
        private: hosts that may also resolve to addresses of the company's network or of this machine.
    """

    public: frozenset[str] = frozenset()
    private: frozenset[str] = frozenset()

    @classmethod
    def of(cls, public: Iterable[str] = (), private: Iterable[str] = ()) -> AllowedHosts:
        """Parse host names.

        Raises:
            TypeError: `public` or `private` is not a list of texts.
            ValueError: a name is invalid; "*" is invalid, as each host must be listed.
        """
        return cls(
            frozenset(map(_listed, arguments.texts(public, "public"))),
            frozenset(map(_listed, arguments.texts(private, "private"))),
        )

    @classmethod
    def from_environment(cls) -> AllowedHosts:
        """Read REDDY_AUDIO_HOSTS and REDDY_AUDIO_PRIVATE_HOSTS: host names separated by commas or blanks."""
        return cls.of(
            *(
                re.findall(r"[^\s,]+", os.environ.get(name, ""))
                for name in (HOSTS_SETTING, PRIVATE_HOSTS_SETTING)
            )
        )

    def __bool__(self) -> bool:
        return bool(self.public or self.private)

    def allow(self, host: str, port: int, scheme: str) -> tuple[bool, bool]:
        """Return (whether the host is listed, whether it may resolve to private addresses)."""
        written = f"[{host}]" if ":" in host else host
        names = {f"{written}:{port}"} | ({written} if port == _PORTS[scheme] else set())
        private = not names.isdisjoint(self.private)
        return private or not names.isdisjoint(self.public), private


class Target(msgspec.Struct, frozen=True):
    """The parts of an allowed URL.

    Attributes:
        scheme: "http" or "https".
        host: a name or an IP address, in lower case.
        port: the port number.
        path: path and query as sent; may contain a secret.
        private: whether the host may resolve to an address that is not public.
    """

    scheme: str
    host: str
    port: int
    path: str
    private: bool

    def __repr__(self) -> str:
        return f"<Target {self.scheme}://{self.host}:{self.port}>"

    @property
    def authority(self) -> str:
        """Host and port, as in the `Host` header."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _PORTS[self.scheme] else f"{host}:{self.port}"

    @property
    def address(self) -> str:
        """The whole URL; may contain a secret."""
        return f"{self.scheme}://{self.authority}{self.path}"


def check_address(address: str, allowed: AllowedHosts) -> Target:
    """Parse a URL and check that its host is allowed. Check its IP addresses later with `check_number`.

    Raises RecordingRefused.
    """
    if not allowed:
        raise RecordingRefused(
            "Recordings are not fetched from web addresses here. Drop the files beside the sheet, or ask your "
            f"administrator to list the host in {HOSTS_SETTING}."
        )
    scheme, host, port, path = _taken_apart(address)
    listed, private = allowed.allow(host, port, scheme)
    if not listed:
        raise RecordingRefused(
            f"{host[:100]} (port {port}) is not among the hosts that recordings are fetched from. Ask your administrator "
            f"to list it in {HOSTS_SETTING}, or drop the files beside the sheet."
        )
    return Target(scheme, host, port, path, private)


def host_and_leave(address: str, allowed: AllowedHosts) -> tuple[str, bool]:
    """Return the host of a URL as a host list writes it (with a port other than the default), and whether it is listed.

    Raises RecordingRefused if the URL is invalid, whatever hosts are allowed.
    """
    scheme, host, port, _ = _taken_apart(address)
    listed, private = allowed.allow(host, port, scheme)
    return Target(scheme, host, port, "", private).authority, listed


def _taken_apart(address: str) -> tuple[str, str, int, str]:
    """Return scheme, host, port, and path with query."""
    text = address.strip(" ")
    if len(text) > LONGEST or re.search(r"[^\x21-\x7e]|\\", text):
        raise RecordingRefused(
            "The recording's address has characters that no web address has. Copy the whole address again."
        )
    found = _ADDRESS.fullmatch(text)
    if found is None:
        raise RecordingRefused(
            "The recording's address does not start with https:// or http://. It was not opened."
        )
    scheme, authority, path = found[1].lower(), found[2], found[3]
    if "@" in authority:
        raise RecordingRefused(
            "The recording's address contains a user name or a password. Remove it; nothing was requested."
        )
    if "%" in authority:
        raise RecordingRefused("The host in the recording's address is not valid. Nothing was requested.")
    host, port = _host_and_port(authority, scheme)
    return scheme, host, port, path if path.startswith("/") else "/" + path


def redirected(target: Target, location: str, allowed: AllowedHosts) -> Target:
    """Return the target of a redirect, checked by the same rules. Raises RecordingRefused, also for https → http."""
    new = check_address(urljoin(target.address, location.strip()), allowed)
    if target.scheme == "https" and new.scheme == "http":
        raise RecordingRefused(
            f"{target.host} redirects to an address that is not encrypted. The redirect was not followed."
        )
    return new


def is_inside(host: str) -> bool:
    """Return whether a host may be a machine of this network or this machine itself.

    Names are not resolved. "localhost" and its subdomains are inside, and so are non-public IP addresses, addresses with
    a zone, and numbers that some programs read as an IP address (decimal, octal, hexadecimal, short).
    """
    name = host.strip("[]").removesuffix(".").lower()
    if "%" in name or name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        return not is_public(ipaddress.ip_address(name))
    except ValueError:
        return bool(_NUMBER.fullmatch(name.rsplit(".", 1)[-1]))


def is_public(number: IPAddress) -> bool:
    """Return whether an IP address, and each address embedded in it, is public."""
    try:
        check_number(number, private=False)
    except RecordingRefused:
        return False
    return True


def check_number(number: IPAddress, *, private: bool) -> None:
    """Raise RecordingRefused if no recording may be fetched from this IP address. `private`: the host is listed as private.

    IPv4 addresses embedded in IPv6 are checked as well. Multicast, unspecified and cloud metadata addresses are always
    refused.
    """
    for one in _meanings(number):
        if one in _METADATA or one.is_multicast or one.is_unspecified or str(one) == "255.255.255.255":
            raise RecordingRefused(
                "The host resolves to an address that cannot hold recordings. It was not contacted."
            )
        if not private and (
            not one.is_global
            or one.is_private
            or one.is_loopback
            or one.is_link_local
            or one.is_reserved
            or getattr(one, "is_site_local", False)
        ):
            raise RecordingRefused(
                "The host resolves to an address inside this network, so it was not contacted. If this is intended, ask "
                f"your administrator to list the host in {PRIVATE_HOSTS_SETTING}."
            )


def _meanings(number: IPAddress) -> list[IPAddress]:
    found: list[IPAddress] = [number]
    if isinstance(number, ipaddress.IPv6Address):
        if number.ipv4_mapped is not None:
            return [number.ipv4_mapped]  # the same address in IPv6 notation
        if number.sixtofour is not None:
            found.append(number.sixtofour)
        if number.teredo is not None:
            found += number.teredo
        if any(number in network for network in _NAT64) or (number in _COMPATIBLE and int(number) > 1):
            found.append(ipaddress.IPv4Address(int(number) & 0xFFFFFFFF))
    return found


def _host_and_port(authority: str, scheme: str) -> tuple[str, int]:
    unreadable = RecordingRefused("The host in the recording's address is not valid. Nothing was requested.")
    if authority.startswith("["):
        found = re.fullmatch(r"\[([0-9A-Fa-f:.]+)\](?::([0-9]{1,5}))?", authority)
        if found is None:
            raise unreadable
        try:
            host = str(ipaddress.IPv6Address(found[1]))
        except ValueError:
            raise unreadable from None
    else:
        found = re.fullmatch(r"([^:\[\]]+)(?::([0-9]{1,5}))?", authority)
        if found is None:
            raise unreadable
        host = found[1].lower().removesuffix(".")
        if len(host) > 253 or not _NAME.fullmatch(host):
            raise unreadable
        if _NUMBER.fullmatch(host.rsplit(".", 1)[-1]):
            # Some programs read 2130706433, 0x7f.1, 127.1 and 0177.0.0.1 as 127.0.0.1: accept only the plain form.
            try:
                host = str(ipaddress.IPv4Address(host))
            except ValueError:
                raise unreadable from None
    port = int(found[2]) if found[2] else _PORTS[scheme]
    if not 0 < port < 65_536:
        raise unreadable
    return host, port


def _listed(name: str) -> str:
    text = name.strip()
    try:
        host, port = _host_and_port(text, "http")
    except RecordingRefused:
        raise ValueError(f"{text!r} is not the name of a host. Write it without https:// and path.") from None
    written = f"[{host}]" if ":" in host else host
    return f"{written}:{port}" if re.search(r":[0-9]+$", text.rpartition("]")[2]) else written
