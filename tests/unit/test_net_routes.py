"""What an HTTP port answers: handshakes for known paths, a few plain words to others."""

import asyncio

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosedError, ConnectionClosedOK, InvalidStatus

from keystead.net.frames import MAX_MESSAGE
from keystead.net.limits import Limits
from tests.net_stage import Face, messages_of, on_each_loop, stage
from tests.raw_websocket import WebSocket, answer_head, frame, upgrade


async def answer(box, request):
    """Send *request* on a fresh connection; give status, headers and body of what comes back."""
    raw = await box.dial()
    await raw.send(request)
    status, headers = await answer_head(raw)
    return status, headers, await raw.rest()


def get(path, **headers):
    return upgrade(path, Upgrade=None, Connection="close", **headers)


@pytest.mark.parametrize("request_", [get("/healthz"), get("/healthz?x=1")])
@on_each_loop
async def test_health_is_told(request_):
    async with stage("http") as box:
        status, headers, body = await answer(box, request_)

        assert (status, body) == (200, b"ok\n")
        assert headers["content-length"] == "3"
        assert headers["cache-control"] == "no-store"
        assert box.face.sessions == []


@pytest.mark.parametrize("path", ["/nothing", "/healthz/", "//", "/%2f", "/é", "*"])
@on_each_loop
async def test_an_unknown_path_is_not_found(path):
    async with stage("http") as box:
        for request in (get(path), upgrade(path)):
            status, _, body = await answer(box, request)
            assert (status, body) == (404, b"404 Not Found\n")
        assert box.face.sessions == []


@pytest.mark.parametrize("upgrade_to", [None, "h2c", ""])
@on_each_loop
async def test_a_plain_request_is_told_to_upgrade(upgrade_to):
    async with stage("http") as box:
        status, headers, body = await answer(box, upgrade(Upgrade=upgrade_to))

        assert (status, body) == (426, b"426 Upgrade Required\n")
        assert headers["upgrade"] == "websocket"
        assert box.face.sessions == []


FOREIGN = ["https://example.org", "http://localhost.example.org", "null", "http://[bad"]
LOCAL = [None, "http://localhost:5173", "https://127.0.0.1", "http://[::1]:8080"]


@pytest.mark.parametrize("origin", FOREIGN)
@on_each_loop
async def test_pages_of_other_sites_get_nowhere_where_nobody_has_to_sign_in(origin):
    async with stage("http", options="?authentication=off") as box:
        status, _, body = await answer(box, upgrade(Origin=origin))

        assert (status, body) == (403, b"403 Forbidden\n")
        assert box.face.sessions == []


@pytest.mark.parametrize("origin", LOCAL)
@on_each_loop
async def test_local_pages_and_programs_may_talk_where_nobody_has_to_sign_in(origin):
    async with stage("http", options="?authentication=off") as box:
        raw = await box.dial()
        await raw.send(upgrade(Origin=origin))

        assert (await answer_head(raw))[0] == 101


@pytest.mark.parametrize("origin", FOREIGN)
@on_each_loop
async def test_pages_from_anywhere_may_talk_where_rights_are_checked(origin):
    async with stage("http") as box:
        raw = await box.dial()
        await raw.send(upgrade(Origin=origin))

        assert (await answer_head(raw))[0] == 101


@pytest.mark.parametrize("version", ["8", "7", "14", "thirteen", None])
@on_each_loop
async def test_another_version_is_told_the_right_one(version):
    async with stage("http") as box:
        status, headers, _ = await answer(box, upgrade(Sec_WebSocket_Version=version))

        assert (status, headers["sec-websocket-version"]) == (426, "13")
        assert box.face.sessions == []


@pytest.mark.parametrize(
    "wrong",
    [
        upgrade(Sec_WebSocket_Key=None),
        upgrade(Sec_WebSocket_Key="c2hvcnQ="),
        upgrade(Sec_WebSocket_Key="no base 64"),
        upgrade(Connection=None),
        upgrade(Connection="close"),
        upgrade().replace(b"GET", b"POST"),
        upgrade().replace(b"HTTP/1.1", b"HTTP/1.0"),
        upgrade().replace(b"GET / HTTP/1.1", b"GET /"),
        b"{}\r\n\r\n",
        b"\r\n\r\n",
        upgrade(X="\0"),
        upgrade().replace(b"Host:", b"Host"),
        upgrade(Content_Length="5"),
    ],
)
@on_each_loop
async def test_a_wrong_handshake_is_refused(wrong, caplog):
    async with stage("http") as box:
        status, _, body = await answer(box, wrong)

        assert status == 400
        assert b"Traceback" not in body
        assert box.face.sessions == []
    assert messages_of(caplog, "asyncio") == []


