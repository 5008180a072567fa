"""Faults that somebody could make in one line, and the tests that must see each.

Chosen where a fault would cost most: neglect that is not raised or ends by itself, an event lost or counted twice,
somebody who sees what she must not. `old` stands exactly once in `file`; `tests` are those that must fail with `new`.
"""

from __future__ import annotations

from dataclasses import dataclass

HEART = "services/casework/domain"
HEART_TESTS = "tests/unit/services/casework/domain"
SINK = "streams/clickhouse_sink"
HERE = "tests/mutations/test_what_no_unit_test_saw.py"
PERMISSIONS = "services/access/domain/permissions.py"


@dataclass(frozen=True, slots=True)
class Mutation:
    """name: what is then wrong."""

    name: str
    file: str
    old: str
    new: str
    tests: tuple[str, ...]


def _heart(name: str, module: str, old: str, new: str, *tests: str) -> Mutation:
    return Mutation(name, f"{HEART}/{module}.py", old, new, tuple(f"{HEART_TESTS}/{test}" for test in tests))


def _sink(name: str, module: str, old: str, new: str, test: str) -> Mutation:
    test = f"tests/unit/streams/clickhouse_sink/test_topic_writer.py::{test}"
    return Mutation(name, f"{SINK}/{module}.py", old, new, (test,))


def _permission(name: str, old: str, new: str, *tests: str) -> Mutation:
    named = tuple(f"tests/unit/services/access/test_permissions.py::{test}" for test in tests)
    return Mutation(name, PERMISSIONS, old, new, named)


