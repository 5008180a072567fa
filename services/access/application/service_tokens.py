"""A token for one of our own services, against the secret in its file."""

from __future__ import annotations

from collections.abc import Callable

from services.access.application.ports import Issued, Issuer, ServiceSecrets
from services.access.domain.service_identities import SERVICE_TOKEN_SECONDS, service_principal


class NotThatService(Exception):
    """The secret does not prove the service, or there is no such service."""


class ServiceTokens:
    def __init__(self, secrets: ServiceSecrets, issuer: Issuer, clock: Callable[[], int]) -> None:
        """clock: milliseconds since 1970 UTC."""
        self._secrets = secrets
        self._issuer = issuer
        self._clock = clock

    def issue(self, service: str, secret: str, organisation: str) -> Issued:
        """Good for ten minutes. Raises NotThatService; ValueError for what is no organisation."""
        if not self._secrets.proves(service, secret):
            raise NotThatService
        return self._issuer.issue(service_principal(service, organisation), self._clock(), SERVICE_TOKEN_SECONDS)
