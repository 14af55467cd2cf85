"""Normalise Reddy addresses, so that each server has one spelling: to connect to, and as the key for its records.

If two spellings of one server were two keys, calls could be sent twice. Addresses are therefore normalised as in RFC
3986, sections 6.2 and 6.3 (case, default port, dot segments, percent-encoding), and hosts as in IDNA 2008 with the mapping
of UTS 46. `localhost` becomes 127.0.0.1. `[::1]` is not merged with it, because another program may listen there.

Ambiguous addresses are refused: user names, queries, fragments, and numbers such as `127.1` or `0x7f000001`, which some
programs read as an IPv4 address and others as a name.
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
"""Unicode categories of control characters and of invisible format characters such as a byte order mark."""

_UNRESERVED = frozenset(string.ascii_letters + string.digits + "-._~")
_KEPT_IN_PATHS = "%/!$&'()*+,;=:@~"
_LABEL = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?")
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")


def reddy_address(text: str) -> str:
    """Return the normalised address of a Reddy server, such as `https://app.reddy.io`.

    Args:
        text: the address as typed or configured. Surrounding white space and invisible characters are ignored. A path is
            kept, because a sandbox may be mounted below another app.

    Returns:
        ASCII text without a final slash. Normalising it again returns the same text.

    Raises:
        NeverSent: the text is not an address, or has a part that an address of Reddy must not have.
    """
    return _normalised(text)


def known_address(text: str) -> str:
    """Return the key under which the ledger stores an address: its normal form, or the text itself if it is not valid.

    Invalid texts are names such as "sandbox", and addresses that older versions stored and that can no longer be used.
    """
    try:
        return _normalised(text)
    except NeverSent:
        return text.strip().rstrip("/")


def address_to_connect(text: str) -> str:
    """Return the address to connect to: the normal form, except that `localhost` is kept, as a certificate may name it.

    Raises:
        NeverSent: as for `reddy_address`.
    """
    address = reddy_address(text)
    host = urlsplit(text.strip(_surrounding(text))).hostname or ""
    if host.removesuffix(".") == "localhost":
        return address.replace(f"//{LOCALHOST}", "//localhost", 1)
    return address


def is_loopback(address: str) -> bool:
    """Return whether a normalised address is on this machine, reached without a network."""
    host = urlsplit(address).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.endswith(".localhost")


@lru_cache(maxsize=256)
def _normalised(text: str) -> str:
    text = text.strip(_surrounding(text))
    if any(character.isspace() or unicodedata.category(character) in INVISIBLE for character in text):
        _refuse("it contains a blank or an invisible character")
    if "\\" in text:
        _refuse("it contains a “\\”")
    try:
        parts = urlsplit(unicodedata.normalize("NFC", text))
        port = parts.port
    except ValueError:
        _refuse("its host or port cannot be read")
    if parts.scheme not in DEFAULT_PORTS:
        _refuse("it does not begin with https://")
    if "@" in parts.netloc or "?" in text or "#" in text:
        # Credentials in the address would replace the token, and would be shown wherever the address is.
        raise NeverSent("The address of Reddy must not contain a user name, a password, “?” or “#”.")
    host = _host(parts)
    if port == 0:
        _refuse("port 0 is not valid")
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
            _refuse(f"“[{inside[:50]}]” is not an IPv6 address")
        if number.scope_id:
            _refuse("an IPv6 address with a zone (“%”) is only valid on one machine")
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
        _refuse(f"“{host[:50]}” is not a valid host name")
    return LOCALHOST if host == "localhost" else host


def _ascii_host(host: str) -> str:
    if not host.isascii():
        import idna  # a third of this module's import time, and only addresses with other letters need it

        try:
            host = idna.encode(host, uts46=True, transitional=False).decode("ascii")
        except (idna.IDNAError, UnicodeError):
            _refuse(f"“{host[:50]}” is not a valid host name")
    return host.lower().removesuffix(".")


def _path(path: str) -> str:
    encoded = re.sub(r"%([0-9A-Fa-f]{2})", _escape, quote(path, safe=_KEPT_IN_PATHS))
    if re.search(r"%(?![0-9A-F]{2})", encoded):
        _refuse("its path contains a “%” without two hexadecimal digits")
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
