"""A trial on a real log: what it foretold of a draft is what the detector says of the same lives under that draft."""

from __future__ import annotations

import time
import uuid
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

import httpx
import pytest

from infra.kafka.node import KafkaNode
from services.casework.domain.control import PolicyChanged
from services.casework.domain.events import Event
from services.casework.domain.instants import DAY, parse_instant
from services.casework.domain.policy import Policy
from services.casework.domain.policy_comparison import WEEK
from services.casework.domain.policy_document import policy_document
from services.casework.domain.policy_file import DEFAULT_POLICY_PATH, load_policy, policy_of
from services.casework.domain.policy_timeline import SINCE_EVER, PolicyBook
from services.casework.domain.transitions import AlertTransition, Transition
from services.runtime.settings import Settings
from services.runtime.topics import PARTITIONS
from streams.load_history import Recorded, load_history
from streams.log_export import line_of, read_log
from streams.replay import transitions_of
from tests import local_http
from tests.bench.long_lives import long_life
from tests.integration.casework_process import CaseworkProcess, casework
from tests.live_log import TopicReader, Worker, alerts_reader, eventually, transitions_in
from tests.tokens import bearer

HELD = load_policy(DEFAULT_POLICY_PATH)
LIVED, DRAFTED = "lived-ngo", "drafted-ngo"
HEAD = str(uuid.uuid4())
CASES, EVENTS_A_CASE = 60, 40


def a_draft() -> Policy:
    document = policy_document(HELD)
    rules = [rule for rule in document["rule"] if rule["id"] != "wellbeing"]
    for rule in rules:
        if rule["id"] == "unreachable":
            rule.update(count=2, within="3d")
        if rule["id"] == "contact":
            rule.update(grace="0h", severity="critical")
    return policy_of({**document, "rule": rules}, "draft")


DRAFT = a_draft()


@dataclass(slots=True)
class Tried:
    """Casework upon a log with the same lives twice: one organisation had them by the default policy, another always
    by the draft."""

    service: CaseworkProcess
    settings: Settings
    kafka: KafkaNode

    def get(self, path: str, organisation: str = LIVED) -> httpx.Response:
        return local_http.get(self.service.url + path, headers=bearer("supervisor", organisation, HEAD), timeout=30)

    def post(self, path: str, body: object) -> httpx.Response:
        return local_http.post(
            self.service.url + path, json=body, headers=bearer("supervisor", LIVED, HEAD), timeout=30
        )

    def trial(self) -> dict[str, Any]:
        told: dict[str, Any] = self.get("/v1/policy/trial").json()
        return told

    def finished(self) -> dict[str, Any]:
        body = {"instead_of": HELD.version, "policy": policy_document(DRAFT)}
        begun = self.post("/v1/policy/trial", body)
        assert begun.status_code == 202, begun.text
        eventually(lambda: self.trial()["state"] != "running", 240, "the trial ended")
        assert self.trial()["state"] == "finished"
        return self.trial()

    def replayed(self, policy: Policy, until: int) -> list[AlertTransition]:
        """By `streams.replay`: the first organisation's events of the whole log, under this policy all the time."""
        lines = [line_of(read) for number in range(PARTITIONS) for read in read_log(self.settings, number)]
        return transitions_of(
            policy, [line for line in lines if line.get("case_id") and line["organisation"] == LIVED], until
        )


def two_organisations() -> list[Recorded]:
    """Lives of the last year and a half, each of them twice, in order."""
    policies = PolicyBook()
    policies.change("", SINCE_EVER, HELD)
    now = int(time.time() * 1000)
    begin, recorded = now // DAY * DAY, []
    for number in range(CASES):
        rng = Random(f"trial {number}")
        start = begin - rng.randrange(60, 550) * DAY
        for at, event in long_life(rng, EVENTS_A_CASE, start, policies):
            if at < now - DAY:
                recorded.append(Recorded(event._replace(organisation=LIVED), at))
                recorded.append(Recorded(_twin(event), at))
    return sorted(recorded, key=lambda each: each.recorded_at)


def _twin(event: Event) -> Event:
    """The same of another survivor of the other organisation."""
    return event._replace(organisation=DRAFTED, case_id=str(uuid.uuid5(uuid.NAMESPACE_OID, event.case_id)))


@pytest.fixture(scope="module")
def tried(kafka: KafkaNode, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tried]:
    settings = Settings(kafka_bootstrap_servers=kafka.bootstrap)
    load_history(settings, two_organisations(), [PolicyChanged("", HELD), PolicyChanged(DRAFTED, DRAFT)])
    with casework(tmp_path_factory.mktemp("trials"), kafka.bootstrap) as service:
        yield Tried(service, settings, kafka)


def raised(transitions: Iterable[AlertTransition], told: dict[str, Any]) -> list[AlertTransition]:
    """Those of the weeks that a trial counted."""
    since, until = (parse_instant(told["foretold"][name]) for name in ("since", "until"))
    return [step for step in transitions if step.transition is Transition.RAISED and since < step.at <= until]


