"""Draw a recording's waveform as a Plotly figure, from numbers: this module opens no files.

It uses the colours and the transparent background of the outcome charts, to be legible in light and dark themes.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import plotly.graph_objects as go

from reddy_lib.outcomes.charts import COLOURS

__all__ = ["waveform"]

_SIDES = (COLOURS["accepted"], COLOURS["failed"])
_MARK = COLOURS["rejected"]


class _Span(Protocol):
    @property
    def start(self) -> float: ...
    @property
    def stop(self) -> float: ...


def waveform(
    sides: Sequence[Sequence[tuple[float, float]]], seconds: float, spans: Sequence[_Span] = ()
) -> go.Figure:
    """Draw a waveform; two sides are drawn one above the other.

    Args:
        sides: for each side the (lowest, highest) sample of each bucket, from -1 to 1.
        seconds: the length of the recording.
        spans: parts to highlight.
    """
    figure = go.Figure()
    two = len(sides) == 2
    names = ["left", "right"] if two else [""]
    for number, side in enumerate(sides):
        times = [(bucket + 0.5) * seconds / max(1, len(side)) for bucket in range(len(side))]
        middle = 1.1 - 2.2 * number if two else 0.0
        colour = _SIDES[number % 2]
        figure.add_trace(
            go.Scatter(
                x=[*times, *reversed(times)],
                y=[*(high + middle for _, high in side), *(low + middle for low, _ in reversed(side))],
                fill="toself",
                fillcolor=colour,
                line={"color": colour, "width": 1},
                mode="lines",
                name=names[number % len(names)],
                hoverinfo="skip",
            )
        )
    for span in spans:
        stop = min(span.stop, seconds)
        if span.start < stop:
            figure.add_vrect(
                x0=span.start, x1=stop, fillcolor=_MARK, opacity=0.25, line={"color": _MARK, "width": 1}
            )
    figure.update_layout(
        height=170 if two else 130,
        margin={"l": 0, "r": 0, "t": 4, "b": 0},
        showlegend=False,
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        dragmode=False,
    )
    figure.update_xaxes(title=None, ticksuffix=" s", range=[0, seconds], fixedrange=True)
    figure.update_yaxes(
        tickmode="array",
        tickvals=[1.1, -1.1] if two else [0],
        ticktext=names,
        range=[-2.2, 2.2] if two else [-1.05, 1.05],
        fixedrange=True,
        showgrid=False,
        zeroline=False,
        automargin=True,
    )
    return figure
