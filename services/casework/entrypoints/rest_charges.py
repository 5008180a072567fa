"""GET /v1/charges/{case_id} and /v1/erased-cases: what other services of ours ask, by tokens of their own.

Neither is on the public origin.
"""

from __future__ import annotations

from typing import Any, Final

from fastapi import APIRouter, Depends

from services.access.domain.permissions import Action
from services.casework.application.errors import StartingUp
from services.casework.application.log_view import LogView
from services.casework.domain.case_directory import CaseCharge
from services.casework.entrypoints.problems import problem_of
from services.runtime.http import not_found, permitted

_ASKING: Final = [Depends(permitted(Action.READ_CHARGES))]


def charge_routes(view: LogView) -> APIRouter:
    router = APIRouter(tags=["services"])

    @router.get("/v1/charges/{case_id}", dependencies=_ASKING, include_in_schema=False)
    async def charge(case_id: str) -> dict[str, Any]:
        """Where a case is, whose it is now and whose it was; instants in milliseconds since 1970 UTC."""
        _require_complete(view)
        found = view.directory.charge_of(case_id)
        if found is None:
            raise not_found()
        return _charge_out(found)

    @router.get("/v1/erased-cases", dependencies=_ASKING, include_in_schema=False)
    async def erased_cases() -> dict[str, Any]:
        """The cases whose survivors were erased, by organisation."""
        _require_complete(view)
        return {"organisations": view.directory.erased_cases()}

    return router


def _require_complete(view: LogView) -> None:
    """A log that was not read to its end knows of no hand-over that lies behind."""
    if not view.is_ready:
        raise problem_of(StartingUp())


def _charge_out(charge: CaseCharge) -> dict[str, Any]:
    return {
        "case_id": charge.case_id,
        "organisation": charge.organisation,
        "district": charge.district,
        "upazila": charge.upazila,
        "caseworker_id": charge.caseworker_id,
        "tenures": [
            {"caseworker_id": holding.caseworker_id, "since": holding.since, "until": holding.until}
            for holding in charge.holdings
        ],
    }
