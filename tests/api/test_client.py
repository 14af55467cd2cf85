"""The client: one method call is one request, and each answer is read for what it says about the call."""

from __future__ import annotations

import json
import logging
import socket
import threading
import traceback
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx2 as httpx
import pytest

from reddy_lib.api import Client, Product, Receipt
from reddy_lib.api.answers import Answer, products_of, receipt_of, retry_after, words_of
from reddy_lib.errors import (
    APIError,
    Doubtful,
    NeverSent,
    NotFound,
    NotReceived,
    Refused,
    TooManyRequests,
    Unauthorized,
    Unavailable,
)
from reddy_lib.model import Call, Speaker, Tag, TranscriptLine, payload_json
from reddy_lib.sandbox import Fault, Sandbox

TOKEN = "token-that-nobody-may-see"
CALL = Call(
    agent_email="ana@example.com",
    product_id=1,
    conversation_id="c-1",
    timestamp=1735689600.0,
    speaker=Speaker("channels", ["agent", "customer"]),
    transcript=[TranscriptLine("agent", "Grüß Gott", 0.0, 1.5), TranscriptLine("customer", "Hello")],
    tags=[Tag("queue", "cards", "string"), Tag("transfers", 2, "integer"), Tag("resolved", False, "boolean")],
)

Answering = Callable[[httpx.Request], httpx.Response]


def client_of(
    answer: httpx.Response | Exception | Answering, *, base_url: str = "https://reddy.example"
) -> Client:
    """A client whose server always gives this answer."""

    def handle(request: httpx.Request) -> httpx.Response:
        request.read()
        if isinstance(answer, Exception):
            raise answer
        return answer if isinstance(answer, httpx.Response) else answer(request)

    return Client(TOKEN, base_url=base_url, transport=httpx.MockTransport(handle))


def failure_of(answer: httpx.Response | Exception | Answering) -> APIError:
    """What `create_call` raises on this answer."""
    with pytest.raises(APIError) as caught:
        client_of(answer).create_call(CALL)
    return caught.value


@pytest.fixture(scope="module")
def running() -> Iterator[Sandbox]:
    with Sandbox(token=TOKEN) as sandbox:
        yield sandbox


@pytest.fixture
def sandbox(running: Sandbox) -> Sandbox:
    running.reset()
    return running


@pytest.fixture
def client(sandbox: Sandbox) -> Iterator[Client]:
    with Client(TOKEN, base_url=sandbox.url) as client:
        yield client


