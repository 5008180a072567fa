from __future__ import annotations

import hashlib
import os
import re
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
import yaml
from kafka import KafkaConsumer
from kafka.admin import ConfigResource, KafkaAdminClient

from infra import system_packages
from infra.kafka import jars
from infra.kafka.broker_settings import ONE_NODE
from infra.kafka.create_topics import create_topics, settings_of
from infra.kafka.ports import free_port
from infra.kafka.refusal import Refused
from services.runtime.topics import ALL_TOPICS, CASE_EVENTS, NEGLECT_STATE

ROOT = Path(__file__).parents[2]


def environment(**changes: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name not in ("JAVA_HOME", "KAFKA_HEAP")}
    return {**kept, "KAFKA_HEAP": "384m", **changes}


def run_node(directory: Path, port: int, **changes: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "infra.kafka", "--dir", str(directory), "--port", str(port)]
    return subprocess.run(
        command, cwd=ROOT, env=environment(**changes), capture_output=True, text=True, timeout=120, check=False
    )


def assert_one_sentence(done: subprocess.CompletedProcess[str], *words: str) -> None:
    assert done.returncode == 1, done
    assert len(done.stderr.strip().splitlines()) == 1, done.stderr
    assert done.stderr.strip().endswith(".")
    for word in words:
        assert word in done.stderr


def cache_with(folder: Path, change: str | None) -> Path:
    """A cache whose jars are links to the verified ones, but for one that is changed."""
    verified = [Path(jar) for jar in jars.class_path().split(os.pathsep)]
    kept = folder / "kafka" / verified[0].parent.name
    kept.mkdir(parents=True)
    for jar in verified:
        (kept / jar.name).symlink_to(jar)
    if change is not None:
        (kept / change).unlink()
        (kept / change).write_bytes((verified[0].parent / change).read_bytes() + b"\0")
    return folder


def test_a_jar_with_another_checksum_is_refused_with_one_sentence(tmp_path):
    changed = f"kafka-clients-{jars.kafka_version()}.jar"
    cache = cache_with(tmp_path / "cache", changed)
    done = run_node(tmp_path / "log", free_port(), REINTEGRATION_CACHE_DIR=str(cache))
    assert_one_sentence(done, changed, "SHA-256")
    assert not (tmp_path / "log" / "data").exists()


def test_a_missing_jar_is_refused_with_one_sentence(tmp_path):
    cache = cache_with(tmp_path / "cache", None)
    gone = next((cache / "kafka").rglob("kafka-server-[0-9]*.jar"))
    gone.unlink()
    done = run_node(tmp_path / "log", free_port(), REINTEGRATION_CACHE_DIR=str(cache))
    assert_one_sentence(done, gone.name, "missing")


def test_two_processes_that_fetch_the_jars_at_once_both_get_them_all(tmp_path):
    command = [sys.executable, "-m", "infra.kafka.jars"]
    cache = environment(REINTEGRATION_CACHE_DIR=str(tmp_path))
    both = [subprocess.Popen(command, cwd=ROOT, env=cache, stdout=subprocess.PIPE) for _ in range(2)]
    said = [process.communicate(timeout=300)[0] for process in both]
    assert [process.returncode for process in both] == [0, 0]
    assert (
        said[0]
        == said[1]
        == f"{len(jars.read_manifest())} jars of Apache Kafka {jars.kafka_version()} ".encode()
        + (b"are there and verified.\n")
    )
    assert not list(tmp_path.rglob("*.partial"))


def test_every_jar_that_is_run_is_named_with_its_checksum():
    for path in map(Path, jars.class_path().split(os.pathsep)):
        assert jars.read_manifest()[path.name] == hashlib.sha256(path.read_bytes()).hexdigest()


def test_missing_java_gives_one_sentence(tmp_path):
    done = run_node(tmp_path / "log", free_port(), PATH=str(tmp_path))
    assert_one_sentence(done, "Java 17", "infra.system_packages")


def test_a_java_home_without_java_gives_one_sentence(tmp_path):
    done = run_node(tmp_path / "log", free_port(), JAVA_HOME=str(tmp_path))
    assert_one_sentence(done, "Java 17", str(tmp_path))


def test_an_old_java_gives_one_sentence(tmp_path):
    java = tmp_path / "bin" / "java"
    java.parent.mkdir()
    java.write_text("#!/bin/sh\n")
    java.chmod(0o755)
    (tmp_path / "release").write_text('JAVA_VERSION="11.0.2"\n')
    done = run_node(tmp_path / "log", free_port(), JAVA_HOME=str(tmp_path))
    assert_one_sentence(done, "Java 17", "is Java 11")


def test_missing_maven_gives_one_sentence(tmp_path):
    java = shutil.which("java")
    assert java is not None
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "java").symlink_to(Path(java).resolve())
    done = run_node(
        tmp_path / "log", free_port(), PATH=str(tmp_path / "bin"), REINTEGRATION_CACHE_DIR=str(tmp_path / "cache")
    )
    assert_one_sentence(done, "Maven", "infra.system_packages")


