"""Which row is the header, and what its columns are called.

Above a table stand titles, dates of export, notes. A header is the first row that is about as wide as the table,
holds short texts and no data, and best of all words that headers of call exports use.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from typing import Any

__all__ = ["FIELD_NAMES", "LINE_NAMES", "column_letter", "find_header", "header_texts", "plain_name"]

FIELD_NAMES: dict[str, tuple[str, ...]] = {
    "agent_email": (
        "agent email", "agent e mail", "agent mail", "agent email address", "rep email", "rep e mail", "user email",
        "advisor email", "adviser email", "employee email", "operator email", "representative email", "csr email",
        "agent", "agent id", "agent name", "advisor", "adviser", "rep", "representative", "operator", "user",
        "handled by", "answered by", "owner", "employee", "email", "e mail", "mail", "email address",
        "agenten email", "mitarbeiter email", "mitarbeiter e mail", "mitarbeiter", "berater", "bearbeiter",
        "correo del agente", "email del agente", "correo agente", "correo", "agente", "asesor", "operador",
        "email agent", "courriel agent", "email de l agent", "courriel", "conseiller", "email conseiller",
        "e mail agente", "email agente", "operatore", "e mailadres agent", "medewerker", "email medewerker",
    ),
    "product_id": (
        "product id", "product", "product name", "productid", "scorecard", "scorecard id", "qa scorecard",
        "line of business",         "lob", "queue", "campaign", "program", "programme", "skill", "brand", "service line",
        "produkt", "produkt id", "produktname", "warteschlange", "kampagne", "producto", "id producto", "cola", "campana",
        "produit", "id produit", "file d attente", "campagne", "prodotto", "coda", "wachtrij", "produto", "fila",
    ),
    "transcript": (
        "transcript", "transcription", "transcript text", "call transcript", "conversation", "dialogue", "dialog",
        "utterances", "messages", "turns", "text", "content", "call text", "full transcript", "transcript json",
        "transkript", "gesprach", "gesprachstext", "mitschrift", "gesprachsprotokoll", "transcripcion", "conversacion",
        "texte", "retranscription", "trascrizione", "transcriptie", "gesprek", "transcricao",
    ),
    "timestamp": (
        "timestamp", "start time", "call start", "call start time", "start", "started", "started at", "call date",
        "call time", "date time", "datetime", "date", "time", "call datetime", "call timestamp", "start date", "begin",
        "begin time", "call date time", "interaction date", "recorded at", "created at", "created", "connected at",
        "answered at", "start timestamp", "initiated", "initiation timestamp", "date and time", "start date time",
        "zeitstempel", "startzeit", "datum", "anrufzeit", "anrufdatum", "beginn", "gesprachsbeginn", "datum uhrzeit",
        "uhrzeit",         "fecha", "hora", "fecha y hora", "inicio", "hora de inicio", "fecha de inicio", "fecha llamada",
        "date et heure", "date d appel", "heure de debut", "debut", "heure", "date appel", "data", "data e ora",
        "ora inizio",         "inizio", "starttijd", "datum en tijd", "begintijd", "data hora", "data da chamada",
    ),
    "conversation_id": (
        "conversation id", "call id", "contact id", "interaction id", "session id", "recording id", "conversationid",
        "callid", "external id", "call reference", "call ref", "reference", "ucid", "call guid", "guid", "uuid",
        "segment id", "call sid", "call uuid", "id", "call key", "call number", "ticket id", "case id", "master contact id",
        "anruf id", "gesprachs id", "gesprachsid", "vorgangsnummer", "id llamada", "id de llamada", "id conversacion",
        "id appel", "id de l appel", "id conversation", "id chiamata", "gesprek id", "gespreks id", "id da chamada",
    ),
    "filename": (
        "filename", "file name", "audio file", "audio", "recording", "recording file", "audio filename", "wav file",
        "recording name", "recording filename", "audio name", "file", "wav", "media file", "recording url",
        "recording link", "recording address", "audio url", "audio link", "media url", "call recording",
        "call recording url", "audiodatei", "dateiname", "aufnahme", "aufzeichnung", "archivo", "archivo de audio",
        "grabacion", "fichier", "fichier audio", "enregistrement", "file audio", "registrazione", "opname",
        "bestand", "arquivo", "gravacao",
    ),
    "channels": ("channels",),
    "separation": ("separation", "speaker separation"),
    "channel_map": ("channel map",),
}  # fmt: skip
"""Field → header texts in several languages, plain (see `plain_name`), the most telling first."""

LINE_NAMES: dict[str, tuple[str, ...]] = {
    "role": (
        "role", "speaker role", "speaker", "who", "party role", "participant role", "speaker type", "speaker label",
        "speaker name", "participant", "party", "talker", "side", "said by", "spoken by", "from", "sender", "author",
        "actor", "person", "voice", "channel role", "participant type", "sprecher", "rolle", "sprecherrolle", "wer",
        "hablante", "rol", "interlocutor", "quien", "locuteur", "orateur", "intervenant", "qui", "parlante", "ruolo",
        "spreker", "falante", "papel", "канал", "роль", "participant id", "speaker id", "channel",
    ),
    "text": (
        "text", "utterance", "message", "content", "transcript", "line", "sentence", "phrase", "segment", "body",
        "utterance text", "message text", "line text", "segment text", "transcript text", "transcript line", "speech",
        "human transcript", "words", "said", "what", "turn text", "dialogue", "dialog", "comment", "statement",
        "caption", "transcription", "ausserung", "satz", "nachricht", "gesagt", "wortlaut", "texto", "mensaje", "frase",
        "enunciado", "texte", "phrase", "enonce", "propos", "testo", "frase", "messaggio", "tekst", "uiting", "bericht",
        "mensagem", "fala", "текст", "реплика",
    ),
    "start": (
        "start", "start sec", "start seconds", "start ms", "start s", "start time", "offset", "offset ms", "offset sec",
        "offset seconds", "begin", "begin ms", "from time", "start offset", "start offset ms", "line start",
        "utterance start", "segment start", "begin offset", "begin offset millis", "time", "timestamp", "time offset",
        "start time ms", "start timestamp", "start time seconds", "at", "clock", "elapsed", "anfang", "beginn", "von",
        "startzeit", "inicio", "desde", "debut", "de", "inizio", "da", "begin tijd", "time stamp", "zeit", "hora",
        "heure", "said at", "spoken at", "sent at", "created at", "t", "sec", "seconds", "ms", "time code", "timecode",
    ),
    "stop": (
        "stop", "end", "stop sec", "stop seconds", "stop ms", "end sec", "end seconds", "end ms", "end s", "end time",
        "stop time", "end offset", "end offset ms", "end offset millis", "line end", "utterance end", "segment end",
        "to time", "end time ms", "finish", "ende", "bis", "endzeit", "fin", "hasta", "fine", "einde", "fim",
    ),
    "duration": (
        "duration", "duration ms", "duration sec", "duration seconds", "length", "length ms", "length sec", "dauer",
        "duree", "duracion", "durata", "duur", "utterance duration", "segment duration",
    ),
    "order": (
        "seq", "sequence", "sequence number", "segment", "segment no", "segment number", "segment index", "turn",
        "turn no", "turn number", "turn index", "turn id", "line", "line no", "line number", "line index", "line id",
        "index", "no", "nr", "number", "order", "position", "pos", "utterance id", "utterance no", "utterance index",
        "utterance number", "message no", "message index", "message number", "message id", "sentence id", "row",
        "step", "n", "i", "idx", "part", "zeile", "zeilennummer", "reihenfolge", "laufnummer", "lfd nr", "orden",
        "turno", "linea", "ligne", "ordre", "numero", "tour", "riga", "ordine", "regel", "volgorde", "beurt", "ordem",
    ),
}  # fmt: skip
"""Field of a line → header texts where one row is one transcript line, plain, the most telling first."""

_KNOWN = frozenset(
    name for table in (FIELD_NAMES, LINE_NAMES) for names in table.values() for name in names if len(name) > 2
)


@lru_cache(maxsize=4096)
def plain_name(header: str) -> str:
    """ "Rep_E-Mail", "repEMail" and "REP E-MAIL" → "rep e mail": words in lower case, without accents."""
    text = re.sub(r"(?<=[a-z\d])(?=[A-Z])", " ", header)
    text = unicodedata.normalize("NFKD", text.replace("ß", "ss"))
    text = "".join(mark for mark in text if not unicodedata.combining(mark))
    return " ".join(re.sub(r"[\W_]+", " ", text).split()).casefold()


def column_letter(place: int) -> str:
    """1 → "A", 27 → "AA": the letters that spreadsheet programs put over columns."""
    letters = ""
    while place:
        place, rest = divmod(place - 1, 26)
        letters = chr(65 + rest) + letters
    return letters


def header_texts(cells: Sequence[Any]) -> list[str]:
    """Column names from header cells: blanks named by letter, repeats numbered ("Name", "Name (2)")."""
    names: list[str] = []
    taken: set[str] = set()
    numbers: dict[str, int] = {}
    last = max(
        (i for i, cell in enumerate(cells) if str(cell if cell is not None else "").strip()), default=-1
    )
    for place, cell in enumerate(cells[: last + 1], start=1):
        text = " ".join(_text(cell).split()) or f"column {column_letter(place)}"
        name, number = (
            text,
            numbers.get(text, 1),
        )  # counting on: thousands of one name cost no more than others
        while name in taken:
            number += 1
            name = f"{text} ({number})"
        numbers[text] = number
        taken.add(name)
        names.append(name)
    return names


def _text(cell: Any) -> str:
    if cell is None:
        return ""
    if isinstance(cell, datetime | date | time):
        return cell.isoformat()
    return str(cell).lstrip("\ufeff")


def find_header(rows: Sequence[Sequence[Any]]) -> int:
    """The place in `rows` (not blank, from the top of the sheet) of the header."""
    filled = [sum(1 for cell in row if _text(cell).strip()) for row in rows]
    if not rows:
        return 0
    below = sorted(filled)
    usual = max(below[len(below) // 2], 1)
    width = max(usual, min(max(filled), usual * 3))
    best, best_score = 0, float("-inf")
    for place, row in enumerate(rows[: min(40, max(len(rows) - 1, 1))]):  # below a header there is something
        cells = [cell for cell in row if _text(cell).strip()]
        texts = [_text(cell).strip() for cell in cells]
        if not cells:
            continue
        known = len({plain_name(text) for text in texts if len(text) < 60} & _KNOWN)
        data = sum(_is_data(cell, text) for cell, text in zip(cells, texts, strict=True))
        repeated = len(texts) - len(set(texts))
        score = (
            min(len(cells) / width, 1.0) * 2.0
            + (min(known, 4) * 0.75 if known > 1 else known * 0.3)
            - 1.5 * _recurring(row, rows[place + 1 :])
            - 3.0 * data / len(cells)
            - 0.5 * repeated / len(cells)
            - 0.02 * place
        )
        if score > best_score + 1e-9:
            best, best_score = place, score
    # A header may be repeated, page by page: the first one heads the table.
    wanted = [_text(cell).strip() for cell in rows[best]]
    return next(place for place, row in enumerate(rows) if [_text(cell).strip() for cell in row] == wanted)


def _recurring(row: Sequence[Any], below: Sequence[Sequence[Any]]) -> float:
    """Share of the row's cells whose text comes again in its column: a header's does not, "Team A" does."""
    texts = [(place, _text(cell).strip()) for place, cell in enumerate(row)]
    texts = [(place, text) for place, text in texts if text]
    again = sum(
        any(place < len(other) and _text(other[place]).strip() == text for other in below)
        for place, text in texts
    )
    return again / len(texts)


_DATA = re.compile(
    r"[^@\s]+@[^@\s]+\.\w+|\d[\d.,:/\-\s]*[TZ]?[\d:.,+Z]*|true|false|https?://.*|[\[{].*[\]}]",
    re.IGNORECASE | re.DOTALL,
)


def _is_data(cell: Any, text: str) -> float:
    """How much a cell looks like data: 1 certainly, 0 not at all. Bare years and small numbers do head columns."""
    if isinstance(cell, bool | datetime | date | time | timedelta):
        return 1.0
    if re.fullmatch(r"(?:19|20)\d\d", text):
        return 0.2
    if isinstance(cell, int | float):
        return 0.8
    if len(text) > 120 or ("\n" in text and len(text) > 60):
        return 1.0
    return 0.9 if _DATA.fullmatch(text) else 0.0
