"""The frame around every page: sign-in, the menu with its numbers, the open batch, the connection.

Every address (also a deep link on a fresh server) runs this file first; it ends by running the page asked for.
"""

import streamlit as st

from reddy_lib import ui
from reddy_lib.errors import LedgerError
from reddy_lib.ui.restored import restored_banner

st.set_page_config(page_title="Reddy workbench", page_icon=":material/headset_mic:", layout="wide")

ui.sign_in()

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

try:
    batch = ui.batch_in_hand()
    counts = batch.counts() if batch is not None else None
except LedgerError as error:
    ui.alert(error)
    st.stop()

with st.sidebar:
    st.markdown("#### :material/headset_mic: Reddy workbench")
    numbers = {}
    if counts is not None:
        done = counts["accepted"] + counts["skipped"]
        numbers = {
            "load": f"{sum(counts.values()):,} calls",
            "review": f"{counts['held']:,} held" if counts["held"] else "nothing held",
            "submit": f"{counts['ready']:,} ready",
            # one number fits: the one that asks for something comes first
            "outcomes": f"{counts['unknown']:,} in doubt" if counts["unknown"] else f"{done:,} accepted",
        }
    for name, target in pages.items():
        number = f"  :gray[{numbers[name]}]" if name in numbers else ""
        st.page_link(target, label=f"{target.title}{number}", width="stretch")

    st.space("small")
    if batch is not None:
        ui.batch_card(batch)
    ui.connection_card()

try:
    restored_banner(ui.ledger())
except LedgerError as error:
    ui.alert(error)

page.run()
