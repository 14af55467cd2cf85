"""Which calls are sent: the choice, what would happen to them, a dry run, and the settings of the connection."""

from __future__ import annotations

import time

import streamlit as st

from reddy_lib import ui
from reddy_lib.errors import ReddyError
from reddy_lib.plurals import agreeing
from reddy_lib.sending.overview import preview
from reddy_lib.sending.rate_limits import assume_create_idempotent, rules_of, set_limit
from reddy_lib.ui import choice
from reddy_lib.ui.submit.actions import send
from reddy_lib.ui.submit.page_state import Page
from reddy_lib.ui.submit.personal_question import personal_question, rules_button

__all__ = ["choose", "nothing_to_send"]

CHOICES = {"ready": "All ready", "ticked": "Ticked", "failed": "Failed", "rejected": "Rejected"}


def choose(page: Page) -> tuple[str, list[int] | None, dict[str, int], str | None]:
    """Which calls, and what would be sent of them: which it is, its rows (None = all that are ready), the preview, and why
    they cannot be sent yet."""
    open_question = None
    kept, its_ticks = st.session_state.setdefault("choices", {}).get(
        page.batch.id, (choice.chosen(page.batch) or choice.usual(page.batch), page.ticks)
    )
    if its_ticks != page.ticks:  # somebody comes from Review with other ticks
        kept = choice.usual(page.batch)
    moved = choice.moved()
    if moved:
        asked = choice.chosen(page.batch)
        kept = asked if asked in CHOICES else choice.usual(page.batch)
    # a choice that is empty now stays, and says 0: another one in its place could send more than was chosen
    options = [name for name in CHOICES if name == "ready" or page.numbers[name] or name == kept]
    # labels carry counts, and a widget forgets a choice whose label changed; while calls are sent, they carry none
    choice_key = f"choice {page.batch.id} {'being sent' if page.running else page.numbers}"
    if moved or choice_key not in st.session_state:
        st.session_state[choice_key] = kept if kept in options else "ready"
    with st.container(border=True):
        with st.container(horizontal=True, vertical_alignment="center"):
            picked = st.segmented_control(
                "Which calls",
                options,
                required=True,
                format_func=lambda name: (
                    CHOICES[name] if page.running else f"{CHOICES[name]} {page.numbers[name]:,}"
                ),
                label_visibility="collapsed",
                key=choice_key,
                # before the page is drawn: the links of the menu carry the choice
                on_change=lambda: choice.choose(page.batch, st.session_state[choice_key] or "ready"),
            )
            which = picked or "ready"
            st.session_state["choices"][page.batch.id] = (which, page.ticks)
            choice.choose(page.batch, which)
            rows: list[int] | None = None
            if which == "ticked":
                rows = page.ticks
            elif which in ("failed", "rejected"):
                rows = page.batch.rows(status=which)
            plan = preview(page.ledger, page.batch.id, address=page.to.address, rows=rows)
            st.space("stretch")
            rules_button(page)
            with st.popover("Settings", icon=":material/tune:"):
                st.session_state["calls_at_once"] = st.number_input(
                    "Calls in flight at once",
                    min_value=1,
                    max_value=64,
                    value=int(st.session_state.get("calls_at_once", 8)),
                    step=1,
                    key="concurrency",
                    help="The most that this submission uses: fewer go out while Reddy answers slowly or asks to "
                    "slow down. 8 suits most.",
                )
                connection_settings(page)
            if st.button(
                "Dry run",
                icon=":material/rule:",
                help="Checks the chosen calls again, against the products that the connection has now. "
                "Nothing is sent.",
                disabled=not plan["chosen"] or page.running,
                key="dry_run",
            ):
                dry_run(page, which, rows, plan)
        if page.running:
            st.caption("More of this batch can be sent once these calls are done.")
        else:
            st.markdown(" · ".join(told(page, rows, plan)))
            if plan["to_send"]:
                open_question = personal_question(page, rows)
            dry_result(page, which, rows, plan)
    return which, rows, plan, open_question


