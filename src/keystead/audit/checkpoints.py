"""Checkpoints: signed statements of how far a chain had come, which outlive its events.

One stands for the events that were removed; others are given to the owner, to be kept elsewhere.
The signature is Ed25519 over the body, a JSON object; ``_Body`` says what its keys mean.
"""

import base64
import hashlib
from datetime import UTC, datetime
from enum import Enum
from typing import TYPE_CHECKING, Annotated, Literal, NamedTuple

import msgspec

from keystead import CannotError
from keystead.audit.chain import DIGEST_SIZE, Head
from keystead.domain.events import StoredCheckpoint

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import (
        Ed25519PrivateKey,
        Ed25519PublicKey,
    )

# `cryptography` costs 6 MB and 100 ms to load, so it is imported where something is signed or
# checked: a server that never cuts its trail goes without.


class CheckpointError(CannotError):
    """A checkpoint cannot be read; the message is one line."""


class AuditKeyError(CannotError):
    """The audit key cannot be used; the message is one line that says what to do."""


class Purpose(Enum):
    """Why a checkpoint was made."""

    CUT = "cut"  # the events up to it are removed
    SEEN = "seen"  # the owner keeps it elsewhere


class Checkpoint(NamedTuple):
    """What a checkpoint states: at *time*, the chain had come to *head*.

    Attributes:
        time: aware, UTC.
    """

    head: Head
    time: datetime
    purpose: Purpose


class KeptCheckpoint(NamedTuple):
    """A checkpoint that comes back from where the owner kept it.

    Attributes:
        fingerprint: of the key that signed it, as ``fingerprint`` writes it.
    """

    head: Head
    fingerprint: str
    signed: StoredCheckpoint


_What = Literal["keystead-audit-checkpoint"]
_WHAT: _What = "keystead-audit-checkpoint"
_Sequence = Annotated[int, msgspec.Meta(ge=1, le=2**63 - 1)]
_Aware = Annotated[datetime, msgspec.Meta(tz=True)]
_Digest = Annotated[str, msgspec.Meta(pattern=f"^[0-9a-f]{{{2 * DIGEST_SIZE}}}$")]


class _Body(msgspec.Struct, frozen=True):
    """What is signed; ``what`` is in it so that no other signature can be taken for this one."""

    what: _What
    sequence: _Sequence
    digest: _Digest
    time: _Aware
    purpose: Purpose


class _Text(msgspec.Struct, frozen=True):
    """What the owner keeps; the body can be made from it again."""

    what: _What
    sequence: _Sequence
    digest: _Digest
    time: _Aware
    key: _Digest
    signature: str


def make_key() -> bytes:
    """Make a private key, in PEM."""
    from cryptography.hazmat.primitives import serialization  # noqa: PLC0415 - see the top
    from cryptography.hazmat.primitives.asymmetric.ed25519 import (  # noqa: PLC0415
        Ed25519PrivateKey,
    )

    return Ed25519PrivateKey.generate().private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


def public_key(private_key: bytes) -> bytes:
    """Give the public key that belongs to *private_key*, both in PEM.

    Raises:
        AuditKeyError: *private_key* is none.
    """
    from cryptography.hazmat.primitives import serialization  # noqa: PLC0415 - see the top

    return (
        _private(private_key)
        .public_key()
        .public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
    )


def fingerprint(public_key: bytes) -> str:
    """Give the SHA-256 of a public key, hexadecimal.

    ``openssl pkey -pubin -in audit.pub -outform DER | sha256sum`` gives the same.

    Args:
        public_key: in PEM.

    Raises:
        AuditKeyError: it is none.
    """
    from cryptography.hazmat.primitives import serialization  # noqa: PLC0415 - see the top

    der = _public(public_key).public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return hashlib.sha256(der).hexdigest()


def sign(checkpoint: Checkpoint, private_key: bytes) -> StoredCheckpoint:
    """Sign *checkpoint*.

    Args:
        checkpoint: of a chain that has an event.
        private_key: in PEM.

    Raises:
        AuditKeyError: *private_key* is none.
    """
    body = _encoded(checkpoint)
    signature = _private(private_key).sign(body)
    return StoredCheckpoint(checkpoint.head.sequence, body, signature)


def is_signed(checkpoint: StoredCheckpoint, public_key: bytes) -> bool:
    """Tell whether the body of *checkpoint* was signed with the key of *public_key*.

    Raises:
        AuditKeyError: *public_key* is none.
    """
    from cryptography.exceptions import InvalidSignature  # noqa: PLC0415 - see the top

    try:
        _public(public_key).verify(checkpoint.signature, checkpoint.body)
    except InvalidSignature:
        return False
    return True


