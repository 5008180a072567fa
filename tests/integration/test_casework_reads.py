"""What is read from a real ClickHouse: the history keeps its port's promises, and the service says when it cannot."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import quote
from uuid import uuid4

import clickhouse_connect
import pytest
from clickhouse_connect.driver.client import Client

from infra.clickhouse.migrations import DATABASE, migrate
from infra.clickhouse.node import ClickHouseNode
from infra.kafka.node import KafkaNode
from services.casework.adapters.clickhouse_history import ClickHouseHistory
from services.casework.application.case_history import Conflict, Unreadable
from services.casework.application.errors import HistoryAway
from services.casework.domain.events import Event, data_to_json, parse_event
from services.casework.domain.instants import as_datetime, parse_instant
from services.runtime.topics import CASE_EVENTS
from tests.clickhouse_fixture import client_of
from tests.integration.casework_process import ORGANISATION, a_call, an_opening, casework

MARCH = parse_instant("2026-03-01T09:00:00Z")
ANNA = str(uuid4())


@pytest.fixture
def history(clickhouse: ClickHouseNode) -> Iterator[ClickHouseHistory]:
    client = client_of(clickhouse, DATABASE)
    yield ClickHouseHistory(lambda: client)
    client.close()


def an_event(case_id: str, **changes: object) -> Event:
    return parse_event({**a_call(case_id), "occurred_at": "2026-03-01T08:00:00.000Z", **changes}, ORGANISATION, ANNA)


def write(client: Client, offset: int, event: Event, recorded_at: int = MARCH, type_name: str = "") -> None:
    """type_name: what the row says instead of the event's own type."""
    data = json.dumps(data_to_json(event.type, event.data), sort_keys=True)
    digest = hashlib.sha256(data.encode()).digest()
    client.insert(
        "events",
        [
            [
                event.case_id,
                event.event_id,
                event.organisation,
                type_name or event.type,
                as_datetime(event.occurred_at),
                as_datetime(recorded_at),
                event.recorded_by,
                data,
                CASE_EVENTS.name,
                3,
                offset,
                digest,
            ]
        ],
        column_names=[
            "case_id",
            "event_id",
            "organisation",
            "type",
            "occurred_at",
            "recorded_at",
            "recorded_by",
            "data",
            "topic",
            "partition",
            "offset",
            "digest",
        ],
    )
    client.insert(
        "event_digests",
        [[event.case_id, event.event_id, digest, 3, offset, as_datetime(recorded_at), event.recorded_by]],
        column_names=["case_id", "event_id", "digest", "partition", "offset", "recorded_at", "recorded_by"],
    )


async def test_events_come_back_as_they_were_recorded_in_the_order_of_the_log(
    history: ClickHouseHistory, clickhouse_client: Client
) -> None:
    one, other = str(uuid4()), str(uuid4())
    opening = parse_event(an_opening(ANNA, one), ORGANISATION, ANNA)
    pause = an_event(one, type="contact_paused", data={"until": "2026-03-12T00:00:00.000Z", "reason": "her_wish"})
    write(clickhouse_client, 7, pause, MARCH + 5)
    write(clickhouse_client, 6, opening, MARCH)
    write(clickhouse_client, 8, an_event(other))

    found = await history.events_of([one, other, str(uuid4())], ORGANISATION)
    assert sorted(found) == sorted([one, other])
    assert [recorded.event for recorded in found[one]] == [opening, pause]
    assert [(each.recorded_at, each.partition, each.offset) for each in found[one]] == [
        (MARCH, 3, 6),
        (MARCH + 5, 3, 7),
    ]
    assert await history.events_of([one], "other-ngo") == {}


async def test_an_event_that_is_twice_in_the_log_is_one_and_other_content_is_a_conflict(
    history: ClickHouseHistory, clickhouse_client: Client
) -> None:
    case_id = str(uuid4())
    first = an_event(case_id)
    other = an_event(case_id, event_id=first.event_id, data={"direction": "outgoing", "outcome": "no_answer"})
    for offset, event in ((10, first), (11, first), (12, other)):
        write(clickhouse_client, offset, event, MARCH + offset)

    [recorded] = (await history.events_of([case_id], ORGANISATION))[case_id]
    assert (recorded.event, recorded.offset) == (first, 10)
    assert await history.conflicts_of(case_id) == [Conflict(first.event_id, MARCH + 12, ANNA)]
    assert await history.recorder_of(case_id, first.event_id) == ANNA
    assert await history.recorder_of(case_id, str(uuid4())) is None


async def test_hundreds_of_cases_are_read(history: ClickHouseHistory, clickhouse_client: Client) -> None:
    case_ids = [str(uuid4()) for _ in range(250)]
    write(clickhouse_client, 20, an_event(case_ids[0]))
    write(clickhouse_client, 21, an_event(case_ids[249]))

    assert sorted(await history.events_of(case_ids, ORGANISATION)) == sorted([case_ids[0], case_ids[249]])


