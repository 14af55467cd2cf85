"""Role words of many languages: words and parts of words, and what no stem may take for the wrong side."""

from __future__ import annotations

import pytest

from reddy_lib.transcripts import leaning, read_transcript, role_of
from reddy_lib.transcripts.roles import is_third_voice, weigh

PAIRS = [
    ("Konsultantka", "Klientka"),
    ("Doradca klienta", "Klient"),
    ("Pracownik", "Dzwoniący"),
    ("Operátorka", "Zákazník"),
    ("Zákaznická podpora", "Volající"),
    ("Müşteri Temsilcisi", "Müşteri"),
    ("Temsilci", "Arayan"),
    ("Handläggare", "Kund"),
    ("Kundtjänst", "Kunden"),
    ("Asiakaspalvelija", "Asiakas"),
    ("Neuvoja", "Soittaja"),
    ("Специалист службы обслуживания клиентов", "Клиентка"),
    ("Консультант", "Звонящий"),
    ("Оператор", "Клієнт"),
    ("Працівник підтримки", "Абонент"),
    ("الموظف", "العميل"),
    ("خدمة العملاء", "الزبون"),
    ("נציגת שירות", "לקוח"),
    ("客服代表", "客户"),
    ("坐席", "来电者"),
    ("客服人員", "顧客"),
    ("상담원", "고객"),
    ("カスタマーサポート", "お客様"),
    ("オペレータ", "顧客"),
    ("Petugas", "Pelanggan"),
    ("Layanan Pelanggan", "Penelepon"),
    ("Nhân viên", "Khách hàng"),
    ("Tổng đài viên", "Người gọi"),
    ("प्रतिनिधि", "ग्राहक"),
    ("Εκπρόσωπος", "Πελάτης"),
    ("Ügyintéző", "Ügyfél"),
    ("Ügyfélszolgálat", "Hívó"),
    ("Operator", "Apelant"),
    ("Consultant clienți", "Client"),
    ("Kundeservice", "Kunde"),
    ("Kunderådgiver", "Innringer"),
    ("Kundenberaterin", "Kundin"),
    ("MA", "Kd"),
    ("Ag.", "Kd."),
    ("Op.", "Cust."),
    ("Client Advisor", "Client"),
    ("Customer Care Specialist", "Cust"),
    ("Service client", "Client"),
    ("Conseillère clientèle", "Cliente"),
    ("Atención al cliente", "Cliente"),
    ("Servizio clienti", "Cliente"),
    ("Atendimento ao cliente", "Cliente"),
    ("Klantenservicemedewerker", "Beller"),
]
"""The agent's label and the customer's."""


@pytest.mark.parametrize(("agent", "customer"), PAIRS)
def test_both_sides_are_known_by_their_words(agent: str, customer: str) -> None:
    cell = f"{customer}: Hello.\n{agent}: Good morning.\n{customer}: My bill doubled."
    transcript = read_transcript(cell)
    assert [line.role for line in transcript.lines] == ["customer", "agent", "customer"]
    assert [line.text for line in transcript.lines] == ["Hello.", "Good morning.", "My bill doubled."]
    assert {item.code for item in transcript.findings} == {"times-estimated"}


@pytest.mark.parametrize(
    "label",
    ["Customer Service", "Client Advisor", "Kundendienst", "Service client", "Atención al cliente", "Servizio clienti",
     "Kundenberaterin", "Member Services", "Obsługa klienta", "Müşteri Hizmetleri", "Klantenservice",
     "Conseillère clientèle",
     "Asiakaspalvelu Neuvoja", "خدمة العملاء", "Contoso Hotline", "Hotline-Mitarbeiterin", "Patient access rep"],
)  # fmt: skip
def test_an_office_or_a_person_that_serves_customers_is_the_agents_side(label: str) -> None:
    assert role_of(label) == "agent"


@pytest.mark.parametrize(
    ("label", "side"),
    [("Internal", "agent"), ("Employee", "agent"), ("Mitarbeiter", "agent"), ("сотрудник", "agent"), ("Staff", "agent"),
     ("External", "customer"), ("Contact", "customer"), ("Patient", "customer"), ("Member", "customer"), ("Kd.",
     "customer"),
     ("Ag", "agent"), ("Benutzer", "customer")],
)  # fmt: skip
def test_a_word_that_depends_on_the_other_speaker_only_leans(label: str, side: str) -> None:
    assert (role_of(label), leaning(label)) == ("", side)


@pytest.mark.parametrize(
    "label",
    ["Kundennummer", "Customer number", "Agent ID", "Customer Name", "Customer since", "Agent / Customer",
     "Agent and customer",
     "Associate — your account", "Ben", "Claire Host", "Port", "Note", "Team", ""],
)  # fmt: skip
def test_a_label_that_is_no_side(label: str) -> None:
    assert (role_of(label), leaning(label)) == ("", "")


@pytest.mark.parametrize(
    ("label", "voice"),
    [("IVR", "machine"), ("System", "machine"), ("Virtual agent", "bot"), ("Chatbot", "bot"), ("AI assistant", "bot"),
     ("Supervisor", "third"), ("Dolmetscherin", "third"), ("Interprète", "third"), ("переводчик", "third"), ("翻译",
     "third")],
)  # fmt: skip
def test_a_voice_beside_the_two_sides(label: str, voice: str) -> None:
    assert weigh(label).voice == voice
    assert is_third_voice(label)
    assert role_of(label) == ""


@pytest.mark.parametrize(
    "label", ["Agent / Agente", "客服 (Agent)", "Customer / Cliente", "Kunde (customer)"]
)
def test_a_label_in_two_languages_is_one_side(label: str) -> None:
    assert role_of(label) == ("customer" if "ust" in label else "agent")
