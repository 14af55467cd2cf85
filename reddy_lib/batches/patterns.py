"""Refuse regular expressions that could run for hours on one line: Python's matcher cannot be stopped."""

from __future__ import annotations

import re

__all__ = ["MOST", "check_pattern"]

MOST = 500
"""The longest pattern, in characters."""

_TOKEN = re.compile(
    r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|\((?:\?(?:P<\w+>|P=\w+\)|<?[=!]|#[^)]*\)|[aiLmsux-]+[:)]|:|>|\()?)?"
    r"|\)|[*+?]\??\+?|\{\d*,?\d*\}\??\+?|\||.",
    re.DOTALL,
)


def check_pattern(pattern: str) -> None:
    """Check a pattern that a person typed or a file brought.

    Raises ValueError: it is no pattern, it is longer than `MOST`, or it repeats a group that itself holds a repetition or
    alternatives, such as (a+)+ or (a|ab)*, which can take exponential time.
    """
    if len(pattern) > MOST:
        raise ValueError(f"The pattern has {len(pattern):,} characters; it may have {MOST}.")
    try:
        re.compile(pattern)
    except (re.error, OverflowError, RecursionError) as error:
        raise ValueError(f"The pattern {pattern!r} cannot be used: {error}.") from None
    open_groups: list[bool] = []  # whether a group holds a repetition or alternatives
    closed: bool | None = None  # the same of the group that ends right before the token
    for token in _TOKEN.findall(pattern):
        endless = token[0] in "*+" or (token[0] == "{" and token.rstrip("?+").endswith(",}"))
        many = endless or (
            token[0] == "{" and len(token) > 2 and int(re.findall(r"\d+", token + "0")[-2]) > 4
        )
        if many and closed:
            raise ValueError(
                f"The pattern {pattern!r} repeats a group that holds a repetition or alternatives, so it could run for "
                "hours. Write it without the outer repetition."
            )
        closed = None
        if token[0] == "(" and not token.endswith(")"):
            open_groups.append(False)
        elif token == ")" and open_groups:
            closed = open_groups.pop()
            if closed and open_groups:
                open_groups[-1] = True
        elif (token == "|" and open_groups) or ((many or token[0] == "?") and open_groups):
            open_groups[-1] = True
