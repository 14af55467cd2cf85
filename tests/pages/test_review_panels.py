"""The tools of Review for the whole batch: each button of Problems, Values, Draw and Recipes does what it says."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

import reddy_lib as reddy
from reddy_lib.batches.operations import history
from reddy_lib.batches.recipes import Recipe, keep_recipe
from reddy_lib.batches.steps import RenameTag, Step
from reddy_lib.sandbox.rules import DEFAULT_PRODUCTS
from tests.conftest import copied_ledger
from tests.screen import labels, opened, press, report, run, set_status, table, words

FAULTY = Path(__file__).resolve().parents[2] / "data" / "everything_wrong.csv"
PRODUCTS = [dict(product) for product in DEFAULT_PRODUCTS]
TALK = "[00:01] Agent: Good morning, how can I help you today?\n[00:05] Customer: I want to *cancel* my card."
AGENTS = ["ann@acme.example", "bob@acme.example", "ann.lee", "ann@acme.example"]
QUEUES = ["Loans", "Lonas", "Nothing like it", "Loans"]
TEAMS = ["North", "north", "South", "**Bold**"]


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """Twelve calls, rows 2 to 13: a product and an agent in four are misspelt, a team in three spellings."""
    folder = tmp_path_factory.mktemp("panels")
    sheet, path = folder / "march.csv", folder / "ledger.sqlite"
    with sheet.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["Call ID", "Agent email", "Product", "Start", "Transcript", "Team"])
        for number in range(12):
            start = f"2026-03-{number + 1:02d} 09:00:00+00:00"
            at = number % 4
            writer.writerow([f"c-{number}", AGENTS[at], QUEUES[at], start, TALK, TEAMS[at]])
    with reddy.Ledger(path) as ledger:
        return path, ledger.load(sheet, products=PRODUCTS, progress=False).id


@pytest.fixture
def ledger(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[reddy.Ledger]:
    """An empty one, for a test that needs another sheet."""
    monkeypatch.setenv("REDDY_LEDGER", str(tmp_path / "ledger.sqlite"))
    monkeypatch.delenv("REDDY_API_TOKEN", raising=False)
    with reddy.Ledger(tmp_path / "ledger.sqlite") as empty:
        yield empty


@pytest.fixture
def batch(tmp_path: Path, loaded: tuple[Path, str], monkeypatch: pytest.MonkeyPatch) -> reddy.Batch:
    monkeypatch.setenv("REDDY_LEDGER", str(tmp_path / "ledger.sqlite"))
    monkeypatch.delenv("REDDY_API_TOKEN", raising=False)
    path, batch_id = loaded
    with reddy.Ledger(copied_ledger(path, tmp_path / "ledger.sqlite")) as ledger:
        return ledger.batch(batch_id)


def panel(batch: reddy.Batch, name: str, **query: str) -> AppTest:
    return opened("review", batch, query={"panel": name, **query})


def key(batch: reddy.Batch, name: str) -> str:
    return f"review {batch.id} {name}"


def problem(batch: reddy.Batch, value: str) -> Any:
    (found,) = [one for one in batch.problems() if one.value == value]
    return found


def of_problem(batch: reddy.Batch, value: str, button: str) -> str:
    return key(batch, f"problem {problem(batch, value).key} {button}")


def click(app: AppTest, name: str) -> AppTest:
    app.button(key=name).click()
    return run(app)


def change(app: AppTest, batch: reddy.Batch, value: str, new: str | None = None) -> AppTest:
    """Open "Change …" of a problem, and type a value there."""
    app.session_state[of_problem(batch, value, "0 change")] = True
    if new is not None:
        app.session_state[of_problem(batch, value, "0 value")] = new
    return run(app)


def products(batch: reddy.Batch, rows: list[int]) -> set[int | None]:
    return {batch[row].product_id for row in rows}


# --- problems ----------------------------------------------------------------------------------------------


def test_a_proposal_is_applied_to_all_calls_of_its_problem_and_to_no_other(batch: reddy.Batch) -> None:
    rows = problem(batch, "Lonas").rows
    app = click(panel(batch, "problems"), of_problem(batch, "Lonas", "fix"))
    assert products(batch, rows) == {2}
    assert products(batch, problem(batch, "Nothing like it").rows) == {None}
    assert "Lonas" not in words(app)
    assert [one.changed for one in history(batch)] == [3]


def test_a_typed_value_shows_what_it_would_change_before_it_is_stored(batch: reddy.Batch) -> None:
    rows = problem(batch, "ann.lee").rows
    app = change(panel(batch, "problems"), batch, "ann.lee", "lee@acme.example")
    assert "3 of 3 calls would change" in words(app)
    assert "ann.lee :material/arrow_forward: **lee@acme.example**" in words(app)
    assert {batch[row].agent_email for row in rows} == {"ann.lee"}


def test_another_value_than_the_proposed_one_is_stored_everywhere(batch: reddy.Batch) -> None:
    rows = problem(batch, "Nothing like it").rows
    fix = of_problem(batch, "Nothing like it", "0 fix all")
    app = change(panel(batch, "problems"), batch, "Nothing like it")
    box = app.selectbox(key=of_problem(batch, "Nothing like it", "0 value"))
    box.set_value(next(shown for shown in box.options if shown.startswith("Loans")))
    click(run(app), fix)
    assert products(batch, rows) == {2}


def test_an_undo_brings_the_problem_back_without_the_answer_of_before(batch: reddy.Batch) -> None:
    name = "Nothing like it"
    own = problem(batch, name).key
    app = change(panel(batch, "problems"), batch, name)
    box = app.selectbox(key=of_problem(batch, name, "0 value"))
    box.set_value(next(shown for shown in box.options if shown.startswith("Loans")))
    app = click(run(app), of_problem(batch, name, "0 fix all"))
    batch.undo(history(batch)[0])
    app.session_state["review edits"] += 1  # as the undo of this page does
    app = run(app)
    boxes = [box for box in app.selectbox if own in str(box.key)]
    assert [box.value for box in boxes] == []
    assert "Fix all" not in labels(app)


def test_a_value_that_cannot_be_used_is_refused_in_words(batch: reddy.Batch) -> None:
    app = change(panel(batch, "problems"), batch, "Nothing like it", "No such product")
    assert "No such product" in app.error[0].value
    assert "Fix all" not in labels(app)
    assert products(batch, problem(batch, "Nothing like it").rows) == {None}


def test_without_a_proposal_no_value_is_chosen_beforehand(batch: reddy.Batch) -> None:
    app = change(panel(batch, "problems"), batch, "Nothing like it")
    assert app.selectbox(key=of_problem(batch, "Nothing like it", "0 value")).value is None
    assert "Fix all" not in labels(app)
    app = change(panel(batch, "problems"), batch, "Lonas")
    assert "3 of 3 calls would change" in words(app)


def test_calls_that_were_sent_are_not_counted_out_of_those_that_can_be_fixed(batch: reddy.Batch) -> None:
    rows = problem(batch, "Lonas").rows
    for row in rows[1:]:
        set_status(batch, row, status="accepted")
    app = panel(batch, "problems")
    assert "Fix 1" in labels(app)
    click(app, of_problem(batch, "Lonas", "fix"))
    assert products(batch, rows[:1]) == {2}
    assert products(batch, rows[1:]) == {None}


def test_the_number_of_calls_lists_them(batch: reddy.Batch) -> None:
    rows = problem(batch, "Lonas").rows
    app = click(panel(batch, "problems"), of_problem(batch, "Lonas", "show"))
    shown = table(app, "row", "call").value["row"]
    assert [int(row.removeprefix("▸ ")) for row in shown] == rows


def test_a_filter_limits_the_problems_and_what_is_fixed(batch: reddy.Batch) -> None:
    rows = problem(batch, "Lonas").rows
    app = panel(batch, "problems", filter=f"rows:{rows[0]}")
    click(app, of_problem(batch, "Lonas", "fix"))
    assert products(batch, rows[:1]) == {2}
    assert products(batch, rows[1:]) == {None}


def test_only_a_problem_with_a_value_offers_another_one(batch: reddy.Batch) -> None:
    app = panel(batch, "problems")
    found = batch.problems()
    assert {one.fixable for one in found} == {True, False}
    for one in found:
        app.session_state[key(batch, f"problem {one.key} 0 change")] = True
    run(app)
    offered = {str(one.key).split(" problem ")[1] for one in app.selectbox if " problem " in str(one.key)}
    assert offered == {f"{one.key} 0 value" for one in found if one.fixable}


def test_no_repair_is_offered_that_would_change_nothing(batch: reddy.Batch) -> None:
    assert "Remove the spaces" not in labels(panel(batch, "problems"))


def test_what_may_stay_is_accepted_in_all_its_calls(ledger: reddy.Ledger) -> None:
    batch = ledger.load(FAULTY, products=PRODUCTS, progress=False)
    one = next(one for one in batch.problems() if one.accepting is not None)
    click(panel(batch, "problems"), key(batch, f"problem {one.key} accept"))
    assert one.key not in [other.key for other in batch.problems()]


def test_with_nothing_wrong_the_page_says_so(batch: reddy.Batch) -> None:
    assert "Nothing is wrong in the listed calls" in words(panel(batch, "problems", filter="rows:999"))


# --- values ------------------------------------------------------------------------------------------------


def values(batch: reddy.Batch, source: str) -> AppTest:
    app = panel(batch, "values")
    app.selectbox(key=key(batch, "values of")).set_value(source)
    return run(app)


def retype(app: AppTest, batch: reddy.Batch, source: str, becomes: dict[str, str]) -> AppTest:
    """Type new values beside old ones, and press the button."""
    found = [value for value, _ in batch.values(source)]
    edited = {str(found.index(old)): {"becomes": new} for old, new in becomes.items()}
    report(app, table(app, "becomes"), edited_rows=edited, added_rows=[], deleted_rows=[])
    return click(app, next(str(one.key) for one in app.button if str(one.key).endswith(" change")))


def teams(batch: reddy.Batch) -> list[str]:
    return [str(tag.value) for call in batch for tag in call.tags or () if tag.key == "Team"]


def test_two_values_can_be_exchanged_and_that_is_one_change(batch: reddy.Batch) -> None:
    retype(values(batch, "tag:Team"), batch, "tag:Team", {"North": "South", "South": "North"})
    assert teams(batch) == ["South", "north", "North", "**Bold**"] * 3
    assert [one.changed for one in history(batch)] == [6]
    batch.undo(history(batch)[0])
    assert teams(batch) == TEAMS * 3


def test_a_product_is_chosen_by_its_name_and_number(batch: reddy.Batch) -> None:
    rows = [row for row in batch.rows() if batch[row].product_id == 2]
    retype(values(batch, "product_id"), batch, "product_id", {"2": "Retention · 4"})
    assert products(batch, rows) == {4}


def test_values_that_look_alike_are_merged_into_the_chosen_one(batch: reddy.Batch) -> None:
    app = values(batch, "tag:Team")
    merge = next(str(one.key) for one in app.button if str(one.key).endswith(" merge"))
    app.selectbox(key=merge.removesuffix("merge") + "target").set_value("north")
    run(app)
    click(app, merge)
    assert teams(batch) == ["north", "north", "South", "**Bold**"] * 3


def test_an_empty_value_has_a_name_and_can_be_changed(batch: reddy.Batch) -> None:
    batch.update(batch.rows()[:2], agent_email="")
    app = values(batch, "agent_email")
    assert "(empty)" in list(table(app, "becomes").value["value"])
    retype(app, batch, "agent_email", {"": "cy@acme.example"})
    assert [call.agent_email for call in batch][:2] == ["cy@acme.example"] * 2


def test_values_are_shown_as_text(batch: reddy.Batch) -> None:
    app = opened("review", batch, query={"facets": "shown", "filter": "tag:Team=**Bold**"})
    assert "**Bold**" in words(app)  # `words` leaves out the backslashes, not the stars
    assert not any("**Bold**" in one.label for one in app.button)


# --- draw --------------------------------------------------------------------------------------------------


def draw(batch: reddy.Batch, number: int, **fields: Any) -> AppTest:
    app = panel(batch, "draw")
    app.number_input(key=key(batch, "draw n")).set_value(number)
    app.multiselect(key=key(batch, "draw without")).set_value([])
    for name, value in fields.items():
        app.text_input(key=key(batch, f"draw {name}")).set_value(value)
    return press(app, "Draw")


def test_a_draw_is_stored_with_its_seal_and_sent_as_it_is(batch: reddy.Batch) -> None:
    app = draw(batch, 6)
    (drawn,) = batch.draws()
    assert len(drawn.rows) == 6
    assert drawn.seal.to_text() in [code.value for code in app.code]
    click(app, key(batch, "draw list"))
    shown = table(app, "row", "call").value["row"]
    assert [int(row.removeprefix("▸ ")) for row in shown] == sorted(drawn.rows)


def test_a_seal_draws_the_same_calls_again(batch: reddy.Batch) -> None:
    draw(batch, 6)
    (drawn,) = batch.draws()
    app = panel(batch, "draw")
    app.text_area(key=key(batch, "seal")).set_value(drawn.seal.to_text())
    run(app)
    click(app, key(batch, "redraw"))
    assert {tuple(sorted(one.rows)) for one in batch.draws()} == {tuple(sorted(drawn.rows))}


def test_a_broken_seal_is_refused_in_words(batch: reddy.Batch) -> None:
    app = panel(batch, "draw")
    app.text_area(key=key(batch, "seal")).set_value("this is no seal")
    run(app)
    click(app, key(batch, "redraw"))
    assert "seal" in app.error[0].value
    assert batch.draws() == []


def test_the_name_of_a_draw_becomes_a_tag_of_its_calls(batch: reddy.Batch) -> None:
    app = draw(batch, 4, name="March **sample**")
    click(app, key(batch, "draw tag"))
    (drawn,) = batch.draws()
    tagged = [
        row
        for row in batch.rows()
        if any("March" in tag.key + str(tag.value) for tag in batch[row].tags or ())
    ]
    assert tagged == sorted(drawn.rows)


# --- recipes and dialogs -----------------------------------------------------------------------------------


def test_changes_are_kept_as_a_recipe(batch: reddy.Batch) -> None:
    batch.rename_tag("Team", "Group")
    app = click(opened("review", batch), key(batch, "recipes"))
    app.text_input(key="recipe name").set_value("March, **tidied**")
    click(app, "keep recipe")
    (fitting,) = batch.recipes()
    assert fitting.recipe.name == "March, **tidied**"
    assert list(fitting.recipe.steps) == [RenameTag(old="Team", new="Group")]


def test_a_fitting_recipe_is_offered_explained_and_applied(batch: reddy.Batch) -> None:
    columns = list(batch.cells(2))
    keep_recipe(
        batch.database, Recipe(name="Monthly", columns=columns, steps=[RenameTag(old="Team", new="Group")])
    )
    (fitting,) = batch.recipes()
    app = opened("review", batch)
    assert "Monthly" in words(app)
    click(app, key(batch, "recipe see"))
    assert "12 of 12 calls" in words(app)
    click(app, f"recipe {fitting.recipe.id} apply")
    assert {tag.key for call in batch for tag in call.tags or ()} == {"Group"}
    assert ":green[:material/check:]" in words(app)
    click(app, f"recipe {fitting.recipe.id} told close")
    assert "Monthly" not in words(app)


def test_what_a_recipe_did_is_told_in_the_dialog_until_it_is_closed(batch: reddy.Batch) -> None:
    columns = list(batch.cells(2))
    steps: list[Step] = [RenameTag(old="Team", new="Group"), RenameTag(old="Nowhere", new="Crew")]
    keep_recipe(batch.database, Recipe(name="Monthly", columns=columns, steps=steps))
    (fitting,) = batch.recipes()
    app = click(opened("review", batch), key(batch, "recipes"))
    click(app, f"recipe {fitting.recipe.id} apply")
    assert "does not apply" in words(app)
    assert "12 changed" in words(app)
    click(app, f"recipe {fitting.recipe.id} told close")
    assert "12 changed" not in words(app)
    assert not [button for button in app.button if button.key == "keep recipe"]


def test_a_step_that_is_not_ticked_is_left_out(batch: reddy.Batch) -> None:
    columns = list(batch.cells(2))
    steps: list[Step] = [RenameTag(old="Team", new="Group"), RenameTag(old="Group", new="Crew")]
    keep_recipe(batch.database, Recipe(name="Monthly", columns=columns, steps=steps))
    (fitting,) = batch.recipes()
    app = click(opened("review", batch), key(batch, "recipe see"))
    app.checkbox(key=f"recipe {fitting.recipe.id} step 1").uncheck()
    run(app)
    click(app, f"recipe {fitting.recipe.id} apply")
    assert {tag.key for call in batch for tag in call.tags or ()} == {"Group"}


def test_a_deleted_recipe_is_no_longer_offered(batch: reddy.Batch) -> None:
    recipe = Recipe(name="Monthly", columns=list(batch.cells(2)), steps=[RenameTag(old="Team", new="Group")])
    keep_recipe(batch.database, recipe)
    (fitting,) = batch.recipes()
    app = click(opened("review", batch), key(batch, "recipes"))
    click(app, f"recipe {fitting.recipe.id} delete")
    assert batch.recipes() == []
    assert "Monthly" not in words(app)


@pytest.mark.parametrize("opener", ["history", "recipes", "bulk"])
def test_a_dialog_stays_open_when_the_page_is_drawn_anew(batch: reddy.Batch, opener: str) -> None:
    app = opened("review", batch)
    before = set(labels(app)) | set(words(app).split("\n"))
    click(app, key(batch, opener))
    run(app)  # as when another person changes the batch
    assert set(labels(app)) | set(words(app).split("\n")) > before


def test_edit_many_keeps_the_calls_it_was_opened_for(batch: reddy.Batch) -> None:
    app = click(opened("review", batch, query={"filter": "tag:Team=South"}), key(batch, "bulk"))
    batch.update([4], agent_email="new@acme.example")
    run(app)
    assert "3 calls: all that are listed" in words(app)


# --- the address -------------------------------------------------------------------------------------------


def test_a_search_that_hides_the_open_call_is_one_step_of_the_address(batch: reddy.Batch) -> None:
    app = opened("review", batch, query={"row": "2"})
    app.text_input(key=key(batch, "search")).set_value("tag:Team=South")
    run(app)
    assert "row" not in app.query_params  # the first call listed is open; Back undoes the search at once
    assert "**Row 4**" in words(app)
    app = opened("review", batch, query={"row": "8"})
    app.text_input(key=key(batch, "search")).set_value("tag:Team=South")
    run(app)
    assert "**Row 8**" in words(app)


def test_start_times_are_filtered_as_dates(batch: reddy.Batch) -> None:
    app = opened("review", batch, query={"facets": "shown", "filter": "start:2026-03-03T00:00:00Z.."})
    (slider,) = [one for one in app.slider if one.label.startswith("Start (UTC)")]
    least, most = slider.value
    assert (least.month, least.day) == (3, 3)
    slider.set_range(least, most.replace(day=5))
    run(app)
    assert "3 of 12 calls" in words(app)


def test_a_repair_is_offered_for_the_values_that_it_mends_alone(ledger: reddy.Ledger) -> None:
    talk = "Agent: Hello.\nCustomer: Hello."
    rows = [
        {"conversation_id": f"c{n}", "agent_email": email, "product_id": 1, "transcript": talk}
        for n, email in enumerate(["Maria Lind", "ann @ cedarline.example", "bo@cedarline.example"])
    ]
    batch = ledger.load(rows, mapping={"agent_email": "agent_email"}, progress=False)
    repairs = {
        one.value: [repair.label for repair in one.repairs]
        for one in batch.problems()
        if one.code == "agent-email-invalid"
    }
    assert repairs == {"Maria Lind": [], "ann @ cedarline.example": ["Remove the spaces"]}


@pytest.mark.parametrize(
    ("text", "labels_"),
    [('[{"role": "agent", "text": ??]', []), ('[{"role": "agent",\n"text": ??]', ["Split at line breaks"])],
)
def test_lines_are_split_only_where_one_has_line_breaks(
    ledger: reddy.Ledger, text: str, labels_: list[str]
) -> None:
    row = {"conversation_id": "c1", "agent_email": "a@x.example", "product_id": 1, "transcript": text}
    batch = ledger.load([row, {**row, "conversation_id": "c2"}], progress=False)
    (found,) = [one for one in batch.problems() if one.code == "transcript-unreadable"]
    assert [repair.label for repair in found.repairs] == labels_
