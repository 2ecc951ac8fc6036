# make quickstart        a web container on this machine, played by a playbook
# make quickstart-clean  takes it away again, and what was installed for it
# make test              everything; make test-unit and the like run parts
SHELL := /bin/bash
VENV ?= build/venv
SUDO := $(if $(filter 0,$(shell id -u)),,sudo)
export PATH := $(abspath $(VENV))/bin:$(PATH)
export LC_ALL := C.UTF-8
ENGINE_PACKAGES := conmon runc nftables python3-requests python3-tomli
QUICKSTART_PACKAGES := $(ENGINE_PACKAGES) busybox-static docker-registry python3-venv
TEST_PACKAGES := $(QUICKSTART_PACKAGES) apache2-utils aardvark-dns attr catatonit crun curl dnsutils iproute2 jq \
	python3-apt fuse-overlayfs openssl passt podman redis-server shellcheck skopeo slirp4netns uidmap umoci zstd \
	debootstrap e2fsprogs openssh-client qemu-system-x86 qemu-utils wget
TARGETS ?=
SCENARIOS ?=
CORES ?=
INSTALL = tests/support/packages.sh

.PHONY: quickstart quickstart-clean test test-lint test-types test-unit test-sanity test-ansible-lint \
	test-integration test-cores test-system bench clean

quickstart:
	$(SUDO) env DEBIAN_FRONTEND=noninteractive $(INSTALL) install build/quickstart-packages $(QUICKSTART_PACKAGES)
	$(MAKE) --no-print-directory build/venv-quickstart/.ready
	$(SUDO) env PATH="$(abspath build/venv-quickstart)/bin:$$PATH" ansible-playbook playbooks/quickstart.yml

quickstart-clean: build/venv-quickstart/.ready
	$(SUDO) env PATH="$(abspath build/venv-quickstart)/bin:$$PATH" ansible-playbook playbooks/quickstart_clean.yml
	$(SUDO) env DEBIAN_FRONTEND=noninteractive $(INSTALL) restore build/quickstart-packages
	rm -rf build/venv-quickstart

build/venv-quickstart/.ready:
	/usr/bin/python3 -m venv build/venv-quickstart
	build/venv-quickstart/bin/pip install --quiet --disable-pip-version-check 'ansible-core>=2.16'
	touch $@

$(VENV)/.ready: tests/requirements.txt
	$(SUDO) env DEBIAN_FRONTEND=noninteractive $(INSTALL) install build/test-packages $(TEST_PACKAGES)
	test -x $(VENV)/bin/python || /usr/bin/python3 -m venv $(VENV)
	$(VENV)/bin/pip install --quiet --disable-pip-version-check -r tests/requirements.txt
	touch $@

test: test-lint test-types test-unit test-sanity test-ansible-lint test-integration test-cores test-system

test-lint: $(VENV)/.ready
	ruff check .

test-types: $(VENV)/.ready
	mypy

test-unit: $(VENV)/.ready
	python -m pytest tests/unit

test-sanity: $(VENV)/.ready
	tests/support/sanity.sh

test-ansible-lint: $(VENV)/.ready
	ansible-lint --offline --profile production playbooks roles extensions

test-integration: $(VENV)/.ready
	$(SUDO) env PATH="$$PATH" python tests/integration/run.py $(TARGETS)
	$(if $(TARGETS),,$(SUDO) env PATH="$$PATH" python tests/integration/guides.py)

# What else meta/runtime.yml allows: CORES=2.16 for one version of ansible-core.
test-cores: $(VENV)/.ready
	$(SUDO) env PATH="$$PATH" python tests/integration/cores.py $(CORES)

# Boots hosts; SCENARIOS=site for one scenario.
test-system: $(VENV)/.ready
	$(SUDO) env PATH="$$PATH" python tests/system/run.py $(SCENARIOS)

bench: $(VENV)/.ready
	$(VENV)/bin/pip install --quiet --disable-pip-version-check ansible
	$(SUDO) env PATH="$$PATH" python tests/bench/run.py $(BENCH)

clean:
	rm -rf build