class TestAgainstTheSandbox:
    def test_a_call_arrives_as_its_payload_says(self, sandbox: Sandbox, client: Client) -> None:
        receipt = client.create_call(CALL)
        assert receipt.conversation_id == "c-1"
        assert receipt.upload_id == sandbox.received[0]["upload_id"]
        assert (receipt.upload_url, receipt.expires_at, receipt.filename) == (None, None, None)
        assert sandbox.payloads == [json.loads(payload_json(CALL))]

    def test_products_read_like_objects_and_like_dicts(self, client: Client) -> None:
        products = client.list_products()
        assert products[0] == Product(1, "Cards hotline", "active")
        assert [dict(product) for product in products][4] == {
            "id": 5,
            "name": "Old pilot",
            "status": "inactive",
        }
        assert products[1]["name"] == "Loans"
        with pytest.raises(KeyError):
            products[1]["price"]

    def test_tags_are_added_to_a_call_that_is_there(self, sandbox: Sandbox, client: Client) -> None:
        client.create_call(CALL)
        client.add_tags("c-1", "ana@example.com", [Tag("vip", True, "boolean")])
        assert sandbox.received[0]["tags_added"] == [{"key": "vip", "value": True, "type": "boolean"}]

    def test_an_unknown_conversation_can_be_told_from_an_invalid_agent(self, client: Client) -> None:
        with pytest.raises(NotFound) as missing:
            client.add_tags("c-404", "ana@example.com", [])
        assert (missing.value.status, missing.value.server_message) == (404, "conversation not found")
        with pytest.raises(Refused) as stranger:
            client.add_tags("c-1", "inactive@example.com", [])
        assert (stranger.value.status, stranger.value.server_message) == (400, "invalid agent")
        assert not isinstance(stranger.value, NotFound)

    def test_a_refusal_brings_reddys_own_words(self, sandbox: Sandbox, client: Client) -> None:
        with pytest.raises(Refused) as caught:
            client.create_call(Call(agent_email="ana@example.com", product_id=99))
        assert caught.value.server_message == "invalid parameters: product_id: there is no product 99"
        assert "there is no product 99" in str(caught.value)
        assert not caught.value.possibly_processed

    def test_a_wrong_token_is_unauthorized(self, sandbox: Sandbox) -> None:
        with Client("wrong", base_url=sandbox.url) as client:
            for ask in (client.list_products, lambda: client.create_call(CALL)):
                with pytest.raises(Unauthorized, match="Check the token"):
                    ask()
        assert sandbox.received == []

    @pytest.mark.parametrize(
        "fault",
        [
            Fault(kind="status", status=500),
            Fault(kind="status", status=503, retry_after=0),
            Fault(kind="status", status=429, retry_after=0),
            Fault(kind="status", status=307),
            Fault(kind="hang-up"),
            Fault(kind="hang-up", processed=True),
            Fault(kind="half-answer"),
            Fault(kind="not-json"),
        ],
        ids=lambda fault: f"{fault.kind}-{fault.status}",
    )
    def test_whatever_goes_wrong_a_request_is_made_once(
        self, sandbox: Sandbox, client: Client, fault: Fault
    ) -> None:
        client.create_call(CALL)  # a connection is open and kept
        sandbox.faults.add(fault)
        with pytest.raises(APIError):
            client.create_call(CALL)
        assert sandbox.requests["create"] == 2

    def test_many_threads_share_one_client(self, sandbox: Sandbox, client: Client) -> None:
        calls = [
            Call(agent_email="ana@example.com", product_id=1, conversation_id=f"c-{n}") for n in range(200)
        ]
        with ThreadPoolExecutor(64) as threads:
            receipts = list(threads.map(client.create_call, calls))
        assert [receipt.conversation_id for receipt in receipts] == [f"c-{n}" for n in range(200)]
        assert sorted(p["conversation_id"] for p in sandbox.payloads) == sorted(f"c-{n}" for n in range(200))

    def test_sixty_four_requests_are_under_way_at_the_same_time(self) -> None:
        together = threading.Barrier(64, timeout=20)

        def meet(request: httpx.Request) -> httpx.Response:
            together.wait()
            return httpx.Response(200, json={"upload_id": 1})

        client = client_of(meet)
        with ThreadPoolExecutor(64) as threads:
            assert len(list(threads.map(lambda _: client.create_call(CALL), range(64)))) == 64


