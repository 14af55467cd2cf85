"""Charts of outcomes: what they state, that each bar finds its calls, and that text is shown as text."""

from __future__ import annotations

import datetime as dt
import itertools
import json
import math
import subprocess
import sys
import tomllib
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd
import plotly.graph_objects as go
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from playwright.sync_api import sync_playwright

from reddy_lib.outcomes import charts, total_charts
from reddy_lib.outcomes.charts import COLOURS, PATTERNS, alt, shown
from reddy_lib.outcomes.frames import STATUSES, chosen, where
from reddy_lib.outcomes.waveforms import waveform
from tests.outcome_frames import ANSWERED, NEVER_SENT
from tests.outcome_frames import outcomes as frame_of
from tests.real_browser import launched

ALL = {
    "status": charts.status,
    "product": charts.product,
    "agent": charts.agent,
    "over_time": charts.over_time,
    "reasons": charts.reasons,
    "seconds": charts.seconds,
}
HOSTILE = '<b>bo</b> $x^2$ &amp; <a href="https://evil.example">%{x}</a>\u202e'

outcomes = partial(frame_of, **ANSWERED)


class Bar(NamedTuple):
    place: Any
    calls: int
    customdata: str
    hover: str
    status: str


def bars(figure: go.Figure) -> list[Bar]:
    """Every bar of a figure, in the order in which they are drawn."""
    found = []
    for trace in figure.data:
        lying = trace.orientation == "h"
        places, calls = (trace.y, trace.x) if lying else (trace.x, trace.y)
        for place, count, filter, hover in zip(places, calls, trace.customdata, trace.hovertext, strict=True):
            found.append(Bar(place, int(count), filter, hover, trace.legendgroup))
    return found


def title(figure: go.Figure) -> str:
    return str(figure.layout.title.text)


def labels(figure: go.Figure) -> list[str]:
    return list(figure.layout.yaxis.ticktext)


def message(figure: go.Figure) -> str:
    """What a figure without bars says."""
    assert not figure.data
    return str(figure.layout.annotations[0].text)


class TestEveryChart:
    @pytest.mark.parametrize("name", ALL)
    def test_an_empty_frame_gives_a_figure_that_says_so(self, name: str):
        for frame in (outcomes(), pd.DataFrame()):
            figure = ALL[name](frame)
            assert message(figure) == "No calls yet"
            assert alt(figure) == "No calls yet."

    @pytest.mark.parametrize("name", ALL)
    def test_backgrounds_are_transparent_and_the_theme_colours_the_text(self, name: str):
        frame = outcomes({}, {"status": "rejected", "error": "no"}, {"status": "unknown"})
        for figure in (ALL[name](frame), ALL[name](outcomes())):
            drawn = json.loads(figure.to_json())
            layout = {key: value for key, value in drawn["layout"].items() if key != "template"}
            assert layout["paper_bgcolor"] == layout["plot_bgcolor"] == "rgba(0,0,0,0)"
            assert not list(font_colours({"data": drawn["data"], "layout": layout}))

    @pytest.mark.parametrize("name", ALL)
    def test_leaves_the_frame_as_it_was(self, name: str):
        frame = outcomes({"product_id": None}, {"status": "failed", "agent_email": None, **NEVER_SENT})
        before = frame.copy(deep=True)
        ALL[name](frame)
        pd.testing.assert_frame_equal(frame, before)

    @pytest.mark.parametrize("name", ALL)
    def test_draws_the_same_figure_twice(self, name: str):
        frame = outcomes(*({"agent_email": f"a{n}", "status": s, "error": s} for n, s in enumerate(STATUSES)))
        assert ALL[name](frame).to_json() == ALL[name](frame).to_json()
        if name != "over_time":
            again = ALL[name](frame.iloc[::-1])
            assert again.layout.title.text == ALL[name](frame).layout.title.text

    @pytest.mark.parametrize("name", ALL)
    def test_statuses_stand_in_the_order_in_which_they_are_read(self, name: str):
        frame = outcomes(*({"status": status, "error": "x"} for status in reversed(STATUSES)))
        drawn = [trace.legendgroup for trace in ALL[name](frame).data]
        assert drawn == [status for status in STATUSES if status in drawn]

    @pytest.mark.parametrize("name", ALL)
    def test_is_described_in_one_sentence_of_plain_text(self, name: str):
        frame = outcomes({"agent_email": HOSTILE, "status": "rejected", "error": HOSTILE})
        sentence = alt(ALL[name](frame))
        assert sentence.endswith(".")
        assert len(sentence) <= 301
        assert "&lt;" not in sentence
        assert "\n" not in sentence

    def test_a_figure_from_elsewhere_has_no_description(self):
        assert alt(go.Figure()) == "Chart without a description."

    @pytest.mark.parametrize("name", ALL)
    def test_a_status_that_is_new_is_drawn_after_the_known_ones(self, name: str):
        figure = ALL[name](outcomes({"status": "paused"}, {"status": "unknown", "error": "x"}))
        drawn = [trace.legendgroup for trace in figure.data]
        assert drawn == (["unknown"] if name == "reasons" else ["unknown", "paused"])


