"""Step 3: choose calls, try one, send them, watch, pause, resume.

The page never sends. It writes a submission into the ledger and hands it to the engine, which goes on when the
tab is closed; what the page shows is read from the ledger each time.

While calls are being sent, one fragment (`follow`) draws once a second everything that changes by itself, all of it
read at one moment. The rest of the page then shows no number that sending changes.
"""

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from reddy_lib import ui
from reddy_lib.database.sandbox_urls import SANDBOX
from reddy_lib.sending.overview import preview, rows_to_send, settled_at
from reddy_lib.ui import choice
from reddy_lib.ui.sandbox_panel import received_panel
from reddy_lib.ui.submit.actions import forget_panel
from reddy_lib.ui.submit.call_choice import choose, nothing_to_send
from reddy_lib.ui.submit.first_calls import SHOWN, payload_table
from reddy_lib.ui.submit.head import clicked_before, draw_head, draw_notices
from reddy_lib.ui.submit.page_state import read_page
from reddy_lib.ui.submit.progress_card import follow
from reddy_lib.ui.submit.submission_card import card
from reddy_lib.ui.tabs import steady_tabs
from reddy_lib.ui.workers import is_shared

page = read_page()
batch, ledger, to = page.batch, page.ledger, page.to

head = st.container(horizontal=True, vertical_alignment="center")
under_head = st.container(gap="small")

# let go at the end: the page may be drawn again before anybody reads it
notice = st.session_state.get("submit_notice")
if notice:
    st.info(ui.escape(notice), icon=":material/info:")
problem = st.session_state.get("submit_error")
if problem:
    st.error(ui.escape(problem), icon=":material/error:")

cards = {found.id: card(page, found) for found in page.under_way or page.earlier.head(1).itertuples()}

# which rows

rows: list[int] | None
question: str | None = None
if choice.is_lost(batch):
    which, rows = "ticked", []  # asked about, instead of offering more than was chosen
    plan = preview(ledger, batch.id, address=to.address, rows=rows)
elif page.under_way and not any(page.numbers.values()):
    which, rows = "ready", None  # everything is on its way: there is nothing to choose from
    plan = preview(ledger, batch.id, address=to.address)
else:
    which, rows, plan, question = choose(page)

# the head, now that the numbers are known

clicked = clicked_before()
first = rows_to_send(ledger, batch.id, address=to.address, rows=rows, limit=SHOWN)
with head:
    if draw_head(page, which, rows, plan, first, question):
        clicked = None
with under_head:
    draw_notices(page, plan, clicked)

if choice.is_lost(batch):
    choice.draw_lost(batch, page.counts["ready"], to_review=True)
elif not plan["to_send"] and not page.running:
    nothing_to_send(page, rows, plan)

# what goes first, and what went before

sections = ["What is sent first"] if first else []
if len(page.earlier):
    sections.append(f"Submissions of this batch · {len(page.earlier):,}")
if to.is_sandbox:
    sections.append("What the sandbox received")
if is_shared(ledger):
    sections.append("Workers and queue")
followed: dict[str, DeltaGenerator] = {}
for section, tab in zip(sections, steady_tabs(sections, key="submit_tab") if sections else [], strict=True):
    with tab:
        if section.startswith("What is sent"):
            payload_table(page, first)
        elif section.startswith("Submissions"):
            followed["Submissions"] = st.container()
        elif section.startswith("Workers"):
            followed["Workers"] = st.container()
        else:
            received = ui.sandbox().calls_received
            forgettable = received or settled_at(ledger, batch.id, address=SANDBOX)
            with st.container(horizontal=True, vertical_alignment="center"):
                followed["sandbox"] = st.container(width="content")
                if st.button(
                    "See them",
                    icon=":material/visibility:",
                    disabled=not received and not page.running,
                    key="received",
                ):
                    received_panel()
                if st.button(
                    "Forget them",
                    icon=":material/restart_alt:",
                    disabled=page.running or not forgettable or not ui.may("administer"),
                    help=ui.why_not("administer"),
                    key="forget",
                ):
                    forget_panel(page)

st.fragment(follow, run_every=1.0 if page.running else 5.0 if "Workers" in followed else None)(
    page, cards, followed
)

for said in ("submit_notice", "submit_error"):
    st.session_state.pop(said, None)
