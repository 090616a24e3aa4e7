# T-Shop warehouse. `make help` is the manual: it prints the comments behind the targets.
#
# Every target works on the warehouse named by WAREHOUSE_DSN (a libpq URI) and the ClickHouse named by CLICKHOUSE_URL
# (http://user:password@host:port/database); where they are not set, on the embedded ones. docs/roles.md: as whom.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory
.PHONY: help setup setup-dev run dashboard stop status migrate generate load mart audit forget report psql logs test lint fmt docs \
	pictures requirements clean version

# The Python to build the environment with: 3.11, as the pinned requirements are for it.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
BIN := $(VENV)/bin
# Superset needs an environment of its own.
SUPERSET := .venv-superset
SPARK := .venv-spark
SITE := .venv-site
# The marketplace's server, which Go builds.
FERRETDB := .ferretdb
NOTEBOOKS := .venv-notebooks
# The jars of Kafka and of Spark's connector to it, which Maven brings; and the JDBC drivers of Spark.
JARS := .jars/kafka/.stamp .jars/stream/.stamp
SPARK_JARS := .jars/spark/.stamp
# The tools that the benchmark compares with and draws with, each in its own environment, made when it is needed.
BENCH := .venv-bench
comma := ,
BENCH_PEERS = $(if $(PEERS),$(subst $(comma), ,$(PEERS)),dbt sqlmesh)
BENCH_ENVIRONMENTS = $(patsubst %,$(BENCH)-%/.stamp,plot \
	$(if $(filter client,$(if $(ONLY),$(subst $(comma), ,$(ONLY)),client)),$(filter dbt sqlmesh,$(BENCH_PEERS)))) \
	$(if $(filter stream,$(subst $(comma), ,$(ONLY))),$(SPARK)/.stamp $(JARS)) \
	$(if $(filter spark,$(subst $(comma), ,$(ONLY))),$(SPARK)/.stamp $(SPARK_JARS))
# Runs a command with the address of the warehouse filled in, as its owner or with less rights.
EXEC := $(BIN)/python -m embedded exec --running
AS_OWNER := $(EXEC) --as owner --
AS_ETL := $(EXEC) --as etl --
AS_LOADER := $(EXEC) --as loader --

# Makes sure that the warehouse answers and is at the state of these files.
CHECK := $(AS_OWNER) python -m migrations --check
# Runs embedded/call.psql, which calls a procedure and, where that fails, leaves its trace in sl.run.
PSQL := psql -X -v ON_ERROR_STOP=1

# The targets below get their arguments by the environment.
export CLIENTS PRODUCTS FROM TO AS_OF DAYS RUNS SEED LOCALE CLIENT SLICE_ROWS RATE MINUTES WEEKS LATE

# The variables that each target takes, in addition to those that all take.
TAKES.run := CLIENTS PRODUCTS SEED LOCALE FROM DAYS RUNS
TAKES.live := RATE MINUTES
TAKES.stores := WEEKS LATE
TAKES.marketplace := DAYS
TAKES.generate := CLIENTS PRODUCTS SEED LOCALE OPENED FROM TO
TAKES.report := AS_OF FROM TO
TAKES.backfill := SLICE_ROWS
TAKES.forget := CLIENT
TAKES.psql := AS
TAKES.reap := OLDER
TAKES.clean := SURE
TAKES.test := ARGS COMPOSE_STACK
TAKES.pgtap := TESTS
TAKES.soak := MINUTES
TAKES.pictures := LIVE
TAKES.compose-test := ONLY FOLDER
TAKES.bench := SCALE ONLY PEERS RUNS DAYS BENCH_HOME KEEP
TAKEN_BY_ALL := PYTHON CLICKHOUSE_URL MONGO_URL $(shell grep -rhoE '\b(TSHOP|WAREHOUSE)_[A-Z_]+\b' \
	embedded dags generator migrations superset docker-compose.yml --include='*.py' --include='*.yml' --include='*.sh' | sort -u) \
	WAREHOUSE_ETL_DSN WAREHOUSE_LOADER_DSN WAREHOUSE_READER_DSN WAREHOUSE_ANALYST_DSN WAREHOUSE_MONITOR_DSN

