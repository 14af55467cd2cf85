"""Makes the sample spreadsheets beside this file: `uv run python data/make_samples.py`.

Three sheets as analysts have them: `labelled_text.csv` (an export with dialogues as text),
`json_transcripts.xlsx` (an Excel file with transcripts as JSON) and `everything_wrong.csv` (one deliberate
fault a row). Everybody and everything in them is made up; addresses end in `.example`, which nobody can own.

The dialogues come from templates, three for each queue: lines of the agent and of the customer with slots in
braces, and `?` before a line that only some calls have. Random choices come from a generator with a fixed
seed, so the same script writes the same cells.
"""

from __future__ import annotations

import csv
import json
import random
import sys
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import xlsxwriter

HERE = Path(__file__).resolve().parent

AGENTS = {
    "Maria Lind": "maria.lind@cedarline.example",
    "Zoë Müller": "zoe.mueller@cedarline.example",
    "José Núñez": "jose.nunez@cedarline.example",
    "Anaïs Lefèvre": "anais.lefevre@cedarline.example",
    "Björn Åkesson": "bjorn.akesson@cedarline.example",
    "Priya Nair": "priya.nair@cedarline.example",
    "Samuel Okoro": "samuel.okoro@cedarline.example",
    "Tomasz Wójcik": "tomasz.wojcik@cedarline.example",
}
INACTIVE_AGENT = "inactive.oleg@cedarline.example"
INACTIVE_PRODUCT = "Old pilot"
QUEUES = ("Cards hotline", "Loans", "Technical support", "Retention")

SLOTS: dict[str, list[str]] = {
    "customer": [
        "Ms Okafor",
        "Mr Brandt",
        "Mrs Ó Súilleabháin",
        "Mr Çelik",
        "Ms Fjærestad",
        "Mr Lindqvist",
        "Mrs Sørensen",
        "Mr Petrović",
        "Ms García",
        "Mr Thibault",
        "Ms Weiß",
        "Mrs Dvořáková",
        "Mr Achterberg",
        "Mr Nakamura",
    ],
    "digits": ["4421", "0087", "9310", "5526", "0714", "3098", "6602"],
    "town": ["Århus", "Malmö", "Zürich", "Kraków", "Besançon", "Leeds", "Graz", "Coruña"],
    "shop": ["a petrol station", "an online shoe shop", "a game for telephones", "a hotel", "a parking app"],
    "place": ["a petrol station", "the café at the station", "the swimming pool", "a hotel", "the ice rink"],
    "amount": ["€18.40", "€64", "€129.99", "€212.50", "€305", "€47.15"],
    "sum": ["€6,000", "€8,500", "€12,000", "€15,000", "€22,500"],
    "salary": ["€24,000", "€28,000", "€30,000"],
    "rate": ["4.9", "5.4", "6.1", "6.75"],
    "purpose": ["a used car", "a new kitchen", "solar panels", "a heat pump", "my daughter's studies"],
    "months": ["24", "36", "48", "60"],
    "day": ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday"],
    "device": ["my old tablet", "my phone", "the family computer", "a new phone"],
    "fee": ["€4.90", "€7.50", "€9"],
    "years": ["three", "six", "eleven", "nearly twenty"],
}

