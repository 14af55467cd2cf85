"""Measure how the reader does on generated exports, as an analyst meets it: the guessed mapping, and no answers.

    python -m tests.exports.score --seeds 0:300 --vocabulary seen --show-worst 20 --keep /tmp/worst

Each call and each field of it falls into one class:

    right      as the truth says (for what the file leaves open: held, or named by a finding)
    held       not right, but the call has an error finding, so it is not sent as it is
    warned     ready and not right; a warning of this call names the field
    silent     ready and not right, and nothing says so

The columns h.right, f.right and f.silent are the calls that are held although every field was read and the file leaves
nothing open, and the shares of fields that are right and that are silently wrong.
"""

from __future__ import annotations

import argparse
import os
import signal
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import reddy_lib as reddy
from tests.exports.generator import Sample, keep, make_sample
from tests.exports.sources import VOCABULARIES
from tests.exports.writing import ASKED, DERIVED, PLACEHOLDERS, UNSETTLED, TruthCall, TruthLine

CLASSES = ("right", "held", "warned", "silent")
FIELDS = ("conversation_id", "agent", "product", "start", "text", "roles", "times", "tags")
SECONDS = 20  # of processor time for one sample
WALL_SECONDS = 120  # for a sample that waits for something
# What a finding has to be about to name a field: its field, or words in its code.
NAMED_BY: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "conversation_id": (("conversation_id",), ("conversation", "without-id", "scattered")),
    "agent": (("agent_email",), ("agent",)),
    "product": (("product_id",), ("product",)),
    "start": (("timestamp",), ("timestamp", "date")),
    "text": (("transcript", "text", "line", "lines"), ("transcript", "line", "text", "speech")),
    "roles": (("role", "speaker"), ("role", "speaker", "side")),
    "times": (("start", "stop", "times"), ("time-", "times", "start-after", "pace", "unit", "out-of-order")),
    "tags": (("tags", "tag"), ("tag", "column")),
}
NOT_ABOUT_TEXT = ("times", "role", "speakers", "order")


@dataclass
class Loaded:
    """A call as the reader built it."""

    held: bool
    conversation_id: str | None
    agent: str | None
    product: int | None
    start: float | None
    lines: list[tuple[str, str, float | None, float | None]]
    tags: dict[str, str]
    findings: list[tuple[str, str, str]]  # field, code, severity


@dataclass
class Result:
    """What came of one sample."""

    seed: int
    layout: str
    form: str
    kind: str
    language: str
    date: str
    labels: str
    traits: tuple[str, ...]
    odd: str = "all"
    calls: Counter[str] = field(default_factory=Counter)
    fields: Counter[tuple[str, str]] = field(default_factory=Counter)
    held_but_right: int = 0
    notes: list[str] = field(default_factory=list)
    crash: str = ""
    seconds: float = 0.0

    @property
    def badness(self) -> float:
        total = max(1, sum(self.calls.values()))
        silent = sum(n for (_, how), n in self.fields.items() if how == "silent")
        return (
            (1000 if self.crash else 0)
            + (100 * self.calls["silent"] + silent) / total
            + self.calls["warned"] / total
        )


class TooLong(Exception):
    """A sample took more than its time."""


