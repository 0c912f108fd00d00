"""Which faults a seed has."""

import random
from collections import Counter

from tests.chaos.faults import FAULTS_PER_RUN, catalogue, drawn


def test_a_seed_has_the_same_faults_each_time() -> None:
    assert [(fault.name, fault.seconds) for fault in drawn(7)] == [(fault.name, fault.seconds) for fault in drawn(7)]


def test_a_hundred_seeds_have_every_fault_at_least_twice() -> None:
    counted = Counter(fault.name for seed in range(1, 101) for fault in drawn(seed))
    names = {fault.name for fault in catalogue(random.Random(0))}
    assert set(counted) == names
    assert min(counted.values()) >= 2
    assert counted.total() == 100 * FAULTS_PER_RUN


def test_no_two_faults_have_one_name() -> None:
    names = [fault.name for fault in catalogue(random.Random(1))]
    assert len(names) == len(set(names))
