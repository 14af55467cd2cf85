"""Where a call has what is searched, snippets, languages, and what facets look like to a page."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import hypothesis
import pytest
from hypothesis import strategies as st

import reddy_lib as reddy
from reddy_lib.batches.call_texts import hits_in
from reddy_lib.batches.folding import fold
from reddy_lib.batches.queries import Query
from reddy_lib.batches.selections import keep_selection
from reddy_lib.model import payload_json
from reddy_lib.transcripts.language import language_of
from tests.conftest import PRODUCTS

TEXT = "Well, I do not know about that, but the Café told me to CANCEL the order, and my cafe card as well, please do so"


def call(*texts: str, **fields: str) -> str:
    lines = [reddy.TranscriptLine(("agent", "customer")[at % 2], text) for at, text in enumerate(texts)]
    return payload_json(reddy.Call(transcript=lines, **fields)).decode()


def test_hits_are_where_the_words_stand() -> None:
    found = hits_in(call("Cancel?", TEXT, agent_email="cancel@x.example"), Query.parse("cancel cafe"))
    assert [(TEXT[begin:end]) for begin, end in found.lines[2]] == ["Café", "CANCEL", "cafe"]
    assert found.lines[1] == [(0, 6)]
    assert found.fields == {"agent_email": [(0, 6)]}


def test_what_a_role_says_is_marked_in_its_own_turns_and_stands_in_the_snippet() -> None:
    found = hits_in(
        call("Cancel the order?", TEXT, "cancel order"), Query.parse("customer says cancel order")
    )
    assert list(found.lines) == [2]
    text, begin, end = found.snippet
    assert text[begin:end] == "CANCEL"
    assert len(text) <= 2 * 45 + 8
    assert text.startswith("…")
    assert text.endswith("…")
    assert text.strip("…") in TEXT


def test_nothing_searched_and_nothing_found_have_no_snippet() -> None:
    assert hits_in(call(TEXT), Query.parse("status:held")).snippet == ("", 0, 0)
    assert hits_in(call(TEXT), Query.parse("refund -cancel")).lines == {}


@hypothesis.given(st.text(min_size=1, max_size=30), st.text(max_size=20), st.text(max_size=200))
def test_a_hit_reads_as_what_was_searched(word: str, before: str, after: str) -> None:
    text = f"{before} {word} {after}"
    folded = fold(word)
    hypothesis.assume(folded)
    found = hits_in(call(text), Query(words=(word,)))
    whole = reddy.model.from_payload(call(text)).transcript[0].text
    assert any(folded in fold(whole[begin:end]) for begin, end in found.lines[1])
    shown, begin, end = found.snippet
    assert 0 <= begin < end <= len(shown)


@pytest.fixture
def batch(ledger: reddy.Ledger, sheet: Callable[..., Path]) -> reddy.Batch:
    lines = (
        '[{"role": "customer", "text": "Ich habe meine Karte verloren und möchte sie bitte sperren lassen."}]'
    )
    return ledger.load(sheet(60, {3: {"Transcript": lines}}), products=PRODUCTS, progress=False)


def test_a_list_of_calls_has_snippets(batch: reddy.Batch) -> None:
    frame = batch.calls(query="customer says lost", limit=2, snippets=True)
    assert list(frame["snippet"]) == ["I lost my card."] * 2
    assert (frame["snippet_begin"].iloc[0], frame["snippet_end"].iloc[0]) == (2, 6)
    assert list(batch.calls(status="ready", limit=1, snippets=True)["snippet"]) == [""]
    assert list(batch.calls(query="no such words", snippets=True).columns) == list(frame.columns)
    assert batch.calls(search="sperren", snippets=True).loc[3, "snippet"].startswith("…")


def test_a_page_gets_labels_order_and_what_is_left_out(batch: reddy.Batch) -> None:
    found = batch.facets("agent:cy@x.example")
    assert [one.name for one in found][:4] == ["status", "code", "agent", "product"]
    [chosen] = [one for one in found["agent"].values if one.chosen]
    assert (chosen.value, chosen.count, found.count) == ("cy@x.example", 0, 0)
    assert found["agent"].chosen
    assert len(found["agent"].values) == 3
    found = batch.facets()
    assert [(one.value, one.label, one.count) for one in found["product"].values] == [
        ("1", "Cards hotline", 30),
        ("2", "Loans", 30),
    ]
    ids = found["column:Conversation ID"]
    assert (len(ids.values), ids.more, ids.title) == (50, 10, "Conversation ID")
    assert [one.value for one in batch.facet_values("column:Conversation ID", contains="V-6")] == [
        "conv-6",
        "conv-60",
    ]
    assert batch.facet_names().index("tag:CSAT") < batch.facet_names().index("column:Product")
    assert [one.label for one in found["weekday"].values] == ["Monday"]
    assert found["start"].kind == "times"
    assert sum(one.count for one in found["start"].bins) == 60
    with pytest.raises(ValueError, match="There is no facet 'agents'"):
        batch.facets("", ["agents"])


def test_a_query_is_text_too_and_wrong_ones_are_named(batch: reddy.Batch) -> None:
    assert batch.rows(query="product:Loans CSAT=4 rows:2-30", status="ready") == [5, 15, 25]
    assert batch.rows(query="Product=Loans rows:2-5") == [3, 5]
    chosen = keep_selection(batch.database, batch.id, [4, 9])
    assert batch.rows(query=f"selection:{chosen}") == [4, 9]
    assert batch.next_row(4, f"selection:{chosen} -sperren") == 9
    with pytest.raises(TypeError, match="query must be text"):
        batch.rows(query=7)


def test_languages_are_detected_when_they_are_asked_for(batch: reddy.Batch) -> None:
    assert batch.facets()["language"].pending
    done: list[int] = []
    batch.detect_languages(done.append)
    assert done[-1] == 60
    assert not batch.facets()["language"].pending
    assert batch.rows(query="language:de") == [3]
    counted = {one.value: one.count for one in batch.facets("", ["language"])["language"].values}
    assert counted["de"] == 1
    assert sum(counted.values()) == 60


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "Good morning, thank you for calling, how can I help you today?"),
        ("fr", "Bonjour, comment puis-je vous aider aujourd'hui avec votre carte ?"),
        ("ja", "お電話ありがとうございます。カードをなくしました。"),
        ("", "ok 12 345"),
        ("", ""),
    ],
)
def test_the_language_of_a_text(language: str, text: str) -> None:
    assert language_of([text]) == language
