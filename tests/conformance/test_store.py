"""What every store must do, with ``MemoryStore`` as the specification that is executed: users."""

import asyncio

import pytest

from keystead.domain.change import (
    PasswordChanged,
    PasswordRehashed,
    UserAdded,
    UserChanged,
    UserRemoved,
)
from keystead.domain.model import Principal, Scope, TokenKind, UserId
from tests.conformance.samples import (
    ANN,
    BOB,
    BOBS,
    BOTH,
    DIGESTS,
    DOOR,
    LAMP,
    PHONE,
    TABLET,
    TOKENS,
    numbered,
)
from tests.conformance.stores import all_accounts, all_users, record
from tests.doubles import NOON

# --- what is read ---------------------------------------------------------------------------


def test_credentials_are_the_user_of_a_name_with_their_hash(play):
    async def scenario(store):
        await record(store, *BOTH)
        reader = store.reader
        hashes = [await reader.password_hash(user.id) for user in (ANN, BOB)]
        names = (ANN.name.upper(), BOB.name, "nobody", "half \ud800")
        return hashes, [await reader.credentials(name) for name in names]

    (of_ann, of_bob), found = play(scenario)
    assert of_ann
    assert found == [(ANN, of_ann), (BOB, of_bob), None, None]


def test_an_empty_store_finds_nothing(play):
    async def scenario(store):
        reader = store.reader
        return [
            await reader.ever_had_account(),
            await reader.user(ANN.id),
            await reader.user_named(ANN.name),
            await reader.password_hash(ANN.id),
            await reader.token(TABLET.id),
            await reader.principal_by_digest(DIGESTS[TABLET.id], TokenKind.DEVICE, NOON),
            list(await reader.tokens_of(ANN.id)),
            await all_users(reader),
            await all_accounts(reader),
            await reader.count_users(),
            await reader.has_user_editor(NOON),
        ]

    assert play(scenario) == [False, None, None, None, None, None, [], [], [], 0, False]


def test_what_was_written_is_found_again(play):
    async def scenario(store):
        await record(store, *BOTH, *TOKENS)
        reader = store.reader
        return [
            await reader.ever_had_account(),
            await reader.user(BOB.id),
            await reader.user_named(ANN.name),
            await reader.password_hash(ANN.id),
            await reader.password_hash(BOB.id),
            await reader.token(TABLET.id),
            await reader.principal(ANN.id, PHONE.id, NOON),
            await reader.principal_by_digest(DIGESTS[BOBS.id], TokenKind.DEVICE, NOON),
            list(await reader.tokens_of(BOB.id)),
            await all_users(reader),
        ]

    assert play(scenario) == [
        *(True, BOB, ANN, "ann's hash", None, TABLET, Principal(ANN, PHONE.id)),
        *(Principal(BOB, BOBS.id), [BOBS], [ANN, BOB]),
    ]


def test_the_reader_of_a_store_follows_what_is_written_later(play):
    async def scenario(store):
        reader = store.reader
        await record(store, *BOTH)
        return await reader.user(ANN.id)

    assert play(scenario) == ANN


def test_a_transaction_reads_what_it_recorded_itself(play):
    async def scenario(store):
        await record(store, UserAdded(BOB, None))

        async def operation(tx):
            await tx.record(UserAdded(ANN, "ann's hash"))
            await tx.record(TOKENS[0])
            await tx.record(UserChanged(BOB._replace(email="bob@example.org")))
            return [
                await tx.ever_had_account(),
                await tx.user(ANN.id),
                await tx.user_named("ann"),
                await tx.password_hash(ANN.id),
                await tx.token(TABLET.id),
                await tx.principal(ANN.id, TABLET.id, NOON),
                await tx.principal_by_digest(DIGESTS[TABLET.id], TokenKind.DEVICE, NOON),
                list(await tx.tokens_of(ANN.id)),
                await all_users(tx),
                await tx.has_user_editor(NOON),
            ]

        return await store.write(operation)

    bob, tablet = BOB._replace(email="bob@example.org"), Principal(ANN, TABLET.id)
    assert play(scenario) == [
        *(True, ANN, ANN, "ann's hash", TABLET, tablet, tablet, [TABLET], [bob, ANN], True)
    ]


def test_a_reader_sees_all_of_a_write_or_nothing_of_it(play):
    async def scenario(store):
        async def add_two(number):
            await record(
                store,
                UserAdded(numbered(number), None),
                UserAdded(numbered(number + 100), None),
            )

        async with asyncio.TaskGroup() as tasks:
            writers = [tasks.create_task(add_two(n + 1)) for n in range(100)]
            seen = []
            while not all(writer.done() for writer in writers):
                seen.append(len(await all_users(store.reader)))
                await asyncio.sleep(0)
        return [*seen, len(await all_users(store.reader))]

    *seen, last = play(scenario)
    assert [count % 2 for count in seen] == [0] * len(seen)
    assert seen == sorted(seen)
    assert last == 200


