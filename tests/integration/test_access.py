"""access as it runs: a process of its own, asked over HTTP."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest

from services.access.bootstrap import create_app
from services.access.demo_people import create_demo_people
from services.access.domain.permissions import Action, Area, Role
from services.access.verification import InvalidToken, JwksUrl, TokenVerifier, verifier_from_settings
from services.runtime.http import declared_permissions
from services.runtime.settings import Settings
from tests.access_fixture import OURS, RINA, SHANU, THEIRS, start
from tests.new_staff import accept_invitation, new_staff


@pytest.mark.parametrize("role", sorted(set(Role) - {Role.SYSTEM, Role.SUPERVISOR}))
def test_each_of_the_people_signs_in_and_learns_who_she_is(access, role):
    person = access.person(role)
    answer = access.ask("POST", "/v1/session", json={"name": person.sign_in_name, "password": person.password})
    assert answer.status_code == 200, answer.text
    session = answer.json()
    assert session["principal"]["account_id"] == person.account_id
    assert session["principal"]["roles"] == [role]
    assert session["principal"]["name"].endswith("(demo)")
    me = httpx.get(f"{access.url}/v1/me", headers={"authorization": f"Bearer {session['token']}"})
    assert me.json() == session["principal"]


def test_a_token_is_checked_by_another_service_with_the_published_keys(access):
    supervisor = access.person(Role.SUPERVISOR, "area")
    principal = verifier_from_settings(access.settings).verify(supervisor.token)
    assert principal.account_id == supervisor.account_id
    assert principal.areas == (Area("jashore", "sharsha"),)


def test_published_keys_hold_no_private_half(access):
    for key in access.ask("GET", "/.well-known/jwks.json").json()["keys"]:
        assert set(key) == {"kty", "crv", "x", "kid", "alg", "use"}


def test_a_wrong_password_and_an_unknown_name_get_the_same_answer_in_the_same_time(access):
    known, unknown = access.person(Role.EVALUATOR, organisation="org-b").sign_in_name, "nobody.at.all"
    bodies, seconds = set(), dict[str, float]()
    for _ in range(5):
        for name in (known, unknown):
            started = time.perf_counter()
            answer = access.ask("POST", "/v1/session", json={"name": name, "password": "not the password"})
            seconds[name] = min(seconds.get(name, 60.0), time.perf_counter() - started)
            bodies.add(answer.content)
    assert len(bodies) == 1
    # The quickest of each, in turn: half a hash apart would show, and what else the machine does would not.
    assert abs(seconds[known] - seconds[unknown]) < 0.5 * max(seconds.values())


def test_after_wrong_passwords_the_name_is_asked_to_wait(access):
    answers = [
        access.ask("POST", "/v1/session", json={"name": "guessed.name", "password": str(number)}) for number in range(7)
    ]
    assert [answer.status_code for answer in answers] == [401] * 6 + [429]
    assert 1 <= int(answers[-1].headers["retry-after"]) <= 2


def _in_a_word(value: object) -> str:
    return " ".join(sorted(value))[:20] if isinstance(value, set) else str(value)[:20]


ROUTES = [
    ("GET", "/v1/me", None, {"caseworker", "supervisor", "evaluator", "administrator", "donor"}),
    ("GET", "/v1/people", None, {"caseworker", "supervisor", "administrator"}),
    ("GET", "/v1/accounts", None, {"administrator"}),
    ("GET", "/v1/account-changes", None, {"supervisor"}),
    ("GET", "/v1/sessions", None, {"caseworker", "supervisor", "evaluator", "administrator", "donor"}),
    ("POST", "/v1/session:end", None, {"caseworker", "supervisor", "evaluator", "administrator", "donor"}),
    ("POST", "/v1/sessions/none:end", None, {"caseworker", "supervisor", "evaluator", "administrator", "donor"}),
    ("GET", "/v1/absences", None, {"caseworker", "supervisor", "evaluator", "administrator"}),
    ("POST", "/v1/absences", {"since": "", "until": ""}, {"caseworker", "supervisor", "evaluator", "administrator"}),
    ("POST", "/v1/absences/never:end", None, {"caseworker", "supervisor", "evaluator", "administrator"}),
    ("GET", "/v1/delegates", None, {"caseworker", "supervisor", "evaluator", "administrator"}),
    ("GET", "/v1/lock-outs", None, {"supervisor", "administrator"}),
    ("POST", "/v1/accounts/nobody:lift-lock-out", None, {"supervisor", "administrator"}),
    ("GET", "/v1/proposals", None, {"supervisor", "administrator"}),
    ("POST", "/v1/proposals/nothing:confirm", None, {"supervisor", "administrator"}),
    ("POST", "/v1/proposals/nothing:refuse", None, {"supervisor", "administrator"}),
    ("POST", "/v1/accounts/nobody:end-sessions", None, {"administrator"}),
    ("POST", "/v1/accounts", {"sign_in_name": "", "name": "", "roles": ["caseworker"]}, {"administrator"}),
    ("POST", "/v1/accounts/nobody/invitation", None, {"administrator"}),
    ("DELETE", "/v1/accounts/nobody/invitation", None, {"administrator"}),
    ("POST", "/v1/accounts/nobody:change-roles", {"roles": ["caseworker"]}, {"administrator"}),
    ("POST", "/v1/accounts/nobody:close", None, {"administrator"}),
]


@pytest.mark.parametrize("role", sorted(set(Role) - {Role.SYSTEM}))
@pytest.mark.parametrize(("method", "path", "body", "open_to"), ROUTES, ids=_in_a_word)
def test_every_route_opens_to_its_roles_and_to_nobody_else(access, method, path, body, open_to, role):
    person = access.person(role, "organisation" if role is Role.SUPERVISOR else "")
    request = {} if body is None else {"json": body}
    assert (access.ask(method, path, person, **request).status_code != 403) is (role in open_to)
    assert access.ask(method, path, **request).status_code == 401


def test_the_routes_tried_here_are_all_the_routes_there_are(tmp_path):
    app = create_app(Settings(var_dir=tmp_path))
    asking = {(method, path) for method, path, action in declared_permissions(app) if isinstance(action, Action)}
    named = {"nobody": "account_id", "none": "session_id", "never": "absence_id", "nothing": "proposal_id"}
    any_name = re.compile(rf"\b({'|'.join(named)})\b")
    tried = {(method, any_name.sub(lambda found: f"{{{named[found[0]]}}}", path)) for method, path, *_ in ROUTES}
    assert asking == tried


def test_people_are_the_caseworkers_of_the_own_organisation(access):
    supervisor = access.person(Role.SUPERVISOR, "area")
    assert {item["account_id"] for item in access.ask("GET", "/v1/people", supervisor).json()["items"]} == {RINA, SHANU}
    assert [
        i["account_id"] for i in access.ask("GET", "/v1/people", access.person(Role.CASEWORKER)).json()["items"]
    ] == [RINA]


def test_the_head_alone_learns_the_names_of_everybody_who_has_or_had_an_account(access):
    def told(who):
        return {item["account_id"] for item in access.ask("GET", "/v1/people?everybody=true", who).json()["items"]}

    administrator = access.person(Role.ADMINISTRATOR)
    left = new_staff(access.ask, administrator, "who.left", "evaluator")
    access.ask("POST", f"/v1/accounts/{left.account_id}:close", administrator)
    assert {RINA, SHANU, administrator.account_id, left.account_id} <= told(
        access.person(Role.SUPERVISOR, "organisation")
    )
    assert told(access.person(Role.SUPERVISOR, "area")) == {RINA, SHANU}
    assert told(access.person(Role.CASEWORKER)) == {RINA}


def test_a_closed_account_neither_signs_in_nor_is_let_in_with_the_token_it_has(access):
    administrator = access.person(Role.ADMINISTRATOR)
    new = new_staff(access.ask, administrator, "new.caseworker", "caseworker")
    closed = access.ask("POST", f"/v1/accounts/{new.account_id}:close", administrator)
    assert closed.json()["closed_at"]
    credentials = {"name": new.sign_in_name, "password": new.password}
    assert access.ask("POST", "/v1/session", json=credentials).status_code == 401
    settings = access.settings
    with pytest.raises(InvalidToken, match="closed"):
        TokenVerifier(JwksUrl(settings.jwks_url), settings.jwt_issuer, settings.jwt_audience).verify(new.token)


def test_an_account_is_made_without_a_password_and_its_invitation_is_good_once(access):
    administrator = access.person(Role.ADMINISTRATOR)
    body = {"sign_in_name": "invited.once", "name": "Nobody (invented)", "roles": ["caseworker"]}
    refused = access.ask("POST", "/v1/accounts", administrator, json=body | {"password": "chosen for somebody"})
    assert refused.status_code == 422
    made = access.ask("POST", "/v1/accounts", administrator, json=body).json()
    assert "password" not in made
    (listed,) = [
        item
        for item in access.ask("GET", "/v1/accounts", administrator).json()["items"]
        if item["sign_in_name"] == "invited.once"
    ]
    assert listed["invited_until"] == made["invitation"]["expires_at"]
    use = {"code": made["invitation"]["code"], "password": "a password of my own"}
    assert access.ask("POST", "/v1/invitation", json=use | {"password": "short"}).status_code == 422
    assert access.ask("POST", "/v1/invitation", json=use).status_code == 202
    again, unknown = (access.ask("POST", "/v1/invitation", json=use | {"code": code}) for code in (use["code"], "x"))
    assert (again.status_code, again.json()) == (unknown.status_code, unknown.json())
    assert again.status_code == 401


def test_supervisors_of_the_organisation_read_what_was_done_with_accounts_and_those_of_an_area_do_not(access):
    administrator = access.person(Role.ADMINISTRATOR)
    new = new_staff(access.ask, administrator, "is.recorded", "evaluator")
    path = f"/v1/accounts/{new.account_id}:change-roles"
    assert access.ask("POST", path, administrator, json={"roles": ["donor"]}).status_code == 200
    head = access.person(Role.SUPERVISOR, "organisation")
    said = access.ask("GET", "/v1/account-changes", head).json()["items"]
    hers = [item for item in said if item["account_id"] == new.account_id]
    assert [item["what"] for item in hers] == ["roles_changed", "invitation_used", "invited", "made"]
    assert hers[0]["roles"] == ["donor"] and hers[0]["by_account_id"] == administrator.account_id
    assert access.ask("GET", "/v1/account-changes", access.person(Role.SUPERVISOR, "area")).status_code == 403


def test_the_first_administrator_of_an_organisation_is_invited_from_the_machine(access):
    environment = {**os.environ, "VAR_DIR": str(access.settings.var_dir)}

    def invite(organisation: str, name: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "services.access", "invite", organisation, name]
        return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)

    said = invite("org-new", "first.administrator")
    assert said.returncode == 0, said.stderr
    code = said.stdout.splitlines()[0]
    first = accept_invitation(access.ask, code)
    me = httpx.get(f"{access.url}/v1/me", headers={"authorization": f"Bearer {first}"}).json()
    assert (me["organisation"], me["roles"]) == ("org-new", ["administrator"])
    assert invite("org-new", "first.administrator").returncode == 0
    for organisation in ("org-a", "org-new"):
        refused = invite(organisation, access.person(Role.CASEWORKER).sign_in_name)
        assert refused.returncode == 1
        assert "is not an administrator" in refused.stderr


def test_another_organisations_account_is_not_there(access):
    theirs = access.person(Role.CASEWORKER, organisation="org-b")
    administrator = access.person(Role.ADMINISTRATOR)
    stranger = access.ask("POST", f"/v1/accounts/{theirs.account_id}:close", administrator)
    missing = access.ask("POST", "/v1/accounts/00000000-0000-4000-8000-0000000000ee:close", administrator)
    assert stranger.status_code == missing.status_code == 404
    assert stranger.content == missing.content


def test_a_service_account_cannot_be_made_from_outside(access):
    body = {"sign_in_name": "machine", "name": "Machine", "roles": ["system"]}
    answer = access.ask("POST", "/v1/accounts", access.person(Role.ADMINISTRATOR), json=body)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == "roles"


def test_making_the_demonstrations_people_again_keeps_their_passwords(access):
    again = create_demo_people(access.settings, [OURS, THEIRS])
    assert [(p.account_id, p.sign_in_name, p.password) for p in again] == [
        (p.account_id, p.sign_in_name, p.password) for p in access.people
    ]
    assert all(p.expires_at > time.time() * 1000 + 29 * 86_400_000 for p in again)


def test_what_access_keeps_is_its_owners_alone(access):
    directory: Path = access.settings.access_dir
    assert directory.stat().st_mode & 0o777 == 0o700
    for path in directory.rglob("*"):
        assert path.stat().st_mode & 0o077 == 0, path.name


def test_a_taken_port_ends_the_start_with_a_sentence(access):
    process = start(access.settings, subprocess.PIPE)
    _, errors = process.communicate(timeout=20)
    assert process.returncode == 1
    assert f"port {access.settings.access_port} on 127.0.0.1 is taken" in errors.decode()
