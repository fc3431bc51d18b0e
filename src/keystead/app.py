"""Builds everything from the settings: the directory, its faces, and the server."""

import asyncio
import gc
import logging
import resource
import secrets
import signal
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from uuid import UUID

import msgspec
import uvloop

from keystead import __version__, data, screen, web
from keystead.audit.retention import Retention
from keystead.control.catalogue import Desk
from keystead.control.session import Face as ControlFace
from keystead.domain.change import Commit, concerned
from keystead.domain.directory import Directory, SessionLifetime
from keystead.domain.events import Action, Origin
from keystead.domain.journal import Journal
from keystead.domain.model import ANONYMOUS_ID, UserId
from keystead.domain.passwords import PasswordPolicy, PasswordProfile
from keystead.domain.ports import Randomness
from keystead.domain.refusal import RefusedError
from keystead.domain.rights import Rights
from keystead.domain.setup_code import SetupCode
from keystead.domain.throttle import LOCAL, Throttle
from keystead.hashing import Argon2Hasher
from keystead.net.conversation import Conversations
from keystead.net.dbus import ButtonBus
from keystead.net.encryption import Encryption
from keystead.net.limits import Limits, limits_from
from keystead.net.listeners import ListenError, open_control_socket, open_listener
from keystead.net.listening import Listening
from keystead.net.tls import own_addresses
from keystead.nymea.face import Face as NymeaFace
from keystead.nymea.face import Identity
from keystead.rpc.bus import NO_RIGHTS, Bus
from keystead.rpc.session import WebSocketFace
from keystead.settings import Settings
from keystead.store import audit_key
from keystead.store.folder import Folder
from keystead.store.sqlite import SqliteStore, driven
from keystead.store.sqlite_file import explained
from keystead.tani.face import Face as TaniFace
from keystead.upkeep import keep_journal, keep_trail, write_journal

LOG = logging.getLogger("keystead")

RECURSION_LIMIT = 1200  # so that JSON may be nested 1,024 levels deep; nymea 1.1
SWITCH_INTERVAL = 0.001  # seconds that a thread may keep the event loop from going on
COLLECT_EVERY = 5_000  # new objects; requests leave next to no cycles, and looking costs 5 %
PATIENCE = 4.0  # seconds that replies under way have when the server stops
SETUP_CODE_LIFETIME = timedelta(days=1)  # our choice; EN 18031 and ASVS 6.4.1 want it short


def now() -> datetime:
    """Give the present time; the one clock of the program."""
    return datetime.now(UTC)  # noqa: TID251 - this is the Clock


@dataclass(frozen=True, slots=True)
class _Faces:
    """The protocols of this server."""

    nymea: NymeaFace
    tani: TaniFace


@dataclass(frozen=True, slots=True)
class DataFolder:
    """A data folder that is this process's own for now."""

    paths: Folder
    uuid: UUID


@contextmanager
def data_folder(settings: Settings) -> Iterator[DataFolder]:
    """Keep all others out of the data folder, and see to it that its database can be used.

    Raises:
        StoreError: the folder is in use, or its database cannot be used.
    """
    paths = Folder(Path(settings.data))
    with paths.locked():
        yield DataFolder(paths, paths.prepare())


@contextmanager
def directory_in(folder: DataFolder, settings: Settings) -> Iterator[Directory]:
    """Open the directory of a data folder.

    Raises:
        StoreError: what everybody needs of the database cannot be read.
    """
    database = folder.paths.database
    store = SqliteStore(database, now)
    hasher = Argon2Hasher(
        settings.argon2_memory_kib, settings.argon2_time, settings.argon2_parallelism
    )
    profile = PasswordProfile(settings.password_profile)
    try:
        with explained(database):
            throttle = Throttle(attempts=driven(store.reader.attempts()))
            driven(store.reader.group(ANONYMOUS_ID))
        yield Directory(
            store=store,
            hasher=hasher,
            clock=now,
            randomness=secrets.token_bytes,
            passwords=PasswordPolicy(profile, data.is_common_password),
            throttle=throttle,
            journal=Journal(store, throttle.changed),
            self_service=settings.self_service,
            session_lifetime=SessionLifetime(
                timedelta(hours=settings.session_idle_hours),
                timedelta(days=settings.session_most_days),
            ),
            device_lifetime=timedelta(days=settings.token_days)
            if settings.token_days
            else None,
            setup_code=SetupCode() if settings.setup_code else None,
        )
    finally:
        hasher.close()
        store.close()


