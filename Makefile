# Commands for a checkout. They need Python 3.11 or later, make, and a network for the first run.

PYTHON ?= python3
WORKERS ?= 1
PORT ?= 0
HTTPS ?= 0
EXAMPLES ?= 150
TEST_PROCESSES ?= 4
REQUESTS ?= 100000
ROWS ?=
KINDS ?=
SETTINGS ?= gateway/resources/settings.json
BIN := .venv/bin
TRADES := $(foreach data,trades names worth leads statements,$(wildcard services/catalog/understanding/data/$(data)/*.toml)) \
  services/catalog/understanding/data/grammar.toml \
  $(addprefix services/catalog/understanding/,encoder.py index.py leads.py role_model.py taxonomy.py words.py worth.py)
STUDIO := studio/package-lock.json studio/index.html $(wildcard studio/src/*) deploy/studio.py services/copy/data/platforms.toml
PROTOS := $(shell find protos -name '*.proto') protos/generate.py
export PYTHONWARNINGS ?= ignore::Warning:platformdirs
# Each test process and each service it starts would otherwise compile the whole project again.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help demo up runnable logs test test-all test-containers test-platform test-kafka test-cluster test-cluster-upgrade fuzz bench lint protos models models-or-less studio studio-or-less manifests chart compose issuer-dev gallery-copy gallery-image gallery-video gallery-studio docs notice sbom clean

help: ## Show this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1|/' | column -t -s '|'

demo: runnable ## Generate copy, an image and a video into out/ (KINDS=copy,static-ad: only these)
	@$(BIN)/adwright demo $(if $(KINDS),--kinds $(KINDS))

up: runnable ## Start the whole system and run it until Ctrl-C (WORKERS=0: without workers, PORT=n: the gateway's port, HTTPS=1)
	@$(BIN)/adwright up $(if $(filter 0,$(WORKERS)),--no-workers) --port $(PORT) $(if $(filter 1,$(HTTPS)),--https)

runnable: .venv/runtime gen/descriptors.binpb gen/trades.npz models-or-less studio-or-less # everything that the system needs to run

logs: .venv/runtime ## Follow the logs of the system
	@$(BIN)/adwright logs

test: .venv/dev .venv/clients/installed gen/descriptors.binpb gen/trades.npz models studio-or-less ## Run all tests except the slow ones, in TEST_PROCESSES=4 processes (a third of their time is waiting)
	@env -u PYTHONDONTWRITEBYTECODE $(BIN)/python -m pytest -q -n $(TEST_PROCESSES) --dist loadgroup --no-loadscope-reorder -m "not slow"

test-all: .venv/dev .venv/hearing .venv/clients/installed gen/descriptors.binpb gen/trades.npz models studio-or-less ## Run all tests
	@$(BIN)/python -m pytest -q

fuzz: .venv/dev gen/descriptors.binpb gen/trades.npz models ## Send thousands of random requests to the whole system, by its API description (EXAMPLES=n, REQUESTS=n)
	@$(BIN)/python -m tests.contract.fuzzing --examples $(EXAMPLES) --requests $(REQUESTS)

test-containers: .venv/dev gen/descriptors.binpb gen/trades.npz models ## Run the tests of job, billing and the API on PostgreSQL and Kafka in containers (needs Docker or podman's socket in DOCKER_HOST)
	@ADWRIGHT_TEST_STACK=containers $(BIN)/python -m pytest -q -m "not slow" tests/job tests/billing tests/contract

test-platform: .venv/dev gen/descriptors.binpb gen/trades.npz models ## Run the tests of deploy/ and of the cluster's gateway, including slow ones (needs go, java and mvn)
	@$(BIN)/python -m pytest -q tests/platform

test-kafka: .venv/dev gen/descriptors.binpb gen/trades.npz models ## Run the tests of the whole system on Apache Kafka (needs java and mvn)
	@ADWRIGHT_TEST_BROKER=apache-kafka $(BIN)/python -m pytest -q -m "not slow" tests/contract tests/journeys tests/faults \
	  tests/platform/test_traces.py tests/platform/test_metrics.py tests/platform/test_backup.py
	@$(BIN)/python -m pytest -q tests/platform/test_kafka.py

test-cluster: .venv/dev gen/descriptors.binpb ## Run the API's tests on a Kubernetes of one node that is built here (needs root, go and Debian's packages; an hour)
	@trap '$(BIN)/python -m tests.cluster down' EXIT; $(BIN)/python -m tests.cluster up && $(BIN)/python -m tests.cluster test

test-cluster-upgrade: .venv/dev gen/descriptors.binpb ## Roll out, kill, restart and drain everything on such a Kubernetes under a load of jobs
	@trap '$(BIN)/python -m tests.cluster down' EXIT; $(BIN)/python -m tests.cluster up && $(BIN)/python -m tests.cluster disrupt

bench: .venv/dev .venv/monolith/installed gen/descriptors.binpb gen/trades.npz models ## Measure the system's speed beside baselines (ROWS=submit,copy: only these rows)
	@$(BIN)/python -m tests.bench --rows "$(ROWS)"

lint: .venv/dev gen/descriptors.binpb ## Check style, types (of the studio too), import rules, protos, the Dockerfile, and compatibility with the last release
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/buf lint gen/image.binpb
	$(BIN)/buf format --diff --exit-code protos
	$(BIN)/hadolint Dockerfile
	$(BIN)/python -m protos.compatibility
	$(BIN)/python -m deploy.studio --check

protos: .venv/dev ## Generate code from protos/ into gen/
	@$(BIN)/python protos/generate.py

BRIEFS ?=
gallery-studio: .venv/dev gen/descriptors.binpb gen/trades.npz models studio ## Take the pictures of docs/studio.md into out/ (needs Chromium)
	@$(BIN)/python -m tests.galleries.studio
gallery-copy gallery-image gallery-video: gallery-%: .venv/dev gen/descriptors.binpb gen/trades.npz models ## Write a page of the engine's output to out/
	@$(BIN)/python -m tests.galleries.$* $(BRIEFS)

manifests: .venv/runtime gen/descriptors.binpb ## Write the generated part of gateway/resources (SETTINGS=FILE: another issuer)
	@$(BIN)/python -m gateway.kubernetes --settings $(SETTINGS) > gateway/resources/generated.yaml

chart: .venv/dev gen/descriptors.binpb ## Write the Helm chart into out/chart/adwright (SETTINGS=FILE: another issuer)
	@$(BIN)/python -m deploy.chart --settings $(SETTINGS)

compose: .venv/runtime gen/descriptors.binpb ## Write what compose.yaml needs into var/: keys, the gateway's configuration, databases.sql
	@$(BIN)/python -m deploy.compose

issuer-dev: .venv/runtime ## Put the key of the development issuer into the current cluster, for deploy/overlays/dev
	@$(BIN)/python -c "from local.home import Home; Home().prepare()"
	kubectl create namespace adwright --dry-run=client -o yaml | kubectl apply -f -
	kubectl -n adwright create configmap adwright-issuer --from-file=var/keys/jwks.json --dry-run=client -o yaml | kubectl apply -f -

docs: .venv/dev gen/descriptors.binpb ## Write docs/settings.md, .env.example, docs/errors.md and docs/ad-policy.md from code and tables
	@$(BIN)/python -m deploy.settings_reference
	@$(BIN)/python -m deploy.error_reference
	@$(BIN)/python -m deploy.ad_policy_reference

notice: .venv/dev gen/descriptors.binpb ## Write NOTICE from the locked packages and the model table
	@$(BIN)/python -m deploy.notices

sbom: .venv/dev gen/descriptors.binpb ## Write the image's bill of materials (CycloneDX) into out/adwright.cdx.json
	@$(BIN)/python -m deploy.sbom

models: .venv/runtime ## Fetch and check the engines' model files, once
	@$(BIN)/adwright models > .venv/models.log 2>&1 || { cat .venv/models.log; exit 1; }

models-or-less: .venv/runtime # As models, but without the files that cannot be fetched; features that need none of them work
	@$(BIN)/adwright models > .venv/models.log 2>&1 || { grep -v '^\[' .venv/models.log; echo "Continuing without them."; }

studio: .venv/runtime studio/dist/studio.js ## Build the page of /studio, if its sources changed

studio-or-less: .venv/runtime # As studio, but without the page where npm's packages cannot be fetched
	@$(MAKE) --no-print-directory studio || echo "Continuing without it. To try again, run: make studio"

clean: ## Remove generated and installed files; the data in var/ stays
	rm -rf .venv gen out studio/dist studio/node_modules

.venv/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "Adwright needs Python 3.11 or later; $(PYTHON) is $$($(PYTHON) --version). Name another: make PYTHON=python3.12 …"; exit 1; }
	@echo "Set-up needs a Python package index and, for the voices of videos and the studio, npm's registry; pip and npm apply their own settings."
	@$(PYTHON) -m venv .venv || { echo "Python's venv module is missing; on Debian and Ubuntu: apt-get install python3-venv"; exit 1; }
	@touch $@

.venv/runtime: .venv/python requirements.lock pyproject.toml
	@echo "Installing the packages of requirements.lock into .venv: a minute or two …"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --no-index -e .
	@$(BIN)/python -c 'import pathlib, sysconfig; pathlib.Path(sysconfig.get_path("purelib"), "adwright-gen.pth").write_text(str(pathlib.Path("gen").resolve()))'
	@$(BIN)/python -c 'import skia' 2>/dev/null || { \
	  echo "Drawing needs the system libraries libGL and libEGL; on Debian and Ubuntu: apt-get install libgl1 libegl1"; exit 1; }
	@touch $@

.venv/dev: .venv/runtime requirements-dev.lock
	@echo "Installing the packages of requirements-dev.lock into .venv …"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	@rm -f gen/descriptors.binpb
	@touch $@

.venv/hearing: .venv/dev requirements-hearing.lock
	@echo "Installing the packages of requirements-hearing.lock into .venv …"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-hearing.lock
	@touch $@

.venv/clients/installed: .venv/python requirements-clients.lock
	@echo "Installing the packages of requirements-clients.lock into .venv/clients …"
	@$(PYTHON) -m venv .venv/clients
	@.venv/clients/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-clients.lock
	@touch $@

.venv/monolith/installed: .venv/python requirements-monolith.lock
	@echo "Installing the packages of requirements-monolith.lock into .venv/monolith …"
	@$(PYTHON) -m venv .venv/monolith
	@.venv/monolith/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-monolith.lock
	@touch $@

studio/dist/studio.js: $(STUDIO) | gen/descriptors.binpb
	@echo "Building the page of /studio …"
	@$(BIN)/python -m deploy.studio

gen/descriptors.binpb: .venv/runtime $(PROTOS)
	@$(BIN)/python protos/generate.py

gen/trades.npz: .venv/runtime $(TRADES) | gen/descriptors.binpb
	@echo "Building the index of trades: one to two minutes …"
	@$(BIN)/python -m services.catalog.understanding.build_index
