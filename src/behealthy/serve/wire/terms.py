"""What all resources share: how strictly input is read, pages of a list, and the form of a problem."""

from __future__ import annotations

from typing import Annotated, Any, Generic, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

T = TypeVar("T")

_NO_CONTROL = r"^[^\x00-\x1f\x7f]*$"
Name = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=_NO_CONTROL, strip_whitespace=True)]
Id = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=_NO_CONTROL)]
Reason = Annotated[str, StringConstraints(min_length=1, max_length=1000, pattern=_NO_CONTROL, strip_whitespace=True)]
OffsetUnit = Literal["codepoint", "utf16"]
Facts = dict[str, Any]


class Given(BaseModel):
    """What comes in: a field that nobody knows is a fault, and so is a number that came as a string."""

    model_config = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False, hide_input_in_errors=True)


class Told(BaseModel):
    """What goes out."""

    model_config = ConfigDict(from_attributes=True, protected_namespaces=())


class Page(Told, Generic[T]):
    """A part of a list; ``next`` is the cursor of the next part, null at the end."""

    items: list[T]
    next: str | None


class Fault(Told):
    """One thing that is wrong with a request: where (a dotted path, empty for the whole), what kind, and in words."""

    path: str
    code: str
    message: str


class ProblemDetails(Told):
    """Why a request was refused (RFC 9457); never quotes what was sent."""

    type: str = Field(examples=["about:blank"])
    title: str
    status: int
    code: str
    path: str
    request_id: str
    errors: list[Fault]