class TestRequest:
    def asked(self, **settings: object) -> list[httpx.Request]:
        seen: list[httpx.Request] = []

        def keep(request: httpx.Request) -> httpx.Response:
            request.read()
            seen.append(request)
            body = [] if request.url.path.endswith("list") else {"upload_id": 1}
            return httpx.Response(200, json=body, headers={"set-cookie": "session=1; Path=/"})

        client = Client(TOKEN, transport=httpx.MockTransport(keep), **settings)
        client.create_call(CALL)
        client.add_tags("c-1", "ana@example.com", CALL.tags or [])
        client.list_products()
        return seen

    def test_addresses_methods_and_headers_are_the_documented_ones(self) -> None:
        create, tags, products = self.asked()
        assert (create.method, str(create.url)) == ("POST", "https://app.reddy.io/api/v1/call/create")
        assert (tags.method, str(tags.url)) == ("POST", "https://app.reddy.io/api/v1/call/add_tags")
        assert (products.method, str(products.url)) == ("GET", "https://app.reddy.io/api/v1/product/list")
        for request in (create, tags, products):
            assert request.headers["authorization"] == f"Bearer {TOKEN}"
        assert create.headers["content-type"] == tags.headers["content-type"] == "application/json"

    def test_the_body_is_the_payload_byte_for_byte(self) -> None:
        assert self.asked()[0].content == payload_json(CALL)

    def test_tags_go_out_as_the_documentation_shows_them(self) -> None:
        assert json.loads(self.asked()[1].content) == {
            "conversation_id": "c-1",
            "agent_email": "ana@example.com",
            "tags": [
                {"key": "queue", "value": "cards", "type": "string"},
                {"key": "transfers", "value": 2, "type": "integer"},
                {"key": "resolved", "value": False, "type": "boolean"},
            ],
        }

    def test_extra_headers_go_along_and_cookies_do_not(self) -> None:
        for request in self.asked(headers={"X-Use-K8s": "true"}):
            assert request.headers["x-use-k8s"] == "true"
            assert "cookie" not in request.headers

    def test_a_path_in_the_base_address_is_kept(self) -> None:
        for address in ("http://127.0.0.1:8501/sandbox", "http://127.0.0.1:8501/sandbox/"):
            assert (
                str(self.asked(base_url=address)[0].url) == "http://127.0.0.1:8501/sandbox/api/v1/call/create"
            )

    def test_blanks_around_a_pasted_token_are_dropped(self) -> None:
        seen: list[str] = []

        def keep(request: httpx.Request) -> httpx.Response:
            seen.append(request.headers["authorization"])
            return httpx.Response(200, json=[])

        Client(f"  {TOKEN}\n", transport=httpx.MockTransport(keep)).list_products()
        assert seen == [f"Bearer {TOKEN}"]


class TestStatus:
    @pytest.mark.parametrize(
        ("status", "kind"),
        [
            (300, Refused),
            (301, Refused),
            (302, Refused),
            (307, Refused),
            (308, Refused),
            (400, Refused),
            (401, Unauthorized),
            (403, Unauthorized),
            (404, NotFound),
            (405, Refused),
            (408, NotReceived),
            (409, Refused),
            (410, Refused),
            (413, Refused),
            (415, Refused),
            (421, NotReceived),
            (422, Refused),
            (425, NotReceived),
            (429, TooManyRequests),
            (451, Refused),
            (500, Doubtful),
            (501, Doubtful),
            (502, Doubtful),
            (503, Doubtful),
            (504, Doubtful),
            (524, Doubtful),
            # "see other": how a server sends a browser on *after* it has done what was asked
            (303, Doubtful),
        ],
    )
    def test_each_status_says_whether_the_call_may_have_been_processed(
        self, status: int, kind: type[APIError]
    ) -> None:
        headers = {"location": "https://elsewhere.example/"} if 300 <= status < 400 else {}
        error = failure_of(httpx.Response(status, json={"error": "because"}, headers=headers))
        assert type(error) is kind
        assert error.status == status
        assert error.possibly_processed is (kind is Doubtful)

    def test_unavailable_with_a_time_to_wait_was_not_processed(self) -> None:
        error = failure_of(httpx.Response(503, headers={"Retry-After": "30"}, json={"error": "busy"}))
        assert type(error) is Unavailable
        assert (error.retry_after, error.possibly_processed, error.server_message) == (30.0, False, "busy")
        assert "Try again in 30 seconds" in str(error)

    def test_unavailable_with_a_time_that_cannot_be_read_stays_in_doubt(self) -> None:
        assert type(failure_of(httpx.Response(503, headers={"Retry-After": "soon"}))) is Doubtful

    def test_too_many_requests_says_how_long_to_wait_if_it_is_known(self) -> None:
        known = failure_of(httpx.Response(429, headers={"Retry-After": "1"}))
        assert (known.retry_after, "Try again in 1 second." in str(known)) == (1.0, True)
        unknown = failure_of(httpx.Response(429))
        assert (unknown.retry_after, "Try again later." in str(unknown)) == (None, True)

    def test_a_redirect_is_not_followed_and_points_at_the_address(self) -> None:
        asked: list[str] = []

        def send_on(request: httpx.Request) -> httpx.Response:
            asked.append(request.url.host)
            return httpx.Response(308, headers={"location": "https://elsewhere.example/"})

        error = failure_of(send_on)
        assert asked == ["reddy.example"]
        assert "address of Reddy in the connection is probably wrong" in str(error)

    @pytest.mark.parametrize("header", ["X-Request-Id", "Request-Id", "X-Correlation-ID", "CF-Ray"])
    def test_the_servers_name_for_the_request_is_kept(self, header: str) -> None:
        error = failure_of(httpx.Response(500, headers={header: "req-17"}))
        assert error.request_id == "req-17"
        assert failure_of(httpx.Response(500)).request_id is None
        accepted = httpx.Response(200, json={"upload_id": 1}, headers={header: "req-18"})
        assert client_of(accepted).create_call(CALL).request_id == "req-18"


