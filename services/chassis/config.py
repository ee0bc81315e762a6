"""Settings that every service reads, once, from the environment in its `__main__`.

Each setting is an environment variable with the prefix `ADWRIGHT_`; `<NAME>_FILE` names a file that holds the value
instead, for secrets that are mounted. A service's own settings extend `ServiceSettings`. All complaints come at once.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from services.chassis.rpc.rotating_secret import RotatingSecret, secret_lines

PREFIX = "ADWRIGHT_"


class Settings(BaseSettings):
    """What all settings have in common: the prefix of their variables; frozen; values never shown in complaints."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="ignore", hide_input_in_errors=True)


def checked_secret(value: SecretStr) -> SecretStr:
    """A secret whose lines are long enough, as it is. Raises ValueError, without its text."""
    secret_lines(value.get_secret_value())
    return value


class ServiceSettings(Settings):
    """What a service needs to run anywhere. The embedded system and a cluster differ only in these values."""

    listen: str = Field(default="127.0.0.1:0", description="host:port the gRPC server binds to; port 0 is any free one")
    metrics_listen: str = Field(default="", description="host:port of the Prometheus endpoint; empty: none")
    trace_address: str = Field(default="", description="host:port of an OTLP/gRPC collector; empty: no traces")
    trace_share: float = Field(default=0.0, ge=0, le=1, description="of the calls that come without a trace, traced")
    log_format: str = Field(default="json", pattern="^(json|console)$")
    log_level: str = Field(default="info", pattern="^(debug|info|warning|error)$")
    stop_grace_seconds: float = Field(default=10.0, gt=0, le=300, description="longest end of calls at a stop")

    token_issuer: str = Field(description="iss of users' tokens")
    token_audience: str = Field(default="adwright", description="aud of users' tokens")
    token_jwks: str = Field(description="where the issuer's JWKS is: an https:// or http:// address, or a file's path")
    token_roles_claim: str = Field(default="roles", description="the claim that lists roles")
    service_secret: SecretStr = Field(
        description="signs and checks service tokens (HMAC-SHA256): a line of 32 characters or more; further lines are "
        "accepted too, while it is rotated"
    )
    service_secret_file: str = Field(default="", description="where service_secret stands; read again when it changes")

    catalog_address: str = Field(default="127.0.0.1:7101")
    billing_address: str = Field(default="127.0.0.1:7102")
    job_address: str = Field(default="127.0.0.1:7103")
    copy_address: str = Field(default="127.0.0.1:7104")

    _lines = field_validator("service_secret")(checked_secret)

    def service_secrets(self) -> RotatingSecret:
        """The secrets of service tokens, as they are now."""
        return RotatingSecret(self.service_secret.get_secret_value(), file=self.service_secret_file)


class DatabaseSettings(Settings):
    """What a service with a database needs besides."""

    database_url: SecretStr = Field(description="postgresql://user:password@host:port/name")
    database_pool_size: int = Field(default=8, ge=1, le=200)
    auto_migrate: bool = Field(default=True, description="whether serving migrates the database first")


class KafkaSettings(Settings):
    """What a service that reads or writes topics needs besides."""

    kafka_bootstrap: str = Field(default="127.0.0.1:9092", description="host:port[,host:port…]")
    kafka_security_protocol: str = Field(default="PLAINTEXT", pattern="^(PLAINTEXT|SSL|SASL_PLAINTEXT|SASL_SSL)$")
    kafka_sasl_mechanism: str = Field(default="", pattern="^(|PLAIN|SCRAM-SHA-256|SCRAM-SHA-512)$")
    kafka_sasl_username: str = Field(default="")
    kafka_sasl_password: SecretStr = Field(default=SecretStr(""))
    kafka_ssl_cafile: str = Field(default="")
    kafka_fetch_wait_ms: int = Field(
        default=100, ge=1, le=5_000, description="how long a broker holds a worker's request while there is no message"
    )
    kafka_partitions: int = Field(default=6, ge=1, le=1000, description="of topics that this system creates")
    kafka_replication: int = Field(default=1, ge=1, le=9, description="of topics that this system creates")


class AssetSettings(Settings):
    """What a service that stores or serves assets needs besides."""

    assets_url: str = Field(
        description="file:///folder, s3://bucket/prefix, gs://bucket/prefix or az://container/prefix"
    )


class ConfigurationError(Exception):
    """The environment does not hold a usable configuration; says everything that is wrong."""


SettingsType = TypeVar("SettingsType", bound=BaseSettings)


def read_settings(kind: type[SettingsType]) -> SettingsType:
    """Reads `kind` from the environment and from files named by `ADWRIGHT_<NAME>_FILE`; raises ConfigurationError."""
    from_files: dict[str, str] = {}
    for name in kind.model_fields:
        path = os.environ.get(f"{PREFIX}{name.upper()}_FILE")
        if f"{PREFIX}{name.upper()}" in os.environ and f"{name}_file" in kind.model_fields:
            from_files[f"{name}_file"] = ""  # the variable wins, so the file is not followed either
        elif path and f"{PREFIX}{name.upper()}" not in os.environ:
            try:
                from_files[name] = Path(path).read_text(encoding="utf-8").strip()
            except OSError as error:
                raise ConfigurationError(f"{PREFIX}{name.upper()}_FILE: {error}") from None
    make: Callable[..., SettingsType] = kind  # the fields come from the environment, not from this call
    try:
        return make(**from_files)
    except ValidationError as error:
        lines = [
            f"{PREFIX}{'_'.join(str(part) for part in item['loc']).upper()}: {item['msg']}" for item in error.errors()
        ]
        raise ConfigurationError("the configuration is not usable:\n  " + "\n  ".join(lines)) from None


def read_settings_or_exit(kind: type[SettingsType]) -> SettingsType:
    """As read_settings; prints what is wrong and ends the program with status 2."""
    try:
        return read_settings(kind)
    except ConfigurationError as error:
        print(error, file=sys.stderr)  # the log is not configured yet
        raise SystemExit(2) from None