def font_colours(node: Any, inside: bool = False) -> Any:
    """Every colour that a part of a figure gives to text."""
    if isinstance(node, dict):
        for key, value in node.items():
            if inside and key == "color":
                yield value
            yield from font_colours(value, inside=key.endswith("font"))
    elif isinstance(node, list):
        for value in node:
            yield from font_colours(value)


statuses = st.sampled_from([*STATUSES, "paused"])
texts = st.sampled_from(["ann@example.org", "bo@example.org", "", HOSTILE, "7", "none"])
calls = st.fixed_dictionaries(
    {
        "status": statuses,
        "agent_email": st.one_of(st.none(), texts, st.integers(0, 40).map(lambda n: f"agent{n}@example.org")),
        "product_id": st.one_of(st.none(), st.integers(1, 30)),
        "error": st.one_of(texts, st.text(st.characters(exclude_categories=["Cs"]), max_size=20)),
        "http_status": st.sampled_from([None, 200, 401, 422, 500]),
        "seconds": st.one_of(st.none(), st.floats(0, 120), st.sampled_from([0.0, 0.1, 0.2, 0.3, 30.0])),
        "ended": st.one_of(
            st.none(),
            st.integers(0, 400 * 86_400_000).map(
                lambda ms: pd.Timestamp("2026-01-01T00:00Z") + pd.Timedelta(milliseconds=ms)
            ),
        ),
    }
)


class TestBarsFindTheirCalls:
    @pytest.mark.parametrize("name", ALL)
    @settings(deadline=None, max_examples=40)
    @given(st.lists(calls, min_size=1, max_size=60))
    def test_a_click_on_any_bar_gives_as_many_calls_as_the_bar_is_long(self, name: str, drawn: list[Any]):
        frame = outcomes(*drawn)
        seen: list[int] = []
        for bar in bars(ALL[name](frame)):
            filter = chosen({"selection": {"points": [{"customdata": bar.customdata}]}}, name)
            found = where(frame, filter)
            assert len(found) == bar.calls
            assert set(found["status"]) == {bar.status}
            seen += found.index.tolist()
        assert len(seen) == len(set(seen)), "no call stands in two bars"
        if name in ("status", "product", "agent"):
            assert len(seen) == len(frame), "every call stands in a bar"

    def test_several_clicked_bars_give_the_calls_of_each(self):
        frame = outcomes({"agent_email": "bo"}, {}, {"status": "rejected"}, {"status": "rejected"})
        clicked = [{"customdata": bar.customdata} for bar in bars(charts.agent(frame))]
        found = where(frame, chosen({"selection": {"points": clicked}}, "agent"))
        assert len(found) == 4

    def test_the_filter_survives_the_way_to_the_browser_and_back(self):
        frame = outcomes({"agent_email": HOSTILE}, {"agent_email": "会話 🎧"})
        sent = json.loads(charts.agent(frame).to_json())
        for trace in sent["data"]:
            for customdata, hover in zip(trace["customdata"], trace["hovertext"], strict=True):
                filter = chosen({"selection": {"points": [{"customdata": customdata}]}}, "agent")
                assert len(where(frame, filter)) == 1
                assert shown(filter["agent_email"])[:10] in hover


