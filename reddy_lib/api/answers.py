"""What Reddy's answers mean, as pure functions of status, headers and body.

The question behind each rule is *may the call have been processed?* Only an answer that says clearly "no" is
read as no (4xx, a redirect, 503 with `Retry-After`), and one that blames the connection as *not
received*; only a success whose body is what Reddy documents is
read as yes; everything else is `Doubtful`. Error bodies come in several shapes of JSON, so the server's words are looked
for in all the usual places and shortened for people. The words of anything else (a proxy's page, another server's
answer) are kept from people: what an address that is not Reddy's answers is not for them to read.
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

MOST_WORDS = 2_000
"""Characters of a server's message that are kept; a message for people quotes at most `MOST_QUOTED`."""
MOST_QUOTED = 300

NOT_RECEIVED = {
    408: "Reddy did not receive all of it in time",
    421: "it reached a server that does not answer for this address",
    425: "Reddy does not take it this early on a connection",
}
"""Status → what it says about the connection, not about the call (RFC 9110, RFC 8470). A server may send a 408 on an
idle connection before it closes it; the next request then reads it as its answer."""

MAY_REPEAT = "It may be sent again until its address expires."
"""What may be done after an upload that came to nothing: the end of its words."""

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
    """One HTTP answer: status, headers (lower-case names) and the body, decompressed and in UTF-8.

    Secrets that the server repeats are struck out; `echoes` knows them, for what comes out once a text is taken apart.
    """

    status: int
    headers: dict[str, str]
    body: bytes
    echoes: Echoes = Echoes()

    @classmethod
    def without_echoes(cls, status: int, headers: Mapping[str, str], body: bytes, echoes: Echoes) -> Answer:
        """The answer as it came, but for the secrets."""
        clean = {name.lower(): echoes.blank(value) for name, value in headers.items()}
        return cls(status, clean, echoes.blank_body(body), echoes)

    @property
    def request_id(self) -> str | None:
        """What the server calls this request, for a question to its support; None where it does not say."""
        for name in _REQUEST_ID_HEADERS:
            if value := self.headers.get(name):
                return value[:200]
        return None


class Receipt(msgspec.Struct):
    """What Reddy answered to a call that it accepted. Every field but the id may be missing, and often is.

    Attributes:
        upload_id: Reddy's number of the call.
        conversation_id: the conversation as Reddy repeated it.
        upload_url: where the recording goes. A secret until it expires: shown nowhere.
        expires_at: seconds since the epoch at which `upload_url` stops working; None where Reddy did not say.
        filename: the recording's name as it was announced with the call; decides its content type.
        request_id: what the server calls the request, for a question to its support.
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
        """Pretty-printers would list every field otherwise, the secret address among them."""
        return [("upload_id", self.upload_id), ("conversation_id", self.conversation_id)]


class Product(msgspec.Struct, frozen=True):
    """One product of Reddy's list: one scorecard. Reads like a dict too (`product["id"]`, `dict(product)`)."""

    id: int
    name: str
    status: str

    def keys(self) -> tuple[str, ...]:
        """The names that `product[name]` takes; makes `dict(product)` work."""
        return self.__struct_fields__

    def __getitem__(self, field: str) -> Any:
        if field not in self.__struct_fields__:
            raise KeyError(field)
        return getattr(self, field)


def error_for(answer: Answer, what: str, *, now: float) -> APIError:
    """The error that an answer other than a success stands for.

    `what` names the request in the analyst's words ("The call"); `now`: seconds since the epoch, for a
    `Retry-After` that is a date.
    """
    status = answer.status
    words = words_of(answer)
    wait = retry_after(answer.headers, now=now)
    said = _quoted(words, answer)
    kind: type[APIError]
    if status in (401, 403):
        kind = Unauthorized
        message = f"Reddy did not accept the token{said} Check the token, and whether it may do this."
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
        # 303 is how a server that *has* processed a request sends the browser on: it stays in doubt.
        kind = Refused
        message = (
            f"{what} was not taken: the server points to another address ({status}). "
            "The address of Reddy in the connection is probably wrong."
        )
    elif status == 503 and wait is not None:
        kind = Unavailable
        message = f"{what} was not taken: Reddy is not available at the moment{said} {_try_again(wait)}"
    else:
        kind = Doubtful
        message = (
            f"Reddy answered with an error of its own ({status}){said} "
            f"{what} may have been processed all the same: check before sending it again."
        )
    return kind(message, status=status, server_message=words, request_id=answer.request_id, retry_after=wait)


