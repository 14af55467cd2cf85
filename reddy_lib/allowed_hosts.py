"""Which web addresses in a sheet may be asked for a recording: decided here, from text and numbers alone.

Off by default: a server that fetches whatever a spreadsheet names can be made to ask its own network. An address is
used only where its host stands, letter by letter, in the list of the administrator (`AllowedHosts`), and where every
number that its name stands for is a public one. Hosts in the network of the company have a list of their own; even
they never lead to the addresses at which clouds give out credentials. Nothing here opens a connection: `fetching`
in `api/` does, to the very number that was checked.

No sentence of a refusal repeats the address beyond its host: addresses of recordings often carry a signature.
"""

from __future__ import annotations

import ipaddress
import os
import re
from collections.abc import Iterable
from urllib.parse import urljoin

import msgspec

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
"""Where clouds tell a machine its credentials."""
_NAT64 = (ipaddress.ip_network("64:ff9b::/96"), ipaddress.ip_network("64:ff9b:1::/48"))
_COMPATIBLE = ipaddress.ip_network("::/96")


class AllowedHosts(msgspec.Struct, frozen=True):
    """Hosts that may be asked for recordings, "name" or "name:port" (otherwise the usual port alone); none by default.

    Attributes:
        public: must stand for public addresses only.
        private: may stand for addresses of the company's own network, or of this machine.
    """

    public: frozenset[str] = frozenset()
    private: frozenset[str] = frozenset()

    @classmethod
    def of(cls, public: Iterable[str] = (), private: Iterable[str] = ()) -> AllowedHosts:
        """From names as people write them. Raises ValueError: one is no host name ("*" is none: each is listed)."""
        return cls(frozenset(map(_listed, public)), frozenset(map(_listed, private)))

    @classmethod
    def from_environment(cls) -> AllowedHosts:
        """From the settings REDDY_AUDIO_HOSTS and REDDY_AUDIO_PRIVATE_HOSTS: names separated by commas or blanks."""
        return cls.of(
            *(
                re.findall(r"[^\s,]+", os.environ.get(name, ""))
                for name in (HOSTS_SETTING, PRIVATE_HOSTS_SETTING)
            )
        )

    def __bool__(self) -> bool:
        return bool(self.public or self.private)

    def allow(self, host: str, port: int, scheme: str) -> tuple[bool, bool]:
        """(is it listed at all, may it stand for private addresses)."""
        written = f"[{host}]" if ":" in host else host
        names = {f"{written}:{port}"} | ({written} if port == _PORTS[scheme] else set())
        private = not names.isdisjoint(self.private)
        return private or not names.isdisjoint(self.public), private


class Target(msgspec.Struct, frozen=True):
    """An address that may be asked, taken apart.

    Attributes:
        scheme: "http" or "https".
        host: a name, or a number as text, in small letters.
        port: the number of the port.
        path: path and query, as they are sent; may hold a secret.
        private: may the host stand for an address that is not public?
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
        """Host and port as the header `Host` has them."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _PORTS[self.scheme] else f"{host}:{self.port}"

    @property
    def address(self) -> str:
        """The whole address; may hold a secret."""
        return f"{self.scheme}://{self.authority}{self.path}"


def check_address(address: str, allowed: AllowedHosts) -> Target:
    """The address taken apart, if its host is allowed. Its numbers are checked when they are known: `check_number`.

    Raises RecordingRefused.
    """
    if not allowed:
        raise RecordingRefused(
            "Recordings are not fetched from web addresses here. Drop the files beside the sheet, or ask the "
            f"administrator to list the host in {HOSTS_SETTING}."
        )
    scheme, host, port, path = _taken_apart(address)
    listed, private = allowed.allow(host, port, scheme)
    if not listed:
        raise RecordingRefused(
            f"{host[:100]} (port {port}) is not among the hosts that recordings are fetched from: ask the administrator to "
            f"list it in {HOSTS_SETTING}, or drop the files beside the sheet."
        )
    return Target(scheme, host, port, path, private)


def host_and_leave(address: str, allowed: AllowedHosts) -> tuple[str, bool]:
    """The host of an address as a list of hosts has it (with its port, where that is not the usual one), and whether it
    is listed.

    Raises RecordingRefused: the address cannot be read, whatever is allowed.
    """
    scheme, host, port, _ = _taken_apart(address)
    listed, private = allowed.allow(host, port, scheme)
    return Target(scheme, host, port, "", private).authority, listed


