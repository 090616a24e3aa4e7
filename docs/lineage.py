"""Make `docs/pictures/lineage.svg`, which shows what is made from what: `python -m docs.lineage`.

Nothing is listed here by hand. What a routine and a file of `clickhouse/` reads and writes is in its header. What a
view reads is known to PostgreSQL. The tasks, their order and what they call are those of the DAG tshop_daily, what a
source may write is in `migrations/roles.toml`, and what a dashboard shows is in `superset/assets/`.
"""

import contextlib
import importlib
import os
import re
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg2
import yaml

from docs.reference import fields_of, header_in, header_of, objects_in
from docs.throw_away import throw_away_warehouse
from migrations.routines import DB_FOLDER, LAYERS

ROOT = Path(__file__).parent.parent
PICTURE = ROOT / "docs" / "pictures" / "lineage.svg"
D2 = Path(sys.executable).parent / "d2"
CLICKHOUSE = ROOT / "clickhouse"
# sl holds what the loads know of themselves, and no data of the shop.
SHOWN = ("raw", "dds", "cdm", "tshop")
TITLES = {
    "raw": "raw: the sources, current state",
    "dds": "dds: every version (SCD2)",
    "cdm": "cdm: the mart (SCD2) and its views",
    "tshop": "ClickHouse: tshop",
}
_NAME = re.compile(rf"\b(?:{'|'.join((*LAYERS, 'tshop'))})\.\w+")
_VIEWS = """
SELECT DISTINCT
    v.relnamespace::regnamespace || '.' || v.relname,
    t.relnamespace::regnamespace || '.' || t.relname
FROM pg_class AS v
INNER JOIN pg_rewrite AS w ON w.ev_class = v.oid
INNER JOIN pg_depend AS d ON d.classid = 'pg_rewrite'::regclass AND d.objid = w.oid
INNER JOIN pg_class AS t ON d.refclassid = 'pg_class'::regclass AND d.refobjid = t.oid AND t.oid <> v.oid
WHERE v.relkind = 'v' AND v.relnamespace::regnamespace::text = ANY (%(layers)s)
"""
_RELATIONS = """
SELECT relnamespace::regnamespace || '.' || relname, relkind::text
FROM pg_class
WHERE relkind IN ('r', 'v') AND relnamespace::regnamespace::text = ANY (%(layers)s)
"""
_ENTITIES = """
SELECT
    entity_name,
    source_schema || '.' || source_table,
    target_schema || '.' || target_table,
    sl._load_name(e)
FROM sl.entity AS e
"""
_MARTS = """
SELECT
    image_schema || '.' || image_view,
    target_schema || '.' || target_table,
    sl._build_name(m)
FROM sl.mart AS m
"""


@dataclass
class Use:
    """What a program reads and writes: names of relations, and in a routine's header of other routines."""

    reads: set[str] = field(default_factory=set)
    writes: set[str] = field(default_factory=set)


@dataclass
class Lineage:
    """What is made from what.

    Attributes:
        kinds: of each relation "r" (a table) or "v" (a view).
        views: what each view reads.
        programs: what each routine, and each file of clickhouse/, reads and writes.
        tasks: step and name of each task of tshop_daily, and what it reads and writes.
        dashboards: what each dashboard reads.
    """

    kinds: dict[str, str]
    views: dict[str, set[str]]
    programs: dict[str, Use]
    tasks: dict[tuple[int, str], Use]
    dashboards: dict[str, set[str]]


def use_of(path: Path) -> Use:
    """What the header of a file says; "source" and "target" stand for those of the entity that is loaded."""
    return use_in(header_of(path))


def use_in(header: list[list[str]]) -> Use:
    """What a header says."""
    use = Use()
    for lines in header:
        for name, value in fields_of(lines):
            # What is read through a view is read by the view.
            text = re.sub(r"(?:[\w.]+, )*[\w.]+ \(through ([\w.]+)\)", r"\1", value)
            words = set(_NAME.findall(text)) | {word for word in ("source", "target") if f"the {word}" in text}
            words |= set(re.findall(r'entity "(\w+)"', text))
            if name.startswith("Reads"):
                use.reads |= words
            if name.endswith(("Writes", "writes")):
                use.writes |= words
    return use


def resolve(programs: dict[str, Use], relations: Iterable[str], entities: dict[str, dict[str, str]]) -> dict[str, Use]:
    """Give each routine what the routines that its header names read and write.

    :param programs: what the headers say
    :param relations: the relations there are
    :param entities: source and target of each entity
    :returns: what each reads and writes, relations alone
    """

    def follow(name: str, side: Callable[[Use], set[str]], seen: frozenset[str]) -> set[str]:
        words = side(programs[name])
        found = words & {*relations, "source", "target"}
        for other in words & (programs.keys() - seen):
            found |= follow(other, side, seen | {other})
        for entity in words & entities.keys():
            found = {entities[entity].get(word, word) for word in found}
        return found

    return {
        name: Use(
            *(
                follow(name, side, frozenset({name})) - {"source", "target"}
                for side in (lambda use: use.reads, lambda use: use.writes)
            )
        )
        for name in programs
    }


