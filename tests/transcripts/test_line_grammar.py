"""Kinds of texts in which a pattern of lines tells who speaks, each in several languages and with several labels."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from reddy_lib.transcripts import accounted, read_transcript

TALKS = {
    "en": (
        ("Agent", "Customer"),
        [
            "Good morning, Larkfield Water, this is Petra, how can I help?",
            "Hi, my bill is twice what it was last month.",
            "I can see the reading from Monday, it looks doubled: 812 instead of 406.",
            "Yes, that would explain it!",
            "I have put a correction in - you get a new bill on Friday.",
            "Lovely, thanks a lot, bye.",
        ],
    ),
    "de": (
        ("Berater", "Kundin"),
        [
            "Guten Tag, Stadtwerke Linden, Petra Voss am Apparat, wie kann ich helfen?",
            "Guten Tag, meine Rechnung ist doppelt so hoch wie im letzten Monat.",
            "Ich sehe die Ablesung vom Montag, sie ist verdoppelt.",
            "Ja, das würde es erklären ...",
            "Ich habe es berichtigt. Die neue Rechnung kommt am Freitag.",
            "Wunderbar, vielen Dank, auf Wiederhören.",
        ],
    ),
    "fr": (
        ("Conseillère", "Client"),
        [
            "Bonjour, Eaux du Lac, Petra à votre écoute, que puis-je faire pour vous ?",
            "Bonjour, ma facture a doublé depuis le mois dernier.",
            "Je vois le relevé de lundi : il est doublé.",
            "« Doublé », c'est le mot.",
            "J'ai fait la correction, vous recevrez la nouvelle facture vendredi.",
            "Parfait, merci beaucoup, au revoir.",
        ],
    ),
    "names": (
        ("Petra Voss", "Ole Berg"),
        [
            "Good morning, Larkfield Water, Petra speaking, what can I do for you?",
            "I moved house on 3 May and nobody told you.",
            "Where do you live now?",
            "12 Mill Lane, second floor.",
            "I have changed it. Anything else?",
            "No, thank you, goodbye.",
        ],
    ),
    "ja": (
        ("オペレーター", "お客様"),
        [
            "お電話ありがとうございます。水道局のペトラです。ご用件をお伺いします。",
            "先月の請求が二倍になっています。",
            "月曜日の検針を確認いたします。",
            "はい、お願いします。",
            "訂正いたしました。金曜日にお送りします。",
            "ありがとうございました。失礼します。",
        ],
    ),
    "ru": (
        ("Оператор", "Клиент"),
        [
            "Здравствуйте, водоканал, оператор Петра, чем могу помочь?",
            "Здравствуйте, мой счёт вдвое больше, чем в прошлом месяце.",
            "Вижу показания за понедельник, они удвоены.",
            "Да, это всё объясняет.",
            "Я исправила, новый счёт придёт в пятницу.",
            "Отлично, большое спасибо, до свидания.",
        ],
    ),
}
STARTS = (3, 9, 14, 20, 23, 61)
DAY = datetime(2026, 3, 4, 10, 15, 0, tzinfo=UTC)

Line = Callable[[int, str, str, int], str]


def mmss(second: int) -> str:
    return f"{second // 60:02}:{second % 60:02}"


def at(second: int, form: str) -> str:
    return (DAY + timedelta(seconds=second)).strftime(form)


# name -> (a line, what stands between lines, are the starts in it, what stands above, what stands below)
LINES: dict[str, tuple[Line, str, bool, str, str]] = {
    "label in capitals, wide space": (lambda n, w, t, s: f"{w.upper()}   {t}", "\n", False, "", ""),
    "arrow": (lambda n, w, t, s: f"{w} -> {t}", "\n", False, "", ""),
    "double colon": (lambda n, w, t, s: f"{w} :: {t}", "\n", False, "", ""),
    "equals": (lambda n, w, t, s: f"{w} = {t}", "\n", False, "", ""),
    "slash behind a time": (lambda n, w, t, s: f"{mmss(s)} / {w} / {t}", "\n", True, "", ""),
    "counter, bar, label": (lambda n, w, t, s: f"{n:03} | {w} | {t}", "\n", False, "", ""),
    "counter in brackets": (lambda n, w, t, s: f"[{n}] {w}: {t}", "\n", False, "", ""),
    "hash counter": (lambda n, w, t, s: f"#{n} {w}: {t}", "\n", False, "", ""),
    "turn and counter": (lambda n, w, t, s: f"Turn {n} - {w}: {t}", "\n", False, "", ""),
    "counter and clock": (lambda n, w, t, s: f"{n}) {mmss(s)} {w}: {t}", "\n", True, "", ""),
    "plus clock": (lambda n, w, t, s: f"+{mmss(s)} {w}: {t}", "\n", True, "", ""),
    "at clock": (lambda n, w, t, s: f"{w} @ {mmss(s)} - {t}", "\n", True, "", ""),
    "seconds with unit": (lambda n, w, t, s: f"{s}.0s {w}: {t}", "\n", True, "", ""),
    "minutes and seconds with units": (lambda n, w, t, s: f"[{s // 60}m{s % 60:02}s] {w}: {t}", "\n", True, "", ""),
    "clock with thousandths": (lambda n, w, t, s: f"00:{mmss(s)}.000 - {w} - {t}", "\n", True, "", ""),
    "label and clock in one bracket": (lambda n, w, t, s: f"[{w} {mmss(s)}] {t}", "\n", True, "", ""),
    "label, comma, clock in parentheses": (lambda n, w, t, s: f"({w}, {mmss(s)}) {t}", "\n", True, "", ""),
    "clock in braces behind the label": (lambda n, w, t, s: f"{w} {{{mmss(s)}}} {t}", "\n", True, "", ""),
    "clock behind the words": (lambda n, w, t, s: f"{w}: {t} ({mmss(s)})", "\n", True, "", ""),
    "label behind a dash at the end": (lambda n, w, t, s: f"{t} — {w}", "\n", False, "", ""),
    "label and clock behind the words": (lambda n, w, t, s: f"{t} [{w}, {mmss(s)}]", "\n", True, "", ""),
    "label in parentheses at the end": (lambda n, w, t, s: f"{t} ({w})", "\n", False, "", ""),
    "words, tab, label": (lambda n, w, t, s: f"{t}\t{w}", "\n", False, "", ""),
    "signature below": (lambda n, w, t, s: f"{t}\n  -- {w}", "\n\n", False, "", ""),
    "label on its own line": (lambda n, w, t, s: f"{w}\n{t}", "\n\n", False, "", ""),
    "label with colon on its own line": (lambda n, w, t, s: f"{w}:\n{t}", "\n", False, "", ""),
    "label in brackets on its own line": (lambda n, w, t, s: f"[{w}]\n{t}", "\n", False, "", ""),
    "clock, then label, then words": (lambda n, w, t, s: f"{mmss(s)}\n{w}\n{t}", "\n\n", True, "", ""),
    "label, then clock, then words": (lambda n, w, t, s: f"{w}\n{mmss(s)}\n{t}", "\n\n", True, "", ""),
    "counter, label and clock above": (lambda n, w, t, s: f"{n}. {w} · {mmss(s)}\n{t}", "\n\n", True, "", ""),
    "wrote at": (lambda n, w, t, s: f"{w} wrote at {at(s, '%H:%M:%S')}:\n{t}", "\n\n", True, "", ""),
    "chat, day first": (lambda n, w, t, s: f"[{at(s, '%d/%m/%Y, %H:%M:%S')}] {w}: {t}", "\n", True, "", ""),
    "chat, day with dots": (lambda n, w, t, s: f"{at(s, '%d.%m.%y, %H:%M:%S')} - {w}: {t}", "\n", True, "", ""),
    "ISO with zone": (lambda n, w, t, s: f"{at(s, '%Y-%m-%dT%H:%M:%SZ')} {w}: {t}", "\n", True, "", ""),
    "ISO with offset, bars": (lambda n, w, t, s: f"{at(s, '%Y-%m-%dT%H:%M:%S+01:00')} | {w} | {t}", "\n", True, "", ""),
    "twelve hours": (lambda n, w, t, s: f"{at(s, '%I:%M:%S %p')} {w}: {t}", "\n", True, "", ""),
    "month by name": (lambda n, w, t, s: f"{at(s, '%b %d, %Y %H:%M:%S')} - {w}: {t}", "\n", True, "", ""),
    "log": (lambda n, w, t, s: f"{at(s, '%Y-%m-%d %H:%M:%S')} INFO [{w}] {t}", "\n", True, "", ""),
    "keys and values": (lambda n, w, t, s: f'speaker="{w}" start={s}.0 text="{t}"', "\n", True, "", ""),
    "names of parts and bars": (lambda n, w, t, s: f"Speaker: {w} | Time: {mmss(s)} | Text: {t}", "\n", True, "", ""),
    "names of parts below each other": (
        lambda n, w, t, s: f"Speaker: {w}\nTime: {mmss(s)}\nText: {t}", "\n\n", True, "", ""
    ),
    "quotes": (lambda n, w, t, s: f"{w}: “{t}”", "\n", False, "", ""),
    "said": (lambda n, w, t, s: f'{w} said: "{t}"', "\n", False, "", ""),
    "curly label": (lambda n, w, t, s: f"{{{w}}} {t}", "\n", False, "", ""),
    "tag a turn": (lambda n, w, t, s: f"<{w}>{t}</{w}>", "\n", False, "", ""),
    "between rules": (lambda n, w, t, s: f"{w}: {t}", "\n----\n", False, "", ""),
    "between headings": (
        lambda n, w, t, s: f"{w}: {t}", "\n", False, "=== CALL 4711 ===\nDate: 2026-03-04\n\n", "\n\n=== END ==="
    ),
    "two bars, one line": (lambda n, w, t, s: f"{w}: {t}", " || ", False, "", ""),
    "one line": (lambda n, w, t, s: f"{w}: {t}", " ", False, "", ""),
    "paragraphs with a class": (
        lambda n, w, t, s: f'<div class="turn"><span class="who">{w}</span> <span class="what">{t}</span></div>',
        "\n", False, "", "",
    ),
    "blocks for label and words": (
        lambda n, w, t, s: f'<div class="who">{w}</div><div class="what">{t}</div>', "", False, "", ""
    ),
    "table cells": (lambda n, w, t, s: f"<tr><td>{n}</td><td>{mmss(s)}</td><td>{w}</td><td>{t}</td></tr>", "", True,
                    "<table>", "</table>"),
    "list items": (lambda n, w, t, s: f"<li><strong>{w}</strong> {t}</li>", "", False, "<ul>", "</ul>"),
    "tabs: counter, clock, label": (lambda n, w, t, s: f"{n}\t{mmss(s)}\t{w}\t{t}", "\n", True, "", ""),
    "semicolons": (lambda n, w, t, s: f'{n};{mmss(s)};{w};"{t}"', "\n", True, "", ""),
    "commas and quotes": (lambda n, w, t, s: f'{s},{w},"{t}"', "\n", False, "", ""),
    "fixed width": (lambda n, w, t, s: f"{mmss(s)}  {w:<14}{t}", "\n", True, "", ""),
    "stars": (lambda n, w, t, s: f"*{w}* {t}", "\n", False, "", ""),
    "quoted mail": (lambda n, w, t, s: f"> {w}: {t}", "\n", False, "", ""),
    "heading a turn": (lambda n, w, t, s: f"### {w}\n\n{t}", "\n\n", False, "", ""),
    "heading with counter and clock": (lambda n, w, t, s: f"## {n} · {w} · {mmss(s)}\n{t}", "\n\n", True, "", ""),
}  # fmt: skip


def written(name: str, talk: str) -> str:
    line, between, _, above, below = LINES[name]
    labels, texts = TALKS[talk]
    turns = zip(range(1, 7), labels * 3, texts, STARTS, strict=True)
    return above + between.join(line(n, who, text, start) for n, who, text, start in turns) + below


@pytest.mark.parametrize("talk", TALKS)
@pytest.mark.parametrize("name", LINES)
def test_a_pattern_of_lines_is_read(name: str, talk: str) -> None:
    cell = written(name, talk)
    transcript = read_transcript(cell, agent=["petra.voss@larkfield.example", "Petra Voss"])
    assert [" ".join(line.text.split()).strip('“”"') for line in transcript.lines] == [
        text.strip('“”"') for text in TALKS[talk][1]
    ]
    assert [line.role for line in transcript.lines] == ["agent", "customer"] * 3
    if LINES[name][2]:
        first = transcript.lines[0].start or 0.0
        assert [round((line.start or 0.0) - first, 2) for line in transcript.lines] == [s - 3 for s in STARTS]
    assert accounted(cell, transcript).unassigned == []
    assert not any(item.severity == "error" for item in transcript.findings)


CALL = "{a}: Good morning.\n{c}: My bill is wrong.\n{a}: Let me look.\n{c}: Thanks."


@pytest.mark.parametrize(
    ("above", "agent", "customer"),
    [
        ("Agent: Ann Lee\nCustomer: Bob Roy", "A", "B"),
        ("Agent: Ann Lee\nCustomer: Bob Roy", "AL", "BR"),
        ("Agent: Ann Lee\nCustomer: Bob Roy", "Lee", "Roy"),
        ("Berater: Ann Lee\nKunde: Bob Roy", "B", "K"),
        ("A = Agent, C = Customer", "A", "C"),
        ("S1 is the agent\nS2 is the customer", "S1", "S2"),
        ("Speaker 2: Customer\nSpeaker 1: Agent", "Speaker 1", "Speaker 2"),
        ("L - Conseiller; R - Client", "L", "R"),
    ],
)
def test_lines_above_the_call_say_who_is_who(above: str, agent: str, customer: str) -> None:
    cell = f"{above}\n\n{CALL.format(a=agent, c=customer)}"
    transcript = read_transcript(cell)
    assert [line.role for line in transcript.lines] == ["agent", "customer"] * 2
    assert transcript.lines[0].text == "Good morning."
    assert "\n".join(text for _, text in transcript.left_out) == above
    assert accounted(cell, transcript).unassigned == []


@pytest.mark.parametrize(
    "heading", ["--- Call {n} ---", "Call {n}", "=== Anruf 47{n} ===", "Conversation #{n}", "### {n}"]
)
def test_several_calls_in_one_text_are_held(heading: str) -> None:
    cell = "\n\n".join(f"{heading.format(n=n)}\n{CALL.format(a='Agent', c='Customer')}" for n in (1, 2))
    found = [item for item in read_transcript(cell).findings if item.code == "line-not-read"]
    assert [item.severity for item in found] == ["error"]
    assert "2 calls" in found[0].message


def test_status_events_behind_a_time_are_left_out() -> None:
    cell = (
        "10:15:03 Ann joined the chat\n10:15:04 Ann: Hello, how can I help?\n10:15:09 Bob: My bill\n"
        "10:15:12 Bob: is wrong\n10:15:20 Ann: Let me look\n10:16:00 Ann left the chat"
    )
    transcript = read_transcript(cell, agent=["Ann"])
    assert [line.text for line in transcript.lines] == [
        "Hello, how can I help?",
        "My bill",
        "is wrong",
        "Let me look",
    ]
    assert len(transcript.left_out) == 2


@pytest.mark.parametrize(
    "cell",
    [
        "The meeting went well (Monday)\nWe will go on (Tuesday)\nNothing more (Monday)\nDone (Tuesday)",
        "Ingredients\n2 eggs\nFlour\nSteps\nMix\nIngredients\nMilk\nSteps\nHeat",
        "Customer called about bill - Ann\nSent letter - Ann\nCalled back - Bob\nClosed - Ann",
        "- Good morning, how can I help?\n- My bill is wrong.\n- Let me look.\n- Thanks.",
        '"Good morning," said the agent.\n"My bill is wrong," said the customer.\n"Let me look," said the agent.',
    ],
)
def test_other_texts_give_nobody_a_role(cell: str) -> None:
    assert not {line.role for line in read_transcript(cell).lines} & {"agent", "customer"}


@pytest.mark.parametrize(
    "cell",
    [
        "Well, so: hello || Agent: Good morning. || Customer: Hi. || Agent: Bye.",
        "Speaker: Agent | Text: } |\nSpeaker: Customer | Text: ]\nSpeaker: Agent | Text: )",
        "Speaker: Agent\nText:\nSpeaker: Customer\nText: }\nSpeaker: Agent\nText: Bye",
    ],
)
def test_damaged_patterns_lose_nothing(cell: str) -> None:
    loss = accounted(cell, read_transcript(cell))
    assert loss.characters_in + loss.added == loss.characters_out + sum(loss.elsewhere.values()) + loss.lost


def test_a_long_text_is_read_by_the_pattern_of_its_first_and_last_lines() -> None:
    cell = "\n".join(f"{mmss(n)} / {'Agent' if n % 2 else 'Customer'} / Word {n}." for n in range(900))
    transcript = read_transcript(cell)
    assert len(transcript.lines) == 900
    assert transcript.lines[899].text == "Word 899."
    assert transcript.lines[899].start == 899


@pytest.mark.parametrize(
    "headings",
    [
        ("### CALL 101 2026-03-20 10:00 a@x.example", "### CALL 102 2026-03-20 11:00 b@x.example"),
        ("=== Gespräch 1 (Anna) ===", "=== Gespräch 2 (Bernd) ==="),
    ],
)
def test_several_calls_below_headings_that_say_more_than_a_number_are_held(headings: tuple[str, str]) -> None:
    talk = "Agent: Hello, how can I help?\nCustomer: I have lost my card."
    found = read_transcript("\n".join(f"{heading}\n{talk}" for heading in headings))
    assert any("holds 2 calls" in one.message for one in found.findings)


def test_a_call_that_is_begun_and_ended_by_the_same_number_is_one_call() -> None:
    found = read_transcript(
        "--- Call 5 started ---\nAgent: Hello\nCustomer: Hi\n--- Call 5 ended ---\nAgent: Are you still there?"
    )
    assert not any("calls, each below" in one.message for one in found.findings)
