"""A text as it is: one note, the whole of what was sent."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePath

from behealthy.data.contract import Raw
from behealthy.data.text import decode
from behealthy.errors import ContractError, UnreadableFile


def read(data: bytes, name: str) -> Iterator[Raw]:
    """When called, it will give the one note; a file's name without its ending is its id."""
    try:
        text = utf8(data)
    except ContractError as exc:
        yield Raw(name, "text", data, refused=ContractError(exc.code, [f"{name}: {exc}"]))
        return
    yield Raw(name, "text", data, {"text": text, "id": PurePath(name).stem})


def utf8(data: bytes) -> str:
    """When called, it will give bytes as text; other encodings are not guessed, a wrong guess would be learned from.

    Raises
    ------
    ContractError
        With the code ``encoding``, when they are not UTF-8 or hold NUL bytes.
    """
    try:
        text, assumed = decode(data)
    except UnreadableFile as exc:
        raise ContractError("encoding", [str(exc)]) from exc
    if assumed is not None:
        raise ContractError("encoding", [f"{assumed.partition(';')[0]}; send it as UTF-8"])
    return text
