"""Questions at the top of the mapping: each with examples, and one click for all calls.

An answer goes into the session under the keys of the mapping's own controls (`Choices.keys_of`), so that the controls
below show it, and can change it. Last in the list stands what every call must have and nothing in the file gives.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import streamlit as st

from reddy_lib import ui
from reddy_lib.batches.preview import Previewed
from reddy_lib.spreadsheet import Option, Question, questions
from reddy_lib.spreadsheet.mapping.asking import PRODUCT_ASKED, SETTLED_BY_PROFILE
from reddy_lib.ui.directions import isolated
from reddy_lib.ui.load.for_all_calls import asked_for_all, draw_for_all, unanswered
from reddy_lib.ui.load.mapping_choices import Choices, known
from reddy_lib.ui.load.mapping_controls import product_name

__all__ = ["draw_questions", "open_questions"]

MOST = 4  # questions drawn at once: those below come up as these are answered


def open_questions(choices: Choices, shown: Sequence[Previewed]) -> list[Question]:
    """What is in doubt and was not answered yet."""
    if not shown:
        return []
    asked: list[Question] = known(
        "questions",
        (choices.mapping, choices.products),
        lambda: questions(
            choices.mapping, choices.sheet, calls=shown, speaking=choices.speakers, products=choices.products
        ),
    )
    answered = {key for key, *_ in _answers(choices.key)}
    if choices.from_profile:
        answered |= SETTLED_BY_PROFILE
    return [question for question in asked if question.key not in answered]


def draw_questions(choices: Choices, shown: Sequence[Previewed]) -> None:
    """Nothing, where nothing is in doubt, nothing is missing and nothing was answered."""
    asked = open_questions(choices, shown)
    answers = _answers(choices.key)
    rest = unanswered(choices, shown)
    if not asked and not answers and not rest and not asked_for_all(choices, shown):
        return
    with st.container(border=True, gap="xsmall"):
        count = len(asked) + rest
        if count:
            st.markdown(
                f":material/help: **{ui.number_of(count, 'question')}: each answer applies to all calls**"
            )
        names = [question.key for question in asked[:MOST] if question.key.startswith(PRODUCT_ASKED)]
        for number, question in enumerate(asked[:MOST], 1):
            if question.key in names:
                _product(choices, number, question, first=question.key == names[0])
            else:
                _question(choices, number, question)
        if len(asked) > MOST:
            st.caption(f"and {len(asked) - MOST:,} more once these are answered")
        draw_for_all(choices, shown, number=len(asked[:MOST]) + 1)
        if answers:
            _last_answer(choices.key, answers)


def _question(choices: Choices, number: int, question: Question) -> None:
    text, why = (ui.escape(isolated(said)) for said in (question.text, question.why))
    st.markdown(f"{number}. **{text}** {why}")
    for place, option in zip(st.columns(max(len(question.options), 3)), question.options, strict=False):
        with place.container(gap="xxsmall"):
            st.button(
                ui.escape(option.label), key=f"{choices.key}answer {question.key} {option.label}", width="stretch",
                on_click=_answer, args=[choices, question, option],
            )  # fmt: skip
            for example in option.examples:
                st.caption(ui.escape(isolated(example)))


def _product(choices: Choices, number: int, question: Question, *, first: bool) -> None:
    """A name that matches no product: suggestions, the whole list, and with the first name one answer for all of them."""
    _question(choices, number, question)
    others = [text for text in choices.open_products() if first and question.key != PRODUCT_ASKED + text]
    listed = [product for product in choices.products or () if product["status"] == "active"]
    more = len(listed) > len(question.options)
    if not more and not others:
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        if more:
            key = f"{choices.key}another {question.key}"
            st.selectbox(
                "Another product", [int(product["id"]) for product in listed], index=None, key=key,
                format_func=product_name(choices), placeholder="Another product", label_visibility="collapsed",
                on_change=_another_product, args=[choices, question, key], width=260,
            )  # fmt: skip
        if others:
            st.checkbox(
                "The same for the other name without a product"
                if len(others) == 1
                else f"The same for the other {len(others):,} names without a product",
                key=_for_others(choices, question),
                help=ui.escape(", ".join(others[:20])),
            )


def _for_others(choices: Choices, question: Question) -> str:
    return f"{choices.key}same for all {question.key}"


def _another_product(choices: Choices, question: Question, key: str) -> None:
    product = st.session_state[key]
    if product is None:
        return
    text = question.key.removeprefix(PRODUCT_ASKED)
    name = product_name(choices)(product)
    _answer(choices, question, Option(name, {"values": {"product_id": {text: product}}}))


Answers = list[tuple[str, str, str, dict[str, Any]]]
"""(key of the question, its text, the answer, key of the session → value before)."""


def _answers(key: str) -> Answers:
    found: Answers = st.session_state.get(key + "answers", [])
    return found


def _answer(choices: Choices, question: Question, option: Option) -> None:
    keys = choices.keys_of(option)
    if st.session_state.get(_for_others(choices, question)):
        (product,) = option.changes["values"]["product_id"].values()
        every = Option("", {"values": {"product_id": dict.fromkeys(choices.open_products(), product)}})
        keys |= choices.keys_of(every)
    before = {name: st.session_state.get(name) for name in keys}
    st.session_state.update(keys)
    st.session_state[choices.key + "answers"] = [
        *_answers(choices.key), (question.key, question.text, option.label, before)
    ]  # fmt: skip


def _last_answer(key: str, answers: Answers) -> None:
    _, text, label, _ = answers[-1]
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        more = f" · {len(answers)} answered" if len(answers) > 1 else ""
        st.caption(
            f":material/check_circle: {ui.escape(isolated(text))} **{ui.escape(isolated(label))}**{more}",
            width="content",
        )
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