TEMPLATES: dict[str, list[str]] = {
    "Cards hotline": [
        """agent Cedarline cards hotline, {name} speaking. How can I help you?
        customer Hello, {customer} here. I think I left my card at {place} in {town}.
        agent I am sorry to hear that. Shall I block it while we talk?
        customer Yes, please, before somebody goes shopping with it.
        agent Of course. Which card is it: the one ending in {digits}?
        customer That one, yes.
        ? customer And the other card on the account is safe, I hope?
        ? agent It is, nothing changes there.
        agent It is blocked now. The last payment I see is {amount}, this morning. Was that you?
        customer That was me, at the bakery. Everything else would be wrong.
        agent Good. A new card is with you in three to five working days; the PIN stays the same.
        ? customer Can I pay with {device} until then?
        ? agent Yes, the digital card is there within the hour.
        customer That is quick. Thank you, {first}.
        agent You are welcome. Have a good {day}.""",
        """agent Good morning, Cedarline cards hotline, this is {name}.
        customer Morning. There is a payment of {amount} to {shop} that I do not recognise.
        agent Let us look at it together. May I have your full name and date of birth?
        customer {customer}, the fourth of May.
        agent Thank you. I see it: {day} evening, without the card being present.
        customer I was at my sister's in {town} then, and my card was in my bag.
        agent Then I will open a dispute. Did anybody else have the number?
        ? customer Well ... I typed it in on a page that looked a bit odd last week.
        ? agent That happens to careful people too. I will replace the card as well.
        customer What happens with the money?
        agent We credit {amount} within two days while we look into it.
        ? customer And if they say that it was me?
        ? agent Then you get a letter with everything that we found, and can answer it.
        customer All right. That takes a weight off my mind.
        agent Is there anything else that I can do for you?
        customer No, that was it. Bye!
        agent Goodbye, {customer}.""",
        """agent Cedarline cards, {name} speaking, good afternoon.
        customer Hi! I travel to {town} on {day}. Do I have to tell you, or does my card just work?
        agent It just works. Is it the card ending in {digits}?
        customer Yes. What about fees?
        agent In euros there are none. Elsewhere it is one and a half per cent.
        ? customer And cash?
        ? agent {fee} for each withdrawal, so better one larger sum than five small ones.
        customer Could you raise the limit for a week?
        agent I can: to {sum}, from tomorrow until the {day} after. Is that enough?
        customer More than enough, I hope.
        agent Done. You have a message in the app about it.
        customer Lovely. Thanks a lot.""",
    ],
    "Loans": [
        """agent Cedarline loans, my name is {name}. What can I do for you?
        customer I would like to borrow {sum} for {purpose}.
        agent Nice. Over how many months were you thinking?
        customer {months}, if the instalments stay bearable.
        agent At {rate} per cent they would. May I ask about your income?
        customer I am a nurse, full time, at the hospital in {town}.
        agent Thank you. And are there other loans that you pay back?
        customer Only the washing machine, {amount} a month, until summer.
        ? agent Then I would leave a little air: you can repay more at any time, free of charge.
        ? customer That is good to know.
        agent I send you the offer now. It is valid until {day} next week.
        customer Do I have to come to a branch?
        agent No, you can sign in the app. Please read the page about early repayment first.
        customer I will. Thank you for explaining it so calmly.
        agent With pleasure. Goodbye!""",
        """agent Hello, you have reached Cedarline loans, {name} speaking.
        customer Hello. {customer}. I cannot pay this month's instalment in full.
        agent Thank you for calling before it is due, that gives us room. What has happened?
        customer My hours were cut, and then the boiler broke as well.
        agent I am sorry. How much could you pay this month without trouble?
        customer {amount}, perhaps.
        agent Then I suggest that you pay this, and we move the rest to the end.
        ? customer Does that cost anything?
        ? agent Only the interest for the time, at {rate} per cent. No fee.
        ? customer And will it show anywhere?
        ? agent Not if we agree on it now, which we just did.
        customer That would help me a lot.
        agent Should I call you on {day} in four weeks, to see how things are?
        customer Please do. In the afternoon, if you can.
        agent It is in my calendar. Take care, {customer}.
        customer You too. Thanks.""",
        """agent Cedarline loans, {name}, good morning.
        customer Good morning. How do I pay back my loan early? I have inherited something.
        agent You can do it at any time. Is it the loan for {purpose}?
        customer Yes, {sum} it was, {months} months.
        agent One moment, please ... There are {amount} of interest that you would save.
        customer So what do I have to transfer?
        agent I write the exact sum to your inbox; it changes from day to day.
        ? customer I would rather have it on paper.
        ? agent Then it is in the post today as well.
        customer Good. And the account closes by itself?
        agent It does, and you get a letter that says so.
        customer Wonderful. That is one thing less.""",
    ],
    "Technical support": [
        """agent Technical support, {name} here. What is going wrong?
        customer The app does not let me in since I changed to {device}.
        agent Do you see a message, or does it just stand there?
        customer It says “device not known”, and then it closes.
        agent Then it wants to be connected again. Do you have the letter with the activation code?
        customer Somewhere. Give me a second ... here: it begins with {digits}.
        agent Perfect. Open the app, tap “Connect a device” and type the whole code.
        customer It is thinking ...
        ? agent That may take half a minute.
        ? customer Now it wants a photograph of my passport?
        ? agent Yes, only once. Lay it flat, without a lamp above it.
        customer Oh! I am in. I can see my account.
        agent Very good. Please remove the old device under “Security”.
        customer Done. You are a star, {first}.
        agent Thank you! Have a nice evening.""",
        """agent Cedarline technical support, {name} speaking.
        customer Hello, every time I want to download my statement I get a blank page.
        agent On the computer, or in the app?
        customer On the computer. In {town} at work it is fine, at home it is not.
        agent That sounds like a pop-up blocker. Which browser do you use?
        customer The blue one. No, wait: the one with the fox.
        agent Do you see a small bar at the top that says something was blocked?
        customer ... Yes! I never noticed that.
        agent Choose “always allow for this site” and try again.
        ? customer Is that safe?
        ? agent For our address it is. Check that it begins with the padlock.
        customer There it is, twelve pages. Well, that was easy.
        agent The easy ones are the nicest. Anything else?
        customer No, thank you. Bye.""",
        """agent Technical support, good evening, my name is {name}.
        customer Good evening. I do not get the text messages with the code.
        agent May I check the number? It ends in {digits}, is that right?
        customer No, that is my old one. I wrote to you about it on {day}!
        agent I can see your message. I am sorry that nobody took care of it.
        customer I have been waiting for a transfer of {amount} to go out the whole week.
        agent I understand. Let me ask you three questions, then I change it at once.
        customer Go ahead.
        agent What is the name of your first pet, as you gave it to us?
        customer Moppel. With two p.
        agent And the street where you lived before you came to {town}?
        customer Gänsemarkt.
        agent Thank you, two are enough. The new number is in, I send you a code to test.
        customer It is here.
        ? customer Will the fee for the late transfer be mine?
        ? agent No. I have taken the {fee} off again.
        agent Then the transfer can go out now.
        customer Finally. All the same, thank you.""",
    ],
    "Retention": [
        """agent Cedarline, customer relations, {name} speaking.
        customer I want to close my account. I have been with you for {years} years, but now it is enough.
        agent I am sorry to hear that, {customer}. May I ask what made you decide?
        customer The fee. {fee} a month, and nobody asked me.
        agent You are right, the letter was not clear. There is an account without that fee.
        customer Why did nobody offer it to me?
        agent It needs a salary of {salary} a year, and we did not have your new employer.
        ? customer That I earn more than that I could have told you.
        ? agent Then I enter it now, if I may.
        agent I can change the account today and pay back the last three months.
        customer Hm. And my number stays the same?
        agent Everything stays: number, cards, standing orders.
        customer Then let us do that. But put it in writing, please.
        agent You have it by {day}. Thank you for giving us the chance.""",
        """agent Good afternoon, you are speaking with {name} at Cedarline.
        customer Yes, hello. My neighbour pays {rate} per cent on his loan with another bank. I pay more.
        agent Then let us see what we can do. Is it the one for {purpose}?
        customer Exactly. There are {months} months left.
        agent I could offer you {rate} per cent as well, if you stay for the whole time.
        ? customer And if I sell the thing?
        ? agent Then you repay it early, that remains free.
        customer What would it be a month?
        agent {amount} less than today.
        customer That is a word. Where do I sign?
        agent In the app, from tomorrow morning on.
        customer Good. I will tell my neighbour, too.
        agent Please do, and greet him from us.""",
        """agent Cedarline, {name} speaking, how can I help?
        customer I am moving to {town} and need a bank there. Please close everything.
        agent Congratulations on the move! You could keep the account, it works there in the same way.
        customer I know, but I would like somebody with a branch around the corner.
        agent I understand that. Then let us do it properly. Where should the balance of {amount} go?
        customer To my new account. I send you the number.
        ? agent Are there standing orders that have to go with it?
        ? customer Four. The rent is the one that matters.
        ? agent There is a moving service: the new bank fetches the list from us.
        agent The account closes at the end of the month. The cards stop on that day.
        customer And the letters?
        agent You can download all statements for another ten years.
        customer Thank you. You have been very decent about it.
        agent The door stays open. Good luck in {town}!""",
    ],
}


