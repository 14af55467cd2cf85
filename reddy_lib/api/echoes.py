"""Secrets that a server repeats: struck out of an answer before anything of it is stored, logged or shown.

Servers and the proxies before them repeat requests in their errors, in headers, in ids, as they are or encoded. So a
secret is looked for in each form in which it may stand in a text: plain, percent-encoded, in base64, in hexadecimal,
with blanks or line ends between its characters, and in pieces of half its length.
"""

from __future__ import annotations

import base64
import codecs
import contextlib
import re
from collections.abc import Iterable
from typing import Any
from urllib.parse import quote

import msgspec

__all__ = ["Echoes"]

BLANK = "…"
LONG = 8
"""Characters from which a secret is looked for in pieces and in other forms: shorter ones stand in too many words."""
BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
"""Some servers write one before their JSON."""
_BETWEEN = "[\\s\u00ad\u200b-\u200f\u2060\ufeff]*"


class Echoes:
    """Strikes secrets out of texts. Its repr shows none."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        whole: list[str] = []
        pieces: list[str] = []
        for secret in sorted({secret for secret in secrets if secret}, key=len, reverse=True):
            whole.append(_BETWEEN.join(map(re.escape, secret)) if len(secret) >= LONG else re.escape(secret))
            if len(secret) < LONG:
                continue
            for form in _forms(secret):
                size = max(LONG, (len(form) + 1) // 2)
                pieces.append(re.escape(form))
                pieces += [re.escape(form[start : start + size]) for start in range(len(form) - size + 1)]
        self._found = re.compile("|".join([*whole, *dict.fromkeys(pieces)])) if whole else None
        self._long = bool(pieces)

    def __repr__(self) -> str:
        return "<Echoes>"

    def blank(self, text: str) -> str:
        """The text without the secrets."""
        return text if self._found is None else self._found.sub(BLANK, text)

    def blank_address(self, address: str) -> str:
        """The same for an address that is to be used: a short secret stands in too many of them by chance."""
        return self.blank(address) if self._long else address

    def blank_body(self, body: bytes) -> bytes:
        """The same for a body, JSON or not; what holds no secret stays byte for byte."""
        for mark, encoding in BYTE_ORDER_MARKS:
            if body.startswith(mark):
                with contextlib.suppress(UnicodeDecodeError):
                    body = body.decode(encoding).encode()
                break
        try:
            content = msgspec.json.decode(body)
            clean = self.blank_all(content)
        except (ValueError, RecursionError):
            text = body.decode("utf-8", "replace")
            blanked = self.blank(text)
            return body if blanked == text else blanked.encode()
        return body if clean == content else msgspec.json.encode(clean)

    def blank_all(self, content: Any) -> Any:
        """A JSON value with the secrets struck out of its texts. A short secret is left in names of fields and in
        `upload_url`, where it stands by chance."""
        if isinstance(content, str):
            return self.blank(content)
        if isinstance(content, list):
            return [self.blank_all(each) for each in content]
        if isinstance(content, dict):
            return {
                self.blank_address(key): self.blank_address(value)
                if key == "upload_url" and isinstance(value, str)
                else self.blank_all(value)
                for key, value in content.items()
            }
        return content


def _forms(secret: str) -> list[str]:
    """A secret as it may stand in a text; in base64 at each of the three places that it may have in a longer text."""
    percent = quote(secret, safe="")
    everything = "".join(f"%{byte:02X}" for byte in secret.encode())
    forms = [secret, percent, percent.replace("%", "%25"), everything, everything.lower()]
    forms.append(re.sub("%..", lambda found: found[0].lower(), percent))
    for before in range(3):
        data = b"\0" * before + secret.encode()
        # The first and last characters depend on what stands beside it.
        core = base64.b64encode(data).decode().rstrip("=")[(0, 2, 3)[before] :]
        core = core[:-1] if len(data) % 3 else core
        forms += [core, core.translate(str.maketrans("+/", "-_"))]
    forms += [secret.encode().hex(), secret.encode().hex().upper()]
    return [form for form in dict.fromkeys(forms) if len(form) >= LONG]
