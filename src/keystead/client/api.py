"""The methods of the server, by namespace.

Generated from the definitions of the methods; `make fix` writes it anew.
"""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from keystead.client.shape import Call, Shape
from keystead.client.types import (
    AccessAccount,
    AccessAuditFormat,
    AccessError,
    AccessGroup,
    AccessLock,
    AccessRight,
    AccessSession,
    AccessToken,
    AuditCheck,
    AuditReturns,
    AuthenticateReturns,
    Explanation,
    HelloReturns,
    IntrospectReturns,
    ItemRule,
    KeepAliveReturns,
    NewToken,
    NotificationStatus,
    OwnState,
    PairingReturns,
    PermissionScope,
    ServerState,
    SetupReturns,
    Simulated,
    TokenInfo,
    UserError,
    UserInfo,
    VersionReturns,
    WaitingPairing,
)


class _AccessGetAccountsReturns(Shape, frozen=True):
    accounts: tuple[AccessAccount, ...]


class _AccessGetAccountReturns(Shape, frozen=True):
    account: AccessAccount


class _AccessGetGroupsReturns(Shape, frozen=True):
    groups: tuple[AccessGroup, ...]


class _AccessGetTokensReturns(Shape, frozen=True):
    tokens: tuple[AccessToken, ...]


class _AccessGetOwnTokensReturns(Shape, frozen=True):
    tokens: tuple[AccessToken, ...]


class _AccessRotateTokenReturns(Shape, frozen=True):
    token: str


class _AccessGetSessionsReturns(Shape, frozen=True):
    sessions: tuple[AccessSession, ...]


class _AccessGetLocksReturns(Shape, frozen=True):
    locks: tuple[AccessLock, ...]


class _AccessClearLockReturns(Shape, frozen=True):
    cleared: int


class _UsersGetUserInfoReturns(Shape, frozen=True):
    user_info: UserInfo


class _UsersGetTokensReturns(Shape, frozen=True):
    token_info_list: tuple[TokenInfo, ...]


class _UsersGetUserTokensReturns(Shape, frozen=True):
    token_info_list: tuple[TokenInfo, ...]


class _UsersGetUsersReturns(Shape, frozen=True):
    users: tuple[UserInfo, ...]


