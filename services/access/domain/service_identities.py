"""The services that prove who they are to each other, and for how long. Pure."""

from __future__ import annotations

import re
from typing import Final

from services.access.domain.permissions import Principal, Role

SERVICES: Final = ("access", "alerting", "casework", "outcomes", "vault", "web")
VERIFICATION: Final = "verification"
"""Not a service: a secret that all of them have, for what is told beside the keys that tokens are checked with."""
SERVICE_TOKEN_SECONDS: Final = 10 * 60
NO_ORGANISATION: Final = "system"
"""The organisation of a service's token that is for none: no case belongs to it."""

_ORGANISATION: Final = re.compile(r"[a-z0-9][a-z0-9_.-]{0,99}", re.ASCII)


def service_principal(service: str, organisation: str) -> Principal:
    """A service, acting for one organisation. Raises ValueError for a name that is no service or organisation."""
    if service not in SERVICES or not _ORGANISATION.fullmatch(organisation):
        raise ValueError("expected a service of ours and an organisation")
    return Principal(f"service:{service}", organisation, frozenset({Role.SYSTEM}), (), service)
