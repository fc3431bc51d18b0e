"""Nobody with a limited token comes to hold more than that token, whatever they ask for."""

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from hypothesis import example, given
from hypothesis import strategies as st

from keystead.domain.accounts import (
    change_own_password,
    remove_user,
    reset_password,
    set_scopes,
    set_validity,
)
from keystead.domain.change import TokenAdded, UserChanged
from keystead.domain.groups import remove_group
from keystead.domain.items import RuleTable
from keystead.domain.model import (
    ALWAYS,
    ANONYMOUS,
    NO_LIMITS,
    ItemRule,
    Principal,
    Scope,
    Token,
    TokenId,
    TokenLimits,
    Validity,
    with_groups,
)
from keystead.domain.refusal import RefusedError
from keystead.domain.sign_in import sign_in
from keystead.domain.tokens import TokenDraft, create_token, digest, remove_token, rotate_token
from keystead.domain.tokens import change_token as change_a_token
from tests.doubles import NOON
from tests.unit.people import DOOR, LAMP
from tests.unit.plant import NEW_PASSWORD
from tests.unit.test_domain_escalation_always import (
    CREW,
    CREWS,
    GROUPS,
    ITEMS,
    ME,
    MEMBERSHIPS,
    NAMES,
    NOBODY,
    NOTHING,
    PEOPLE,
    PROBES,
    RIGHTS,
    SCOPES,
    THINGS,
    Held,
    Town,
)

ENDS = st.none() | st.sampled_from([NOON + timedelta(days=days) for days in (1, 2)])
LIMITS = st.builds(
    TokenLimits,
    st.none() | SCOPES | st.just(Scope.USER_EDIT),
    st.none() | THINGS,
    st.none() | ITEMS,
)
REAL_LIMITS = LIMITS.filter(lambda limits: limits != NO_LIMITS)
TOKEN_WHATS = [
    "new token",
    "new token",
    "change token",
    "change token",
    "rotate",
    "remove token",
]
WHATS = [
    *("user", "group", "user gone", "group gone"),
    *("scopes", "validity", "reset", "own password"),
    *TOKEN_WHATS,
]


@dataclass(frozen=True)
class Ask:
    """What I try, by one of the tokens whose secret I know."""

    what: str
    name: str = "me"
    group: str = "new"
    given: Scope = Scope.NONE
    taken: Scope = Scope.NONE
    password: str | None = None
    groups: tuple[str, ...] | None = None
    items: tuple[ItemRule, ...] | None = None
    by: int = 0
    which: int = 0
    limits: TokenLimits = NO_LIMITS
    expires: object = None


ASKS = st.lists(
    st.builds(
        Ask,
        st.sampled_from(WHATS),
        st.sampled_from([*NAMES, "me", "me"]),
        st.sampled_from([*GROUPS, "new", ANONYMOUS]),
        RIGHTS,
        RIGHTS,
        st.sampled_from([None, NEW_PASSWORD]),
        st.none() | MEMBERSHIPS,
        st.none() | ITEMS,
        st.integers(0, 5),
        st.integers(0, 5),
        LIMITS | st.just(NO_LIMITS),
        ENDS,
    ),
    max_size=8,
)


class City(Town):
    """A town in which I have got hold of one limited token of somebody who changes users."""

    def __init__(self, people, crews, limits, expires):
        super().__init__(people, crews)
        (me,) = self.mine
        token_id = TokenId(UUID(int=77))
        token = Token(token_id, me.user.id, "mine", NOON, expires=expires, limits=limits)
        self.put(TokenAdded(token, digest("the narrow one")))
        self.first = Principal(me.user, token_id, me.groups, limits, expires)
        self.mine = [self.first]

    def present(self):
        """Give what my tokens open at present."""
        reader = self.directory.store.reader
        now = self.clock.now
        found = [self.do(reader.principal(p.user.id, p.token_id, now)) for p in self.mine]
        return [principal for principal in found if principal]

    def held_by(self, principal):
        """Give what a token holds, by its account and as everybody does."""
        entries = self.entries()
        everybody = entries[ANONYMOUS]
        is_admin = Scope.ADMIN in with_groups(principal.user.scopes, principal.groups)
        own, open_to_all = self.rules(principal.user.name), RuleTable()
        open_to_all.add(everybody.items, ANONYMOUS)
        left = None
        if principal.limits.items is not None:
            left = RuleTable()
            left.add(principal.limits.items, None)

        def may(probe, *, write):
            if open_to_all.decide(probe, write=write):
                return True
            if left is not None and not left.decide(probe, write=write):
                return False
            return is_admin or own.decide(probe, write=write)

        return Held(
            with_groups(principal.scopes, (everybody.group,)),
            frozenset(principal.things),
            frozenset(
                (probe, write)
                for probe in PROBES
                for write in (False, True)
                if may(probe, write=write)
            ),
        )

    def try_everything(self, asks):
        for ask in asks:
            actor = self.mine[ask.by % len(self.mine)]
            try:
                result = self.do(self.asked_for(ask, actor))
            except RefusedError:
                continue
            if ask.what == "new token":
                self.mine.append(result.principal)
            if ask.what == "rotate":
                self.mine.append(self.token(ask))
            name = actor.user.name if ask.what == "own password" else ask.name
            if ask.what in {"reset", "own password"} or (ask.what == "user" and ask.password):
                self.try_password(name)

    def try_password(self, name):
        try:
            signed_in = self.do(sign_in(self.directory, name, NEW_PASSWORD, "mine"))
        except RefusedError:  # an account that is not valid
            return
        self.mine.append(signed_in.principal)

    def token(self, ask):
        """Give one of all tokens, as whoever shows it."""
        accounts = self.accounts().values()
        tokens = [
            t for a in accounts for t in self.tokens(Principal(a.user, TokenId(UUID(int=0))))
        ]
        token = tokens[ask.which % len(tokens)]
        user = next(account.user for account in accounts if account.user.id == token.user_id)
        return Principal(user, token.id, (), token.limits, token.expires)

    def asked_for(self, ask, actor):
        if ask.what in TOKEN_WHATS:
            return self.asked_for_token(ask, actor)
        house = self.directory
        match ask.what:
            case "scopes":
                return set_scopes(house, actor, ask.name, ask.given, (LAMP, DOOR))
            case "validity":
                validity = Validity(enabled=not ask.taken, until=ask.expires)
                return set_validity(house, actor, ask.name, validity)
            case "reset":
                return reset_password(house, actor, ask.name, NEW_PASSWORD)
            case "own password":
                return change_own_password(house, actor, NEW_PASSWORD)
            case "user gone":
                return remove_user(house, actor, ask.name)
            case "group gone":
                return remove_group(house, actor, ask.group)
            case _:
                return self.asked(ask, actor)

    def asked_for_token(self, ask, actor):
        house, token_id = self.directory, self.token(ask).token_id
        draft = TokenDraft("more", ask.expires, ask.limits)
        match ask.what:
            case "new token":
                return create_token(house, actor, ask.name, draft)
            case "change token":
                return change_a_token(house, actor, token_id, draft)
            case "rotate":
                return rotate_token(house, actor, token_id)
            case _:
                return remove_token(house, actor, token_id)


