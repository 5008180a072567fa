"""What waits for a second person, in SQLite."""

from __future__ import annotations

import json
from typing import Any, Final, assert_never

from services.access.adapters.database import Database
from services.access.domain.permissions import Area, Role
from services.access.domain.second_person import Act, GiveRoles, Invite, LetStandIn, Proposal

_COLUMNS: Final = "proposal_id, organisation, account_id, asked_by, asked_at, kind, act, ended_at"


class SqliteProposals:
    """A ProposalStore."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, proposal: Proposal) -> None:
        """It replaces an earlier one of its kind about the same account."""
        kind, act = _written(proposal.act)
        with self._database.connection() as connection:
            connection.execute(
                "UPDATE proposals SET ended_at = ? WHERE account_id = ? AND kind = ? AND ended_at IS NULL",
                (proposal.asked_at, proposal.account_id, kind),
            )
            connection.execute(
                f"INSERT INTO proposals ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    proposal.proposal_id,
                    proposal.organisation,
                    proposal.account_id,
                    proposal.asked_by,
                    proposal.asked_at,
                    kind,
                    act,
                    proposal.ended_at,
                ),
            )

    def by_id(self, proposal_id: str) -> Proposal | None:
        with self._database.connection() as connection:
            row = connection.execute(
                f"SELECT {_COLUMNS} FROM proposals WHERE proposal_id = ?", (proposal_id,)
            ).fetchone()
        return _read(row) if row else None

    def of_organisation(self, organisation: str) -> list[Proposal]:
        """Those that nobody has ended, the oldest first."""
        with self._database.connection() as connection:
            rows = connection.execute(
                f"SELECT {_COLUMNS} FROM proposals WHERE organisation = ? AND ended_at IS NULL "
                "ORDER BY asked_at, proposal_id",
                (organisation,),
            ).fetchall()
        return [_read(row) for row in rows]

    def end(self, proposal_id: str, now: int) -> bool:
        """False when somebody else was first."""
        with self._database.connection() as connection:
            ended = connection.execute(
                "UPDATE proposals SET ended_at = ? WHERE proposal_id = ? AND ended_at IS NULL", (now, proposal_id)
            )
        return ended.rowcount == 1


def _written(act: Act) -> tuple[str, str]:
    """Its kind, and the rest as JSON."""
    match act:
        case Invite(half_digest):
            return "invitation", json.dumps({"half_digest": half_digest})
        case GiveRoles(roles, areas):
            written = [[area.district, area.upazila] for area in areas]
            return "roles", json.dumps({"roles": sorted(roles), "areas": written})
        case LetStandIn(delegate_id, since, until):
            return "standing_in", json.dumps({"delegate_id": delegate_id, "since": since, "until": until})
        case _:
            assert_never(act)


def _read(row: tuple[str, str, str, str, int, str, str, int | None]) -> Proposal:
    proposal_id, organisation, account_id, asked_by, asked_at, kind, act, ended_at = row
    return Proposal(proposal_id, organisation, account_id, asked_by, asked_at, _act(kind, json.loads(act)), ended_at)


def _act(kind: str, told: dict[str, Any]) -> Act:
    match kind:
        case "invitation":
            return Invite(**told)
        case "roles":
            return GiveRoles(frozenset(map(Role, told["roles"])), tuple(Area(*area) for area in told["areas"]))
        case "standing_in":
            return LetStandIn(**told)
        case _:
            raise ValueError(f"no kind of proposal: {kind}")
