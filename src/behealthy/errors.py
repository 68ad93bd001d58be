"""Every error that this package raises on purpose.

    BeHealthyError
    ├── BadInput                what came in cannot be used
    │   ├── UnreadableFile      bytes are not text, too large, or the file is away
    │   ├── FormatError         a file is not what its format says (carries file, line, reason)
    │   ├── LabelError          a label or type that no map names
    │   ├── ContractError       a note does not keep the contract (carries code and faults)
    │   └── SettingsError       the environment asks for what cannot be (carries every fault)
    ├── BundleError             a model or dictionary folder cannot be used
    │   ├── DamagedBundle       incomplete, truncated, or its hashes do not match
    │   ├── ForeignBundle       not one of ours, or of another kind
    │   └── NewerBundle         written by a later version of this package
    ├── TrainingError           no model can come of this
    ├── TrackingError           the experiment tracker or the registry refused or is away
    ├── StoreError              the database is away, broken or full, or facts contradict each other
    │   └── StoreBusy           another process writes; the same call may do later
    ├── VaultError              what is sealed cannot be opened, or its key not be used
    ├── NotThere                nothing has this id
    ├── Conflict                somebody else was faster, or the thing is not in the state that this needs
    ├── Unrecognised            nobody knows who calls: a password, a key or a link that is wrong or over
    ├── NotAllowed              who calls is known and may not do this
    ├── TooMany                 too often (carries retry_after_s)
    └── StartError              the system cannot start: a port is taken, a part is missing

Messages name the thing, its owner and the value, and never quote a note. Errors of libraries are mapped here at the
edge with ``raise ... from exc``; only the command line and the HTTP handler turn errors into exit codes and statuses.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


class BeHealthyError(Exception):
    """The root: catch this to catch everything that is ours."""


class BadInput(BeHealthyError):
    """What came in cannot be used."""


class UnreadableFile(BadInput):
    """The bytes are not text, are too many, or are not there."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One fault in a file: where and why. ``line`` counts from 1; 0 means the file as a whole."""

    path: str
    line: int
    reason: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.reason}" if self.line else f"{self.path}: {self.reason}"


class FormatError(BadInput):
    """A file is not what its format says; carries every fault that was found."""

    def __init__(self, problems: list[Problem] | Problem) -> None:
        self.problems = [problems] if isinstance(problems, Problem) else problems
        shown = "\n".join(str(p) for p in self.problems[:20])
        more = len(self.problems) - 20
        super().__init__(shown + (f"\n... and {more} more" if more > 0 else ""))


class LabelError(BadInput):
    """A label or type that no map names."""


class SettingsError(BadInput):
    """The environment asks for what cannot be; carries every fault that was found."""

    def __init__(self, problems: list[str]) -> None:
        self.problems = problems
        super().__init__("\n".join(problems))


class ContractError(BadInput):
    """A note does not keep the contract; ``code`` names the first fault, ``faults`` says all, without words of it."""

    def __init__(self, code: str, faults: list[str]) -> None:
        self.code = code
        self.faults = faults
        super().__init__("; ".join(faults))


class BundleError(BeHealthyError):
    """A model or dictionary folder cannot be used."""

    def __init__(self, path: Path | str, reason: str) -> None:
        self.path = str(path)
        self.reason = reason
        super().__init__(f"bundle {self.path}: {reason}")


class DamagedBundle(BundleError):
    """Incomplete, truncated, or its hashes do not match."""


class ForeignBundle(BundleError):
    """Not one of ours, or of another kind than asked for."""


class NewerBundle(BundleError):
    """Written by a later version of this package."""


class TrainingError(BeHealthyError):
    """No model can come of this."""


class TrackingError(BeHealthyError):
    """The experiment tracker refused or is away."""


class StoreError(BeHealthyError):
    """The database is away, broken or full, or facts contradict each other; never quotes a value."""


class StoreBusy(StoreError):
    """Another process writes; the same call may do later."""


class VaultError(BeHealthyError):
    """What is sealed cannot be opened, or its key not be used."""


class NotThere(BeHealthyError):
    """Nothing has this id."""


class Conflict(BeHealthyError):
    """Somebody else was faster, or the thing is not in the state that this needs."""


class Unrecognised(BeHealthyError):
    """Nobody knows who calls."""


class NotAllowed(BeHealthyError):
    """Who calls is known and may not do this."""


class TooMany(BeHealthyError):
    """Too often; the same call may do after ``retry_after_s`` seconds."""

    def __init__(self, retry_after_s: int) -> None:
        self.retry_after_s = retry_after_s
        super().__init__(f"too many calls; try again in {retry_after_s} s")


class StartError(BeHealthyError):
    """The system cannot start: a port is taken, a part is missing."""
