"""Whether the log takes the user and the password that it is to be reached with, asked once at the start.

Whoever reaches the log waits for it while it is away. A password that is wrong is not worth waiting for.
"""

from __future__ import annotations

import asyncio
from typing import Final

from aiokafka.conn import create_conn
from aiokafka.errors import (
    AuthenticationFailedError,
    IllegalSaslStateError,
    KafkaError,
    SaslAuthenticationFailed,
    UnsupportedSaslMechanismError,
)

from services.runtime.consumer import aiokafka_security
from services.runtime.serve import CannotServe
from services.runtime.settings import Settings

_PATIENCE_SECONDS: Final = 5.0
_REFUSALS: Final = (
    AuthenticationFailedError,
    IllegalSaslStateError,
    SaslAuthenticationFailed,
    UnsupportedSaslMechanismError,
)


class LoginRefused(CannotServe):
    """The log says that this user has another password, or does not exist; the message says which settings tell it."""


async def require_login(settings: Settings) -> None:
    """Returns when the log takes them, asks for none, or is away. Raises LoginRefused."""
    if not settings.kafka_security_protocol.startswith("SASL"):
        return
    for address in settings.kafka_bootstrap_servers.split(","):
        try:
            await asyncio.wait_for(_sign_in(settings, address.strip()), _PATIENCE_SECONDS)
        except _REFUSALS as error:
            raise LoginRefused(
                f"The log on {address.strip()} refuses the user {settings.kafka_sasl_username!r} "
                f"({type(error).__name__}): put KAFKA_SASL_USERNAME and KAFKA_SASL_PASSWORD right."
            ) from error
        except (KafkaError, OSError, TimeoutError):
            continue  # one that is away can be asked nothing
        return


async def _sign_in(settings: Settings, address: str) -> None:
    host, _, port = address.rpartition(":")
    connection = await create_conn(
        host.strip("[]"),
        int(port),
        request_timeout_ms=round(_PATIENCE_SECONDS * 1000),
        **aiokafka_security(settings.kafka_security()),
    )
    connection.close()


def require_login_now(settings: Settings) -> None:
    """As `require_login`, where no event loop runs."""
    asyncio.run(require_login(settings))
