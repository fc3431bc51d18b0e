"""Whatever comes in: a reply or a close, and never an effect on another connection."""

import contextlib
import json
import os
import socket
import struct
import threading
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.acceptance.box import CONTROL, PASSWORD, Box
from tests.acceptance.client import (
    BINARY,
    CLOSE,
    CONTINUATION,
    PING,
    TEXT,
    Client,
    ClosedError,
    HandshakeError,
    Message,
    WebSocketStream,
    dial,
    frame,
)
from tests.acceptance.server import PLAIN, Server

PARSE_ERROR = "Failed to parse JSON data: "
KIB, MIB = 1 << 10, 1 << 20


@pytest.fixture(params=PLAIN)
def scheme(request: pytest.FixtureRequest, box: Box) -> str:
    box.scheme = request.param
    return box.scheme


@pytest.fixture(autouse=True)
def bystander(box: Box) -> Iterator[None]:
    """Two connections of somebody else, which work before and after every test."""
    others = [box.admin(scheme=scheme) for scheme in PLAIN]
    yield
    for other in others:
        began = time.monotonic()
        assert other.works()
        assert time.monotonic() - began < 1
        assert other.heard == []


def keep_alive(client: Client, text: str) -> Message:
    return client.request("JSONRPC.KeepAlive", {"sessionId": text})


def line(message: object) -> bytes:
    return json.dumps(message).encode() + b"\n"


def gone(client: Client) -> bool:
    """Tell whether the connection is closed without a word."""
    assert client.rest() == []
    return True


def send_to_the_end(client: Client, data: bytes) -> None:
    """Send *data* although the other side may hang up in the middle of it."""
    with contextlib.suppress(ClosedError):
        client.send(data)


def parse_error(client: Client) -> bool:
    """Tell whether the next reply says that the message was no JSON, and nothing of Python."""
    reply = client.reply()
    assert reply == {"error": reply.get("error"), "id": -1, "status": "error"}, reply
    text = str(reply["error"])
    assert text.startswith(PARSE_ERROR)
    assert len(text) < 200
    assert not any(word in text for word in ("Traceback", "Error(", "msgspec", ".py"))
    return True


# Cuts


@pytest.mark.parametrize("separator", ["\n", "", " ", "\r\n", "\n\n\n", "\t \n "], ids=repr)
def test_several_requests_in_one_chunk_are_all_answered(box, scheme, separator):
    client = box.admin()
    requests = [keep_alive(client, f"{number}}}\n{{") for number in range(5)]
    client.send(separator.join(map(json.dumps, requests)) + "\n")
    for request in requests:
        assert client.reply()["params"]["sessionId"] == request["params"]["sessionId"]


@pytest.mark.parametrize("indent", [2, 4, "\t"], ids=repr)
@pytest.mark.parametrize("line_end", ["\n", "\r\n"], ids=repr)
def test_pretty_printed_requests_are_answered(box, scheme, indent, line_end):
    client = box.admin()
    requests = [
        client.request("JSONRPC.SetNotificationStatus", {"namespaces": ["Users", "JSONRPC"]}),
        keep_alive(client, "} {"),
    ]
    text = "\n".join(json.dumps(request, indent=indent) for request in requests) + "\n"
    client.send(text.replace("\n", line_end))
    assert [client.reply()["id"] for _ in requests] == [each["id"] for each in requests]


def test_a_request_without_a_line_feed_is_answered(box, scheme):
    client = box.admin()
    client.send(json.dumps(keep_alive(client, "x")))
    assert client.reply()["status"] == "success"


def test_white_space_alone_is_no_request(box, scheme):
    client = box.admin()
    client.send(b"\n \r\n\t\n")
    assert client.works()


def test_a_request_may_come_byte_by_byte(box, scheme):
    client = box.connect(box.server, scheme)
    hello = {"id": 1, "method": "JSONRPC.Hello", "params": {"locale": "de"}}
    request = {"id": 2, "method": "JSONRPC.KeepAlive", "params": {"sessionId": 'a}\n{"'}}
    for message in (hello, request):
        for byte in line(message | {"token": box.admin_token}):
            client.send(bytes([byte]))
    assert client.reply()["params"]["locale"] == "de_DE"
    assert client.reply()["params"]["sessionId"] == 'a}\n{"'


