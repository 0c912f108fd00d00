import os
import random
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from casebridge import ports
from casebridge.errors import UsageError
from casebridge.state import write_private


@pytest.fixture
def taken() -> Iterator[int]:
    with socket.socket() as listener:
        listener.bind((ports.HOST, 0))
        listener.listen(1)
        yield listener.getsockname()[1]


def test_port_of_a_listener_is_not_free(taken: int) -> None:
    assert not ports.is_free(taken)


def test_ports_taken_are_all_named_with_what_they_are_for(tmp_path: Path, taken: int) -> None:
    write_private(tmp_path / "ports.json", f'{{"case-api": {taken}, "oidc": {taken}}}')
    with pytest.raises(UsageError) as refused:
        ports.choose(tmp_path, ["case-api", "oidc"], automatic=False)
    assert str(refused.value).count(str(taken)) == 2
    assert "case-api" in str(refused.value)
    assert "oidc" in str(refused.value)
    assert "--ports auto" in str(refused.value)


def test_automatic_ports_avoid_those_taken_and_are_remembered(tmp_path: Path, taken: int) -> None:
    write_private(tmp_path / "ports.json", f'{{"case-api": {taken}}}')
    chosen = ports.choose(tmp_path, ["case-api", "kafka"], automatic=True)
    assert chosen["case-api"] != taken
    assert ports.choose(tmp_path, ["case-api", "kafka"], automatic=False) == chosen


def test_automatic_ports_are_outside_the_range_of_outgoing_connections(tmp_path: Path) -> None:
    chosen = ports.choose(tmp_path, list(ports.DEFAULTS), automatic=True)
    assert set(chosen.values()) <= set(ports.AUTOMATIC)
    assert len(set(chosen.values())) == len(ports.DEFAULTS)


def in_order(population: range, k: int) -> list[int]:
    return list(population[:k])


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(random, "sample", in_order)
    return tmp_path / "cache/casebridge/ports"


ANOTHER_PROCESS = """
import random
random.sample = lambda population, k: list(population[:k])
from casebridge import ports
print(*ports.free_ports(2))
"""


def test_a_port_is_drawn_once_by_whatever_process(cache: Path) -> None:
    drawn = [*ports.free_ports(2), *ports.free_ports(2)]
    other = subprocess.run([sys.executable, "-c", ANOTHER_PROCESS], capture_output=True, check=True, text=True)
    drawn += [int(port) for port in other.stdout.split()]
    assert len(set(drawn)) == 6


def test_a_port_that_was_drawn_long_ago_and_is_free_is_drawn_again(cache: Path) -> None:
    (drawn,) = ports.free_ports(1)
    os.utime(cache / str(drawn), (0, 0))
    assert ports.free_ports(1) == [drawn]


def test_nobody_draws_what_a_stack_remembers(tmp_path: Path, cache: Path) -> None:
    (remembered,) = ports.free_ports(1)
    os.utime(cache / str(remembered), (0, 0))
    write_private(tmp_path / "ports.json", f'{{"kafka": {remembered}}}')
    assert ports.choose(tmp_path, ["kafka"], automatic=True) == {"kafka": remembered}
    assert ports.free_ports(1) != [remembered]


@pytest.mark.usefixtures("cache")
def test_a_new_port_is_that_of_no_other_part(tmp_path: Path, taken: int) -> None:
    (remembered,) = ports.free_ports(1)
    write_private(tmp_path / "ports.json", f'{{"case-api": {taken}, "kafka": {remembered}}}')
    chosen = ports.choose(tmp_path, ["case-api", "kafka"], automatic=True)
    assert chosen["kafka"] == remembered
    assert chosen["case-api"] not in {taken, remembered}
