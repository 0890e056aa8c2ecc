# `make` alone lists what there is.
# uv from PATH, else one of our own beside the environment it makes.
UV := $(or $(shell command -v uv 2>/dev/null),.uv/bin/uv)
RUN := $(UV) run --locked --all-extras --quiet

.DEFAULT_GOAL := help
.PHONY: help setup demo demo-call dev test bench format lint audit check

help: ## list the targets
	@awk -F':.*## ' '/^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(UV) ## install everything into .venv
	@$(UV) sync --locked --all-extras $(if $(wildcard .venv),--quiet)

demo: setup ## talk with the avatar: LiveKit server, worker, stand-ins for vendors without a key
	@$(RUN) python agent.py demo

demo-call: setup ## the same with a synthetic caller; ends with a table, a transcript and a video
	@$(RUN) python agent.py demo --call

dev: setup ## the worker with your own keys from .env, reloading on change
	@$(RUN) python agent.py dev

test: setup ## all tests, end to end on a real LiveKit server included
	@$(RUN) python -m demo.livekit_build
	@$(RUN) pytest

bench: setup ## our avatar module and the official one, side by side; five minutes
	@$(RUN) python -m benchmarks

format: setup ## write the code as the formatter wants it
	@$(RUN) ruff format .

lint: setup ## format, lint, types, import rules
	@$(RUN) ruff format --check .
	@$(RUN) ruff check .
	@$(RUN) mypy
	@$(RUN) mypy agent.py
	@$(RUN) lint-imports

audit: setup ## known vulnerabilities of the dependencies
	@$(RUN) .ci/audit

check: lint audit test ## what CI runs

.uv/bin/uv:
	@echo "getting uv"
	@python3 -m pip install --quiet --disable-pip-version-check --target .uv uv || \
	  { python3 -m venv .uv && .uv/bin/pip install --quiet --disable-pip-version-check uv; }
