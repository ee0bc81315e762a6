# In place of the official images of PostgreSQL, Apache Kafka and Envoy, where no registry of images can be reached: the
# same settings by environment, the same folders, other builds. One target for each.
ARG BASE
FROM ${BASE} AS postgres
USER 0
RUN install -d -o 10001 -g 10001 /var/lib/postgresql /docker-entrypoint-initdb.d
COPY --chmod=755 machine-postgres.sh /opt/
USER 10001:10001
ENTRYPOINT ["/opt/machine-postgres.sh"]
CMD ["postgres"]

FROM ${BASE} AS kafka
USER 0
RUN install -d -o 10001 -g 10001 /var/lib/kafka /var/lib/kafka/data \
 && install -d /opt/kafka/bin \
 && printf '#!/bin/sh\nexec java -cp "/opt/kafka/*" org.apache.kafka.tools.BrokerApiVersionsCommand "$@"\n' >/opt/kafka/bin/kafka-broker-api-versions.sh \
 && chmod 755 /opt/kafka/bin/kafka-broker-api-versions.sh
COPY --chmod=755 machine-kafka.sh /opt/
USER 10001:10001
ENTRYPOINT ["/opt/machine-kafka.sh"]

FROM ${BASE} AS envoy
ENV PATH=/opt:$PATH
CMD ["envoy"]