MUTATIONS = (
    _heart(
        "work done at the very due time counts as late",
        "neglect",
        "if s <= was.d else",
        "if s < was.d else",
        "test_endings.py::test_cleared_when_the_work_had_been_done_in_time",
    ),
    _heart(
        "settling is ignored",
        "neglect",
        "return max(self.owed.d + rule.grace, self.k + settle)",
        "return self.owed.d + rule.grace",
        "test_raising.py::test_what_was_owed_long_ago_is_raised_only_after_it_has_settled",
        "test_raising.py::test_settling_begins_anew_when_c_and_d_change",
    ),
    _heart(
        "a hold may be as long as anybody likes",
        "neglect",
        "until = min(until, self.level_reached + LONGEST_HOLD)",
        "until = max(until, self.level_reached)",
        "test_escalation.py::test_no_hold_is_longer_than_14_days_after_the_level_was_reached",
    ),
    _heart(
        "an alert goes up beyond the organisation",
        "neglect",
        "if self.level >= HIGHEST_LEVEL:",
        "if self.level > HIGHEST_LEVEL:",
        "test_escalation.py::test_an_alert_nobody_takes_goes_up_twice_and_not_beyond_level_3",
    ),
    _heart(
        "reopening a case is no restart",
        "standing",
        "if self.opened_again is not None and (self.closed_by_end or not when_closed):",
        "if self.opened_again is not None and self.closed_by_end:",
        "test_restarts.py::test_while_closed_nothing_is_owed_and_reopening_is_a_restart",
    ),
    _heart(
        "that she called for help again is an answer",
        "obligations",
        "if mixed is not None and kind.repeat_answers and first is not None",
        "if mixed is not None and first is not None",
        "test_rule_kinds.py::test_where_a_repeat_is_no_answer_her_second_call_leaves_the_first_unanswered",
    ),
    _heart(
        "a streak is one failure longer",
        "obligations",
        "if len(run) < kind.count:",
        "if len(run) <= kind.count:",
        "test_rule_kinds.py::test_a_streak_counts_from_the_nth_failure_and_further_ones_do_not_move_it",
    ),
    _heart(
        "a retraction takes nothing back",
        "fact_book",
        "if at is None or not at[2].retractable:",
        "if at is None or at[2].retractable:",
        "test_moments_and_facts.py::test_a_retraction_takes_back_facts_from_its_recording_on",
        "test_moments_and_facts.py::test_a_retraction_takes_back_attributes",
    ),
    _heart(
        "what happens at the same time happens later",
        "fact_book",
        "return self._first(names, (time, _AFTER_ALL))",
        'return self._first(names, (time, b""))',
        "test_restarts.py::test_a_resumption_at_the_very_time_of_the_pause_does_not_end_it",
        "test_restarts.py::test_an_opening_at_the_very_time_of_the_closing_does_not_count",
    ),
    _heart(
        "what is said to happen in future counts as future",
        "facts",
        "return min(occurred_at, recorded_at)",
        "return occurred_at",
        "test_moments_and_facts.py::test_what_happened_after_it_was_recorded_counts_as_recorded",
    ),
    _heart(
        "the end of a pause comes after what is recorded at that instant",
        "case_file",
        "if self.standing.pause_ends == recorded_at and self.moment is not None and self.moment < recorded_at:",
        "if self.moment is None:",
        "test_restarts.py::test_the_end_of_a_pause_comes_before_anything_recorded_at_that_instant",
    ),
    _heart(
        "an event that comes twice counts twice",
        "case_file",
        "if not self.facts.knows(key):",
        "if key:",
        "test_moments_and_facts.py::test_the_same_event_id_a_second_time_changes_nothing_whatever_it_says",
    ),
    _heart(
        "a moment is over before the next record is later",
        "case_file",
        "is not None and due < before:",
        "is not None and due <= before:",
        "test_moments_and_facts.py::test_nothing_is_worked_out_before_the_moment_is_over",
    ),
    _heart(
        "an alert raised again begins at its first revision",
        "case_file",
        "revision = self.revisions.pop((rule.id, c), 0) + 1",
        "revision = 1",
        "test_raising.py::test_an_alert_raised_again_goes_on_counting_its_revisions",
    ),
    _heart(
        "a header counts outside history",
        "log_time",
        "if offset == 0:\n            self._in_history = header_ms is not None",
        "if header_ms is not None:\n            self._in_history = True",
        "test_log_time.py::test_a_header_at_a_later_offset_does_not_begin_history",
        "test_log_time.py::test_history_that_ended_does_not_begin_again",
    ),
    _heart(
        "the time of the log runs backwards",
        "log_time",
        "self._newest = max(self._newest, counted)",
        "self._newest = counted",
        "test_log_time.py::test_recorded_at_never_runs_backwards_when_the_brokers_clock_does",
    ),
    Mutation(
        "of two records of one event the last stands",
        "infra/clickhouse/migrations/0001_events.sql",
        "DEFAULT bitNot(`offset`)",
        "DEFAULT `offset`",
        (
            "tests/integration/test_clickhouse_migrations.py"
            "::test_of_one_event_recorded_twice_the_lowest_offset_wins_in_any_order",
        ),
    ),
    _sink(
        "progress is written before the rows",
        "writer",
        "        for block in batch.blocks:\n",
        "        step = Step(batch.partition, batch.follows, batch.reached)\n"
        "        await self._store.go_on(self.feed.topic, (step,))\n"
        "        for block in batch.blocks:\n",
        "test_rows_come_before_progress_and_digests_before_events",
    ),
    _sink(
        "what is delivered again counts as new",
        "writer",
        "else [record for record in records if record.offset >= start]",
        "else records",
        "test_what_the_progress_covers_is_not_written_again",
    ),
    _sink(
        "what was not delivered is passed over",
        "writer",
        "if len(new) == stop - start:",
        "if len(new) <= stop - start:",
        "test_what_was_not_delivered_is_read_from_the_log",
    ),
    Mutation(
        "the digest ignores what the event says",
        f"{SINK}/feeds.py",
        "{event.occurred_at}|{canonical_data}",
        "{event.occurred_at}",
        (f"{HERE}::test_two_contents_under_one_event_id_have_two_digests",),
    ),
    _permission(
        "another organisation's cases are allowed",
        "    if resource.organisation != principal.organisation:\n        return _MISSING\n",
        "",
        "test_nothing_of_another_organisation_is_ever_allowed_or_shown_to_exist",
        "test_what_does_not_exist_and_what_is_anothers_are_told_in_the_same_words",
    ),
    _permission(
        "a list shows another organisation's cases",
        "        if case.organisation != self.organisation:\n            return False\n",
        "",
        "test_a_case_is_in_scope_if_and_only_if_deciding_allows_it",
    ),
    _permission(
        "who once had a case may record in it for ever",
        "and (tenure.until is None or at <= tenure.until + NEAR_TENURE)",
        "",
        "test_a_caseworker_records_what_happened_while_she_had_the_case_or_within_90_days_of_it",
    ),
    _permission(
        "an evaluator may read cases",
        "Role.EVALUATOR: _OPEN_TO_STAFF | {Action.READ_OUTCOMES,",
        "Role.EVALUATOR: _OPEN_TO_STAFF | {Action.READ_CASE, Action.READ_OUTCOMES,",
        "test_no_case_route_exists_for_evaluators_and_administrators",
    ),
    Mutation(
        "one silent partition is not missed",
        "services/alerting/domain/detector.py",
        "if silences or checked_until is None:",
        "if len(silences) == PARTITIONS or checked_until is None:",
        (f"{HERE}::test_one_partition_that_fell_silent_among_others_that_beat_makes_the_whole_stale",),
    ),
)