EDITS = TokenLimits(scopes=Scope.USER_EDIT)
NO_ITEMS = TokenLimits(items=())
RULE_A = (ItemRule("A"),)
ME_AND_A = (Scope.USER_EDIT, (), RULE_A, ())


@given(PEOPLE, CREWS, REAL_LIMITS, ENDS, ASKS)
@example((ME, NOBODY, NOBODY), CREW, EDITS, None, [Ask("reset")])
@example((ME, NOBODY, NOBODY), CREW, EDITS, None, [Ask("own password")])
@example((ME, NOBODY, NOBODY), CREW, EDITS, None, [Ask("user", password=NEW_PASSWORD)])
@example((ME, NOBODY, NOBODY), CREW, EDITS, None, [Ask("new token")])
@example((ME, NOBODY, NOBODY), CREW, EDITS, None, [Ask("rotate")])
@example(
    (ME_AND_A, NOBODY, NOBODY),
    CREW,
    NO_ITEMS,
    None,
    [Ask("user", "ann", items=RULE_A, password=NEW_PASSWORD)],
)
@example(
    (ME_AND_A, NOBODY, NOBODY),
    CREW,
    NO_ITEMS,
    None,
    [Ask("new token", limits=TokenLimits(items=RULE_A))],
)
def test_whoever_has_a_limited_token_gets_nothing_that_holds_more(
    people, crews, limits, expires, asks
):
    city = City(people, crews, limits, expires)
    before = city.held_by(city.first)
    everybody = city.first._replace(limits=TokenLimits(Scope.NONE, (), ()))
    open_to_all = city.held_by(everybody)

    city.try_everything(asks)

    for principal in city.present():
        assert not city.held_by(principal).has_more_than(before, open_to_all, NOTHING)


@given(PEOPLE, CREWS, REAL_LIMITS, ENDS, ASKS)
@example((ME, NOBODY, NOBODY), CREW, EDITS, None, [Ask("reset")])
@example((ME, NOBODY, NOBODY), CREW, EDITS, None, [Ask("own password")])
@example((ME, NOBODY, NOBODY), CREW, EDITS, None, [Ask("user", password=NEW_PASSWORD)])
@example((ME, NOBODY, NOBODY), CREW, EDITS, None, [Ask("new token")])
@example((ME, NOBODY, NOBODY), CREW, EDITS, None, [Ask("change token", which=1)])
@example((ME, NOBODY, NOBODY), CREW, EDITS, None, [Ask("rotate")])
@example(
    (ME, NOBODY, NOBODY), CREW, EDITS, NOON + timedelta(1), [Ask("new token", limits=EDITS)]
)
def test_whoever_has_a_limited_token_gains_nothing_when_its_account_is_promoted(
    people, crews, limits, expires, asks
):
    city = City(people, crews, limits, expires)

    city.try_everything(asks)

    me = city.accounts().get("me")
    if me is None or me.user.id != city.first.user.id:
        return
    promoted = me.user._replace(scopes=Scope.ADMIN, things=(LAMP, DOOR), validity=ALWAYS)
    city.put(UserChanged(promoted))
    bound = city.held_by(city.first._replace(user=promoted))
    for principal in city.present():
        if principal.user == promoted:
            assert not city.held_by(principal).has_more_than(bound)
            assert expires is None or principal.expires <= expires
