"""Signing in over HTTP: by password, by invitation; who am I; and the keys that tokens are checked with."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends
from pydantic import Field

from services.access.application.attempts import TryLater
from services.access.application.inviting import Inviting, NoSuchInvitation
from services.access.application.ports import AccountStore, PublicKey
from services.access.application.service_tokens import NotThatService, ServiceTokens
from services.access.application.sign_in import Session, SignIn, WrongNameOrPassword
from services.access.domain.accounts import InvalidAccount
from services.access.domain.permissions import Action, Principal
from services.access.domain.service_identities import NO_ORGANISATION
from services.access.entrypoints.shapes import Strict, not_valid, principal_json, try_later
from services.casework.domain.instants import format_instant
from services.runtime.http import Problem, permitted, public

# Argon2 takes 19 MiB and a core for a moment: more at once would let strangers slow everybody down.
SIGN_INS_AT_ONCE: Final = 2
SIGN_INS_WAITING: Final = 50


class Credentials(Strict):
    name: Annotated[str, Field(min_length=1, max_length=200)]
    password: Annotated[str, Field(min_length=1, max_length=200)]


class InvitationBody(Strict):
    code: Annotated[str, Field(min_length=1, max_length=200)]
    password: Annotated[str, Field(min_length=1, max_length=200)]


class ServiceBody(Strict):
    service: Annotated[str, Field(min_length=1, max_length=100)]
    secret: Annotated[str, Field(min_length=1, max_length=200)]
    organisation: Annotated[str, Field(min_length=1, max_length=100)] = NO_ORGANISATION


class SignInQueue:
    """At most two at once; who comes when fifty wait is asked to come again."""

    def __init__(self) -> None:
        self._turns = asyncio.Semaphore(SIGN_INS_AT_ONCE)
        self._waiting = 0

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Raises Problem 429; what signing in refuses becomes a problem."""
        if self._waiting >= SIGN_INS_WAITING:
            raise try_later(5)
        self._waiting += 1
        try:
            await self._turns.acquire()
        finally:
            self._waiting -= 1
        try:
            yield
        except WrongNameOrPassword:
            raise Problem(401, "Not signed in", "the name or the password is wrong", kind="not_signed_in") from None
        except NoSuchInvitation:
            sentence = "this invitation cannot be used, or not any more: ask for a new one"
            raise Problem(401, "No such invitation", sentence, kind="no_such_invitation") from None
        except InvalidAccount as error:
            raise not_valid(error, "nothing was changed") from None
        except TryLater as error:
            raise try_later(error.wait_seconds) from None
        finally:
            self._turns.release()


def sign_in_routes(sign_in: SignIn, inviting: Inviting, store: AccountStore, key: PublicKey) -> APIRouter:
    router = APIRouter(tags=["sign-in"])
    queue = SignInQueue()

    @router.post("/v1/session", dependencies=[Depends(public("this is the way to a token"))])
    async def open_session(credentials: Credentials) -> dict[str, Any]:
        async with queue.turn():
            session = await asyncio.to_thread(sign_in.sign_in, credentials.name, credentials.password)
        return _session_json(session)

    @router.post("/v1/invitation", dependencies=[Depends(public("who has an invitation has no token yet"))])
    async def use_invitation(body: InvitationBody) -> dict[str, Any]:
        """Chooses the password of the account that the invitation is for, and signs in. Once."""
        async with queue.turn():
            account = await asyncio.to_thread(inviting.use, body.code, body.password)
            session = await asyncio.to_thread(sign_in.session_of, account)
        return {"sign_in_name": account.sign_in_name, **_session_json(session)}

    @router.get("/v1/me")
    async def me(principal: Annotated[Principal, Depends(permitted(Action.READ_OWN_ACCOUNT))]) -> dict[str, Any]:
        return principal_json(principal)

    @router.get("/.well-known/jwks.json", dependencies=[Depends(public("public keys are for everybody"))])
    async def jwks() -> dict[str, Any]:
        # The ids of closed accounts stand beside the keys, so that whoever checks tokens learns both at once.
        return {"keys": [key.public_jwk()], "closed_accounts": await asyncio.to_thread(store.closed_ids)}

    return router


def service_routes(tokens: ServiceTokens) -> APIRouter:
    """For our own services; the origin hands nothing of it on."""
    router = APIRouter(tags=["services"])

    has_no_token_yet = Depends(public("a service has a secret, and no token yet"))

    @router.post("/v1/service-token", dependencies=[has_no_token_yet], include_in_schema=False)
    async def service_token(body: ServiceBody) -> dict[str, Any]:
        """A token that says which service asks, good for ten minutes, for acting in one organisation."""
        try:
            issued = tokens.issue(body.service, body.secret, body.organisation)
        except NotThatService:
            raise Problem(401, "Not known", "the secret does not prove this service", kind="not_signed_in") from None
        except ValueError as error:
            raise Problem(422, "Not valid", str(error), [("organisation", str(error))], kind="invalid") from None
        return {"token": issued.token, "expires_at": format_instant(issued.expires_at)}

    return router


def _session_json(session: Session) -> dict[str, Any]:
    return {
        "token": session.issued.token,
        "expires_at": format_instant(session.issued.expires_at),
        "principal": principal_json(session.principal),
    }