def test_an_unreachable_repository_gives_one_sentence_and_leaves_nothing_half_fetched(tmp_path):
    settings = tmp_path / "home" / ".m2" / "settings.xml"
    settings.parent.mkdir(parents=True)
    nowhere = f"http://127.0.0.1:{free_port()}/"
    settings.write_text(
        f"<settings><localRepository>{tmp_path / 'repository'}</localRepository><mirrors><mirror><id>nowhere</id>"
        f"<mirrorOf>*</mirrorOf><url>{nowhere}</url></mirror></mirrors></settings>"
    )
    done = run_node(
        tmp_path / "log",
        free_port(),
        MAVEN_ARGS="",
        MAVEN_OPTS=f"-Duser.home={tmp_path / 'home'}",
        REINTEGRATION_CACHE_DIR=str(tmp_path / "cache"),
    )
    assert_one_sentence(done, "Maven could not fetch", "settings.xml")
    assert [path.suffix for path in (tmp_path / "cache" / "kafka").iterdir()] == [".lock"]


def test_a_taken_port_gives_one_sentence(tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen(1)
        port = taken.getsockname()[1]
        assert_one_sentence(run_node(tmp_path / "log", port), f"Port {port} is taken")


def test_the_topics_have_the_settings_of_the_table(kafka):
    admin = KafkaAdminClient(bootstrap_servers=kafka.bootstrap)
    resources = [ConfigResource("topic", topic.name) for topic in ALL_TOPICS]
    configs = admin.describe_configs(resources, config_filter="all")["topic"]
    partitions = {topic["name"]: len(topic["partitions"]) for topic in admin.describe_topics()}
    admin.close()
    for topic in ALL_TOPICS:
        assert partitions[topic.name] == topic.partitions
        assert {key: configs[topic.name][key]["value"] for key in topic.configs} == dict(topic.configs)


def test_creating_the_topics_again_changes_nothing(kafka):
    assert create_topics(kafka.bootstrap) == []


def test_a_prefix_makes_topics_of_ones_own(kafka):
    assert create_topics(kafka.bootstrap, prefix="mine.") == [f"mine.{topic.name}" for topic in ALL_TOPICS]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"num_partitions": 3}, "3 partitions and not 12"),
        ({"configs": {**CASE_EVENTS.configs, "retention.ms": "1000"}}, "retention.ms=1000 and not -1"),
        ({"configs": {**CASE_EVENTS.configs, "message.timestamp.type": "CreateTime"}}, "CreateTime and not LogA"),
    ],
)
def test_a_topic_that_differs_from_the_table_is_refused_and_nothing_is_created(kafka, change, words):
    prefix = f"other-{hashlib.sha256(words.encode()).hexdigest()[:8]}."
    as_it_should_be = {"num_partitions": 12, "replication_factor": 1, "configs": dict(CASE_EVENTS.configs)}
    admin = KafkaAdminClient(bootstrap_servers=kafka.bootstrap)
    admin.create_topics({prefix + CASE_EVENTS.name: {**as_it_should_be, **change}}, wait_for_metadata=False)
    admin.wait_for_topics([prefix + CASE_EVENTS.name])
    with pytest.raises(Refused, match=re.escape(words)):
        create_topics(kafka.bootstrap, prefix=prefix)
    assert prefix + NEGLECT_STATE.name not in admin.list_topics()
    admin.close()


def test_more_replicas_than_brokers_are_refused(kafka):
    with pytest.raises(Refused, match="fewer than 3 brokers"):
        create_topics(kafka.bootstrap, replication_factor=3, prefix="three.")


def test_three_replicas_ask_two_brokers_for_a_receipt_instead_of_a_disk():
    assert settings_of(CASE_EVENTS, 3)["min.insync.replicas"] == "2"
    assert "flush.messages" not in settings_of(CASE_EVENTS, 3)
    assert settings_of(CASE_EVENTS, 1) == dict(CASE_EVENTS.configs)


def test_a_topic_that_nobody_created_does_not_come_into_being(kafka):
    consumer = KafkaConsumer("reintegration.mistyped", bootstrap_servers=kafka.bootstrap)
    consumer.poll(timeout_ms=2000)
    consumer.close()
    admin = KafkaAdminClient(bootstrap_servers=kafka.bootstrap)
    assert "reintegration.mistyped" not in admin.list_topics()
    admin.close()


def test_what_debian_must_have_is_named_for_every_group_and_looked_for_in_no_time():
    began = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-m", "infra.system_packages", "--only", "java,maven"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert time.monotonic() - began < 1
    assert list(system_packages.read_packages()) == ["java", "maven", "chromium", "postgresql", "fonts"]


def test_what_is_missing_where_apt_is_not_is_named_in_one_sentence(tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "infra.system_packages", "--only", "java,maven"],
        cwd=ROOT,
        env=environment(PATH=str(tmp_path)),
        capture_output=True,
        text=True,
        check=False,
    )
    assert_one_sentence(done, "java, maven", "openjdk-17-jre-headless maven")


def test_the_containers_run_the_same_version_with_the_same_settings():
    kafka = yaml.safe_load((ROOT / "infra" / "compose.yaml").read_text())["services"]["kafka"]
    assert kafka["image"] == f"apache/kafka:{jars.kafka_version()}"
    for name, value in ONE_NODE.items():
        assert str(kafka["environment"]["KAFKA_" + name.upper().replace(".", "_")]) == value
    assert all(port.startswith("127.0.0.1:") for port in kafka["ports"])