class TestAnswers:
    @pytest.mark.parametrize(
        "body",
        [
            b"",
            b"<html><title>Sign in</title></html>",
            b"OK",
            b"[]",
            b"null",
            b'"yes"',
            b"{",
            b"\xff",
            b"[" * 99_999,
        ],
    )
    def test_a_success_that_is_no_json_object_is_doubtful(self, body: bytes) -> None:
        error = failure_of(httpx.Response(200, content=body))
        assert type(error) is Doubtful
        assert error.status == 200
        assert error.possibly_processed

    @pytest.mark.parametrize("body", [{"success": False}, {"error": "quota exceeded"}])
    def test_a_success_that_says_no_is_doubtful(self, body: dict[str, object]) -> None:
        assert type(failure_of(httpx.Response(200, json=body))) is Doubtful

    def test_a_short_answer_makes_an_empty_receipt(self) -> None:
        for body in ({}, {"success": True}, {"message": "queued", "eta": [1, 2]}):
            assert client_of(httpx.Response(200, json=body)).create_call(CALL) == Receipt()
        assert client_of(httpx.Response(201, json={"upload_id": 3})).create_call(CALL).upload_id == 3

    @pytest.mark.parametrize(
        ("given", "read"),
        [
            (17, 17),
            ("17", 17),
            (17.0, 17),
            (None, None),
            (True, None),
            ("x17", None),
            (17.5, None),
            ([], None),
        ],
    )
    def test_an_upload_id_may_be_a_number_in_quotes(self, given: object, read: int | None) -> None:
        assert receipt_of({"upload_id": given}, now=0.0).upload_id == read

    def test_the_upload_address_expires_as_many_seconds_after_the_answer_as_it_says(self) -> None:
        whole = {"upload_url": "https://x.example/u", "expires_in": 3600, "conversation_id": 12}
        receipt = receipt_of(whole, now=1000.0, filename="a.m4a")
        assert receipt == Receipt(None, "12", "https://x.example/u", 4600.0, "a.m4a")
        assert receipt_of({"expires_in": "60"}, now=1000.0).expires_at == 1060.0
        for nonsense in (None, True, "soon", [], {}):
            assert receipt_of({"expires_in": nonsense}, now=1000.0).expires_at is None

    @pytest.mark.parametrize("field", [7, [], {}, "", None])
    def test_unusable_upload_fields_do_not_undo_the_acceptance(self, field: object) -> None:
        assert receipt_of({"upload_url": field}, now=0.0).upload_url is None

    def test_a_list_that_does_not_come_is_asked_for_again_not_sent_again(self) -> None:
        with socket.socket() as nobody:
            nobody.bind(("127.0.0.1", 0))
            base_url = f"http://127.0.0.1:{nobody.getsockname()[1]}"
            with Client("t", base_url=base_url) as client, pytest.raises(NeverSent) as caught:
                client.list_products()
        assert str(caught.value).startswith("The list of products could not be fetched: ")
        assert str(caught.value).endswith(f"Check the connection to {base_url}, then try again.")

    def test_products_tolerate_extra_fields_and_numbers_in_quotes(self) -> None:
        body = b'[{"id": "7", "name": "Cards", "status": "active", "owner": 1}, {"id": 8}]'
        assert products_of(Answer(200, {}, body), "The list") == [
            Product(7, "Cards", "active"),
            Product(8, "", ""),
        ]

    @pytest.mark.parametrize("body", [b"{}", b'[{"name": "x"}]', b"[1]", b"<html>", b"", b'[{"id": true}]'])
    def test_products_of_another_shape_are_not_what_reddy_documents(self, body: bytes) -> None:
        with pytest.raises(Doubtful, match="not one that Reddy documents"):
            products_of(Answer(200, {}, body), "The list")


