"""What senders choose is sealed: their ids of notes, names of files and records; sources are counted."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any

import sqlalchemy as sa
from alembic import op

from behealthy.errors import VaultError
from behealthy.store import tables
from behealthy.store.crypto import Vault

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_BATCH = 1000


def upgrade() -> None:
    """When called, it will seal the names that lie in the clear, with the key that the notes are sealed with.

    Raises
    ------
    VaultError
        When there are names, and the key of this database is not at hand.
    """
    op.create_table(
        "sources",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("at", tables.Instant(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )
    with op.batch_alter_table("quarantine", schema=None) as batch_op:
        batch_op.add_column(sa.Column("sealed_label", sa.LargeBinary(), nullable=True))
    op.add_column("notes", sa.Column("sealed_external_id", sa.LargeBinary(), nullable=True))
    _seal()
    op.alter_column("notes", "external_id", new_column_name="external_key")
    with op.batch_alter_table("quarantine", schema=None) as batch_op:
        batch_op.alter_column("sealed_label", existing_type=sa.LargeBinary(), nullable=False)
        batch_op.drop_column("faults")
        batch_op.drop_column("name")


def _seal() -> None:
    connection = op.get_bind()
    vault: Vault | None = None
    for rows in _batches("SELECT id, source, external_id FROM notes WHERE external_id IS NOT NULL"):
        vault = vault or _vault(connection)
        connection.execute(
            sa.text("UPDATE notes SET external_id = :key, sealed_external_id = :sealed WHERE id = :id"),
            [
                {
                    "id": id_,
                    "key": vault.tag("external id", source, given),
                    "sealed": vault.seal(given, f"external id:{id_}"),
                }
                for id_, source, given in rows
            ],
        )
    for rows in _batches("SELECT id, source, name, faults FROM quarantine"):
        vault = vault or _vault(connection)
        connection.execute(
            sa.text("UPDATE quarantine SET sealed_label = :sealed WHERE id = :id"),
            [
                {"id": id_, "sealed": vault.seal(json.dumps(_label(source, name, faults)), f"label:{id_}")}
                for id_, source, name, faults in rows
            ],
        )
    connection.execute(
        sa.text(
            "INSERT INTO sources (name, at) SELECT source, MIN(at) FROM (SELECT source, received_at AS at FROM notes"
            " UNION ALL SELECT source, at FROM quarantine) AS seen GROUP BY source"
        )
    )


def _label(source: str, name: str, faults: Any) -> dict[str, Any]:
    return {"source": source, "name": name, "faults": json.loads(faults) if isinstance(faults, str) else faults}


def _batches(query: str) -> Iterator[Sequence[Any]]:
    """Give the rows of a query, so many at a time; all are known before the first is changed."""
    rows = iter(op.get_bind().execute(sa.text(query)).all())
    while batch := list(islice(rows, _BATCH)):
        yield batch


def _vault(connection: sa.Connection) -> Vault:
    """Open the vault, which must be that of this database: what another key sealed would stay shut."""
    given = op.get_context().config
    vault: Vault | None = given.attributes["vault"]() if given is not None else None
    if vault is None:
        raise VaultError("the note key is needed to bring the tables to their newest form")
    known = connection.execute(sa.text("SELECT value FROM properties WHERE name = 'note key'")).scalar()
    if known is not None and known != vault.tag("note key"):
        raise VaultError("the note key is not that of this database: put back the one it was begun with")
    return vault