# A target that does not exist, or a variable that the targets do not take, is an error before anything runs. A make that
# another make calls gets the variables of that one.
ifeq ($(MAKELEVEL),0)
TARGETS := $(shell sed -nE 's/^([a-z0-9-]+):.*/\1/p' Makefile)
GOALS := $(or $(MAKECMDGOALS),$(.DEFAULT_GOAL))
TAKEN := $(sort $(foreach goal,$(GOALS),$(TAKES.$(goal))))
# A name with a slash is a file that make knows how to make.
UNKNOWN_TARGETS := $(foreach goal,$(filter-out $(TARGETS),$(GOALS)),$(if $(findstring /,$(goal)),,$(goal)))
GIVEN := $(foreach name,$(.VARIABLES),$(if $(filter command,$(firstword $(origin $(name)))),$(name)))
UNKNOWN_VARIABLES := $(filter-out $(TAKEN) $(TAKEN_BY_ALL),$(GIVEN))
CLOSEST = $(shell $(PYTHON) -c 'import difflib, sys; known = {word.lower(): word for word in sys.argv[2:]}; \
	print(*(known[word] for word in difflib.get_close_matches(sys.argv[1].lower(), known, 1)))' '$(1)' $(2))
DID_YOU_MEAN = $(if $(1),$(comma) did you mean $(1)?,.) 'make help' shows what there is
ifneq ($(UNKNOWN_TARGETS),)
$(error There is no target $(firstword $(UNKNOWN_TARGETS))$(call DID_YOU_MEAN,$(call CLOSEST,$(firstword $(UNKNOWN_TARGETS)),$(TARGETS))))
endif
ifneq ($(UNKNOWN_VARIABLES),)
$(error make $(GOALS) takes no variable $(firstword $(UNKNOWN_VARIABLES))$(call \
	DID_YOU_MEAN,$(call CLOSEST,$(firstword $(UNKNOWN_VARIABLES)),$(TAKEN) PYTHON WAREHOUSE_DSN CLICKHOUSE_URL TSHOP_HOME)))
endif
endif

help: ## Show this manual
	@printf 'T-Shop warehouse: make TARGET [NAME=value ...]\n\nTargets\n'
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@awk -F '^#: ?' '/^#:/ { print $$2 }' $(MAKEFILE_LIST)

setup: $(BIN)/.embedded.stamp ## Make the Python environment of the stack in .venv (the others do it as needed)
	@:

.PHONY: setup-spark
setup-spark: $(SPARK)/.stamp check-java $(SPARK_JARS) ## Make the Python environment in .venv-spark, and bring the jars of Spark's jobs by Maven
	@:

run: setup ## Start the stack, run the main job, print the report; again: the next days
	@$(BIN)/python -m embedded run

.PHONY: live
live: setup check-java $(JARS) $(SPARK)/.stamp ## Run the web shop live for MINUTES (3) at RATE (50) events a second; print its report
	@$(BIN)/python -m embedded live

.PHONY: spark
spark: setup check-java $(SPARK_JARS) $(SPARK)/.stamp ## Have a cluster of Spark compute marts, and compare them with the warehouse's
	@$(BIN)/python -m embedded spark

.PHONY: stores
stores: setup check-stores $(SPARK)/.stamp ## Take WEEKS (6) more weeks of the stores' files to ClickHouse; LATE=yes: those that were missing; print a report
	@$(BIN)/python -m embedded stores

.PHONY: check-stores
check-stores: setup
	@$(BIN)/python -m sources.jars --check --only java

.PHONY: marketplace
marketplace: setup $(if $(MONGO_URL),,$(FERRETDB)/.stamp) ## Write DAYS of a marketplace into MongoDB, bring them to ClickHouse; again: the next days
	@$(BIN)/python -m embedded marketplace

dashboard: setup $(SUPERSET)/.stamp ## Start Superset with its dashboards on the running stack; again: apply what changed
	@$(BIN)/python -m embedded.superset

.PHONY: notebooks
notebooks: setup $(NOTEBOOKS)/.stamp ## Start JupyterLab with the notebooks on the running stack (docs/notebooks/README.md)
	@$(BIN)/python -m embedded.notebooks

.PHONY: setup-notebooks
setup-notebooks: $(NOTEBOOKS)/.stamp ## Make the Python environment of the notebooks in .venv-notebooks
	@:

stop: setup ## Stop the embedded stack; the data stays
	@$(BIN)/python -m embedded down

status: setup ## Show how the stack and the warehouse are: services, lag, rejected rows, runs, failures
	@$(BIN)/python -m embedded status