class Turn(NamedTuple):
    """One line of a made-up call; times in seconds."""

    role: str
    text: str
    start: float
    stop: float


class MadeUp(NamedTuple):
    """One made-up call."""

    queue: str
    agent: str
    started: datetime
    turns: list[Turn]


def a_dialogue(queue: str, agent: str, dice: random.Random) -> list[Turn]:
    """A dialogue of this queue, its slots filled once for the whole call, and times at a natural pace."""
    slots = {name: dice.choice(values) for name, values in SLOTS.items()}
    slots["name"], slots["first"] = agent, agent.split()[0]
    keep_optional = dice.random() < 0.6
    turns: list[Turn] = []
    now = round(dice.uniform(0.4, 2.0), 2)
    for line in dice.choice(TEMPLATES[queue]).splitlines():
        line = line.strip()
        if line.startswith("? "):
            if not keep_optional:
                continue
            line = line[2:]
        role, text = line.split(" ", 1)
        text = text.format(**slots)
        stop = round(now + max(0.7, len(text.split()) / dice.uniform(2.2, 3.0)), 2)
        turns.append(Turn(role, text, now, stop))
        now = round(stop + dice.uniform(-0.2, 1.4), 2)
    return turns


def made_up_calls(number: int, dice: random.Random) -> list[MadeUp]:
    """Calls on working days of March 2026, in order of time."""
    names = list(AGENTS)
    monday = datetime(2026, 3, 2, 8)  # noqa: DTZ001  without a zone, as sheets have it
    starts = sorted(
        monday + timedelta(weeks=dice.randrange(4), days=dice.randrange(5), seconds=dice.randrange(10 * 3600))
        for _ in range(number)
    )
    calls = []
    for started in starts:
        queue, agent = dice.choice(QUEUES), dice.choice(names)
        turns = a_dialogue(queue, agent, dice)
        calls.append(MadeUp(queue, agent, started, turns))
    return calls


