from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from kafka.partitioner.default import DefaultPartitioner

from services.runtime import topics


class ClusterWithTheCaseEvents:
    """What the client's partitioner asks of a cluster, answered from the table."""

    def topics(self):
        return {topics.CASE_EVENTS.name}

    def partitions_for_topic(self, name):
        return set(range(topics.CASE_EVENTS.partitions))

    available_partitions_for_topic = partitions_for_topic


def by_the_client(case_id: str) -> int:
    key = case_id.encode()
    cluster = ClusterWithTheCaseEvents()
    return DefaultPartitioner().partition(topics.CASE_EVENTS.name, key, key, b"", b"", cluster)


@given(st.text(min_size=1, max_size=40))
def test_a_key_goes_to_the_partition_that_kafka_pythons_own_partitioner_chooses(case_id):
    assert topics.partition_of(case_id) == by_the_client(case_id)


@given(st.uuids())
def test_a_case_id_goes_to_the_partition_that_kafka_pythons_own_partitioner_chooses(case_id):
    assert topics.partition_of(str(case_id)) == by_the_client(str(case_id))


def test_the_partition_of_a_case_never_changes_between_versions():
    assert topics.partition_of("00000000-0000-4000-8000-000000000001") == 6


def test_the_truth_is_kept_for_ever_in_twelve_partitions_stamped_by_the_broker():
    assert topics.CASE_EVENTS.name == "reintegration.case-events.v1"
    assert topics.CASE_EVENTS.partitions == 12
    assert topics.CASE_EVENTS.configs["message.timestamp.type"] == "LogAppendTime"
    assert topics.CASE_EVENTS.configs["flush.messages"] == "1"


_KEPT = [topic for topic in topics.ALL_TOPICS if topic is not topics.DETECTOR]


@pytest.mark.parametrize("topic", _KEPT, ids=lambda topic: topic.name)
def test_nothing_but_heartbeats_expires(topic):
    expires = "delete" in topic.configs["cleanup.policy"] and (
        topic.configs["retention.ms"] != "-1" or topic.configs["retention.bytes"] != "-1"
    )
    assert not expires


@pytest.mark.parametrize("topic", topics.ALL_TOPICS, ids=lambda topic: topic.name)
def test_all_topics_are_partitioned_alike_so_that_a_case_stays_in_one_partition_number(topic):
    assert topic.partitions == topics.PARTITIONS


def test_the_changelog_is_named_as_faust_names_it_and_only_compacted():
    app_id, table = "reintegration.neglect-watch", "state"
    assert topics.NEGLECT_STATE.name == f"{app_id}-{table}-changelog"
    assert topics.NEGLECT_STATE.configs["cleanup.policy"] == "compact"


@pytest.mark.parametrize("topic", topics.ALL_TOPICS, ids=lambda topic: topic.name)
def test_the_table_of_topics_cannot_be_changed_at_run_time(topic):
    with pytest.raises(TypeError):
        topic.configs["retention.ms"] = "1000"
