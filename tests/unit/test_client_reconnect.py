"""What a client does when its connection is lost."""

import asyncio
from functools import partial
from itertools import repeat

import pytest

from keystead.client import (
    CertificateError,
    ConnectionLostError,
    Missed,
    UnauthorizedError,
)
from keystead.client import client as module
from keystead.client.types import UserRemoved
from tests.net_stage import on_each_loop
from tests.unit.scripted_server import client, serving


async def hanging_up(peer):
    await peer.greet()


async def answering(peer):
    await peer.greet()
    await peer.answer_all()


async def loss(box):
    """Wait until the present connection is lost."""
    await box._connection.lost.wait()


async def works(box):
    """Tell whether requests are answered."""
    return (await box.jsonrpc.keep_alive(session_id="?")).session_id == "?"


@on_each_loop
async def test_a_lost_connection_is_made_again_with_the_same_token():
    async def again(peer):
        assert (await peer.greet())["token"] == "mine"
        await peer.answer_all()

    async with serving(hanging_up, again) as url, client(url, token="mine") as box:
        await loss(box)
        assert await works(box)


@on_each_loop
async def test_the_same_namespaces_notify_after_a_reconnect_and_the_gap_is_told():
    async def before(peer):
        await peer.greet()
        await peer.answer("JSONRPC.SetNotificationStatus", namespaces=["Users"])
        peer.tell("Users.UserRemoved", username="ann")
        await peer.request()

    async def after(peer):
        await peer.greet()
        request = await peer.answer("JSONRPC.SetNotificationStatus", namespaces=["Users"])
        assert request["params"] == {"namespaces": ["Users"]}
        peer.tell("Users.UserRemoved", username="ben")
        await peer.end()

    async with serving(before, after) as url, client(url) as box:
        status = await box.jsonrpc.set_notification_status(namespaces=["Users", "Weather"])
        assert status.namespaces == ("Users",)
        with pytest.raises(ConnectionLostError):
            await works(box)  # which the script takes as a sign to hang up
        assert [await anext(box.notifications) for _ in range(3)] == [
            UserRemoved(username="ann"),
            Missed(None),
            UserRemoved(username="ben"),
        ]


@on_each_loop
async def test_a_request_under_way_fails_and_is_not_repeated():
    async def losing(peer):
        await peer.greet()
        await peer.request("Users.RemoveUser")

    async def after(peer):
        await peer.greet()
        await peer.answer("Users.GetUsers", users=[])
        await peer.end()

    async with serving(losing, after) as url, client(url) as box:
        with pytest.raises(ConnectionLostError, match=r"Users\.RemoveUser: .* lost"):
            await box.users.remove_user(username="ann")
        assert await box.users.get_users() == ()


@on_each_loop
async def test_a_server_that_is_away_is_tried_again_and_again():
    tried = []

    def delays():
        for delay in repeat(0.01):
            tried.append(delay)
            yield delay

    async with (
        serving(hanging_up, *[nothing] * 5, answering) as url,
        client(url, delays=delays) as box,
    ):
        await loss(box)
        assert await works(box)
    assert len(tried) == 6


async def nothing(peer):
    """Hang up at once."""


@on_each_loop
async def test_requests_wait_for_a_connection_no_longer_than_their_time_out():
    away = partial(client, delays=lambda: repeat(60), timeout=0.2)
    async with serving(hanging_up) as url, away(url) as box:
        await loss(box)
        for _ in range(2):
            with pytest.raises(TimeoutError, match="no reply within"):
                await asyncio.gather(works(box), works(box))


@on_each_loop
async def test_a_bad_token_ends_it():
    async def refusing(peer):
        await peer.greet(authenticated=False)

    async with serving(hanging_up, refusing) as url, client(url, token="old") as box:
        await loss(box)
        for _ in range(2):
            with pytest.raises(UnauthorizedError):
                await works(box)
        with pytest.raises(UnauthorizedError):
            await anext(box.notifications)


@on_each_loop
async def test_another_certificate_ends_it(monkeypatch):
    async def connect(*_):
        raise CertificateError("another certificate")

    async with serving(hanging_up) as url, client(url) as box:
        monkeypatch.setattr(module, "connect", connect)
        await loss(box)
        with pytest.raises(CertificateError):
            await works(box)


@on_each_loop
async def test_delays_may_come_to_an_end():
    patient_once = partial(client, delays=lambda: iter([0]))
    async with serving(hanging_up, nothing) as url, patient_once(url) as box:
        await loss(box)
        with pytest.raises(ConnectionLostError, match="No connection to"):
            await works(box)


@on_each_loop
async def test_delays_begin_anew_after_a_connection_that_worked(monkeypatch):
    def delays():
        begun.append(1)
        return repeat(0)

    begun: list[int] = []
    monkeypatch.setattr(module, "STEADY", 0.0)
    async with serving(hanging_up, answering) as url, client(url, delays=delays) as box:
        await loss(box)
        assert await works(box)
    assert len(begun) == 2


@on_each_loop
async def test_a_client_can_be_closed_while_it_has_no_connection():
    async with serving(hanging_up) as url, asyncio.TaskGroup() as tasks:
        async with client(url, delays=lambda: repeat(60)) as box:
            await loss(box)
            asking = tasks.create_task(lost(works(box)))
            await asyncio.sleep(0.05)
        await asking


async def lost(call):
    with pytest.raises(ConnectionLostError, match="is closed"):
        await call


@on_each_loop
async def test_a_client_can_be_closed_while_it_shakes_hands():
    async def silent(peer):
        await peer.request("JSONRPC.Hello")
        reached.set()
        await peer.end()

    reached = asyncio.Event()
    async with serving(hanging_up, silent) as url, client(url):
        await reached.wait()


@on_each_loop
async def test_a_fault_of_ours_is_not_kept_quiet():
    def delays():
        return 1 / 0

    async with serving(hanging_up) as url:
        with pytest.raises(ExceptionGroup) as raised:
            async with client(url, delays=delays):
                await asyncio.Event().wait()
    assert raised.group_contains(ZeroDivisionError)
