"""HELD OUT: a third of the vocabulary and of the transcript forms. Do not read this file when you work on the reader.

`python -m tests.exports.score --vocabulary held-out` measures how the reader does on words and forms that nobody could
have put into its word lists. A word that stands here stands nowhere else in the simulator.
"""

from __future__ import annotations

import html
import json
from datetime import timedelta
from typing import Any

from tests.exports.dialogues import Scene, Turn
from tests.exports.vocabulary import Dialect
from tests.exports.writing import Form, Style, Written, clock, label_of, spoken

LANGUAGE_HEADERS: dict[str, Dialect] = {
    "en": {
        "call_id": "Engagement Key|Recording Ref|CDR Ref",
        "agent_email": "Colleague Mail|Answered By (address)|Staff Login Email",
        "agent_name": "Colleague|Team Member",
        "product": "Offering|Business Unit Product",
        "queue": "Hunt Group",
        "start": "Picked Up|Connected On|Commenced",
        "end": "Disconnected On|Finished",
        "created": "Row Written|Last Sync",
        "duration": "Time On Call|Length (s)",
        "transcript": "Verbatim|What Was Said|Speech To Text",
        "line_text": "Wording|Sentence|Spoken Words",
        "line_role": "Voice|Who|Talker",
        "line_start": "Since Start|Onset",
        "line_stop": "Offset End|Release",
        "line_time": "Uttered|At",
        "line_seq": "Ordinal|Pos.",
        "agent_side": "Our side|Left Channel (agent)",
        "customer_side": "Their side|Right Channel (customer)",
        "customer_name": "Policyholder|Subscriber",
        "customer_email": "Subscriber Mail|Reply Address",
        "csat": "Stars Given",
        "notes": "ACW Remarks",
        "summary": "Gist|TL;DR",
    },
    "de": {
        "call_id": "Kontakt-Kennung|Ticketnr.",
        "agent_email": "Mailadresse Sachbearbeiter|Angenommen von (Mail)",
        "agent_name": "Sachbearbeiterin|Angenommen von",
        "product": "Tarifwelt|Geschäftsfeld",
        "start": "Angenommen um|Anrufbeginn|Gespräch ab",
        "end": "Aufgelegt um",
        "created": "Datensatz vom",
        "transcript": "Wortlaut|Gesprächsprotokoll",
        "line_text": "Wortbeitrag|Satz",
        "line_role": "Stimme|Redner",
        "line_start": "ab Sekunde",
        "line_stop": "bis Sekunde",
        "agent_side": "Unsere Seite",
        "customer_side": "Gegenseite",
        "customer_email": "Mailadresse Kunde",
        "summary": "Kurzinfo",
    },
    "fr": {
        "call_id": "Clé de contact|Référence échange",
        "agent_email": "Messagerie du chargé de clientèle|Mail collaborateur",
        "agent_name": "Chargé de clientèle|Collaborateur",
        "product": "Univers produit|Formule",
        "start": "Décroché à|Prise d'appel",
        "end": "Raccroché à",
        "created": "Enregistré le",
        "transcript": "Verbatim|Contenu de l'échange",
        "line_text": "Phrase|Parole",
        "line_role": "Voix|Qui parle",
        "line_start": "à partir de (s)",
        "line_stop": "jusqu'à (s)",
        "customer_email": "Mail du client",
    },
    "es": {
        "call_id": "Folio|Clave de contacto",
        "agent_email": "Correo del ejecutivo|Mail del teleoperador",
        "agent_name": "Ejecutivo|Teleoperadora",
        "product": "Línea de negocio|Tarifa",
        "start": "Descolgado a las|Comienzo de la llamada",
        "end": "Colgado a las",
        "created": "Registrado el",
        "transcript": "Texto íntegro|Lo hablado",
        "line_text": "Intervención|Enunciado",
        "line_role": "Voz|Quién habla",
        "line_start": "segundo inicial",
        "line_stop": "segundo final",
    },
    "pt": {
        "call_id": "Nº de atendimento|Chave do contato",
        "agent_email": "E-mail do consultor|Correio do colaborador",
        "agent_name": "Consultora|Colaborador",
        "product": "Linha de negócio|Plano",
        "start": "Atendida às|Começo da ligação",
        "created": "Gravado em",
        "transcript": "Texto da ligação|O que foi dito",
        "line_text": "Frase|Dito",
        "line_role": "Voz|Locutor",
        "line_start": "segundo inicial",
        "line_stop": "segundo final",
    },
    "it": {
        "call_id": "Rif. contatto|Protocollo chiamata",
        "agent_email": "Posta elettronica addetto|Mail del consulente",
        "agent_name": "Addetto|Addetta",
        "product": "Linea di prodotto|Tariffa",
        "start": "Risposta alle|Avvio chiamata",
        "created": "Registrato il",
        "transcript": "Testo della telefonata|Sbobinatura",
        "line_text": "Battuta|Enunciato",
        "line_role": "Voce|Interlocutore",
        "line_start": "dal secondo",
        "line_stop": "al secondo",
    },
    "nl": {
        "call_id": "Contactkenmerk|Zaaknummer",
        "agent_email": "Mail van collega|Opgenomen door (mail)",
        "agent_name": "Collega|Opgenomen door",
        "product": "Abonnement|Productgroep",
        "start": "Opgenomen om|Aanvang",
        "created": "Weggeschreven op",
        "transcript": "Letterlijke tekst|Gespreksverslag",
        "line_text": "Zin|Gezegde",
        "line_role": "Stem|Aan het woord",
        "line_start": "vanaf seconde",
        "line_stop": "tot seconde",
    },
    "pl": {
        "call_id": "Sygnatura|Klucz kontaktu",
        "agent_email": "Poczta doradcy|Mail pracownika infolinii",
        "agent_name": "Doradca|Doradczyni",
        "product": "Oferta|Taryfa",
        "start": "Odebrano o|Start rozmowy",
        "created": "Zapisano",
        "transcript": "Stenogram|Przebieg rozmowy",
        "line_text": "Kwestia|Zdanie",
        "line_role": "Głos|Strona",
        "line_start": "od sekundy",
        "line_stop": "do sekundy",
    },
    "ru": {
        "call_id": "Ключ контакта|№ заявки",
        "agent_email": "Адрес эл. почты специалиста|Ящик консультанта",
        "agent_name": "Специалист|Консультант",
        "product": "Тариф|Направление бизнеса",
        "start": "Трубка снята|Старт разговора",
        "created": "Записано",
        "transcript": "Стенограмма|Содержание разговора",
        "line_text": "Высказывание|Слова",
        "line_role": "Голос|Сторона",
        "line_start": "от секунды",
        "line_stop": "до секунды",
    },
    "ja": {
        "call_id": "応対番号|案件キー",
        "agent_email": "応対者アドレス|スタッフのメール",
        "agent_name": "応対者|スタッフ",
        "product": "契約プラン|取扱商品",
        "start": "応答時刻|入電日時",
        "created": "保存日時",
        "transcript": "応対全文|会話ログ",
        "line_text": "セリフ|文言",
        "line_role": "声|誰が",
        "line_start": "秒から",
        "line_stop": "秒まで",
    },
    "zh": {
        "call_id": "接触编号|流水号",
        "agent_email": "接线员信箱|受理人邮件",
        "agent_name": "接线员|受理人",
        "product": "套餐|业务线",
        "start": "接通时刻|应答时间",
        "created": "入库时间",
        "transcript": "全文|谈话实录",
        "line_text": "语句|所说",
        "line_role": "谁说|声音",
        "line_start": "自(秒)",
        "line_stop": "至(秒)",
    },
    "tr": {
        "call_id": "Kayıt Anahtarı|Başvuru No",
        "agent_email": "Yanıtlayan (posta)|Danışman Postası",
        "agent_name": "Danışman|Yanıtlayan",
        "product": "Tarife|Paket",
        "start": "Yanıtlandı|Açılış Anı",
        "created": "Kaydedildi",
        "transcript": "Döküm|Konuşulanlar",
        "line_text": "Cümle|Söz",
        "line_role": "Ses|Kim",
        "line_start": "saniyeden",
        "line_stop": "saniyeye",
    },
}

