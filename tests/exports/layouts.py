"""How an export lays out its calls: in rows, in columns, in sheets, in nested objects, in files of their own."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from tests.exports.columns import (
    COMMA_LANGUAGES,
    SAYS_SECONDS,
    Columns,
    Payload,
    Plan,
    Sheet,
    as_text,
    call_columns,
    set_lines,
    table_of,
    transcripts,
)
from tests.exports.dates import Cell
from tests.exports.dialogues import Turn
from tests.exports.writing import ASKED, clock, label_of, spoken

# a row a call


def row_a_call(plan: Plan) -> Payload:
    columns = call_columns(plan)
    cells: list[Cell] = [as_text(w.value) for w in transcripts(plan)]
    at = plan.rng.randint(1, len(columns)) if plan.rng.random() < 0.3 else len(columns)
    columns.insert(at, ("transcript", plan.header("transcript"), cells))
    return Payload([Sheet("Calls", table_of(columns))])


def split_columns(plan: Plan) -> Payload:
    """The transcript goes on in further columns, cut anywhere."""
    columns = call_columns(plan)
    texts = [as_text(w.value) for w in transcripts(plan)]
    size = max(60, max(len(t) for t in texts) // 3 + 1)
    base = plan.header("transcript")
    for part in range(3):
        cells: list[Cell] = [t[part * size : (part + 1) * size] for t in texts]
        columns.append(("transcript", f"{base} {part + 1}", cells))
    return Payload([Sheet("Calls", table_of(columns))])


def turns_across(plan: Plan) -> Payload:
    """Speaker 1, Text 1, Speaker 2, Text 2 …"""
    columns = call_columns(plan)
    most = max(len(s.turns) for s in plan.scenes)
    who, text = plan.header("line_role"), plan.header("line_text")
    for n in range(most):
        shown = [s.turns[n] if n < len(s.turns) else None for s in plan.scenes]
        columns.append(
            (
                "who",
                f"{who} {n + 1}",
                [label_of(plan.style, s, t) if t else None for s, t in zip(plan.scenes, shown, strict=True)],
            )
        )
        columns.append(("text", f"{text} {n + 1}", [t.text if t else None for t in shown]))
    set_lines(plan, [spoken(s.turns, times=False) for s in plan.scenes])
    return Payload([Sheet("Calls", table_of(columns))])


def side_columns(plan: Plan) -> Payload:
    """A row a call, a column a side; clocks tell how the two go together."""
    columns = call_columns(plan)
    lines = []
    for field_name, side in (("agent_side", "agent"), ("customer_side", "customer")):
        cells: list[Cell] = [
            "\n".join(
                f"[{clock(t.start, 'mm:ss')}] {t.text}"
                for t in plan.style.turns(s, whole=True)
                if t.role == side
            )
            for s in plan.scenes
        ]
        columns.append((field_name, plan.header(field_name), cells))
    for scene in plan.scenes:
        lines.append(spoken(plan.style.turns(scene, whole=True), stops=False))
    set_lines(plan, lines)
    return Payload([Sheet("Calls", table_of(columns))])


def transposed(plan: Plan) -> Payload:
    table = row_a_call(plan).sheets[0].rows
    return Payload([Sheet("Calls", [list(row) for row in zip(*table, strict=True)], header=False)])


def agents_sheet(plan: Plan) -> Payload:
    """Calls name the agent by a number; a second sheet tells whose it is."""
    plan.traits -= {"agent-mixed", "agent-name-only", "agent-name"}
    columns = call_columns(plan)
    people = people_sheet(plan, columns)
    cells: list[Cell] = [as_text(w.value) for w in transcripts(plan)]
    columns.append(("transcript", plan.header("transcript"), cells))
    return Payload([Sheet("Calls", table_of(columns)), people])


def people_sheet(plan: Plan, columns: Columns) -> Sheet:
    """Put numbers in place of the agents' emails, and return the sheet that tells whose they are."""
    keys = {email: f"A{100 + n}" for n, email in enumerate(sorted({s.email for s in plan.scenes}))}
    name = plan.words["agent_name"].split("|")[0]
    number = f"{name}ID" if plan.language in ("ja", "zh") else f"{name} ID"
    for n, (field_name, _, _) in enumerate(columns):
        if field_name == "agent_email":
            columns[n] = ("agent_key", number, [keys[s.email] for s in plan.scenes])
    people = {s.email: s.agent for s in plan.scenes}
    rows: list[list[Cell]] = [[number, name, plan.header("agent_email")]]
    rows += [[keys[email], agent, email] for email, agent in sorted(people.items())]
    return Sheet("Agents", rows)


