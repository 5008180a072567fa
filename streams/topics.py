"""How Faust sees the log's topics: raw bytes, decoded in the agents' bodies; never declared by Faust."""

from __future__ import annotations

from typing import Any

import faust

from services.runtime.topics import ALERTS, CASE_EVENTS, OBLIGATIONS, Topic, in_generation


def _raw(app: faust.App, topic: Topic) -> Any:
    return app.topic(
        topic.name,
        key_type=bytes,
        value_type=bytes,
        key_serializer="raw",
        value_serializer="raw",
        partitions=topic.partitions,
        allow_empty=True,
    )


def case_events(app: faust.App) -> Any:
    return _raw(app, CASE_EVENTS)


def alerts(app: faust.App, generation: str) -> Any:
    return _raw(app, in_generation(ALERTS, generation))


def obligations(app: faust.App, generation: str) -> Any:
    return _raw(app, in_generation(OBLIGATIONS, generation))
