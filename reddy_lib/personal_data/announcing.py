"""Find words that their speaker announces in the same line ("my name is …")."""

from __future__ import annotations

from reddy_lib.personal_data.answers import Part, is_copula, is_sentence, looks_like_address, words_after
from reddy_lib.personal_data.passwords import password_beside
from reddy_lib.personal_data.tokens import Line
from reddy_lib.personal_data.weights import Sign

__all__ = ["announced"]

_CLEAR = 0.75  # of a sign that needs no word for a street


def announced(line: Line, sign: Sign) -> Part | None:
    """Return the words that a speaker announces in the same line ("my name is …", "the password is …")."""
    if sign.kind == "name":
        return words_after(line, sign.last + 1, "name") if sign.says else None
    after = line.parts[sign.last + 1 : sign.last + 2]
    if sign.kind == "password":
        part = password_beside(line, sign.first, sign.last)
        if part is not None or line.agent:
            return part
    if sign.kind == "password" and sign.weight >= 1 and after and is_copula(after[0]):
        part = words_after(line, sign.last + 1, "password")
        return None if part is None or is_sentence(line, [part]) else part
    if sign.kind == "address":
        part = words_after(line, sign.last + 1, "address")
        if part is not None and looks_like_address(line, [part], street=sign.weight < _CLEAR):
            return part
    return None