class TestStatus:
    def test_states_how_many_of_how_many_were_accepted(self):
        frame = outcomes(*[{}] * 117, {"status": "rejected"}, {"status": "rejected"}, {"status": "unknown"})
        figure = charts.status(frame)
        assert title(figure) == "117 of 120 accepted"
        assert [(bar.place, bar.calls) for bar in bars(figure)] == [
            ("accepted", 117),
            ("rejected", 2),
            ("unknown", 1),
        ]

    def test_writes_the_number_and_its_share_beside_each_bar(self):
        frame = outcomes({}, {}, {}, {"status": "held"})
        assert [note.text for note in charts.status(frame).layout.annotations] == ["3 (75%)", "1 (25%)"]

    def test_never_rounds_to_all_or_none(self):
        frame = outcomes(*[{}] * 9_999, {"status": "failed"})
        notes = [note.text for note in charts.status(frame).layout.annotations]
        assert notes == ["9,999 (> 99.9%)", "1 (< 0.1%)"]

    def test_says_the_same_to_those_who_cannot_see_it(self):
        frame = outcomes({}, {"status": "held"})
        assert alt(charts.status(frame)) == "Calls by status: 1 of 2 accepted; 1 accepted, 1 held."


class TestProduct:
    def test_shows_names_where_reddy_gave_them_and_ids_elsewhere(self):
        class Product(NamedTuple):
            id: int
            name: str
            status: str

        frame = outcomes({"product_id": 7}, {"product_id": 7}, {"product_id": 9}, {"product_id": None})
        for products in (
            [{"id": 7, "name": "Cards", "status": "active"}],
            [Product(7, "Cards", "active")],
        ):
            figure = charts.product(frame, products)
            assert labels(figure) == ["Cards (7)", "no product", "product 9"]
            assert title(figure) == "4 of 4 accepted, across 3 products"
        assert labels(charts.product(frame)) == ["product 7", "no product", "product 9"]

    def test_products_of_one_name_stay_two_bars(self):
        frame = outcomes({"product_id": 7}, {"product_id": 9})
        figure = charts.product(frame, [{"id": 7, "name": "Cards"}, {"id": 9, "name": "Cards"}])
        assert len({bar.place for bar in bars(figure)}) == 2

    def test_one_product_is_not_products(self):
        assert title(charts.product(outcomes({}))) == "1 of 1 accepted, across 1 product"


