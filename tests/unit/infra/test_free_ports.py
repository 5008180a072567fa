"""Free ports: from the range that is stated, and each once."""

from __future__ import annotations

import pytest

from infra.kafka.ports import free_port, port_range
from infra.kafka.refusal import Refused


def test_ports_come_from_the_stated_range_and_none_comes_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REINTEGRATION_FREE_PORTS", "32100-32399")
    ports = [free_port() for _ in range(100)]
    assert len(set(ports)) == 100
    assert set(ports) <= set(range(32_100, 32_400))


def test_when_all_were_given_that_is_said_and_none_is_given_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REINTEGRATION_FREE_PORTS", "32400-32403")
    with pytest.raises(Refused, match="No free port was found between 32400 and 32403"):
        for _ in range(5):
            free_port()


@pytest.mark.parametrize("stated", ["", "20000", "30000-20000", "80-90", "65000-65536", "a-b"])
def test_what_is_no_range_of_ports_is_refused_and_named(stated: str) -> None:
    with pytest.raises(Refused, match="REINTEGRATION_FREE_PORTS is"):
        port_range(stated)
