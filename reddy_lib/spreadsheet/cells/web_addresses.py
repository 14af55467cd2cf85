"""A recording that a sheet names by a web address: its name is for everybody, the address is not.

Telephone systems export links (`https://rec.example/2026/call%207.wav?X-Amz-Signature=…`). Whoever has such an address
may have the recording, so it stays in the sheet's own cells: Reddy, findings and pages are told the name of the file at
its end. What is signed anew with every export is no part of what tells two calls apart.
"""

from __future__ import annotations

import re
from urllib.parse import unquote

__all__ = ["announced_name", "is_web_address", "lasting_address"]

LONGEST_NAME = 200

_ADDRESS = re.compile(r"\s*https?://", re.IGNORECASE)
_SIGNED = re.compile(
    r"(?:x-amz-|x-goog-).*|awsaccesskeyid|googleaccessid|key-pair-id|signature|policy|expires?|expiry|exp"
    r"|(?:access|auth|id|security)?[-_]?token|auth|authorization|jwt|hmac|sig|nonce"
    r"|s[vtepr]|sip|spr|ss|srt|sk[setv]|skoid|sktid",  # the last line: what Azure signs with
    re.IGNORECASE,
)


def is_web_address(text: str) -> bool:
    """Does a cell begin as an address of the web does? Whether it can be used is another matter."""
    return _ADDRESS.match(text) is not None


def announced_name(text: str) -> str:
    """The name of the recording behind an address: its last part, with percent-escapes read, without query; never a path.

    What is no address of the web comes back as it is. "recording" where the address ends without a name.
    """
    if not is_web_address(text):
        return text
    path = re.split(r"[?#]", text.strip().partition("://")[2], maxsplit=1)[0].partition("/")[2]
    last = path.rpartition("/")[2]
    last = last.partition(";")[0] or last  # a.wav;jsessionid=…
    name = re.split(r"[/\\]", unquote(last, errors="replace"))[-1]
    name = "".join(character for character in name if character.isprintable()).strip()[-LONGEST_NAME:].strip()
    return name if name not in ("", ".", "..") else "recording"


def lasting_address(text: str) -> str:
    """The address without what a signature adds to it: the same in every export. Other text comes back as it is."""
    if not is_web_address(text):
        return text
    address = text.partition("#")[0]
    path, mark, query = address.partition("?")
    if not mark:
        return text
    parts = query.split("&")
    kept = [part for part in parts if not _SIGNED.fullmatch(part.partition("=")[0])]
    if len(kept) == len(parts):
        return text
    return path + (mark + "&".join(kept) if kept else "")
