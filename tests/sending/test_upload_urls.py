"""Where a recording may go: one check for the addresses in Reddy's answers and for those in a sheet."""

from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reddy_lib.allowed_hosts import check_number, is_inside
from reddy_lib.errors import RecordingRefused
from reddy_lib.sending.upload_urls import leads_inside, where_to

OWN = "https://8.8.4.4"  # a number: no test waits for the answer of a name server

INSIDE = [
    "127.0.0.1", "10.0.0.5", "172.16.9.1", "192.168.1.1", "169.254.169.254", "0.0.0.0", "0.1.2.3", "100.64.0.1",
    "100.127.255.254", "192.0.0.192", "198.18.0.1", "224.0.0.1", "239.1.2.3", "240.0.0.1", "255.255.255.255",
    "168.63.129.16", "[::1]", "[::]", "[::127.0.0.1]", "[::10.0.0.5]", "[::ffff:127.0.0.1]", "[::ffff:10.0.0.5]",
    "[64:ff9b::7f00:1]", "[64:ff9b::10.0.0.5]", "[64:ff9b:1::a00:5]", "[2002:7f00:1::1]", "[2002:a00:5::1]",
    "[2001:0:4136:e378:8000:63bf:80ff:fffe]", "[fe80::1]", "[fec0::1]", "[fc00::1]", "[fd00:ec2::254]", "[ff02::1]",
    "2130706433", "0x7f000001", "0x7f.1", "127.1", "0177.0.0.1", "127.0.0.1.", "localhost", "localhost.",
    "LOCALHOST", "files.localhost", "files.localhost.",
]  # fmt: skip
PUBLIC = ["files.example", "s3.amazonaws.com.", "8.8.8.8", "[2606:4700::1111]", "1x.example"]


@pytest.mark.parametrize("host", INSIDE)
def test_no_recording_follows_an_address_into_this_network_however_it_is_spelled(host: str) -> None:
    known, problem = where_to(f"https://{host}/upload", OWN)
    assert (known, "leads into this network" in problem) == (None, True)
    assert leads_inside(f"https://{host}/upload", OWN)


def test_a_number_with_a_zone_is_a_machine_beside_this_one() -> None:
    assert is_inside("fe80::1%eth0")
    assert is_inside("2606:4700::1111%eth0")


@pytest.mark.parametrize("host", PUBLIC)
def test_a_public_host_is_no_machine_of_this_network(host: str) -> None:
    assert where_to(f"https://{host}/upload", OWN)[1] == ""


V4 = st.ip_addresses(v=4).map(ipaddress.IPv4Address)


@given(
    V4 | st.sampled_from([ipaddress.IPv4Address(each) for each in ("10.0.0.5", "127.0.0.1", "100.64.0.1")])
)
def test_an_old_number_inside_of_a_new_one_is_judged_as_the_old_one(number: ipaddress.IPv4Address) -> None:
    plain, value = is_inside(str(number)), int(number)
    clothes = {
        "mapped": (0xFFFF << 32) | value,
        "NAT64": (0x64FF9B << 96) | value,
        "6to4": (0x2002 << 112) | (value << 80) | 1,
        "Teredo": (0x20010000 << 96) | (value ^ 0xFFFFFFFF),
        "compatible": value,
    }
    for name, whole in clothes.items():
        if plain:
            assert is_inside(str(ipaddress.IPv6Address(whole))), name
    assert is_inside(str(ipaddress.IPv6Address(clothes["mapped"]))) == plain


@given(st.ip_addresses())
def test_recordings_that_are_fetched_and_those_that_are_uploaded_keep_to_the_same_rules(
    number: ipaddress.IPv4Address | ipaddress.IPv6Address,
) -> None:
    try:
        check_number(number, private=False)
        refused = False
    except RecordingRefused:
        refused = True
    host = f"[{number}]" if number.version == 6 else str(number)
    assert bool(where_to(f"https://{host}/x", OWN)[1]) == refused
