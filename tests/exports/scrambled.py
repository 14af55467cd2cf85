"""Headers that say nothing: what the reader can tell of them, it tells by what stands below.

What only a name could tell is ASKED in the truth, and what people would argue about is left out of it.
"""

from __future__ import annotations

import random
from dataclasses import replace

from tests.exports.columns import Plan
from tests.exports.writing import ASKED, TruthCall

# Things, fruit and animals: a column of an export is called so by nobody.
NEUTRAL_WORDS: dict[str, tuple[str, ...]] = {
    "en": ("Apple", "River", "Lantern", "Pebble", "Maple", "Otter", "Velvet", "Canoe", "Thistle", "Copper", "Meadow", "Saddle", "Plum", "Falcon", "Ribbon", "Harbour", "Acorn", "Marble", "Cedar", "Button", "Heron", "Basil", "Anchor", "Walnut", "Feather", "Tulip", "Badger", "Clover", "Kettle", "Amber", "Willow", "Ladder"),
    "de": ("Apfel", "Laterne", "Kiesel", "Ahorn", "Otter", "Samt", "Distel", "Kupfer", "Wiese", "Sattel", "Pflaume", "Falke", "Schleife", "Hafen", "Eichel", "Murmel", "Zeder", "Knopf", "Reiher", "Anker", "Walnuss", "Feder", "Tulpe", "Dachs", "Klee", "Kessel", "Weide", "Leiter", "Birne", "Fuchs", "Wolke", "Brunnen"),
    "fr": ("Pomme", "Lanterne", "Caillou", "Velours", "Chardon", "Cuivre", "Selle", "Prune", "Faucon", "Ruban", "Gland", "Bille", "Bouton", "Ancre", "Noix", "Plume", "Tulipe", "Blaireau", "Saule", "Poire", "Renard", "Nuage", "Fontaine", "Cerise", "Loutre", "Sapin", "Moulin", "Panier", "Citron", "Hibou", "Corbeau", "Tilleul"),
    "es": ("Manzana", "Farol", "Guijarro", "Arce", "Nutria", "Cardo", "Cobre", "Prado", "Silla", "Ciruela", "Cinta", "Bellota", "Canica", "Cedro", "Garza", "Ancla", "Nuez", "Pluma", "Tejón", "Sauce", "Pera", "Zorro", "Nube", "Fuente", "Cereza", "Molino", "Cesta", "Limón", "Cuervo", "Tilo", "Cometa", "Piedra"),
    "pt": ("Lanterna", "Seixo", "Bordo", "Lontra", "Veludo", "Cardo", "Cobre", "Sela", "Ameixa", "Fita", "Bolota", "Cedro", "Garça", "Noz", "Pena", "Tulipa", "Texugo", "Trevo", "Chaleira", "Pera", "Raposa", "Nuvem", "Cereja", "Moinho", "Cesto", "Coruja", "Corvo", "Pipa", "Pedra", "Figo", "Pinheiro", "Abelha"),
    "it": ("Mela", "Lanterna", "Ciottolo", "Acero", "Lontra", "Velluto", "Cardo", "Rame", "Prugna", "Falco", "Ghianda", "Biglia", "Cedro", "Airone", "Ancora", "Noce", "Piuma", "Tulipano", "Tasso", "Trifoglio", "Salice", "Pera", "Volpe", "Nuvola", "Ciliegia", "Mulino", "Cesto", "Gufo", "Corvo", "Tiglio", "Pino", "Ape"),
    "nl": ("Appel", "Lantaarn", "Kiezel", "Esdoorn", "Otter", "Fluweel", "Distel", "Koper", "Zadel", "Pruim", "Valk", "Lint", "Eikel", "Knikker", "Ceder", "Knoop", "Reiger", "Anker", "Walnoot", "Veer", "Tulp", "Das", "Klaver", "Ketel", "Wilg", "Peer", "Vos", "Wolk", "Kers", "Molen", "Mand", "Uil"),
    "pl": ("Latarnia", "Klon", "Wydra", "Aksamit", "Miedź", "Siodło", "Śliwka", "Sokół", "Żołądź", "Cedr", "Guzik", "Czapla", "Kotwica", "Pióro", "Tulipan", "Borsuk", "Czajnik", "Wierzba", "Gruszka", "Lis", "Chmura", "Fontanna", "Wiśnia", "Młyn", "Kosz", "Sowa", "Kruk", "Lipa", "Sosna", "Pszczoła", "Kamień", "Bursztyn"),
    "ru": ("Яблоко", "Фонарь", "Галька", "Клён", "Выдра", "Бархат", "Медь", "Седло", "Слива", "Сокол", "Жёлудь", "Кедр", "Пуговица", "Цапля", "Якорь", "Тюльпан", "Барсук", "Клевер", "Чайник", "Ива", "Груша", "Лиса", "Облако", "Фонтан", "Вишня", "Мельница", "Корзина", "Ворон", "Липа", "Сосна", "Пчела", "Янтарь"),
    "ja": ("りんご", "小石", "かえで", "かわうそ", "銅", "草原", "すもも", "鷹", "リボン", "どんぐり", "杉", "ボタン", "鷺", "胡桃", "羽", "チューリップ", "穴熊", "やかん", "柳", "梨", "狐", "雲", "噴水", "桜桃", "風車", "籠", "檸檬", "梟", "烏", "松", "蜂", "琥珀"),
    "zh": ("苹果", "灯笼", "卵石", "枫树", "水獭", "天鹅绒", "铜", "草地", "马鞍", "李子", "猎鹰", "丝带", "橡子", "雪松", "纽扣", "苍鹭", "核桃", "羽毛", "郁金香", "獾", "三叶草", "水壶", "柳树", "梨", "狐狸", "云朵", "喷泉", "樱桃", "风车", "篮子", "柠檬", "琥珀"),
    "tr": ("Elma", "Fener", "Çakıl", "Akçaağaç", "Kadife", "Bakır", "Çayır", "Eyer", "Erik", "Şahin", "Kurdele", "Palamut", "Sedir", "Düğme", "Balıkçıl", "Çapa", "Ceviz", "Tüy", "Lale", "Porsuk", "Yonca", "Çaydanlık", "Söğüt", "Armut", "Tilki", "Bulut", "Çeşme", "Kiraz", "Değirmen", "Sepet", "Limon", "Baykuş"),
}  # fmt: skip
STYLES = (
    "words",
    "words",
    "col_{n}",
    "Field {a}",
    "F{n}",
    "Column{n}",
    "attr_{n:02}",
    "x{n}",
    "Var{n}",
    "unnamed_{n}",
)
NAMED_LAYOUTS = ("json-nested-people", "json-participants", "json-side-loaded", "zip-texts", "one-text")
"""Layouts that keep names whatever the headers are, or have no headers."""
HAZY_DATES = ("serial-text", "serial-comma", "serial-number")
"""Numbers of days, of which people would not agree without a name that they are dates."""


