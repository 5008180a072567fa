"""Her number is shown within the hours she agreed to and at no other, whatever the plan and whenever it is."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given, settings
from hypothesis import strategies as st

from services.vault.application.errors import OutsideWindow
from services.vault.application.revealing import Question
from services.vault.domain.identity import Field, Identity
from services.vault.domain.looks import Purpose, Reason
from services.vault.domain.safe_contact import WEEKDAYS, Channel, SafeContactPlan, Window, may_call
from tests.vault_fixture import CASEWORKER, RINA, VaultUnderTest, case_id_of, vault_in

DHAKA = timezone(timedelta(hours=6))
CASE = case_id_of(1)
PHONES = frozenset({Field.PHONES})
WEEK_MINUTES = 7 * 24 * 60
# From 2000 to 2100.
instants = st.integers(946_684_800_000, 4_102_444_800_000)
clocks = st.builds("{:02}:{:02}".format, st.integers(0, 23), st.integers(0, 59))
windows = st.builds(Window, st.lists(st.sampled_from(WEEKDAYS), min_size=1, max_size=7).map(tuple), clocks, clocks)
plans = st.builds(SafeContactPlan, st.sampled_from(Channel), st.lists(windows, max_size=4).map(tuple))


def open_minutes(plan: SafeContactPlan) -> set[int]:
    """The minutes of a week, from Monday's midnight in Dhaka on, in which she may be called: walked one by one."""
    found: set[int] = set()
    if plan.channel is Channel.VISIT_ONLY:
        return found
    for window in plan.windows:
        for weekday in window.weekdays:
            minute = WEEKDAYS.index(weekday) * 1440 + int(window.begins[:2]) * 60 + int(window.begins[3:])
            while True:
                found.add(minute % WEEK_MINUTES)
                minute += 1
                if f"{minute // 60 % 24:02}:{minute % 60:02}" == window.ends:
                    break
    return found


def minute_of_week(now: int) -> int:
    there = datetime.fromtimestamp(now // 1000, UTC).astimezone(DHAKA)
    return there.weekday() * 1440 + there.hour * 60 + there.minute


@given(plans, instants)
def test_a_plan_is_open_and_shut_at_its_very_edges(plan: SafeContactPlan, now: int) -> None:
    wanted = open_minutes(plan)
    monday = now - now % 60_000 - minute_of_week(now) * 60_000
    for edge in [minute for minute in wanted if (minute - 1) % WEEK_MINUTES not in wanted]:
        assert may_call(plan, monday + edge * 60_000)
        assert not may_call(plan, monday + edge * 60_000 - 1)


@contextmanager
def her_vault(now: int) -> Iterator[VaultUnderTest]:
    with TemporaryDirectory() as directory:
        under_test = vault_in(Path(directory), now=now)
        under_test.casework.give(CASE, RINA)
        yield under_test
        under_test.vault.store.close()


@settings(max_examples=40)
@given(st.none() | plans, instants, st.sampled_from(Purpose), st.none() | st.sampled_from(Reason))
async def test_no_number_is_revealed_outside_the_hours_without_a_reason(
    plan: SafeContactPlan | None, now: int, purpose: Purpose, reason: Reason | None
) -> None:
    with her_vault(now) as under_test:
        await under_test.vault.keeping.keep_identity(CASEWORKER, CASE, Identity(phones=("+8801700000001",)))
        if plan is not None:
            await under_test.vault.keeping.keep_plan(CASEWORKER, CASE, plan)
        is_open = plan is not None and minute_of_week(now) in open_minutes(plan)
        try:
            shown = await under_test.vault.revealing.reveal(CASEWORKER, CASE, Question(PHONES, purpose, reason))
        except OutsideWindow:
            assert not is_open and reason is None
        else:
            assert is_open or reason is not None
            assert [plain.field for plain in shown.plain] == [Field.PHONES]


@settings(max_examples=30)
@given(plans, instants)
async def test_a_card_has_her_number_only_when_hours_she_agreed_to_are_still_to_come_today(
    plan: SafeContactPlan, now: int
) -> None:
    with her_vault(now) as under_test:
        await under_test.vault.keeping.keep_identity(CASEWORKER, CASE, Identity(phones=("+8801700000001",)))
        await under_test.vault.keeping.keep_plan(CASEWORKER, CASE, plan)
        (card,) = await under_test.vault.revealing.check_out(CASEWORKER, [CASE])
        first = minute_of_week(now)
        rest_of_day = range(first, (first // 1440 + 1) * 1440)
        still_to_come = bool(open_minutes(plan) & set(rest_of_day))
        assert (Field.PHONES in {plain.field for plain in card.plain}) == still_to_come
