"""The typed client against the real program, over every transport."""

import asyncio
import inspect
import json
from collections.abc import Awaitable, Callable
from contextlib import suppress
from itertools import repeat
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from keystead.client import (
    CertificateError,
    Client,
    ConnectionLostError,
    Missed,
    RequestError,
    UnauthorizedError,
    UserRefusedError,
    introspect,
)
from keystead.client.api import JSONRPC, Access, Users
from keystead.client.types import (
    AccessError,
    AccessRight,
    AccessTokenKind,
    ItemRule,
    PermissionScope,
    UserAdded,
    UserChanged,
    UserError,
    UserRemoved,
)
from keystead.net.tls import fingerprint
from tests.acceptance.box import PASSWORD, Box, new_name, set_up
from tests.acceptance.client import Client as RawClient
from tests.acceptance.server import ALL, Server
from tests.acceptance.typed_client import SCHEMES, sign_in, url_of
from tests.net_stage import on_each_loop

OTHER_PASSWORD = "Other7Sailing"
END = 1_893_456_000  # the first second of 2030
PLANT = ItemRule(name="Objects.Plant", is_prefix=True)
BOILER = ItemRule(name="Objects.Plant.Boiler", may_write=True)
THING = UUID("0a1b2c3d-0000-4000-8000-00000000000a")
PUBLISHED = (Path(__file__).parents[2] / "docs/reference/introspection.json").read_bytes()


@pytest.fixture(scope="module")
def shared_server(start_shared: Any) -> tuple[Server, str]:
    server = start_shared("typed", ALL)
    client = RawClient(server.urls["nymea"])
    try:
        return server, set_up(client)
    finally:
        client.close()


@pytest.fixture(scope="module")
def certificates(shared_server: tuple[Server, str]) -> Path:
    return shared_server[0].data / "certificates"


@pytest.fixture(scope="module")
def pin(certificates: Path) -> str:
    return f"sha256:{fingerprint((certificates / 'server.crt').read_bytes())}"


def nobody(box: Box, scheme: str = "nymea", **more: Any) -> Client:
    """Make a client without a token."""
    return Client(url_of(box.server, scheme), delays=lambda: repeat(0.05), **more)


def admin(box: Box, scheme: str = "nymea", **more: Any) -> Client:
    """Make a client of the administrator."""
    return nobody(box, scheme, token=box.admin_token, **more)


async def somebody(client: Client, *scopes: PermissionScope) -> str:
    """Create a user and give its name."""
    name = new_name()
    await client.users.create_user(username=name, password=PASSWORD, scopes=scopes)
    return name


# Every method


async def hello(client: Client) -> None:
    returns = await client.jsonrpc.hello(locale="de_AT")
    assert returns.server == "nymea"
    assert returns.locale == "de_AT"
    assert returns.authenticated is True
    assert returns.permission_scopes
    assert PermissionScope.ADMIN in returns.permission_scopes


async def introspection(client: Client) -> None:
    assert "Users.GetUsers" in (await client.jsonrpc.introspect()).methods


async def version(client: Client) -> None:
    assert (await client.jsonrpc.version()).protocol_version == client.server.protocol_version


async def notification_status(client: Client) -> None:
    returns = await client.jsonrpc.set_notification_status(namespaces=["Users", "Nothing"])
    assert returns.namespaces == ("Users",)


async def first_user(client: Client) -> None:
    name = new_name()
    await client.jsonrpc.create_user(
        username=name, password=PASSWORD, display_name="Ann", email="ann@example.org"
    )
    assert PermissionScope.ADMIN in (await client.users.get_users())[-1].scopes


async def authenticate(client: Client) -> None:
    name = await somebody(client)
    await sign_in(client, name)
    assert (await client.users.get_user_info()).username == name


async def push_button(client: Client) -> None:
    returns = await client.jsonrpc.request_push_button_auth(device_name="a phone")
    assert returns.success
    assert returns.transaction_id >= 0


async def keep_alive(client: Client) -> None:
    assert (await client.jsonrpc.keep_alive(session_id="7")).session_id == "7"


async def create_user(client: Client) -> None:
    name = new_name()
    await client.users.create_user(
        username=name,
        password=PASSWORD,
        email="ann@example.org",
        display_name="Ann",
        scopes=[PermissionScope.CONTROL_THINGS],
        allowed_thing_ids=[THING],
    )
    (user,) = (user for user in await client.users.get_users() if user.username == name)
    assert (user.email, user.display_name) == ("ann@example.org", "Ann")
    assert user.scopes == (PermissionScope.CONTROL_THINGS,)
    assert user.allowed_thing_ids == (THING,)


