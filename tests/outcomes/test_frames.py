"""Counting outcomes, grouping what servers say, and turning clicked bars into the calls behind them."""

from __future__ import annotations

import json
from typing import Any

import pandas as pd
import pytest

from reddy_lib.database.schema import STATUSES as LEDGER_STATUSES
from reddy_lib.outcomes import frames
from reddy_lib.outcomes.frames import chosen, reason, reasons_table, summary, what_next, where, words
from tests.outcome_frames import outcomes


def click(*filters: Any) -> dict[str, Any]:
    """What the browser reports when bars with these filters were clicked."""
    points = [{"curve_number": 0, "customdata": each} for each in filters]
    return {"selection": {"points": points, "point_indices": [], "box": [], "lasso": []}}


class TestSummary:
    def test_counts_every_status_in_reading_order_also_those_without_calls(self):
        counts = summary(outcomes({"status": "rejected"}, {"status": "accepted"}, {"status": "accepted"}))
        assert list(counts.items()) == [
            ("calls", 3),
            ("accepted", 2),
            ("rejected", 1),
            ("failed", 0),
            ("unknown", 0),
            ("skipped", 0),
            ("held", 0),
            ("ready", 0),
            ("queued", 0),
            ("sending", 0),
        ]

    def test_an_empty_frame_has_no_calls_of_any_status(self):
        assert set(summary(outcomes()).values()) == {0}

    def test_a_frame_without_columns_has_no_calls_either(self):
        assert summary(pd.DataFrame())["calls"] == 0

    def test_statuses_always_sum_to_the_calls_also_when_one_is_new(self):
        counts = summary(outcomes({"status": "accepted"}, {"status": "paused"}))
        assert counts["paused"] == 1
        assert counts.pop("calls") == sum(counts.values()) == 2

    def test_statuses_are_those_of_the_ledger(self):
        assert sorted(frames.STATUSES) == sorted(LEDGER_STATUSES)


class TestReason:
    @pytest.mark.parametrize(
        ("message", "expected"),
        [
            ("invalid agent ann@example.org", "invalid agent …"),
            ("invalid agent bo.b+x@sub.example.org.", "invalid agent …"),
            ('invalid agent "ann@example.org"', "invalid agent …"),
            ("invalid agent 'ann@example.org'", "invalid agent …"),
            ("invalid agent <ann@example.org>", "invalid agent <…>"),
            ("product 41 not found", "product … not found"),
            ("product #41: not found", "product …: not found"),
            ("conversation conv-0f3a not found", "conversation … not found"),
            ("No answer within 30.0 s", "No answer within … s"),
            ("see https://app.example.org/help?token=abc for more", "see … for more"),
            ("rows 3, 17, 20 are wrong", "rows … are wrong"),
            ("  two\n lines\t", "two lines"),
            ("unknown field 'speaker'", "unknown field 'speaker'"),
            ("Zeitüberschreitung für 会話 9", "Zeitüberschreitung für 会話 …"),
            ("", ""),
        ],
    )
    def test_says_what_was_said_without_the_address_or_number(self, message: str, expected: str):
        assert reason(message) == expected

    @pytest.mark.parametrize(
        "message", ["HTTP 502", "HTTP/1.1 502", "status 502", "status code 502 from Reddy"]
    )
    def test_keeps_a_status_code_because_it_says_what_happened(self, message: str):
        assert reason(message) == message

    def test_keeps_each_of_several_status_codes_in_its_place(self):
        assert reason("HTTP 502, then HTTP 503 for call 17") == "HTTP 502, then HTTP 503 for call …"

    def test_messages_that_differ_in_the_code_stay_apart(self):
        assert reason("HTTP 500") != reason("HTTP 502")

    def test_is_at_most_200_characters_long(self):
        assert len(reason("word " * 1000)) == 200
        assert reason("word " * 1000).endswith("…")

    def test_reducing_twice_changes_nothing(self):
        once = reason('HTTP 422: invalid agent "ann@example.org", product 4, 5 and 6')
        assert reason(once) == once

    def test_a_message_with_a_private_character_of_its_own_keeps_its_code(self):
        assert reason("\ue000 HTTP 502") == "HTTP 502"