class TestAgent:
    def test_the_agent_with_the_most_calls_stands_on_top(self):
        frame = outcomes({"agent_email": "ann"}, {"agent_email": "bo"}, {"agent_email": "bo"})
        figure = charts.agent(frame)
        assert labels(figure) == ["bo", "ann"]
        assert figure.layout.yaxis.range == (1.5, -0.5)

    def test_of_a_thousand_agents_twenty_are_named_and_the_others_share_a_bar(self):
        frame = outcomes(
            *({"agent_email": f"agent{n:04}"} for n in range(1000)),
            *({"agent_email": f"agent{n:04}"} for n in range(980, 1000)),
            {"agent_email": "agent0003", "status": "rejected"},
        )
        figure = charts.agent(frame)
        assert len(labels(figure)) == 21
        assert labels(figure)[-1] == "others (980 agents)"
        assert title(figure) == "1,020 of 1,021 accepted, across 1,000 agents"
        last = [bar for bar in bars(figure) if "others" in bar.place]
        assert sum(bar.calls for bar in last) == 1021 - sum(
            bar.calls for bar in bars(figure) if "others" not in bar.place
        )
        for bar in last:
            filter = chosen({"selection": {"points": [{"customdata": bar.customdata}]}}, "agent")
            assert len(where(frame, filter)) == bar.calls

    def test_many_others_do_not_leave_stumps_of_the_named_bars(self):
        many = charts.agent(outcomes(*({"agent_email": f"agent{n:04}"} for n in range(1000))))
        assert many.layout.xaxis.range == (0, 1.25)
        assert many.layout.xaxis.title.text == "calls (the bar for the others is cut off at the edge: 980)"
        some = charts.agent(outcomes(*({"agent_email": f"agent{n % 22}"} for n in range(44))))
        assert labels(some)[-1] == "others (2 agents)"
        assert some.layout.xaxis.range is None
        assert some.layout.xaxis.title.text == "calls"

    def test_a_single_agent_more_is_named_rather_than_called_others(self):
        frame = outcomes(*({"agent_email": f"agent{n}"} for n in range(21)))
        assert not [label for label in labels(charts.agent(frame)) if "others" in label]

    def test_calls_without_an_agent_have_a_bar(self):
        frame = outcomes({"agent_email": None}, {"agent_email": ""})
        assert labels(charts.agent(frame)) == ["no agent"]
        assert bars(charts.agent(frame))[0].calls == 2

    def test_long_addresses_are_cut_on_the_axis_and_whole_in_the_hover(self):
        one = "a.very.long.address.of.an.agent@subsidiary-1.example.org"
        two = "a.very.long.address.of.an.agent@subsidiary-2.example.org"
        figure = charts.agent(outcomes({"agent_email": one}, {"agent_email": two}))
        assert labels(figure) == ["a.very.long.address.of.…"] * 2
        assert len({bar.place for bar in bars(figure)}) == 2
        assert one in bars(figure)[0].hover

    def test_agents_that_are_numbers_are_names_all_the_same(self):
        figure = charts.agent(outcomes({"agent_email": "10"}, {"agent_email": "9"}))
        assert figure.layout.yaxis.type == "category"
        assert labels(figure) == ["10", "9"]

    def test_tells_the_calls_of_each_status_out_of_the_agents_calls(self):
        frame = outcomes({}, {}, {"status": "rejected"})
        assert [bar.hover for bar in bars(charts.agent(frame))] == [
            "ann@example.org<br>accepted: 2 of 3",
            "ann@example.org<br>rejected: 1 of 3",
        ]

    def test_the_legend_counts_each_status(self):
        frame = outcomes({}, {"agent_email": "bo"}, {"status": "rejected"})
        assert [trace.name for trace in charts.agent(frame).data] == ["accepted 2", "rejected 1"]


class TestOverTime:
    def test_calls_are_counted_where_they_were_answered(self):
        frame = outcomes(
            {"ended": "2026-03-31T12:00:00.1Z"},
            {"ended": "2026-03-31T12:00:00.9Z"},
            {"ended": "2026-03-31T12:00:02Z", "status": "rejected"},
            {"status": "ready", **NEVER_SENT},
        )
        figure = charts.over_time(frame)
        assert title(figure) == "3 of 4 answered"
        assert [(bar.place, bar.calls, bar.status) for bar in bars(figure)] == [
            ("2026-03-31T12:00:00", 2, "accepted"),
            ("2026-03-31T12:00:02", 1, "rejected"),
        ]
        assert "31 Mar 2026 (UTC)" in figure.layout.xaxis.title.text

    @pytest.mark.parametrize(
        ("span", "width"),
        [("0s", 1), ("59s", 1), ("4min", 5), ("50min", 60), ("4h", 300), ("2D", 3600), ("50D", 86_400)],
    )
    def test_bars_are_as_wide_as_about_sixty_of_them_need(self, span: str, width: int):
        start = pd.Timestamp("2026-03-31T12:00:00Z")
        figure = charts.over_time(outcomes({"ended": start}, {"ended": start + pd.Timedelta(span)}))
        assert {trace.width for trace in figure.data} == {1000 * width}

    def test_a_single_bar_is_not_stretched_over_the_figure(self):
        left, right = (pd.Timestamp(end) for end in charts.over_time(outcomes({})).layout.xaxis.range)
        assert (right - left).total_seconds() == 12

    def test_says_so_when_nothing_was_answered(self):
        figure = charts.over_time(outcomes({"status": "ready", **NEVER_SENT}))
        assert message(figure) == "None of 1 call was answered yet"

    def test_names_both_days_of_a_submission_over_midnight(self):
        frame = outcomes({"ended": "2026-03-31T23:59:00Z"}, {"ended": "2026-04-01T00:01:00Z"})
        assert "31 Mar 2026 to 01 Apr 2026" in charts.over_time(frame).layout.xaxis.title.text


