"""Who she is is nowhere but in the vault's own memory: names put in through every door, and looked for everywhere.

make canary        # the same, and what it looked at
"""

from __future__ import annotations

import base64
import gzip
import json
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import grpc
import httpx
import lz4.frame
import pytest
from confluent_kafka import Producer
from reintegration.v1 import case_events_pb2 as events_pb
from reintegration.v1 import case_events_pb2_grpc as events_grpc
from reintegration.v1 import events_pb2
from reintegration.v1 import vault_pb2 as vault_pb
from reintegration.v1 import vault_pb2_grpc as vault_grpc

from infra.runner.backup.kept_files import keep_files
from infra.runner.log_records import ends_of, headers_of, raw, records_of
from infra.runner.stores import store_client
from services.casework.domain.instants import format_instant
from services.runtime.topics import ALL_TOPICS, DEAD_LETTERS
from services.web.sessions import FORM_FIELD, form_token
from streams.kafka_clients import librdkafka_settings
from tests.acceptance.canary_search import ENCODINGS, Search, spellings
from tests.acceptance.survivor_cases import SurvivorCase, an_event, now, wait_for
from tests.system_fixture import System, bearer, running_system

LATIN, BANGLA, NUMBER = "Zqanariya", "ঝকনারিযা", "1799887766"
PLANTED = "Zqplantedy"
NAME, ADDRESS = f"{LATIN} Begum {BANGLA}", f"behind the {LATIN} school"
PHONE = f"+880{NUMBER}"
WORDS = f"she told me that {LATIN} and {BANGLA} came, call {PHONE}"


@pytest.mark.parametrize("token", [LATIN, BANGLA, NUMBER])
@pytest.mark.parametrize("before", ["", "a", "ab", "abc"])
def test_a_token_is_found_in_every_encoding_wherever_it_begins(token: str, before: str) -> None:
    text = f"{before}{token} and more"
    utf16 = text.encode("utf-16-be")
    written = {
        "utf-8": text.encode(),
        "utf-16-le": text.encode("utf-16-le"),
        "utf-16-be": utf16,
        "percent": "".join(f"%{byte:02x}" for byte in text.encode()).encode(),
        "json": "".join(f"\\u{utf16[i]:02X}{utf16[i + 1]:02X}" for i in range(0, len(utf16), 2)).encode(),
        "base64": base64.b64encode(text.encode()),
        "hex": text.encode().hex().encode(),
    }
    assert set(written) == set(ENCODINGS) == set(spellings(token))
    for encoding, content in written.items():
        search = Search([token])
        search.look("here", content)
        assert ("here", token, encoding) in search.found, encoding
    assert json.dumps(BANGLA)[1:-1].encode() in spellings(BANGLA)["json"]


@pytest.mark.parametrize("pack", [lz4.frame.compress, gzip.compress])
def test_a_token_is_found_in_what_is_packed_within_something(pack: Callable[[bytes], bytes]) -> None:
    search = Search([LATIN])
    search.look("here", b"before" + pack(LATIN.encode() * 9) + b"after")
    assert search.found_in(LATIN) == {"here"}


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    """A system whose every file, temporary ones too, lies below one directory."""
    directory = tmp_path_factory.mktemp("watched")
    (directory / "temporary").mkdir()
    with running_system(directory, told={"TMPDIR": str(directory / "temporary"), "LOG_LEVEL": "DEBUG"}) as running:
        yield running


# --- the doors -------------------------------------------------------------------------------------------------------


