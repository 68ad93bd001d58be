"""Clinical notes in, diseases and their treatments out.

>>> import behealthy
>>> extractor = behealthy.load()
>>> extraction = extractor("Started metformin for type 2 diabetes.")
>>> [(e.text, e.type) for e in extraction.entities]
[('metformin', 'TREATMENT'), ('type 2 diabetes', 'DISEASE')]
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from behealthy.note import Entity, Extraction, Note, Relation

if TYPE_CHECKING:
    from behealthy.extract.extractor import Extractor

__all__ = ["Entity", "Extraction", "Note", "Relation", "__version__", "load"]
__version__ = "0.1.0"


def load(model: Path | str | None = None) -> Extractor:
    """Load an extractor: the shipped model, or the bundle in a folder.

    Raises
    ------
    behealthy.errors.BundleError
        When the folder is not a whole bundle of this or an earlier version.
    """
    from behealthy.registry import bundle

    return bundle.load(model)
