"""Interpret Reddy's responses, as pure functions of status, headers and body.

Each rule answers one question: *may the call have been processed?* Only a clear refusal counts as no: a 4xx, a redirect,
503 with `Retry-After`, or a status that blames the connection (*not received*). Only a success with a documented body
counts as yes. Everything else is `Doubtful`. Error bodies come in several JSON shapes, so the server's message is searched
in all usual places and shortened. Bodies that are not JSON objects, such as a proxy's page, are not shown, because they do
not come from Reddy.
"""

from __future__ import annotations

import contextlib
import math
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import msgspec

from reddy_lib.api.echoes import Echoes
from reddy_lib.errors import (
    APIError,
    Doubtful,
    NotFound,
    NotReceived,
    Refused,
    TooManyRequests,
    Unauthorized,
    Unavailable,
)

__all__ = [
    "MAY_REPEAT",
    "NOT_RECEIVED",
    "PRODUCTS",
    "Answer",
    "Product",
    "Receipt",
    "error_for",
    "products_of",
    "receipt_of",
    "recording_error",
    "retry_after",
    "success_of",
    "words_of",
]

PRODUCTS = "The list of products"
"""The name in messages of the only request that changes nothing."""

MOST_WORDS = 2_000
"""Maximum length of a server's message in the ledger; a message for people quotes at most `MOST_QUOTED` characters."""
MOST_QUOTED = 300

NOT_RECEIVED = {
    408: "Reddy did not receive all of it in time",
    421: "it reached a server that does not answer for this address",
    425: "Reddy does not take it this early on a connection",
}
"""Statuses that are about the connection, not the call (RFC 9110, RFC 8470), each with its meaning. A server may send a
408 before it closes an idle connection; the next request on that connection then reads it as its own response."""

MAY_REPEAT = "It may be sent again until its address expires."
"""The last sentence of a failed upload's message."""

_REQUEST_ID_HEADERS = ("x-request-id", "request-id", "x-correlation-id", "x-amzn-requestid", "cf-ray")
_WORD_KEYS = (
    "error",
    "message",
    "detail",
    "error_description",
    "errors",
    "title",
    "description",
    "reason",
    "msg",
)


class Answer(msgspec.Struct, frozen=True):
    """An HTTP response: status, headers (lower-case names) and the decompressed body in UTF-8.

    Secrets that the server repeated are removed. `echoes` removes them again from texts that are parsed from the body.
    """

    status: int
    headers: dict[str, str]
    body: bytes
    echoes: Echoes = Echoes()

    @classmethod
    def without_echoes(cls, status: int, headers: Mapping[str, str], body: bytes, echoes: Echoes) -> Answer:
        """Create a response with the request's secrets removed."""
        clean = {name.lower(): echoes.blank(value) for name, value in headers.items()}
        return cls(status, clean, echoes.blank_body(body), echoes)

    @property
    def request_id(self) -> str | None:
        """The server's id for this request, to quote to its support, or None."""
        for name in _REQUEST_ID_HEADERS:
            if value := self.headers.get(name):
                return value[:200]
        return None


class Receipt(msgspec.Struct):
    """Reddy's response to a call that it accepted. Any field may be missing.

    Attributes:
        upload_id: Reddy's number for the call.
        conversation_id: the conversation id, as Reddy repeated it.
        upload_url: where to upload the recording. A secret until it expires: never shown.
        expires_at: when `upload_url` expires, in seconds since the epoch; None if Reddy did not say.
        filename: the recording's file name as sent with the call; it determines the content type.
        request_id: the server's id for the request, to quote to its support.
    """

    upload_id: int | None = None
    conversation_id: str | None = None
    upload_url: str | None = None
    expires_at: float | None = None
    filename: str | None = None
    request_id: str | None = None

    def __repr__(self) -> str:
        number = "without number" if self.upload_id is None else f"upload {self.upload_id}"
        recording = "takes a recording" if self.upload_url else "no recording expected"
        return f"<Receipt {number} · {recording}>"

    def __rich_repr__(self) -> list[tuple[str, Any]]:
        """Hide `upload_url`: pretty-printers list every field by default."""
        return [("upload_id", self.upload_id), ("conversation_id", self.conversation_id)]


class Product(msgspec.Struct, frozen=True):
    """A product of Reddy's list, which has one scorecard. Also works as a mapping (`product["id"]`, `dict(product)`)."""

    id: int
    name: str
    status: str

    def keys(self) -> tuple[str, ...]:
        """Return the field names, which makes `dict(product)` work."""
        return self.__struct_fields__

    def __getitem__(self, field: str) -> Any:
        if field not in self.__struct_fields__:
            raise KeyError(field)
        return getattr(self, field)


