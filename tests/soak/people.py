"""People at the app without a browser: sessions that speak Streamlit's own websocket.

A browser tab costs more than what is measured here, so fifty of them would measure themselves. A session sends what a tab
sends: clicks with the address it was given, heartbeats of fragments when they are due, and one rerun at a time.
"""

from __future__ import annotations

import asyncio
import random
import re
import time
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.Element_pb2 import Element
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.proto.WidgetStates_pb2 import WidgetState
from websockets.asyncio.client import ClientConnection, connect
from websockets.typing import Origin, Subprotocol

__all__ = ["Told", "visit"]

MOST_BYTES = 64_000_000
OPEN_ROW = re.compile(r"^\*\*Row (\d+)\*\*$")
SEARCHES = ("refund", "cancel", "invoice line", 'customer says "router"', "monday", "")


@dataclass
class Told:
    """What one session saw. `clicks`: seconds from each click to the end of its page run, by kind."""

    clicks: dict[str, list[float]] = field(default_factory=dict)
    fragments: list[float] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)


class _Session:
    def __init__(self, socket: ClientConnection, query: str) -> None:
        self.socket, self.query = socket, query
        self.script = ""
        self.buttons: dict[str, str] = {}  # the last words of a key → widget id
        self.search = ""
        self.row = 0
        self.fragments: dict[str, list[float]] = {}  # id → [interval, due at]
        self.told = Told()

    async def rerun(self, widget: WidgetState | None = None, fragment: str = "") -> float:
        """Ask for a page run, or one of a fragment, and follow it to its end. Return the seconds it took."""
        message = BackMsg()
        state = message.rerun_script
        state.query_string, state.page_script_hash = self.query, self.script
        if not self.script:
            state.page_name = "review"
        if fragment:
            state.fragment_id, state.is_auto_rerun = fragment, True
        if widget is not None:
            state.widget_states.widgets.append(widget)
        if not fragment:
            self.fragments.clear()  # a run of the whole page says anew which parts run by themselves
        began = time.monotonic()
        await self.socket.send(message.SerializeToString())
        while True:
            received = await asyncio.wait_for(self.socket.recv(decode=False), timeout=60)
            if self.take(ForwardMsg.FromString(bytes(received))):
                return time.monotonic() - began

    def take(self, message: ForwardMsg) -> bool:
        """Follow one message. Return whether a run ended with it, and no other follows at once."""
        kind = message.WhichOneof("type")
        if kind == "navigation":
            self.script = message.navigation.page_script_hash
        elif kind == "page_info_changed":
            self.query = message.page_info_changed.query_string
        elif kind == "auto_rerun":
            one = message.auto_rerun
            self.fragments[one.fragment_id] = [one.interval, time.monotonic() + one.interval]
        elif kind == "stop_auto_rerun":
            self.fragments.pop(message.stop_auto_rerun.fragment_id, None)
        elif kind == "delta":
            self._element(message.delta.new_element)
        return kind == "script_finished" and message.script_finished in (
            ForwardMsg.FINISHED_SUCCESSFULLY,
            ForwardMsg.FINISHED_FRAGMENT_RUN_SUCCESSFULLY,
        )

    def _element(self, element: Element) -> None:
        kind = element.WhichOneof("type")
        if kind is None:
            return
        shown = getattr(element, kind)
        if kind == "button":
            self.buttons[shown.id.rpartition(" ")[2]] = shown.id
        elif kind == "text_input" and shown.id.endswith(" search"):
            self.search = shown.id
        elif kind == "exception":
            self.told.errors.append(f"{shown.type}: {shown.message}")
        elif kind == "alert":
            self.told.errors.append(shown.body)
        elif kind == "markdown" and (found := OPEN_ROW.match(shown.body)):
            self.row = int(found[1])

    async def wait(self, seconds: float) -> None:
        """Let time pass as a tab does: fragments run when they are due."""
        end = time.monotonic() + seconds
        while True:
            due, name = min(((at, name) for name, (_, at) in self.fragments.items()), default=(end, ""))
            if due >= end:
                await asyncio.sleep(max(0.0, end - time.monotonic()))
                return
            await asyncio.sleep(max(0.0, due - time.monotonic()))
            self.fragments[name][1] = time.monotonic() + self.fragments[name][0]
            self.told.fragments.append(await self.rerun(fragment=name))


async def visit(
    url: str, batch: str, row: int, *, until: float, seed: int, cookies: str = ""
) -> tuple[Told, int]:
    """Work on a batch as one person does: next call mostly, now and then a search. Return what was seen, and the row.

    Args:
        url: of the app, or of a proxy before it.
        until: by the monotonic clock.
        cookies: sent with the connection, as a browser does.
    """
    chance = random.Random(seed)
    await asyncio.sleep(0.2 * seed)  # people do not arrive all at once
    address = f"ws://{urlsplit(url).netloc}/_stcore/stream"
    headers = {"Cookie": cookies} if cookies else {}
    async with connect(
        address,
        origin=Origin(url),
        subprotocols=[Subprotocol("streamlit")],
        max_size=MOST_BYTES,
        ping_interval=None,  # a busy app is late, not away
        additional_headers=headers,
    ) as socket:
        session = _Session(socket, f"batch={batch}&row={row}")
        told = session.told
        told.clicks["first page"] = [await session.rerun()]
        while time.monotonic() < until:
            await session.wait(chance.uniform(1, 5))
            if chance.random() < 0.15 and session.search:
                words = WidgetState(id=session.search, string_value=chance.choice(SEARCHES))
                told.clicks.setdefault("search", []).append(await session.rerun(words))
                continue
            before, searching = session.row, "search=" in session.query
            took = await session.rerun(WidgetState(id=session.buttons["after"], trigger_value=True))
            told.clicks.setdefault("next call", []).append(took)
            if not searching and session.row != before + 1:
                told.errors.append(f"row {session.row} after row {before}")
        return told, session.row