class Access:
    """The namespace ``Access``.

    - the state of accounts, groups, rights on items, and why
    - the audit trail
    - letting in the device that waits, instead of pressing the button
    - what a page needs to know, and to ask, before there is an account
    - what a change would do
    - what a page shows of whoever is signed in, and of the server
    - tokens with their properties, who is signed in, and who has to wait
    """

    def __init__(self, call: Call) -> None:
        self._call = call

    async def get_accounts(self) -> tuple[AccessAccount, ...]:
        """List all accounts with their groups, rules and state, in the order they were added.

        The nameless account is the one that owns the tokens of paired devices.
        """
        return (await self._call("Access.GetAccounts", {}, _AccessGetAccountsReturns)).accounts

    async def get_account(self, *, username: str | None = None) -> AccessAccount:
        """Show an account with its groups, rules and state.

        Without *username* it is that of the user who is signed in; others need the right to change
        users.

        Raises:
            UserRefusedError: the rules say no.
        """
        return (
            await self._call(
                "Access.GetAccount",
                {"username": username},
                _AccessGetAccountReturns,
                refusal=AccessError,
            )
        ).account

    async def set_account_state(
        self,
        *,
        username: str,
        enabled: bool,
        valid_since: int | None = None,
        valid_until: int | None = None,
    ) -> None:
        """Switch an account on or off, or let it open something only for a time.

        Times are in seconds since 1970; what is left out does not bound it. Whoever is signed in
        with an account that is not valid is signed out at once. Its tokens and rights stay, and
        count again when it is.

        Raises:
            UserRefusedError: the rules say no.
        """
        await self._call(
            "Access.SetAccountState",
            {
                "username": username,
                "enabled": enabled,
                "validSince": valid_since,
                "validUntil": valid_until,
            },
            Shape,
            refusal=AccessError,
        )

    async def set_account_rights(
        self,
        *,
        username: str,
        rights: Sequence[AccessRight] | None = None,
        groups: Sequence[str] | None = None,
        items: Sequence[ItemRule] | None = None,
    ) -> None:
        """Replace the rights, groups or rules of an account; what is left out stays.

        Users.SetUserScopes does the same for scopes and things.

        Raises:
            UserRefusedError: the rules say no.
        """
        await self._call(
            "Access.SetAccountRights",
            {"username": username, "rights": rights, "groups": groups, "items": items},
            Shape,
            refusal=AccessError,
        )

    async def get_groups(self) -> tuple[AccessGroup, ...]:
        """List all groups in the order they were added.

        The first is "anonymous": what everybody may do, signed in or not.
        """
        return (await self._call("Access.GetGroups", {}, _AccessGetGroupsReturns)).groups

    async def write_group(
        self,
        *,
        name: str,
        rights: Sequence[AccessRight] | None = None,
        items: Sequence[ItemRule] | None = None,
    ) -> None:
        """Make a group, or replace the rights or rules of one; what is left out stays.

        Clients that are signed in as its members have the new rights at once.

        Raises:
            UserRefusedError: the rules say no.
        """
        await self._call(
            "Access.WriteGroup",
            {"name": name, "rights": rights, "items": items},
            Shape,
            refusal=AccessError,
        )

    async def remove_group(self, *, name: str) -> None:
        """Remove a group and take it from its members, whose rights by it end at once.

        Raises:
            UserRefusedError: the rules say no.
        """
        await self._call("Access.RemoveGroup", {"name": name}, Shape, refusal=AccessError)

    async def explain(
        self, *, item: str, username: str | None = None, write: bool | None = None
    ) -> Explanation:
        """Tell whether a user may read an item, or with *write* write it, and which rules say so.

        The most specific rule comes first. Without *username* it is the user who is signed in, with
        all that the account may; "anonymous" stands for whoever is not. Others need the right to
        change users.

        Raises:
            UserRefusedError: the rules say no.
        """
        return await self._call(
            "Access.Explain",
            {"item": item, "username": username, "write": write},
            Explanation,
            refusal=AccessError,
        )

    async def get_audit_events(
        self,
        *,
        before: int | None = None,
        limit: int | None = None,
        action: str | None = None,
        username: str | None = None,
        file_format: AccessAuditFormat | None = None,
    ) -> AuditReturns:
        """List events of the audit trail, the newest first.

        *before* gives only those with a smaller sequence, *action* those whose action is or begins
        with it, *username* those done by a user or to them. "next" is there when there may be more,
        and is what to give as *before* to get them; at most 500 come at once. With *file_format* each has
        its line, with its end, of a file that begins with "heading"; as "keystead audit export".
        """
        return await self._call(
            "Access.GetAuditEvents",
            {
                "before": before,
                "limit": limit,
                "action": action,
                "username": username,
                "fileFormat": file_format,
            },
            AuditReturns,
        )

    async def check_audit(self) -> AuditCheck:
        """Check whether any event of the audit trail was edited, dropped, inserted or moved.

        What was found within the last minute is told again. Whether the end was cut off or everything
        computed anew, only a checkpoint that is kept elsewhere can tell: see "keystead audit verify".
        """
        return await self._call("Access.CheckAudit", {}, AuditCheck)

    async def get_pairing(self) -> WaitingPairing:
        """Show the device that waits to be let in by JSONRPC.RequestPushButtonAuth, if there is one.

        Its name is what the device calls itself: let the user compare it, and the source, with the
        device in their hand.
        """
        return await self._call("Access.GetPairing", {}, WaitingPairing)

    async def confirm_pairing(self, *, transaction_id: int) -> None:
        """Let in the device whose request has this number, with a token of an administrator.

        It is refused when that request does not wait any more, be it that another took its place:
        nobody is let in but the device that was shown.

        Raises:
            UserRefusedError: the rules say no.
        """
        await self._call(
            "Access.ConfirmPairing",
            {"transactionId": transaction_id},
            Shape,
            refusal=AccessError,
        )

    async def refuse_pairing(self, *, transaction_id: int) -> None:
        """Turn away the device whose request has this number; it is told that nobody let it in.

        Raises:
            UserRefusedError: the rules say no.
        """
        await self._call(
            "Access.RefusePairing",
            {"transactionId": transaction_id},
            Shape,
            refusal=AccessError,
        )

    async def get_setup(self) -> SetupReturns:
        """Tell whether the first account is still to be made, and what that takes.

        "codeRequired" means that Access.CreateFirstUser wants the one-time code which the server has
        printed. No password may be a common one or the user's name. "certificateFingerprint" is the
        SHA-256 of the certificate that encrypted listeners show, for people to compare with what the
        server has printed; it proves nothing by itself.
        """
        return await self._call("Access.GetSetup", {}, SetupReturns)

    async def create_first_user(
        self,
        *,
        username: str,
        password: str,
        setup_code: str | None = None,
        display_name: str | None = None,
        email: str | None = None,
    ) -> None:
        """Create the first user, an administrator, while the initial set-up is required.

        *setup_code* is the one-time code that the server has printed, in any case and with blanks and
        dashes or without; where the server asks for none, it does not matter. Wrong codes have to
        wait, like wrong passwords. Call JSONRPC.Authenticate next to get a token.

        Raises:
            UserRefusedError: the rules say no.
        """
        await self._call(
            "Access.CreateFirstUser",
            {
                "username": username,
                "password": password,
                "setupCode": setup_code,
                "displayName": display_name,
                "email": email,
            },
            Shape,
            refusal=AccessError,
        )

    async def simulate(self, *, method: str, params: dict[str, Any]) -> Simulated:
        """Tell what a call of another method would change, without changing anything.

        It can be any that changes what accounts, groups or tokens may do. Its parameters are checked
        as they are there, and what it would refuse is refused here. "more" counts the effects beyond
        the first 1000, of a change that concerns very many at least so many. "accounts" tells to how
        many accounts effects on "anonymous" apply, too. Before and after are "no" and "yes"; of items
        "none", "read" and "write"; of secrets "old" and "new"; or times. What is empty as "object"
        stands for the whole account, group or token.

        Raises:
            UserRefusedError: the rules say no.
        """
        return await self._call(
            "Access.Simulate",
            {"method": method, "params": params},
            Simulated,
            refusal=AccessError,
        )

    async def get_own_state(self) -> OwnState:
        """Show who is signed in on this connection, and what they may do on it.

        "ownAccount" tells whether they may look after their own account: its password, details and
        tokens. The name is empty where nobody has to sign in.
        """
        return await self._call("Access.GetOwnState", {}, OwnState)

    async def sign_out(self) -> None:
        """Revoke the token that is signed in with, whoever's it is; the connection ends.

        Programs that have another token of the same account stay signed in.

        Raises:
            UserRefusedError: the rules say no.
        """
        await self._call("Access.SignOut", {}, Shape, refusal=AccessError)

    async def get_server_state(self) -> ServerState:
        """Tell what an administrator may want to do something about.

        Addresses that others reach without encryption; which rules new passwords meet, "nymea" or
        "nist"; whether a second account can change users; and how many tokens of devices have not
        been used for 90 days, among those of the first 10000 accounts.
        """
        return await self._call("Access.GetServerState", {}, ServerState)

    async def get_tokens(self, *, username: str | None = None) -> tuple[AccessToken, ...]:
        """List the tokens of a user with their properties, oldest first.

        Without *username* they are those of all accounts, one account after the other.

        Raises:
            UserRefusedError: the rules say no.
        """
        return (
            await self._call(
                "Access.GetTokens",
                {"username": username},
                _AccessGetTokensReturns,
                refusal=AccessError,
            )
        ).tokens

    async def get_own_tokens(self) -> tuple[AccessToken, ...]:
        """List the tokens of the user who is signed in with their properties, oldest first.

        Raises:
            UserRefusedError: the rules say no.
        """
        return (
            await self._call(
                "Access.GetOwnTokens", {}, _AccessGetOwnTokensReturns, refusal=AccessError
            )
        ).tokens

    async def create_token(
        self,
        *,
        device_name: str,
        username: str | None = None,
        expires: int | None = None,
        scopes: Sequence[PermissionScope] | None = None,
        rights: Sequence[AccessRight] | None = None,
        allowed_thing_ids: Sequence[UUID] | None = None,
        items: Sequence[ItemRule] | None = None,
    ) -> NewToken:
        """Make a token for a device, for ever and without limits unless it is told.

        A token never opens more than its owner may, and less where it is limited: *scopes* and
        *rights* together are all that it holds, *allowed_thing_ids* all things that it sees, *items*
        all items that it reads or writes. Without *username* it is that of the user who is signed
        in; others need the right to change users.

        Raises:
            UserRefusedError: the rules say no.
        """
        return await self._call(
            "Access.CreateToken",
            {
                "deviceName": device_name,
                "username": username,
                "expires": expires,
                "scopes": scopes,
                "rights": rights,
                "allowedThingIds": allowed_thing_ids,
                "items": items,
            },
            NewToken,
            refusal=AccessError,
        )

    async def change_token(
        self,
        *,
        token_id: UUID,
        device_name: str,
        expires: int | None = None,
        scopes: Sequence[PermissionScope] | None = None,
        rights: Sequence[AccessRight] | None = None,
        allowed_thing_ids: Sequence[UUID] | None = None,
        items: Sequence[ItemRule] | None = None,
    ) -> None:
        """Give a device's token another name, expiry and limits, all as Access.CreateToken does.

        What is left out does not bound the token any more. Clients that are signed in with it have
        the new limits at once.

        Raises:
            UserRefusedError: the rules say no.
        """
        await self._call(
            "Access.ChangeToken",
            {
                "tokenId": token_id,
                "deviceName": device_name,
                "expires": expires,
                "scopes": scopes,
                "rights": rights,
                "allowedThingIds": allowed_thing_ids,
                "items": items,
            },
            Shape,
            refusal=AccessError,
        )

    async def rotate_token(self, *, token_id: UUID) -> str:
        """Give a device's token another secret, which is shown this once; all else stays.

        The old one opens nothing any more, and clients that are signed in with it are disconnected.

        Raises:
            UserRefusedError: the rules say no.
        """
        return (
            await self._call(
                "Access.RotateToken",
                {"tokenId": token_id},
                _AccessRotateTokenReturns,
                refusal=AccessError,
            )
        ).token

    async def get_sessions(self) -> tuple[AccessSession, ...]:
        """List the connections on which somebody is signed in at present."""
        return (await self._call("Access.GetSessions", {}, _AccessGetSessionsReturns)).sessions

    async def get_locks(self) -> tuple[AccessLock, ...]:
        """List who has to wait at present before the next sign-in, because of failed ones.

        Names are those under which accounts are told apart; they may be of accounts that do not
        exist.
        """
        return (await self._call("Access.GetLocks", {}, _AccessGetLocksReturns)).locks

    async def clear_lock(
        self, *, username: str | None = None, source: str | None = None
    ) -> int:
        """Forget failed sign-ins to an account, from one source or without *source* from all.

        With *source* alone it is what this source failed at whatever the account. Tells how many
        counts there were.
        """
        return (
            await self._call(
                "Access.ClearLock",
                {"username": username, "source": source},
                _AccessClearLockReturns,
            )
        ).cleared


