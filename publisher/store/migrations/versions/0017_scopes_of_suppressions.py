"""suppressions with a scope, a reason out of five, an end, and a hash that outlives the address."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from publisher.store import keys, suppressions
from publisher.store.tables import ROW_ID, UTCDateTime

revision = "0017"
down_revision = "0016"

_REASONS = ("hard_bounce", "soft_bounces", "complaint", "manual", "erased")
_NONE = sa.text("''")


def upgrade() -> None:
    """Make the table anew. What was a reason in an admin's own words becomes the note."""
    connection = op.get_bind()
    before = connection.execute(
        sa.text("SELECT address_key, reason, created FROM suppressions").columns(
            sa.column("address_key", sa.String),
            sa.column("reason", sa.String),
            sa.column("created", UTCDateTime),
        )
    ).all()
    op.drop_table("suppressions")
    made = op.create_table(
        "suppressions",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("hash", sa.String(64), nullable=False),
        sa.Column("address_key", sa.String(), nullable=True),
        sa.Column("newsletter", sa.String(), server_default=_NONE, nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("note", sa.Text(), server_default=_NONE, nullable=False),
        sa.Column("created", UTCDateTime(), nullable=False),
        sa.Column("until", UTCDateTime(), nullable=True),
        sa.CheckConstraint(
            f"reason IN ({', '.join(map(repr, _REASONS))})",
            name=op.f("ck_suppressions_reason"),
        ),
        sa.PrimaryKeyConstraint("id", name="pk_suppressions"),
        sa.UniqueConstraint("hash", "newsletter", name="uq_suppressions_hash_newsletter"),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "ix_suppressions_address_key_newsletter", "suppressions", ["address_key", "newsletter"]
    )
    if before:
        secret = _secret(connection, before[0].created)
        op.bulk_insert(
            made,
            [
                {
                    "hash": suppressions.hashed(secret, row.address_key),
                    "address_key": row.address_key,
                    "reason": row.reason if row.reason in _REASONS else "manual",
                    "note": "" if row.reason in _REASONS else row.reason,
                    "created": row.created,
                }
                for row in before
            ],
        )


def _secret(connection: sa.Connection, now: object) -> bytes:
    found = connection.scalar(sa.text("SELECT secret FROM keys ORDER BY id LIMIT 1"))
    if found is None:
        found = keys.made()
        table = sa.table(
            "keys",
            sa.column("id", sa.Integer),
            sa.column("secret", sa.LargeBinary),
            sa.column("created", UTCDateTime),
        )
        op.bulk_insert(table, [{"id": 1, "secret": found, "created": now}])
    return bytes(found)
