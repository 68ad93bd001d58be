"""The two streams of a command: results on standard output, everything else on standard error; and its exit codes.

The one module of the package that prints. Rich is imported only where something is drawn, so that a pipe never waits
for it. Refuses to show control characters: a file name or a note could otherwise speak to the terminal.
"""

from __future__ import annotations

import errno
import io
import json
import os
import re
import shutil
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING, Any

from behealthy.errors import Problem

if TYPE_CHECKING:
    from rich.console import Console, RenderableType
    from rich.table import Table

GOOD, FAILED, WRONG_CALL, REJECTS = range(4)

_FEW = 10  # things to do below which a progress bar only flickers
_SHOWN = 20  # notices in full; the rest are counted

_WHOLE = {"type", "match"}  # columns that are never cut
_WIDTH = 120  # columns where the output is no terminal and nobody says otherwise

# Lone surrogates are no UTF-8, and the three line ends that JSON lets pass break a line for readers that split on them.
_ESCAPED = re.compile("[\ud800-\udfff\u0085\u2028\u2029]")


def json_line(data: Any) -> str:
    """Give the value as one line of JSON, whatever is in its strings."""
    text = json.dumps(data, ensure_ascii=False, allow_nan=False)
    return _ESCAPED.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def printable(text: str) -> str:
    """Give the text on one line, with a sign in the place of what is not meant for the eye.

    >>> printable("a\\tb\\x1b[2J")
    'a b�[2J'
    """
    return "".join(c if c.isprintable() else "\ufffd" for c in " ".join(text.split()))


def write(text: str) -> None:
    """When called, it will write a result as UTF-8 whatever the terminal's own encoding, line ends as they are."""
    if sys.stdout is None:  # whoever called closed it
        raise OSError(errno.EBADF, "it is closed", "standard output")
    sys.stdout.flush()
    stream: IO[bytes] = sys.stdout.buffer
    stream.write(text.encode("utf-8", "backslashreplace"))
    stream.flush()


def let_go() -> None:
    """When called, it will drop what standard output could not take.

    Python would try once more at its end, fail again, and give an exit code of its own.
    """
    if sys.stdout is None:
        return
    try:
        sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def write_json(data: Any) -> None:
    """When called, it will write a result as indented JSON."""
    text = json.dumps(data, ensure_ascii=False, allow_nan=False, indent=2)
    write(_ESCAPED.sub(lambda found: f"\\u{ord(found[0]):04x}", text) + "\n")


def say(message: str) -> None:
    """When called, it will tell whoever runs the command something that is not a result."""
    if sys.stderr is None:  # whoever called does not want to know
        return
    lines = [printable(line) for line in message.splitlines()]
    sys.stderr.write("".join(f"{line}\n" for line in lines))
    sys.stderr.flush()


def error(message: str) -> None:
    """When called, it will say what went wrong."""
    say(f"error: {message}")


def report(problems: Sequence[Problem], notices: Sequence[Problem] = ()) -> None:
    """When called, it will list what was left out, all of it, and what is worth knowing, the first of it."""
    for notice in notices[:_SHOWN]:
        say(f"notice: {notice}")
    if len(notices) > _SHOWN:
        say(f"notice: ... and {len(notices) - _SHOWN:,} more like these")
    for problem in problems:
        say(f"rejected: {problem}")


def watched() -> bool:
    """Tell whether somebody watches: then progress is drawn, else it would only fill a log."""
    return sys.stderr is not None and sys.stderr.isatty()


def console(*, stderr: bool = False) -> Console:
    """Give a Rich console on one of the streams; its markup is off, so that brackets in a note stay brackets."""
    from rich.console import Console

    stream = sys.stderr if stderr else sys.stdout
    if stream is None:
        raise OSError(errno.EBADF, "it is closed", "standard error" if stderr else "standard output")
    if isinstance(stream, io.TextIOWrapper):
        stream.reconfigure(errors="replace")  # an old encoding must not stop a table
    width = None if stream.isatty() else shutil.get_terminal_size((_WIDTH, 40)).columns
    return Console(file=stream, width=width, markup=False, highlight=False, emoji=False)


def show(what: RenderableType, *, stderr: bool = False) -> None:
    """When called, it will draw something on a stream."""
    console(stderr=stderr).print(what)


def drawn(what: RenderableType) -> str:
    """Give what would be drawn as plain text, for a file."""
    from rich.console import Console

    page = Console(width=_WIDTH, markup=False, highlight=False, emoji=False, color_system=None, force_terminal=False)
    with page.capture() as captured:
        page.print(what)
    return captured.get()


def table(*columns: str, numbers: Sequence[str] = (), title: str | None = None) -> Table:
    """Give an empty table in the house style; the columns named in `numbers` are set to the right."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table
    from rich.text import Text

    out = Table(box=SIMPLE_HEAD, title=Text(title) if title else None, title_justify="left", title_style="bold")
    for column in columns:
        number = column in numbers
        fold = column not in _WHOLE and not number
        out.add_column(column, justify="right" if number else "left", no_wrap=not fold, overflow="fold")
    return out


@contextmanager
def bar(total: int, what: str) -> Iterator[Callable[[str], None]]:
    """Show a progress bar on a terminal while many things are done; gives what to call, with a word, after each."""
    if total < _FEW or not watched():
        yield lambda _: None
        return
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[word]}", markup=False),
    )
    with Progress(*columns, console=console(stderr=True), transient=True) as progress:
        task = progress.add_task(what, total=total, word="")
        yield lambda word: progress.update(task, advance=1, word=word)
