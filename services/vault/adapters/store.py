"""The vault's store: SQLite (WAL, synchronous=FULL, secure_delete) or PostgreSQL, by the same statements."""

from __future__ import annotations

from collections.abc import Collection, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any, Final

from sqlalchemy import (
    Connection,
    Engine,
    Label,
    LargeBinary,
    Row,
    Table,
    bindparam,
    cast,
    create_engine,
    delete,
    event,
    func,
    insert,
    make_url,
    or_,
    select,
    text,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import OperationalError

from services.vault.adapters import tables
from services.vault.adapters.key_file import require_private
from services.vault.application import errors
from services.vault.application.errors import Away
from services.vault.application.ports import Erasure, SealedField, WrappedKey
from services.vault.domain.audit_chain import Checkpoint, Deed, Entry, Look
from services.vault.domain.looks import BrokenGlass, BudgetSpent, Reason

FILE_NAME: Final = "vault.sqlite3"
_LOOKED: Final = (Deed.REVEALED, Deed.CHECKED_OUT, Deed.EXPORTED)
_AT_ONCE: Final = 1000
_BYTES: Final = ("digest", "signature")


class OtherInstallation(RuntimeError):
    """The data was sealed with another installation's keys; the message says what to do."""


class SqlVaultStore:
    """A VaultStore. Safe from any thread."""

    def __init__(self, url: str) -> None:
        """url: SQLAlchemy's, like sqlite:////var/vault/vault.sqlite3 or postgresql+psycopg://user@host/vault.

        Raises UnusableKeys when others may enter the directory of a SQLite file.
        """
        parsed = make_url(url)
        self._is_sqlite: Final = parsed.get_backend_name() == "sqlite"
        if self._is_sqlite:
            directory = Path(str(parsed.database)).parent
            directory.mkdir(parents=True, exist_ok=True, mode=0o700)
            require_private(directory)
        self._engine: Final = _sqlite_engine(url) if self._is_sqlite else create_engine(url, pool_pre_ping=True)
        tables.METADATA.create_all(self._engine)

    def belongs_to(self, installation: str) -> None:
        """Data without a mark gets this one. Raises OtherInstallation when it has another."""
        with self.writing("") as transaction:
            found = transaction.installation()
            if found is None:
                transaction.mark_installation(installation)
            elif found != installation:
                raise OtherInstallation(
                    "the vault's data was sealed with other keys than those of the key file: bring back the key file"
                    " that belongs to it; with this one nothing in it can be read"
                )

    def is_empty(self) -> bool:
        with self.reading() as transaction:
            return transaction.installation() is None

    @contextmanager
    def writing(self, organisation: str) -> Iterator[SqlTransaction]:
        with _while_there(), self._engine.begin() as connection:
            if self._is_sqlite:
                connection.execute(text("BEGIN IMMEDIATE"))
            else:
                _hold(connection, organisation)
            yield SqlTransaction(connection)

    @contextmanager
    def reading(self) -> Iterator[SqlTransaction]:
        """As everything was at one instant, however long the block takes. Raises Away."""
        with _while_there(), self._engine.connect() as connection:
            if self._is_sqlite:
                connection.execute(text("BEGIN"))
            else:
                connection.execution_options(isolation_level="REPEATABLE READ")
            yield SqlTransaction(connection)

    def sweep(self) -> None:
        """SQLite: no page that held it is left in the log beside the file. PostgreSQL: dead rows go. Raises Away."""
        with (
            _while_there(),
            self._engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection,
        ):
            if self._is_sqlite:
                busy = connection.execute(text("PRAGMA wal_checkpoint(TRUNCATE)")).one()[0]
                if busy:
                    raise Away("a reader holds the vault's file: what was deleted is still in its log")
            else:
                for table in (tables.SEALED_FIELDS, tables.WRAPPED_KEYS, tables.PHONE_INDEX):
                    connection.execute(text(f"VACUUM {table.name}"))

    def check(self) -> None:
        """For /readyz. Raises sqlalchemy.exc.SQLAlchemyError."""
        with self._engine.connect() as connection:
            connection.execute(select(tables.INSTALLATION).limit(1)).all()

    def close(self) -> None:
        self._engine.dispose()


class SqlTransaction:
    """A Transaction on one connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def installation(self) -> str | None:
        statement = select(tables.INSTALLATION.c.value).where(tables.INSTALLATION.c.name == "installation")
        found: str | None = self._connection.execute(statement).scalar()
        return found

    def mark_installation(self, installation: str) -> None:
        self._connection.execute(insert(tables.INSTALLATION).values(name="installation", value=installation))

    def wrapped_keys_of(self, case_ids: Collection[str]) -> dict[str, WrappedKey]:
        table = tables.WRAPPED_KEYS
        rows = self._connection.execute(select(table).where(table.c.case_id.in_(case_ids)))
        return {row.case_id: _wrapped(row) for row in rows}

    def put_wrapped_keys(self, keys: Sequence[WrappedKey]) -> None:
        self._put(tables.WRAPPED_KEYS, map(asdict, keys))

    def wrapped_keys(self, organisation: str, before_epoch: int) -> list[WrappedKey]:
        table = tables.WRAPPED_KEYS
        older = select(table).where(table.c.organisation == organisation, table.c.epoch < before_epoch)
        # All at once: rows are changed while they are gone through.
        return [_wrapped(row) for row in self._connection.execute(older)]

    def sealed_fields(self, case_id: str) -> list[SealedField]:
        table = tables.SEALED_FIELDS
        statement = select(table).where(table.c.case_id == case_id).order_by(table.c.field, table.c.record)
        return [_sealed(row) for row in self._connection.execute(statement)]

    def sealed_field_of(self, case_ids: Collection[str], field: str) -> list[SealedField]:
        table = tables.SEALED_FIELDS
        statement = select(table).where(table.c.case_id.in_(case_ids), table.c.field == field)
        return [_sealed(row) for row in self._connection.execute(statement)]

    def put_sealed(self, fields: Sequence[SealedField]) -> None:
        self._put(tables.SEALED_FIELDS, map(asdict, fields))

    def remove_sealed(self, case_id: str, field: str) -> None:
        table = tables.SEALED_FIELDS
        self._connection.execute(delete(table).where(table.c.case_id == case_id, table.c.field == field))

    def put_phone_digests(self, organisation: str, digests: Mapping[str, frozenset[bytes]]) -> None:
        self._delete(tables.PHONE_INDEX, digests)
        rows = [
            {"organisation": organisation, "digest": digest, "case_id": case_id}
            for case_id, of_case in digests.items()
            for digest in sorted(of_case)
        ]
        if rows:
            self._connection.execute(insert(tables.PHONE_INDEX), rows)

    def cases_with_phones(self, organisation: str, digests: frozenset[bytes]) -> frozenset[str]:
        table = tables.PHONE_INDEX
        same = select(table.c.case_id).where(table.c.organisation == organisation, table.c.digest.in_(digests))
        return frozenset(self._connection.execute(same).scalars())

    def forget(self, case_ids: Collection[str]) -> None:
        for table in (tables.PHONE_INDEX, tables.SEALED_FIELDS, tables.WRAPPED_KEYS):
            self._delete(table, case_ids)

    def cases_looked_at(self, organisation: str, actor: str, since: int) -> frozenset[str]:
        table = tables.AUDIT
        looked = (
            select(table.c.case_id)
            .distinct()
            .where(
                table.c.organisation == organisation,
                table.c.actor == actor,
                table.c.at >= since,
                table.c.deed.in_(_LOOKED),
            )
        )
        return frozenset(self._connection.execute(looked).scalars())

    def offline_looks(self, organisation: str, actor: str, since: int) -> frozenset[tuple[str, str]]:
        table = tables.AUDIT
        told = select(table.c.case_id, table.c.detail).where(
            table.c.organisation == organisation,
            table.c.actor == actor,
            table.c.at >= since,
            table.c.deed == Deed.LOOKED_OFFLINE,
        )
        return frozenset((row.case_id, row.detail) for row in self._connection.execute(told))

    def budgets_spent(self, organisation: str, since: int) -> list[BudgetSpent]:
        table = tables.AUDIT
        last_at = func.max(table.c.at)
        refused = (
            select(table.c.actor, func.count(), last_at)
            .where(
                table.c.organisation == organisation,
                table.c.at >= since,
                table.c.deed == Deed.REFUSED,
                table.c.detail == errors.BudgetSpent.__name__,
            )
            .group_by(table.c.actor)
            .order_by(last_at.desc(), table.c.actor)
        )
        return [BudgetSpent(*row) for row in self._connection.execute(refused)]

    def end_of_audit(self, organisation: str) -> Checkpoint | None:
        table = tables.AUDIT_ENDS
        statement = select(table.c.sequence, *_as_bytes(table)).where(table.c.organisation == organisation)
        row = self._connection.execute(statement).one_or_none()
        return None if row is None else Checkpoint(organisation, row.sequence, row.digest, row.signature)

    def append_to_audit(self, entries: Sequence[Entry], end: Checkpoint) -> None:
        rows = [
            {
                "sequence": entry.sequence,
                "digest": entry.digest,
                "signature": entry.signature,
                **asdict(entry.look),
            }
            for entry in entries
        ]
        self._connection.execute(insert(tables.AUDIT), rows)
        self._put(tables.AUDIT_ENDS, [asdict(end)])

    def audit(
        self, organisation: str, before: int | None, limit: int, case_id: str | None, actor: str | None = None
    ) -> list[Entry]:
        table = tables.AUDIT
        statement = select(table).where(table.c.organisation == organisation)
        if before is not None:
            statement = statement.where(table.c.sequence < before)
        if case_id is not None:
            statement = statement.where(table.c.case_id == case_id)
        if actor is not None:
            statement = statement.where(table.c.actor == actor)
        rows = self._connection.execute(statement.order_by(table.c.sequence.desc()).limit(limit))
        return [_entry(row) for row in rows]

    def whole_audit(self, organisation: str) -> Generator[Entry, None, None]:
        table = tables.AUDIT
        said = [column for column in table.c if column.name not in _BYTES]
        statement = select(*said, *_as_bytes(table)).where(table.c.organisation == organisation)
        streaming = self._connection.execution_options(yield_per=_AT_ONCE)
        with streaming.execute(statement.order_by(table.c.sequence)) as rows:
            for row in rows:
                yield _entry(row)

    def put_glass(self, glass: BrokenGlass) -> None:
        self._put(tables.BROKEN_GLASS, [asdict(glass)])

    def broken_glass(self, organisation: str, since: int) -> list[BrokenGlass]:
        table = tables.BROKEN_GLASS
        statement = select(table).where(table.c.organisation == organisation, table.c.at >= since)
        rows = self._connection.execute(statement.order_by(table.c.at.desc(), table.c.case_id))
        return [
            BrokenGlass(row.organisation, row.case_id, row.account_id, Reason(row.reason), row.at, row.until)
            for row in rows
        ]

    def erasures_of(self, case_ids: Collection[str]) -> dict[str, Erasure]:
        table = tables.ERASURES
        rows = self._connection.execute(select(table).where(table.c.case_id.in_(case_ids)))
        return {row.case_id: _erasure(row) for row in rows}

    def put_erasures(self, erasures: Sequence[Erasure]) -> None:
        self._put(tables.ERASURES, map(asdict, erasures))

    def unfinished_erasures(self) -> list[Erasure]:
        table = tables.ERASURES
        open_steps = or_(table.c.forgotten_at.is_(None), table.c.rotated_at.is_(None), table.c.recorded_at.is_(None))
        statement = select(table).where(open_steps).order_by(table.c.asked_at, table.c.case_id)
        return [_erasure(row) for row in self._connection.execute(statement)]

    def erased(self) -> frozenset[str]:
        return frozenset(self._connection.execute(select(tables.ERASURES.c.case_id)).scalars())

    def organisations(self) -> list[str]:
        found = {
            organisation
            for table in (tables.WRAPPED_KEYS, tables.AUDIT, tables.ERASURES)
            for organisation in self._connection.execute(select(table.c.organisation).distinct()).scalars()
        }
        return sorted(found)

    def counts(self, organisation: str) -> dict[str, int]:
        keys, sealed = tables.WRAPPED_KEYS, tables.SEALED_FIELDS
        cases = select(func.count()).select_from(keys).where(keys.c.organisation == organisation)
        kept = (
            select(sealed.c.field, func.count())
            .join_from(sealed, keys, sealed.c.case_id == keys.c.case_id)
            .where(keys.c.organisation == organisation)
            .group_by(sealed.c.field)
        )
        of_fields = {row[0]: int(row[1]) for row in self._connection.execute(kept)}
        return {"cases": self._connection.execute(cases).scalar_one(), **of_fields}

    def _put(self, table: Table, rows: Iterable[dict[str, Any]]) -> None:
        """Each in place of the row with the same primary key, if there is one. rows: with every column."""
        keys = [column.name for column in table.primary_key.columns]
        is_sqlite = self._connection.dialect.name == "sqlite"
        added = sqlite.insert(table) if is_sqlite else postgresql.insert(table)
        rest = {column.name: added.excluded[column.name] for column in table.c if column.name not in keys}
        if values := list(rows):
            self._connection.execute(added.on_conflict_do_update(index_elements=keys, set_=rest), values)

    def _delete(self, table: Table, case_ids: Collection[str]) -> None:
        """All rows of these cases."""
        of_case = delete(table).where(table.c.case_id == bindparam("of_case"))
        if case_ids:
            self._connection.execute(of_case, [{"of_case": case_id} for case_id in case_ids])


def sqlite_url(directory: Path) -> str:
    return f"sqlite:///{(directory / FILE_NAME).absolute()}"


def _sqlite_engine(url: str) -> Engine:
    engine = create_engine(url, connect_args={"timeout": 10})

    @event.listens_for(engine, "connect")
    def _connected(connection: Any, _: object) -> None:
        # Transactions are begun in words: the driver would begin a writing one only at its first change.
        connection.isolation_level = None
        # What is no text any more can still be read, and be told to be other than it was written.
        connection.text_factory = _any_text
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "secure_delete=ON", "foreign_keys=ON"):
            connection.execute(f"PRAGMA {pragma}")

    return engine


@contextmanager
def _while_there() -> Iterator[None]:
    """Raises Away for a database that cannot be used just now: gone, held by somebody, without room."""
    try:
        yield
    except OperationalError:
        # Its own words may hold values.
        raise Away("the vault's database cannot be used just now") from None


def _as_bytes(table: Table) -> list[Label[bytes]]:
    """Columns of bytes as such, whatever somebody put there: what was changed is told, and stops no reading."""
    return [cast(table.c[name], LargeBinary).label(name) for name in _BYTES]


def _any_text(raw: bytes) -> str:
    return raw.decode(errors="surrogateescape")


def _hold(connection: Connection, organisation: str) -> None:
    holding = postgresql.insert(tables.WRITERS).values(organisation=organisation).on_conflict_do_nothing()
    connection.execute(holding)
    table = tables.WRITERS
    connection.execute(select(table).where(table.c.organisation == organisation).with_for_update())


def _wrapped(row: Row[Any]) -> WrappedKey:
    return WrappedKey(row.organisation, row.case_id, row.epoch, row.wrapped)


def _sealed(row: Row[Any]) -> SealedField:
    return SealedField(row.case_id, row.field, row.record, row.sealed, row.kept_at, row.kept_by)


def _entry(row: Row[Any]) -> Entry:
    values = {field.name: getattr(row, field.name) for field in fields(Look)}
    return Entry(row.sequence, Look(**values), row.digest, row.signature)


def _erasure(row: Row[Any]) -> Erasure:
    return Erasure(**{field.name: getattr(row, field.name) for field in fields(Erasure)})
