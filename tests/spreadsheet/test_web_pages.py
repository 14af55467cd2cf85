"""Web pages in which each call has a table, and what stands around the table says whose and when it was."""

from __future__ import annotations

from pathlib import Path

import pytest

from reddy_lib.errors import UnreadableFile
from reddy_lib.spreadsheet import BuiltCall, guess_mapping, read_calls, read_sheet
from reddy_lib.spreadsheet.calls.building import build_frame

SAID = (
    ("Agent", "Depot, how can I help you today?"),
    ("Customer", "My parcel number {} is late again."),
    ("Agent", "I will look where it is right now."),
)
FACTS = (
    ("K-7701", "kim@x.example", "2026-05-04 09:30"),
    ("K-7702", "lou@x.example", "2026-05-05 10:00"),
    ("K-7703", "kim@x.example", "2026-05-06 11:15"),
)


def lines(number: int, caption: str = "") -> str:
    rows = "".join(f"<tr><td>{who}</td><td>{text.format(number)}</td></tr>" for who, text in SAID)
    return f"<table>{caption}<tr><th>Speaker</th><th>Text</th></tr>{rows}</table>"


def terms(*pairs: tuple[str, str]) -> str:
    return "<dl>" + "".join(f"<dt>{label}</dt><dd>{value}</dd>" for label, value in pairs) + "</dl>"


AROUND = {
    "heading": lambda n, ref, agent, start: f"<h2>Call {ref} | {agent} | {start}</h2>{lines(n)}",
    "caption": lambda n, ref, agent, start: lines(n, f"<caption>Call: {ref}, Agent: {agent}, Start: {start}</caption>"),
    "paragraphs": lambda n, ref, agent, start: f"<h3>Call {ref}</h3><p>Agent: {agent}</p><p>Start: {start}</p>{lines(n)}",
    "terms": lambda n, ref, agent, start: terms(("Call", ref), ("Agent", agent), ("Start", start)) + lines(n),
    "table of facts": lambda n, ref, agent, start: "<table>" + "".join(
        f"<tr><td>{label}</td><td>{value}</td></tr>" for label, value in (("Call", ref), ("Agent", agent), ("Start", start))
    ) + f"</table>{lines(n)}",
    "terms of turns": lambda n, ref, agent, start: f"<h2>Call {ref} | {agent} | {start}</h2>"
    + terms(*((who, text.format(n)) for who, text in SAID)),
}  # fmt: skip


AROUND["terms around terms"] = lambda n, ref, agent, start: (
    "<dl>" + "".join(f"<div><dt>{a}</dt><dd>{b}</dd></div>" for a, b in (("Call", ref), ("Agent", agent), ("Start", start)))
    + "</dl>" + terms(*((who, text.format(n)) for who, text in SAID))
)  # fmt: skip
AROUND["lines of a paragraph"] = lambda n, ref, agent, start: (
    f"<p><b>Call:</b> {ref}<br><b>Agent:</b> {agent}<br><b>Start:</b> {start}</p>{lines(n)}"
)
AROUND["paragraphs of turns"] = lambda n, ref, agent, start: (
    terms(("Call", ref), ("Agent", agent), ("Start", start))
    + "".join(f"<p><b>{who}:</b> {text.format(n)}</p>" for who, text in SAID)
)
AROUND["a term for the transcript"] = lambda n, ref, agent, start: terms(
    ("Call", ref), ("Agent", agent), ("Start", start),
    ("Transcript", "<br>".join(f"{who}: {text.format(n)}" for who, text in SAID)),
)  # fmt: skip
PLAIN = "<html><body><h1>Calls of May</h1>{}</body></html>"
SAVED = (
    "<!DOCTYPE html>\n<!-- saved from url=(0030)https://desk.example/calls/1 -->\n<html lang='en'><head><title>Calls"
    "</title><style>.a{{color:red}}</style><script>var x = '<table><tr><td>1</td></tr></table>';</script></head><body>"
    "<nav><ul><li><a href='/'>Home</a></li><li>Calls</li></ul></nav><main>{}</main><footer><p>© Desk 2026</p></footer>"
    "</body></html>"
)


def calls(path: Path, page: str, frame: str = PLAIN) -> list[BuiltCall]:
    path.write_text(frame.format(page))
    mapping = guess_mapping(read_sheet(path)).replace(timezone="UTC")
    return [built for piece in read_calls(path, mapping) for built in piece]


