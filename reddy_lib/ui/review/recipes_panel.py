"""Recipes: the changes of one batch, kept and applied to the next export of the same shape."""

from __future__ import annotations

import streamlit as st

from reddy_lib import ui
from reddy_lib.batches.batch import Batch
from reddy_lib.batches.recent_changes import end_of_history
from reddy_lib.batches.recipes import (
    Applied,
    Fitting,
    Recipe,
    apply_recipe,
    keep_recipe,
    plan,
    recipe_of,
    retire_recipe,
)
from reddy_lib.errors import ReddyError
from reddy_lib.ui.dialogs import close_dialog, dialog_button
from reddy_lib.ui.downloads import download, write_all
from reddy_lib.ui.operation_jobs import run_operation
from reddy_lib.ui.review.changes import edited

__all__ = ["draw_offer", "recipes_panel"]


def draw_offer(batch: Batch, key: str) -> None:
    """Offer a recipe that fits this batch and was not applied to it yet."""
    if st.session_state.get(f"{key} recipe declined") or not ui.may("edit"):
        return
    # Which recipes fit depends on the columns of the sheet and on all that was changed: asked when that changes.
    state = (batch.id, st.session_state.get("review edits", 0), end_of_history(batch))
    kept = st.session_state.get("review recipe offer")
    if kept is None or kept[0] != state:
        kept = (state, next((one for one in batch.recipes() if not one.done), None))
        st.session_state["review recipe offer"] = kept
    fitting: Fitting | None = kept[1]
    if fitting is None:
        return
    with st.container(border=True, horizontal=True, vertical_alignment="center", gap="small"):
        st.markdown(
            f":material/menu_book: The recipe **{ui.escape(fitting.recipe.name)}** was kept for sheets with these columns: "
            f"{ui.number_of(len(fitting.recipe.steps), 'step')}."
        )
        if dialog_button("See what it does", key=f"{key} recipe see", type="primary"):
            _apply_panel(batch, fitting.recipe)
        st.button(
            "Not now",
            key=f"{key} recipe later",
            type="tertiary",
            on_click=lambda: st.session_state.update({f"{key} recipe declined": True}),
        )


@st.dialog("Apply a recipe", width="large", on_dismiss=close_dialog)
def _apply_panel(batch: Batch, recipe: Recipe) -> None:
    _apply(batch, recipe)


def _apply(batch: Batch, recipe: Recipe) -> None:
    """Each step with what it would change; steps can be skipped. Afterwards, what each one did."""
    kept = f"recipe {recipe.id} told"
    if kept in st.session_state:
        _tell(st.session_state[kept])
        _close(kept)
        return
    with st.spinner("Looking up what each step would change …"):
        planned = plan(batch, recipe)
    skip = []
    for position, one in enumerate(planned):
        with st.container(horizontal=True, vertical_alignment="center"):
            used = st.checkbox(
                ui.escape(one.step.title()), value=True, key=f"recipe {recipe.id} step {position}"
            )
            told = (
                f"{one.changed:,} of {ui.number_of(one.matched, 'call')}"
                if not one.why
                else f"does not apply: {one.why}"
            )
            st.caption(ui.escape(told))
        if not used:
            skip.append(position)
    stop = st.checkbox(
        "Stop at the first step that does not apply", key=f"recipe {recipe.id} stop", value=False
    )
    if not st.button(
        "Apply", key=f"recipe {recipe.id} apply", type="primary", disabled=len(skip) == len(planned)
    ):
        return
    who = ui.who()  # the thread has no session to ask
    done: list[Applied] = []
    ended = run_operation(
        batch,
        f"Recipe “{recipe.name}”",
        len(planned),
        lambda progress: done.extend(
            apply_recipe(
                batch,
                recipe,
                who=who,
                on_problem="stop" if stop else "continue",
                skip=tuple(skip),
                on_progress=progress,
            )
        ),
        changed=edited,
        unit="steps",
        tell=lambda _: _tell(done),
    )
    if ended == "done":
        st.session_state[kept] = done
        _close(kept)
    if ended == "running":
        close_dialog()
        st.rerun()


def _close(kept: str) -> None:
    if st.button("Close", key=f"{kept} close"):
        del st.session_state[kept]
        close_dialog()
        st.rerun()


def _tell(done: list[Applied]) -> None:
    """Say what each step of a recipe did."""
    for one in done:
        icon = ":orange[:material/info:]" if one.why else ":green[:material/check:]"
        st.markdown(f"{icon} {ui.escape(str(one))}")


@st.dialog("Recipes", width="large", on_dismiss=close_dialog)
def recipes_panel(batch: Batch) -> None:
    """Keep the changes of this batch, apply a recipe, bring one in or take one out."""
    may = ui.may("edit")
    made = recipe_of(batch)
    with st.container(border=True):
        st.markdown(
            f"**This batch**: {ui.number_of(len(made.steps), 'change')} that can be repeated."
            if made.steps
            else "**This batch** has no changes to keep yet. Change a value, a product or a tag of many calls, and it can "
            "be kept here for the next export."
        )
        for step in made.steps[:12]:
            st.caption(f":material/chevron_right: {ui.escape(step.title())}")
        if len(made.steps) > 12:
            st.caption(f"and {len(made.steps) - 12:,} more")
        if made.left_out:
            st.caption(
                f"Left out, because they concern single texts: {ui.escape(', '.join(made.left_out[:5]))}"
            )
        with st.container(horizontal=True, vertical_alignment="bottom"):
            name = st.text_input("Name", value=batch.name, key="recipe name", disabled=not made.steps)
            if st.button(
                "Keep as a recipe", key="keep recipe", disabled=not made.steps or not name.strip() or not may
            ):
                _keep(batch, Recipe(name=name, columns=made.columns, steps=made.steps))
    for fitting in batch.recipes():
        recipe = fitting.recipe
        with st.expander(
            f"{ui.escape(recipe.name)} · {ui.number_of(len(recipe.steps), 'step')}",
            icon=":material/menu_book:",
        ):
            st.caption(
                f"Kept {ui.when(recipe.saved_at)}"
                + (f" by {ui.escape(recipe.who)}" if recipe.who else "")
                + (". Applied to this batch." if fitting.done else ".")
            )
            if may:
                _apply(batch, recipe)
            with st.container(horizontal=True):
                download(
                    "recipe",
                    "Download",
                    write_all(recipe.to_file()),
                    file_name=f"{recipe.name}.recipe.json",
                    mime="application/json",
                    of=recipe.id,
                )
                with st.popover("Delete …", icon=":material/delete:", disabled=not may):
                    st.markdown("It is no longer offered. What it changed in batches stays.")
                    if st.button("Delete this recipe", key=f"recipe {recipe.id} delete", type="primary"):
                        retire_recipe(batch.database, recipe)
                        edited()
                        st.rerun()
    given = st.file_uploader("Bring in a recipe", type=["json"], key="recipe upload")
    if given is not None and st.button("Keep it", key="keep uploaded recipe", disabled=not may):
        try:
            _keep(batch, Recipe.from_file(given.getvalue()))
        except ReddyError as error:
            ui.alert(error)


def _keep(batch: Batch, recipe: Recipe) -> None:
    try:
        keep_recipe(batch.database, recipe, who=ui.who())
    except ReddyError as error:
        ui.alert(error)
        return
    edited()
    st.toast(f"“{recipe.name.strip()}” was kept. It is offered for the next sheet with these columns.")
    close_dialog()
    st.rerun()