async def change_password(client: Client) -> None:
    name = await somebody(client, PermissionScope.ADMIN)
    await sign_in(client, name)
    await client.users.change_password(new_password=OTHER_PASSWORD)
    returns = await client.jsonrpc.authenticate(
        username=name, password=OTHER_PASSWORD, device_name=""
    )
    assert returns.success


async def change_user_password(client: Client) -> None:
    name = await somebody(client)
    await client.users.change_user_password(username=name, new_password=OTHER_PASSWORD)


async def user_info(client: Client) -> None:
    assert (await client.users.get_user_info()).username == "olga"


async def tokens(client: Client) -> None:
    assert {token.username for token in await client.users.get_tokens()} == {"olga"}


async def user_tokens(client: Client) -> None:
    name = await somebody(client)
    assert await client.users.get_user_tokens(username=name) == ()


async def remove_token(client: Client) -> None:
    name = await somebody(client, PermissionScope.ADMIN)
    await sign_in(client, name)
    await sign_in(client, name)
    first, _ = await client.users.get_tokens()
    await client.users.remove_token(token_id=first.id)
    assert first not in await client.users.get_tokens()


async def users(client: Client) -> None:
    assert (await client.users.get_users())[0].username == "olga"


async def remove_user(client: Client) -> None:
    name = await somebody(client)
    await client.users.remove_user(username=name)
    assert name not in [user.username for user in await client.users.get_users()]


async def set_scopes(client: Client) -> None:
    name = await somebody(client)
    scopes = (PermissionScope.CONTROL_THINGS, PermissionScope.ACCESS_ALL_THINGS)
    await client.users.set_user_scopes(username=name, scopes=scopes, allowed_thing_ids=())
    assert (await client.users.get_users())[-1].scopes == scopes


async def set_info(client: Client) -> None:
    name = await somebody(client)
    await client.users.set_user_info(username=name, display_name="Ben", email="")
    assert (await client.users.get_users())[-1].display_name == "Ben"


async def account_state(client: Client) -> None:
    name = await somebody(client)
    await client.access.set_account_state(username=name, enabled=False, valid_until=END)
    account = await client.access.get_account(username=name)
    assert (account.enabled, account.valid_since, account.valid_until) == (False, None, END)


async def account_rights(client: Client) -> None:
    name = await somebody(client)
    await client.access.set_account_rights(
        username=name, rights=[AccessRight.DIAG], items=[BOILER, PLANT]
    )
    account = await client.access.get_account(username=name)
    assert account.rights == (AccessRight.DIAG,)
    assert [(rule.name, rule.is_prefix, rule.may_write) for rule in account.items] == [
        (BOILER.name, False, True),
        (PLANT.name, True, False),
    ]


async def own_account(client: Client) -> None:
    account = await client.access.get_account()
    assert (account.username, account.has_password) == ("olga", True)


async def accounts(client: Client) -> None:
    assert (await client.access.get_accounts())[0] == await client.access.get_account()


async def groups(client: Client) -> None:
    assert (await client.access.get_groups())[0].name == "anonymous"


async def group(client: Client) -> None:
    name = new_name("group")
    await client.access.write_group(name=name, rights=[AccessRight.EDITOR], items=[PLANT])
    (found,) = (each for each in await client.access.get_groups() if each.name == name)
    assert found.rights == (AccessRight.EDITOR,)
    await client.access.remove_group(name=name)
    assert name not in [each.name for each in await client.access.get_groups()]


async def explanation(client: Client) -> None:
    name = await somebody(client)
    await client.access.set_account_rights(username=name, items=[PLANT])
    read = await client.access.explain(item=BOILER.name, username=name)
    write = await client.access.explain(item=BOILER.name, username=name, write=True)
    assert (read.allowed, write.allowed, read.is_admin, read.is_valid) == (
        True,
        False,
        False,
        True,
    )
    assert [spoken.rule.name for spoken in write.spoken] == [PLANT.name]


async def new_token(client: Client) -> None:
    name = await somebody(client)
    made = await client.access.create_token(username=name, device_name="a", expires=END)
    await client.access.change_token(token_id=made.token_id, device_name="b", items=[PLANT])
    secret = await client.access.rotate_token(token_id=made.token_id)
    assert secret != made.token
    (token,) = await client.access.get_tokens(username=name)
    assert (token.id, token.device_name, token.expires) == (made.token_id, "b", None)
    assert token.kind is AccessTokenKind.DEVICE