.PHONY: alert
alert: setup ## Try the channels by which people are told of failed tasks (docs/watching.md)
	@$(BIN)/python -m embedded exec --as airflow -- python dags/tshop_alerts.py

logs: setup ## Follow the logs of the embedded stack
	@$(BIN)/python -m embedded logs --follow

migrate: setup ## Bring the warehouse's schema, routines and rights up to date
	@$(AS_OWNER) python -m migrations

.PHONY: engine
engine: setup ## Install the engine alone, schema sl, in the database of WAREHOUSE_DSN; again: upgrade it
	@$(AS_OWNER) python -m migrations.engine

generate: setup ## Fill raw with the days FROM to TO of a shop (TO is FROM by default, FROM the day it OPENED)
	@$(AS_LOADER) python -m generator $(if $(OPENED),--opened "$(OPENED)") $(if $(FROM),--from "$(FROM)") \
		$(if $(TO),--to "$(TO)") $(if $(CLIENTS),--clients "$(CLIENTS)") $(if $(PRODUCTS),--products "$(PRODUCTS)") \
		$(if $(SEED),--seed "$(SEED)") $(if $(LOCALE),--locale "$(LOCALE)")

# In the order that rules look at each other's entities in, as in dags/tshop_shop.py.
ENTITIES := category client product sale sales_order payment delivery sale_return
MARTS := mart user_sales product_sales region_sales daily_sales category_tree status_time carrier_delivery

load: setup ## Load raw into dds: all entities
	@$(CHECK); for entity in $(ENTITIES); do \
		$(AS_ETL) $(PSQL) -v procedure="dds.load_$$entity" -v arguments= <embedded/call.psql; done

mart: setup ## Build the marts from dds
	@$(CHECK); for mart in $(MARTS); do \
		$(AS_ETL) $(PSQL) -v procedure="cdm.build_$$mart" -v arguments= <embedded/call.psql; done

.PHONY: backfill
backfill: setup ## First load or rebuild of all of dds and the mart, in slices of SLICE_ROWS (500000); again: resumes
	@$(CHECK); $(AS_OWNER) python -m embedded.backfill

audit: setup ## Check the warehouse's invariants
	@$(CHECK); $(AS_ETL) $(PSQL) -v procedure=sl.audit -v arguments= <embedded/call.psql

forget: setup ## Erase a person, the client of the number CLIENT: names, birth date, e-mail, telephone, everywhere
	@if ! [[ "$$CLIENT" =~ ^[0-9]{1,18}$$ ]]; then \
		echo "CLIENT is '$$CLIENT': give the number of the client to erase, such as make forget CLIENT=42." >&2; exit 1; fi
	@$(CHECK); $(AS_OWNER) $(PSQL) -v procedure=dds.forget_client -v arguments="$$CLIENT" <embedded/call.psql
	@echo 'ClickHouse follows with the next run of the DAG tshop_daily.'

report: setup ## Print the report, read from ClickHouse and PostgreSQL; AS_OF= or FROM= TO=: an earlier one, or a period
	@$(BIN)/python -m embedded report

.PHONY: reap
reap: setup ## End sessions on the warehouse whose transaction is open for longer than OLDER ('2 hours')
	@$(AS_OWNER) $(PSQL) -v older="$(or $(OLDER),2 hours)" <embedded/reap.psql

psql: setup ## Open psql on the warehouse; AS=analyst reads only
	@$(EXEC) --as "$(if $(filter command,$(origin AS)),$(AS),owner)" -- psql

test: setup-dev ## Run all tests on throw-away stacks, on two cores; ARGS= goes to pytest instead
	@$(BIN)/python -m pytest $(or $(ARGS),--numprocesses 2 --dist loadfile)

.PHONY: pgtap
pgtap: setup-dev ## Check the warehouse by pgTAP, reading only; TESTS=all: also all tests, in a new database beside it
	@$(CHECK); $(AS_OWNER) python -m pytest --own-warehouse -p no:cacheprovider -o timeout=0 --quiet --quiet --tb=short \
		$(if $(TESTS),tests/pgtap,tests/pgtap/checks)

.PHONY: soak
soak: setup-dev ## Break the warehouse on purpose for MINUTES (15): histories, kills, writers, hostile requests
	@$(BIN)/python -m tests.soak --minutes "$(or $(MINUTES),15)"

