"""Who answered the call: what only the one says who answers it ("how can I help you?"), in two dozen languages.

It serves two questions. Were two roles mistaken for each other (`speakers.roles_swapped`)? And, where the labels say
nothing, such as "Speaker 0" and "Speaker 1": which of the two is the agent (`infer_from_greetings`)? That is a guess
with its reason beside it, made only where one of two speakers gives such evidence and nothing speaks against it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

from reddy_lib.transcripts.names import Inferred, name_words
from reddy_lib.transcripts.roles import NO_LINES, fold, is_machine, speaks_for_itself, weigh

__all__ = ["infer_from_greetings", "introduces", "offers"]


class _Sayings:
    """Phrases, each behind words of which one is in every text that says it: most lines are never searched."""

    def __init__(self, phrases: Iterable[tuple[str, str]]) -> None:
        compiled = [(keys.split("|"), re.compile(pattern).search) for keys, pattern in phrases]
        # One flat list of words: asking each phrase for its own words takes ten times as long, and every call is asked.
        self._all = [(key, search) for keys, search in compiled for key in keys]
        self._ascii = [(key, search) for key, search in self._all if key.isascii()]

    def search(self, text: str) -> bool:
        low = text.lower()
        searches = [search for key, search in (self._ascii if low.isascii() else self._all) if key in low]
        return any(search(low) for search in searches)


# What only the one who answers a call says.
_OFFER = _Sayings(
    (
        (
            "help|assist|be of|do for you",
            r"\bhow (?:can|may|could|might) (?:i|we) (?:help|assist|be of)|"
            r"\b(?:what|anything|something) (?:else )?(?:can )?(?:i|we) (?:can )?(?:do for you|help you|assist you)|"
            r"\b(?:be|is) there anything(?: else)? (?:i|we) can (?:help|do|assist)",
        ),
        ("thank", r"\bthank(?:s| you) for (?:calling|contacting|ringing|reaching|phoning)\b"),
        ("speaking|through", r"\byou(?:['’]re| are) (?:speaking|through) (?:to|with)\b"),
        ("direct your", r"\bhow (?:can|may) i direct your call"),
        ("helfen", r"\b(?:wie|womit) (?:kann|darf|können|dürfen) (?:ich|wir) (?:ihnen|dir)\b.{0,20}helfen|"
                   r"\b(?:womit|wie) (?:kann|darf) ich (?:weiter)?helfen"),
        ("für", r"\bwas (?:kann|darf|können) (?:ich|wir) für (?:sie|dich) tun"),
        ("anruf", r"\b(?:danke|vielen dank|dankeschön) für (?:ihren|deinen) anruf"),
        ("behilflich", r"\b(?:kann|darf) ich (?:ihnen|dir) .{0,20}behilflich|\bwie (?:kann|darf) ich behilflich"),
        ("gracias por", r"\bgracias por (?:llamar|comunicar|contactar|su llamada)"),
        ("ayudar|servir|ayudo", r"\ben qu[ée] (?:le |te |lo |la |les )?(?:pued[oe]\w*|podemos) (?:ayudar|servir)|"
                   r"\ben qu[ée] (?:le |te |lo |la )ayudo|\bc[óo]mo (?:le |te |lo |la )?puedo (?:ayudar|servir)"),
        ("pour vous", r"\bque (?:puis-je|peut-on|pouvons-nous|puis je) faire pour vous"),
        ("aider", r"\bcomment (?:puis-je|puis je|pouvons-nous|je peux) vous aider|"
         r"\ben quoi puis-je vous (?:aider|être utile)"),
        ("merci d", r"\bmerci (?:d.avoir appelé|de votre appel|d.avoir contacté|pour votre appel)"),
        ("helpen|dienst|doen", r"\b(?:waarmee|hoe) kan ik (?:u|je|jou)\b|\bwat kan ik voor (?:u|je|jou) doen"),
        ("bedankt", r"\bbedankt (?:voor het bellen|dat u belt|voor uw telefoontje)"),
        ("aiutar|esserle|esserti", r"\b(?:come|in cosa) (?:posso|possiamo) (?:aiutar|esser)"),
        ("grazie per", r"\bgrazie per (?:aver(?:ci)? (?:chiamato|contattato)|la (?:sua )?chiamata)"),
        ("ajud", r"\b(?:como|em que|no que) (?:eu )?(?:posso|podemos|poderia) (?:lhe |o |a |te |vos )?ajud"),
        ("obrigad", r"\bobrigad[oa] por (?:ligar|entrar em contato|contactar|contatar)"),
        ("pomóc|pomoc", r"\bw czym (?:mogę|możemy|moge) (?:\w+ ){0,2}pom[óo]c|\bjak mogę (?:\w+ ){0,2}pom[óo]c"),
        ("dziękuj", r"\bdziękuj\w+ za (?:telefon|kontakt)"),
        ("pomoc|pomoct", r"\b(?:jak|s čím|co) (?:vám |ti )?(?:mohu|můžu|môžem) (?:vám |ti )?(?:pomoc|pomôcť)"),
        ("pomôc", r"\bako (?:vám )?(?:môžem|môžeme) (?:vám )?pomôc"),
        ("mohu pro|můžu pro", r"\bco pro vás (?:mohu|můžu) (?:u|)dělat"),
        ("yardım", r"\bnasıl yardımcı olabilir|\bsize (?:nasıl )?yardımcı ol"),
        ("aradığınız", r"\baradığınız için teşekkür"),
        ("hjälp", r"\b(?:vad|hur) kan (?:jag|vi) hjälpa|\bhur kan jag stå till tjänst"),
        ("tack för", r"\btack för att du (?:ringer|ringde|kontaktar)"),
        ("hjælp|hjelp", r"\b(?:hvad|hvordan|hva) kan (?:jeg|vi) hj[æe]lpe"),
        ("tak for|takk for", r"\btakk? for (?:at du ringer|dit opkald|at du tok kontakt)"),
        ("auttaa|avuksi", r"\b(?:miten|kuinka) voin (?:auttaa|olla avuksi)|\bmiten voimme auttaa"),
        ("kiitos", r"\bkiitos (?:soitosta|kun soititte)"),
        ("segít", r"\b(?:miben|hogyan) (?:segíthet|tudok segíteni|lehetek)"),
        ("ajut", r"\bcu ce (?:vă|va|te) (?:pot|putem) ajuta|\bcum (?:vă|va|te) pot ajuta"),
        ("bantu", r"\b(?:ada yang (?:bisa|dapat)|apa yang (?:bisa|dapat)|bagaimana saya (?:bisa|dapat)) "
                  r"(?:saya |kami )?(?:di)?bantu"),
        ("terima kasih telah|terima kasih sudah", r"\bterima kasih (?:telah|sudah) menghubungi"),
        ("giúp", r"(?:có thể|có gì) .{0,12}giúp (?:gì |được gì |được )?(?:cho )?(?:anh|chị|quý|bạn|em|ông|bà|mình|gì)"),
        ("cảm ơn", r"cảm ơn (?:anh|chị|quý khách|bạn|anh chị) đã (?:gọi|liên hệ)"),
        ("помочь|помоч", r"\b(?:чем|как) (?:я |мы )?(?:могу|можем) (?:я )?(?:вам |тебе )?(?:быть )?(?:помоч|полез)"),
        ("спасибо", r"\bспасибо(?:,)? (?:за звонок|что позвонили|за обращение)"),
        ("допомог", r"\b(?:чим|як) (?:я |ми )?(?:можу|можемо) (?:вам )?допомог"),
        ("дякую|дякуємо", r"\bдяку\w+ за (?:дзвінок|звернення)"),
        ("مساعد", r"(?:كيف|بماذا|بم|كيف لي أن) .{0,12}(?:مساعدت|أساعد|اساعد|نساعد|خدمت|أخدم)"),
        ("اساعد|أساعد|أخدم|اخدم|خدمت", r"(?:كيف|بماذا|بم) .{0,12}(?:أساعد|اساعد|خدمت|أخدم|اخدم)"),
        ("اتصالك", r"شكرا?ً? (?:لاتصالك|على اتصالك)|شكراً لاتصالك"),
        ("לעזור", r"(?:איך|כיצד|במה) (?:אני )?(?:אפשר|אוכל|יכול|יכולה|ניתן|נוכל) (?:לך )?לעזור"),
        ("תודה", r"תודה (?:שהתקשרת|שפנית|שהתקשרתם)"),
        ("帮|幫|效劳|效勞|为您|為您",
         r"(?:有什么|有什麼|有甚麼|需要什么|请问|請問|怎么|怎麼|如何)?.{0,6}(?:可以|能|能够)(?:帮|幫|为您|為您).{0,4}(?:您|你|助|忙|服务|服務|的)?(?:吗|嗎|[?？])|"
         r"有什么(?:可以|能)?(?:帮|为您)|有什麼(?:可以|能)?(?:幫|為您)|很高兴为您服务|很高興為您服務"),
        ("来电|來電", r"感谢(?:您的?)?(?:致电|来电)|感謝您的?(?:來電|致電)"),
        ("致电|致電", r"感[谢謝]您?的?致[电電]"),
        ("도와|도움", r"무엇을 (?:도와|도움)|어떻게 도와|어떤 (?:도움|문의)|도와\s?드릴까요"),
        ("전화", r"전화 ?주셔서 감사|고객센터 .{0,10}입니다"),
        ("用件|伺|役に立|手伝", r"ご用件|お伺い(?:いた)?します|お役に立てる|お手伝い(?:でき|いた|する|しま)"),
        ("電話", r"お電話(?:いただき)?ありがとうございます|お電話いただきまして"),
        ("सहायता|मदद", r"(?:कैसे|क्या|किस प्रकार).{0,24}(?:सहायता|मदद)"),
        ("धन्यवाद", r"(?:कॉल|फोन|फ़ोन) करने के लिए (?:आपका )?धन्यवाद"),
        ("βοηθ|εξυπηρετ", r"(?:πώς|πως|σε τι) (?:μπορώ|μπορούμε) (?:να )?(?:σας )?(?:βοηθ|εξυπηρετ)"),
        ("ช่วย", r"มีอะไรให้.{0,10}ช่วย|ให้ช่วย(?:เหลือ)?อะไร"),
    )
)  # fmt: skip

# What only somebody says who called and had to wait for an answer.
_WAITED = _Sayings(
    (
        (
            "hold|waiting|transferred",
            r"\bi(?:['’]ve| have) (?:just |already )?been (?:on hold|holding|waiting on the line|transferred)\b",
        ),
        ("ich", r"\bich (?:hänge|warte) (?:schon |hier )*seit\b"),
        ("llevo", r"\bllevo .{0,30}(?:esperando|en espera)\b"),
        ("attends", r"\b(?:ça fait|cela fait) .{0,30}que j.attends\b"),
    )
)
# What somebody says who calls with a concern of their own.
_CONCERN = _Sayings(
    (
        ("calling", r"\bi(?:['’]m| am) (?:just )?calling (?:about|because of|regarding|because) my\b"),
        ("is this", r"\bis this (?:the )?(?:support|customer|help ?desk|service|hotline|technical)\b"),
        ("cancel|return|report|complain",
         r"\bi(?:['’]d| would) like to (?:cancel|return|complain|report|dispute) (?:my|an?|the|about)\b|"
         r"\bi want to cancel my\b"),
        ("rufe an", r"\bich rufe an,? (?:weil|wegen|da) (?:mein|ich)"),
        ("kündigen|reklamieren|stornieren",
         r"\bich (?:möchte|will|würde gerne?) (?:meine?n? |gerne? )(?:\w+ ){0,3}(?:kündigen|reklamieren|stornieren)"),
        ("appelle", r"\bj.appelle (?:parce que|car|au sujet de|concernant|pour) (?:mon|ma|mes)\b"),
        ("llamo|llamando", r"\b(?:llamo|estoy llamando) (?:porque|por|para) (?:mi|me)\b"),
        ("chiamo", r"\bchiamo (?:perch[ée]|per) (?:il mio|la mia|un mio|mi)\b"),
        ("ligando|ligo", r"\b(?:estou ligando|estou a ligar|ligo) (?:porque|por causa d[oa]) (?:meu|minha)"),
        ("bel ", r"\bik bel (?:omdat|over|voor) (?:mijn|ik)\b"),
    )
)  # fmt: skip
# What only the one says who answered, and says at the end.
_CLOSING = _Sayings(
    (
        ("else", r"\banything else (?:that )?(?:i|we) can (?:help|assist|do)\b|\banything else i can help"),
        ("sonst noch", r"\b(?:kann|darf) ich sonst noch (?:etwas|was) für (?:sie|dich) tun"),
        ("autre chose", r"\bpuis-je (?:vous aider|faire) (?:pour|avec|en) autre chose"),
        ("algo más", r"\balgo más en (?:lo )?que (?:le |te |lo |la )?(?:pueda|puedo|podamos) ayud"),
        ("altro", r"\bposso (?:esserle|aiutarla|esserti) .{0,15}altro"),
        ("mais alguma", r"\bmais alguma coisa .{0,15}ajud"),
    )
)
_MACHINE = re.compile(r"\b(?:press|dial|drücken sie|marque|pulse|tapez|appuyez)\b", re.IGNORECASE)
"""A menu of options thanks for the call too, and is nobody."""
_OPENING = 4
"""Lines of a speaker, from the first, in which a greeting counts: later ones may be quoted, or a transfer."""
_LONGEST = 600
_CODE = "role-from-greeting"
_SELF = (
    r"this is|my name is|my name's|i am|i'm|speaking (?:to|with)|through to|it's|"
    r"ich bin|mein name ist|hier ist|hier spricht|ich heiße|"
    r"je suis|je m.appelle|ici|c.est|mon nom est|soy|me llamo|mi nombre es|le atiende|le habla|habla|"
    r"sono|mi chiamo|il mio nome è|"
    r"sou(?: [oa])?|meu nome é|chamo-me|aqui é(?: [oa])?|fala(?: [oa])?|met|u spreekt met|mijn naam is|ik ben|z tej strony|"
    r"nazywam się|mówi|tady|jmenuji se|u telefonu|ben|adım|jag heter|mitt namn är|det är|mit navn er|jeg hedder|"
    r"du taler med|mitt navn er|jeg heter|nimeni on|olen|меня зовут|это|мене звати|saya|nama saya|tôi là|em là|tôi tên"
)
_HERE = (
    r"speaking|here|am apparat|à l.appareil|al habla|al aparato|al telefono|ao telefone|na linha|"
    r"aan de lijn|przy telefonie"
)


def offers(text: str) -> bool:
    """Does this line say what only the one says who answers a call?"""
    return _OFFER.search(text)


def introduces(names: Sequence[str]) -> Callable[[str], bool]:
    """Return a test whether a line introduces its speaker by one of these names: "this is Petra"."""
    words = sorted({word for name in names for word in name_words(name) if len(word) > 2}, key=len)
    if not words:
        return lambda text: False
    who = "|".join(map(re.escape, words))
    pattern = re.compile(
        rf"\b(?:{_SELF})\W+(?:\w+\W+){{0,2}}?(?:{who})\b|\b(?:{who})\b(?: \w+)?,? (?:{_HERE})\b"
    )

    def test(text: str) -> bool:
        plain = " ".join(name_words(text, "[^\\W_]+|[^\\w\\s]"))
        return pattern.search(plain) is not None

    return test


def infer_from_greetings(
    labels: Sequence[str],
    texts: Sequence[str],
    settled: Mapping[str, str],
    agent: Sequence[str] = (),
    customer: Sequence[str] = (),
    constant: Collection[str] = (),
) -> dict[str, Inferred]:
    """Roles of the two speakers of a call, of whom no label and no column says anything: label → role and reason.

    `labels`, `texts`: of each line. `settled`: label → role, "" where it is open. `agent`, `customer`: what the call's
    columns say of them; where that names neither of two people called by their names, nobody is given a role.
    `constant`: labels (as `fold` has them) that stand in calls of many agents, and so are no names.

    Empty unless exactly two speak, one of them greets as an agent does among his first lines (or, where nobody greets,
    introduces himself by a name that a column has, or has been on hold as a customer has), and the other never says
    such a thing.
    """
    people = {
        label for label, role in settled.items() if label and role not in NO_LINES and not is_machine(label)
    }
    if len({fold(label) for label in people}) != 2 or any(settled[label] for label in people):
        return {}
    if any(weigh(label).voice for label in people):
        return {}
    if (
        any(cell.strip() for cell in agent)
        and not all(map(speaks_for_itself, people))
        and not _opaque(label for label in people if fold(label) not in constant)
    ):
        return {}
    said: dict[str, list[str]] = {}
    for label, text in zip(labels, texts, strict=True):
        if label in people:
            said.setdefault(fold(label), []).append(text)
    if len(said) != 2:
        return {}
    for test, role, window, words in (
        (offers, "agent", _OPENING, "it greets like an agent"),
        (introduces(agent), "agent", _OPENING, "it introduces itself by the agent's name"),
        (introduces(customer), "customer", _OPENING, "it introduces itself by the customer's name"),
        (_CLOSING.search, "agent", 1000, "it offers more help, as an agent does"),
        (_WAITED.search, "customer", _OPENING, "it has been on hold, as only a caller is"),
        (_CONCERN.search, "customer", _OPENING, "it calls with a concern of its own"),
    ):
        who = [label for label, lines in said.items() if any(map(test, lines))]
        if len(who) > 1:
            if test is offers:
                return {}
            continue
        if who:
            first = next((text for text in said[who[0]][:window] if test(text[:_LONGEST])), "")
            if not first or _MACHINE.search(first):
                return {}
            other = "customer" if role == "agent" else "agent"
            why = f"{words}: “{_short(first)}”"
            return {
                label: Inferred(role, why, _CODE)
                if fold(label) == who[0]
                else Inferred(other, f"it is the only other speaker beside the {role}", _CODE)
                for label in settled
                if label in people
            }
    return {}


def _opaque(people: Iterable[str]) -> bool:
    """Is no label a person's name: letters, numbers, telephone numbers, addresses?"""
    return not any(any(len(word) > 1 for word in name_words(label)) and "@" not in label for label in people)


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= 80 else line[:79] + "…"
