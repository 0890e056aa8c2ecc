# `make` without a target lists the targets.
# uv from PATH, else a copy in .uv, next to the environment that it creates.
UV := $(or $(shell command -v uv 2>/dev/null),.uv/bin/uv)
RUN := $(UV) run --locked --all-extras --quiet
# Tests in real time, on real servers: two at a time, since they mostly wait. Among the others they would be late.
REAL := tests/e2e tests/faults tests/benchmarks
# The other tests sometimes wait for processes: one more at a time than there are cores.
SIDE_BY_SIDE := $(shell expr $$(getconf _NPROCESSORS_ONLN) + 1)

.DEFAULT_GOAL := help
.PHONY: help setup demo demo-call dev helm manifests test test-long alerts browser reliability bench bench-ear load simulation fleet-faults turns soak format lint audit sbom check

help: ## list the targets
	@awk -F':.*## ' '/^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(UV) ## install everything into .venv, and build the page
	@$(UV) sync --locked --all-extras $(if $(wildcard .venv),--quiet)
	@$(RUN) python -m demo.page_build

demo: setup ## talk with the avatar: LiveKit server, worker, stand-ins for vendors without a key
	@$(RUN) python agent.py demo

demo-call: setup ## the same with a synthetic caller; ends with a table, a transcript and a video
	@$(RUN) python agent.py demo --call

dev: setup ## run the worker with your own keys from .env, reloading on change
	@$(RUN) python agent.py dev

helm: setup ## get Helm for the chart's tests: the one on PATH, else built once, in three minutes
	@$(RUN) python -m demo.helm_build

manifests: setup ## write deploy/kubernetes and the table of values from the Helm chart
	@$(RUN) python -m docs.chart

test: setup ## run the tests, also end to end on a real LiveKit server; a quarter of an hour
	@$(RUN) python -m demo.livekit_build
	@$(RUN) python -m demo.helm_build
	@$(RUN) python -m demo.page_build vitest run
	@$(RUN) pytest -m "not long and not browser" -n $(SIDE_BY_SIDE) --maxprocesses 4 --dist loadfile --no-loadscope-reorder tests $(addprefix --ignore=,$(REAL))
	@$(RUN) pytest -m "not long and not browser" -n 2 --dist loadfile $(REAL)

test-long: setup ## run the long tests, and property tests with other examples; needs a Chromium; twenty minutes
	@$(RUN) python -m demo.livekit_build
	@$(RUN) pytest -m long
	@$(RUN) pytest -m "hypothesis and not long" --hypothesis-profile search -n $(SIDE_BY_SIDE) tests $(addprefix --ignore=,$(REAL))

alerts: ## test that the alerts of deploy/observability fire when they should; needs promtool
	@cd deploy/observability && promtool check config prometheus.yml && promtool test rules alerts.test.yml

browser: setup ## test the page in a real Chromium; three minutes
	@$(RUN) python -m demo.livekit_build
	@$(RUN) pytest -m "not long" tests/browser

reliability: setup ## run the tests of faults, and write docs/reliability.md from their results; about eight minutes
	@$(RUN) python -m demo.livekit_build
	@RELIABILITY_ROWS=.reliability.json $(RUN) pytest tests/faults tests/e2e/test_pipeline_faults.py
	@$(RUN) python -m docs.reliability .reliability.json

bench: setup ## compare our avatar module with the official one; twenty minutes
	@$(RUN) python -m demo.livekit_build
	@$(RUN) python -m benchmarks

bench-ear: setup ## compare whole calls of the official plugin's worker and ours: times, processor, bytes; ten minutes
	@$(RUN) python -m demo.livekit_build
	@$(RUN) python -m benchmarks.ear

load: setup ## measure more and more calls, with our workers and the official plugin's: CPU, memory, latency, in docs/operations.md; eight minutes
	@$(RUN) python -m demo.livekit_build
	@$(RUN) python -m benchmarks.load --markdown docs/operations.md

simulation: setup ## simulate 1,000 calls in bursts on 40 workers and 200 slots, with and without admission by slots
	@$(RUN) python -m benchmarks.load.simulation

fleet-faults: setup ## test two workers and a Redis under six calls: restarts, kills, LiveKit or Redis away, a frozen node; a quarter of an hour
	@$(RUN) python -m demo.livekit_build
	@$(RUN) python -m benchmarks.fleet_faults

turns: setup ## replay a set of turns through the real pipeline, with your turn settings; four minutes
	@$(RUN) python -m benchmarks.turns

soak: setup ## hold calls with random faults for half an hour: do memory, tasks or descriptors grow?
	@$(RUN) python -m demo.livekit_build
	@$(RUN) python -m benchmarks.soak --markdown docs/soak.md

format: setup ## format the code
	@$(RUN) ruff format .

lint: setup ## check format, lint, types and import rules
	@$(RUN) ruff format --check .
	@$(RUN) ruff check .
	@$(RUN) mypy
	@$(RUN) mypy agent.py
	@$(RUN) lint-imports
	@$(RUN) python -m demo.page_build tsc --noEmit

audit: setup ## check the dependencies for known vulnerabilities; AUDIT_REQUIRED=1: an audit that can't be made fails
	@$(RUN) .ci/audit
	@$(RUN) .ci/audit-page

sbom: setup ## write the image's bills of materials to dist/
	@$(RUN) .ci/sbom

check: lint audit sbom test alerts browser ## run what CI runs

.uv/bin/uv:
	@echo "getting uv"
	@python3 -m pip install --quiet --disable-pip-version-check --target .uv uv || \
	  { python3 -m venv .uv && .uv/bin/pip install --quiet --disable-pip-version-check uv; }
