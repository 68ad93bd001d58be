"""``behealthy data``, the part that works on the store: notes in, the quarantine, snapshots."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from getpass import getuser
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from behealthy.cli import terminal
from behealthy.cli.options import CorpusFormat, JsonOption, LabelsOption, MapOption, MapsCommand, label_map
from behealthy.settings import Settings

if TYPE_CHECKING:
    from behealthy.data.contract import Raw
    from behealthy.data.quarantine import Label
    from behealthy.flows.ingest import Taken
    from behealthy.flows.system import System
    from behealthy.store.tables import QuarantineRow, SnapshotRow

quarantine = typer.Typer(no_args_is_help=True, help="What broke the contract, and what becomes of it.")

QuarantineId = Annotated[str, typer.Argument(metavar="ID", help="As `behealthy data quarantine list` shows it.")]
SnapshotId = Annotated[str, typer.Argument(metavar="SNAPSHOT", help="Its id, or the first digits.")]
StateOption = Annotated[str, typer.Option("--state", help="held, replayed, dropped or all.")]


@contextmanager
def opened() -> Iterator[System]:
    """Give the system's parts while a command runs.

    Raises
    ------
    StoreError, VaultError
    """
    from behealthy.flows.system import System

    system = System.open(Settings.from_environment())
    try:
        yield system
    finally:
        system.close()


def who() -> str:
    """Give the name that acts of the command line are kept under."""
    try:
        return f"cli:{getuser()}"
    except (KeyError, OSError):  # a user id without a name
        return "cli"


def note_down(system: System, action: str, object: str) -> None:
    """When called, it will write into the audit trail what the command does to patient data."""
    from behealthy.store.audit import Act, record

    with system.database.write() as session:
        record(session, system.vault, Act(who(), action, object), now=system.now())


def ingest(
    paths: Annotated[list[Path], typer.Argument(metavar="PATH...", help="Files of notes, or folders of them.")],
    source: Annotated[str, typer.Option("--source", "-s", help="Whose notes these are: a clinic, a feed.")],
    format: Annotated[
        str | None, typer.Option("--format", "-f", help="text, csv, jsonl or fhir; by default as the names say.")
    ] = None,
    json: JsonOption = False,
) -> None:
    """Take notes into the store; what breaks the contract is held in the quarantine."""
    from behealthy.data.intake import KINDS
    from behealthy.flows.ingest import Sender, take_in
    from behealthy.flows.reading import Reading

    if format is not None and format not in KINDS:
        raise typer.BadParameter(f"{format!r} is none of {', '.join(KINDS)}", param_hint="--format")
    with opened() as system:
        sender = Sender(source, who(), gold=True)
        taken = take_in(system, _records(paths, format), sender, after=Reading(system, source))
    _report(taken, json)


def import_(
    path: Annotated[Path, typer.Argument(metavar="PATH", help="Annotated documents: a file or a folder.")],
    format: Annotated[CorpusFormat, typer.Option("--format", "-f", help=f"One of {', '.join(CorpusFormat)}.")],
    source: Annotated[str, typer.Option("--source", "-s", help="Whose documents these are.")],
    maps: MapOption = None,
    labels: LabelsOption = None,
    json: JsonOption = False,
) -> None:
    """Take annotated documents into the store: notes with gold to learn from."""
    from behealthy.cli.options import read
    from behealthy.flows.ingest import import_gold

    with opened() as system:
        corpus = read(path, format, label_map(maps, labels), system.settings)
        taken = import_gold(system, corpus.documents, source=source, by=who())
    _report(taken, json)
    if corpus.problems:
        raise typer.Exit(terminal.REJECTS)


def _records(paths: list[Path], format: str | None) -> Iterator[Raw]:
    from behealthy.data.intake import kind_of_name, read

    for path in paths:
        inside = sorted(p for p in path.rglob("*") if p.is_file() and kind_of_name(p.name)) if path.is_dir() else [path]
        for file in inside:
            yield from read(file.read_bytes(), format or kind_of_name(file.name) or "unknown", file.name)


def _report(taken: Taken, json: bool) -> None:
    counts = {"stored": taken.stored, "known": taken.known, "held": taken.held}
    if json:
        terminal.write_json({**counts, "items": [fate.to_json() for fate in taken.fates]})
    else:
        terminal.say(", ".join(f"{n:,} {what}" for what, n in counts.items()))
        for fate in taken.fates:
            for fault in fate.faults:
                terminal.say(f"held as {fate.quarantine_id}: {fault}")
    if taken.held:
        raise typer.Exit(terminal.REJECTS)


@quarantine.command("list", epilog="Example: behealthy data quarantine list --state all")
def list_(state: StateOption = "held", json: JsonOption = False) -> None:
    """List what is held, newest first."""
    from behealthy.data.quarantine import label, listed

    with opened() as system, system.database.read() as session:
        rows = listed(session, state=None if state == "all" else state, limit=1000)
        labels = [label(system.vault, row) for row in rows]
    if json:
        terminal.write_json({"items": [_held(*each) for each in zip(rows, labels, strict=True)]})
        return
    table = terminal.table("id", "since", "source", "record", "reason", "state", numbers=())
    for row, said in zip(rows, labels, strict=True):
        cells = (row.id, f"{row.at:%Y-%m-%d %H:%M}", row.source, said.name, row.code, row.state)
        table.add_row(*map(terminal.printable, cells))
    terminal.show(table)


@quarantine.command(epilog="Example: behealthy data quarantine show q_01... --payload")
def show(
    id: QuarantineId,
    payload: Annotated[bool, typer.Option("--payload", help="Show what was sent; it may be a patient's.")] = False,
) -> None:
    """Show why a record is held."""
    from behealthy.data import quarantine as room

    with opened() as system:
        if payload:
            note_down(system, "read", f"quarantine:{id}")
        with system.database.read() as session:
            row = room.get(session, id)
        terminal.write_json(_held(row, room.label(system.vault, row)))
        if payload:
            terminal.write(room.payload(system.vault, row).decode("utf-8", "replace") + "\n")


@quarantine.command(epilog="Example: behealthy data quarantine replay q_01... --from mended.json")
def replay(
    id: QuarantineId,
    from_: Annotated[Path | None, typer.Option("--from", help="The record as it should have been.")] = None,
) -> None:
    """Try a held record again, mended where a file is given."""
    from behealthy.flows.ingest import replay as again
    from behealthy.flows.reading import Reading

    with opened() as system:
        payload = None if from_ is None else from_.read_bytes()
        fate = again(system, id, by=who(), payload=payload, gold=True, after=lambda source: Reading(system, source))
    terminal.say(f"{id} is note {fate.note_id} now")


@quarantine.command(epilog="Example: behealthy data quarantine drop q_01...")
def drop(id: QuarantineId) -> None:
    """Give up a held record; what was sent is forgotten."""
    from behealthy.data import quarantine as room
    from behealthy.store.audit import Act, record

    with opened() as system, system.database.write() as session:
        room.drop(session, id, by=who(), now=system.now())
        record(session, system.vault, Act(who(), "drop", f"quarantine:{id}"), now=system.now())
    terminal.say(f"{id} is dropped")


def snapshot(json: JsonOption = False) -> None:
    """Freeze the gold of today: what a model can be trained on, for ever the same."""
    from behealthy.data.snapshot import take

    with opened() as system:
        note_down(system, "freeze", "gold")
        row = take(system.database, system.vault, now=system.now())
    _show_snapshots([row], json)


def snapshots(json: JsonOption = False) -> None:
    """List the snapshots, newest first."""
    from behealthy.data.snapshot import listed

    with opened() as system, system.database.read() as session:
        rows = list(listed(session))
    _show_snapshots(rows, json)


def diff(first: SnapshotId, second: SnapshotId) -> None:
    """Compare two snapshots, by note id."""
    from dataclasses import asdict

    from behealthy.data.snapshot import difference

    with opened() as system, system.database.read() as session:
        terminal.write_json(asdict(difference(session, first, second)))


def _show_snapshots(rows: list[SnapshotRow], json: bool) -> None:
    if json:
        terminal.write_json({"items": [_snapshot(row) for row in rows]})
        return
    table = terminal.table("snapshot", "taken", "documents", "parts", "leaks", numbers=("documents",))
    for row in rows:
        parts = ", ".join(f"{part} {n}" for part, n in row.parts.items())
        leaks = f"{row.leaks['copies_left_out']} copies left out, {len(row.leaks['nearly_the_same'])} nearly the same"
        table.add_row(row.id[:12], f"{row.at:%Y-%m-%d %H:%M}", f"{row.documents:,}", parts, leaks)
    terminal.show(table)


def _snapshot(row: SnapshotRow) -> dict[str, Any]:
    names = ("id", "parent", "documents", "parts", "leaks", "lineage")
    return {**{name: getattr(row, name) for name in names}, "at": row.at.isoformat()}


def _held(row: QuarantineRow, label: Label) -> dict[str, Any]:
    names = ("id", "source", "code", "kind", "size_bytes", "state", "note_id", "decided_by")
    facts = {name: getattr(row, name) for name in names}
    return {**facts, "name": label.name, "faults": label.faults, "at": row.at.isoformat()}


def add_to(app: typer.Typer) -> None:
    """When called, it will put these commands beside the others of ``behealthy data``."""
    app.command(epilog="Example: behealthy data ingest visits.csv --source ward-7")(ingest)
    app.command("import", cls=MapsCommand, epilog="Example: behealthy data import notes/ -f brat -s ours")(import_)
    app.command(epilog="Example: behealthy data snapshot")(snapshot)
    app.command(epilog="Example: behealthy data snapshots --json")(snapshots)
    app.command(epilog="Example: behealthy data diff 3f2a 91bc")(diff)
    app.add_typer(quarantine, name="quarantine", short_help="What broke the contract.")
