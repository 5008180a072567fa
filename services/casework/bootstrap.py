"""Puts casework together from the settings, and runs it: the one place where ports meet what stands behind them."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Protocol

import clickhouse_connect
import httpx
from fastapi import FastAPI
from grpc import ServerCredentials

from services.access.domain.absences import StandIn, uncovered_caseworkers
from services.access.verification import verifier_from_settings
from services.casework.adapters.clickhouse_history import ClickHouseHistory
from services.casework.adapters.import_store import SealedImports
from services.casework.adapters.kafka_log import KafkaLog, system_now
from services.casework.adapters.register_file import read_register_file
from services.casework.adapters.trial_process import TrialProcesses
from services.casework.adapters.vault_identities import VaultIdentities
from services.casework.application.case_history import CaseHistory
from services.casework.application.case_reading import CaseReading
from services.casework.application.desk import Desk
from services.casework.application.errors import LogAway, StartingUp
from services.casework.application.event_log import EventLog
from services.casework.application.importing.desk import ImportDesk
from services.casework.application.importing.imports import Identities, ImportStore
from services.casework.application.importing.keeper import ImportKeeper
from services.casework.application.importing.work import Work
from services.casework.application.intake import Intake
from services.casework.application.log_view import LogView, follow
from services.casework.application.overseeing import Overseeing
from services.casework.application.policy_publishing import PolicySwitching, publish_policies
from services.casework.application.policy_trials import PolicyTrials, Replaying
from services.casework.application.unassigning import unassign_cases, unassign_cases_of_absent
from services.casework.domain.canaries import CANARY_ORGANISATION
from services.casework.domain.policy import Policy
from services.casework.domain.policy_file import InvalidPolicy, load_policy
from services.casework.entrypoints.grpc_events import case_events_service
from services.casework.entrypoints.openapi import describe_events
from services.casework.entrypoints.rest_charges import charge_routes
from services.casework.entrypoints.rest_imports import IMPORTS_PATH, REGISTER_BYTES, import_routes
from services.casework.entrypoints.rest_intake import BATCH_BYTES, BATCH_PATH, intake_routes
from services.casework.entrypoints.rest_oversight import oversight_routes
from services.casework.entrypoints.rest_policy import policy_routes
from services.casework.entrypoints.rest_reads import read_routes
from services.runtime.authentication import CannotVerify, Verifier
from services.runtime.grpc_server import GrpcServer
from services.runtime.http import create_service_app
from services.runtime.log_login import require_login
from services.runtime.ours_alone import NotOursAlone
from services.runtime.phone_numbers import e164
from services.runtime.producer import LogProducer
from services.runtime.rate_limits import RateLimits
from services.runtime.serve import CannotServe, serve_http
from services.runtime.service_token import ServiceToken
from services.runtime.settings import Settings
from services.runtime.tls import UnusableCertificate, certificate_from

_SECONDS_BEFORE_READING_AGAIN: Final = 1.0
_SECONDS_BETWEEN_LOOKS_FOR_WHO_IS_GONE: Final = 30.0
_SECONDS_BETWEEN_LOOKS_FOR_WHAT_BROKE_OFF: Final = 10.0

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Casework:
    """Everything of the service but its servers. `producer` is None where the log needs none; now: milliseconds."""

    log: EventLog
    view: LogView
    history: CaseHistory
    intake: Intake
    desk: Desk
    switching: PolicySwitching
    trials: PolicyTrials
    policies: Mapping[str, Policy]
    now: Callable[[], int]
    producer: LogProducer | None = None


def casework_of(settings: Settings, policies: Mapping[str, Policy]) -> Casework:
    """The service upon Kafka and ClickHouse; neither is reached yet."""
    producer = LogProducer(settings.kafka_bootstrap_servers, client_id="casework", security=settings.kafka_security())
    log = KafkaLog(producer, settings.kafka_bootstrap_servers, settings.kafka_security())
    history = ClickHouseHistory(lambda: _clickhouse_client(settings))
    replaying = TrialProcesses(settings.kafka_bootstrap_servers, settings.kafka_security())
    return assemble(log, history, replaying, policies, producer)


def assemble(
    log: EventLog,
    history: CaseHistory,
    replaying: Replaying,
    policies: Mapping[str, Policy],
    producer: LogProducer | None = None,
    now: Callable[[], int] = system_now,
) -> Casework:
    """now: milliseconds since 1970 UTC."""
    view = LogView()
    intake = Intake(log, view, history, now)
    desk = Desk(CaseReading(history, view, now))
    switching = PolicySwitching(log, view)
    trials = PolicyTrials(replaying, view, switching, now)
    return Casework(log, view, history, intake, desk, switching, trials, policies, now, producer)


def load_policies(settings: Settings) -> dict[str, Policy]:
    """By organisation, "" for all that have none of their own. Raises CannotServe with file, line and expectation."""
    files = {"": settings.policy_file}
    if settings.policy_dir is not None:
        files |= {path.stem: path for path in sorted(settings.policy_dir.glob("*.toml"))}
    if CANARY_ORGANISATION in files:
        raise CannotServe(f"{files[CANARY_ORGANISATION]}: this organisation is the detector's own")
    try:
        return {organisation: load_policy(path) for organisation, path in files.items()}
    except (InvalidPolicy, OSError) as error:
        raise CannotServe(f"the policy cannot be used: {error}") from error


@dataclass(frozen=True, slots=True)
class Imports:
    """Bringing in registers: what people ask for, and what does it."""

    desk: ImportDesk
    keeper: ImportKeeper


def imports_from(settings: Settings, casework: Casework) -> Imports:
    """Kept in files, and who they are in the vault. Raises CannotServe."""
    try:
        store = SealedImports(settings.imports_dir)
    except NotOursAlone as error:
        raise CannotServe(str(error)) from None
    tokens = ServiceToken(settings, "casework")
    vault = VaultIdentities(httpx.AsyncClient(trust_env=False), settings.vault_url, tokens)
    return imports_of(casework, store, vault)


def imports_of(casework: Casework, store: ImportStore, identities: Identities) -> Imports:
    keeper = ImportKeeper(Work(store, casework.intake, identities, e164))
    desk = ImportDesk(store, read_register_file, e164, casework.now, keeper.begin)
    return Imports(desk, keeper)


def create_app(casework: Casework, verifier: Verifier, imports: Imports | None = None) -> FastAPI:
    """imports: without, no register can be brought in."""

    async def log_reached() -> None:
        if casework.producer is not None:
            await casework.producer.ready()

    async def log_read() -> None:
        if not casework.view.is_ready:
            raise StartingUp
        casework.log.require_progress()

    async def history_reached() -> None:
        await casework.history.read_until()

    app = create_service_app(
        "Casework",
        "casework",
        verifier,
        {"log": log_reached, "cases": log_read, "clickhouse": history_reached},
        body_limits={BATCH_PATH: BATCH_BYTES, IMPORTS_PATH: REGISTER_BYTES},
    )
    app.include_router(intake_routes(casework.intake))
    app.include_router(read_routes(casework.desk))
    app.include_router(policy_routes(casework.trials, casework.view, casework.policies))
    app.include_router(oversight_routes(Overseeing(casework.desk.reading)))
    app.include_router(charge_routes(casework.view))
    if imports is not None:
        app.include_router(import_routes(imports.desk))
    describe_events(app)
    return app


class Staff(Protocol):
    """Who has left or is away. Asking may block shortly, and raises CannotVerify."""

    def closed_accounts(self) -> frozenset[str]: ...

    def stand_ins(self) -> tuple[StandIn, ...]: ...


class LogFollower:
    """Reads the log, publishes policies, unassigns the cases of who has left or is away and brings in registers, beside
    the servers: when it fails, the process ends and says so. Trials end with it."""

    def __init__(self, casework: Casework, staff: Staff, imports: Imports | None = None) -> None:
        self._casework = casework
        self._staff = staff
        self._imports = imports
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        if self._casework.producer is not None:
            await self._casework.producer.start()
        self._tasks = [
            asyncio.create_task(_keep_following(self._casework)),
            asyncio.create_task(_publish(self._casework)),
            asyncio.create_task(_keep_finishing(self._casework)),
            asyncio.create_task(_keep_unassigning(self._casework, self._staff)),
        ]
        if self._imports is not None:
            self._tasks.append(asyncio.create_task(_keep_importing(self._casework, self._imports)))

    async def wait(self) -> None:
        await asyncio.gather(*self._tasks)

    async def stop(self, within_seconds: float) -> None:
        await self._casework.trials.stop()
        for task in self._tasks:
            task.cancel()
        await asyncio.wait(self._tasks, timeout=within_seconds)
        if self._casework.producer is not None:
            await self._casework.producer.stop()


async def _keep_following(casework: Casework) -> None:
    """Reading begins anew when the log was away; what is read twice counts once."""
    while True:
        try:
            await follow(casework.log, casework.view)
        except LogAway as error:
            _log.warning("the log cannot be read", extra={"reason": str(error.__cause__ or error)})
            await asyncio.sleep(_SECONDS_BEFORE_READING_AGAIN)


async def _publish(casework: Casework) -> None:
    await casework.view.complete.wait()
    while not casework.view.published.is_set():
        try:
            published = await publish_policies(casework.log, casework.view, casework.policies)
            _log.info("the policy stands in the log", extra={"records": published})
        except LogAway:
            await asyncio.sleep(_SECONDS_BEFORE_READING_AGAIN)


async def _keep_finishing(casework: Casework) -> None:
    """Where the log went away while a policy was being switched on, it stands in some partitions only."""
    await casework.view.published.wait()
    while True:
        try:
            if finished := await casework.switching.finish():
                _log.warning("a policy that was switched on stands everywhere now", extra={"records": finished})
        except LogAway as error:
            _log.warning("a policy cannot be switched on everywhere", extra={"reason": str(error)})
        await asyncio.sleep(_SECONDS_BETWEEN_LOOKS_FOR_WHAT_BROKE_OFF)


async def _keep_unassigning(casework: Casework, staff: Staff) -> None:
    await casework.view.published.wait()
    while True:
        try:
            closed = await asyncio.to_thread(staff.closed_accounts)
            await unassign_cases(casework.log, casework.view, closed, casework.now())
            away = uncovered_caseworkers(await asyncio.to_thread(staff.stand_ins), casework.now())
            await unassign_cases_of_absent(casework.log, casework.view, away, casework.now())
        except (CannotVerify, LogAway) as error:
            _log.warning("cases of who has left or is away cannot be looked for", extra={"reason": str(error)})
        await asyncio.sleep(_SECONDS_BETWEEN_LOOKS_FOR_WHO_IS_GONE)


async def _keep_importing(casework: Casework, imports: Imports) -> None:
    """What was under way when the service stopped goes on first."""
    await casework.view.published.wait()
    await imports.keeper.keep_working(imports.desk)


async def serve_casework(settings: Settings) -> None:
    """REST on CASEWORK_PORT and gRPC on GRPC_PORT until SIGTERM or SIGINT. Raises CannotServe."""
    await require_login(settings)
    casework = casework_of(settings, load_policies(settings))
    verifier = verifier_from_settings(settings)
    imports = imports_from(settings, casework)
    app = create_app(casework, verifier, imports)
    credentials = _credentials(settings)
    grpc_server = GrpcServer(
        [case_events_service(casework.intake)],
        verifier,
        settings.host,
        settings.grpc_port,
        credentials,
        RateLimits(settings),
        inner=(settings.inner_host, settings.casework_grpc_port) if credentials else None,
    )
    await serve_http(
        app,
        settings.inner_host,
        settings.casework_port,
        grpc_server,
        LogFollower(casework, verifier, imports),
        stop_within_seconds=settings.stop_within_seconds,
    )


def _credentials(settings: Settings) -> ServerCredentials | None:
    """Of the public gRPC face, None for plain text. Raises CannotServe."""
    try:
        certificate = certificate_from(settings)
    except UnusableCertificate as error:
        raise CannotServe(str(error)) from None
    return certificate.for_grpc() if certificate else None


def _clickhouse_client(settings: Settings) -> Any:
    return clickhouse_connect.get_client(
        dsn=settings.clickhouse_url,
        username=settings.clickhouse_user,
        password=settings.clickhouse_password.get_secret_value(),
        database=settings.clickhouse_database,
        autogenerate_session_id=False,
        connect_timeout=2,
        send_receive_timeout=10,
    )