def clock(seconds: float) -> str:
    return f"{int(seconds) // 60:02d}:{int(seconds) % 60:02d}"


def as_text(turns: list[Turn], *, with_times: bool) -> str:
    return "\n".join(
        (f"[{clock(turn.start)}] " if with_times else "") + f"{turn.role.capitalize()}: {turn.text}"
        for turn in turns
    )


def write_csv(path: Path, rows: list[list[Any]]) -> None:
    """As Excel saves “CSV UTF-8”: with a byte order mark and CR LF at the end of a row."""
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        csv.writer(file, lineterminator="\r\n").writerows(rows)


def labelled_text(path: Path) -> None:
    """An export of a CRM: dialogues as text, half of them with times, local times without a zone."""
    dice = random.Random(7301)
    rows: list[list[Any]] = [
        ["Case no", "Rep E-mail", "Queue", "Started", "Dialogue", "CSAT", "Resolved", "Account", "Note"]
    ]
    notes = ["", "", "", "Called back twice", "Sent the offer again", "Very patient customer", "=2+2",
             "Asked for Zoë", "+2 reminders", "- no follow-up", "Wants paper statements"]  # fmt: skip
    for number, call in enumerate(made_up_calls(40, dice)):
        rows.append([
            f"{41_730 + number * 3:07d}",
            AGENTS[call.agent],
            call.queue,
            f"{call.started:%d/%m/%Y %H:%M}",
            as_text(call.turns, with_times=dice.random() < 0.5),
            dice.choice(["", 0, 2, 3, 4, 4, 5, 5, 5]),
            dice.choice(["yes", "yes", "yes", "no"]),
            f"{dice.randrange(10**6):08d}",
            dice.choice(notes),
        ])  # fmt: skip
    write_csv(path, rows)


