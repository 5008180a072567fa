"""Every setting of every part: the name of its environment variable and its default, in one place.

An environment variable is the field's name in capitals: `kafka_bootstrap_servers` is KAFKA_BOOTSTRAP_SERVERS.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, Field, SecretStr, ValidationError, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

_ROLE = "(administrator|caseworker|donor|evaluator|supervisor)"
_LEASE = "([3-9]|1[0-4])"
_DAY = "(monday|tuesday|wednesday|thursday|friday|saturday|sunday)"

Port = Annotated[int, Field(ge=0, le=65535)]


@dataclass(frozen=True, slots=True)
class BucketSize:
    """A token bucket: `most` at once, `per_second` after that. Written `most:per_second`, like 200:4."""

    most: float
    per_second: float

    def __str__(self) -> str:
        return f"{self.most:g}:{self.per_second:g}"


def _bucket_size(written: object) -> object:
    if not isinstance(written, str):
        return written
    most, _, per_second = written.partition(":")
    try:
        size = BucketSize(float(most), float(per_second))
    except ValueError:
        size = BucketSize(0, 0)
    if not (1 <= size.most < float("inf") and 0 < size.per_second < float("inf")):
        raise ValueError("expected how many at once and how many a second after that, like 200:4")
    return size


Rate = Annotated[BucketSize, BeforeValidator(_bucket_size), NoDecode]


class InvalidSettings(ValueError):
    """The environment cannot be used as it is; the message names each variable and what was expected."""


class Settings(BaseSettings):
    """What the environment says. An empty variable counts as absent."""

    model_config = SettingsConfigDict(env_ignore_empty=True, frozen=True, extra="ignore")

    # Addresses: the one public origin, its gRPC face, and the services behind it.
    host: str = "127.0.0.1"
    port: Port = 8080
    grpc_port: Port = 50051
    casework_port: Port = 8101
    # Casework's gRPC for the services behind the public faces; without TLS they come through the public port.
    casework_grpc_port: Port = 50053
    alerting_port: Port = 8102
    outcomes_port: Port = 8103
    access_port: Port = 8104
    vault_port: Port = 8108
    vault_grpc_port: Port = 50052
    # Health and metrics of what has no other port; 0 is a free one, and so is one that is taken.
    neglect_watch_port: Port = 8105
    clickhouse_sink_port: Port = 8106
    web_metrics_port: Port = 8107
    inner_host: str = "127.0.0.1"
    casework_url: str = ""
    casework_grpc: str = ""
    alerting_url: str = ""
    outcomes_url: str = ""
    access_url: str = ""
    vault_url: str = ""
    # Of the stream workers whose readiness the origin tells with that of all; none on a machine without them.
    neglect_watch_url: str = ""
    clickhouse_sink_url: str = ""

    # HTTPS and TLS of the two public faces, both or neither: the chain, leaf first, and its key, the owner's alone.
    tls_cert_file: Path | None = None
    tls_key_file: Path | None = None

    # How many requests a user may make at once, and how many a second after that. A device of hers has half of it, an
    # address fifty times as much, which events with a good token do not count towards.
    limit_events: Rate = BucketSize(20_000, 5_000)
    limit_reading: Rate = BucketSize(1_000, 30)
    limit_searching: Rate = BucketSize(200, 4)
    # Of one address: for one name, and whatever asks without a good token, events among it.
    limit_sign_in: Rate = BucketSize(20, 0.5)
    limit_strangers: Rate = BucketSize(2_000, 100)

    # The log.
    kafka_bootstrap_servers: str = "127.0.0.1:9092"
    kafka_replication_factor: Annotated[int, Field(ge=1)] = 1
    kafka_security_protocol: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = "PLAINTEXT"
    kafka_sasl_mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] = "SCRAM-SHA-512"
    kafka_sasl_username: str = ""
    kafka_sasl_password: SecretStr = SecretStr("")
    kafka_ssl_cafile: Path | None = None

    # The outcomes store.
    clickhouse_url: str = "http://127.0.0.1:8123"
    clickhouse_user: str = "reintegration"
    clickhouse_password: SecretStr = SecretStr("")
    clickhouse_database: str = "reintegration"

    # Who she is. Without an address of a database: SQLite in VAR_DIR/vault. The key file is made at the first start.
    vault_database_url: str = ""
    vault_key_file: Path | None = None

    # Telling people outside the inbox. Where people find the origin; the organisation's gateways, in Apprise's words
    # with {to} where a person's address goes; whether people's own webhooks may lead into this network.
    public_url: str = ""
    notify_mail_url: SecretStr = SecretStr("")
    notify_sms_url: SecretStr = SecretStr("")
    notify_inner_addresses: bool = False
    notify_retry_seconds: Annotated[float, Field(gt=0, le=3600)] = 30
    notify_working_days: Annotated[str, Field(pattern=f"^{_DAY}(,{_DAY})*$")] = (
        "sunday,monday,tuesday,wednesday,thursday"
    )

    # Files.
    var_dir: Path = Path("var")
    policy_file: Path = Path("services/casework/policy/default.toml")
    policy_dir: Path | None = None

    # Sign-in. A JWKS is read from JWKS_FILE if there is one, else from JWKS_URL.
    jwt_issuer: str = "reintegration-access"
    jwt_audience: str = "reintegration"
    jwt_lifetime_seconds: Annotated[int, Field(ge=60, le=400 * 86_400)] = 900
    # How long a device may show what it keeps for reading without a connection; an organisation may have its own.
    offline_lease_days: Annotated[str, Field(pattern=f"^{_LEASE}(,[^:,]+:{_LEASE})*$")] = "7"
    session_days: Annotated[int, Field(ge=1, le=90)] = 14
    second_factor_roles: Annotated[str, Field(pattern=f"^(none|{_ROLE}(,{_ROLE})*)$")] = (
        "administrator,caseworker,donor,evaluator,supervisor"
    )
    jwks_url: str = ""
    jwks_file: Path | None = None
    # Where each service's own secret is a file of its name; beside the accounts, unless services are on other machines.
    service_secrets_dir: Path | None = None

    # Where the keys are to which devices seal what waits on them; one is made at the first start.
    sealing_keys_dir: Path | None = None

    # Ways.
    # A stream worker's own name: with one, a worker that starts again takes its partitions back at once; without, the
    # group waits until it misses the old one. No two workers at the same time may have the same.
    worker_name: str = ""
    # Records are delivered to the stream apps as lists of a partition's; false is Faust's own way, a record at a time:
    # the same outcome, slower.
    streams_bulk: bool = True
    # Which generation of what is worked out from the log a stream worker makes: "" is the one that people see. A worker
    # of another one says neither the time nor anything else into the log, and writes topics of its own.
    generation: Annotated[str, Field(pattern="^[a-z0-9]{0,16}$")] = ""
    clock_every_seconds: Annotated[float, Field(gt=0, le=30)] = 15
    # Of every partition so many cases stand unpacked in the detector, some 25 KB each; any other is unpacked when it is
    # looked at.
    open_cases: Annotated[int, Field(ge=10, le=100_000)] = 1_500
    # In every partition a case of the detector's own is neglected once in this time; missed for two, pages turn red.
    canary_every_seconds: Annotated[float, Field(ge=1, le=1800)] = 300
    stop_within_seconds: Annotated[float, Field(gt=0, le=60)] = 3
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"

    @model_validator(mode="after")
    def _derive_addresses(self) -> Self:
        derived = {
            "casework_url": f"http://127.0.0.1:{self.casework_port}",
            "casework_grpc": f"127.0.0.1:{self.casework_grpc_port if self.tls_cert_file else self.grpc_port}",
            "alerting_url": f"http://127.0.0.1:{self.alerting_port}",
            "outcomes_url": f"http://127.0.0.1:{self.outcomes_port}",
            "access_url": f"http://127.0.0.1:{self.access_port}",
            "vault_url": f"http://127.0.0.1:{self.vault_port}",
        }
        for name, address in derived.items():
            if not getattr(self, name):
                # The model is frozen for everybody else; here it is still being made.
                object.__setattr__(self, name, address)
        if not self.public_url:
            scheme = "https" if self.tls_cert_file else "http"
            object.__setattr__(self, "public_url", f"{scheme}://127.0.0.1:{self.port}")
        if not self.jwks_url:
            object.__setattr__(self, "jwks_url", f"{self.access_url}/.well-known/jwks.json")
        return self

    @model_validator(mode="after")
    def _gateways_have_a_place_for_the_address(self) -> Self:
        for name in ("notify_mail_url", "notify_sms_url"):
            said = getattr(self, name).get_secret_value()
            if said and said.count("{to}") != 1:
                raise ValueError(f"{name.upper()}: expected {{to}} once, where a person's address goes")
        return self

    @model_validator(mode="after")
    def _certificate_and_key(self) -> Self:
        if (self.tls_cert_file is None) != (self.tls_key_file is None):
            raise ValueError("TLS_CERT_FILE and TLS_KEY_FILE: one without the other protects nothing")
        return self

    @property
    def access_dir(self) -> Path:
        """Where `access` keeps its accounts and its signing key."""
        return self.var_dir / "access"

    @property
    def service_secrets(self) -> Path:
        """Where the files are with which services prove themselves to `access`."""
        return self.service_secrets_dir or self.access_dir / "services"

    @property
    def vault_dir(self) -> Path:
        """Where `vault` keeps its database, unless that is elsewhere."""
        return self.var_dir / "vault"

    @property
    def vault_keys(self) -> Path:
        """The vault's key file: beside the data only where nobody said a better place."""
        return self.vault_key_file or self.var_dir / "vault-keys" / "vault-keys.json"

    @property
    def sealing_keys(self) -> Path:
        """Where the origin keeps the keys that open what devices sealed."""
        return self.sealing_keys_dir or self.var_dir / "sealing-keys"

    @property
    def alerting_dir(self) -> Path:
        """Where `alerting` keeps how people want to be told, what is owed to them, and the key of their addresses."""
        return self.var_dir / "alerting"

    @property
    def imports_dir(self) -> Path:
        """Where `casework` keeps registers that are being brought in, sealed, and what there is of each import."""
        return self.var_dir / "imports"

    @property
    def working_days(self) -> frozenset[str]:
        """Of organisations that have not said their own."""
        return frozenset(self.notify_working_days.split(","))

    @property
    def outcomes_dir(self) -> Path:
        """Where `outcomes` keeps its releases and the key they are made with."""
        return self.var_dir / "outcomes"

    def kafka_security(self) -> dict[str, object]:
        """How to reach the brokers safely, in kafka-python's and aiokafka's words; empty for plain text."""
        security: dict[str, object] = {}
        if self.kafka_security_protocol != "PLAINTEXT":
            security["security_protocol"] = self.kafka_security_protocol
        if self.kafka_security_protocol.startswith("SASL"):
            security["sasl_mechanism"] = self.kafka_sasl_mechanism
            security["sasl_plain_username"] = self.kafka_sasl_username
            security["sasl_plain_password"] = self.kafka_sasl_password.get_secret_value()
        if self.kafka_ssl_cafile is not None:
            security["ssl_cafile"] = str(self.kafka_ssl_cafile)
        return security


def load_settings() -> Settings:
    """The settings the environment gives. Raises InvalidSettings with a sentence per variable that is wrong."""
    try:
        return Settings()
    except ValidationError as error:
        # The value itself is left out: it may be a password put into the wrong variable.
        wrong = "; ".join(f"{'.'.join(map(str, e['loc'])).upper()}: {e['msg']}" for e in error.errors())
        raise InvalidSettings(f"settings that cannot be used: {wrong}") from None
