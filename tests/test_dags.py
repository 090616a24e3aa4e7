"""The DAGs: they import cleanly, their tasks run in order, and the SQL is in files that only call."""

import ast
import copy
import json
import os
import re
import subprocess
from datetime import datetime, timedelta
from pathlib import Path

import psycopg
import pytest

from embedded.environment import clickhouse_connection

ROOT = Path(__file__).parent.parent
DAGS = ROOT / "dags"
NAMES = ("tshop_daily", "tshop_heal", "tshop_live", "tshop_marketplace", "tshop_marts_spark", "tshop_stores")
ENTITIES = ("category", "client", "product", "sale", "sales_order", "payment", "delivery", "sale_return")
# Marts beside the sales mart.
MARTS = (
    *("user_sales", "product_sales", "region_sales", "daily_sales"),
    *("category_tree", "status_time", "carrier_delivery"),
)
LOADS = [f"load_{entity}" for entity in ENTITIES]
BUILDS = ["build_mart", *(f"build_{mart}" for mart in MARTS)]
MART_TASKS = {f"publish_{mart}" for mart in MARTS}
WAREHOUSE_TASKS = {*LOADS, *BUILDS, "audit", "audit_documents", "purge_documents"}
CLICKHOUSE_TASKS = {"prepare_clickhouse", "pull", "reconcile", "publish", "erase"}


def moment(*numbers: int) -> datetime:
    """Return a time in UTC; the shop's clocks are three hours ahead."""
    import pendulum

    return pendulum.datetime(*numbers, tz="UTC")


def statements(sql: str) -> list[str]:
    """Return the statements of a text without comments and semicolons, split as Airflow's operator does."""
    from airflow.providers.common.sql.hooks.sql import DbApiHook

    return DbApiHook.split_sql_string(sql, strip_semicolon=True)


@pytest.fixture(scope="module")
def dag_bag(tmp_path_factory):
    """Airflow's reading of the folder dags/, with a home of its own."""
    home = tmp_path_factory.mktemp("airflow")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AIRFLOW_HOME", str(home))
        patch.setenv("AIRFLOW__CORE__LOAD_EXAMPLES", "False")
        patch.setenv("AIRFLOW__DATABASE__SQL_ALCHEMY_CONN", f"sqlite:///{home}/airflow.db")
        from airflow.dag_processing.dagbag import BundleDagBag

        yield BundleDagBag(DAGS, bundle_path=DAGS, bundle_name="tshop")


@pytest.fixture(scope="module")
def dag(dag_bag):
    """The DAG tshop_daily."""
    return dag_bag.dags["tshop_daily"]


@pytest.fixture(scope="module")
def heal(dag_bag):
    """The DAG tshop_heal."""
    return dag_bag.dags["tshop_heal"]


@pytest.fixture(scope="module")
def live(dag_bag):
    """The DAG tshop_live."""
    return dag_bag.dags["tshop_live"]


@pytest.fixture(params=NAMES)
def each_dag(dag_bag, request):
    """Each of the DAGs in turn."""
    return dag_bag.dags[request.param]


def render(dag, task_id: str, try_number: int = 1, **params) -> list[str]:
    """Return the statements a SQL task sends on a try of a run with these parameters."""
    task = dag.get_task(task_id)
    environment = dag.get_template_env()
    texts = task.sql if isinstance(task.sql, list) else [task.sql]
    context = {"ti": {"try_number": try_number}, "params": params, "task": task}
    return [s for text in texts for s in statements(environment.from_string(text).render(context))]


