"""What is found to be wrong with a trail, and what is said that cannot be found."""

import tracemalloc

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from keystead.audit.chain import GENESIS, Head, digest_of, link
from keystead.audit.checkpoints import (
    AuditKeyError,
    Checkpoint,
    CheckpointError,
    KeptCheckpoint,
    Purpose,
    as_text,
    from_text,
    make_key,
    public_key,
    sign,
)
from keystead.audit.verification import MAX_PROBLEMS, Kind, verify
from keystead.domain.events import SERVER, Action, Entry, StoredCheckpoint, StoredEvent
from tests.unit.trails import KEY, NOON, PUBLIC_KEY, SIGNED_IN, entries, head, trail

TRAILS = st.lists(entries(), min_size=1, max_size=8).map(trail)
TEN = trail([SIGNED_IN] * 10)


def looked_at(events, checkpoints=(), known=None, key=PUBLIC_KEY):
    """Verify a trail that is read in portions of three."""
    portions = (events[i : i + 3] for i in range(0, len(events), 3))
    return verify(list(checkpoints), portions, key, known)


def kinds(report):
    return [problem.kind for problem in report.problems]


def cut_at(events, sequence):
    """Remove events as the rules for keeping them do."""
    (last,) = (event for event in events if event.sequence == sequence)
    checkpoint = sign(Checkpoint(head([last]), NOON, Purpose.CUT), KEY)
    return [event for event in events if event.sequence > sequence], checkpoint


def kept(events, key=KEY):
    """Give what the owner keeps of a trail that ends like this."""
    signed = sign(Checkpoint(head(events), NOON, Purpose.SEEN), key)
    return from_text(as_text(signed, public_key(key)))


@given(TRAILS, st.integers(0, 9))
def test_a_trail_that_nobody_touched_is_intact(events, cut):
    report = looked_at(events)
    assert report.is_intact
    assert (report.count, report.first, report.head) == (len(events), 1, head(events))
    assert looked_at(events, known=kept(events)).is_intact
    assume(cut in range(1, len(events)))
    rest, checkpoint = cut_at(events, cut)
    report = looked_at(rest, [checkpoint], kept(events))
    assert report.is_intact
    assert (report.count, report.first) == (len(rest), cut + 1)


def test_a_trail_without_events_is_intact():
    report = looked_at([])
    assert report.is_intact
    assert (report.count, report.first, report.head) == (0, 0, GENESIS)


@given(TRAILS, st.data())
def test_any_edit_of_one_event_is_found(events, data):
    place = data.draw(st.integers(0, len(events) - 1))
    event = events[place]
    if data.draw(st.booleans()):
        edited = event._replace(body=data.draw(st.binary()) + event.body[1:])
    else:
        edited = event._replace(digest=data.draw(st.binary(min_size=32, max_size=32)))
    assume(edited != event)
    events[place] = edited
    report = looked_at(events)
    # The last digest alone vouches for nothing; what it ought to be is told by the body.
    assert not report.is_intact
    assert event.sequence in {problem.sequence for problem in report.problems}


@given(TRAILS, st.data())
def test_an_edit_whose_digest_was_computed_anew_is_found_at_the_next_event(events, data):
    place = data.draw(st.integers(0, len(events) - 1))
    event = events[place]
    previous = head(events[:place])
    events[place] = link(previous, NOON, Entry(SERVER, Action.BACKUP, "forged"))
    assume(events[place] != event)
    report = looked_at(events)
    if place == len(events) - 1:
        assert report.is_intact
        assert "computed anew" in report.limits[-1]
        assert not looked_at(events, known=kept([*events[:place], event])).is_intact
    else:
        assert [(p.kind, p.sequence) for p in report.problems] == [
            (Kind.CHANGED, event.sequence + 1)
        ]


@given(TRAILS, st.data())
def test_any_dropped_event_is_found(events, data):
    place = data.draw(st.integers(0, len(events) - 1))
    (dropped,) = events[place : place + 1]
    rest = events[:place] + events[place + 1 :]
    with_checkpoint = looked_at(rest, known=kept(events))
    if rest and place < len(rest):
        assert kinds(looked_at(rest)) == [Kind.MISSING]
        assert kinds(with_checkpoint) == [Kind.MISSING]
        assert with_checkpoint.problems[0].sequence == dropped.sequence
    else:
        assert looked_at(rest).is_intact
        assert kinds(with_checkpoint) == [Kind.CUT_OFF]


