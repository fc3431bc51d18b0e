"""Bytes to JSON texts: nymea sends objects back to back, usually one per line.

This is the patient way for streams that the network cut inside an object. Whole chunks are
decoded at once by the session and do not come here.
"""

import re

BYTE_ORDER_MARK = b"\xef\xbb\xbf"

_BOUNDARY = b"}\n{"  # never inside valid JSON, so that it ends even a malformed object
_QUOTE, _OPEN_OBJECT, _OPEN_LIST = b'"{['
_BLANK = re.compile(rb"(?:\xef\xbb\xbf)?[ \t\r\n]*+")
_OBJECT_TOKEN = re.compile(rb'"(?:[^"\\]++|\\.)*+"|[{}"]', re.DOTALL)
_LIST_TOKEN = re.compile(rb'"(?:[^"\\]++|\\.)*+"|[\[\]"]', re.DOTALL)
_REST_OF_STRING = re.compile(rb'(?:[^"\\]++|\\.)*+', re.DOTALL)
_CLOSING_AT_END = re.compile(rb"[}\]][ \t\r\n]*+\Z")


class Framer:
    """Cut a byte stream into JSON texts, the same ones however the network cut it.

    Every byte is looked at a bounded number of times, in whatever portions it comes.

    Source: nymea 1.1; where a peer parses too early at a cut, this waits for the whole object.
    """

    __slots__ = ("_boundary", "_buffer", "_depth", "_in_string", "_position", "_start")

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._start = 0  # where the present text begins
        self._position = 0  # up to where the present text is scanned
        self._boundary = 0  # where the next boundary is, or up to where there is none
        self._depth = 0
        self._in_string = False

    @property
    def waiting(self) -> int:
        """Count the bytes of the text that has begun; 0 between texts."""
        return len(self._buffer)

    def feed(self, data: bytes) -> list[bytes]:
        """Take *data* and give the texts it completes, oldest first.

        Anything that cannot begin an object or a list is given as a text of its own, so that
        the reader of texts can complain about it once.
        """
        self._buffer += data
        texts: list[bytes] = []
        while (end := self._end_of_text()) is not None:
            text = bytes(self._buffer[self._start : end])
            if not _BLANK.fullmatch(
                text
            ):  # a byte order mark that was cut did not pass as such
                texts.append(text)
            self._start = self._position = end
            self._depth = 0
            self._in_string = False
        del self._buffer[: self._start]
        self._position -= self._start
        self._boundary -= self._start
        self._start = 0
        return texts

    def _end_of_text(self) -> int | None:
        """Find where the first text ends; None while it is not there as a whole."""
        buffer = self._buffer
        if self._position == self._start:
            blank = _BLANK.match(buffer, self._start)
            assert blank
            self._start = self._position = blank.end()
            if self._start == len(buffer):
                return None
        opening = buffer[self._start]
        if opening not in {_OPEN_OBJECT, _OPEN_LIST}:
            return self._end_of_garbage()
        limit = self._next_boundary()
        token = _OBJECT_TOKEN if opening == _OPEN_OBJECT else _LIST_TOKEN
        end = self._end_of_balance(token, limit)
        return limit if end is None and limit < len(buffer) else end

    def _next_boundary(self) -> int:
        """Tell where a text must end at the latest; the end of the buffer if nowhere yet."""
        buffer = self._buffer
        searched = max(self._boundary, self._start)
        found = buffer.find(_BOUNDARY, searched)
        if found < 0:
            self._boundary = max(searched, len(buffer) - len(_BOUNDARY) + 1)
            return len(buffer)
        self._boundary = found
        return found + 1

    def _end_of_balance(self, token: re.Pattern[bytes], limit: int) -> int | None:
        buffer = self._buffer
        if self._in_string and not self._leave_string(limit):
            return None
        for match in token.finditer(buffer, self._position, limit):
            byte = buffer[match.start()]
            if byte == _QUOTE:
                if match.end() - match.start() == 1:  # a string that is cut
                    self._position = match.end()
                    self._in_string = True
                    self._leave_string(limit)
                    return None
            elif byte in {_OPEN_OBJECT, _OPEN_LIST}:
                self._depth += 1
            else:
                self._depth -= 1
                if self._depth == 0:
                    return match.end()
        self._position = limit
        return None

    def _leave_string(self, limit: int) -> bool:
        """Go on inside a string; tell whether it ended."""
        rest = _REST_OF_STRING.match(self._buffer, self._position, limit)
        assert rest
        self._position = rest.end()
        if self._position < limit and self._buffer[self._position] == _QUOTE:
            self._position += 1
            self._in_string = False
        return not self._in_string

    def _end_of_garbage(self) -> int | None:
        """Find where something that is no object ends: where one may begin, or at a closing."""
        start = self._buffer.find(b"{", self._position)
        if start >= 0:
            return start
        closing = _CLOSING_AT_END.search(self._buffer, self._position)
        self._position = len(self._buffer)
        return len(self._buffer) if closing else None