def test_the_marketplace_is_read_side_by_side_and_goes_the_way_of_what_is_new(dag_bag):
    dag = dag_bag.dags["tshop_marketplace"]
    edges = {(task.task_id, below) for task in dag.tasks for below in task.downstream_task_ids}
    assert edges == {
        *(
            (f"extract_{collection}", below)
            for collection in ("users", "products", "orders")
            for below in ("apply", "every_collection")
        ),
        *(("apply", "load"), ("load", "build"), ("build", "audit"), ("audit", "publish")),
    }
    assert set(dag.task_group.get_task_group_dict()["warehouse"].children) == {"load", "build", "audit", "publish"}
    assert dag.timetable.expression == "7 * * * *"
    assert (dag.is_paused_upon_creation, dag.max_active_runs, dag.catchup) == (True, 1, False)
    # What has landed waits, whatever keeps another collection from being read; the run fails all the same.
    assert dag.get_task("apply").trigger_rule == "all_done"
    assert dag.get_task("every_collection").trigger_rule == "none_failed"


def test_import_without_errors_and_warnings(dag_bag):
    assert dag_bag.import_errors == {}
    assert dag_bag.captured_warnings == {}
    assert set(dag_bag.dags) == set(NAMES)


def test_tasks_run_in_order(dag):
    edges = {(task.task_id, below) for task in dag.tasks for below in task.downstream_task_ids}
    first, second, last = ("load_category", "load_client"), ("load_product", "load_sale"), LOADS[5:]
    assert edges == {
        ("prepare_clickhouse", "generate"),
        *(("generate", load) for load in first),
        *((before, load) for before in first for load in second),
        *((load, "load_sales_order") for load in second),
        *(("load_sales_order", load) for load in last),
        *((load, build) for load in last for build in BUILDS),
        *((build, "audit") for build in BUILDS),
        *(("audit", publish) for publish in MART_TASKS),
        ("audit", "pull"),
        ("audit", "audit_documents"),
        ("audit_documents", "purge_documents"),
        ("pull", "reconcile"),
        ("reconcile", "publish"),
        ("publish", "anything_to_erase"),
        ("anything_to_erase", "erase"),
    }


def test_the_graph_has_a_group_for_each_step(dag):
    groups = {name: set(group.children) for name, group in dag.task_group.get_task_group_dict().items() if name}
    assert groups == {
        "load": set(LOADS),
        "build": set(BUILDS),
        "clickhouse": {*("pull", "reconcile", "publish", "anything_to_erase", "erase"), *MART_TASKS},
        "documents": {"audit_documents", "purge_documents"},
    }


def test_all_that_is_declared_is_loaded_built_and_published(dag, warehouse):
    with psycopg.connect(warehouse) as connection:
        entities = connection.execute("SELECT entity_name FROM sl.entity").fetchall()
        marts = connection.execute("SELECT sl._build_name(m), m.sources, m.published_as FROM sl.mart AS m").fetchall()
    assert {f"load_{name}" for (name,) in entities} == set(LOADS)
    built = {task.procedure: task for task in dag.tasks if task.task_id in BUILDS}
    assert {name: {f"dds.{source}" for source in sources} for name, sources, _ in marts} == {
        name: {asset.name for asset in task.inlets} for name, task in built.items()
    }
    assert {name for _, _, name in marts} == {"tshop.sales_mart", *(f"tshop.{mart}" for mart in MARTS)}


def test_loads_run_though_generate_is_skipped_and_nothing_runs_after_a_failure(dag):
    rules = {task.task_id: str(getattr(task.trigger_rule, "value", task.trigger_rule)) for task in dag.tasks}
    after_generate = dag.get_task("generate").downstream_task_ids
    assert {rules[task_id] for task_id in after_generate} == {"none_failed"}
    assert {rule for task_id, rule in rules.items() if task_id not in after_generate} == {"all_success"}


@pytest.mark.parametrize("task_id", sorted(WAREHOUSE_TASKS))
def test_warehouse_task_is_exactly_one_call(dag, task_id, warehouse):
    task = dag.get_task(task_id)
    (statement,) = render(dag, task_id)
    schema, name = re.fullmatch(r"CALL (\w+)\.(\w+)\((?:p_full => false)?\)", statement).groups()
    with psycopg.connect(warehouse) as connection:
        found = connection.execute(
            "SELECT prokind FROM pg_proc WHERE pronamespace = to_regnamespace(%s) AND proname = %s", (schema, name)
        ).fetchall()
    assert found == [("p",)]
    assert task.conn_id == "tshop_warehouse"
    assert task.autocommit
    assert task.hook_params == {"enable_log_db_messages": True, "options": "-c client_connection_check_interval=2s"}
    # Its failure is recorded under the name of what it calls.
    assert task.procedure == f"{schema}.{name}"
    assert [callback.__name__ for callback in task.on_failure_callback] == ["record_failure", "notify_failure"]
    assert [callback.__name__ for callback in task.on_retry_callback] == ["record_failure"]


