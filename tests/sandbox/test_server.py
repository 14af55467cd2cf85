"""The sandbox is a Reddy to the letter: what is documented holds, what is refused says why, nothing is forgotten."""

from __future__ import annotations

import hashlib
import http.client
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import pytest

from reddy_lib.sandbox import DEFAULT_PRODUCTS, Fault, Sandbox

TOKEN = "sandbox-token"
CREATE = "/api/v1/call/create"
ADD_TAGS = "/api/v1/call/add_tags"
PRODUCTS = "/api/v1/product/list"

SMALLEST = {"agent_email": "ana@example.com", "product_id": 1}
WHOLE = {
    "agent_email": "ana@example.com",
    "product_id": 2,
    "filename": "call.m4a",
    "channels": ["customer", "agent"],
    "speaker": {"separation": "channels", "channel_map": ["agent", "customer"]},
    "transcript": [
        {"role": "agent", "text": "Good morning", "start": 5, "stop": 36},
        {"role": "customer", "text": "Hello", "start": 36.5, "stop": 38},
        {"role": "agent", "text": ""},
    ],
    "tags": [
        {"key": "queue", "value": "cards", "type": "string"},
        {"key": "transfers", "value": 2, "type": "integer"},
        {"key": "resolved", "value": True, "type": "boolean"},
    ],
    "timestamp": 1735689600.5,
    "conversation_id": "c-1",
}


class Got(NamedTuple):
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def error(self) -> str:
        words = self.json["error"]
        assert isinstance(words, str)
        return words


