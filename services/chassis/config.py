"""Settings that every service reads, once, from the environment in its `__main__`.

Each setting is an environment variable with the prefix `ADWRIGHT_`. `<NAME>_FILE` names a file that holds the value
instead, for mounted secrets. A service's own settings extend `ServiceSettings`. One error reports all invalid values.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from services.chassis.rotating_secret import RotatingSecret, secret_lines

PREFIX = "ADWRIGHT_"


class Settings(BaseSettings):
    """Base of all settings: frozen, with a common prefix of the variables. Errors never show values."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="ignore", hide_input_in_errors=True)


def checked_secret(value: SecretStr) -> SecretStr:
    """Returns the secret when its lines are valid. Raises ValueError, without the secret's text."""
    secret_lines(value.get_secret_value())
    return value


class ServiceSettings(Settings):
    """Settings of every service and worker. The embedded system and a cluster differ only in these values."""

    listen: str = Field(
        default="127.0.0.1:0", description="host:port on which the gRPC server listens; port 0 takes any free port."
    )
    metrics_listen: str = Field(
        default="", description="host:port of the Prometheus endpoint. Empty: no metrics are served."
    )
    trace_address: str = Field(
        default="", description="host:port of an OTLP/gRPC collector. Empty: no traces are sent."
    )
    trace_share: float = Field(
        default=0.0, ge=0, le=1, description="Share of the calls without a trace context for which a trace is started."
    )
    log_format: str = Field(
        default="json", pattern="^(json|console)$", description="Format of log events: json or console."
    )
    log_level: str = Field(
        default="info", pattern="^(debug|info|warning|error)$", description="Lowest level that is logged."
    )
    stop_grace_seconds: float = Field(
        default=10.0,
        gt=0,
        le=300,
        description="Seconds for which a stopping process waits for running calls and attempts.",
    )

    token_issuer: str = Field(description="Required `iss` claim of users' tokens.")
    token_audience: str = Field(default="adwright", description="Required `aud` claim of users' tokens.")
    token_jwks: str = Field(
        description="Location of the issuer's JWKS: an https:// or http:// address, or the path of a file."
    )
    token_roles_claim: str = Field(default="roles", description="Claim of users' tokens that lists their roles.")
    service_secret: SecretStr = Field(
        description="Secret that signs the services' own tokens (HMAC-SHA256), 32 characters or more; during a "
        "rotation, several lines: the first signs, all are accepted."
    )
    service_secret_file: str = Field(
        default="", description="File that holds service_secret; it is read again when it changes."
    )

    catalog_address: str = Field(default="127.0.0.1:7101", description="gRPC address of the catalog service.")
    billing_address: str = Field(default="127.0.0.1:7102", description="gRPC address of the billing service.")
    job_address: str = Field(default="127.0.0.1:7103", description="gRPC address of the job service.")
    copy_address: str = Field(default="127.0.0.1:7104", description="gRPC address of the copy service.")

    _lines = field_validator("service_secret")(checked_secret)

    def service_secrets(self) -> RotatingSecret:
        """Returns the secrets of service tokens, which follow changes of `service_secret_file`."""
        return RotatingSecret(self.service_secret.get_secret_value(), file=self.service_secret_file)


class DatabaseSettings(Settings):
    """Settings of a service with a database."""

    database_url: SecretStr = Field(description="PostgreSQL URL: postgresql://user:password@host:port/name.")
    database_pool_size: int = Field(default=8, ge=1, le=200, description="Connections per process to the database.")
    auto_migrate: bool = Field(default=True, description="Whether the service migrates its database before it serves.")


