"""Push buttons, on a real bus with real agents."""

import asyncio
import functools
import gc
import logging
import os
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import pytest
import uvloop
from dbus_fast import MessageFlag, MessageType, RequestNameReply
from dbus_fast.aio import MessageBus
from dbus_fast.auth import AuthExternal
from dbus_fast.introspection import Node

from keystead.net.dbus import MAX_AGENTS, MAX_CALLS, NAMES, OBJECTS, ButtonBus
from tests.private_bus import BUS, BUTTON, Agent, call, private_bus

PATIENCE = 10  # seconds until a test gives up waiting
NOBODY = 65534
LOG = logging.getLogger("keystead.dbus")
AS_ROOT = pytest.mark.skipif(
    os.geteuid() != 0, reason="only root can call as another Unix user"
)


class House(logging.Handler):
    """What the server does when buttons ask for it, and what it was told."""

    def __init__(self, bus, address):
        super().__init__()
        self.address = bus.address
        self.events = asyncio.Queue[logging.LogRecord]()
        self.presses = asyncio.Queue[str]()
        self.changes = asyncio.Queue[bool]()
        self.devices = asyncio.Queue[str]()
        self.works = asyncio.Event()  # cleared, the server takes its time
        self.works.set()
        self.token = "a token"
        self.failure = None
        self.agents = []
        self.buttons = ButtonBus(
            address,
            self.press,
            self.generate,
            self.changes.put_nowait,
            first_retry=timedelta(milliseconds=1),
        )

    async def press(self):
        self.presses.put_nowait("pressed")
        return bool(await self.outcome(self.token))

    async def generate(self, device):
        self.devices.put_nowait(device)
        return await self.outcome(self.token)

    async def outcome(self, token):
        await self.works.wait()
        if self.failure:
            raise self.failure
        return token

    def emit(self, record):
        self.events.put_nowait(record)

    async def event(self, name):
        """Wait for the next log event of that name."""
        while (record := await soon(self.events.get())).getMessage() != name:
            pass
        return record

    async def agent(self):
        connection = await MessageBus(self.address).connect()
        self.agents.append(Agent(connection))
        return self.agents[-1]

    async def stranger(self):
        """Give a program of another Unix user."""
        os.seteuid(NOBODY)  # the bus learns it from the kernel, when we connect
        try:
            connection = await MessageBus(self.address, auth=AuthExternal(NOBODY)).connect()
        finally:
            os.seteuid(0)
        self.agents.append(Agent(connection))
        return self.agents[-1]


async def soon(awaitable):
    return await asyncio.wait_for(awaitable, PATIENCE)


@asynccontextmanager
async def serving(bus, *, is_there=True, address=None):
    """Run a server on *bus*."""
    house = House(bus, address or bus.address)
    LOG.addHandler(house)
    async with asyncio.TaskGroup() as tasks:
        server = tasks.create_task(house.buttons.run())
        try:
            if is_there:
                await soon(house.buttons.ready.wait())
            yield house
        finally:
            server.cancel()
            for agent in house.agents:
                await agent.leave()
            LOG.removeHandler(house)


def on_a_loop(test):
    @functools.wraps(test)
    def run(*fixtures, **named):
        uvloop.run(test(*fixtures, **named))

    return run


@pytest.fixture
def bus(tmp_path, caplog):
    caplog.set_level(logging.DEBUG, LOG.name)
    with private_bus(tmp_path) as daemon:
        yield daemon


@pytest.fixture
def log(caplog):
    """Give the events logged so far, by any module, each a name and its fields."""
    return lambda: [
        (record.message, getattr(record, "fields", {})) for record in caplog.records
    ]


def open_files():
    return len(list(Path("/proc/self/fd").iterdir()))


def error(answer):
    return (answer.error_name or "").removeprefix(f"{BUS}.Error.")