@dataclass
class Doors:
    """Puts who she is in wherever somebody might. statuses: what each door answered."""

    system: System
    case: SurvivorCase
    statuses: dict[str, str]

    def keep(self) -> None:
        """Where it belongs; each must be taken."""
        path = f"/v1/vault/cases/{self.case.case_id}"
        plan = {"channel": "voice", "windows": [], "who_may_answer": NAME, "cover_story": WORDS, "code_word": LATIN}
        note = {"text": WORDS, "occurred_at": format_instant(now())}
        photo = base64.b64encode(b"\xff\xd8\xff" + NAME.encode()).decode()
        whole = {"names": [NAME], "phones": [PHONE], "address": ADDRESS, "photo": photo}
        for name, body in (
            ("identity", whole),
            ("safe-contact-plan", plan),
            (f"notes/{uuid4()}", note),
        ):
            self._is(
                f"keep {name.partition('/')[0]}", "200", self.system.ask("PUT", f"{path}/{name}", self.who, json=body)
            )
        every = {"fields": ["names", "phones", "address", "photo", "plan", "notes"], "purpose": "emergency"}
        shown = self.system.post(f"{path}:reveal", self.who, every | {"reason": "danger"})
        self._is("reveal", "200", shown)
        assert LATIN in shown.text and NUMBER in shown.text
        self._is("export", "200", self.system.post(f"{path}:export", self.who, {}))
        cards = self.system.post("/v1/vault/cards:check-out", self.who, {"case_ids": [self.case.case_id]})
        self._is("check out", "200", cards)
        self._keep_by_grpc()

    def _keep_by_grpc(self) -> None:
        with grpc.insecure_channel(self.system.vault_grpc) as channel:
            stub, metadata = vault_grpc.VaultStub(channel), tuple(bearer(self.who).items())
            texts = vault_pb.TextList(items=[NAME])
            stub.KeepIdentity(
                vault_pb.KeepIdentityRequest(case_id=self.case.case_id, names=texts, address=ADDRESS), metadata=metadata
            )
            note = vault_pb.KeepNoteRequest(case_id=self.case.case_id, note_id=str(uuid4()), text=WORDS)
            note.occurred_at.GetCurrentTime()
            stub.KeepNote(note, metadata=metadata)
            look = vault_pb.RevealIdentityRequest(case_id=self.case.case_id, fields=["names", "notes"], purpose="visit")
            assert LATIN in str(stub.RevealIdentity(look, metadata=metadata))
        self.statuses["gRPC of the vault"] = "OK"

    def bring_in(self) -> None:
        """In registers: one lies sealed until somebody starts it, with a name where none belongs; one is through."""
        headings = "No,Name,Mobile,Address,Date opened,District,Pathway"
        hers = f"1,{NAME},0{NUMBER},{ADDRESS},12/03/2025,যশোর,পরিবার"
        stray = f"2,{NAME},0{NUMBER},{ADDRESS},12/03/2025,{LATIN},{BANGLA}"
        self._try("a register that waits", [headings, hers, stray])
        begun = self._try("a register", [headings, hers])
        self._is("start", "202", self.system.post(f"/v1/imports/{begun}:start", self.system.head, {}))
        wait_for(lambda: self._is_through(begun), "it is brought in", 120)

    def _try(self, door: str, lines: list[str]) -> str:
        content = base64.b64encode("\n".join(lines).encode()).decode()
        told = self.system.post("/v1/imports", self.system.head, {"content": content}).json()
        columns = {"columns": told["guessed"], "caseworker_id": self.who.account_id}
        checked = self.system.post(f"/v1/imports/{told['import_id']}:check", self.system.head, columns)
        self._is(door, "200", checked)
        assert (checked.json()["right"], checked.json()["wrong"]) == (1, len(lines) - 2), checked.text
        return str(told["import_id"])

    def _is_through(self, import_id: str) -> bool | None:
        return self.system.get(f"/v1/imports/{import_id}", self.system.head).json()["stage"] == "imported" or None

    def mistake(self) -> None:
        """Where it does not belong: whatever is answered, it may not stay."""
        event = an_event(self.case.case_id, "call", {"direction": "outgoing", "outcome": "no_answer"})
        opening = an_event(str(uuid4()), "case_opened", {"source": "police", "pathway": "family", "district": NAME})
        for name, body in {
            "a name as district": opening,
            "a name as case_id": event | {"case_id": NAME},
            "a name as event_id": event | {"event_id": NAME},
            "a name as type": event | {"type": NAME},
            "a name as time": event | {"occurred_at": NAME},
            "a name as outcome": event | {"data": {"direction": "outgoing", "outcome": NAME}},
            "words in a field of no name": event | {"data": {**event["data"], "note": WORDS}},
            "a name as a field": event | {NAME: NAME},
        }.items():
            self._not_taken(name, self.system.post("/v1/events", self.who, body))
        self._not_taken("no JSON", self.system.ask("POST", "/v1/events", self.who, content=f'{{"{WORDS}": '.encode()))
        self._not_taken("a batch", self.system.post("/v1/events:batch", self.who, {"events": WORDS}))
        self._sign_in_and_addresses()
        self._vault_mistakes()
        self._pages()
        self._events_by_grpc()

    def _sign_in_and_addresses(self) -> None:
        wrong = {"name": NAME, "password": WORDS}
        self._not_taken("a name to sign in with", self.system.post("/v1/session", None, wrong))
        self._not_taken(
            "a name as invitation", self.system.post("/v1/invitation", None, {"code": NAME, "password": WORDS})
        )
        for path in (
            f"/v1/cases/{NAME}",
            f"/v1/cases/{NAME}/timeline",
            f"/v1/alerts/{NAME}",
            f"/v1/vault/cases/{NAME}/erasure",
            f"/cases/{NAME}",
            f"/{NAME}",
            f"/static/{NAME}",
        ):
            self._not_taken(f"GET {path.replace(NAME, '…')}", self.system.get(path, self.who))
        self.system.get("/v1/worklist", self.who, cursor=NAME, q=PHONE)
        self.system.get("/v1/alerts", self.who, rule_id=NAME)
        self.system.get("/v1/vault/audit", self.system.head, case_id=NAME)
        odd = {
            "user-agent": LATIN,
            "referer": f"http://127.0.0.1/{LATIN}",
            "x-request-id": LATIN,
            "cookie": f"a={LATIN}",
        }
        self.system.ask("GET", "/v1/worklist", self.who, headers=odd)
        self._not_taken("as token", self.system.ask("GET", "/v1/me", headers={"authorization": f"Bearer {LATIN}"}))
        self._not_taken("a method", self.system.ask(LATIN.upper(), f"/v1/cases/{LATIN}", self.who))

    def _vault_mistakes(self) -> None:
        path = f"/v1/vault/cases/{self.case.case_id}"
        for name, method, address, body in (
            ("a name as purpose", "POST", f"{path}:reveal", {"fields": ["names"], "purpose": NAME}),
            ("a name as field", "POST", f"{path}:reveal", {"fields": [NAME], "purpose": "visit"}),
            ("words as reason", "POST", f"{path}:break-glass", {"reason": WORDS}),
            ("a name as number", "PUT", f"{path}/identity", {"phones": [NAME]}),
            ("a list in a name", "PUT", f"{path}/identity", {"names": [[NAME]]}),
            ("a number too long", "PUT", f"{path}/identity", {"phones": [PHONE * 9]}),
            ("a name as photo", "PUT", f"{path}/identity", {"photo": NAME}),
            ("a name as note_id", "PUT", f"{path}/notes/{NAME}", {"text": WORDS, "occurred_at": NAME}),
            ("a name as hour", "PUT", f"{path}/safe-contact-plan", {"channel": NAME, "windows": [{"begins": NAME}]}),
        ):
            self._not_taken(name, self.system.ask(method, address, self.who, json=body))

    def _pages(self) -> None:
        token = self.who.token
        form = {
            FORM_FIELD: form_token(token),
            "event_id": str(uuid4()),
            "occurred_at": NAME,
            "type": "call",
            "note": WORDS,
        }
        headers = {"origin": self.system.url, "cookie": f"session={token}"}
        record = f"{self.system.url}/cases/{self.case.case_id}/record"
        with httpx.Client(timeout=120, trust_env=False) as browser:
            self._not_taken("a form", browser.post(record, headers=headers, data=form | {"outcome": NAME}))
            browser.post(f"{self.system.url}/sign-in", headers=headers, data={"name": NAME, "password": WORDS})
            opening = form | {"case_id": NAME, "district": NAME, "source": "police", "pathway": NAME}
            self._not_taken(
                "a form to open", browser.post(f"{self.system.url}/open-case", headers=headers, data=opening)
            )

    def _events_by_grpc(self) -> None:
        event = events_pb2.Event(event_id=str(uuid4()), case_id=NAME)
        with grpc.insecure_channel(self.system.grpc) as channel:
            with pytest.raises(grpc.RpcError) as refused:
                request = events_pb.RecordEventRequest(event=event)
                events_grpc.CaseEventsStub(channel).RecordEvent(request, metadata=tuple(bearer(self.who).items()))
            self.statuses["gRPC of events"] = refused.value.code().name

    @property
    def who(self) -> Any:
        return self.case.who

    def _is(self, door: str, status: str, answer: httpx.Response) -> None:
        self.statuses[door] = str(answer.status_code)
        assert self.statuses[door] == status, f"{door}: {answer.text[:300]}"

    def _not_taken(self, door: str, answer: httpx.Response) -> None:
        self.statuses[door] = str(answer.status_code)
        assert answer.status_code in range(300, 500), f"{door}: {answer.status_code}"