class TestReasonsTable:
    def test_groups_what_differs_by_the_address_alone_and_puts_the_most_frequent_first(self):
        table = reasons_table(
            outcomes(
                {"status": "rejected", "http_status": 404, "error": "conversation c-1 not found"},
                {"status": "rejected", "http_status": 422, "error": "invalid agent ann@example.org"},
                {"status": "accepted"},
                {"status": "rejected", "http_status": 422, "error": "invalid agent bo@example.org"},
            )
        )
        assert table[["reason", "status", "http_status", "calls", "rows"]].values.tolist() == [
            ["invalid agent …", "rejected", 422, 2, "3, 5"],
            ["conversation … not found", "rejected", 404, 1, "2"],
        ]
        assert table["message"][0] == "invalid agent ann@example.org"
        assert "correct it, or have" in table["what_next"][0]

    def test_the_same_words_with_another_code_are_another_line(self):
        table = reasons_table(
            outcomes(
                {"status": "rejected", "http_status": 401, "error": "no"},
                {"status": "rejected", "http_status": 422, "error": "no"},
            )
        )
        assert sorted(table["http_status"]) == [401, 422]

    def test_names_the_first_rows_and_says_that_there_are_more(self):
        table = reasons_table(outcomes(*[{"status": "failed", "error": "refused"}] * 7), examples=3)
        assert table["rows"].tolist() == ["2, 3, 4 …"]
        assert table["calls"].tolist() == [7]

    def test_calls_without_words_are_told_by_their_code(self):
        table = reasons_table(
            outcomes(
                {"status": "unknown", "http_status": 500, "error": ""},
                {"status": "failed", "http_status": None, "error": ""},
            )
        )
        assert sorted(table["reason"]) == ["HTTP 500 without a message", "no reason given"]
        assert table.set_index("reason")["http_status"].isna()["no reason given"]

    def test_calls_that_nobody_turned_away_are_not_in_it(self):
        table = reasons_table(
            outcomes({"status": "skipped", "error": "sent on 3 Nov"}, {"status": "accepted"})
        )
        assert len(table) == 0

    def test_has_the_same_columns_and_types_when_empty(self):
        full = reasons_table(outcomes({"status": "failed", "http_status": 503, "error": "busy"}))
        empty = reasons_table(outcomes())
        assert list(empty.columns) == list(full.columns)
        assert empty["http_status"].dtype == full["http_status"].dtype == "Int64"
        assert empty["calls"].dtype == full["calls"].dtype

    def test_leaves_the_frame_as_it_was(self):
        frame = outcomes({"status": "rejected", "error": None}, {"status": "accepted"})
        before = frame.copy(deep=True)
        reasons_table(frame)
        pd.testing.assert_frame_equal(frame, before)


class TestWhatNext:
    @pytest.mark.parametrize(
        ("status", "code", "message", "part"),
        [
            ("rejected", 401, "bad token", "token was refused"),
            ("rejected", 403, "", "token was refused"),
            ("rejected", 422, "invalid agent …", "no active Reddy user"),
            ("rejected", 404, "Agent not found", "no active Reddy user"),
            ("rejected", 404, "", "address of Reddy"),
            ("rejected", 422, "product … not found", "Choose a product"),
            ("rejected", 413, "", "Too large"),
            ("rejected", 429, "", "slow down"),
            ("rejected", 400, "invalid parameters", "Read Reddy's reason"),
            ("rejected", 400, "", "Check the agent, the product"),
            (
                "rejected",
                400,
                "The call was refused (400). Correct it, then send it again.",
                "Check the agent, the product",
            ),
            (
                "rejected",
                404,
                "The call was refused: not found. Check the conversation and the agent, or Reddy's address.",
                "address of Reddy",
            ),
            ("failed", None, "connection refused", "Nothing reached Reddy"),
            ("failed", 429, "", "slow down"),
            ("failed", 503, "", "processed nothing"),
            ("unknown", 500, "", "ask Reddy"),
            ("unknown", None, "invalid agent", "ask Reddy"),
        ],
    )
    def test_tells_the_analyst_what_to_do(self, status: str, code: int | None, message: str, part: str):
        assert part in what_next(status, code, message)

    @pytest.mark.parametrize("status", ["accepted", "skipped", "held", "ready", "queued", "sending"])
    def test_has_nothing_to_say_about_calls_that_nobody_turned_away(self, status: str):
        assert what_next(status, 200, "") == ""

    def test_a_call_in_doubt_is_never_said_to_be_safe_to_send_again(self):
        for code in (None, 429, 500, 502, 503, 504):
            assert what_next("unknown", code).endswith("ask Reddy before anything is sent again.")


