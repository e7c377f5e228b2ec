# The one door: what people and CI run. Everything is idempotent, asks nothing and cleans up after itself.
#
#   make run ADDRESS=127.0.0.1:9180 ADMIN=127.0.0.1:9181   other addresses than 9080 and 9081
#   make run OIDC=1                                        with an OpenID Connect provider, for web identity
#   make run REDIS=local | REDIS=redis://...               a store in Redis instead of SQLite
#   make test E2E=tests/e2e/test_tls.py                    all of cargo test, and one file of the end-to-end tests
#   make bench QUICK=1                                     three rounds instead of ten, a tenth of the samples
#   make fuzz FUZZ_SECONDS=600                             longer than a minute a target

E2E ?= tests/e2e
FUZZ_SECONDS ?= 60

.PHONY: help build check test bench fuzz run clean fmt lint doc setup
.DEFAULT_GOAL := help

help: ## what there is to make
	@grep -E '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## (.*)/  make \1\t\2/' | expand -t 16

build: ## the debug binary, target/debug/rolegate
	@tests/tools/setup build
	cargo build

check: ## format, lints, the cores without the shell, the module walls
	@tests/tools/setup build
	cargo fmt --check
	cargo clippy --all-targets -- -D warnings
	cargo check --no-default-features
	cargo test --test architecture

test: ## every test: cargo test, then the binary against SeaweedFS, redis-server, boto3 and aws-cli
	@tests/tools/setup
	@tests/tools/run-tests $(E2E)

bench: ## the benchmarks: criterion, then whole processes side by side (docs/performance.md)
	@tests/tools/setup build python bench
	cargo bench --bench '*' -- --warm-up-time 1 --measurement-time $(if $(QUICK),1,2)
	cargo build --release --bins --examples
	.venv/bin/python benches/process/run.py

fuzz: ## every fuzz target for FUZZ_SECONDS (needs the nightly toolchain; installs cargo-fuzz)
	@tests/tools/run-fuzz $(FUZZ_SECONDS)

run: ## the demo: SeaweedFS, the gate before it and two users, until Ctrl-C
	@examples/demo/run

fmt: ## format the Rust sources
	cargo fmt

lint: ## clippy, warnings are errors
	@tests/tools/setup build
	cargo clippy --all-targets -- -D warnings

doc: ## the API documentation, in target/doc
	@tests/tools/setup build
	RUSTDOCFLAGS="-D warnings" cargo doc --no-deps

setup: ## install what build, tests and demo need (tests/tools/setup)
	@tests/tools/setup

clean: ## remove target, .venv, node_modules and the demo's data
	cargo clean
	rm -rf .venv .run tests/idp/node_modules tests/js/node_modules
