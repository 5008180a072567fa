"""What was cut off cannot be taken for a system, and one command at a time works on one."""

from __future__ import annotations

from pathlib import Path

import pytest

from infra.runner.holding import held_parts, hold, release
from infra.runner.refusal import CannotRun
from infra.runner.unfinished import REBUILD_JOURNAL, RESTORE_JOURNAL, refuse_unfinished, unfinished
from infra.runner.working_alone import working_alone


def test_parts_are_held_until_they_are_released(tmp_path: Path) -> None:
    assert held_parts(tmp_path) == frozenset()
    hold(tmp_path, ("alerting", "neglect_watch"), "a reason")
    assert held_parts(tmp_path) == {"alerting", "neglect_watch"}
    release(tmp_path)
    release(tmp_path)
    assert held_parts(tmp_path) == frozenset()


@pytest.mark.parametrize(
    ("journal", "what_to_do"),
    [(REBUILD_JOURNAL, "make rebuild finishes it"), (RESTORE_JOURNAL, "make demo-reset wipes")],
)
def test_a_journal_that_was_left_is_refused_with_what_to_do(tmp_path: Path, journal: str, what_to_do: str) -> None:
    refuse_unfinished(tmp_path)
    (tmp_path / journal).write_text("{}")
    with pytest.raises(CannotRun, match=what_to_do):
        refuse_unfinished(tmp_path)
    assert what_to_do in unfinished(tmp_path)


def test_two_commands_do_not_work_on_one_system_at_the_same_time(tmp_path: Path) -> None:
    with working_alone(tmp_path), pytest.raises(CannotRun, match="is under way"), working_alone(tmp_path):
        pass
    with working_alone(tmp_path):
        pass