@pytest.mark.parametrize("task_id", sorted(CLICKHOUSE_TASKS))
def test_clickhouse_task_sends_the_files_of_the_clickhouse_folder(dag, task_id):
    task = dag.get_task(task_id)
    assert task.conn_id == "tshop_clickhouse"
    assert task.split_statements
    files = {
        "prepare_clickhouse": sorted((ROOT / "clickhouse" / "ddl").glob("*.sql")),
        "pull": [ROOT / "clickhouse" / "pull.sql"],
        "reconcile": [ROOT / "clickhouse" / "reconcile.sql"],
        "publish": [ROOT / "clickhouse" / "publish.sql"],
        "erase": [ROOT / "clickhouse" / "erase.sql"],
    }[task_id]
    assert files
    assert render(dag, task_id) == [s for file in files for s in statements(file.read_text())]


def test_preparing_sends_what_clickhouse_lacks_and_tells_of_a_change_in_a_sentence(dag, clickhouse_url, monkeypatch):
    from tshop_operators import Failed

    monkeypatch.setenv("AIRFLOW_CONN_TSHOP_CLICKHOUSE", clickhouse_connection(clickhouse_url))
    for _ in range(2):
        copy.copy(dag.get_task("prepare_clickhouse")).execute({})
    hook = dag.get_task("prepare_clickhouse").get_db_hook()
    files = [file.name for file in sorted((ROOT / "clickhouse" / "ddl").glob("*.sql"))]
    assert hook.get_records("SELECT file, count() FROM tshop.applied_file GROUP BY file ORDER BY file") == [
        (name, 1) for name in files
    ]
    hook.run("INSERT INTO tshop.applied_file (file, sha256, run_once) SELECT '05_sales_mart.sql', 'x', ['another']")
    with pytest.raises(Failed, match=r"^05_sales_mart.sql: statement 1 .* append a statement"):
        copy.copy(dag.get_task("prepare_clickhouse")).execute({})
    hook.run("DROP DATABASE tshop SYNC")


def test_retry_of_reconcile_pulls_again_first(dag):
    assert render(dag, "reconcile", try_number=2) == render(dag, "pull") + render(dag, "reconcile")


def test_every_task_is_of_a_known_kind(dag):
    assert {task.task_id for task in dag.tasks} == WAREHOUSE_TASKS | CLICKHOUSE_TASKS | MART_TASKS | {
        "generate",
        "anything_to_erase",
    }
    kinds = {task.task_id: type(task).__name__ for task in dag.tasks}
    assert kinds.pop("generate") == "GenerateOperator"
    assert kinds.pop("anything_to_erase") == "BranchSQLOperator"
    assert set(kinds.values()) == {"CallOperator", "ClickHouseOperator", "DefinitionsOperator", "MartOperator"}
    assert {kinds[task_id] for task_id in MART_TASKS} == {"MartOperator"}
    assert {kinds[task_id] for task_id in WAREHOUSE_TASKS} == {"CallOperator"}