def test_a_character_may_be_cut_in_the_middle(box):
    client = box.admin()
    whole = json.dumps(keep_alive(client, "Zoë😀"), ensure_ascii=False).encode()
    for byte in whole:
        client.send(bytes([byte]))
    assert client.reply()["params"]["sessionId"] == "Zoë😀"


def test_a_pause_after_an_inner_brace_does_not_matter(box, scheme):
    client = box.admin()
    client.send('{"params":{"sessionId":"x"}')
    time.sleep(0.1)
    client.send(f',"token":"{client.token}","id":5,"method":"JSONRPC.KeepAlive"}}')
    assert client.reply()["params"]["sessionId"] == "x"


def test_a_chunk_may_hold_one_and_a_half_requests(box, scheme):
    client = box.admin()
    first, second = line(keep_alive(client, "a")), line(keep_alive(client, "b"))
    client.send(first + second[:20])
    assert client.reply()["params"]["sessionId"] == "a"
    client.send(second[20:])
    assert client.reply()["params"]["sessionId"] == "b"


# Malformed messages


@pytest.mark.parametrize(
    "text",
    [
        b"}\n",
        b"{]}\n",
        b"{'id':1}\n",
        b'{"id":1,"method":}\n',
        b'{"id":1,"method":"JSONRPC.Version",}\n',
        b'{"id":01}\n',
        b'{"id":1,"params":{"a":nul}}\n',
        b'{"id":+1}\n',
        b'{"id":.5}\n',
        b"{id:1}\n",
    ],
)
def test_malformed_messages_are_answered_and_forgotten(box, scheme, text):
    client = box.admin()
    for _ in range(3):
        client.send(text)
        assert parse_error(client)
    assert client.works()


def test_a_malformed_message_does_not_take_the_next_one_with_it(box, scheme):
    client = box.admin()
    client.send(b'{"id":]}\n' + line(keep_alive(client, "x")))
    assert parse_error(client)
    assert client.reply()["params"]["sessionId"] == "x"


@pytest.mark.parametrize(
    "junk",
    [b"\xff\xfe", b"\xc0\xaf", b"\xed\xa0\x80", b"\xf5\x80\x80\x80", b"\xe2\x28\xa1", b"\x80"],
)
def test_invalid_utf8_is_a_parse_error(box, junk):
    client = box.admin()
    request = line(keep_alive(client, "HERE"))
    client.send(request.replace(b"HERE", junk))
    assert parse_error(client)
    assert client.works()


def test_invalid_utf8_in_a_websocket_is_an_error_or_ends_it(box):
    client = box.admin(scheme="http")
    client.send(line(keep_alive(client, "HERE")).replace(b"HERE", b"\xff\xfe"))
    try:
        assert parse_error(client)
    except ClosedError:
        assert client.websocket.close_code == 1007


def test_invalid_utf8_in_a_key_and_outside_of_strings_is_a_parse_error(box):
    client = box.admin()
    for text in (b'{"\xff":1}\n', b'{"id":1\xff}\n'):
        client.send(text)
        assert parse_error(client)
    assert client.works()


def test_half_a_surrogate_pair_is_answered_somehow(box, scheme):
    client = box.admin()
    client.send(line(keep_alive(client, "HERE")).replace(b"HERE", b"\\ud800"))
    client.reply()
    assert client.works()


@pytest.mark.parametrize("number", ["1e400", "-1e400", "9" * 400, "1e-400", "1" + "0" * 5000])
def test_absurd_numbers_are_answered_somehow(box, number):
    client = box.admin()
    for request in (
        keep_alive(client, "x") | {"id": "HERE"},
        keep_alive(client, "HERE"),
        client.request("JSONRPC.SetNotificationStatus", {"enabled": "HERE"}),
    ):
        client.send(line(request).replace(b'"HERE"', number.encode()))
        assert client.reply()["status"] in ("success", "error")
    assert client.works()


def nested(client: Client, levels: int) -> bytes:
    """Build a request with *levels* of lists inside the outermost object."""
    request = line(keep_alive(client, "x") | {"nest": "HERE"})
    return request.replace(b'"HERE"', b"[" * levels + b"]" * levels)


def test_a_thousand_levels_are_read(box, scheme):
    client = box.admin()
    client.send(nested(client, 1000))
    assert client.reply()["status"] == "success"


