"""Who may look, when, how often; and that the audit has it before."""

from __future__ import annotations

from pathlib import Path

import pytest

from services.vault.application.contents import list_of
from services.vault.application.errors import (
    Away,
    BudgetSpent,
    Erased,
    NoSuchCase,
    NotPermitted,
    OtherContent,
    OutsideWindow,
)
from services.vault.application.revealing import OfflineLook, Question
from services.vault.domain.audit_chain import Deed
from services.vault.domain.identity import Field, Identity
from services.vault.domain.looks import Ground, Purpose, Reason
from services.vault.domain.safe_contact import DAY, Channel, SafeContactPlan, Window
from tests.vault_fixture import (
    CASEWORKER,
    HEAD_OF_ALL,
    MAR_3,
    OURS,
    RINA,
    SHANU,
    STRANGER,
    SUPERVISOR,
    THEIRS,
    VaultUnderTest,
    case_id_of,
    vault_in,
)

HOUR = 3_600_000
CASE = case_id_of(1)
NAMES = Question(frozenset({Field.NAMES}), Purpose.VISIT)
PHONES = Question(frozenset({Field.PHONES}), Purpose.CALL)
MORNINGS = SafeContactPlan(Channel.VOICE, (Window(("tuesday",), "09:00", "11:00"),), cover_story="a tailoring class")
HER = Identity(names=("Invented Name",), phones=("+8801700000001",), address="behind the school")


@pytest.fixture
def under_test(tmp_path: Path) -> VaultUnderTest:
    made = vault_in(tmp_path)
    made.casework.give(CASE, RINA)
    return made


async def kept(under_test: VaultUnderTest, case_id: str = CASE) -> None:
    await under_test.vault.keeping.keep_identity(CASEWORKER, case_id, HER)
    await under_test.vault.keeping.keep_plan(CASEWORKER, case_id, MORNINGS)


def deeds(under_test: VaultUnderTest, organisation: str = OURS) -> list[tuple[str, str, str]]:
    with under_test.vault.store.reading() as transaction:
        entries = transaction.whole_audit(organisation)
        return [(entry.look.deed, entry.look.ground, entry.look.detail) for entry in entries]


async def test_her_caseworker_sees_her_name_and_the_audit_says_so(under_test: VaultUnderTest) -> None:
    await kept(under_test)
    shown = await under_test.vault.revealing.reveal(CASEWORKER, CASE, NAMES)
    assert [list_of(plain) for plain in shown.plain] == [["Invented Name"]]
    assert deeds(under_test)[-1] == (Deed.REVEALED, Ground.IN_CHARGE, "")
    assert under_test.vault.audit.verify(OURS, [shown.end]) is None


async def test_her_number_is_shown_within_the_hours_she_agreed_to_and_outside_with_a_reason(
    under_test: VaultUnderTest,
) -> None:
    await kept(under_test)
    reveal = under_test.vault.revealing.reveal
    with pytest.raises(OutsideWindow):
        await reveal(CASEWORKER, CASE, PHONES)
    assert deeds(under_test)[-1] == (Deed.REFUSED, "", "OutsideWindow")
    with_reason = Question(PHONES.fields, PHONES.purpose, Reason.DANGER)
    assert (await reveal(CASEWORKER, CASE, with_reason)).plain
    under_test.clock.now = MAR_3 + 3 * HOUR + HOUR // 2  # half past nine in Dhaka
    assert [list_of(plain) for plain in (await reveal(CASEWORKER, CASE, PHONES)).plain] == [["+8801700000001"]]


async def test_a_supervisor_sees_nothing_until_the_glass_is_broken_and_for_three_hours(
    under_test: VaultUnderTest,
) -> None:
    await kept(under_test)
    reveal = under_test.vault.revealing.reveal
    with pytest.raises(NotPermitted):
        await reveal(SUPERVISOR, CASE, NAMES)
    await under_test.vault.breaking.break_glass(SUPERVISOR, CASE, Reason.CASEWORKER_ABSENT)
    assert (await reveal(SUPERVISOR, CASE, NAMES)).plain
    assert deeds(under_test)[-1][1] == Ground.BROKEN_GLASS
    with pytest.raises(NotPermitted):
        await reveal(HEAD_OF_ALL, CASE, NAMES)
    for seer in (HEAD_OF_ALL, CASEWORKER, SUPERVISOR):
        assert [glass.account_id for glass in await under_test.vault.breaking.seen_by(seer)] == [SHANU]
    assert await under_test.vault.breaking.seen_by(STRANGER) == []
    under_test.clock.now += 3 * HOUR
    with pytest.raises(NotPermitted):
        await reveal(SUPERVISOR, CASE, NAMES)