@pytest.mark.parametrize("name", ["Ann", "ann", "ANN", "\uff21nn"])
def test_a_user_is_found_by_any_name_that_is_the_same(play, name):
    async def scenario(store):
        await record(store, *BOTH)
        return await store.reader.user_named(name)

    assert play(scenario) == ANN


@pytest.mark.parametrize("name", ["", "Anna", "An", "a\0nn", "Ann\0"])
def test_a_name_that_nobody_has_finds_nobody(play, name):
    async def scenario(store):
        await record(store, *BOTH)
        return await store.reader.user_named(name)

    assert play(scenario) is None


def test_a_name_with_a_lone_surrogate_finds_nobody(play):
    async def scenario(store):
        await record(store, *BOTH)
        return await store.reader.user_named("Ann\ud800")

    assert play(scenario) is None


def test_the_nameless_account_is_found_by_no_name(play):
    async def scenario(store):
        await record(store, UserAdded(ANN._replace(name=""), None))
        return await store.reader.user_named("")

    assert play(scenario) == ANN._replace(name="")


def test_every_field_of_a_user_is_kept(play):
    users = [
        numbered(1, display_name="Zoë \U0001f600", email="z@example.org", things=(DOOR, LAMP)),
        numbered(2, scopes=Scope.NONE, things=()),
        numbered(3, scopes=Scope.ADMIN & ~Scope.DIAG),
        numbered(4, scopes=Scope(0x8000)),
    ]

    async def scenario(store):
        await record(store, *(UserAdded(user, None) for user in users))
        return await all_users(store.reader)

    found = play(scenario)
    assert found == users
    assert [type(user.scopes) for user in found] == [Scope] * 4


# --- what is written ------------------------------------------------------------------------


def test_write_gives_back_the_result_of_the_operation(play):
    async def scenario(store):
        async def operation(tx):
            await tx.record(BOTH[0])
            return "done", await tx.user(ANN.id)

        return await store.write(operation)

    assert play(scenario) == ("done", ANN)


def test_a_changed_user_keeps_password_and_tokens(play):
    changed = ANN._replace(scopes=Scope.NONE, email="", display_name="A.", things=(LAMP,))

    async def scenario(store):
        await record(store, *BOTH, *TOKENS)
        await record(store, UserChanged(changed))
        reader = store.reader
        return [
            await reader.user(ANN.id),
            await reader.password_hash(ANN.id),
            list(await reader.tokens_of(ANN.id)),
        ]

    assert play(scenario) == [changed, "ann's hash", [TABLET, PHONE]]


@pytest.mark.parametrize("kind", [PasswordChanged, PasswordRehashed])
def test_another_password_is_kept_and_leaves_the_tokens(play, kind):
    async def scenario(store):
        await record(store, *BOTH, *TOKENS)
        await record(store, kind(ANN.id, "new"), kind(BOB.id, "first"))
        reader = store.reader
        return [
            await reader.password_hash(ANN.id),
            await reader.password_hash(BOB.id),
            list(await reader.tokens_of(ANN.id)),
        ]

    assert play(scenario) == ["new", "first", [TABLET, PHONE]]


@pytest.mark.clause("IEC 62443-4-2 CR 1.3")
def test_a_removed_user_takes_password_and_tokens_along(play):
    async def scenario(store):
        await record(store, *BOTH, *TOKENS)
        await record(store, UserRemoved(ANN))
        reader = store.reader
        return [
            await reader.user(ANN.id),
            await reader.user_named(ANN.name),
            await reader.password_hash(ANN.id),
            await reader.token(TABLET.id),
            await reader.principal(ANN.id, PHONE.id, NOON),
            await reader.principal_by_digest(DIGESTS[PHONE.id], TokenKind.DEVICE, NOON),
            list(await reader.tokens_of(ANN.id)),
            list(await reader.tokens_of(BOB.id)),
            await all_users(reader),
        ]

    assert play(scenario) == [None, None, None, None, None, None, [], [BOBS], [BOB]]


def test_a_name_is_free_again_after_a_removal(play):
    again = ANN._replace(id=UserId(b"c" * 16), name="ANN")

    async def scenario(store):
        await record(store, *BOTH)
        await record(store, UserRemoved(ANN), UserAdded(again, None))
        return await store.reader.user_named("ann"), await store.reader.user(ANN.id)

    assert play(scenario) == (again, None)


def test_the_store_remembers_that_there_was_an_account(play):
    async def scenario(store):
        await record(store, UserAdded(ANN, None))
        await record(store, UserRemoved(ANN))
        return await all_users(store.reader), await store.reader.ever_had_account()

    assert play(scenario) == ([], True)
