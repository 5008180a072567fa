"""What the vault asks casework by its own token: whose a case is, who was erased, and to record that somebody was."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, Protocol
from uuid import UUID, uuid5

import httpx

from services.access.domain.permissions import CaseResource, Tenure
from services.casework.domain.instants import format_instant
from services.runtime.service_token import NoServiceToken
from services.vault.application.errors import Away

_PATIENCE: Final = httpx.Timeout(5.0, connect=2.0)
_ERASED: Final = UUID("0d8ce3a4-4b0e-4c3c-9a9e-0c6f5b6e7a11")


class Tokens(Protocol):
    async def of(self, organisation: str = "system") -> str:
        """Raises NoServiceToken."""
        ...


class Casework:
    """Charges and ErasedInLog upon casework's REST face."""

    def __init__(self, client: httpx.AsyncClient, url: str, tokens: Tokens, clock: Callable[[], int]) -> None:
        """clock: milliseconds since 1970 UTC."""
        self._client = client
        self._url = url
        self._tokens = tokens
        self._clock = clock

    async def of(self, case_id: str) -> CaseResource | None:
        """None: nobody knows the case. Raises Away."""
        answer = await self._ask("GET", f"/v1/charges/{case_id}")
        if answer.status_code == 404:
            return None
        return _resource(_read(answer))

    async def all(self) -> dict[str, frozenset[str]]:
        """Raises Away."""
        found = _read(await self._ask("GET", "/v1/erased-cases"))
        return {organisation: frozenset(case_ids) for organisation, case_ids in found["organisations"].items()}

    async def record(self, organisation: str, case_id: str) -> None:
        """Raises Away."""
        event = {
            "event_id": str(uuid5(_ERASED, case_id)),
            "case_id": case_id,
            "type": "survivor_erased",
            "occurred_at": format_instant(self._clock()),
            "data": {},
        }
        known = await self.all()
        if case_id not in known.get(organisation, ()):
            _read(await self._ask("POST", "/v1/events", organisation, event))

    async def _ask(self, method: str, path: str, organisation: str = "system", body: object = None) -> httpx.Response:
        try:
            headers = {"authorization": f"Bearer {await self._tokens.of(organisation)}"}
            content: dict[str, Any] = {} if body is None else {"json": body}
            return await self._client.request(method, self._url + path, headers=headers, timeout=_PATIENCE, **content)
        except NoServiceToken as error:
            raise Away("the vault cannot prove itself to casework just now") from error
        except httpx.TransportError as error:
            raise Away("casework does not answer") from error


def _read(answer: httpx.Response) -> Any:
    """Raises Away: whatever is not an answer decides nothing."""
    if answer.status_code not in (200, 201):
        raise Away(f"casework answered {answer.status_code}")
    return answer.json()


def _resource(found: dict[str, Any]) -> CaseResource:
    return CaseResource(
        found["case_id"],
        found["organisation"],
        found["district"],
        found["upazila"],
        found["caseworker_id"],
        tuple(Tenure(tenure["caseworker_id"], tenure["since"], tenure["until"]) for tenure in found["tenures"]),
    )
