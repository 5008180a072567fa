"""Changing the rules: a form, what its draft would have made of the history, and only then the switch.

Only for who answers for the whole organisation. What is typed changes nothing; "try it" hands it to casework, which
replays the history; and only a draft that was tried to its end can be switched on.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from starlette.responses import RedirectResponse, Response

from services.access.domain.permissions import Role
from services.web.backends import Refused
from services.web.faces import NoSuchPage, NotForThisRole, Visit, fields_of, page, posted_form, understood
from services.web.people import caseworkers
from services.web.policy_form import SEVERITIES, Rules, Wrong, draft_of, form_of, wrong_of
from services.web.routes import Part
from services.web.trial_answers import VERDICTS, Trial

_TRIAL_PAGE: Final = "/policy/trial"
_TRIAL: Final = "/v1/policy/trial"
_KNOWN: Final = frozenset({"trial_goes_on", "policy_moved_on", "nothing_changed", "not_tried"})
"""Why casework says no as things stand; each has its sentence."""


@page(Role.SUPERVISOR)
async def edit_page(visit: Visit) -> Response:
    """The rules that hold; with `?draft=last` those that were tried last."""
    _require_head(visit)
    rules = await _rules(visit)
    if visit.request.query_params.get("draft") == "last" and (trial := await _latest(visit)) is not None:
        rules = rules.with_draft(trial.policy)
    return _edit(visit, rules)


@page(Role.SUPERVISOR)
async def try_it(visit: Visit) -> Response:
    """What was typed, tried. What is wrong of it is said at its field, and what was typed stays."""
    _require_head(visit)
    typed = fields_of(await posted_form(visit.request))
    rules = await _rules(visit)
    if typed.get("instead_of") != rules.version:
        return _edit(visit, rules, 409, said="policy_moved_on")
    document, wrong = draft_of(rules, typed)
    if wrong:
        return _edit(visit, rules, 422, typed, wrong)
    try:
        await visit.post(_TRIAL, {"instead_of": rules.version, "policy": document})
    except Refused as refusal:
        if refusal.status == 422:
            return _edit(visit, rules, 422, typed, wrong_of(document, refusal.errors))
        if refusal.kind not in _KNOWN:
            raise
        return _edit(visit, rules, 409, typed, said=refusal.kind)
    return RedirectResponse(_TRIAL_PAGE, 303)


@page(Role.SUPERVISOR)
async def trial_page(visit: Visit) -> Response:
    """How far the trial is; or what it foretold, or that it foretold nothing."""
    _require_head(visit)
    return await _trial(visit)


@page(Role.SUPERVISOR)
async def act_on_trial(visit: Visit) -> Response:
    """Cancel it, or switch on what was tried."""
    _require_head(visit)
    typed = fields_of(await posted_form(visit.request))
    act = visit.request.path_params["act"]
    if act not in ("cancel", "switch-on"):
        raise NoSuchPage
    body = {} if act == "cancel" else {"trial_id": typed.get("trial_id", "")}
    try:
        await visit.post(f"{_TRIAL}:{act}", body)
    except Refused as refusal:
        if refusal.kind not in _KNOWN:
            raise
        return await _trial(visit, 409, refusal.kind)
    return RedirectResponse(_TRIAL_PAGE if act == "cancel" else "/policy", 303)


async def _rules(visit: Visit) -> Rules:
    answer = await visit.get("/v1/policy/document")
    with understood(Part.CASEWORK):
        return Rules.of(answer)


async def _latest(visit: Visit) -> Trial | None:
    """None: nothing was tried since casework started."""
    try:
        answer = await visit.get(_TRIAL, lang=visit.words.language)
    except Refused as refusal:
        if refusal.status != 404:
            raise
        return None
    with understood(Part.CASEWORK):
        return Trial.of_answer(answer)


def _edit(
    visit: Visit,
    rules: Rules,
    status: int = 200,
    typed: Mapping[str, str] | None = None,
    wrong: Wrong | None = None,
    said: str = "",
) -> Response:
    with understood(Part.CASEWORK):
        form = form_of(rules, visit.words.language, typed, wrong)
    return visit.show("policy_edit.html", status, form=form, severities=SEVERITIES, said=said)


async def _trial(visit: Visit, status: int = 200, said: str = "") -> Response:
    trial = await _latest(visit)
    people = await caseworkers(visit, everybody=True)
    return visit.show("policy_trial.html", status, trial=trial, people=people, verdicts=VERDICTS, said=said)


def _require_head(visit: Visit) -> None:
    if not visit.person.is_head:
        raise NotForThisRole