def tasks_of_daily() -> list[tuple[int, Any]]:
    """Step and task of each task of tshop_daily: a task is a step behind the last of those it waits for."""
    with tempfile.TemporaryDirectory() as home:
        # Airflow makes files where it is imported.
        os.environ.setdefault("AIRFLOW_HOME", home)
        sys.path.insert(0, str(ROOT / "dags"))
        try:
            dag = importlib.import_module("tshop_daily").dag
        finally:
            sys.path.remove(str(ROOT / "dags"))
    steps: dict[str, int] = {}
    for task in dag.topological_sort():
        steps[task.task_id] = 1 + max((steps[name] for name in task.upstream_task_ids), default=0)
    return [(steps[task.task_id], task) for task in dag.tasks]


def use_of_clickhouse(text: str, files: dict[str, Use]) -> Use:
    """What the files read and write that a task's text names or includes."""
    found = Use()
    for name in re.findall(r"[\w/]+\.sql", text):
        if name in files:
            found.reads |= files[name].reads
            found.writes |= files[name].writes
        elif (template := ROOT / "dags" / "sql" / name).exists():
            # What stands under a condition is not what the task does in its first try.
            always = re.sub(r"{%-? if .*?endif", "", template.read_text(), flags=re.DOTALL)
            inner = use_of_clickhouse("".join(re.findall(r"include \"[^\"]+\"", always)), files)
            found.reads |= inner.reads
            found.writes |= inner.writes
    return found


def tasks(programs: dict[str, Use], sources: Use) -> dict[tuple[int, str], Use]:
    """Step, name, and what it reads and writes, of each task of tshop_daily."""
    found = {}
    for step, task in tasks_of_daily():
        if procedure := getattr(task, "procedure", None):
            found[step, f"{task.task_id}\n{procedure}"] = programs[procedure]
        elif mart := getattr(task, "mart", None):
            found[step, f"{task.task_id}\nclickhouse/mart"] = Use(
                {f"cdm.{mart}_{view}" for view in ("export", "batch", "run")}, {f"tshop.{mart}"}
            )
        elif isinstance(sql := getattr(task, "sql", None), str):
            found[step, f"{task.task_id}\n{sql}"] = use_of_clickhouse(sql, programs)
        elif task.task_id == "generate":
            found[step, f"{task.task_id}\nor a source"] = sources
    return found


def dashboards() -> dict[str, set[str]]:
    """What each dashboard reads, through its charts and their datasets."""
    assets = ROOT / "superset" / "assets"

    def load(folder: str) -> list[dict]:
        return [yaml.safe_load(path.read_text()) for path in sorted((assets / folder).rglob("*.yaml"))]

    datasets = {
        data["uuid"]: set(_NAME.findall(data["sql"])) if data["sql"] else {f"{data['schema']}.{data['table_name']}"}
        for data in load("datasets")
    }
    charts = {chart["uuid"]: datasets[chart["dataset_uuid"]] for chart in load("charts")}
    found = {}
    for dashboard in load("dashboards"):
        shown = [
            part["meta"]["uuid"]
            for part in dashboard["position"].values()
            if isinstance(part, dict) and part["type"] == "CHART"
        ]
        found[f"Dashboard\n{dashboard['dashboard_title']}"] = set().union(*(charts[uuid] for uuid in shown))
    return found


def lineage(dsn: str) -> Lineage:
    """Read it from the code and from a migrated warehouse."""
    with contextlib.closing(psycopg2.connect(dsn)) as connection, connection.cursor() as cursor:

        def rows(statement: str) -> list[tuple]:
            cursor.execute(statement, {"layers": list(LAYERS)})
            return cursor.fetchall()

        kinds = dict(rows(_RELATIONS))
        views: dict[str, set[str]] = {}
        for view, relation in rows(_VIEWS):
            views.setdefault(view, set()).add(relation)
        # What declarations make.
        declared = {load: Use({source}, {target}) for _, source, target, load in rows(_ENTITIES)}
        declared |= {build: Use({image}, {target}) for image, target, build in rows(_MARTS)}
        entities = {name: {"source": source, "target": target} for name, source, target, _ in rows(_ENTITIES)}

    programs = {
        f"{path.parts[-3]}.{path.stem}": use_of(path)
        for kind in ("functions", "procedures")
        for path in DB_FOLDER.glob(f"*/{kind}/*.sql")
    }
    objects = [(path, text) for path in sorted(CLICKHOUSE.glob("ddl/*.sql")) for text in objects_in(path)]
    for path, text in objects:
        made = re.search(r"^CREATE (?:OR REPLACE )?(TABLE|VIEW) (?:IF NOT EXISTS )?(tshop\.\w+)", text, re.MULTILINE)
        if made is None:
            continue
        kinds[made[2]] = made[1][0].lower().replace("t", "r")
        if foreign := re.search(r"ENGINE = PostgreSQL\(\w+, schema = '(\w+)', table = '(\w+)'\)", text):
            views[made[2]] = {f"{foreign[1]}.{foreign[2]}"}
        elif made[1] == "VIEW":
            views[made[2]] = use_in(header_in(text, path)).reads
    files = {path.name: use_of(path) for path in CLICKHOUSE.glob("*.sql")}
    for use in files.values():
        # Tables that a step makes for the next one.
        kinds |= {name: kinds.get(name, "r") for name in use.writes}
    for name, engine in (("load", "sl._load_entity"), ("build", "sl._build")):
        # They read and write of sl what the engine does.
        for program, use in declared.items():
            if f".{name}_" in program:
                use.reads.add(engine)
                use.writes.add(engine)
    programs = resolve(programs | declared, kinds, entities) | files
    with (ROOT / "migrations" / "roles.toml").open("rb") as file:
        grants = tomllib.load(file)["tshop_loader"]["grants"]
    patterns = [name.split(" ")[0] for rights, names in grants.items() if "INSERT" in rights for name in names]
    sources = Use(writes={name for name in kinds if any(Path(name).match(pattern) for pattern in patterns)})
    return Lineage(kinds, views, programs, tasks(programs, sources), dashboards())