class TestChosen:
    def test_nothing_clicked_means_no_filter(self):
        assert chosen(click(), "status") == {}
        assert chosen({}, "status") == {}
        assert chosen(None, "status") == {}
        assert chosen({"selection": None}, "status") == {}

    def test_one_bar_gives_its_own_filter(self):
        assert chosen(click('{"status": "rejected"}'), "status") == {"status": "rejected"}

    def test_a_bar_whose_filter_comes_in_a_list_is_read_too(self):
        assert chosen(click(['{"status": "rejected"}']), "status") == {"status": "rejected"}

    def test_bars_that_differ_in_one_column_become_a_list_of_values(self):
        bars = [json.dumps({"agent_email": agent, "status": "rejected"}) for agent in ("ann", "bo")]
        assert chosen(click(*bars), "agent") == {"agent_email": ["ann", "bo"], "status": "rejected"}

    def test_bars_that_differ_in_two_columns_do_not_become_their_cross_product(self):
        ann = {"agent_email": "ann", "status": "accepted"}
        bo = {"agent_email": "bo", "status": "rejected"}
        found = chosen(click(json.dumps(ann), json.dumps(bo)), "agent")
        frame = outcomes(
            {"agent_email": "ann", "status": "accepted"},
            {"agent_email": "ann", "status": "rejected"},
            {"agent_email": "bo", "status": "accepted"},
            {"agent_email": "bo", "status": "rejected"},
        )
        assert found == {"any of": [ann, bo]}
        assert where(frame, found).index.tolist() == [2, 5]

    def test_the_same_bar_reported_twice_counts_once(self):
        assert chosen(click('{"status": "held"}', '{"status": "held"}'), "status") == {"status": "held"}

    def test_ranges_are_kept_apart(self):
        first = {"seconds": {"from": 0.0, "until": 0.1}, "status": "accepted"}
        second = {"seconds": {"from": 0.5, "until": 0.6}, "status": "accepted"}
        found = chosen(click(json.dumps(first), json.dumps(second)), "seconds")
        assert found == {"any of": [first, second]}

    @pytest.mark.parametrize(
        "customdata",
        [
            None,
            7,
            "",
            "not JSON",
            "[]",
            "{}",
            '"status"',
            [],
            [["status"]],
            {"status": "accepted"},
            '{"upload_url": "https://x"}',
            '{"error": "x"}',
            '{"any of": []}',
            '{"status": ["accepted", {}]}',
            '{"status": {"from": 1, "until": "x"}}',
            '{"status": {"from": null}}',
            '{"status": {"like": "x"}}',
            '{"status": {"not in": "x"}}',
            '{"status": {}}',
        ],
    )
    def test_what_the_chart_could_not_have_made_is_ignored(self, customdata: Any):
        assert chosen(click(customdata, '{"status": "held"}'), "status") == {"status": "held"}

    def test_a_point_that_is_no_point_is_ignored(self):
        assert chosen({"selection": {"points": ["x", {}]}}, "status") == {}

    def test_a_chart_that_does_not_exist_is_an_error_of_the_page(self):
        with pytest.raises(KeyError, match="pie"):
            chosen(click(), "pie")