ONE_DAY = [(dt.date(2026, 3, 31), {"accepted": 1})]
ONE_SUBMISSION = [{"number": 1, "batch": "march", **dict.fromkeys(STATUSES, 0), "accepted": 1}]


@pytest.mark.parametrize(
    ("figure", "axis"),
    [
        (charts.agent(outcomes({})), "xaxis"),
        (charts.over_time(outcomes({})), "yaxis"),
        (charts.seconds(outcomes({})), "yaxis"),
        (total_charts.by_day(ONE_DAY), "yaxis"),
        (total_charts.by_submission(ONE_SUBMISSION), "yaxis"),
    ],
    ids=["agents", "over time", "answer times", "days", "submissions"],
)
def test_half_a_call_has_no_mark_on_an_axis_of_calls(figure: go.Figure, axis: str):
    assert figure.layout[axis].dtick == 1
    assert figure.layout[axis].tickformat == ",d"


class TestReasons:
    def test_messages_that_differ_by_the_address_share_a_bar(self):
        frame = outcomes(
            {"status": "rejected", "error": "invalid agent ann@example.org"},
            {"status": "rejected", "error": "invalid agent bo@example.org"},
            {"status": "unknown", "error": "No answer within 30.0 s"},
            {},
        )
        figure = charts.reasons(frame)
        assert title(figure) == "3 of 4 rejected or in doubt, for 2 reasons"
        assert labels(figure) == ["invalid agent …", "No answer within … s"]
        assert [(bar.calls, bar.status) for bar in bars(figure)] == [(2, "rejected"), (1, "unknown")]

    def test_says_so_when_there_is_nothing_to_explain(self):
        figure = charts.reasons(outcomes({}, {"status": "held", **NEVER_SENT}))
        assert message(figure) == "None of 2 calls was rejected, failed or is in doubt"

    def test_a_thousand_different_reasons_are_cut_to_twenty_and_the_others(self):
        words = ("".join(letters) for letters in itertools.product("abcdefghij", repeat=3))
        frame = outcomes(*({"status": "rejected", "error": word} for word in words))
        assert labels(charts.reasons(frame))[-1] == "others (980 reasons)"


class TestSeconds:
    def test_states_the_median_and_the_slowest_twentieth(self):
        frame = outcomes(*({"seconds": n / 100} for n in range(1, 101)))
        figure = charts.seconds(frame)
        assert title(figure) == "Half of 100 answers within 0.51 s"
        assert figure.layout.title.subtitle.text == "95% within 0.95 s, longest 1 s"
        assert [note.text for note in figure.layout.annotations] == ["p50 0.51 s", "p95 0.95 s"]
        lines = [shape.x0 for shape in figure.layout.shapes]
        assert lines == pytest.approx([0.505, 0.9505])

    def test_a_timeout_does_not_squash_the_rest(self):
        frame = outcomes(*({"seconds": 0.2 + n / 1000} for n in range(100)), {"seconds": 30.0})
        figure = charts.seconds(frame)
        assert figure.layout.xaxis.range[1] < 1
        assert figure.layout.xaxis.ticktext[-1].endswith(" +")
        last = bars(figure)[-1]
        assert last.calls == 1
        assert last.hover.endswith("s or longer")
        assert where(frame, json.loads(last.customdata))["seconds"].tolist() == [30.0]

    def test_answers_that_took_no_time_at_all_are_drawn(self):
        figure = charts.seconds(outcomes({"seconds": 0.0}, {"seconds": 0.0}))
        assert [bar.calls for bar in bars(figure)] == [2]

    def test_calls_without_an_answer_are_not_counted(self):
        assert title(charts.seconds(outcomes({}, NEVER_SENT))) == "Half of 1 answer within 0.25 s"
        assert message(charts.seconds(outcomes(NEVER_SENT))) == "None of 1 call was answered yet"