@pytest.mark.parametrize("frame", [PLAIN, SAVED], ids=["plain", "saved"])
@pytest.mark.parametrize("count", [3, 1])
@pytest.mark.parametrize("around", AROUND)
def test_each_table_is_a_call_with_what_stands_around_it(
    tmp_path: Path, around: str, count: int, frame: str
) -> None:
    page = "".join(AROUND[around](n, *facts) for n, facts in enumerate(FACTS[:count]))
    found = [built.call for built in calls(tmp_path / "calls.html", page, frame)]
    assert [(call.conversation_id, call.agent_email) for call in found] == [
        facts[:2] for facts in FACTS[:count]
    ]
    assert [call.timestamp for call in found] == [1_777_887_000.0, 1_777_975_200.0, 1_778_066_100.0][:count]
    for number, call in enumerate(found):
        assert [(line.role, line.text) for line in call.transcript or ()] == [
            (who.lower(), text.format(number)) for who, text in SAID
        ]


def test_a_transcript_that_goes_on_below_its_label_is_not_read_without_its_first_line(tmp_path: Path) -> None:
    said = "<br>".join(f"{who}: {text}" for who, text in SAID)
    page = f"<p>Call: K-7701<br>Agent: kim@x.example<br>Transcript: {said}</p>"
    with pytest.raises(UnreadableFile):
        calls(tmp_path / "calls.html", page)


@pytest.mark.parametrize(
    "second", ["<h2>And another one</h2>", "<p>Call: K-7702</p>", "<hr>"], ids=["heading", "label", "no word"]
)
def test_two_conversations_are_never_one_call(tmp_path: Path, second: str) -> None:
    page = f"<p>Call: K-7701</p><p>Agent: kim@x.example</p>{lines(0)}{second}{lines(1)}"
    found = calls(tmp_path / "calls.html", page)
    assert all(
        built.call.conversation_id != "K-7701" or len(built.call.transcript or ()) <= 3 for built in found
    )


def test_a_page_with_one_table_of_calls_is_read_as_ever(tmp_path: Path) -> None:
    rows = "".join(
        f"<tr><td>{ref}</td><td>{agent}</td><td>Agent: {SAID[0][1]}<br>Customer: Hello there.</td></tr>"
        for ref, agent, _ in FACTS
    )
    page = f"<p>Printed on 2026-06-01</p><table><tr><th>Call</th><th>Agent</th><th>Transcript</th></tr>{rows}</table>"
    found = calls(tmp_path / "calls.html", page)
    assert [built.call.conversation_id for built in found] == [facts[0] for facts in FACTS]


def test_paragraphs_within_a_list_of_terms_are_the_lines_of_one_term(tmp_path: Path) -> None:
    said = "".join(f"<p><b>{who}:</b> {text}</p>" for who, text in SAID)
    page = "".join(
        f"<div><h3>Call {ref}</h3><dl><dt>Agent</dt><dd>{agent}</dd><dt>Transcript</dt><dd>{said.format(n)}</dd></dl></div>"
        for n, (ref, agent, *_) in enumerate(FACTS)
    )
    found = [built.call for built in calls(tmp_path / "calls.html", page)]
    assert [(call.conversation_id, call.agent_email) for call in found] == [facts[:2] for facts in FACTS]
    for number, call in enumerate(found):
        assert [line.text for line in call.transcript or ()] == [text.format(number) for _, text in SAID]


CHATS = {
    "classes": '<div class="msg"><span class="who">{who}</span><span class="at">09:1{n}</span><div>{text}</div></div>',
    "no classes": "<div><span>{who}</span><span>{text}</span></div>",
    "list": "<li><b>{who}</b><br>{text}<br><small>10:0{n} AM</small></li>",
    "heads": '<div class="m"><div>{who} · 2 Mar 2026 10:0{n}</div>\n  <div class="t">{text}</div></div>',
}


@pytest.mark.parametrize("shape", CHATS.values(), ids=CHATS)
def test_a_saved_chat_without_tables_is_one_call(tmp_path: Path, shape: str) -> None:
    said = ["Hello, how can I help you today?", "My parcel is late again.", "I will look.", "Thank you!"]
    body = "".join(
        shape.format(who="Agent" if n % 2 == 0 else "Visitor", n=n, text=text) for n, text in enumerate(said)
    )
    path = tmp_path / "chat.html"
    head = "<head><title>Chat</title><style>.m {}</style></head>"
    path.write_text(f"<html>{head}<body><div id=log>{body}</div></body></html>")
    sheet = read_sheet(path)
    (built,) = build_frame(sheet, guess_mapping(sheet))
    assert [(line.role, line.text) for line in built.call.transcript or ()] == [
        ("agent" if n % 2 == 0 else "customer", text) for n, text in enumerate(said)
    ]


def test_a_page_without_tables_or_speakers_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "page.html"
    path.write_text(
        "<html><body><div>Welcome to our shop</div><div>Open from nine to five</div></body></html>"
    )
    with pytest.raises(UnreadableFile, match="no table"):
        read_sheet(path)