@given(TRAILS, st.data())
def test_dropped_events_whose_gap_was_closed_are_found(events, data):
    place = data.draw(st.integers(0, len(events) - 2)) if len(events) > 1 else 0
    assume(len(events) > 1)
    rest = [e._replace(sequence=e.sequence - 1) for e in events[place + 1 :]]
    report = looked_at(events[:place] + rest)
    assert {Kind.CHANGED, Kind.MISPLACED} <= set(kinds(report))


@given(TRAILS, st.data())
def test_any_inserted_event_is_found(events, data):
    place = data.draw(st.integers(0, len(events) - 1))
    forged = link(head(events[:place]), NOON, Entry(SERVER, Action.BACKUP, "forged"))
    assume(forged != events[place])
    kept_sequences = [*events[:place], forged, *events[place:]]
    assert Kind.UNEXPECTED in kinds(looked_at(kept_sequences))
    shifted = [e._replace(sequence=e.sequence + 1) for e in events[place:]]
    assert Kind.MISPLACED in kinds(looked_at([*events[:place], forged, *shifted]))


@given(TRAILS, st.data())
def test_any_two_events_that_changed_places_are_found(events, data):
    places = st.integers(0, len(events) - 1)
    one, other = data.draw(places), data.draw(places)
    assume(one != other)
    swapped = list(events)
    swapped[one], swapped[other] = events[other], events[one]
    assert Kind.UNEXPECTED in kinds(looked_at(swapped))
    swapped[one] = swapped[one]._replace(sequence=one + 1)
    swapped[other] = swapped[other]._replace(sequence=other + 1)
    assert kinds(looked_at(swapped)).count(Kind.MISPLACED) == 2


@given(TRAILS, st.data())
def test_a_cut_front_is_found(events, data):
    place = data.draw(st.integers(1, len(events)))
    rest = events[place:]
    assume(rest)
    report = looked_at(rest)
    assert kinds(report) == [Kind.MISSING]
    assert report.problems[0].sequence == 1


@given(TRAILS, st.data())
def test_a_cut_tail_is_found_with_a_checkpoint_kept_elsewhere_and_not_without(events, data):
    length = data.draw(st.integers(0, len(events) - 1))
    seen = data.draw(st.integers(1, len(events)))
    rest = events[:length]
    assert looked_at(rest).is_intact
    assert "cut off" in looked_at(rest).limits[-1]
    report = looked_at(rest, known=kept(events[:seen]))
    assert report.is_intact == (seen <= length)
    if seen > length:
        assert [(p.kind, p.sequence) for p in report.problems] == [(Kind.CUT_OFF, length + 1)]


@given(TRAILS, TRAILS)
def test_a_trail_computed_anew_is_found_with_a_checkpoint_kept_elsewhere(events, forged):
    both = min(len(events), len(forged))
    assume(head(events[:both]) != head(forged[:both]))
    assert looked_at(forged).is_intact
    assert kinds(looked_at(forged, known=kept(events[:both]))) == [Kind.REWRITTEN]


def test_a_cut_without_its_checkpoint_is_found():
    rest, _ = cut_at(TEN, 4)
    report = looked_at(rest)
    assert [p.text for p in report.problems] == ["Events 1 to 4 are missing."]


def test_a_gap_after_a_checkpoint_is_found():
    rest, checkpoint = cut_at(TEN, 4)
    report = looked_at(rest[1:], [checkpoint])
    assert [p.text for p in report.problems] == ["Event 5 is missing."]


def test_events_that_were_removed_and_are_back_are_found():
    _, checkpoint = cut_at(TEN, 4)
    assert Kind.UNEXPECTED in kinds(looked_at(TEN, [checkpoint]))


def test_events_after_a_checkpoint_that_do_not_follow_it_are_found():
    other = trail([Entry(SERVER, Action.BACKUP)] * 10)
    rest, _ = cut_at(other, 4)
    _, checkpoint = cut_at(TEN, 4)
    assert [(p.kind, p.sequence) for p in looked_at(rest, [checkpoint]).problems] == [
        (Kind.CHANGED, 5)
    ]


def test_a_cut_never_takes_the_newest_event_so_that_its_absence_is_found():
    _, checkpoint = cut_at(TEN, 10)
    assert kinds(looked_at([], [checkpoint])) == [Kind.CUT_OFF]


def test_several_cuts_are_followed_up():
    rest, first = cut_at(TEN, 3)
    rest, second = cut_at(rest, 7)
    report = looked_at(rest, [first, second])
    assert report.is_intact
    assert report.checkpoints == 2
    assert "Events up to 7 were removed" in report.limits[0]
    assert kinds(looked_at(rest, [second, first]))[0] is Kind.CHECKPOINT