def error_for(answer: Answer, what: str, *, now: float) -> APIError:
    """Return the error for a response that is not a success.

    Args:
        what: the request in the analyst's words, such as "The call".
        now: seconds since the epoch, for a `Retry-After` that is a date.
    """
    status = answer.status
    words = words_of(answer)
    wait = retry_after(answer.headers, now=now)
    said = _quoted(words, answer)
    kind: type[APIError]
    if status in (401, 403):
        kind = Unauthorized
        message = f"Reddy did not accept the token{said} Check the token and its permissions."
    elif status == 404:
        kind = NotFound
        message = (
            f"{what} was refused: not found{said} Check the conversation and the agent, or Reddy's address."
        )
    elif status in NOT_RECEIVED:
        kind = NotReceived
        message = f"{what} was not processed: {NOT_RECEIVED[status]}{said} {_try_again(wait)}"
    elif status == 429:
        kind = TooManyRequests
        message = f"{what} was not taken: too many requests at once{said} {_try_again(wait)}"
    elif 400 <= status < 500:
        kind = Refused
        message = f"{what} was refused ({status}){said} Correct it, then send it again."
    elif 300 <= status < 400 and status != 303:
        # Not 303: servers send it after they have processed a request, so it stays in doubt.
        kind = Refused
        message = (
            f"{what} was not taken: the server redirects to another address ({status}). "
            "The address of Reddy in the connection is probably wrong."
        )
    elif status == 503 and wait is not None:
        kind = Unavailable
        message = f"{what} was not taken: Reddy is unavailable at the moment{said} {_try_again(wait)}"
    else:
        kind = Doubtful
        message = f"Reddy answered with an error of its own ({status}){said} {_in_doubt(what)}"
    return kind(message, status=status, server_message=words, request_id=answer.request_id, retry_after=wait)


def recording_error(answer: Answer, what: str, *, now: float) -> APIError | None:
    """Return the error for a response to an upload; None if the recording was stored.

    The server is a file store, not Reddy: its errors say nothing about the token, and a success needs no body. A success
    with a web page (a proxy's sign-in page comes with 200) or a body that reports a failure is `Doubtful`.
    """
    status, odd = answer.status, _contradiction(answer)
    if status in (200, 201, 204) and not odd:
        return None
    words = words_of(answer)
    kind: type[APIError]
    if 200 <= status < 300:
        kind = Doubtful
        odd = odd or "is not one that Reddy documents"
        message = (
            f"The server's answer to the recording ({status}) {odd}{_quoted(words)} It may or may not have arrived. "
            f"{MAY_REPEAT}"
        )
    elif status in (*NOT_RECEIVED, 429) or status >= 500:
        return error_for(answer, what, now=now)
    else:
        # Not `Unauthorized`: the upload does not use the token, so the next call will be accepted as before.
        kind = Refused
        if status in (401, 403, 404, 410):
            said = "The server no longer takes this recording; its address has probably expired, or was used already."
        elif status < 400:
            said = (
                f"The server for recordings redirects to another address ({status}). It was not followed, and the "
                "recording was not stored."
            )
        else:
            said = f"The server for recordings refused it ({status}){_quoted(words, answer)}"
        message = f"{said} Ask Reddy's support how to attach it: sending the call again makes a second call."
    return kind(message, status=status, server_message=words, request_id=answer.request_id)


def _contradiction(answer: Answer) -> str:
    """Return why a body contradicts its success status, to end a sentence; "" if it does not."""
    if _is_page(answer):
        return "is a web page (from a proxy or a sign-in)"
    with contextlib.suppress(ValueError, RecursionError):
        content = msgspec.json.decode(answer.body)
        if isinstance(content, dict) and (content.get("success") is False or content.get("error")):
            return "reports both success and failure"
    return ""


def _is_page(answer: Answer) -> bool:
    return answer.body[:200].lstrip().lower().startswith((b"<!doctype html", b"<html"))


def success_of(answer: Answer, what: str) -> dict[str, Any]:
    """Return the JSON object of a 2xx response.

    Raises:
        Doubtful: the body is not a JSON object, or it reports a failure.
    """
    content = _json_of(answer, what)
    if not isinstance(content, dict):
        raise _not_documented(answer, what)
    if content.get("success") is False or content.get("error"):
        words = words_of(answer)
        raise Doubtful(
            f"Reddy's answer reports both success ({answer.status}) and failure{_quoted(words)} {_in_doubt(what)}",
            status=answer.status,
            server_message=words,
            request_id=answer.request_id,
        )
    return content


def receipt_of(
    content: Mapping[str, Any],
    *,
    now: float,
    filename: str | None = None,
    request_id: str | None = None,
) -> Receipt:
    """Return the receipt from a response to `call/create`.

    Missing or invalid values become None and never raise, because the call was accepted. `now` is the time of the
    response in seconds since the epoch.
    """
    url = content.get("upload_url")
    seconds = _number(content.get("expires_in"))
    conversation = content.get("conversation_id")
    if isinstance(conversation, int) and not isinstance(conversation, bool):
        conversation = str(conversation)
    return Receipt(
        upload_id=_integer(content.get("upload_id")),
        conversation_id=conversation if isinstance(conversation, str) and conversation else None,
        upload_url=url if isinstance(url, str) and url else None,
        expires_at=None if seconds is None else now + seconds,
        filename=filename,
        request_id=request_id,
    )