SYSTEM_HEADERS: dict[str, Dialect] = {
    "warehouse": {
        "call_id": "ixn_key|cdr_pk", "agent_email": "emp_mail|handled_by_email", "agent_name": "emp_full_nm", "product": "prod_nm",
        "product_id": "prod_key", "queue": "acd_grp", "start": "ixn_start_dttm|cnct_ts", "end": "ixn_end_dttm",
        "created": "etl_load_dttm", "duration": "tlk_secs", "zone": "tz_cd", "transcript": "stt_payload|verbatim_txt",
        "line_text": "utt_txt", "line_role": "pty_type", "line_start": "utt_beg", "line_stop": "utt_fin", "line_time": "utt_dttm",
        "line_seq": "utt_ord", "agent_side": "emp_txt", "customer_side": "cust_txt", "customer_name": "cust_full_nm",
        "customer_email": "cust_mail", "phone": "orig_nbr", "direction": "dir_cd", "csat": "srvy_pts", "notes": "acw_txt",
        "summary": "gist_txt", "date": "ixn_dt", "time": "ixn_tm",
    },
    "dotted": {
        "call_id": "meta.uid|session.uuid", "agent_email": "teammate.login|owner.mail", "agent_name": "teammate.displayName",
        "product": "catalog.label", "product_id": "catalog.uid", "queue": "routing.group", "start": "session.picked_up|meta.begunAt",
        "end": "session.hung_up", "created": "meta.persistedAt", "duration": "session.len", "zone": "session.olson",
        "transcript": "speech.verbatim|dialog.full", "line_text": "chunk.wording", "line_role": "chunk.voice",
        "line_start": "chunk.since", "line_stop": "chunk.till", "line_time": "chunk.at", "line_seq": "chunk.no",
        "agent_side": "left.wording", "customer_side": "right.wording", "customer_name": "requester.displayName",
        "customer_email": "requester.login", "phone": "requester.msisdn", "direction": "routing.way", "csat": "rating.stars",
        "notes": "memo.private", "summary": "memo.gist", "date": "session.day", "time": "session.clock",
    },
}  # fmt: skip

