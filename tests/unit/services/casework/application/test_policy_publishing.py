"""The policy goes into every partition, once."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from services.casework.adapters.memory_log import MemoryLog
from services.casework.application.errors import LogAway
from services.casework.application.log_view import LogView, follow
from services.casework.application.policy_publishing import PolicySwitching, publish_policies
from services.casework.bootstrap import load_policies
from services.casework.domain.control import PolicyChanged
from services.casework.domain.policy_file import DEFAULT_POLICY_PATH
from services.runtime.serve import CannotServe
from services.runtime.settings import Settings
from tests.unit.services.casework.application.casework_in_memory import POLICY, StandingClock


async def view_of(log: MemoryLog) -> LogView:
    view = LogView()
    following = asyncio.create_task(follow(log, view))
    await view.complete.wait()
    following.cancel()
    return view


async def test_a_policy_is_appended_to_every_partition_where_it_does_not_stand_yet() -> None:
    log = MemoryLog(StandingClock())

    assert await publish_policies(log, await view_of(log), {"": POLICY}) == 12
    assert await publish_policies(log, await view_of(log), {"": POLICY}) == 0
    changed = replace(POLICY, version="another")
    assert await publish_policies(log, await view_of(log), {"": changed}) == 12
    assert [record.partition for record in log.records] == [*range(12), *range(12)]
    assert all(isinstance(record.record, PolicyChanged) for record in log.records)


async def test_an_organisations_own_policy_stands_beside_the_one_for_all() -> None:
    log = MemoryLog(StandingClock())
    own = replace(POLICY, version="its own")

    await publish_policies(log, await view_of(log), {"": POLICY, "shurjo": own})
    view = await view_of(log)
    assert {view.policy_versions[partition, ""] for partition in range(12)} == {POLICY.version}
    assert {view.policy_versions[partition, "shurjo"] for partition in range(12)} == {"its own"}
    assert view.policies[3].of("shurjo").at(StandingClock().at).version == "its own"


async def test_what_was_published_before_the_log_went_away_stands_and_the_next_start_does_the_rest() -> None:
    log = MemoryLog(StandingClock())
    log.away_after = 5
    view = await view_of(log)
    with pytest.raises(LogAway):
        await publish_policies(log, view, {"": POLICY})
    assert not view.is_ready
    log.away = False

    assert await publish_policies(log, await view_of(log), {"": POLICY}) == 7


async def test_a_start_takes_nothing_back_that_a_person_switched_on_but_a_file_that_says_something_new_does() -> None:
    log, own = MemoryLog(StandingClock()), replace(POLICY, version="its own")
    await publish_policies(log, await view_of(log), {"": POLICY, "shurjo": own})
    view = await view_of(log)
    await PolicySwitching(log, view).switch_on(PolicyChanged("shurjo", replace(POLICY, version="hers"), "salma"))

    view = await view_of(log)
    assert await publish_policies(log, view, {"": POLICY, "shurjo": own}) == 0
    assert (view.policy_of("shurjo"), view.policy_changed_by("shurjo")) == (replace(POLICY, version="hers"), "salma")
    assert await publish_policies(log, view, {"": POLICY, "shurjo": replace(POLICY, version="newer")}) == 12
    assert (view.policy_of("shurjo"), view.policy_changed_by("shurjo")) == (replace(POLICY, version="newer"), "")
    assert await PolicySwitching(log, view).finish() == 0


def test_a_bad_policy_file_stops_the_start_with_its_line(tmp_path: Path) -> None:
    bad = tmp_path / "bad.toml"
    text = DEFAULT_POLICY_PATH.read_text(encoding="utf-8")
    bad.write_text(text.replace('severity = "high"', 'severity = "dreadful"', 1), encoding="utf-8")
    line = next(n for n, row in enumerate(bad.read_text(encoding="utf-8").splitlines(), 1) if "dreadful" in row)

    with pytest.raises(CannotServe, match=rf"bad\.toml:{line}: "):
        load_policies(Settings(policy_file=bad))


def test_policies_of_organisations_are_named_by_their_files(tmp_path: Path) -> None:
    (tmp_path / "shurjo.toml").write_text(DEFAULT_POLICY_PATH.read_text(encoding="utf-8"), encoding="utf-8")

    policies = load_policies(Settings(policy_file=DEFAULT_POLICY_PATH, policy_dir=tmp_path))
    assert sorted(policies) == ["", "shurjo"]
    (tmp_path / "reintegration-canary.toml").write_text("", encoding="utf-8")
    with pytest.raises(CannotServe, match="the detector's own"):
        load_policies(Settings(policy_file=DEFAULT_POLICY_PATH, policy_dir=tmp_path))
