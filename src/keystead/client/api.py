"""The methods of the server, by namespace.

Generated from the definitions of the methods; `make fix` writes it anew.
"""

from collections.abc import Sequence
from uuid import UUID

from keystead.client.shape import Call, Shape
from keystead.client.types import (
    AuthenticateReturns,
    HelloReturns,
    IntrospectReturns,
    KeepAliveReturns,
    NotificationStatus,
    PairingReturns,
    PermissionScope,
    TokenInfo,
    UserInfo,
    VersionReturns,
)


class _GetUserInfoReturns(Shape, frozen=True):
    user_info: UserInfo


class _GetTokensReturns(Shape, frozen=True):
    token_info_list: tuple[TokenInfo, ...]


class _GetUserTokensReturns(Shape, frozen=True):
    token_info_list: tuple[TokenInfo, ...]


class _GetUsersReturns(Shape, frozen=True):
    users: tuple[UserInfo, ...]


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
            refusable=True,
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
            refusable=True,
        )

    async def change_password(self, *, new_password: str) -> None:
        """Change the password of the user who is signed in.

        Tokens of devices stay valid; sessions of web pages end.

        Raises:
            UserRefusedError: the rules say no.
        """
        await self._call(
            "Users.ChangePassword", {"newPassword": new_password}, Shape, refusable=True
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
            refusable=True,
        )

    async def get_user_info(self) -> UserInfo:
        """Show the user who is signed in on this connection.

        Raises:
            UserRefusedError: the rules say no.
        """
        return (
            await self._call("Users.GetUserInfo", {}, _GetUserInfoReturns, refusable=True)
        ).user_info

    async def get_tokens(self) -> tuple[TokenInfo, ...]:
        """List the tokens of the user who is signed in, oldest first.

        Raises:
            UserRefusedError: the rules say no.
        """
        return (
            await self._call("Users.GetTokens", {}, _GetTokensReturns, refusable=True)
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
                _GetUserTokensReturns,
                refusable=True,
            )
        ).token_info_list

    async def remove_token(self, *, token_id: UUID) -> None:
        """Revoke a token: one of one's own, or as an administrator any.

        The clients that are signed in with it are disconnected.

        Raises:
            UserRefusedError: the rules say no.
        """
        await self._call("Users.RemoveToken", {"tokenId": token_id}, Shape, refusable=True)

    async def get_users(self) -> tuple[UserInfo, ...]:
        """List all users in the order they were added."""
        return (await self._call("Users.GetUsers", {}, _GetUsersReturns)).users

    async def remove_user(self, *, username: str) -> None:
        """Remove a user and all tokens of that user, and disconnect the clients signed in so.

        The last user who can change users cannot be removed.

        Raises:
            UserRefusedError: the rules say no.
        """
        await self._call("Users.RemoveUser", {"username": username}, Shape, refusable=True)

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
            refusable=True,
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
            refusable=True,
        )


class Api:
    """Every namespace of the server."""

    def __init__(self, call: Call) -> None:
        self.jsonrpc = JSONRPC(call)
        self.users = Users(call)