async def test_what_could_not_be_read_is_told(history: ClickHouseHistory, clickhouse_client: Client) -> None:
    case_id = str(uuid4())
    clickhouse_client.insert(
        "dead_letters",
        [[CASE_EVENTS.name, 3, 17, case_id, "the bytes are no Envelope", as_datetime(MARCH), case_id, "sink"]],
        column_names=["topic", "partition", "offset", "key", "reason", "seen_at", "case_id", "source_app"],
    )

    assert await history.unreadable_of(case_id) == [Unreadable(3, 17, "the bytes are no Envelope", MARCH)]
    assert await history.unreadable_of(str(uuid4())) == []


async def test_an_event_of_a_newer_version_is_told_as_unreadable_and_the_others_are_read(
    history: ClickHouseHistory, clickhouse_client: Client
) -> None:
    case_id = str(uuid4())
    known, newer = an_event(case_id), an_event(case_id)
    write(clickhouse_client, 30, known)
    write(clickhouse_client, 31, newer, type_name="of_a_later_year")

    assert [each.event for each in (await history.events_of([case_id], ORGANISATION))[case_id]] == [known]
    [unreadable] = await history.unreadable_of(case_id)
    assert (unreadable.partition, unreadable.offset) == (3, 31)
    assert "unknown event type" in unreadable.reason


async def test_a_letter_that_was_answered_is_no_longer_told(
    history: ClickHouseHistory, clickhouse_client: Client
) -> None:
    case_id = str(uuid4())
    names = ["topic", "partition", "offset", "key", "reason", "seen_at", "case_id", "source_app"]
    for reason, seen_at in (("the bytes are no Envelope", MARCH), ("", MARCH + 1)):
        row = [CASE_EVENTS.name, 3, 18, case_id, reason, as_datetime(seen_at), case_id, "clickhouse_sink"]
        clickhouse_client.insert("dead_letters", [row], column_names=names)

    assert await history.unreadable_of(case_id) == []


async def test_a_record_that_was_put_aside_and_read_after_all_is_not_told(
    history: ClickHouseHistory, clickhouse_client: Client
) -> None:
    case_id = str(uuid4())
    names = ["topic", "partition", "offset", "key", "reason", "seen_at", "case_id", "source_app"]
    for offset in (40, 41):
        row = [CASE_EVENTS.name, 3, offset, case_id, "type: required", as_datetime(MARCH), case_id, "clickhouse_sink"]
        clickhouse_client.insert("dead_letters", [row], column_names=names)
    write(clickhouse_client, 40, an_event(case_id))

    assert [unreadable.offset for unreadable in await history.unreadable_of(case_id)] == [41]


async def test_freshness_is_that_of_the_oldest_partition_and_unknown_until_all_have_come(
    start_clickhouse: Callable[..., ClickHouseNode],
) -> None:
    node = start_clickhouse()
    migrate(client_of(node))
    client = client_of(node, DATABASE)
    history = ClickHouseHistory(lambda: client)
    unknown = await history.read_until()
    for partition in range(12):
        row = [CASE_EVENTS.name, partition, 5, as_datetime(MARCH + partition)]
        client.insert("sink_progress", [row], column_names=["topic", "partition", "offset", "recorded_at"])

    assert unknown is None
    assert await history.read_until() == MARCH
    node.stop()
    with pytest.raises(HistoryAway):
        await history.read_until()


async def test_the_worklist_of_a_running_service_comes_from_the_tables_and_says_when_they_are_away(
    kafka: KafkaNode, start_clickhouse: Callable[..., ClickHouseNode], tmp_path: Path
) -> None:
    node = start_clickhouse()
    migrate(client_of(node))
    client = client_of(node, DATABASE)
    with casework(tmp_path, kafka.bootstrap, node) as service:
        raw = an_opening(service.anna)
        assert service.send(raw).status_code == 201
        opening = parse_event(raw, ORGANISATION, service.anna)
        unread = service.get("/v1/worklist").json()
        write(client, 1, opening, opening.occurred_at)
        listed = service.get("/v1/worklist").json()
        shown = service.get(f"/v1/cases/{opening.case_id}").json()
        timeline = service.get(f"/v1/cases/{opening.case_id}/timeline").json()
        node.stop()
        away = await asyncio.to_thread(service.get, "/v1/worklist")
        missing = service.missing_parts()

    assert [item["state"] for item in unread["items"]] == ["unread"]
    assert [item["state"] for item in listed["items"]] == ["open"]
    assert listed["items"][0]["rule_ids"][0] == "contact-before-settling"
    assert listed["freshness"]["checked_until"] is None
    assert shown["owed"][0]["rule_id"] == "contact-before-settling"
    assert [item["event_id"] for item in timeline["items"]] == [opening.event_id]
    assert away.status_code == 503
    assert "cannot be shown now" in away.json()["detail"]
    assert "clickhouse" in missing


async def test_a_client_is_made_again_until_the_tables_are_there(clickhouse: ClickHouseNode) -> None:
    addresses = iter(["http://127.0.0.1:9", clickhouse.url])
    history = ClickHouseHistory(
        lambda: clickhouse_connect.get_client(dsn=next(addresses), database=DATABASE, autogenerate_session_id=False)
    )

    with pytest.raises(HistoryAway):
        await history.recorder_of(quote("x"), "y")
    assert await history.recorder_of("x", "y") is None