class JSONRPC:
    """The namespace ``JSONRPC``: the handshake, signing in, pairing, subscriptions."""

    def __init__(self, call: Call) -> None:
        self._call = call

    async def hello(self, *, locale: str | None = None) -> HelloReturns:
        """Begin the conversation; must be the first call of a connection, and may be repeated.

        With a token in the request the connection is bound to it, and the reply tells whether it
        is valid and whom it belongs to. *locale* chooses the language of translated texts.
        """
        return await self._call("JSONRPC.Hello", {"locale": locale}, HelloReturns)

    async def introspect(self) -> IntrospectReturns:
        """Describe all methods, notifications and types of this API."""
        return await self._call("JSONRPC.Introspect", {}, IntrospectReturns)

    async def version(self) -> VersionReturns:
        """Tell the versions of the server and of its protocol."""
        return await self._call("JSONRPC.Version", {}, VersionReturns)

    async def set_notification_status(
        self, *, namespaces: Sequence[str] | None = None
    ) -> NotificationStatus:
        """Choose the namespaces that notify this connection; all others are switched off.

        The older "enabled" switches all of them at once, and wins where both are given.
        """
        return await self._call(
            "JSONRPC.SetNotificationStatus", {"namespaces": namespaces}, NotificationStatus
        )

    async def create_user(
        self,
        *,
        username: str,
        password: str,
        display_name: str | None = None,
        email: str | None = None,
    ) -> None:
        """Create the first user, an administrator, while the initial set-up is required.

        Afterwards it needs an administrator, who better calls Users.CreateUser. Call
        JSONRPC.Authenticate next to get a token.

        Raises:
            UserRefusedError: the rules say no.
        """
        await self._call(
            "JSONRPC.CreateUser",
            {
                "username": username,
                "password": password,
                "displayName": display_name,
                "email": email,
            },
            Shape,
            refusal=UserError,
        )

    async def authenticate(
        self, *, username: str, password: str, device_name: str
    ) -> AuthenticateReturns:
        """Sign in with name and password, and get a token for this device.

        *device_name* lets the owner recognise the token and revoke it when the device is lost. The
        connection is bound to the new token; after a failure it is bound to none.
        """
        return await self._call(
            "JSONRPC.Authenticate",
            {"username": username, "password": password, "deviceName": device_name},
            AuthenticateReturns,
        )

    async def request_push_button_auth(self, *, device_name: str) -> PairingReturns:
        """Ask for a token that the push of the server's button grants.

        The end comes as the notification PushButtonAuthFinished. A request of another client takes
        over and ends this one, as do the end of the connection and five minutes of waiting. Tell
        the user to push no button then: somebody else might be the one who is let in.
        """
        return await self._call(
            "JSONRPC.RequestPushButtonAuth", {"deviceName": device_name}, PairingReturns
        )

    async def keep_alive(self, *, session_id: str) -> KeepAliveReturns:
        """Tell that the connection lives; nothing else happens."""
        return await self._call(
            "JSONRPC.KeepAlive", {"sessionId": session_id}, KeepAliveReturns
        )