async def test_another_organisations_case_is_as_if_it_were_not_there(under_test: VaultUnderTest) -> None:
    await kept(under_test)
    for case_id in (CASE, case_id_of(404)):
        with pytest.raises(NoSuchCase) as refused:
            await under_test.vault.revealing.reveal(STRANGER, case_id, NAMES)
        assert str(refused.value) == "nothing is here under this id"
    assert deeds(under_test, THEIRS) == []


async def test_a_case_nobody_knows_yet_is_taken_for_its_first_organisation_only(under_test: VaultUnderTest) -> None:
    new = case_id_of(7)
    await under_test.vault.keeping.keep_identity(CASEWORKER, new, HER)
    with pytest.raises(NoSuchCase):
        await under_test.vault.keeping.keep_identity(STRANGER, new, HER)
    with pytest.raises(NoSuchCase):
        await under_test.vault.revealing.reveal(CASEWORKER, new, NAMES)


async def test_the_thirty_first_case_of_a_day_is_refused_and_told_and_the_next_day_begins_anew(
    under_test: VaultUnderTest,
) -> None:
    for number in range(1, 32):
        under_test.casework.give(case_id_of(number), RINA)
    reveal = under_test.vault.revealing.reveal
    for number in range(1, 31):
        await reveal(CASEWORKER, case_id_of(number), NAMES)
    await reveal(CASEWORKER, case_id_of(30), NAMES)
    with pytest.raises(BudgetSpent):
        await reveal(CASEWORKER, case_id_of(31), NAMES)
    assert deeds(under_test)[-1] == (Deed.REFUSED, "", "BudgetSpent")
    under_test.clock.now += DAY
    await reveal(CASEWORKER, case_id_of(31), NAMES)


async def test_the_head_is_told_for_a_fortnight_who_asked_for_more_than_a_day_allows(
    under_test: VaultUnderTest,
) -> None:
    for number in range(1, 33):
        under_test.casework.give(case_id_of(number), RINA)

    def told() -> list[tuple[str, int, int]]:
        page = under_test.vault.audit.read(HEAD_OF_ALL, None, 1, case_id_of(404))
        return [(spent.account_id, spent.times, spent.last_at) for spent in page.spent]

    for number in range(1, 31):
        await under_test.vault.revealing.reveal(CASEWORKER, case_id_of(number), NAMES)
    assert told() == []
    for number in (31, 32):
        under_test.clock.now += 1000
        with pytest.raises(BudgetSpent):
            await under_test.vault.revealing.reveal(CASEWORKER, case_id_of(number), NAMES)
    asked_at = under_test.clock.now
    assert told() == [(RINA, 2, asked_at)]
    with pytest.raises(NoSuchCase):
        await under_test.vault.revealing.reveal(STRANGER, case_id_of(31), NAMES)
    under_test.clock.now = asked_at + 14 * DAY
    assert told() == [(RINA, 1, asked_at)]
    under_test.clock.now += 1
    assert told() == []


async def test_cards_are_checked_out_all_or_none_with_numbers_only_for_hours_still_to_come_today(
    under_test: VaultUnderTest,
) -> None:
    other = case_id_of(2)
    under_test.casework.give(other, RINA)
    await kept(under_test)
    await under_test.vault.keeping.keep_identity(CASEWORKER, other, HER)
    cards = await under_test.vault.revealing.check_out(CASEWORKER, [CASE, other])
    assert [{plain.field for plain in card.plain} for card in cards] == [{"names", "phones", "plan"}, {"names"}]
    under_test.casework.give(other, SHANU)
    before = len(deeds(under_test))
    with pytest.raises(NotPermitted):
        await under_test.vault.revealing.check_out(CASEWORKER, [CASE, other])
    assert {deed for deed, _, _ in deeds(under_test)[before:]} == {Deed.REFUSED}
    await under_test.vault.revealing.note_offline_looks(CASEWORKER, [OfflineLook(CASE, MAR_3 + HOUR)])
    assert deeds(under_test)[-1][0] == Deed.LOOKED_OFFLINE
    with pytest.raises(NoSuchCase):
        await under_test.vault.revealing.note_offline_looks(CASEWORKER, [OfflineLook(case_id_of(3), MAR_3)])


