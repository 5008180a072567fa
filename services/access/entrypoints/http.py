"""access over HTTP: sign-in, who am I, people, accounts, signing keys."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends
from pydantic import BaseModel, ConfigDict, Field

from services.access.application.account_keeping import (
    AccountKeeping,
    CannotCloseOwnAccount,
    NewAccount,
    NoSuchAccount,
)
from services.access.application.ports import AccountStore, PublicKey
from services.access.application.sign_in import SignIn, TryLater, WrongNameOrPassword
from services.access.domain.accounts import Account, InvalidAccount
from services.access.domain.permissions import Action, Area, Principal, Role
from services.casework.domain.instants import format_instant
from services.runtime.http import Problem, not_found, permitted, public

# Argon2 takes 19 MiB and a core for a moment: more at once would let strangers slow everybody down.
SIGN_INS_AT_ONCE: Final = 2
SIGN_INS_WAITING: Final = 50


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class Credentials(_Strict):
    name: Annotated[str, Field(min_length=1, max_length=200)]
    password: Annotated[str, Field(min_length=1, max_length=200)]


class AreaBody(_Strict):
    district: str
    upazila: str | None = None


class AccountBody(_Strict):
    sign_in_name: str
    name: str
    roles: Annotated[list[str], Field(min_length=1, max_length=5)]
    areas: Annotated[list[AreaBody], Field(max_length=100)] = []
    password: str | None = None


class _SignInQueue:
    """At most two at once; who comes when fifty wait is asked to come again."""

    def __init__(self) -> None:
        self._turns = asyncio.Semaphore(SIGN_INS_AT_ONCE)
        self._waiting = 0

    async def __aenter__(self) -> None:
        if self._waiting >= SIGN_INS_WAITING:
            raise _try_later(5)
        self._waiting += 1
        try:
            await self._turns.acquire()
        finally:
            self._waiting -= 1

    async def __aexit__(self, *_: object) -> None:
        self._turns.release()


def create_router(sign_in: SignIn, keeping: AccountKeeping, store: AccountStore, key: PublicKey) -> APIRouter:
    router = APIRouter()
    queue = _SignInQueue()

    @router.post("/v1/session", dependencies=[Depends(public("this is the way to a token"))])
    async def open_session(credentials: Credentials) -> dict[str, Any]:
        try:
            async with queue:
                session = await asyncio.to_thread(sign_in.sign_in, credentials.name, credentials.password)
        except WrongNameOrPassword:
            raise Problem(401, "Not signed in", "the name or the password is wrong", kind="not_signed_in") from None
        except TryLater as error:
            raise _try_later(error.wait_seconds) from None
        return {
            "token": session.issued.token,
            "expires_at": format_instant(session.issued.expires_at),
            "principal": _principal_json(session.principal),
        }

    @router.get("/v1/me")
    async def me(principal: Annotated[Principal, Depends(permitted(Action.READ_OWN_ACCOUNT))]) -> dict[str, Any]:
        return _principal_json(principal)

    @router.get("/v1/people")
    async def people(principal: Annotated[Principal, Depends(permitted(Action.READ_PEOPLE))]) -> dict[str, Any]:
        found = await asyncio.to_thread(keeping.people, principal)
        return {"items": [{"account_id": account.account_id, "name": account.name} for account in found]}

    @router.get("/v1/accounts")
    async def accounts(principal: Annotated[Principal, Depends(permitted(Action.READ_ACCOUNTS))]) -> dict[str, Any]:
        found = await asyncio.to_thread(keeping.accounts, principal)
        return {"items": [_account_json(account) for account in found]}

    @router.post("/v1/accounts", status_code=201)
    async def create_account(
        body: AccountBody, principal: Annotated[Principal, Depends(permitted(Action.MANAGE_ACCOUNTS))]
    ) -> dict[str, Any]:
        try:
            account, made = await asyncio.to_thread(keeping.create, principal, _wanted(body))
        except InvalidAccount as error:
            raise Problem(422, "Not valid", "the account was not made", error.problems, kind="invalid") from None
        return _account_json(account) | ({"password": made} if made else {})

    @router.post("/v1/accounts/{account_id}:close")
    async def close_account(
        account_id: str, principal: Annotated[Principal, Depends(permitted(Action.MANAGE_ACCOUNTS))]
    ) -> dict[str, Any]:
        try:
            return _account_json(await asyncio.to_thread(keeping.close, principal, account_id))
        except NoSuchAccount:
            raise not_found() from None
        except CannotCloseOwnAccount:
            raise Problem(409, "Not closed", "nobody closes her own account", kind="own_account") from None

    @router.get("/.well-known/jwks.json", dependencies=[Depends(public("public keys are for everybody"))])
    async def jwks() -> dict[str, Any]:
        # The ids of closed accounts stand beside the keys, so that whoever checks tokens learns both at once.
        return {"keys": [key.public_jwk()], "closed_accounts": await asyncio.to_thread(store.closed_ids)}

    return router


def _wanted(body: AccountBody) -> NewAccount:
    """Raises InvalidAccount."""
    try:
        roles = frozenset(Role(role) for role in body.roles)
    except ValueError:
        expected = ", ".join(role for role in Role if role is not Role.SYSTEM)
        raise InvalidAccount([("roles", f"expected some of {expected}")]) from None
    areas = tuple(Area(area.district, area.upazila) for area in body.areas)
    return NewAccount(body.sign_in_name, body.name, roles, areas, body.password)


def _try_later(seconds: int) -> Problem:
    return Problem(
        429,
        "Too many attempts",
        f"try again in {seconds} seconds",
        kind="try_later",
        headers={"Retry-After": str(seconds)},
    )


def _principal_json(principal: Principal) -> dict[str, Any]:
    return {
        "account_id": principal.account_id,
        "organisation": principal.organisation,
        "name": principal.name,
        "roles": sorted(principal.roles),
        "areas": _areas_json(principal.areas),
    }


def _account_json(account: Account) -> dict[str, Any]:
    return {
        "account_id": account.account_id,
        "sign_in_name": account.sign_in_name,
        "name": account.name,
        "roles": sorted(account.roles),
        "areas": _areas_json(account.areas),
        "created_at": format_instant(account.created_at),
        "closed_at": None if account.closed_at is None else format_instant(account.closed_at),
    }


def _areas_json(areas: tuple[Area, ...]) -> list[dict[str, str | None]]:
    return [{"district": area.district, "upazila": area.upazila} for area in areas]
