"""A model comes back from its folder as it was, or not at all."""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import behealthy
from behealthy.errors import BundleError, DamagedBundle, ForeignBundle, NewerBundle
from behealthy.extract.extractor import Extractor
from behealthy.extract.lexicon import token_key
from behealthy.extract.tagger import Block, Head, Weights
from behealthy.registry.bundle import (
    KIND,
    STARTER,
    knowledge_versions,
    load,
    load_classes,
    load_lexicon,
    load_model,
    package_folder,
    save_model,
)
from behealthy.registry.folder import FORMAT_VERSION, MANIFEST, read_folder, write_folder

LABELS = ("O", "B-DISEASE", "I-DISEASE", "E-DISEASE", "S-DISEASE")
FACTS: dict[str, Any] = {"name": "trial", "recipe": {}, "data": {"documents": 0}, "knowledge": {}}
NOTE = "Gout again. Her gout flared after beer."


def weights(base: Weights | None = None) -> Weights:
    """A model that knows one word: gout is a disease."""
    table = np.zeros((2, 1, 5))
    table[0, 0] = [-3, -2, -2, -2, 9.1]
    table[1, 0] = [0.5, 0, 0, 0, 0]
    far = np.linspace(-0.1, 0.1, 15).reshape(1, 3, 5)
    blocks = (Block(0, ("w=gout", "fl=4"), table), Block(1, ("s.",), far))
    return Weights((Head(LABELS, np.diag([2.1, 0, 0, 0, 0]), -0.25),), blocks, base)


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    save_model(tmp_path / "m", weights(), FACTS)
    return tmp_path / "m"


def rewritten(path: Path, change: Callable[[dict[str, Any], dict[str, Any], dict[str, Any]], object]) -> Path:
    """Write the folder again, whole, with other arrays, texts or facts: what a careless tool would leave."""
    folder = read_folder(path, KIND)
    arrays, texts, meta = dict(folder.arrays), dict(folder.texts), json.loads(json.dumps(folder.meta))
    change(arrays, texts, meta)
    write_folder(path, KIND, arrays, meta, texts)
    return path


def same(a: Weights, b: Weights) -> None:
    assert [(h.labels, h.lean) for h in a.heads] == [(h.labels, h.lean) for h in b.heads]
    assert [(x.radius, x.attributes) for x in a.blocks] == [(x.radius, x.attributes) for x in b.blocks]
    for one, other in zip([*a.heads], [*b.heads], strict=True):
        np.testing.assert_array_equal(one.transitions, other.transitions)
    for one, other in zip(a.blocks, b.blocks, strict=True):
        np.testing.assert_array_equal(np.asarray(one.table, np.float32), other.table)


def test_what_is_saved_is_loaded(bundle: Path) -> None:
    model = load_model(bundle)
    same(weights(), model.weights)
    assert model.facts == FACTS
    assert model.version == f"trial-{model.seal[:8]}"
    found = [(e.text, e.type, round(e.score, 4)) for e in load(bundle)(NOTE).entities]
    assert found == [(e.text, e.type, round(e.score, 4)) for e in Extractor(weights())(NOTE).entities]
    assert [text for text, _, _ in found] == ["Gout", "gout"]


def test_a_base_comes_back_too(tmp_path: Path) -> None:
    save_model(tmp_path / "m", weights(base=weights(base=weights())), FACTS)
    model = load_model(tmp_path / "m").weights
    assert model.base is not None
    assert model.base.base is not None
    assert model.base.base.base is None
    same(weights(), model.base)


def test_equal_models_have_equal_versions_and_other_facts_another(tmp_path: Path, bundle: Path) -> None:
    save_model(tmp_path / "twin", weights(), FACTS)
    save_model(tmp_path / "other", weights(), FACTS | {"data": {"documents": 1}})
    versions = [load_model(p).version for p in (bundle, tmp_path / "twin", tmp_path / "other")]
    assert versions[0] == versions[1] != versions[2]
    assert load(bundle)(NOTE).model_version == versions[0]


def test_a_narrower_type_is_a_smaller_model(tmp_path: Path, bundle: Path) -> None:
    save_model(tmp_path / "half", weights(), FACTS, dtype=np.float16)
    half = load_model(tmp_path / "half")
    assert {b.table.dtype for b in half.weights.blocks} == {np.dtype(np.float16)}
    assert [e.text for e in load(tmp_path / "half")(NOTE).entities] == ["Gout", "gout"]


@pytest.mark.parametrize("fact", sorted(FACTS))
def test_a_model_without_its_facts_is_not_written(fact: str, tmp_path: Path) -> None:
    with pytest.raises(BundleError, match=f"facts lack {fact}"):
        save_model(tmp_path / "m", weights(), {k: v for k, v in FACTS.items() if k != fact})
    assert not (tmp_path / "m").exists()


def test_something_else_is_not_replaced(tmp_path: Path) -> None:
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "chapter.txt").write_text("one")
    with pytest.raises(ForeignBundle):
        save_model(tmp_path / "thesis", weights(), FACTS)
    assert [p.name for p in (tmp_path / "thesis").iterdir()] == ["chapter.txt"]


