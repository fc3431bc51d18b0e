"""The key that signs checkpoints, as two files in the data folder."""

import os
import stat
from concurrent.futures import ThreadPoolExecutor

import pytest

from keystead.audit.checkpoints import AuditKeyError
from keystead.audit.checkpoints import public_key as belonging
from keystead.store.audit_key import PRIVATE, PUBLIC, private_key, public_key
from keystead.store.sqlite_file import StoreError
from tests.unit.trails import KEY, PUBLIC_KEY


def test_a_key_is_made_on_first_need_and_stays(tmp_path):
    assert public_key(tmp_path) is None
    key = private_key(tmp_path)
    assert private_key(tmp_path) == key
    assert public_key(tmp_path) == belonging(key)
    assert {path.name for path in tmp_path.iterdir()} == {PRIVATE, PUBLIC}


def test_nobody_else_can_read_the_private_key(tmp_path):
    private_key(tmp_path)
    assert stat.S_IMODE((tmp_path / PRIVATE).stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / PUBLIC).stat().st_mode) == 0o644


def test_the_key_belongs_to_whom_the_folder_belongs_to(tmp_path):
    if os.geteuid() == 0:
        os.chown(tmp_path, 12345, 12345)
    private_key(tmp_path)
    assert (tmp_path / PRIVATE).stat().st_uid == tmp_path.stat().st_uid


def test_all_who_make_a_key_at_once_get_the_same(tmp_path):
    with ThreadPoolExecutor(1) as one, ThreadPoolExecutor(1) as other:
        keys = {
            make.result()
            for make in [pool.submit(private_key, tmp_path) for pool in (one, other)]
        }
    assert keys == {(tmp_path / PRIVATE).read_bytes()}


def test_a_public_key_that_a_power_cut_took_is_made_again(tmp_path):
    (tmp_path / PRIVATE).write_bytes(KEY)
    assert private_key(tmp_path) == KEY
    assert public_key(tmp_path) == PUBLIC_KEY


def test_a_lost_private_key_is_not_replaced_unasked(tmp_path):
    (tmp_path / PUBLIC).write_bytes(PUBLIC_KEY)
    with pytest.raises(AuditKeyError, match=r"audit\.key is missing: restore it"):
        private_key(tmp_path)
    assert not (tmp_path / PRIVATE).exists()


def test_keys_that_do_not_belong_together_are_not_used(tmp_path):
    private_key(tmp_path)
    (tmp_path / PUBLIC).write_bytes(PUBLIC_KEY)
    with pytest.raises(AuditKeyError, match="do not belong together"):
        private_key(tmp_path)


@pytest.mark.parametrize("name", [PRIVATE, PUBLIC])
def test_what_cannot_be_read_is_named(tmp_path, name):
    (tmp_path / name).mkdir()
    ask = private_key if name == PRIVATE else public_key
    with pytest.raises(StoreError, match=r"audit key .* cannot be used: Is a directory"):
        ask(tmp_path)