class TestShown:
    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("<b>bold</b>", "&lt;b&gt;bold&lt;/b&gt;"),
            ('<a href="https://x">y</a>', '&lt;a href="https://x"&gt;y&lt;/a&gt;'),
            ("$x^2$", "&#36;x^2&#36;"),
            ("\\frac", "&#92;frac"),
            ("&amp;", "&amp;amp;"),
            ("a\r\nb\tc\x00d", "a b c d"),
            ("left\u202eright", "left right"),
            ("half\ud83d", "half "),
            ("会話 🎧 ü", "会話 🎧 ü"),
        ],
    )
    def test_nothing_in_a_text_takes_effect(self, text: str, expected: str):
        assert shown(text) == expected

    def test_is_cut_before_it_is_escaped_so_that_no_entity_is_torn(self):
        assert shown("<<<<", 3) == "&lt;&lt;…"

    @pytest.mark.parametrize("name", ALL)
    def test_no_chart_passes_on_markup_from_a_sheet_or_a_server(self, name: str):
        frame = outcomes(
            {"agent_email": HOSTILE, "status": "rejected", "error": HOSTILE, "submission": HOSTILE},
            {"status": HOSTILE, "error": HOSTILE},
        )
        products = [{"id": 7, "name": HOSTILE}]
        figure = charts.product(frame, products) if name == "product" else ALL[name](frame)
        drawn = json.loads(figure.to_json())
        drawn["layout"].pop("meta")  # read by `alt` alone
        for trace in drawn["data"]:
            trace.pop("customdata")  # never drawn
        written = json.dumps(drawn)
        assert "<b>" not in written
        assert "<a " not in written
        assert "$" not in written

    def test_a_value_is_never_put_into_a_template_that_plotly_fills_in(self):
        for name in ALL:
            for trace in ALL[name](
                outcomes({"status": "rejected", "error": "%{x}", "agent_email": "%{x}"})
            ).data:
                assert trace.hovertemplate == "%{hovertext}<extra></extra>"


# ------------------------------------------------------------------------------------------- colours

LIGHT, DARK = ("#FFFFFF", "#F2F5F8"), ("#040609", "#151B23", "#0B0F15")
CONFIG = tomllib.loads((Path(__file__).resolve().parents[2] / ".streamlit" / "config.toml").read_text())
SIGHT = {
    "full": ((1, 0, 0), (0, 1, 0), (0, 0, 1)),
    "no red cones": ((0.1523, 1.0526, -0.2049), (0.1145, 0.7863, 0.0992), (-0.0039, -0.0481, 1.0520)),
    "no green cones": ((0.3673, 0.8606, -0.2280), (0.2801, 0.6725, 0.0474), (-0.0118, 0.0429, 0.9689)),
    "no blue cones": ((1.2555, -0.0767, -0.1788), (-0.0784, 0.9308, 0.1476), (0.0047, 0.6914, 0.3039)),
}  # Machado, Oliveira and Fernandes 2009, severity 1


def linear(colour: str) -> list[float]:
    parts = [int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5)]
    return [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]