def recording_error(answer: Answer, what: str, *, now: float) -> APIError | None:
    """The error that an answer to an upload stands for; None where the recording was taken.

    Whoever answers is a store of files, not Reddy: it says nothing about the token, and its yes needs no body. But a
    page for people is no yes (a proxy's sign-in page comes with 200), and neither is one that says that it failed.
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
        # Not `Unauthorized`: the token took no part in this; the next call will be accepted as before.
        kind = Refused
        if status in (401, 403, 404, 410):
            said = "The server no longer takes this recording; its address has probably expired, or was used already."
        elif status < 400:
            said = (
                f"The server for recordings points to another address ({status}). It is not followed: the recording is "
                "not there."
            )
        else:
            said = f"The server for recordings refused it ({status}){_quoted(words, answer)}"
        message = f"{said} Ask Reddy's support how to attach it: sending the call again makes a second call."
    return kind(message, status=status, server_message=words, request_id=answer.request_id)


def _contradiction(answer: Answer) -> str:
    """What in a body takes back the yes of its status, as the end of a sentence; "" where nothing does."""
    if _is_page(answer):
        return "is a page for people (a proxy's, a sign-in page)"
    with contextlib.suppress(ValueError, RecursionError):
        content = msgspec.json.decode(answer.body)
        if isinstance(content, dict) and (content.get("success") is False or content.get("error")):
            return "says both yes and no"
    return ""


def _is_page(answer: Answer) -> bool:
    return answer.body[:200].lstrip().lower().startswith((b"<!doctype html", b"<html"))


def success_of(answer: Answer, what: str) -> dict[str, Any]:
    """The JSON object of a 2xx answer.

    Raises:
        Doubtful: the body is not a JSON object, or it says that something failed.
    """
    content = _json_of(answer, what)
    if not isinstance(content, dict):
        raise _not_documented(answer, what)
    if content.get("success") is False or content.get("error"):
        words = words_of(answer)
        raise Doubtful(
            f"Reddy's answer says both yes ({answer.status}) and no{_quoted(words)} "
            f"{what} may have been processed all the same: check before sending it again.",
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
    """A receipt from the answer to `call/create`. What is missing or unusable becomes None, never an error:
    the call *was* accepted. `now`: seconds since the epoch at which the answer came.
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
    """The products of a 2xx answer to `product/list`, in Reddy's order.

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
    """Seconds that a `Retry-After` header asks to wait, never negative; None where missing or unreadable.

    Both forms of the standard: a number of seconds, or a date. A date is counted from the server's own clock
    (its `Date` header) where it shows one, so that a wrong clock on this machine does not matter.
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
    """Return the server's own words in an error body, a JSON object, as one line; None where there are none."""
    try:
        content = msgspec.json.decode(answer.body)
    except (ValueError, RecursionError):
        return None
    words = _words_in(content, depth=0) if isinstance(content, dict) else ""
    # Once more: names of fields are words too.
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
            # Validation errors name the place beside the words: {"loc": ["body", "product_id"], "msg": …}
            place = content.get("loc")
            if isinstance(place, list) and place:
                return f"{'.'.join(str(part) for part in place)}: {words}"
            return words
    # {"errors": {"product_id": ["is not known"]}}: the keys are the places
    named = ((key, _words_in(value, depth=depth + 1)) for key, value in list(content.items())[:20])
    return "; ".join(f"{key}: {words}" for key, words in named if words) if depth else ""


def _one_line(text: str) -> str:
    printable = "".join(char if char.isprintable() else " " for char in text)
    return " ".join(printable.split())


def _quoted(words: str | None, answer: Answer | None = None) -> str:
    """`: “words”.`, or a full stop where there are none; ends a sentence either way. With the `answer`, says where it
    has a body that is not one of Reddy's."""
    if not words:
        if answer is None or not answer.body.strip(b" {}\r\n\t"):
            return "."
        return f". The answer is not one of Reddy's: {'a web page' if _is_page(answer) else 'another form'}."
    return f": “{words if len(words) <= MOST_QUOTED else words[: MOST_QUOTED - 1] + '…'}”."


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
    return Doubtful(
        f"The answer is not one that Reddy documents ({form}). {what} may have been processed all the same. Check the "
        "address in the connection, and whether something in between (a proxy, a sign-in page) answered instead of Reddy.",
        status=answer.status,
        request_id=answer.request_id,
    )


def _integer(value: object) -> int | None:
    """17, 17.0 and "17" are 17; anything else (True among it) is None."""
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
