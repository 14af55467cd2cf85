"""The pace that finds its own level, and the runs that stop a submission: pure functions, without a clock."""

from __future__ import annotations

import re
from pathlib import Path
from typing import ClassVar, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reddy_lib.database.conditions import LONGEST_WAIT
from reddy_lib.errors import (
    APIError,
    Doubtful,
    NeverSent,
    Refused,
    TooManyRequests,
    Unauthorized,
    Unavailable,
)
from reddy_lib.sending.adaptive_concurrency import Pace, answered, reason
from reddy_lib.sending.ramp_up import FIRST, THEN, ramp_room
from reddy_lib.sending.rate_limits import fair_share
from reddy_lib.sending.retry_policy import (
    DOUBTS_IN_A_ROW,
    MOST_DOUBTS,
    MOST_REFUSALS,
    MOST_TRIES,
    REFUSALS_FROM_THE_START,
    UNREACHABLE_IN_A_ROW,
    Decision,
    Run,
    backoff,
    broken,
    decide,
    seen,
)

Refusal = Literal["", "429", "503"]
ANSWERS = st.tuples(st.floats(0, 120), st.sampled_from(["", "", "", "429", "503"]), st.integers(1, 64))


def after(
    pace: Pace, count: int, *, seconds: float = 0.2, refusal: Refusal = "", in_flight: int | None = None
) -> Pace:
    """The pace after so many answers of one kind, with as many in flight as it allows."""
    for _ in range(count):
        busy = pace.at_once if in_flight is None else in_flight
        pace = answered(pace, seconds=seconds, refusal=refusal, in_flight=busy)
    return pace


class TestPace:
    def test_it_begins_at_the_most_and_a_healthy_server_keeps_it_there(self) -> None:
        pace = after(Pace.up_to(16), 500)
        assert (pace.at_once, pace.held) == (16, "")
        assert reason(pace) == "answers take 200 ms"

    @pytest.mark.parametrize("refusal", ["429", "503"])
    def test_a_refusal_halves_it_once_a_round(self, refusal: Refusal) -> None:
        pace = after(after(Pace.up_to(16), 20), 16, refusal=refusal, in_flight=16)
        assert pace.at_once == 8, "the sixteen that were in flight together are one message"
        assert after(pace, 1, refusal=refusal, in_flight=8).at_once == 4

    def test_it_says_what_holds_it_and_then_that_it_rises(self) -> None:
        pace = after(after(Pace.up_to(16), 20), 1, refusal="429", in_flight=16)
        assert reason(pace) == "held there by 429s"
        pace = after(pace, 15, in_flight=8)
        assert reason(pace) == "rising after 429s: answers take 200 ms"

    def test_quick_answers_add_one_a_round_and_bring_it_back(self) -> None:
        pace = after(after(Pace.up_to(16), 20), 1, refusal="429", in_flight=1)
        assert pace.at_once == 8
        assert after(pace, 9).at_once == 9
        back = after(pace, sum(range(8, 17)))
        assert (back.at_once, back.held) == (16, "")

    def test_a_slow_server_gets_fewer_and_never_none(self) -> None:
        pace = after(after(Pace.up_to(16), 100, seconds=0.2), 30, seconds=2.0)
        assert pace.at_once < 16
        assert pace.held == "slow"
        assert reason(pace).startswith("held there by slow answers (")
        assert "usually 2" in reason(pace), "what is usual hardly moves"
        assert after(pace, 80, seconds=2.0).at_once >= 1

    def test_one_late_answer_changes_nothing(self) -> None:
        pace = after(Pace.up_to(16), 50)
        assert after(after(pace, 1, seconds=120.0), 50).at_once == 16

    def test_a_server_of_milliseconds_may_take_ten_times_as_long(self) -> None:
        assert after(after(Pace.up_to(16), 50, seconds=0.002), 200, seconds=0.02).at_once == 16

    def test_what_stays_slow_is_the_new_usual(self) -> None:
        pace = after(after(Pace.up_to(16), 100), 4000, seconds=0.8)
        assert (pace.at_once, pace.held) == (16, "")

    def test_what_does_not_use_its_level_does_not_raise_it(self) -> None:
        pace = after(after(Pace.up_to(16), 20), 1, refusal="429", in_flight=1)
        assert after(pace, 500, in_flight=2).at_once == 8

    @pytest.mark.parametrize("most", [0, -3])
    def test_there_is_at_least_one(self, most: int) -> None:
        with pytest.raises(ValueError, match="at least 1"):
            Pace.up_to(most)

    @given(st.integers(1, 64), st.lists(ANSWERS, max_size=300))
    def test_whatever_comes_it_stays_between_one_and_the_most(
        self, most: int, answers: list[tuple[float, Refusal, int]]
    ) -> None:
        pace = Pace.up_to(most)
        for seconds, refusal, in_flight in answers:
            before = pace
            pace = answered(pace, seconds=seconds, refusal=refusal, in_flight=in_flight)
            assert 1 <= pace.at_once <= most
            if refusal:
                assert pace.level <= before.level
            assert reason(pace) == reason(pace).strip()

    @given(st.integers(1, 32), st.lists(ANSWERS, max_size=60))
    def test_whatever_came_before_enough_quick_answers_bring_back_the_most(
        self, most: int, answers: list[tuple[float, Refusal, int]]
    ) -> None:
        pace = Pace.up_to(most)
        for seconds, refusal, in_flight in answers:
            pace = answered(pace, seconds=seconds, refusal=refusal, in_flight=in_flight)
        assert after(pace, 64 + 200 + most * most).at_once == most


