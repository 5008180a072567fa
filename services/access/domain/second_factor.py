"""A second factor by time (RFC 6238): who needs one, which step a code is of, what an authenticator is told. Pure."""

from __future__ import annotations

import base64
import hmac
from collections.abc import Callable, Set
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote

from services.access.domain.permissions import Role

STEP: Final = 30_000
DIGITS: Final = 6
SECRET_BYTES: Final = 20
RECOVERY_CODES: Final = 10
APP_NAME: Final = "Notebook"
"""What the authenticator lists it under: as neutral as the name on the pages."""


@dataclass(frozen=True, slots=True)
class SecondFactor:
    """secret: as the authenticator has it. last_step: of the newest code that was used; none of it or before counts.

    is_confirmed: a code of it was typed once, so it is asked for from then on.
    """

    secret: bytes
    is_confirmed: bool
    last_step: int


def is_required(roles: Set[Role], required_of: Set[Role], is_demo: bool) -> bool:
    """Whether somebody of these roles must have a second factor; the demonstration's people need none."""
    return not is_demo and not roles.isdisjoint(required_of)


def step_of(now: int) -> int:
    """The time step of an instant in milliseconds since 1970 UTC."""
    return now // STEP


def matching_step(typed: str, now: int, last_step: int, code_at: Callable[[int], str]) -> int | None:
    """The step that a typed code is of: this one or the one before or after it, and later than the last one used.

    code_at: the right code of a step.
    """
    present = step_of(now)
    for step in (present - 1, present, present + 1):
        if step > last_step and hmac.compare_digest(code_at(step).encode(), typed.encode()):
            return step
    return None


def is_time_code(plain: str) -> bool:
    """Whether what was typed has the form of an authenticator's code, and not of a recovery code."""
    return len(plain) == DIGITS and plain.isascii() and plain.isdigit()


def secret_text(secret: bytes) -> str:
    """The secret as it is typed into an authenticator."""
    return base64.b32encode(secret).decode().rstrip("=")


def otpauth_uri(secret: bytes, sign_in_name: str) -> str:
    """What an authenticator reads from a QR code."""
    return (
        f"otpauth://totp/{APP_NAME}:{quote(sign_in_name)}?secret={secret_text(secret)}&issuer={APP_NAME}"
        f"&algorithm=SHA1&digits={DIGITS}&period={STEP // 1000}"
    )