class TestServersWords:
    @pytest.mark.parametrize(
        ("body", "words"),
        [
            ('{"error": "invalid agent"}', "invalid agent"),
            ('{"error": {"code": 7, "message": "invalid agent"}}', "invalid agent"),
            ('{"message": "invalid agent"}', "invalid agent"),
            ('{"detail": "Not authenticated"}', "Not authenticated"),
            (
                '{"detail": [{"loc": ["body", "product_id"], "msg": "must be known", "input": "secret"},'
                ' {"loc": ["body", "tags", 0], "msg": "bad"}]}',
                "body.product_id: must be known; body.tags.0: bad",
            ),
            ('{"errors": ["first", {"message": "second"}]}', "first; second"),
            ('{"errors": {"product_id": ["is not known"]}}', "product_id: is not known"),
            ('{"title": "Bad Request", "status": 400}', "Bad Request"),
            ('{"error": "two\\nlines\\u0000"}', "two lines"),
            ("", None),
            ("   ", None),
        ],
    )
    def test_they_are_found_in_every_usual_shape(self, body: str, words: str | None) -> None:
        assert words_of(Answer(400, {}, body.encode())) == words

    def test_they_are_cut_where_they_are_endless(self) -> None:
        error = failure_of(httpx.Response(400, json={"error": "no " * 100_000}))
        assert error.server_message is not None
        assert len(error.server_message) <= 2000
        assert len(str(error)) < 500

    def test_bytes_that_are_no_text_do_no_harm(self) -> None:
        assert words_of(Answer(400, {}, b"\xff\xfe bad")) is None
        assert words_of(Answer(400, {}, b'{"error": ' * 5000)) is None

    @pytest.mark.parametrize("status", [400, 401, 404, 429, 500, 503])
    @pytest.mark.parametrize(
        ("body", "said"),
        [
            (b"<html><head><title>router of the third floor</title></head></html>", "a web page"),
            (b"router of the third floor", "another form"),
            (b'["router of the third floor"]', "another form"),
            (b'"router of the third floor"', "another form"),
            (b'{"router of the third floor": 12}', "another form"),
            (b"<Error><Message>router of the third floor</Message></Error>", "another form"),
        ],
    )
    def test_the_words_of_what_is_not_reddy_are_shown_to_nobody(
        self, status: int, body: bytes, said: str
    ) -> None:
        error = failure_of(httpx.Response(status, content=body))
        assert "router" not in f"{error} {error.server_message}"
        assert f"The answer is not one of Reddy's: {said}." in str(error)


