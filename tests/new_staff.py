"""Staff who come by invitation, as a person does it: a password of her own, then signed in."""

from __future__ import annotations

import base64
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import httpx
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP

Ask = Callable[..., httpx.Response]
"""(method, path, who, json=body): somebody with a token, or None, asks access or the origin in front of it."""

PASSWORD = "a password of her own"


@dataclass(frozen=True, slots=True)
class NewStaff:
    account_id: str
    sign_in_name: str
    password: str
    token: str


def new_staff(ask: Ask, administrator: Any, sign_in_name: str, *roles: str) -> NewStaff:
    """Invited by the administrator, and signed in."""
    wanted = {"sign_in_name": sign_in_name, "name": f"Invented ({sign_in_name[:40]})", "roles": list(roles)}
    made = ask("POST", "/v1/accounts", administrator, json=wanted)
    assert made.status_code == 201, made.text
    told = made.json()
    return NewStaff(told["account_id"], sign_in_name, PASSWORD, accept_invitation(ask, told["invitation"]["code"]))


def accept_invitation(ask: Ask, code: str) -> str:
    """The token of whoever uses the code, chooses a password and sets up a second factor if she must."""
    used = ask("POST", "/v1/invitation", None, json={"code": code, "password": PASSWORD})
    assert used.status_code in (200, 202), used.text
    if used.status_code == 200:
        return str(used.json()["token"])
    asked = used.json()["second_factor"]
    answer = {"challenge": asked["challenge"], "code": code_now(asked["set_up"]["secret"])}
    opened = ask("POST", "/v1/session:second-factor", None, json=answer)
    assert opened.status_code == 200, opened.text
    return str(opened.json()["token"])


def code_now(secret: str, steps_later: int = 0) -> str:
    """What an authenticator shows that was told this secret; each step is thirty seconds."""
    plain = base64.b32decode(secret + "=" * (-len(secret) % 8))
    return TOTP(plain, 6, SHA1(), 30).generate(int(time.time()) + 30 * steps_later).decode()
