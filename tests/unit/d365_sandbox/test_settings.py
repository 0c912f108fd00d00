import pytest
from pydantic import ValidationError

from d365_sandbox.faults import FaultKind
from d365_sandbox.settings import Settings, explain


def test_every_wrong_setting_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SANDBOX_CLIENT_SECRET", raising=False)
    monkeypatch.setenv("SANDBOX_PORT", "many")
    monkeypatch.setenv("SANDBOX_FAULTS", '[{"kind": "status"}]')

    with pytest.raises(ValidationError) as caught:
        Settings()

    named = {line.partition(":")[0] for line in explain(caught.value)}
    assert named == {"SANDBOX_CLIENT_SECRET", "SANDBOX_PORT", "SANDBOX_FAULTS.0"}


def test_given_faults_and_the_limit_stand_from_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SANDBOX_CLIENT_SECRET", "x")
    monkeypatch.setenv("SANDBOX_FAULTS", '[{"kind": "html"}]')
    monkeypatch.setenv("SANDBOX_MAX_CONCURRENT", "50")

    assert [fault.kind for fault in Settings().initial_faults] == [FaultKind.HTML, FaultKind.RATE_LIMIT]
