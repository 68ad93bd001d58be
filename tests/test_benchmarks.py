"""The parts of the benchmarks that can be wrong without anyone seeing it: folds, rivals, rates, what is printed."""

import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from benchmarks import accuracy, recipes, report, rivals, same_model, speed
from benchmarks.corpora import EXAMPLES, TASKS, Task, corpora_folder, document_of, folds, in_folds, note_texts
from hypothesis import given
from hypothesis import strategies as st

from behealthy.data.formats import read_corpus
from behealthy.errors import UnreadableFile
from behealthy.learn.dataset import Knowledge
from behealthy.note import DISEASE, TREATMENT, Extraction, entity_at
from behealthy.registry.bundle import load_classes, load_lexicon

ROOT = EXAMPLES.parent.parent

# Documents ------------------------------------------------------------------------------------------------------------


@given(st.lists(st.sampled_from("abcdefghijkl"), max_size=60), st.integers(2, 5), st.integers(0, 3))
def test_folds_part_the_items_and_keep_groups_together(groups: list[str], number: int, seed: int) -> None:
    parts = folds(groups, number, seed)
    assert len(parts) == number
    assert sorted(i for part in parts for i in part) == list(range(len(groups)))
    homes = [{groups[i] for i in part} for part in parts]
    assert sum(map(len, homes)) == len(set(groups))
    largest = max(Counter(groups).values(), default=0)
    assert max(map(len, parts)) - min(map(len, parts)) <= largest


def test_folds_depend_on_the_seed_alone() -> None:
    groups = list(range(50))
    assert folds(groups, 5, 0) == folds(groups, 5, 0) != folds(groups, 5, 1)


