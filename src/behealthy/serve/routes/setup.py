"""What is left to do before the system earns its keep, as far as the system itself can tell."""

from __future__ import annotations

from fastapi import APIRouter
from sqlalchemy import ColumnExpressionArgument, exists, select
from sqlalchemy.orm import Session

from behealthy.flows import demo, inbox
from behealthy.serve.desk import Called
from behealthy.serve.wire.people import FirstSteps
from behealthy.store.tables import Base, BaselineRow, KeyRow, NoteRow, UserRow

router = APIRouter(tags=["admin"])

_BROUGHT = (inbox.SOURCE, "upload")  # sources that nobody has in a demo; programs come with a key
_REVIEWS = (UserRow.role == "reviewer", UserRow.active, UserRow.password_hash.is_not(None))
_SENDS = {"extract", "notes:write", "admin"}


@router.get("/first-steps")
def get_first_steps(desk: Called) -> FirstSteps:
    """Say which of the first steps are done: a source, a reviewer, alert channels, baselines."""
    settings = desk.system.settings
    with desk.system.database.read() as session:
        return FirstSteps(
            source=_has_source(session),
            reviewer=_has(session, UserRow, *_REVIEWS),
            alerts=bool(settings.alert_urls),
            baseline=_has(session, BaselineRow, BaselineRow.by != demo.BY),
            inbox=str(settings.inbox),
            # Of an address of Apprise only its kind may be shown: the rest may hold a password.
            channels=sorted({url.partition("://")[0] for url in settings.alert_urls}),
        )


def _has_source(session: Session) -> bool:
    """Say whether notes came from somewhere, not only from the demo or from the page where one pastes them."""
    used = session.scalars(select(KeyRow.scopes).where(KeyRow.used_at.is_not(None)))
    return any(_SENDS & set(scopes) for scopes in used) or _has(session, NoteRow, NoteRow.source.in_(_BROUGHT))


def _has(session: Session, table: type[Base], *where: ColumnExpressionArgument[bool]) -> bool:
    return session.scalar(select(exists(select(table).where(*where)))) or False
