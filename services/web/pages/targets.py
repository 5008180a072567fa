"""Targets: what a programme means to reach by a day. The evaluator sets them; readers of a report see them."""

from __future__ import annotations

from starlette.responses import RedirectResponse, Response

from services.access.domain.permissions import Role
from services.web.backends import Refused
from services.web.catalogue import latin_digits
from services.web.faces import Visit, fields_of, page, posted_form, understood
from services.web.pages.evaluator import said_of
from services.web.routes import Part
from services.web.targets_answers import Targets


@page(Role.EVALUATOR)
async def targets_page(visit: Visit) -> Response:
    return await _shown(visit)


@page(Role.EVALUATOR)
async def set_target(visit: Visit) -> Response:
    """Sets one; refused, the form comes back as it was typed, and says why."""
    typed = fields_of(await posted_form(visit.request))
    try:
        await visit.put("/v1/targets", _body(typed))
    except Refused as refusal:
        return await _shown(visit, refusal.status, said_of(refusal, visit.words), typed)
    except ValueError:
        return await _shown(visit, 422, visit.words("targets.no_number"), typed)
    return RedirectResponse("/targets", 303)


@page(Role.EVALUATOR)
async def drop_target(visit: Visit) -> Response:
    typed = fields_of(await posted_form(visit.request))
    try:
        await visit.post("/v1/targets:drop", _body(typed))
    except Refused as refusal:
        return await _shown(visit, refusal.status, said_of(refusal, visit.words))
    except ValueError:
        return await _shown(visit, 422, visit.words("targets.no_number"))
    return RedirectResponse("/targets", 303)


def _body(typed: dict[str, str]) -> dict[str, object]:
    """Raises ValueError where no number was typed."""
    return {
        "programme": typed.get("programme", "").strip() or None,
        "indicator": typed.get("indicator", ""),
        "value": float(latin_digits(typed.get("value", "")).replace(",", "")),
        "by": latin_digits(typed.get("by", "")),
    }


async def _shown(visit: Visit, status: int = 200, said: str = "", typed: dict[str, str] | None = None) -> Response:
    answer, listed = await visit.get("/v1/targets"), await visit.get("/v1/outcomes")
    with understood(Part.OUTCOMES):
        targets = Targets.of(answer)
        indicators = [(one["indicator"], one["title"], one["unit"]) for one in listed["items"] if not one["internal"]]
    return visit.show("targets.html", status, targets=targets, indicators=indicators, said=said, typed=typed or {})
