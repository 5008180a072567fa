"""GET /v1/policy; and for who may change it: the rules as a document, a trial of other ones, switching these on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends

from services.access.domain.permissions import Action, Principal
from services.casework.application.errors import CaseworkError, DraftRefused
from services.casework.application.log_view import LogView
from services.casework.application.policy_trials import PolicyTrials
from services.casework.domain.events import FieldProblem
from services.casework.domain.policy import Policy, Rule
from services.casework.domain.policy_document import policy_document
from services.casework.domain.policy_file import InvalidPolicy, policy_of
from services.casework.domain.wording import Language
from services.casework.entrypoints.policy_models import (
    PolicyDocumentOut,
    SwitchOnBody,
    TrialBody,
    TrialOut,
    trial_out,
)
from services.casework.entrypoints.problems import problem_of
from services.casework.entrypoints.read_models import PolicyOut, policy_out
from services.runtime.http import permitted

ReadingPolicy = Annotated[Principal, Depends(permitted(Action.READ_POLICY))]
ChangingPolicy = Annotated[Principal, Depends(permitted(Action.CHANGE_POLICY))]

_STATED: Final = frozenset(("settle", "hold", "rule"))
_MOST_RULES: Final = 100
_NOTHING_TRIED: Final[dict[int | str, dict[str, Any]]] = {404: {"description": "No policy was tried since the start"}}
_NOT_NOW: Final[dict[int | str, dict[str, Any]]] = {409: {"description": "Not as things stand; `type` says why"}}


def policy_routes(trials: PolicyTrials, view: LogView, policies: Mapping[str, Policy]) -> APIRouter:
    """policies: of files, by organisation, "" for all that have none of their own."""
    router = APIRouter(tags=["policy"])
    _add_reading(router, trials, view, policies)
    _add_trials(router, trials)
    return router


def _add_reading(router: APIRouter, trials: PolicyTrials, view: LogView, policies: Mapping[str, Policy]) -> None:
    @router.get("/v1/policy")
    async def policy(principal: ReadingPolicy, lang: Language = "en") -> PolicyOut:
        """The rules that hold for the person's organisation, in words, since when, and who switched them on."""
        organisation = principal.organisation
        known = view.policy_of(organisation) if view.complete.is_set() else None
        # Until the log has been read to its end, what a file will have it say; not in force yet, as `since` says.
        found = known or policies.get(organisation, policies[""])
        changed_by = view.policy_changed_by(organisation) if known else ""
        return policy_out(found, view.policy_since(organisation, found.version), changed_by, lang)

    @router.get("/v1/policy/document")
    async def document(principal: ChangingPolicy) -> PolicyDocumentOut:
        """The rules that hold as a policy file states them, to be changed and tried."""
        try:
            found = trials.policy_of(principal.organisation)
        except CaseworkError as error:
            raise problem_of(error) from error
        return PolicyDocumentOut(
            version=found.version,
            policy=policy_document(found),
            off=_off(found, view.rules_stated(principal.organisation), policies[""]),
        )


def _add_trials(router: APIRouter, trials: PolicyTrials) -> None:
    @router.post("/v1/policy/trial", status_code=202, responses=_NOT_NOW)
    async def start(principal: ChangingPolicy, body: TrialBody, lang: Language = "en") -> TrialOut:
        """Replay the organisation's history under other rules. One at a time; nothing is switched on by it."""
        try:
            draft = draft_of(body.policy)
            trial = trials.start(principal.organisation, principal.account_id, draft, body.instead_of)
        except CaseworkError as error:
            raise problem_of(error) from error
        return trial_out(trial, lang)

    @router.get("/v1/policy/trial", responses=_NOTHING_TRIED)
    async def latest(principal: ChangingPolicy, lang: Language = "en") -> TrialOut:
        """The trial that goes on, or the last one, with what it foretold. 404: none since the start."""
        try:
            return trial_out(trials.latest(principal.organisation), lang)
        except CaseworkError as error:
            raise problem_of(error) from error

    @router.post("/v1/policy/trial:cancel", responses=_NOTHING_TRIED)
    async def cancel(principal: ChangingPolicy, lang: Language = "en") -> TrialOut:
        """End the trial that goes on: it foretells nothing. One that is over stays as it is."""
        try:
            return trial_out(await trials.cancel(principal.organisation), lang)
        except CaseworkError as error:
            raise problem_of(error) from error

    @router.post("/v1/policy/trial:switch-on", responses=_NOTHING_TRIED | _NOT_NOW)
    async def switch_on(principal: ChangingPolicy, body: SwitchOnBody, lang: Language = "en") -> TrialOut:
        """From now on the rules of this trial hold for every case of the organisation. 503: not everywhere yet."""
        try:
            trial = await trials.switch_on(principal.organisation, principal.account_id, body.trial_id)
        except CaseworkError as error:
            raise problem_of(error) from error
        return trial_out(trial, lang)


def _off(holds: Policy, stated: Mapping[str, Rule], of_all: Policy) -> list[dict[str, Any]]:
    """What could be switched on: rules that held once for the organisation, and those of everybody's file."""
    known = {rule.id for rule in holds.rules}
    others = {rule.id: rule for rule in of_all.rules} | dict(stated)
    off = tuple(rule for rule_id, rule in others.items() if rule_id not in known)
    documents: list[dict[str, Any]] = policy_document(replace(holds, rules=off))["rule"]
    return documents


def draft_of(document: dict[str, Any]) -> Policy:
    """The policy a document states by itself: it names no file. Raises DraftRefused, which names the field."""
    problems = [FieldProblem(f"policy.{name}", "unknown") for name in sorted(document.keys() - _STATED)]
    rules = document.get("rule")
    if isinstance(rules, list) and len(rules) > _MOST_RULES:
        problems.append(FieldProblem("policy.rule", f"at most {_MOST_RULES} rules"))
    if problems:
        raise DraftRefused("The policy is not valid.", problems)
    try:
        return policy_of(document, "the draft")
    except InvalidPolicy as error:
        where = "policy" if error.rule is None else f"policy.rule.{error.rule}"
        field = f"{where}.{error.key}" if error.key else where
        raise DraftRefused("The policy is not valid.", [FieldProblem(field, error.message)]) from error