def connection_settings(page: Page) -> None:
    """What holds for this connection, whoever sends to it: kept in the ledger, for all workers and submissions."""
    rules = rules_of(page.ledger, page.to.address)
    st.markdown(f"**Everything that goes to {ui.escape(ui.place(page.to.address))}**")
    limit = f"limit {page.to.address} {rules.most_at_once}"
    st.number_input(
        "Calls in flight, all submissions together (0: no limit)",
        min_value=0,
        max_value=512,
        value=rules.most_at_once or 0,
        step=1,
        key=limit,
        on_change=keep_limit,
        args=(page, limit),
        help="Shared between all people and machines that use this ledger.",
    )
    again = f"idempotent {page.to.address} {rules.create_idempotent}"
    st.checkbox(
        "Retry calls in doubt automatically",
        value=rules.create_idempotent,
        key=again,
        on_change=keep_idempotent,
        args=(page, again),
        help="After a read timeout, a cut connection, 500, 502, 504: up to three times more, then the call is in doubt.",
    )
    risk = (
        "Reddy documents nothing about a call that comes twice. Only tick this if Reddy's support told you that a "
        "repeated call is not graded a second time: if it is, scores and bills count it twice."
    )
    if rules.create_idempotent:
        st.warning(risk, icon=":material/warning:")
    else:
        st.caption(risk)


def keep_limit(page: Page, key: str) -> None:
    try:
        set_limit(page.ledger, page.to.address, int(st.session_state[key]) or None)
    except ReddyError as error:
        st.session_state["submit_error"] = str(error)


def keep_idempotent(page: Page, key: str) -> None:
    try:
        assume_create_idempotent(page.ledger, page.to.address, bool(st.session_state[key]))
    except ReddyError as error:
        st.session_state["submit_error"] = str(error)


def told(page: Page, rows: list[int] | None, plan: dict[str, int]) -> list[str]:
    """Describe what happens to the chosen calls and to those that cannot be chosen."""
    words = [f"**{ui.number_of(plan['to_send'], 'call')} will be sent**"]
    if plan["skipped"]:
        words.append(
            f"{plan['skipped']:,} skipped: {ui.escape(ui.place(page.to.address))} accepted them before"
        )
    if plan["asked"]:
        words.append(
            f"{plan['asked']:,} will be held: their conversations were accepted before, with a different transcript"
        )
    if plan["in_doubt"]:
        words.append(
            f"{plan['in_doubt']:,} not sent: the same conversation is in doubt or under way elsewhere"
        )
    if rows is not None and plan["stay"]:
        words.append(f"{plan['stay']:,} of the {plan['chosen']:,} chosen calls cannot be sent")
    if page.counts["held"]:
        words.append(f"{page.counts['held']:,} held, not sent")
    if page.counts["unknown"]:
        words.append(f"{page.counts['unknown']:,} in doubt, not sent")
    return words


def dry_run(page: Page, which: str, rows: list[int] | None, plan: dict[str, int]) -> None:
    """Check the chosen calls again, against the products that the connection has now. Nothing is sent."""
    ui.forget_products(page.to)
    with st.spinner(f"Asking {page.where} for its products"):
        now_known = ui.products(page.to)
    if now_known is None:
        st.session_state[f"dry {page.batch.id}"] = {"error": ui.products_error(page.to)}
        return
    with ui.alerts(), st.spinner("Checking the calls"):
        page.batch.recheck(now_known)
        st.session_state[f"dry {page.batch.id}"] = {
            "choice": which,
            "checked": plan["chosen"] - plan["stay"],
            "left": preview(page.ledger, page.batch.id, address=page.to.address, rows=rows),
            "rows": rows,
            "products": len(now_known),
            "at": time.time(),
            "held": page.batch.count(status="held") - page.counts["held"],
        }
    st.rerun()