@on_a_loop
async def test_a_registered_agents_press_reaches_the_server(bus):
    async with serving(bus) as house:
        agent = await house.agent()

        await agent.register()
        await agent.press()

        assert await soon(house.changes.get()) is True
        assert await soon(house.presses.get()) == "pressed"


@on_a_loop
async def test_a_press_may_have_any_interface(bus):
    async with serving(bus) as house:
        agent = await house.agent()
        await agent.register()

        await agent.press(interface="com.example.Doorbell")

        assert await soon(house.presses.get()) == "pressed"


@on_a_loop
async def test_a_press_counts_only_from_the_agent_itself_on_its_own_object_without_arguments(
    bus,
):
    async with serving(bus) as house:
        agent, other = await house.agent(), await house.agent()
        await agent.register()

        await other.press()
        await agent.press(path="/somewhere/else")
        await agent.press("hard")
        assert house.presses.empty()

        await other.register("/other")
        await other.press()
        assert house.presses.empty()


@on_a_loop
async def test_a_bouncing_button_is_pressed_once(bus):
    async with serving(bus) as house:
        agent = await house.agent()
        await agent.register()
        house.works.clear()

        await agent.press()
        await agent.press()

        assert house.presses.qsize() == 1


@on_a_loop
async def test_a_press_that_fails_is_logged_and_the_next_one_counts(bus, log):
    async with serving(bus) as house:
        agent = await house.agent()
        await agent.register()

        house.failure = OSError("the disk is full")
        await agent.press()
        house.failure = None
        await agent.press()

        assert ("button press failed", {"agent": agent.name}) in log()
        assert ("button pressed", {"agent": agent.name, "pairing": True}) in log()


@on_a_loop
async def test_an_agent_that_leaves_the_bus_is_forgotten(bus):
    async with serving(bus) as house:
        agent = await house.agent()
        await agent.register()
        assert await soon(house.changes.get()) is True

        await agent.leave()

        assert await soon(house.changes.get()) is False


