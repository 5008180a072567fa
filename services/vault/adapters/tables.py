"""The vault's tables: the same on SQLite and on PostgreSQL. Everything that says who she is is sealed."""

from __future__ import annotations

from typing import Final

from sqlalchemy import BigInteger, Column, Index, Integer, LargeBinary, MetaData, PrimaryKeyConstraint, String, Table

METADATA: Final = MetaData()

_ID: Final = String(36)
_CODE: Final = String(100)

INSTALLATION: Final = Table(
    "installation",
    METADATA,
    Column("name", _CODE, primary_key=True),
    Column("value", _CODE, nullable=False),
)

WRAPPED_KEYS: Final = Table(
    "wrapped_keys",
    METADATA,
    Column("case_id", _ID, primary_key=True),
    Column("organisation", _CODE, nullable=False),
    Column("epoch", Integer, nullable=False),
    Column("wrapped", LargeBinary, nullable=False),
    Index("wrapped_keys_by_epoch", "organisation", "epoch"),
)

SEALED_FIELDS: Final = Table(
    "sealed_fields",
    METADATA,
    Column("case_id", _ID, nullable=False),
    Column("field", _CODE, nullable=False),
    Column("record", _ID, nullable=False),
    Column("sealed", LargeBinary, nullable=False),
    Column("kept_at", BigInteger, nullable=False),
    Column("kept_by", _CODE, nullable=False),
    PrimaryKeyConstraint("case_id", "field", "record"),
)

PHONE_INDEX: Final = Table(
    "phone_index",
    METADATA,
    Column("organisation", _CODE, nullable=False),
    Column("digest", LargeBinary(32), nullable=False),
    Column("case_id", _ID, nullable=False, index=True),
    PrimaryKeyConstraint("organisation", "digest", "case_id"),
)

AUDIT: Final = Table(
    "audit",
    METADATA,
    Column("organisation", _CODE, nullable=False),
    Column("sequence", BigInteger, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("actor", _CODE, nullable=False),
    Column("deed", _CODE, nullable=False),
    Column("case_id", _ID, nullable=False),
    Column("fields", _CODE, nullable=False),
    Column("purpose", _CODE, nullable=False),
    Column("ground", _CODE, nullable=False),
    Column("reason", _CODE, nullable=False),
    Column("detail", _CODE, nullable=False),
    Column("digest", LargeBinary(32), nullable=False),
    Column("signature", LargeBinary(64), nullable=False),
    PrimaryKeyConstraint("organisation", "sequence"),
    Index("audit_by_actor", "organisation", "actor", "at"),
    Index("audit_by_case", "organisation", "case_id"),
)

AUDIT_ENDS: Final = Table(
    "audit_ends",
    METADATA,
    Column("organisation", _CODE, primary_key=True),
    Column("sequence", BigInteger, nullable=False),
    Column("digest", LargeBinary(32), nullable=False),
    Column("signature", LargeBinary(64), nullable=False),
)

BROKEN_GLASS: Final = Table(
    "broken_glass",
    METADATA,
    Column("organisation", _CODE, nullable=False),
    Column("case_id", _ID, nullable=False),
    Column("account_id", _CODE, nullable=False),
    Column("reason", _CODE, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("until", BigInteger, nullable=False),
    PrimaryKeyConstraint("case_id", "account_id", "at"),
    Index("broken_glass_by_time", "organisation", "at"),
)

ERASURES: Final = Table(
    "erasures",
    METADATA,
    Column("case_id", _ID, primary_key=True),
    Column("organisation", _CODE, nullable=False),
    Column("asked_at", BigInteger, nullable=False),
    Column("asked_by", _CODE, nullable=False),
    Column("reason", _CODE, nullable=False),
    Column("forgotten_at", BigInteger),
    Column("epoch", Integer),
    Column("rotated_at", BigInteger),
    Column("recorded_at", BigInteger),
)

WRITERS: Final = Table("writers", METADATA, Column("organisation", _CODE, primary_key=True))
"""A row per organisation that a writer holds until it is done (PostgreSQL; SQLite has one writer anyway)."""
