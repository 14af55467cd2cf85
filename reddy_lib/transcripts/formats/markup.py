"""HTML in a text of speech: paragraphs, line breaks, bold labels and entities become plain text.

Only what *is* markup is touched. `<b>` counts where it is closed again, `<br>` wherever it stands, an entity where it has
its semicolon; the `<` of "is it < 5?" stays.
"""

from __future__ import annotations

import html
import re

__all__ = ["is_markup", "plain_text"]

_BLOCK = r"p|div|li|ul|ol|tr|table|tbody|thead|h[1-6]|blockquote|section|article|header|footer|html|body|head|dl|dt|dd|pre"
_INLINE = (
    r"b|i|u|s|em|strong|span|a|font|small|sub|sup|mark|code|td|th|label|center|tt|ins|del|abbr|time|cite|q"
)
_ATTRIBUTES = r"(?:\s[^<>]{0,2000})?"
_BREAK = re.compile(rf"<\s?(?:br|hr){_ATTRIBUTES}\s?/?\s?>", re.IGNORECASE)
_HIDDEN = re.compile(
    r"<(script|style|head|title)\b[^<>]*>.{0,20000}?</\1\s*>|<!--.{0,5000}?-->", re.IGNORECASE | re.DOTALL
)
_IMAGE = re.compile(rf"<(?:img|input|wbr|meta|link|!doctype){_ATTRIBUTES}/?>", re.IGNORECASE)
_OPENED = re.compile(rf"<({_BLOCK}|{_INLINE}){_ATTRIBUTES}/?>", re.IGNORECASE)
_CLOSED = re.compile(rf"</({_BLOCK}|{_INLINE})\s*>", re.IGNORECASE)
_BLOCK_NAME = re.compile(_BLOCK, re.IGNORECASE)
_SET_APART = re.compile(
    rf"((?:^|\n|<(?:{_BLOCK}){_ATTRIBUTES}>|<br\s?/?>)\s*)"
    r"<(b|strong|em|i|u|span|cite|label|font)(?:\s[^<>]{0,300})?>([^<>:：\n]{1,40})</\2>(?=\s*[^\s:：<])",
    re.IGNORECASE,
)
_NEIGHBOURS = re.compile(r"</(span|b|strong|em|i)>\s*<\1(?=[\s>])", re.IGNORECASE)
_TERM = re.compile(r"</dt\s*>\s*<dd\b", re.IGNORECASE)
_ENTITY = re.compile(r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,24});")
_SPACES = re.compile(r"[ \u00a0\u2007\u202f]{2,}|[\u00a0\u2007\u202f]")
_BLANK_LINES = re.compile(r"[ \t]*\n[ \t]*(?:\n[ \t]*)+")
_CONTROL = re.compile(r"_x00([01][0-9a-f])_(?:(?<=[dD]_)\r?\n)?", re.IGNORECASE)
"""How the files of a workbook write a control character inside a cell: "_x000D_" before a line break, mostly."""
_CONTROLS = {"0d": "\n", "0a": "\n", "09": "\t"}
_VOICE = re.compile(r"\s*<v(?:\.[\w.-]{1,40})?\s+([^<>:\n]{1,60})>\s*")
_END_OF_VOICE = re.compile(r"\s*</v\s*>")
_DIRECTION = re.compile("[\u200b\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]")


def is_markup(text: str) -> bool:
    """Does the text hold HTML tags or entities?"""
    return plain_text(text) != text


def plain_text(text: str) -> str:
    """The text without HTML, entities decoded, and without the invisible marks of direction; most texts as they are."""
    if not text.isascii():
        text = _DIRECTION.sub("", text)
    if "_x00" in text:
        text = _CONTROL.sub(lambda match: _CONTROLS.get(match[1].lower(), ""), text)
    if text.count("<v") > 1:
        text = _of_voices(text)
    tagged = "<" in text and _has_tags(text)
    if not tagged and ("&" not in text or _ENTITY.search(text) is None):
        return text
    if tagged:
        text = _without_tags(text)
    decoded = _decoded(text)
    if not tagged and decoded != text and "<" in decoded and _has_tags(decoded, paired=True):
        decoded = _without_tags(decoded)  # HTML that was escaped as a whole
    decoded = _SPACES.sub(" ", decoded)
    return "\n".join(row.strip(" ") for row in _BLANK_LINES.sub("\n", decoded).split("\n")).strip("\n")


def _of_voices(text: str) -> str:
    """Return a text whose speakers stand in the voice tags of subtitles, without their times, as labelled lines."""
    if len(_VOICE.findall(text)) < 2:
        return text
    return _END_OF_VOICE.sub("", _VOICE.sub(lambda match: f"\n{match[1].strip()}: ", text)).strip("\n")


def _has_tags(text: str, *, paired: bool = False) -> bool:
    if not paired and _BREAK.search(text):
        return True
    closed = {name.lower() for name in _CLOSED.findall(text)}
    if not closed:
        opened = [name.lower() for name in _OPENED.findall(text)]
        return opened.count("p") > 1 or opened.count("li") > 1
    return any(name.lower() in closed for name in _OPENED.findall(text))


def _without_tags(text: str) -> str:
    text = _parted(_HIDDEN.sub("", text))
    opened = {name.lower() for name in _OPENED.findall(text)}
    closed = {name.lower() for name in _CLOSED.findall(text)}
    both = (opened & closed) | ({"p", "li"} & opened)

    pairs = {"dt", "dd"} <= both and _TERM.search(text) is not None

    def replaced(match: re.Match[str]) -> str:
        name = match[1].lower()
        if name not in both:
            return match[0]
        closes = match[0][1] == "/"
        if name in ("td", "th"):
            return "" if closes else "\t"
        if pairs and name in ("dt", "dd"):
            return ("\n" if closes else "\t") if name == "dd" else ("" if closes else "\n")
        return "\n" if _BLOCK_NAME.fullmatch(name) else ""

    text = _BREAK.sub("\n", text)
    text = _IMAGE.sub("", text)
    text = _CLOSED.sub(replaced, _OPENED.sub(replaced, text))
    return "\n".join(row.strip("\t ") for row in text.split("\n"))


def _parted(text: str) -> str:
    """The text with a tab behind labels that only their type sets apart: `<li><b>Agent</b> Hello`, two spans in a row."""
    labels = [match[3].strip() for match in _SET_APART.finditer(text)]
    if len(labels) > 1 and len(set(labels)) < len(labels):
        text = _SET_APART.sub(r"\1\3\t", text)
    if len(_NEIGHBOURS.findall(text)) > 1:
        text = _NEIGHBOURS.sub(r"</\1>\t<\1", text)
    return text


def _decoded(text: str) -> str:
    """Entities decoded; twice where they were escaped twice."""
    for _ in range(2):
        if "&" not in text:
            break
        text = _ENTITY.sub(lambda match: html.unescape(match[0]), text)
    return text
