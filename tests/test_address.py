"""Every spelling of one server is one address, and no two servers become one."""

from __future__ import annotations

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reddy_lib.address import address_to_connect, is_loopback, known_address, reddy_address
from reddy_lib.api import Client
from reddy_lib.errors import NeverSent
from reddy_lib.sending.connection import Connection

SPELLINGS = [
    ("https://app.reddy.io", "https://app.reddy.io"),
    ("HTTPS://App.REDDY.io", "https://app.reddy.io"),
    ("https://app.reddy.io:443", "https://app.reddy.io"),
    ("https://app.reddy.io:0443/", "https://app.reddy.io"),
    ("https://app.reddy.io:", "https://app.reddy.io"),
    ("https://app.reddy.io.", "https://app.reddy.io"),
    ("https://app.reddy.io.:443//", "https://app.reddy.io"),
    (" \ufeffhttps://app.reddy.io\u200b\n", "https://app.reddy.io"),
    ("https://app。reddy。io", "https://app.reddy.io"),
    ("https://BÜCHER.example", "https://xn--bcher-kva.example"),
    ("https://bu\u0308cher.example", "https://xn--bcher-kva.example"),
    ("http://LOCALHOST:8501/sandbox/", "http://127.0.0.1:8501/sandbox"),
    ("http://localhost.:8501/sandbox", "http://127.0.0.1:8501/sandbox"),
    ("http://127.0.0.1.:80", "http://127.0.0.1"),
    ("http://[::FFFF:127.0.0.1]", "http://127.0.0.1"),
    ("http://[0:0::0:1]:80", "http://[::1]"),
    ("https://a.example/x/../%7euser/./%c3%a9", "https://a.example/~user/%C3%A9"),
    ("https://a.example/~user/é/", "https://a.example/~user/%C3%A9"),
    ("https://a.example/%2e%2e/b", "https://a.example/b"),
]


@pytest.mark.parametrize(("typed", "one"), SPELLINGS)
def test_each_spelling_of_an_address_becomes_the_same(typed: str, one: str) -> None:
    assert reddy_address(typed) == one
    with Client("token-of-nobody", base_url=typed) as client:
        assert client.base_url == one
    assert Connection(token="t", base_url=typed, source="typed").address == one


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "app.reddy.io",
        "ftp://app.reddy.io",
        "https:/app.reddy.io",
        "https://",
        "https://user@app.reddy.io",
        "https://app.reddy.io?x",
        "https://app.reddy.io/#",
        "https://app.reddy.io:0",
        "https://app.reddy.io:70000",
        "https://app.reddy.io:https",
        "https://app..reddy.io",
        "https://-app.reddy.io",
        "https://app.reddy.io\\x",
        "https://app.reddy.io/a b",
        "https://app.re\u200bddy.io",
        "https://app.reddy.io/%zz",
        "http://127.1",
        "http://2130706433",
        "http://0x7f000001",
        "http://127.0.0.01",
        "http://256.0.0.1",
        "http://[::1]x",
        "http://[fe80::1%25eth0]",
        "http://[::1",
        "sandbox",
    ],
)
def test_what_is_no_address_of_one_server_is_refused_with_a_sentence(typed: str) -> None:
    with pytest.raises(NeverSent, match=r"^The address of Reddy .*\.$"):
        reddy_address(typed)


def test_a_name_that_is_no_address_keeps_its_key() -> None:
    assert known_address("sandbox") == "sandbox"
    assert known_address("ftp://old.example/ ") == "ftp://old.example"
    assert known_address("HTTPS://app.reddy.io:443") == "https://app.reddy.io"


def test_a_connection_with_an_unusable_address_says_so_when_it_is_used() -> None:
    connection = Connection(token="token-of-nobody", base_url="app.reddy.io", source="typed")
    with pytest.raises(NeverSent, match=r"https://app\.reddy\.io"):
        connection.client()


def test_a_certificate_for_localhost_is_asked_for_by_that_name() -> None:
    assert address_to_connect(" https://LocalHost.:8443/x/") == "https://localhost:8443/x"
    assert address_to_connect("http://127.0.0.1:8443") == "http://127.0.0.1:8443"
    assert address_to_connect("https://App.reddy.io:443/") == "https://app.reddy.io"


def test_this_machine_is_told_from_others() -> None:
    assert is_loopback(reddy_address("http://LocalHost:1"))
    assert is_loopback(reddy_address("http://[::1]:1"))
    assert is_loopback("http://reddy.localhost")
    assert not is_loopback("https://localhost.example")


LABELS = st.text(string.ascii_lowercase + string.digits, min_size=1, max_size=8).map(lambda text: f"h{text}")
HOSTS = st.lists(LABELS, min_size=1, max_size=3).map(".".join)
SEGMENTS = st.text(string.ascii_letters + string.digits + "-._~äé", min_size=1, max_size=6).filter(
    lambda text: text not in (".", "..")
)
PATHS = st.lists(SEGMENTS, max_size=3).map(lambda found: "".join(f"/{one}" for one in found))
PORTS = st.none() | st.integers(1, 65535)


def written(scheme: str, host: str, port: int | None, path: str) -> str:
    return f"{scheme}://{host}{'' if port is None else f':{port}'}{path}"


@given(st.sampled_from(["http", "https"]), HOSTS, PORTS, PATHS, st.data())
def test_case_port_dot_and_slashes_never_make_a_second_address(
    scheme: str, host: str, port: int | None, path: str, data: st.DataObject
) -> None:
    one = reddy_address(written(scheme, host, port, path))
    assert reddy_address(one) == one
    assert one.isascii()
    other_port = (
        {443: None, 80: None}.get(port or 0, port) if port == {"https": 443, "http": 80}[scheme] else port
    )
    spelled = "".join(data.draw(st.sampled_from([each, each.upper()])) for each in f"{scheme}://{host}")
    dot, slashes = data.draw(st.sampled_from(["", "."])), data.draw(st.sampled_from(["", "/", "//"]))
    port_text = "" if other_port is None else f":{other_port}"
    assert reddy_address(f" {spelled}{dot}{port_text}{path}{slashes}") == one


@given(*(st.tuples(st.sampled_from(["http", "https"]), HOSTS, PORTS, PATHS) for _ in range(2)))
def test_two_servers_never_become_one_address(
    first: tuple[str, str, int | None, str], second: tuple[str, str, int | None, str]
) -> None:
    def told_apart(parts: tuple[str, str, int | None, str]) -> tuple[str, str, int, str]:
        scheme, host, port, path = parts
        return scheme, host, port or {"https": 443, "http": 80}[scheme], path

    same = reddy_address(written(*first)) == reddy_address(written(*second))
    assert same == (told_apart(first) == told_apart(second))


@given(st.text(max_size=40), st.sampled_from(["", "https://", "http://a.example/", "https://a.example:"]))
def test_any_text_is_an_address_with_one_spelling_or_a_sentence(text: str, before: str) -> None:
    try:
        one = reddy_address(before + text)
    except NeverSent:
        return
    assert reddy_address(one) == one
    assert one.isascii()
    assert not one.endswith("/")
