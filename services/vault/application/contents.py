"""What is kept as bytes inside the safe, and what it was. JSON for lists and plans, plain UTF-8 for words."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict

from services.vault.application.ports import Plain
from services.vault.domain.identity import Field, Identity
from services.vault.domain.safe_contact import Channel, SafeContactPlan, Window


def identity_contents(identity: Identity) -> Iterator[tuple[Field, bytes]]:
    """What of it is being said; empty bytes for "there is none any more"."""
    if identity.names is not None:
        yield Field.NAMES, _json(list(identity.names))
    if identity.phones is not None:
        yield Field.PHONES, _json(list(identity.phones))
    if identity.address is not None:
        yield Field.ADDRESS, identity.address.encode()
    if identity.photo is not None:
        yield Field.PHOTO, identity.photo


def plan_content(plan: SafeContactPlan) -> bytes:
    return _json(asdict(plan))


def plan_of(plain: Plain) -> SafeContactPlan:
    kept = json.loads(plain.content)
    windows = tuple(Window(tuple(w["weekdays"]), w["begins"], w["ends"]) for w in kept.pop("windows"))
    return SafeContactPlan(channel=Channel(kept.pop("channel")), windows=windows, **kept)


def list_of(plain: Plain) -> list[str]:
    found: list[str] = json.loads(plain.content)
    return found


def _json(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
