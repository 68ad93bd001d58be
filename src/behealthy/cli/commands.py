"""The tree of commands, and the one place where errors become messages and exit codes."""

from __future__ import annotations

import logging
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from behealthy import __version__
from behealthy.cli import data, flows, kpi, models, terminal, up, users
from behealthy.cli.assertion import assert_
from behealthy.cli.demo import demo_feed
from behealthy.cli.doctor import doctor
from behealthy.cli.evaluate import evaluate
from behealthy.cli.extract import extract
from behealthy.cli.options import MapsCommand
from behealthy.cli.simulate import simulate
from behealthy.cli.train import train
from behealthy.errors import BeHealthyError, LabelError, SettingsError


class Commands(TyperGroup):
    """The commands; what they raise becomes one message and an exit code, never a traceback."""

    def invoke(self, ctx: Any) -> Any:
        """When called, it will run the command that the arguments name."""
        try:
            return super().invoke(ctx)
        except (LabelError, SettingsError) as exc:
            terminal.error(str(exc))
            raise typer.Exit(terminal.WRONG_CALL) from exc
        except BeHealthyError as exc:
            terminal.error(str(exc))
            raise typer.Exit(terminal.FAILED) from exc
        except BrokenPipeError:
            raise  # whoever read us has seen enough
        except OSError as exc:
            terminal.let_go()
            terminal.error(f"{exc.filename or 'the system'}: {exc.strerror or exc}")
            raise typer.Exit(terminal.FAILED) from exc


app = typer.Typer(
    cls=Commands,
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,  # they show local variables, and those hold notes
    help="Clinical notes in, diseases and their treatments out.",
    epilog="Example: echo 'Started metformin for type 2 diabetes.' | behealthy extract -",
)


def _version(wanted: bool) -> None:
    if wanted:
        terminal.write(f"behealthy {__version__}\n")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[  # noqa: ARG001 -- its callback does it
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """Hold the options that come before a command."""
    # Python writes warnings that nobody takes to the terminal; a command says there what it has to say.
    ours = logging.getLogger("behealthy")
    if not ours.handlers:
        ours.addHandler(logging.NullHandler())


app.command(
    short_help="Find the diseases and treatments in notes.",
    epilog="Example: behealthy extract notes/ --format html --output notes.html",
)(extract)
app.command(
    "assert",
    short_help="Say of given spans whether they are present, negated, a relative's ...",
    epilog="Example: behealthy assert --text 'Denies fever.' --start 7 --end 12",
)(assert_)
app.command(
    cls=MapsCommand,
    short_help="Train a model and judge it on unseen documents.",
    epilog="Example: behealthy train notes/ --format brat --folds 5 --name ours",
)(train)
app.command(
    cls=MapsCommand,
    short_help="Compare a model with annotated documents.",
    epilog="Example: behealthy evaluate notes/ --format brat --model ours --json",
)(evaluate)
app.add_typer(data.app, name="data", short_help="Take in notes, freeze gold, convert and count documents.")
app.add_typer(models.app, name="models", short_help="Show the models at hand.")
app.add_typer(kpi.app, name="kpi", short_help="Say what the system is worth.")
app.command(short_help="Say what is wrong and how to mend it.", epilog="Example: behealthy doctor")(doctor)
app.command(
    short_help="Run the whole system; --demo with example notes.", epilog="Example: behealthy up --demo --port 8700"
)(up.up)
app.command(short_help="Run the application alone.", epilog="Example: behealthy serve --host 0.0.0.0")(up.serve)
app.command(short_help="Run a worker alone.", epilog="Example: behealthy worker")(up.worker)
app.add_typer(flows.app, name="flows", short_help="Durable work: list, show, run, cancel.")
app.add_typer(users.users, name="users", short_help="People who may log in.")
app.add_typer(users.keys, name="keys", short_help="Keys for programs.")
app.add_typer(users.audit, name="audit", short_help="Who did what to which patient data.")


app.command(short_help="Play the whole loop through, in minutes.", epilog="Example: behealthy simulate --examples")(
    simulate
)


app.command("demo-feed", short_help="Send a demo notes of another kind.", epilog="Example: behealthy demo-feed")(
    demo_feed
)


@app.command(short_help="Describe the HTTP API.", epilog="Example: behealthy openapi > openapi.json")
def openapi() -> None:
    """Print the OpenAPI document of the HTTP API, from which clients are made."""
    from behealthy.serve.openapi import document

    terminal.write_json(document())
