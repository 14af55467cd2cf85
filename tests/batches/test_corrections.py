"""A file of the evidence, corrected and loaded again: recognised, mapped as before, linked to what it corrects."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy as sa

import reddy_lib as reddy
from reddy_lib.batches.call_names import call_name, read_call_name
from reddy_lib.batches.corrections import CALL_COLUMN, Correction, evidence_columns, links_of, recognised
from reddy_lib.database import schema
from reddy_lib.errors import SubmissionError
from reddy_lib.recordings.shared_folder import FOLDER_VARIABLE
from tests.conftest import ON_BOTH, on_sqlite_alone
from tests.outcomes.test_evidence import sent
from tests.screen import set_status
from tests.sending.test_exchange import PRODUCTS

pytestmark = on_sqlite_alone("what a correction changes is worked out in Python")

Sheet = Callable[..., Path]
Change = Callable[[list[dict[str, str]]], None]


@pytest.fixture
def batch(ledger: reddy.Ledger, sheet: Sheet) -> reddy.Batch:
    """Rows 2 to 7, no conversation ids: the first three rejected, one in doubt, two accepted."""
    unknown = {
        row: {"Conversation ID": "", "Agent Email": f"agent{row}@gone.example", "CSAT": "'-4"}
        for row in range(2, 8)
    }
    batch = ledger.load(sheet(6, unknown), products=PRODUCTS, name="March", progress=False)
    sent(batch, "rejected", "rejected", "rejected", "unknown", "accepted", "accepted")
    return batch


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def corrected(batch: reddy.Batch, change: Change, file: str = "rejected.csv") -> Path:
    """The file of the evidence, as somebody saves it after changing its rows."""
    place = Path.cwd()
    with zipfile.ZipFile(reddy.evidence(batch.database.submissions(batch.id)[0], place)) as archive:
        lines = list(csv.DictReader(io.StringIO(archive.read(file).decode("utf-8-sig"), newline="")))
    change(lines)
    path = place / f"{file.removesuffix('.csv')} corrected.csv"
    with path.open("w", newline="", encoding="utf-8-sig") as out:
        writer = csv.DictWriter(out, list(lines[0]))
        writer.writeheader()
        writer.writerows(lines)
    return path


def found(batch: reddy.Batch, path: Path) -> Correction:
    correction = recognised(batch.database, path)
    assert correction is not None
    return correction


def load(batch: reddy.Batch, path: Path) -> reddy.Batch:
    return batch.database.load(
        path, corrects=found(batch, path), products=PRODUCTS, who="ann", progress=False
    )


def good_agents(lines: list[dict[str, str]]) -> None:
    for line in lines:
        line["Agent Email"] = "ann@cedarline.example"


def test_it_is_recognised_with_what_its_calls_are_now(batch: reddy.Batch) -> None:
    correction = found(batch, corrected(batch, good_agents))
    assert (correction.batch, correction.file_name) == ("March", "calls.csv")
    assert (correction.statuses, correction.strangers, correction.late) == ({"rejected": 3}, 0, 0)


def test_any_other_sheet_is_not(batch: reddy.Batch, sheet: Sheet, tmp_path: Path) -> None:
    assert recognised(batch.database, sheet(3)) is None
    (tmp_path / "odd.csv").write_text(f"a,{CALL_COLUMN}\n1,nonsense\n")
    assert recognised(batch.database, tmp_path / "odd.csv") is None
    with reddy.Ledger(tmp_path / "other.sqlite") as other:  # another ledger knows nothing of that batch
        assert recognised(other, corrected(batch, good_agents)) is None


def test_the_calls_are_the_old_ones_but_for_what_was_corrected(batch: reddy.Batch) -> None:
    new = load(batch, corrected(batch, good_agents))
    assert new.counts()["ready"] == 3
    for row, old in ((2, 2), (3, 3), (4, 4)):
        before, after = batch.call(old), new.call(row)
        assert after.agent_email == "ann@cedarline.example"
        after.agent_email = before.agent_email
        assert after == before  # the derived conversation id, the tags, and the cell '-4 among them
        assert new.cells(row) == {**batch.cells(old), "Agent Email": "ann@cedarline.example"}


def test_both_histories_show_the_link(batch: reddy.Batch) -> None:
    new = load(batch, corrected(batch, good_agents))
    assert links_of(new, 3)[["relation", "batch", "row", "status", "who"]].values.tolist() == [
        ["corrects", "March", 3, "rejected", "ann"]
    ]
    (there,) = links_of(batch, 3)[["relation", "batch_id", "row"]].values.tolist()
    assert there == ["corrected by", new.id, 3]
    assert len(links_of(batch, 5)) == 0


def test_of_the_two_one_is_sent(batch: reddy.Batch) -> None:
    new = load(batch, corrected(batch, good_agents))
    started = sent(batch, "", rows=[2, 3])
    with pytest.raises(SubmissionError):  # the old ones are on their way
        sent(new, "accepted", rows=[2, 3])
    started.cancel()
    assert sent(new, "accepted", "accepted", "accepted").counts()["accepted"] == 3
    with pytest.raises(SubmissionError):
        sent(batch, "accepted", rows=[2, 3, 4])
    assert batch.counts()["rejected"] == 1  # two are ready after the cancel, and stay


@ON_BOTH
def test_what_reddy_has_or_may_have_is_not_corrected(batch: reddy.Batch) -> None:
    assert found(batch, corrected(batch, good_agents, "accepted.csv")).late == 2
    for file, words in (("unknown.csv", "may be at Reddy"), ("accepted.csv", "was accepted meanwhile")):
        new = load(batch, corrected(batch, good_agents, file))
        assert new.counts()["held"] == new.total
        said = new.findings()
        assert set(said["code"]) >= {"correction-refused"}
        assert words in said[said["code"] == "correction-refused"]["message"].iloc[0]


def test_a_second_correction_of_what_was_corrected_and_sent_is_refused(batch: reddy.Batch) -> None:
    path = corrected(batch, good_agents)
    sent(load(batch, path), "accepted", "accepted", "rejected")
    new = load(batch, path)
    assert (new.counts()["held"], new.counts()["ready"]) == (2, 1)
    assert "already corrected by row 2 of rejected corrected" in new.findings(2)["message"].iloc[0]


def test_names_that_nobody_knows_are_findings(batch: reddy.Batch) -> None:
    def spoil(lines: list[dict[str, str]]) -> None:
        good_agents(lines)
        lines[0][CALL_COLUMN] = lines[0][CALL_COLUMN] + "x"
        lines[1][CALL_COLUMN] = ""
        lines.append(dict(lines[2]))

    new = load(batch, corrected(batch, spoil))
    said = new.findings().groupby("row")["code"].agg(list).to_dict()
    assert said[2] == said[3] == ["correction-unknown", "conversation-id-made-up"]
    assert 4 not in said
    assert "correction-refused" in said[5]
    assert new.can_accept(2) == {"correction-unknown"}


def test_a_correction_can_be_corrected(batch: reddy.Batch) -> None:
    new = load(batch, corrected(batch, good_agents))
    sent(new, "rejected", "rejected", "rejected")
    third = load(new, corrected(new, good_agents))
    assert third.counts()["ready"] == 3
    assert third.call(2).conversation_id == batch.call(2).conversation_id
    sent(third, "accepted", "accepted", "accepted")
    for earlier in (batch, new):
        with pytest.raises(SubmissionError):
            sent(earlier, "accepted", rows=[2])


def test_lines_that_the_file_does_not_hold_stay_as_they_were(ledger: reddy.Ledger, tmp_path: Path) -> None:
    path = tmp_path / "lines.csv"
    rows = [
        f"c{call},agent{call}@gone.example,Loans,{role},Word {n}"
        for call in (1, 2)
        for n, role in enumerate(("agent", "customer"))
    ]
    path.write_text("Conversation ID,Agent Email,Product,Speaker,Text\n" + "\n".join(rows) + "\n")
    batch = ledger.load(path, products=PRODUCTS, progress=False)
    assert batch.mapping.layout == "lines"
    sent(batch, "rejected", "rejected")
    new = load(batch, corrected(batch, good_agents))
    assert [len(new.call(row).transcript or []) for row in new.rows()] == [2, 2]
    assert new.call(new.rows()[1]).transcript == batch.call(batch.rows()[1]).transcript


class TestRecordings:
    """Rows 2 to 4 are rejected; each has a recording, attached by hand, beside its transcript."""

    @pytest.fixture
    def batch(
        self, ledger: reddy.Ledger, sheet: Sheet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> reddy.Batch:
        monkeypatch.setenv(FOLDER_VARIABLE, str(tmp_path / "shared"))
        path = sheet(
            3, {row: {"Agent Email": f"agent{row}@gone.example", "CSAT": f"r{row}.wav"} for row in (2, 3, 4)}
        )
        mapping = reddy.guess_mapping(reddy.read_sheet(path), products=PRODUCTS)
        fields = {**mapping.fields, "filename": "CSAT"}
        mapping = mapping.replace(fields=fields, tags=[tag for tag in mapping.tags if tag != "CSAT"])
        batch = ledger.load(path, mapping, products=PRODUCTS, name="March", progress=False)
        for row in batch.rows():
            batch.attach(row, io.BytesIO(b"voice %d" % row), name=f"attached {row}.wav", who="bo")
        sent(batch, "rejected", "rejected", "rejected")
        return batch

    def attached(self, batch: reddy.Batch) -> dict[int, str]:
        return batch.recordings()["name"].to_dict()

    def test_they_stay_attached(self, batch: reddy.Batch) -> None:
        new = load(batch, corrected(batch, good_agents))
        assert self.attached(new) == {row: f"attached {row}.wav" for row in (2, 3, 4)}
        assert list(new.recordings()["sha256"]) == list(batch.recordings()["sha256"])
        assert set(new.recordings()["state"]) == {"waiting"}
        assert new.call(3).filename == "attached 3.wav"
        assert new.original(3).filename == "r3.wav"
        assert new.info(3)["audio"] == "waiting"
        history = new.edits(3)
        assert list(history["field"]) == ["filename", "recording"]
        assert set(history["who"]) == {"ann"}
        assert "correction-recording" not in set(new.findings()["code"])
        new.detach(3)
        assert new.call(3).filename == "r3.wav"
        assert len(batch.recordings()) == 3, "the call that was corrected keeps its own"

    def test_a_row_that_names_another_file_gets_none_and_says_so(self, batch: reddy.Batch) -> None:
        def others(lines: list[dict[str, str]]) -> None:
            good_agents(lines)
            lines[0]["CSAT"] = "elsewhere.wav"
            lines[1]["CSAT"] = ""
            lines[2]["CSAT"] = "attached 4.wav"

        new = load(batch, corrected(batch, others))
        assert self.attached(new) == {4: "attached 4.wav"}
        assert [new.call(row).filename for row in new.rows()] == ["elsewhere.wav", None, "attached 4.wav"]
        said = new.findings()
        said = said[said["code"] == "correction-recording"]["message"].to_dict()
        assert said == {
            2: "To row 2 of calls.csv the recording attached 2.wav is attached, and this row names elsewhere.wav: it is "
            "not attached here.",
            3: "To row 3 of calls.csv the recording attached 3.wav is attached, and this row names none: it is not "
            "attached here.",
        }
        new.attach(2, io.BytesIO(b"another"), name="right.wav")
        assert "correction-recording" not in [one.code for one in new.findings_of(2)]

    @ON_BOTH
    def test_one_that_was_uploaded_already_is_not_attached_again(self, batch: reddy.Batch) -> None:
        with batch.database.write() as connection:
            uploaded = batch.one(2, sa.column("id")).id
            connection.execute(
                schema.recordings.update()
                .where(schema.recordings.c.call_id == uploaded)
                .values(state="uploaded")
            )
        new = load(batch, corrected(batch, good_agents))
        assert set(self.attached(new)) == {3, 4}
        [said] = [one.message for one in new.findings_of(2) if one.code == "correction-recording"]
        assert "attached 2.wav was uploaded already when row 2 of calls.csv was sent (uploaded)" in said

    def test_what_is_not_corrected_gets_none(self, batch: reddy.Batch) -> None:
        path = corrected(batch, good_agents)
        set_status(batch, 2, status="accepted")
        new = load(batch, path)
        assert set(self.attached(new)) == {3, 4}
        assert "correction-refused" in [one.code for one in new.findings_of(2)]

    def test_a_correction_of_a_correction_has_them_too(self, batch: reddy.Batch) -> None:
        new = load(batch, corrected(batch, good_agents))
        sent(new, "rejected", "rejected", "rejected")
        third = load(new, corrected(new, good_agents))
        assert self.attached(third) == self.attached(batch)
        assert sent(third, "accepted", "accepted", "accepted").counts()["accepted"] == 3

    @ON_BOTH
    def test_a_load_that_is_stopped_leaves_none(self, batch: reddy.Batch) -> None:
        path = corrected(batch, good_agents)
        with pytest.raises(reddy.errors.LoadCancelled):
            batch.database.load(
                path, corrects=found(batch, path), progress=False, on_progress=lambda stored: False
            )
        with batch.database.read() as connection:
            left = [connection.execute(sa.select(sa.func.count()).select_from(table)).scalar()
                    for table in (schema.recordings, schema.calls)]  # fmt: skip
        assert left == [3, 3]


@ON_BOTH
def test_a_load_that_is_stopped_leaves_no_link(batch: reddy.Batch) -> None:
    path = corrected(batch, good_agents)
    with pytest.raises(reddy.errors.LoadCancelled):
        batch.database.load(
            path, corrects=found(batch, path), progress=False, on_progress=lambda stored: False
        )
    assert len(links_of(batch, 2)) == 0


def test_a_call_s_name_is_read_as_it_was_written_and_not_otherwise() -> None:
    name = call_name("b0123456789", 118)
    assert read_call_name(f" {name} ") == ("b0123456789", 118)
    for wrong in ("", "118", name[:-1], name.replace("118", "119"), "b-٣-abc", name.upper()):
        assert read_call_name(wrong) is None
    assert evidence_columns(["Status", "reddy status"])[1] == "reddy reddy status"
