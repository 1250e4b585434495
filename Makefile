# What a person runs. Everything that is needed is installed by `bootstrap`, which the others call.
SWIFT ?= $(shell command -v swift || echo /opt/swift/usr/bin/swift)
BUILD = .build
DEBIAN = librdkafka-dev libcurl4-openssl-dev libavro-dev libmicrohttpd-dev libsqlite3-dev \
	libsimdjson-dev libyaml-dev zlib1g-dev libssl-dev openssl pkg-config xz-utils
BREW = librdkafka curl avro-c libmicrohttpd sqlite simdjson libyaml zlib openssl@3 pkg-config xz
SUDO = $(shell [ "$$(id -u)" = 0 ] || echo sudo)

.PHONY: demo bootstrap build release test sanitize differential integration bench bench-sink fuzz docs lint format

# The whole pipeline with sample reviews, without Docker or account; on a terminal it stays up.
demo: release
	$(BUILD)/release/opine demo

bootstrap:
	@command -v $(SWIFT) >/dev/null || { echo "Swift 6 is missing: https://www.swift.org/install"; exit 1; }
	@if command -v dpkg >/dev/null; then \
	  missing=$$(for p in $(DEBIAN); do dpkg -s $$p >/dev/null 2>&1 || echo $$p; done); \
	  [ -z "$$missing" ] || { $(SUDO) apt-get update -qq && \
	    DEBIAN_FRONTEND=noninteractive $(SUDO) apt-get install -y -qq --no-install-recommends $$missing; }; \
	elif command -v brew >/dev/null; then \
	  echo "macOS is untested"; brew install $(BREW); \
	else echo "install by hand: $(DEBIAN)"; fi

build: bootstrap
	$(SWIFT) build --product opine

release: bootstrap
	$(SWIFT) build -c release --product opine

test: bootstrap
	$(SWIFT) test

# The unit tests under the thread sanitizer, then under the address sanitizer; any report fails.
# Without XCTest, which has no tests here and leaks at its end.
sanitize: bootstrap
	for kind in thread address; do OPINE_TEST_PATIENCE=10 \
	  ASAN_OPTIONS=suppressions=$(CURDIR)/Tests/reads.supp \
	  LSAN_OPTIONS=suppressions=$(CURDIR)/Tests/leaks.supp:print_suppressions=0 \
	  $(SWIFT) test --disable-xctest --sanitize=$$kind --scratch-path $(BUILD)-$$kind || exit 1; \
	done

# The codec beside Avro for Java (OPINE_TEST_AVRO_ORACLE) and fastavro; OPINE_TEST_CASES=20000 for the long form.
differential: bootstrap .venv/ready
	OPINE_TEST_FASTAVRO=$(CURDIR)/.venv/bin/python $(SWIFT) test --filter Oracle

# Real Kafka and Elasticsearch: OPINE_TEST_SERVERS is the script that starts them,
# OPINE_TEST_DATA the folder with review lines. FULL=1 for the long form.
integration: release .venv/ready
	.venv/bin/python Tests/Integration/run.py --opine $(BUILD)/release/opine

.venv/ready: Tests/Integration/requirements.txt
	python3 -m venv .venv && .venv/bin/pip install -q -r Tests/Integration/requirements.txt
	touch $@

bench: bootstrap
	$(SWIFT) build -c release --product Benchmarks
	for part in avro json model enrich registry search; do $(BUILD)/release/Benchmarks $$part; done

# The sink beside a Python pipeline and Elasticsearch: OPINE_TEST_SERVERS and OPINE_BENCH_PARTS (Benchmarks/sink.py).
bench-sink: release .venv/ready
	.venv/bin/python Benchmarks/sink.py --opine $(BUILD)/release/opine

# Mutated payloads through every Avro decoder; COUNT=10000000 for the long form.
COUNT ?= 200000
fuzz: bootstrap
	$(SWIFT) build -c release --product Benchmarks
	$(BUILD)/release/Benchmarks fuzz --count $(COUNT)

# docs/*.md that are made from the tables in the code.
docs: build
	$(BUILD)/debug/opine docs docs

lint:
	$(SWIFT) format lint --strict --recursive --parallel Sources Tests Benchmarks Package.swift

format:
	$(SWIFT) format --in-place --recursive --parallel Sources Tests Benchmarks Package.swift
