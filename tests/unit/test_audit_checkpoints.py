"""Signed statements of how far a chain had come."""

import hashlib
import subprocess
import sys

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from hypothesis import given
from hypothesis import strategies as st

from keystead.audit.chain import Head
from keystead.audit.checkpoints import (
    AuditKeyError,
    Checkpoint,
    CheckpointError,
    Purpose,
    as_text,
    fingerprint,
    from_text,
    head_of,
    is_signed,
    make_key,
    public_key,
    read,
    sign,
)
from keystead.domain.events import StoredCheckpoint
from tests.unit.trails import KEY, NOON, PUBLIC_KEY, TIMES

HEADS = st.builds(Head, st.integers(1, 2**63 - 1), st.binary(min_size=32, max_size=32))
SEEN = Checkpoint(Head(17, b"\1" * 32), NOON, Purpose.SEEN)
PLAIN = serialization.NoEncryption()
PEM = serialization.Encoding.PEM


def pem(key, secrecy=PLAIN):
    return key.private_bytes(PEM, serialization.PrivateFormat.PKCS8, secrecy)


def public_pem(key):
    return key.public_key().public_bytes(PEM, serialization.PublicFormat.SubjectPublicKeyInfo)


OTHER_KIND = ec.generate_private_key(ec.SECP256R1())
LOCKED = pem(ed25519.Ed25519PrivateKey.generate(), serialization.BestAvailableEncryption(b"x"))


@given(HEADS, TIMES, st.sampled_from(Purpose))
def test_a_checkpoint_is_read_as_it_was_signed(head, time, purpose):
    checkpoint = Checkpoint(head, time, purpose)
    signed = sign(checkpoint, KEY)
    assert signed.sequence == head.sequence
    assert read(signed) == checkpoint
    assert head_of(signed) == head
    assert is_signed(signed, PUBLIC_KEY)


@given(st.data())
def test_whatever_is_changed_the_signature_tells(data):
    signed = sign(SEEN, KEY)
    parts = {"body": signed.body, "signature": signed.signature}
    field = data.draw(st.sampled_from(sorted(parts)))
    changed = bytearray(parts[field])
    place = data.draw(st.integers(0, len(changed) - 1))
    changed[place] ^= data.draw(st.integers(1, 255))
    parts[field] = bytes(changed)
    assert not is_signed(StoredCheckpoint(signed.sequence, **parts), PUBLIC_KEY)


def test_the_key_of_another_server_vouches_for_nothing_here():
    assert not is_signed(sign(SEEN, make_key()), PUBLIC_KEY)


@given(HEADS, TIMES, st.integers(20, 90))
def test_a_kept_checkpoint_comes_back_from_an_e_mail(head, time, width):
    signed = sign(Checkpoint(head, time, Purpose.SEEN), KEY)
    text = as_text(signed, PUBLIC_KEY)
    assert text.isascii()
    assert len(text.splitlines()) == 1
    wrapped = "\r\n ".join(text[i : i + width] for i in range(0, len(text), width))
    for sent in (text, f"\n{wrapped}\n"):
        kept = from_text(sent)
        assert (kept.head, kept.signed) == (head, signed)
        assert kept.fingerprint == fingerprint(PUBLIC_KEY)


def test_a_checkpoint_of_a_cut_is_not_given_to_owners():
    cut = sign(SEEN._replace(purpose=Purpose.CUT), KEY)
    with pytest.raises(AssertionError):
        as_text(cut, PUBLIC_KEY)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("{", ""),
        ('"sequence":17', '"sequence":0'),
        ('"sequence":17', '"sequence":9223372036854775808'),
        ('"digest":"01', '"digest":"'),
        ('"digest":"01', '"digest":"XX'),
        ("2024-05-17T12:00:00Z", "2024-05-17T12:00:00"),
        ("2024-05-17T12:00:00Z", "0001-01-01T00:00:00+23:00"),
        ("keystead-audit-checkpoint", "something-else"),
        ('"signature":"', '"signature":"!'),
        ('"key":"', '"key":"\ud800'),
    ],
)
def test_what_is_no_checkpoint_is_refused(old, new):
    text = as_text(sign(SEEN, KEY), PUBLIC_KEY)
    assert old in text
    with pytest.raises(CheckpointError, match="This is no checkpoint"):
        from_text(text.replace(old, new))


@pytest.mark.parametrize("text", ["", "null", "[" * 100_000])
def test_what_is_nothing_like_a_checkpoint_is_refused(text):
    with pytest.raises(CheckpointError):
        from_text(text)


def test_a_stored_checkpoint_that_states_nothing_is_refused():
    with pytest.raises(CheckpointError, match="at event 3 cannot be read"):
        head_of(StoredCheckpoint(3, b"{}", b""))


def test_a_stored_checkpoint_about_another_place_is_refused():
    with pytest.raises(CheckpointError, match="at event 16 is that of event 17"):
        head_of(sign(SEEN, KEY)._replace(sequence=16))


@pytest.mark.parametrize("key", [b"", b"no key", PUBLIC_KEY, LOCKED, pem(OTHER_KIND)])
def test_a_private_key_that_is_none_is_named(key):
    with pytest.raises(AuditKeyError, match=r"audit\.key"):
        sign(SEEN, key)


@pytest.mark.parametrize("key", [b"", b"no key", KEY, public_pem(OTHER_KIND)])
def test_a_public_key_that_is_none_is_named(key):
    with pytest.raises(AuditKeyError, match=r"audit\.pub"):
        is_signed(sign(SEEN, KEY), key)


def test_a_fingerprint_is_what_openssl_and_sha256sum_say():
    key = ed25519.Ed25519PrivateKey.from_private_bytes(b"\2" * 32)
    der = bytes.fromhex("302a300506032b6570032100") + key.public_key().public_bytes_raw()
    assert fingerprint(public_pem(key)) == hashlib.sha256(der).hexdigest()
    assert public_key(pem(key)) == public_pem(key)


def test_two_servers_share_no_key():
    assert len({make_key() for _ in range(8)}) == 8


def test_reading_checkpoints_goes_without_the_library_that_signs_them():
    script = "import sys, keystead.audit.checkpoints; print('cryptography' in sys.modules)"
    printed = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True)
    assert printed.stdout == b"False\n"