def test_what_the_owner_has_seen_vouches_for_a_later_cut_and_its_checkpoint():
    rest, checkpoint = cut_at(TEN, 4)
    assert looked_at(rest, [checkpoint], kept(TEN)).limits == ()
    assert looked_at(rest, [checkpoint], kept(TEN[:4])).is_intact
    report = looked_at(rest, [checkpoint], kept(TEN[:3]))
    assert report.is_intact
    assert "vouched for by this server's key alone" in report.limits[0]


def test_a_checkpoint_of_the_trail_other_than_what_the_owner_has_seen_is_found():
    other = trail([Entry(SERVER, Action.BACKUP)] * 10)
    rest, checkpoint = cut_at(other, 4)
    assert kinds(looked_at(rest, [checkpoint], kept(TEN[:4]))) == [Kind.REWRITTEN]


def test_a_checkpoint_that_another_key_signed_is_found():
    rest, _ = cut_at(TEN, 4)
    forged = sign(Checkpoint(head(TEN[:4]), NOON, Purpose.CUT), make_key())
    assert kinds(looked_at(rest, [forged])) == [Kind.CHECKPOINT]


def test_what_was_signed_for_the_owner_does_not_stand_for_removed_events():
    rest, _ = cut_at(TEN, 4)
    assert kinds(looked_at(rest, [kept(TEN[:4]).signed])) == [Kind.CHECKPOINT]


def test_a_checkpoint_that_cannot_be_read_is_found_and_what_follows_is_looked_at():
    rest, _ = cut_at(TEN, 4)
    broken = StoredCheckpoint(4, b"{}", b"")
    assert kinds(looked_at(rest, [broken])) == [Kind.CHECKPOINT, Kind.CHECKPOINT]
    assert Kind.MISSING in kinds(looked_at(rest[1:], [broken]))


def test_a_checkpoint_moved_to_another_place_is_found():
    rest, checkpoint = cut_at(TEN, 4)
    assert Kind.CHECKPOINT in kinds(looked_at(rest, [checkpoint._replace(sequence=3)]))


def test_without_the_public_key_nothing_vouches_for_what_was_removed():
    rest, checkpoint = cut_at(TEN, 4)
    assert kinds(looked_at(rest, [checkpoint], key=None)) == [Kind.KEY_MISSING]
    assert kinds(looked_at(rest, [checkpoint], kept(TEN), None)) == [Kind.KEY_MISSING]
    assert looked_at(TEN, key=None).is_intact


def test_another_key_in_place_of_the_one_the_owner_knows_is_found():
    other = make_key()
    report = looked_at(TEN, known=kept(TEN, other))
    assert kinds(report) == [Kind.KEY_REPLACED]


def test_a_kept_checkpoint_with_a_slip_of_the_pen_is_no_sign_of_tampering():
    known = kept(TEN)
    slip = known.signed._replace(
        body=known.signed.body.replace(b'"sequence":10', b'"sequence":11')
    )
    with pytest.raises(CheckpointError, match="Copy it again"):
        looked_at(
            TEN, known=KeptCheckpoint(Head(11, known.head.digest), known.fingerprint, slip)
        )


def test_a_public_key_that_is_none_is_no_sign_of_tampering_either():
    with pytest.raises(AuditKeyError):
        looked_at(TEN, known=kept(TEN), key=b"nonsense")


def test_an_unreadable_event_is_found_even_if_the_chain_was_computed_anew():
    body = b"\xff"
    events = [*TEN, StoredEvent(11, body, digest_of(TEN[-1].digest, body))]
    assert [(p.kind, p.sequence) for p in looked_at(events).problems] == [(Kind.UNREADABLE, 11)]


def test_a_long_list_of_problems_is_cut_short_and_counted():
    events = [event._replace(body=event.body + b" ") for event in trail([SIGNED_IN] * 150)]
    report = looked_at(events)
    assert len(report.problems) == MAX_PROBLEMS
    assert report.further == 50


def test_a_newer_checkpoint_is_asked_for_when_much_has_happened_since():
    report = looked_at(TEN, known=kept(TEN[:6]))
    assert report.is_intact
    (limit,) = report.limits
    assert limit.startswith("The checkpoint given has seen event 6. It cannot be found whether")


def most_memory(number):
    def portions():
        previous = GENESIS
        for _ in range(number // 100):
            events = trail([SIGNED_IN] * 100, previous)
            previous = head(events)
            yield events

    tracemalloc.start()
    try:
        assert verify([], portions(), None).count == number
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_a_long_trail_takes_no_more_memory_than_a_short_one():
    most_memory(100)  # what is made once
    assert most_memory(10_000) < 2 * most_memory(300)
