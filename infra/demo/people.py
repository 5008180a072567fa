"""The people of the demonstration, and the file that says how to be one of them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from infra.demo.organisations import Organisation
from infra.kafka.grants import LOADER
from infra.runner.plan import Plan
from infra.runner.private_file import write_private
from services.access.demo_people import DemoOrganisation, DemoPerson, create_demo_people
from services.access.domain.permissions import Area

DEMO_FILE: Final = "demo.json"
LIFE_FILE: Final = "demo-life.json"
MOST_STAFFED: Final = 3
"""Organisations whose people get accounts: a password takes a twentieth of a second to make, and nobody signs in as
seven thousand people."""
_ROLES: Final = ("caseworker", "supervisor", "evaluator", "administrator")


def staff(plan: Plan, organisations: Sequence[Organisation]) -> list[DemoPerson]:
    """Accounts with fresh tokens for the first organisations."""
    wanted = [
        DemoOrganisation(one.slug, one.caseworker_ids, tuple(Area(*place) for place in one.places))
        for one in organisations[:MOST_STAFFED]
    ]
    return create_demo_people(plan.settings(), wanted)


def faces(people: Sequence[DemoPerson], organisation: str) -> dict[str, DemoPerson]:
    """One person a role: the caseworker who has too much to do, and the supervisor of the whole organisation."""
    chosen: dict[str, DemoPerson] = {}
    for person in people:
        stands_for_all = person.role != "supervisor" or person.stands_for == "organisation"
        if person.organisation == organisation and stands_for_all:
            chosen.setdefault(person.role.value, person)
    return {role: chosen[role] for role in _ROLES}


def write_demo_file(plan: Plan, chosen: dict[str, DemoPerson]) -> Path:
    """What other programs, and tests, need to use the demonstration."""
    demo: dict[str, Any] = {
        "url": plan.url,
        "grpc": plan.grpc,
        "clickhouse": {
            "url": plan.environment["CLICKHOUSE_URL"],
            "user": plan.store_owner[0],
            "password": plan.store_owner[1],
        },
        "kafka": plan.open_kafka,
        **_loader(plan),
        "people": {
            role: {"token": person.token, "name": person.sign_in_name, "password": person.password}
            for role, person in chosen.items()
        },
    }
    path = plan.var_dir / DEMO_FILE
    write_private(path, json.dumps(demo, indent=1) + "\n")
    return path


def _loader(plan: Plan) -> dict[str, Any]:
    """How whoever brings in a history comes in; nothing where the log is somebody else's."""
    login = plan.logins.log.get(LOADER)
    if login is None:
        return {}
    return {
        "kafka_user": login["KAFKA_SASL_USERNAME"],
        "kafka_password": login["KAFKA_SASL_PASSWORD"],
        "kafka_sasl": {"address": plan.kafka, "mechanism": login["KAFKA_SASL_MECHANISM"]},
    }


def write_life_file(plan: Plan, people: Sequence[DemoPerson]) -> Path:
    """As whom `life` records: every caseworker of the first organisation, the last one being away."""
    caseworkers = [one for one in people if one.role == "caseworker" and one.organisation == people[0].organisation]
    path = plan.var_dir / LIFE_FILE
    write_private(path, json.dumps({"url": plan.url, "tokens": [person.token for person in caseworkers[:-1]]}))
    return path