class TestShares:
    @given(st.integers(1, 40), st.lists(st.integers(0, 12), min_size=1, max_size=8))
    def test_all_together_never_exceed_the_limit(self, limit: int, flying: list[int]) -> None:
        """Each takes what it may, one after the other, as the ledger makes them do."""
        flying = list(flying)
        start = sum(flying)
        for place in range(len(flying)):
            flying[place] += fair_share(
                limit, sharing=len(flying), position=place, mine=flying[place], total=sum(flying)
            )
        assert sum(flying) <= max(limit, start)

    @given(st.integers(1, 40), st.integers(1, 8))
    def test_shares_of_workers_that_begin_together_differ_by_one_at_most_and_use_it_up(
        self, limit: int, workers: int
    ) -> None:
        shares: list[int] = []
        for place in range(workers):
            shares.append(fair_share(limit, sharing=workers, position=place, mine=0, total=sum(shares)))
        assert sum(shares) == limit
        assert max(shares) - min(shares) <= 1


class TestRamp:
    @pytest.mark.parametrize(
        ("counts", "room"),
        [
            ({}, 1),
            ({"queued": 100}, 1),
            ({"sending": 1}, 0),
            ({"accepted": 1}, 5),
            ({"accepted": 1, "sending": 5}, 0),
            ({"accepted": 4, "sending": 2}, 0),
            ({"accepted": 4, "sending": 1}, 1),
            ({"unknown": 1}, 1),
            ({"failed": 2, "sending": 1}, 0),
            ({"accepted": 6}, None),
        ],
    )
    def test_one_then_five_then_all(self, counts: dict[str, int], room: int | None) -> None:
        assert (FIRST, THEN) == (1, 5)
        assert ramp_room(counts) == room


def run_of(*errors: APIError | None, repeat_doubtful: bool = False) -> tuple[Run, str]:
    """The run after these, one after another, and what stops the submission after the last."""
    run, said = Run(), ""
    for error in errors:
        run = seen(run, error, decide(error, tries=1, chance=0.0, repeat_doubtful=repeat_doubtful))
        said = broken(run, error)
    return run, said


