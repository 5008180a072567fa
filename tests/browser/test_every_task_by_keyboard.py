"""Every task of every person is done by keyboard alone, from signing in on; and none of them is forgotten."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import BrowserContext, Request
from starlette.routing import Match

from services.casework.domain.event_types import Recorder
from services.web.forms import types_for
from services.web.page_table import PAGES
from services.web.pages import oversight, supervisor
from tests.browser.keyboard_scripts import TASKS, stocked
from tests.browser_fixture import Faces, serving, sign_in

FOLDER: Final = Path(__file__).parent
ACTS: Final = {
    "/inbox/{alert_id}/{act}": supervisor.ACTS,
    "/inbox/chosen/{act}": supervisor.ACTS,
    "/cases/chosen/{act}": tuple(oversight.ACTS),
    "/notifications/{channel_id}/{act}": ("test", "remove"),
    "/people/{account_id}/{act}": ("invitation", "withdraw", "end-sessions", "close", "lift-lock-out"),
    "/proposals/{proposal_id}/{act}": ("confirm", "refuse"),
}
NO_TASKS: Final = frozenset(
    {
        *("GET /", "GET /blank", "GET /sheets", "GET /session", "GET /take-along", "POST /take-along/cards"),
        *("GET /import/{import_id}/progress", "GET /outcomes/files/{file}"),
        *("POST /open-case", "POST /cases/{case_id}/record"),
        *("POST /unsent/events", "POST /unsent/words", "POST /unsent/looks", "POST /unsent/opened"),
    }
)
"""Ways to another page, what scripts ask for, files, and what forms of events are sent to where no script runs."""

ELSEWHERE: Final = {
    "test_coming_in": {
        "test_an_administrator_invites_and_the_invited_one_comes_in_with_her_own_password_and_a_second_factor": (
            *("GET /people", "POST /people", "GET /invitation", "POST /invitation", "GET /sign-in", "POST /sign-in"),
            *("GET /second-factor", "POST /second-factor", "POST /sign-out"),
        ),
        "test_who_typed_wrong_too_often_waits_until_her_supervisor_lets_her_try_again": (
            *("GET /lock-outs", "POST /lock-outs/{account_id}"),
        ),
        "test_who_goes_away_names_who_stands_in_and_comes_back": (
            *("GET /account", "POST /account/absences", "POST /account/absences/{absence_id}"),
        ),
        "test_a_session_is_ended_from_another_device": ("POST /account/sessions/{session_id}",),
        "test_an_administrator_lets_somebody_try_again_signs_her_out_invites_her_again_and_closes_her_account": (
            *(f"POST /people/{{account_id}}/{act}" for act in ACTS["/people/{account_id}/{act}"]),
        ),
        "test_who_lost_her_way_in_comes_back_by_two_halves_that_two_people_gave_her": (
            *("GET /proposals", "POST /proposals/{proposal_id}/confirm"),
        ),
        "test_the_pages_speak_bangla_and_write_the_digits_that_somebody_wants": ("GET /numerals",),
    },
    "test_people_pages": {
        "test_a_role_that_opens_no_case_counts_at_once_and_one_that_does_when_the_head_confirms": (
            *("GET /people/{account_id}", "POST /people/{account_id}/roles"),
        ),
        "test_somebody_is_said_to_be_away_and_who_stands_in_waits_for_the_head": (
            *("POST /people/{account_id}/away", "POST /people/{account_id}/absences/{absence_id}"),
        ),
        "test_a_role_that_the_head_refuses_is_not_had": ("POST /proposals/{proposal_id}/refuse",),
        "test_the_head_reads_what_was_done_with_accounts_page_by_page_and_nobody_else_does": ("GET /account-changes",),
    },
    "test_vault_pages": {
        "test_who_to_call_is_shown_to_who_asks_and_gone_when_the_page_is_left": ("POST /cases/{case_id}",),
        "test_who_she_is_and_a_plan_are_entered_and_a_shared_number_is_told": (
            *("GET /cases/{case_id}/identity", "POST /cases/{case_id}/identity"),
        ),
        "test_a_supervisor_breaks_the_glass_and_others_see_it": ("POST /cases/{case_id}/glass",),
        "test_while_the_vault_is_away_the_event_is_recorded_and_no_word_is_lost": ("POST /cases/{case_id}/words",),
        "test_all_that_is_held_about_her_is_given_to_her_on_paper_and_as_a_file": (
            *("GET /cases/{case_id}/for-her", "POST /cases/{case_id}/for-her"),
        ),
    },
    "test_head_of_the_vault": {
        "test_the_head_erases_a_survivor_and_sees_it_done": (
            *("GET /cases/{case_id}/erase", "POST /cases/{case_id}/erase"),
        ),
        "test_the_head_sees_who_looked_at_whom_and_filters": ("GET /audit",),
    },
    "test_leaving_without_a_line": {
        "test_who_went_without_a_connection_is_signed_out_before_anything_is_shown_again": ("POST /leave",),
    },
    "test_notification_pages": {
        "test_a_channel_is_added_tried_out_and_removed_and_times_are_said_by_keyboard_alone": (
            *("GET /notifications", "POST /notifications", "POST /notifications/{channel_id}/test"),
            *("POST /notifications/{channel_id}/remove", "POST /notifications/times"),
        ),
        "test_an_administrator_sees_who_is_told_and_what_failed_and_no_address": (
            *("GET /notifications/people", "POST /notifications/people"),
        ),
    },
    "test_register_pages": {
        "test_a_register_is_brought_in_and_undone_by_keyboard_alone": (
            *("GET /import", "POST /import", "GET /import/{import_id}", "POST /import/{import_id}/check"),
            "POST /import/{import_id}/{act}",
        ),
    },
    "test_policy_editor": {
        "test_the_head_changes_a_rule_tries_it_and_switches_it_on_by_keyboard_alone": (
            *("GET /policy/edit", "POST /policy/edit", "GET /policy/trial", "POST /policy/trial/{act}"),
        ),
    },
    "test_releases_page": {
        "test_a_release_is_made_looked_at_published_and_read_by_keyboard_alone": (
            *("GET /releases", "POST /releases", "GET /releases/{number}", "POST /releases/{number}/publish"),
            "GET /releases/{number}/report",
        ),
    },
}
"""What is done by keyboard in front of something real, and in which test."""

BY_HAND: Final = (".click(", ".tap(", ".fill(", ".check(", ".uncheck(", ".select_option(", ".focus(")


def every_task() -> set[str]:
    """Pages and acts of the table of pages, and every event that somebody may record."""
    asked = {
        f"{method} {route.path.replace('{act}', act) if act else route.path}"
        for route in PAGES
        for method in (route.methods or set()) - {"HEAD"}
        for act in ACTS.get(route.path, ("",))
    }
    return asked | {f"record {found.name}" for found in types_for(Recorder.SUPERVISOR)}


def done_elsewhere() -> set[str]:
    return {task for tests in ELSEWHERE.values() for tasks in tests.values() for task in tasks}


def test_there_is_a_script_for_every_task() -> None:
    done = {what for task in TASKS for what in task.does}
    assert done | done_elsewhere() | NO_TASKS == every_task()


@pytest.mark.parametrize("module", ELSEWHERE)
def test_what_is_said_to_be_done_elsewhere_is_a_test_that_moves_by_the_tab_key(module: str) -> None:
    parsed = ast.parse((FOLDER / f"{module}.py").read_text(encoding="utf-8"))
    tests = {node.name: ast.unparse(node) for node in parsed.body if isinstance(node, ast.FunctionDef)}
    assert ELSEWHERE[module].keys() <= tests.keys()
    for name in ELSEWHERE[module]:
        assert [hand for hand in BY_HAND if hand in tests[name]] == [], name


@pytest.fixture
def house() -> Iterator[Faces]:
    with serving(stocked()) as found:
        yield found


@pytest.mark.parametrize("who", sorted({task.who for task in TASKS}))
def test_a_person_does_all_her_tasks_by_keyboard_alone(house: Faces, context: BrowserContext, who: str) -> None:
    asked: set[str] = set()
    context.on("request", lambda request: asked.add(as_asked(request)))
    page: Any = sign_in(context, house.url, who)
    for task in TASKS:
        if task.who != who:
            continue
        asked.clear()
        house.services.recorded.clear()
        task.script(page)
        recorded = {f"record {event['type']}" for event in house.services.recorded.values()}
        assert task.does <= asked | recorded, f"{task.script.__name__} does not do {task.does - asked - recorded}"


def as_asked(request: Request) -> str:
    """As the table of pages has it; what is none of them as it is."""
    path = urlsplit(request.url).path
    scope = {"type": "http", "method": request.method, "path": path}
    for route in PAGES:
        match, found = route.matches(scope)
        if match is Match.FULL:
            act = found.get("path_params", {}).get("act", "")
            return f"{request.method} {route.path.replace('{act}', act)}"
    return f"{request.method} {path}"
