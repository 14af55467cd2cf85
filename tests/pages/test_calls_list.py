"""Words of a call fit into its row of the list, or say that some are left out."""

from __future__ import annotations

import textwrap

import pytest

from reddy_lib.ui.review.calls_list import LETTER, LINES, fitting

WORDS = (
    "anais.lefevre · Loans · 25 Mar, 09:50 · 12 turns — ready · “Cedarline loans, Priya Nair, good morning.”"
)


@pytest.mark.parametrize("width", [150, 159, 180, 240, 400])
@pytest.mark.parametrize("text", [WORDS, WORDS.replace(" ", ""), WORDS * 3, "short"])
def test_a_text_that_is_cut_says_so_and_fits(text: str, width: int) -> None:
    shown = fitting(text, width)
    assert shown == text or (shown.endswith("…") and text.startswith(shown[:8]))
    assert len(textwrap.wrap(shown, max(12, int((width - 14) / LETTER)))) <= LINES


def test_what_fits_is_whole() -> None:
    assert fitting(WORDS, 240) == WORDS
