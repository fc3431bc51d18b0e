"""What whoever starts the server is shown of the set-up code."""

import asyncio
import subprocess
import sys
from datetime import timedelta
from ipaddress import ip_address

import pytest

from keystead.app import offer_setup_code
from keystead.domain.setup_code import CODE_BYTES, SetupCode, written
from keystead.screen import page_address, qr_code, setup_text
from tests.doubles import CountingRandomness

CODE = "0123-4567-89AB-CDEF"
ADDRESS = "https://192.0.2.7:4444"
ADDRESSES = [
    ip_address(text) for text in ("127.0.0.1", "::1", "fe80::1", "2001:db8::7", "192.0.2.7")
]
WIDEST = 80  # columns of a terminal


def test_the_code_is_shown_with_a_link_and_a_drawing():
    first, *drawing, link = setup_text(CODE, ADDRESS, "utf-8").splitlines()
    assert first == f"Set-up code for the first account: {CODE}"
    assert link == f"{ADDRESS}/#setup={CODE}"
    assert drawing == qr_code(link).splitlines()


def test_without_a_page_there_is_the_code_alone():
    assert setup_text(CODE, None, "utf-8").splitlines() == [
        f"Set-up code for the first account: {CODE}"
    ]


def test_where_half_blocks_cannot_be_shown_there_is_no_drawing():
    text = setup_text(CODE, ADDRESS, "ascii")
    assert text.isascii()
    assert text.endswith(f"#setup={CODE}\n")


def test_a_drawing_fits_the_terminal_even_for_a_long_address():
    link = f"https://[2001:db8:1111:2222:3333:4444:5555:6666]:65535/#setup={CODE}"
    lines = qr_code(link).splitlines()
    assert {len(line) for line in lines} == {2 * len(lines) - 1}
    assert len(lines[0]) <= WIDEST


@pytest.mark.parametrize(
    ("urls", "address"),
    [
        (["nymeas://*:2222", "https://*:4444"], ADDRESS),
        (["http://*:80", "https://0.0.0.0:4444"], ADDRESS),
        (["https://[::]:4444"], ADDRESS),
        (["http://127.0.0.1:8080"], "http://127.0.0.1:8080"),
        (["https://box.local:4444"], "https://box.local:4444"),
        (["https://[2001:db8::9]:4444"], "https://[2001:db8::9]:4444"),
        (["nymea://*:2222"], None),
    ],
)
def test_the_page_is_where_others_reach_it(urls, address):
    assert page_address(urls, ADDRESSES) == address


@pytest.mark.parametrize(
    ("count", "host"), [(2, "localhost"), (3, "localhost"), (4, "[2001:db8::7]")]
)
def test_a_machine_without_an_ipv4_address_is_named_by_what_it_has(count, host):
    assert page_address(["https://*:4444"], ADDRESSES[:count]) == f"https://{host}:4444"


def test_nothing_is_loaded_for_drawing_before_something_is_drawn():
    script = "import sys, keystead.app; sys.exit('segno' in sys.modules)"
    subprocess.run([sys.executable, "-c", script], check=True, timeout=20)


# --- one code after the other ---------------------------------------------------------------


def offered(capsys, rounds):
    """Offer codes until that many were printed; give them, and what knows the last."""
    code, printed = SetupCode(), []

    def is_set_up():
        printed.append(capsys.readouterr().out)
        return len(printed) > rounds

    urls = ["nymea://127.0.0.1:2222"]
    asyncio.run(offer_setup_code(code, CountingRandomness(), urls, is_set_up, timedelta()))
    return code, [text.split()[-1] for text in printed[1:]]


@pytest.mark.clause("OWASP ASVS 5.0 6.5.3")
def test_codes_are_made_of_the_randomness_that_all_secrets_are_made_of(capsys):
    _, printed = offered(capsys, 2)
    randomness = CountingRandomness()
    assert printed == [written(randomness(CODE_BYTES)) for _ in range(2)]


@pytest.mark.clause("OWASP ASVS 5.0 6.4.1")
def test_after_its_time_another_code_takes_the_place_of_the_first(capsys):
    code, (first, second, third) = offered(capsys, 3)
    assert len({first, second, third}) == 3
    assert [code.fits(one) for one in (first, second, third)] == [False, False, True]


def test_nothing_is_printed_where_there_has_been_an_account(capsys):
    code, printed = offered(capsys, 0)
    assert printed == []
    assert not code.fits("")


def test_a_terminal_that_is_gone_ends_nothing(monkeypatch, caplog):
    class Gone:
        encoding = "utf-8"

        def write(self, text):
            raise BrokenPipeError(32, "Broken pipe")

        def flush(self):
            pass

    rounds = iter([False, True])
    monkeypatch.setattr("sys.stdout", Gone())
    offer = offer_setup_code(
        SetupCode(), CountingRandomness(), [], lambda: next(rounds), timedelta()
    )
    asyncio.run(offer)
    assert "set-up code not shown" in caplog.messages
