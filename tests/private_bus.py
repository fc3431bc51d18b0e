"""A D-Bus daemon of a test's own, which other Unix users reach too, and programs on it."""

import asyncio
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from dbus_fast import Message, MessageType
from dbus_fast.aio import MessageBus

BUS = "org.freedesktop.DBus"
SERVER = "io.nymea.nymead"  # its name and its interface
USER_MANAGER = "/io/nymea/nymead/UserManager"
BUTTON = "/nymea/pushbuttonhandler"  # as nymea's own test agent has it
PATIENCE = 10  # seconds until a test gives up waiting for an answer

CONFIGURATION = """\
<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
  "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>session</type>
  <listen>{address}</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <!-- A session's own rules, but for the first: a session lets in only its own user. -->
    <allow user="*"/>
    <allow own="*"/>
    <allow send_destination="*" eavesdrop="true"/>
    <allow eavesdrop="true"/>
  </policy>
</busconfig>
"""


class PrivateBus:
    """A bus at one *address*, to be started and stopped at will."""

    def __init__(self, folder: Path) -> None:
        # Abstract: a socket in a test's folder would be out of reach for other users, and
        # its path could be longer than the 107 bytes a socket's name may have.
        self.address = f"unix:abstract=keystead-test-{uuid4().hex}"
        self._configuration = folder / "bus.conf"
        self._configuration.write_text(CONFIGURATION.format(address=self.address), "utf-8")
        self._daemon: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start the daemon; it listens when this returns."""
        command = ["dbus-daemon", "--nofork", "--nopidfile", "--nosyslog", "--print-address"]
        self._daemon = subprocess.Popen(
            [*command, f"--config-file={self._configuration}"], stdout=subprocess.PIPE
        )
        assert self._daemon.stdout is not None
        assert self._daemon.stdout.readline(), "dbus-daemon did not start"

    def stop(self) -> None:
        """End the daemon at once, and with it every connection; nothing when it is not running."""
        if self._daemon is not None:
            self._daemon.kill()
            self._daemon.communicate()
            self._daemon = None


@contextmanager
def private_bus(folder: Path) -> Iterator[PrivateBus]:
    """Run a bus, whose configuration is in *folder*, for as long as the context lasts."""
    if shutil.which("dbus-daemon") is None:
        pytest.skip("dbus-daemon is not installed")
    bus = PrivateBus(folder)
    try:
        bus.start()
        yield bus
    finally:
        bus.stop()


def call(member: str, *words: object, **fields: Any) -> Message:
    """Give a call of the server's *member*, with strings for arguments unless *fields* differ."""
    usual: dict[str, Any] = {
        "destination": SERVER,
        "path": USER_MANAGER,
        "interface": SERVER,
        "signature": "s" * len(words),
        "body": list(words),
    }
    return Message(member=member, **(usual | fields))


class Agent:
    """A program on the bus that talks to the server."""

    def __init__(self, connection: MessageBus) -> None:
        self.connection = connection

    @property
    def name(self) -> str | None:
        """The bus's name of this program."""
        return self.connection.unique_name

    async def ask(self, member: str, *words: object, **fields: Any) -> Message:
        """Call a method of the server and give back the answer."""
        question = self.connection.call(call(member, *words, **fields))
        return await asyncio.wait_for(question, PATIENCE)

    async def send(self, member: str, *words: object, **fields: Any) -> None:
        """Send what needs no answer, and return when the server has seen it."""
        await self.connection.send(call(member, *words, **fields))
        answer = await self.ask("Ping", interface=f"{BUS}.Peer")
        assert answer.message_type is MessageType.METHOD_RETURN

    async def register(self, button: str = BUTTON) -> Message:
        """Become a button agent."""
        return await self.ask("RegisterButtonAgent", button, signature="o")

    async def press(self, *words: str, path: str = BUTTON, interface: str = SERVER) -> None:
        """Report that the button was pressed, and return when the server has seen it."""
        kind = {"message_type": MessageType.SIGNAL, "destination": None}
        await self.send("PushButtonPressed", *words, path=path, interface=interface, **kind)

    def vouch(self, serial: int) -> None:
        """Answer in the bus's place the server's question who somebody is: root."""
        kind = MessageType.METHOD_RETURN
        self.connection.send(
            Message(SERVER, message_type=kind, reply_serial=serial, signature="u", body=[0])
        )

    async def leave(self) -> None:
        """Leave the bus, unless the bus has left first."""
        self.connection.disconnect()
        with suppress(EOFError):
            await self.connection.wait_for_disconnect()
