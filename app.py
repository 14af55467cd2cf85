"""The app: `streamlit run app.py`.

One process holds everything: the pages (served by Streamlit), the submission engine that sends what the pages
queue (started and stopped with the process, not with a browser tab), the sandbox that stands in for Reddy under
/sandbox, and downloads. Pages live in `pages/`; `pages/navigation.py` is the frame that runs before each of them.
"""

from __future__ import annotations

import gc
import signal
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from types import FrameType

import anyio.to_thread
import streamlit as st
from starlette.middleware import Middleware
from starlette.routing import Mount, Route

from reddy_lib import ui
from reddy_lib.forgetting.housekeeping import Housekeeping
from reddy_lib.interrupts import stop_in_order
from reddy_lib.sending.logs import switch_on
from reddy_lib.ui import downloads
from reddy_lib.ui.dropped import tidy_at_start
from reddy_lib.ui.events import keep_events_whole
from reddy_lib.ui.readiness import ready
from reddy_lib.ui.uploads import remember_uploads
from reddy_lib.ui.web_delay import answer_without_delay
from reddy_lib.ui.web_headers import below_base, web_middleware

HERE = Path(__file__).parent


@asynccontextmanager
async def lifespan(_app: st.App) -> AsyncIterator[dict[str, object]]:
    """Start the engine when the server can answer, and let it finish what is in flight when the server stops."""
    if threading.current_thread() is threading.main_thread():  # the server's handlers are set by now
        handlers = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}

        def stop(number: int, frame: FrameType | None) -> None:
            handler = handlers[signal.Signals(number)]
            if callable(handler):
                handler(number, frame)

        stop_in_order(stop)
    await anyio.to_thread.run_sync(ui.start_engine)
    await anyio.to_thread.run_sync(tidy_at_start)
    housekeeping = Housekeeping(
        ui.open_ledger, sandbox=ui.sandbox().forget_conversations, after=ui.sandbox().follow_record
    )
    housekeeping.start()
    # What is imported stays. The collector looked at all of it after every few clicks, 8 % of the time with fifty people.
    gc.collect()
    gc.freeze()
    try:
        yield {}
    finally:
        await anyio.to_thread.run_sync(housekeeping.stop)
        await anyio.to_thread.run_sync(ui.stop)


ui.refuse_to_start()
keep_events_whole()
remember_uploads()
answer_without_delay()
switch_on()  # the log for programs to read, where REDDY_LOG asks for it

app = st.App(
    HERE / "pages" / "navigation.py",
    lifespan=lifespan,
    # Outermost first: the server's own names, then who is there.
    middleware=[*web_middleware(), Middleware(ui.Gate)],
    routes=[
        Mount(below_base("/sandbox"), app=ui.sandbox().app),
        Route(below_base("/ready"), ready),
        *downloads.routes,
    ],
    on_script_error=ui.page_failed,
)

if __name__ == "__main__":
    app.run()