ROLE_LABELS: dict[str, tuple[tuple[str, str], ...]] = {
    "en": (("Colleague", "Policyholder"), ("Service Desk", "Member"), ("CSR", "Cust"), ("Teammate", "Guest"), ("Us", "Them")),
    "de": (("Sachbearbeiter", "Versicherungsnehmer"), ("Servicekraft", "Anrufender"), ("MA", "KD")),
    "fr": (("Téléopérateur", "Abonné"), ("Chargée de clientèle", "Appelant")),
    "es": (("Ejecutiva", "Titular"), ("Teleoperador", "Llamante")),
    "pt": (("Consultor", "Assinante"), ("Operadora", "Titular")),
    "it": (("Addetto", "Chiamante"), ("Consulente", "Utente")),
    "nl": (("Adviseur", "Consument"), ("Collega", "Opbeller")),
    "pl": (("Doradca", "Abonent"), ("Pracownik", "Dzwoniący")),
    "ru": (("Специалист", "Абонент"), ("Консультант", "Звонящий")),
    "ja": (("応対者", "契約者"), ("スタッフ", "入電者")),
    "zh": (("接线员", "来电人"), ("受理人", "用户")),
    "tr": (("Danışman", "Abone"), ("Görevli", "Arayan")),
}  # fmt: skip

SYSTEM_ROLES: tuple[tuple[str, str], ...] = (
    ("staff", "enduser"), ("teammate", "lead"), ("EMPLOYEE", "CALLER"), ("provider", "patient"), ("callee", "caller"),
)  # fmt: skip

OPAQUE_LABELS: tuple[tuple[str, str], ...] = (
    ("ch0", "ch1"), ("Voice B", "Voice A"), ("S1", "S2"), ("Participant #2", "Participant #1"), ("Left", "Right"),
)  # fmt: skip


# Transcript forms


def hash_headed(style: Style, scene: Scene) -> Written:
    """A heading a turn, the words below it: `## Agent (0:03)`."""
    turns = style.turns(scene, whole=True)
    text = "\n\n".join(f"## {label_of(style, scene, t)} ({clock(t.start, 'm:ss')})\n{t.text}" for t in turns)
    return Written(text, spoken(turns, stops=False))


def guillemets(style: Style, scene: Scene) -> Written:
    """Label, then the words in quotation marks: `Agent » …`."""
    turns = style.turns(scene)
    return Written(
        "\n".join(f"{label_of(style, scene, t)} » {t.text}" for t in turns), spoken(turns, times=False)
    )


def indented_script(style: Style, scene: Scene) -> Written:
    """A film script: the label in capitals on its own line, the words indented below it."""
    turns = style.turns(scene)
    text = "\n".join(f"{label_of(style, scene, t).upper()}\n    {t.text}\n" for t in turns)
    return Written(text, spoken(turns, times=False))