@pytest.mark.parametrize("levels", [1100, 20_000, 400_000])
def test_too_many_levels_are_a_parse_error(box, scheme, levels):
    client = box.admin()
    client.send(nested(client, levels))
    assert parse_error(client)
    assert client.works()


def test_too_many_levels_of_objects_are_a_parse_error(box):
    client = box.admin()
    client.send(b'{"a":' * 50_000 + b"1" + b"}" * 50_000 + b"\n")
    assert parse_error(client)
    assert client.works()


def test_deep_nesting_before_sign_in_does_no_harm(box, scheme):
    client = box.connect(box.server, scheme)
    client.send(nested(client, 30_000))
    assert gone(client)


def test_of_duplicate_keys_the_last_one_wins(box, scheme):
    client = box.admin()
    client.send(
        '{"id":1,"method":"Users.GetUsers","token":"wrong","params":{"x":1},'
        '"id":2,"method":"JSONRPC.KeepAlive","params":{"sessionId":"a","sessionId":"b"},'
        f'"token":"{client.token}"}}\n'
    )
    reply = client.reply()
    assert reply["id"] == 2
    assert reply["params"] == {"sessionId": "b", "success": True}


def test_an_escaped_key_is_the_same_key(box):
    client = box.admin()
    client.send(
        '{"id":1,"method":"JSONRPC.KeepAlive","params":{"sessionId":"a","session\\u0049d":"b"},'
        f'"to\\u006ben":"{client.token}"}}\n'
    )
    assert client.reply()["params"]["sessionId"] == "b"


@pytest.mark.parametrize(
    "method",
    ["JSONRPC.__class__", "Users.__init__", "Users.get_users", "__main__.x", "os.system"],
)
def test_names_of_the_program_are_no_methods(box, method):
    client = box.admin()
    assert client.ask(method)["error"] in ("No such method", "No such namespace")


# Sizes


def padded(request: Message, size: int) -> bytes:
    """Give *request* with an unknown member that makes it *size* bytes long."""
    bare = line(request | {"padding": ""})
    return line(request | {"padding": "x" * (size - len(bare))})


def test_before_sign_in_a_message_may_have_64_kib(box, scheme):
    client = box.connect(box.server, scheme)
    client.send(padded({"id": 1, "method": "JSONRPC.Hello"}, 64 * KIB - 100))
    assert client.reply()["status"] == "success"
    client.send(padded({"id": 2, "method": "JSONRPC.Hello"}, 64 * KIB - 100))
    assert client.reply()["status"] == "success"


@pytest.mark.parametrize("ended", [True, False], ids=["whole", "unfinished"])
@pytest.mark.parametrize("greeted", [True, False], ids=["after Hello", "before Hello"])
def test_before_sign_in_a_longer_message_closes(box, scheme, greeted, ended):
    client = box.greet() if greeted else box.connect(box.server, scheme)
    message = padded({"id": 1, "method": "JSONRPC.Hello"}, 70 * KIB)
    send_to_the_end(client, message if ended else message[:-10])
    assert gone(client)


def test_after_sign_in_a_message_may_have_one_mib(box, scheme):
    client = box.admin()
    client.send(padded(keep_alive(client, "x"), MIB - 1000))
    assert client.reply()["params"]["sessionId"] == "x"
    long = "y" * (900 * KIB)
    assert client.get("JSONRPC.KeepAlive", sessionId=long)["sessionId"] == long


@pytest.mark.parametrize("ended", [True, False], ids=["whole", "unfinished"])
def test_after_sign_in_a_longer_message_closes(box, scheme, ended):
    client = box.admin()
    message = padded(keep_alive(client, "x"), MIB + 10 * KIB)
    send_to_the_end(client, message if ended else message[:-10])
    assert gone(client)


def test_many_small_messages_may_be_longer_together(box, scheme):
    client = box.greet()
    hello = {"id": 1, "method": "JSONRPC.Hello"}
    for _ in range(4):
        client.send(line(hello) * 1000)  # 33 KB
    assert all(client.reply()["id"] == 1 for _ in range(4000))


# Silence


