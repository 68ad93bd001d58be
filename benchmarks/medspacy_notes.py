"""Read notes with medSpaCy, in an environment of its own: called by ``benchmarks.pipeline``, never by people.

Takes one JSON object on standard input, ``{"terms": [[name, label], ...], "notes": [...], "repeats": n}``, and gives
``{"load_s", "seconds": [...], "entities"}``. Imports nothing of this project, which is not installed there.
"""

import json
import sys
import time


def main() -> None:
    """When called, it will read all notes as often as asked and print how long each reading took."""
    import medspacy
    from medspacy.target_matcher import TargetRule

    given = json.load(sys.stdin)
    begin = time.perf_counter()
    nlp = medspacy.load()
    nlp.add_pipe("medspacy_sectionizer")
    nlp.get_pipe("medspacy_target_matcher").add([TargetRule(name, label) for name, label in given["terms"]])
    loaded = time.perf_counter() - begin
    seconds, entities = [], 0
    for _ in range(given["repeats"]):
        begin = time.perf_counter()
        entities = sum(len(nlp(note).ents) for note in given["notes"])
        seconds.append(time.perf_counter() - begin)
    print(json.dumps({"load_s": loaded, "seconds": seconds, "entities": entities, "pipes": nlp.pipe_names}))


if __name__ == "__main__":
    main()