def desk(directory: Directory, press: Callable[[], Awaitable[None]] | None = None) -> Desk:
    """Give what the owner's commands work on."""
    return Desk(directory.at(Origin("control", LOCAL)), rights_in(directory), press)


def rights_in(directory: Directory) -> Rights:
    """Give answers about items that are never out of date."""
    rights = Rights(directory.store.reader, _pause, directory.clock)
    directory.store.listen(rights.hear)
    return rights


async def _pause() -> None:
    await asyncio.sleep(0)


def serve(settings: Settings) -> None:
    """Run the server until it is told to stop.

    Raises:
        StoreError: the data folder cannot be used.
        CertificateError: the certificates cannot be used.
        ListenError: an address cannot be used.
    """
    _leave_no_core()
    limits = limits_from(settings, _most_files())
    sys.setrecursionlimit(RECURSION_LIMIT)
    sys.setswitchinterval(SWITCH_INTERVAL)
    with data_folder(settings) as folder:
        encryption = _encryption(settings, folder.paths)
        with directory_in(folder, settings) as directory:
            try:
                uvloop.run(_run(settings, folder, directory, encryption, limits))
            finally:
                folder.paths.addresses.unlink(missing_ok=True)
                folder.paths.control_socket.unlink(missing_ok=True)
    LOG.info("stopped")


async def _run(
    settings: Settings,
    folder: DataFolder,
    directory: Directory,
    encryption: Encryption | None,
    limits: Limits,
) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    reload = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, reload.set)
    faces = await _faces(settings, folder.uuid, directory, encryption)
    failure = None
    async with asyncio.TaskGroup() as tasks:
        everyone = Conversations(tasks, limits)
        try:
            servers, urls = await _listen(settings, folder.paths, everyone, faces, encryption)
            gc.set_threshold(COLLECT_EVERY)
            gc.freeze()  # what is here by now stays, so that no collection need look at it
            if encryption:
                everyone.start(encryption.keep_fresh(reload))
            if directory.setup_code:
                bus = faces.nymea.bus
                offer = offer_setup_code(
                    directory.setup_code,
                    directory.randomness,
                    urls,
                    lambda: bus.ever_had_account,
                )
                everyone.start(offer)
            if settings.buttons != "off":
                everyone.start(_button_bus(settings.buttons, faces.nymea).run())
            directory.note(None, Action.START, version=__version__)
            everyone.start(keep_journal(directory))
            key = partial(audit_key.private_key, folder.paths.path)
            everyone.start(keep_trail(directory, _retention(settings), key))
            await stop.wait()
            LOG.info("stopping", extra={"fields": {"connections": len(everyone.open)}})
            for server in servers:
                server.close()
        except ListenError as error:
            failure = error  # raised below: the group would wrap it
        finally:
            await everyone.close_all(PATIENCE)
            if not failure:
                directory.note(None, Action.STOP)
            await write_journal(directory, last=True)
    if failure:
        raise failure


def _retention(settings: Settings) -> Retention:
    age = timedelta(days=settings.audit_days) if settings.audit_days else None
    return Retention(settings.audit_events, settings.audit_mib * 1024 * 1024, age)


async def offer_setup_code(
    code: SetupCode,
    randomness: Randomness,
    urls: list[str],
    is_set_up: Callable[[], bool],
    every: timedelta = SETUP_CODE_LIFETIME,
) -> None:
    """Print a one-time code, and after a time another in its place, until there is an account.

    It goes to standard output alone: no log and no file has it.
    """
    address = screen.page_address(urls, await asyncio.to_thread(own_addresses))
    while not is_set_up():
        text = screen.setup_text(
            code.renew(randomness), address, sys.stdout.encoding or "ascii"
        )
        try:
            print(text, end="", flush=True)  # noqa: T201
        except OSError as error:  # the owner's commands and the button still let somebody in
            LOG.warning("set-up code not shown", extra={"fields": {"reason": error.strerror}})
        await asyncio.sleep(every.total_seconds())


