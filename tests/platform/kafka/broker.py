"""Apache Kafka, from its published jars: one broker that is its own controller."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from local.ports import free_ports
from tests.platform import tools

FOLDER = Path(__file__).parent
START_SECONDS = 60
CLUSTER_ID = "4L6g3nShT-eMCtK--X86sw"
USER = "adwright"
PASSWORD = "broker-password"  # the broker exists only during its test


@dataclass(frozen=True, slots=True, kw_only=True)
class Secured:
    """TLS with a certificate and key in one PEM file, and SCRAM-SHA-512 for USER with PASSWORD."""

    pem: Path


def command(port: int, folder: Path, secured: Secured | None = None) -> list[str]:
    """Returns the command that runs a broker with its data in `folder`, which is formatted on first use."""
    jars = tools.maven_jars(FOLDER / "pom.xml", FOLDER / "jars.sha256")
    java = [shutil.which("java") or "java", "-Xmx512m", "-cp", f"{jars}/*"]
    properties = folder / "server.properties"
    if not properties.exists():
        protocol = "SASL_SSL" if secured else "PLAINTEXT"
        lines = {
            "node.id": "1",
            "process.roles": "broker,controller",
            "listeners": f"{protocol}://127.0.0.1:{port},CONTROLLER://127.0.0.1:{free_ports(1)[0]}",
            "controller.listener.names": "CONTROLLER",
            "listener.security.protocol.map": "CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,SASL_SSL:SASL_SSL",
            "inter.broker.listener.name": protocol,
            "log.dirs": str(folder / "log"),
            "offsets.topic.replication.factor": "1",
            "offsets.topic.num.partitions": "3",
            "transaction.state.log.replication.factor": "1",
            "transaction.state.log.min.isr": "1",
            "group.initial.rebalance.delay.ms": "0",
            "auto.create.topics.enable": "false",
        }
        lines["controller.quorum.voters"] = "1@" + lines["listeners"].rsplit("//", 1)[1]
        if secured:
            lines |= {
                "sasl.enabled.mechanisms": "SCRAM-SHA-512",
                "sasl.mechanism.inter.broker.protocol": "SCRAM-SHA-512",
                "listener.name.sasl_ssl.scram-sha-512.sasl.jaas.config": (
                    "org.apache.kafka.common.security.scram.ScramLoginModule required "
                    f'username="{USER}" password="{PASSWORD}";'
                ),
                "ssl.keystore.type": "PEM",
                "ssl.keystore.location": str(secured.pem),
                "ssl.truststore.type": "PEM",
                "ssl.truststore.location": str(secured.pem),
            }
        text = "\n".join(f"{name}={value}" for name, value in lines.items())
        partial = folder / "server.properties.partial"
        partial.write_text(text, encoding="utf-8")
        scram = ["--add-scram", f"SCRAM-SHA-512=[name={USER},password={PASSWORD}]"] if secured else []
        subprocess.run(
            [*java, "kafka.tools.StorageTool", "format", "-t", CLUSTER_ID, "-c", partial, *scram],
            check=True,
            capture_output=True,
        )
        partial.rename(properties)
    return [*java, "kafka.Kafka", str(properties)]


class Broker:
    """A broker on a free port of this machine; its data survives restarts."""

    def __init__(self, folder: Path, secured: Secured | None = None) -> None:
        self._folder = folder
        self._secured = secured
        self.port = free_ports(1)[0]
        self.address = f"127.0.0.1:{self.port}"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with (self._folder / "broker.log").open("ab") as log:
            self._process = subprocess.Popen(
                command(self.port, self._folder, self._secured), stdout=log, stderr=log, env=dict(os.environ)
            )
        deadline = time.monotonic() + START_SECONDS
        while not _accepts(self.port):
            assert self._process.poll() is None, (self._folder / "broker.log").read_text()[-3000:]
            assert time.monotonic() < deadline, (self._folder / "broker.log").read_text()[-3000:]
            time.sleep(0.1)

    def kill(self) -> None:
        """Kills the broker, like a power failure."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(10)


def _accepts(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
    except OSError:
        return False
    return True
