"""One spelling for a Reddy address: what a client connects to, and the key of everything remembered about it.

Two spellings of one server must not be two keys, or a call that one of them has is sent again to the other. So the
address is put into the form of RFC 3986, section 6.2 and 6.3 (case, default port, dot segments, percent-encoding), its
host into the form that is looked up (IDNA 2008 with the mapping of UTS 46), and `localhost` is 127.0.0.1. `[::1]` stays
an address of its own: another program may listen there.

What cannot be one server for sure is refused with a sentence: user names, queries, fragments, and numbers such as
`127.1` or `0x7f000001` that some programs take for an IPv4 address and others for a name.
"""

from __future__ import annotations

import ipaddress
import re
import string
import unicodedata
from functools import lru_cache
from typing import NoReturn
from urllib.parse import SplitResult, quote, urlsplit

from reddy_lib.errors import NeverSent

__all__ = ["address_to_connect", "is_loopback", "known_address", "reddy_address"]

LOCALHOST = "127.0.0.1"
DEFAULT_PORTS = {"https": 443, "http": 80}
INVISIBLE = ("Cc", "Cf")
"""Unicode categories: control characters, and those that only format, such as a byte order mark."""

_UNRESERVED = frozenset(string.ascii_letters + string.digits + "-._~")
_KEPT_IN_PATHS = "%/!$&'()*+,;=:@~"
_LABEL = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?")
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")


def reddy_address(text: str) -> str:
    """Return the one spelling of the address of a Reddy server, such as `https://app.reddy.io`.

    Args:
        text: as typed or configured; surrounding white space and invisible characters do not count. A path is kept,
            because a sandbox may live below another app.

    Returns: ASCII, without a slash at the end. The function changes nothing in an address that it returned.

    Raises:
        NeverSent: it is no address, or has a part that an address of Reddy must not have.
    """
    return _normalised(text)


def known_address(text: str) -> str:
    """Return the key under which the ledger remembers an address: its one spelling, or the text itself if it is none.

    For names such as "sandbox", and for addresses that an older version stored and nothing can be sent to any more.
    """
    try:
        return _normalised(text)
    except NeverSent:
        return text.strip().rstrip("/")


def address_to_connect(text: str) -> str:
    """Return the address under which a server is connected to: its one spelling, but `localhost` stays a name, because a
    certificate may be made out to it.

    Raises:
        NeverSent: as `reddy_address`.
    """
    address = reddy_address(text)
    host = urlsplit(text.strip(_surrounding(text))).hostname or ""
    if host.removesuffix(".") == "localhost":
        return address.replace(f"//{LOCALHOST}", "//localhost", 1)
    return address


def is_loopback(address: str) -> bool:
    """Return whether an address, as `reddy_address` returns it, is on this machine and reached without a network."""
    host = urlsplit(address).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.endswith(".localhost")


@lru_cache(maxsize=256)
def _normalised(text: str) -> str:
    text = text.strip(_surrounding(text))
    if any(character.isspace() or unicodedata.category(character) in INVISIBLE for character in text):
        _refuse("it has a blank or an invisible character in it")
    if "\\" in text:
        _refuse("it has a “\\” in it")
    try:
        parts = urlsplit(unicodedata.normalize("NFC", text))
        port = parts.port
    except ValueError:
        _refuse("its host or port cannot be read")
    if parts.scheme not in DEFAULT_PORTS:
        _refuse("it does not begin with https://")
    if "@" in parts.netloc or "?" in text or "#" in text:
        # A name and password in the address would replace the token, and would be shown with the address.
        raise NeverSent("The address of Reddy must be without a user name, a password, “?” and “#”.")
    host = _host(parts)
    if port == 0:
        _refuse("no server has port 0")
    shown = "" if port in (None, DEFAULT_PORTS[parts.scheme]) else f":{port}"
    return f"{parts.scheme}://{host}{shown}{_path(parts.path)}"


def _surrounding(text: str) -> str:
    return "".join({each for each in text if each.isspace() or unicodedata.category(each) in INVISIBLE})


def _host(parts: SplitResult) -> str:
    netloc = parts.netloc
    if netloc.startswith("["):
        inside, _, behind = netloc[1:].partition("]")
        if behind and not behind.startswith(":"):
            _refuse("its host or port cannot be read")
        try:
            number = ipaddress.IPv6Address(inside)
        except ValueError:
            _refuse(f"“[{inside[:50]}]” is no IPv6 address")
        if number.scope_id:
            _refuse("an address with a zone (“%”) belongs to one machine alone")
        mapped = number.ipv4_mapped
        return str(mapped) if mapped else f"[{number.compressed}]"
    host = _ascii_host(netloc.partition(":")[0])
    labels = host.split(".")
    if _NUMBER.fullmatch(labels[-1]):
        try:
            return str(ipaddress.IPv4Address(host))
        except ValueError:
            _refuse(f"write “{host[:50]}” as four numbers, such as 127.0.0.1")
    if len(host) > 253 or not all(_LABEL.fullmatch(label) for label in labels):
        _refuse(f"“{host[:50]}” is no name of a server")
    return LOCALHOST if host == "localhost" else host


def _ascii_host(host: str) -> str:
    if not host.isascii():
        import idna  # a third of this module's import time, and for few addresses

        try:
            host = idna.encode(host, uts46=True, transitional=False).decode("ascii")
        except (idna.IDNAError, UnicodeError):
            _refuse(f"“{host[:50]}” is no name of a server")
    return host.lower().removesuffix(".")


def _path(path: str) -> str:
    encoded = re.sub(r"%([0-9A-Fa-f]{2})", _escape, quote(path, safe=_KEPT_IN_PATHS))
    if re.search(r"%(?![0-9A-F]{2})", encoded):
        _refuse("a “%” in its path stands for no character")
    kept: list[str] = []
    for segment in encoded.split("/"):
        if segment == "..":
            if len(kept) > 1:
                kept.pop()
        elif segment != ".":
            kept.append(segment)
    return "/".join(kept).rstrip("/")


def _escape(found: re.Match[str]) -> str:
    character = chr(int(found[1], 16))
    return character if character in _UNRESERVED else f"%{found[1].upper()}"


def _refuse(why: str) -> NoReturn:
    raise NeverSent(f"The address of Reddy cannot be used ({why}): it must look like https://app.reddy.io.")
