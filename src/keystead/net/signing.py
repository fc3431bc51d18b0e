"""Makes or renews the device's certificates in a process of its own.

Signing loads libraries of 6 MB, which a server that runs for months need not keep.
"""

import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from pathlib import Path

from keystead.net.tls import CertificateError, server_context

PATIENCE = 60.0  # seconds, on the slowest of machines


def sign_elsewhere(folder: Path, now: datetime) -> None:
    """Have a process of its own do what ``server_context`` would have to do in *folder*.

    Where no process can be started nothing is done, and it remains to be done here.

    Raises:
        CertificateError: it cannot be done.
    """
    command = [sys.executable, "-m", __name__, str(folder), now.isoformat()]
    with suppress(OSError, subprocess.TimeoutExpired):
        ended = subprocess.run(  # noqa: S603 - nothing of it comes from elsewhere
            command, capture_output=True, text=True, timeout=PATIENCE, check=False
        )
        if ended.returncode:
            reason = ended.stderr.strip().rpartition("\n")[2]
            raise CertificateError(reason or f"Signing ended with {ended.returncode}.")


def main(arguments: Sequence[str]) -> int:
    """Do it; the arguments are the folder and the time."""
    folder, now = arguments
    try:
        server_context(Path(folder), datetime.fromisoformat(now))
    except (CertificateError, OSError) as error:
        sys.stderr.write(f"{error}\n")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