class TestRetryAfter:
    @pytest.mark.parametrize(
        ("value", "seconds"),
        [
            ("0", 0.0),
            ("120", 120.0),
            (" 1.5 ", 1.5),
            ("Thu, 01 Jan 1970 00:20:00 GMT", 200.0),
            ("Thu, 01 Jan 1970 00:00:00 GMT", 0.0),
            ("-5", None),
            ("inf", None),
            ("nan", None),
            ("soon", None),
            ("Thu, 99 Jan 1970", None),
            ("", None),
        ],
    )
    def test_seconds_and_dates_are_read_and_nonsense_is_not(self, value: str, seconds: float | None) -> None:
        assert retry_after({"retry-after": value}, now=1000.0) == seconds

    def test_a_date_is_counted_from_the_servers_clock_if_it_shows_one(self) -> None:
        headers = {"retry-after": "Thu, 01 Jan 1970 00:20:00 GMT", "date": "Thu, 01 Jan 1970 00:19:50 GMT"}
        assert retry_after(headers, now=5_000_000.0) == 10.0

    def test_without_the_header_there_is_nothing_to_wait_for(self) -> None:
        assert retry_after({}, now=0.0) is None


class TestTransportErrors:
    @pytest.mark.parametrize(
        "error",
        [
            httpx.ConnectError("[Errno 111] Connection refused"),
            httpx.ConnectTimeout("timed out"),
            httpx.PoolTimeout("no connection free"),
            httpx.ProxyError("407"),
            httpx.UnsupportedProtocol("ftp"),
            httpx.LocalProtocolError("Illegal header value"),
            httpx.InvalidURL("bad"),
        ],
        ids=lambda error: type(error).__name__,
    )
    def test_what_fails_before_a_connection_was_never_sent(self, error: Exception) -> None:
        raised = failure_of(error)
        assert type(raised) is NeverSent
        assert not raised.possibly_processed

    @pytest.mark.parametrize(
        "error",
        [
            httpx.ReadTimeout("timed out"),
            httpx.WriteTimeout("timed out"),
            httpx.ReadError("reset"),
            httpx.WriteError("broken pipe"),
            httpx.CloseError("close"),
            httpx.RemoteProtocolError("Server disconnected without sending a response."),
            httpx.DecodingError("bad gzip"),
            httpx.TooManyRedirects("loop"),
            httpx.StreamClosed(),
            ConnectionResetError(104, "reset"),
        ],
        ids=lambda error: type(error).__name__,
    )
    def test_what_fails_after_the_request_may_have_gone_out_is_doubtful(self, error: Exception) -> None:
        raised = failure_of(error)
        assert type(raised) is Doubtful
        assert raised.possibly_processed
        assert raised.status is None

    @pytest.mark.parametrize(
        ("text", "reason"),
        [
            ("[Errno 111] Connection refused", "nothing answers at this address"),
            ("[Errno -2] Name or service not known", "the server's name was not found"),
            ("[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed", "certificate"),
            ("[SSL: WRONG_VERSION_NUMBER] wrong version number", "no encrypted connection"),
            ("[Errno 113] No route to host", "no connection could be made"),
        ],
    )
    def test_why_there_was_no_connection_is_said_in_words(self, text: str, reason: str) -> None:
        message = str(failure_of(httpx.ConnectError(text)))
        assert reason in message
        assert "https://reddy.example" in message
        assert "Errno" not in message

    def test_a_mistake_in_the_program_is_not_hidden(self) -> None:
        with pytest.raises(ZeroDivisionError):
            client_of(ZeroDivisionError()).create_call(CALL)


