"""REST: the targets a programme has set. Who may read a release may read them: they stand beside its numbers.

    GET  /v1/targets
    PUT  /v1/targets         {"programme": null | code, "indicator", "value", "by": "2026-12-31"}: set, or set anew
    POST /v1/targets:drop    the same: it is a target no longer

Every answer is the list. The organisation is the token's.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Annotated, Any

from fastapi import APIRouter, Depends
from pydantic import BaseModel, ConfigDict

from services.access.domain.permissions import Action, Principal
from services.casework.domain.instants import format_day, parse_day
from services.outcomes.domain.indicators import INDICATORS
from services.outcomes.domain.targets import NotATarget, Target
from services.outcomes.ports import StoreUnavailable, TargetStore
from services.runtime.http import Problem, permitted, unavailable

_log = logging.getLogger(__name__)

Reader = Annotated[Principal, Depends(permitted(Action.READ_RELEASES))]
Setter = Annotated[Principal, Depends(permitted(Action.MAKE_RELEASES))]


class TargetBody(BaseModel):
    """programme null: the whole organisation's. value: in the indicator's unit."""

    model_config = ConfigDict(extra="forbid", strict=True)
    programme: str | None = None
    indicator: str
    value: float
    by: str


class TargetModel(TargetBody):
    """released_as, released_part: beside which number of a release it stands; null where none has its unit."""

    title: str
    unit: str
    released_as: str | None
    released_part: str | None


class TargetsModel(BaseModel):
    items: list[TargetModel]


def create_targets_router(targets: TargetStore, now: Callable[[], int]) -> APIRouter:
    """`now`: milliseconds since 1970."""
    router = APIRouter(tags=["targets"])

    @router.get("/v1/targets", response_model=TargetsModel)
    async def list_targets(principal: Reader) -> dict[str, Any]:
        """What the organisation's programmes have set."""
        return await _listed(principal.organisation)

    @router.put("/v1/targets", response_model=TargetsModel)
    async def set_target(body: TargetBody, principal: Setter) -> dict[str, Any]:
        """Sets a target; of one programme, indicator and day there is one."""
        await _ask(targets.keep, principal.organisation, _target(body), principal.account_id, now())
        return await _listed(principal.organisation)

    @router.post("/v1/targets:drop", response_model=TargetsModel)
    async def drop_target(body: TargetBody, principal: Setter) -> dict[str, Any]:
        """It is a target no longer."""
        await _ask(targets.drop, principal.organisation, _target(body))
        return await _listed(principal.organisation)

    async def _listed(organisation: str) -> dict[str, Any]:
        return {"items": [_to_json(target) for target in await _ask(targets.all_of, organisation)]}

    return router


def _target(body: TargetBody) -> Target:
    try:
        return Target(body.programme or "", body.indicator, body.value, format_day(parse_day(body.by)))
    except NotATarget as error:
        raise Problem(422, "Not valid", str(error), [(error.field, str(error))], kind="invalid") from None
    except ValueError as error:
        raise Problem(422, "Not valid", str(error), [("by", str(error))], kind="invalid") from None


def _to_json(target: Target) -> dict[str, Any]:
    indicator = INDICATORS[target.indicator]
    name, part = target.released_as or (None, None)
    return {
        "programme": target.programme or None,
        "indicator": target.indicator,
        "title": indicator.title,
        "unit": indicator.unit,
        "value": target.value,
        "by": target.by,
        "released_as": name,
        "released_part": part,
    }


async def _ask(question: Callable[..., Any], *arguments: object) -> Any:
    try:
        return await asyncio.to_thread(question, *arguments)
    except StoreUnavailable as error:
        _log.warning("targets could not be read or kept", extra={"reason": str(error)})
        raise unavailable("targets cannot be read or kept just now") from error
