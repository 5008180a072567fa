"""Channels, preferences and the outbox in one SQLite file: WAL, synchronous=FULL, in a directory with mode 0700.

The outbox is a table of what is owed, whose key says what nobody may be told twice: (alert, revision, level, channel).
A row stays when it was sent: the same step, read again after topics were made anew, is owed no second time.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, Final

from services.alerting.adapters.sealing import CannotUnseal, Sealing, private_directory
from services.alerting.application.errors import NoSuchChannel, StoreAway
from services.alerting.application.notification_ports import Failing, InvalidAddress, Tally
from services.alerting.domain.notifications.channels import Channel, ChannelKind, Preferences
from services.alerting.domain.notifications.daytimes import WorkingDays
from services.alerting.domain.notifications.plan import Owed, Reached, wait_after
from services.casework.domain.policy import Severity

FILE_NAME: Final = "notifications.sqlite3"

# Only ever added to: a file of an older version gets what it does not have yet.
_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS reading (
    only_one       INTEGER PRIMARY KEY CHECK (only_one = 1),
    position       TEXT NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS channels (
    channel_id     TEXT PRIMARY KEY,
    account_id     TEXT NOT NULL,
    organisation   TEXT NOT NULL,
    kind           TEXT NOT NULL,
    severities     TEXT NOT NULL,
    levels         TEXT NOT NULL,
    made_at        INTEGER NOT NULL,
    sealed_address BLOB NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS channels_of_organisation ON channels (organisation);
CREATE TABLE IF NOT EXISTS preferences (
    account_id     TEXT PRIMARY KEY,
    organisation   TEXT NOT NULL,
    language       TEXT NOT NULL,
    digest_minute  INTEGER NOT NULL,
    quiet_from     INTEGER NOT NULL,
    quiet_until    INTEGER NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS working_days (
    organisation   TEXT PRIMARY KEY,
    days           TEXT NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS owed (
    alert_id       TEXT NOT NULL,
    revision       INTEGER NOT NULL,
    level          INTEGER NOT NULL,
    channel_id     TEXT NOT NULL,
    case_id        TEXT NOT NULL,
    is_critical    INTEGER NOT NULL,
    is_old         INTEGER NOT NULL,
    due_at         INTEGER NOT NULL,
    noted_at       INTEGER NOT NULL,
    next_try_at    INTEGER NOT NULL,
    failures       INTEGER NOT NULL DEFAULT 0,
    why            TEXT NOT NULL DEFAULT '',
    sent_at        INTEGER,
    over_at        INTEGER,
    PRIMARY KEY (alert_id, revision, level, channel_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS owed_waiting ON owed (next_try_at) WHERE sent_at IS NULL AND over_at IS NULL;
CREATE INDEX IF NOT EXISTS owed_on_channel ON owed (channel_id) WHERE sent_at IS NULL AND over_at IS NULL;
CREATE TABLE IF NOT EXISTS unheard (
    alert_id       TEXT NOT NULL,
    revision       INTEGER NOT NULL,
    organisation   TEXT NOT NULL,
    noted_at       INTEGER NOT NULL,
    PRIMARY KEY (alert_id, revision)
) STRICT, WITHOUT ROWID;
"""
_WAITS: Final = "sent_at IS NULL AND over_at IS NULL"
_KEY: Final = "alert_id = ? AND revision = ? AND level = ? AND channel_id = ?"
_OWED: Final = "alert_id, revision, level, channel_id, case_id, is_critical, is_old, due_at"
_CHANNEL: Final = "channel_id, account_id, organisation, kind, severities, levels, made_at"