class Users:
    """The namespace ``Users``: accounts, their scopes and things, and their tokens."""

    def __init__(self, call: Call) -> None:
        self._call = call

    async def create_user(
        self,
        *,
        username: str,
        password: str,
        email: str | None = None,
        display_name: str | None = None,
        scopes: Sequence[PermissionScope] | None = None,
        allowed_thing_ids: Sequence[UUID] | None = None,
    ) -> None:
        """Create a user, an administrator unless *scopes* says otherwise.

        A user without PermissionScopeAccessAllThings sees only the things in *allowed_thing_ids*.
        Call JSONRPC.Authenticate to get a token for the new user.

        Raises:
            UserRefusedError: the rules say no.
        """
        await self._call(
            "Users.CreateUser",
            {
                "username": username,
                "password": password,
                "email": email,
                "displayName": display_name,
                "scopes": scopes,
                "allowedThingIds": allowed_thing_ids,
            },
            Shape,
            refusal=UserError,
        )

    async def change_password(self, *, new_password: str) -> None:
        """Change the password of the user who is signed in.

        Tokens of devices stay valid; sessions of web pages end.

        Raises:
            UserRefusedError: the rules say no.
        """
        await self._call(
            "Users.ChangePassword", {"newPassword": new_password}, Shape, refusal=UserError
        )

    async def change_user_password(self, *, username: str, new_password: str) -> None:
        """Change the password of a user and remove all tokens of that user.

        Every client signed in as that user is disconnected and has to sign in again.

        Raises:
            UserRefusedError: the rules say no.
        """
        await self._call(
            "Users.ChangeUserPassword",
            {"username": username, "newPassword": new_password},
            Shape,
            refusal=UserError,
        )

    async def get_user_info(self) -> UserInfo:
        """Show the user who is signed in on this connection.

        Raises:
            UserRefusedError: the rules say no.
        """
        return (
            await self._call(
                "Users.GetUserInfo", {}, _UsersGetUserInfoReturns, refusal=UserError
            )
        ).user_info

    async def get_tokens(self) -> tuple[TokenInfo, ...]:
        """List the tokens of the user who is signed in, oldest first.

        Raises:
            UserRefusedError: the rules say no.
        """
        return (
            await self._call("Users.GetTokens", {}, _UsersGetTokensReturns, refusal=UserError)
        ).token_info_list

    async def get_user_tokens(self, *, username: str) -> tuple[TokenInfo, ...]:
        """List the tokens of a user, oldest first; none for a user who does not exist.

        Raises:
            UserRefusedError: the rules say no.
        """
        return (
            await self._call(
                "Users.GetUserTokens",
                {"username": username},
                _UsersGetUserTokensReturns,
                refusal=UserError,
            )
        ).token_info_list

    async def remove_token(self, *, token_id: UUID) -> None:
        """Revoke a token: one of one's own, or as an administrator any.

        The clients that are signed in with it are disconnected.

        Raises:
            UserRefusedError: the rules say no.
        """
        await self._call("Users.RemoveToken", {"tokenId": token_id}, Shape, refusal=UserError)

    async def get_users(self) -> tuple[UserInfo, ...]:
        """List all users in the order they were added."""
        return (await self._call("Users.GetUsers", {}, _UsersGetUsersReturns)).users

    async def remove_user(self, *, username: str) -> None:
        """Remove a user and all tokens of that user, and disconnect the clients signed in so.

        The last user who can change users cannot be removed.

        Raises:
            UserRefusedError: the rules say no.
        """
        await self._call("Users.RemoveUser", {"username": username}, Shape, refusal=UserError)

    async def set_user_scopes(
        self,
        *,
        username: str,
        scopes: Sequence[PermissionScope],
        allowed_thing_ids: Sequence[UUID] | None = None,
    ) -> None:
        """Replace the scopes of a user, and with *allowed_thing_ids* the things they may see.

        The list of things counts for users without PermissionScopeAccessAllThings. Clients that
        are signed in as that user have the new scopes at once.

        Raises:
            UserRefusedError: the rules say no.
        """
        await self._call(
            "Users.SetUserScopes",
            {"username": username, "scopes": scopes, "allowedThingIds": allowed_thing_ids},
            Shape,
            refusal=UserError,
        )

    async def set_user_info(
        self,
        *,
        username: str | None = None,
        display_name: str | None = None,
        email: str | None = None,
    ) -> None:
        """Change the display name or e-mail address of a user; what is left out stays.

        Without *username* it is the user who is signed in.

        Raises:
            UserRefusedError: the rules say no.
        """
        await self._call(
            "Users.SetUserInfo",
            {"username": username, "displayName": display_name, "email": email},
            Shape,
            refusal=UserError,
        )


class Api:
    """Every namespace of the server."""

    def __init__(self, call: Call) -> None:
        self.access = Access(call)
        self.jsonrpc = JSONRPC(call)
        self.users = Users(call)
