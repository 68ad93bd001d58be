"""What medspaCy says of marked concepts: reads JSON rows from its input, writes JSON rows to its output.

Runs in an environment of its own that does not hold this package: ``.venv-medspacy/bin/python``. Pipeline and rules
are medspaCy's defaults but for its target matcher; the concept is given.
"""

import json
import sys

import medspacy
from spacy.util import filter_spans


def main() -> None:
    """Judge each (text, start, end) in its own text."""
    nlp = medspacy.load(medspacy_enable=["medspacy_pyrush", "medspacy_context"])
    context = nlp.get_pipe("medspacy_context")
    rows = json.load(sys.stdin)
    out = []
    for text, start, end in rows:
        doc = nlp.make_doc(text)
        doc = nlp.get_pipe("medspacy_pyrush")(doc)
        span = doc.char_span(start, end, label="CONCEPT", alignment_mode="expand")
        doc.ents = filter_spans([span])
        doc = context(doc)
        entity = doc.ents[0]
        out.append({"negated": bool(entity._.is_negated), "historical": bool(entity._.is_historical)})
    json.dump({"version": medspacy.__version__, "rows": out}, sys.stdout)


if __name__ == "__main__":
    main()
