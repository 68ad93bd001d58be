"""The key and the database belong together, and this is where that is seen: before a note is sealed with another key.

A database remembers a tag of the key it was begun with. Refuses to make a new key for a database that has one: what was
sealed would stay shut, and what comes would need two keys.
"""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from behealthy.errors import VaultError
from behealthy.store.crypto import Vault, open_vault
from behealthy.store.notes import opened
from behealthy.store.session import Database, add_once
from behealthy.store.tables import NoteRow, PropertyRow

_NAME = "note key"


def vault_of(database: Database, key_file: Path) -> Vault:
    """When called, it will open the vault of a database whose tables are up to date; a new one for a new database.

    Raises
    ------
    VaultError
        When the key cannot be used, is away, or is that of another database.
    StoreBusy, StoreError
    """
    with database.read() as session:
        known = session.get(PropertyRow, _NAME)
        begun = known is not None or session.scalar(select(NoteRow.id).limit(1)) is not None
    if begun and not key_file.exists():
        raise VaultError(f"note key {key_file} is away, and the database holds what was sealed with it; put it back")
    vault = open_vault(key_file, create=not begun)
    if known is None:
        with database.write() as session:
            _introduce(session, vault)
            known = session.get_one(PropertyRow, _NAME)
    if known.value != vault.tag(_NAME):
        raise VaultError(f"note key {key_file} is not that of this database: put back the one it was begun with")
    return vault


def _introduce(session: Session, vault: Vault) -> None:
    """Write the key's tag down, once; a key that opens no note of the database is not its key."""
    note = session.scalar(select(NoteRow).limit(1))
    if note is not None:
        opened(vault, note)
    add_once(session, PropertyRow, {"name": _NAME, "value": vault.tag(_NAME)})
