"""The life of a box as its users lead it with the typed client, from set-up to a new certificate."""

import asyncio
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from keystead.client import (
    CertificateError,
    Client,
    Missed,
    RequestError,
    UnauthorizedError,
    UserRefusedError,
)
from keystead.client.types import (
    JSONRPCPushButtonAuthFinished,
    PermissionScope,
    UserAdded,
    UserChanged,
    UserError,
    UserRemoved,
)
from tests.acceptance.box import PASSWORD, new_name
from tests.acceptance.server import ALL, Server
from tests.acceptance.typed_client import ENCRYPTED, SCHEMES, TypedBox, sign_in
from tests.net_stage import PATIENCE, on_each_loop

OTHER_PASSWORD = "Other7Sailing"
THING = UUID("0a1b2c3d-0000-4000-8000-00000000000a")
CONTROL = (PermissionScope.CONTROL_THINGS,)
CONFIGURE = (
    PermissionScope.CONTROL_THINGS,
    PermissionScope.CONFIGURE_THINGS,
    PermissionScope.ACCESS_ALL_THINGS,
)


async def set_up(box: TypedBox, scheme: str = "nymea") -> str:
    """Take a new box into use and give the token of its administrator."""
    async with box.client(scheme) as client:
        assert client.server.initial_setup_required
        await client.jsonrpc.create_user(username="olga", password=PASSWORD)
        return await sign_in(client, "olga")


@pytest.fixture(scope="module")
def box_and_token(start_shared: Any) -> tuple[TypedBox, str]:
    """Give a box that has been set up."""
    box = TypedBox(start_shared("life", ALL))
    return box, asyncio.run(set_up(box))


@pytest.fixture
def box(box_and_token: tuple[TypedBox, str]) -> TypedBox:
    return box_and_token[0]


@pytest.fixture
def token(box_and_token: tuple[TypedBox, str]) -> str:
    """Give the token of the administrator."""
    return box_and_token[1]


async def somebody(admin: Client, scopes: Any = CONTROL, **more: Any) -> str:
    """Create a user and give its name."""
    name = new_name()
    await admin.users.create_user(username=name, password=PASSWORD, scopes=scopes, **more)
    return name


async def is_ended(client: Client) -> bool:
    """Wait for the end of a client whose token is bad; tell whether it can do nothing more."""
    with pytest.raises(UnauthorizedError):
        while isinstance(await anext(client.notifications), Missed | UserChanged):
            pass
    with pytest.raises(UnauthorizedError):
        await client.users.get_user_info()
    return True


# Set-up


@pytest.mark.parametrize("scheme", SCHEMES)
def test_a_new_box_is_set_up_once_and_signed_in_to(start: Any, scheme: str):
    box = TypedBox(start("new", ALL))
    token = asyncio.run(set_up(box, scheme))

    async def afterwards() -> None:
        async with box.client(scheme) as stranger:
            assert not stranger.server.initial_setup_required
            with pytest.raises(UnauthorizedError):
                await stranger.jsonrpc.create_user(username="eve", password=PASSWORD)
        async with box.client(scheme, token=token) as olga:
            assert (olga.server.username, olga.server.authenticated) == ("olga", True)
            assert [user.username for user in await olga.users.get_users()] == ["olga"]

    asyncio.run(afterwards())


# Accounts and scopes


@pytest.mark.parametrize("scheme", SCHEMES)
@on_each_loop
async def test_a_second_user_signs_in_with_what_it_was_given(box, token, scheme):
    async with (
        box.client(scheme, token=token) as olga,
        box.client(scheme) as client,
    ):
        name = await somebody(olga, display_name="Ann", allowed_thing_ids=[THING])
        await sign_in(client, name)
        user = await client.users.get_user_info()
        assert (user.username, user.display_name) == (name, "Ann")
        assert (user.scopes, user.allowed_thing_ids) == (CONTROL, (THING,))


@on_each_loop
async def test_new_scopes_are_in_force_on_the_connection_that_is_open(box, token):
    async with box.client(token=token) as olga, box.client() as client:
        name = await somebody(olga)
        await sign_in(client, name)
        with pytest.raises(RequestError, match="Permission denied"):
            await client.users.get_users()
        await olga.users.set_user_scopes(username=name, scopes=[PermissionScope.ADMIN])
        assert name in [user.username for user in await client.users.get_users()]
        await olga.users.set_user_scopes(username=name, scopes=CONTROL)
        with pytest.raises(RequestError, match="Permission denied"):
            await client.users.get_users()


@on_each_loop
async def test_the_administrator_cannot_be_lost(box, token):
    async with box.client(token=token) as olga:
        for change in (
            olga.users.set_user_scopes(username="olga", scopes=CONFIGURE),
            olga.users.remove_user(username="olga"),
        ):
            with pytest.raises(UserRefusedError) as refused:
                await change
            assert refused.value.error is UserError.PERMISSION_DENIED
        assert PermissionScope.ADMIN in (await olga.users.get_user_info()).scopes


# Notifications


@pytest.mark.parametrize("scheme", SCHEMES)
@on_each_loop
async def test_who_manages_users_hears_of_all_and_others_of_themselves(box, token, scheme):
    async with (
        box.client(scheme, token=token) as olga,
        box.client(scheme) as client,
    ):
        name = await somebody(olga)
        await sign_in(client, name)
        for each in (olga, client):
            await each.jsonrpc.set_notification_status(namespaces=["Users"])
        other = await somebody(olga)
        await olga.users.set_user_scopes(username=name, scopes=CONFIGURE)
        await olga.users.remove_user(username=other)

        added, changed, removed = [await anext(olga.notifications) for _ in range(3)]
        assert isinstance(added, UserAdded)
        assert added.user_info.username == other
        assert isinstance(changed, UserChanged)
        assert changed.user_info.scopes == CONFIGURE
        assert isinstance(removed, UserRemoved)
        assert removed.username == other
        assert await anext(client.notifications) == changed


