"""The certificate of a running server: loaded anew when asked, and before it ends."""

import asyncio
import logging
import shutil
import signal
import ssl
import sys
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import pytest

from keystead.net.encryption import Encryption
from keystead.net.signing import main, sign_elsewhere
from keystead.net.tls import (
    RENEW_BEFORE_END,
    SERVER_LIFETIME,
    CertificateError,
    fingerprint,
    is_due,
    served_fingerprint,
    server_context,
)
from tests.command_line import Nymea, serving
from tests.net_stage import messages_of, on_each_loop_at_start, stage

NOW = datetime(2026, 11, 22, tzinfo=UTC)
OFTEN = timedelta(0)  # a day, for those who cannot wait


class Clock:
    def __init__(self):
        self.now = NOW

    def __call__(self):
        return self.now


@pytest.fixture(scope="module")
def made_once(tmp_path_factory):
    folder = tmp_path_factory.mktemp("data") / "certificates"
    server_context(folder, NOW)
    return folder


@pytest.fixture
def folder(made_once, tmp_path):
    return shutil.copytree(made_once, tmp_path / "certificates")


@pytest.fixture
def other(tmp_path):
    """Give another device's certificates."""
    server_context(tmp_path / "other", NOW)
    return tmp_path / "other"


@asynccontextmanager
async def connected(box):
    """Connect, and give the two ends with the fingerprint of the server."""
    trusting = ssl.create_default_context()
    trusting.check_hostname, trusting.verify_mode = False, ssl.CERT_NONE
    reader, writer = await asyncio.open_connection(*box.address, ssl=trusting)
    der = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
    try:
        yield reader, writer, fingerprint(ssl.DER_cert_to_PEM_cert(der).encode())
    finally:
        writer.transport.abort()


@asynccontextmanager
async def serving_with(encryption):
    """Serve with an encryption that is kept fresh; give the stage, and what asks for it."""
    asked = asyncio.Event()
    async with stage("nymeas", encryption()) as box:
        box.server._tls = encryption
        box.everyone.start(encryption.keep_fresh(asked))
        yield box, asked


async def logged(caplog, event):
    """Wait until something is in the log."""
    while event not in messages_of(caplog, "keystead.tls", logging.INFO):  # noqa: ASYNC110
        await asyncio.sleep(0)


@on_each_loop_at_start
async def test_new_files_are_served_to_who_comes_and_who_is_there_goes_on(
    folder, other, caplog
):
    caplog.set_level(logging.INFO)
    encryption = Encryption(folder, Clock(), folder / "server.crt", folder / "server.key")
    before = encryption.fingerprint
    async with (
        serving_with(encryption) as (box, asked),
        connected(box) as (reader, writer, seen),
    ):
        writer.write(b"wait gate late\n")
        await box.face.came.wait()
        for name in ("server.crt", "server.key"):
            shutil.copy(other / name, folder / name)
        asked.set()
        await logged(caplog, "certificate loaded")
        async with connected(box) as (_, _, seen_then):
            assert (seen, seen_then) == (before, served_fingerprint(other / "server.crt"))
            assert encryption.fingerprint == seen_then
        box.face.gates["gate"].set()

        assert await reader.readline() == b"late\n"
        writer.write(b"echo unharmed\n")
        assert await reader.readline() == b"unharmed\n"


@pytest.mark.parametrize("harm", ["no certificate", "another key", "nothing"])
@on_each_loop_at_start
async def test_files_that_cannot_be_used_are_logged_and_the_old_ones_kept(
    folder, other, caplog, harm
):
    encryption = Encryption(folder, Clock(), folder / "server.crt", folder / "server.key")
    before = encryption.fingerprint
    async with serving_with(encryption) as (box, asked):
        if harm == "no certificate":
            (folder / "server.crt").write_text("rubbish")
        elif harm == "another key":
            shutil.copy(other / "server.key", folder / "server.key")
        else:
            (folder / "server.crt").unlink()
        asked.set()
        await logged(caplog, "certificate kept")

        async with connected(box) as (reader, writer, seen):
            writer.write(b"echo unharmed\n")
            assert await reader.readline() == b"unharmed\n"
        assert seen == before == encryption.fingerprint
    (record,) = caplog.records
    assert "server.crt" in vars(record)["fields"]["reason"]
    assert record.levelno == logging.ERROR


@on_each_loop_at_start
async def test_a_fault_is_logged_and_the_old_ones_kept(folder, caplog):
    clock = Clock()
    encryption = Encryption(folder, clock)
    before = encryption.fingerprint
    async with serving_with(encryption) as (box, asked):
        del clock.now
        asked.set()
        await logged(caplog, "certificate kept")

        async with connected(box) as (_, _, seen):
            assert seen == before == encryption.fingerprint
    assert "AttributeError" in caplog.text


@pytest.mark.clause("ETSI EN 303 645 5.5-8")
@on_each_loop_at_start
async def test_the_device_certificate_is_renewed_in_time_by_the_same_authority(folder, caplog):
    caplog.set_level(logging.INFO)
    clock = Clock()
    encryption = Encryption(folder, clock)
    before, authority = encryption.fingerprint, (folder / "ca.crt").read_bytes()
    async with serving_with(encryption) as (box, asked):
        clock.now += SERVER_LIFETIME - RENEW_BEFORE_END + timedelta(days=1)
        asked.set()
        await logged(caplog, "certificate loaded")
        async with connected(box) as (_, _, seen):
            assert seen == served_fingerprint(folder / "server.crt") != before
    assert (folder / "ca.crt").read_bytes() == authority
    assert caplog.records[0].fields == {"fingerprint": seen, "before": before}


