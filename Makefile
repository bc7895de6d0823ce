# demo, test, lint, proto, bench, docs, captures: each does all its own set-up.
SHELL := /bin/bash
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# One more than there are cores, as tests wait for processes too.
WORKERS := $(shell cores=$$(nproc 2>/dev/null || echo 2); echo $$((cores < 4 ? cores + 1 : 4)))

# Every process of a test would compile all of ours anew.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: demo test lint proto bench docs captures
.DEFAULT_GOAL := demo

demo: $(VENV)/ready
	$(BIN)/axpair demo

test: $(VENV)/ready
	$(BIN)/python -m pytest --numprocesses=$(WORKERS) --dist=loadfile --no-loadscope-reorder

lint: $(VENV)/ready
	$(BIN)/ruff check . && $(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/vermin --quiet --no-tips --violations --backport typing --target=3.9- \
	  agent/axpair_agent/worker proto/axpair_proto/keeper.py proto/axpair_proto/variables.py \
	  proto/axpair_proto/log_lines.py proto/axpair_proto/logged_run.py proto/axpair_proto/run_logs.py proto/axpair_proto/run_endings.py proto/axpair_proto/run_failures.py \
	  proto/axpair_proto/programs.py \
	  proto/axpair_proto/regular.py

bench: $(VENV)/ready
	$(BIN)/python -m benchmarks

docs: $(VENV)/ready
	$(BIN)/python -m docs.generate

captures: $(VENV)/ready
	$(BIN)/python -m docs.captures

# The generator is old on purpose: its code runs with the older protobuf of boards.
proto: .venv-proto/ready
	cd proto && PATH="$(CURDIR)/.venv-proto/bin:$$PATH" ../.venv-proto/bin/python -m grpc_tools.protoc -I. \
	  --python_out=. --grpc_python_out=. --mypy_out=. --mypy_grpc_out=. \
	  axpair_proto/v1/*.proto axpair_proto/topology/*.proto axpair_proto/pulsar/*.proto
	find proto/axpair_proto/topology proto/axpair_proto/pulsar -name '*_pb2_grpc.py*' -delete

$(VENV)/ready: pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10))' || \
	  { echo "axpair needs Python 3.10 or later; $(PYTHON) is $$($(PYTHON) -V 2>&1). Try: make PYTHON=python3.11" >&2; exit 2; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || \
	  { echo "$(PYTHON) has no venv module. On Debian and Ubuntu: apt-get install python3-venv" >&2; exit 2; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade 'pip>=25.1'
	$(BIN)/python -m pip install --quiet --editable '.[host,emulator]' --group dev
	@touch $@

.venv-proto/ready: Makefile
	$(PYTHON) -m venv .venv-proto
	.venv-proto/bin/python -m pip install --quiet 'grpcio-tools==1.62.2' 'mypy-protobuf==3.6.0' 'setuptools<81'
	@touch $@