# --- where it is looked for ------------------------------------------------------------------------------------------


def look_everywhere(system: System, directory: Path, search: Search) -> dict[str, int]:
    """How much there was of each kind."""
    looked = {"records of the log": 0, "columns": 0, "faces of metrics": 0}
    for topic in ALL_TOPICS:
        for message in records_of(system.settings, topic, ends_of(system.settings, topic)):
            parts = [raw(message.key()), raw(message.value()), *(value for _, value in headers_of(message))]
            search.look(f"topic {topic.name}", b"\0".join(part for part in parts if part is not None))
            looked["records of the log"] += 1
    with closing(store_client(system.settings)) as client:
        columns = client.query(
            "SELECT table, name FROM system.columns WHERE database = currentDatabase() AND table NOT LIKE '.%'"
        ).result_rows
        for table, column in columns:
            search.look(f"column {table}", client.raw_query(f"SELECT `{column}` FROM `{table}` FORMAT TabSeparatedRaw"))
            looked["columns"] += 1
    for address in set(system.addresses.values()):
        with suppress(httpx.TransportError):
            search.look("metrics", system.http.get(f"{address}/metrics").content)
            looked["faces of metrics"] += 1
    looked["files"] = search.look_below(directory)
    return looked


def plant(system: System, directory: Path) -> None:
    """A word into each kind of store, in another spelling each: the search that does not find it sees nothing."""
    word = PLANTED.encode()
    producer = Producer(librdkafka_settings(system.settings) | {"compression.type": "lz4"})
    producer.produce(DEAD_LETTERS.name, b"a letter " + word.hex().encode() * 20, b"planted")
    assert producer.flush(60) == 0
    with closing(store_client(system.settings)) as client:
        client.command("CREATE TABLE planted (word String) ENGINE = MergeTree ORDER BY tuple()")
        client.insert("planted", [[base64.b64encode(b"x" + word).decode() * 20]], column_names=["word"])
    with (directory / "casework.log").open("ab") as log:
        log.write(b'{"message": "' + "".join(f"\\u{ord(letter):04x}" for letter in PLANTED).encode() + b'"}\n')
    (directory / "temporary" / "left").write_bytes(PLANTED.encode("utf-16-le"))
    with closing(sqlite3.connect(system.settings.access_dir / "planted.sqlite3")) as database, database:
        database.execute("CREATE TABLE planted (word TEXT)")
        database.execute("INSERT INTO planted VALUES (?)", (PLANTED,))
    (directory / "backup" / "planted").write_bytes(b"%" + word.hex("%").upper().encode())