.PHONY: compose-test
compose-test: setup-dev ## Test docker-compose.yml on a Docker engine of its own, as root (docs/compose.md); ONLY=up,reach: some checks
	@$(BIN)/python -m tests.containers $(if $(ONLY),--only "$(ONLY)") $(if $(FOLDER),--folder "$(FOLDER)")

.PHONY: bench
bench: setup $(BENCH_ENVIRONMENTS) ## Measure the warehouse on servers of its own and write docs/benchmarks.md; SCALE=full: the real size
	@$(BIN)/python -m bench $(if $(SCALE),--scale "$(SCALE)") $(if $(ONLY),--only "$(ONLY)") $(if $(PEERS),--peers "$(PEERS)") \
		$(if $(RUNS),--runs "$(RUNS)") $(if $(DAYS),--days "$(DAYS)") $(if $(BENCH_HOME),--home "$(BENCH_HOME)") $(if $(KEEP),--keep)

lint: setup-dev ## Check Python, SQL, YAML, Dockerfiles, the compose file and the workflow
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/sqlfluff lint --disable-progress-bar $(POSTGRES_SQL)
	$(BIN)/sqlfluff lint --disable-progress-bar --dialect clickhouse $(CLICKHOUSE_SQL)
	$(BIN)/yamllint --strict .
	$(if $(wildcard docker-compose.yml),$(BIN)/check-jsonschema --builtin-schema vendor.compose-spec docker-compose.yml)
	$(if $(DOCKERFILES),$(BIN)/hadolint $(DOCKERFILES))
	$(BIN)/check-jsonschema --builtin-schema vendor.github-workflows .github/workflows/*.yml

POSTGRES_SQL := $(wildcard db migrations sources tests/pgtap embedded/report/postgres embedded/report/shop embedded/status/postgres \
	embedded/status/shop)
CLICKHOUSE_SQL := $(wildcard clickhouse embedded/report/clickhouse embedded/status/clickhouse)
DOCKERFILES := $(filter-out %.dockerignore,$(wildcard docker/Dockerfile docker/Dockerfile.* docker/*/Dockerfile docker/*/Dockerfile.* \
	docker/stand_ins/*/Dockerfile))

fmt: setup-dev ## Format Python and SQL
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	$(BIN)/sqlfluff fix --disable-progress-bar $(POSTGRES_SQL)
	$(BIN)/sqlfluff fix --disable-progress-bar --dialect clickhouse $(CLICKHOUSE_SQL)

docs: setup-dev ## Make the pages in docs/ that come from the code: the reference, the catalogue, the lineage
	@$(BIN)/python -m docs.reference
	@$(BIN)/python -m docs.catalogue
	@$(BIN)/python -m docs.lineage
	@$(BIN)/python -m docs.logins

.PHONY: answers
answers: setup-dev $(NOTEBOOKS)/.stamp ## Write the answers in docs/questions.md and the notebooks' pages: ask the default shop again
	@$(BIN)/python -m pytest --quiet --write-answers tests/test_docs.py -k 'test_the_answer_on_the_page or test_the_pages_of_the_notebooks'

.PHONY: site
site: $(SITE)/.stamp ## Build the documentation as a site with search, in site/
	@NO_MKDOCS_2_WARNING=1 $(SITE)/bin/python -m mkdocs build --quiet --strict
	@echo 'The site is in site/. To read it: python3 -m http.server --directory site --bind 127.0.0.1 8000'

.PHONY: setup-kafka
setup-kafka: setup check-java $(JARS) ## Bring the jars of Kafka, and of Spark's connector to it, by Maven to .jars
	@:

.PHONY: check-java
check-java: setup
	@$(BIN)/python -m sources.jars --check

.PHONY: setup-marketplace
setup-marketplace: $(FERRETDB)/.stamp ## Build the marketplace's server, FerretDB, by Go in .ferretdb
	@:

.PHONY: setup-site
setup-site: $(SITE)/.stamp ## Make the Python environment in .venv-site that builds the site
	@:

