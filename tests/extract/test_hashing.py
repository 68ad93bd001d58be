"""Feature hashing: what is hashed together is what would be hashed alone."""

import numpy as np

from behealthy.extract.hashing import BITS, mixed, rows_of


def test_together_is_as_alone_whatever_the_number_and_kind_of_parts() -> None:
    rng = np.random.default_rng(0)
    keys, small, yes = rng.integers(0, 2**63, 50).astype(np.uint64) * 2, rng.integers(0, 9, 50), rng.random(50) < 0.5
    seen = [(1, keys), (2, small, keys), (3, yes), (4, keys, small, yes), (5, keys), (2, keys, small)]
    together = rows_of(seen)
    assert together.shape == (6, 50)
    for sight, row in zip(seen, together, strict=True):
        assert rows_of([sight])[0].tolist() == row.tolist()
    assert 0 <= together.min() <= together.max() < 2**BITS
    assert len({tuple(row) for row in together.tolist()}) == 6  # another template or order is another thing


def test_hashes_stay_what_the_weights_were_learned_with() -> None:
    assert mixed([(20, np.array([1, 2]), np.array([3, 4]))]).tolist() == [[16587444426487801242, 15872480357347406626]]
