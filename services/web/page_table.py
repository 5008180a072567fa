"""The table of pages: which path shows which page, by who it is for. What services answer is in `routes`."""

from __future__ import annotations

from typing import Final

from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.routing import Route

from services.web.pages import (
    account,
    account_changes,
    administrator,
    cards_along,
    case,
    device,
    evaluator,
    for_her,
    head,
    health,
    identity,
    notifications,
    one_account,
    outcome,
    outcome_files,
    oversight,
    policy,
    policy_editor,
    register,
    releases,
    report,
    sealed_outbox,
    second_person,
    several,
    signing,
    staff,
    supervisor,
    taking_along,
    targets,
    workload,
)

_SMALL: Final = (Middleware(GZipMiddleware, compresslevel=6),)
"""Lists and numbers, for slow lines. A page with who she is goes as it is: how far it shrinks would tell of it."""

_COMING_IN: Final = (
    Route("/", signing.home),
    Route("/sign-in", signing.sign_in_page),
    Route("/sign-in", signing.sign_in, methods=["POST"]),
    Route("/second-factor", signing.second_factor_page),
    Route("/second-factor", signing.second_factor, methods=["POST"]),
    Route("/invitation", signing.invitation_page),
    Route("/invitation", signing.invitation, methods=["POST"]),
    Route("/sign-out", signing.sign_out, methods=["POST"]),
    Route("/leave", signing.leave, methods=["POST"]),
    Route("/blank", signing.blank),
    Route("/language", signing.choose_language),
    Route("/numerals", signing.choose_numerals),
)
"""Everybody: coming in, going, and how pages are shown."""

_OF_A_CASE: Final = (
    Route("/cases/{case_id}", case.case_page),
    Route("/cases/{case_id}", case.look_at_her, methods=["POST"]),
    Route("/cases/{case_id}/glass", case.break_glass, methods=["POST"]),
    Route("/cases/{case_id}/identity", identity.identity_page),
    Route("/cases/{case_id}/identity", identity.keep, methods=["POST"]),
    Route("/cases/{case_id}/for-her", for_her.for_her_page),
    Route("/cases/{case_id}/for-her", for_her.for_her, methods=["POST"]),
    Route("/cases/{case_id}/erase", head.erase_page),
    Route("/cases/{case_id}/erase", head.erase, methods=["POST"]),
    Route("/cases/{case_id}/record", staff.record_page),
    Route("/cases/{case_id}/record", staff.record, methods=["POST"]),
    Route("/cases/{case_id}/words", staff.words, methods=["POST"]),
)
"""One survivor: her page, what is recorded of her, who she is."""

_STAFF: Final = (
    Route("/today", staff.today, middleware=_SMALL),
    Route("/unsent", device.unsent, middleware=_SMALL),
    Route("/unsent/events", sealed_outbox.send_events, methods=["POST"]),
    Route("/unsent/words", sealed_outbox.send_words, methods=["POST"]),
    Route("/unsent/looks", sealed_outbox.send_looks, methods=["POST"]),
    Route("/unsent/opened", sealed_outbox.open_for_her, methods=["POST"]),
    Route("/sheets", device.sheets, middleware=_SMALL),
    Route("/session", device.session),
    Route("/take-along/cards", cards_along.cards_along, methods=["POST"]),
    Route("/take-along", taking_along.take_along, middleware=[Middleware(GZipMiddleware)]),
    Route("/open-case", staff.open_case_page),
    Route("/open-case", staff.open_case, methods=["POST"]),
)
"""Caseworkers: whom to contact today, and a device that is often offline."""

_SUPERVISORS: Final = (
    Route("/cases", oversight.case_list, middleware=_SMALL),
    Route("/cases/chosen/{act}", oversight.act_on_cases, methods=["POST"]),
    Route("/caseworkers", workload.by_caseworker, middleware=_SMALL),
    Route("/inbox", supervisor.inbox, middleware=_SMALL),
    Route("/inbox/chosen/{act}", several.act_on_chosen, methods=["POST"]),
    Route("/inbox/{alert_id}/{act}", supervisor.act_on, methods=["POST"]),
    Route("/import", register.imports_page),
    Route("/import", register.upload, methods=["POST"]),
    Route("/import/{import_id}", register.import_page),
    Route("/import/{import_id}/progress", register.progress),
    Route("/import/{import_id}/check", register.check, methods=["POST"]),
    Route("/import/{import_id}/{act}", register.act_on, methods=["POST"]),
    Route("/policy", policy.policy_page),
    Route("/policy/edit", policy_editor.edit_page),
    Route("/policy/edit", policy_editor.try_it, methods=["POST"]),
    Route("/policy/trial", policy_editor.trial_page),
    Route("/policy/trial/{act}", policy_editor.act_on_trial, methods=["POST"]),
    Route("/audit", head.audit),
)
"""Supervisors: who was forgotten, what no alert tells of, the rules, who looked at whom."""

_EVALUATORS: Final = (
    Route("/outcomes", evaluator.outcomes, middleware=_SMALL),
    Route("/outcomes/indicators/{name}", outcome.indicator, middleware=_SMALL),
    Route("/outcomes/curves/{name}", outcome.curve, middleware=_SMALL),
    Route("/outcomes/files/{file}", outcome_files.outcome_file),
    Route("/targets", targets.targets_page),
    Route("/targets", targets.set_target, methods=["POST"]),
    Route("/targets/drop", targets.drop_target, methods=["POST"]),
    Route("/releases", releases.list_page),
    Route("/releases", releases.make, methods=["POST"]),
    Route("/releases/{number}", releases.release_page),
    Route("/releases/{number}/report", report.report),
    Route("/releases/{number}/publish", releases.publish, methods=["POST"]),
)
"""Evaluators and readers of releases."""

_PEOPLE: Final = (
    Route("/notifications", notifications.own),
    Route("/notifications", notifications.add_channel, methods=["POST"]),
    Route("/notifications/times", notifications.say_times, methods=["POST"]),
    Route("/notifications/people", notifications.everybodys),
    Route("/notifications/people", notifications.say_working_days, methods=["POST"]),
    Route("/notifications/{channel_id}/{act}", notifications.act_on, methods=["POST"]),
    Route("/people", administrator.people),
    Route("/people", administrator.invite, methods=["POST"]),
    Route("/people/{account_id}", one_account.one_account),
    Route("/people/{account_id}/roles", one_account.change_roles, methods=["POST"]),
    Route("/people/{account_id}/away", one_account.say_away, methods=["POST"]),
    Route("/people/{account_id}/absences/{absence_id}", one_account.end_absence, methods=["POST"]),
    Route("/people/{account_id}/{act}", administrator.act_on, methods=["POST"]),
    Route("/health", health.health),
    Route("/account-changes", account_changes.account_changes),
    Route("/proposals", second_person.proposals),
    Route("/proposals/{proposal_id}/{act}", second_person.decide, methods=["POST"]),
    Route("/lock-outs", administrator.lock_outs),
    Route("/lock-outs/{account_id}", administrator.lift_lock_out, methods=["POST"]),
    Route("/account", account.account),
    Route("/account/sessions/{session_id}", account.end_session, methods=["POST"]),
    Route("/account/absences", account.say_absence, methods=["POST"]),
    Route("/account/absences/{absence_id}", account.end_absence, methods=["POST"]),
)
"""Administrators, and everybody about her own account."""

PAGES: Final[tuple[Route, ...]] = (
    *_COMING_IN,
    *_STAFF,
    *_SUPERVISORS,
    *_OF_A_CASE,
    *_EVALUATORS,
    *_PEOPLE,
)
