"""All that another directory needs to take this one over."""

from collections.abc import Sequence
from dataclasses import dataclass

from keystead.domain.directory import Directory
from keystead.domain.events import Action, Entry
from keystead.domain.imports import ImportedGroup, ImportedToken, ImportedUser
from keystead.domain.model import ANONYMOUS_ID, OWNER, TokenKind
from keystead.domain.ports import Transaction

FORMAT = 2  # of the file; a reader refuses one that it does not know
KNOWN_FORMATS = frozenset({1, 2})  # the first knew no validity, expiry or limits


@dataclass(frozen=True, slots=True)
class Export:
    """A whole directory, without sessions of web pages: those sign in anew.

    Attributes:
        groups: that of everybody only if it gives anything.
    """

    format: int
    groups: Sequence[ImportedGroup]
    users: Sequence[ImportedUser]
    tokens: Sequence[ImportedToken]


async def export(directory: Directory) -> Export:
    """Give the directory as of one moment.

    Raises:
        RefusedError: STORAGE_FAILED.
    """

    async def read(tx: Transaction) -> Export:
        groups = [
            ImportedGroup(group.name, int(group.rights), items)
            async for portion in tx.group_entries()
            for group, items in portion
            if group.id != ANONYMOUS_ID or group.rights or items
        ]
        users: list[ImportedUser] = []
        tokens: list[ImportedToken] = []
        async for accounts in tx.accounts():
            for account in accounts:
                user = account.user
                users.append(
                    ImportedUser(
                        user.name,
                        int(user.scopes),
                        user.display_name,
                        user.email,
                        user.things,
                        tuple(group.name for group in account.groups),
                        account.items,
                        await tx.password_hash(user.id),
                        *user.validity,
                    )
                )
                tokens += [
                    ImportedToken(
                        token.id,
                        user.name,
                        token.device_name,
                        token.created,
                        digest,
                        token.expires,
                        None if token.limits.scopes is None else int(token.limits.scopes),
                        token.limits.things,
                        token.limits.items,
                    )
                    for token, digest in await tx.tokens_with_digests(user.id)
                    if token.kind is TokenKind.DEVICE
                ]
        counts = (("users", len(users)), ("tokens", len(tokens)), ("groups", len(groups)))
        detail = tuple((what, str(count)) for what, count in counts)
        await tx.note(Entry(tx.author, Action.EXPORT, detail=detail))
        return Export(FORMAT, groups, users, tokens)

    return await directory.write(OWNER, read, bulk=True)
