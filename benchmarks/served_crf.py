"""What `mlflow models serve` serves in `benchmarks.serving`: a CRF of sklearn-crfsuite as a model of MLflow's own kind.

MLflow runs this file when it loads the model ("models from code"); texts come in, entities go out.
"""

from __future__ import annotations

from typing import Any

import mlflow
import sklearn_crfsuite

from behealthy.note import DISEASE, TREATMENT, Extraction
from benchmarks.rivals import read_with_crf


class ServedCrf(mlflow.pyfunc.PythonModel):  # type: ignore[misc]
    """Reads notes with a CRF whose file comes with the model."""

    def load_context(self, context: Any) -> None:
        """Open the CRF."""
        self.crf = sklearn_crfsuite.CRF(model_filename=context.artifacts["crf"])

    def predict(self, context, model_input, params=None):  # type: ignore[no-untyped-def] # noqa: ARG002
        """Give the entities of each text."""
        notes = [Extraction("", text) for text in model_input["text"]]
        return [
            [{"start": e.start, "end": e.end, "text": e.text, "type": e.type} for e in found.entities]
            for found in read_with_crf(self.crf, notes, [DISEASE, TREATMENT])
        ]


mlflow.models.set_model(ServedCrf())