def contrast(one: str, other: str) -> float:
    """The contrast ratio of the Web Content Accessibility Guidelines, 1 to 21."""
    lights = sorted(
        sum(w * p for w, p in zip((0.2126, 0.7152, 0.0722), linear(c), strict=True)) for c in (one, other)
    )
    return (lights[1] + 0.05) / (lights[0] + 0.05)


def seen(colour: str, sight: str) -> tuple[float, float, float]:
    """A colour as somebody with this sight sees it, in OKLab."""
    mixed = [sum(w * p for w, p in zip(row, linear(colour), strict=True)) for row in SIGHT[sight]]
    r, g, b = (min(1, max(0, part)) for part in mixed)
    long = (0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b) ** (1 / 3)
    medium = (0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b) ** (1 / 3)
    short = (0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b) ** (1 / 3)
    return (
        0.2104542553 * long + 0.7936177850 * medium - 0.0040720468 * short,
        1.9779984951 * long - 2.4285922050 * medium + 0.4505937099 * short,
        0.0259040371 * long + 0.7827717662 * medium - 0.8086757660 * short,
    )


class TestColours:
    def test_every_status_has_one_and_only_the_settled_ones_are_solid(self):
        assert tuple(COLOURS) == STATUSES
        assert set(COLOURS) - set(PATTERNS) == {"accepted", "rejected", "failed", "skipped"}
        assert len(set(PATTERNS.values())) == len(PATTERNS)

    @pytest.mark.parametrize("status", COLOURS)
    def test_a_bar_stands_out_on_the_light_and_on_the_dark_theme(self, status: str):
        # Bars stand on the page's background; 3 : 1 is what graphics need.
        for background in ("#FFFFFF", "#040609", "#151B23", "#111111"):
            assert contrast(COLOURS[status], background) >= 3

    @pytest.mark.parametrize("sight", SIGHT)
    def test_the_solid_ones_differ_for_colour_blind_people_too(self, sight: str):
        solid = [COLOURS[status] for status in COLOURS if status not in PATTERNS]
        for one, other in itertools.combinations(solid, 2):
            assert math.dist(seen(one, sight), seen(other, sight)) > 0.1

    def test_doubt_differs_from_every_settled_status_without_its_hatching(self):
        for sight, status in itertools.product(SIGHT, ("accepted", "rejected", "failed", "skipped")):
            assert math.dist(seen(COLOURS["unknown"], sight), seen(COLOURS[status], sight)) > 0.1

    def test_the_theme_has_the_same_colours_in_the_same_order(self):
        assert CONFIG["theme"]["chartCategoricalColors"] == list(COLOURS.values())


