"""Runs the command line as ``python -m keystead``."""

import sys

from keystead.cli import main

sys.exit(main())
