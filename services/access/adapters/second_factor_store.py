"""Second factors in SQLite: secrets sealed, recovery codes as digests."""

from __future__ import annotations

from collections.abc import Sequence

from services.access.adapters.database import Database
from services.access.adapters.sealing import Sealing
from services.access.domain.second_factor import SecondFactor


class SqliteSecondFactors:
    """A SecondFactorStore."""

    def __init__(self, database: Database, sealing: Sealing) -> None:
        self._database = database
        self._sealing = sealing

    def of(self, account_id: str) -> SecondFactor | None:
        with self._database.connection() as connection:
            row = connection.execute(
                "SELECT sealed_secret, confirmed_at, last_step FROM second_factors WHERE account_id = ?", (account_id,)
            ).fetchone()
        if row is None:
            return None
        return SecondFactor(self._sealing.unseal(row[0], _about(account_id)), row[1] is not None, row[2])

    def propose(self, account_id: str, secret: bytes) -> SecondFactor:
        """The account's second factor, with this secret unless it has one already."""
        with self._database.connection() as connection:
            connection.execute(
                "INSERT OR IGNORE INTO second_factors VALUES (?, ?, NULL, 0)",
                (account_id, self._sealing.seal(secret, _about(account_id))),
            )
        proposed = self.of(account_id)
        assert proposed is not None
        return proposed

    def confirm(self, account_id: str, step: int, now: int, recovery_digests: Sequence[str]) -> bool:
        """Whether it was not confirmed before; then it is asked for from now on, and these are its recovery codes."""
        with self._database.connection() as connection:
            confirmed = connection.execute(
                "UPDATE second_factors SET confirmed_at = ?, last_step = ? "
                "WHERE account_id = ? AND confirmed_at IS NULL",
                (now, step, account_id),
            )
            if confirmed.rowcount == 1:
                connection.executemany(
                    "INSERT INTO recovery_codes VALUES (?, ?, NULL)",
                    [(account_id, recovery_digest) for recovery_digest in recovery_digests],
                )
        return confirmed.rowcount == 1

    def use_step(self, account_id: str, step: int) -> bool:
        """False when a code of that step or a later one was used already."""
        with self._database.connection() as connection:
            used = connection.execute(
                "UPDATE second_factors SET last_step = ? WHERE account_id = ? AND last_step < ?",
                (step, account_id, step),
            )
        return used.rowcount == 1

    def use_recovery_code(self, account_id: str, recovery_digest: str, now: int) -> bool:
        """False when the account has no such code left."""
        with self._database.connection() as connection:
            used = connection.execute(
                "UPDATE recovery_codes SET used_at = ? WHERE account_id = ? AND code_digest = ? AND used_at IS NULL",
                (now, account_id, recovery_digest),
            )
        return used.rowcount == 1


def _about(account_id: str) -> str:
    return f"second factor|{account_id}"