# a row a line


def line_times(plan: Plan, *, needed: bool) -> str:
    """Choose how the rows write times."""
    options = ["seconds", "clock", "long-clock", "millis", "wall", "wall"]
    if plan.language in COMMA_LANGUAGES and plan.flat:
        options.append("comma")
    if plan.flat and not SAYS_SECONDS.search(plan.header("line_start") + plan.header("line_stop")):
        options.append("minutes")
    if SAYS_SECONDS.search(plan.header("line_start") + plan.header("line_stop")):
        options = ["seconds", "seconds", "wall"]
    if plan.date.truth == ASKED:  # a date beside each line would settle the call's
        options = [one for one in options if one != "wall"]
    if not needed:
        options.append("none")
    return plan.rng.choice(options)


def line_columns(plan: Plan, how: str) -> tuple[list[str], Callable[[int, Turn], list[Cell]], bool]:
    """Return headers of the time columns, the cells of a turn, and whether stops are given."""
    if how == "none":
        return [], lambda n, t: [], False
    if how == "wall":
        # A date form that loses seconds would not put the lines in order.
        def wall(n: int, t: Turn) -> list[Cell]:
            when = plan.scenes[n].start + timedelta(seconds=t.start)
            return [plan.local(n, when).strftime("%Y-%m-%d %H:%M:%S.") + f"{round(t.start % 1 * 1000):03}"]

        return [plan.header("line_time")], wall, False
    start, stop = plan.header("line_start"), plan.header("line_stop")
    write: Callable[[float], Cell]
    if how == "seconds":
        write = lambda s: s  # noqa: E731
    elif how == "comma":
        write = lambda s: f"{s:.2f}".replace(".", ",")  # noqa: E731
    elif how == "clock":
        write = lambda s: clock(s, "mm:ss")  # noqa: E731
    elif how == "long-clock":
        write = lambda s: clock(s, "h:mm:ss")  # noqa: E731
    elif how == "millis":
        write = lambda s: round(s * 1000)  # noqa: E731
        if plan.rng.random() < 0.6:
            start, stop = f"{start} (ms)", f"{stop} (ms)"
    else:
        write = lambda s: f"{s / 60:.4f}"  # noqa: E731
        start, stop = f"{start} (min)", f"{stop} (min)"
    if plan.rng.random() < 0.3:
        return [start], lambda n, t: [write(t.start)], False
    return [start, stop], lambda n, t: [write(t.start), write(t.stop)], True


Order = Callable[[Plan, list[tuple[int, int]]], list[tuple[int, int]]]


def _grouped(plan: Plan, order: list[tuple[int, int]]) -> list[tuple[int, int]]:
    return order


def _newest(plan: Plan, order: list[tuple[int, int]]) -> list[tuple[int, int]]:
    return order[::-1]


def _shuffled(plan: Plan, order: list[tuple[int, int]]) -> list[tuple[int, int]]:
    mixed = list(order)
    plan.rng.shuffle(mixed)
    return mixed