def products_of(answer: Answer, what: str) -> list[Product]:
    """Return the products of a 2xx response to `product/list`, in Reddy's order.

    Raises:
        Doubtful: the body is not the documented list.
    """
    content = _json_of(answer, what)
    if not isinstance(content, list):
        raise _not_documented(answer, what)
    products = []
    for item in content:
        number = _integer(item.get("id")) if isinstance(item, dict) else None
        if number is None:
            raise _not_documented(answer, what)
        products.append(Product(number, str(item.get("name") or ""), str(item.get("status") or "")))
    return products


def retry_after(headers: Mapping[str, str], *, now: float) -> float | None:
    """Return the seconds to wait from a `Retry-After` header, never negative; None if it is missing or invalid.

    Accepts seconds and dates. A date is compared with the server's own clock (its `Date` header) if there is one, so that
    a wrong clock on this machine does not matter.
    """
    value = headers.get("retry-after", "").strip()
    if not value:
        return None
    if re.fullmatch(r"\d{1,9}(\.\d{1,9})?", value):
        return float(value)
    until = _http_date(value)
    if until is None:
        return None
    since = _http_date(headers.get("date", ""))
    return max(0.0, until - (now if since is None else since))


def words_of(answer: Answer) -> str | None:
    """Return the server's message from an error body (a JSON object) in one line, or None."""
    try:
        content = msgspec.json.decode(answer.body)
    except (ValueError, RecursionError):
        return None
    words = _words_in(content, depth=0) if isinstance(content, dict) else ""
    # Remove secrets once more: field names are part of the text too.
    return answer.echoes.blank(_one_line(words))[:MOST_WORDS] or None


def _words_in(content: Any, *, depth: int) -> str:
    if isinstance(content, str):
        return content
    if depth > 4:
        return ""
    if isinstance(content, list):
        found = (_words_in(item, depth=depth + 1) for item in content[:20])
        return "; ".join(words for words in found if words)
    if not isinstance(content, dict):
        return ""
    for key in _WORD_KEYS:
        if words := _words_in(content.get(key), depth=depth + 1):
            # Validation errors name the field beside the message: {"loc": ["body", "product_id"], "msg": …}
            place = content.get("loc")
            if isinstance(place, list) and place:
                return f"{'.'.join(str(part) for part in place)}: {words}"
            return words
    # {"errors": {"product_id": ["is not known"]}}: the keys are field names
    named = ((key, _words_in(value, depth=depth + 1)) for key, value in list(content.items())[:20])
    return "; ".join(f"{key}: {words}" for key, words in named if words) if depth else ""


def _one_line(text: str) -> str:
    printable = "".join(char if char.isprintable() else " " for char in text)
    return " ".join(printable.split())


def _quoted(words: str | None, answer: Answer | None = None) -> str:
    """Return `: “words”.`, or a full stop without words, to end a sentence. With `answer`, also describe a foreign body."""
    if not words:
        if answer is None or not answer.body.strip(b" {}\r\n\t"):
            return "."
        return f". The answer is not one of Reddy's: {'a web page' if _is_page(answer) else 'another form'}."
    return f": “{words if len(words) <= MOST_QUOTED else words[: MOST_QUOTED - 1] + '…'}”."


def _in_doubt(what: str) -> str:
    """Return what to do after an unclear answer. The product list is only read, so asking again is always safe."""
    if what == PRODUCTS:
        return "Try again later."
    return f"{what} may have been processed anyway: check before sending it again."


def _try_again(wait: float | None) -> str:
    if wait is None:
        return "Try again later."
    seconds = math.ceil(wait)
    return f"Try again in {seconds} second{'' if seconds == 1 else 's'}."


def _json_of(answer: Answer, what: str) -> Any:
    with contextlib.suppress(ValueError, RecursionError):
        return msgspec.json.decode(answer.body)
    raise _not_documented(answer, what)


def _not_documented(answer: Answer, what: str) -> Doubtful:
    form = "a web page" if _is_page(answer) else f"status {answer.status}"
    doubt = "" if what == PRODUCTS else f"{what} may have been processed anyway. "
    return Doubtful(
        f"The answer is not one that Reddy documents ({form}). {doubt}Check the "
        "address in the connection, and whether something in between (a proxy, a sign-in page) answered instead of Reddy.",
        status=answer.status,
        request_id=answer.request_id,
    )


def _integer(value: object) -> int | None:
    """Return 17 for 17, 17.0 and "17"; None for anything else, booleans included."""
    if isinstance(value, str) and re.fullmatch(r"-?\d{1,18}", value.strip()):
        return int(value)
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _number(value: object) -> float | None:
    if isinstance(value, str) and re.fullmatch(r"\d{1,12}(\.\d+)?", value.strip()):
        return float(value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if math.isfinite(value) else None


def _http_date(text: str) -> float | None:
    if not text:
        return None
    try:
        moment: datetime = parsedate_to_datetime(text)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except (ValueError, TypeError, OverflowError):
        return None
