"""Questions at the top of the mapping: each with examples, and one click for all calls.

An answer goes into the session under the keys of the mapping's own controls (`Choices.keys_of`), so that the controls
below show it, and can change it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import streamlit as st

from reddy_lib import ui
from reddy_lib.batches.preview import Previewed
from reddy_lib.spreadsheet import Option, Question, questions
from reddy_lib.ui.load.mapping_choices import Choices, known

__all__ = ["draw_questions", "open_questions"]

MOST = 4  # questions drawn at once: those below come up as these are answered


def open_questions(choices: Choices, shown: Sequence[Previewed]) -> list[Question]:
    """What is in doubt and was not answered yet."""
    if not shown:
        return []
    asked: list[Question] = known(
        "questions",
        (choices.mapping, choices.products),
        lambda: questions(choices.mapping, choices.sheet, calls=shown, speaking=choices.speakers),
    )
    answered = {key for key, *_ in _answers(choices.key)}
    return [question for question in asked if question.key not in answered]


def draw_questions(choices: Choices, shown: Sequence[Previewed], amount: str) -> None:
    """Nothing, where nothing is in doubt and nothing was answered."""
    asked = open_questions(choices, shown)
    answers = _answers(choices.key)
    if not asked and not answers:
        return
    with st.container(border=True, gap="xsmall"):
        if asked:
            st.markdown(
                f":material/help: **{ui.number_of(len(asked), 'question')} before {amount} are ready**"
            )
        for number, question in enumerate(asked[:MOST], 1):
            _question(choices, number, question)
        if len(asked) > MOST:
            st.caption(f"and {len(asked) - MOST:,} more once these are answered")
        if answers:
            _last_answer(choices.key, answers)


def _question(choices: Choices, number: int, question: Question) -> None:
    st.markdown(f"{number}. **{ui.escape(question.text)}** {ui.escape(question.why)}")
    for place, option in zip(st.columns(max(len(question.options), 3)), question.options, strict=False):
        with place.container(gap=None):
            st.button(
                ui.escape(option.label), key=f"{choices.key}answer {question.key} {option.label}", width="stretch",
                on_click=_answer, args=[choices, question, option],
            )  # fmt: skip
            for example in option.examples:
                st.caption(ui.escape(example))


Answers = list[tuple[str, str, str, dict[str, Any]]]
"""(key of the question, its text, the answer, key of the session → value before)."""


def _answers(key: str) -> Answers:
    found: Answers = st.session_state.get(key + "answers", [])
    return found


def _answer(choices: Choices, question: Question, option: Option) -> None:
    keys = choices.keys_of(option)
    before = {name: st.session_state.get(name) for name in keys}
    st.session_state.update(keys)
    st.session_state[choices.key + "answers"] = [
        *_answers(choices.key), (question.key, question.text, option.label, before)
    ]  # fmt: skip


def _last_answer(key: str, answers: Answers) -> None:
    _, text, label, _ = answers[-1]
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        more = f" · {len(answers)} answered" if len(answers) > 1 else ""
        st.caption(f":material/check_circle: {ui.escape(text)} **{ui.escape(label)}**{more}", width="content")
        st.button(
            "Take it back", type="tertiary", icon=":material/undo:", key=f"{key}take back", on_click=_take_back,
            args=[key],
        )  # fmt: skip


def _take_back(key: str) -> None:
    *others, (_, _, _, before) = _answers(key)
    for name, value in before.items():
        if value is None:
            st.session_state.pop(name, None)
        else:
            st.session_state[name] = value
    st.session_state[key + "answers"] = others
