"""The same commands while a server runs, which carries them out."""

import os
import socket
import threading

import pytest

from keystead.cli import owner
from keystead.store.folder import Folder
from tests.command_line import PASSWORD, PLAIN, CommandLine, Nymea, serving
from tests.nymea_files import ANN, TABLET, UserRow, build


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """Run a server on a folder whose path is too long for a socket's address."""
    data = tmp_path_factory.mktemp("deep") / ("d" * 60) / ("e" * 60)
    data.parent.mkdir()
    with serving(data) as running:
        running.data = data
        yield running


@pytest.fixture
def keystead(server, capfd, monkeypatch):
    """Give the program on the folder of the server, which has one administrator at least."""
    program = CommandLine(capfd, monkeypatch, server.data)
    if "root" not in program.names():
        program.done("user", "add", "root")
    return program


@pytest.fixture
def stopped(capfd, monkeypatch, tmp_path):
    """Give the program on a folder without a server."""
    (tmp_path / "box").mkdir()
    return CommandLine(capfd, monkeypatch, tmp_path / "box")


def signed_in(client, name, password=PASSWORD):
    client.ask("JSONRPC.Hello")
    return client.ask(
        "JSONRPC.Authenticate", username=name, password=password, deviceName="phone"
    )["token"]


def test_a_running_server_knows_at_once_what_was_added(keystead, server):
    keystead.done("user", "add", "ann", "--scopes", "ControlThings")

    with Nymea(server.port) as client:
        token = signed_in(client, "ann")
        info = client.ask("Users.GetUserInfo", token)["userInfo"]
    assert info["username"] == "ann"
    shown = keystead.done("user", "show", "ann", "--json").json
    assert [token["device_name"] for token in shown["tokens"]] == ["phone"]
    keystead.done("user", "remove", "ann")


def test_a_new_password_signs_everybody_out(keystead, server):
    keystead.done("user", "add", "bob")

    with Nymea(server.port) as client:
        signed_in(client, "bob")
        keystead.done("user", "passwd", "bob", password="Another7Sail")
        assert client.is_closed()

    with Nymea(server.port) as client:
        assert signed_in(client, "bob", "Another7Sail")
    keystead.done("user", "remove", "bob")


def test_other_scopes_count_at_once(keystead, server):
    keystead.done("user", "add", "cyd")

    with Nymea(server.port) as client:
        token = signed_in(client, "cyd")
        keystead.done("user", "scopes", "cyd", "ControlThings")
        scopes = client.ask("Users.GetUserInfo", token)["userInfo"]["scopes"]

    assert scopes == ["PermissionScopeControlThings"]
    assert "cyd   ControlThings\n" in keystead.done("user", "list").out
    keystead.done("user", "remove", "cyd")


def test_refusals_come_through(keystead):
    outcome = keystead("user", "add", "ROOT")

    assert outcome.code == 1
    assert outcome.complaint == "This name, or one that looks the same, is taken."
    assert keystead("user", "show", "nobody").code == 1
    assert keystead("user", "passwd", "root", password="weak").code == 1


def test_the_button_lets_the_waiting_device_in(keystead, server):
    refused = keystead("pairing", "press")
    assert (refused.code, refused.complaint) == (1, "No device is waiting to be paired.")

    with Nymea(server.port) as client:
        client.ask("JSONRPC.Hello")
        client.ask("JSONRPC.RequestPushButtonAuth", deviceName="panel")
        keystead.done("pairing", "press")
        told = client.notification()

    assert told["notification"].endswith(".PushButtonAuthFinished")
    assert told["params"]["success"] is True
    assert keystead("pairing", "press").code == 1


def test_an_import_reaches_the_running_server(keystead, server, tmp_path):
    ann = UserRow("imported")
    file = build(tmp_path / "db", users=[ANN, ann], tokens=[TABLET])

    printed = keystead.done("import", "nymea", file).out

    assert printed.startswith("Version 2: took 2 accounts and 1 tokens.\n")
    with Nymea(server.port) as client:
        client.ask("JSONRPC.Hello", TABLET.token)
        assert client.ask("Users.GetUserInfo", TABLET.token)["userInfo"]["username"] == "ann"
    with Nymea(server.port) as client:
        assert signed_in(client, "imported", "Correct7horse")
    keystead.done("user", "remove", "ann")
    keystead.done("user", "remove", "imported")


def test_a_second_server_on_the_folder_is_refused(keystead, server):
    outcome = keystead("serve", *PLAIN)

    assert outcome.code == 2
    assert outcome.complaint == (
        f"The data folder {server.data} is used by another Keystead"
        f" (process {server.process.pid})."
    )
    assert keystead.names()


def test_arguments_that_are_no_text_are_refused_in_one_line(keystead):
    for arguments in (("user", "show", "\udcff\udcfe"), ("user", "add", "\udcff\udcfe\udcfd")):
        outcome = keystead(*arguments)
        assert outcome.code in {1, 2}
        assert outcome.complaint
    assert keystead.names()


class Impostor:
    """Sits where the server's socket is, and answers with fixed bytes."""

    def __init__(self, data, answer):
        self._listening = socket.socket(socket.AF_UNIX)
        self._listening.bind(os.fspath(data / "control.sock"))
        self._listening.listen()
        self._answer = answer
        self._thread = threading.Thread(target=self._run)

    def _run(self):
        connection, _ = self._listening.accept()
        with connection:
            if self._answer is not None:
                connection.recv(1 << 16)
                connection.sendall(self._answer)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._thread.join()
        self._listening.close()


@pytest.mark.parametrize("answer", [b"", b'{"outcome":"done"'])
def test_a_server_that_ends_in_between_leaves_it_open_what_was_done(stopped, answer):
    with Impostor(stopped.data, answer):
        outcome = stopped("user", "list")

    assert outcome.code == 2
    assert outcome.complaint == (
        "The server stopped before it answered; look whether it was done."
    )


def test_a_server_that_does_not_listen_cannot_be_asked(stopped):
    with Impostor(stopped.data, None):
        outcome = stopped("user", "add", "ann", "--email", "x" * 1000)

    assert outcome.code == 2
    assert outcome.complaint.startswith("The server ")


def test_a_server_that_does_not_understand_cannot_do_it(stopped):
    said = b'{"outcome":"wrong","text":"There is no command users.list."}\n'

    with Impostor(stopped.data, said):
        outcome = stopped("user", "list")

    assert (outcome.code, outcome.complaint) == (2, "There is no command users.list.")


def test_a_socket_that_a_killed_server_left_does_not_matter(stopped):
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(os.fspath(stopped.data / "control.sock"))

    stopped.done("user", "add", "ann")

    assert stopped.names() == ["ann"]


def test_a_folder_that_is_in_use_for_a_moment_is_waited_for(stopped):
    stopped.done("user", "add", "ann")

    holding, release = threading.Event(), threading.Event()

    def hold():
        with Folder(stopped.data).locked():
            holding.set()
            release.wait(5)

    thread = threading.Thread(target=hold)
    thread.start()
    holding.wait(5)
    threading.Timer(0.1, release.set).start()
    assert stopped.names() == ["ann"]
    thread.join()


def test_a_folder_that_stays_in_use_is_named_with_who_uses_it(stopped, monkeypatch):
    monkeypatch.setattr(owner, "START_PATIENCE", 0.1)

    with Folder(stopped.data).locked():
        outcome = stopped("user", "list")

    assert outcome.code == 2
    assert outcome.complaint == (
        f"The data folder {stopped.data} is used by another Keystead (process {os.getpid()})."
    )
