"""Where settings come from: variables, of which an empty or blank one counts as not set, and files for secrets.

`NAME_FILE` names a file that contains the secret; it is read again at each use.
"""

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from pydantic import SecretStr
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, EnvSettingsSource, PydanticBaseSettingsSource, SettingsConfigDict

_SUFFIX = "_FILE"


class UnusableSecretFile(ValueError):
    """A variable names a file that cannot be used; the message says which, and why."""


class FileSecret(SecretStr):
    """What a file contains now; while it is missing or empty, as when it is replaced, what it contained before."""

    def __init__(self, path: Path) -> None:
        super().__init__(_read(path))
        self._path = path

    def get_secret_value(self) -> str:
        """The secret."""
        with suppress(OSError, UnicodeDecodeError):
            self._secret_value = _read(self._path) or self._secret_value
        return self._secret_value


def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8").strip()


class _Files(PydanticBaseSettingsSource):
    """The secrets of a settings class that are in files."""

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:  # noqa: ARG002
        """Of no use here: a field may have several names."""
        return None, field_name, False

    def __call__(self) -> dict[str, Any]:
        """Each by the name that its field is filled by."""
        found: dict[str, Any] = {}
        for name, field in self.settings_cls.model_fields.items():
            if "SecretStr" in str(field.annotation):
                for key, variable in self._variables(name, field):
                    path = os.environ.get(f"{variable}{_SUFFIX}", "").strip()
                    if path:
                        found[key] = _secret(variable, path)
        return found

    def _variables(self, name: str, field: FieldInfo) -> Iterator[tuple[str, str]]:
        aliases = getattr(field.validation_alias, "choices", None)
        prefix = self.config.get("env_prefix", "")
        for key in aliases or [name]:
            yield key, (key if aliases else f"{prefix}{key}").upper()


class _Variables(EnvSettingsSource):
    """The environment without the variables that say nothing: Compose passes such on, and `.env` files have them."""

    def __init__(self, settings_cls: type[BaseSettings]) -> None:
        super().__init__(settings_cls)
        self.env_vars = {name: value for name, value in self.env_vars.items() if value and value.strip()}


def secret_variable(name: str) -> str | None:
    """The secret `name` from the environment or the file that it names; None where neither is set.

    Raises `UnusableSecretFile`.
    """
    path = os.environ.get(f"{name}{_SUFFIX}", "").strip()
    return _secret(name, path).get_secret_value() if path else os.environ.get(name, "").strip() or None


def _secret(variable: str, path: str) -> FileSecret:
    """Raises `UnusableSecretFile`."""
    if os.environ.get(variable, "").strip():
        raise UnusableSecretFile(f"{variable}{_SUFFIX}: {variable} is set, too: remove one of them")
    try:
        secret = FileSecret(Path(path))
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise UnusableSecretFile(f"{variable}{_SUFFIX}: {path}: {reason}") from error
    if not secret.get_secret_value():
        raise UnusableSecretFile(f"{variable}{_SUFFIX}: {path} is empty")
    return secret


class SecretFileSettings(BaseSettings):
    """Settings whose secrets may be in files."""

    # Of a secret with two names, one may be in a file and the other not.
    model_config = SettingsConfigDict(extra="ignore", str_strip_whitespace=True)

    @classmethod
    def variables(cls) -> dict[str, Any]:
        """Return the settings that the environment names, by field, without any check."""
        return _Variables(cls)()

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """The environment, and the files that it names."""
        return init_settings, _Variables(settings_cls), _Files(settings_cls)
