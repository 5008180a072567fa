"""One statement from request to reply."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from itertools import chain
from typing import Final

from infra.clickhouse.body import Body
from infra.clickhouse.disconnects import Disconnects
from infra.clickhouse.engine import Engine, Handle, Summary, identifier
from infra.clickhouse.errors import READONLY, TOO_LARGE, EndpointError
from infra.clickhouse.guard import Judgement, Verb, judge
from infra.clickhouse.protocol import ExternalTable, Request
from infra.clickhouse.reply import Encoding, Reply, encoding_for, summary_header
from infra.clickhouse.sessions import Sessions, borrowed_settings
from infra.clickhouse.settings import Caps
from infra.clickhouse.statement import InsertHead, insert_head
from infra.clickhouse.users import User

# Formats whose blocks, one after another, are the format again.
_STREAMABLE: Final = frozenset({"Native", "TabSeparated", "TSV", "CSV", "RowBinary", "JSONEachRow"})
_HEAD_BYTES: Final = 1 << 16  # within these an INSERT has to say where its rows begin


class Exchange:
    def __init__(self, engine: Engine, sessions: Sessions, disconnects: Disconnects, caps: Caps) -> None:
        self._engine, self._sessions, self._disconnects, self._caps = engine, sessions, disconnects, caps

    def answer(self, request: Request, body: Body, reply: Reply, user: User) -> None:
        """Raises EndpointError before or, with ``reply.started``, within the answer."""
        request.refuse_block_compression()
        mark = uuid.uuid4().hex
        with self._handle(request, mark, user) as handle:
            work = _Work(handle, request, reply, self._caps, user)
            if request.is_form:
                work.take_form(body)
                self._ask(work, mark, b"")
                return
            head = work.query_in_address + body.beginning(_HEAD_BYTES)
            insert = insert_head(head.decode("latin-1"))
            if insert is not None:
                body.limit = self._caps.max_insert_bytes
                work.insert(insert, chain((head[insert.rows_start :],), body.chunks()))
                return
            self._ask(work, mark, head + b"".join(body.chunks()))

    def _ask(self, work: _Work, mark: str, text: bytes) -> None:
        sql = text or work.query_in_address
        if not sql.strip():
            work.reply.whole(200, b"Ok.\n", {})
            return
        if len(sql) > self._caps.max_query_bytes:
            raise EndpointError(TOO_LARGE, f"The statement is larger than {self._caps.max_query_bytes} bytes")
        judgement = judge(sql.decode("latin-1"))
        work.user.require(judgement.verb)
        if work.request.method == "GET" and judgement.verb in {Verb.INSERT, Verb.WRITE}:
            raise EndpointError(READONLY, "A GET request may only read: use POST")
        reads = judgement.verb in {Verb.SELECT, Verb.READ}
        with self._disconnects.watched(work.reply, mark) if reads else nullcontext():
            work.run(judgement)

    @contextmanager
    def _handle(self, request: Request, mark: str, user: User) -> Iterator[Handle]:
        settings = request.settings()
        database = request.address.get("database") or None
        marked = {"log_comment": mark}
        if request.session_id:
            must_exist = request.address.get("session_check") == "1"
            timeout = request.session_timeout
            with self._sessions.taken(user, request.session_id, timeout, must_exist=must_exist) as session:
                session.handle.set(marked)
                with borrowed_settings(session, settings, database):
                    yield session.handle
            return
        handle = self._engine.handle()
        try:
            if database:
                handle.use(database)
            # Before anything of the client's, which from here on cannot have it otherwise.
            handle.set(user.rights.settings)
            handle.set(marked | settings)
            yield handle
        finally:
            handle.close()


class _Work:
    """What one request does with its handle."""

    def __init__(self, handle: Handle, request: Request, reply: Reply, caps: Caps, user: User) -> None:
        self.handle, self.request, self.reply, self._caps, self.user = handle, request, reply, caps, user
        self.parameters = request.parameters()
        query = request.address.get("query", "")
        self.query_in_address = f"{query}\n".encode() if query else b""

    def take_form(self, body: Body) -> None:
        """A form carries the query and its parameters as fields and tables as files."""
        for part in self.request.form_parts(b"".join(body.chunks())):
            if part.is_file:
                self._take_table(self.request.external_table(part))
            elif part.name.startswith("param_"):
                self.parameters[part.name[6:]] = part.data.decode()
            elif part.name == "query":
                self.query_in_address = part.data + b"\n"

    def _take_table(self, table: ExternalTable) -> None:
        create = f"CREATE OR REPLACE TEMPORARY TABLE {identifier(table.name)} ({table.columns})"
        judge(create.encode().decode("latin-1"))
        self.handle.run(create)
        self.handle.insert(f"INSERT INTO {identifier(table.name)}", table.rows_format, iter((table.rows,)))

    def insert(self, head: InsertHead, rows: Iterator[bytes]) -> None:
        if self.request.method == "GET":
            raise EndpointError(READONLY, "A GET request may only read: use POST")
        self.user.require(judge(head.sql).verb)
        self.handle.set({f"param_{name}": value for name, value in self.parameters.items()})
        sql = head.sql.encode("latin-1").decode()
        summary = self.handle.insert(sql, head.rows_format, (chunk for chunk in rows if chunk))
        self.reply.whole(200, b"", {"X-ClickHouse-Summary": summary_header(summary)})

    def run(self, judgement: Judgement) -> None:
        self.handle.state_changed |= judgement.verb is Verb.SESSION
        sql = judgement.body.encode("latin-1").decode()
        output_format = (
            judgement.output_format
            or self.request.headers.get("x-clickhouse-format")
            or self.request.address.get("default_format", "TabSeparated")
        )
        waits = self.request.address.get("wait_end_of_query") == "1"
        if judgement.verb is Verb.SELECT and output_format in _STREAMABLE and not waits:
            self._stream(sql, output_format)
        else:
            self._whole(sql, output_format, judgement.verb)

    def _stream(self, sql: str, output_format: str) -> None:
        with self.handle.stream(sql, output_format, self.parameters) as blocks:
            first = next(blocks, None)  # an error before the first rows is a plain answer
            headers = {"X-ClickHouse-Format": output_format, "X-ClickHouse-Summary": summary_header(Summary())}
            if first is not None:
                self.reply.begin_stream(headers, self._encoding(), uuid.uuid4().hex[:16])
                for block in chain((first,), blocks):
                    self.reply.stream(block)
        if first is None:
            empty = self._nothing(sql, output_format, selects=True)
            self.reply.whole(200, empty, headers, self._encoding())
            return
        self.reply.end_stream()

    def _whole(self, sql: str, output_format: str, verb: Verb) -> None:
        result = self.handle.query(sql, output_format, self.parameters)
        data = result.data
        headers = {"X-ClickHouse-Summary": summary_header(result.summary)}
        if verb in {Verb.SELECT, Verb.READ}:
            data = data or self._nothing(sql, output_format, selects=verb is Verb.SELECT)
            headers["X-ClickHouse-Format"] = output_format
        elif data:
            headers["X-ClickHouse-Format"] = output_format
        self.reply.whole(200, data, headers, self._encoding() if data else None)

    def _nothing(self, sql: str, output_format: str, *, selects: bool) -> bytes:
        """The engine writes nothing for no rows; a server writes the names and types of the columns."""
        if output_format != "Native":
            return b""
        return empty_native_block(self.handle.columns_of(sql, self.parameters, selects=selects))

    def _encoding(self) -> Encoding | None:
        if self.request.address.get("enable_http_compression") != "1":
            return None
        return encoding_for(self.request.headers.get("accept-encoding", ""))


def empty_native_block(columns: list[tuple[str, str]]) -> bytes:
    """A Native block of these columns and no rows."""
    parts = [_varint(len(columns)), _varint(0)]
    for column in columns:
        for text in column:
            parts += [_varint(len(text.encode())), text.encode()]
    return b"".join(parts)


def _varint(number: int) -> bytes:
    if number < 0x80:
        return bytes((number,))
    return bytes((number & 0x7F | 0x80,)) + _varint(number >> 7)
