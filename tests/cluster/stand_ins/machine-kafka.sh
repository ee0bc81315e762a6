#!/bin/bash
# A broker by the settings of the official image: KAFKA_NODE_ID becomes node.id, and so on.
set -euo pipefail
JAVA=(java -Xmx512m -cp '/opt/kafka/*')
{
  echo "log.dirs=/tmp/kafka-logs"
  env | grep '^KAFKA_' | while IFS='=' read -r name value; do
    name=${name#KAFKA_}
    echo "$(tr 'A-Z_' 'a-z.' <<<"$name")=$value"
  done
} >/tmp/server.properties
"${JAVA[@]}" kafka.tools.StorageTool format --ignore-formatted -t 4L6g3nShT-eMCtK--X86sw -c /tmp/server.properties
exec "${JAVA[@]}" kafka.Kafka /tmp/server.properties