class Watch:
    """Waits in the background until the server closes *client*, saying *drip* bit by bit."""

    def __init__(self, client: Client, opening: bytes, drip: bytes = b"") -> None:
        self.client = client
        self.seconds: float | None = None
        self.messages: list[Message] = []
        self._drip = drip
        if opening:
            client.send(opening)
        self._began = time.monotonic()
        self._thread = threading.Thread(target=self._watch)
        self._thread.start()

    def _watch(self) -> None:
        try:
            while time.monotonic() < self._began + 13:
                try:
                    self.messages.append(self.client.receive(0.5))
                except TimeoutError:
                    if self._drip:
                        self.client.send(self._drip)
        except ClosedError:
            self.seconds = time.monotonic() - self._began

    def finish(self) -> "Watch":
        self._thread.join()
        return self


@pytest.fixture(scope="module", autouse=True)
def silent(shared_server: tuple[Server, str]) -> Iterator[dict[str, Watch]]:
    """Connections that begin a message and do not end it; they age while other tests run."""
    server, token = shared_server
    watches = {}
    for scheme in PLAIN:
        for kind in ("half", "drip", "idle"):
            client = Client(server.urls[scheme])
            client.hello(token)
            opening = b"" if kind == "idle" else b'{"id":1,"params":{"sessionId":"'
            watches[f"{kind}, {scheme}"] = Watch(
                client, opening, b"x" if kind == "drip" else b""
            )
    client = Client(server.urls["http"])
    client.hello(token)
    begun = frame(0x80 | TEXT, b'{"id":1}')[:8]
    client.stream.raw.send(begun)
    watches["half a frame, http"] = Watch(client, b"")
    client = Client(server.urls["http"])
    client.hello(token)
    client.websocket.send_frame(TEXT, b'{"id":1', final=False)
    watches["half a message, http"] = Watch(client, b"")
    yield watches
    for watch in watches.values():
        watch.finish().client.close()


# WebSocket


@pytest.fixture
def socketed(box: Box) -> Client:
    return box.admin(scheme="http")


def test_binary_messages_are_ignored(socketed):
    socketed.websocket.send_frame(BINARY, line(keep_alive(socketed, "unheard")))
    socketed.websocket.send_frame(BINARY, b"\x00\xff" * 100)
    assert socketed.get("JSONRPC.KeepAlive", sessionId="heard")["sessionId"] == "heard"


def test_binary_messages_before_hello_are_ignored(box):
    client = box.connect(box.server, "http")
    client.websocket.send_frame(BINARY, b"{}")
    assert client.hello()


def test_messages_in_fragments_are_put_together(socketed):
    message = json.dumps(keep_alive(socketed, "Zoë😀"), ensure_ascii=False).encode()
    cut = message.index("ë".encode()) + 1
    pieces = [message[:10], message[10:cut], b"", message[cut:-1], message[-1:]]
    for number, piece in enumerate(pieces):
        socketed.websocket.send_frame(
            TEXT if number == 0 else CONTINUATION, piece, final=number == len(pieces) - 1
        )
    assert socketed.reply()["params"]["sessionId"] == "Zoë😀"


def test_a_ping_between_fragments_is_answered_at_once(socketed):
    message = line(keep_alive(socketed, "x"))
    socketed.websocket.send_frame(TEXT, message[:10], final=False)
    socketed.websocket.send_frame(PING, b"are you there")
    socketed.websocket.send_frame(CONTINUATION, message[10:])
    assert socketed.reply()["params"]["sessionId"] == "x"
    assert socketed.websocket.pongs == [b"are you there"]


@pytest.mark.parametrize("payload", [b"", b"x" * 125, b"\xff\x00"], ids=len)
def test_a_ping_is_answered_with_its_own_words(socketed, payload):
    socketed.websocket.send_frame(PING, payload)
    assert socketed.works()
    assert socketed.websocket.pongs == [payload]


def test_a_ping_before_hello_is_answered(box):
    client = box.connect(box.server, "http")
    client.websocket.send_frame(PING, b"early")
    client.hello()
    assert client.websocket.pongs == [b"early"]


def test_a_frame_may_come_byte_by_byte(socketed):
    for byte in frame(0x80 | TEXT, line(keep_alive(socketed, "x"))):
        socketed.stream.raw.send(bytes([byte]))
    assert socketed.reply()["params"]["sessionId"] == "x"


