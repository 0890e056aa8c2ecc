# `make` alone lists what there is.
# uv from PATH, else one of our own beside the environment it makes.
UV := $(or $(shell command -v uv 2>/dev/null),.uv/bin/uv)
RUN := $(UV) run --locked --all-extras --quiet
# Tests that run in real time, on real servers: two at a time, since they mostly wait. Beside the others they would be late.
REAL := tests/e2e tests/faults tests/benchmarks
# The others wait for processes at times: one more at a time than there are cores.
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

dev: setup ## the worker with your own keys from .env, reloading on change
	@$(RUN) python agent.py dev

helm: setup ## Helm, for the tests of the chart: the one on PATH, or built once in three minutes
	@$(RUN) python -m demo.helm_build

manifests: setup ## deploy/kubernetes and the table of values, from the Helm chart
	@$(RUN) python -m docs.chart

test: setup ## the tests, end to end on a real LiveKit server included; a quarter of an hour
	@$(RUN) python -m demo.livekit_build
	@$(RUN) python -m demo.helm_build
	@$(RUN) python -m demo.page_build vitest run
	@$(RUN) pytest -m "not long and not browser" -n $(SIDE_BY_SIDE) --maxprocesses 4 --dist loadfile --no-loadscope-reorder tests $(addprefix --ignore=,$(REAL))
	@$(RUN) pytest -m "not long and not browser" -n 2 --dist loadfile $(REAL)

test-long: setup ## the tests that take long: rare faults, and LiveKit away for a while; needs a Chromium; a quarter of an hour
	@$(RUN) python -m demo.livekit_build
	@$(RUN) pytest -m long

alerts: ## the alerts of deploy/observability fire when they should; needs promtool
	@cd deploy/observability && promtool check config prometheus.yml && promtool test rules alerts.test.yml

browser: setup ## the page in a real Chromium; three minutes
	@$(RUN) python -m demo.livekit_build
	@$(RUN) pytest -m "not long" tests/browser

reliability: setup ## the tests of faults, and docs/reliability.md from what they saw; about eight minutes
	@$(RUN) python -m demo.livekit_build
	@RELIABILITY_ROWS=.reliability.json $(RUN) pytest tests/faults tests/e2e/test_pipeline_faults.py
	@$(RUN) python -m docs.reliability .reliability.json

bench: setup ## our avatar module and the official one, side by side; a quarter of an hour
	@$(RUN) python -m demo.livekit_build
	@$(RUN) python -m benchmarks

bench-ear: setup ## whole calls with the official plugin's worker and with ours: times, processor, bytes; ten minutes
	@$(RUN) python -m demo.livekit_build
	@$(RUN) python -m benchmarks.ear

load: setup ## more and more calls at a time, with our workers and the official plugin's: CPU, memory, latency, in docs/operations.md; eight minutes
	@$(RUN) python -m demo.livekit_build
	@$(RUN) python -m benchmarks.load --markdown docs/operations.md

simulation: setup ## 1,000 calls in bursts on 40 workers and 200 slots, with and without admission by slots
	@$(RUN) python -m benchmarks.load.simulation

fleet-faults: setup ## two workers and a Redis under six calls: restarts, kills, LiveKit or Redis away, a frozen node; a quarter of an hour
	@$(RUN) python -m demo.livekit_build
	@$(RUN) python -m benchmarks.fleet_faults

turns: setup ## a set of turns through the real pipeline, with your turn settings; four minutes
	@$(RUN) python -m benchmarks.turns

soak: setup ## calls with random faults for half an hour: does memory, tasks or descriptors grow?
	@$(RUN) python -m demo.livekit_build
	@$(RUN) python -m benchmarks.soak --markdown docs/soak.md

format: setup ## write the code as the formatter wants it
	@$(RUN) ruff format .

lint: setup ## format, lint, types, import rules
	@$(RUN) ruff format --check .
	@$(RUN) ruff check .
	@$(RUN) mypy
	@$(RUN) mypy agent.py
	@$(RUN) lint-imports
	@$(RUN) python -m demo.page_build tsc --noEmit

audit: setup ## known vulnerabilities of the dependencies; AUDIT_REQUIRED=1: an audit that could not be made fails
	@$(RUN) .ci/audit
	@$(RUN) .ci/audit-page

sbom: setup ## bills of materials of the image, in dist/
	@$(RUN) .ci/sbom

check: lint audit sbom test alerts browser ## what CI runs

.uv/bin/uv:
	@echo "getting uv"
	@python3 -m pip install --quiet --disable-pip-version-check --target .uv uv || \
	  { python3 -m venv .uv && .uv/bin/pip install --quiet --disable-pip-version-check uv; }