async def own_tokens(client: Client) -> None:
    owners = {token.username for token in await client.access.get_own_tokens()}
    assert owners == {"olga"}


async def sessions(client: Client) -> None:
    assert "olga" in [session.username for session in await client.access.get_sessions()]


async def locks(client: Client) -> None:
    name = await somebody(client)
    for _ in range(4):  # one more than is free
        async with Client(f"nymea://{client._address}") as guesser:
            returns = await guesser.jsonrpc.authenticate(
                username=name, password=OTHER_PASSWORD, device_name=""
            )
            assert not returns.success
    (lock,) = (lock for lock in await client.access.get_locks() if lock.username == name)
    assert (lock.source, lock.failures) == ("127.0.0.1", 4)
    assert await client.access.clear_lock(username=name) > 0
    assert name not in [lock.username for lock in await client.access.get_locks()]
    await client.access.clear_lock(source="127.0.0.1")


async def audit(client: Client) -> None:
    name = await somebody(client)
    await client.users.remove_user(username=name)
    newest = await client.access.get_audit_events(limit=1, username=name)
    assert [event.action for event in newest.events] == ["user.removed"]
    older = await client.access.get_audit_events(before=newest.next, username=name)
    found = await client.access.check_audit()
    assert (found.is_intact, found.problems) == (True, ())
    assert [event.action for event in older.events] == ["user.added"]


async def simulation(client: Client) -> None:
    name = await somebody(client)
    change = {"username": name, "scopes": ["PermissionScopeControlThings"]}
    told = await client.access.simulate(method="Users.SetUserScopes", params=change)
    assert {effect.principal for effect in told.effects} == {name}
    assert not (await client.access.get_account(username=name)).scopes


async def pairing(client: Client) -> None:
    async with Client(f"nymea://{client._address}") as device:
        await device.jsonrpc.request_push_button_auth(device_name="display")
        waiting = (await client.access.get_pairing()).pairing
        assert waiting is not None
        assert waiting.device_name == "display"
        await client.access.refuse_pairing(transaction_id=waiting.transaction_id)
        asked = await device.jsonrpc.request_push_button_auth(device_name="display")
        await client.access.confirm_pairing(transaction_id=asked.transaction_id)


async def setup(client: Client) -> None:
    assert not (await client.access.get_setup()).setup_required
    with pytest.raises(UserRefusedError) as refused:
        await client.access.create_first_user(username=new_name(), password=PASSWORD)
    assert refused.value.error is AccessError.SET_UP_ALREADY


async def own_state(client: Client) -> None:
    state = await client.access.get_own_state()
    assert (state.username, state.own_account) == ("olga", True)


async def server_state(client: Client) -> None:
    assert (await client.access.get_server_state()).password_profile == "nymea"


async def signed_out(client: Client) -> None:
    made = await client.access.create_token(device_name="for a moment")
    async with Client(f"nymea://{client._address}", token=made.token) as other:
        await other.access.sign_out()
    assert made.token_id not in [token.id for token in await client.access.get_own_tokens()]


CALLS: dict[Any, Callable[[Client], Awaitable[None]]] = {
    JSONRPC.hello: hello,
    JSONRPC.introspect: introspection,
    JSONRPC.version: version,
    JSONRPC.set_notification_status: notification_status,
    JSONRPC.create_user: first_user,
    JSONRPC.authenticate: authenticate,
    JSONRPC.request_push_button_auth: push_button,
    JSONRPC.keep_alive: keep_alive,
    Access.get_accounts: accounts,
    Access.get_account: own_account,
    Access.set_account_state: account_state,
    Access.set_account_rights: account_rights,
    Access.get_groups: groups,
    Access.write_group: group,
    Access.remove_group: group,
    Access.explain: explanation,
    Access.check_audit: audit,
    Access.get_audit_events: audit,
    Access.get_tokens: new_token,
    Access.get_own_tokens: own_tokens,
    Access.create_token: new_token,
    Access.change_token: new_token,
    Access.rotate_token: new_token,
    Access.get_sessions: sessions,
    Access.get_locks: locks,
    Access.clear_lock: locks,
    Access.simulate: simulation,
    Access.get_pairing: pairing,
    Access.refuse_pairing: pairing,
    Access.confirm_pairing: pairing,
    Access.get_setup: setup,
    Access.create_first_user: setup,
    Access.get_own_state: own_state,
    Access.get_server_state: server_state,
    Access.sign_out: signed_out,
    Users.create_user: create_user,
    Users.change_password: change_password,
    Users.change_user_password: change_user_password,
    Users.get_user_info: user_info,
    Users.get_tokens: tokens,
    Users.get_user_tokens: user_tokens,
    Users.remove_token: remove_token,
    Users.get_users: users,
    Users.remove_user: remove_user,
    Users.set_user_scopes: set_scopes,
    Users.set_user_info: set_info,
}


