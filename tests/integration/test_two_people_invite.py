"""One administrator alone opens nobody's account, over HTTP and from the machine."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from uuid import uuid4

from services.access.domain.permissions import Role
from services.casework.domain.instants import format_instant
from tests.access_fixture import Running
from tests.new_staff import PASSWORD, NewStaff, accept_invitation, new_staff

DAY = 86_400_000


def somebody(access: Running, *roles: str) -> NewStaff:
    return new_staff(access.ask, access.person(Role.ADMINISTRATOR), f"two-{uuid4().hex}", *(roles or ("caseworker",)))


def renewal(access: Running, who: NewStaff) -> dict:
    asked = access.ask("POST", f"/v1/accounts/{who.account_id}/invitation", access.person(Role.ADMINISTRATOR))
    assert asked.status_code == 202, asked.text
    assert asked.json()["invitation"] is None
    return asked.json()["proposal"]


def used(access: Running, code: str) -> int:
    return access.ask("POST", "/v1/invitation", json={"code": code, "password": PASSWORD}).status_code


def test_a_renewal_opens_the_account_to_both_halves_and_to_neither_alone(access: Running) -> None:
    rina = somebody(access)
    proposal = renewal(access, rina)
    supervisor = access.person(Role.SUPERVISOR, "area")
    (listed,) = [
        item
        for item in access.ask("GET", "/v1/proposals", supervisor).json()["items"]
        if item["proposal_id"] == proposal["proposal_id"]
    ]
    assert listed["may_confirm"] and listed["what"] == "invitation" and "half" not in listed
    path = f"/v1/proposals/{proposal['proposal_id']}:confirm"
    administrator = access.person(Role.ADMINISTRATOR)
    assert access.ask("POST", path, administrator).status_code == 409
    confirmed = access.ask("POST", path, supervisor)
    assert confirmed.status_code == 200, confirmed.text
    assert access.ask("POST", path, supervisor).status_code == 404
    halves = proposal["half"], confirmed.json()["invitation"]["code"]
    assert [used(access, half) for half in halves] == [401, 401]
    assert accept_invitation(access.ask, " ".join(halves))


def test_every_way_to_more_than_somebody_has_waits_for_a_second_person(access: Running) -> None:
    administrator = access.person(Role.ADMINISTRATOR)
    rina, sock = somebody(access), somebody(access)
    wanted = {"sign_in_name": f"two-{uuid4().hex}", "name": "Invented (two)", "roles": ["supervisor"]}
    made = access.ask("POST", "/v1/accounts", administrator, json=wanted).json()
    assert made["invitation"] is None and made["proposal"]["half"]
    now = int(time.time() * 1000)
    away = {"account_id": rina.account_id, "delegate_id": sock.account_id}
    away |= {"since": format_instant(now), "until": format_instant(now + DAY)}
    path = f"/v1/accounts/{sock.account_id}"
    for asked in (
        access.ask("POST", f"{path}:change-roles", administrator, json={"roles": ["supervisor"]}),
        access.ask("POST", f"{path}:change-roles", administrator, json={"roles": ["administrator"]}),
        access.ask("POST", "/v1/absences", administrator, json=away),
    ):
        assert asked.status_code == 202, asked.text
        assert asked.json()["proposal"]["half"] is None
    me = access.ask("GET", "/v1/me", sock).json()
    assert me["roles"] == ["caseworker"]
    listed = access.ask("GET", "/v1/absences", administrator).json()["items"]
    assert sock.account_id not in {item["delegate_id"] for item in listed}
    refused = access.ask("POST", f"/v1/proposals/{made['proposal']['proposal_id']}:refuse", administrator)
    assert refused.status_code == 200


def test_another_organisations_proposal_is_not_there(access: Running) -> None:
    proposal_id = renewal(access, somebody(access))["proposal_id"]
    for role, stands_for in ((Role.ADMINISTRATOR, ""), (Role.SUPERVISOR, "organisation")):
        who = access.person(role, stands_for, "org-b")
        for act in ("confirm", "refuse"):
            answers = [access.ask("POST", f"/v1/proposals/{each}:{act}", who) for each in (proposal_id, uuid4())]
            assert [answer.status_code for answer in answers] == [404, 404]
            assert answers[0].content == answers[1].content


def test_where_an_organisation_has_no_second_person_yet_the_machine_is_one(access: Running) -> None:
    environment = {**os.environ, "VAR_DIR": str(access.settings.var_dir)}

    def machine(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "services.access", *arguments]
        return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)

    organisation, name = f"org-{uuid4().hex}", f"first-{uuid4().hex}"
    first = accept_invitation(access.ask, machine("invite", organisation, name).stdout.splitlines()[0])
    administrator = NewStaff("", name, PASSWORD, first)
    assert "nothing waits" in machine("confirm", organisation).stdout
    wanted = {"sign_in_name": f"head-{uuid4().hex}", "name": "Invented head", "roles": ["supervisor"]}
    proposal = access.ask("POST", "/v1/accounts", administrator, json=wanted).json()["proposal"]
    assert proposal["proposal_id"] in machine("confirm", organisation).stdout
    elsewhere = machine("confirm", "org-a", proposal["proposal_id"])
    assert elsewhere.returncode == 1 and "waits under this id" in elsewhere.stderr
    confirmed = machine("confirm", organisation, proposal["proposal_id"])
    assert confirmed.returncode == 0, confirmed.stderr
    assert accept_invitation(access.ask, proposal["half"] + confirmed.stdout.splitlines()[0])
