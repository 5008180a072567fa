"""Pages of the list while things change: whoever reads them all, and then the stream, has been told everything."""

from __future__ import annotations

import base64
import json
import uuid
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.access.domain.permissions import Action, Principal, scope
from services.alerting.application.known import Contents
from services.alerting.application.listing import groups_for
from services.alerting.domain.case_groups import CaseGroup, Wanted
from services.alerting.domain.change_log import ChangeLog
from services.alerting.domain.inbox import Which
from services.alerting.domain.paging import BeginAgain, Page, Pages, UnreadableCursor
from services.casework.domain.events import Event
from services.casework.domain.instants import DAY, HOUR
from services.casework.domain.policy import Severity
from services.casework.domain.transitions import AlertTransition
from services.runtime.topics import partition_of
from tests.tokens import principal_of
from tests.unit.services.alerting.alerting_builders import (
    ANOTHER_CASEWORKER,
    CASEWORKER,
    MAR_1,
    MAR_10,
    ORGANISATION,
    SUPERVISOR,
    acknowledged,
    ended,
    escalated,
    event,
    opened,
    raised,
    raised_again,
    reassigned,
)

EVERYTHING = principal_of("supervisor", ORGANISATION, SUPERVISOR)
EVERY_ALERT = Wanted()
CASES = [str(uuid.UUID(int=number, version=4)) for number in range(1, 9)]
RULES = {"contact": Severity.HIGH, "job-check": Severity.LOW, "first-visit": Severity.CRITICAL}
Revision = tuple[str, int]


@dataclass
class Log:
    """What is written, folded as the follower folds it."""

    contents: Contents = field(default_factory=Contents)
    latest: dict[tuple[str, str], AlertTransition] = field(default_factory=dict)
    clock: int = MAR_10

    def tell(self, *transitions: AlertTransition) -> None:
        for transition in transitions:
            partition, log = partition_of(transition.case_id), self.contents.transitions
            offset = log.next_offset(partition)
            log.note_read(partition, offset, b"abcd")
            assert self.contents.inbox.take_transition(transition)
            log.append(partition, offset, transition)
            self.latest[transition.case_id, transition.rule_id] = transition

    def record(self, event: Event) -> None:
        self.clock += HOUR
        self.contents.inbox.take_event(event, self.clock, partition_of(event.case_id), self.clock)

    def revisions(self) -> set[Revision]:
        known = (self.contents.inbox.alert(latest.alert_id) for latest in self.latest.values())
        return {(one.alert_id, one.revision) for alert in known if alert for one in alert.transitions}


@dataclass(frozen=True)
class Reader:
    principal: Principal = EVERYTHING
    which: Which = Which.ALL
    wanted: Wanted = EVERY_ALERT
    limit: int = 2

    def groups(self, log: Log) -> list[CaseGroup]:
        return groups_for(log.contents.inbox, self.principal, self.which, self.wanted)

    def page(self, log: Log, cursor: str | None) -> Page:
        pages = Pages(self.groups(log), log.contents.inbox.changes, log.contents.reading)
        return pages.after(cursor, self.limit) if cursor else pages.first(self.limit)

    def read_all(self, log: Log, meanwhile: Iterator[Callable[[], None]]) -> list[Page]:
        pages = [self.page(log, None)]
        while (cursor := pages[-1].next_cursor) is not None:
            next(meanwhile, lambda: None)()
            pages.append(self.page(log, cursor))
            assert len(pages) < 100, "reading does not end"
        return pages

    def streamed(self, log: Log, position) -> set[Revision]:
        hers, charge_of = scope(self.principal, Action.READ_ALERTS), log.contents.inbox.charge_of
        told = (transition for _, transition in log.contents.transitions.after(position))
        return {(one.alert_id, one.revision) for one in told if hers.includes(charge_of(one))}


def revisions_of(groups: Sequence[CaseGroup]) -> set[Revision]:
    alerts = (alert for group in groups for alert in group.alerts)
    return {(one.alert_id, one.revision) for alert in alerts for one in alert.transitions}


def cases(page: Page) -> list[str]:
    return [group.charge.case_id for group in page.groups]


def shown(pages: Sequence[Page]) -> list[str]:
    return [case_id for page in pages for case_id in cases(page)]


def log_of(number: int) -> Log:
    """Cases of which the first presses most."""
    log = Log()
    log.tell(*(raised(case_id, d=MAR_1 + place * HOUR) for place, case_id in enumerate(CASES[:number])))
    return log


# --- what may happen ------------------------------------------------------------------------------------------------


