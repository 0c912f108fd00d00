import pytest

from case_shared.process.database_urls import hosts_of, session_attrs


@pytest.mark.parametrize(
    ("url", "hosts"),
    [
        ("postgresql://u:p@db.example:6432/db", [("db.example", 6432)]),
        ("postgres://u@db.example/db", [("db.example", 5432)]),
        ("postgresql://u:p%40s@a:1,b,c:3/db?sslmode=verify-full", [("a", 1), ("b", 5432), ("c", 3)]),
        ("postgresql://u:p@[::1]:5433/db", [("::1", 5433)]),
        ("postgresql:///db?host=/run/postgresql", [("/run/postgresql", 5432)]),
        ("postgresql://u@/db?host=a,b&port=1,2", [("a", 1), ("b", 2)]),
        ("postgresql:///db", []),
    ],
)
def test_every_host_of_an_address_is_known(url: str, hosts: list[tuple[str, int]]) -> None:
    assert hosts_of(url) == hosts


@pytest.mark.parametrize("url", ["postgresql://a:b,c:1/db", "postgresql://u@/db?host=a,b&port=1,2,3"])
def test_a_port_that_is_none_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match=r"port|invalid literal"):
        hosts_of(url)


@pytest.mark.parametrize(
    ("url", "wanted"),
    [
        ("postgresql://a/db", None),
        ("postgresql://a,b/db", "read-write"),
        ("postgresql://a,b/db?target_session_attrs=primary", None),
    ],
)
def test_of_several_hosts_the_one_that_takes_changes_is_wanted(url: str, wanted: str | None) -> None:
    assert session_attrs(url) == wanted
