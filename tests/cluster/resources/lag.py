"""In place of KEDA's metrics server: the lag of a Kafka consumer group as a metric of the API external.metrics.k8s.io.

`python lag.py GROUP TOPIC` serves it on port 6443, with the certificate and the broker's settings of its environment.
"""

from __future__ import annotations

import json
import os
import ssl
import sys
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from confluent_kafka import Consumer, TopicPartition

GROUP, TOPIC = sys.argv[1:]
VERSION = "external.metrics.k8s.io/v1beta1"
SECONDS = 5
consumer = Consumer(
    {
        "bootstrap.servers": os.environ["ADWRIGHT_KAFKA_BOOTSTRAP"],
        "security.protocol": "SASL_SSL",
        "sasl.mechanism": "SCRAM-SHA-512",
        "sasl.username": os.environ["ADWRIGHT_KAFKA_SASL_USERNAME"],
        "sasl.password": Path(os.environ["PASSWORD_FILE"]).read_text(),
        "ssl.ca.location": os.environ["CA_FILE"],
        "group.id": GROUP,
        "enable.auto.commit": False,
    }
)


def lag() -> int:
    """Messages that the group has not committed; of a partition without a commit, all: offsetResetPolicy earliest."""
    partitions = consumer.list_topics(TOPIC, SECONDS).topics[TOPIC].partitions
    total = 0
    for committed in consumer.committed([TopicPartition(TOPIC, number) for number in partitions], SECONDS):
        first, end = consumer.get_watermark_offsets(committed, SECONDS)
        total += end - max(first, committed.offset)
    return total


class Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        path = self.path.partition("?")[0].rstrip("/")
        if path == f"/apis/{VERSION}":
            resource = {"name": "lag", "namespaced": True, "kind": "ExternalMetricValueList", "verbs": ["get"]}
            self._answer(
                {"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": VERSION, "resources": [resource]}
            )
        elif path.endswith("/lag"):
            now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
            item = {"metricName": "lag", "metricLabels": {}, "timestamp": now, "value": str(lag())}
            self._answer({"kind": "ExternalMetricValueList", "apiVersion": VERSION, "metadata": {}, "items": [item]})
        else:
            self.send_error(404)

    def _answer(self, body: object) -> None:
        content = json.dumps(body).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)


server = ThreadingHTTPServer(("", 6443), Handler)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(os.environ["CERTIFICATE_FILE"])
server.socket = context.wrap_socket(server.socket, server_side=True)
server.serve_forever()