def test_no_document_is_trained_on_and_tested_at_once() -> None:
    documents = tuple(Extraction(f"n{i}", f"Note {i}.") for i in range(12))
    splits = in_folds(documents, [i // 2 for i in range(12)], seed=0)
    assert Counter(d for _, test in splits for d in test) == Counter(documents)
    assert all(sorted([*train, *test], key=documents.index) == list(documents) for train, test in splits)


def test_every_trained_task_has_a_recipe() -> None:
    assert {*recipes.RECIPES} == {*TASKS} - {"shipped"}


def test_missing_corpora_are_told_of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BEHEALTHY_CORPORA", str(tmp_path / "away"))
    with pytest.raises(UnreadableFile, match="set BEHEALTHY_CORPORA"):
        corpora_folder()
    assert [*note_texts(None)] == ["example notes"]


@pytest.mark.parametrize(
    ("name", "splits", "train", "test"),
    [("biotext", 1, 2599, 1056), ("ncbi", 1, 692, 100), ("bc5cdr", 1, 500, 500)],
)
def test_tasks_with_an_official_split(name: str, splits: int, train: int, test: int, corpora: Path) -> None:
    task = TASKS[name](corpora, 0)
    assert [(len(a), len(b)) for a, b in task.splits] == [(train, test)] * splits
    for taught, asked in task.splits:
        assert not {d.note_id for d in taught} & {d.note_id for d in asked}


@pytest.mark.parametrize(("name", "documents"), [("biotext-folds", 3655), ("mtsamples", 98)])
def test_tasks_in_folds(name: str, documents: int, corpora: Path) -> None:
    task = TASKS[name](corpora, 0)
    assert len(task.splits) == 5
    tested = Counter(d.note_id for _, test in task.splits for d in test)
    assert (len(tested), {*tested.values()}) == (documents, {1})
    origin = document_of(corpora) if name == "biotext-folds" else {}
    for train, test in task.splits:
        sides = [{origin.get(d.note_id, d.note_id) for d in side} for side in (train, test)]
        assert not sides[0] & sides[1]


# Rivals ---------------------------------------------------------------------------------------------------------------

LESSON = "Zorbitis needs flomazin today."
LEARNT = (
    Extraction("t0", LESSON, (entity_at(LESSON, 0, 8, DISEASE), entity_at(LESSON, 15, 23, TREATMENT))),
    Extraction("t1", "Nothing new was seen today."),
) * 20
ASKED = (Extraction("a", "Zorbitis  needs flomazin today"), Extraction("b", "Nothing new."), Extraction("c", ""))


def found(documents: list[Extraction]) -> list[set[tuple[str, str]]]:
    return [{(e.text, e.type) for e in d.entities} for d in documents]


def test_the_plain_crf_learns() -> None:
    read = rivals.sklearn_crfsuite(LEARNT, ASKED, (DISEASE, TREATMENT))
    assert found(read) == [{("Zorbitis", DISEASE), ("flomazin", TREATMENT)}, set(), set()]
    assert [(d.note_id, d.text) for d in read] == [(d.note_id, d.text) for d in ASKED]


def test_spacy_learns() -> None:
    pytest.importorskip("spacy", reason="only the environment of `make bench` has spaCy, a rival of the benchmarks")
    read = rivals.spacy_ner(LEARNT, ASKED, (DISEASE, TREATMENT), epochs=15)
    assert found(read) == [{("Zorbitis", DISEASE), ("flomazin", TREATMENT)}, set(), set()]


def test_the_dictionary_finds_the_longest_phrase_of_the_types_asked_for() -> None:
    notes = [Extraction("a", "Type 2 diabetes mellitus and asthma; metformin."), Extraction("b", "Asthma.")]
    assert found(rivals.dictionary((), notes, (DISEASE, TREATMENT))) == [
        {("Type 2 diabetes mellitus", DISEASE), ("asthma", DISEASE), ("metformin", TREATMENT)},
        {("Asthma", DISEASE)},
    ]
    assert found(rivals.dictionary((), notes, (TREATMENT,))) == [{("metformin", TREATMENT)}, set()]


# Speed ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("which", ["full", "plain"])
def test_all_ways_to_tag_agree(which: str, tmp_path: Path) -> None:
    documents = read_corpus(EXAMPLES, "brat").documents[::20]
    features = same_model.full(Knowledge(load_lexicon(), load_classes())) if which == "full" else same_model.PLAIN
    path = tmp_path / "model.crfsuite"
    same_model.train_file(path, features, documents, iterations=20)
    sentences = same_model.given_sentences([d.text for d in documents], features.knowledge)
    labels = [way.make()() for way in same_model.ways(features, sentences, path)]
    assert [[*map(len, own)] for own in labels if own] == [[*map(len, sentences.words)]] * 5
    assert any(label != "O" for sentence in labels[0] or [] for label in sentence)
    assert labels == [labels[0]] * 5 + [None]


def test_both_ways_to_build_strings_are_the_same() -> None:
    features = same_model.full(Knowledge(load_lexicon()))
    given_ = same_model.given_sentences(["Started aspirin for chest pain. Denies fever."], features.knowledge)
    usual = [same_model.attribute_strings(*each, features) for each in zip(given_.words, given_.symbols, strict=True)]
    kept = list(same_model.joined(given_, same_model.by_word(features)))
    assert [[sorted(t) for t in s] for s in usual] == [[sorted(t) for t in s] for s in kept]
    assert any(a.startswith("+0|d") for sentence in usual for token in sentence for a in token)


def test_rates_count_what_was_read() -> None:
    rates = speed.rates(lambda texts: [t.split() for t in texts], ["one two", "three"], tokens=30, words=3, repeats=1)
    assert rates["tokens_per_s"] == pytest.approx(10 * rates["words_per_s"])
    assert rates["notes_per_s"] == pytest.approx(rates["words_per_s"] * 2 / 3)


# What is printed ------------------------------------------------------------------------------------------------------


def test_a_task_is_judged_over_all_its_folds(capsys: pytest.CaptureFixture[str]) -> None:
    secret = "Zorbitis"
    gold = [Extraction(f"n{i}", secret, (entity_at(secret, 0, 8, DISEASE),)) for i in range(4)]
    task = Task("toy", "Toy", (DISEASE,), (((), tuple(gold[:1])), ((), tuple(gold[1:]))))

    def reads_the_first_only(train: object, test: tuple[Extraction, ...], types: object) -> list[Extraction]:
        return [d if d.note_id == "n0" else rivals.annotated(d, ()) for d in test]

    row = accuracy.judge("toy", reads_the_first_only, task, seed=0)  # type: ignore[arg-type]
    assert row["strict_f1_by_fold"] == [1.0, 0.0]
    assert row["report"]["micro"]["strict"]["recall"] == 0.25
    table = report.Table("Toy", {"seed": 0}, [row])
    printed = report.markdown(table, accuracy.columns(task)) + json.dumps(row) + "".join(capsys.readouterr())
    assert "| toy | .400" in printed
    assert secret not in printed


def test_json_carries_the_machine_and_the_rows(capsys: pytest.CaptureFixture[str]) -> None:
    show = report.Printer(as_json=True)
    show(report.Table("one", {"seed": 3}, [{"x": 0.5}]), {"x": lambda row: str(row["x"])})
    show.close()
    printed = json.loads(capsys.readouterr().out)
    assert printed["tables"] == [{"name": "one", "facts": {"seed": 3}, "rows": [{"x": 0.5}]}]
    assert {"cpu", "cores", "python", "numpy"} <= printed["machine"].keys()


def test_a_process_is_measured_and_its_failure_told() -> None:
    # From a small process, as the script is one: a child's peak is never counted below its parent's size.
    program = """if True:
        import json, subprocess, sys
        from benchmarks.cold_start import run
        small = run([sys.executable, "-c", "pass"])
        large = run([sys.executable, "-c", "import time; x = b'1' * 150_000_000; time.sleep(0.3)"])
        try:
            run([sys.executable, "-c", "raise SystemExit(3)"])
        except subprocess.CalledProcessError as exc:
            print(json.dumps([small, large, exc.returncode]))
    """
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    small, large, status = json.loads(done.stdout)
    assert large[0] > 0.3
    assert large[1] > 150_000_000 > small[1]
    assert status == 3


@pytest.mark.slow
@pytest.mark.parametrize("name", ["gate", "drift"])
def test_a_replay_runs_from_its_beginning_to_its_end(name: str, corpora: Path) -> None:
    """What they say of a tenth of everything means nothing, but a script that nobody runs falls behind the code."""
    command = [sys.executable, "-m", f"benchmarks.{name}", "--quick", "--json"]
    ran = subprocess.run(
        command,
        cwd=ROOT,
        env=os.environ | {"BEHEALTHY_CORPORA": str(corpora)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr[-2000:]
    assert all(table["rows"] for table in json.loads(ran.stdout)["tables"])
