"""Which of several decodings of a text reads like language: letters of one script, in words, and the usual ones of it.

A detector by statistics needs some hundred letters. Exports of a few short calls have a dozen: what tells then is that a
wrong decoding mixes scripts and cases, puts signs into words, and consists of rare characters. Many exports have no
letters beyond ASCII, only quotation marks, dashes and currency signs: a wrong decoding turns those into letters that
are scattered between words of another alphabet, or are words of one letter.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Sequence
from functools import lru_cache
from itertools import groupby, islice
from typing import NamedTuple

from reddy_lib.spreadsheet.reading.letter_groups import Groups, groups_of, is_letter, lowered

__all__ = ["LEAST", "Decoding", "best_decodings", "decoding_of", "reads_like_language", "rival_of"]

LEAST = 0.35
"""The score below which a text reads like no language in any decoding."""
_BADLY = 0.0
"""Below this score, text reads badly. Plain punctuation in plausible places scores higher."""
_FEW, _SIGNS_ALONE = 3, 0.34
_BETTER = 0.4
_MOST = 3
_MARGIN = 0.5
"""How many characters, at least, have to read better in one decoding than in another."""

_ENCODINGS = (
    "cp1252", "cp1250", "cp1251", "cp1253", "cp1254", "cp1255", "cp1256", "cp1257", "cp1258", "cp874",
    "iso8859_15", "iso8859_2", "iso8859_5", "iso8859_6", "iso8859_7", "iso8859_8", "iso8859_13", "iso8859_16", "iso8859_4",
    "koi8_r", "koi8_u", "cp866", "cp850", "cp437", "cp852", "cp865", "cp857", "cp775", "cp855", "cp737", "cp862",
    "mac_roman", "mac_latin2", "mac_cyrillic", "mac_greek", "mac_turkish",
    "cp932", "euc_jp", "gb18030", "big5", "cp949", "johab",
)  # fmt: skip
"""The usual ones first: of equal decodings, the first is taken."""
_SAMPLE = 6_000  # bytes; lines are cut off whole
_PROFILES = tuple(
    map(
        frozenset,
        (
            "äöüß", "éèêàâçùûôîïëœ", "áéíóúñü", "ãõáéíóúâêôç", "àèéìòùî", "ëéïèöü", "åäöé", "æøåé", "áéíóúýþðæö",
            "ąęóśłżźćń", "áčďéěíňóřšťúůýž", "áäčďéíĺľňóôŕšťúýž", "áéíóöőúüű", "ăâîşţșț", "çğıöşüâî", "ąčęėįšųūž",
            "āčēģīķļņšūž", "äöõüšž", "čćđšž", "çë", "àéèíòóúïüç",
        ),
    )
)  # fmt: skip
"""Letters with marks of one language each, in which contact centres of Europe and the Americas speak."""
_ANY = frozenset().union(*_PROFILES)
_HANGUL = frozenset(
    "이다는에을가고의하지를도은로나어사한리그서해요습니까네세기자시아인대들일있수전제보부만주어정면여무연안내게과라상원"
    "장구소우공조성경조동미스할거것없때말좀잠깐감합저화번호청카드객담당계확드릴불문금액월신용통야오와으음입했었겠습됩받"
    "실종료편네예여보세요고맙죄송알겠현재회선생님분실등록변경해결배송환취결제관련요금처리접속인터넷휴대폰"
)
_HAN = frozenset(
    "的一是在不了有和人这中大为上个国我以要他时来用们生到作地于出就分对成会可主发年动同工也能下过子说面而方后多定行"
    "学法所民得经十三之进着等部度家电力里如水化高自二理起小物现实加量都两体制机当使点从业本去把性好应开它合还因由其些"
    "然前外天四日那事平形相全表间样与关各重新线内数正心反你明看原又么利比或但质气第向道条只没结解问意建月公无系很情者"
    "最立代想已通并提直题程五果员位入常文总次品式活设及管特件长求老头基资边流路级少接知将见计别手期几九区放回取给处务"
    "具万每报完类名确话今记需号信查服您请谢帮忙卡账单丢失钱款退货买卖网络密码客订付费用再稍等喂早晚安贵姓什么哪怎"
    "這個國為時來們產於對會發動過說後經進電裡與關們學實業開還樣體點應無數線結問題條當從見計書給務處萬報類確話記號"
    "請謝幫帳單錢買賣網絡碼訂費麼貴姓哪怎樣見訊息線上購退貨嗎呢吧啊嗎吗麻煩烦門機場車語讀誰調談識議證變讓邊遠運達"
    "電話私今日本当何時間分会社年月前後名番号確認変更料金支払請求書注文商品送届見出入手続お客様担当者方少々待願致申込"
    "解約契約住所使用利用問合件場合予約店員失礼違紛停止再発行無効"
)
_POINTS = frozenset("،؛؟٪״׳·、。？！「」『』，：；（）．・ー〜～“”‘’《》…—")
_THAI_TONES, _THAI_ABOVE = frozenset("่้๊๋์"), frozenset("ัิีึืฺุู็")
_THAI_FIRST, _THAI_RARE = frozenset("เแโใไ"), frozenset("ฃฅฆฌฎฏฐฑฒฤฦฬฯๅ๎๏๚๛")
"""Vowels written before their consonant, and letters that few words have."""
_TYPOGRAPHY = frozenset("’‘“”„‚–—…«»¿¡°€·•№º\u00a0")
_QUOTES = frozenset("‚„‘’“”")
_PARTNERS = {
    "„": "“”", "‚": "‘’", "«": "»", "‹": "›", "›": "‹", "“": "”„", "”": "“„", "¿": "?", "¡": "!",
}  # fmt: skip
_SIGNS = frozenset("·¶÷†‡‰‹›£¥¢§±½¼¾²³×®©™µ")
_BEHIND = re.compile(r"(?:s|t|m|d|n|re|ve|ll|em)\b", re.IGNORECASE)
_LETTERS_BEFORE = re.compile(r"[^\W\d_]+\Z")
_ELIDED = 5  # letters of the longest word that loses its last one: "dell’arte"
_RARE = {
    "cp850": 0.4, "cp437": 0.45, "cp865": 0.45, "cp857": 0.45, "cp775": 0.45, "cp852": 0.4, "cp866": 0.2, "cp855": 0.3,
    "cp737": 0.3, "cp862": 0.3, "mac_roman": 0.35, "mac_latin2": 0.4, "mac_turkish": 0.45, "mac_cyrillic": 0.25,
    "mac_greek": 0.35, "iso8859_2": 0.1, "iso8859_4": 0.2, "iso8859_5": 0.2, "iso8859_13": 0.15, "iso8859_15": 0.1,
    "iso8859_16": 0.15, "cp1258": 0.1, "koi8_u": 0.01, "johab": 0.1,
}  # fmt: skip
"""What the score of an encoding loses that programs of today write rarely: where signs alone differ, it is not that one."""
_MOST_RARE = 1.5
"""Upper limit of the penalty for a rare encoding: a long text is evidence enough."""
_MOST_USUAL = {"cp1252": 0.8}
"""Bonus for common encodings, in well-read characters: most exports are cp1252."""
_WORDS_OF_ONE = frozenset("àáâéèêíìóòôöåőúùýÿœæøİıęąůñ")
_RUN, _IN_RUNS = 2, 0.5
"""Letters of another alphabet come in runs of so many, at least so many of them."""
_LITTLE, _UNUSUAL = 0.2, 0.3
_ALPHABETS = ("LATIN", "CYRILLIC", "GREEK", "HEBREW", "ARABIC", "THAI")


class Decoding(NamedTuple):
    """An encoding and how much like language the text reads in it: 1 is the most, 0 or less is none.

    `marked`: bytes that are not ASCII. `bare`: the score without what usual encodings are ahead by.
    """

    encoding: str
    score: float
    marked: int
    bare: float


def best_decodings(sample: bytes, fits: Callable[[str], bool]) -> list[Decoding]:
    """Return the best decodings of some lines that differ, three at most. `fits`: all of the text is valid in one."""
    sample = _cut(sample)
    found: dict[str, Decoding] = {}
    marked = sum(byte > 127 for byte in sample)
    if not marked:
        return []
    for encoding in _ENCODINGS:
        try:
            text = sample.decode(encoding)
        except UnicodeDecodeError as error:
            if error.start < len(sample) - 4 or len(sample) < _SAMPLE:
                continue
            text = sample[: error.start].decode(encoding)
        if text not in found:
            found[text] = _decoding(text, encoding, marked)
    ranked = sorted(found.values(), key=lambda one: -one.score)
    return list(islice((one for one in ranked if fits(one.encoding)), _MOST))


def _cut(sample: bytes) -> bytes:
    if len(sample) <= _SAMPLE:
        return sample
    return sample[: sample.rfind(b"\n", 0, _SAMPLE) + 1] or sample[:_SAMPLE]


def _decoding(text: str, encoding: str, marked: int) -> Decoding:
    bare = reads_like_language(text)
    prior = _MOST_USUAL.get(encoding, 0.0) - min(_RARE.get(encoding, 0.0) * marked, _MOST_RARE)
    return Decoding(encoding, round(bare + prior / max(marked, 1), 3), marked, round(bare, 3))


def reads_like_language(text: str) -> float:
    """Return how much like language the characters of a text read that are not ASCII, from about -3 to 1."""
    letters = Counter(char.lower() for char in text if not char.isascii() and _script(char) == "LATIN")
    profile = max(_PROFILES, key=lambda known: sum(count for char, count in letters.items() if char in known))
    scattered = _scattered(text)
    known = _known(text)
    lone = _lone_quotes(text)
    total = weight = 0.0
    told = False
    for place, char in enumerate(text):
        if char.isascii():
            continue
        before = text[place - 1] if place else " "
        after = text[place + 1] if place + 1 < len(text) else " "
        size = 2.0 if _is_wide(char) else 1.0
        total += size
        if scattered and _family(char) in scattered:
            weight -= size
        elif char in lone:
            weight -= 0.7
        elif char == "’" and _elides(text, place):
            told = True
            weight += 1.0
        else:
            told = told or bool(_script(char))
            weight += size * _weight(char, before, after, profile, known)
    # Points and signs alone are no language, but a wrong decoding seldom puts them where they belong.
    return weight / total if told else min(_SIGNS_ALONE, weight / max(total, 1.0))


def _known(text: str) -> dict[str, Groups]:
    """Return the groups of letters of the languages of a text: script → those of its likeliest language."""
    found: dict[str, Counter[str]] = {}
    for place, char in enumerate(text):
        if char.isascii() or (script := _script(char)) not in _ALPHABETS or script == "THAI":
            continue
        groups = found.setdefault(script, Counter())
        before = lowered(text[place - 1] if place else " ")
        after = lowered(text[place + 1] if place + 1 < len(text) else " ")
        if script == "LATIN":
            groups[before + lowered(char) + after] += 1
        else:
            groups[before + lowered(char)] += 1
    return {script: groups_of(script, groups) for script, groups in found.items()}


def _family(char: str) -> str:
    """Return the script of a letter that is not Latin, with the scripts of Asia as one; "" of anything else."""
    script = "" if char.isascii() else _script(char)
    return "" if script == "LATIN" else script if script in _ALPHABETS else script and "WIDE"


def _scattered(text: str) -> frozenset[str]:
    """Return the alphabets whose letters mostly stand alone, as those that a wrong decoding makes of signs do."""
    letters: Counter[str] = Counter()
    in_runs: Counter[str] = Counter()
    for family, run in groupby(text, _family):
        if family:
            count = sum(1 for _ in run)
            letters[family] += count
            in_runs[family] += count if count >= _RUN else 0
    return frozenset(family for family, count in letters.items() if in_runs[family] < _IN_RUNS * count)


def _elides(text: str, place: int) -> bool:
    """Return whether an apostrophe is one: "I’m", "don’t", "l’autre", "dell’arte"."""
    before = _LETTERS_BEFORE.search(text, max(0, place - 12), place)
    if before is None:
        return False
    return _BEHIND.match(text, place + 1) is not None or (
        len(before[0]) <= _ELIDED and text[place + 1 : place + 2].isalpha()
    )


def _weight(char: str, before: str, after: str, profile: frozenset[str], known: dict[str, Groups]) -> float:
    script = _script(char)
    if script in _ALPHABETS:
        weight = _of_letter(char, script, before, after, profile, known)
        for beside in (before, after):
            other = _script(beside)
            if other and other != script:
                weight -= 1.5
        if char.isupper() and before.isalpha() and (before.islower() or after.islower()):
            weight -= 1.5
        if char.islower() and before.isupper() and after.isupper():
            weight -= 1.5
        return weight
    if script in ("HIRAGANA", "KATAKANA"):
        return 1.0 if script == "HIRAGANA" else 0.8
    if script == "HALFWIDTH":
        run = (_script(before) == "HALFWIDTH") + (_script(after) == "HALFWIDTH")
        return (-0.5, 0.4, 0.8)[run]
    if script == "HANGUL":
        return 1.0 if char in _HANGUL else 0.1
    if script == "CJK":
        return 1.0 if char in _HAN else 0.05
    if char in _POINTS and not (_script(before) == "LATIN" and _script(after) == "LATIN"):
        return 0.7
    category = unicodedata.category(char)
    if category in ("Cc", "Cn", "Co", "Cf"):
        return -3.0
    inside = before.isalpha() and after.isalpha()
    if (char in "«¡¿“„" and after.isalpha() and not before.isalnum()) or (
        char in "»”" and not after.isalnum() and not before.isspace()
    ):
        return 1.0  # a quotation, a question
    if _is_misplaced(char, before, after):
        return -0.7
    if char in _TYPOGRAPHY:
        return 0.4 if not inside or char in "’\u00a0—" else -1.5
    if char in _SIGNS and not inside:
        return 0.4
    return -2.0 if inside else -0.7


def _is_misplaced(char: str, before: str, after: str) -> bool:
    """Return whether a sign is in a place where a letter would be, or where no sign of its kind is."""
    if char in _QUOTES:
        return before.isspace() and after.isspace()
    if char in "£€¥¢©†‡":  # a price, a year, a footnote
        return before.isalpha() or after.isalpha()
    return char == "\u00a0" and (after.isspace() or after in ",.-")


def _lone_quotes(text: str) -> frozenset[str]:
    """Return the quotation marks of a text that nothing closes or opens in all of it."""
    return frozenset(
        mark
        for mark, partners in _PARTNERS.items()
        if mark in text and not any(partner in text for partner in partners)
    )


def _of_letter(
    char: str, script: str, before: str, after: str, profile: frozenset[str], known: dict[str, Groups]
) -> float:
    if script == "LATIN":
        return _of_latin(char, before, after, profile, known[script])
    if script != "THAI":
        low, groups = lowered(char), known[script]
        return (groups.pair_weight(lowered(before) + low) + groups.pair_weight(low + lowered(after))) / 2
    if unicodedata.category(char) == "Mn" and (_script(before) != "THAI" or before in _THAI_FIRST):
        return -1.5
    if char in _THAI_TONES and after in _THAI_ABOVE:
        return -1.5
    if char in _THAI_FIRST and (_script(after) != "THAI" or unicodedata.category(after) == "Mn"):
        return -1.5
    return -0.5 if char in _THAI_RARE else 0.8


def _of_latin(char: str, before: str, after: str, profile: frozenset[str], known: Groups) -> float:
    low = lowered(char)
    if before.isdigit() or after.isdigit():
        return -1.0
    if not (is_letter(before) or is_letter(after) or _is_mark(before) or _is_mark(after)):
        return 0.2 if low in _WORDS_OF_ONE else -1.0
    usual = known.weight(lowered(before), low, lowered(after))
    if usual is not None and usual > _LITTLE:
        return usual
    weight = _UNUSUAL if low in profile or usual is not None else -0.3 if low in _ANY else -1.0
    if not (before.isascii() and after.isascii()):
        weight -= 0.3 * (
            (_script(before) == "LATIN" and not before.isascii())
            + (_script(after) == "LATIN" and not after.isascii())
        )
    if _base(char) not in _VOWELS and not {_base(before), _base(after)} & _VOWELS:
        weight -= 0.4  # "trčs": hardly a word has a letter such as this among consonants
    return weight


def _is_mark(char: str) -> bool:
    return char in "’‘'" or unicodedata.category(char) == "Mn"


_VOWELS = frozenset("aeiouyæøœı")


@lru_cache(maxsize=2048)
def _base(char: str) -> str:
    """Return a letter without its marks."""
    return unicodedata.normalize("NFD", char)[:1].lower()


@lru_cache(maxsize=8192)
def _script(char: str) -> str:
    """Return the script of a letter, "" of anything else."""
    category = unicodedata.category(char)
    name = unicodedata.name(char, "")
    if category == "Mn" and name.startswith("COMBINING"):
        return "LATIN"  # Vietnamese of Windows has its tones apart from the letters
    if not category.startswith("L") and not (category in ("Mn", "Mc") and name.startswith("THAI")):
        return ""
    if char in "ªº":
        return ""
    first = name.split(" ", 1)[0]
    return "HALFWIDTH" if first == "HALFWIDTH" else first


def _is_wide(char: str) -> bool:
    return unicodedata.east_asian_width(char) in ("W", "F")


def rival_of(found: Sequence[Decoding], chosen: Decoding) -> str:
    """Return the encoding in which a text reads as well as in the chosen one, or better; "" where none does.

    A text that reads badly in the chosen one has a rival even if it reads badly there too. So have one or two bytes in
    an encoding that is not the most usual, or that read better in a rare one: they tell too little.
    """
    others = [one for one in found if one.encoding != chosen.encoding]
    if not others:
        return ""
    other = others[0]
    near = (chosen.score - other.score) * chosen.marked < _MARGIN
    if (near and other.score > LEAST) or chosen.bare < _BADLY:
        return other.encoding
    if chosen.marked >= _FEW or chosen.bare == _SIGNS_ALONE:
        return ""
    if chosen.encoding not in _MOST_USUAL:
        return other.encoding
    better = max(others, key=lambda one: one.bare)
    return better.encoding if better.bare - chosen.bare > _BETTER else ""


def decoding_of(sample: bytes, encoding: str) -> Decoding:
    """Return how some lines read in an encoding that may not be among the best."""
    return _decoding(_cut(sample).decode(encoding, "replace"), encoding, sum(byte > 127 for byte in sample))
