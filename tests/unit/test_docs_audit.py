"""The guide to operating tells what the audit trail keeps, for how long, and in which forms."""

from pathlib import Path

import pytest

from keystead.audit.chain import MAX_BODY
from keystead.audit.formats import Format
from keystead.audit.retention import MIN_EVENTS
from keystead.settings import Settings

GUIDE = " ".join(
    (Path(__file__).parents[2] / "docs/guide/operating.md").read_text("utf-8").split()
)
TRAIL = GUIDE.split("## Audit trail")[1].split(" ## ")[0]


@pytest.mark.clause("EN 18031-2 LGM-3", "IEC 62443-4-2 CR 2.9", "OWASP ASVS 5.0 16.1.1")
@pytest.mark.parametrize(
    "sentence",
    [
        f"Up to {Settings().audit_events:,} events and {Settings().audit_mib} MiB",
        f"The newest {MIN_EVENTS:,} events are never removed",
        f"at most {MAX_BODY // 1024} KiB",
    ],
)
def test_how_many_events_are_kept_is_as_the_guide_tells(sentence):
    assert sentence in TRAIL


@pytest.mark.clause("OWASP ASVS 5.0 16.1.1")
def test_every_form_of_the_trail_is_listed():
    assert all(f"| `{form.value}` |" in TRAIL for form in Format)


@pytest.mark.clause("OWASP ASVS 5.0 16.1.1")
def test_what_is_told_and_who_may_read_it_is_said():
    assert "Administrators read it with `Access.GetAuditEvents`" in TRAIL
    for fact in ("when (UTC)", "who did it", "by which token", "over which protocol"):
        assert fact in TRAIL
