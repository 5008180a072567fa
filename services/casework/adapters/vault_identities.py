"""The vault's door for who they are, by casework's own token."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Protocol

import httpx

from services.casework.application.importing.imports import Import, VaultAway
from services.casework.domain.register.lines import Identity
from services.runtime.service_token import NoServiceToken

_PATIENCE: Final = httpx.Timeout(30.0, connect=2.0)


class Tokens(Protocol):
    async def of(self, organisation: str = "system") -> str:
        """Raises NoServiceToken."""
        ...


class VaultIdentities:
    def __init__(self, client: httpx.AsyncClient, url: str, tokens: Tokens) -> None:
        self._client = client
        self._url = f"{url}/v1/imported-identities"
        self._tokens = tokens

    async def keep(self, one: Import, identities: Mapping[str, Identity]) -> frozenset[str]:
        """Raises VaultAway for whatever is no receipt: nobody is recorded without it being tried again."""
        items = [
            {"case_id": case_id, "names": list(of.names), "phones": list(of.phones), "address": of.address}
            for case_id, of in identities.items()
        ]
        body = {"kept_by": one.account_id, "items": items}
        try:
            headers = {"authorization": f"Bearer {await self._tokens.of(one.organisation)}"}
            answer = await self._client.post(self._url, headers=headers, json=body, timeout=_PATIENCE)
        except NoServiceToken as error:
            raise VaultAway("casework cannot prove itself to the vault just now") from error
        except httpx.TransportError as error:
            raise VaultAway("the vault does not answer") from error
        if answer.status_code != 200:
            raise VaultAway(f"the vault answered {answer.status_code}")
        # A vault of before says none: it refused them all together.
        return frozenset(answer.json().get("erased", ()))