class SqliteNotifications:
    """A NotificationStore. Each use opens its own connection: safe from any thread."""

    def __init__(self, directory: Path) -> None:
        """Raises StoreAway when others may enter the directory, or the file cannot be used."""
        self._path = private_directory(directory) / FILE_NAME
        self._sealing = Sealing(directory)
        with self._connection() as connection:
            connection.execute("PRAGMA journal_mode=WAL")
            connection.executescript(_SCHEMA)
        self._path.chmod(0o600)

    def check(self) -> None:
        """For /readyz. Raises StoreAway."""
        self.position()

    # --- the outbox -----------------------------------------------------------------------------------------------

    def position(self) -> str | None:
        with self._connection() as connection:
            row = connection.execute("SELECT position FROM reading").fetchone()
        return row[0] if row else None

    def note(self, owed: Sequence[Owed], unheard: Sequence[Reached], position: str | None, now: int) -> None:
        with self._connection() as connection:
            connection.execute("BEGIN IMMEDIATE")
            connection.executemany(
                f"INSERT OR IGNORE INTO owed ({_OWED}, noted_at, next_try_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                [(*_row(each), now, each.due_at) for each in owed],
            )
            connection.executemany(
                "INSERT OR IGNORE INTO unheard VALUES (?, ?, ?, ?)",
                [(step.alert_id, step.revision, step.case.organisation, now) for step in unheard],
            )
            if position is not None:
                connection.execute(
                    "INSERT INTO reading VALUES (1, ?) ON CONFLICT DO UPDATE SET position = excluded.position",
                    (position,),
                )

    def due(self, now: int) -> list[Owed]:
        with self._connection() as connection:
            rows = connection.execute(
                f"SELECT {_OWED} FROM owed WHERE {_WAITS} AND next_try_at <= ? ORDER BY next_try_at", (now,)
            ).fetchall()
        return [_owed(row) for row in rows]

    def mark_sent(self, owed: Sequence[Owed], now: int) -> None:
        self._mark(owed, "sent_at = ?", now)

    def mark_over(self, owed: Iterable[Owed], now: int) -> None:
        self._mark(owed, "over_at = ?", now)

    def mark_failed(self, owed: Sequence[Owed], why: str, now: int, first_wait_ms: int) -> None:
        """All of a message wait as long as what has failed most often, so that they stay one message."""
        channel_id = owed[0].channel_id
        with self._connection() as connection:
            connection.execute("BEGIN IMMEDIATE")
            (failures,) = connection.execute(
                f"SELECT coalesce(max(failures), 0) FROM owed WHERE {_WAITS} AND channel_id = ?", (channel_id,)
            ).fetchone()
            next_try_at = now + wait_after(failures + 1, first_wait_ms)
            connection.executemany(
                f"UPDATE owed SET failures = ?, why = ?, next_try_at = ? WHERE {_KEY}",
                [(failures + 1, why, next_try_at, *_row(each)[:4]) for each in owed],
            )

    def _mark(self, owed: Iterable[Owed], what: str, now: int) -> None:
        with self._connection() as connection:
            connection.executemany(f"UPDATE owed SET {what} WHERE {_KEY}", [(now, *_row(each)[:4]) for each in owed])

    # --- what people said -----------------------------------------------------------------------------------------

    def channels(self) -> dict[str, Channel]:
        return {channel.channel_id: channel for channel in self._channels("1 = ?", 1)}

    def channels_of(self, organisation: str) -> list[Channel]:
        return self._channels("organisation = ?", organisation)

    def _channels(self, where: str, value: object) -> list[Channel]:
        with self._connection() as connection:
            rows = connection.execute(
                f"SELECT {_CHANNEL} FROM channels WHERE {where} ORDER BY account_id, made_at, channel_id", (value,)
            ).fetchall()
        return [_channel(row) for row in rows]

    def add_channel(self, channel: Channel, address: str) -> None:
        row = (
            channel.channel_id,
            channel.account_id,
            channel.organisation,
            channel.kind,
            " ".join(sorted(channel.severities)),
            " ".join(map(str, sorted(channel.levels))),
            channel.made_at,
            self._sealing.seal(address, _about(channel)),
        )
        with self._connection() as connection:
            connection.execute(
                f"INSERT INTO channels ({_CHANNEL}, sealed_address) VALUES (?, ?, ?, ?, ?, ?, ?, ?)", row
            )

    def address_of(self, channel: Channel) -> str:
        with self._connection() as connection:
            row = connection.execute(
                "SELECT sealed_address FROM channels WHERE channel_id = ?", (channel.channel_id,)
            ).fetchone()
        if row is None:
            raise NoSuchChannel
        try:
            return self._sealing.unseal(row[0], _about(channel))
        except CannotUnseal:
            raise InvalidAddress("the address cannot be read with the key there is: restore the key file") from None

    def remove_channel(self, account_id: str, channel_id: str) -> None:
        with self._connection() as connection:
            connection.execute("PRAGMA secure_delete=ON")
            removed = connection.execute(
                "DELETE FROM channels WHERE account_id = ? AND channel_id = ?", (account_id, channel_id)
            ).rowcount
            if not removed:
                raise NoSuchChannel
            connection.execute(f"DELETE FROM owed WHERE {_WAITS} AND channel_id = ?", (channel_id,))

    def forget(self, account_ids: Collection[str]) -> int:
        with self._connection() as connection:
            known = connection.execute("SELECT account_id FROM channels UNION SELECT account_id FROM preferences")
            gone = [(account_id,) for (account_id,) in known if account_id in account_ids]
            connection.execute("PRAGMA secure_delete=ON")
            connection.executemany("DELETE FROM channels WHERE account_id = ?", gone)
            connection.executemany("DELETE FROM preferences WHERE account_id = ?", gone)
        return len(gone)

    def preferences(self) -> dict[str, Preferences]:
        with self._connection() as connection:
            rows = connection.execute(
                "SELECT account_id, language, digest_minute, quiet_from, quiet_until FROM preferences"
            ).fetchall()
        return {account_id: Preferences(*said) for account_id, *said in rows}

    def set_preferences(self, account_id: str, organisation: str, preferences: Preferences) -> None:
        said = (preferences.language, preferences.digest_minute, preferences.quiet_from, preferences.quiet_until)
        with self._connection() as connection:
            connection.execute(
                "INSERT OR REPLACE INTO preferences VALUES (?, ?, ?, ?, ?, ?)", (account_id, organisation, *said)
            )

    def working_days(self) -> dict[str, WorkingDays]:
        with self._connection() as connection:
            rows = connection.execute("SELECT organisation, days FROM working_days").fetchall()
        return {organisation: frozenset(days.split()) for organisation, days in rows}

    def set_working_days(self, organisation: str, days: WorkingDays) -> None:
        with self._connection() as connection:
            connection.execute(
                "INSERT OR REPLACE INTO working_days VALUES (?, ?)", (organisation, " ".join(sorted(days)))
            )

    # --- how it goes ----------------------------------------------------------------------------------------------

    def failing(self, organisation: str) -> list[Failing]:
        channels = {channel.channel_id: channel for channel in self.channels_of(organisation)}
        with self._connection() as connection:
            rows = connection.execute(
                "SELECT channel_id, count(*), max(failures), min(due_at), max(why), min(next_try_at) FROM owed "
                f"WHERE {_WAITS} AND failures > 0 GROUP BY channel_id ORDER BY min(due_at)"
            ).fetchall()
        return [Failing(channels[channel_id], *rest) for channel_id, *rest in rows if channel_id in channels]

    def unheard(self, organisation: str, since: int) -> int:
        with self._connection() as connection:
            (number,) = connection.execute(
                "SELECT count(*) FROM unheard WHERE organisation = ? AND noted_at >= ?", (organisation, since)
            ).fetchone()
        return int(number)

    def tally(self) -> Tally:
        with self._connection() as connection:
            waiting, failing, oldest_at = connection.execute(
                "SELECT count(*), coalesce(sum(failures > 0), 0), min(CASE WHEN failures > 0 THEN due_at END) "
                f"FROM owed WHERE {_WAITS}"
            ).fetchone()
            (unheard,) = connection.execute("SELECT count(*) FROM unheard").fetchone()
        return Tally(waiting, failing, oldest_at, unheard)

    @contextmanager
    def _connection(self) -> Iterator[sqlite3.Connection]:
        """One transaction: durable when the block has ended, undone when it raises."""
        try:
            with closing(sqlite3.connect(self._path, timeout=5)) as connection:
                connection.execute("PRAGMA synchronous=FULL")
                with connection:
                    yield connection
        except sqlite3.Error as error:
            # Its own words may hold a value.
            raise StoreAway(f"the store of notifications does not answer: {type(error).__name__}") from error


def _row(owed: Owed) -> tuple[Any, ...]:
    """As `_OWED` names it; the first four are the key."""
    return (
        owed.alert_id,
        owed.revision,
        owed.level,
        owed.channel_id,
        owed.case_id,
        int(owed.is_critical),
        int(owed.is_old),
        owed.due_at,
    )


def _owed(row: Sequence[Any]) -> Owed:
    alert_id, revision, level, channel_id, case_id, is_critical, is_old, due_at = row
    return Owed(alert_id, revision, level, channel_id, case_id, bool(is_critical), bool(is_old), due_at)


def _channel(row: Sequence[Any]) -> Channel:
    channel_id, account_id, organisation, kind, severities, levels, made_at = row
    return Channel(
        channel_id,
        account_id,
        organisation,
        ChannelKind(kind),
        frozenset(map(Severity, severities.split())),
        frozenset(map(int, levels.split())),
        made_at,
    )


def _about(channel: Channel) -> str:
    return f"channel|{channel.organisation}|{channel.account_id}|{channel.channel_id}"