def test_healing_runs_in_order_and_writes_nothing_that_readers_see(heal):
    edges = {(task.task_id, below) for task in heal.tasks for below in task.downstream_task_ids}
    assert edges == {
        *(("prepare_clickhouse", task_id) for task_id in ("find", "find_marts")),
        *((task_id, "anything_to_heal") for task_id in ("find", "find_marts")),
        *(("anything_to_heal", task_id) for task_id in ("publish_again", "verify", "verify_marts")),
        *(("publish_again", task_id) for task_id in ("verify", "verify_marts")),
    }
    writes = re.compile(r"^(INSERT INTO|DELETE FROM|TRUNCATE TABLE|ALTER TABLE|EXCHANGE TABLES) (\S+)")
    statements = [s for task_id in ("find", "anything_to_heal", "verify") for s in render(heal, task_id, batch=None)]
    assert {match[2] for s in statements if (match := writes.match(s))} == {"tshop.batch_to_heal"}
    # What readers see, and staging, is written by runs of tshop_daily only, of which there is one at a time.
    assert heal.get_task("publish_again").trigger_dag_id == "tshop_daily"
    assert heal.get_task("publish_again").wait_for_completion
    # One mart that fails there says so itself; what healed the others is looked at.
    assert set(heal.get_task("publish_again").allowed_states) == {"success", "failed"}
    assert heal.get_task("publish_again").failed_states == []
    assert {heal.get_task(task_id).trigger_rule for task_id in ("verify", "verify_marts")} == {"none_failed"}
    assert {heal.get_task(task_id).marks for task_id in ("find_marts", "verify_marts")} == {True, False}


def test_healing_takes_the_batch_that_is_named_or_all_that_differ(heal):
    assert "batch_difference" in render(heal, "find", batch=None)[0]
    assert "batch_difference" not in "".join(render(heal, "find", batch=17))
    assert "run_id = 17" in render(heal, "find", batch=17)[0]


@pytest.mark.parametrize("value", [0, -1, "1; DROP DATABASE tshop", 1.5, [1]])
def test_bad_batch_is_refused(heal, value):
    from airflow.sdk.exceptions import ParamValidationError

    with pytest.raises(ParamValidationError):
        heal.params.get_param("batch").resolve(value)


def test_statements_carry_the_name_of_their_task(each_dag):
    for task in each_dag.tasks:
        if hasattr(task, "comment"):
            assert task.hook_params["session_settings"] == {"log_comment": f"{each_dag.dag_id}.{task.task_id}"}


def test_no_task_needs_the_database_that_the_first_one_makes(each_dag):
    tasks = [task for task in each_dag.tasks if getattr(task, "conn_id", None) == "tshop_clickhouse"]
    # The one works on the warehouse alone.
    assert bool(tasks) is (each_dag.dag_id != "tshop_marts_spark")
    assert {task.task_id: (task.hook_params or {}).get("database") for task in tasks} == dict.fromkeys(
        (task.task_id for task in tasks), "default"
    )


@pytest.fixture
def next_run(dag, monkeypatch):
    """Function that returns when Airflow would start the next scheduled run, by the time it is and the last such run.

    It asks the schedule as the scheduler has it, out of the serialized DAG.
    """
    from airflow.serialization.serialized_objects import DagSerialization
    from airflow.timetables import trigger
    from airflow.timetables.base import DataInterval

    scheduled = DagSerialization.from_dict(json.loads(json.dumps(DagSerialization.to_dict(dag))))

    def ask(now, last=None):
        monkeypatch.setattr(trigger, "utcnow", lambda: now)
        run = scheduled.timetable.next_dagrun_info(
            last_automated_data_interval=last and DataInterval.exact(last), restriction=scheduled._time_restriction
        )
        return run.run_after

    return ask


def test_one_run_at_a_time_and_none_for_missed_nights(each_dag):
    assert each_dag.max_active_runs == 1
    assert each_dag.catchup is False


def test_each_description_is_one_line(each_dag):
    assert re.fullmatch(r"[A-Z][^\n]{10,80}[^.\n]", each_dag.description)


def lineage(dag) -> dict[str, tuple[set[str], set[str]]]:
    """Return by task what it reads and what it writes, where it says so."""
    found = {task.task_id: ({a.name for a in task.inlets}, {a.name for a in task.outlets}) for task in dag.tasks}
    return {task_id: sides for task_id, sides in found.items() if any(sides)}