async def _faces(
    settings: Settings, uuid: UUID, directory: Directory, encryption: Encryption | None
) -> _Faces:
    """Build the protocols of this server around one bus."""
    store = directory.store
    bus = Bus(
        store.reader,
        directory.clock,
        ever_had_account=await store.reader.ever_had_account(),
        anonymous=await store.reader.group(ANONYMOUS_ID) or NO_RIGHTS,
    )
    store.listen(bus.publish)
    if LOG.isEnabledFor(logging.DEBUG):
        store.listen(_log)

    def fingerprint() -> str | None:
        return encryption.fingerprint if encryption else None

    def name_of(user_id: UserId) -> str | None:
        user = driven(store.reader.user(user_id))
        return user.name if user else None

    plain = tuple(
        one.url(one.port)
        for one in settings.listeners
        if not one.is_encrypted and not one.is_loopback
    )
    key = partial(audit_key.public_key, Path(settings.data))
    identity = Identity(settings.name, uuid, __version__, fingerprint, plain, key)
    return _Faces(
        NymeaFace(
            directory,
            bus,
            identity,
            rights_in(directory),
            name_of=name_of,
            pause=_pause,
            monotonic=time.monotonic,
        ),
        TaniFace(directory, bus, monotonic=time.monotonic),
    )


def _log(commit: Commit) -> None:
    """Log what was changed, by the ids that say nothing to strangers."""
    for change in commit.changes:
        fields = {"revision": commit.revision, "about": concerned(change).hex()}
        LOG.debug(type(change).__name__, extra={"fields": fields})


async def _listen(
    settings: Settings,
    paths: Folder,
    everyone: Conversations,
    faces: _Faces,
    encryption: Encryption | None,
) -> tuple[list[Listening], list[str]]:
    """Open every address, then say so: in the log, and in a file for programs.

    Returns:
        What listens, and the URLs that others may use.

    Raises:
        ListenError: an address cannot be used.
    """
    owners_desk = desk(faces.nymea.directory, faces.nymea.press)
    by_path: dict[str, WebSocketFace] = {"/": faces.nymea, "/tani": faces.tani}
    page = await asyncio.to_thread(web.resources)
    servers: list[Listening] = []
    urls = []
    for listener in settings.listeners:
        tls = encryption if listener.is_encrypted else None
        server, url = await open_listener(listener, everyone, by_path, tls, page)
        servers.append(server)
        urls.append(url)
    for listener, url in zip(settings.listeners, urls, strict=True):
        if not listener.is_encrypted and not listener.is_loopback:
            LOG.warning("listening without encryption", extra={"fields": {"address": url}})
    with paths.control_address() as address:
        servers.append(await open_control_socket(address, everyone, ControlFace(owners_desk)))
    paths.tell_addresses(msgspec.json.encode(urls).decode())
    LOG.info("listening", extra={"fields": {"addresses": urls, "version": __version__}})
    print(*(f"Listening at {url}" for url in urls), sep="\n")  # noqa: T201
    if encryption:
        print(f"Certificate SHA-256 fingerprint: {encryption.fingerprint}")  # noqa: T201
    sys.stdout.flush()
    return servers, urls


def _button_bus(address: str, face: NymeaFace) -> ButtonBus:
    async def press() -> bool:
        try:
            await face.press()
        except RefusedError:
            return False
        return True

    async def generate(device_name: str) -> str | None:
        try:
            return await face.generate_token(device_name)
        except RefusedError:
            return None

    def agents_changed(has_agents: bool) -> None:  # noqa: FBT001 - ButtonBus calls it so
        face.has_buttons = has_agents

    return ButtonBus(address, press, generate, agents_changed)


def _encryption(settings: Settings, paths: Folder) -> Encryption | None:
    """Give what TLS listeners serve with, if there are any."""
    if not any(listener.is_encrypted for listener in settings.listeners):
        return None
    certificate = Path(settings.certificate) if settings.certificate else None
    key = Path(settings.key) if settings.key else None
    return Encryption(paths.certificates, now, certificate, key)


def _leave_no_core() -> None:
    """Have a crash leave nothing behind: the memory of the server holds passwords and keys."""
    _, most = resource.getrlimit(resource.RLIMIT_CORE)
    # One byte, not none: at none Linux would still give it to a program that takes cores.
    least = min(1, most) if most != resource.RLIM_INFINITY else 1
    resource.setrlimit(resource.RLIMIT_CORE, (least, least))


def _most_files() -> int:
    """Let this process open as many files as the system allows; give their number."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    return most
