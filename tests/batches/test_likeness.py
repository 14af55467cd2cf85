"""Likeness: what a slip of the pen makes is near; another number, or another word, never is."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reddy_lib.batches.likeness import SAME_LETTERS, fingerprint, folded, nearest, ngram_fingerprint
from reddy_lib.batches.patterns import check_pattern


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Café", "CAFE "),
        ("Straße", "strasse"),
        ("İstanbul", "istanbul"),
        ("ﬁrst-line", "First Line"),
        ("Łódź", "lodz"),
        ("ann.lee@x.example", "Ann Lee@x.example"),
        ("カード", "ｶｰﾄﾞ"),
    ],
)
def test_case_accents_blanks_and_signs_are_folded(one: str, other: str) -> None:
    assert folded(one) == folded(other)


def test_vowel_signs_are_letters_and_signs_alone_stay_apart() -> None:
    assert folded("कि") != folded("का")
    assert folded("+") != folded("-")


@given(st.text(max_size=30))
def test_keys_are_keys_of_their_own(text: str) -> None:
    assert folded(folded(text)) == folded(text)
    assert fingerprint(fingerprint(text)) == fingerprint(text)
    assert ngram_fingerprint(text) == ngram_fingerprint(f"  {text} ")


@pytest.mark.parametrize(
    ("text", "known", "how"),
    [
        ("Tech Supprt", "Tech Support", "one letter differs"),
        ("Tehc Support", "Tech Support", "one letter differs"),  # two neighbours swapped
        ("Support, Tech", "Tech Support", "the same words"),
        ("TECH-SUPPORT", "Tech Support", SAME_LETTERS),
        ("Technical Suport", "Technical Support", "one letter differs"),
    ],
)
def test_slips_are_near_and_say_how(text: str, known: str, how: str) -> None:
    assert [(one.value, one.how) for one in nearest(text, {known: 3})] == [(known, how)]


@pytest.mark.parametrize(
    ("text", "known"),
    [
        ("Team 1", "Team 2"),
        ("agent12@x.example", "agent13@x.example"),
        ("2026-03-04", "2026-04-03"),
        ("Unresolved", "Resolved"),
        ("Yes", "Yet"),
        ("Cards", "Loans"),
        ("", "Cards"),
        ("?", "!"),
    ],
)
def test_other_numbers_and_words_are_not_near(text: str, known: str) -> None:
    assert nearest(text, {known: 1000}) == []


def test_of_equally_near_values_the_frequent_one_comes_first() -> None:
    known = {"Mortgages": 3, "Mortgagee": 90, "Mortgage": 1}
    assert [one.value for one in nearest("Mortgaged", known, most=3)] == [
        "Mortgagee",
        "Mortgages",
        "Mortgage",
    ]


@pytest.mark.parametrize(
    "pattern",
    [
        "(a+)+",
        "(a|ab)*c",
        "((a)+)*",
        "(a*){10}",
        "(a+){2,}",
        "(?i)(x+x+)+y",
        "(?P<x>a+)*",
        "(a?){30}a{30}",
        "(",
        "a{9,2}",
    ],
)
def test_patterns_that_could_run_for_hours_are_refused(pattern: str) -> None:
    with pytest.raises(ValueError, match="pattern"):
        check_pattern(pattern)


@pytest.mark.parametrize(
    "pattern",
    [
        r"(\w+) moment",
        r"\(a+\)+",
        "[(a+)]+",
        "(?:ab)+",
        "a|b",
        "(a|b)c",
        r"(\d{4})-(\d{2})",
        "(a+)?b",
        "x{3}y+",
        r"[^\]]+(z)",
    ],
)
def test_usual_patterns_are_allowed(pattern: str) -> None:
    check_pattern(pattern)
