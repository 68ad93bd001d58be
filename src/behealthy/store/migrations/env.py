"""How Alembic reaches the tables: on the connection that `Database.upgrade` hands over."""

from __future__ import annotations

from alembic import context

from behealthy.store.tables import Base


def _run() -> None:
    context.configure(
        connection=context.config.attributes["connection"],
        target_metadata=Base.metadata,
        render_as_batch=True,
        compare_type=True,
        user_module_prefix="tables.",
    )
    context.run_migrations()


if getattr(context, "config", None) is not None:  # only while Alembic runs it
    _run()
