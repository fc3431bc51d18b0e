"""Tani's WebSocket JSON frames."""
