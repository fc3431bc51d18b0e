"""Addresses of servers, and pinned certificates."""

import hashlib
import ssl
from pathlib import Path

import pytest

from keystead.client.address import address, check, fingerprint_bytes, tls_context
from keystead.client.client import LONGEST_DELAY, SHORTEST_DELAY, backoff
from keystead.client.errors import CertificateError

DIGITS = "0a" * 32


@pytest.mark.parametrize(
    ("url", "host", "port", "path", "is_encrypted"),
    [
        ("nymea://box", "box", 2222, None, False),
        ("nymeas://box:1/", "box", 1, None, True),
        ("ws://10.0.0.1:80", "10.0.0.1", 80, "/", False),
        ("wss://box/a/path?query", "box", 4444, "/a/path?query", True),
        ("nymea://[::1]:2222", "::1", 2222, None, False),
    ],
)
def test_an_address_is_read(url, host, port, path, is_encrypted):
    found = address(url)
    assert (found.host, found.port, found.path) == (host, port, path)
    assert found.is_encrypted is is_encrypted


@pytest.mark.parametrize(
    "url",
    [
        "box:2222",
        "http://box",
        "nymea://",
        "nymea://box/path",
        "nymea://box?query",
        "ws://box#part",
        "wss://ann:hunter2@box",
        "nymea://box:port",
    ],
)
def test_what_is_no_address_is_refused_without_repeating_it(url):
    with pytest.raises(ValueError) as refused:  # noqa: PT011 - the text is looked at below
        address(url)
    assert "hunter2" not in str(refused.value)


def test_an_address_is_shown_so_that_it_can_be_dialled():
    assert str(address("nymeas://[::1]:2222")) == "[::1]:2222"


@pytest.mark.parametrize("pin", [{"fingerprint": DIGITS}, {"ca_file": "ca.crt"}])
@pytest.mark.parametrize("url", ["nymea://box", "ws://box"])
def test_a_pin_is_never_ignored(url, pin):
    with pytest.raises(ValueError, match="has no certificate"):
        address(url, **pin)


def test_a_fingerprint_and_authorities_do_not_go_together():
    with pytest.raises(ValueError, match="only one of both"):
        address("wss://box", DIGITS, "ca.crt")


@pytest.mark.parametrize(
    "text", [DIGITS, DIGITS.upper(), f"sha256:{DIGITS}", ":".join(["0A"] * 32), f" {DIGITS}\n"]
)
def test_a_fingerprint_is_read_as_people_copy_it(text):
    assert fingerprint_bytes(text) == b"\n" * 32


@pytest.mark.parametrize("text", ["", "0a", DIGITS[:-1], DIGITS + "0a", f"sha1:{DIGITS}"])
def test_what_is_no_fingerprint_is_refused(text):
    with pytest.raises(ValueError, match="64 hexadecimal digits"):
        fingerprint_bytes(text)


def test_a_plain_connection_needs_no_context():
    assert tls_context(address("nymea://box")) is None


def test_without_a_pin_the_authorities_of_the_system_decide():
    context = tls_context(address("nymeas://box"))
    assert context
    assert context.check_hostname
    assert context.verify_mode is ssl.CERT_REQUIRED


def test_authorities_in_a_file_take_the_place_of_the_system_s(tmp_path: Path):
    with pytest.raises(OSError, match=r"ca\.crt|No such file"):
        tls_context(address("wss://box", ca_file=tmp_path / "ca.crt"))


def test_the_pinned_certificate_and_no_other_is_accepted():
    own, other = b"own", b"other"
    pinned = address("wss://box", hashlib.sha256(own).hexdigest())
    check(pinned, own)
    with pytest.raises(CertificateError) as refused:
        check(pinned, other)
    assert hashlib.sha256(other).hexdigest() in str(refused.value)


def test_delays_double_up_to_a_bound_and_differ():
    delays = backoff()
    first = [next(delays) for _ in range(20)]
    longest = [min(SHORTEST_DELAY * 2**n, LONGEST_DELAY) for n in range(20)]
    for delay, bound in zip(first, longest, strict=True):
        assert bound / 2 <= delay <= bound
    assert len(set(first)) == 20