@on_a_loop
async def test_agents_that_leave_before_they_are_answered_are_forgotten(bus):
    async with serving(bus) as house:
        for _ in range(20):
            hasty = await house.agent()
            hasty.connection.send(call("RegisterButtonAgent", BUTTON, signature="o"))
            await hasty.leave()
        last = await house.agent()
        await last.register()

        await last.ask("UnregisterButtonAgent")

        seen = [house.changes.get_nowait() for _ in range(house.changes.qsize())]
        assert seen == [True, False] * (len(seen) // 2)


@on_a_loop
async def test_an_agent_that_unregisters_is_forgotten(bus):
    async with serving(bus) as house:
        agent = await house.agent()
        await agent.register()

        await agent.ask("UnregisterButtonAgent")
        await agent.press()

        assert [house.changes.get_nowait() for _ in range(2)] == [True, False]
        assert house.presses.empty()


@on_a_loop
async def test_an_agent_that_registers_twice_presses_once_and_leaves_once(bus):
    async with serving(bus) as house:
        agent = await house.agent()
        for button in (BUTTON, BUTTON, "/second"):
            assert not error(await agent.register(button))

        await agent.press()
        assert house.presses.qsize() == 1

        await agent.ask("UnregisterButtonAgent")
        assert [house.changes.get_nowait() for _ in range(2)] == [True, False]
        assert house.changes.empty()


@on_a_loop
async def test_only_the_last_agent_to_leave_is_a_change(bus):
    async with serving(bus) as house:
        first, last = await house.agent(), await house.agent()
        await first.register()
        await last.register()

        await first.ask("UnregisterButtonAgent")
        assert [house.changes.get_nowait(), house.changes.empty()] == [True, True]

        await last.ask("UnregisterButtonAgent")
        assert house.changes.get_nowait() is False


@on_a_loop
async def test_the_number_of_agents_is_bounded(bus):
    async with serving(bus) as house:
        agent = await house.agent()
        answers = [await agent.register(f"/button/{i}") for i in range(MAX_AGENTS + 1)]

        assert [error(answer) for answer in answers] == [""] * MAX_AGENTS + ["LimitsExceeded"]


@on_a_loop
async def test_a_token_comes_as_its_bytes_and_is_not_logged(bus, log):
    async with serving(bus) as house:
        agent = await house.agent()
        house.token = "secret+/="

        answer = await agent.ask("GenerateAuthToken", "Küche")

        assert (answer.signature, answer.body) == ("ay", [b"secret+/="])
        assert ("token for bus caller", {"caller": agent.name, "made": True}) in log()
        assert not [entry for entry in log() if "secret" in str(entry) or "Küche" in str(entry)]


@on_a_loop
async def test_no_token_is_no_bytes(bus):
    async with serving(bus) as house:
        agent = await house.agent()
        house.token = None

        answer = await agent.ask("GenerateAuthToken", "phone")

        assert (answer.signature, answer.body) == ("ay", [b""])


@on_a_loop
async def test_a_token_that_fails_is_an_error_without_the_reason(bus, log):
    async with serving(bus) as house:
        agent = await house.agent()
        house.failure = OSError("the disk is full")

        answer = await agent.ask("GenerateAuthToken", "phone")

        assert (error(answer), answer.body) == ("Failed", ["Internal error."])
        assert ("token for bus caller failed", {"caller": agent.name}) in log()


@on_a_loop
async def test_the_number_of_open_calls_is_bounded(bus):
    async with serving(bus) as house:
        agent = await house.agent()
        house.works.clear()
        async with asyncio.TaskGroup() as tasks:
            calls = [
                tasks.create_task(agent.ask("GenerateAuthToken", "phone"))
                for _ in range(MAX_CALLS)
            ]
            await asyncio.gather(*(soon(house.devices.get()) for _ in calls))
            refused = await agent.ask("UnregisterButtonAgent")
            house.works.set()

        assert error(refused) == "LimitsExceeded"
        assert [call.result().body for call in calls] == [[b"a token"]] * MAX_CALLS
        answers = [await agent.ask("UnregisterButtonAgent") for _ in range(MAX_CALLS + 1)]
        assert not any(map(error, answers))


@pytest.mark.parametrize("interface", [*NAMES, None])
@pytest.mark.parametrize("path", OBJECTS)
@pytest.mark.parametrize("name", NAMES)
@on_a_loop
async def test_both_names_objects_and_interfaces_answer(bus, name, path, interface):
    async with serving(bus) as house:
        agent = await house.agent()

        answer = await agent.ask(
            "GenerateAuthToken", "phone", destination=name, path=path, interface=interface
        )

        assert answer.body == [b"a token"]


@pytest.mark.clause("EN 18031-1 GEC-6")
@pytest.mark.parametrize(
    ("member", "fields", "expected"),
    [
        ("GenerateAuthToken", {}, "InvalidArgs"),
        ("GenerateAuthToken", {"signature": "i", "body": [1]}, "InvalidArgs"),
        ("RegisterButtonAgent", {"signature": "s", "body": ["/button"]}, "InvalidArgs"),
        ("UnregisterButtonAgent", {"signature": "o", "body": ["/button"]}, "InvalidArgs"),
        ("OpenDoor", {}, "UnknownMethod"),
        ("UnregisterButtonAgent", {"interface": "com.example.Door"}, "UnknownMethod"),
        ("UnregisterButtonAgent", {"path": "/com/example"}, "UnknownObject"),
        (
            "GetAll",
            {"interface": f"{BUS}.Properties", "signature": "s", "body": [""]},
            "UnknownMethod",
        ),
    ],
)
@on_a_loop
async def test_a_malformed_call_is_a_bus_error_and_no_traceback(
    bus, log, member, fields, expected
):
    async with serving(bus) as house:
        agent = await house.agent()
        errors: list[str] = []
        agent.connection.add_message_handler(
            lambda answer: errors.extend(filter(None, [error(answer)]))
        )

        await agent.ask(member, **fields)
        await agent.send(member, **fields, flags=MessageFlag.NO_REPLY_EXPECTED)

        assert errors == [expected]
        assert [event for event, _ in log()] == ["bus joined"]


@on_a_loop
async def test_a_call_that_wants_no_answer_is_carried_out(bus):
    async with serving(bus) as house:
        agent = await house.agent()

        await agent.send(
            "RegisterButtonAgent", BUTTON, signature="o", flags=MessageFlag.NO_REPLY_EXPECTED
        )

        assert await soon(house.changes.get()) is True


@on_a_loop
async def test_the_way_to_both_objects_and_all_methods_can_be_looked_up(bus):
    async with serving(bus) as house:
        agent = await house.agent()
        found = {}

        async def look(path):
            answer = await agent.ask("Introspect", path=path, interface=f"{BUS}.Introspectable")
            node = Node.parse(answer.body[0])
            for interface in node.interfaces:
                found[path, interface.name] = {
                    method.name: (method.in_signature, method.out_signature)
                    for method in interface.methods
                }
            for child in node.nodes:
                await look(f"{path.rstrip('/')}/{child.name}")

        await look("/")

        methods = {
            "RegisterButtonAgent": ("o", ""),
            "UnregisterButtonAgent": ("", ""),
            "GenerateAuthToken": ("s", "ay"),
        }
        assert found == {(path, name): methods for path in OBJECTS for name in NAMES}


@pytest.mark.clause("EN 18031-1 AUM-1-2", "IEC 62443-4-2 CR 1.2", "IEC 62443-4-2 CR 2.1 RE1")
@AS_ROOT
@pytest.mark.parametrize(
    ("member", "signature", "body"),
    [
        ("GenerateAuthToken", "s", ["phone"]),
        ("RegisterButtonAgent", "o", [BUTTON]),
        ("UnregisterButtonAgent", "", []),
    ],
)
@on_a_loop
async def test_another_unix_user_is_refused(bus, log, member, signature, body):
    async with serving(bus) as house:
        stranger = await house.stranger()

        answer = await stranger.ask(member, signature=signature, body=body)
        await stranger.press()

        assert error(answer) == "AccessDenied"
        assert ("bus caller refused", {"caller": stranger.name, "user": NOBODY}) in log()
        assert house.presses.empty()
        assert house.devices.empty()
        assert house.changes.empty()


@AS_ROOT
@on_a_loop
async def test_another_unix_user_cannot_vouch_for_itself(bus):
    async with serving(bus) as house:
        stranger = await house.stranger()

        stranger.connection.send(call("GenerateAuthToken", "phone"))
        for serial in range(1, 50):  # the server's question has one of these
            stranger.vouch(serial)

        await house.event("bus caller refused")
        assert house.devices.empty()


@on_a_loop
async def test_nobody_but_the_bus_tells_that_an_agent_has_left(bus):
    async with serving(bus) as house:
        agent, other = await house.agent(), await house.agent()
        await agent.register()

        await other.send(
            "NameOwnerChanged",
            *(agent.name, agent.name, ""),
            path="/org/freedesktop/DBus",
            interface=BUS,
            message_type=MessageType.SIGNAL,
        )

        await agent.press()
        assert house.presses.qsize() == 1


@pytest.mark.clause("OWASP ASVS 5.0 16.5.2")
@on_a_loop
async def test_a_lost_bus_is_joined_again_and_its_agents_are_forgotten(bus, log):
    async with serving(bus) as house:
        agent = await house.agent()
        await agent.register()
        assert await soon(house.changes.get()) is True

        await asyncio.to_thread(bus.stop)
        assert await soon(house.changes.get()) is False
        await asyncio.to_thread(bus.start)

        await soon(house.buttons.ready.wait())
        agent = await house.agent()
        await agent.register()
        await agent.press()
        assert house.presses.qsize() == 1
        assert ("bus connection lost", {"bus": bus.address}) in log()


@on_a_loop
async def test_a_server_that_is_there_before_the_bus_warns_once_and_joins_it_later(bus):
    bus.stop()
    async with serving(bus, is_there=False) as house:
        first, second = (
            await house.event("bus unavailable"),
            await house.event("bus unavailable"),
        )
        assert (first.levelno, second.levelno) == (logging.WARNING, logging.DEBUG)
        assert first.fields["reason"].startswith("ConnectionRefusedError: ")

        await asyncio.to_thread(bus.start)
        await soon(house.buttons.ready.wait())

        await asyncio.to_thread(bus.stop)
        await house.event("bus connection lost")
        assert (await house.event("bus unavailable")).levelno == logging.WARNING


@pytest.mark.parametrize("name", NAMES)
@on_a_loop
async def test_a_name_that_another_program_owns_is_told_and_taken_when_it_is_free(bus, name):
    owner = await MessageBus(bus.address).connect()
    await owner.request_name(name)
    async with serving(bus, is_there=False) as house:
        warning = await house.event("bus unavailable")
        assert warning.fields["reason"] == (
            f"BusUnavailableError: another program owns the bus name {name}"
        )

        await owner.release_name(name)
        await soon(house.buttons.ready.wait())
    await Agent(owner).leave()


@on_a_loop
async def test_a_bus_that_is_lost_while_a_token_is_made_does_no_harm(bus):
    async with serving(bus) as house:
        agent = await house.agent()
        house.works.clear()
        await agent.connection.send(call("GenerateAuthToken", "phone"))
        await soon(house.devices.get())

        await asyncio.to_thread(bus.stop)
        await house.event("bus connection lost")
        await asyncio.to_thread(bus.start)
        await soon(house.buttons.ready.wait())
        house.works.set()
        await house.event("token for bus caller")

        # The new connection may well have the file descriptor of the old one.
        agent = await house.agent()
        assert not error(await agent.register())


@on_a_loop
async def test_a_bus_that_is_lost_just_before_an_answer_does_no_harm(bus):
    async with serving(bus) as house:
        agent = await house.agent()

        async def lose_the_bus(token):
            bus.stop()  # in the loop, so that the server cannot have noticed
            return token

        house.outcome = lose_the_bus
        await agent.connection.send(call("GenerateAuthToken", "phone"))

        await house.event("bus connection lost")
        await asyncio.to_thread(bus.start)
        await soon(house.buttons.ready.wait())
    # dbus-fast 5.2 drops the future of the failed answer, and asyncio complains of that when
    # it is collected: let it be here and not in the middle of another test.
    gc.collect()


@pytest.mark.parametrize("address", ["session", "system"])
@on_a_loop
async def test_the_known_buses_are_found_by_their_variables(bus, monkeypatch, address):
    monkeypatch.setenv(f"DBUS_{address.upper()}_BUS_ADDRESS", bus.address)
    async with serving(bus, address=address) as house:
        agent = await house.agent()
        assert not error(await agent.register())


@on_a_loop
async def test_a_server_that_stops_gives_its_names_and_agents_back(bus):
    house = House(bus, bus.address)
    agent = await house.agent()
    files = open_files()

    async def serve():
        try:
            await house.buttons.run()
        finally:
            assert open_files() == files

    async with asyncio.TaskGroup() as tasks:
        server = tasks.create_task(serve())
        await soon(house.buttons.ready.wait())
        await agent.register()
        server.cancel()

    assert [house.changes.get_nowait() for _ in range(2)] == [True, False]
    assert not house.buttons.ready.is_set()
    assert await agent.connection.request_name(NAMES[0]) is RequestNameReply.PRIMARY_OWNER
    await agent.leave()