def ask(
    url: str,
    method: str = "GET",
    body: object = None,
    *,
    token: str | None = TOKEN,
    headers: dict[str, str] | None = None,
) -> Got:
    """One HTTP request with the standard library's client, so that the sandbox is tested without ours."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.netloc, timeout=10)
    sent = {"Content-Type": "application/json"} if body is not None else {}
    if token is not None:
        sent["Authorization"] = f"Bearer {token}"
    sent.update(headers or {})
    content = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
    try:
        connection.request(method, parts.path + (f"?{parts.query}" if parts.query else ""), content, sent)
        response = connection.getresponse()
        return Got(response.status, {k.lower(): v for k, v in response.getheaders()}, response.read())
    finally:
        connection.close()


@pytest.fixture(scope="module")
def running() -> Iterator[Sandbox]:
    with Sandbox(token=TOKEN) as sandbox:
        yield sandbox


@pytest.fixture
def sandbox(running: Sandbox) -> Sandbox:
    running.reset()
    return running


def create(sandbox: Sandbox, **changes: Any) -> Got:
    """Send the smallest call with these fields set; a field set to ... is left out."""
    body = {k: v for k, v in {**SMALLEST, **changes}.items() if v is not ...}
    return ask(sandbox.url + CREATE, "POST", body)


class TestAccepting:
    def test_the_smallest_call_is_accepted_and_gets_a_number_and_a_conversation(
        self, sandbox: Sandbox
    ) -> None:
        got = create(sandbox)
        assert got.status == 200
        assert isinstance(got.json["upload_id"], int)
        assert isinstance(got.json["conversation_id"], str)
        assert got.json["conversation_id"]

    def test_without_a_file_name_there_is_no_upload_address(self, sandbox: Sandbox) -> None:
        for filename in (..., None, ""):
            assert create(sandbox, filename=filename).json.keys() == {"upload_id", "conversation_id"}

    def test_a_call_with_every_documented_field_is_accepted_and_kept_as_it_came(
        self, sandbox: Sandbox
    ) -> None:
        got = ask(sandbox.url + CREATE, "POST", WHOLE)
        assert got.status == 200
        assert got.json["conversation_id"] == "c-1"
        assert got.json["expires_in"] == 3600
        assert got.json["upload_url"].startswith(sandbox.url + "/upload/")
        assert sandbox.payloads == [WHOLE]

    @pytest.mark.parametrize(
        "field", ["filename", "channels", "transcript", "tags", "timestamp", "conversation_id"]
    )
    def test_null_is_taken_where_it_is_documented(self, sandbox: Sandbox, field: str) -> None:
        assert create(sandbox, **{field: None}).status == 200

    @pytest.mark.parametrize(
        "speaker",
        [
            {},
            {"separation": "diarize"},
            {"separation": "channels"},
            {"separation": "channels", "channel_map": ["agent", "customer"]},
            {"separation": "channels", "channel_map": ["customer", "agent"]},
        ],
    )
    def test_the_documented_ways_to_tell_speakers_apart_are_accepted(
        self, sandbox: Sandbox, speaker: dict[str, Any]
    ) -> None:
        assert create(sandbox, speaker=speaker).status == 200

    def test_unknown_fields_are_ignored_but_kept(self, sandbox: Sandbox) -> None:
        assert create(sandbox, mood="sunny").status == 200
        assert sandbox.payloads == [{**SMALLEST, "mood": "sunny"}]

    def test_what_no_rule_speaks_of_is_accepted(self, sandbox: Sandbox) -> None:
        assert create(sandbox, product_id=5).status == 200  # not active
        assert create(sandbox, transcript=[]).status == 200
        backwards = [{"role": "agent", "text": "Hi", "start": 9, "stop": 3}]
        assert create(sandbox, transcript=backwards).status == 200

    def test_the_same_conversation_twice_is_two_calls(self, sandbox: Sandbox) -> None:
        first = create(sandbox, conversation_id="c-7").json
        second = create(sandbox, conversation_id="c-7").json
        assert first["upload_id"] != second["upload_id"]
        assert [call["conversation_id"] for call in sandbox.received] == ["c-7", "c-7"]


class TestRefusing:
    @pytest.mark.parametrize(
        ("changes", "words"),
        [
            ({"agent_email": ...}, "agent_email"),
            ({"product_id": ...}, "product_id"),
            ({"agent_email": None}, "agent_email: expected string, got null"),
            ({"agent_email": 7}, "agent_email: expected string, got integer"),
            ({"product_id": None}, "product_id: expected integer, got null"),
            ({"product_id": "1"}, "product_id: expected integer, got string"),
            ({"product_id": True}, "product_id: expected integer, got boolean"),
            ({"product_id": 1.0}, "product_id: expected integer, got number"),
            ({"product_id": 99}, "product_id: there is no product 99"),
            ({"filename": 5}, "filename: expected string | null, got integer"),
            ({"timestamp": "yesterday"}, "timestamp: expected number | null, got string"),
            ({"timestamp": True}, "timestamp: expected number | null, got boolean"),
            ({"conversation_id": 12}, "conversation_id: expected string | null, got integer"),
            ({"channels": "agent"}, "channels: expected array | null, got string"),
            ({"channels": ["agent", 1]}, "channels[1]: expected string, got integer"),
            ({"channels": ["agent", "agent"]}, "channels: expected"),
            ({"speaker": None}, "speaker: expected object, got null"),
            ({"speaker": {"separation": "magic"}}, "speaker.separation"),
            ({"speaker": {"channel_map": ["agent", "customer"]}}, 'only with separation "channels"'),
            (
                {"speaker": {"separation": "diarize", "channel_map": ["agent", "customer"]}},
                'only with separation "channels"',
            ),
            (
                {"speaker": {"separation": "channels", "channel_map": ["agent"]}},
                "speaker.channel_map: expected",
            ),
            ({"speaker": {"separation": "channels", "channel_map": None}}, "speaker.channel_map"),
            ({"transcript": "Agent: hello"}, "transcript: expected array | null, got string"),
            ({"transcript": [{"text": "Hi"}]}, "transcript[0]"),
            ({"transcript": [{"role": "agent"}]}, "transcript[0]"),
            ({"transcript": [{"role": "supervisor", "text": "Hi"}]}, "transcript[0].role"),
            (
                {"transcript": [{"role": "agent", "text": None}]},
                "transcript[0].text: expected string, got null",
            ),
            (
                {"transcript": [{"role": "agent", "text": "Hi", "start": "00:05"}]},
                "transcript[0].start: expected number, got string",
            ),
            (
                {"transcript": [{"role": "agent", "text": "Hi", "stop": None}]},
                "transcript[0].stop: expected number, got null",
            ),
            ({"tags": {"queue": "cards"}}, "tags: expected array | null, got object"),
            ({"tags": [{"value": "x", "type": "string"}]}, "tags[0]"),
            ({"tags": [{"key": "a", "type": "string"}]}, "tags[0]"),
            ({"tags": [{"key": "a", "value": "x"}]}, "tags[0]"),
            ({"tags": [{"key": "", "value": "x", "type": "string"}]}, "tags[0].key"),
            ({"tags": [{"key": "a", "value": 1.5, "type": "float"}]}, "tags[0].type"),
            ({"tags": [{"key": "a", "value": 1, "type": "string"}]}, "tags[0].value: expected string"),
            ({"tags": [{"key": "a", "value": "1", "type": "integer"}]}, "tags[0].value: expected integer"),
            ({"tags": [{"key": "a", "value": True, "type": "integer"}]}, "tags[0].value: expected integer"),
            ({"tags": [{"key": "a", "value": 1.0, "type": "integer"}]}, "tags[0].value: expected integer"),
            ({"tags": [{"key": "a", "value": 1, "type": "boolean"}]}, "tags[0].value: expected boolean"),
            ({"tags": [{"key": "a", "value": None, "type": "string"}]}, "tags[0].value: expected string"),
        ],
    )
    def test_a_call_that_breaks_a_documented_rule_is_refused_with_the_place(
        self, sandbox: Sandbox, changes: dict[str, Any], words: str
    ) -> None:
        got = create(sandbox, **changes)
        assert got.status == 400
        assert got.error.startswith("invalid parameters: ")
        assert words in got.error
        assert sandbox.received == []

    @pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b"\xff\xfe", b'"text"', b"[" * 100_000])
    def test_a_body_that_is_no_json_object_is_refused(self, sandbox: Sandbox, body: bytes) -> None:
        got = ask(sandbox.url + CREATE, "POST", body)
        assert (got.status, sandbox.received) == (400, [])
        assert got.error.startswith("invalid parameters: ")

    def test_a_body_without_the_documented_content_type_is_refused(self, sandbox: Sandbox) -> None:
        body = json.dumps(SMALLEST).encode()
        got = ask(sandbox.url + CREATE, "POST", body, headers={"Content-Type": "text/plain"})
        assert (got.status, "Content-Type" in got.error) == (400, True)
        good = {"Content-Type": "application/json; charset=utf-8"}
        assert ask(sandbox.url + CREATE, "POST", body, headers=good).status == 200

    @pytest.mark.parametrize(
        "email",
        ["inactive.ana@example.com", "Unknown@example.com", "not an address", "", "ana@home", "a@b@c.d"],
    )
    def test_addresses_that_belong_to_no_active_user_are_refused_in_the_vendors_words(
        self, sandbox: Sandbox, email: str
    ) -> None:
        got = create(sandbox, agent_email=email)
        assert (got.status, got.error) == (400, "invalid agent")

    def test_a_list_of_agents_is_strict_and_ignores_case(self) -> None:
        with Sandbox(token=TOKEN, agents=["Ana@example.com"]) as strict:
            assert create(strict, agent_email="ana@EXAMPLE.com").status == 200
            assert create(strict, agent_email="bo@example.com").error == "invalid agent"

    @pytest.mark.parametrize("token", [None, "wrong", "", f"{TOKEN}-and-more"])
    @pytest.mark.parametrize(("method", "path"), [("POST", CREATE), ("POST", ADD_TAGS), ("GET", PRODUCTS)])
    def test_without_the_right_token_nothing_is_answered(
        self, sandbox: Sandbox, token: str | None, method: str, path: str
    ) -> None:
        got = ask(sandbox.url + path, method, SMALLEST if method == "POST" else None, token=token)
        assert (got.status, got.error) == (401, "invalid token")
        assert sandbox.received == []

    def test_unknown_paths_and_methods_answer_with_an_error_in_json(self, sandbox: Sandbox) -> None:
        assert ask(sandbox.url + "/api/v1/call/start", "POST", SMALLEST)[0] == 404
        assert ask(sandbox.url + "/api/v1/call/start", "POST", SMALLEST).error == "not found"
        assert ask(sandbox.url + CREATE).status == 405
        assert ask(sandbox.url + CREATE).error == "method not allowed"


class TestProductsAndTags:
    def test_the_products_are_five_made_up_ones_and_the_last_is_inactive(self, sandbox: Sandbox) -> None:
        products = ask(sandbox.url + PRODUCTS).json
        assert products == [dict(product) for product in DEFAULT_PRODUCTS] == sandbox.products
        assert [product["status"] for product in products] == ["active"] * 4 + ["inactive"]
        assert [product["id"] for product in products] == [1, 2, 3, 4, 5]

    def test_products_of_ones_own_replace_them(self) -> None:
        own = [{"id": 70, "name": "Mortgages", "status": "active"}]
        with Sandbox(token=TOKEN, products=own) as sandbox:
            assert ask(sandbox.url + PRODUCTS).json == own
            assert create(sandbox, product_id=1).status == 400
            assert create(sandbox, product_id=70).status == 200

    def test_tags_are_added_to_a_conversation_of_an_agent(self, sandbox: Sandbox) -> None:
        create(sandbox, conversation_id="c-1")
        tag = {"key": "vip", "value": True, "type": "boolean"}
        body = {"conversation_id": "c-1", "agent_email": "Ana@example.com", "tags": [tag]}
        got = ask(sandbox.url + ADD_TAGS, "POST", body)
        assert (got.status, got.json) == (200, {"success": True})
        assert sandbox.received[0]["tags_added"] == [tag]
        assert "tags" not in sandbox.payloads[0]

    def test_a_conversation_is_known_only_together_with_its_agent(self, sandbox: Sandbox) -> None:
        create(sandbox, conversation_id="c-1")
        for conversation, agent in (("c-2", "ana@example.com"), ("c-1", "bo@example.com")):
            body = {"conversation_id": conversation, "agent_email": agent, "tags": []}
            got = ask(sandbox.url + ADD_TAGS, "POST", body)
            assert (got.status, got.error) == (404, "conversation not found")

    def test_tags_for_an_unknown_agent_are_refused_as_invalid_agent(self, sandbox: Sandbox) -> None:
        body = {"conversation_id": "c-1", "agent_email": "inactive@example.com", "tags": []}
        got = ask(sandbox.url + ADD_TAGS, "POST", body)
        assert (got.status, got.error) == (400, "invalid agent")

    @pytest.mark.parametrize(
        "changes",
        [{"conversation_id": None}, {"agent_email": 1}, {"tags": None}, {"tags": [{"key": "a", "value": 1}]}],
    )
    def test_tags_follow_the_documented_types(self, sandbox: Sandbox, changes: dict[str, Any]) -> None:
        body = {"conversation_id": "c-1", "agent_email": "ana@example.com", "tags": [], **changes}
        got = ask(sandbox.url + ADD_TAGS, "POST", body)
        assert got.status == 400
        assert got.error.startswith("invalid parameters: ")


class TestRecordings:
    SOUND = bytes(range(256)) * 1000

    def test_a_recording_is_kept_with_size_and_hash(self, sandbox: Sandbox) -> None:
        receipt = create(sandbox, filename="a.m4a").json
        assert sandbox.received[0]["audio"] == {"filename": "a.m4a"}  # waiting
        got = ask(receipt["upload_url"], "PUT", self.SOUND, token=None, headers={"Content-Type": "audio/mp4"})
        assert got.status == 200
        assert sandbox.received[0]["audio"] == {
            "state": "stored",
            "filename": "a.m4a",
            "content_type": "audio/mp4",
            "size": 256_000,
            "sha256": hashlib.sha256(self.SOUND).hexdigest(),
        }
        assert sandbox.audio == {receipt["upload_id"]: self.SOUND}

    def test_an_upload_may_be_repeated_and_the_last_one_counts(self, sandbox: Sandbox) -> None:
        receipt = create(sandbox, filename="a.m4a").json
        for sound in (b"first", b"second"):
            assert ask(receipt["upload_url"], "PUT", sound, token=None).status == 200
        assert sandbox.audio == {receipt["upload_id"]: b"second"}

    def test_an_address_expires(self) -> None:
        now = [1000.0]
        with Sandbox(token=TOKEN, upload_seconds=60, clock=lambda: now[0]) as sandbox:
            receipt = create(sandbox, filename="a.m4a").json
            assert receipt["expires_in"] == 60
            now[0] = 1059.9
            assert ask(receipt["upload_url"], "PUT", b"x", token=None).status == 200
            now[0] = 1060.0
            got = ask(receipt["upload_url"], "PUT", b"y", token=None)
            assert (got.status, got.error) == (410, "upload address expired")
            assert sandbox.audio == {receipt["upload_id"]: b"x"}

    def test_an_address_that_was_never_given_is_refused(self, sandbox: Sandbox) -> None:
        assert ask(sandbox.url + "/upload/guess", "PUT", b"x", token=None).status == 403

    def test_an_upload_that_brings_the_bearer_token_along_is_refused(self, sandbox: Sandbox) -> None:
        receipt = create(sandbox, filename="a.m4a").json
        got = ask(receipt["upload_url"], "PUT", b"x", token=TOKEN)
        assert got.status == 400
        assert "Authorization" in got.error
        assert sandbox.audio == {}


class TestShowing:
    def test_received_lists_every_accepted_call_in_order_and_counts_requests(self, sandbox: Sandbox) -> None:
        create(sandbox, conversation_id="c-1")
        create(sandbox, product_id="one")
        create(sandbox, conversation_id="c-2", filename="b.wav")
        received = sandbox.received
        assert [call["payload"] for call in received] == sandbox.payloads
        assert [call["number"] for call in received] == [1, 2]
        assert [call["conversation_id"] for call in received] == ["c-1", "c-2"]
        assert [call["audio"] for call in received] == [None, {"filename": "b.wav"}]
        assert received[0]["agent_email"] == "ana@example.com"
        assert received[0]["received_at"] > 1_700_000_000
        assert sandbox.requests == {"create": 3, "add_tags": 0, "products": 0, "upload": 0}

    def test_forgetting_ends_addresses_and_never_gives_a_number_twice(self, sandbox: Sandbox) -> None:
        first = create(sandbox, conversation_id="c-1", filename="a.m4a").json
        sandbox.forget()
        assert sandbox.received == []
        assert ask(first["upload_url"], "PUT", b"x", token=None).status == 403
        assert create(sandbox).json["upload_id"] > first["upload_id"]

    def test_reset_forgets_faults_and_counts_too(self, sandbox: Sandbox) -> None:
        create(sandbox)
        sandbox.faults.add(Fault(kind="status"))
        assert create(sandbox).status == 500
        sandbox.reset()
        assert (sandbox.received, sandbox.requests["create"]) == ([], 0)
        assert create(sandbox).status == 200

    def test_the_repr_counts_and_shows_no_token(self) -> None:
        sandbox = Sandbox(token="very-secret-token")
        assert repr(sandbox) == "<Sandbox not running · 0 calls received>"
        with sandbox:
            ask(sandbox.url + CREATE, "POST", SMALLEST, token="very-secret-token")
            assert repr(sandbox) == f"<Sandbox {sandbox.url} · 1 calls received>"


class TestRecordFile:
    def test_a_restarted_sandbox_still_knows_what_it_received(self, tmp_path: Path) -> None:
        record = tmp_path / "received.jsonl"
        spread = json.dumps({**SMALLEST, "conversation_id": "c-1", "note": "a\nb"}, indent=2).encode()
        with Sandbox(token=TOKEN, record=record) as first:
            ask(first.url + CREATE, "POST", spread)
            receipt = create(first, conversation_id="c-2", filename="a.m4a").json
            ask(receipt["upload_url"], "PUT", b"sound", token=None)
            tag = {"key": "vip", "value": True, "type": "boolean"}
            ask(
                first.url + ADD_TAGS,
                "POST",
                {"conversation_id": "c-1", "agent_email": "ana@example.com", "tags": [tag]},
            )
            before = first.received
        assert receipt["upload_url"].rsplit("/", 1)[1] not in record.read_text()
        with Sandbox(token=TOKEN, record=record) as second:
            assert second.received == before
            assert second.payloads[0]["note"] == "a\nb"
            assert create(second).json["upload_id"] > receipt["upload_id"]
            body = {"conversation_id": "c-2", "agent_email": "ana@example.com", "tags": []}
            assert ask(second.url + ADD_TAGS, "POST", body).status == 200

    def test_a_line_that_was_torn_by_a_killed_process_is_dropped(self, tmp_path: Path) -> None:
        record = tmp_path / "received.jsonl"
        with Sandbox(token=TOKEN, record=record) as first:
            create(first, conversation_id="c-1")
        with record.open("ab") as file:
            file.write(b'{"call":{"number":2,"upl')
        with Sandbox(token=TOKEN, record=record) as second:
            create(second, conversation_id="c-2")
        third = Sandbox(token=TOKEN, record=record)
        assert [call["conversation_id"] for call in third.received] == ["c-1", "c-2"]

    def test_what_was_forgotten_stays_forgotten(self, tmp_path: Path) -> None:
        record = tmp_path / "received.jsonl"
        with Sandbox(token=TOKEN, record=record) as first:
            create(first, conversation_id="c-1")
            first.forget()
            create(first, conversation_id="c-2")
        assert [call["conversation_id"] for call in Sandbox(token=TOKEN, record=record).received] == ["c-2"]

    def test_the_same_sandbox_can_run_a_second_time(self, tmp_path: Path) -> None:
        sandbox = Sandbox(token=TOKEN, record=tmp_path / "received.jsonl")
        for _ in range(2):
            with sandbox:
                create(sandbox)
        assert len(Sandbox(token=TOKEN, record=tmp_path / "received.jsonl").received) == 2
