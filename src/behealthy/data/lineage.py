"""Which documents a model comes from: hashes that tell, and never a text.

A model's manifest carries the fingerprints of all that it learned from, so that nobody judges it, or stacks another
model on it, with documents it has seen. A fingerprint is of the words alone: white space and case do not hide a copy.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from behealthy.note import Extraction, to_json

_SHORTEST = 40  # letters and digits


def data_hash(documents: Sequence[Extraction]) -> str:
    """SHA-256 of texts and annotations in order; equal documents have equal hashes on every machine."""
    digest = hashlib.sha256()
    for document in documents:
        digest.update(json.dumps(to_json(document), sort_keys=True, ensure_ascii=True).encode())
        digest.update(b"\n")
    return digest.hexdigest()


def fingerprint(text: str) -> str:
    """48 bits of a text's words, as 12 hexadecimal digits."""
    words = "".join(c for c in text.casefold() if c.isalnum())
    return hashlib.blake2b(words.encode("utf-8", "surrogatepass"), digest_size=6, person=b"seen").hexdigest()


def fingerprints(documents: Iterable[Extraction]) -> list[str]:
    """The fingerprints of documents, each once, in order; none of those too short to be anybody's own."""
    return sorted({fingerprint(d.text) for d in documents if _telling(d.text)})


def seen(facts: Mapping[str, Any], documents: Sequence[Extraction]) -> int:
    """How many of the documents the model with these facts has learned from, as far as its manifest tells."""
    known = set(facts.get("data", {}).get("seen", ()))
    return sum(_telling(d.text) and fingerprint(d.text) in known for d in documents)


def _telling(text: str) -> bool:
    """Whether two documents with this text are copies; "No fever." is written by everybody."""
    return sum(c.isalnum() for c in text) >= _SHORTEST
