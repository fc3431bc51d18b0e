"""The namespace ``Access``: what a page needs to know, and to ask, before there is an account."""

import msgspec

from keystead.domain.access import OPEN, SET_UP
from keystead.domain.accounts import NewUser
from keystead.domain.model import Scope
from keystead.domain.passwords import MAX_PASSWORD_BYTES
from keystead.domain.sign_in import create_first_account
from keystead.nymea.catalogue import method
from keystead.nymea.session import Session
from keystead.nymea.types import Uint, View


class PasswordRules(View, frozen=True):
    """What a new password must be like; characters, and bytes in UTF-8."""

    min_length: Uint
    max_bytes: Uint
    needs_lower_case: bool
    needs_upper_case: bool
    needs_digit: bool


class SetupReturns(msgspec.Struct, rename="camel", omit_defaults=True, kw_only=True):
    """Whether the server waits for its first account, and what that takes."""

    setup_required: bool
    code_required: bool
    server_name: str
    password_rules: PasswordRules
    certificate_fingerprint: str | msgspec.UnsetType = msgspec.UNSET


@method("Access.GetSetup", access=OPEN)
def get_setup(session: Session) -> SetupReturns:
    """Tell whether the first account is still to be made, and what that takes.

    "codeRequired" means that Access.CreateFirstUser wants the one-time code which the server has
    printed. No password may be a common one or the user's name. "certificateFingerprint" is the
    SHA-256 of the certificate that encrypted listeners show, for people to compare with what the
    server has printed; it proves nothing by itself.
    """
    passwords, needs_kinds = (
        session.directory.passwords,
        session.directory.passwords.needs_kinds,
    )
    return SetupReturns(
        setup_required=session.needs_set_up,
        code_required=session.needs_set_up and session.directory.setup_code is not None,
        server_name=session.face.identity.name,
        password_rules=PasswordRules(
            min_length=passwords.least_length,
            max_bytes=MAX_PASSWORD_BYTES,
            needs_lower_case=needs_kinds,
            needs_upper_case=needs_kinds,
            needs_digit=needs_kinds,
        ),
        certificate_fingerprint=session.face.identity.fingerprint() or msgspec.UNSET,
    )


@method("Access.CreateFirstUser", access=SET_UP, refusable=True)
async def create_first_user(
    session: Session,
    username: str,
    password: str,
    *,
    setup_code: str = "",
    display_name: str = "",
    email: str = "",
) -> None:
    """Create the first user, an administrator, while the initial set-up is required.

    "setupCode" is the one-time code that the server has printed, in any case and with blanks and
    dashes or without; where the server asks for none, it does not matter. Wrong codes have to
    wait, like wrong passwords. Call JSONRPC.Authenticate next to get a token.
    """
    new = NewUser(username.lower(), Scope.ADMIN, display_name, email)
    await create_first_account(session.directory, new, password, setup_code)
