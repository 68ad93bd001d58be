"""The parts that every flow works with, put together in one place: settings, database, vault, and the time.

A flow takes a `System` and nothing else from outside, so that a test or a simulation can give it another database or
another clock. This module refuses to do anything with the parts.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial

from behealthy.settings import Settings
from behealthy.store.crypto import Vault, open_vault
from behealthy.store.fit import vault_of
from behealthy.store.session import Database

Clock = Callable[[], datetime]


def utc_now() -> datetime:
    """When called, it will give the time, in UTC."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class System:
    """What a process of ours holds; made once at its start.

    Attributes
    ----------
    now : callable
        Gives the time; a simulation's runs faster.
    """

    settings: Settings
    database: Database
    vault: Vault
    now: Clock = utc_now

    @classmethod
    def open(cls, settings: Settings, now: Clock = utc_now) -> System:
        """When called, it will open the store that the settings name, making and upgrading what is not there.

        Raises
        ------
        StoreError
            When the database is away or of a later version.
        VaultError
            When the note key cannot be used.
        OSError
            When the home folder cannot be made.
        """
        settings.home.mkdir(mode=0o700, parents=True, exist_ok=True)  # hashes of passwords, ids of notes
        database = Database(settings.database_url)
        database.upgrade(partial(open_vault, settings.note_key_file, create=False))
        vault = vault_of(database, settings.note_key_file)
        return cls(settings, database, vault, now)

    def close(self) -> None:
        """When called, it will let go of the database."""
        self.database.close()