def test_several_frames_in_one_chunk_are_all_answered(socketed):
    requests = [keep_alive(socketed, str(number)) for number in range(50)]
    socketed.stream.raw.send(b"".join(frame(0x80 | TEXT, line(each)) for each in requests))
    assert [socketed.reply()["params"]["sessionId"] for _ in requests] == [
        str(number) for number in range(50)
    ]


def test_a_close_is_answered_with_a_close(socketed):
    socketed.websocket.send_frame(CLOSE, struct.pack(">H", 1000))
    assert gone(socketed)
    assert socketed.websocket.close_code == 1000


@pytest.mark.parametrize(
    ("first", "payload", "mask"),
    [
        (0x80 | 0x3, b"x", True),
        (0x80 | 0xB, b"x", True),
        (0x80 | 0x40 | TEXT, b"{}", True),
        (0x80 | CONTINUATION, b"x", True),
        (PING, b"x", True),
        (0x80 | PING, b"x" * 126, True),
        (0x80 | TEXT, b"{}", False),
    ],
    ids=[
        "reserved kind",
        "reserved control kind",
        "reserved bit",
        "continuation of nothing",
        "ping in fragments",
        "long ping",
        "unmasked",
    ],
)
def test_a_broken_frame_closes(socketed, first, payload, mask):
    socketed.stream.raw.send(frame(first, payload, mask=mask))
    assert gone(socketed)


@pytest.mark.parametrize("size", [MIB * 2, 1 << 40, (1 << 63) - 1, (1 << 64) - 1])
def test_a_frame_that_announces_too_much_closes_at_once(socketed, size):
    socketed.stream.raw.send(struct.pack(">BBQ", 0x81, 0xFF, size) + b"mask" + b"{")
    began = time.monotonic()
    assert gone(socketed)
    assert time.monotonic() - began < 2


def test_fragments_that_are_too_long_together_close(socketed):
    send = socketed.websocket.send_frame
    with contextlib.suppress(ClosedError):
        send(TEXT, b'{"id":"', final=False)
        for _ in range(150):
            send(CONTINUATION, b"x" * 10_000, final=False)
    assert gone(socketed)


def test_endless_empty_fragments_do_not_stop_others(socketed):
    socketed.websocket.send_frame(TEXT, b"", final=False)
    socketed.stream.raw.send(frame(CONTINUATION, b"") * 20_000)
    socketed.websocket.send_frame(CONTINUATION, line(keep_alive(socketed, "x")))
    with contextlib.suppress(ClosedError):
        assert socketed.reply()["params"]["sessionId"] == "x"


@pytest.mark.parametrize("version", [0, 8, 12, 14])
def test_another_websocket_version_is_refused(box, version):
    connected = dial(box.server.urls["http"])
    try:
        stream = WebSocketStream(connected, "127.0.0.1", version=version)
        with pytest.raises(ClosedError):
            stream.next_message(time.monotonic() + 5)
        outcome = f"closed with {stream.close_code}"
    except HandshakeError as refused:
        outcome = str(refused).split()[1]
    finally:
        connected.close()
    assert outcome in ("closed with 1002", "400", "426")


@pytest.mark.parametrize(
    "text",
    [
        b"\r\n\r\n",
        b"NONSENSE\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost x\r\n\r\n",
        b"\x00\x01\x02\x03\r\n\r\n",
        b"GET / HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999\r\n\r\n",
        b"GET /" + b"x" * 100_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * 20_000 + b"\r\n",
    ],
    ids=range(8),
)
def test_broken_http_is_an_error_or_a_close(box, text):
    connected = dial(box.server.urls["http"])
    try:
        connected.settimeout(5)
        try:
            connected.sendall(text)
            answer = connected.recv(1 << 16)
        except ConnectionError:
            answer = b""
        assert b"Traceback" not in answer
        assert answer == b"" or answer.startswith(b"HTTP/1."), answer
    finally:
        connected.close()


# Plain on TLS, TLS on plain, and those who do not read


@pytest.mark.clause("EN 18031-1 SCM-3")
def test_a_hello_in_clear_on_a_tls_port_is_dropped_at_once(start, connect):
    server = start("tls", ("nymeas", "https"))
    for url in server.urls.values():
        plain = url.replace("nymeas", "nymea").replace("https", "nymea")
        client = Client(plain)
        try:
            client.send({"id": 1, "method": "JSONRPC.Hello"})
            with pytest.raises(ClosedError):
                client.stream.raw.take(1000, time.monotonic() + 5)
        finally:
            client.close()
    assert connect(server, "nymeas").hello()
    assert connect(server, "https").hello()


