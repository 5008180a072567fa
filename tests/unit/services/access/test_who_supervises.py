from __future__ import annotations

import json

import pytest

from services.access.domain.permissions import Area, Role
from services.access.domain.supervisors import Supervisor
from services.access.verification import CannotVerify, JwksDocument, TokenVerifier
from tests import tokens
from tests.unit.services.access.access_house import ADMINISTRATOR, House


@pytest.fixture
def house(tmp_path) -> House:
    return House(tmp_path / "access")


def told_by(document: dict[str, object]) -> TokenVerifier:
    return TokenVerifier(JwksDocument(json.dumps(document).encode()), tokens.ISSUER, tokens.AUDIENCE)


def test_services_are_told_who_supervises_what_and_who_has_left_is_not_among_them(house):
    salma = house.add("salma", Role.SUPERVISOR, areas=(Area("jashore", "sharsha"), Area("khulna")))
    house.add("rina", Role.CASEWORKER)
    gone = house.add("mita", Role.SUPERVISOR)
    house.keeping.close(ADMINISTRATOR, gone.account_id)
    assert told_by(house.keys.inner_document()).supervisors() == (
        Supervisor(salma.account_id, salma.organisation, (Area("jashore", "sharsha"), Area("khulna"))),
    )


def test_nobody_else_is_told(house):
    house.add("salma", Role.SUPERVISOR)
    assert "supervisors" not in house.keys.document()
    with pytest.raises(CannotVerify, match="secret"):
        told_by(house.keys.document()).supervisors()


def test_somebody_who_is_not_told_rightly_makes_the_whole_unreadable():
    raw = json.loads(tokens.jwks_document(Supervisor("salma", "org-a", (Area("jashore"),))))
    assert told_by(raw).supervisors()[0].areas == (Area("jashore"),)
    with pytest.raises(CannotVerify):
        told_by(raw | {"supervisors": [["salma", "org-a", [[]]]]}).supervisors()
