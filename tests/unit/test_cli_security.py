"""``keystead security-report``: what is proven, what is set, and what is weak."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from keystead import CannotError
from keystead.app import now
from keystead.cli.security import NO_CLAIM, report_on
from keystead.net.tls import SERVER_LIFETIME, fingerprint, server_context
from keystead.settings import Settings
from tests.command_line import CommandLine
from tools.requirements import document

NOW = datetime(2026, 11, 22, tzinfo=UTC)
SAFE: dict[str, Any] = {
    "password_profile": "nist",
    "listen": ("nymeas://*:2222",),
    "setup_code": True,
}


@pytest.fixture
def keystead(capfd, monkeypatch, tmp_path):
    (tmp_path / "data").mkdir(mode=0o700)
    return CommandLine(capfd, monkeypatch, tmp_path / "data")


@pytest.fixture
def folder(tmp_path):
    """Give a data folder as a server leaves it: with its certificates."""
    folder = tmp_path / "box"
    folder.mkdir(mode=0o700)
    server_context(folder / "certificates", NOW)
    return folder


def report(folder, *, now=NOW, **changed):
    return report_on(Settings(data=str(folder), **SAFE | changed), now)


def test_the_matrix_is_that_of_the_pages(keystead):
    told = keystead.done("security-report", "--json").json
    assert told["standards"] == json.loads(document())
    assert told["claim"] == NO_CLAIM


def test_the_settings_are_those_in_force(keystead, tmp_path):
    config = tmp_path / "keystead.toml"
    config.write_text('session_idle_hours = 1\nlisten = ["https://*:4444", "nymea://[::1]:22"]')
    told = keystead.done("security-report", "--json", "--config", config).json
    assert set(told["settings"]) == set(Settings.__struct_fields__)
    assert told["settings"]["session_idle_hours"] == 1
    assert [(one["address"], one["encrypted"]) for one in told["listeners"]] == [
        ("https://*:4444", True),
        ("nymea://[::1]:22", False),
    ]


def test_the_cost_of_a_password_is_told(folder):
    cost = report(folder, argon2_time=3, argon2_parallelism=4).hashing
    assert (cost.algorithm, cost.memory, cost.passes, cost.lanes) == ("argon2id", 19456, 3, 4)


def test_the_certificate_is_told_with_its_end(folder):
    shown = report(folder).certificate
    pem = (folder / "certificates/server.crt").read_bytes()
    assert (shown.fingerprint, shown.ends) == (fingerprint(pem), NOW + SERVER_LIFETIME)


def test_an_own_certificate_is_told_in_place_of_that_of_the_device(folder, tmp_path):
    own = folder / "certificates" / "ca.crt"
    shown = report(tmp_path, certificate=str(own), key="not read").certificate
    assert (shown.file, shown.fingerprint) == (str(own), fingerprint(own.read_bytes()))


def test_without_encrypted_listeners_or_before_the_first_start_there_is_no_certificate(
    folder, tmp_path
):
    assert report(folder, listen=("nymea://127.0.0.1:0",)).certificate is None
    assert report(tmp_path / "not made yet").certificate is None


@pytest.mark.parametrize("content", [None, b"", b"nonsense", b"-----BEGIN CERTIFICATE-----\n"])
def test_an_own_certificate_that_cannot_be_read_is_named(tmp_path, content):
    own = tmp_path / "own.crt"
    if content is not None:
        own.write_bytes(content)
    with pytest.raises(CannotError, match=r"own\.crt"):
        report(tmp_path, certificate=str(own), key="not read")


def test_there_is_nothing_to_warn_of_where_all_is_safe(folder):
    assert report(folder).warnings == ()


@pytest.mark.parametrize(
    ("changed", "word"),
    [
        ({"listen": ("nymea://*:2222",)}, "in the clear"),
        ({"listen": ("http://192.0.2.1:80",)}, "in the clear"),
        ({"listen": ("nymeas://127.0.0.1:1?authentication=off",)}, "do everything"),
        ({"password_profile": "nymea"}, "15"),
        ({"session_most_days": 31}, "30 days"),
        ({"now": NOW + SERVER_LIFETIME - timedelta(days=29)}, "ends on 2029-02-19"),
        ({"now": NOW + SERVER_LIFETIME + timedelta(days=1)}, "ends on 2029-02-19"),
    ],
)
def test_what_is_weaker_than_it_could_be_is_warned_of(folder, changed, word):
    (warning,) = report(folder, **changed).warnings
    assert word in warning


def test_plain_listeners_on_loopback_are_nothing_to_warn_of(folder):
    assert report(folder, listen=("nymea://127.0.0.1:1", "http://[::1]:2")).warnings == ()


def test_a_folder_that_others_may_enter_is_warned_of(folder):
    folder.chmod(0o750)
    (warning,) = report(folder).warnings
    assert warning == f"The data folder {folder} can be entered by others."


def test_people_are_told_all_that_programs_are(keystead):
    told = keystead.done("security-report", "--json").json
    shown = keystead.done("security-report").out
    assert "".join(shown.split("\n")).isprintable()
    words = " ".join(shown.split())
    assert all(f" {name}: " in words for name in told["settings"])
    for line in ("listen: nymeas://*:2222, https://*:4444", "key: not set", "name: Keystead"):
        assert f"  {line}\n" in shown
    assert "  session_idle_hours: 8\n  session_most_days: 7\n" in shown
    assert "  self_service: false\n" in shown
    for standard in told["standards"]:
        assert f"{standard['standard']}: {standard['title']}" in words
        for one in standard["requirements"]:
            assert f"{one['clause']} {one['status']}" in words
            assert (one["reason"] or one["says"]) in words
    assert all(warning in words for warning in told["warnings"])
    assert shown.endswith(f"\n{NO_CLAIM}\n")


def test_a_listener_without_authentication_is_shown_as_such(keystead, monkeypatch):
    monkeypatch.setenv("KEYSTEAD_LISTEN", "nymea://127.0.0.1:1?authentication=off")
    monkeypatch.setenv("KEYSTEAD_PASSWORD_PROFILE", "nist")
    shown = keystead.done("security-report").out
    assert "  nymea://127.0.0.1:1: in the clear, without authentication\n" in shown


def test_the_end_of_the_certificate_is_shown_and_that_nothing_is_weak(keystead, monkeypatch):
    server_context(keystead.data / "certificates", now())
    monkeypatch.setenv("KEYSTEAD_PASSWORD_PROFILE", "nist")
    monkeypatch.setenv("KEYSTEAD_SETUP_CODE", "true")
    shown = keystead.done("security-report").out
    assert "\n  certificate: " in shown
    assert "\n  it ends on 2" in shown
    assert "\nNo warnings\n" in shown


def test_names_that_the_owner_chose_write_nothing_else_to_the_terminal(keystead, monkeypatch):
    monkeypatch.setenv("KEYSTEAD_NAME", "box\x1b[2J")
    assert "name: box\\x1b[2J\n" in keystead.done("security-report").out


def test_no_folder_is_made_and_no_server_disturbed(keystead):
    keystead.done("security-report")
    assert list(keystead.data.iterdir()) == []