# Tokens


@on_each_loop
async def test_a_lost_device_is_signed_out_and_the_others_stay(box, token):
    async with (
        box.client(token=token) as olga,
        box.client("wss") as tablet,
        box.client("ws") as phone,
    ):
        name = await somebody(olga)
        await sign_in(tablet, name, device="tablet")
        lost = await sign_in(phone, name, device="phone")
        tokens = await olga.users.get_user_tokens(username=name)
        assert [token.device_name for token in tokens] == ["tablet", "phone"]

        await olga.users.remove_token(token_id=tokens[1].id)
        assert await is_ended(phone)
        with pytest.raises(UnauthorizedError):
            async with box.client(token=lost):
                pass
        assert (await tablet.users.get_user_info()).username == name
        assert await olga.users.get_user_tokens(username=name) == tokens[:1]


def test_the_push_of_the_button_signs_a_device_in(box):
    async def paired() -> None:
        async with box.client("wss") as client:
            asked = await client.jsonrpc.request_push_button_auth(device_name="display")
            pressed = await asyncio.to_thread(box.server.run, "pairing", "press")
            assert pressed.returncode == 0, pressed.stderr
            told = await anext(client.notifications)
            assert isinstance(told, JSONRPCPushButtonAuthFinished)
            assert (told.success, told.transaction_id) == (True, asked.transaction_id)
            devices = [token.device_name for token in await client.users.get_tokens()]
            assert "display" in devices

    asyncio.run(paired())


# Passwords


async def can_sign_in(box: TypedBox, name: str, password: str) -> bool:
    async with box.client() as client:
        returns = await client.jsonrpc.authenticate(
            username=name, password=password, device_name="another"
        )
        return returns.success


@on_each_loop
async def test_an_own_new_password_replaces_the_old_one_and_devices_stay(box, token):
    async with (
        box.client(token=token) as olga,
        box.client() as one,
        box.client() as other,
    ):
        name = await somebody(olga, [PermissionScope.ADMIN])
        await sign_in(one, name)
        await sign_in(other, name)
        await one.users.change_password(new_password=OTHER_PASSWORD)
        for client in (one, other):
            assert (await client.users.get_user_info()).username == name
    assert not await can_sign_in(box, name, PASSWORD)
    assert await can_sign_in(box, name, OTHER_PASSWORD)


@on_each_loop
async def test_a_password_set_by_the_administrator_signs_all_devices_out(box, token):
    async with box.client(token=token) as olga, box.client() as client:
        name = await somebody(olga)
        await sign_in(client, name)
        await olga.users.change_user_password(username=name, new_password=OTHER_PASSWORD)
        assert await is_ended(client)
    assert await can_sign_in(box, name, OTHER_PASSWORD)


# Restarts


@pytest.fixture
def own(start: Any) -> TypedBox:
    """Give a new box of the test's own, which keeps its ports over a restart."""
    server: Server = start("own", ALL)
    server._listen = list(server.urls.values())
    return TypedBox(server)


def in_time(life: Any) -> None:
    async def run() -> None:
        async with asyncio.timeout(2 * PATIENCE):
            await life

    asyncio.run(run())


@pytest.mark.parametrize("scheme", ENCRYPTED)
def test_a_restart_is_outlived_with_the_same_token_and_certificate(own: TypedBox, scheme: str):
    async def life() -> None:
        token = await set_up(own)
        async with own.client(scheme, token=token) as olga:
            await olga.jsonrpc.set_notification_status(namespaces=["Users"])
            await asyncio.to_thread(own.server.stop)
            await asyncio.to_thread(own.server.start)
            assert await anext(olga.notifications) == Missed(None)
            name = await somebody(olga)
            told = await anext(olga.notifications)
            assert isinstance(told, UserAdded)
            assert told.user_info.username == name

    in_time(life())


def test_who_was_removed_while_the_box_was_off_does_not_get_in_again(own: TypedBox):
    async def life() -> None:
        token = await set_up(own)
        async with own.client(token=token) as olga, own.client("wss") as client:
            name = await somebody(olga)
            await sign_in(client, name)
            await asyncio.to_thread(own.server.stop)
            removed = await asyncio.to_thread(own.server.run, "user", "remove", name)
            assert removed.returncode == 0, removed.stderr
            await asyncio.to_thread(own.server.start)
            assert await is_ended(client)

    in_time(life())


@pytest.mark.parametrize("scheme", ENCRYPTED)
def test_another_box_in_its_place_is_recognised(own: TypedBox, scheme: str, tmp_path: Path):
    other = Server(tmp_path / "other", ALL)
    other._listen = own.server._listen

    async def life() -> None:
        token = await set_up(own)
        async with own.client(scheme, token=token) as olga:
            await asyncio.to_thread(own.server.stop)
            await asyncio.to_thread(other.start)
            with pytest.raises(CertificateError, match="another certificate"):
                await anext(olga.notifications)
            with pytest.raises(CertificateError):
                await olga.users.get_user_info()

    try:
        in_time(life())
    finally:
        other.discard()