def test_who_she_is_is_found_nowhere_and_what_was_planted_is_found_everywhere(watched: System) -> None:
    directory = watched.settings.var_dir.parent
    case = SurvivorCase(watched, watched.anna).opened()
    wait_for(lambda: watched.get(f"/v1/cases/{case.case_id}", case.who).status_code == 200 or None, "it is hers")
    doors = Doors(watched, case, {})
    doors.keep()
    doors.bring_in()
    doors.mistake()
    case.on_timeline(case.called()["event_id"])
    keep_files(watched.settings, watched.settings.var_dir, directory / "backup")
    plant(watched, directory)
    search = Search([LATIN, BANGLA, NUMBER, PLANTED])
    looked = look_everywhere(watched, directory, search)
    figures = ", ".join(f"{count} {kind}" for kind, count in looked.items())
    print(f"\n{len(doors.statuses)} doors; looked at {figures}: {search.pieces} pieces, {search.bytes / 1e6:.0f} MB")
    hits = [found for found in search.found if found[1] != PLANTED]
    planted = search.found_in(PLANTED)
    print(f"{len(hits)} hits; planted and found in: {', '.join(sorted(planted))}")
    assert hits == []
    places = (f"topic {DEAD_LETTERS.name}", "column planted", "casework.log", "temporary/left", "backup/planted")
    assert planted >= set(places)
    for kind in ("kafka/", "clickhouse/", "var/access/"):
        assert any(where.startswith(kind) for where in planted), f"not seen: {kind}"
    assert min(looked.values()) > 0