def read(checkpoint: StoredCheckpoint) -> Checkpoint:
    """Read what *checkpoint* states, whoever signed it.

    Raises:
        CheckpointError: it states nothing, or something about another place.
    """
    try:
        body = msgspec.json.decode(checkpoint.body, type=_Body)
        time = body.time.astimezone(UTC)
    except (msgspec.DecodeError, ValueError, OverflowError, RecursionError) as error:
        raise CheckpointError(
            f"The checkpoint at event {checkpoint.sequence} cannot be read: {error}."
        ) from error
    if body.sequence != checkpoint.sequence:
        raise CheckpointError(
            f"The checkpoint at event {checkpoint.sequence} is that of event {body.sequence}."
        )
    return Checkpoint(Head(body.sequence, bytes.fromhex(body.digest)), time, body.purpose)


def head_of(checkpoint: StoredCheckpoint) -> Head:
    """Tell what the next event follows, where *checkpoint* stands for all before.

    Raises:
        CheckpointError: as ``read``.
    """
    return read(checkpoint).head


def as_text(checkpoint: StoredCheckpoint, public_key: bytes) -> str:
    """Write a checkpoint made for the owner as one line of JSON, which ``from_text`` reads.

    Args:
        checkpoint: signed, for ``Purpose.SEEN``.
        public_key: of the key that signed it, in PEM.

    Raises:
        CheckpointError: as ``read``.
        AuditKeyError: *public_key* is none.
    """
    head, time, purpose = read(checkpoint)
    assert purpose is Purpose.SEEN, "the purpose is not written; from_text takes this one"
    text = _Text(
        _WHAT,
        head.sequence,
        head.digest.hex(),
        time,
        fingerprint(public_key),
        base64.b64encode(checkpoint.signature).decode(),
    )
    return msgspec.json.encode(text).decode()


def from_text(text: str) -> KeptCheckpoint:
    """Read what ``as_text`` wrote, even if a mail program broke the line; check no signature.

    Raises:
        CheckpointError: it is no checkpoint.
    """
    try:
        kept = msgspec.json.decode("".join(text.split()).encode(), type=_Text)
        signature = base64.b64decode(kept.signature, validate=True)
        head = Head(kept.sequence, bytes.fromhex(kept.digest))
        body = _encoded(Checkpoint(head, kept.time, Purpose.SEEN))
    except (msgspec.DecodeError, ValueError, OverflowError, RecursionError) as error:
        raise CheckpointError(f"This is no checkpoint: {error}.") from error
    return KeptCheckpoint(head, kept.key, StoredCheckpoint(head.sequence, body, signature))


def _encoded(checkpoint: Checkpoint) -> bytes:
    head, time, purpose = checkpoint
    body = _Body(_WHAT, head.sequence, head.digest.hex(), time.astimezone(UTC), purpose)
    return msgspec.json.encode(body)


def _private(pem: bytes) -> "Ed25519PrivateKey":
    from cryptography.exceptions import UnsupportedAlgorithm  # noqa: PLC0415 - see the top
    from cryptography.hazmat.primitives.asymmetric.ed25519 import (  # noqa: PLC0415
        Ed25519PrivateKey,
    )
    from cryptography.hazmat.primitives.serialization import (  # noqa: PLC0415
        load_pem_private_key,
    )

    try:
        key = load_pem_private_key(pem, None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise _unusable("audit.key") from error
    if not isinstance(key, Ed25519PrivateKey):
        raise _unusable("audit.key")
    return key


def _public(pem: bytes) -> "Ed25519PublicKey":
    from cryptography.exceptions import UnsupportedAlgorithm  # noqa: PLC0415 - see the top
    from cryptography.hazmat.primitives.asymmetric.ed25519 import (  # noqa: PLC0415
        Ed25519PublicKey,
    )
    from cryptography.hazmat.primitives.serialization import (  # noqa: PLC0415
        load_pem_public_key,
    )

    try:
        key = load_pem_public_key(pem)
    except (ValueError, UnsupportedAlgorithm) as error:
        raise _unusable("audit.pub") from error
    if not isinstance(key, Ed25519PublicKey):
        raise _unusable("audit.pub")
    return key


def _unusable(name: str) -> AuditKeyError:
    return AuditKeyError(
        f"The key {name} is no Ed25519 key in PEM without a pass phrase: restore it from a"
        " backup, or move audit.key and audit.pub away to get a new one, which does not vouch"
        " for older checkpoints."
    )
