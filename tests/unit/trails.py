"""Audit trails for tests: any entries, and the chain that they make."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID

from hypothesis import strategies as st

from keystead.audit.chain import GENESIS, Head, link
from keystead.audit.checkpoints import make_key, public_key
from keystead.domain.events import Action, Author, Entry, Origin, Outcome, StoredEvent
from keystead.domain.model import TokenId

NOON = datetime(2024, 5, 17, 12, tzinfo=UTC)  # when every trail begins

# What breaks lines, quotes, terminals and spreadsheets, besides all that Unicode has.
NASTY = "\0\t\n\r\x0b\x0c\x1b\x1c\x7f\x85\u2028\u2029\u202e\u200f\ufeff\"'\\]=[+-@;,|\uff1d\U000e0001 a"
TEXTS = st.text(max_size=12) | st.text(NASTY, max_size=12)
HALVES = st.characters(categories=["Cs"])
TEXTS_WITH_HALVES = st.text(st.characters() | HALVES | st.sampled_from(NASTY), max_size=12)
TIMES = st.datetimes(min_value=NOON.replace(tzinfo=None, year=1970), timezones=st.just(UTC))


def entries(texts: st.SearchStrategy[str] = TEXTS) -> st.SearchStrategy[Entry]:
    """Any entry with such texts."""
    token_ids = st.none() | st.uuids().map(TokenId)
    origins = st.builds(Origin, texts, texts)
    return st.builds(
        Entry,
        author=st.builds(Author, texts, texts, texts, token_ids, origins),
        action=st.sampled_from(Action),
        object=texts,
        object_id=texts,
        outcome=st.sampled_from(Outcome),
        detail=st.lists(st.tuples(texts, texts), max_size=3).map(tuple),
        times=st.integers(1, 2**62),
    )


ANN = Author("user", "ann", "0a" * 16, TokenId(UUID(int=7)), Origin("nymea", "192.0.2.7"))
SIGNED_IN = Entry(ANN, Action.SIGN_IN, "ann", ANN.id)


def trail(told: Iterable[Entry], after: Head = GENESIS) -> list[StoredEvent]:
    """Make the chain of *told*, one event a second."""
    previous: Head | StoredEvent = after
    events = []
    for number, entry in enumerate(told):
        event = link(previous, NOON + timedelta(seconds=number), entry)
        previous = event
        events.append(event)
    return events


def head(events: Sequence[StoredEvent]) -> Head:
    """Tell where a trail ends."""
    return Head(events[-1].sequence, events[-1].digest) if events else GENESIS


KEY = make_key()  # of the server whose trail it is
PUBLIC_KEY = public_key(KEY)