def test_lineage_leads_from_raw_to_what_readers_see(dag):
    assets = lineage(dag)
    assert assets["generate"] == (set(), {f"raw.{entity}" for entity in ENTITIES})
    for entity in ENTITIES:
        assert assets[f"load_{entity}"] == ({f"raw.{entity}"}, {f"dds.{entity}"})
    assert assets["build_mart"] == ({"dds.client", "dds.product", "dds.sale"}, {"cdm.sales_mart"})
    assert assets["pull"] == ({"cdm.sales_mart"}, {"tshop.sales_mart_staging"})
    assert assets["publish"] == ({"tshop.sales_mart_staging"}, {"tshop.sales_mart"})
    for mart in MARTS:
        assert assets[f"build_{mart}"][1] == {f"cdm.{mart}"}
        assert assets[f"publish_{mart}"] == ({f"cdm.{mart}"}, {f"tshop.{mart}"})
    # Each table is written before it is read.
    written = set()
    for task in dag.topological_sort():
        reads, writes = assets.get(task.task_id, (set(), set()))
        assert reads <= written, task.task_id
        written |= writes


def test_lineage_names_tables_that_there_are(dag, heal, live, warehouse):
    names = {name for one in (dag, heal, live) for sides in lineage(one).values() for side in sides for name in side}
    with psycopg.connect(warehouse) as connection:
        rows = connection.execute("SELECT schemaname || '.' || tablename FROM pg_tables").fetchall()
    made = "".join(file.read_text() for file in (ROOT / "clickhouse").rglob("*.sql"))
    there = {name for (name,) in rows} | set(re.findall(r"TABLE (?:IF NOT EXISTS )?(tshop\.\w+)", made))
    assert names - there == set()


def test_no_dag_is_started_by_an_asset(each_dag):
    assert (
        each_dag.timetable.asset_condition.__class__.__name__ == "NullAsset" or not each_dag.timetable.asset_condition
    )


def test_healing_is_never_started_by_itself(heal):
    assert not heal.timetable.can_be_scheduled


@pytest.mark.parametrize("hour", [0, 1, 2, 3, 12, 23])
def test_first_run_is_at_three_in_moscow_of_the_night_to_come(next_run, hour):
    assert next_run(moment(2026, 3, 1, hour, 20)) == moment(2026, 3, 2)


def test_first_run_is_not_lost_where_the_dag_is_read_as_it_is_due(next_run):
    assert next_run(moment(2026, 3, 1, 23, 59, 59)) == moment(2026, 3, 2)
    assert next_run(moment(2026, 3, 2, 0, 0, 30)) == moment(2026, 3, 2)


def test_later_runs_are_every_night_and_one_for_all_missed_ones(next_run):
    assert next_run(moment(2026, 3, 2, 0, 10), last=moment(2026, 3, 2)) == moment(2026, 3, 3)
    assert next_run(moment(2026, 3, 9, 12), last=moment(2026, 3, 2)) == moment(2026, 3, 9)


def test_owner_tags_documentation(each_dag):
    dag = each_dag
    assert dag.tags
    assert dag.doc_md
    assert dag.description
    for task in dag.tasks:
        assert task.owner == "data-engineering"
        assert task.doc_md


def test_retries_back_off_and_no_task_runs_forever(each_dag):
    for task in each_dag.tasks:
        # A retry would start another run.
        assert task.retries >= 1 or task.task_id == "publish_again"
        assert task.retry_exponential_backoff > 1
        assert task.retry_delay <= timedelta(minutes=1)
        assert task.execution_timeout is not None


def broken(dsn: str, *queries: str) -> Exception:
    """Return the error of the last of some queries, as the driver of Airflow's hook raises it."""
    with psycopg.connect(dsn, autocommit=True) as connection:
        for query in queries[:-1]:
            connection.execute(query)
        with pytest.raises(psycopg.Error) as caught:
            connection.execute(queries[-1])
    return caught.value


def decision(dag, task_id: str, error: Exception) -> str:
    """Return what a task's policy says on an error: fail, retry, or default."""
    return dag.get_task(task_id).retry_policy.evaluate(error, 1, 3).action.value


