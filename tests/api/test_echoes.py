"""Secrets are found in each form, and looking for them costs next to nothing where there are none."""

from __future__ import annotations

import base64
from urllib.parse import quote

import pytest

from reddy_lib.api.echoes import BLANK, Echoes

URL = "https://store.example/calls/" + "".join(f"{number:03d}-Za=/{number % 7}" for number in range(40))
TOKEN = "token/that+nobody may=see"


@pytest.mark.parametrize(
    "form",
    [
        TOKEN,
        quote(TOKEN, safe=""),
        quote(quote(TOKEN, safe=""), safe=""),
        quote(TOKEN, safe="").lower(),
        "".join(f"%{byte:02x}" for byte in TOKEN.encode()),
        TOKEN.encode().hex(),
        TOKEN.encode().hex().upper(),
        base64.b64encode(TOKEN.encode()).decode(),
        base64.urlsafe_b64encode(b"Bearer " + TOKEN.encode()).decode(),
        " ".join(TOKEN),
        "\u200b\n".join(TOKEN),
        TOKEN[: len(TOKEN) // 2 + 1],
        TOKEN[len(TOKEN) // 2 :],
        TOKEN[6:20],
    ],
)
def test_a_form_of_a_secret_is_removed_wherever_it_stands(form: str) -> None:
    echoes = Echoes([TOKEN, URL])
    for before, after in (("", ""), ("said: ", ""), ("", " was wrong"), ("(", ")")):
        said = echoes.blank(before + form + after)
        assert BLANK in said
        assert form not in said
        assert said.startswith(before)
        assert said.endswith(after)


def test_a_secret_shorter_than_its_pieces_is_removed_as_it_is() -> None:
    echoes = Echoes(["abc"])
    assert echoes.blank("xabcx a b c") == f"x{BLANK}x a b c"
    assert echoes.blank_address("https://abc.example") == "https://abc.example"
    assert Echoes().blank("abc") == Echoes([""]).blank("abc") == "abc"


def test_a_response_that_repeats_nothing_does_not_pay_for_the_search() -> None:
    """The expression for a long URL takes longer to compile than a recording to upload."""
    echoes = Echoes([TOKEN, URL])
    assert echoes.blank("application/json") == "application/json"
    assert echoes.blank_body(b'{"error": "https://store is full"}') == b'{"error": "https://store is full"}'
    assert "_found" not in vars(echoes)
    assert TOKEN not in repr(echoes)
    assert echoes.blank(URL) == BLANK
    assert "_found" in vars(echoes)