class TestSettings:
    @pytest.mark.parametrize(
        "address",
        ["", "app.reddy.io", "ftp://app.reddy.io", "https://", "https://app.reddy.io:port", "https://a.example/?x=1",
         "https://name:password@a.example", "https://a.example/#x"],
    )  # fmt: skip
    def test_an_address_that_cannot_be_used_is_said_at_once_and_not_repeated(self, address: str) -> None:
        with pytest.raises(NeverSent) as caught:
            Client(TOKEN, base_url=address)
        assert "password@" not in str(caught.value)

    @pytest.mark.parametrize("token", ["", "  \n", "two words", "tökén", "a\nb"])
    def test_a_token_that_cannot_be_one_is_said_at_once_and_not_repeated(self, token: str) -> None:
        with pytest.raises(Unauthorized) as caught:
            Client(token)
        if token.strip():
            assert token not in str(caught.value)

    @pytest.mark.parametrize(
        "headers",
        [
            {"X-Bad": "a\r\nX-Evil: 1"},
            {"bad name": "1"},
            {"": "1"},
            {"Authorization": "Basic x"},
            {"HOST": "x"},
        ],
    )
    def test_headers_that_cannot_be_sent_are_said_at_once(self, headers: dict[str, str]) -> None:
        with pytest.raises(NeverSent, match="extra header"):
            Client(TOKEN, headers=headers)

    @pytest.mark.parametrize("timeout", [0, -1, float("inf"), float("nan")])
    def test_a_timeout_is_a_number_of_seconds(self, timeout: float) -> None:
        with pytest.raises(ValueError, match="seconds above zero"):
            Client(TOKEN, timeout=timeout)

    def test_a_closed_client_sends_nothing(self, sandbox: Sandbox) -> None:
        with Client(TOKEN, base_url=sandbox.url) as client:
            client.list_products()
        with pytest.raises(NeverSent, match="is closed"):
            client.create_call(CALL)
        assert sandbox.requests["create"] == 0
        assert repr(client) == f"<Client {sandbox.url} · closed>"


class TestSecrets:
    def test_the_token_is_in_no_repr_error_or_traceback(self, caplog: pytest.LogCaptureFixture) -> None:
        caplog.set_level(logging.DEBUG)
        for name in ("httpx2", "httpcore2.http11", "httpcore2.connection"):
            caplog.set_level(logging.DEBUG, logger=name)
        client = Client(TOKEN, base_url="http://127.0.0.1:9", headers={"X-Key": "another-secret"})
        shown = [repr(client), str(client)]
        with pytest.raises(NeverSent) as caught:
            client.create_call(CALL)
        shown += [*shown_by(caught.value), caplog.text]
        assert not [text for text in shown if TOKEN in text or "another-secret" in text]

    def test_an_error_has_no_context_that_would_hold_the_request(self) -> None:
        for answer in (httpx.ReadTimeout("late"), httpx.Response(500), httpx.Response(200, text="x")):
            error = failure_of(answer)
            assert (error.__context__, error.__cause__) == (None, None)

    @pytest.mark.parametrize("status", [200, 400, 401, 500])
    def test_a_server_that_repeats_the_token_is_not_quoted_with_it(self, status: int) -> None:
        error = failure_of(httpx.Response(status, json={"error": f"bad header: Bearer {TOKEN}"}))
        assert error.server_message == "bad header: Bearer …"
        assert not [text for text in shown_by(error) if TOKEN in text]

    def test_the_library_logs_no_addresses_even_if_told_to(
        self, sandbox: Sandbox, client: Client, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level(logging.DEBUG)
        for name in ("httpx2", "httpcore2.http11", "httpcore2.connection"):
            caplog.set_level(logging.DEBUG, logger=name)
        client.create_call(CALL)
        assert [record for record in caplog.records if record.name.startswith("http")] == []


def shown_by(error: BaseException) -> list[str]:
    """Everything that an error shows: its words, its attributes, and its traceback with the variables of our frames."""
    plain = traceback.TracebackException.from_exception(error, capture_locals=True)
    frames = [frame for frame in plain.stack if "reddy_lib" in frame.filename]
    assert frames, "no frame of the library in the traceback"
    variables = [f"{name}={value}" for frame in frames for name, value in (frame.locals or {}).items()]
    return [str(error), repr(error), repr(vars(error)), "".join(plain.format_exception_only()), *variables]
