"""Accounts over HTTP: the administrator's, and what supervisors may read of what she did."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Response

from services.access.application.account_keeping import (
    MOST_CHANGES,
    NEWEST,
    AccountKeeping,
    NewAccount,
    NoSuchAccount,
    NotForDemo,
    OwnAccount,
)
from services.access.application.inviting import AlreadyClosed, Invited, Inviting
from services.access.application.lock_outs import LockOuts
from services.access.application.second_persons import Proposed, SecondPersons
from services.access.domain.accounts import InvalidAccount
from services.access.domain.permissions import Action, Principal
from services.access.entrypoints.shapes import (
    WAITS,
    RolesBody,
    account_json,
    change_json,
    instant_or_none,
    inviting_json,
    not_valid,
    proposed_json,
)
from services.casework.domain.instants import format_instant
from services.runtime.http import Problem, not_found, permitted

Answerable = Annotated[Principal, Depends(permitted(Action.LIFT_LOCK_OUTS))]
Administrator = Annotated[Principal, Depends(permitted(Action.MANAGE_ACCOUNTS))]


class AccountBody(RolesBody):
    sign_in_name: str
    name: str


def account_routes(
    keeping: AccountKeeping, inviting: Inviting, seconds: SecondPersons, lock_outs: LockOuts
) -> APIRouter:
    router = APIRouter(tags=["accounts"], responses={409: {"description": "Her own account, or one that was closed"}})

    @router.get("/v1/people")
    async def people(
        principal: Annotated[Principal, Depends(permitted(Action.READ_PEOPLE))], everybody: bool = False
    ) -> dict[str, Any]:
        found = await asyncio.to_thread(keeping.people, principal, everybody)
        return {"items": [{"account_id": account.account_id, "name": account.name} for account in found]}

    @router.get("/v1/accounts")
    async def accounts(principal: Annotated[Principal, Depends(permitted(Action.READ_ACCOUNTS))]) -> dict[str, Any]:
        """All accounts of the organisation; `invited_until` where somebody has an invitation she has not used."""

        def found() -> list[dict[str, Any]]:
            return [
                account_json(account) | {"invited_until": instant_or_none(inviting.open_until(account.account_id))}
                for account in keeping.accounts(principal)
            ]

        return {"items": await asyncio.to_thread(found)}

    @router.post("/v1/accounts", status_code=201)
    async def create_account(body: AccountBody, principal: Administrator) -> dict[str, Any]:
        """An account without a password. `invitation.code` is shown this once: give it to her by hand.

        Whoever has the code chooses the account's password with `POST /v1/invitation`, once, within 72 hours.
        For supervisors and administrators it waits for a second person: `proposal.half` is half of the code then.
        """

        def made() -> dict[str, Any]:
            wanted = NewAccount(body.sign_in_name, body.name, body.read_roles(), body.read_areas())
            account = keeping.create(principal.organisation, wanted, principal.account_id)
            return account_json(account) | inviting_json(seconds.invite(principal, account))

        with refusals():
            return await asyncio.to_thread(made)

    @router.post("/v1/accounts/{account_id}/invitation", status_code=201, responses=WAITS)
    async def invite(account_id: str, principal: Administrator, response: Response) -> dict[str, Any]:
        """A new invitation, for who did not use hers or has lost her way in. An earlier one ends.

        Where somebody has come in before, 202: it waits for a second person, and `proposal.half` is half of the code.
        """

        def invited() -> Invited | Proposed:
            return seconds.invite(principal, keeping.others_account(principal, account_id))

        with refusals():
            answer = await asyncio.to_thread(invited)
        response.status_code = 202 if isinstance(answer, Proposed) else 201
        return {"account_id": account_id} | inviting_json(answer)

    @router.delete("/v1/accounts/{account_id}/invitation")
    async def withdraw_invitation(account_id: str, principal: Administrator) -> dict[str, Any]:
        """Also one that waits for a second person."""

        def withdrawn() -> dict[str, Any]:
            account = keeping.others_account(principal, account_id)
            seconds.withdraw_invitation(principal, account)
            return account_json(account)

        with refusals():
            return await asyncio.to_thread(withdrawn)

    @router.post("/v1/accounts/{account_id}:change-roles", responses=WAITS)
    async def change_roles(
        account_id: str, body: RolesBody, principal: Administrator, response: Response
    ) -> dict[str, Any]:
        """Roles and areas of somebody else. Nobody has the administrator's role beside another.

        What would give her more than she has waits for a second person: 202.
        """
        with refusals():
            roles, areas = body.read_roles(), body.read_areas()
            answer = await asyncio.to_thread(seconds.change_roles, principal, account_id, roles, areas)
        if isinstance(answer, Proposed):
            response.status_code = 202
            return {"account_id": account_id, "proposal": proposed_json(answer)}
        return account_json(answer)

    @router.post("/v1/accounts/{account_id}:close")
    async def close_account(account_id: str, principal: Administrator) -> dict[str, Any]:
        with refusals():
            return account_json(await asyncio.to_thread(keeping.close, principal, account_id))

    @router.post("/v1/accounts/{account_id}:end-sessions")
    async def end_sessions(account_id: str, principal: Administrator) -> dict[str, Any]:
        """Signs somebody else out on every device; within a minute no token of hers counts."""
        with refusals():
            return account_json(await asyncio.to_thread(keeping.end_sessions, principal, account_id))

    @router.get("/v1/lock-outs")
    async def lock_outs_of(principal: Answerable) -> dict[str, Any]:
        """Whose name waits after wrong attempts: of caseworkers for supervisors, of everybody for administrators."""
        found = await asyncio.to_thread(lock_outs.of, principal)
        return {
            "items": [
                {
                    "account_id": one.account.account_id,
                    "name": one.account.name,
                    "failures": one.failures.count,
                    "blocked_until": format_instant(one.failures.blocked_until),
                }
                for one in found
            ]
        }

    @router.post("/v1/accounts/{account_id}:lift-lock-out")
    async def lift_lock_out(account_id: str, principal: Answerable) -> dict[str, Any]:
        with refusals():
            account = await asyncio.to_thread(lock_outs.lift, principal, account_id)
        return {"account_id": account.account_id, "name": account.name}

    @router.get("/v1/account-changes")
    async def account_changes(
        principal: Annotated[Principal, Depends(permitted(Action.READ_ACCOUNT_CHANGES))],
        before: Annotated[int, Query(ge=1, le=NEWEST)] = NEWEST,
        limit: Annotated[int, Query(ge=1, le=MOST_CHANGES)] = MOST_CHANGES,
    ) -> dict[str, Any]:
        """Who did what with accounts, the newest first: for supervisors of the whole organisation.

        `before`: only what has a lower `number`; `more`: whether there is still older.
        """
        if principal.areas:
            raise Problem(403, "Not permitted", "this is for supervisors of the organisation", kind="not_permitted")
        found = await asyncio.to_thread(keeping.changes, principal, before, limit)
        return {"items": [change_json(change) for change in found.items], "more": found.more}

    return router


@contextmanager
def refusals() -> Iterator[None]:
    """What keeping accounts refuses, as problems."""
    try:
        yield
    except InvalidAccount as error:
        raise not_valid(error, "nothing was changed") from None
    except NoSuchAccount:
        raise not_found() from None
    except OwnAccount:
        sentence = "nobody does this with her own account: another administrator can"
        raise Problem(409, "Own account", sentence, kind="own_account") from None
    except AlreadyClosed:
        raise Problem(409, "Closed", "the account was closed", kind="account_closed") from None
    except NotForDemo:
        sentence = "the demonstration's people keep their roles"
        raise Problem(409, "Not in the demonstration", sentence, kind="demonstration") from None
