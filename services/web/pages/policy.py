"""The policy in words: what is owed to every survivor, by when, and what becomes of it when it is not done."""

from __future__ import annotations

from dataclasses import dataclass

from starlette.responses import Response

from services.access.domain.permissions import Action, Role
from services.web.backends import Json
from services.web.faces import Visit, page, understood
from services.web.people import caseworkers
from services.web.routes import Part


@dataclass(frozen=True, slots=True)
class RuleInWords:
    rule_id: str
    title: str
    severity: str
    said: str
    raised: str

    @staticmethod
    def of(told: Json) -> RuleInWords:
        return RuleInWords(told["rule_id"], told["title"], told["severity"], told["in_words"], told["raised_in_words"])


@dataclass(frozen=True, slots=True)
class PolicyInWords:
    """since: when it came into force for every case, None while it has not. said: what holds for all rules.

    changed_by: the account that switched it on, None where it comes from a file.
    """

    version: str
    since: str | None
    changed_by: str | None
    said: tuple[str, ...]
    rules: tuple[RuleInWords, ...]

    @staticmethod
    def of(answer: Json) -> PolicyInWords:
        rules = tuple(RuleInWords.of(told) for told in answer["rules"])
        said = tuple(answer["in_words"])
        return PolicyInWords(answer["version"], answer["since"], answer["changed_by"], said, rules)


@page(Role.CASEWORKER, Role.SUPERVISOR, Role.EVALUATOR, Role.ADMINISTRATOR)
async def policy_page(visit: Visit) -> Response:
    answer = await visit.get("/v1/policy", lang=visit.words.language)
    with understood(Part.CASEWORK):
        policy = PolicyInWords.of(answer)
    return visit.show("policy.html", policy=policy, changed_by=await _name_of(visit, policy.changed_by))


async def _name_of(visit: Visit, account_id: str | None) -> str | None:
    """None where nobody is to be named; "" where this person, or access, does not know the name."""
    if account_id is None:
        return None
    if not visit.person.may(Action.READ_PEOPLE):
        return ""
    return (await caseworkers(visit, everybody=visit.person.is_head)).names.get(account_id, "")