def _taken_apart(address: str) -> tuple[str, str, int, str]:
    """Scheme, host, port, and path with query."""
    text = address.strip(" ")
    if len(text) > LONGEST or re.search(r"[^\x21-\x7e]|\\", text):
        raise RecordingRefused(
            "The address of the recording has characters that no web address has: copy it again, whole."
        )
    found = _ADDRESS.fullmatch(text)
    if found is None:
        raise RecordingRefused(
            "The address of the recording is not one of the web (https://…): nothing was opened."
        )
    scheme, authority, path = found[1].lower(), found[2], found[3]
    if "@" in authority:
        raise RecordingRefused(
            "The address of the recording has a user name or a password in it: take it out. Nothing was asked."
        )
    if "%" in authority:
        raise RecordingRefused("The host in the address of the recording cannot be read: nothing was asked.")
    host, port = _host_and_port(authority, scheme)
    return scheme, host, port, path if path.startswith("/") else "/" + path


def redirected(target: Target, location: str, allowed: AllowedHosts) -> Target:
    """Where a redirect leads, under the same rules. Raises RecordingRefused; also where it leaves encryption."""
    new = check_address(urljoin(target.address, location.strip()), allowed)
    if target.scheme == "https" and new.scheme == "http":
        raise RecordingRefused(
            f"{target.host} leads on to an address that is not encrypted: it was not followed."
        )
    return new


def is_inside(host: str) -> bool:
    """Whether a host, as it is written, may be a machine of this network, or this machine itself.

    Names are not looked up: "localhost" and what is below it are inside, and so are numbers that are not public, numbers
    with a zone, and numbers that some readers take for others (decimal, octal, hexadecimal, short).
    """
    name = host.strip("[]").removesuffix(".").lower()
    if "%" in name or name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        return not is_public(ipaddress.ip_address(name))
    except ValueError:
        return bool(_NUMBER.fullmatch(name.rsplit(".", 1)[-1]))


def is_public(number: IPAddress) -> bool:
    """Whether a number, and each that it stands for, is one of the public internet."""
    try:
        check_number(number, private=False)
    except RecordingRefused:
        return False
    return True


def check_number(number: IPAddress, *, private: bool) -> None:
    """Raises RecordingRefused where no recording may be fetched from this number. `private`: the host was listed so.

    Numbers in other clothes (IPv4 inside of IPv6) are judged by what they stand for as well. Multicast, "no address"
    and the addresses of cloud credentials are refused in any case.
    """
    for one in _meanings(number):
        if one in _METADATA or one.is_multicast or one.is_unspecified or str(one) == "255.255.255.255":
            raise RecordingRefused(
                "The host stands for an address at which there are no recordings: it was not asked."
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
                "The host stands for an address inside this network: it was not asked. If that is meant, the "
                f"administrator lists the host in {PRIVATE_HOSTS_SETTING}."
            )


def _meanings(number: IPAddress) -> list[IPAddress]:
    found: list[IPAddress] = [number]
    if isinstance(number, ipaddress.IPv6Address):
        if number.ipv4_mapped is not None:
            return [number.ipv4_mapped]  # the same address, spelled otherwise
        if number.sixtofour is not None:
            found.append(number.sixtofour)
        if number.teredo is not None:
            found += number.teredo
        if any(number in network for network in _NAT64) or (number in _COMPATIBLE and int(number) > 1):
            found.append(ipaddress.IPv4Address(int(number) & 0xFFFFFFFF))
    return found


def _host_and_port(authority: str, scheme: str) -> tuple[str, int]:
    unreadable = RecordingRefused(
        "The host in the address of the recording cannot be read: nothing was asked."
    )
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
            # 2130706433, 0x7f.1, 127.1 and 0177.0.0.1 are all 127.0.0.1 to some reader: only its plain form is read.
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
        raise ValueError(f"{text!r} is not the name of a host: write it without https:// and path.") from None
    written = f"[{host}]" if ":" in host else host
    return f"{written}:{port}" if re.search(r":[0-9]+$", text.rpartition("]")[2]) else written
