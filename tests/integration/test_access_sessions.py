"""Second factors, sessions, waiting and standing in, asked of a running access."""

from __future__ import annotations

import time

import httpx
import pytest

from services.access.demo_people import DemoPerson
from services.access.domain.permissions import Role
from services.access.verification import InvalidToken, JwksUrl, TokenVerifier, verifier_from_settings
from services.casework.domain.instants import format_instant
from tests.access_fixture import Running
from tests.new_staff import PASSWORD, code_now, new_staff


def signed_in(access: Running, name: str, device: str = "") -> tuple[httpx.Response, dict]:
    """With a second factor, whose secret is told again only while it is being set up."""
    body = {"name": name, "password": PASSWORD, "device": device}
    answer = access.ask("POST", "/v1/session", json=body)
    return answer, answer.json()


def test_the_second_factor_is_set_up_once_and_asked_for_ever_after(access):
    administrator = access.person(Role.ADMINISTRATOR)
    wanted = {"sign_in_name": "two.factors", "name": "Nobody (invented)", "roles": ["caseworker"]}
    code = access.ask("POST", "/v1/accounts", administrator, json=wanted).json()["invitation"]["code"]
    came = access.ask("POST", "/v1/invitation", json={"code": code, "password": PASSWORD})
    assert came.status_code == 202
    set_up = came.json()["second_factor"]["set_up"]
    again, told = signed_in(access, "two.factors")
    assert again.status_code == 202 and told["second_factor"]["set_up"] == set_up
    challenge = told["second_factor"]["challenge"]
    wrong = access.ask("POST", "/v1/session:second-factor", json={"challenge": challenge, "code": "000000"})
    assert (wrong.status_code, wrong.json()["type"]) == (401, "urn:reintegration:problem:wrong_code")
    right = {"challenge": challenge, "code": code_now(set_up["secret"])}
    opened = access.ask("POST", "/v1/session:second-factor", json=right)
    assert opened.status_code == 200, opened.text
    assert len(opened.json()["recovery_codes"]) == 10
    assert access.ask("POST", "/v1/session:second-factor", json=right).status_code == 401
    _, told = signed_in(access, "two.factors")
    assert told["second_factor"]["set_up"] is None
    recovered = {"challenge": told["second_factor"]["challenge"], "code": opened.json()["recovery_codes"][0]}
    assert access.ask("POST", "/v1/session:second-factor", json=recovered).status_code == 200
    assert access.ask("POST", "/v1/session:second-factor", json=recovered).status_code == 401


def test_a_session_is_renewed_once_and_a_stolen_token_ends_it(access):
    person = access.person(Role.CASEWORKER)
    body = {"name": person.sign_in_name, "password": person.password, "device": "a test"}
    first = access.ask("POST", "/v1/session", json=body).json()
    assert first["expires_at"] < first["refresh_until"]
    second = access.ask("POST", "/v1/session:refresh", json={"refresh_token": first["refresh_token"]}).json()
    assert second["session_id"] == first["session_id"]
    bearer = {"authorization": f"Bearer {second['token']}"}
    listed = httpx.get(f"{access.url}/v1/sessions", headers=bearer).json()["items"]
    assert [item["device"] for item in listed if item["is_this"]] == ["a test"]
    third = access.ask("POST", "/v1/session:refresh", json={"refresh_token": second["refresh_token"]}).json()
    for stolen in (first, third):
        refused = access.ask("POST", "/v1/session:refresh", json={"refresh_token": stolen["refresh_token"]})
        assert (refused.status_code, refused.json()["type"]) == (401, "urn:reintegration:problem:session_over")
    verifier = TokenVerifier(JwksUrl(access.settings.jwks_url), "reintegration-access", "reintegration")
    for each in (first, second, third):
        with pytest.raises(InvalidToken, match="has ended"):
            verifier.verify(each["token"])