def json_transcripts(path: Path) -> None:
    """An Excel file of a telephone system: a title above the header, JSON cells, dates, a second sheet."""
    dice = random.Random(52)
    header = ["Call ID", "Agent email", "Product", "Call start", "Transcript", "First contact", "CSAT",
              "Holds", "Complaint", "Customer no", "Language"]  # fmt: skip
    with xlsxwriter.Workbook(str(path), {"strings_to_formulas": False, "strings_to_urls": False}) as book:
        fixed = datetime(2026, 4, 1)  # noqa: DTZ001  the file would otherwise carry the time of its making
        book.set_properties({"title": "Made-up calls", "created": fixed})
        title, bold = book.add_format({"bold": True, "font_size": 14}), book.add_format({"bold": True})
        moment = book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"})
        sheet = book.add_worksheet("Calls")
        sheet.write_string(0, 0, "Cedarline contact centre: calls of March 2026", title)
        for column, name in enumerate(header):
            sheet.write_string(2, column, name, bold)
        for row, call in enumerate(made_up_calls(60, dice), 3):
            sheet.write_string(row, 0, f"CL-{dice.randrange(16**8):08x}")
            sheet.write_string(row, 1, AGENTS[call.agent])
            sheet.write_string(row, 2, call.queue)
            sheet.write_datetime(row, 3, call.started, moment)
            sheet.write_string(row, 4, as_json(call.turns, milliseconds=row % 3 == 0))
            sheet.write_boolean(row, 5, dice.random() < 0.7)
            if dice.random() < 0.85:
                sheet.write_number(row, 6, dice.choice([0, 1, 3, 4, 4, 5, 5]))
            sheet.write_number(row, 7, dice.choice([0, 0, 0, 1, 1, 2]))
            sheet.write_boolean(row, 8, dice.random() < 0.15)
            sheet.write_string(row, 9, f"{dice.randrange(10**5):07d}")
            sheet.write_string(row, 10, dice.choice(["English", "English", "English", "Français", "Español"]))
        sheet.freeze_panes(3, 0)
        sheet.set_column(0, 3, 22)
        sheet.set_column(4, 4, 60)
        notes = book.add_worksheet("Notes")
        for row, text in enumerate((
            "Made up for trying things out: no such bank, agents or customers.",
            "Two of three calls have times in seconds, the third in milliseconds.",
            "Call start is local time in London.",
        )):  # fmt: skip
            notes.write_string(row, 0, text)


def as_json(turns: list[Turn], *, milliseconds: bool) -> str:
    if milliseconds:
        lines: list[dict[str, Any]] = [
            {
                "speaker": turn.role.upper(),
                "text": turn.text,
                "start": round(turn.start * 1000),
                "end": round(turn.stop * 1000),
            }
            for turn in turns
        ]
    else:
        lines = [
            {"role": turn.role, "text": turn.text, "start": turn.start, "stop": turn.stop} for turn in turns
        ]
    return json.dumps(lines, ensure_ascii=False)


