"""The training of a model, as a story: snapshot, train, evaluate, gate, register, promote.

Each step is a plain function of the system and the training's id. What it finds out it writes down, in the training's
row and folder, so that doing it again changes nothing and another process can go on where one died. MLflow may be away
until the candidate is registered.

    (public face; the steps' bodies follow)
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from behealthy.flows.system import System

Trigger = Literal["drift", "gold", "person"]
Stage = Literal["snapshot", "train", "evaluate", "gate", "register", "promote"]


@dataclass(frozen=True, slots=True)
class Request:
    """Somebody, or the watch, asks for a model.

    Attributes
    ----------
    id : str
        Of the training and of its workflow: the same request twice is one training.
    trigger : str
        ``drift``, ``gold`` or ``person``.
    by : str
        Who asks: a user's name, or ``watch``.
    """

    id: str
    trigger: Trigger
    by: str
    reason: str


def request(system: System, asked: Request) -> dict[str, Any]:
    """When called, it will write the request down, state ``waiting``, unless it is there; and give `facts`."""
    raise NotImplementedError


def take_snapshot(system: System, training_id: str) -> str:
    """When called, it will freeze the gold to learn from and to judge by, and give the snapshot's id."""
    raise NotImplementedError


def fit(system: System, training_id: str) -> str:
    """When called, it will train the candidate, leave its bundle at ``models/<version>``, and give its version."""
    raise NotImplementedError


def evaluate(system: System, training_id: str) -> None:
    """When called, it will let champion and candidate read the same frozen notes and write down what came of it."""
    raise NotImplementedError


def judge(system: System, training_id: str) -> str:
    """When called, it will give the gate's verdict (promote, keep, inconclusive) and write the dossier."""
    raise NotImplementedError


def register(system: System, training_id: str) -> None:
    """When called, it will put the candidate into the registry, as challenger; TrackingError when MLflow is away."""
    raise NotImplementedError


def promote(system: System, training_id: str) -> bool:
    """When called, it will serve the candidate when the verdict says so, and say whether it does."""
    raise NotImplementedError


def finish(system: System, training_id: str) -> dict[str, Any]:
    """When called, it will close the training, state ``done``."""
    raise NotImplementedError


def fail(system: System, training_id: str, failure: BaseException) -> dict[str, Any]:
    """When called, it will close the training, state ``failed``, raise the alert, and say why without words of notes."""
    raise NotImplementedError


def facts(system: System, training_id: str) -> dict[str, Any]:
    """When called, it will give the training's row as plain values; NotThere when there is none."""
    raise NotImplementedError


STEPS: tuple[tuple[Stage, Callable[[System, str], Any]], ...] = (
    ("snapshot", take_snapshot),
    ("train", fit),
    ("evaluate", evaluate),
    ("gate", judge),
    ("register", register),
    ("promote", promote),
)


def train(system: System, asked: Request) -> dict[str, Any]:
    """When called, it will do the whole story; called again with the same request, what is left of it."""
    request(system, asked)
    for _, step in STEPS:
        step(system, asked.id)
    return finish(system, asked.id)
