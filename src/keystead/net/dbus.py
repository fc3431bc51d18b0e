"""Push-button pairing on D-Bus: agents that report a press, and tokens for local programs."""

# ruff: noqa: PLC0415 - dbus-fast costs 45 ms and 4 MB; only a server with a bus pays for it

from __future__ import annotations

import asyncio
import importlib
import logging
import os
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dbus_fast import Message
    from dbus_fast.aio import MessageBus

LOG = logging.getLogger("keystead.dbus")

# On the bus and of the interface; old agents know only the second, deprecated (nymea 4.5).
NAMES = ("io.nymea.nymead", "io.guh.nymead")
OBJECTS = ("/io/nymea/nymead/UserManager", "/io/guh/nymead/UserManager")
ARGUMENTS = {"RegisterButtonAgent": "o", "UnregisterButtonAgent": "", "GenerateAuthToken": "s"}
INTERFACE = (
    '<interface name="{}"><method name="UnregisterButtonAgent"/>'
    '<method name="RegisterButtonAgent"><arg name="agentPath" type="o" direction="in"/></method>'
    '<method name="GenerateAuthToken"><arg name="deviceName" type="s" direction="in"/>'
    '<arg name="token" type="ay" direction="out"/></method></interface>'
)

BUS = "org.freedesktop.DBus"  # the daemon itself; nobody else can send under this name
BUS_OBJECT = "/org/freedesktop/DBus"
NO_REPLY_EXPECTED = 0x1  # a flag of a call
SIGNALS = (  # what we listen to: programs that leave the bus, and buttons
    f"type='signal',sender='{BUS}',member='NameOwnerChanged',arg2=''",
    "type='signal',member='PushButtonPressed'",
)

MAX_AGENTS = 32  # registrations; a house has a handful of buttons
MAX_CALLS = 64  # not yet answered; the system bus allows us 128 questions at a time
JOIN_TIMEOUT = timedelta(seconds=10)
FIRST_RETRY = timedelta(seconds=1)
LAST_RETRY = timedelta(seconds=60)


class BusUnavailableError(Exception):
    """The bus, or our name on it, is not to be had; the text is one line for the log."""


@dataclass(frozen=True, eq=False, slots=True)
class ButtonBus:
    """The server's place on D-Bus, kept for as long as `run` runs.

    Args:
        address: "system", "session", or a D-Bus address as "unix:path=...".
        press: called for each press; tells whether a pairing was waiting for it.
        generate: makes a token for the device name; None when it cannot.
        agents_changed: called when the first agent has come or the last has gone.
        first_retry: the pause after an outage; doubles with each failure, up to a minute.
        ready: set while both names are ours.
    Source: nymea 4.5; closes G3: a press counts only from the bus connection that registered,
        and only root and the server's own user may register or be given a token.
    """

    address: str
    press: Callable[[], Awaitable[bool]]
    generate: Callable[[str], Awaitable[str | None]]
    agents_changed: Callable[[bool], None]
    first_retry: timedelta = FIRST_RETRY
    ready: asyncio.Event = field(default_factory=asyncio.Event, init=False)

    async def run(self) -> None:
        """Serve the bus until cancelled; while it cannot be had, warn once and go on trying."""
        await asyncio.to_thread(importlib.import_module, "dbus_fast.aio")
        pause, is_reported = self.first_retry, False
        async with asyncio.TaskGroup() as tasks:
            while True:
                try:
                    await self._attend(tasks)
                    LOG.warning("bus connection lost", extra=_about(bus=self.address))
                    pause, is_reported = self.first_retry, False
                except Exception as cause:  # noqa: BLE001 - dbus-fast's own are of any kind
                    about = _about(bus=self.address, reason=f"{type(cause).__name__}: {cause}")
                    level = logging.DEBUG if is_reported else logging.WARNING
                    LOG.log(level, "bus unavailable", extra=about)
                    is_reported = True
                await asyncio.sleep(pause.total_seconds())
                pause = min(2 * pause, LAST_RETRY)

    async def _attend(self, tasks: asyncio.TaskGroup) -> None:
        """Join the bus, serve it, and return when the connection is lost."""
        from dbus_fast import BusType
        from dbus_fast.aio import MessageBus

        known = {"system": BusType.SYSTEM, "session": BusType.SESSION}.get(self.address)
        bus = MessageBus(bus_type=known) if known else MessageBus(self.address)
        desk = _Desk(bus, self, tasks)
        try:
            async with asyncio.timeout(JOIN_TIMEOUT.total_seconds()):
                await bus.connect()
                await desk.open()
            self.ready.set()
            LOG.info("bus joined", extra=_about(bus=self.address))
            with suppress(Exception):  # whatever ends it: the connection is lost
                # Shielded: our cancellation would cancel dbus-fast's one future for this.
                await asyncio.shield(bus.wait_for_disconnect())  # type: ignore[no-untyped-call]
        finally:
            self.ready.clear()
            desk.set_agents(frozenset())
            if bus.connected:
                bus.disconnect()
                await bus.wait_for_disconnect()  # type: ignore[no-untyped-call]


