"""A service proves itself with its own file, and has a token for as long as it needs one."""

from __future__ import annotations

import asyncio
import stat

import httpx
import jwt
import pytest

from services.access.adapters.service_secrets import ServiceSecretFiles
from services.access.bootstrap import build_parts, create_app
from services.access.domain.permissions import Role
from services.access.domain.service_identities import SERVICES, service_principal
from services.access.verification import TokenVerifier
from services.runtime.ours_alone import NotOursAlone
from services.runtime.service_token import NoServiceToken, ServiceToken
from services.runtime.settings import Settings


class Clock:
    def __init__(self) -> None:
        self.seconds = 1000.0

    def __call__(self) -> float:
        return self.seconds


class Access(httpx.AsyncBaseTransport):
    """access in this process; counts what it is asked, and can be away."""

    def __init__(self, settings: Settings) -> None:
        self._app = httpx.ASGITransport(create_app(settings))
        self.asked = 0
        self.is_away = False

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.asked += 1
        if self.is_away:
            raise httpx.ConnectError("away", request=request)
        return await self._app.handle_async_request(request)


@pytest.fixture
def settings(tmp_path) -> Settings:
    return Settings(var_dir=tmp_path)


@pytest.fixture
def access(settings) -> Access:
    return Access(settings)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def vault(settings, access, clock) -> ServiceToken:
    return ServiceToken(settings, "vault", httpx.AsyncClient(transport=access), clock)


async def test_a_service_gets_a_token_that_says_which_it_is(settings, vault):
    verifier = TokenVerifier(build_parts(settings).keys, settings.jwt_issuer, settings.jwt_audience)
    principal = verifier.verify(await vault.of("org-a"))
    assert (principal.account_id, principal.organisation) == ("service:vault", "org-a")
    assert principal.roles == {Role.SYSTEM}


async def test_a_token_of_a_service_lasts_at_most_fifteen_minutes(vault):
    claims = jwt.decode(await vault.of(), options={"verify_signature": False})
    assert claims["exp"] - claims["iat"] <= 15 * 60


async def test_a_token_is_kept_until_it_is_soon_over_and_then_renewed_once(vault, access, clock):
    first = await vault.of("org-a")
    clock.seconds += 60
    assert await vault.of("org-a") == first
    assert access.asked == 1
    clock.seconds += 6 * 60
    renewed = await asyncio.gather(*(vault.of("org-a") for _ in range(20)))
    assert len(set(renewed)) == 1
    assert renewed[0] != first
    assert access.asked == 2


async def test_each_organisation_has_a_token_of_its_own(vault):
    assert await vault.of("org-a") != await vault.of("org-b")


async def test_while_access_is_away_the_last_token_does_until_it_ends(vault, access, clock):
    first = await vault.of("org-a")
    access.is_away = True
    clock.seconds += 9 * 60
    assert await vault.of("org-a") == first
    clock.seconds += 2 * 60
    with pytest.raises(NoServiceToken, match="does not answer"):
        await vault.of("org-a")
    access.is_away = False
    assert await vault.of("org-a") != first


async def test_a_service_that_starts_before_access_waits_for_its_file(settings, vault, access):
    secret = settings.access_dir / "services" / "vault"
    kept = secret.read_text()
    secret.unlink()
    with pytest.raises(NoServiceToken, match="cannot be read"):
        await vault.of("org-a")
    secret.write_text(kept)
    assert await vault.of("org-a")


async def test_another_services_secret_proves_nothing(settings, vault, access):
    (settings.access_dir / "services" / "vault").write_text((settings.access_dir / "services" / "casework").read_text())
    with pytest.raises(NoServiceToken, match="401"):
        await vault.of("org-a")


@pytest.mark.parametrize("service", ["", "nobody", "../signing-key.pem"])
def test_who_is_no_service_proves_nothing(tmp_path, service):
    secrets = ServiceSecretFiles(tmp_path / "services", SERVICES)
    assert not secrets.proves(service, "")
    assert not secrets.proves("vault", "")


def test_secrets_are_made_once_and_are_readable_by_their_owner_only(tmp_path):
    directory = tmp_path / "services"
    ServiceSecretFiles(directory, SERVICES)
    made = {path.name: path.read_text() for path in directory.iterdir()}
    ServiceSecretFiles(directory, SERVICES)
    assert {path.name: path.read_text() for path in directory.iterdir()} == made
    assert set(made) == set(SERVICES)
    assert len(set(made.values())) == len(SERVICES)
    assert {stat.S_IMODE(path.stat().st_mode) for path in directory.iterdir()} == {0o600}
    assert stat.S_IMODE(directory.stat().st_mode) == 0o700


def test_secrets_that_others_could_read_are_not_used(tmp_path):
    ServiceSecretFiles(tmp_path / "services", SERVICES)
    (tmp_path / "services" / "vault").chmod(0o640)
    with pytest.raises(NotOursAlone, match="chmod 600"):
        ServiceSecretFiles(tmp_path / "services", SERVICES)


@pytest.mark.parametrize(("service", "organisation"), [("nobody", "org-a"), ("vault", ""), ("vault", "Org A")])
def test_there_is_no_principal_of_what_is_no_service_or_no_organisation(service, organisation):
    with pytest.raises(ValueError, match="expected"):
        service_principal(service, organisation)