class TestWhere:
    def test_no_filter_gives_every_call_in_its_order(self):
        frame = outcomes({"status": "held"}, {"status": "accepted"})
        pd.testing.assert_frame_equal(where(frame, {}), frame)

    def test_every_column_must_fit(self):
        frame = outcomes(
            {"agent_email": "ann", "status": "held"},
            {"agent_email": "bo", "status": "held"},
            {"agent_email": "bo", "status": "ready"},
        )
        assert where(frame, {"agent_email": "bo", "status": "held"}).index.tolist() == [3]

    def test_a_list_means_any_of_its_values(self):
        frame = outcomes({"status": "held"}, {"status": "ready"}, {"status": "accepted"})
        assert where(frame, {"status": ["accepted", "held"]}).index.tolist() == [2, 4]

    def test_a_product_that_is_not_given_can_be_asked_for(self):
        frame = outcomes({"product_id": None}, {"product_id": 7}, {"product_id": 9})
        assert where(frame, {"product_id": None}).index.tolist() == [2]
        assert where(frame, {"product_id": [None, 9]}).index.tolist() == [2, 4]
        assert where(frame, {"product_id": 7}).index.tolist() == [3]

    def test_an_agent_that_is_not_given_is_the_empty_text(self):
        frame = outcomes({"agent_email": None}, {"agent_email": ""}, {"agent_email": "ann"})
        assert where(frame, {"agent_email": ""}).index.tolist() == [2, 3]
        assert where(frame, {"agent_email": None}).index.tolist() == [2, 3]

    def test_not_in_means_all_others_also_those_without_a_value(self):
        frame = outcomes({"product_id": None}, {"product_id": 7}, {"product_id": 9})
        assert where(frame, {"product_id": {"not in": [7]}}).index.tolist() == [2, 4]
        assert where(frame, {"product_id": {"not in": [7, None]}}).index.tolist() == [4]

    def test_a_range_includes_its_start_and_not_its_end(self):
        frame = outcomes({"seconds": 0.1}, {"seconds": 0.2}, {"seconds": 0.3}, {"seconds": None})
        assert where(frame, {"seconds": {"from": 0.1, "until": 0.3}}).index.tolist() == [2, 3]
        assert where(frame, {"seconds": {"from": 0.2}}).index.tolist() == [3, 4]
        assert where(frame, {"seconds": {"until": 0.2}}).index.tolist() == [2]

    def test_a_range_of_times_is_in_utc_unless_it_says_otherwise(self):
        frame = outcomes(
            {"ended": "2026-03-30T12:00:00Z"}, {"ended": "2026-03-30T12:00:59.9Z"}, {"ended": None}
        )
        naive = {"ended": {"from": "2026-03-30T12:00:30", "until": "2026-03-30T12:01:00"}}
        zoned = {"ended": {"from": "2026-03-30T14:00:30+02:00", "until": "2026-03-30T14:01:00+02:00"}}
        assert where(frame, naive).index.tolist() == [3]
        assert where(frame, zoned).index.tolist() == [3]

    def test_calls_can_be_found_by_their_reason(self):
        frame = outcomes(
            {"status": "rejected", "error": "invalid agent ann@example.org"},
            {"status": "rejected", "error": "invalid agent bo@example.org"},
            {"status": "skipped", "error": "invalid agent cy@example.org"},
            {"status": "rejected", "error": "invalid parameters"},
        )
        assert where(frame, {"reason": "invalid agent …"}).index.tolist() == [2, 3]

    def test_an_empty_frame_keeps_its_columns(self):
        frame = outcomes()
        found = where(frame, {"status": "held", "seconds": {"from": 1}, "reason": "x", "product_id": None})
        assert list(found.columns) == list(frame.columns)

    def test_a_column_that_is_not_there_is_an_error_of_the_page(self):
        with pytest.raises(KeyError, match="colour"):
            where(outcomes({}), {"colour": "red"})

    def test_leaves_the_frame_as_it_was(self):
        frame = outcomes({"agent_email": None}, {"product_id": None})
        before = frame.copy(deep=True)
        where(frame, {"agent_email": "", "product_id": [None, 7]})
        pd.testing.assert_frame_equal(frame, before)


class TestWords:
    @pytest.mark.parametrize(
        ("filter", "expected"),
        [
            ({}, ""),
            ({"status": "accepted"}, "status accepted"),
            ({"agent_email": "", "status": "held"}, "agent not given · status held"),
            ({"product_id": [7, None]}, "product 7 or not given"),
            ({"agent_email": {"not in": ["ann", "bo"]}}, "agent other than the 2 shown"),
            ({"seconds": {"from": 0.5, "until": 1.0}}, "answer time from 0.5 s until 1 s"),
            (
                {"ended": {"from": "2026-03-30T12:00:00+00:00", "until": "2026-03-30T12:01:00+00:00"}},
                "answered from 30 Mar 2026 12:00:00 UTC until 30 Mar 2026 12:01:00 UTC",
            ),
            (
                {"any of": [{"status": "held"}, {"status": "ready", "product_id": 7}]},
                "(status held) or (status ready · product 7)",
            ),
        ],
    )
    def test_says_a_filter_as_a_person_would(self, filter: dict[str, Any], expected: str):
        assert words(filter) == expected


def test_what_holds_no_outcomes_is_refused_with_what_to_pass() -> None:
    for wrong in (5, "calls", None):
        with pytest.raises(TypeError, match=r"Pass a batch, a submission, or their outcomes\(\)"):
            summary(wrong)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="has no column 'status'"):
        summary(pd.DataFrame({"agent_email": ["ann@example.com"]}))


def test_there_is_one_list_of_outcome_columns() -> None:
    from reddy_lib.batches.frames import outcomes_frame
    from reddy_lib.outcomes.frames import COLUMNS

    assert tuple(outcomes_frame([]).reset_index().columns) == COLUMNS