class TestBreaker:
    @pytest.mark.parametrize(
        ("errors", "said"),
        [
            (
                [Doubtful("?", status=502)] * 5,
                "Reddy answered 502 five times in a row; those calls are in doubt",
            ),
            ([Doubtful("?")] * 5, "No answer came five times in a row, although the calls had gone out"),
            ([Doubtful("?", status=200)] * 5, "What answered five times in a row was not Reddy"),
            (
                [Doubtful("?", status=502)] * 4 + [Doubtful("?")],
                "Five times in a row no clear answer came (502, 502, 502, 502, no answer)",
            ),
        ],
    )
    def test_doubtful_answers_in_a_row_stop_it_and_are_named(self, errors: list[APIError], said: str) -> None:
        assert len(errors) == DOUBTS_IN_A_ROW
        assert run_of(*errors)[1].startswith(said)
        assert "every further one would be too" in run_of(*errors)[1]
        assert run_of(*errors[1:])[1] == ""

    def test_one_good_answer_in_between_begins_the_row_anew_and_a_wait_does_not(self) -> None:
        doubt, later = Doubtful("?", status=502), TooManyRequests("later", status=429, retry_after=1.0)
        assert run_of(*[doubt] * 4, None, *[doubt] * 4)[1] == ""
        assert run_of(*[doubt] * 4, Refused("no", status=422), doubt)[1] == ""
        assert run_of(*[doubt] * 4, later, doubt)[1].startswith("Reddy answered 502 five times")

    def test_calls_all_refused_alike_from_the_start_stop_it(self) -> None:
        no = Refused("no", status=422, server_message="product_id is not known")
        assert run_of(*[no] * (REFUSALS_FROM_THE_START - 1))[1] == ""
        said = run_of(*[no] * REFUSALS_FROM_THE_START)[1]
        assert said.startswith(
            "Reddy refused the first 20 calls, all for the same reason: “product_id is not known”"
        )

    @pytest.mark.parametrize(
        "other", [None, Refused("no", status=422, server_message="invalid agent"), Doubtful("?", status=500)]
    )
    @pytest.mark.parametrize("place", [0, 7])
    def test_not_where_anything_else_came_at_first(self, other: APIError | None, place: int) -> None:
        no = Refused("no", status=422, server_message="product_id is not known")
        errors: list[APIError | None] = [*[no] * place, other, *[no] * 60]
        assert run_of(*errors)[1] == ""

    def test_a_wait_and_a_refused_token_are_no_refusals_of_the_call(self) -> None:
        no = Refused("no", status=422, server_message="x")
        waits = [
            Unauthorized("no", status=401),
            Unavailable("later", status=503, retry_after=1.0),
            NeverSent("no"),
        ]
        assert run_of(*waits, *[no] * 19)[1] == ""
        assert run_of(*waits, *[no] * 20)[1] != ""

    def test_connections_refused_in_a_row(self) -> None:
        nobody = NeverSent("Nobody answers.")
        assert run_of(*[nobody] * (UNREACHABLE_IN_A_ROW - 1))[1] == ""
        assert run_of(*[nobody] * UNREACHABLE_IN_A_ROW)[1] == (
            "Nobody answers. Paused after 12 tries in a row; nothing is lost."
        )

    def test_what_goes_again_by_itself_leaves_nothing_in_doubt(self) -> None:
        assert run_of(*[Doubtful("?", status=502)] * 30, repeat_doubtful=True)[1] == ""


