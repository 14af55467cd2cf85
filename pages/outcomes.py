"""Step 4: what became of the calls: charts, reasons and what to do about them, a table, files to keep.

Clicking a bar leaves the calls behind it in the table and in the downloads. While a submission runs, all numbers of
this page follow it in one fragment, and are of one moment (`Seen`); what was clicked stays.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import IO, Literal

import pandas as pd
import streamlit as st

from reddy_lib import ui
from reddy_lib.database.schema import STATUSES
from reddy_lib.errors import ReddyError
from reddy_lib.outcomes import charts as draw
from reddy_lib.outcomes import chosen, reasons_table, to_csv, to_xlsx, where, words
from reddy_lib.outcomes.evidence import write_evidence
from reddy_lib.outcomes.exports import file_name
from reddy_lib.outcomes.frames import Filter, clicked
from reddy_lib.sending.doubts import Doubt, doubts, settle
from reddy_lib.sending.overview import being_sent, history
from reddy_lib.sending.reconcile import MARK, WAIT, Reconciled, reconcile
from reddy_lib.sending.resend import resendable
from reddy_lib.sending.submission import create
from reddy_lib.sending.submit import A_WHILE, upload_recordings
from reddy_lib.ui.downloads import download

PAGE = 500
"""Calls on one page of the table, where there are more than `PAGED`."""

PAGED = 1000

CHARTS = {
    "reasons": "Reasons",
    "agent": "Agents",
    "product": "Products",
    "over_time": "Over time",
    "seconds": "Answer times",
}

CHARTS_HEIGHT = 410
"""Pixels: with it the first calls of the table are in sight at 1280 × 800."""

ALL = "all"

MOST_REASONS = 4

AUDIO = {"uploaded": "green", "waiting": "blue", "failed": "red", "expired": "orange"}
"""What became of a recording, and the colour of its badge."""

batch = ui.open_batch()
ledger = ui.ledger()
runs = history(ledger, batch.id)
names = ui.product_names(batch.products)
refused = ui.cannot_send()


# which outcomes


def stage_now() -> Literal["being sent", "waiting", "still"]:
    """Whether the numbers change by themselves; "waiting": they will, once somebody resumes."""
    if being_sent(ledger, batch.id):
        return "being sent"
    return "waiting" if batch.counts()["queued"] else "still"


stage = stage_now()


def title_of(scope: str) -> str:
    """A submission as one line of the list."""
    if scope == ALL:
        return f"All of this batch · {batch.total:,} calls"
    found = runs[runs["id"] == scope].iloc[0]
    by = f" · by {found['who']}" if found["who"] else ""
    return (
        f"Submission {found['number']} · {ui.when(found['created_at'])} · {found['chosen']:,} calls to "
        f"{ui.place(found['address'], found['token_hint'])}{by}"
    )


@dataclass(frozen=True)
class Seen:
    """What the page shows, read at one moment."""

    version: tuple[object, ...]  # of the outcomes: read again where it is another
    outcomes: pd.DataFrame
    in_doubt: int
    submissions: pd.DataFrame  # of all batches
    until: float  # it is shown so long while calls are being sent


def read(scope: str) -> Seen:
    """Read what the page shows. While calls are being sent, what takes a second to read is read every ten seconds."""
    kept: Seen | None = st.session_state.get("outcomes_kept")
    of = (batch.id, scope)
    if kept is not None and kept.version[:2] != of:
        kept = None
    if kept is not None and stage == "being sent" and time.monotonic() < kept.until:
        return kept
    began = time.monotonic()
    version = (*of, batch.outcomes_version())
    if kept is not None and kept.version == version:
        outcomes = kept.outcomes
    else:
        outcomes = batch.outcomes() if scope == ALL else ledger.submission(scope).outcomes()
    seen = Seen(
        version,
        outcomes,
        batch.count(status="unknown", submission=None if scope == ALL else scope),
        history(ledger),
        time.monotonic() + 10 * (time.monotonic() - began),
    )
    st.session_state["outcomes_kept"] = seen
    return seen


def funnel(scope: str, counts: dict[str, int]) -> str:
    """What was left at each step, with its denominator."""
    total = batch.total
    if scope == ALL:
        sent = total - counts["held"] - counts["ready"]
        steps = [f"{total:,} loaded", f"{total - counts['held']:,} without errors", f"{sent:,} chosen"]
    else:
        steps = [f"{total:,} loaded", f"{sum(counts.values()):,} chosen"]
    steps.append(f"**{counts['accepted']:,} accepted**")
    return " → ".join(steps)


# what was clicked


def filters_of(scope: str) -> dict[str, Filter]:
    """Chart → the filter of the bars that were clicked in it."""
    kept: dict[str, Filter] = st.session_state.setdefault(f"filters {batch.id} {scope}", {})
    return kept


def version_of(scope: str) -> int:
    return int(st.session_state.get(f"cleared {batch.id} {scope}", 0))


def clear(scope: str) -> None:
    filters_of(scope).clear()
    # a chart's selection cannot be taken back by code: another key is another chart, with nothing selected
    st.session_state[f"cleared {batch.id} {scope}"] = version_of(scope) + 1


def select(scope: str, chart: str, key: str) -> None:
    drawn = st.session_state["outcomes_kept"].version
    before = st.session_state.get(f"{key} clicked at", drawn)
    st.session_state[f"{key} clicked at"] = drawn
    found = chosen(st.session_state[key], chart)
    after = clicked(filters_of(scope), chart, found, redrawn=before != drawn)
    st.session_state[f"filters {batch.id} {scope}"] = after


def show_group(scope: str, filter: Filter) -> None:
    clear(scope)
    filters_of(scope)["reasons"] = filter


# the parts of the page


def chart(scope: str, name: str, outcomes: pd.DataFrame) -> None:
    figure = draw.product(outcomes, batch.products) if name == "product" else getattr(draw, name)(outcomes)
    key = f"chart {name} {batch.id} {scope} {version_of(scope)}"
    st.plotly_chart(
        figure,
        theme="streamlit",
        config=draw.CONFIG,
        on_select=partial(select, scope, name, key),
        selection_mode="points",
        key=key,
        alt=draw.alt(figure),
    )


def next_steps(scope: str, outcomes: pd.DataFrame) -> None:
    """Why calls were turned away, by reason, each with what to do and a way to get there."""
    table = reasons_table(outcomes)
    for number, found in enumerate(table.head(MOST_REASONS).itertuples()):
        with st.container(gap="xxsmall"):
            with st.container(horizontal=True, vertical_alignment="center", gap="small"):
                st.badge(f"{found.calls:,} {found.status}", color=ui.STATUS_COLOURS[found.status])
                st.space("stretch")
                st.button(
                    "Show",
                    icon=":material/filter_alt:",
                    type="tertiary",
                    key=f"group {scope} {number} {found.status}",
                    on_click=show_group,
                    args=(scope, {"reason": found.reason, "status": found.status}),
                )
                if found.status == "rejected":
                    ui.review_link("Fix", batch, status="rejected", key=str(number), quiet=True)
                elif found.status == "failed":
                    st.page_link(
                        "submit.py",
                        label="Send again",
                        icon=ui.ICONS["submit"],
                        query_params={"batch": batch.id},
                    )
            code = "" if pd.isna(found.http_status) else f" (HTTP {found.http_status})"
            st.text(f"{found.reason}{code}")
            st.caption(ui.escape(f"{found.what_next} Rows {found.rows}"))
    if len(table) > MOST_REASONS:
        st.caption(f"and {len(table) - MOST_REASONS:,} further reasons: see the chart of reasons.")


def recordings_line(scope: str, outcomes: pd.DataFrame) -> None:
    """What became of the recordings of accepted calls, why some did not arrive, and the way to those that still can."""
    told = st.session_state.pop("recordings_told", None)
    if told:
        st.info(ui.escape(told), icon=":material/graphic_eq:")
    sent = outcomes[outcomes["status"] == "accepted"]
    counts = sent["audio"].value_counts().to_dict()
    found = [state for state in AUDIO if counts.get(state)]
    if not found:
        return
    with st.container(border=True, gap="xsmall"):
        files = None
        if set(found) - {"uploaded"}:
            files = batch.recordings()
            files = files[files.index.isin(sent.index)]
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            st.markdown(":material/graphic_eq: Recordings", width="content")
            for state in found:
                st.badge(f"{counts[state]:,} {state}", color=AUDIO[state])  # type: ignore[arg-type]
            st.space("stretch")
            open_ones = 0
            if files is not None and stage == "still":
                still = (files["state"] == "waiting") & (files["expires"] > pd.Timestamp.now(tz="UTC"))
                open_ones = int(still.sum())
            if open_ones and st.button(
                f"Upload again ({open_ones:,})",
                icon=":material/cloud_upload:",
                key=f"upload again {batch.id} {scope} {open_ones}",
                help=ui.why_not("send", "Only the recordings: no call is sent again."),
                disabled=not ui.may("send"),
            ):
                upload_again(open_ones)
        if files is None:
            return
        for state, error, rows in why_not(files):
            st.caption(
                ui.escape(f"{ui.number_of(len(rows), 'recording')} {state}: {error} Rows {some(rows)}")
            )
        if counts.get("waiting") and not open_ones:
            st.caption("What waits is uploaded by its submission: see Submit.")


def why_not(files: pd.DataFrame) -> list[tuple[str, str, list[int]]]:
    """Why recordings did not arrive, or not yet, the most frequent reasons first: state, Reddy's or our words, rows."""
    waits = (files["state"] == "waiting") & (files["error"] != "")
    lost = files[files["state"].isin(["failed", "expired"]) | waits]
    groups = [
        (str(state), str(error), [int(row) for row in part.index])
        for (state, error), part in lost.groupby(["state", "error"], sort=True)
    ]
    return sorted(groups, key=lambda group: -len(group[2]))[:MOST_REASONS]


