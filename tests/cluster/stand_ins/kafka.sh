#!/bin/bash
# Runs one Kafka broker that is its own controller: TLS and SCRAM-SHA-512, as Strimzi's listener has them.
set -euo pipefail
JAVA=(java -Xmx512m -cp '/opt/kafka/*')
PEM=/run/secrets/broker/tls.pem PASSWORD=$(cat /run/secrets/client/password)
sed "s|@PASSWORD@|$PASSWORD|; s|@PEM@|$PEM|; s|@USER@|$KAFKA_USER|; s|@HOST@|$KAFKA_HOST|" /dev/stdin >/tmp/server.properties <<'PROPERTIES'
node.id=1
process.roles=broker,controller
listeners=SASL_SSL://0.0.0.0:9093,CONTROLLER://127.0.0.1:9094
advertised.listeners=SASL_SSL://@HOST@:9093
controller.listener.names=CONTROLLER
controller.quorum.voters=1@127.0.0.1:9094
listener.security.protocol.map=CONTROLLER:PLAINTEXT,SASL_SSL:SASL_SSL
inter.broker.listener.name=SASL_SSL
log.dirs=/data/log
offsets.topic.replication.factor=1
offsets.topic.num.partitions=3
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
group.initial.rebalance.delay.ms=0
auto.create.topics.enable=false
sasl.enabled.mechanisms=SCRAM-SHA-512
sasl.mechanism.inter.broker.protocol=SCRAM-SHA-512
listener.name.sasl_ssl.scram-sha-512.sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required username="@USER@" password="@PASSWORD@";
ssl.keystore.type=PEM
ssl.keystore.location=@PEM@
ssl.truststore.type=PEM
ssl.truststore.location=@PEM@
PROPERTIES
[ -e /data/log/meta.properties ] || "${JAVA[@]}" kafka.tools.StorageTool format -t 4L6g3nShT-eMCtK--X86sw -c /tmp/server.properties \
  --add-scram "SCRAM-SHA-512=[name=$KAFKA_USER,password=$PASSWORD]"
exec "${JAVA[@]}" kafka.Kafka /tmp/server.properties