def locked_by_another(warehouse: str, sqlstate: str) -> Exception:
    """Return the error of an audit that meets another one (TS001), or somebody's lock of a table (TS005)."""
    lock = {"TS001": "SELECT sl._begin_run('test', 'sl.audit')", "TS005": "LOCK TABLE sl.watermark"}[sqlstate]
    with psycopg.connect(warehouse) as other:
        other.execute(lock)
        return broken(warehouse, "SET lock_timeout = '100ms'", "CALL sl.audit()")


def test_what_the_audit_found_ends_the_task_at_once(dag, warehouse):
    sale = "INSERT INTO dds.sale (sale_id, order_id, sold_at, client_id, product_id, quantity, valid_from, valid_to,"
    sale += " is_current, run_id) VALUES (1, 1, now(), 1, 1, 1, now(), 'infinity', false, 0)"
    error = broken(warehouse, sale, "CALL sl.audit()")
    assert error.diag.sqlstate == "TS010"
    assert decision(dag, "audit", error) == "fail"


def test_lost_connection_is_retried(dag, warehouse):
    lost = broken(warehouse, "SELECT pg_terminate_backend(pg_backend_pid())")
    for error in (lost, ConnectionError("refused")):
        assert decision(dag, "audit", error) == "default"


@pytest.mark.parametrize("tries_before", [0, 4])
@pytest.mark.parametrize("sqlstate", ["TS001", "TS005"])
def test_a_lock_is_waited_for_as_long_as_a_full_audit_or_a_backfill_may_take(dag, warehouse, sqlstate, tries_before):
    error = locked_by_another(warehouse, sqlstate)
    assert error.diag.sqlstate == sqlstate
    task = dag.get_task("audit")
    # A task that is cleared goes on counting.
    numbers = range(tries_before + 1, tries_before + task.retries + 1)
    answers = [
        task.retry_policy.evaluate(
            exception=error, try_number=number, max_tries=tries_before + task.retries, context=None
        )
        for number in numbers
    ]
    assert {answer.action.value for answer in answers} == {"retry"}
    delays = [answer.retry_delay for answer in answers]
    assert delays[0] <= timedelta(minutes=1)
    assert timedelta(minutes=50) <= sum(delays, timedelta()) <= timedelta(hours=1)


def test_wrong_parameters_end_the_task_at_once_and_other_failures_of_generating_are_retried(dag):
    import tshop_operators

    assert decision(dag, "generate", tshop_operators.WrongParameters("date_from is empty")) == "fail"
    assert decision(dag, "generate", tshop_operators.Failed("the warehouse cannot be reached")) == "default"


def test_refusal_of_a_pull_ends_the_task_at_once_and_what_a_retry_cures_is_retried(dag):
    error = RuntimeError("Code: 395. DB::Exception: Not the warehouse. (FUNCTION_THROW_IF_VALUE_IS_NON_ZERO)")
    assert decision(dag, "pull", error) == "fail"
    for task_id in ("reconcile", "publish"):
        assert dag.get_task(task_id).retry_policy is None
        assert dag.get_task(task_id).retries > 0


def test_a_mart_that_is_refused_ends_its_task_at_once_and_what_a_retry_cures_is_retried(dag, heal):
    import tshop_operators

    refused = tshop_operators.Refused("tshop.user_sales has not the columns of cdm.user_sales_export")
    cured = RuntimeError("Code: 395. Batch 8 differs in rows. Pull again. (FUNCTION_THROW_IF_VALUE_IS_NON_ZERO)")
    for each, task_id in ((dag, "publish_user_sales"), (heal, "find_marts"), (heal, "verify_marts")):
        assert decision(each, task_id, refused) == "fail"
        assert decision(each, task_id, cured) == "default"


def test_people_are_told_of_each_tasks_last_failure_and_of_no_retry(each_dag):
    often = ("tshop_live", "tshop_marketplace")
    told_by = "notify_first_failure" if each_dag.dag_id in often else "notify_failure"
    for task in each_dag.tasks:
        assert [callback.__name__ for callback in task.on_failure_callback][-1] == told_by
        assert told_by not in [callback.__name__ for callback in task.on_retry_callback]


