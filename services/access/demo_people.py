"""Invented staff for a demonstration: real accounts, made-up names that say so, passwords of this installation only.

Account ids are given (caseworkers) or follow from organisation and place (everybody else), so that cases made for
the demonstration point to accounts that exist. Safe to run twice: who is there keeps her password.
"""

from __future__ import annotations

import json
import secrets
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from services.access.application.ports import NameTaken
from services.access.bootstrap import Parts, build_parts, now_ms
from services.access.domain.accounts import Account, check_account, check_password
from services.access.domain.permissions import Area, Role
from services.runtime.ours_alone import READ_WRITE, put_in_place
from services.runtime.settings import Settings

DEMO_LIFETIME_SECONDS: Final = 30 * 86_400
FILE_NAME: Final = "demo-people.json"

_BY: Final = "demonstration"
_NAMESPACE: Final = uuid.UUID("6f0a5f0e-5d0c-4b46-9f4e-2a9d3c1b7e10")
_NAMES: Final = (
    "Asha", "Bina", "Chaya", "Dipa", "Eshita", "Farida", "Gita", "Hasna", "Ila", "Jui",
    "Keya", "Lata", "Mita", "Nila", "Oishi", "Parul", "Rekha", "Shila", "Tuli", "Uma",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class DemoOrganisation:
    """What of an organisation needs people.

    caseworker_ids: one caseworker is made for each. areas: upazilas that get a supervisor each; every district
    among them gets one too, and the organisation one.
    """

    organisation: str
    caseworker_ids: tuple[str, ...]
    areas: tuple[Area, ...]


@dataclass(frozen=True, slots=True)
class DemoPerson:
    """stands_for: "" but for supervisors: "area", "district" or "organisation". expires_at: milliseconds."""

    organisation: str
    role: Role
    stands_for: str
    areas: tuple[Area, ...]
    account_id: str
    sign_in_name: str
    name: str
    password: str
    token: str
    expires_at: int


@dataclass(frozen=True, slots=True)
class _Wanted:
    account: Account
    role: Role
    stands_for: str


def create_demo_people(
    settings: Settings,
    organisations: Sequence[DemoOrganisation],
    lifetime_seconds: int = DEMO_LIFETIME_SECONDS,
) -> list[DemoPerson]:
    """Everybody of the organisations, in order: caseworkers, supervisors (area, district, organisation), evaluator,
    administrator, donor; each with a fresh token. Raises NotOursAlone, InvalidAccount.
    """
    parts = build_parts(settings)
    path = settings.access_dir / FILE_NAME
    passwords: dict[str, str] = json.loads(path.read_text()) if path.exists() else {}
    wanted = [person for organisation in organisations for person in _people_of(organisation)]
    for person in wanted:
        passwords.setdefault(person.account.account_id, secrets.token_urlsafe(12))
    # Known before they are set: a run that is cut off in between finds them again.
    put_in_place(path, json.dumps(passwords, indent=1).encode(), READ_WRITE)
    return [_made(parts, person, passwords[person.account.account_id], lifetime_seconds) for person in wanted]


def _made(parts: Parts, wanted: _Wanted, password: str, lifetime_seconds: int) -> DemoPerson:
    account = wanted.account
    check_account(account)
    check_password(password)
    stored = parts.store.by_id(account.account_id)
    if stored is None:
        try:
            parts.store.add(account, parts.passwords.hash(password), _BY)
        except NameTaken:
            raise RuntimeError(f"{account.sign_in_name} belongs to another account: wipe the demonstration") from None
    elif not parts.passwords.matches(stored.password_hash, password):
        parts.store.set_password_hash(account.account_id, parts.passwords.hash(password))
    parts.store.mark_as_demo(account.account_id)
    issued = parts.issuer.issue(account.principal(), now_ms(), lifetime_seconds)
    return DemoPerson(
        account.organisation,
        wanted.role,
        wanted.stands_for,
        account.areas,
        account.account_id,
        account.sign_in_name,
        account.name,
        password,
        issued.token,
        issued.expires_at,
    )


def _people_of(organisation: DemoOrganisation) -> Iterator[_Wanted]:
    name = organisation.organisation
    for number, account_id in enumerate(organisation.caseworker_ids):
        yield _wanted(name, Role.CASEWORKER, "", (), str(number + 1), number, account_id)
    upazilas = [area for area in organisation.areas if area.upazila is not None]
    for number, area in enumerate(upazilas):
        yield _wanted(name, Role.SUPERVISOR, "area", (area,), f"{area.district}-{area.upazila}", number + 5)
    for number, district in enumerate(dict.fromkeys(area.district for area in organisation.areas)):
        yield _wanted(name, Role.SUPERVISOR, "district", (Area(district),), district, number + 9)
    yield _wanted(name, Role.SUPERVISOR, "organisation", (), "", 13)
    yield _wanted(name, Role.EVALUATOR, "", (), "", 15)
    yield _wanted(name, Role.ADMINISTRATOR, "", (), "", 17)
    yield _wanted(name, Role.DONOR, "", (), "", 19)


def _wanted(
    organisation: str,
    role: Role,
    stands_for: str,
    areas: tuple[Area, ...],
    place: str,
    number: int,
    account_id: str | None = None,
) -> _Wanted:
    sign_in_name = ".".join(part for part in (role.value, place, organisation) if part).lower()
    round_number, index = divmod(number, len(_NAMES))
    name = _NAMES[index] + (f" {round_number + 1}" if round_number else "")
    account = Account(
        account_id=account_id or str(uuid.uuid5(_NAMESPACE, sign_in_name)),
        organisation=organisation,
        sign_in_name=sign_in_name,
        name=f"{name} (demo)",
        roles=frozenset({role}),
        areas=areas,
        created_at=now_ms(),
    )
    return _Wanted(account, role, stands_for)
