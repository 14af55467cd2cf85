"""A query as data, as text, and as parameters of a URL."""

from __future__ import annotations

import time
from typing import Any

import hypothesis
import pytest
from hypothesis import strategies as st

from reddy_lib.batches.folding import fold, folded_with_places
from reddy_lib.batches.queries import AnyValue, Named, Query, Range, Says
from reddy_lib.database.schema import STATUSES

ODD = [
    "agent",
    "customer",
    "says",
    "-x",
    "a b",
    'say "no"',
    "back\\slash",
    "a:b",
    "Q=1",
    "“x”",
    " ",
    "é",
    "tag:a=b",
]
words = st.lists(st.one_of(st.sampled_from(ODD), st.text(max_size=8)), max_size=3).map(tuple)
names = st.one_of(st.sampled_from(ODD), st.text(max_size=5))
some = st.lists(st.text(max_size=5) | st.sampled_from(ODD), max_size=3).map(tuple)
limit = st.none() | st.floats(allow_nan=False, allow_infinity=False)
ranges = st.builds(Range, limit, limit)
said = st.lists(st.builds(Says, st.sampled_from(["agent", "customer"]), words), max_size=2).map(tuple)
named = st.lists(st.builds(Named, names, some), max_size=2).map(tuple)
without = st.lists(
    st.builds(AnyValue, st.just("status"), st.sampled_from(STATUSES))
    | st.builds(AnyValue, names.map("tag:{}".format), st.text(max_size=4)),
    max_size=2,
).map(tuple)
QUERIES = st.builds(
    Query,
    words=words,
    without_words=words,
    says=said,
    without_says=said,
    status=st.lists(st.sampled_from(STATUSES), max_size=3).map(tuple),
    code=st.lists(st.sampled_from(["", "times-estimated", "agent-email-missing"]), max_size=2).map(tuple),
    agent=some,
    product=some,
    language=some,
    weekday=st.lists(st.sampled_from(["", "1", "7"])).map(tuple),
    day=st.lists(st.sampled_from(["", "2026-03-02"])).map(tuple),
    hour=st.lists(st.sampled_from(["", "0", "23"])).map(tuple),
    severity=st.lists(st.sampled_from(["", "error", "warning"])).map(tuple),
    edited=st.lists(st.sampled_from(["yes", "no"])).map(tuple),
    tags=named,
    columns=named,
    without=without,
    turns=st.none() | ranges,
    duration=st.none() | ranges,
    start=st.none() | ranges,
    rows=st.none() | st.lists(st.integers(1, 500), max_size=20).map(tuple),
    selection=st.none() | st.text(max_size=5),
    submission=st.none() | st.text(max_size=5),
)


@hypothesis.settings(max_examples=60)
@hypothesis.given(QUERIES)
def test_every_query_comes_back_from_its_text_and_from_its_address(query: Query) -> None:
    assert Query.parse(str(query)) == query
    assert Query.from_address(query.to_address()) == (query, [])
    for term in query.terms()[:3]:
        assert term not in query.without_term(term).terms()


@hypothesis.given(
    st.text() | st.lists(st.sampled_from([*ODD, '"', "turns:", "rows:9-1", "start:x"])).map(" ".join)
)
def test_whatever_is_typed_is_a_query(text: str) -> None:
    query = Query.parse(text)
    assert Query.parse(str(query)) == query


@pytest.mark.parametrize(
    ("text", "query"),
    [
        ("lost Card", Query(words=("lost", "Card"))),
        ('"lost card" -late', Query(words=("lost card",), without_words=("late",))),
        ("customer says cancel my card", Query(says=(Says("customer", ("cancel", "my", "card")),))),
        (
            'Agent says "good morning" customer says hi status:held',
            Query(says=(Says("agent", ("good morning",)), Says("customer", ("hi",))), status=("held",)),
        ),
        ("-customer says refund", Query(without_says=(Says("customer", ("refund",)),))),
        ("customer says", Query(words=("customer", "says"))),
        ("status:held status:ready", Query(status=("held", "ready"))),
        ("-status:held", Query(without=(AnyValue("status", "held"),))),
        ("status:hold", Query(words=("status:hold",))),
        ("tag:CSAT=4 tag:CSAT=5", Query(tags=(Named("CSAT", ("4", "5")),))),
        ('"Call reason"="too long"', Query(columns=(Named("Call reason", ("too long",)),))),
        ("Queue:Cards", Query(words=("Queue:Cards",))),
        ("turns:5..40", Query(turns=Range(5, 40))),
        ("duration:1:30..", Query(duration=Range(90, None))),
        ("start:2026-03-02T10:00:00Z..", Query(start=Range(1_772_445_600, None))),
        ("weekday:Mon hour:09", Query(weekday=("1",), hour=("9",))),
        ("day:2026-13-01", Query(words=("day:2026-13-01",))),
        ("edited:yes product:7", Query(edited=("yes",), product=("7",))),
        ("rows:2-4,9", Query(rows=(2, 3, 4, 9))),
        ("rows:1-99999999999", Query(words=("rows:1-99999999999",))),
        ('agent:""', Query(agent=("",))),
        ("12:30 http://x.example -", Query(words=("12:30", "http://x.example", "-"))),
    ],
)
def test_what_a_person_types(text: str, query: Query) -> None:
    assert Query.parse(text) == query


