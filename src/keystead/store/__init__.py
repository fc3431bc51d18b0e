"""Implementations of ``keystead.domain.ports.Store``, and the files they keep."""
