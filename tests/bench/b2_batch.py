"""B2: batches of 100 and a gRPC stream, beside kafka-python producing the same bytes."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from reintegration.v1 import case_events_pb2 as pb

from services.casework.codec import encode_event, event_to_message
from services.casework.domain.events import Event, parse_event
from tests.bench.bare_producer import produce
from tests.bench.grpc_load import stream
from tests.bench.http_load import load, request
from tests.bench.intake_parts import ROUNDS, SMOKE, IntakeParts, in_batches, intake_parts, resident_megabytes
from tests.bench.report import Measure
from tests.integration.casework_process import ORGANISATION

EVENTS = 1_000 if SMOKE else 20_000
BATCH = 100
CONNECTIONS = 8
WINDOW = 1_000
TARGET = 0.5
RATE = 10_000


@dataclass(frozen=True, slots=True)
class _Seen:
    """cpu: microseconds an event, by process; `generator` among them."""

    rate: float
    cpu: dict[str, float]


Way = Callable[[IntakeParts, Sequence[dict[str, object]]], tuple[float, float]]
"""Sends the events; gives seconds, and the generator's CPU seconds."""


def measure() -> list[Measure]:
    ways: dict[str, Way] = {
        f":batch of {BATCH}, {CONNECTIONS} connections": _batches(BATCH, CONNECTIONS),
        ":batch of 1000, 4 connections": _batches(1000, 4),
        f":batch of {BATCH}, {CONNECTIONS} connections, through the origin": _batches(BATCH, CONNECTIONS, web=True),
        "gRPC stream": _stream,
    }
    with tempfile.TemporaryDirectory(prefix="bench-b2-") as directory, intake_parts(Path(directory)) as parts:
        for way in ways.values():
            _round(parts, way, EVENTS // 10)
        rounds = [_one_round(parts, ways) for _ in range(ROUNDS)]
        megabytes = resident_megabytes(parts.casework.process.pid)
    found = [one for name in ways for one in _measures(name, [each[name] for each in rounds], [r[""] for r in rounds])]
    return [*found, Measure("B2", "RSS of casework", megabytes, "MB")]


def _one_round(parts: IntakeParts, ways: dict[str, Way]) -> dict[str, _Seen]:
    """Every way once, and kafka-python by itself as ""."""
    found = {name: _round(parts, way, EVENTS) for name, way in ways.items()}
    events = [_event(raw, parts) for raw in parts.events(EVENTS)]
    records = [(event.case_id.encode(), encode_event(event)) for event in events]
    bare = produce(parts.kafka.bootstrap, records, WINDOW)
    return {**found, "": _Seen(EVENTS / bare.seconds, {"itself": bare.cpu_seconds / EVENTS * 1e6})}


def _round(parts: IntakeParts, way: Way, number: int) -> _Seen:
    events = parts.events(number)
    before = parts.cpu()
    seconds, generator = way(parts, events)
    after = parts.cpu()
    spent = {name: after[name] - before[name] for name in before} | {"generator": generator}
    return _Seen(number / seconds, {name: each / number * 1e6 for name, each in spent.items()})


def _batches(size: int, connections: int, *, web: bool = False) -> Way:
    def send(parts: IntakeParts, events: Sequence[dict[str, object]]) -> tuple[float, float]:
        requests = [request("/v1/events:batch", parts.token, body) for body in in_batches(events, size)]
        seen = load("127.0.0.1", parts.web_port if web else parts.port, requests, connections)
        receipts = sum(body.count(b'"receipt"') for body in seen.bodies)
        if receipts != len(events):
            raise RuntimeError(f"{receipts} receipts of {len(events)}: {seen.statuses}")
        return seen.seconds, seen.cpu_seconds

    return send


def _stream(parts: IntakeParts, events: Sequence[dict[str, object]]) -> tuple[float, float]:
    messages = [
        pb.RecordEventsRequest(event=event_to_message(_event(raw, parts))).SerializeToString() for raw in events
    ]
    seen = stream(parts.casework.grpc, "/reintegration.v1.CaseEvents/RecordEvents", parts.token, messages)
    receipts = sum(pb.RecordEventsResponse.FromString(answer).HasField("receipt") for answer in seen.answers)
    if receipts != len(events):
        raise RuntimeError(f"{receipts} receipts of {len(events)}")
    return seen.seconds, seen.cpu_seconds


def _event(raw: dict[str, object], parts: IntakeParts) -> Event:
    return parse_event(raw, ORGANISATION, parts.casework.anna)


def _measures(name: str, seen: list[_Seen], bare: list[_Seen]) -> list[Measure]:
    ratio = median(mine.rate / theirs.rate for mine, theirs in zip(seen, bare, strict=True))
    rate = median(one.rate for one in seen)
    cpu = {part: median(one.cpu[part] for one in seen) for part in seen[0].cpu}
    shares = ", ".join(f"{part} {each:.0f}" for part, each in cpu.items() if part != "casework")
    bare_rate, bare_cpu = median(one.rate for one in bare), median(one.cpu["itself"] for one in bare)
    is_batch = name.startswith(":batch")
    target = f"≥ {TARGET} x" + (f" and ≥ {RATE}/s" if is_batch else "")
    reached = ratio >= TARGET and (rate >= RATE or not is_batch)
    spent = f"{name}: CPU of casework; {shares}"
    return [
        Measure("B2", f"{name}; beside kafka-python", rate, "events/s", bare_rate, ratio, target, reached),
        Measure("B2", spent, cpu["casework"], "µs/event", bare_cpu, cpu["casework"] / bare_cpu),
    ]
