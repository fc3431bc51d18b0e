"""What every store must do, with ``MemoryStore`` as the specification that is executed."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest

from keystead.domain.change import (
    Commit,
    PasswordChanged,
    PasswordRehashed,
    TokenAdded,
    TokenRemoved,
    UserAdded,
    UserChanged,
    UserRemoved,
)
from keystead.domain.model import Principal, Scope, ThingId, Token, TokenId, User, UserId
from keystead.domain.refusal import Reason, RefusedError
from tests.conformance.stores import all_users, listening, record
from tests.doubles import NOON

LAMP, DOOR = ThingId(UUID(int=1)), ThingId(UUID(int=2))
ANN = User(UserId(b"a" * 16), "Ann", Scope.ADMIN, "Ann Archer", "ann@example.org")
BOB = User(UserId(b"b" * 16), "Bob", Scope.CONTROL_THINGS, things=(LAMP, DOOR))
TABLET = Token(TokenId(UUID(int=11)), ANN.id, "Ann's tablet", NOON)
PHONE = Token(TokenId(UUID(int=12)), ANN.id, "Ann's phone", NOON - timedelta(days=1))
BOBS = Token(TokenId(UUID(int=13)), BOB.id, "Bob's phone", NOON)
DIGESTS = {TABLET.id: b"t" * 32, PHONE.id: b"p" * 32, BOBS.id: b"q" * 32}
BOTH = (UserAdded(ANN, "ann's hash"), UserAdded(BOB, None))
TOKENS = tuple(TokenAdded(token, DIGESTS[token.id]) for token in (TABLET, PHONE, BOBS))


def numbered(number, **fields):
    return BOB._replace(id=UserId(number.to_bytes(16, "big")), name=f"user-{number}", **fields)


# --- what is read ---------------------------------------------------------------------------


def test_an_empty_store_finds_nothing(play):
    async def scenario(store):
        reader = store.reader
        return [
            await reader.ever_had_account(),
            await reader.user(ANN.id),
            await reader.user_named(ANN.name),
            await reader.password_hash(ANN.id),
            await reader.token(TABLET.id),
            await reader.principal_by_digest(DIGESTS[TABLET.id]),
            list(await reader.tokens_of(ANN.id)),
            await all_users(reader),
            await reader.has_user_editor_beside(ANN.id),
        ]

    assert play(scenario) == [False, None, None, None, None, None, [], [], False]


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
            await reader.principal(ANN.id, PHONE.id),
            await reader.principal_by_digest(DIGESTS[BOBS.id]),
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
                await tx.principal(ANN.id, TABLET.id),
                await tx.principal_by_digest(DIGESTS[TABLET.id]),
                list(await tx.tokens_of(ANN.id)),
                await all_users(tx),
                await tx.has_user_editor_beside(BOB.id),
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


def test_the_time_a_token_was_made_is_kept_to_the_microsecond(play):
    made = [
        replace(TABLET, created=NOON + timedelta(microseconds=1)),
        replace(PHONE, created=NOON + timedelta(microseconds=999_999)),
    ]

    async def scenario(store):
        await record(store, *BOTH, *(TokenAdded(token, DIGESTS[token.id]) for token in made))
        return list(await store.reader.tokens_of(ANN.id))

    assert play(scenario) == made


def test_a_token_from_before_1970_is_kept(play):
    old = replace(TABLET, created=NOON.replace(year=1950))

    async def scenario(store):
        await record(store, *BOTH, TokenAdded(old, b"t" * 32))
        return await store.reader.token(old.id)

    assert play(scenario) == old


def test_tokens_come_oldest_addition_first(play):
    async def scenario(store):
        await record(store, *BOTH, *TOKENS)
        return list(await store.reader.tokens_of(ANN.id))

    assert play(scenario) == [TABLET, PHONE]


def test_users_come_in_the_order_they_were_added(play):
    users = [numbered(n) for n in (7, 3, 9, 1)]

    async def scenario(store):
        for user in users:
            await record(store, UserAdded(user, None))
        await record(store, UserChanged(users[0]._replace(scopes=Scope.ADMIN)))
        await record(store, UserRemoved(users[1]))
        await record(store, UserAdded(users[1], None))
        return [user.id for user in await all_users(store.reader)]

    assert play(scenario) == [users[n].id for n in (0, 2, 3, 1)]


@pytest.mark.parametrize("count", [255, 256, 257, 600])
def test_all_users_come_however_many_there_are(play, count):
    users = [numbered(n + 1) for n in range(count)]

    async def scenario(store):
        await record(store, *(UserAdded(user, None) for user in users))
        return [list(portion) async for portion in store.reader.users()]

    portions = play(scenario)
    assert [user for portion in portions for user in portion] == users
    assert all(portions)


def test_users_may_be_removed_while_they_are_listed(play):
    users = [numbered(n + 1) for n in range(600)]

    async def scenario(store):
        await record(store, *(UserAdded(user, None) for user in users))
        found = []
        async for portion in store.reader.users():
            found.extend(portion)
            if len(found) < len(users):
                await record(store, UserRemoved(portion[-1]))
        return found

    assert play(scenario) == users


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
            await reader.principal(ANN.id, PHONE.id),
            await reader.principal_by_digest(DIGESTS[PHONE.id]),
            list(await reader.tokens_of(ANN.id)),
            list(await reader.tokens_of(BOB.id)),
            await all_users(reader),
        ]

    assert play(scenario) == [None, None, None, None, None, None, [], [BOBS], [BOB]]


def test_a_removed_token_opens_nothing_and_leaves_the_others(play):
    async def scenario(store):
        await record(store, *BOTH, *TOKENS)
        await record(store, TokenRemoved(ANN.id, TABLET.id))
        reader = store.reader
        return [
            await reader.token(TABLET.id),
            await reader.principal_by_digest(DIGESTS[TABLET.id]),
            list(await reader.tokens_of(ANN.id)),
        ]

    assert play(scenario) == [None, None, [PHONE]]


def test_a_token_opens_its_own_user_as_of_now(play):
    changed = ANN._replace(scopes=Scope.NONE)

    async def scenario(store):
        await record(store, *BOTH, *TOKENS, UserChanged(changed))
        reader = store.reader
        return [
            await reader.principal(ANN.id, TABLET.id),
            await reader.principal(BOB.id, TABLET.id),
            await reader.principal(ANN.id, TokenId(UUID(int=99))),
            await reader.principal(UserId(b"nobody" * 2), TABLET.id),
            await reader.principal_by_digest(DIGESTS[TABLET.id]),
            await reader.principal_by_digest(b"x" * 32),
        ]

    tablet = Principal(changed, TABLET.id)
    assert play(scenario) == [tablet, None, None, None, tablet, None]


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


# --- has_user_editor_beside -----------------------------------------------------------------

EDITOR = numbered(5, scopes=Scope.USER_EDIT)
EDITORS_TOKEN = TokenAdded(replace(BOBS, user_id=EDITOR.id), b"e" * 32)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ([], False),
        ([UserAdded(EDITOR, "hash")], True),
        ([UserAdded(EDITOR, "hash"), EDITORS_TOKEN], True),
        ([UserAdded(EDITOR, None)], False),
        ([UserAdded(EDITOR, None), EDITORS_TOKEN], True),
        ([UserAdded(EDITOR, None), PasswordChanged(EDITOR.id, "hash")], True),
        (
            [
                UserAdded(EDITOR, None),
                EDITORS_TOKEN,
                TokenRemoved(EDITOR.id, EDITORS_TOKEN.token.id),
            ],
            False,
        ),
        ([UserAdded(EDITOR, "hash"), UserRemoved(EDITOR)], False),
        ([UserAdded(EDITOR._replace(scopes=Scope.ADMIN), "hash")], True),
        ([UserAdded(EDITOR._replace(scopes=Scope.ADMIN & ~Scope.USER_EDIT), "hash")], False),
        (
            [
                UserAdded(EDITOR, "hash"),
                UserChanged(EDITOR._replace(scopes=Scope.ACCESS_ALL_THINGS)),
            ],
            False,
        ),
        (
            [
                UserAdded(EDITOR._replace(scopes=Scope.NONE), "hash"),
                UserChanged(EDITOR),
            ],
            True,
        ),
        ([UserAdded(EDITOR, None), UserAdded(numbered(6, scopes=Scope.ADMIN), "hash")], True),
    ],
)
def test_another_user_editor_counts_when_it_can_get_in(play, changes, expected):
    async def scenario(store):
        await record(store, UserAdded(ANN, "ann's hash"), *TOKENS[:2], *changes)

        async def operation(tx):
            return await tx.has_user_editor_beside(ANN.id)

        return await store.reader.has_user_editor_beside(ANN.id), await store.write(operation)

    assert play(scenario) == (expected, expected)


# --- all or nothing -------------------------------------------------------------------------


@pytest.mark.parametrize("error", [RefusedError(Reason.FORBIDDEN), ZeroDivisionError("bug")])
def test_an_operation_that_raises_leaves_nothing_and_its_error_passes_through(play, error):
    async def scenario(store):
        heard = listening(store)

        async def operation(tx):
            for change in (*BOTH, *TOKENS):
                await tx.record(change)
            raise error

        with pytest.raises(type(error)) as raised:
            await store.write(operation)
        nothing = [
            await store.reader.ever_had_account(),
            await all_users(store.reader),
            await store.reader.token(TABLET.id),
            heard[:],
        ]
        await record(store, *BOTH)
        return raised.value, nothing, [commit.revision for commit in heard]

    raised, nothing, revisions = play(scenario)
    assert raised is error
    assert nothing == [False, [], None, []]
    assert revisions == [1]


def test_an_operation_that_raises_undoes_changes_and_removals(play):
    async def scenario(store):
        await record(store, *BOTH, *TOKENS)

        async def operation(tx):
            await tx.record(UserRemoved(ANN))
            await tx.record(PasswordChanged(BOB.id, "new"))
            await tx.record(TokenRemoved(BOB.id, BOBS.id))
            raise RefusedError(Reason.BUSY)

        with pytest.raises(RefusedError):
            await store.write(operation)
        reader = store.reader
        return [
            await all_users(reader),
            await reader.password_hash(BOB.id),
            await reader.token(BOBS.id),
            list(await reader.tokens_of(ANN.id)),
        ]

    assert play(scenario) == [[ANN, BOB], None, BOBS, [TABLET, PHONE]]


def test_overlapping_writes_lose_nothing(play):
    async def scenario(store):
        await record(store, *BOTH)

        async def count_one(tx):
            bob = await tx.user(BOB.id)
            await tx.record(UserChanged(bob._replace(email=f"{int(bob.email or 0) + 1}")))

        await asyncio.gather(*(store.write(count_one) for _ in range(300)))
        return (await store.reader.user(BOB.id)).email

    assert play(scenario) == "300"


def test_of_overlapping_writers_of_one_name_all_but_one_find_it_taken(play):
    async def scenario(store):
        async def add(number):
            async def operation(tx):
                if await tx.user_named(["bob", "BOB", "\uff22ob"][number % 3]):
                    raise RefusedError(Reason.NAME_TAKEN)
                await tx.record(UserAdded(numbered(number + 1)._replace(name="Bob"), None))

            await store.write(operation)

        done = await asyncio.gather(*(add(n) for n in range(50)), return_exceptions=True)
        users = await all_users(store.reader)
        return [result for result in done if result is not None], len(users)

    refused, users = play(scenario)
    assert [error.reason for error in refused] == [Reason.NAME_TAKEN] * 49
    assert users == 1


def test_a_writer_that_is_cancelled_leaves_everything_or_nothing_of_its_write(play):
    async def scenario(store):
        heard = listening(store)
        async with asyncio.TaskGroup() as tasks:
            first = tasks.create_task(record(store, BOTH[0], TOKENS[0]))
            second = tasks.create_task(record(store, BOTH[1]))
            await asyncio.sleep(0)
            first.cancel()
            await second
        await record(store, UserAdded(numbered(1), None))
        reader = store.reader
        ann, tablet = await reader.user(ANN.id), await reader.token(TABLET.id)
        changes = [change for commit in heard for change in commit.changes]
        return ann, tablet, changes, [commit.revision for commit in heard]

    ann, tablet, changes, revisions = play(scenario)
    assert (ann, tablet) in [(None, None), (ANN, TABLET)]
    assert ([*changes[:2]] == [BOTH[0], TOKENS[0]]) == (ann is not None)
    assert BOTH[1] in changes
    assert revisions == list(range(1, len(revisions) + 1))


def test_a_bulk_write_is_a_write_like_any_other(play):
    users = [numbered(n) for n in range(1, 301)]

    async def scenario(store):
        heard = listening(store)

        async def add_all(tx):
            for user in users:
                await tx.record(UserAdded(user, None))
            return len(await all_users(tx))

        async def fail(tx):
            await tx.record(UserRemoved(users[0]))
            raise RefusedError(Reason.FORBIDDEN)

        done = await asyncio.gather(
            record(store, BOTH[0]),
            store.write(add_all, bulk=True),
            store.write(fail, bulk=True),
            record(store, BOTH[1]),
            return_exceptions=True,
        )
        return done, await all_users(store.reader), [commit.revision for commit in heard]

    done, found, revisions = play(scenario)
    assert [str(result) for result in done] == [
        *("None", "301", Reason.FORBIDDEN.value, "None")
    ]
    assert found == [ANN, *users, BOB]
    assert revisions == [1, 2, 3]


# --- what is heard --------------------------------------------------------------------------


def test_every_listener_hears_every_commit(play):
    async def scenario(store):
        heard = listening(store)
        await record(store, *BOTH)
        also_heard = listening(store)
        await record(store, TOKENS[0], TokenRemoved(ANN.id, TABLET.id))
        return heard, also_heard

    first = Commit(1, list(BOTH))
    second = Commit(2, [TOKENS[0], TokenRemoved(ANN.id, TABLET.id)])
    assert play(scenario) == ([first, second], [second])


def test_who_only_reads_makes_no_commit(play):
    async def scenario(store):
        heard = listening(store)

        async def operation(tx):
            return await tx.user(ANN.id)

        await store.write(operation)
        await record(store, *BOTH)
        found = await store.write(operation)
        await record(store, *TOKENS)
        return found, [commit.revision for commit in heard]

    assert play(scenario) == (ANN, [1, 2])


def test_commits_are_heard_in_the_order_of_their_revisions_and_before_write_returns(play):
    async def scenario(store):
        heard = listening(store)

        async def add(number):
            async def operation(tx):
                await tx.record(UserAdded(numbered(number), None))
                if number % 7 == 0:
                    raise RefusedError(Reason.FORBIDDEN)

            if number % 7 == 0:
                with pytest.raises(RefusedError):
                    await store.write(operation)
                return True
            await store.write(operation)
            return UserAdded(numbered(number), None) in [c.changes[0] for c in heard]

        return await asyncio.gather(*(add(n) for n in range(1, 400))), heard

    in_time, heard = play(scenario)
    assert all(in_time)
    assert [commit.revision for commit in heard] == list(range(1, 399 - 399 // 7 + 1))


def test_a_listener_finds_what_it_hears_of(play):
    async def scenario(store):
        found = []

        def listen(commit):
            reading = store.reader.user(commit.changes[0].user.id)
            with pytest.raises(StopIteration) as stop:
                reading.send(None)
            found.append(stop.value.value)

        store.listen(listen)
        await record(store, BOTH[0])
        await record(store, BOTH[1])
        return found

    assert play(scenario) == [ANN, BOB]