def tail_label(style: Style, scene: Scene) -> Written:
    """A clock, a range and the label in one bracket: `[00:03-00:07 | Agent] …`."""
    turns = style.turns(scene, whole=True)
    text = "\n".join(
        f"[{clock(t.start, 'mm:ss')}-{clock(t.stop, 'mm:ss')} | {label_of(style, scene, t)}] {t.text}"
        for t in turns
    )
    return Written(text, spoken(turns))


def t_and_who(style: Style, scene: Scene) -> Written:
    """Objects with short keys and seconds."""
    turns = style.turns(scene)
    items = [
        {"who": label_of(style, scene, t), "said": t.text, "t0": t.start, "t1": t.stop, "conf": 0.93}
        for t in turns
    ]
    return Written(items, spoken(turns))


def ticks(style: Style, scene: Scene) -> Written:
    """Objects with times in ticks of 100 ns, named so."""
    turns = style.turns(scene)
    items = [
        {
            "voice": label_of(style, scene, t),
            "sentence": t.text,
            "startTicks": round(t.start * 10_000_000),
            "durationTicks": round((t.stop - t.start) * 10_000_000),
        }
        for t in turns
    ]
    return Written(items, spoken(turns))


def inbound_flag(style: Style, scene: Scene) -> Written:
    """Messages that say only whether the company received them."""
    turns = style.turns(scene)
    items = [
        {"inbound": t.role == "customer", "payload": {"body": t.text}, "offset_ms": round(t.start * 1000)}
        for t in turns
    ]
    return Written(items, spoken(turns, stops=False))


def parties_beside(style: Style, scene: Scene) -> Written:
    """Turns that name a party by number, and the parties with their roles beside them."""
    turns = style.turns(scene)
    a, c = style.roles(scene)
    order = {"agent": 0, "customer": 1}
    value: dict[str, Any] = {
        "parties": [{"idx": 0, "type": a}, {"idx": 1, "type": c}],
        "dialogue": [
            {"party": order[t.role], "words": t.text, "from": t.start, "till": t.stop} for t in turns
        ],
    }
    return Written(value, spoken(turns))


def two_lists(style: Style, scene: Scene) -> Written:
    """One list of labels and one of texts, in parallel."""
    turns = style.turns(scene)
    value = {"speakers": [label_of(style, scene, t) for t in turns], "utterances": [t.text for t in turns]}
    return Written(value, spoken(turns, times=False))


def grouped_by_minute(style: Style, scene: Scene) -> Written:
    """Turns inside pages of the transcript."""
    turns = style.turns(scene)

    def item(t: Turn) -> dict[str, Any]:
        return {"actor": label_of(style, scene, t), "line": t.text, "beginSec": t.start, "finishSec": t.stop}

    half = len(turns) // 2
    pages = [
        {"page": 1, "items": [item(t) for t in turns[:half]]},
        {"page": 2, "items": [item(t) for t in turns[half:]]},
    ]
    return Written({"pages": pages}, spoken(turns))


def yaml_like(style: Style, scene: Scene) -> Written:
    """A list as YAML writes it."""
    turns = style.turns(scene)
    text = "\n".join(
        f"- speaker: {label_of(style, scene, t)}\n  text: {json.dumps(t.text, ensure_ascii=False)}\n  start: {t.start}"
        for t in turns
    )
    return Written(text, spoken(turns, stops=False))


def table_rows_html(style: Style, scene: Scene) -> Written:
    """An HTML table, a row a turn."""
    turns = style.turns(scene, whole=True)
    rows = "".join(
        f"<tr><td>{clock(t.start, 'h:mm:ss')}</td><td>{label_of(style, scene, t)}</td><td>{t.text}</td></tr>"
        for t in turns
    )
    return Written(f"<table>{rows}</table>", spoken(turns, stops=False))


def parallel_channels(style: Style, scene: Scene) -> Written:
    """A list a side; the times tell how they go together."""
    turns = style.turns(scene)
    a, c = style.roles(scene)

    def side(role: str) -> list[dict[str, Any]]:
        return [{"start": t.start, "end": t.stop, "text": t.text} for t in turns if t.role == role]

    return Written({c: side("customer"), a: side("agent")}, spoken(turns))


def iso_durations(style: Style, scene: Scene) -> Written:
    turns = style.turns(scene)
    items = [
        {
            "speaker": label_of(style, scene, t),
            "offset": f"PT{t.start:.2f}S",
            "duration": f"PT{t.stop - t.start:.2f}S",
            "display": t.text,
        }
        for t in turns
    ]
    return Written({"recognizedPhrases": items}, spoken(turns))


