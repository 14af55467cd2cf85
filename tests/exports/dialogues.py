"""Short service calls in twelve languages, from which the exports are made.

A call is a greeting, a problem, one or more questions with their answers, a solution and a goodbye. Numbers and names
make each call different from every other call of its file, so that a line tells which call it belongs to.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field, replace
from datetime import datetime

LANGUAGES = ("en", "de", "fr", "es", "pt", "it", "nl", "pl", "ru", "ja", "zh", "tr")

# Language -> part of a call -> ways to say it. {co} company, {name} agent, {n} a number, {h} an hour.
PARTS: dict[str, dict[str, tuple[str, ...]]] = {
    "en": {
        "greet": (
            "Thank you for calling {co}, my name is {name}, how can I help you today?",
            "Good morning, {co} customer service, {name} speaking. What can I do for you?",
            "Hello and welcome to {co}, you're speaking with {name}. How may I help?",
        ),
        "problem": (
            "Hi, my internet has been down since {h} o'clock and nothing works.",
            "Yes hello, I was charged {n} pounds twice on my last bill.",
            "Hi there, my parcel number {n} still hasn't arrived.",
            "I'd like to cancel my contract {n}, it's far too expensive.",
        ),
        "ask": (
            "I'm sorry to hear that. Could you give me your customer number, please?",
            "Of course. What is your postcode and house number?",
            "Let me look into that for you. Which address do we have on file?",
        ),
        "answer": (
            "Sure, it is {n}.",
            "It's {n}, I have the letter right here.",
            "One moment... here it is: {n}.",
        ),
        "fix": (
            "Thank you. I have reset the line, case {n} is now closed.",
            "I can see it. You will get {n} back within five days.",
            "All right, I've sent the confirmation with reference {n}.",
        ),
        "thanks": (
            "Great, thank you so much for your help.",
            "Perfect, that was quick. Thanks!",
            "Lovely, thanks. Bye then.",
        ),
        "bye": (
            "You're welcome. Have a nice day!",
            "Is there anything else? No? Then have a great afternoon.",
            "Thank you for calling, goodbye.",
        ),
    },
    "de": {
        "greet": (
            "Guten Tag, willkommen bei {co}, mein Name ist {name}. Was kann ich für Sie tun?",
            "{co}, {name} am Apparat, wie kann ich Ihnen helfen?",
        ),
        "problem": (
            "Guten Tag, mein Anschluss ist seit {h} Uhr gestört.",
            "Ja hallo, mir wurden {n} Euro doppelt abgebucht.",
            "Mein Paket mit der Nummer {n} ist noch nicht da.",
        ),
        "ask": (
            "Das tut mir leid. Nennen Sie mir bitte Ihre Kundennummer?",
            "Ich schaue gern nach. Wie lautet Ihre Anschrift?",
        ),
        "answer": ("Moment, das ist die {n}.", "Ja, {n}, steht hier auf dem Brief."),
        "fix": (
            "Vielen Dank. Ich habe die Störung unter {n} aufgenommen.",
            "Sie bekommen die {n} Euro bis Freitag zurück.",
        ),
        "thanks": ("Super, vielen Dank für die schnelle Hilfe.", "Das ist ja prima, danke schön."),
        "bye": ("Sehr gerne, einen schönen Tag noch.", "Gern geschehen, auf Wiederhören."),
    },
    "fr": {
        "greet": (
            "Bonjour, service client {co}, {name} à votre écoute. Que puis-je faire pour vous ?",
            "{co} bonjour, je m'appelle {name}, comment puis-je vous aider ?",
        ),
        "problem": (
            "Bonjour, ma connexion est en panne depuis {h} heures.",
            "Oui bonjour, on m'a prélevé {n} euros deux fois.",
            "Mon colis numéro {n} n'est toujours pas arrivé.",
        ),
        "ask": (
            "Je suis désolé. Pouvez-vous me donner votre numéro de client ?",
            "Je regarde tout de suite. Quelle est votre adresse ?",
        ),
        "answer": ("Oui, c'est le {n}.", "Attendez... voilà : {n}."),
        "fix": ("Merci. J'ai ouvert le dossier {n} pour vous.", "Vous serez remboursé de {n} euros vendredi."),
        "thanks": ("Parfait, merci beaucoup.", "C'est gentil, merci à vous."),
        "bye": ("Je vous en prie, bonne journée.", "Merci de votre appel, au revoir."),
    },
    "es": {
        "greet": (
            "Buenos días, gracias por llamar a {co}, le atiende {name}. ¿En qué puedo ayudarle?",
            "{co}, mi nombre es {name}, ¿en qué le puedo ayudar?",
        ),
        "problem": (
            "Hola, no tengo internet desde las {h}.",
            "Buenas, me han cobrado {n} euros dos veces.",
            "Mi pedido {n} todavía no ha llegado.",
        ),
        "ask": ("Lo siento mucho. ¿Me indica su número de cliente?", "Ahora lo miro. ¿Cuál es su dirección?"),
        "answer": ("Sí, es el {n}.", "Un momento... aquí está: {n}."),
        "fix": ("Gracias. He abierto la incidencia {n}.", "Le devolveremos los {n} euros el viernes."),
        "thanks": ("Perfecto, muchas gracias.", "Qué bien, gracias por todo."),
        "bye": ("A usted. Que tenga un buen día.", "Gracias por llamar, hasta luego."),
    },
    "pt": {
        "greet": (
            "Bom dia, obrigado por ligar para a {co}, meu nome é {name}, em que posso ajudar?",
            "{co}, {name} falando, como posso ajudá-lo?",
        ),
        "problem": (
            "Oi, minha internet está fora do ar desde as {h} horas.",
            "Bom dia, fui cobrado {n} reais duas vezes.",
            "Meu pedido {n} ainda não chegou.",
        ),
        "ask": (
            "Sinto muito. Pode me informar o número do cliente, por favor?",
            "Vou verificar. Qual é o seu endereço?",
        ),
        "answer": ("Claro, é {n}.", "Só um momento... é o {n}."),
        "fix": ("Obrigado. Abri o chamado {n} para o senhor.", "O valor de {n} será devolvido na sexta-feira."),
        "thanks": ("Ótimo, muito obrigado.", "Que bom, obrigada pela ajuda."),
        "bye": ("De nada, tenha um bom dia.", "Obrigado pela ligação, até logo."),
    },
    "it": {
        "greet": (
            "Buongiorno, servizio clienti {co}, sono {name}, come posso aiutarla?",
            "{co} buongiorno, mi chiamo {name}. In cosa posso esserle utile?",
        ),
        "problem": (
            "Salve, la mia linea non funziona dalle {h}.",
            "Buongiorno, mi avete addebitato {n} euro due volte.",
            "Il mio pacco numero {n} non è ancora arrivato.",
        ),
        "ask": ("Mi dispiace. Mi può dare il suo codice cliente?", "Controllo subito. Qual è il suo indirizzo?"),
        "answer": ("Certo, è {n}.", "Un attimo... ecco: {n}."),
        "fix": ("Grazie. Ho aperto la segnalazione {n}.", "Riceverà i {n} euro entro venerdì."),
        "thanks": ("Perfetto, grazie mille.", "Benissimo, grazie dell'aiuto."),
        "bye": ("Prego, buona giornata.", "Grazie per la chiamata, arrivederci."),
    },
    "nl": {
        "greet": (
            "Goedemorgen, welkom bij {co}, u spreekt met {name}. Waarmee kan ik u helpen?",
            "{co}, met {name}, wat kan ik voor u doen?",
        ),
        "problem": (
            "Hallo, mijn internet ligt er sinds {h} uur uit.",
            "Goedemorgen, er is twee keer {n} euro afgeschreven.",
            "Mijn pakket {n} is nog steeds niet bezorgd.",
        ),
        "ask": ("Wat vervelend. Mag ik uw klantnummer?", "Ik kijk het even na. Wat is uw adres?"),
        "answer": ("Ja, dat is {n}.", "Even kijken... {n} staat hier."),
        "fix": ("Dank u. Ik heb melding {n} aangemaakt.", "U krijgt de {n} euro vrijdag terug."),
        "thanks": ("Fijn, hartelijk dank.", "Top, bedankt voor de hulp."),
        "bye": ("Graag gedaan, fijne dag nog.", "Bedankt voor het bellen, tot ziens."),
    },
    "pl": {
        "greet": (
            "Dzień dobry, dziękuję za telefon do {co}, z tej strony {name}, w czym mogę pomóc?",
            "{co}, {name}, słucham, jak mogę pomóc?",
        ),
        "problem": (
            "Dzień dobry, internet nie działa od godziny {h}.",
            "Pobrano mi {n} złotych dwa razy.",
            "Moja paczka {n} jeszcze nie dotarła.",
        ),
        "ask": ("Bardzo mi przykro. Proszę podać numer klienta.", "Już sprawdzam. Jaki jest pani adres?"),
        "answer": ("Tak, to {n}.", "Chwileczkę... mam, {n}."),
        "fix": ("Dziękuję. Przyjąłem zgłoszenie {n}.", "Zwrócimy {n} złotych do piątku."),
        "thanks": ("Świetnie, bardzo dziękuję.", "Super, dzięki za pomoc."),
        "bye": ("Proszę bardzo, miłego dnia.", "Dziękuję za telefon, do widzenia."),
    },
    "ru": {
        "greet": (
            "Добрый день, компания {co}, меня зовут {name}, чем могу помочь?",
            "Здравствуйте, вы позвонили в {co}, оператор {name}. Слушаю вас.",
        ),
        "problem": (
            "Здравствуйте, у меня с {h} часов не работает интернет.",
            "Добрый день, с меня дважды списали {n} рублей.",
            "Моя посылка {n} так и не пришла.",
        ),
        "ask": ("Сожалею. Назовите, пожалуйста, номер клиента.", "Сейчас проверю. Какой у вас адрес?"),
        "answer": ("Да, это {n}.", "Минутку... вот: {n}."),
        "fix": ("Спасибо. Я создал заявку {n}.", "Мы вернём {n} рублей до пятницы."),
        "thanks": ("Отлично, большое спасибо.", "Хорошо, спасибо за помощь."),
        "bye": ("Пожалуйста, хорошего дня.", "Спасибо за звонок, до свидания."),
    },
    "ja": {
        "greet": (
            "お電話ありがとうございます。{co}の{name}でございます。ご用件をお伺いします。",
            "{co}カスタマーサービス、担当の{name}です。どうされましたか。",
        ),
        "problem": (
            "すみません、{h}時からインターネットがつながらないのですが。",
            "先月の請求で{n}円が二重に引き落とされています。",
            "荷物番号{n}がまだ届いていません。",
        ),
        "ask": ("ご不便をおかけしております。お客様番号をお願いできますか。", "確認いたします。ご住所を教えていただけますか。"),
        "answer": ("はい、{n}です。", "少々お待ちください、{n}です。"),
        "fix": ("ありがとうございます。受付番号{n}で手配いたしました。", "{n}円は金曜日までに返金いたします。"),
        "thanks": ("助かりました、ありがとうございます。", "わかりました、どうも。"),
        "bye": ("お電話ありがとうございました。失礼いたします。", "とんでもございません。よい一日を。"),
    },
    "zh": {
        "greet": (
            "您好，感谢致电{co}，我是客服{name}，请问有什么可以帮您？",
            "您好，这里是{co}客服中心，{name}为您服务。",
        ),
        "problem": ("你好，我家的网络从{h}点开始就断了。", "你好，我的账单被重复扣了{n}元。", "我的包裹{n}还没有送到。"),
        "ask": ("非常抱歉。请提供一下您的客户编号好吗？", "我帮您查一下，请问您的地址是？"),
        "answer": ("好的，是{n}。", "等一下，是{n}。"),
        "fix": ("谢谢。我已经为您登记了工单{n}。", "{n}元会在周五之前退还给您。"),
        "thanks": ("太好了，非常感谢。", "好的，谢谢你的帮助。"),
        "bye": ("不客气，祝您生活愉快，再见。", "感谢您的来电，再见。"),
    },
    "tr": {
        "greet": (
            "{co} müşteri hizmetlerine hoş geldiniz, ben {name}, size nasıl yardımcı olabilirim?",
            "İyi günler, {co}, adım {name}. Nasıl yardımcı olabilirim?",
        ),
        "problem": (
            "Merhaba, saat {h} den beri internetim çalışmıyor.",
            "İyi günler, hesabımdan iki kez {n} lira çekildi.",
            "{n} numaralı kargom hâlâ gelmedi.",
        ),
        "ask": ("Çok üzgünüm. Müşteri numaranızı alabilir miyim?", "Hemen bakıyorum. Adresiniz nedir?"),
        "answer": ("Tabii, {n}.", "Bir saniye... buldum, {n}."),
        "fix": ("Teşekkürler. {n} numaralı kaydı oluşturdum.", "{n} lira cuma gününe kadar iade edilecek."),
        "thanks": ("Harika, çok teşekkür ederim.", "Tamam, yardımınız için sağ olun."),
        "bye": ("Rica ederim, iyi günler dilerim.", "Aradığınız için teşekkürler, hoşça kalın."),
    },
}  # fmt: skip

HELLO = {
    "en": "Hello? Is this the service desk?", "de": "Hallo? Bin ich da richtig beim Service?",
    "fr": "Allô ? C'est bien le service client ?", "es": "¿Hola? ¿Es el servicio de atención?",
    "pt": "Alô? É do atendimento?", "it": "Pronto? Parlo con l'assistenza?",
    "nl": "Hallo? Spreek ik met de klantenservice?", "pl": "Halo? Czy to biuro obsługi?",
    "ru": "Алло? Это служба поддержки?", "ja": "もしもし、サポート窓口でしょうか。",
    "zh": "喂，是客服吗？", "tr": "Alo? Müşteri hizmetleri mi?",
}  # fmt: skip
# Either side may say these: nobody can tell from them who is the agent.
NEUTRAL: dict[str, tuple[str, ...]] = {
    "en": ("Yes, that is right.", "Okay, one second.", "It says {n} here.", "Good, then we do it like that.", "All right, {n}.", "Hm, let me see."),
    "de": ("Ja, genau.", "Moment bitte.", "Hier steht {n}.", "Gut, dann machen wir das so.", "Alles klar, {n}.", "Hm, mal sehen."),
    "fr": ("Oui, c'est ça.", "Un instant.", "Ici c'est marqué {n}.", "Bon, on fait comme ça.", "D'accord, {n}.", "Hm, voyons."),
    "es": ("Sí, eso es.", "Un segundo.", "Aquí pone {n}.", "Bien, lo hacemos así.", "De acuerdo, {n}.", "Mmm, a ver."),
    "pt": ("Sim, isso mesmo.", "Um segundo.", "Aqui diz {n}.", "Bom, fazemos assim.", "Certo, {n}.", "Hum, vamos ver."),
    "it": ("Sì, esatto.", "Un secondo.", "Qui c'è scritto {n}.", "Bene, facciamo così.", "Va bene, {n}.", "Mm, vediamo."),
    "nl": ("Ja, dat klopt.", "Een momentje.", "Hier staat {n}.", "Goed, dan doen we dat zo.", "Oké, {n}.", "Hm, even kijken."),
    "pl": ("Tak, zgadza się.", "Chwileczkę.", "Tutaj jest {n}.", "Dobrze, zróbmy tak.", "W porządku, {n}.", "Hm, zobaczmy."),
    "ru": ("Да, верно.", "Секунду.", "Здесь написано {n}.", "Хорошо, так и сделаем.", "Ладно, {n}.", "Хм, посмотрим."),
    "ja": ("はい、そうです。", "ちょっとお待ちください。", "ここには{n}とあります。", "では、そうしましょう。", "{n}ですね。", "えーと、そうですね。"),
    "zh": ("对，没错。", "稍等。", "这里写的是{n}。", "好，那就这样。", "好的，{n}。", "嗯，我看看。"),
    "tr": ("Evet, doğru.", "Bir saniye.", "Burada {n} yazıyor.", "Tamam, öyle yapalım.", "Peki, {n}.", "Hm, bakalım."),
}  # fmt: skip
AGENTS: tuple[tuple[str, str], ...] = (
    ("Ingrid Falk", "ingrid.falk"), ("Mateus Rocha", "mateus.rocha"), ("Chloe Barnes", "chloe.barnes"),
    ("Deniz Aydin", "deniz.aydin"), ("Piotr Wilk", "piotr.wilk"), ("Yuki Tanabe", "yuki.tanabe"),
    ("Sandra Keller", "sandra.keller"), ("Luc Moreau", "luc.moreau"), ("Nadia Orlova", "nadia.orlova"),
)  # fmt: skip
CUSTOMERS: tuple[str, ...] = (
    "Harold Pike", "Greta Lindqvist", "Bruno Sala", "Amelia Frost", "Jonas Beck", "Rita Campos", "Oskar Nowak",
    "Valerie Dupont", "Samir Haddad", "Kenji Mori", "Lena Vogt", "Tomas Herrera", "Wendy Cho", "Igor Petrov",
)  # fmt: skip
COMPANIES = ("Nordlicht", "Bluefin", "Tellora", "Kastell", "Vantia")
DOMAINS = ("nordlicht.example", "bluefin.example", "service.tellora.example", "kastell.example")
PRODUCTS: dict[str, tuple[str, ...]] = {
    "en": ("Broadband", "Mobile", "Home Insurance"),
    "de": ("Festnetz", "Mobilfunk", "Hausrat"),
    "fr": ("Internet fixe", "Mobile", "Assurance habitation"),
    "es": ("Fibra", "Móvil", "Seguro de hogar"),
    "pt": ("Banda larga", "Celular", "Seguro residencial"),
    "it": ("Fibra casa", "Mobile", "Polizza casa"),
    "nl": ("Glasvezel", "Mobiel", "Inboedelverzekering"),
    "pl": ("Światłowód", "Komórka", "Ubezpieczenie domu"),
    "ru": ("Интернет", "Мобильная связь", "Страхование"),
    "ja": ("光回線", "携帯電話", "火災保険"),
    "zh": ("宽带", "移动业务", "家财险"),
    "tr": ("Fiber", "Mobil", "Konut Sigortası"),
}


@dataclass(frozen=True)
class Turn:
    """What one person said, in seconds from the start of the call."""

    role: str  # agent or customer, or the name of a third voice that stands in the file
    text: str
    start: float
    stop: float


@dataclass(frozen=True)
class Scene:
    """A call as it happened, before any system wrote it down."""

    number: int
    language: str
    agent: str
    email: str
    customer: str
    phone: str
    product: str
    product_id: int
    start: datetime  # aware
    turns: tuple[Turn, ...]
    facts: dict[str, str] = field(default_factory=dict)  # plain facts beside the call: direction, rating …

    @property
    def seconds(self) -> int:
        return int(self.turns[-1].stop) + 2


def digits(rng: random.Random, count: int) -> str:
    return str(rng.randrange(1, 10)) + "".join(str(rng.randrange(10)) for _ in range(count - 1))


def make_turns(
    rng: random.Random, language: str, agent: str, company: str, *, neutral: bool = False
) -> tuple[Turn, ...]:
    """Return the turns of one call: the agent greets, and the two alternate until the agent says goodbye.

    Args:
        neutral: a piece out of a call, from which nobody can tell who is the agent.
    """
    parts = PARTS[language]
    name = agent.split()[0]

    def say(part: str) -> str:
        return fill(rng.choice(parts[part]))

    def fill(text: str) -> str:
        return text.format(co=company, name=name, n=digits(rng, rng.choice((4, 5, 6))), h=rng.randint(6, 11))

    if neutral:
        texts = [fill(text) for text in rng.sample(NEUTRAL[language], 6)]
        order = ("agent", "customer") if rng.random() < 0.5 else ("customer", "agent")
        return timed(rng, language, [(order[n % 2], text) for n, text in enumerate(texts)])
    said = [("agent", say("greet")), ("customer", say("problem"))]
    if rng.random() < 0.15:  # who speaks first says nothing about who the agent is
        said.insert(0, ("customer", HELLO[language]))
    for question in rng.sample(parts["ask"], rng.randint(1, len(parts["ask"]))):
        said += [("agent", fill(question)), ("customer", say("answer"))]
    said += [("agent", say("fix")), ("customer", say("thanks")), ("agent", say("bye"))]
    return timed(rng, language, said)


def timed(rng: random.Random, language: str, said: list[tuple[str, str]]) -> tuple[Turn, ...]:
    """Give what was said its times: as long as people take to say it."""
    turns = []
    clock = rng.choice((0.0, 0.0, 0.4, 1.2, 3.0))
    for role, text in said:
        wide = 2.2 if language in ("ja", "zh") else 1.0
        length = round(max(1.0, len(text) * wide / 15) + rng.random(), 2)
        turns.append(Turn(role, text, round(clock, 2), round(clock + length, 2)))
        clock = clock + length + rng.choice((0.1, 0.35, 0.8, 1.5))
    return tuple(turns)


def whole_seconds(turns: tuple[Turn, ...]) -> tuple[Turn, ...]:
    """Return the turns with times in whole seconds, as systems write that keep no fractions."""
    rounded: list[Turn] = []
    clock = 0
    for turn in turns:
        start = max(clock, int(turn.start))
        stop = max(start + 1, int(turn.stop))
        rounded.append(replace(turn, start=float(start), stop=float(stop)))
        clock = stop
    return tuple(rounded)