@on_each_loop_at_start
async def test_it_is_looked_after_unasked_and_nothing_is_said_unless_it_changes(folder, caplog):
    caplog.set_level(logging.INFO)
    clock = Clock()
    encryption = Encryption(folder, clock)
    before = encryption.context
    async with asyncio.TaskGroup() as tasks:
        keeping = tasks.create_task(encryption.keep_fresh(asyncio.Event(), OFTEN))
        while encryption.context is before:  # noqa: ASYNC110 - nobody tells of it
            await asyncio.sleep(0)
        assert caplog.records == []

        clock.now += SERVER_LIFETIME
        await logged(caplog, "certificate loaded")
        keeping.cancel()


def test_signing_is_done_in_another_process(tmp_path):
    sign_elsewhere(tmp_path / "certificates", NOW)

    assert not is_due(tmp_path / "certificates", NOW)
    assert is_due(tmp_path / "certificates", NOW + SERVER_LIFETIME)
    assert is_due(tmp_path / "nothing", NOW)


def test_why_another_process_could_not_sign_is_told(folder):
    (folder / "ca.key").write_text("rubbish")

    with pytest.raises(CertificateError, match=r"Cannot use ca\.crt with ca\.key"):
        Encryption(folder, lambda: NOW + SERVER_LIFETIME)


def test_the_other_process_says_whether_it_did(folder, capsys):
    assert main([str(folder), NOW.isoformat()]) == 0
    (folder / "ca.crt").unlink()

    assert main([str(folder), NOW.isoformat()]) == 2
    assert "ca.crt" in capsys.readouterr().err


def test_where_no_process_can_be_started_signing_is_done_here(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "executable", str(tmp_path / "no python"))

    encryption = Encryption(tmp_path / "certificates", Clock())

    assert encryption.fingerprint == served_fingerprint(
        tmp_path / "certificates" / "server.crt"
    )


def test_a_process_that_ends_without_a_word_is_reported(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "executable", "/bin/false")

    with pytest.raises(CertificateError, match="Signing ended with 1"):
        sign_elsewhere(tmp_path, NOW)


def test_a_folder_that_cannot_be_used_is_named(tmp_path):
    (tmp_path / "certificates").write_text("a file")

    with pytest.raises(CertificateError) as error:
        Encryption(tmp_path / "certificates", Clock())

    assert str(tmp_path / "certificates") in str(error.value)


def test_an_own_certificate_that_ends_soon_is_warned_of(folder, caplog):
    certificate, key = folder / "server.crt", folder / "server.key"
    Encryption(folder, lambda: NOW, certificate, key)
    assert caplog.records == []

    Encryption(folder, lambda: NOW + SERVER_LIFETIME - timedelta(days=13), certificate, key)

    (warning,) = caplog.records
    assert warning.message == "certificate ends soon"
    assert vars(warning)["fields"]["certificate"] == str(certificate)


@pytest.mark.parametrize("content", [b"", b"rubbish", b"-----BEGIN CERTIFICATE-----\nno end"])
def test_a_file_without_a_certificate_has_no_fingerprint(tmp_path, content):
    (tmp_path / "file.pem").write_bytes(content)

    with pytest.raises(CertificateError, match="no PEM certificate"):
        served_fingerprint(tmp_path / "file.pem")


def test_the_fingerprint_of_a_chain_is_that_of_what_is_served(folder, tmp_path):
    chain = tmp_path / "chain.pem"
    chain.write_bytes(
        b"a comment\n" + (folder / "server.crt").read_bytes() + (folder / "ca.crt").read_bytes()
    )

    assert served_fingerprint(chain) == served_fingerprint(folder / "server.crt")


def test_a_server_that_is_hung_up_on_renews_its_certificate_and_drops_nobody(tmp_path):
    listen = ("--listen", "nymea://127.0.0.1:0", "--listen", "nymeas://127.0.0.1:0")
    with serving(tmp_path / "box", *listen) as server, Nymea(server.port) as client:
        client.ask("JSONRPC.Hello")
        for name in ("server.crt", "server.key"):
            (tmp_path / "box" / "certificates" / name).unlink()

        server.process.send_signal(signal.SIGHUP)

        loaded = server.until("certificate loaded")
        assert loaded["fingerprint"] != loaded["before"]
        client.ask("JSONRPC.Hello")
        assert server.stop() == 0


def test_a_server_without_tls_is_not_ended_by_a_hangup(tmp_path):
    with serving(tmp_path) as server, Nymea(server.port) as client:
        server.process.send_signal(signal.SIGHUP)

        client.ask("JSONRPC.Hello")
        assert server.stop() == 0


def test_the_fingerprint_is_printed_beside_the_addresses(tmp_path):
    with serving(tmp_path, "--listen", "nymeas://127.0.0.1:0") as server:
        assert server.stop() == 0
        printed = server.process.stdout.read()

    shown = served_fingerprint(tmp_path / "certificates" / "server.crt")
    assert f"Certificate SHA-256 fingerprint: {shown}\n" in printed
