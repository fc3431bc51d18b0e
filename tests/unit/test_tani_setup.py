"""Tani and the first set-up that is bound to a one-time code, for which it has no place."""

import pytest

from keystead.domain.setup_code import SetupCode
from keystead.tani.errors import Status
from tests.doubles import PASSWORD, CountingRandomness
from tests.nymea_box import finish
from tests.tani_box import Box


@pytest.mark.clause("EN 18031-1 AUM-5-2")
def test_the_first_user_is_not_made_where_a_code_is_asked_for():
    setup_code = SetupCode()
    setup_code.renew(CountingRandomness())
    box = Box(setup_code=setup_code)
    line = box.connect()
    ann = {"Username": "ann", "Password": PASSWORD, "UserEdit": True}
    assert line.status("Users/Write", **ann) is Status.NOT_PERMITTED
    assert finish(box.store.reader.ever_had_account()) is False
    finish(box.directory.journal.flush(box.clock.now))
    (event,) = finish(box.store.reader.audit_events(0, 10))
    assert b"setup_code_wrong" in event.body
