"""Write the migration that takes the newest tables that are recorded to those that `store.tables` describes.

Usage: python tools/migration.py 0002 "what it is for"
"""

import sys
import tempfile
from pathlib import Path

from alembic import command
from alembic.config import Config

from behealthy.store.session import Database

MIGRATIONS = Path(__file__).resolve().parent.parent / "src" / "behealthy" / "store" / "migrations"


def main(number: str, message: str) -> None:
    """When called, it will compare the recorded tables with the described ones and write the difference down."""
    with tempfile.TemporaryDirectory() as folder:
        database = Database(f"sqlite:///{folder}/recorded.db")
        if any((MIGRATIONS / "versions").glob("v*.py")):
            database.upgrade()
        config = Config()
        config.set_main_option("script_location", str(MIGRATIONS))
        config.set_main_option("file_template", "v%%(rev)s_%%(slug)s")
        with database.engine.connect() as connection:
            config.attributes["connection"] = connection
            command.revision(config, message, autogenerate=True, rev_id=number)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
