"""What the command line tells of certificates."""

from datetime import UTC, datetime

import pytest

from keystead.net.tls import served_fingerprint, server_context
from tests.command_line import CommandLine

NOW = datetime(2026, 11, 22, tzinfo=UTC)


@pytest.fixture
def command(capfd, monkeypatch, tmp_path):
    return CommandLine(capfd, monkeypatch, tmp_path / "box")


@pytest.fixture
def folder(command):
    server_context(command.data / "certificates", NOW)
    return command.data / "certificates"


def test_the_fingerprints_of_server_and_authority_are_shown(command, folder):
    outcome = command.done("tls", "fingerprint")

    assert outcome.out.splitlines() == [
        f"server certificate:  {served_fingerprint(folder / 'server.crt')}",
        f"authority:           {served_fingerprint(folder / 'ca.crt')}",
    ]


def test_the_fingerprints_are_shown_as_json(command, folder):
    outcome = command.done("tls", "fingerprint", "--json")

    assert outcome.json == {
        "server": served_fingerprint(folder / "server.crt"),
        "authority": served_fingerprint(folder / "ca.crt"),
    }


def test_of_an_own_certificate_there_is_no_authority(command, folder, tmp_path):
    config = tmp_path / "keystead.toml"
    own = folder / "server.crt"
    config.write_text(f'certificate = "{own}"\nkey = "{folder / "server.key"}"\n')

    outcome = command.done("tls", "fingerprint", "--json", "--config", str(config))
    text = command.done("tls", "fingerprint", "--config", str(config)).out

    assert outcome.json == {"server": served_fingerprint(own), "authority": None}
    assert text == f"server certificate:  {served_fingerprint(own)}\n"


def test_where_there_is_no_certificate_yet_it_is_said(command):
    outcome = command("tls", "fingerprint")

    assert outcome.code == 2
    assert outcome.complaint == (
        f"There is no certificate in {command.data / 'certificates'}; "
        "the first start of a server with TLS makes it."
    )


def test_a_certificate_that_cannot_be_read_is_named(command, folder):
    (folder / "server.crt").write_text("rubbish")

    outcome = command("tls", "fingerprint")

    assert outcome.code == 2
    assert str(folder / "server.crt") in outcome.complaint
