"""Submit asks about personal data before the first send, and says what is masked."""

from __future__ import annotations

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

import reddy_lib as reddy
from reddy_lib.batches.masking import MaskPersonalData
from reddy_lib.ui.submit import personal_question
from tests.screen import opened, words

pytestmark = pytest.mark.usefixtures("pages_on_shared_ledger")

SAID = (
    "Agent: Could I have the card number?\nCustomer: It is 4111 1111 1111 1111.\n"
    "Agent: And the security code?\nCustomer: 836\nAgent: And your email?\nCustomer: jo.lane@example.com"
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


def may_send(app: AppTest) -> bool:
    buttons = [one for one in app.button if one.label.startswith("Send all")]
    assert len(buttons) == 1
    return not buttons[0].disabled


def test_what_stays_on_this_machine_does_not_wait(batch: reddy.Batch) -> None:
    app = opened("submit", batch)
    assert "2 calls contain personal data" in words(app)
    assert "it stays on this machine" in words(app)
    assert may_send(app)


def test_nothing_is_sent_before_each_kind_has_its_answer(
    batch: reddy.Batch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(personal_question, "waits_for_answers", lambda address: True)
    app = opened("submit", batch)
    assert "2 calls contain personal data" in words(app)
    assert "2 security codes will be masked" in words(app)
    assert not may_send(app)
    app.button(key="personal card mask").click().run()
    assert not may_send(app), "emails are still asked about"
    app.button(key="personal email allow").click().run()
    assert not app.exception
    assert "contain personal data" not in words(app)
    assert "2 card numbers and 2 security codes will be masked" in words(app)
    assert "2 emails will be sent" in words(app)
    assert may_send(app)
    assert "4111" not in words(app), "what is shown of the first call is what leaves"


def test_one_click_answers_for_all_kinds(batch: reddy.Batch) -> None:
    app = opened("submit", batch)
    app.button(key="personal all hold").click().run()
    assert "2 calls will be held for personal data" in words(app)
    assert may_send(app)


def test_what_was_masked_is_counted_and_not_asked_about(batch: reddy.Batch) -> None:
    batch.apply(MaskPersonalData())
    app = opened("submit", batch)
    assert "2 card numbers, 2 security codes and 2 emails masked in 2 calls" in words(app)
    assert may_send(app)
