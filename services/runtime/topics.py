"""The one table of the log's topics: their names, partitions and settings.

Producers, consumers, the start of a node and the tests all read it here. The number of partitions is for
ever: a case lives in the partition its key hashes to, so a change is a copy to the next version of a topic.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from struct import unpack
from types import MappingProxyType
from typing import Final

PARTITIONS: Final = 12
MAX_RECORD_BYTES: Final = 1024 * 1024

_MASK: Final = 0xFFFFFFFF
_MURMUR2_SEED: Final = 0x9747B28C
_MURMUR2_FACTOR: Final = 0x5BD1E995


@dataclass(frozen=True, slots=True)
class Topic:
    """A topic as it must exist: `configs` are Kafka's topic settings, in Kafka's own words."""

    name: str
    partitions: int
    configs: Mapping[str, str]


# A broker acknowledges a record when it is in the page cache; alone, without replicas, it must also be on
# the disk before a receipt is given. `producer` leaves the producer's compression as it came.
_KEPT_FOR_EVER: Final[Mapping[str, str]] = MappingProxyType(
    {
        "cleanup.policy": "delete",
        "retention.ms": "-1",
        "retention.bytes": "-1",
        "message.timestamp.type": "LogAppendTime",
        "flush.messages": "1",
        "compression.type": "producer",
        "max.message.bytes": str(MAX_RECORD_BYTES),
    }
)

# Only `compact`: together with `delete` an emptied changelog never finishes recovery. On the disk before it
# is acknowledged, too: a power cut must not leave a committed offset ahead of the state it stands for.
_LATEST_PER_KEY: Final[Mapping[str, str]] = MappingProxyType(
    {
        "cleanup.policy": "compact",
        "flush.messages": "1",
        "compression.type": "producer",
        "max.message.bytes": str(MAX_RECORD_BYTES),
    }
)

CASE_EVENTS: Final = Topic("reintegration.case-events.v1", PARTITIONS, _KEPT_FOR_EVER)
ALERTS: Final = Topic("reintegration.alerts.v1", PARTITIONS, _KEPT_FOR_EVER)
OBLIGATIONS: Final = Topic("reintegration.obligations.v1", PARTITIONS, _KEPT_FOR_EVER)
DEAD_LETTERS: Final = Topic("reintegration.dead-letters.v1", PARTITIONS, _KEPT_FOR_EVER)

# Heartbeats of the detector, a partition each for the log's: what is older than an hour says nothing any more.
_FRESH_ONLY: Final[Mapping[str, str]] = MappingProxyType(
    {
        "cleanup.policy": "delete",
        "retention.ms": str(3_600_000),
        "segment.ms": str(600_000),
        "compression.type": "producer",
        "max.message.bytes": str(MAX_RECORD_BYTES),
    }
)
DETECTOR: Final = Topic("reintegration.detector.v1", PARTITIONS, _FRESH_ONLY)

# Faust names a table's changelog `{app id}-{table}-changelog`: app id `reintegration.neglect-watch`,
# table `state`.
NEGLECT_STATE: Final = Topic("reintegration.neglect-watch-state-changelog", PARTITIONS, _LATEST_PER_KEY)

ALL_TOPICS: Final[tuple[Topic, ...]] = (CASE_EVENTS, ALERTS, OBLIGATIONS, DEAD_LETTERS, DETECTOR, NEGLECT_STATE)
DERIVED_TOPICS: Final[tuple[Topic, ...]] = tuple(topic for topic in ALL_TOPICS if topic is not CASE_EVENTS)


def in_generation(topic: Topic, generation: str) -> Topic:
    """The topic as the workers of a generation write it: "" is the one that people see, another is made beside it.

    The log itself is the same for all of them.
    """
    if not generation or topic.name == CASE_EVENTS.name:
        return topic
    return replace(topic, name=f"{topic.name}.{generation}")


# Much is said of few cases at a time, and in Python the hash costs more than writing the record.
@lru_cache(maxsize=16_384)
def partition_of(case_id: str) -> int:
    """The partition (0 to 11) that holds every record of the case, in every topic keyed by case_id.

    The same as Kafka's default partitioner gives for the key's UTF-8 bytes.
    """
    return (_murmur2(case_id.encode()) & 0x7FFFFFFF) % PARTITIONS


def _murmur2(data: bytes) -> int:
    """MurmurHash2, 32 bits, unsigned, as in `org.apache.kafka.common.utils.Utils.murmur2`."""
    length = len(data)
    whole = length - length % 4
    digest = _MURMUR2_SEED ^ length
    for word in unpack(f"<{whole // 4}I", data[:whole]):
        mixed = word * _MURMUR2_FACTOR & _MASK
        digest = (digest * _MURMUR2_FACTOR & _MASK) ^ ((mixed ^ mixed >> 24) * _MURMUR2_FACTOR & _MASK)
    if whole < length:
        digest = (digest ^ int.from_bytes(data[whole:], "little")) * _MURMUR2_FACTOR & _MASK
    digest = (digest ^ digest >> 13) * _MURMUR2_FACTOR & _MASK
    return digest ^ digest >> 15