.PHONY: dist
dist: setup-dev ## Write to dist/ what a release has: sl-VERSION.sql, the engine for psql -f, and the wheel
	@rm -rf dist build *.egg-info
	@$(BIN)/python -m migrations.engine --script dist
	@$(BIN)/python -m pip --quiet --disable-pip-version-check wheel --no-deps --no-build-isolation --wheel-dir dist .
	@ls dist/*.whl

version: ## Print the version
	@sed -n 's/^version = "\(.*\)"$$/\1/p' pyproject.toml

pictures: setup-dev ## Take README's pictures of the running stack in a real browser; LIVE=yes: two while 'make live' runs
	@$(BIN)/python -m docs.pictures $(if $(filter yes,$(LIVE)),--live)

requirements: setup-dev ## Compile requirements/*.in to pinned files with hashes
	@cd requirements && for name in dev build embedded clickhouse-server airflow warehouse bootstrap superset bench-dbt bench-sqlmesh bench-plot \
			spark site notebooks; do \
		constraint=$$([[ "$$name" =~ ^(dev|build|superset|site|notebooks|bench-.*)$$ ]] || echo '-c dev.txt'); \
		../$(BIN)/uv pip compile --quiet --generate-hashes --python-version 3.11 --no-emit-index-url \
			--custom-compile-command 'make requirements' "$$name.in" $$constraint -o "$$name.txt"; \
		echo "requirements/$$name.txt"; \
	done

clean: setup ## Stop the stack and delete its data; asks for SURE=yes
	@$(BIN)/python -m embedded clean --sure "$(SURE)"

#:
#: Variables of make run
#:   CLIENTS=50000 PRODUCTS=2000 SEED=1 LOCALE=ru_RU   the shop; they stay the same on one warehouse
#:   FROM=2026-01-01 DAYS=29   the history of the first run
#:   RUNS=2   days loaded one by one after it, and by every later make run
#:
#: Variables of make generate: CLIENTS PRODUCTS SEED LOCALE as they are with make run, and
#:   OPENED=2026-01-01   the shop's first day: FROM of the first make run on the same warehouse
#:   FROM TO   the days to generate, such as 2026-02-03
#:
#: Variables of make live
#:   RATE=50   changed rows a second in the web shop's own database
#:   MINUTES=3   for how long; again: the shop goes on where it stopped
#:
#: Variables of make stores
#:   WEEKS=6   weeks of the stores' year beyond those that are there; all are 53
#:   LATE=yes   the files of the region that was missing come now
#:
#: Variables of make marketplace
#:   DAYS   how many days to write, default 14 at first and 2 later
#:   MONGO_URL   another server's database, such as mongodb://user:password@host:27017/marketplace
#:
#: Variables of make report
#:   AS_OF=2026-01-26   what was reported at the end of that day, or at '2026-01-26 09:00', Moscow time
#:   FROM TO   the days of the sales; each may be left out
#:
#: Variables of make bench
#:   SCALE=0.02   share of 5 million clients, or full
#:   ONLY=client,day,year,dashboard,stream,spark,keep   PEERS=dbt,sqlmesh (or none)   what to measure
#:   RUNS=3   repetitions; DAYS=28   days loaded one by one, of the full size 365; KEEP=yes keeps them for more
#:   BENCH_HOME=.tshop-bench   folder of its servers
#:
#: Variables of others: make backfill SLICE_ROWS=500000; make forget CLIENT=42; make reap OLDER='2 hours'; make psql AS=owner|etl|loader|reader|analyst|monitor;
#:   make test ARGS=tests/test_docs.py (or COMPOSE_STACK=1: also the services of docker-compose.yml); make soak MINUTES=15;
#:   make compose-test ONLY=build,up FOLDER=/path/to/keep; make pgtap TESTS=all; make clean SURE=yes; all: PYTHON=/path/to/python3.11
#:
#: Environment
#:   WAREHOUSE_DSN    libpq URI of the warehouse          default: the embedded PostgreSQL
#:   WAREHOUSE_ETL_DSN WAREHOUSE_LOADER_DSN WAREHOUSE_READER_DSN WAREHOUSE_ANALYST_DSN WAREHOUSE_MONITOR_DSN
#:                    the same as others than its owner   default: WAREHOUSE_DSN (the analyst: none)
#:   CLICKHOUSE_URL   http://user:password@host:port/db   default: the embedded ClickHouse
#:   TSHOP_HOME       folder of data, logs and secrets    default: .tshop
#:   TSHOP_POSTGRES_PORT 15432   TSHOP_CLICKHOUSE_PORT 18123   TSHOP_AIRFLOW_PORT 18080
#:   TSHOP_SUPERSET_PORT 18088   TSHOP_SHOP_PORT 15433   TSHOP_KAFKA_PORT 19092   TSHOP_KAFKA_CONTROLLER_PORT 19093
#:   TSHOP_STORES_INBOX   folder of the stores' files      default: TSHOP_HOME/inbox
#:   TSHOP_SPARK_PORT 17077   TSHOP_SPARK_UI_PORT 18081   TSHOP_SPARK_WORKER_UI_PORT 18082
#:   TSHOP_MARKETPLACE_PORT 27018
#:   TSHOP_SPARK_MASTER   master of another Spark, such as spark://host:7077   default: the embedded stack's own
#:   TSHOP_MARTS_URL   JDBC URL of one more database to write the marts to, for make spark
#:   TSHOP_NOTEBOOKS_PORT 8898
#:   TSHOP_LANGUAGE   of the dashboards, for make dashboard: en or ru; it is kept

# --- the environment ------------------------------------------------------------------------------------------------

# Shows one line; the log in the environment has the rest.
INSTALL := bash requirements/install.sh $(BIN)/uv

$(BIN)/uv: requirements/bootstrap.txt
	@version=$$($(if $(PYTHON),$(PYTHON),false) -c 'import sys; print("%d.%d" % sys.version_info[:2])') || version=none; \
	if [ "$$version" != 3.11 ]; then \
		echo "Python 3.11 is needed and '$(or $(PYTHON),python3)' is $$version: install it (Debian 12:" \
			"'apt-get install python3 python3-venv'), or name it by make PYTHON=/path/to/python3.11." >&2; exit 1; fi
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || { \
		echo "The Python module venv is missing: install it (Debian 12: 'apt-get install python3-venv')." >&2; exit 1; }
	@echo 'Making the Python environment in $(VENV) ...'
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes --only-binary :all: \
		-r requirements/bootstrap.txt
	@touch $(BIN)/uv

$(BIN)/.embedded.stamp: $(BIN)/uv requirements/embedded.txt
	@$(INSTALL) $(VENV) requirements/embedded.txt 'Installing the packages of the stack'
	@touch $@

$(BIN)/.dev.stamp: $(BIN)/uv requirements/dev.txt
	@$(INSTALL) $(VENV) requirements/dev.txt 'Installing the packages of the stack and of the tests'
	@touch $@ $(BIN)/.embedded.stamp

$(SUPERSET)/.stamp: $(BIN)/uv requirements/superset.txt
	@$(BIN)/uv venv --quiet --allow-existing --python $(BIN)/python $(SUPERSET)
	@$(INSTALL) $(SUPERSET) requirements/superset.txt 'Installing Superset in $(SUPERSET)'
	@touch $@

$(BENCH)-%/.stamp: $(BIN)/uv requirements/bench-%.txt
	@$(BIN)/uv venv --quiet --allow-existing --python $(BIN)/python $(@D)
	@$(INSTALL) $(@D) requirements/bench-$*.txt 'Installing the packages of requirements/bench-$*.txt in $(@D)'
	@touch $@

$(SPARK)/.stamp: $(BIN)/uv requirements/spark.txt
	@$(BIN)/uv venv --quiet --allow-existing --python $(BIN)/python $(SPARK)
	@$(INSTALL) $(SPARK) requirements/spark.txt 'Installing Spark in $(SPARK)'
	@touch $@

.jars/%/.stamp: $(BIN)/.embedded.stamp sources/%/pom.xml sources/%/jars.sha256
	@$(BIN)/python -m sources.jars $*
	@touch $@

$(FERRETDB)/.stamp: $(BIN)/.embedded.stamp sources/marketplace/go.mod sources/marketplace/go.sum sources/marketplace/main.go \
		sources/marketplace/server.py sources/golang.py
	@$(BIN)/python -m sources.marketplace.server
	@touch $@

$(SITE)/.stamp: $(BIN)/uv requirements/site.txt
	@$(BIN)/uv venv --quiet --allow-existing --python $(BIN)/python $(SITE)
	@$(INSTALL) $(SITE) requirements/site.txt 'Installing what builds the site in $(SITE)'
	@touch $@

$(NOTEBOOKS)/.stamp: $(BIN)/uv requirements/notebooks.txt
	@$(BIN)/uv venv --quiet --allow-existing --python $(BIN)/python $(NOTEBOOKS)
	@$(INSTALL) $(NOTEBOOKS) requirements/notebooks.txt 'Installing JupyterLab in $(NOTEBOOKS)'
	@touch $@

setup-dev: $(BIN)/.dev.stamp
