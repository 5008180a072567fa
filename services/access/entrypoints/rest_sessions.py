"""A person's own sign-ins over HTTP: listed and ended, one by one."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any

from fastapi import APIRouter, Depends

from services.access.application.device_sessions import DeviceSessions, NoSuchSession
from services.access.domain.permissions import Action, Principal
from services.casework.domain.instants import format_instant
from services.runtime.http import not_found, permitted

Herself = Annotated[Principal, Depends(permitted(Action.MANAGE_OWN_ACCOUNT))]


def session_routes(sessions: DeviceSessions) -> APIRouter:
    router = APIRouter(tags=["sessions"])

    @router.get("/v1/sessions")
    async def own_sessions(principal: Herself) -> dict[str, Any]:
        """Where she is signed in, the one used last first; `is_this` is the one that asks."""
        found = await asyncio.to_thread(sessions.of, principal)
        return {
            "items": [
                {
                    "session_id": session.session_id,
                    "device": session.device,
                    "created_at": format_instant(session.created_at),
                    "last_used_at": format_instant(session.last_used_at),
                    "is_this": session.session_id == principal.session_id,
                }
                for session in found
            ]
        }

    @router.post("/v1/session:end")
    async def end_this(principal: Herself) -> dict[str, Any]:
        """Signs out: the session cannot be renewed, and within a minute its token counts nowhere.

        A token without a session (the demonstration's) ends by itself only.
        """
        if principal.session_id:
            await asyncio.to_thread(sessions.end, principal, principal.session_id)
        return {"session_id": principal.session_id or None}

    @router.post("/v1/sessions/{session_id}:end")
    async def end(session_id: str, principal: Herself) -> dict[str, Any]:
        try:
            await asyncio.to_thread(sessions.end, principal, session_id)
        except NoSuchSession:
            raise not_found() from None
        return {"session_id": session_id}

    return router