@contextmanager
def at_most(seconds: int) -> Iterator[None]:
    """Stop what takes more than its processor time, or waits much longer."""

    def stop(*_: object) -> None:
        raise TooLong(f"more than {seconds} s")

    before = [signal.signal(which, stop) for which in (signal.SIGPROF, signal.SIGALRM)]
    signal.setitimer(signal.ITIMER_PROF, seconds)
    signal.alarm(WALL_SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.alarm(0)
        for which, handler in zip((signal.SIGPROF, signal.SIGALRM), before, strict=True):
            signal.signal(which, handler)


def squeezed(text: object) -> str:
    return " ".join(str(text).split())


def unquoted(text: object) -> str:
    """Return a line without the quotation marks around all of it: whether they are sent makes no difference."""
    plain = squeezed(text)
    return plain[1:-1] if len(plain) > 2 and plain[0] == plain[-1] == '"' else plain


def read(sample: Sample, folder: Path) -> list[Loaded]:
    """Load a sample into a new ledger and return its calls."""
    path = folder / sample.name
    path.write_bytes(sample.data)
    ledger = reddy.Ledger(folder / "ledger.sqlite")
    batch = ledger.load(path, timezone=sample.zone, products=list(sample.products), progress=False)
    findings: dict[Any, list[tuple[str, str, str]]] = {}
    for row, found in batch.findings().iterrows():
        findings.setdefault(row, []).append((str(found["field"]), str(found["code"]), str(found["severity"])))
    calls = []
    for row, status in batch.calls()["status"].items():
        call = batch[row]
        calls.append(
            Loaded(
                status != "ready",
                call.conversation_id,
                call.agent_email,
                call.product_id,
                call.timestamp,
                [
                    (x.role, squeezed(x.text), x.start, x.stop)
                    for x in call.transcript or ()
                    if x.text.strip()
                ],
                {squeezed(tag.key).casefold(): squeezed(tag.value) for tag in call.tags or ()},
                findings.get(row, []),
            )
        )
    ledger.close()
    return calls


def names(name: str, call: Loaded) -> bool:
    """Tell whether a finding of the call names a field."""
    fields, words = NAMED_BY[name]
    for about, code, _ in call.findings:
        if name == "text" and any(word in code for word in NOT_ABOUT_TEXT):
            continue
        if name == "text" and about == "transcript" and code == "times-estimated":
            continue
        if about in fields or any(word in code for word in words):
            return True
    return False


def same_times(truth: TruthCall, lines: Sequence[tuple[str, str, float | None, float | None]]) -> bool:
    """Compare the times that the file gives; those that count from elsewhere may be shifted as a whole."""
    shifts = [0.0]
    first = truth.lines[0].start if truth.lines else None
    if truth.shift_ok and first is not None:
        shifts.append(first)
    return any(_same_times(truth.lines, lines, shift) for shift in shifts)


def _same_times(
    truth: Sequence[TruthLine], lines: Sequence[tuple[str, str, float | None, float | None]], shift: float
) -> bool:
    for want, got in zip(truth, lines, strict=False):
        for expected, read_as in ((want.start, got[2]), (want.stop, got[3])):
            if expected is not None and (read_as is None or abs(read_as - (expected - shift)) > 0.0501):
                return False
    return True


def compare(truth: TruthCall, call: Loaded) -> dict[str, bool]:
    """Return which fields are right. Fields of which the file does not speak are left out."""
    right: dict[str, bool] = {}
    for name, want, got in (
        ("conversation_id", truth.conversation_id, call.conversation_id),
        ("agent", truth.agent, call.agent),
        ("product", truth.product, call.product),
    ):
        if want == ASKED:
            right[name] = call.held or names(name, call)
        elif want == DERIVED:
            right[name] = bool(got) and got not in PLACEHOLDERS
        elif want is not None:
            right[name] = got == want
    if truth.start == ASKED:
        right["start"] = call.held or names("start", call)
    elif isinstance(truth.start, float):
        right["start"] = call.start is not None and abs(call.start - truth.start) <= truth.start_tolerance
    wanted = [squeezed(line.text) for line in truth.lines if line.role != ASKED]
    got_lines = list(call.lines)
    third = {squeezed(line.text) for line in truth.lines if line.role == ASKED}
    if third:
        said = names("roles", call) or names("text", call) or call.held
        right["roles"] = said
        got_lines = [line for line in got_lines if line[1] not in third]
    right["text"] = [line[1] for line in got_lines] == wanted
    if right["text"]:
        spoken = [line for line in truth.lines if line.role != ASKED]
        if any(line.role == UNSETTLED for line in spoken):
            roles = call.held or names("roles", call)
        else:
            roles = [line.role for line in spoken] == [line[0] for line in got_lines]
        right["roles"] = roles and right.get("roles", True)
        if any(line.start is not None for line in spoken):
            right["times"] = same_times(_without_third(truth), got_lines)
    if truth.tags:
        right["tags"] = all(
            call.tags.get(squeezed(key).casefold()) in (squeezed(value), f"{value}.0")
            for key, value in truth.tags.items()
        )
    return right


def _without_third(truth: TruthCall) -> TruthCall:
    return replace(truth, lines=tuple(line for line in truth.lines if line.role != ASKED))


def overlap(truth: TruthCall, call: Loaded) -> int:
    """Count the lines of a truth that stand somewhere in a call."""
    body = " ".join(line[1] for line in call.lines)
    return sum(1 for line in truth.lines if squeezed(line.text) in body and len(line.text) > 8)


def match(truth: Sequence[TruthCall], calls: Sequence[Loaded]) -> list[int | None]:
    """Return for each truth the place of its call: by id, else by what was said (two lines in five, or more)."""
    ids = {call.conversation_id: n for n, call in enumerate(calls)}
    found: list[int | None] = [
        ids.pop(one.conversation_id, None) if one.conversation_id not in (None, ASKED, DERIVED) else None
        for one in truth
    ]
    free = set(range(len(calls))) - set(found)
    for n, one in enumerate(truth):
        if found[n] is None and free:
            best = max(free, key=lambda place: overlap(one, calls[place]))
            if overlap(one, calls[best]) * 5 >= len(one.lines) * 2:
                found[n] = best
                free.discard(best)
    return found


def judge(sample: Sample, calls: list[Loaded], result: Result) -> None:
    """Sort each call and each field into its class."""
    places = match(sample.truth, calls)
    used = {place for place in places if place is not None}
    for n, (truth, place) in enumerate(zip(sample.truth, places, strict=True)):
        if place is None:
            held = any(call.held for k, call in enumerate(calls) if k not in used) or (
                bool(calls) and all(call.held for call in calls)
            )
            how = "held" if held else "silent"
            result.calls[how] += 1
            result.fields["calls", how] += 1
            result.notes.append(f"call {n}: no such call ({how})")
            continue
        call = calls[place]
        right = compare(truth, call)
        result.fields["calls", "right"] += 1
        worst = "right"
        for name, yes in right.items():
            how = "right" if yes else "held" if call.held else "warned" if names(name, call) else "silent"
            result.fields[name, how] += 1
            worst = max(worst, how, key=CLASSES.index)
            if not yes:
                result.notes.append(f"call {n}: {name} {how}{_difference(name, truth, call)}")
        result.calls["held" if call.held else worst] += 1
        result.held_but_right += call.held and worst == "right" and is_settled(truth)
    extra = [call for k, call in enumerate(calls) if k not in used]
    for call in extra:
        if not call.held:  # it would be sent: a call that never was
            result.calls["silent"] += 1
            result.fields["calls", "silent"] += 1
            result.notes.append(f"extra call {call.conversation_id} (silent)")
    if any(call.held for call in extra):  # counted once: rows of lines that are taken for calls are many
        result.fields["calls", "held"] += 1
        result.notes.append(f"{sum(call.held for call in extra)} extra calls are held")


def is_settled(truth: TruthCall) -> bool:
    """Return whether a file says everything of a call, so that a perfect reader need not hold it."""
    told = (truth.agent, truth.product, truth.start)
    return ASKED not in told and not any(line.role in (ASKED, UNSETTLED) for line in truth.lines)


def _difference(name: str, truth: TruthCall, call: Loaded) -> str:
    pairs = {
        "conversation_id": (truth.conversation_id, call.conversation_id),
        "agent": (truth.agent, call.agent),
        "product": (truth.product, call.product),
        "start": (truth.start, call.start),
        "tags": (truth.tags, call.tags),
        "text": ([x.text[:30] for x in truth.lines[:3]], [x[1][:60] for x in call.lines[:3]]),
        "roles": ([x.role[:1] for x in truth.lines], [x[0][:1] for x in call.lines]),
        "times": ([(x.start, x.stop) for x in truth.lines[:3]], [x[2:] for x in call.lines[:3]]),
    }
    want, got = pairs[name]
    return f": {got!r} instead of {want!r}"[:300]


def score_one(seed: int, vocabulary: str) -> Result:
    """Generate, load and judge one sample. A crash is a result."""
    sample = make_sample(seed, vocabulary)
    result = Result(
        seed,
        sample.layout,
        sample.form,
        sample.kind,
        sample.language,
        sample.date,
        sample.labels,
        sample.traits,
        sample.odd,
    )
    began = time.perf_counter()
    try:
        with tempfile.TemporaryDirectory() as folder, at_most(SECONDS):
            calls = read(sample, Path(folder))
        judge(sample, calls, result)
    except reddy.ReddyError as refused:  # the file was refused with a reason: nothing is sent
        result.notes.append(f"refused: {refused}")
        result.calls["held"] += len(sample.truth)
        result.fields["calls", "held"] += len(sample.truth)
    except Exception:  # noqa: BLE001 - a traceback is what this looks for
        result.crash = traceback.format_exc()
    result.seconds = time.perf_counter() - began
    return result


def _score(task: tuple[int, str]) -> Result:
    return score_one(*task)


def score(seeds: Sequence[int], vocabulary: str, *, processes: int = 2) -> list[Result]:
    """Score many samples, at most two at a time."""
    tasks = [(seed, vocabulary) for seed in seeds]
    if processes == 1:
        return [_score(task) for task in tasks]
    with ProcessPoolExecutor(min(processes, 2)) as pool:
        return list(pool.map(_score, tasks, chunksize=4))


@dataclass(frozen=True)
class Totals:
    """Shares over many samples, in per cent."""

    samples: int
    calls: int
    shares: dict[str, float]
    field_right: float
    field_silent: float
    held_but_right: float  # calls that are held although everything was read
    crashes: int


def totals(results: Sequence[Result]) -> Totals:
    calls: Counter[str] = Counter()
    fields: Counter[str] = Counter()
    for one in results:
        calls += one.calls
        for (_, how), n in one.fields.items():
            fields[how] += n
    count = max(1, sum(calls.values()))
    all_fields = max(1, sum(fields.values()))
    return Totals(
        len(results),
        count,
        {how: 100 * calls[how] / count for how in CLASSES},
        100 * fields["right"] / all_fields,
        100 * fields["silent"] / all_fields,
        100 * sum(one.held_but_right for one in results) / count,
        sum(1 for one in results if one.crash),
    )


def row_of(name: str, results: Sequence[Result]) -> str:
    t = totals(results)
    shares = "".join(f"{t.shares[how]:8.1f}" for how in CLASSES)
    rest = f"{t.held_but_right:9.1f}{t.field_right:9.1f}{t.field_silent:9.1f}{t.crashes:7}"
    return f"{name:28}{t.samples:6}{t.calls:7}{shares}{rest}"


def report(
    results: Sequence[Result],
    *,
    by: Sequence[str] = ("odd", "layout", "form", "language", "kind", "date", "labels"),
) -> str:
    """Return the tables as text."""
    head = (
        f"{'':28}{'files':>6}{'calls':>7}"
        + "".join(f"{how:>8}" for how in CLASSES)
        + " h.right f.right f.silent  crash"
    )
    out = [head, row_of("ALL", results), ""]
    for key in by:
        out.append(f"by {key}")
        groups: dict[str, list[Result]] = {}
        for one in results:
            groups.setdefault(str(getattr(one, key)), []).append(one)
        out += [row_of(f"  {name}", groups[name]) for name in sorted(groups)] + [""]
    out.append("by field" + " " * 20 + "".join(f"{how:>8}" for how in CLASSES))
    for name in ("calls", *FIELDS):
        counts = [sum(one.fields[name, how] for one in results) for how in CLASSES]
        total = max(1, sum(counts))
        out.append(f"  {name:26}" + "".join(f"{100 * n / total:8.1f}" for n in counts) + f"  of {total}")
    out.append("by trait")
    traits = sorted({trait for one in results for trait in one.traits})
    out += [row_of(f"  {trait}", [one for one in results if trait in one.traits]) for trait in traits]
    return "\n".join(out)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument(
        "--seeds", default="0:300", help="first:last, the last not included; or a single seed"
    )
    parser.add_argument("--vocabulary", choices=VOCABULARIES, default="seen")
    parser.add_argument(
        "--show-worst", type=int, default=0, help="how many of the worst samples to show; none: sums alone"
    )
    parser.add_argument("--keep", type=Path, help="folder to which the worst samples are written")
    parser.add_argument("--processes", type=int, choices=(1, 2), default=2)
    given = parser.parse_args()
    first, _, last = given.seeds.partition(":")
    seeds = range(int(first), int(last) if last else int(first) + 1)
    began = time.perf_counter()
    with tempfile.TemporaryDirectory() as state:  # not in the home of whoever runs this
        os.environ.setdefault("REDDY_STATE", state)
        results = score(seeds, given.vocabulary, processes=given.processes)
    took = time.perf_counter() - began
    print(report(results))
    print(f"\n{len(results)} files in {took:.0f} s: {len(results) / took:.1f} files a second")
    worst = sorted(results, key=lambda one: one.badness, reverse=True)[: given.show_worst]
    for one in worst:
        if one.badness <= 0:
            break
        print(
            f"\nseed {one.seed} ({given.vocabulary}) {one.layout} · {one.form} · {one.kind} · {one.language} · "
            f"{one.date} · {one.labels} · odd: {one.odd} · {' '.join(one.traits)}\n"
            f"  calls {dict(one.calls)}, {one.seconds:.1f} s"
        )
        for note in one.crash.splitlines()[-4:] if one.crash else one.notes[:6]:
            print("   ", note)
        if given.keep:
            keep(make_sample(one.seed, given.vocabulary), given.keep)


if __name__ == "__main__":
    main()
