"""What the pages share: text made safe to show, words for numbers and places, connections, the open batch."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import streamlit as st
from hypothesis import given
from hypothesis import strategies as some
from streamlit import config
from streamlit.runtime.secrets import Secrets
from streamlit.testing.v1 import AppTest

import reddy_lib as reddy
from reddy_lib import ui
from reddy_lib.database.sandbox_urls import SANDBOX
from reddy_lib.database.schema import STATUSES
from reddy_lib.errors import CallLocked
from reddy_lib.sending.connection import Connection
from reddy_lib.sending.submission import create
from reddy_lib.ui import process
from tests import screen
from tests.conftest import PRODUCTS

TOKEN = "never-show-this-token-9f3c"
PAGES = ["load", "review", "submit", "outcomes"]
OTHER = "another-secret-token-77aa"


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One ledger for all of these tests but those that need an empty one."""
    return tmp_path_factory.mktemp("ui") / "ledger.sqlite"


@pytest.fixture(autouse=True)
def _nothing_stored(shared: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REDDY_LEDGER", str(shared))
    monkeypatch.delenv("REDDY_API_TOKEN", raising=False)
    monkeypatch.delenv("REDDY_BASE_URL", raising=False)
    monkeypatch.delenv("REDDY_BASE_URLS", raising=False)


@pytest.fixture
def listed(server: reddy.Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """An administrator lists the server of these tests, and one where nothing answers."""
    monkeypatch.setenv("REDDY_BASE_URLS", f"{server.url}, http://127.0.0.1:9")


@pytest.fixture
def batch(sheet: Callable[..., Path]) -> reddy.Batch:
    return ui.ledger().load(sheet(3), products=PRODUCTS, progress=False)


@pytest.fixture(scope="module")
def server() -> Iterator[reddy.Sandbox]:
    """A Reddy that nobody is connected to yet."""
    with reddy.Sandbox(token=TOKEN) as running:
        yield running


# --- text as text ------------------------------------------------------------------------------------------


def read(escaped: str) -> str:
    """What a reader sees of escaped text: no backslashes before marks, no joiners, brackets as brackets."""
    plain = re.sub(r"\\([!-/:-@\[-`{-~])", r"\1", escaped.replace("\u2060", ""))
    return plain.replace("&#91;", "[").replace("&#93;", "]")


@pytest.mark.parametrize(
    ("text", "escaped"),
    [
        ("Ann Example", "Ann Example"),
        ("**bold** _thin_ `code`", "\\*\\*bold\\*\\* \\_thin\\_ \\`code\\`"),
        ("<script>", "\\<script\\>"),
        ("$x^2$", "\\$x^2\\$"),
        (":red[x]", "\\:red&#91;x&#93;"),
        ("[a](b)", "&#91;a&#93;\\(b\\)"),
        ("&lt;b&gt;", "\\&lt;b\\&gt;"),
        ("# title", "\\# title"),
        ("a\\*b", "a\\\\\\*b"),
        (":smile:", "\\:\u2060smile\\:"),
        (":+1:", "\\:\u2060\\+1\\:"),
        (":material/home:", "\\:\u2060material/home\\:"),
        (":streamlit:", "\\:\u2060streamlit\\:"),
        ("https://x", "https\u2060\\://x"),
        ("HTTP://x", "HTTP\u2060\\://x"),
        ("www.x", "www\u2060\\.x"),
        ("a@b", "a\u2060@b"),
        ("a -> b", "a \\-\u2060\\> b"),
        ("a <- b", "a \\<\u2060\\- b"),
        ("a -- b", "a \\-\u2060\\- b"),
        ("1 >= 2 <= 3 ~= 4", "1 \\>\u2060= 2 \\<\u2060= 3 \\~\u2060= 4"),
        ("17:46", "17\\:46"),
        ("one\ntwo\r\nthree", "one two three"),
        ("Title\r===", "Title ==="),
        ("\t# code", " \\# code"),
        ("x\u2028y\x85z", "x y z"),
        ("", ""),
        ("Grüße 会話 🎧", "Grüße 会話 🎧"),
    ],
)
def test_text_from_elsewhere_cannot_be_read_as_markdown(text: str, escaped: str) -> None:
    assert ui.escape(text) == escaped


MARKS = "\\`*_{}[]()#+-.!|<>~$:&@/= \n\r\tawhtps"


@given(some.text(some.sampled_from(MARKS) | some.characters(exclude_characters="\u2060"), max_size=40))
def test_no_mark_is_left_bare_and_no_character_is_lost(text: str) -> None:
    escaped = ui.escape(text)
    assert read(escaped) == re.sub(r"\s+", " ", text)
    bare = re.sub(r"\\[!-/:-@\[-`{-~]|&#9[13];", "", escaped)
    assert not set(bare) & set("\\`*_{}[]()#+-.!|<>~$:&\n\r\t")
    assert "://" not in escaped


@pytest.mark.parametrize(
    ("count", "noun", "said"),
    [(0, "call", "0 calls"), (1, "call", "1 call"), (2, "row", "2 rows"), (3798, "call", "3,798 calls")],
)
def test_a_number_goes_with_its_noun(count: int, noun: str, said: str) -> None:
    assert ui.number_of(count, noun) == said


@pytest.mark.parametrize(
    ("address", "hint", "said"),
    [
        (SANDBOX, "", "the sandbox"),
        (SANDBOX, "…4f2a", "the sandbox"),
        ("https://app.reddy.io", "", "Reddy"),
        ("https://app.reddy.io", "…4f2a", "Reddy as …4f2a"),
        ("https://eu.reddy.example", "…4f2a", "Reddy at eu.reddy.example as …4f2a"),
        ("http://127.0.0.1:8000", "", "Reddy at 127.0.0.1:8000"),
        ("reddy.example", "", "Reddy at reddy.example"),
    ],
)
def test_a_place_is_named_with_the_end_of_its_token_at_most(address: str, hint: str, said: str) -> None:
    assert ui.place(address, hint) == said


def test_moments_are_told_as_people_do() -> None:
    now = datetime.now(UTC).replace(hour=9, minute=5)
    assert ui.when(None) == ""
    assert ui.when(now) == "today 09:05"
    assert ui.when(now.timestamp()) == "today 09:05"
    assert ui.when(now - timedelta(days=1)) == "yesterday 09:05"
    assert ui.when(pd.Timestamp("2025-11-03T14:02:59Z")) == "3 Nov 2025, 14:02"
    assert ui.when(0) == "1 Jan 1970, 00:00"


def test_tables_show_moments_in_the_zone_in_which_sentences_tell_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(type(st.context), "timezone", property(lambda _: "Asia/Kolkata"))
    assert ui.when(0) == "1 Jan 1970, 05:30"
    assert ui.moment_column("When")["type_config"]["timezone"] == "Asia/Kolkata"


def test_moments_of_the_workbench_are_drawn_by_one_column_alone() -> None:
    """Only the start of a call, which names its zone, is drawn by a column of its own."""
    root = Path(ui.__file__).parent
    scripts = [*root.rglob("*.py"), *(root.parents[1] / "pages").glob("*.py")]
    own = {path.name for path in scripts if "DatetimeColumn(" in path.read_text(encoding="utf-8")}
    assert own == {"words.py", "first_calls.py"}


@pytest.mark.parametrize(
    ("day", "said"),
    [(3, "today"), (2, "yesterday"), (1, ""), (4, "")],
)
def test_only_today_and_yesterday_have_a_name(day: int, said: str) -> None:
    assert ui.days(date(2026, 3, day), date(2026, 3, 3)) == said


def test_products_are_named_and_those_without_a_name_are_not_hidden() -> None:
    names = ui.product_names([{"id": 2, "name": "Loans"}, {"id": "1", "name": "Cards"}])
    assert list(names.items()) == [(2, "Loans"), (1, "Cards")], "in the order of the list"
    assert ui.product_names(None) == {}
    ids = pd.array([1, 2, None, 9], dtype="Int64")
    assert ui.product_column(ids, names) == ["Cards", "Loans", "", "9"]
    assert ui.product_column([1.0, float("nan"), None], names) == ["Cards", "", ""]


def test_every_status_of_the_ledger_has_a_colour_and_a_meaning() -> None:
    assert set(ui.STATUS_COLOURS) == set(ui.STATUS_MEANINGS) == set(STATUSES)


def test_the_public_names_of_the_module_are_there() -> None:
    assert ui.__all__ == sorted(ui.__all__, key=lambda name: (not name.isupper(), name))
    assert [name for name in ui.__all__ if not hasattr(ui, name)] == []


# --- one page with one thing on it -------------------------------------------------------------------------


def page(script: Callable[..., None], *args: Any, **secrets: Any) -> AppTest:
    app = screen.without_components(AppTest.from_function(script, args=args, default_timeout=90))
    for name, value in secrets.items():
        app.secrets[name] = value
    return screen.run(app)


def test_a_badge_is_shown_for_each_status_that_occurs() -> None:
    def script() -> None:
        from reddy_lib import ui

        ui.status_badges({"held": 0, "ready": 1234, "accepted": 1, "unknown": 0})

    app = page(script)
    assert [each.value for each in app.markdown] == [":blue-badge[1,234 ready]", ":green-badge[1 accepted]"]


def test_a_situation_becomes_one_sentence_and_anything_else_goes_on_up() -> None:
    def script() -> None:
        import streamlit as st

        from reddy_lib import ui
        from reddy_lib.errors import CallLocked

        with ui.alerts():
            raise CallLocked("Row 2 is **queued**: wait for :red[it].")
        st.write("after it")
        with ui.alerts():
            raise LookupError("a fault of the program")

    app = AppTest.from_function(script, default_timeout=90).run()
    assert [each.value for each in app.error] == [
        "Row 2 is \\*\\*queued\\*\\*\\: wait for \\:red&#91;it&#93;\\."
    ]
    assert app.markdown[0].value == "after it"
    assert len(app.exception) == 1
    assert issubclass(CallLocked, reddy.ReddyError)


def test_a_page_that_fails_says_what_is_safe_and_nothing_of_the_fault(caplog: Any) -> None:
    def script(secret: str) -> None:
        from reddy_lib import ui

        assert ui.page_failed(ValueError(f"the token is {secret}"))

    app = page(script, TOKEN)
    assert "What you stored, edited or sent before is safe" in app.error[0].value
    assert "(ValueError, see the log)" in app.error[0].value
    assert TOKEN not in screen.words(app)
    assert [record.name for record in caplog.records if record.exc_info] == ["reddy_lib.ui"]


def test_the_table_of_submissions_leaves_out_statuses_that_none_has(batch: reddy.Batch) -> None:
    def script(batch_id: str) -> None:
        from reddy_lib import ui
        from reddy_lib.sending.overview import history

        ui.submissions_table(history(ui.ledger(), batch_id), key="all", alt="All", batches=True)
        ui.submissions_table(history(ui.ledger(), batch_id), key="one", alt="One")

    create(
        batch.database,
        batch.id,
        address="https://app.reddy.io",
        token_source="typed",
        token_hint="…4f2a",
        who="bo",
    )
    every, one = page(script, batch.id).dataframe
    shown = ["number", "batch", "created_at", "who", "place", "state", "chosen", "accepted", "waiting"]
    assert list(every.proto.column_order) == shown
    assert list(one.proto.column_order) == [name for name in shown if name != "batch"]
    (row,) = every.value[shown].to_dict("records")
    del row["created_at"]
    assert row == {
        "number": 1, "batch": "calls", "who": "bo", "place": "Reddy as …4f2a", "state": "running", "chosen": 3,
        "accepted": 0, "waiting": 3,
    }  # fmt: skip


# --- where calls go ----------------------------------------------------------------------------------------


def where_to() -> None:
    import streamlit as st

    from reddy_lib import ui

    to = ui.connection()
    st.text(f"{to.source} {to.address} {to.token_hint}".strip())


@pytest.mark.parametrize(
    ("secrets", "environment", "goes_to"),
    [
        ({}, {}, "sandbox sandbox"),
        ({}, {"REDDY_API_TOKEN": TOKEN}, "environment https://app.reddy.io …9f3c"),
        ({}, {"REDDY_API_TOKEN": "  "}, "sandbox sandbox"),
        ({}, {"REDDY_BASE_URL": "https://eu.reddy.example"}, "sandbox sandbox"),
        (
            {},
            {"REDDY_API_TOKEN": TOKEN, "REDDY_BASE_URL": "https://eu.reddy.example/"},
            "environment https://eu.reddy.example …9f3c",
        ),
        ({"REDDY_API_TOKEN": OTHER}, {}, "secrets https://app.reddy.io …77aa"),
        ({"REDDY_API_TOKEN": OTHER}, {"REDDY_API_TOKEN": TOKEN}, "secrets https://app.reddy.io …77aa"),
        ({"REDDY_API_TOKEN": ""}, {"REDDY_API_TOKEN": TOKEN}, "environment https://app.reddy.io …9f3c"),
        ({"REDDY_API_TOKEN": "short"}, {}, "secrets https://app.reddy.io"),
    ],
)
def test_a_stored_token_wins_over_the_sandbox_and_the_secrets_file_over_the_environment(
    monkeypatch: pytest.MonkeyPatch,
    secrets: dict[str, str],
    environment: dict[str, str],
    goes_to: str,
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert page(where_to, **{"unrelated": 1, **secrets}).text[0].value == goes_to


def test_what_a_person_chose_wins_over_what_is_stored(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REDDY_API_TOKEN", TOKEN)
    app = screen.without_components(AppTest.from_function(where_to, default_timeout=90))
    app.session_state["connection"] = SANDBOX
    assert screen.run(app).text[0].value == "sandbox sandbox"
    monkeypatch.setenv("REDDY_BASE_URLS", "https://eu.reddy.example")
    app.session_state["connection"] = ui.typed_connection(OTHER, "https://eu.reddy.example")
    assert screen.run(app).text[0].value == "typed https://eu.reddy.example …77aa"


@pytest.mark.parametrize(
    ("source", "address", "typed", "found"),
    [
        ("sandbox", SANDBOX, "", "sandbox"),
        ("environment", "https://eu.reddy.example", "", "environment"),
        ("environment", "https://app.reddy.io", "", None),  # the token is for another address now
        ("secrets", "https://eu.reddy.example", "", None),  # it came from a file that is gone
        ("typed", "https://eu.reddy.example", "", None),  # the process that knew it has ended
        ("typed", "https://us.reddy.example", OTHER, "typed"),
        ("typed", "https://no-longer-listed.example", OTHER, None),
        ("environment", "https://app.reddy.io", OTHER, "typed"),
    ],
)
def test_a_submission_goes_on_only_with_a_token_for_its_own_address(
    batch: reddy.Batch,
    monkeypatch: pytest.MonkeyPatch,
    source: str,
    address: str,
    typed: str,
    found: str | None,
) -> None:
    monkeypatch.setenv("REDDY_API_TOKEN", TOKEN)
    monkeypatch.setenv("REDDY_BASE_URL", "https://eu.reddy.example")
    monkeypatch.setenv("REDDY_BASE_URLS", "https://us.reddy.example")
    submission = create(batch.database, batch.id, address=address, token_source=source)
    if typed:
        ui.tokens().remember(submission.id, typed)
    to = ui.connection_for(submission)
    ui.tokens().forget(submission.id)
    assert (to and to.source) == found
    if to is not None:
        assert to.address == address
        assert to.token == {"typed": OTHER, "environment": TOKEN}.get(to.source, to.token)


@pytest.mark.usefixtures("listed")
def test_products_are_asked_for_once_and_again_when_forgotten(server: reddy.Sandbox) -> None:
    def script(base_url: str, token: str) -> None:
        import streamlit as st

        from reddy_lib import ui

        to = ui.typed_connection(token, base_url)
        for _ in range(2):
            st.text(len(ui.products(to) or []))
        if st.button("Forget"):
            ui.forget_products(to)
            st.text(len(ui.products(to) or []))
        st.text(ui.products_error(to) or "no error")

    app = page(script, server.url, TOKEN)
    assert [each.value for each in app.text] == ["5", "5", "no error"]
    server.faults.add(reddy.sandbox.Fault(kind="status", on="products", status=500, times=1))
    assert [each.value for each in screen.run(app).text] == ["5", "5", "no error"], (
        "kept, not asked for again"
    )
    screen.press(app, "Forget")
    assert [each.value for each in app.text][2] == "0", "asked for again"
    assert "500" in app.text[3].value
    server.faults.clear()


@pytest.mark.usefixtures("listed")
def test_a_refused_token_gives_no_products_and_a_sentence_without_the_token(server: reddy.Sandbox) -> None:
    def script(base_url: str, token: str) -> None:
        import streamlit as st

        from reddy_lib import ui

        to = ui.typed_connection(token, base_url)
        st.text(f"before: {ui.products_error(to)!r}")
        st.text(ui.products(to))
        st.text(ui.products_error(to))

    app = page(script, server.url, OTHER)
    before, listed, error = (each.value for each in app.text)
    assert (before, listed) == ("before: ''", "None")
    assert "did not accept the token" in error
    assert OTHER not in str(app.session_state.to_dict())


# --- choosing the connection -------------------------------------------------------------------------------


def in_panel(app: AppTest, *pressed: str, **typed: str) -> AppTest:
    """One step in the panel: what is typed in it, and pressed."""
    fields = {f"connection_{name}": text for name, text in typed.items()}
    return screen.in_dialog(app, "change_connection", *pressed, **fields)


def panel(batch: reddy.Batch, **typed: str) -> AppTest:
    """The panel with Reddy chosen, and something typed."""
    app = in_panel(screen.opened("outcomes", batch), choice="Reddy")
    return in_panel(app, **typed) if typed else app


def test_without_a_token_reddy_cannot_be_chosen(batch: reddy.Batch) -> None:
    app = panel(batch)
    for pressed in ("Use it", "Test the connection"):
        in_panel(app, pressed)
        assert "A token is needed: paste it above." in screen.words(app)
        assert "connection" not in app.session_state


@pytest.mark.usefixtures("listed")
def test_a_typed_token_is_used_and_shown_nowhere(batch: reddy.Batch, server: reddy.Sandbox) -> None:
    app = in_panel(panel(batch, url=server.url), "Use it", token=f" {TOKEN} ")
    chosen = app.session_state["connection"]
    assert isinstance(chosen, Connection)
    assert (chosen.source, chosen.token, chosen.address) == ("typed", TOKEN, server.url)
    for name in ("review", "submit", "load"):
        screen.run(app.switch_page(f"{name}.py"))
        assert "token …9f3c · 5 products" in screen.words(app)
        assert TOKEN not in screen.words(app)
        assert TOKEN not in str(app.session_state.to_dict()), name
        assert TOKEN not in str(dict(app.query_params))
        assert not any(TOKEN in str(each.value) for kind in (app.code, app.text_input) for each in kind)


@pytest.mark.usefixtures("listed")
@pytest.mark.parametrize(
    ("token", "url", "sentence"),
    [
        (OTHER, None, "did not accept the token"),
        (TOKEN, "http://127.0.0.1:9", "nothing answers at this address"),
        ("two words\u00e9", None, "token"),
    ],
)
def test_a_connection_that_does_not_work_is_explained_and_not_taken(
    batch: reddy.Batch, server: reddy.Sandbox, token: str, url: str | None, sentence: str
) -> None:
    app = in_panel(panel(batch, url=url or server.url), "Use it", token=token)
    (error,) = app.error
    assert sentence in error.value.replace("\\", "")
    assert token not in error.value
    assert "connection" not in app.session_state


def test_a_connection_is_tested_without_being_taken_and_product_names_are_text(
    batch: reddy.Batch, monkeypatch: pytest.MonkeyPatch
) -> None:
    wild = {"id": 1, "name": "**Cards** :red[x] :material/home:", "status": "active"}
    with reddy.Sandbox(token=TOKEN, products=[wild]) as server:
        monkeypatch.setenv("REDDY_BASE_URLS", server.url)
        app = in_panel(panel(batch, url=server.url), "Test the connection", token=TOKEN)
    assert "It works: 1 product. **Cards** :red[x] :material/home:" in screen.words(app)
    assert "**Cards**" not in app.success[0].value
    assert ":material/" not in app.success[0].value
    assert "connection" not in app.session_state


def test_a_stored_token_is_sent_to_its_own_address_alone(
    batch: reddy.Batch, server: reddy.Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REDDY_API_TOKEN", TOKEN)
    monkeypatch.setenv("REDDY_BASE_URL", server.url)
    app = panel(batch)
    assert app.text_input(key="connection_token").placeholder == "Using the stored token …9f3c"
    in_panel(app, "Use it", url="https://app.reddy.io")
    assert "A token is needed" in screen.words(app)
    assert "connection" not in app.session_state
    in_panel(app, "Use it", url=server.url)
    assert app.session_state["connection"].source == "environment"


# --- signing in --------------------------------------------------------------------------------------------


def test_where_sign_in_is_set_up_nobody_sees_a_batch_before(batch: reddy.Batch) -> None:
    app = AppTest.from_file(str(screen.NAVIGATION), default_timeout=90)
    app.secrets["auth"] = {"redirect_uri": "http://localhost/oauth2callback"}
    app.secrets["access"] = {"emails": ["ana@example.com"]}
    app.user = {"is_logged_in": False}
    app.query_params["batch"] = batch.id
    for name in PAGES:
        screen.run(app.switch_page(f"{name}.py"))
        assert "Sign in to continue" in screen.words(app)
        assert screen.labels(app) == ["Sign in"]
        assert "calls.csv" not in screen.words(app)


def test_sign_in_without_a_rule_who_may_come_in_shows_nobody_a_page(batch: reddy.Batch) -> None:
    app = AppTest.from_file(str(screen.NAVIGATION), default_timeout=30)
    app.secrets["auth"] = {"redirect_uri": "http://localhost/oauth2callback"}
    app.user = {"is_logged_in": True, "email": "ana@example.com", "email_verified": True, "iat": time.time()}
    app.query_params["batch"] = batch.id
    screen.run(app.switch_page("review.py"))
    assert "no one can sign in" in screen.words(app)
    assert "calls.csv" not in screen.words(app)


def test_with_the_role_look_pages_are_shown_and_edits_are_locked(batch: reddy.Batch) -> None:
    app = AppTest.from_file(str(screen.NAVIGATION), default_timeout=60)
    app.secrets["auth"] = {"redirect_uri": "http://localhost/oauth2callback"}
    app.secrets["access"] = {"emails": ["ana@example.com"]}
    app.user = {"is_logged_in": True, "email": "ana@example.com", "email_verified": True, "iat": time.time()}
    app.query_params["batch"] = batch.id
    for name in PAGES:
        screen.run(app.switch_page(f"{name}.py"))
        assert "May look" in screen.words(app), name
        assert not [one.value for one in app.error], name
    screen.run(app.switch_page("submit.py"))
    assert all(
        screen.button(app, label).disabled for label in screen.labels(app) if label.startswith("Send ")
    )
    assert screen.button(app, "Manage").disabled


@pytest.mark.parametrize("content", [b"[auth\nclient_id = 'x'", b"\xff\xfe[auth]"])
def test_secrets_that_cannot_be_read_let_nobody_in(
    batch: reddy.Batch, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes
) -> None:
    """They may be what sets up sign-in."""
    broken = tmp_path / "secrets.toml"
    broken.write_bytes(content)
    before = st.get_option("secrets.files")
    monkeypatch.setattr(st, "secrets", Secrets())
    config.set_option("secrets.files", [str(broken)])
    try:
        app = screen.opened("review", batch)
    finally:
        config.set_option("secrets.files", before)
    assert "secrets file of this workbench cannot be read" in screen.words(app)
    assert "calls.csv" not in screen.words(app)
    assert not app.dataframe


# --- the open batch ----------------------------------------------------------------------------------------


def test_the_batch_in_the_address_stays_open_from_page_to_page(batch: reddy.Batch) -> None:
    app = screen.opened("outcomes", batch)
    for name in [*PAGES, "outcomes"]:
        app.query_params.clear()  # switching pages drops them in a browser
        screen.run(app.switch_page(f"{name}.py"))
        assert app.query_params["batch"] in (batch.id, [batch.id])
        assert "3 ready" in " ".join(each.proto.label for each in app.get("page_link"))


def test_a_batch_that_is_not_there_is_said_and_another_can_be_opened(batch: reddy.Batch) -> None:
    app = screen.opened("outcomes", "b-of-somebody-else")
    for name, asked in zip(PAGES[1:], ["'; drop table calls", "../../etc", "💥" * 500], strict=True):
        app.query_params["batch"] = asked
        screen.run(app.switch_page(f"{name}.py"))
        assert "The batch in this address is not in this ledger" in screen.words(app)
        assert "batch" not in app.query_params
    app.button(key=f"open {batch.id}").click()
    screen.run(app)
    assert app.query_params["batch"] in (batch.id, [batch.id])
    assert "not in this ledger" not in screen.words(app)


def test_an_empty_ledger_leads_to_load_from_every_page(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REDDY_LEDGER", str(tmp_path / "empty.sqlite"))
    app = screen.opened("load")
    assert "Loaded before" not in screen.words(app)
    for name in PAGES[1:]:
        screen.run(app.switch_page(f"{name}.py"))
        assert "No batch is open yet. Load a spreadsheet" in screen.words(app)
        assert "Load a spreadsheet" in [each.proto.label for each in app.get("page_link")]
        assert "Loaded before" not in screen.words(app)


def test_a_ledger_that_cannot_be_opened_is_a_sentence_on_every_page(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "ledger.sqlite").write_bytes(
        b"this is no database, but it is a file that is there already" * 9
    )
    monkeypatch.setenv("REDDY_LEDGER", str(tmp_path / "ledger.sqlite"))
    app = screen.opened("load", "b1")
    for name in PAGES:
        screen.run(app.switch_page(f"{name}.py"))
        assert len(app.error) == 1
        assert "ledger" in screen.words(app)
    engine = ui.start_engine()
    assert engine is not None
    try:
        assert "is not a ledger" in engine.trouble
        screen.run(app)
    finally:
        ui.stop()


def test_a_batch_is_renamed_and_a_name_of_marks_is_shown_as_text(batch: reddy.Batch) -> None:
    name = "**March** :red[x] $1$ :material/home: <b>"
    app = screen.in_dialog(screen.opened("outcomes", batch), "rename_batch", batch_name=name)
    screen.in_dialog(app, "rename_batch", "Rename", batch_name=name)
    assert batch.database.batch(batch.id).name == name
    screen.run(app)
    assert name in screen.words(app)
    assert [
        each for each in screen.sources(app) if "**March**" in each or "material/home:" in each[30:]
    ] == []


@pytest.mark.parametrize(("name", "said"), [("   ", ["A batch needs a name."]), ("calls", [])])
def test_a_batch_is_not_renamed_to_nothing_and_may_keep_its_name(
    batch: reddy.Batch, name: str, said: list[str]
) -> None:
    before = batch.database.batch(batch.id).name
    app = screen.in_dialog(screen.opened("outcomes", batch), "rename_batch", batch_name=name)
    app = screen.in_dialog(app, "rename_batch", "Rename", batch_name=name)
    assert [each.value for each in app.error] == said
    assert batch.database.batch(batch.id).name == before


def test_a_batch_is_taken_off_the_list_and_closed(batch: reddy.Batch) -> None:
    app = screen.in_dialog(screen.opened("outcomes", batch), "rename_batch")
    screen.in_dialog(app, "rename_batch", "Take off the list")
    assert "batch" not in app.query_params
    assert "No batch is open yet" in screen.words(app)
    assert batch.id not in set(batch.database.batches()["id"])


def test_another_batch_is_opened_from_the_side(batch: reddy.Batch, sheet: Callable[..., Path]) -> None:
    other = batch.database.load(sheet(5, name="april.csv"), products=PRODUCTS, progress=False)
    app = screen.opened("review", batch)
    screen.in_dialog(app, "switch_batch")
    assert f"open {batch.id}" not in [one.key for one in app.button], "it is open already"
    app.button(key=f"open {other.id}").click()
    screen.in_dialog(app, "switch_batch")
    assert app.query_params["batch"] in (other.id, [other.id])
    listed = [row.removeprefix("▸ ") for row in screen.table(app, "call").value["row"]]
    assert listed == ["2", "3", "4", "5", "6"]


# --- the sandbox of the process ----------------------------------------------------------------------------


def test_the_sandbox_remembers_beside_the_ledger(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REDDY_LEDGER", str(tmp_path / "new" / "ledger.sqlite"))
    assert process.sandbox_record() == tmp_path / "new" / "sandbox-received.jsonl"
    assert (tmp_path / "new").stat().st_mode & 0o077 == 0, "nobody else may read it"
    monkeypatch.setenv("REDDY_LEDGER", "postgresql://team@db.example/reddy")
    assert process.sandbox_record() is None
    (tmp_path / "file").write_text("not a folder")
    monkeypatch.setenv("REDDY_LEDGER", str(tmp_path / "file" / "ledger.sqlite"))
    assert process.sandbox_record() is None


@pytest.mark.parametrize(
    ("options", "url"),
    [
        ({}, "http://127.0.0.1:8501/sandbox"),
        ({"server.port": 9000, "server.baseUrlPath": "/reddy/"}, "http://127.0.0.1:9000/reddy/sandbox"),
        ({"server.address": "0.0.0.0"}, "http://127.0.0.1:8501/sandbox"),
        ({"server.address": "10.0.0.5", "server.sslCertFile": "c.pem"}, "https://10.0.0.5:8501/sandbox"),
    ],
)
def test_the_sandbox_is_reached_where_the_app_is_served(options: dict[str, Any], url: str) -> None:
    defaults = {
        "server.port": 8501,
        "server.address": None,
        "server.baseUrlPath": "",
        "server.sslCertFile": None,
    }
    before = {name: st.get_option(name) for name in defaults}
    try:
        for name, value in {**defaults, **options}.items():
            config.set_option(name, value)
        assert ui.sandbox_connection().base_url == url
    finally:
        for name, value in before.items():
            config.set_option(name, value)