def in_weeks(transitions: Iterable[AlertTransition], told: dict[str, Any]) -> dict[str, Any]:
    """Per week, caseworker and rule, as the trial says it."""
    until, steps = parse_instant(told["foretold"]["until"]), raised(transitions, told)
    weeks = Counter((until - step.at) // WEEK for step in steps)
    return {
        "weeks": [weeks[len(told["foretold"]["weeks"]) - 1 - n] for n in range(len(told["foretold"]["weeks"]))],
        "caseworkers": Counter(step.caseworker_id or None for step in steps),
        "rules": Counter(step.rule_id for step in steps),
    }


def foretold(told: dict[str, Any], side: str) -> dict[str, Any]:
    def counts(group: str, name: str) -> Counter[Any]:
        return +Counter({one[name]: one["raised"][side] for one in told["foretold"][group]})

    return {
        "weeks": [week["raised"][side] for week in told["foretold"]["weeks"]],
        "caseworkers": counts("caseworkers", "caseworker_id"),
        "rules": counts("rules", "rule_id"),
    }


@contextmanager
def detecting(kafka: KafkaNode, directory: Path) -> Iterator[TopicReader]:
    environment = {"KAFKA_BOOTSTRAP_SERVERS": kafka.bootstrap, "CLOCK_EVERY_SECONDS": "2", "WORKER_NAME": "one"}
    worker = Worker("neglect_watch", environment, directory / "neglect_watch.log")
    reader = alerts_reader(kafka.bootstrap)
    worker.start()
    try:
        yield reader
    finally:
        reader.close()
        worker.kill()


def test_what_a_trial_foretold_is_what_replay_finds_and_what_the_detector_says_of_those_lives(
    tried: Tried, tmp_path: Path
) -> None:
    told = tried.finished()
    until = parse_instant(told["foretold"]["until"])
    was, would = (tried.replayed(policy, until) for policy in (HELD, DRAFT))
    assert foretold(told, "as_it_was") == in_weeks(was, told)
    assert foretold(told, "with_draft") == in_weeks(would, told)
    assert len(raised(was, told)) > 30 and len(raised(would, told)) != len(raised(was, told))
    assert told["done"] == told["of"] > told["foretold"]["events"]

    switched = tried.post("/v1/policy/trial:switch-on", {"trial_id": told["trial_id"]})
    assert switched.status_code == 200, switched.text
    shown = tried.get("/v1/policy").json()
    assert (shown["version"], shown["changed_by"]) == (DRAFT.version, HEAD) and shown["since"]

    with detecting(tried.kafka, tmp_path) as reader:
        of_lived = _alerts_until(reader, told, LIVED, len(raised(was, told)))
        of_drafted = _alerts_until(reader, told, DRAFTED, len(raised(would, told)))
        assert in_weeks(of_lived, told) == foretold(told, "as_it_was")
        assert in_weeks(of_drafted, told) == foretold(told, "with_draft")
        # And from the switch on, what the draft does not have any more ends, as it said.
        ended = told["foretold"]["first_day"]["ended"]
        assert ended > 0
        eventually(lambda: reader.read(0.5) == 0 and _ended_after(reader, until) >= ended, 180, "what the draft ends")
        assert _ended_after(reader, until) == ended
    print(
        f"\n{told['of']} records, {len(raised(was, told))} alerts as it was, {len(raised(would, told))} with the draft"
    )


def _alerts_until(reader: TopicReader, told: dict[str, Any], organisation: str, least: int) -> list[AlertTransition]:
    def found() -> list[AlertTransition]:
        return [step for step in transitions_in(reader) if step.organisation == organisation]

    eventually(lambda: reader.read(1) == 0 and len(raised(found(), told)) >= least, 180, f"alerts of {organisation}")
    return found()


def _ended_after(reader: TopicReader, until: int) -> int:
    steps = [step for step in transitions_in(reader) if step.organisation == LIVED and step.at > until]
    return len({step.alert_id for step in steps if step.transition.is_ending})


def test_another_organisation_sees_nothing_of_it_and_who_may_not_is_refused(tried: Tried) -> None:
    assert tried.get("/v1/policy/trial", "strange-ngo").status_code == 404
    for role in ("caseworker", "evaluator", "administrator", "donor"):
        headers = bearer(role, LIVED, HEAD)
        assert local_http.get(f"{tried.service.url}/v1/policy/trial", headers=headers, timeout=30).status_code == 403


def test_a_cancelled_trial_leaves_no_process_behind(tried: Tried) -> None:
    body = {"instead_of": tried.get("/v1/policy").json()["version"], "policy": policy_document(HELD) | {"hold": "5d"}}
    assert tried.post("/v1/policy/trial", body).status_code == 202
    cancelled = tried.post("/v1/policy/trial:cancel", {}).json()
    assert (cancelled["state"], cancelled["foretold"]) == ("cancelled", None)
    assert _children(tried.service.process.pid) == []
    assert tried.get("/v1/policy").status_code == 200


def _children(pid: int) -> list[str]:
    return Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
