"""How thoroughly properties are tried: HYPOTHESIS_PROFILE is quick, gate or soak."""

import os
import signal

from hypothesis import HealthCheck, settings

# Whoever runs in the background of a shell ignores it, and so would the programs under test.
signal.signal(signal.SIGINT, signal.default_int_handler)

# No deadlines: a property's first example may load a module, and a machine may be busy.
settings.register_profile("quick", max_examples=25, deadline=None)
settings.register_profile("gate", max_examples=100, derandomize=True, deadline=None)
settings.register_profile(
    "soak", max_examples=5_000, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "quick"))