def some(rows: list[int]) -> str:
    return ", ".join(map(str, rows[:5])) + (" …" if len(rows) > 5 else "")


def upload_again(waiting: int) -> None:
    to = ui.connection()
    with ui.alerts():
        with st.spinner("Uploading the recordings"), to.client(timeout=30.0) as client:
            after = upload_recordings(batch, client, patience=A_WHILE, progress=False)
        left = int(((after["state"] == "waiting") & after["expires"].notna()).sum())
        st.session_state["recordings_told"] = (
            f"{ui.number_of(max(0, waiting - left), 'recording')} tried again."
            + (
                f" {left:,} still wait: why, is said below. Those of calls that went elsewhere than "
                f"{ui.place(to.address, to.token_hint)} need that chosen under Connection."
                if left
                else ""
            )
        )
        st.session_state.pop("outcomes_kept", None)
        st.rerun()


def table(scope: str, shown: pd.DataFrame, total: int) -> None:
    """The calls behind what was clicked, a page at a time."""
    filter_words = [words(found) for found in filters_of(scope).values() if found]
    with st.container(horizontal=True, vertical_alignment="center"):
        number = (
            f"{len(shown):,} of {ui.number_of(total, 'call')}"
            if filter_words
            else ui.number_of(total, "call")
        )
        st.subheader(number, anchor=False, width="content")
        for said in filter_words:
            st.badge(ui.escape(said), icon=":material/filter_alt:", color="primary")
        if filter_words:
            st.button(
                "Clear", icon=":material/filter_alt_off:", type="tertiary", on_click=clear, args=(scope,)
            )
        # on the left: a table's own toolbar covers what stands above its right end
        again = st.container(horizontal=True, vertical_alignment="center", width="content")
        st.space("stretch")
        pages = -(-len(shown) // PAGE) if len(shown) > PAGED else 1
        page = st.pagination(pages, key=f"page {batch.id} {scope} {pages}") if pages > 1 else 1
    part = shown.iloc[(page - 1) * PAGE : page * PAGE] if pages > 1 else shown
    if not len(part):
        st.info("No call fits what was clicked.", icon=":material/filter_alt_off:")
        return
    frame = part.reset_index().assign(product=ui.product_column(part["product_id"], names))
    with_audio = ["audio"] if (shown["audio"] != "none").any() else []
    event = st.dataframe(
        frame,
        hide_index=True,
        height=360,
        placeholder="",
        column_order=[
            "row", "status", *with_audio, "upload_id", "conversation_id", "agent_email", "product", "error", "attempts",
            "seconds", "ended",
        ],
        column_config={
            "row": st.column_config.NumberColumn("Row", width=60, pinned=True),
            "status": st.column_config.TextColumn("Status", width=90),
            "audio": st.column_config.TextColumn("Recording", width=84),
            "upload_id": st.column_config.NumberColumn("Upload", format="%d", width=80),
            "conversation_id": st.column_config.TextColumn("Conversation", width=150),
            "agent_email": st.column_config.TextColumn("Agent", width=180),
            "product": st.column_config.TextColumn("Product", width=120),
            "error": st.column_config.TextColumn("Reason", width="large"),
            "attempts": st.column_config.NumberColumn("Attempts", width=80),
            "seconds": st.column_config.NumberColumn("Seconds", format="%.2f", width=80),
            "ended": st.column_config.DatetimeColumn("When (UTC)", format="D MMM YYYY, HH:mm:ss", timezone="UTC"),
        },
        on_select="rerun",
        selection_mode="multi-row",
        key=f"calls {batch.id} {scope} {page} {hash(tuple(part.index))}",
        alt=f"Outcomes of {len(part):,} calls, one a row: status, upload, conversation, agent, product, reason.",
    )  # fmt: skip
    with again:
        again_line(scope, part.iloc[[at for at in event["selection"]["rows"] if at < len(part)]])


def write_outcomes(made: Callable[[pd.DataFrame], bytes], shown: pd.DataFrame, file: IO[bytes]) -> None:
    file.write(made(shown))


def again_line(scope: str, ticked: pd.DataFrame) -> None:
    """The way to send ticked calls again that Reddy has. The dialog is opened by the page, which does not run by itself."""
    sent = ticked[ticked["status"].isin(["accepted", "skipped"])]
    if not len(ticked):
        st.caption("Tick calls to send accepted or skipped ones again.", width="content")
        return
    if not len(sent):
        st.caption("Of the ticked calls none was accepted or skipped.", width="content")
        return
    if st.button(
        f"Send {ui.number_of(len(sent), 'call')} again …",
        icon=":material/redo:",
        key=f"again {batch.id} {scope} {hash(tuple(sent.index))}",
        disabled=refused is not None,
        help=refused,
    ):
        st.session_state["send_again"] = [int(row) for row in sent.index]
        st.rerun(scope="app")


@st.dialog("Send again what Reddy has?")
def send_again_panel(rows: list[int]) -> None:
    to = ui.connection()
    where = ui.place(to.address, to.token_hint)
    now = resendable(ledger, batch.id, rows, address=to.address)
    if not now:
        st.warning(
            f"None of these calls was accepted by {ui.escape(where)}, or they are under way there: none can be sent there "
            "again.",
            icon=":material/block:",
        )
        return
    st.warning(
        f"{ui.escape(where[0].upper() + where[1:])} accepted {ui.number_of(len(now), 'call')} of these before. Sent again, "
        f"{'it' if len(now) == 1 else 'they'} may be graded twice there, and nothing can take that back.",
        icon=":material/content_copy:",
    )
    if len(now) < len(rows):
        st.caption(
            f"{len(rows) - len(now):,} of the {len(rows):,} ticked were not accepted there, and stay as they are."
        )
    with st.form("send again", border=False):
        reason = st.text_area(
            "Why are they sent again?",
            key="again_reason",
            max_chars=500,
            height=80,
            placeholder="for example: graded with the wrong scorecard, which is corrected now",
            help="Kept with your name and the time, in the history of each call and in the evidence.",
        )
        given = st.form_submit_button(
            f"Send {ui.number_of(len(now), 'call')} again", type="primary", icon=":material/redo:"
        )
    if not given:
        return
    if not reason.strip():
        st.error("Nothing was sent: say why.", icon=":material/edit:")
        return
    with ui.alerts():
        submission = create(
            ledger,
            batch.id,
            address=to.address,
            token_source=to.source,
            token_hint=to.token_hint,
            credential=to.credential(ledger.identity),
            rows=now,
            concurrency=int(st.session_state.get("calls_at_once", 8)),
            who=ui.who(),
            again=reason,
        )
        ui.start(submission, to)
        st.session_state["open_submission"] = submission.id
        st.rerun()


def doubt_line(scope: str, count: int) -> None:
    """The calls in doubt, as one line that cannot be overlooked, and the way to clear it. The dialog is opened by the
    page, which does not run by itself."""
    if st.session_state.get("clear_doubt"):
        st.rerun()
    if not count:
        return
    with st.container(border=True, horizontal=True, vertical_alignment="center"):
        st.badge(f"{count:,} in doubt", color=ui.STATUS_COLOURS["unknown"])
        st.markdown("No answer came: they may be at Reddy. None is sent again by itself.", width="content")
        st.space("stretch")
        st.button(
            "Clear the doubt",
            icon=":material/fact_check:",
            key=f"clear doubt {batch.id} {scope}",
            disabled=not ui.may("send"),
            help=ui.why_not("send"),
            on_click=lambda: st.session_state.update(clear_doubt=True),
        )


@st.dialog("Calls in doubt", width="large")
def clear_doubt(scope: str) -> None:
    found = doubts(batch, submission_id=None if scope == ALL else scope)
    frame = pd.DataFrame(
        {
            "row": [doubt.row for doubt in found],
            "conversation": [doubt.conversation_id for doubt in found],
            "agent": [doubt.agent_email for doubt in found],
            "submission": [doubt.submission for doubt in found],
            "sent": pd.to_datetime([doubt.since for doubt in found], utc=True),
        }
    )
    event = st.dataframe(
        frame,
        hide_index=True,
        height=min(36 + 35 * len(found), 280),
        column_config={
            "row": st.column_config.NumberColumn("Row", width=60),
            "conversation": st.column_config.TextColumn("Conversation"),
            "agent": st.column_config.TextColumn("Agent"),
            "submission": st.column_config.NumberColumn("Submission", width=90),
            "sent": st.column_config.DatetimeColumn("Last try (UTC)", format="D MMM YYYY, HH:mm:ss", timezone="UTC"),
        },
        on_select="rerun",
        selection_mode="multi-row",
        key=f"doubts {hash(tuple(frame['row']))}",
        alt="The calls in doubt, one a row; tick those to be asked about or settled.",
    )  # fmt: skip
    ticked = [found[place] for place in event["selection"]["rows"] if place < len(found)]
    chosen_doubts = chosen_of(found, ticked)
    nothing = not chosen_doubts
    which = "the chosen calls" if nothing else ui.number_of(len(chosen_doubts), "chosen call")
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(
            "Tick calls in the table." if nothing else f"{len(chosen_doubts):,} of {len(found):,} are chosen."
        )
        st.button(
            f"Choose all {len(found):,}",
            key="all_doubts",
            disabled=len(chosen_doubts) == len(found),
            on_click=lambda: st.session_state.update(chosen_doubts=[doubt.row for doubt in found]),
        )
    ask, know = st.columns(2, gap="medium")
    with ask, st.container(gap="small"):
        st.markdown(f"**Ask Reddy** about {which}")
        st.caption(
            "Their own tags are added once more. If Reddy takes them, it has the call: accepted. If it does not know "
            f"the conversation: failed, safe to send again. A call without tags gets one, “{MARK.key}”. Calls are asked "
            f"about {WAIT / 60:.0f} minutes after their last try at the earliest."
        )
        again = sum(doubt.again for doubt in chosen_doubts)
        if again:
            st.warning(
                f"{ui.number_of(again, 'call')} of these {'was' if again == 1 else 'were'} sent again. Reddy has "
                f"{'it' if again == 1 else 'them'} from the first time, so its answer tells nothing about the second: "
                "look up in Reddy whether the conversation is there twice, then say what you know.",
                icon=":material/redo:",
            )
        to = ui.connection()
        if st.button(
            f"Ask about {ui.number_of(len(chosen_doubts), 'call')}",
            type="primary",
            key="ask",
            disabled=nothing,
        ):
            ask_reddy(chosen_doubts, scope)
        st.caption(f"Goes to {ui.escape(ui.place(to.address, to.token_hint))}.")
    with know, st.container(gap="small"):
        st.markdown(f"**Or say what you know** of {which}")
        st.caption("Looked up in Reddy by conversation and agent. Your name and the time are kept with it.")
        with st.container(horizontal=True):
            for there, label in ((True, "They are at Reddy"), (False, "They are not")):
                if st.button(label, key=f"by hand {there}", disabled=nothing):
                    say_so(chosen_doubts, there)


def chosen_of(found: list[Doubt], ticked: list[Doubt]) -> list[Doubt]:
    """Return the ticked calls, else all of them if that was asked for by the button, while those are the calls shown.

    Ticks that are lost, or a list that has changed meanwhile, choose nothing: what is done here cannot be undone.
    """
    if ticked:
        st.session_state.pop("chosen_doubts", None)
        return ticked
    if st.session_state.get("chosen_doubts") == [doubt.row for doubt in found]:
        return found
    return []


def ask_reddy(asked: list[Doubt], scope: str) -> None:
    """Ask, showing how far it is; each answer is stored as it comes, so closing the tab loses none."""
    to = ui.connection()
    bar = st.progress(0.0, "Asking Reddy …")

    def show(done: int, total: int) -> None:
        bar.progress(done / total, f"{done:,} of {total:,} asked")

    try:
        with to.client() as client:
            outcome = reconcile(
                batch,
                client,
                [doubt.row for doubt in asked],
                address=to.address,
                submission_id=None if scope == ALL else scope,
                who=ui.who(),
                progress=False,
                on_progress=show,
            )
    except ReddyError as error:
        ui.alert(error)
        return
    if outcome.there or outcome.missing:
        st.session_state["doubt_told"] = said_of(outcome)
        st.rerun()
    bar.empty()
    st.warning(said_of(outcome), icon=":material/hourglass_top:")


def said_of(outcome: Reconciled) -> str:
    """What asking brought, as a sentence or two; the text of an answer is escaped."""
    parts = []
    if outcome.there:
        parts.append(f"{ui.number_of(len(outcome.there), 'call')} at Reddy: accepted.")
    if outcome.again:
        parts.append(
            f"Reddy had {len(outcome.again):,} of these from the first time: whether the second sending arrived is not "
            "known, look it up in Reddy."
        )
    if outcome.missing:
        parts.append(
            f"{ui.number_of(len(outcome.missing), 'call')} not at Reddy: failed, safe to send again."
        )
    if outcome.early:
        parts.append(
            f"{ui.number_of(len(outcome.early), 'call')} sent less than {WAIT / 60:.0f} minutes ago: not asked about, "
            "because Reddy may not know such a call yet. Ask again later."
        )
    if outcome.elsewhere:
        parts.append(
            f"{ui.number_of(len(outcome.elsewhere), 'call')} sent to another address: choose that one under Connection."
        )
    if outcome.open:
        why = ui.escape(next(iter(outcome.open.values())))
        parts.append(f"{ui.number_of(len(outcome.open), 'call')} still in doubt: {why}")
    return " ".join(parts)


def say_so(chosen_doubts: list[Doubt], there: bool) -> None:
    try:
        done = settle(batch, [doubt.row for doubt in chosen_doubts], there=there, how="by hand", who=ui.who())
    except ReddyError as error:
        ui.alert(error)
        return
    st.session_state["doubt_told"] = (
        f"{ui.number_of(len(done), 'call')} recorded as {'at Reddy: accepted' if there else 'not at Reddy: failed'}."
    )
    st.rerun()


def body(scope: str) -> None:
    """Everything that follows a running submission, at one moment; has the page drawn again when that begins or ends."""
    with ui.alerts(), ledger.moment():
        if stage_now() != stage:
            st.rerun()
        seen = read(scope)
        outcomes = seen.outcomes
        doubt_line(scope, seen.in_doubt)
        # counted in the frame that is charted, not asked again: the frame may be some seconds old
        found_counts = outcomes["status"].value_counts()
        counts = {status: int(found_counts.get(status, 0)) for status in STATUSES}
        shown = outcomes
        for found in filters_of(scope).values():
            shown = where(shown, found)

        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(funnel(scope, counts))
            st.space("stretch")
            number = None if scope == ALL else int(runs[runs["id"] == scope]["number"].iloc[0])
            name = partial(file_name, batch.name, number, datetime.now(UTC))
            download(
                "outcomes-csv",
                "CSV",
                partial(write_outcomes, to_csv, shown),
                file_name=name("csv"),
                mime="text/csv",
                of=scope,
            )
            download(
                "outcomes-xlsx",
                "Excel",
                partial(write_outcomes, to_xlsx, shown),
                file_name=name("xlsx"),
                mime="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
                of=scope,
            )
            chosen_runs = list(runs["id"])[::-1] if scope == ALL else [scope]
            download(
                "evidence",
                "Download evidence",
                partial(write_evidence, [ledger.submission(str(one)) for one in chosen_runs]),
                file_name=file_name(f"{batch.name}-evidence", number, datetime.now(UTC), "zip"),
                mime="application/zip",
                icon=":material/verified:",
                type="primary",
                help="Every chosen call by status with the sheet's own columns, each request as it was sent, each answer, "
                "and a manifest. It holds the words of the calls, and no token."
                + ("" if scope != ALL or len(runs) < 2 else " One folder for each submission."),
                of=scope,
            )
        recordings_line(scope, outcomes)
        left, right = st.columns([2, 3], gap="small")
        with left, st.container(border=True, height=CHARTS_HEIGHT, gap="small"):
            chart(scope, "status", outcomes)
            next_steps(scope, outcomes)
        with right, st.container(border=True, height=CHARTS_HEIGHT):
            away = counts["rejected"] + counts["failed"] + counts["unknown"]
            picked = st.segmented_control(
                "Chart",
                list(CHARTS),
                default="reasons" if away else "agent",
                required=True,
                format_func=CHARTS.__getitem__,
                label_visibility="collapsed",
                key=f"chart of {batch.id} {scope}",
            )
            chart(scope, picked, outcomes)
        table(scope, shown, len(outcomes))
        all_submissions(seen.submissions)


def all_submissions(everything: pd.DataFrame) -> None:
    """Every submission of every batch; choosing one opens it."""
    with st.expander(f"All submissions of all batches ({len(everything):,})", icon=":material/history:"):
        at = ui.submissions_table(
            everything,
            batches=True,
            choose=True,
            key=f"history {batch.id} {scope} {hash(tuple(everything['id']))}",
            alt="Every submission, newest first: batch, when, who, where, and calls by status.",
        )
        st.caption("Choose a submission to open its outcomes.")
        if at is None:
            return
        found = everything.iloc[at]
        if not found["open"]:
            st.info("The batch of this submission was taken off the list: its outcomes stay on record.")
        elif found["id"] != scope:
            ui.remember_batch(str(found["batch_id"]))
            st.query_params["submission"] = str(found["id"])
            st.session_state["open_submission"] = str(found["id"])
            st.rerun()


# the page

with st.container(horizontal=True, vertical_alignment="center"):
    st.title("Outcomes", anchor=False, width="content")
    scopes = [ALL, *runs["id"]]
    scope = ALL
    if len(runs):
        scope_key = f"scope {batch.id}"
        opened = st.session_state.pop("open_submission", None)
        asked = opened or st.query_params.get("submission")
        if asked in scopes and (opened or scope_key not in st.session_state):
            st.session_state[scope_key] = asked
        scope = st.selectbox(
            "Outcomes of", scopes, format_func=title_of, key=scope_key, label_visibility="collapsed"
        )
        if scope == ALL:
            st.query_params.pop("submission", None)
        else:
            st.query_params["submission"] = scope

if not len(runs):
    st.info("Nothing of this batch was sent yet, so there are no outcomes.", icon=ui.ICONS["outcomes"])
    counts = batch.counts()
    if counts["ready"]:
        st.page_link("submit.py", label=f"Send the {counts['ready']:,} ready calls", icon=ui.ICONS["submit"])
    else:
        ui.review_link(f"Fix the {ui.number_of(counts['held'], 'held call')} first", batch, status="held")
    all_submissions(history(ledger))
else:
    told = st.session_state.pop("doubt_told", None)
    if told:
        st.success(told, icon=":material/fact_check:")
    if st.session_state.pop("clear_doubt", False):
        clear_doubt(scope)
    wanted = st.session_state.pop("send_again", None)
    if wanted:
        send_again_panel(wanted)
    st.fragment(body, run_every=None if stage == "still" else 2.0)(scope)