@pytest.mark.parametrize("method", CALLS, ids=lambda method: method.__qualname__)
@on_each_loop
async def test_every_method_does_what_it_says(box, method):
    async with admin(box) as client:
        await CALLS[method](client)


def test_every_method_is_tried():
    there = {
        method
        for namespace in (Access, JSONRPC, Users)
        for method in vars(namespace).values()
        if inspect.iscoroutinefunction(method)
    }
    assert there == set(CALLS)


def test_every_namespace_is_there(box: Box):
    client = nobody(box)
    assert isinstance(client.access, Access)
    assert isinstance(client.jsonrpc, JSONRPC)
    assert isinstance(client.users, Users)


# Transports and certificates


@pytest.mark.parametrize("scheme", SCHEMES)
@on_each_loop
async def test_every_transport_carries_long_and_many_messages(box, pin, scheme):
    trust = {"fingerprint": pin} if scheme in {"nymeas", "wss"} else {}
    async with admin(box, scheme, **trust) as client:
        await client.jsonrpc.set_notification_status(namespaces=["Users"])
        name = await somebody(client)
        told = await anext(client.notifications)
        assert isinstance(told, UserAdded)
        assert told.user_info.username == name
        assert (await client.users.get_users())[-1] == told.user_info
        text = "x" * 300_000
        assert (await client.jsonrpc.keep_alive(session_id=text)).session_id == text
        calls = (client.jsonrpc.keep_alive(session_id=str(number)) for number in range(1000))
        replies = await asyncio.gather(*calls)
        assert [reply.session_id for reply in replies] == [
            str(number) for number in range(1000)
        ]


@pytest.mark.parametrize("scheme", ["nymeas", "wss"])
@on_each_loop
async def test_the_authority_of_the_box_can_be_trusted(box, certificates, scheme):
    async with admin(box, scheme, ca_file=certificates / "ca.crt") as client:
        assert (await client.users.get_user_info()).username == "olga"


@pytest.mark.clause("EN 18031-1 SCM-2")
@pytest.mark.parametrize("scheme", ["nymeas", "wss"])
@on_each_loop
async def test_another_certificate_than_the_pinned_one_is_refused(box, pin, scheme):
    with pytest.raises(CertificateError, match="another certificate") as refused:
        async with admin(box, scheme, fingerprint="0a" * 32):
            pass
    assert pin.replace(":", "").removeprefix("sha256").lower() in str(refused.value)


@pytest.mark.parametrize("scheme", ["nymeas", "wss"])
@on_each_loop
async def test_an_authority_that_nobody_knows_is_refused(box, scheme):
    with pytest.raises(CertificateError, match="not trusted"):
        async with admin(box, scheme):
            pass


@on_each_loop
async def test_a_path_without_websocket_is_refused(box):
    with pytest.raises(ConnectionLostError, match="speaks no WebSocket"):
        async with Client(f"{url_of(box.server, 'ws').rstrip('/')}/nothing-here"):
            pass


# Errors


@on_each_loop
async def test_a_wrong_token_is_refused_at_once(box):
    with pytest.raises(UnauthorizedError):
        async with nobody(box, token="wrong"):
            pass


@on_each_loop
async def test_what_needs_a_sign_in_is_refused_without_one_and_the_client_goes_on(box):
    async with nobody(box) as client:
        with pytest.raises(UnauthorizedError):
            await client.users.get_users()
        await sign_in(client, "olga")
        assert await client.users.get_users()


@on_each_loop
async def test_a_missing_right_is_a_request_error(box):
    async with admin(box) as client, nobody(box) as other:
        await sign_in(other, await somebody(client))
        with pytest.raises(RequestError, match=r"Users\.GetUsers: Permission denied\."):
            await other.users.get_users()