def test_tls_on_a_plain_port_is_closed_or_waits_for_its_end(box):
    client = box.connect(box.server)
    client.send(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + os.urandom(500))
    client.close()


def test_a_connection_reset_in_the_middle_is_no_harm(box, scheme):
    for _ in range(5):
        client = box.admin()
        client.send(line(keep_alive(client, "x" * 1000)) * 20)
        linger = struct.pack("ii", 1, 0)
        client.stream.raw.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        client.close()


def resident(server: Server) -> int:
    """Give the memory of the server in bytes."""
    for entry in Path(f"/proc/{server.pid}/status").read_text().splitlines():
        if entry.startswith("VmRSS:"):
            return int(entry.split()[1]) * KIB
    raise AssertionError


def slow_reader(box: Box) -> Client:
    """Open a connection of the administrator whose buffers are small."""
    client = box.admin()
    for option in (socket.SO_RCVBUF, socket.SO_SNDBUF):
        client.stream.raw.socket.setsockopt(socket.SOL_SOCKET, option, 32 * KIB)
    return client


def test_who_asks_without_reading_is_paused_and_not_buffered(box, scheme):
    client, other = slow_reader(box), box.admin()
    requests = [keep_alive(client, f"{number:5}" + "x" * 16_000) for number in range(1500)]
    before = resident(box.server)

    def send() -> None:
        for request in requests:
            client.stream.raw.send(wire(client, request))

    sender = threading.Thread(target=send)
    sender.start()
    for _ in range(100):
        began = time.monotonic()
        assert other.works()
        assert time.monotonic() - began < 0.5
        time.sleep(0.005)
    assert sender.is_alive()
    assert resident(box.server) - before < 12 * MIB
    for number in range(1500):
        assert client.reply()["params"]["sessionId"].startswith(f"{number:5}")
    sender.join()


def wire(client: Client, request: Message) -> bytes:
    """Give *request* as it goes over the socket of *client*."""
    if isinstance(client.stream, WebSocketStream):
        return frame(0x80 | TEXT, line(request))
    return line(request)


def test_a_subscriber_who_never_reads_is_cut_off_and_slows_nobody(box, scheme):
    things = [str(uuid.UUID(int=number)) for number in range(1, 2001)]  # 78 KB of news
    name = box.add(scopes=[CONTROL], allowedThingIds=things)
    deaf, caller = slow_reader(box), box.admin()
    deaf.subscribe()
    for number in range(120):
        began = time.monotonic()
        changed = caller.get("Users.SetUserInfo", username=name, displayName=str(number))
        assert changed == {"error": "UserErrorNoError"}
        assert time.monotonic() - began < 2
    heard = 0
    with pytest.raises(ClosedError):
        while True:
            assert deaf.receive()["notification"] == "Users.UserChanged"
            heard += 1
    assert heard < 120
    caller.get("Users.RemoveUser", username=name)


def test_a_hundred_strangers_who_say_nothing_are_no_harm(box):
    strangers = [dial(box.server.urls[PLAIN[number % 2]]) for number in range(100)]
    try:
        assert box.admin().works()
        name = box.add()
        assert box.signed_in(name, PASSWORD).works()
    finally:
        for stranger in strangers:
            stranger.close()


# What grew old meanwhile


@pytest.mark.parametrize(
    "kind", ["half, nymea", "half, http", "half a frame, http", "half a message, http"]
)
def test_half_a_message_and_silence_closes_after_ten_seconds(silent, kind):
    watch = silent[kind].finish()
    assert watch.messages == []
    assert watch.seconds is not None
    assert 9.5 < watch.seconds < 12.9


@pytest.mark.parametrize("kind", ["drip, nymea", "drip, http"])
def test_a_message_that_only_drips_closes_too(silent, kind):
    watch = silent[kind].finish()
    assert watch.messages == []
    assert watch.seconds is not None
    assert 9.5 < watch.seconds < 12.9


@pytest.mark.parametrize("kind", ["idle, nymea", "idle, http"])
def test_silence_between_messages_closes_nothing(silent, kind):
    watch = silent[kind].finish()
    assert watch.messages == []
    assert watch.seconds is None
    assert watch.client.works()
