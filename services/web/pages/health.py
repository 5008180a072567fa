"""The administrator's look at the machine: how every part is, and whether the detector is awake; no case."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from starlette.responses import Response

from services.access.domain.permissions import Role
from services.web.backends import Json, PartAway
from services.web.documents import Documents
from services.web.faces import Freshness, Visit, page, understood
from services.web.routes import Part


@dataclass(frozen=True, slots=True)
class Detector:
    """because: why nobody may rely on it, empty while they may. silent: partitions nobody is heard of."""

    freshness: Freshness
    because: tuple[str, ...]
    partitions: int
    silent: tuple[int, ...]
    records_behind: int | None

    @staticmethod
    def of(answer: Json) -> Detector:
        partitions = answer["partitions"]
        behind = [partition["lag_records"] for partition in partitions]
        return Detector(
            Freshness.of({"freshness": answer}),
            tuple(answer["because"]),
            len(partitions),
            tuple(partition["partition"] for partition in partitions if partition["silent"]),
            None if None in behind else sum(behind),
        )


@page(Role.ADMINISTRATOR)
async def health(visit: Visit) -> Response:
    documents: Documents = visit.request.app.state.documents
    parts, detector = await asyncio.gather(documents.health(), _detector(visit))
    not_ready = [part for part in parts if not part.is_ready]
    return visit.show("health.html", parts=parts, not_ready=not_ready, detector=detector)


async def _detector(visit: Visit) -> Detector | None:
    """None while nobody can say: that is shown as such, not as a detector that is well."""
    try:
        answer = await visit.get("/v1/detector")
        with understood(Part.ALERTING):
            return Detector.of(answer)
    except PartAway:
        return None