def test_names_of_columns_and_tags_are_understood_where_they_are_known() -> None:
    found = Query.parse('queue:"Cards hotline" CSAT=4', columns=["Queue"], tags=["csat"])
    assert found == Query(columns=(Named("Queue", ("Cards hotline",)),), tags=(Named("csat", ("4",)),))
    found = Query.parse("status:held status=open status:hold", columns=["Status"])
    assert found == Query(status=("held",), columns=(Named("Status", ("open",)),), words=("status:hold",))


def test_bad_parts_of_an_address_are_dropped_and_named() -> None:
    query, dropped = Query.from_address({"search": "card", "filter": "status:held status:hold turns:a x"})
    assert query == Query(words=("card",), status=("held",))
    assert dropped == ["status:hold", "turns:a", "x"]
    assert Query.from_address({"filter": ["status:held", "hour:9"]})[0] == Query(
        status=("held",), hour=("9",)
    )
    assert Query.from_address({"search": 7}) == (Query(), [])


def test_facets_are_changed_by_name() -> None:
    query = Query().toggled("status", "held").toggled("tag:CSAT", "4").with_range("turns", 5, None)
    assert str(query) == "status:held tag:CSAT=4 turns:5.."
    assert query.values_of("tag:CSAT") == ("4",)
    assert str(query.toggled("status", "held").with_values("tag:CSAT", [])) == "turns:5.."
    assert query.without_facet("turns").range_of("turns") is None
    assert query.with_search("customer says no hour:3").to_address() == {
        "search": "customer says no",
        "filter": "status:held hour:3 tag:CSAT=4 turns:5..",
    }
    assert not Query()
    assert Query(words=("  ",)) == Query()


@pytest.mark.parametrize(
    "wrong",
    [{"status": ("hold",)}, {"weekday": ("8",)}, {"edited": ("x",)}, {"says": (Says("boss", ("x",)),)}],
)
def test_a_value_that_a_facet_cannot_have_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="There is no"):
        Query(**wrong)


def test_a_pasted_transcript_does_not_hang_the_search_box() -> None:
    began = time.process_time()
    assert len(Query.parse(" ".join(f"word{n}" for n in range(20_000))).words) == 20_000
    assert time.process_time() - began < 2


@hypothesis.given(st.text())
def test_folded_text_says_where_each_character_was(text: str) -> None:
    folded, places = folded_with_places(text)
    assert folded == fold(text) == fold(folded)
    assert len(places) == len(folded)
    assert all(0 <= begin < end <= len(text) for begin, end in places)
    assert places == sorted(places)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("CAFÉ", "cafe"), ("cafe\u0301", "café"), ("Straße", "STRASSE"), ("ﬁn", "fin"), ("Ａ１", "a1"), ("Ёлка", "елка"),
        ("İstanbul", "istanbul"), ("don’t", "don't"), ("a\u00a0 b\n", "a b"), ("ΣΑΣ", "σας"), ("שָׁלוֹם", "שלום"),
    ],
)  # fmt: skip
def test_spellings_that_are_found_for_each_other(one: str, other: str) -> None:
    assert fold(one) == fold(other)


@pytest.mark.parametrize(("one", "other"), [("か", "が"), ("ø", "o"), ("가", "각"), ("कि", "क")])
def test_other_letters_stay_others(one: str, other: str) -> None:
    assert fold(one) != fold(other)