def scrambled_headers(rng: random.Random, headers: dict[str, str], language: str) -> dict[str, str]:
    """Return one name a field, each of which says nothing."""
    style = rng.choice(STYLES)
    fields = list(headers)
    if style == "words":
        return dict(zip(fields, rng.sample(NEUTRAL_WORDS[language], len(fields)), strict=True))
    numbers = rng.sample(range(1, len(fields) + 1), len(fields))
    letters = [chr(65 + n % 26) * (1 + n // 26) for n in range(len(fields) + 1)]
    return {name: style.format(n=n, a=letters[n - 1]) for name, n in zip(fields, numbers, strict=True)}


def scrambled_truth(plan: Plan) -> list[TruthCall]:
    """Return the truth of a plan whose headers say nothing."""
    first = min(scene.product_id for scene in plan.scenes)
    truth = plan.truth
    shown = {name for name in plan.used if name in ("start", "created", "end", "date")}
    if "product_id" in plan.used and first < 11:  # small numbers may count anything
        truth = [replace(call, product=ASKED) for call in truth]
    settled = "line_time" in plan.used or plan.form.dated  # the lines say when the call was
    if (
        "created" in shown and shown & {"start", "date"} and not settled
    ):  # which of two is the start, only a name tells
        truth = [replace(call, start=ASKED if call.start is not None else None) for call in truth]
    elif "end" in shown and plan.date.tolerance > 1 and not settled:
        truth = [replace(call, start=ASKED) for call in truth]
    elif plan.date.name in HAZY_DATES:
        truth = [replace(call, start=None) for call in truth]
    return truth