# Damage --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["table_0.npy", "table_1.npy", "transitions_0.npy", "attributes_0.txt", MANIFEST])
@pytest.mark.parametrize("how", ["away", "cut", "flipped"])
def test_a_damaged_model_is_refused(bundle: Path, name: str, how: str) -> None:
    file = bundle / name
    content = bytearray(file.read_bytes())
    if how == "away":
        file.unlink()
    elif how == "cut":
        file.write_bytes(content[:-3])
    else:
        content[-5] ^= 1
        file.write_bytes(content)
    with pytest.raises(ForeignBundle if (name, how) == (MANIFEST, "away") else DamagedBundle):
        load(bundle)


def _wrong_shape(arrays: dict[str, Any], *_: Any) -> None:
    arrays["table_1"] = arrays["table_1"][:, :2]


def _one_attribute_more(_: Any, texts: dict[str, Any], __: Any) -> None:
    texts["attributes_0"] = (*texts["attributes_0"], "w=gouty")


def _one_label_more(_: Any, __: Any, meta: dict[str, Any]) -> None:
    meta["parts"][0]["heads"][0]["labels"].append("S-TREATMENT")


def _no_table(arrays: dict[str, Any], *_: Any) -> None:
    del arrays["table_0"]


def _no_transitions(arrays: dict[str, Any], *_: Any) -> None:
    del arrays["transitions_0"]


def _no_parts(_: Any, __: Any, meta: dict[str, Any]) -> None:
    meta["parts"] = []


def _parts_of_another_kind(_: Any, __: Any, meta: dict[str, Any]) -> None:
    meta["parts"] = [7]


def _lean_is_a_word(_: Any, __: Any, meta: dict[str, Any]) -> None:
    meta["parts"][0]["heads"][0]["lean"] = "left"


def _transitions_of_another_shape(arrays: dict[str, Any], *_: Any) -> None:
    arrays["transitions_0"] = arrays["transitions_0"][:, :3]


def _hears_voices(_: Any, __: Any, meta: dict[str, Any]) -> None:
    meta["parts"][0]["hears"] = "voices"


@pytest.mark.parametrize(
    "change",
    [
        _wrong_shape,
        _transitions_of_another_shape,
        _hears_voices,
        _one_attribute_more,
        _one_label_more,
        _no_table,
        _no_transitions,
        _no_parts,
        _parts_of_another_kind,
        _lean_is_a_word,
    ],
)
def test_parts_that_do_not_fit_together_are_refused(bundle: Path, change: Callable[..., None]) -> None:
    with pytest.raises(DamagedBundle):
        load_model(rewritten(bundle, change))


def _no_knowledge(_: Any, __: Any, meta: dict[str, Any]) -> None:
    del meta["knowledge"]


def _no_name(_: Any, __: Any, meta: dict[str, Any]) -> None:
    del meta["name"]


@pytest.mark.parametrize(("change", "fact"), [(_no_knowledge, "knowledge"), (_no_name, "name")])
def test_what_every_model_says_of_itself_is_looked_for(bundle: Path, change: Callable[..., None], fact: str) -> None:
    with pytest.raises(DamagedBundle, match=f"its facts lack {fact}"):
        load_model(rewritten(bundle, change))


def test_a_bundle_from_before_the_echo_is_read(bundle: Path) -> None:
    rewritten(bundle, lambda _, __, meta: meta["parts"][0].pop("hears"))
    assert load_model(bundle).weights.hears == "opinion"


def test_another_kind_of_folder_is_foreign() -> None:
    with pytest.raises(ForeignBundle, match="is of kind 'lexicon', not 'model'"):
        load_model(package_folder("extract/knowledge/lexicon"))


def test_a_folder_of_something_else_is_foreign(tmp_path: Path) -> None:
    with pytest.raises(ForeignBundle):
        load(tmp_path)
    with pytest.raises(ForeignBundle):
        load(tmp_path / "nowhere")


def test_a_later_format_is_named_as_such(bundle: Path) -> None:
    manifest = json.loads((bundle / MANIFEST).read_text("utf-8"))
    del manifest["seal"]
    manifest |= {"format_version": FORMAT_VERSION + 1, "written_by": "9.0"}
    text = json.dumps(manifest, sort_keys=True, separators=(",", ":"))
    manifest["seal"] = hashlib.sha256(text.encode()).hexdigest()
    (bundle / MANIFEST).write_text(json.dumps(manifest), "utf-8")
    with pytest.raises(NewerBundle, match=r"written by behealthy 9\.0"):
        load_model(bundle)


# What ships ----------------------------------------------------------------------------------------------------------


def test_the_shipped_model_reads_a_note() -> None:
    found = behealthy.load()("She takes lisinopril for hypertension.")
    assert {(e.text, e.type) for e in found.entities} == {("lisinopril", "TREATMENT"), ("hypertension", "DISEASE")}


def test_the_shipped_model_was_trained_with_the_shipped_knowledge() -> None:
    assert load_model(package_folder(STARTER)).facts["knowledge"] == knowledge_versions()


def test_the_shipped_knowledge_is_whole() -> None:
    keys = np.array([0, token_key("asthma"), 0], np.uint64)
    assert load_lexicon().match(keys, np.zeros(3, np.uint64)).any()
    assert load_classes()("aspirin")