def everything_wrong(path: Path) -> None:
    """One deliberate fault a row, named in the first column: what a finding of each kind looks like."""
    dice = random.Random(99)
    header = ["What is wrong", "Call ID", "Agent email", "Product", "Started", "Transcript", "Audio file",
              "Separation", "Channel map", "CSAT", "Resolved"]  # fmt: skip
    hello, card = "Cedarline, Maria speaking.", "Hello, my card is gone."
    text = f"[00:00] Agent: {hello}\n[00:04] Customer: {card}\n[00:08] Agent: I block it at once."
    rows: list[list[Any]] = [header]

    def lines(*lines: tuple[str, str, Any, Any]) -> str:
        keys = ("role", "text", "start", "stop")
        return json.dumps([dict(zip(keys, line, strict=True)) for line in lines], ensure_ascii=False)

    good = lines(("agent", hello, 0, 3), ("customer", card, 4, 7), ("agent", "I block it at once.", 8, 10))

    def row(what: str, *, more: tuple[str, ...] = (), **cells: Any) -> None:
        names = {"id": "Call ID", "agent": "Agent email", "product": "Product", "started": "Started",
                 "transcript": "Transcript", "audio": "Audio file", "separation": "Separation",
                 "channel_map": "Channel map", "csat": "CSAT", "resolved": "Resolved"}  # fmt: skip
        values = {
            "What is wrong": what,
            "Call ID": f"wrong-{len(rows):03d}",
            "Agent email": dice.choice(list(AGENTS.values())),
            "Product": dice.choice(QUEUES),
            "Started": f"2026-03-{dice.randrange(2, 28):02d} 09:{dice.randrange(60):02d}",
            "Transcript": good,
            "CSAT": dice.randrange(1, 6),
            "Resolved": dice.choice(["yes", "no"]),
        }
        values.update({names[key]: value for key, value in cells.items()})
        rows.append([values.get(name, "") for name in header] + list(more))

    row(
        "Nothing: a call in order",
        transcript=as_json(a_dialogue("Loans", "Priya Nair", dice), milliseconds=False),
    )
    row("Nothing: umlauts and accents are fine", transcript=good.replace("Maria", "Zoë Müller"))
    row("Nothing: a CSAT of 0 is an answer too", csat=0)
    row("Nothing here, but Reddy will refuse it: the agent is not active there", agent=INACTIVE_AGENT)

    row("Agent email is missing", agent="")
    row("Agent email is a name", agent="Maria Lind")
    row("Agent email has two @ signs", agent="maria@lind@cedarline.example")
    row("Product is missing", product="")
    row("Product has a name that no list has", product="Insurance")
    row("Product has a number that no list has", product="9999")
    row("Product is not active", product=INACTIVE_PRODUCT)

    row("No transcript and no recording", transcript="")
    row("A recording and no transcript", transcript="", audio="2026-03-12_0931.wav")
    row("A recording beside a transcript: not redacted then", audio="2026-03-12_0931.wav")
    row(
        "Transcript is JSON that breaks off",
        transcript=lines(("agent", hello, 0, 3), ("customer", card, 4, 7))[:-30],
    )
    row("Transcript does not say who speaks", transcript=f"{hello}\n{card}\nI block it at once.")
    row("Transcript was cut off by Excel at 32,767 characters", transcript=cut_off(text))

    row("A line has no speaker", transcript=f"Agent: {hello}\nOne moment, please.\nCustomer: {card}")
    row(
        "Text before the first speaker",
        transcript=f"One moment please, I am putting you through.\nAgent: {hello}\nCustomer: {card}",
    )
    row(
        "A heading and a stage direction",
        transcript=f"[Call starts]\nAgent: {hello}\nCustomer: {card}\n(They hang up)",
    )
    row(
        "Names instead of roles: the agent's email says who is who",
        agent="maria.lind@cedarline.example",
        transcript=f"Maria: {hello}\nJonas: {card}\nMaria: I block it at once.\nJonas: Thank you.",
    )
    row(
        "Agent and customer are swapped",
        transcript=lines(("customer", "How can I help you?", 0, 3), ("agent", card, 4, 7)),
    )
    row("Announcements by the IVR", transcript=f"IVR: Press one for cards.\nAgent: {hello}\nCustomer: {card}")
    row(
        "A role that Reddy does not know",
        transcript=lines(("agent", hello, 0, 3), ("supervisor", "May I?", 4, 5)),
    )
    row(
        "A line without text",
        transcript=lines(("agent", hello, 0, 3), ("customer", "", 4, 5), ("agent", "Hello?", 6, 7)),
    )
    row("A time that is a word", transcript=lines(("agent", hello, 0, 3), ("customer", card, "later", 7)))
    row("A time before the call", transcript=lines(("agent", hello, -2.5, 3), ("customer", card, 4, 7)))
    row("A line starts after it stops", transcript=lines(("agent", hello, 0, 3), ("customer", card, 12.5, 9)))
    row(
        "Times are in milliseconds",
        transcript=lines(("agent", hello, 350.5, 3120.25), ("customer", card, 4015.5, 187250.75)),
    )
    row("Lines are not in order", transcript=lines(("agent", hello, 20, 23), ("customer", card, 4, 7)))
    row("No times at all: they are estimated", transcript=f"Agent: {hello}\nCustomer: {card}")

    row("Start time is missing", started="")
    row("Start time is a word", started="last Tuesday")
    row("Start time is in milliseconds", started="1774892760000")
    row("Start time happens twice in London: clocks went back", started="2025-10-26 01:30")
    row("Start time is in the future", started="2099-01-15 10:00")
    row("Start time is before 2000", started="1985-03-12 10:00")

    row("The same call twice, first", id="wrong-twice", agent=AGENTS["Maria Lind"])
    row("The same call twice, second", id="wrong-twice", agent=AGENTS["Maria Lind"])

    row("Speaker separation is not one that Reddy has", separation="two channels")
    row("Both channels are the agent's", separation="channels", channel_map="agent, agent")
    row("CSAT is a word", csat="great")
    row("A cell more than the header has", more=("forgotten note",))
    row("A cell that looks like a formula is text", resolved="=2+2")
    row("Transcript is JSON with a bracket too many", transcript=good + "]")
    row(
        "Start time is in the transcript alone",
        started="",
        transcript=f'{{"startTime": "2026-03-12T09:31:00Z", "turns": {good}}}',
    )
    row("Transcript is JSON that Excel cut off at 32,767 characters", transcript=cut_off_json())
    row(
        "A remark that nobody knows stands beside the lines",
        transcript=json.dumps(
            {"remark": "The customer lost her card and it was blocked.", "lines": json.loads(good)}
        ),
    )
    row(
        "A summary stands beside the lines",
        transcript=json.dumps(
            {"summary": "The customer lost her card and it was blocked.", "lines": json.loads(good)}
        ),
    )
    row(
        "Speakers have numbers: the greeting says who is who",
        transcript=lines(
            ("Speaker 0", f"{hello} How can I help you?", 0, 3),
            ("Speaker 1", card, 4, 7),
            ("Speaker 0", "I block it at once.", 8, 10),
        ),
    )
    write_csv(path, rows)


