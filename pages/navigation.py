"""The frame around every page: sign-in, the menu with its numbers, the open batch, the connection.

Every address (also a deep link on a fresh server) runs this file first; it ends by running the page asked for.
"""

from pathlib import Path

import streamlit as st

from reddy_lib import ui
from reddy_lib.errors import LedgerError
from reddy_lib.sending.overview import being_sent
from reddy_lib.ui import address_bar, choice, uploads
from reddy_lib.ui.connection_choice import connection_card
from reddy_lib.ui.dialogs import close_dialog
from reddy_lib.ui.outcomes import overview_state
from reddy_lib.ui.restored import restored_banner
from reddy_lib.ui.review import view

st.set_page_config(
    page_title="Reddy workbench",
    page_icon=str(Path(__file__).with_name("icon.svg")),
    layout="wide",
    initial_sidebar_state=230,
)

address_bar.settle()
st.html(Path(__file__).with_name("page.css"))
ui.sign_in()
ui.sending_trouble()

pages = {
    "load": st.Page("load.py", title="Load", icon=ui.ICONS["load"], url_path="start", default=True),
    "review": st.Page("review.py", title="Review", icon=ui.ICONS["review"]),
    "submit": st.Page("submit.py", title="Submit", icon=ui.ICONS["submit"]),
    "outcomes": st.Page("outcomes.py", title="Outcomes", icon=ui.ICONS["outcomes"]),
}
# Streamlit serves the default page at / alone; /load is what people type and bookmark.
load_by_name = st.Page("load.py", title="Load", icon=ui.ICONS["load"], url_path="load", visibility="hidden")
page = st.navigation([*pages.values(), load_by_name], position="hidden")
if page == load_by_name:
    pages["load"] = load_by_name
uploads.on_page(page.title)
address_bar.on_page(page.title, {"Review": view.NAMES, "Outcomes": ("submission", *overview_state.NAMES)})
if st.session_state.get("page now") != page.title:
    st.session_state["page before"] = st.session_state.get("page now", page.title)
    st.session_state["page now"] = page.title
    close_dialog()

to = ui.connection()  # where it cannot be used, no page can
if not to.is_sandbox:
    # Asked for before the ledger is read: the wait must not lie between two numbers of a page.
    ui.products(to)

# Everything that a page run reads is of one moment: numbers in the menu, in badges, tables and sentences fit each other.
with ui.ledger().moment():
    try:
        ui.ledger().must_be_there()
        batch = ui.batch_in_hand()
        if batch is not None:
            choice.in_hand(batch)
        counts = batch.counts() if batch is not None else None
        moving = batch is not None and being_sent(ui.ledger(), batch.id)
    except LedgerError as error:
        ui.alert(error)
        st.stop()

    with st.sidebar:
        st.markdown("#### :material/headset_mic: Reddy workbench")
        numbers = {}
        if counts is not None and moving:
            # A page that follows a submission is drawn in parts: here only what sending does not change.
            numbers = {"load": ui.number_of(sum(counts.values()), "call"), "submit": "being sent"}
        elif counts is not None:
            done = counts["accepted"] + counts["skipped"]
            numbers = {
                "load": ui.number_of(sum(counts.values()), "call"),
                "review": f"{counts['held']:,} held" if counts["held"] else "nothing held",
                "submit": f"{counts['ready']:,} ready",
                # one number fits: the one that asks for something comes first
                "outcomes": f"{counts['unknown']:,} in doubt" if counts["unknown"] else f"{done:,} accepted",
            }
        for name, target in pages.items():
            number = f"  :gray[{numbers[name]}]" if name in numbers else ""
            label, names = f"{target.title}{number}", address_bar.names_of(target.title)
            st.page_link(target, label=label, width="stretch", query_params=names)

        st.space("small")
        if batch is not None:
            ui.batch_card(batch)
        ui.receipt_card()
        connection_card()
        ui.person_card()

    try:
        restored_banner(ui.ledger())
    except LedgerError as error:
        ui.alert(error)

    page.run()
