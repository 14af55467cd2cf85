"""Step 4: the outcomes of calls: charts, reasons and what to do about them, a table, files to keep.

Two views: the open batch (or one of its submissions), and all batches over time. In a batch, clicking a bar leaves the
calls behind it in the table and in the downloads. While a submission runs, all numbers follow it in one fragment, and are
of one moment (`Seen`); what was clicked stays.
"""

import streamlit as st

from reddy_lib import ui
from reddy_lib.sending.overview import history
from reddy_lib.ui import address_bar
from reddy_lib.ui.outcomes.all_batches import draw_overview
from reddy_lib.ui.outcomes.batch_outcomes import all_submissions, body
from reddy_lib.ui.outcomes.calls_table import send_again_panel
from reddy_lib.ui.outcomes.doubts_panel import clear_doubt
from reddy_lib.ui.outcomes.page_state import ALL, Page, read_page, title_of

BATCH, ALL_BATCHES = "This batch", "All batches"


def draw_view_choice() -> bool:
    """Draw the choice between the open batch and all batches; returns whether it is all batches."""
    wanted = st.query_params.get("view") == "all"
    # the address is the truth, so that Back and a link lead to the same view
    st.session_state["outcomes_view"] = ALL_BATCHES if wanted else BATCH
    st.segmented_control(
        "Outcomes of",
        [BATCH, ALL_BATCHES],
        key="outcomes_view",
        required=True,
        label_visibility="collapsed",
        on_change=change_view,
    )
    return wanted


def change_view() -> None:
    if st.session_state["outcomes_view"] == ALL_BATCHES:
        address_bar.put(view="all")
    else:
        address_bar.drop("view")


def choose_scope(page: Page) -> str:
    """Draw the choice between the whole batch and one of its submissions; it is kept in the address."""
    runs, batch = page.runs, page.batch
    scopes = [ALL, *runs["id"]]
    scope_key = f"scope {batch.id}"
    asked = st.query_params.get("submission")
    # the address is the truth here, too
    st.session_state[scope_key] = asked if asked in scopes else ALL
    return str(
        st.selectbox(
            "Submission",
            scopes,
            format_func=lambda scope: title_of(page, scope),
            key=scope_key,
            label_visibility="collapsed",
            on_change=change_scope,
            args=(scope_key,),
        )
    )


def change_scope(key: str) -> None:
    if st.session_state[key] == ALL:
        address_bar.drop("submission")
    else:
        address_bar.put(submission=st.session_state[key])


def draw_not_sent(page: Page) -> None:
    """Say that nothing was sent yet, and what to do."""
    batch = page.batch
    st.info("Nothing of this batch was sent yet, so there are no outcomes.", icon=ui.ICONS["outcomes"])
    counts = batch.counts()
    if counts["ready"]:
        st.page_link(
            "submit.py",
            label=f"Send the {ui.number_of(counts['ready'], 'ready call')}",
            icon=ui.ICONS["submit"],
        )
    else:
        ui.review_link(f"Fix the {ui.number_of(counts['held'], 'held call')} first", batch, status="held")
    all_submissions(page, ALL, history(page.ledger))


if st.query_params.get("print") and st.query_params.get("view") == "all":
    draw_overview(ui.ledger())
    st.stop()

head = st.container(horizontal=True, vertical_alignment="center")
with head:
    st.title("Outcomes", anchor=False, width="content")
    of_all = draw_view_choice()

if of_all:
    draw_overview(ui.ledger(), head)
    st.stop()

page = read_page(ui.open_batch())
scope = ALL
if len(page.runs):
    with head:
        scope = choose_scope(page)

if not len(page.runs):
    draw_not_sent(page)
else:
    told = st.session_state.pop("doubt_told", None)
    if told:
        st.success(told, icon=":material/fact_check:")
    if st.session_state.pop("clear_doubt", False):
        clear_doubt(page, scope)
    wanted = st.session_state.pop("send_again", None)
    if wanted:
        send_again_panel(page, wanted)
    st.fragment(body, run_every=None if page.stage == "still" else 2.0)(page, scope)
