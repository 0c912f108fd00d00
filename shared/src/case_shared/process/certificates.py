"""When the settings' certificates expire; read at every request, because they are exchanged on disk."""

from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import pkcs12
from prometheus_client import Gauge
from pydantic import SecretStr

_end = Gauge(
    "casebridge_certificate_end_timestamp_seconds",
    "When the first certificate in a setting's file expires; NaN if it cannot be read",
    ["setting"],
)


def show_certificate(setting: str, file: Path, password: SecretStr | None = None) -> None:
    """Make the metrics show when the certificate in the file of `setting`, PEM or PKCS #12, expires."""
    _end.labels(setting).set_function(_reading(file, password))


def _reading(file: Path, password: SecretStr | None) -> Callable[[], float]:
    def read() -> float:
        try:
            return _end_of(file, file.stat().st_mtime_ns, password)
        except (OSError, ValueError, TypeError):
            return float("nan")

    return read


@lru_cache(maxsize=8)
def _end_of(file: Path, _changed: int, password: SecretStr | None) -> float:
    content = file.read_bytes()
    if b"-----BEGIN" in content:
        certificates = x509.load_pem_x509_certificates(content)
    else:
        secret = password.get_secret_value().encode() if password else None
        loaded = pkcs12.load_pkcs12(content, secret)
        certificates = [one.certificate for one in (loaded.cert, *loaded.additional_certs) if one]
    return min(one.not_valid_after_utc for one in certificates).timestamp()