def step(log: Log, case_id: str, rule_id: str, way: int) -> None:
    """The next transition of an alert, one of those that may come."""
    before = log.latest.get((case_id, rule_id))
    if before is None:
        log.tell(raised(case_id, rule_id, severity=RULES[rule_id], d=MAR_1 + way * DAY))
    elif before.transition.is_ending:
        log.tell(raised_again(before))
    else:
        log.tell(escalated(before) if way % 2 and before.level < 3 else ended(before))


def charge(log: Log, case_id: str, rule_id: str, way: int) -> None:
    """The case goes to another caseworker or district, or somebody acts on its alert."""
    alert = log.latest.get((case_id, rule_id))
    to = (CASEWORKER, ANOTHER_CASEWORKER)[way // 2 % 2]
    match way % 4:
        case 0:
            log.record(event("case_updated", log.clock, case_id, district=("jashore", "khulna")[way // 4 % 2]))
        case 1:
            log.record(opened(case_id, to))
        case 2 if alert:
            log.record(reassigned(alert, to, log.clock))
        case 3 if alert:
            log.record(acknowledged(alert))


Change = tuple[Callable[[Log, str, str, int], None], str, str, int]
CHANGES = st.tuples(
    st.sampled_from((step, step, charge)), st.sampled_from(CASES), st.sampled_from(sorted(RULES)), st.integers(0, 7)
)
READERS = st.builds(
    Reader,
    st.sampled_from(
        (
            EVERYTHING,
            principal_of("supervisor", ORGANISATION, SUPERVISOR, ["jashore"]),
            principal_of("caseworker", ORGANISATION, CASEWORKER),
        )
    ),
    st.sampled_from(Which),
    st.sampled_from(
        (
            EVERY_ALERT,
            Wanted(caseworker_id=CASEWORKER),
            Wanted(district="khulna"),
            Wanted(severity=Severity.HIGH),
            Wanted(rule_id="job-check"),
            Wanted(level=2),
        )
    ),
    st.integers(1, 4),
)


def apply(log: Log, changes: Sequence[Change]) -> None:
    for change, *what in changes:
        change(log, *what)


def batches(log: Log, of: Sequence[Sequence[Change]]) -> Iterator[Callable[[], None]]:
    return ((lambda batch=batch: apply(log, batch)) for batch in of)


@given(READERS, st.lists(CHANGES, max_size=30), st.lists(st.lists(CHANGES, max_size=4), max_size=12))
def test_all_that_is_hers_at_the_last_page_was_on_a_page_or_comes_by_the_stream(reader, before, meanwhile):
    log = Log()
    apply(log, before)
    position = log.contents.transitions.position()
    pages = reader.read_all(log, batches(log, [batch[: reader.limit] for batch in meanwhile]))
    told = revisions_of([group for page in pages for group in page.groups]) | reader.streamed(log, position)
    assert revisions_of(reader.groups(log)) <= told


@given(
    st.integers(1, 3),
    st.lists(CHANGES, max_size=30),
    st.lists(st.lists(CHANGES, max_size=20), max_size=12),
    st.lists(CHANGES, max_size=5),
)
def test_nothing_is_missed_where_more_changes_than_a_page_holds(limit, before, meanwhile, afterwards):
    log, reader = Log(), Reader(limit=limit)
    apply(log, before)
    position = log.contents.transitions.position()
    pages = reader.read_all(log, batches(log, meanwhile))
    apply(log, afterwards)
    told = revisions_of([group for page in pages for group in page.groups]) | reader.streamed(log, position)
    assert told == log.revisions()
    assert all(len(page.groups) <= 2 * limit for page in pages)


@given(READERS, st.lists(CHANGES, max_size=30))
def test_while_nothing_changes_pages_are_the_list_cut_in_pieces(reader, before):
    log = Log()
    apply(log, before)
    pages = reader.read_all(log, iter(()))
    assert [group for page in pages for group in page.groups] == reader.groups(log)
    assert all(len(page.groups) == reader.limit for page in pages[:-1])


# --- one by one -----------------------------------------------------------------------------------------------------


def test_a_case_that_moved_ahead_of_the_page_she_is_at_begins_the_next_one():
    log, reader = log_of(5), Reader()
    first = reader.page(log, None)
    log.tell(escalated(log.latest[CASES[4], "contact"]))
    second = reader.page(log, first.next_cursor)
    assert cases(first) == CASES[:2]
    assert cases(second) == [CASES[4], CASES[2], CASES[3]]
    assert second.next_cursor is None


def test_a_case_that_was_handed_to_her_while_she_turned_pages_is_shown():
    log, reader = log_of(6), Reader(principal_of("caseworker", ORGANISATION, ANOTHER_CASEWORKER), limit=1)
    for case_id in CASES[1:6]:
        log.record(opened(case_id, ANOTHER_CASEWORKER))
    hands_over = iter([lambda: None, lambda: log.record(opened(CASES[0], ANOTHER_CASEWORKER))])
    assert shown(reader.read_all(log, hands_over)) == [*CASES[1:3], CASES[0], *CASES[3:6]]


def test_a_case_that_is_nobodys_by_its_first_event_is_shown_to_who_looks_for_nobodys():
    log, reader = log_of(6), Reader(wanted=Wanted(caseworker_id=""), limit=1)
    for case_id in CASES[1:6]:
        log.record(event("case_unassigned", log.clock, case_id, reason="left"))
    first = reader.page(log, None)
    log.record(event("call", log.clock, CASES[0], direction="outgoing", outcome="reached"))
    assert cases(reader.page(log, first.next_cursor)) == [CASES[0], CASES[2]]


def test_an_alert_that_ended_is_on_no_later_page_of_the_open_ones_and_its_ending_comes_by_the_stream():
    log, reader = log_of(4), Reader(which=Which.OPEN)
    position, first = log.contents.transitions.position(), reader.page(log, None)
    over = ended(log.latest[CASES[0], "contact"])
    log.tell(over)
    assert cases(reader.page(log, first.next_cursor)) == CASES[2:4]
    assert reader.streamed(log, position) == {(over.alert_id, over.revision)}


def test_an_action_on_an_alert_that_was_shown_is_a_change_of_its_history():
    log, reader = log_of(4), Reader()
    log.record(opened(CASES[0]))
    first = reader.page(log, None)
    log.record(acknowledged(log.latest[CASES[0], "contact"]))
    assert cases(reader.page(log, first.next_cursor)) == [CASES[0], *CASES[2:4]]


def test_reading_ends_though_everything_changes_between_any_two_pages():
    log, reader = log_of(8), Reader(limit=1)

    def all_change() -> None:
        for (case_id, rule_id), latest in list(log.latest.items()):
            step(log, case_id, rule_id, latest.revision)

    pages = reader.read_all(log, iter([all_change] * 1000))
    assert set(shown(pages)) == set(CASES)
    assert len(pages) < 40
    assert all(len(page.groups) <= 2 for page in pages)


def test_changes_of_other_organisations_and_cases_without_an_alert_take_no_room():
    log, reader = log_of(4), Reader()
    first = reader.page(log, None)
    known = log.contents.inbox.changes.end
    log.record(opened(CASES[7]))
    assert log.contents.inbox.changes.end == known
    log.tell(*(raised(str(uuid.UUID(int=number)), organisation="khulna-network") for number in range(9)))
    assert cases(reader.page(log, first.next_cursor)) == CASES[2:4]


def word(*told: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(told).encode()).decode().rstrip("=")


def test_a_page_of_another_reading_of_the_log_cannot_be_gone_on_from():
    first = Reader().page(log_of(4), None)
    with pytest.raises(BeginAgain, match="read anew"):
        Reader().page(log_of(4), first.next_cursor)


@pytest.mark.parametrize("since", [0, 9, -1, 10**30])
def test_a_page_made_before_the_changes_that_are_remembered_cannot_be_gone_on_from(since):
    log = log_of(4)
    changes = ChangeLog(kept=3)
    for case_id in CASES[:4]:
        changes.note(case_id)
    pages = Pages(Reader().groups(log), changes, "r")
    with pytest.raises(BeginAgain, match="too much has changed"):
        pages.after(word("r", since, 1, -1, MAR_1, CASES[0]), 2)
    assert pages.after(word("r", 1, 1, -1, MAR_1, CASES[0]), 2).groups


@pytest.mark.parametrize(
    "cursor",
    [
        "x",
        "e30",
        "W10",
        "ÄÖ",
        word(1, -1, MAR_1, CASES[0]),
        word("r", 0, 1, -1, MAR_1, 4),
        word("r", 1.5, 2),
        "W1" * 9000,
        base64.urlsafe_b64encode(b"[" * 20_000).decode(),
    ],
)
def test_what_is_no_cursor_of_this_list_is_refused(cursor):
    with pytest.raises(UnreadableCursor):
        Pages([], ChangeLog(), "r").after(cursor, 5)
