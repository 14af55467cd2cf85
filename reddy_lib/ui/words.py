"""Words on the screens: numbers, moments, places, errors, and text from outside made safe."""

from __future__ import annotations

import contextlib
import logging
import re
from collections.abc import Iterator
from datetime import UTC, datetime, tzinfo
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import streamlit as st

from reddy_lib.api import DEFAULT_BASE_URL
from reddy_lib.database.sandbox_urls import SANDBOX
from reddy_lib.errors import NotAllowed, ReddyError

__all__ = [
    "alert",
    "alerts",
    "clock",
    "days",
    "escape",
    "moment_column",
    "number_of",
    "page_failed",
    "place",
    "when",
    "zone",
]

_log = logging.getLogger("reddy_lib.ui")


def number_of(count: int, noun: str) -> str:
    """ "1 call", "3,798 calls"."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def place(address: str, token_hint: str = "") -> str:
    """Where calls go, or went, as text: "the sandbox", "Reddy as …4f2a", "Reddy at other.example as …4f2a"."""
    if address == SANDBOX:
        return "the sandbox"
    at = "" if address == DEFAULT_BASE_URL else f" at {address.partition('://')[2] or address}"
    return f"Reddy{at}" + (f" as {token_hint}" if token_hint else "")


def alert(error: ReddyError) -> None:
    """A situation, as its own sentence."""
    st.error(escape(str(error)), icon=":material/error:")


def page_failed(error: Exception) -> bool:
    """A fault of the workbench itself: the log gets the traceback, the analyst a sentence."""
    if isinstance(error, NotAllowed):
        alert(error)
        return True
    _log.error("a page failed", exc_info=error)
    st.error(
        "This page failed. What you stored, edited or sent before is safe. Reload the page; if it fails again, "
        f"tell your administrator ({type(error).__name__}, see the log).",
        icon=":material/error:",
    )
    return True


@contextlib.contextmanager
def alerts() -> Iterator[None]:
    """A risky step: a situation becomes a message on the page instead of a traceback."""
    try:
        yield
    except ReddyError as error:
        alert(error)


_MARKDOWN = str.maketrans(
    {char: f"\\{char}" for char in "\\`*_{}()#+-.!|<>~$:&"} | {"[": "&#91;", "]": "&#93;"}
)
"""What keeps a character from being read. Brackets as entities: a badge puts backslashes before them by itself."""


_JOINED = re.compile(
    r"(?=://)|(?<=www)(?=\.)|(?=@)"  # what a browser makes a link of
    r"|(?<=:)(?=[\w+/-]+:)"  # :material/home:, :streamlit:, :smile:
    r"|(?<=-)(?=[->])|(?<=<)(?=[-=])|(?<=[>~])(?==)",  # arrows, dashes and comparisons, set as one character
    re.IGNORECASE,
)


def escape(text: str) -> str:
    """Text from a spreadsheet, a server or a file name, made safe for places that read Markdown.

    What Streamlit replaces even where it is escaped (addresses, icons, emoji, arrows) gets an invisible joiner
    inside. White space becomes single spaces: a line break or a tab would begin a heading or a block of code.
    """
    return _JOINED.sub("\u2060", re.sub(r"\s+", " ", text)).translate(_MARKDOWN)


def when(moment: Any) -> str:
    """A moment (seconds since the epoch, or a UTC timestamp) in the reader's words: "today 14:02", "3 Nov 2026, 09:15"."""
    if moment is None:
        return ""
    stamp = datetime.fromtimestamp(moment, UTC) if isinstance(moment, int | float) else moment
    local = stamp.astimezone(zone())
    today = datetime.now(zone()).date()
    clock = local.strftime("%H:%M")
    gap = days(local.date(), today)
    return f"{gap} {clock}" if gap else f"{local.day} {local.strftime('%b %Y')}, {clock}"


def clock(moment: float) -> str:
    """A moment of today (seconds since the epoch) by the reader's clock: "14:03:20"."""
    return datetime.fromtimestamp(moment, UTC).astimezone(zone()).strftime("%H:%M:%S")


def moment_column(label: str | None = None, *, clock: str = "HH:mm", width: Any = 130) -> Any:
    """Return the column of a table whose UTC timestamps are shown in the zone of `when`, that of the reader."""
    return st.column_config.DatetimeColumn(
        label, format=f"D MMM YYYY, {clock}", timezone=str(zone()), width=width
    )


def days(day: Any, today: Any) -> str:
    """ "today", "yesterday", or "" for days further away."""
    gap = (today - day).days
    return {0: "today", 1: "yesterday"}.get(gap, "")


def zone() -> tzinfo:
    """The time zone of the browser, UTC where it does not tell."""
    try:
        return ZoneInfo(str(st.context.timezone or "UTC"))
    except (ZoneInfoNotFoundError, ValueError):
        return UTC
