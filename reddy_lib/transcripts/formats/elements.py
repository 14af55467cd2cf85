"""Transcripts as XML: an element a turn, with attributes or children; subtitles as TTML; speech as SSML.

The elements become the same data that JSON would hold, and are read as such. Entities are never defined or followed, and
depth and size are bounded.
"""

from __future__ import annotations

import html
import re
from typing import Any
from xml.parsers import expat

from reddy_lib.transcripts.roles import role_of

__all__ = ["FORMS", "elements", "form_of", "looks_like_elements"]

FORMS = ("XML", "TTML", "SSML")
_OPENS = re.compile(
    r"\s*(?:<\?xml[^<>]{0,200}\?>\s*)?(?:<!--.{0,2000}?-->\s*|<!DOCTYPE[^<>\[]{0,300}>\s*)*<([A-Za-z_][\w.:-]{0,80})[\s/>]",
    re.DOTALL,
)
_DOCTYPE = re.compile(r"<!DOCTYPE[^<>\[]{0,300}>")
_HTML_TEXT = """
html body head div p span br table tr td ul ol li b i u em strong a h1 h2 h3 font pre
blockquote section article dl dt dd th tbody thead hr center v c
"""
_HTML = frozenset(_HTML_TEXT.split())
_INLINE_TEXT = """
b i u em strong span br break emphasis prosody phoneme say-as sub mark w word s ruby rt c font a sync event background
comment
"""
_INLINE = frozenset(_INLINE_TEXT.split())
_NAMED = re.compile(r"&(?!(?:amp|lt|gt|quot|apos);)[A-Za-z][A-Za-z0-9]{1,30};")
_DEPTH, _MOST, _LONGEST = 40, 400_000, 64_000_000


class _Element:
    __slots__ = ("attributes", "children", "parts", "tag")

    def __init__(self, tag: str, attributes: dict[str, str]) -> None:
        self.tag = tag
        self.attributes = attributes
        self.children: list[_Element] = []
        self.parts: list[str | _Element] = []

    def own(self) -> str:
        return "".join(part for part in self.parts if isinstance(part, str))

    def text(self) -> str:
        """All of the text inside, on one line but for line breaks that the elements say."""
        found: list[str] = []
        waiting: list[str | _Element] = list(reversed(self.parts))
        while waiting:
            part = waiting.pop()
            if isinstance(part, str):
                found.append(re.sub(r"\s+", " ", part))
            elif part.tag.casefold() == "br":
                found.append("\n")
            else:
                waiting.extend(reversed(part.parts))
        lines = (" ".join(line.split()) for line in "".join(found).split("\n"))
        return "\n".join(line for line in lines if line)


def looks_like_elements(text: str) -> bool:
    """Does this text begin and end as one element of XML that is no web page?"""
    opening = _OPENS.match(text[:4000])
    if opening is None or not text.rstrip().endswith(">"):
        return False
    root = opening[1].rpartition(":")[2]
    return (
        root.casefold() not in _HTML
        and re.search(rf"(?:</(?:[\w.-]+:)?{re.escape(root)}\s*|/)>\s*$", text[-400:]) is not None
    )


def form_of(data: dict[str, Any]) -> str:
    """What kind of XML this is, by the name of its root."""
    return {"tt": "TTML", "speak": "SSML"}.get(next(iter(data), ""), "XML")


def elements(text: str) -> dict[str, Any]:
    """The elements as nested data. Raises ValueError: no XML, or more than a transcript needs."""
    text = _DOCTYPE.sub("", text.strip(), count=1)
    if len(text) > _LONGEST or "<!DOCTYPE" in text or "<!ENTITY" in text:
        raise ValueError("not plain XML")
    text = re.sub(r"^<\?xml[^<>]*\?>", "", text)  # the text is decoded already, whatever it says of itself
    text = _NAMED.sub(lambda match: html.unescape(match[0]), text)
    root = _Element("", {})
    open_: list[_Element] = [root]
    count = 0

    def start(name: str, attributes: dict[str, str]) -> None:
        nonlocal count
        count += 1
        if len(open_) > _DEPTH or count > _MOST:
            raise ValueError("too many elements")
        plain = {
            key.rpartition(":")[2]: value for key, value in attributes.items() if not key.startswith("xmlns")
        }
        element = _Element(name.rpartition(":")[2], plain)
        open_[-1].children.append(element)
        open_[-1].parts.append(element)
        open_.append(element)

    def characters(data: str) -> None:
        open_[-1].parts.append(data)

    parser = expat.ParserCreate()
    parser.StartElementHandler = start
    parser.EndElementHandler = lambda _: open_.pop()
    parser.CharacterDataHandler = characters
    try:
        parser.Parse(text, True)
    except expat.ExpatError as error:
        raise ValueError("no XML") from error
    (top,) = root.children
    return {top.tag: _value(top)}


def _value(element: _Element) -> Any:
    attributes: dict[str, Any] = dict(element.attributes)
    if element.tag == "p" and "agent" in attributes:  # TTML
        attributes["speaker"] = attributes.pop("agent")
    children = element.children
    inline = all(child.tag.casefold() in _INLINE and not _has_turns(child) for child in children)
    if not children or element.own().strip() or (inline and element.text()):
        said = element.text()
        if not attributes:
            return said
        return {**attributes, **({"text": said} if said or not children else {})}
    sides = {child.tag for child in children if role_of(child.tag) in ("agent", "customer")}
    leaves = all(not child.children or child.own().strip() for child in children)
    if len(sides) > 1 and leaves and len(children) > 2:
        turns = [{"role": child.tag, "text": child.text(), **child.attributes} for child in children]
        return {**attributes, "turns": turns}
    grouped: dict[str, list[Any]] = {}
    for child in children:
        grouped.setdefault(child.tag, []).append(_value(child))
    for tag, values in grouped.items():
        attributes[tag if tag not in attributes else f"{tag}_"] = values if len(values) > 1 else values[0]
    return attributes


def _has_turns(element: _Element) -> bool:
    return any(key in element.attributes for key in ("speaker", "who", "role", "begin", "start", "name"))