def cut_off(dialogue: str, *, most: int = 32_767) -> str:
    """A transcript of exactly as many characters as an Excel cell holds."""
    said = (("Customer", "And what happens after all that?"), ("Agent", "I look it up for you."))
    rest = (f"[{clock(12 + 4 * n)}] {who}: {what}" for n in range(1500) for who, what in (said[n % 2],))
    lines = "\n".join([dialogue, *rest])
    return lines[:most]


def cut_off_json(*, most: int = 32_767) -> str:
    """A transcript as JSON that ends in the middle of a line, as an Excel cell leaves it."""
    said = (("customer", "And what happens after all that?"), ("agent", "I look it up for you."))
    turns = [
        {"role": who, "text": what, "start": 4 * n, "stop": 4 * n + 3}
        for n in range(600)
        for who, what in (said[n % 2],)
    ]
    return json.dumps(turns)[:most]


def main(folder: Path = HERE) -> list[Path]:
    """Writes all three into `folder` and returns their paths."""
    makers = {
        "labelled_text.csv": labelled_text,
        "json_transcripts.xlsx": json_transcripts,
        "everything_wrong.csv": everything_wrong,
    }
    for name, make in makers.items():
        make(folder / name)
    return [folder / name for name in makers]


if __name__ == "__main__":
    for written in main():
        sys.stdout.write(f"{written.name}: {written.stat().st_size:,} bytes\n")