def edges(known: Lineage) -> set[tuple[str, str]]:
    """Arrows of the picture, from what is read to what is made: relations by name, tasks as "step. name".

    Left out are arrows against the order of the tasks: what a task reads of its own or a later task's result is what
    the run before has left.
    """
    first_written: dict[str, int] = {}
    for (step, _), use in sorted(known.tasks.items()):
        for relation in use.writes:
            first_written.setdefault(relation, step)

    found = {(relation, dashboard) for dashboard, names in known.dashboards.items() for relation in names}
    left_by_the_run_before = set()
    for (step, name), use in known.tasks.items():
        task = f"{step}. {name}"
        found |= {(task, relation) for relation in use.writes}
        found |= {(relation, task) for relation in use.reads if first_written.get(relation, 0) < step}
        left_by_the_run_before |= {(a, b) for a in use.writes for b in use.reads if a in known.views.get(b, ())}
    found |= {(relation, view) for view, relations in known.views.items() for relation in relations}
    found = {(a, b) for a, b in found - left_by_the_run_before if not a.startswith("sl.") and not b.startswith("sl.")}
    raw = {name for name in known.kinds if name.startswith("raw.")}
    return on_the_way(found, raw, set(known.dashboards)) | {(a, b) for a, b in found if b in raw}


def on_the_way(arrows: set[tuple[str, str]], first: set[str], last: set[str]) -> set[tuple[str, str]]:
    """Arrows on a way from one of the first nodes to one of the last."""

    def reached(start: set[str], ways: set[tuple[str, str]]) -> set[str]:
        found, more = set(), start
        while more:
            found |= more
            more = {b for a, b in ways if a in more} - found
        return found

    kept = reached(first, arrows) & reached(last, {(b, a) for a, b in arrows})
    return {(a, b) for a, b in arrows if a in kept and b in kept}


def drawing(known: Lineage) -> str:
    """The picture as a text of D2."""
    arrows = edges(known)
    names = sorted({name for arrow in arrows for name in arrow})
    tasks_shown = {f"{step}. {name}" for step, name in known.tasks}
    # A task stands in the layer that it writes.
    layer_of = {name: name.split(".")[0] for name in names if name in known.kinds}
    layer_of |= {a: layer_of[b] for a, b in sorted(arrows) if a in tasks_shown}
    lines = ["direction: down"]
    ids = {}
    for layer in (*SHOWN, None):
        lines += [f'{layer}: "{TITLES[layer]}" {{'] if layer else []
        for name in names:
            if layer_of.get(name) != layer:
                continue
            number = f"n{len(ids)}"
            ids[name] = f"{layer}.{number}" if layer else number
            shape = {"r": "cylinder", "v": "page"}.get(known.kinds.get(name), "oval" if name in tasks_shown else "step")
            text = name.replace("\n", "\\n")
            lines.append(f'{number}: "{text}" {{shape: {shape}; style.font-size: 20}}')
        lines += ["}"] if layer else []
    lines += [f"{ids[a]} -> {ids[b]}" for a, b in sorted(arrows)]
    return "\n".join(lines) + "\n"


def picture(known: Lineage) -> str:
    """The picture as SVG."""
    answer = subprocess.run(
        [D2, "--pad", "10", "-", "-"], input=drawing(known), capture_output=True, text=True, check=True
    )
    return answer.stdout


def main() -> int:
    """Write the picture."""
    with throw_away_warehouse() as dsn:
        PICTURE.write_text(picture(lineage(dsn)), encoding="utf-8")
    print(f"docs: {PICTURE.relative_to(ROOT)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
