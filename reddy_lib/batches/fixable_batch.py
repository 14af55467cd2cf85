"""`FixableBatch`: the part of a batch that finds problems in bulk, shows what a step would do, and draws samples."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from reddy_lib.batches.clusters import Cluster, Level, clusters_of, values_of
from reddy_lib.batches.draws import Draw, Seal, draw_calls, draws_of, redraw
from reddy_lib.batches.personal_looks import finder_test
from reddy_lib.batches.previews import Preview, preview_of
from reddy_lib.batches.problems import Problem, problems_of
from reddy_lib.batches.recipes import Fitting, fitting
from reddy_lib.batches.steps import Step
from reddy_lib.batches.stored_batch import StoredBatch
from reddy_lib.batches.worth import Limits, Worth, worth_of
from reddy_lib.personal_data import FinderTest

__all__ = ["FixableBatch"]


class FixableBatch(StoredBatch):
    """What `Batch` adds to the stored batch for changes in bulk and for draws."""

    def problems(self, rows: int | Iterable[int] | None = None) -> list[Problem]:
        """Return what is wrong with the calls that can still be changed: one problem a finding and cell value, errors
        first, then those with most calls. Also the calls that Reddy refused, by its reason.

            for problem in batch.problems():
                if problem.proposal:
                    batch.apply(problem.proposal.step, problem.rows)

        Raises NotInLedger: the batch has no such row.
        """
        return problems_of(self, rows)

    def preview(self, step: Step, rows: int | Iterable[int] | None = None, *, limit: int = 20) -> Preview:
        """Return what a step would do to these calls (None: all): counts, and the first `limit` calls before and after.
        Nothing is stored.

        Raises:
            NotInLedger: the batch has no such row.
            ValueError: the step names a product that is not in Reddy's list.
        """
        return preview_of(self, step, rows, limit=limit)

    def values(self, source: str, rows: int | Iterable[int] | None = None) -> list[tuple[str, int]]:
        """Return the values of a field, tag or column as text, each with its calls, the most frequent first; "" for calls
        without one. `source`: agent_email, product_id, conversation_id, filename, tag:NAME or column:NAME.

        Raises ValueError: the source is unknown.
        """
        return values_of(self, source, rows)

    def clusters(
        self, source: str, level: Level = "fingerprint", rows: int | Iterable[int] | None = None
    ) -> list[Cluster]:
        """Return values that may mean the same, for a person to merge: `batch.apply(cluster.step)`.

        Args:
            source: as in `values`.
            level: strict to lax: "fingerprint", "n-gram", "near", "lax".

        Raises ValueError: there is no such source or level, or there are too many different values.
        """
        return clusters_of(self, source, level, rows)

    def test_finder(
        self,
        rows: int | Iterable[int] | None = None,
        *,
        items: int = 500,
        seed: int = 7,
        on_progress: Callable[[int], object] | None = None,
    ) -> FinderTest:
        """Measure how much personal data the finder finds in calls like these. Nothing is stored, and no call is changed.

            found = batch.test_finder()
            found.table()                  # "finds 98% of phone numbers here", by kind
            found.missed                   # the made-up items that it missed

        Made-up numbers, dates and addresses are planted in copies of the calls, asked for and answered in the language of
        each call: spoken, split over turns, with echoes.

        Args:
            rows: copies of these calls; None: of a sample of all.
            items: how many to plant.
            seed: the same seed plants the same.
            on_progress: called with the number of items looked for so far.

        Raises ValueError: none of the calls has a transcript.
        """
        return finder_test(self, rows, items=items, seed=seed, on_progress=on_progress)

    def recipes(self) -> list[Fitting]:
        """Return the stored recipes for a sheet with the columns of this one, the newest first."""
        return fitting(self)

    def worth_grading(
        self,
        rows: int | Iterable[int] | None = None,
        *,
        measures: Sequence[str] | None = None,
        limits: Limits | None = None,
        on_progress: Callable[[int], object] | None = None,
    ) -> Worth:
        """Measure which calls are not worth grading: few words on a side, one side that hardly speaks, near-copies, another
        language than most, long silences, calls that Reddy has already. Nothing is stored.

        Args:
            measures: keys of `worth.MEASURES`; all of them if None.
            limits: what counts as few or long: `worth.Limits(words=20)`.
            on_progress: called with the number of calls read so far.
        """
        return worth_of(self, rows, measures=measures, limits=limits, on_progress=on_progress)

    def draw(
        self,
        n: int,
        *,
        balanced_over: Sequence[str] = ("agent",),
        minimum: int = 0,
        cap: int | None = None,
        excluding: Sequence[str] = (),
        rows: int | Iterable[int] | None = None,
        seed: int = 7,
        limits: Limits | None = None,
        name: str = "",
        who: str = "",
    ) -> Draw:
        """Draw `n` calls, as equally over agents (or products, days, tags …) as their numbers allow, and store the draw.

            draw = batch.draw(50, excluding=("few-words", "near-copy"), name="March, week 2")
            print(draw.coverage)
            reddy.submit(batch, client, rows=draw.rows)

        The same arguments draw the same calls on every machine, as long as the batch is the same.

        Args:
            balanced_over: keys of `draws.STRATA`, tag:NAME or column:NAME; () draws without balance.
            minimum: the fewest calls to draw from each stratum, if it has them. If `n` is too small for all strata, some
                get none.
            cap: the most calls to draw from a stratum.
            excluding: keys of `worth.MEASURES`; those calls are not drawn.
            rows: draw from these calls; None: from all.

        Raises:
            ValueError, TypeError: there is no such stratum or exclusion, or a number is out of range.
            NotInLedger: the batch has no such row.
        """
        return draw_calls(
            self,
            n,
            balanced_over=balanced_over,
            minimum=minimum,
            cap=cap,
            excluding=excluding,
            rows=rows,
            seed=seed,
            limits=limits,
            name=name,
            who=who,
        )

    def redraw(self, seal: Seal | str) -> Draw:
        """Draw the calls of a seal again. Raises DrawDiffers: other calls would be drawn; the message says why."""
        return redraw(self, seal)

    def draws(self) -> list[Draw]:
        """Return the draws from this batch, the newest first."""
        return draws_of(self)
