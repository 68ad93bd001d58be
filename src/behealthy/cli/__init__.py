"""The command line: one verb a stage of the loop, without logic of its own.

Results go to standard output, everything else to standard error. Exit codes: 0 good, 1 the work failed, 2 wrong call,
3 done, but something was left out. What a command needs is imported when it runs, so that each starts fast.
"""

from __future__ import annotations

from behealthy.cli.commands import app

__all__ = ["app", "main"]


def main() -> None:
    """Run the command that the process was called with."""
    app(prog_name="behealthy")