def test_no_sql_in_python_strings():
    keyword = re.compile(r"\b(SELECT|INSERT|UPDATE|DELETE|CALL|CREATE|ALTER|TRUNCATE|DROP|EXCHANGE|WITH)\b")
    for file in DAGS.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                assert not keyword.search(node.value), f"{file.name}:{node.lineno}"


def test_every_sql_file_of_the_folder_is_used(dag_bag):
    tasks = [task for dag in dag_bag.dags.values() for task in dag.tasks]
    used = {task.sql for task in tasks if isinstance(getattr(task, "sql", None), str)}
    code = "".join(file.read_text() for file in DAGS.glob("*.py"))
    for file in (DAGS / "sql").glob("*.sql"):
        assert file.read_text() in used or f'"{file.name}"' in code


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("date_from", "yesterday"),
        ("date_to", "2026-02-30"),
        ("clients", 0),
        ("products", "many"),
        ("generate", "yes"),
        ("seed", -1),
        ("locale", "ru_RU; rm -rf /"),
    ],
)
def test_bad_parameter_is_refused(dag, name, value):
    from airflow.sdk.exceptions import ParamValidationError

    with pytest.raises(ParamValidationError):
        dag.params.get_param(name).resolve(value)


@pytest.mark.parametrize(("name", "value"), [("date_from", "2026-01-31"), ("date_to", None), ("locale", "en_US")])
def test_good_parameter_is_taken(dag, name, value):
    assert dag.params.get_param(name).resolve(value) == value


def test_generate_gets_parameters_by_environment_only(dag):
    task = dag.get_task("generate")
    assert "{" not in task.bash_command
    assert task.append_env
    assert not [name for name in task.env if "DSN" in name or "PASSWORD" in name]


def generate(folder: Path, **environment: str) -> subprocess.CompletedProcess:
    """Run dags/generate.sh with echo in place of Python."""
    values = {
        "GENERATE": "True",
        "GENERATE_FROM": "2026-01-01",
        "GENERATE_TO": "",
        "GENERATE_CLIENTS": "10",
        "GENERATE_PRODUCTS": "5",
        "GENERATE_OPENED": "2026-01-01",
        "GENERATE_SEED": "1",
        "GENERATE_LOCALE": "ru_RU",
        "GENERATE_PYTHON": "/bin/echo",
    }
    return subprocess.run(
        ["bash", DAGS / "generate.sh"],
        cwd=folder,
        env={"PATH": os.environ["PATH"], **values, **environment},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


def test_generate_is_skipped_where_the_run_does_not_ask_for_it(tmp_path):
    answer = generate(tmp_path, GENERATE="False")
    assert answer.returncode == 99


def test_generate_without_a_day_fails_in_one_sentence(tmp_path):
    answer = generate(tmp_path, GENERATE_FROM="")
    assert answer.returncode == 2
    assert "date_from" in answer.stderr


def test_generate_passes_the_days_and_takes_one_day_where_the_last_is_missing(tmp_path):
    assert generate(tmp_path).stdout.split() == [
        *("-m", "generator", "--from=2026-01-01", "--to=2026-01-01"),
        *("--clients=10", "--products=5", "--opened=2026-01-01", "--seed=1", "--locale=ru_RU"),
    ]
    assert "--to=2026-01-28" in generate(tmp_path, GENERATE_TO="2026-01-28").stdout.split()


@pytest.mark.parametrize("text", ["; touch planted", "$(touch planted)", "`touch planted`", "' ; touch planted '"])
def test_generate_runs_no_command_out_of_a_parameter(tmp_path, text):
    answer = generate(tmp_path, GENERATE_FROM=text, GENERATE_LOCALE=text)
    assert answer.returncode == 0
    assert f"--from={text} " in answer.stdout
    assert list(tmp_path.iterdir()) == []
