from __future__ import annotations

from pathlib import Path

import pytest

from services.runtime.settings import InvalidSettings, Settings, load_settings


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch):
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)


def test_everything_has_a_default_on_loopback():
    settings = load_settings()
    assert settings.host == "127.0.0.1"
    assert (settings.port, settings.grpc_port) == (8080, 50051)
    assert settings.access_url == "http://127.0.0.1:8104"
    assert settings.jwks_url == "http://127.0.0.1:8104/.well-known/jwks.json"
    assert settings.access_dir == Path("var/access")


def test_addresses_follow_the_ports_unless_they_are_given(monkeypatch):
    monkeypatch.setenv("CASEWORK_PORT", "9101")
    monkeypatch.setenv("ALERTING_URL", "http://alerting.internal")
    settings = load_settings()
    assert settings.casework_url == "http://127.0.0.1:9101"
    assert settings.alerting_url == "http://alerting.internal"


def test_an_empty_variable_counts_as_absent(monkeypatch):
    monkeypatch.setenv("PORT", "")
    assert load_settings().port == 8080


def test_a_wrong_value_is_refused_by_name_and_not_repeated(monkeypatch):
    monkeypatch.setenv("CLOCK_EVERY_SECONDS", "hunter2")
    with pytest.raises(InvalidSettings, match="CLOCK_EVERY_SECONDS") as refused:
        load_settings()
    assert "hunter2" not in str(refused.value)


def test_a_password_is_not_shown_with_the_settings(monkeypatch):
    monkeypatch.setenv("CLICKHOUSE_PASSWORD", "hunter2")
    settings = load_settings()
    assert "hunter2" not in repr(settings)
    assert settings.clickhouse_password.get_secret_value() == "hunter2"


def test_a_cluster_can_be_reached_with_tls_and_a_password(monkeypatch):
    assert load_settings().kafka_security() == {}
    monkeypatch.setenv("KAFKA_SECURITY_PROTOCOL", "SASL_SSL")
    monkeypatch.setenv("KAFKA_SASL_USERNAME", "reintegration")
    monkeypatch.setenv("KAFKA_SASL_PASSWORD", "hunter2")
    assert load_settings().kafka_security() == {
        "security_protocol": "SASL_SSL",
        "sasl_mechanism": "SCRAM-SHA-512",
        "sasl_plain_username": "reintegration",
        "sasl_plain_password": "hunter2",
    }
