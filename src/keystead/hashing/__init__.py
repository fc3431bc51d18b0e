"""Password hashing: Argon2id in threads that give way to everything else."""

from keystead.hashing.argon2id import Argon2Hasher

__all__ = ["Argon2Hasher"]
