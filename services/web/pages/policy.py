"""The policy in words: what is owed to every survivor, by when, and what becomes of it when it is not done."""

from __future__ import annotations

from dataclasses import dataclass

from starlette.responses import Response

from services.access.domain.permissions import Role
from services.web.backends import Json
from services.web.faces import Visit, page, understood
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
    """since: when it came into force for every case, None while it has not. said: what holds for all rules."""

    version: str
    since: str | None
    said: tuple[str, ...]
    rules: tuple[RuleInWords, ...]

    @staticmethod
    def of(answer: Json) -> PolicyInWords:
        rules = tuple(RuleInWords.of(told) for told in answer["rules"])
        return PolicyInWords(answer["version"], answer["since"], tuple(answer["in_words"]), rules)


@page(Role.CASEWORKER, Role.SUPERVISOR, Role.EVALUATOR, Role.ADMINISTRATOR)
async def policy_page(visit: Visit) -> Response:
    answer = await visit.get("/v1/policy", lang=visit.words.language)
    with understood(Part.CASEWORK):
        policy = PolicyInWords.of(answer)
    return visit.show("policy.html", policy=policy)
