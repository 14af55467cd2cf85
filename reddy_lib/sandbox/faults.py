"""Misbehaviour on request: what a server can do to a client, and which requests it happens to.

A `Fault` says what goes wrong and when; `Faults` decides for each request which one strikes, by counting and by
a seeded random number, so a run can be repeated. "Processed" is the point of most of them: whether the sandbox
took the request before things went wrong, which no client can see from its side.
"""

from __future__ import annotations

import random
import threading
from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

__all__ = ["Fault", "Faults"]

Count = Annotated[int, Meta(ge=1)]


class Fault(msgspec.Struct, omit_defaults=True, forbid_unknown_fields=True, kw_only=True):
    """One kind of misbehaviour, and when it strikes.

    Attributes:
        kind: "slow" (answers, but `seconds` later), "status" (answers with `status`, with `Retry-After` if
            `retry_after` is given), "hang-up" (closes the connection without a word), "not-json" (200 with an
            HTML page), "half-answer" (half of the right answer, then closes the connection), "half-body" (reads
            `bytes` of the request's body, then closes the connection), "upload-url" (the right answer to a create,
            but with `url` in it for the recording).
        on: the requests meant: "create", "add_tags", "products", "upload" or "any".
        after: requests that pass unharmed first.
        every: then each n-th request (1: all).
        probability: of those, the share that is struck.
        times: strikes at most so often; None: without end.
        status: for kind "status".
        words: what the answer of kind "status" says; "": a sentence of the sandbox's own.
        retry_after: seconds for the `Retry-After` header of kind "status".
        seconds: waited before the fault's answer.
        bytes: for kind "half-body".
        url: for kind "upload-url"; "{path}" in it stands for the path of the right one ("http://elsewhere{path}");
            None: no address at all.
        processed: whether the request takes effect before it goes wrong; None: what is usual for the kind (yes
            for "slow", "half-answer" and "upload-url", no for the others). A "hang-up" that is not processed reads nothing.
    """

    kind: Literal["slow", "status", "hang-up", "not-json", "half-answer", "half-body", "upload-url"]
    on: Literal["any", "create", "add_tags", "products", "upload"] = "any"
    after: Annotated[int, Meta(ge=0)] = 0
    every: Count = 1
    probability: Annotated[float, Meta(gt=0, le=1)] = 1.0
    times: Count | None = None
    status: Annotated[int, Meta(ge=300, le=599)] = 500
    words: str = ""
    retry_after: Annotated[float, Meta(ge=0)] | None = None
    seconds: Annotated[float, Meta(ge=0)] = 0.0
    bytes: Annotated[int, Meta(ge=0)] = 0
    url: str | None = None
    processed: bool | None = None

    @property
    def takes_effect(self) -> bool:
        """Whether the request is processed although it goes wrong."""
        return (
            self.kind in ("slow", "half-answer", "upload-url") if self.processed is None else self.processed
        )


class Faults:
    """The faults that are set, in order: the first one that strikes decides. Safe to change from any thread."""

    def __init__(self, faults: Iterable[Fault] = (), *, seed: int = 0) -> None:
        self._lock = threading.Lock()
        self._random = random.Random(seed)
        self._set: list[_Counted] = []
        self.add(*faults)

    def __repr__(self) -> str:
        return f"<Faults: {', '.join(fault.kind for fault in self.current()) or 'none'}>"

    def add(self, *faults: Fault) -> None:
        """Set further faults; their counting starts now."""
        with self._lock:
            self._set = [*self._set, *(_Counted(fault) for fault in faults)]

    def remove(self, *faults: Fault) -> None:
        """Take back these very faults, and no equal ones that somebody else set."""
        with self._lock:
            self._set = [one for one in self._set if all(one.fault is not fault for fault in faults)]

    def clear(self) -> None:
        """Behave well from now on."""
        with self._lock:
            self._set = []

    def current(self) -> list[Fault]:
        """The faults that can still strike."""
        return [counted.fault for counted in self._set if not counted.spent]

    def strike(self, endpoint: str) -> Fault | None:
        """The fault that this request to `endpoint` meets, or None. Counts the request."""
        if not self._set:
            return None
        with self._lock:
            for counted in self._set:
                if counted.strikes(endpoint, self._random):
                    return counted.fault
        return None


class _Counted:
    def __init__(self, fault: Fault) -> None:
        self.fault = fault
        self._met = 0
        self._struck = 0

    @property
    def spent(self) -> bool:
        return self.fault.times is not None and self._struck >= self.fault.times

    def strikes(self, endpoint: str, chance: random.Random) -> bool:
        fault = self.fault
        if self.spent or fault.on not in ("any", endpoint):
            return False
        self._met += 1
        past = self._met - fault.after
        if past < 1 or past % fault.every:
            return False
        if fault.probability < 1 and chance.random() >= fault.probability:
            return False
        self._struck += 1
        return True


def faults_from(faults: Iterable[Fault | Mapping[str, Any]] | None) -> Faults:
    """Return faults from a list of `Fault`s or dicts; None: none.

    Raises:
        TypeError: it is not such a list.
        ValueError: a dict has a name or value that no fault has.
    """
    if isinstance(faults, Fault | str | bytes | Mapping) or not isinstance(faults, Iterable | type(None)):
        raise TypeError(
            'faults must be a list such as [Fault(kind="hang-up")] or [{"kind": "hang-up"}], '
            f"not a {type(faults).__name__}."
        )
    found = []
    for one in faults or ():
        if not isinstance(one, Fault | Mapping):
            raise TypeError(
                f"A fault is a Fault or a dict such as {{'kind': 'hang-up'}}, not a {type(one).__name__}."
            )
        try:
            found.append(one if isinstance(one, Fault) else fault_from(one))
        except msgspec.ValidationError as error:
            raise ValueError(f"This fault cannot be used: {error}.") from None
    return Faults(found)


def fault_from(values: Mapping[str, Any] | bytes | str) -> Fault:
    """A fault from a mapping, from JSON bytes, or from words such as `status status=503 every=5 retry_after=1`.

    Raises:
        msgspec.ValidationError: a name or value that no fault has.
        msgspec.DecodeError: bytes that are not JSON.
    """
    if isinstance(values, bytes):
        return msgspec.json.decode(values, type=Fault)
    if isinstance(values, str):
        kind, *settings = values.replace(",", " ").split()
        pairs = dict(setting.partition("=")[::2] for setting in settings)
        return msgspec.convert({"kind": kind, **pairs}, Fault, strict=False)
    return msgspec.convert(values, Fault)
