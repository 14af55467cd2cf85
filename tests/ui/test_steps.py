"""Presses of keys that go from call to call: each counts once, in its order."""

from __future__ import annotations

from reddy_lib.ui.review.steps import new_presses


def presses(*numbers: int, session: str = "a", step: str = "after") -> list[dict[str, object]]:
    return [{"session": session, "number": number, "step": step} for number in numbers]


def test_a_press_that_is_sent_again_counts_once() -> None:
    done: dict[str, int] = {}
    assert new_presses(presses(1, 2), done) == ["after", "after"]
    assert new_presses(presses(1, 2, 3), done) == ["after"]
    assert new_presses(presses(1, 2, 3), done) == []
    assert done == {"a": 3}


def test_a_browser_that_was_reloaded_counts_from_one_again() -> None:
    done: dict[str, int] = {}
    new_presses(presses(1, 2, 3), done)
    assert new_presses(presses(1, session="b", step="before"), done) == ["before"]


def test_what_is_no_step_leads_nowhere() -> None:
    assert new_presses(presses(1, step="elsewhere"), {}) == []