class _Desk:
    """One connection to the bus: its agents and open calls, which are gone when it is."""

    def __init__(self, bus: MessageBus, buttons: ButtonBus, tasks: asyncio.TaskGroup) -> None:
        self._bus = bus
        self._buttons = buttons
        self._tasks = tasks
        self._trusted = {0, os.geteuid()}
        self._agents: frozenset[tuple[str | None, str]] = frozenset()  # (bus name, object path)
        self._pressing: set[str | None] = set()  # agents whose press is being handled
        self._calls: dict[int, Message] = {}  # by the serial of our question who the caller is

    async def open(self) -> None:
        """Listen for presses and departures, then take both names.

        Raises:
            BusUnavailableError: the bus will not let us listen, or a name is taken.
        """
        from dbus_fast import Message, MessageType, NameFlag, RequestNameReply

        self._bus.add_message_handler(self._on_message)
        for rule in SIGNALS:
            order = Message(BUS, BUS_OBJECT, BUS, "AddMatch", signature="s", body=[rule])
            if (await self._bus.call(order)).message_type is MessageType.ERROR:
                raise BusUnavailableError("the bus does not let us listen to signals")
        for name in NAMES:
            outcome = await self._bus.request_name(name, NameFlag.DO_NOT_QUEUE)
            if outcome is RequestNameReply.EXISTS:
                raise BusUnavailableError(f"another program owns the bus name {name}")

    def _on_message(self, message: Message) -> bool:
        """Take a message; tell whether dbus-fast has nothing left to do about it."""
        from dbus_fast import MessageType

        match message.message_type:
            case MessageType.METHOD_CALL:
                return self._on_call(message)
            case MessageType.SIGNAL:
                return self._on_signal(message)
            case MessageType.METHOD_RETURN | MessageType.ERROR:
                return self._on_answer(message)

    def _on_call(self, call: Message) -> bool:
        from dbus_fast import Message

        if call.interface == f"{BUS}.Peer":
            return False
        if call.member == "Introspect" and call.interface in {None, f"{BUS}.Introspectable"}:
            self._answer(call, "s", introspection(call.path or "/"))
        elif fault := _fault(call):
            self._refuse(call, *fault)
        elif len(self._calls) >= MAX_CALLS:
            self._refuse(call, "LimitsExceeded", "Too many calls are waiting.")
        else:
            # The bus tells a caller's departure after answering this, so an agent that is
            # registered at the answer is never one that has already left.
            question = Message(BUS, BUS_OBJECT, BUS, "GetConnectionUnixUser", signature="s")
            question.body, question.serial = [call.sender], self._bus.next_serial()
            self._calls[question.serial] = call
            self._send(question)
        return True

    def _on_answer(self, answer: Message) -> bool:
        """Learn who made a call, and carry it out or refuse it.

        Source: our choice (G3); the peer, and the bus policy it ships, trust every local user.
        """
        # Another program may guess our serials, so only the bus's own word counts.
        if answer.sender != BUS or (call := self._calls.get(answer.reply_serial)) is None:
            return False
        user = None if answer.error_name else answer.body[0]
        if user in self._trusted and call.member == "GenerateAuthToken":
            self._tasks.create_task(self._generate(call, answer.reply_serial))
            return True
        del self._calls[answer.reply_serial]
        if user not in self._trusted:
            LOG.warning("bus caller refused", extra=_about(caller=call.sender, user=user))
            self._refuse(call, "AccessDenied", "Only root and our own user may do this.")
        elif call.member == "RegisterButtonAgent":
            self._register(call)
        else:
            self._forget(call.sender)
            self._answer(call)
        return True

    def _on_signal(self, signal: Message) -> bool:
        """Note a departure or a press.

        Source: nymea 4.5: a press has any interface; but only the agent itself counts (G3).
        """
        agent = signal.sender
        if agent == BUS and signal.member == "NameOwnerChanged":
            self._forget(signal.body[0])
        elif signal.member == "PushButtonPressed" and not signal.signature:
            if (agent, signal.path) not in self._agents:
                LOG.debug("button press ignored", extra=_about(sender=agent))
            elif agent not in self._pressing:  # contacts bounce
                self._pressing.add(agent)
                self._tasks.create_task(self._press(agent))
        return True

    async def _press(self, agent: str | None) -> None:
        try:
            is_pairing = await self._buttons.press()
            LOG.info("button pressed", extra=_about(agent=agent, pairing=is_pairing))
        except Exception:
            LOG.exception("button press failed", extra=_about(agent=agent))
        finally:
            self._pressing.discard(agent)

    async def _generate(self, call: Message, serial: int) -> None:
        try:
            token = (await self._buttons.generate(call.body[0]) or "").encode("ascii")
        except Exception:
            LOG.exception("token for bus caller failed", extra=_about(caller=call.sender))
            self._refuse(call, "Failed", "Internal error.")
        else:
            LOG.info("token for bus caller", extra=_about(caller=call.sender, made=bool(token)))
            self._answer(call, "ay", token)
        finally:
            del self._calls[serial]

    def _register(self, call: Message) -> None:
        agents = self._agents | {(call.sender, call.body[0])}
        if len(agents) > MAX_AGENTS:
            self._refuse(call, "LimitsExceeded", "Too many button agents are registered.")
            return
        LOG.info("button agent registered", extra=_about(agent=call.sender))
        self.set_agents(agents)
        self._answer(call)

    def _forget(self, name: str | None) -> None:
        agents = frozenset(agent for agent in self._agents if agent[0] != name)
        if agents != self._agents:
            LOG.info("button agent left", extra=_about(agent=name))
            self.set_agents(agents)

    def set_agents(self, agents: frozenset[tuple[str | None, str]]) -> None:
        """Let *agents* be the registered ones, and tell when the first comes or the last goes."""
        had_any, self._agents = bool(self._agents), agents
        if bool(agents) != had_any:
            self._buttons.agents_changed(bool(agents))

    def _answer(self, call: Message, signature: str = "", *body: Any) -> None:
        if not call.flags & NO_REPLY_EXPECTED:
            self._send(call.new_method_return(call, signature, list(body)))

    def _refuse(self, call: Message, error: str, text: str) -> None:
        if not call.flags & NO_REPLY_EXPECTED:
            self._send(call.new_error(call, f"{BUS}.Error.{error}", text))

    def _send(self, message: Message) -> None:
        """Send *message*, or drop it when the connection is lost: `run` sees to that."""
        if self._bus.connected:
            with suppress(OSError):  # dbus-fast 5.2 may watch a socket it has just closed
                self._bus.send(message)


def introspection(path: str) -> str:
    """Describe the object at *path*, or the way from there to our objects, as D-Bus XML.

    Source: nymea 4.5; all three methods are listed, although the peer leaves one out.
    """
    if path in OBJECTS:
        return f"<node>{''.join(INTERFACE.format(name) for name in NAMES)}</node>"
    stem = path.rstrip("/") + "/"
    below = {name[len(stem) :].split("/")[0] for name in OBJECTS if name.startswith(stem)}
    return "<node>" + "".join(f'<node name="{name}"/>' for name in sorted(below)) + "</node>"


def _fault(call: Message) -> tuple[str, str] | None:
    """Tell the D-Bus error that *call* deserves and its text; None when it is well formed."""
    if call.path not in OBJECTS:
        return "UnknownObject", f"There is no object {call.path}."
    if call.interface not in {None, *NAMES} or call.member not in ARGUMENTS:
        return "UnknownMethod", f"There is no method {call.member} of {call.interface}."
    if call.signature != (expected := ARGUMENTS[call.member]):
        return "InvalidArgs", f"{call.member} takes '{expected}', not '{call.signature}'."
    return None


def _about(**fields: object) -> dict[str, object]:
    return {"fields": fields}
