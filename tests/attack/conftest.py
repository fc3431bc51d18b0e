"""What the acceptance tests have, and a place to say what was observed."""

import pytest

from tests.acceptance.conftest import connect, open_tani, start

__all__ = ["connect", "observe", "open_tani", "start"]


@pytest.fixture
def observe(record_property):
    """Have the report tell a measured value: ``observe("memory", "12 MiB")``."""

    def observe(what, value):
        record_property("observed", f"{what}: {value}")

    return observe
