"""The table that says which namespace is in which section."""

import pytest

from keystead import CannotError
from keystead.reference.sections import Section, sections

BUSINESS = (
    "AirConditioning AppData Energy EvDash Integrations JSONRPC Logging NymeaEnergy Rules"
    " Scripts Tags"
)
SYSTEM = (
    "Access Configuration Debug ModbusRtu NetworkManager System Transfers Users ZWave Zigbee"
)


def test_the_default_names_all_that_is_known():
    assert sections() == dict.fromkeys(BUSINESS.split(), Section.BUSINESS) | dict.fromkeys(
        SYSTEM.split(), Section.SYSTEM
    )


def test_a_table_moves_what_it_names_and_leaves_the_rest():
    found = sections(b'business = ["Users", "Heat"]\nsystem = ["Rules"]')

    assert found["Users"] is found["Heat"] is Section.BUSINESS
    assert found["Rules"] is Section.SYSTEM
    assert found["Tags"] is Section.BUSINESS


@pytest.mark.parametrize(
    ("table", "reason"),
    [
        (b"business", "The table of sections is wrong: "),
        (b"business = '\xff'", "The table of sections is wrong: 'utf-8' codec"),
        (b"business = 'Users'", "Expected `array`, got `str` - at `$.business`"),
        (b"busines = []", "Object contains unknown field `busines`"),
        (b'business = ["A", "A"]', "The table of sections names A twice."),
        (b'business = ["A"]\nsystem = ["A"]', "The table of sections names A twice."),
    ],
)
def test_a_wrong_table_is_refused(table, reason):
    with pytest.raises(CannotError) as refused:
        sections(table)

    assert reason in str(refused.value)