def _interleaved(plan: Plan, order: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Rows as a system logs them while calls run beside each other."""
    return sorted(order, key=lambda place: (place[1], place[0]))


def row_a_line(order: Order, *, sparse: bool = False, sides: bool = False) -> Callable[[Plan], Payload]:
    """Return a layout with a row a line.

    Args:
        order: how the rows are sorted.
        sparse: the call's cells stand in its first row alone.
        sides: two columns of text, one a side, instead of a role and a text.
    """

    def layout(plan: Plan) -> Payload:
        columns = call_columns(plan)
        ordered = order is _grouped
        has_sequence = plan.rng.random() < 0.4 and not sides
        needed = not ordered and not has_sequence
        how = line_times(plan, needed=needed or plan.has("no-start"))
        whole = how in ("clock", "long-clock")
        headers, times, stops = line_columns(plan, how)
        sides_headers = [plan.header("agent_side"), plan.header("customer_side")]
        role, text = plan.header("line_role"), plan.header("line_text")
        sequence = [plan.header("line_seq")] if has_sequence else []
        words = sides_headers if sides else [role, text]
        rows: list[list[Cell]] = [[*(h for _, h, _ in columns), *sequence, *headers, *words]]
        turns = [plan.style.turns(s, whole=whole) for s in plan.scenes]
        places = [(n, k) for n, one in enumerate(turns) for k in range(len(one))]
        seen: set[int] = set()
        for n, k in order(plan, places):
            turn = turns[n][k]
            call = [cells[n] if not sparse or n not in seen else None for _, _, cells in columns]
            seen.add(n)
            if sides:
                said: list[Cell] = [turn.text, None] if turn.role == "agent" else [None, turn.text]
            else:
                said = [label_of(plan.style, plan.scenes[n], turn), turn.text]
            rows.append([*call, *([k + 1] if sequence else []), *times(n, turn), *said])
        set_lines(
            plan,
            [spoken(one, times=how != "none", stops=stops) for one in turns],
            shift_ok=how == "wall",
        )
        if how == "wall" and plan.has("no-start"):
            plan.truth = [
                replace(c, start=s.start.timestamp() + s.turns[0].start, start_tolerance=5.0)
                for c, s in zip(plan.truth, plan.scenes, strict=True)
            ]
        return Payload([Sheet("Lines", rows)])

    return layout


def question_answer(plan: Plan) -> Payload:
    """A row an exchange: what the customer wrote, and what the agent answered."""
    columns = call_columns(plan)
    customer, agent = plan.header("customer_side"), plan.header("agent_side")
    number = plan.header("line_seq")
    rows: list[list[Cell]] = [[*(h for _, h, _ in columns), number, customer, agent]]
    lines = []
    for n, scene in enumerate(plan.scenes):
        turns = [t for t in scene.turns if t.role in ("agent", "customer")]
        while turns[0].role == "agent":  # a chat begins with what the customer writes
            turns = turns[1:]
        turns = turns[: len(turns) // 2 * 2]
        for k in range(0, len(turns), 2):
            rows.append(
                [*(cells[n] for _, _, cells in columns), k // 2 + 1, turns[k].text, turns[k + 1].text]
            )
        lines.append(spoken(turns, times=False))
    set_lines(plan, lines)
    return Payload([Sheet("Turns", rows)])


def two_sheets(plan: Plan) -> Payload:
    """One sheet of calls and one of their lines, joined by the call's id."""
    plan.traits -= {"no-id", "placeholder-ids"}
    return Payload(_calls_and_lines(plan, call_columns(plan)))


def three_sheets(plan: Plan) -> Payload:
    """Calls, their lines, and the agents whose numbers the calls name."""
    plan.traits -= {"no-id", "placeholder-ids", "agent-mixed", "agent-name-only", "agent-name"}
    columns = call_columns(plan)
    people = people_sheet(plan, columns)
    return Payload([*_calls_and_lines(plan, columns), people])


def _calls_and_lines(plan: Plan, columns: Columns) -> list[Sheet]:
    how = line_times(plan, needed=False)
    headers, times, stops = line_columns(plan, how)
    whole = how in ("clock", "long-clock")
    key = plan.header("call_id")
    rows: list[list[Cell]] = [[key, *headers, plan.header("line_role"), plan.header("line_text")]]
    turns = [plan.style.turns(s, whole=whole) for s in plan.scenes]
    for n, one in enumerate(turns):
        for turn in one:
            rows.append([plan.ids[n], *times(n, turn), label_of(plan.style, plan.scenes[n], turn), turn.text])
    set_lines(plan, [spoken(one, times=how != "none", stops=stops) for one in turns], shift_ok=how == "wall")
    sheets = [Sheet("Calls", table_of(columns)), Sheet("Lines", rows)]
    if plan.rng.random() < 0.3:
        sheets.reverse()
    return sheets


# JSON


def nest(record: dict[str, Any]) -> dict[str, Any]:
    """Turn names with dots into nested objects."""
    out: dict[str, Any] = {}
    for key, value in record.items():
        at = out
        *parents, last = key.split(".")
        for parent in parents:
            at = at.setdefault(parent, {})
        at[last] = value
    return out


def flat_records(plan: Plan) -> list[dict[str, Any]]:
    columns = call_columns(plan)
    written = transcripts(plan)
    records = []
    for n, w in enumerate(written):
        record = {header: cells[n] for _, header, cells in columns}
        record[plan.header("transcript")] = w.value
        records.append(nest(record))
    return records


def json_list(plan: Plan) -> Payload:
    return Payload(document=flat_records(plan))


def json_envelope(plan: Plan) -> Payload:
    records = flat_records(plan)
    path = plan.rng.choice(
        (("data", "transcripts"), ("results",), ("response", "calls"), ("conversations",), ("items",))
    )
    document: Any = records
    for key in reversed(path):
        document = {key: document}
    document["meta" if path[0] != "results" else "count"] = (
        {"total": len(records), "page": 1} if path[0] != "results" else len(records)
    )
    return Payload(document=document)


def nested_people(plan: Plan) -> Payload:
    """Objects for agent, customer and product inside each call."""
    return Payload(document=_nested(plan))


def _nested(plan: Plan) -> list[dict[str, Any]]:
    plan.traits -= {"agent-mixed", "agent-name-only", "no-product", "placeholder-ids"}
    columns = call_columns(plan)
    written = transcripts(plan)
    agent_key = plan.style.pick("agent-key", ("agent", "user", "assignee", "handled_by", "owner"))
    customer_key = (
        "customer"
        if agent_key == "user"
        else plan.style.pick("customer-key", ("customer", "contact", "requester"))
    )
    mail = plan.style.pick("mail-key", ("email", "email_address", "mail"))
    skip = {"agent_email", "agent_name", "product", "product_id", "customer_name", "customer_email", "phone"}
    records = []
    for n, scene in enumerate(plan.scenes):
        record: dict[str, Any] = {h: cells[n] for name, h, cells in columns if name not in skip}
        record[agent_key] = {"id": 900 + n, "name": scene.agent, mail: scene.email}
        record[customer_key] = {"name": scene.customer, "phone": scene.phone}
        if plan.has("customer-email"):
            record[customer_key][mail] = f"{scene.customer.lower().replace(' ', '.')}@mail.example"
        record["product"] = {"id": scene.product_id, "name": scene.product}
        record[plan.header("transcript")] = written[n].value
        records.append(nest(record))
    return records


def participants(plan: Plan) -> Payload:
    """A list of people in each call, with roles and addresses."""
    records = []
    agent_role, customer_role = plan.style.role_words
    for record, scene in zip(_nested(plan), plan.scenes, strict=True):
        for key in ("agent", "user", "assignee", "handled_by", "owner", "customer", "contact", "requester"):
            record.pop(key, None)
        people = [
            {"role": customer_role, "name": scene.customer, "phone": scene.phone},
            {"role": agent_role, "name": scene.agent, "email": scene.email},
        ]
        if plan.style.pick("people-order", (True, False)):
            people.reverse()
        record["participants"] = people
        records.append(record)
    return Payload(document=records)


def side_loaded(plan: Plan) -> Payload:
    """Calls that name users by id, and the users in a list beside them."""
    people: dict[str, dict[str, Any]] = {}
    for scene in plan.scenes:
        people.setdefault(
            scene.email,
            {"id": 70_000 + len(people), "name": scene.agent, "email": scene.email, "role": "agent"},
        )
    records = _nested(plan)
    for record, scene in zip(records, plan.scenes, strict=True):
        for key in ("agent", "user", "assignee", "handled_by", "owner"):
            record.pop(key, None)
        record[plan.style.pick("agent-id-key", ("agent_id", "assignee_id", "user_id"))] = people[scene.email][
            "id"
        ]
    return Payload(document={"calls": records, "users": list(people.values()), "next_page": None})


def json_api(plan: Plan) -> Payload:
    """The JSON:API envelope: type, id, attributes."""
    plan.traits -= {"no-id", "placeholder-ids"}
    key = plan.header("call_id").split(".")[0]
    records = flat_records(plan)
    data = []
    for n, record in enumerate(records):
        record.pop(key, None) if not isinstance(record.get(key), dict) else None
        data.append({"type": "calls", "id": plan.ids[n], "attributes": record})
    return Payload(document={"data": data, "links": {"next": None}, "meta": {"count": len(data)}})


def pandas_json(plan: Plan) -> Payload:
    """What a DataFrame writes: split, index or columns."""
    columns = call_columns(plan)
    cells: list[Cell] = [as_text(w.value) for w in transcripts(plan)]
    columns.append(("transcript", plan.header("transcript"), cells))
    table = table_of(columns)
    head, rows = [str(h) for h in table[0]], table[1:]
    orient = plan.rng.choice(("split", "index", "columns", "table"))
    if orient == "split":
        return Payload(document={"columns": head, "index": list(range(len(rows))), "data": rows})
    if orient == "index":
        return Payload(document={str(n): dict(zip(head, row, strict=True)) for n, row in enumerate(rows)})
    if orient == "columns":
        return Payload(
            document={h: {str(n): row[k] for n, row in enumerate(rows)} for k, h in enumerate(head)}
        )
    schema = {"fields": [{"name": h, "type": "string"} for h in head], "pandas_version": "1.4.0"}
    return Payload(document={"schema": schema, "data": [dict(zip(head, row, strict=True)) for row in rows]})


def json_line_records(plan: Plan) -> Payload:
    """A record a line of transcript, in a JSON list."""
    table = row_a_line(_grouped)(plan).sheets[0].rows
    head = [str(h) for h in table[0]]
    return Payload(document=[nest(dict(zip(head, row, strict=True))) for row in table[1:]])


# files


def zip_of_records(plan: Plan) -> Payload:
    """A JSON file a call."""
    records = flat_records(plan)
    return Payload(
        texts={
            f"export/{plan.ids[n]}.json": json.dumps(r, ensure_ascii=False, indent=1)
            for n, r in enumerate(records)
        }
    )


def zip_of_texts(plan: Plan) -> Payload:
    """A text file a call; who answered and which product stands nowhere."""
    call_columns(plan)
    written = transcripts(plan)
    plan.truth = [
        replace(c, conversation_id=None, agent=ASKED, product=ASKED, start=None, tags={}) for c in plan.truth
    ]
    ext = plan.form.file
    return Payload(texts={f"transcripts/{plan.ids[n]}.{ext}": str(w.value) for n, w in enumerate(written)})


def zip_of_tables(plan: Plan) -> Payload:
    """Two CSV files, of calls and of lines."""
    payload = two_sheets(plan)
    texts = {}
    for sheet in payload.sheets:
        out = io.StringIO()
        csv.writer(out).writerows(sheet.rows)
        texts[f"{sheet.name.lower()}.csv"] = out.getvalue()
    return Payload(texts=texts)


def one_text(plan: Plan) -> Payload:
    """One call in one text file, without anything around it."""
    plan.scenes = plan.scenes[:1]
    plan.ids = plan.ids[:1]
    plan.zones = plan.zones[:1]
    payload = zip_of_texts(plan)
    return Payload(texts={name.rpartition("/")[2]: text for name, text in payload.texts.items()})


@dataclass(frozen=True)
class Layout:
    """A layout, and what it needs.

    Attributes:
        form: "cell" (any form, objects as text), "value" (objects stay), "file" (a file's form), "" (rows of lines).
        kinds: kinds of files that can hold it.
    """

    name: str
    make: Callable[[Plan], Payload]
    form: str
    kinds: tuple[str, ...]
    furniture: bool = False
    labelled: bool = False  # turns are labelled in columns of their own
    weight: int = 2


CSV = ("csv", "csv-semicolon", "csv-tab", "csv-pipe", "csv-cp1252", "csv-bom", "csv-utf16")
TABLE = (*CSV, "xlsx", "xlsx")
LAYOUTS: tuple[Layout, ...] = (
    Layout("row-a-call", row_a_call, "cell", (*TABLE, *TABLE, "html", "xml"), furniture=True, weight=14),
    Layout("split-columns", split_columns, "cell", TABLE, furniture=True, weight=1),
    Layout("turns-across", turns_across, "", TABLE, labelled=True, weight=1),
    Layout("side-columns", side_columns, "", TABLE, weight=1),
    Layout("transposed", transposed, "cell", ("csv", "csv-semicolon", "xlsx"), weight=1),
    Layout("agents-sheet", agents_sheet, "cell", ("xlsx",), weight=1),
    Layout("lines-grouped", row_a_line(_grouped), "", TABLE, furniture=True, labelled=True, weight=3),
    Layout("lines-sparse", row_a_line(_grouped, sparse=True), "", TABLE, labelled=True, weight=1),
    Layout("lines-newest-first", row_a_line(_newest), "", TABLE, labelled=True),
    Layout("lines-shuffled", row_a_line(_shuffled), "", TABLE, labelled=True),
    Layout("lines-interleaved", row_a_line(_interleaved), "", TABLE, labelled=True),
    Layout("lines-two-sides", row_a_line(_grouped, sides=True), "", TABLE),
    Layout("question-answer", question_answer, "", TABLE, weight=1),
    Layout("two-sheets", two_sheets, "", ("xlsx",), labelled=True),
    Layout("three-sheets", three_sheets, "", ("xlsx",), labelled=True, weight=1),
    Layout("json-list", json_list, "value", ("json", "jsonl"), weight=3),
    Layout("json-envelope", json_envelope, "value", ("json",)),
    Layout("json-nested-people", nested_people, "value", ("json", "jsonl")),
    Layout("json-participants", participants, "value", ("json", "jsonl")),
    Layout("json-side-loaded", side_loaded, "value", ("json",)),
    Layout("json-api", json_api, "value", ("json",), weight=1),
    Layout("json-pandas", pandas_json, "cell", ("json",), weight=1),
    Layout("json-lines-of-transcript", json_line_records, "", ("json", "jsonl"), labelled=True, weight=2),
    Layout("zip-records", zip_of_records, "value", ("zip",), weight=1),
    Layout("zip-texts", zip_of_texts, "file", ("zip",), weight=1),
    Layout("zip-tables", zip_of_tables, "", ("zip",), labelled=True, weight=1),
    Layout("one-text", one_text, "file", ("txt",), weight=1),
)
