"""Remove secrets from a server's responses before anything is stored, logged or shown.

Servers and proxies repeat requests in error messages, headers and ids, literally or encoded. A secret is therefore
searched in each form that it may take: plain, percent-encoded, base64, hexadecimal, with blanks or line breaks between
its characters, and in pieces of half its length.
"""

from __future__ import annotations

import base64
import codecs
import contextlib
import re
from collections.abc import Iterable
from functools import cached_property
from typing import Any
from urllib.parse import quote

import msgspec

__all__ = ["Echoes"]

BLANK = "…"
LONG = 8
"""Minimum length of secrets that are searched in pieces and in other forms; shorter ones match ordinary words."""
RUN = 16
"""Characters that a text has in common with a long secret before it is searched: more than "https://"."""
BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
"""A byte order mark, which some servers write before their JSON."""
_BLANKS = "[\\s\u00ad\u200b-\u200f\u2060\ufeff]"
_BETWEEN = f"{_BLANKS}*"
_SQUEEZED = re.compile(f"{_BLANKS}+")


class Echoes:
    """Remove secrets from texts. The repr shows none of them.

    The expression that finds the secrets is compiled when a text may have one in it: for a long upload URL that takes a
    third of a second, and hardly any response repeats a secret.
    """

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        self._secrets = sorted({secret for secret in secrets if secret}, key=len, reverse=True)
        self._squeezed = [_squeezed(secret) for secret in self._secrets]
        self._long = any(len(secret) >= LONG for secret in self._secrets)

    def __repr__(self) -> str:
        return "<Echoes>"

    def blank(self, text: str) -> str:
        """Return the text without the secrets."""
        return self._found.sub(BLANK, text) if self._may_have_one(text) else text

    def _may_have_one(self, text: str) -> bool:
        """Return False where `_found` cannot match: whatever it finds has all of a secret or one of `_runs`."""
        if not self._secrets:
            return False
        squeezed = _squeezed(text)
        return any(secret in squeezed for secret in self._squeezed) or any(
            text[start : start + size] in runs
            for size, runs in self._runs.items()
            for start in range(len(text) - size + 1)
        )

    @cached_property
    def _runs(self) -> dict[int, set[str]]:
        """The beginnings of all pieces, by length: as short as the piece, or `RUN`."""
        runs: dict[int, set[str]] = {}
        for secret in self._secrets:
            for form in _forms(secret) if len(secret) >= LONG else ():
                size = min(RUN, _piece_size(form))
                runs.setdefault(size, set()).update(
                    form[start : start + size] for start in range(len(form) - size + 1)
                )
        return runs

    @cached_property
    def _found(self) -> re.Pattern[str]:
        whole: list[str] = []
        pieces: list[str] = []
        for secret in self._secrets:
            whole.append(_BETWEEN.join(map(re.escape, secret)) if len(secret) >= LONG else re.escape(secret))
            if len(secret) < LONG:
                continue
            for form in _forms(secret):
                size = _piece_size(form)
                pieces.append(re.escape(form))
                pieces += [re.escape(form[start : start + size]) for start in range(len(form) - size + 1)]
        return re.compile("|".join([*whole, *dict.fromkeys(pieces)]))

    def blank_address(self, address: str) -> str:
        """Return a URL without the secrets. Short ones are kept: many URLs contain them by chance, and would break."""
        return self.blank(address) if self._long else address

    def blank_body(self, body: bytes) -> bytes:
        """Return a body without the secrets, JSON or not. A body without secrets is returned unchanged."""
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
        """Return a JSON value with the secrets removed from its texts.

        Short secrets are kept in field names and in `upload_url`, where they occur by chance.
        """
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


def _piece_size(form: str) -> int:
    """Return the length of the pieces of a form that are searched."""
    return max(LONG, (len(form) + 1) // 2)


def _squeezed(text: str) -> str:
    """Return a text without what may stand between the characters of a secret."""
    return _SQUEEZED.sub("", text)


def _forms(secret: str) -> list[str]:
    """Return the forms of a secret, with the three base64 forms that depend on its position in a longer text."""
    percent = quote(secret, safe="")
    everything = "".join(f"%{byte:02X}" for byte in secret.encode())
    forms = [secret, percent, percent.replace("%", "%25"), everything, everything.lower()]
    forms.append(re.sub("%..", lambda found: found[0].lower(), percent))
    for before in range(3):
        data = b"\0" * before + secret.encode()
        # The first and last characters depend on the neighbouring bytes.
        core = base64.b64encode(data).decode().rstrip("=")[(0, 2, 3)[before] :]
        core = core[:-1] if len(data) % 3 else core
        forms += [core, core.translate(str.maketrans("+/", "-_"))]
    forms += [secret.encode().hex(), secret.encode().hex().upper()]
    return [form for form in dict.fromkeys(forms) if len(form) >= LONG]
