"""A service's own token, by which other services know it: fetched from access, kept, and renewed before it ends.

token = ServiceToken(settings, "vault")
headers = {"authorization": f"Bearer {await token.of(organisation)}"}
...
await token.close()
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import httpx
import jwt

from services.runtime.settings import Settings

RENEWED_BEFORE_SECONDS: Final = 180.0
_PATIENCE: Final = httpx.Timeout(5.0, connect=2.0)


class NoServiceToken(RuntimeError):
    """Access cannot be asked, or does not know this service: whatever needed the token is tried again later."""


@dataclass(frozen=True, slots=True)
class _Kept:
    """ends_at: in the process's own monotonic seconds."""

    token: str
    ends_at: float


class ServiceToken:
    """Tokens of one service, one for each organisation it acts in. For one event loop.

    The secret is read each time it is needed: access makes the file, perhaps after this service has started.
    """

    def __init__(
        self,
        settings: Settings,
        service: str,
        client: httpx.AsyncClient | None = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """client: to reach access by; its own, without the environment's proxies, if none is given."""
        self._service = service
        self._url = f"{settings.access_url}/v1/service-token"
        self._secret_file = settings.service_secrets / service
        self._client = client or httpx.AsyncClient(trust_env=False, timeout=_PATIENCE)
        self._monotonic = monotonic
        self._kept: dict[str, _Kept] = {}
        self._fetching = asyncio.Lock()

    async def of(self, organisation: str = "system") -> str:
        """A token good for at least three minutes more, if access answers; for as long as the last one otherwise.

        Raises NoServiceToken.
        """
        if (kept := self._usable(organisation, RENEWED_BEFORE_SECONDS)) is not None:
            return kept
        async with self._fetching:
            if (kept := self._usable(organisation, RENEWED_BEFORE_SECONDS)) is not None:
                return kept
            try:
                return await self._fetched(organisation)
            except NoServiceToken:
                if (kept := self._usable(organisation, 0)) is not None:
                    return kept
                raise

    async def close(self) -> None:
        await self._client.aclose()

    def _usable(self, organisation: str, for_seconds: float) -> str | None:
        kept = self._kept.get(organisation)
        return kept.token if kept is not None and self._monotonic() + for_seconds < kept.ends_at else None

    async def _fetched(self, organisation: str) -> str:
        secret = await asyncio.to_thread(_read_secret, self._secret_file)
        body = {"service": self._service, "secret": secret, "organisation": organisation}
        asked_at = self._monotonic()
        try:
            answer = await self._client.post(self._url, json=body)
        except httpx.TransportError as error:
            raise NoServiceToken(f"access does not answer: {type(error).__name__}") from error
        if answer.status_code != 200:
            raise NoServiceToken(f"access gives {self._service} no token: it answered {answer.status_code}")
        token: str = answer.json()["token"]
        self._kept[organisation] = _Kept(token, asked_at + _lifetime_seconds(token))
        return token


def _read_secret(path: Path) -> str:
    try:
        return path.read_text().strip()
    except OSError as error:
        raise NoServiceToken(f"the secret of this service cannot be read: {error.strerror}: {path}") from error


def _lifetime_seconds(token: str) -> float:
    """From its own claims, which need no check here: it came from access, and whoever gets it checks it."""
    claims: dict[str, Any] = jwt.decode(token, options={"verify_signature": False})
    return float(claims["exp"] - claims["iat"])