class TestTheme:
    @pytest.mark.parametrize(("mode", "backgrounds"), [("light", LIGHT), ("dark", DARK)])
    def test_text_and_links_can_be_read_on_all_they_stand_on(self, mode: str, backgrounds: tuple[str, ...]):
        theme = CONFIG["theme"][mode]
        assert {theme["backgroundColor"], theme["secondaryBackgroundColor"]} <= set(backgrounds)
        assert theme["sidebar"]["backgroundColor"] in backgrounds
        for background in backgrounds:
            for name in ("textColor", "linkColor", "codeTextColor"):
                assert contrast(theme[name], background) >= 4.5, (name, background)

    @pytest.mark.parametrize("mode", ["light", "dark"])
    def test_the_label_of_the_primary_button_and_the_open_tab_can_be_read(self, mode: str):
        theme = CONFIG["theme"][mode]
        assert contrast("#FFFFFF", theme["primaryColor"]) >= 4.5
        assert contrast(theme["primaryColor"], theme["backgroundColor"]) >= 4.5

    @pytest.mark.parametrize("mode", ["light", "dark"])
    @pytest.mark.parametrize("colour", ["red", "orange", "yellow", "blue", "green", "violet", "gray"])
    def test_badges_and_boxes_can_be_read(self, mode: str, colour: str):
        theme = CONFIG["theme"][mode]
        text = theme[f"{colour}TextColor"]
        for background in (theme[f"{colour}BackgroundColor"], theme["backgroundColor"]):
            assert contrast(text, background) >= 4.5

    @pytest.mark.parametrize("mode", ["light", "dark"])
    def test_headers_of_tables_can_be_read(self, mode: str):
        theme = CONFIG["theme"][mode]
        assert contrast(theme["dataframeHeaderTextColor"], theme["dataframeHeaderBackgroundColor"]) >= 4.5

    def test_the_server_listens_on_this_machine_alone_and_tells_nobody(self):
        assert CONFIG["server"]["address"] == "localhost"
        assert CONFIG["browser"]["gatherUsageStats"] is False
        assert CONFIG["client"]["showErrorDetails"] == "none"

    def test_streamlit_knows_every_option(self):
        config = pytest.importorskip("streamlit.config")
        known = set(config.get_config_options())
        assert {option for option in options(CONFIG) if option not in known} == set()

    def test_the_example_of_secrets_holds_no_secret(self):
        example = Path(__file__).resolve().parents[2] / ".streamlit" / "secrets.toml.example"
        assert tomllib.loads(example.read_text(encoding="utf-8")) == {}
        lines = [line.removeprefix("# ") for line in example.read_text(encoding="utf-8").splitlines()]
        uncommented = [line for line in lines if " = " in line or line.startswith("[")]
        found = tomllib.loads("\n".join(uncommented))
        assert set(found) == {"REDDY_API_TOKEN", "base_url", "auth", "access"}
        assert {"paste-the-token-here", "https://app.reddy.io"} == {
            found["REDDY_API_TOKEN"],
            found["base_url"],
        }


def options(node: dict[str, Any], path: str = "") -> Any:
    for key, value in node.items():
        name = f"{path}.{key}" if path else key
        if isinstance(value, dict):
            yield from options(value, name)
        else:
            yield name


def test_counting_and_exporting_outcomes_does_not_load_plotly():
    code = "import sys, reddy_lib.outcomes; print('plotly' in sys.modules, 'xlsxwriter' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "False"]


@pytest.mark.browser
def test_a_browser_shows_hostile_text_as_text(tmp_path: Path):
    """Drawn by a real browser, markup in an agent's address is read letter by letter, also in the hover."""
    name = "<b>bo</b> $x$ %{x}"
    figure = charts.agent(outcomes({"agent_email": name}))
    page_file = tmp_path / "chart.html"
    figure.write_html(page_file, include_plotlyjs=True)
    with sync_playwright() as playwright:
        browser = launched(playwright)
        page = browser.new_page()
        page.goto(page_file.as_uri())
        bar = page.locator(".bars .point path").first
        bar.wait_for(state="attached")
        assert page.locator(".ytick text").all_text_contents() == [name]
        box = bar.bounding_box()
        assert box is not None
        page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
        hover = page.locator(".hovertext text").first
        hover.wait_for()
        assert (hover.text_content() or "").startswith(name)
        assert page.locator(".ytick tspan[style*=bold], .ytick a, .hovertext a").count() == 0
        browser.close()


def test_a_waveform_has_a_trace_for_each_side_and_marks_what_is_inside_of_it() -> None:
    class Marked(NamedTuple):
        start: float
        stop: float

    side = [(-0.5, 0.5), (-0.25, 0.75)]
    figure = waveform([side, side], 10.0, [Marked(2.0, 40.0), Marked(11.0, 12.0)])
    assert [trace.name for trace in figure.data] == ["left", "right"]
    left, right = (list(trace.y) for trace in figure.data)
    assert left == pytest.approx([1.6, 1.85, 0.85, 0.6])
    assert max(right) < min(left)
    assert list(figure.data[0].x) == [2.5, 7.5, 7.5, 2.5]
    assert [(shape.x0, shape.x1) for shape in figure.layout.shapes] == [(2.0, 10.0)]
    assert len(waveform([side], 1.0).data) == 1
