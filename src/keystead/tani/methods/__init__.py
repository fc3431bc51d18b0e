"""Tani's functions; importing this package fills the catalogue."""

from keystead.tani import events as events
from keystead.tani.catalogue import catalogue
from keystead.tani.methods import users as users

__all__ = ["catalogue"]
