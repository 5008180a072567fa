"""Signing in over HTTP: by password, by invitation; who am I; and the keys that tokens are checked with."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Header, Response
from fastapi.responses import JSONResponse
from pydantic import Field

from services.access.application.attempts import TryLater
from services.access.application.device_sessions import DeviceSessions, SessionOver, SignedIn
from services.access.application.inviting import Inviting, NoSuchInvitation
from services.access.application.key_set import KeySet
from services.access.application.ports import NoSuchChallenge, ServiceSecrets
from services.access.application.second_factors import Asked, WrongCode
from services.access.application.service_tokens import NotThatService, ServiceTokens
from services.access.application.sign_in import SignIn, WrongNameOrPassword
from services.access.domain.accounts import InvalidAccount
from services.access.domain.permissions import Action, Principal
from services.access.domain.service_identities import NO_ORGANISATION, VERIFICATION
from services.access.entrypoints.shapes import Strict, not_valid, principal_json, try_later
from services.casework.domain.instants import format_instant
from services.runtime.http import Problem, permitted, public

# Argon2 takes 19 MiB and a core for a moment: more at once would let strangers slow everybody down.
SIGN_INS_AT_ONCE: Final = 2
SIGN_INS_WAITING: Final = 50

_ASKED: Final[dict[int | str, dict[str, Any]]] = {
    202: {"description": "Name and password are right: `second_factor.challenge` and a code open the session."}
}


Device = Annotated[str, Field(max_length=200, description="What this device is called in the list of sessions.")]


class Credentials(Strict):
    name: Annotated[str, Field(min_length=1, max_length=200)]
    password: Annotated[str, Field(min_length=1, max_length=200)]

    device: Device = ""


class InvitationBody(Strict):
    code: Annotated[str, Field(min_length=1, max_length=200)]
    password: Annotated[str, Field(min_length=1, max_length=200)]
    device: Device = ""


class SecondFactorBody(Strict):
    challenge: Annotated[str, Field(min_length=1, max_length=2000)]
    code: Annotated[str, Field(min_length=1, max_length=100, description="Of the authenticator, or a recovery code.")]
    device: Device = ""


class RefreshBody(Strict):
    refresh_token: Annotated[str, Field(min_length=1, max_length=200)]


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
        except WrongCode:
            raise Problem(401, "Not signed in", "the code is wrong or was used", kind="wrong_code") from None
        except NoSuchChallenge:
            sentence = "this took too long: begin with name and password"
            raise Problem(401, "Not signed in", sentence, kind="no_such_challenge") from None
        except NoSuchInvitation:
            sentence = "this invitation cannot be used, or not any more: ask for a new one"
            raise Problem(401, "No such invitation", sentence, kind="no_such_invitation") from None
        except InvalidAccount as error:
            raise not_valid(error, "nothing was changed") from None
        except TryLater as error:
            raise try_later(error.wait_seconds) from None
        finally:
            self._turns.release()


def sign_in_routes(
    sign_in: SignIn, inviting: Inviting, sessions: DeviceSessions, keys: KeySet, secrets: ServiceSecrets
) -> APIRouter:
    router = APIRouter(tags=["sign-in"])
    queue = SignInQueue()
    way_to_a_token = [Depends(public("this is the way to a token"))]

    @router.post("/v1/session", dependencies=way_to_a_token, responses=_ASKED)
    async def open_session(credentials: Credentials) -> Response:
        """A session; or 202, where name and password are right, with what the second factor needs."""
        async with queue.turn():
            opened = await asyncio.to_thread(
                sign_in.sign_in, credentials.name, credentials.password, credentials.device
            )
        return _opened(opened)

    @router.post("/v1/session:second-factor", dependencies=way_to_a_token)
    async def second_factor(body: SecondFactorBody) -> dict[str, Any]:
        """A session for a challenge and a code. Where it sets up the second factor, recovery codes: shown this once."""
        async with queue.turn():
            signed_in = await asyncio.to_thread(sign_in.second_factor, body.challenge, body.code, body.device)
        return session_json(signed_in)

    @router.post("/v1/session:refresh", dependencies=way_to_a_token)
    async def refresh(body: RefreshBody) -> dict[str, Any]:
        """A new token and a new refresh token for a refresh token, which is good once.

        Presented twice it ends the session; but within an hour, and while the one given for it was not used, it is
        taken again: the answer may have got lost.
        """
        try:
            return session_json(await asyncio.to_thread(sessions.renew, body.refresh_token))
        except SessionOver:
            raise Problem(401, "Not signed in", "the session is over: sign in again", kind="session_over") from None

    @router.post("/v1/invitation", dependencies=way_to_a_token, responses=_ASKED)
    async def use_invitation(body: InvitationBody) -> Response:
        """Chooses the password of the account that the invitation is for, once, and goes on like a sign-in."""
        async with queue.turn():
            account = await asyncio.to_thread(inviting.use, body.code, body.password)
            opened = await asyncio.to_thread(sign_in.past_password, account, body.device)
        return _opened(opened, sign_in_name=account.sign_in_name)

    @router.get("/v1/me")
    async def me(principal: Annotated[Principal, Depends(permitted(Action.READ_OWN_ACCOUNT))]) -> dict[str, Any]:
        return principal_json(principal)

    @router.get("/.well-known/jwks.json", dependencies=[Depends(public("public keys are for everybody"))])
    async def jwks(x_service_secret: Annotated[str, Header(include_in_schema=False)] = "") -> dict[str, Any]:
        # Whose tokens count no more stands beside the keys, so that whoever checks tokens learns both at once.
        is_ours = secrets.proves(VERIFICATION, x_service_secret)
        return await asyncio.to_thread(keys.inner_document if is_ours else keys.document)

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


def session_json(signed_in: SignedIn) -> dict[str, Any]:
    told = {
        "token": signed_in.issued.token,
        "expires_at": format_instant(signed_in.issued.expires_at),
        "refresh_token": signed_in.refresh_token,
        "refresh_until": format_instant(signed_in.refresh_until),
        "session_id": signed_in.principal.session_id,
        "principal": principal_json(signed_in.principal),
    }
    return told | ({"recovery_codes": list(signed_in.recovery_codes)} if signed_in.recovery_codes else {})


def _opened(opened: SignedIn | Asked, **beside: str) -> Response:
    if isinstance(opened, SignedIn):
        return JSONResponse(beside | session_json(opened))
    set_up = opened.set_up
    told = {
        "challenge": opened.challenge.token,
        "expires_at": format_instant(opened.challenge.expires_at),
        "set_up": None if set_up is None else {"secret": set_up.secret, "otpauth_uri": set_up.otpauth_uri},
    }
    return JSONResponse(beside | {"second_factor": told}, 202)