@on_each_loop
async def test_headers_beyond_ascii_harm_nobody(caplog):
    async with stage("http") as box:
        client = await box.dial()
        await client.send(upgrade(X="?").replace(b"?", b"\xff\xfe"))

        assert (await answer_head(client))[0] in {101, 400}
    assert messages_of(caplog, "asyncio") == []


@pytest.mark.parametrize("connection", ["upgrade", "keep-alive, Upgrade", "Upgrade,close"])
@on_each_loop
async def test_a_handshake_may_name_other_options_of_the_connection(connection):
    async with stage("http") as box:
        raw = await box.dial()

        await raw.send(upgrade(Connection=connection))  # the second is Firefox's

        assert (await answer_head(raw))[0] == 101


@on_each_loop
async def test_a_handshake_cut_anyhow_with_frames_behind_it_works():
    async with stage("http") as box:
        raw = await box.dial()
        request = upgrade()

        for byte in request[:-1]:
            await raw.send(bytes((byte,)))
        await raw.send(request[-1:] + frame(b"echo one\n") + frame(b"echo two\n"))

        assert (await answer_head(raw))[0] == 101
        client = WebSocket(raw)
        assert [await client.text(), await client.text()] == ["one\n", "two\n"]


@on_each_loop
async def test_each_path_has_its_protocol():
    async with stage("http", root=Face(), tani=Face()) as box:
        await answer(box, upgrade("/healthz"))
        raw = await box.dial()
        await raw.send(upgrade("/tani?version=1"))
        assert (await answer_head(raw))[0] == 101

        assert await WebSocket(raw).ask("echo tani") == "tani"
        assert box.face.sessions == []


@on_each_loop
async def test_half_a_request_is_cut_off_after_a_while():
    async with stage("http", limits=Limits(handshake=0.05)) as box:
        silent, half = await box.dial(), await box.dial()
        client, _ = await WebSocket.opened(box)

        await half.send(upgrade()[:-2])

        assert await silent.rest() == await half.rest() == b""
        assert await client.ask("echo unharmed") == "unharmed"


@pytest.mark.parametrize("end", [b"", b"\r\n\r\n"])
@on_each_loop
async def test_a_request_of_endless_headers_is_cut_off(end):
    async with stage("http") as box:
        raw = await box.dial()

        await raw.send(b"GET / HTTP/1.1\r\nX: " + b"x" * 20_000 + end)

        assert await raw.rest() in {b"", b"<reset>"}
        assert box.face.sessions == []


@on_each_loop
async def test_an_independent_client_talks_closes_and_hears_why():
    async with stage("http") as box:
        host, port = box.address
        async with connect(f"ws://{host}:{port}/", max_size=None) as client:
            await client.send("echo hello\n")
            assert await client.recv() == "hello\n"
            await client.send(["echo ", "frag", "ments\n"])
            assert await client.recv() == "fragments\n"
            await (await client.ping(b"there?"))
            await client.send("big 1000000\n")
            assert len(await client.recv()) == 1_000_000
            await client.send("stream 20 100000\n")
            assert len(await client.recv()) == 2_000_000
            await client.send(b"ignored\n")
            await client.close(1001, "enough")
            assert client.close_code == 1001


@on_each_loop
async def test_an_independent_client_hears_why_it_was_closed():
    async with stage("http") as box:
        host, port = box.address
        async with connect(f"ws://{host}:{port}/") as client:
            await client.send("bye farewell\n")
            assert await client.recv() == "farewell\n"
            with pytest.raises(ConnectionClosedOK):
                await client.recv()
        async with connect(f"ws://{host}:{port}/") as client:
            await client.send("x" * (MAX_MESSAGE + 1))
            with pytest.raises(ConnectionClosedError) as closed:
                await client.recv()
            assert closed.value.sent or closed.value.rcvd
        with pytest.raises(InvalidStatus):
            await connect(f"ws://{host}:{port}/nowhere")


@on_each_loop
async def test_many_independent_clients_at_once_are_all_served():
    async with stage("http") as box:
        host, port = box.address

        async def talk(number):
            async with connect(f"ws://{host}:{port}/") as client:
                for turn in range(5):
                    await client.send(f"echo {number}-{turn}\n")
                    assert await client.recv() == f"{number}-{turn}\n"

        async with asyncio.TaskGroup() as tasks:
            for number in range(20):
                tasks.create_task(talk(number))
