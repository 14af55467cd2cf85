"""Review's personal data: found on demand, listed, masked by kind for all listed calls at once, and restored by Undo."""

from __future__ import annotations

import pandas as pd
import pytest

import reddy_lib as reddy
from reddy_lib.model import payload_json
from tests.screen import opened, press, words

pytestmark = pytest.mark.usefixtures("pages_on_shared_ledger")

SAID = (
    "Agent: Could I have the card number?\nCustomer: It is 4111 1111 1111 1111.\n"
    "Agent: And the security code?\nCustomer: 836"
)


@pytest.fixture
def batch(shared_ledger: reddy.Ledger) -> reddy.Batch:
    frame = pd.DataFrame(
        {
            "conversation_id": ["c1", "c2", "c3"],
            "agent_email": ["ann@example.com"] * 3,
            "product_id": [1] * 3,
            "timestamp": [1_700_000_000 + i for i in range(3)],
            "transcript": [SAID, SAID, "Agent: Hello\nCustomer: Good morning"],
        }
    )
    return shared_ledger.load(frame, progress=False)


def sent(batch: reddy.Batch) -> str:
    return "".join(payload_json(call).decode() for call in batch)


def test_all_cards_are_masked_in_four_clicks_and_undone_in_two(batch: reddy.Batch) -> None:
    before = sent(batch)
    app = opened("review", batch, query={"panel": "personal"})
    press(app, "Look through 3 calls")
    assert "Card number" in words(app)
    assert "must not be kept" in words(app), "security codes are never kept"
    assert "4111" not in words(app), "the panel counts, and repeats no words"
    app.button(key=f"review {batch.id} personal mask card").click().run()
    assert "4111" not in sent(batch)
    assert "836" in sent(batch)
    batch.undo(1, who="ann")
    assert sent(batch) == before


def test_the_calls_of_a_kind_are_listed(batch: reddy.Batch) -> None:
    app = opened("review", batch, query={"panel": "personal"})
    press(app, "Look through 3 calls")
    app.button(key=f"review {batch.id} personal list cvv").click().run()
    assert not app.exception
    assert "1–2 of 2" in words(app)


def test_after_masking_all_nothing_is_left_to_mask(batch: reddy.Batch) -> None:
    app = opened("review", batch, query={"panel": "personal"})
    press(app, "Look through 3 calls")
    press(app, "Mask all in 2 calls")
    said = "Masked: 4 places in 2 calls. You can undo this in History until a call is sent. 2 security codes and PINs"
    assert said in words(app)
    press(app, "Look through 3 calls")
    assert "Nothing was found in 3 calls." in words(app)
