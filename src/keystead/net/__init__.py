"""Sockets to sessions: TCP, WebSocket, the Unix socket, TLS and D-Bus."""
