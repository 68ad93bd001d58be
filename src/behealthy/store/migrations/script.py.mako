"""${message}."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from behealthy.store import tables

revision = ${repr(up_revision)}
down_revision = ${repr(down_revision)}
branch_labels = None
depends_on = None


def upgrade() -> None:
    """When called, it will make the tables as this version has them."""
    ${upgrades if upgrades else "pass"}


def downgrade() -> None:
    """When called, it will make the tables as the version before had them."""
    ${downgrades if downgrades else "pass"}
