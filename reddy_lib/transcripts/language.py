"""Detect the language of what was said."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable
from typing import Protocol, cast

from py3langid.langid import MODEL_FILE, LanguageIdentifier

__all__ = ["language_of"]

_LEAST_LETTERS = 20
_ENOUGH = 300  # characters: more does not make the answer more certain
_SURE = 0.8
_LETTERS = re.compile(r"[^\W\d_]")


class _Identifier(Protocol):
    def classify(self, text: str) -> tuple[str, float]: ...


def language_of(texts: Iterable[str]) -> str:
    """Return the ISO 639-1 code of the language of a call's turns, such as "en"; "" where it cannot be told.

    The longest turns are looked at: greetings and names say little.
    """
    sample = ""
    for text in sorted(texts, key=len, reverse=True):
        sample += f"{text[:_ENOUGH]}\n"
        if len(sample) > _ENOUGH:
            break
    if len(_LETTERS.findall(sample)) < _LEAST_LETTERS and not _dense(sample):
        return ""
    language, probability = _identifier().classify(sample)
    return language if probability >= _SURE else ""


def _dense(text: str) -> bool:
    """Return whether a few letters are enough: a character of Chinese, Japanese or Korean is a syllable or a word."""
    return sum(1 for one in _LETTERS.findall(text) if one >= "\u2e80") >= _LEAST_LETTERS // 3


@functools.cache
def _identifier() -> _Identifier:
    """Load the model, which takes most of a second: where nobody asks for a language, nobody waits for it."""
    return cast(_Identifier, LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True))