def dry_result(page: Page, which: str, rows: list[int] | None, plan: dict[str, int]) -> None:
    done = st.session_state.get(f"dry {page.batch.id}")
    if done is None:
        return
    if "error" in done:
        st.error(
            f"The dry run needs the product list of {ui.escape(page.where)}, which did not arrive. "
            f"{ui.escape(done['error'])}",
            icon=":material/link_off:",
        )
        return
    if (done["choice"], done["rows"], done["left"]) != (which, rows, plan):
        return  # something was sent or edited since, or other calls are chosen
    now_held = done["held"]
    found = (
        page.batch.finding_counts(rows=rows)
        if rows is not None
        else page.batch.finding_counts(status=["ready", "held"] if now_held else "ready")
    )
    said = (
        f"Dry run {ui.when(done['at'])}, nothing was sent: {ui.number_of(done['checked'], 'call')} checked against "
        f"{ui.number_of(done['products'], 'product')} of {page.where}."
    )
    if now_held > 0:
        st.warning(
            ui.escape(f"{said} {agreeing(now_held, 'call is', 'calls are')} held now."),
            icon=":material/rule:",
        )
        ui.review_link("See what holds them", page.batch, status="held")
    else:
        st.success(ui.escape(f"{said} No call is held."), icon=":material/rule:")
    if len(found):
        st.dataframe(
            found,
            hide_index=True,
            height="content",
            column_order=["title", "severity", "calls"],
            column_config={
                "title": st.column_config.TextColumn("Finding"),
                "severity": st.column_config.TextColumn("Severity", width=90),
                "calls": st.column_config.NumberColumn("Calls", width=80),
            },
            alt="Findings of these calls, with how many have each.",
        )


def nothing_to_send(page: Page, rows: list[int] | None, plan: dict[str, int]) -> None:
    """Nothing can be sent: why, and what to do."""
    if plan["skipped"]:
        with st.container(horizontal=True, vertical_alignment="center"):
            st.info(
                f"{ui.number_of(plan['skipped'], 'call')} of these "
                f"{'was' if plan['skipped'] == 1 else 'were'} accepted before by {ui.escape(ui.place(page.to.address))}, "
                "through another load of the same calls: there is nothing left to send.",
                icon=":material/done_all:",
            )
            if st.button(
                f"Mark {'it' if plan['skipped'] == 1 else 'them'} as skipped",
                key=f"skip {page.fresh_id()} {plan['skipped']}",
                icon=":material/playlist_remove:",
                disabled=page.refused is not None,
                help=page.refused,
            ):
                send(page, rows, 0)
    elif rows is not None and page.counts["ready"]:
        st.info(
            "None of the calls chosen here can be sent now: they were sent, edited or held since. "
            f"Choose others above; {page.counts['ready']:,} of this batch are ready.",
            icon=":material/pan_tool:",
        )
    elif not page.under_way and (page.counts["held"] or page.counts["rejected"]):
        held, rejected = page.counts["held"], page.counts["rejected"]
        why = [agreeing(held, "is held by a finding", "are held by findings")] if held else []
        why += [agreeing(rejected, "was rejected", "were rejected")] if rejected else []
        with st.container(horizontal=True, vertical_alignment="center"):
            st.info(
                ui.escape(
                    f"No call is ready: of {ui.number_of(page.batch.total, 'call')}, {' and '.join(why)}. "
                    "Fix them in Review, and they can be sent."
                ),
                icon=":material/pan_tool:",
            )
            if held:
                ui.review_link(f"See {ui.number_of(held, 'held call')}", page.batch, status="held")
            else:
                ui.review_link(
                    f"See {ui.number_of(rejected, 'rejected call')}", page.batch, status="rejected"
                )
    elif not page.under_way:
        done = page.counts["accepted"] + page.counts["skipped"]
        st.info(
            f"Nothing is left to send: {done:,} of {ui.number_of(page.batch.total, 'call')} "
            f"{'was' if done == 1 else 'were'} accepted.",
            icon=":material/done_all:",
        )
