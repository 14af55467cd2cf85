"""With the role look every call of the library that writes is refused, and nothing is changed.

What there is to call is found by looking: every public method of Ledger, Batch and Submission, and every public
function of the library that takes one of them. Each is called, or excused with a reason, so a new one is noticed.
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

import reddy_lib
import reddy_lib as reddy
from reddy_lib.access import RIGHTS, Person, Right, Rules
from reddy_lib.batches import draws, personal_looks, sound_masks, steps, turn_edits
from reddy_lib.batches import silence_by_hand as by_hand
from reddy_lib.batches.silence_attached import silence_attached
from reddy_lib.batches.stored_batch import StoredBatch
from reddy_lib.database import schema
from reddy_lib.database.database import Database
from reddy_lib.errors import NotAllowed
from reddy_lib.recordings.redaction import Span
from reddy_lib.sending.overview import look_before_sending
from reddy_lib.sending.personal_gate import prepare
from reddy_lib.sending.submission import Submission, create, sendable
from tests.conftest import PRODUCTS, ledger_database, write_sheet


def as_(ledger: reddy.Ledger, right: Right) -> reddy.Ledger:
    claims = {"email": "ana@example.com", "email_verified": True, "iat": time.time()}
    rules = Rules.read({"emails": ["ana@example.com"], "role": right})
    return ledger.for_person(Person(claims, lambda: rules))


def dump(ledger: reddy.Ledger) -> dict[str, list[Any]]:
    with ledger.read() as connection:
        return {
            table.name: sorted(map(repr, connection.execute(sa.select(table))))
            for table in schema.metadata.tables.values()
        }


class Scene:
    """A ledger seen by somebody, with a batch and a submission that is paused."""

    def __init__(self, ledger: reddy.Ledger, sheet: Path, folder: Path) -> None:
        self.whole, self.sheet, self.folder = ledger, sheet, folder
        batch = ledger.load(sheet, products=PRODUCTS, progress=False)
        self.batch_id = batch.id
        self.done = batch.apply(steps.SwapRoles(), [4]).id
        self.stopped = batch.apply(steps.SwapRoles(), [5], on_progress=lambda done: False).id
        submission = create(ledger, self.batch_id, address="sandbox", token_source="sandbox", rows=[2])
        submission.pause()
        self.submission_id = submission.id

    def seen(self, right: Right) -> tuple[reddy.Ledger, reddy.Batch, Submission]:
        ledger = as_(self.whole, right)
        return ledger, ledger.batch(self.batch_id), ledger.submission(self.submission_id)


@pytest.fixture
def scene(ledger: reddy.Ledger, sheet: Callable[..., Path], tmp_path: Path) -> Scene:
    return Scene(ledger, sheet(6), tmp_path)


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def untouched(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    """One scene for all that is refused: each test makes sure that nothing in it has changed."""
    folder = tmp_path_factory.mktemp("untouched")
    location = str(folder / "ledger.sqlite")
    if request.param == "postgresql":
        location = ledger_database(request.getfixturevalue("postgres"), __name__)
    with reddy.Ledger(location) as opened:
        yield Scene(opened, write_sheet(folder / "calls.csv", 6), folder)


Call = Callable[[Scene, reddy.Ledger, reddy.Batch, Submission], object]


def _writes() -> dict[str, tuple[Right, Call]]:
    """Name of what writes → the right it needs, and a call of it."""
    from reddy_lib.batches import (
        changes,
        operations,
        profiles,
        recipes,
        review_decisions,
        selections,
        tag_types,
    )
    from reddy_lib.batches import edits as editing
    from reddy_lib.batches import fetch_recordings as fetching
    from reddy_lib.batches import load_job as loading
    from reddy_lib.batches import redaction_marks as marks
    from reddy_lib.batches.loading import load_batch
    from reddy_lib.batches.rechecking import recheck
    from reddy_lib.database import access_log, sandbox_urls
    from reddy_lib.forgetting import forget, housekeeping, people, retention
    from reddy_lib.recordings import file_uses, upload_hosts, upload_queue
    from reddy_lib.sending import (
        archiving,
        engine,
        exchange,
        personal_policy,
        ramp_up,
        restored,
        uploads,
        workers,
    )
    from reddy_lib.sending import rate_limits as paces
    from reddy_lib.sending import reconcile as asking
    from reddy_lib.sending import restore_suspects as restore_check
    from reddy_lib.sending import spot_checks as questions
    from reddy_lib.sending import submission as sending
    from reddy_lib.sending import submit as notebook
    from reddy_lib.sending.content_conflicts import hold_other_words
    from reddy_lib.sending.corrected_calls import hold_corrected
    from reddy_lib.sending.doubts import settle
    from reddy_lib.sending.other_ids import hold_known, hold_other_ids
    from reddy_lib.sending.restore_check import check_restored

    def client() -> reddy.Client:
        return reddy.Client("t" * 20, base_url="http://127.0.0.1:9")

    def line() -> Any:
        return reddy.Call(agent_email="ann@example.com").transcript or []

    return {
        "Ledger.load": ("edit", lambda s, g, b, u: g.load(s.sheet, progress=False)),
        "Database.backup": ("administer", lambda s, g, b, u: Database.backup(g, s.folder / "copy.sqlite")),
        "Ledger.backup": ("administer", lambda s, g, b, u: g.backup(s.folder / "another.sqlite")),
        "Database.purge": ("administer", lambda s, g, b, u: g.purge()),
        "Ledger.forget": ("administer", lambda s, g, b, u: g.forget(b)),
        "Ledger.find_person": ("administer", lambda s, g, b, u: g.find_person("ann@example.com")),
        "Ledger.forget_person": ("administer", lambda s, g, b, u: g.forget_person("nobody@example.com")),
        "Ledger.set_retention": ("administer", lambda s, g, b, u: g.set_retention(words_days=9)),
        "Ledger.run_retention": ("administer", lambda s, g, b, u: g.run_retention()),
        "Ledger.access_log": ("administer", lambda s, g, b, u: g.access_log()),
        "Ledger.finish_forgetting": ("administer", lambda s, g, b, u: g.finish_forgetting()),
        "database.access_log.access_frame": (
            "administer",
            lambda s, g, b, u: access_log.access_frame(g),
        ),
        "forgetting.people.people_in": (
            "administer",
            lambda s, g, b, u: list(people.people_in(g, people.Matcher("ann@example.com"))),
        ),
        "forgetting.forget.begin_forgetting": (
            "administer",
            lambda s, g, b, u: forget.begin_forgetting(g, [], kind="calls", batch_id=b.id, who=""),
        ),
        "forgetting.forget.begin_recordings": (
            "administer",
            lambda s, g, b, u: forget.begin_recordings(g, [], batch_id=b.id),
        ),
        "forgetting.forget.finish_forgetting": (
            "administer",
            lambda s, g, b, u: forget.finish_forgetting(g),
        ),
        "forgetting.retention.run_retention": (
            "administer",
            lambda s, g, b, u: retention.run_retention(g),
        ),
        "forgetting.retention.set_retention": (
            "administer",
            lambda s, g, b, u: retention.set_retention(g, b.id, 9, None),
        ),
        "forgetting.housekeeping.keep_house": (
            "administer",
            lambda s, g, b, u: housekeeping.keep_house(g),
        ),
        "Ledger.restore": ("administer", lambda s, g, b, u: g.restore(b)),
        "Batch.replace": ("edit", lambda s, g, b, u: b.replace(3, b.call(3))),
        "Batch.swap_roles": ("edit", lambda s, g, b, u: b.swap_roles([3])),
        "Batch.revert": ("edit", lambda s, g, b, u: b.revert(3)),
        "Batch.attach": ("edit", lambda s, g, b, u: b.attach(3, _wav(s.folder))),
        "Batch.attach_many": ("edit", lambda s, g, b, u: b.attach_many({3: _attached(s)})),
        "Batch.detach": ("edit", lambda s, g, b, u: b.detach(3)),
        "Batch.decide": ("edit", lambda s, g, b, u: b.decide(3, "drop", text="x")),
        "Batch.accept": ("edit", lambda s, g, b, u: b.accept([3], _acceptable())),
        "Batch.withdraw": ("edit", lambda s, g, b, u: b.withdraw(3, _acceptable())),
        "Batch.recheck": ("edit", lambda s, g, b, u: b.recheck([*PRODUCTS][:1])),
        "Batch.rename": ("edit", lambda s, g, b, u: b.rename("Another")),
        "Batch.change": ("edit", lambda s, g, b, u: b.change(3, editing.swap_roles)),
        "Batch.apply": ("edit", lambda s, g, b, u: b.apply(steps.SwapRoles(), [3])),
        "Batch.undo": ("edit", lambda s, g, b, u: b.undo(s.done)),
        "Batch.resume": ("edit", lambda s, g, b, u: b.resume(s.stopped)),
        "Batch.rename_tag": ("edit", lambda s, g, b, u: b.rename_tag("CSAT", "csat")),
        "Database.write": ("edit", lambda s, g, b, u: _entered(g.write)),
        "batches.changes.apply_step": (
            "edit",
            lambda s, g, b, u: changes.apply_step(b, [3], steps.SwapRoles()),
        ),
        "batches.recipes.keep_recipe": (
            "edit",
            lambda s, g, b, u: recipes.keep_recipe(
                g, recipes.Recipe(name="x", columns=["a"], steps=[steps.SwapRoles()])
            ),
        ),
        "batches.recipes.retire_recipe": (
            "edit",
            lambda s, g, b, u: recipes.retire_recipe(
                g, recipes.Recipe(name="x", columns=[], steps=[], id="x")
            ),
        ),
        "batches.recipes.apply_recipe": (
            "edit",
            lambda s, g, b, u: recipes.apply_recipe(
                b, recipes.Recipe(name="x", columns=[], steps=[steps.SwapRoles()])
            ),
        ),
        "batches.draws.draw_calls": ("edit", lambda s, g, b, u: draws.draw_calls(b, 1)),
        "batches.turn_edits.store_turn_edit": (
            "edit",
            lambda s, g, b, u: turn_edits.store_turn_edit(
                b, 3, turn_edits.TurnEdit(id="0" * 32, kind="swap call")
            ),
        ),
        "batches.operations.change_at_once": (
            "edit",
            lambda s, g, b, u: operations.change_at_once(b, 3, _as_it_is, "Change", who=""),
        ),
        "batches.operations.change_in_pieces": (
            "edit",
            lambda s, g, b, u: operations.change_in_pieces(b, [3], steps.SwapRoles()),
        ),
        "batches.operations.undo": ("edit", lambda s, g, b, u: operations.undo(b, s.done)),
        "batches.operations.resume": ("edit", lambda s, g, b, u: operations.resume(b, s.stopped)),
        "batches.changes.change_many": (
            "edit",
            lambda s, g, b, u: changes.change_many(b, [3], _as_it_is, title="Change", who=""),
        ),
        "batches.changes.change_one": (
            "edit",
            lambda s, g, b, u: changes.change_one(b, 3, _as_it_is, title="Change", who=""),
        ),
        "batches.changes.store_if": (
            "edit",
            lambda s, g, b, u: changes.store_if(b, 3, None, b.call(3), who=""),
        ),
        "batches.rechecking.recheck": ("edit", lambda s, g, b, u: recheck(b, [*PRODUCTS][:1])),
        "batches.review_decisions.accept_finding": (
            "edit",
            lambda s, g, b, u: review_decisions.accept_finding(
                b, [3], _acceptable(), who="", on_progress=None
            ),
        ),
        "batches.review_decisions.decide_texts": (
            "edit",
            lambda s, g, b, u: review_decisions.decide_texts(
                b, [3], "drop", text="x", role="", who="", on_progress=None
            ),
        ),
        "batches.review_decisions.withdraw_acceptance": (
            "edit",
            lambda s, g, b, u: review_decisions.withdraw_acceptance(b, [3], _acceptable(), who=""),
        ),
        "batches.loading.load_batch": ("edit", lambda s, g, b, u: load_batch(g, s.sheet, progress=False)),
        "Batch.update": ("edit", lambda s, g, b, u: b.update([3], product_id=7)),
        "Ledger.archive": ("administer", lambda s, g, b, u: g.archive(b)),
        "Submission.finish_if_settled": ("send", lambda s, g, b, u: u.finish_if_settled()),
        "Submission.pause": ("send", lambda s, g, b, u: u.pause()),
        "Submission.wait_for_token": ("send", lambda s, g, b, u: u.wait_for_token("x")),
        "Submission.resume": ("send", lambda s, g, b, u: u.resume()),
        "Submission.cancel": ("send", lambda s, g, b, u: u.cancel()),
        "sending.archiving.archive": (
            "administer",
            lambda s, g, b, u: archiving.archive(g, b, cancel=True),
        ),
        "batches.changes.change_call": (
            "edit",
            lambda s, g, b, u: changes.change_call(b, 3, editing.swap_roles),
        ),
        "batches.changes.change_calls": (
            "edit",
            lambda s, g, b, u: changes.change_calls(b, [3], editing.swap_roles),
        ),
        "batches.changes.rename_tag": (
            "edit",
            lambda s, g, b, u: changes.rename_tag(b, "CSAT", "csat", who=""),
        ),
        "batches.changes.replace_call": (
            "edit",
            lambda s, g, b, u: changes.replace_call(
                b, 3, b.call(3), expected=b.call(3), remembered=None, who=""
            ),
        ),
        "batches.changes.update_calls": (
            "edit",
            lambda s, g, b, u: changes.update_calls(b, [3], {"product_id": 7}, who=""),
        ),
        "sending.content_conflicts.hold_other_words": (
            "edit",
            lambda s, g, b, u: hold_other_words(g, [sa.true()], "sandbox"),
        ),
        "sending.corrected_calls.hold_corrected": (
            "send",
            lambda s, g, b, u: hold_corrected(g, [sa.true()], "sandbox"),
        ),
        "sending.other_ids.hold_known": (
            "send",
            lambda s, g, b, u: hold_known(g, [sa.true()], "sandbox"),
        ),
        "sending.other_ids.hold_other_ids": (
            "send",
            lambda s, g, b, u: hold_other_ids(g, [sa.true()], "sandbox"),
        ),
        "sending.spot_checks.drop_question": (
            "send",
            lambda s, g, b, u: questions.drop_question(g, u.id, 0),
        ),
        "sending.spot_checks.found_there": (
            "send",
            lambda s, g, b, u: questions.found_there(g, [_doubt()]),
        ),
        "sending.spot_checks.leave_unclear": (
            "send",
            lambda s, g, b, u: questions.leave_unclear(g, u.id, 0),
        ),
        "sending.spot_checks.put_questions_where_unproven": (
            "send",
            lambda s, g, b, u: questions.put_questions_where_unproven(g, u.id),
        ),
        "sending.spot_checks.take_question": (
            "send",
            lambda s, g, b, u: questions.take_question(g, u.id, 0, "w"),
        ),
        "sending.restore_suspects.store_answers": (
            "send",
            lambda s, g, b, u: restore_check.store_answers(g, "sandbox", there=[], missing=[], who=""),
        ),
        "sending.restored.begins_beside_another": (
            "send",
            lambda s, g, b, u: restored.begins_beside_another(g, "https://app.reddy.io"),
        ),
        "sending.restored.check": ("send", lambda s, g, b, u: restored.check(g)),
        "sending.restored.mark": (
            "send",
            lambda s, g, b, u: restored.mark(g, restored.LedgerAge("x", "", knows_last=True), "sandbox", "a"),
        ),
        "sending.restored.settle_restored": (
            "administer",
            lambda s, g, b, u: restored.settle_restored(g, how="trusted", who=""),
        ),
        "sending.restored.trust_restored": (
            "administer",
            lambda s, g, b, u: restored.trust_restored(g, who=""),
        ),
        "batches.selections.keep_selection": (
            "edit",
            lambda s, g, b, u: selections.keep_selection(g, b.id, [3]),
        ),
        "sending.restore_check.check_restored": (
            "send",
            lambda s, g, b, u: check_restored(g, client(), address="sandbox", progress=False),
        ),
        "batches.load_job.LoadJob": ("edit", lambda s, g, b, u: loading.LoadJob(g, s.sheet, b.mapping)),
        "batches.redaction_marks.mark_seconds": (
            "edit",
            lambda s, g, b, u: marks.mark_seconds(b, 3, 1, 2, recording="x"),
        ),
        "batches.redaction_marks.mark_words": ("edit", lambda s, g, b, u: marks.mark_words(b, 3, [], line())),
        "batches.redaction_marks.take_away": ("edit", lambda s, g, b, u: marks.take_away(b, 3, 1)),
        "sending.rate_limits.assume_create_idempotent": (
            "administer",
            lambda s, g, b, u: paces.assume_create_idempotent(g, "sandbox", True),
        ),
        "sending.rate_limits.set_limit": ("administer", lambda s, g, b, u: paces.set_limit(g, "sandbox", 3)),
        "database.sandbox_urls.remember_sandbox": (
            "administer",
            lambda s, g, b, u: sandbox_urls.remember_sandbox(g, "http://127.0.0.1:9/sandbox"),
        ),
        "sending.personal_policy.set_personal_policy": (
            "administer",
            lambda s, g, b, u: personal_policy.set_personal_policy(g, "sandbox", {"card": "mask"}),
        ),
        "sending.personal_policy.answer_personal_data": (
            "send",
            lambda s, g, b, u: personal_policy.answer_personal_data(b, "sandbox", {"card": "mask"}),
        ),
        "sending.personal_policy.forget_answers": (
            "send",
            lambda s, g, b, u: personal_policy.forget_answers(b, "sandbox"),
        ),
        "sending.overview.look_before_sending": (
            "edit",
            lambda s, g, b, u: look_before_sending(g, b.id),
        ),
        "sending.personal_gate.prepare": (
            "send",
            lambda s, g, b, u: prepare(g, b.id, sendable(b.id, [3]), "sandbox"),
        ),
        "batches.personal_looks.look_through": (
            "edit",
            lambda s, g, b, u: personal_looks.look_through(g, sendable(b.id, [3])),
        ),
        "batches.sound_masks.silence_masked": (
            "edit",
            lambda s, g, b, u: sound_masks.silence_masked(b, [3], steps.MaskPersonalData()),
        ),
        "batches.silence_attached.silence_attached": (
            "edit",
            lambda s, g, b, u: silence_attached(b, [3], who=""),
        ),
        "batches.sound_masks.silenced_copy": (
            "edit",
            lambda s, g, b, u: sound_masks.silenced_copy(g, _attached(s), []),
        ),
        "batches.silence_by_hand.note_silenced_by_hand": (
            "edit",
            lambda s, g, b, u: by_hand.note_silenced_by_hand(b, 3, _attached(s), _attached(s)),
        ),
        "batches.silence_by_hand.silence_by_hand": (
            "edit",
            lambda s, g, b, u: by_hand.silence_by_hand(b, 3, _attached(s), [Span(0, 1)]),
        ),
        "sending.ramp_up.end_ramp": ("send", lambda s, g, b, u: ramp_up.end_ramp(g, u.id)),
        "batches.profiles.keep_profile": (
            "edit",
            lambda s, g, b, u: profiles.keep_profile(g, "p", b.mapping, ["a"]),
        ),
        "batches.profiles.rename_profile": ("edit", lambda s, g, b, u: profiles.rename_profile(g, 1, "x")),
        "batches.profiles.retire_profile": ("edit", lambda s, g, b, u: profiles.retire_profile(g, 1)),
        "sending.doubts.settle": (
            "send",
            lambda s, g, b, u: settle(b, [3], there=True, how="by hand"),
        ),
        "recordings.upload_hosts.allow_host": (
            "administer",
            lambda s, g, b, u: upload_hosts.allow_host(g, "sandbox", "x.example"),
        ),
        "recordings.upload_hosts.refuse_host": (
            "administer",
            lambda s, g, b, u: upload_hosts.refuse_host(g, "sandbox", "x.example"),
        ),
        "recordings.upload_queue.claim_of_batch": (
            "send",
            lambda s, g, b, u: _called(upload_queue.claim_of_batch, g, b),
        ),
        "sending.uploads.store_uploaded": (
            "send",
            lambda s, g, b, u: uploads.store_uploaded(g, [], "w"),
        ),
        "recordings.upload_queue.store_bytes_sent": (
            "send",
            lambda s, g, b, u: upload_queue.store_bytes_sent(g, "w", [(1, 1)]),
        ),
        "recordings.file_uses.nothing_attached": (
            "edit",
            lambda s, g, b, u: _entered(file_uses.nothing_attached, g, b),
        ),
        "sending.submission.create": (
            "send",
            lambda s, g, b, u: create(g, b.id, address="sandbox", token_source="sandbox", rows=[3]),
        ),
        "sending.exchange.exchange": ("send", lambda s, g, b, u: _called(exchange.exchange, g, b, u)),
        "sending.submission.forget_deliveries": (
            "administer",
            lambda s, g, b, u: sending.forget_deliveries(g),
        ),
        "sending.workers.expire_dead_workers": (
            "send",
            lambda s, g, b, u: workers.expire_dead_workers(g),
        ),
        "sending.workers.expire_strays": (
            "send",
            lambda s, g, b, u: workers.expire_strays(g, "w", ["a"]),
        ),
        "sending.workers.heartbeat": ("send", lambda s, g, b, u: workers.heartbeat(g, "w")),
        "sending.workers.new_worker": ("send", lambda s, g, b, u: _called(workers.new_worker, g, b, u)),
        "sending.workers.retire_worker": ("send", lambda s, g, b, u: workers.retire_worker(g, "w")),
        "batches.tag_types.retype_tag": (
            "edit",
            lambda s, g, b, u: tag_types.retype_tag(b, str(b.tags(3)["key"].iloc[0]), "string"),
        ),
        "sending.engine.enqueue": ("send", lambda s, g, b, u: engine.enqueue(g, u)),
        "batches.fetch_recordings.fetch_recordings": (
            "edit",
            lambda s, g, b, u: fetching.fetch_recordings(b, reddy.AllowedHosts.of([]), progress=False),
        ),
        "sending.submit.submit": (
            "send",
            lambda s, g, b, u: notebook.submit(b, client(), progress=False),
        ),
        "sending.submit.upload_recordings": (
            "send",
            lambda s, g, b, u: notebook.upload_recordings(b, client(), progress=False),
        ),
        "sending.reconcile.reconcile": (
            "send",
            lambda s, g, b, u: asking.reconcile(b, client(), progress=False),
        ),
    }


READS = {
    "Database": "close for_person may moment must_be_there next_moment read require translate_errors",
    "Ledger": "archived batch batches loaded_before receipt receipts retention submission submissions",
    "forgetting.forget": "sandbox_record_of",
    "forgetting.people": "found_frame",
    "forgetting.receipts": "read_receipt receipts_of unfinished",
    "forgetting.retention": "retention_of",
    "forgetting.settings": "only_with_its_columns",
    "StoredBatch": "call find findings_of no_row one payloads rows seen_by these_rows where",
    "Batch": "agents call calls can_accept cells cells_frame count counts decisions edits finding_counts findings info "
    "lines loss original outcomes outcomes_version provenance recording recordings tags unassigned was_checked_with "
    "attempts operations",
    "Submission": "counts open_chunks outcomes record",
    "batches.playable": "look_at why_unplayed",
    "batches.recording_urls": "addressed_calls",
    "sending.archiving": "under_way",
    "batches.frames": "attempts_frame calls_frame cells_frame edits_frame finding_counts_frame findings_frame "
    "outcomes_of_batch",
    "batches.provenance": "provenance_frame",
    "batches.silence_by_hand": "still_masked",
    "batches.review_decisions": "loss_of unassigned_frame",
    "batches.catalogue": "batch_id_of batches_frame batches_of_file find_batch",
    "batches.corrections": "corrected_calls links_of recognised",
    "batches.recipes": "columns_of fitting plan recipe_of recipes_for",
    "batches.operations": "changed_rows chosen_rows find history undoable",
    "batches.undo_reasons": "why_not_undone",
    "batches.inverses": "recordings_of",
    "batches.earlier_recordings": "recording_edits",
    "batches.operation_records": "edits_of_call history_frame",
    "batches.clusters": "clusters_of values_of",
    "batches.draws": "draws_of redraw",
    "batches.facet_store": "drop_store store_of",
    "batches.facets": "facet_names facet_values facets_of",
    "batches.removed_codes": "codes_removed",
    "batches.personal_looks": "finder_test personal_data_in personal_data_of unread_count",
    "sending.personal_policy": "answers_of personal_policy",
    "batches.previews": "effect_of preview_of stored_calls",
    "batches.problems": "problems_of",
    "batches.query_masks": "conditions_of product_values",
    "batches.recent_changes": "end_of_history who_changed_since",
    "batches.search": "find next_row page_of previous_row where",
    "batches.worth": "worth_of",
    "outcomes.totals": "addresses_sent_to calls_behind totals version_of",
    "outcomes.sent_calls": "snapshot",
    "batches.redaction_marks": "marks_of words_of",
    "sending.overview": "as_it_is_sent asked_about being_sent held_up history preview rows_to_send sendable_rows "
    "settled_at unchanged_since workers_alive",
    "sending.rate_limits": "live_pace rules_of",
    "sending.ramp_up": "ramp_of",
    "database.sandbox_urls": "ledger_address",
    "batches.profiles": "profile_for profiles_of values_for_all",
    "sending.spot_checks": "candidates work_waits",
    "sending.doubts": "doubts",
    "recordings.attachments": "attached_from open_recording recordings_folder",
    "recordings.file_uses": "dropped_folder mark_of uses",
    "recordings.upload_hosts": "hosts_of waiting_hosts",
    "recordings.upload_queue": "left_in_batch uploads_of",
    "sending.resend": "resendable resends_of",
    "sending.restore_suspects": "addresses_to_ask count_suspects suspects",
    "sending.restored": "last_claim last_sending restored same_server vouched_for",
    "batches.selections": "rows_of_selection",
    "sending.submission": "find_submission list_submissions refuse_archived",
    "batches.tag_types": "batch_tag_drift",
    "sending.workers": "is_alive queue strays workers_known",
    "outcomes.evidence": "evidence write_evidence",
    "sending.engine_database": "engine_url",
    "batches.fetch_recordings": "batch_store",
}
"""What only reads: it answers with the role look as well."""

EXCUSED = {
    "batches.call_changes.change_in": "inside a transaction of an operation",
    "batches.call_changes.change_rows": "inside a transaction of an operation",
    "batches.inverses.restore_rows": "inside a transaction of `operations.undo`",
    "batches.operations.change_in_operation": "inside a transaction of those that change a call",
    "batches.detaching.detach_in": "inside a transaction of `forget.begin_recordings`",
    "forgetting.recording_files.delete_files": "inside a transaction of `forget.finish_forgetting`",
    "forgetting.recording_files.delete_store": "inside a transaction of `forget.finish_forgetting`",
    "sending.engine_forgetting.forget_tasks": "run by `forget.finish_forgetting`; the engine's own database",
    "database.access_log.noted": "adds to the log what everyone who may look does; nothing else changes",
    "recordings.attachments.hold": "inside a transaction of `Batch.attach`",
    "sending.restored.begins_beside_another": "reads which addresses other ledgers sent to, for `sending.submission`",
    "sending.restored.replaced_beneath": "inside a transaction of `sending.exchange`",
    **{
        f"sending.engine_tasks.{name}": "names of work in the engine's own database: ids alone, no call changes by it"
        for name in (
            "add_copies",
            "delete_tasks",
            "enqueue_tasks",
            "forget_client",
            "lane_queue",
            "take_back_tasks",
            "tasks_under_way",
        )
    },
    "sending.engine.Engine": "the process's own, on a ledger that belongs to nobody",
    "sending.restore_check.ask_first": "run by senders, of which each takes the question first",
    "sending.dispatcher.send_chunk": "run by the engine; each claim is an `exchange`",
    "sending.dispatcher.attempt_claim": "sends what an `exchange` has claimed",
    "sending.request.send_claim": "sends what an `exchange` has claimed",
}


def _as_it_is(call: Any, decisions: Any, stored: Any) -> tuple[Any, Any]:
    return call, decisions


def _acceptable() -> str:
    return next(code for code, entry in reddy.CATALOGUE.items() if entry.accepting)


def _doubt() -> Any:
    from reddy_lib.sending.doubts import Doubt

    return Doubt(3, "conv-2", "ann@example.com", "sandbox", submission=1, since=None, tags=[])


def _wav(folder: Path) -> Path:
    path = folder / "a.wav"
    path.write_bytes(b"RIFF")
    return path


def _attached(scene: Scene) -> Any:
    from reddy_lib.recordings.attachments import Attached

    values: dict[str, Any] = dict.fromkeys(Attached.__struct_fields__, "")
    return Attached(**{**values, **{name: 1 for name in values if name in ("size", "bytes")}})


def _called(function: Callable[..., object], *at_hand: object) -> object:
    """Call with what is at hand by type of the parameter, and with something short for the rest."""
    given: dict[str, Any] = {}
    for name, parameter in inspect.signature(function).parameters.items():
        if parameter.default is not inspect.Parameter.empty:
            continue
        wanted = str(parameter.annotation)
        given[name] = next(
            (one for one in at_hand if wanted in {kind.__name__ for kind in type(one).__mro__}),
            [] if "Sequence" in wanted or "Collection" in wanted else 1 if wanted == "int" else "x",
        )
    return function(**given)


def _entered(function: Callable[..., Any], *at_hand: object) -> None:
    given: Any = _called(function, *at_hand)
    with given:
        pass


def found() -> set[str]:
    """Every public method and function that is given a ledger, a batch or a submission."""
    names = set()
    for kind in (Database, reddy.Ledger, StoredBatch, reddy.Batch, Submission):
        names |= {
            f"{kind.__name__}.{name}"
            for name, value in vars(kind).items()
            if not name.startswith("_")
            and inspect.isfunction(inspect.unwrap(value) if callable(value) else value)
        }
    for module in pkgutil.walk_packages(reddy_lib.__path__, "reddy_lib."):
        if module.name.startswith("reddy_lib.ui") or module.name.endswith("__main__"):
            continue
        loaded = importlib.import_module(module.name)
        for name, value in vars(loaded).items():
            if name.startswith("_") or getattr(value, "__module__", "") != module.name:
                continue
            if not (inspect.isfunction(value) or (inspect.isclass(value) and name in ("LoadJob", "Engine"))):
                continue
            kinds = [str(one.annotation) for one in inspect.signature(value).parameters.values()]
            if any(word in kind for kind in kinds for word in ("Database", "Ledger", "Batch", "Submission")):
                names.add(f"{module.name.removeprefix('reddy_lib.')}.{name}")
    return names - {"Ledger.name"}


def test_everything_that_takes_a_ledger_is_known_to_read_or_to_write() -> None:
    reads = {f"{place}.{name}" for place, names in READS.items() for name in names.split()}
    assert found() == reads | set(_writes()) | set(EXCUSED)


@pytest.mark.parametrize("name", sorted(_writes()))
def test_what_writes_is_refused_below_its_right_and_changes_nothing(untouched: Scene, name: str) -> None:
    scene = untouched
    needs, call = _writes()[name]
    before = dump(scene.whole)
    files = sorted(
        path for path in scene.folder.rglob("*") if path.name != "a.wav" and "ledger" not in path.name
    )
    for right in RIGHTS[: RIGHTS.index(needs)]:
        with pytest.raises(NotAllowed, match=f"role “{needs}”"):
            call(scene, *scene.seen(right))
    assert dump(scene.whole) == before
    after = sorted(
        path for path in scene.folder.rglob("*") if path.name != "a.wav" and "ledger" not in path.name
    )
    assert after == files


def test_nothing_is_read_by_somebody_who_is_not_on_the_list_any_more(scene: Scene) -> None:
    listed = ["ana@example.com"]
    claims = {"email": "ana@example.com", "email_verified": True, "iat": time.time()}
    ledger = scene.whole.for_person(
        Person(claims, lambda: Rules.read({"emails": [*listed, "bob@example.com"], "role": "administer"}))
    )
    batch = ledger.batch(scene.batch_id)
    submission = ledger.submission(scene.submission_id)
    batch.rename("Mine")
    listed.clear()
    for read in (batch.counts, batch.findings, lambda: batch.call(3), ledger.batches, submission.outcomes):
        with pytest.raises(NotAllowed):
            read()
    for write in (lambda: batch.rename("x"), submission.cancel):
        with pytest.raises(NotAllowed):
            write()
    with pytest.raises(NotAllowed):
        reddy.evidence(submission, scene.folder / "evidence.zip")


def test_a_load_that_was_begun_is_finished_also_where_the_sign_in_ends_meanwhile(scene: Scene) -> None:
    from reddy_lib.batches.load_job import LoadJob

    now = [time.time()]
    claims = {"email": "ana@example.com", "email_verified": True, "iat": now[0]}
    rules = Rules.read({"emails": ["ana@example.com"], "role": "edit"})
    ledger = scene.whole.for_person(Person(claims, lambda: rules, clock=lambda: now[0]))
    batch = ledger.batch(scene.batch_id)
    job = LoadJob(ledger, scene.sheet, batch.mapping)
    now[0] += 13 * 3600
    assert job.wait(60)
    assert job.error is None
    assert job.batch is not None
    with pytest.raises(NotAllowed):
        job.batch.counts()