class TestRepeatingIsAssumedToBeSafe:
    def test_doubtful_answers_go_again_a_few_times_and_then_are_in_doubt(self) -> None:
        for tries in range(1, MOST_DOUBTS):
            found = decide(Doubtful("?", status=502), tries=tries, chance=0.5, repeat_doubtful=True)
            assert found == Decision("again", wait=backoff(tries, 0.5))
        last = decide(Doubtful("?", status=502), tries=MOST_DOUBTS, chance=0.5, repeat_doubtful=True)
        assert last == Decision("unknown")

    @pytest.mark.parametrize(
        "error",
        [Refused("no", status=409), NeverSent("no"), TooManyRequests("later", status=429), Doubtful("?")],
    )
    def test_what_was_in_doubt_once_never_counts_as_not_arrived(self, error: APIError) -> None:
        for repeat in (True, False):
            found = decide(error, tries=MOST_REFUSALS, chance=0.0, repeat_doubtful=repeat, doubted=True)
            assert found.outcome == "unknown"

    @given(
        st.sampled_from([NeverSent, Refused, Unauthorized, TooManyRequests, Unavailable]),
        st.integers(1, 60),
        st.floats(0, 1, exclude_max=True),
    )
    def test_the_rule_changes_nothing_for_what_is_certain(
        self, kind: type[APIError], tries: int, chance: float
    ) -> None:
        error = kind("x", retry_after=2.0)
        assert decide(error, tries=tries, chance=chance) == decide(
            error, tries=tries, chance=chance, repeat_doubtful=True
        )


class TestTheTableInTheDocs:
    """docs/sending.md says what `decide` does."""

    TEXT = (Path(__file__).resolve().parents[2] / "docs" / "sending.md").read_text(encoding="utf-8")

    ERRORS: ClassVar[dict[str, list[APIError | None]]] = {
        "Reddy said yes": [None],
        "No connection was made": [NeverSent("no")],
        "429": [TooManyRequests("later", status=429, retry_after=3.0)],
        "503 with `Retry-After`": [Unavailable("later", status=503, retry_after=3.0)],
        "401, 403": [Unauthorized("no", status=401), Unauthorized("no", status=403)],
        "Any other 4xx, a redirect": [Refused("no", status=status) for status in (400, 404, 409, 422, 307)],
        "No answer in time, or the connection was cut after sending": [Doubtful("?")],
        "500, 502, 504, 503 without `Retry-After`": [
            Doubtful("?", status=status) for status in (500, 502, 503, 504)
        ],
        "An answer that is not Reddy's": [Doubtful("?", status=200)],
    }

    def rows(self) -> dict[str, list[str]]:
        table = self.TEXT.split("## What may be repeated")[1].split("##")[0]
        lines = [line.strip("| ").split(" | ") for line in table.splitlines() if line.startswith("|")]
        return {cells[0].strip(): [cell.strip() for cell in cells[1:]] for cells in lines[2:]}

    def test_it_has_a_row_for_everything_that_can_happen(self) -> None:
        assert list(self.rows()) == list(self.ERRORS)

    @pytest.mark.parametrize("what", list(ERRORS))
    def test_each_row_says_what_is_decided(self, what: str) -> None:
        said, again, assumed = self.rows()[what]
        for error in self.ERRORS[what]:
            for cell, rule in ((said, False), (assumed, True)):
                first = decide(error, tries=1, chance=0.0, repeat_doubtful=rule)
                last = decide(error, tries=MOST_REFUSALS, chance=0.0, repeat_doubtful=rule)
                words = first.outcome if first.outcome != "again" else "sent again"
                if first.pause:
                    words = "sent again once resumed"
                elif first.outcome == "again":
                    words += f", at the end {last.outcome}"
                assert cell == words, (what, rule)
            first = decide(error, tries=1, chance=0.0)
            assert ("the submission pauses" in again) == bool(first.pause)
            assert ("all calls wait" in again) == first.wait_all

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("MOST_TRIES", MOST_TRIES),
            ("MOST_REFUSALS", MOST_REFUSALS),
            ("MOST_DOUBTS", MOST_DOUBTS),
            ("LONGEST_WAIT", LONGEST_WAIT),
            ("DOUBTS_IN_A_ROW", DOUBTS_IN_A_ROW),
            ("REFUSALS_FROM_THE_START", REFUSALS_FROM_THE_START),
            ("UNREACHABLE_IN_A_ROW", UNREACHABLE_IN_A_ROW),
        ],
    )
    def test_its_numbers_are_those_of_the_code(self, name: str, value: float) -> None:
        (said,) = re.findall(rf"(\d+)[^|.\d]*?<!-- {name} -->", self.TEXT)
        assert int(said) == value