def test_signing_out_ends_the_session_and_nobody_ends_anothers(access):
    person, other = access.person(Role.CASEWORKER), access.person(Role.EVALUATOR)
    body = {"name": person.sign_in_name, "password": person.password}
    session = access.ask("POST", "/v1/session", json=body).json()
    path = f"/v1/sessions/{session['session_id']}:end"
    strange, missing = access.ask("POST", path, other), access.ask("POST", "/v1/sessions/none:end", other)
    assert (strange.status_code, strange.content) == (missing.status_code, missing.content) == (404, missing.content)
    bearer = {"authorization": f"Bearer {session['token']}"}
    assert httpx.post(f"{access.url}/v1/session:end", headers=bearer).json()["session_id"] == session["session_id"]
    refused = access.ask("POST", "/v1/session:refresh", json={"refresh_token": session["refresh_token"]})
    assert refused.status_code == 401
    assert access.ask("POST", "/v1/session:end", person).json() == {"session_id": None}


def test_a_supervisor_sees_and_lifts_the_lock_of_a_caseworker_and_of_nobody_else(access):
    administrator = access.person(Role.ADMINISTRATOR)
    new = new_staff(access.ask, administrator, "locked.out", "caseworker")
    boss = new_staff(access.ask, administrator, "locked.boss", "evaluator")
    for name in (new.sign_in_name, boss.sign_in_name):
        for _ in range(7):
            access.ask("POST", "/v1/session", json={"name": name, "password": "wrong"})
    supervisor = access.person(Role.SUPERVISOR, "area")

    def listed(who: DemoPerson) -> set[str]:
        return {item["account_id"] for item in access.ask("GET", "/v1/lock-outs", who).json()["items"]}

    assert listed(supervisor) == {new.account_id}
    assert listed(administrator) == {new.account_id, boss.account_id}
    stranger = access.person(Role.SUPERVISOR, "organisation", "org-b")
    assert listed(stranger) == set()
    for who, account_id in ((supervisor, boss.account_id), (stranger, new.account_id)):
        assert access.ask("POST", f"/v1/accounts/{account_id}:lift-lock-out", who).status_code == 404
    assert access.ask("POST", f"/v1/accounts/{new.account_id}:lift-lock-out", supervisor).status_code == 200
    assert signed_in(access, new.sign_in_name)[0].status_code == 202


def test_a_delegate_has_the_cases_of_who_is_away_until_she_is_back(access):
    settings = access.settings
    rina, shanu = (p for p in access.people if p.role is Role.CASEWORKER and p.organisation == "org-a")
    offered = access.ask("GET", "/v1/delegates", rina).json()["items"]
    assert shanu.account_id in {item["account_id"] for item in offered}
    until = format_instant(int(time.time() * 1000) + 86_400_000)
    body = {"since": "2026-01-01T00:00:00.000Z", "until": until, "delegate_id": shanu.account_id}
    theirs = access.person(Role.CASEWORKER, organisation="org-b")
    refused = access.ask("POST", "/v1/absences", rina, json=body | {"delegate_id": theirs.account_id})
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "delegate_id")
    said = access.ask("POST", "/v1/absences", rina, json=body)
    assert said.status_code == 201, said.text

    def seen() -> frozenset[str]:
        return verifier_from_settings(settings).verify(shanu.token).stands_in_for

    assert seen() == {rina.account_id}
    assert [item["absence_id"] for item in access.ask("GET", "/v1/absences", shanu).json()["items"]] == [
        said.json()["absence_id"]
    ]
    assert "absences" not in access.ask("GET", "/.well-known/jwks.json").json()
    wrong = httpx.get(f"{access.url}/.well-known/jwks.json", headers={"x-service-secret": "guessed"})
    assert "absences" not in wrong.json()
    path = f"/v1/absences/{said.json()['absence_id']}:end"
    assert access.ask("POST", path, shanu).status_code == 404
    assert access.ask("POST", path, rina).status_code == 200
    assert seen() == frozenset()