def numbered(style: Style, scene: Scene) -> Written:
    turns = style.turns(scene)
    text = "\n".join(f"{n}. {label_of(style, scene, t)}: {t.text}" for n, t in enumerate(turns, 1))
    return Written(text, spoken(turns, times=False))


def between_headings(style: Style, scene: Scene) -> Written:
    """Labelled lines between a heading and a closing line that nobody said."""
    turns = style.turns(scene)
    inner = "\n".join(f"{label_of(style, scene, t)}: {t.text}" for t in turns)
    text = f"--- Transcript of call ---\n\n{inner}\n\n--- End of transcript ---"
    return Written(text, spoken(turns, times=False))


def alternatives(style: Style, scene: Scene) -> Written:
    """Results with several alternatives, the best first."""
    turns = style.turns(scene)
    items = [
        {
            "channelTag": label_of(style, scene, t),
            "alternatives": [
                {"transcript": t.text, "confidence": 0.91},
                {"transcript": t.text.lower(), "confidence": 0.4},
            ],
            "resultStartTime": f"{t.start:.3f}s",
            "resultEndTime": f"{t.stop:.3f}s",
        }
        for t in turns
    ]
    return Written({"results": items}, spoken(turns))


def bars(style: Style, scene: Scene) -> Written:
    """All turns on one line, with two bars between them."""
    turns = style.turns(scene)
    return Written(
        " || ".join(f"{label_of(style, scene, t)}: {t.text}" for t in turns), spoken(turns, times=False)
    )


def label_behind(style: Style, scene: Scene) -> Written:
    """The label behind the words, as below a quotation."""
    turns = style.turns(scene)
    return Written(
        "\n".join(f"{t.text} [{label_of(style, scene, t)}]" for t in turns), spoken(turns, times=False)
    )


def quadruples(style: Style, scene: Scene) -> Written:
    """Lists of begin, end, label, words."""
    turns = style.turns(scene)
    return Written([[t.start, t.stop, label_of(style, scene, t), t.text] for t in turns], spoken(turns))


def xml_elements(style: Style, scene: Scene) -> Written:
    """XML with an element for each part of a turn."""
    turns = style.turns(scene)
    inner = "".join(
        f"<msg><when>{t.start}</when><who>{html.escape(label_of(style, scene, t))}</who>"
        f"<what>{html.escape(t.text, quote=False)}</what></msg>"
        for t in turns
    )
    return Written(f"<dialog>{inner}</dialog>", spoken(turns, stops=False))


def definition_list(style: Style, scene: Scene) -> Written:
    """An HTML list of terms and what belongs to them."""
    turns = style.turns(scene)
    inner = "".join(
        f"<dt>{html.escape(label_of(style, scene, t))}</dt><dd>{html.escape(t.text)}</dd>" for t in turns
    )
    return Written(f"<dl>{inner}</dl>", spoken(turns, times=False))


def lyrics(style: Style, scene: Scene) -> Written:
    """Hundredths of a second in a bracket, as .lrc files write them."""
    turns = style.turns(scene)
    out = []
    for t in turns:
        minutes, seconds = divmod(t.start, 60)
        out.append(f"[{int(minutes):02}:{seconds:05.2f}]{label_of(style, scene, t)}: {t.text}")
    return Written("\n".join(out), spoken(turns, stops=False))


def sbv(style: Style, scene: Scene) -> Written:
    """Subtitles with both times on a line, parted by a comma."""
    turns = style.turns(scene)
    cues = [
        f"{clock(t.start, 'hh:mm:ss.mmm')[1:]},{clock(t.stop, 'hh:mm:ss.mmm')[1:]}\n{label_of(style, scene, t)}: {t.text}"
        for t in turns
    ]
    return Written("\n\n".join(cues), spoken(turns))


def timed_xml(style: Style, scene: Scene) -> Written:
    """Subtitles in XML, paragraphs with begin and end."""
    turns = style.turns(scene)
    inner = "".join(
        f'<p begin="{clock(t.start, "hh:mm:ss.mmm")}" end="{clock(t.stop, "hh:mm:ss.mmm")}">'
        f"{html.escape(label_of(style, scene, t))}: {html.escape(t.text, quote=False)}</p>"
        for t in turns
    )
    return Written(
        f'<tt xmlns="http://www.w3.org/ns/ttml"><body><div>{inner}</div></body></tt>', spoken(turns)
    )


