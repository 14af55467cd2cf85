"""What forms, layouts and the score share: the truth of a call, and the style in which one export is written."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from tests.exports.dialogues import Scene, Turn, whole_seconds

T = TypeVar("T")

ASKED = "<asked>"
"""The truth of a field that the file does not settle: right is to hold the call or to name the doubt."""

UNSETTLED = "<unsettled>"
"""The role of a line of which nobody can tell who said it: right is to hold the call or to name the doubt."""
DERIVED = "<derived>"
"""The truth of an id whose cell holds a placeholder: any id but that."""
PLACEHOLDERS = ("N/A", "NULL", "-", "none", "#N/A", "unknown")


@dataclass(frozen=True)
class TruthLine:
    """A line as it has to be read. None stands for a time that the file does not give.

    A role is ASKED for a third voice (the line may also be left out, with a word about it), or UNSETTLED.
    """

    role: str
    text: str
    start: float | None = None
    stop: float | None = None


@dataclass(frozen=True)
class TruthCall:
    """A call as it has to be read. None stands for a field that the file does not speak of."""

    conversation_id: str | None
    agent: str | None
    product: int | str | None
    start: float | str | None
    lines: tuple[TruthLine, ...]
    tags: dict[str, str] = field(default_factory=dict)
    shift_ok: bool = (
        False  # line times are absolute: they may count from the call's start or from the first line
    )
    asked_text: bool = False  # the order of the lines is not in the file
    start_tolerance: float = 0.6


@dataclass(frozen=True)
class Written:
    """A transcript as a system writes it, and what it says."""

    value: Any
    lines: tuple[TruthLine, ...]
    shift_ok: bool = False


@dataclass(frozen=True)
class Form:
    """A way to write a transcript.

    Attributes:
        objects: the value is a list or an object, for JSON files or (as JSON text) for cells.
        labelled: turns carry labels, so that third voices can be written and names can be used.
        opaque: labels may be such that only the words tell who is who.
        named: labels must be words, not "1" or "A".
        file: the extension of a file of its own (txt, srt, vtt); "" where it stands in no file of its own.
        dated: its lines say on which day they were spoken.
        turns_only: words are joined to turns by speaker: no two turns in a row by one speaker.
        weight: how often exports use it, against 1 for the rare ones.
    """

    name: str
    write: Callable[[Style, Scene], Written]
    objects: bool = False
    labelled: bool = True
    opaque: bool = True
    named: bool = False
    file: str = ""
    turns_only: bool = False
    dated: bool = False
    weight: int = 1


class Style:
    """Choices that hold for a whole file: which labels, which key names, which clock."""

    def __init__(
        self,
        rng: random.Random,
        language: str,
        kind: str,
        roles: tuple[str, str],
        opaque: tuple[str, str],
        third: str,
        company_phone: str,
    ) -> None:
        self.rng = rng
        self.language = language
        self.kind = kind  # roles, names, phones, opaque, mixed or initials
        self.role_words = roles
        self.opaque_words = opaque
        self.third = third
        self.company_phone = company_phone
        self._picked: dict[str, Any] = {}

    def pick(self, key: str, options: Sequence[T]) -> T:
        """Choose once a file."""
        if key not in self._picked:
            self._picked[key] = self.rng.choice(options)
        chosen: T = self._picked[key]
        return chosen

    def turns(self, scene: Scene, *, whole: bool = False) -> tuple[Turn, ...]:
        return whole_seconds(scene.turns) if whole else scene.turns

    def roles(self, scene: Scene) -> tuple[str, str]:
        """Words for the two roles, never names."""
        return self.role_words


def label_of(style: Style, scene: Scene, turn: Turn) -> str:
    """Return the label of a turn in this file's style."""
    if turn.role not in ("agent", "customer"):
        return style.third
    side = 0 if turn.role == "agent" else 1
    if style.kind == "names":
        return (scene.agent, scene.customer)[side]
    if style.kind == "mixed":
        return scene.agent if side == 0 else style.role_words[1]
    if style.kind == "initials":
        return "".join(part[0] for part in (scene.agent, scene.customer)[side].split())
    if (
        style.kind == "phones"
    ):  # the customer's stands in a column too; the company's is the same in every call
        return (style.company_phone, scene.phone)[side]
    if style.kind == "opaque":
        first = next(t.role for t in scene.turns if t.role in ("agent", "customer"))
        return style.opaque_words[0 if turn.role == first else 1]
    return style.role_words[side]


def role_of(style: Style, turn: Turn) -> str:
    """Return the role's word, for forms that have a key for it."""
    if turn.role not in ("agent", "customer"):
        return style.third
    return style.role_words[0 if turn.role == "agent" else 1]


def spoken(
    turns: Sequence[Turn], *, times: bool = True, stops: bool = True, digits: int = 3
) -> tuple[TruthLine, ...]:
    """Return the truth of turns that are written as they are."""
    return tuple(
        TruthLine(
            turn.role if turn.role in ("agent", "customer") else ASKED,
            turn.text,
            round(turn.start, digits) if times else None,
            round(turn.stop, digits) if times and stops else None,
        )
        for turn in turns
    )


def clock(seconds: float, form: str) -> str:
    """Write an offset: "m:ss", "mm:ss", "h:mm:ss", "hh:mm:ss", "hh:mm:ss.mmm" or "hh:mm:ss,mmm"."""
    millis = round(seconds * 1000)
    whole, rest = divmod(millis, 1000)
    minutes, second = divmod(whole, 60)
    hours, minute = divmod(minutes, 60)
    if form == "m:ss":
        return f"{minutes}:{second:02}"
    if form == "mm:ss":
        return f"{minutes:02}:{second:02}"
    if form == "h:mm:ss":
        return f"{hours}:{minute:02}:{second:02}"
    if form == "hh:mm:ss":
        return f"{hours:02}:{minute:02}:{second:02}"
    return f"{hours:02}:{minute:02}:{second:02}{form[-4]}{rest:03}"