class KafkaSettings(Settings):
    """Settings of a process that reads or writes Kafka topics."""

    kafka_bootstrap: str = Field(
        default="127.0.0.1:9092", description="Bootstrap brokers: host:port, several separated by commas."
    )
    kafka_security_protocol: str = Field(
        default="PLAINTEXT",
        pattern="^(PLAINTEXT|SSL|SASL_PLAINTEXT|SASL_SSL)$",
        description="Protocol to the brokers: PLAINTEXT, SSL, SASL_PLAINTEXT or SASL_SSL.",
    )
    kafka_sasl_mechanism: str = Field(
        default="",
        pattern="^(|PLAIN|SCRAM-SHA-256|SCRAM-SHA-512)$",
        description="SASL mechanism: PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512. Empty: no SASL.",
    )
    kafka_sasl_username: str = Field(default="", description="SASL user name.")
    kafka_sasl_password: SecretStr = Field(default=SecretStr(""), description="SASL password.")
    kafka_ssl_cafile: str = Field(
        default="", description="PEM file of the CA that signed the brokers' certificates. Empty: the system's CAs."
    )
    kafka_fetch_wait_ms: int = Field(
        default=100,
        ge=1,
        le=5_000,
        description="Milliseconds for which a broker holds a worker's fetch request while there is no message.",
    )
    kafka_partitions: int = Field(
        default=6, ge=1, le=1000, description="Partitions of topics that the services create."
    )
    kafka_replication: int = Field(
        default=1, ge=1, le=9, description="Replication factor of topics that the services create."
    )


class WebhookUrlSettings(Settings):
    """Settings of a service that checks the addresses of webhooks."""

    webhook_allow_http: bool = Field(
        default=False, description="Whether webhooks may use http and any port; for development only."
    )
    webhook_allowed_addresses: str = Field(
        default="",
        description="IP addresses, separated by commas, to which webhooks may lead although they are not public; for "
        "development only.",
    )

    def allowed_addresses(self) -> list[str]:
        """Returns the addresses of `webhook_allowed_addresses`."""
        return [address.strip() for address in self.webhook_allowed_addresses.split(",") if address.strip()]


class RenderSettings(Settings):
    """Environment variables of processes that render in child processes."""

    render_niceness: int = Field(
        default=10,
        ge=0,
        le=19,
        description="Niceness of the processes that draw and speak: at 10 the services of the same machine take "
        "precedence; 0 suits a machine that only renders.",
    )


class AssetSettings(Settings):
    """Settings of a process that stores or serves assets."""

    assets_url: str = Field(
        description="Asset storage: file:///folder, s3://bucket/prefix, gs://bucket/prefix or az://container/prefix."
    )


class ConfigurationError(Exception):
    """The environment holds no valid configuration. The message lists every problem."""


SettingsType = TypeVar("SettingsType", bound=BaseSettings)


def read_settings(kind: type[SettingsType]) -> SettingsType:
    """Reads `kind` from the environment and from the files named by `ADWRIGHT_<NAME>_FILE`.

    Raises ConfigurationError.
    """
    from_files: dict[str, str] = {}
    for name in kind.model_fields:
        path = os.environ.get(f"{PREFIX}{name.upper()}_FILE")
        if f"{PREFIX}{name.upper()}" in os.environ and f"{name}_file" in kind.model_fields:
            from_files[f"{name}_file"] = ""  # the variable takes precedence: the file must not be reloaded
        elif path and f"{PREFIX}{name.upper()}" not in os.environ:
            try:
                from_files[name] = Path(path).read_text(encoding="utf-8").strip()
            except OSError as error:
                raise ConfigurationError(f"{PREFIX}{name.upper()}_FILE: {error}") from None
    make: Callable[..., SettingsType] = kind  # a required field comes from the environment, which mypy cannot know
    try:
        return make(**from_files)
    except ValidationError as error:
        lines = [
            f"{PREFIX}{'_'.join(str(part) for part in item['loc']).upper()}: {item['msg']}" for item in error.errors()
        ]
        raise ConfigurationError("Invalid configuration:\n  " + "\n  ".join(lines)) from None


def read_settings_or_exit(kind: type[SettingsType]) -> SettingsType:
    """Reads settings as read_settings does; prints the problems and exits with status 2 when there are any."""
    try:
        return read_settings(kind)
    except ConfigurationError as error:
        print(error, file=sys.stderr)  # the log is not configured yet
        raise SystemExit(2) from None
