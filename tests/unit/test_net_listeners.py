"""Opening addresses, and the owner's socket."""

import asyncio
import gc
import os
import socket
import stat

import pytest

from keystead.net.conversation import Conversations
from keystead.net.listeners import ListenError, open_control_socket, open_listener
from keystead.settings import listener
from keystead.store.folder import Folder
from tests.net_stage import (
    PATIENCE,
    Client,
    Face,
    on_each_loop,
    on_each_loop_at_start,
    stage,
)

ANY_LOOP = pytest.mark.parametrize("scheme", ["nymea", "http"])


async def opened(url, faces=None):
    """Listen at *url* for a moment; give the address that was told."""
    async with asyncio.TaskGroup() as tasks:
        server, told = await open_listener(
            listener(url), Conversations(tasks), faces or {"/": Face()}, None
        )
        families = {one.family for one in server.sockets}
        ports = {one.getsockname()[1] for one in server.sockets}
        server.close()
    return told, families, ports


@ANY_LOOP
@on_each_loop
async def test_port_0_takes_a_free_one_and_tells_it(scheme):
    told, _, ports = await opened(f"{scheme}://127.0.0.1:0")

    assert ports != {0}
    assert told == f"{scheme}://127.0.0.1:{ports.pop()}"


@ANY_LOOP
@on_each_loop
async def test_every_address_is_ipv4_and_ipv6_on_one_port(scheme):
    told, families, ports = await opened(f"{scheme}://*:0")

    assert families == {socket.AF_INET, socket.AF_INET6}
    assert len(ports) == 1
    assert told == f"{scheme}://*:{ports.pop()}"


@on_each_loop
async def test_an_ipv6_address_is_told_in_brackets():
    told, families, ports = await opened("nymea://[::1]:0")

    assert told == f"nymea://[::1]:{ports.pop()}"
    assert families == {socket.AF_INET6}


@ANY_LOOP
@on_each_loop
async def test_a_busy_port_is_named(scheme):
    with socket.create_server(("127.0.0.1", 0)) as holder:
        url = f"{scheme}://127.0.0.1:{holder.getsockname()[1]}"

        with pytest.raises(ListenError) as error:
            await opened_alone(url)

    assert str(error.value) == f"The address {url} cannot be used: Address already in use."


@on_each_loop
async def test_an_unknown_host_is_named():
    with pytest.raises(ListenError) as error:
        await opened_alone("nymea://no.such.host.invalid:2222")

    message = str(error.value)
    assert message.startswith("The address nymea://no.such.host.invalid:2222 cannot be used: ")
    assert "None" not in message
    assert message.endswith(".")


@pytest.mark.parametrize("host", ["a..b", "x" * 64])
@on_each_loop
async def test_a_host_that_cannot_be_a_name_is_named(host):
    with pytest.raises(ListenError):
        await opened_alone(f"nymea://{host}:0")


@on_each_loop
async def test_an_address_of_somebody_else_is_named():
    with pytest.raises(ListenError) as error:
        await opened_alone("http://192.0.2.1:0")

    assert str(error.value) == (
        "The address http://192.0.2.1:0 cannot be used: Cannot assign requested address."
    )


async def opened_alone(url):
    """Listen without a task group, whose exception groups would hide the error."""
    everyone = Conversations(asyncio.TaskGroup())
    await open_listener(listener(url), everyone, {"/": Face()}, None)


@ANY_LOOP
@on_each_loop
async def test_what_a_listener_says_of_authentication_reaches_the_session(scheme):
    face = Face()
    async with stage(scheme, root=face) as box:
        client = await box.dial()
        await client.send(b"GET / HTTP/1.1\r\n") if scheme == "http" else await box.arrival()

    assert face.authentication in ([], [True])


@pytest.mark.clause("EN 18031-1 AUM-1-2")
@on_each_loop_at_start
async def test_the_control_socket_is_its_owners_alone(tmp_path):
    path = tmp_path / "control.sock"
    async with asyncio.TaskGroup() as tasks:
        everyone = Conversations(tasks)
        server = await open_control_socket(str(path), everyone, Face())

        mode = os.lstat(path).st_mode
        assert stat.S_ISSOCK(mode)
        assert stat.S_IMODE(mode) == 0o600
        assert os.umask(0o022) == 0o022  # as it was
        server.close()


@on_each_loop_at_start
async def test_the_control_socket_answers_even_in_a_deep_folder(tmp_path):
    folder = Folder(tmp_path / ("d" * 100) / ("é" * 100))
    folder.path.mkdir(parents=True)
    async with asyncio.TaskGroup() as tasks:
        everyone = Conversations(tasks)
        with folder.control_address() as address:
            server = await open_control_socket(address, everyone, Face())

        client = Client(socket.socket(socket.AF_UNIX))
        client.socket.setblocking(False)  # noqa: FBT003 - the standard library's
        with folder.control_address() as address:
            client.socket.connect(address)
        assert await client.ask("echo deep") == "deep"
        client.close()
        server.close()
        await everyone.close_all(PATIENCE)

    assert folder.control_socket.is_socket()


@on_each_loop_at_start
async def test_a_socket_left_by_a_killed_server_is_replaced(tmp_path):
    path = tmp_path / "control.sock"
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(str(path))
    async with asyncio.TaskGroup() as tasks:
        everyone = Conversations(tasks)
        server = await open_control_socket(str(path), everyone, Face())

        with socket.socket(socket.AF_UNIX) as client:
            client.setblocking(False)  # noqa: FBT003 - the standard library's
            client.connect(str(path))
        server.close()
        await everyone.close_all(PATIENCE)


@on_each_loop_at_start
async def test_a_control_socket_that_cannot_be_made_is_named(tmp_path):
    path = tmp_path / "missing" / "control.sock"
    everyone = Conversations(asyncio.TaskGroup())

    with pytest.raises(ListenError) as error:
        await open_control_socket(str(path), everyone, Face())

    assert str(error.value) == f"The socket {path} cannot be made: No such file or directory."
    del error
    gc.collect()  # which would complain of a socket left open
