"""Passwords typed at a terminal."""

import os
import subprocess
import sys
from contextlib import contextmanager

import pytest

from tests.command_line import PASSWORD, PATIENCE, CommandLine

CONTROL_D = b"\x04"


@pytest.fixture
def keystead(capfd, monkeypatch, tmp_path):
    """Give the program on an empty data folder."""
    (tmp_path / "box").mkdir()
    return CommandLine(capfd, monkeypatch, tmp_path / "box")


class Terminal:
    """A terminal with the program in it."""

    def __init__(self, keys, process):
        self._keys = keys
        self._process = process
        self.shown = b""

    def type(self, prompt, text):
        """Wait for a prompt, then type."""
        while not self.shown.endswith(prompt):
            self.shown += os.read(self._keys, 1 << 16)
        os.write(self._keys, text)

    def ended(self):
        """Give the exit code and all that was shown."""
        try:
            while data := os.read(self._keys, 1 << 16):
                self.shown += data
        except OSError:  # nobody holds the other end any more
            pass
        return self._process.wait(PATIENCE), self.shown.decode()


@contextmanager
def terminal(keystead, *arguments):
    """Run the program in a terminal of its own."""
    keys, other_end = os.openpty()
    command = [sys.executable, "-m", "keystead", *arguments, "--data", str(keystead.data)]
    with subprocess.Popen(
        command, stdin=other_end, stdout=other_end, stderr=other_end, start_new_session=True
    ) as process:
        os.close(other_end)
        try:
            yield Terminal(keys, process)
        finally:
            process.kill()
            os.close(keys)


@pytest.mark.clause("IEC 62443-4-2 CR 1.10")
def test_a_password_is_asked_for_twice_and_not_shown(keystead):
    with terminal(keystead, "user", "add", "ann") as screen:
        screen.type(b"New password: ", f"{PASSWORD}\n".encode())
        screen.type(b"Again: ", f"{PASSWORD}\n".encode())
        code, shown = screen.ended()

    assert code == 0
    assert PASSWORD not in shown
    assert keystead.names() == ["ann"]


def test_two_different_passwords_change_nothing(keystead):
    with terminal(keystead, "user", "add", "ann") as screen:
        screen.type(b"New password: ", f"{PASSWORD}\n".encode())
        screen.type(b"Again: ", b"Plain7Failing\n")
        code, shown = screen.ended()

    assert code == 1
    assert shown.endswith("keystead: The two passwords differ; nothing was changed.\r\n")
    assert keystead.names() == []


def test_ending_the_input_instead_of_a_password_changes_nothing(keystead):
    with terminal(keystead, "user", "add", "ann") as screen:
        screen.type(b"New password: ", CONTROL_D)
        code, shown = screen.ended()

    assert code in {1, 2}
    assert "Traceback" not in shown
    assert keystead.names() == []


def test_interrupting_a_command_ends_it_with_one_line(keystead):
    with terminal(keystead, "user", "add", "ann") as screen:
        screen.type(b"New password: ", b"")
        screen._process.send_signal(2)
        code, shown = screen.ended()

    assert code == 2
    assert shown.endswith("keystead: interrupted\r\n")
    assert keystead.names() == []