def script_literal(style: Style, scene: Scene) -> Written:
    """A JavaScript literal: keys without quotes, texts in single ones."""
    turns = style.turns(scene)

    def quoted(text: str) -> str:
        return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"

    inner = ", ".join(
        f"{{role: {quoted(label_of(style, scene, t))}, text: {quoted(t.text)}, start: {t.start}}}"
        for t in turns
    )
    return Written(f"[{inner}]", spoken(turns, stops=False))


def clock_keys(style: Style, scene: Scene) -> Written:
    """An object whose keys hold the clock and the label."""
    turns = style.turns(scene, whole=True)
    value = {f"{clock(t.start, 'mm:ss')} {label_of(style, scene, t)}": t.text for t in turns}
    return Written(value, spoken(turns, stops=False))


def epoch_text(style: Style, scene: Scene) -> Written:
    """Messages whose time is an epoch with fractions, as text."""
    turns = style.turns(scene)
    base = scene.start.timestamp()
    items = [
        {"user": label_of(style, scene, t), "ts": f"{base + t.start:.6f}", "text": t.text} for t in turns
    ]
    return Written(items, spoken(turns, stops=False), shift_ok=True)


def chat_log(style: Style, scene: Scene) -> Written:
    """The log of a chat program: the time of day, the label in angle brackets."""
    turns = style.turns(scene, whole=True)
    out = [
        f"{scene.start + timedelta(seconds=t.start):%H:%M:%S} <{label_of(style, scene, t)}> {t.text}"
        for t in turns
    ]
    return Written("\n".join(out), spoken(turns, stops=False), shift_ok=True)


def phone_chat(style: Style, scene: Scene) -> Written:
    """A chat as a telephone exports it: date and time before each label."""
    turns = style.turns(scene, whole=True)
    out = [
        f"{scene.start + timedelta(seconds=t.start):%Y-%m-%d, %H:%M:%S} - {label_of(style, scene, t)}: {t.text}"
        for t in turns
    ]
    return Written("\n".join(out), spoken(turns, stops=False), shift_ok=True)


def words_and_segments(style: Style, scene: Scene) -> Written:
    """Words with times, and beside them who spoke when."""
    turns = style.turns(scene)
    words = []
    for t in turns:
        parts = t.text.split(" ")
        step = (t.stop - t.start) / len(parts)
        for n, part in enumerate(parts):
            begin, end = round(t.start + n * step, 3), round(t.start + (n + 1) * step, 3)
            words.append({"w": part, "from": begin, "to": end})
    segments = [{"who": label_of(style, scene, t), "from": t.start, "to": t.stop} for t in turns]
    return Written({"words": words, "segments": segments}, spoken(turns))


FORMS: tuple[Form, ...] = (
    Form("held-hash-headed", hash_headed),
    Form("held-guillemets", guillemets),
    Form("held-indented-script", indented_script, named=True),
    Form("held-tail-label", tail_label),
    Form("held-t-and-who", t_and_who, objects=True),
    Form("held-ticks", ticks, objects=True),
    Form("held-inbound-flag", inbound_flag, objects=True, labelled=False),
    Form("held-parties-beside", parties_beside, objects=True, labelled=False),
    Form("held-two-lists", two_lists, objects=True),
    Form("held-pages", grouped_by_minute, objects=True),
    Form("held-yaml", yaml_like),
    Form("held-html-table", table_rows_html),
    Form("held-parallel-channels", parallel_channels, objects=True, labelled=False),
    Form("held-iso-durations", iso_durations, objects=True),
    Form("held-numbered", numbered, named=True),
    Form("held-between-headings", between_headings),
    Form("held-alternatives", alternatives, objects=True, named=True),
    Form("held-bars", bars),
    Form("held-label-behind", label_behind, named=True),
    Form("held-quadruples", quadruples, objects=True),
    Form("held-xml-elements", xml_elements),
    Form("held-definition-list", definition_list),
    Form("held-lyrics", lyrics, file="txt"),
    Form("held-sbv", sbv, named=True),
    Form("held-timed-xml", timed_xml, named=True),
    Form("held-script-literal", script_literal),
    Form("held-clock-keys", clock_keys, objects=True, named=True),
    Form("held-epoch-text", epoch_text, objects=True),
    Form("held-chat-log", chat_log, named=True, file="txt"),
    Form("held-phone-chat", phone_chat, named=True, file="txt"),
    Form("held-words-and-segments", words_and_segments, objects=True, turns_only=True),
)