async def test_a_look_that_a_device_tells_of_again_stands_in_the_audit_once(under_test: VaultUnderTest) -> None:
    await kept(under_test)
    await under_test.vault.revealing.check_out(CASEWORKER, [CASE])
    first, second = OfflineLook(CASE, MAR_3 + HOUR), OfflineLook(CASE, MAR_3 + HOUR + 1)
    for looks in ([first], [first, second, second], [second]):
        await under_test.vault.revealing.note_offline_looks(CASEWORKER, looks)
    assert [deed for deed, _, _ in deeds(under_test)].count(Deed.LOOKED_OFFLINE) == 2


async def test_a_case_taken_from_her_in_the_middle_of_a_request_is_not_shown(under_test: VaultUnderTest) -> None:
    await kept(under_test)
    asked = 0

    async def handed_over_meanwhile(case_id: str) -> object:
        nonlocal asked
        asked += 1
        if asked == 2:
            under_test.casework.give(CASE, SHANU)
        return under_test.casework.charges[case_id]

    under_test.casework.of = handed_over_meanwhile  # type: ignore[method-assign, assignment]
    with pytest.raises(NotPermitted):
        await under_test.vault.revealing.reveal(CASEWORKER, CASE, NAMES)
    assert [deed for deed, _, _ in deeds(under_test)[-2:]] == [Deed.REVEALED, Deed.REFUSED]


async def test_while_casework_is_away_nothing_is_revealed_and_nothing_is_said(under_test: VaultUnderTest) -> None:
    await kept(under_test)
    before = deeds(under_test)
    under_test.casework.is_away = True
    with pytest.raises(Away):
        await under_test.vault.revealing.reveal(CASEWORKER, CASE, NAMES)
    assert deeds(under_test) == before


async def test_a_note_is_kept_once_and_other_words_under_its_id_are_refused(under_test: VaultUnderTest) -> None:
    note_id = "20000000-0000-4000-8000-000000000001"
    first = await under_test.vault.keeping.keep_note(CASEWORKER, CASE, note_id, "she wants to sew", MAR_3)
    under_test.clock.now += HOUR
    assert await under_test.vault.keeping.keep_note(CASEWORKER, CASE, note_id, "she wants to sew", MAR_3) == first
    with pytest.raises(OtherContent):
        await under_test.vault.keeping.keep_note(CASEWORKER, CASE, note_id, "something else", MAR_3)


async def test_two_cases_with_one_number_are_told_of_each_other_within_an_organisation_only(
    under_test: VaultUnderTest,
) -> None:
    other, foreign = case_id_of(2), case_id_of(3)
    under_test.casework.give(other, RINA)
    under_test.casework.give(foreign, STRANGER.account_id, THEIRS)
    await kept(under_test)
    assert (await under_test.vault.keeping.keep_identity(STRANGER, foreign, HER)).same_phone == frozenset()
    assert (await under_test.vault.keeping.keep_identity(CASEWORKER, other, HER)).same_phone == {CASE}


async def test_what_is_erased_is_gone_at_once_and_others_stay(under_test: VaultUnderTest) -> None:
    other = case_id_of(2)
    under_test.casework.give(other, RINA)
    await kept(under_test)
    await kept(under_test, other)
    from services.vault.domain.looks import ErasureReason

    with pytest.raises(NotPermitted):
        await under_test.vault.erasing.ask(CASEWORKER, CASE, ErasureReason.HER_WISH)
    await under_test.vault.erasing.ask(HEAD_OF_ALL, CASE, ErasureReason.HER_WISH)
    with pytest.raises(Erased):
        await under_test.vault.revealing.reveal(CASEWORKER, CASE, NAMES)
    assert await under_test.vault.erasing.finish() == 1
    again = under_test.opened_again()
    assert again.vault.erasing.left_of(OURS, CASE).nothing
    assert again.casework.erased == {OURS: {CASE}}
    assert (await again.vault.revealing.reveal(CASEWORKER, other, NAMES)).plain
    assert again.vault.audit.verify(OURS) is None
