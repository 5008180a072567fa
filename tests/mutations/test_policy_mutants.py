"""Twenty random faults of the module that decides who may do what: the unit tests see every one of them.

MUTANTS_SEED=7 python -m pytest -s tests/mutations/test_policy_mutants.py      # which ones; the run prints its seed
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.mutations.mutations import Mutation
from tests.mutations.random_mutants import POLICY, ROOT, Mutant, mutants_of, random_mutants
from tests.mutations.test_mutations import AT_ONCE, Run, copies_in

COUNT = 20
SEED = int(os.environ.get("MUTANTS_SEED", "1"))
TESTS = ("tests/unit/services/access/test_decisions.py", "tests/unit/services/access/test_permissions.py")
SEEN = {1, 2}
"""A test failed; or none could begin, for the module cannot even be read any more."""
SOURCE = (ROOT / POLICY).read_text()
MUTANTS = random_mutants(SOURCE, SEED, COUNT)


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Run]:
    """What the tests say of each, and of the module as it is, by name."""
    copies = copies_in(tmp_path_factory)

    def with_fault(mutant: Mutant) -> Run:
        copy = copies.get()
        try:
            with copy.mutated(Mutation(mutant.name, POLICY, SOURCE, mutant.text, TESTS)):
                return copy.run(TESTS)
        finally:
            copies.put(copy)

    every = [Mutant("as it is", SOURCE), *MUTANTS]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        return {mutant.name: run for mutant, run in zip(every, pool.map(with_fault, every), strict=True)}


def test_without_a_fault_the_tests_are_green(runs: Mapping[str, Run]) -> None:
    assert runs["as it is"].status == 0, runs["as it is"].output


@pytest.mark.parametrize("name", [mutant.name for mutant in MUTANTS])
def test_a_random_fault_of_the_policy_is_seen(runs: Mapping[str, Run], name: str) -> None:
    assert runs[name].status in SEEN, f"seed {SEED}, {name}: {runs[name].output}"


def test_the_faults_are_different_ones_and_of_every_kind(runs: Mapping[str, Run]) -> None:
    print(f"\nseed {SEED}: {sum(runs[one.name].status in SEEN for one in MUTANTS)} of {COUNT} faults seen")
    every = mutants_of(SOURCE)
    assert len({mutant.text for mutant in every} - {SOURCE}) > 150
    kinds = {mutant.name.split(": ")[1].split()[0] for mutant in every}
    assert kinds >= {"condition", "element", "becomes", "not", "minus", "And", "Or", "Eq", "In", "LtE"}
