"""A D-Bus daemon of a test's own, as strict as a session's, which other Unix users reach too."""

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import pytest

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