@on_each_loop
async def test_a_refusal_names_its_reason(box):
    async with admin(box) as client:
        name = await somebody(client)
        with pytest.raises(UserRefusedError) as refused:
            await client.users.create_user(username=name, password=PASSWORD)
        assert refused.value.error is UserError.DUPLICATE_USER_ID
        with pytest.raises(UserRefusedError) as refused:
            await client.users.create_user(username=new_name(), password="short")
        assert refused.value.error is UserError.BAD_PASSWORD
        with pytest.raises(UserRefusedError) as refused:
            await client.access.set_account_state(username="olga", enabled=False)
        assert refused.value.error is AccessError.OWN_ACCOUNT


@on_each_loop
async def test_a_revoked_token_ends_the_client(box):
    async with admin(box) as client, nobody(box) as other:
        name = await somebody(client)
        await sign_in(other, name)
        await client.users.remove_user(username=name)
        with pytest.raises(UnauthorizedError):
            await anext(other.notifications)
        with pytest.raises(UnauthorizedError):
            await other.users.get_user_info()


# Notifications


@on_each_loop
async def test_notifications_are_typed(box):
    async with admin(box) as client:
        await client.jsonrpc.set_notification_status(namespaces=["Users"])
        name = await somebody(client)
        await client.users.set_user_info(username=name, display_name="Ann")
        await client.users.remove_user(username=name)
        told = [await anext(client.notifications) for _ in range(3)]
        match told:
            case [
                UserAdded(user_info=added),
                UserChanged(user_info=changed),
                UserRemoved(username=removed),
            ]:
                assert added.username == changed.username == removed == name
                assert changed.display_name == "Ann"
            case _:
                pytest.fail(str(told))


@on_each_loop
async def test_a_slow_listener_is_told_how_much_it_missed(box):
    async with admin(box) as client, admin(box, queue=2) as slow:
        await slow.jsonrpc.set_notification_status(namespaces=["Users"])
        name = await somebody(client)
        for text in "abcd":
            await client.users.set_user_info(username=name, display_name=text)
        await slow.jsonrpc.keep_alive(session_id="everything told before is there")
        assert await anext(slow.notifications) == Missed(3)
        for text in "cd":
            told = await anext(slow.notifications)
            assert isinstance(told, UserChanged)
            assert told.user_info.display_name == text


# Losing the connection


@pytest.mark.parametrize("scheme", ["nymea", "ws"])
@pytest.mark.parametrize("end", [Server.stop, Server.kill])
def test_a_restarted_server_is_found_again(start: Any, scheme: str, end: Any):
    server: Server = start()
    raw = RawClient(server.urls["nymea"])
    token = set_up(raw)
    raw.close()
    server._listen = list(server.urls.values())  # the same ports again

    async def outliving() -> None:
        url = url_of(server, scheme)
        async with Client(url, token=token, delays=lambda: repeat(0.05)) as client:
            await client.jsonrpc.set_notification_status(namespaces=["Users"])
            async with asyncio.TaskGroup() as tasks:
                calls = [tasks.create_task(asking(client)) for _ in range(3)]
                await asyncio.to_thread(end, server)
                await asyncio.to_thread(server.start)
                assert await anext(client.notifications) == Missed(None)
                for call in calls:
                    call.cancel()
            name = await somebody(client)
            told = await anext(client.notifications)
            assert isinstance(told, UserAdded)
            assert told.user_info.username == name

    async def asking(client: Client) -> None:
        while True:
            with suppress(ConnectionLostError):
                await client.jsonrpc.keep_alive(session_id="")

    asyncio.run(outliving())


@on_each_loop
async def test_requests_under_way_fail_when_the_client_is_closed(box):
    async with asyncio.TaskGroup() as tasks, admin(box) as client:
        calls = [tasks.create_task(made(client)) for _ in range(50)]
        await asyncio.sleep(0)
    assert not all(call.result() for call in calls)


async def made(client: Client) -> bool:
    """Create a user, which takes its time; tell whether there was a reply."""
    with suppress(ConnectionLostError):
        await somebody(client)
        return True
    return False


# Introspection


@pytest.mark.parametrize("scheme", ["nymea", "wss"])
@on_each_loop
async def test_the_introspection_is_the_published_one(box, pin, scheme):
    trust = pin if scheme == "wss" else None
    text = await introspect(url_of(box.server, scheme), box.admin_token, trust)
    assert json.loads(text) == json.loads(PUBLISHED)


@on_each_loop
async def test_the_introspection_needs_a_sign_in(box):
    with pytest.raises(UnauthorizedError):
        await introspect(url_of(box.server, "nymea"))
