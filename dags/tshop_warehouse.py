"""The part of a DAG that brings what is new in raw to ClickHouse, for DAGs that run often or beside others."""

from collections.abc import Callable, Mapping
from typing import Any

from airflow.sdk import TaskGroup, chain
from tshop_live_operators import Call, CallsOperator, PublishOperator, notify_first_failure
from tshop_operators import marts, tables
from tshop_shop import BUILDS, CDM, DDS, ENTITIES, RAW

PUBLISHED = ["tshop.sales_mart", *(f"tshop.{mart}" for mart in marts.tables())]


def warehouse(
    pre_execute: Callable[[Mapping[str, Any]], None],
    notify: Callable[[Mapping[str, Any]], None] = notify_first_failure,
) -> TaskGroup:
    """Return the group of the tasks `load` → `build` → `audit` → `publish`.

    It is made inside a DAG, whose default arguments its tasks have. Each does what tshop_daily has a task an entity or
    a mart for, and leaves out what has nothing to do.

    :param pre_execute: keeps its tasks out of the way of other DAGs: see tshop_runs
    :param notify: tells people of a failure of one of its tasks
    """
    with TaskGroup(
        "warehouse",
        prefix_group_id=False,
        tooltip="raw to ClickHouse",
        default_args={"pre_execute": pre_execute},
    ) as group:
        load = CallsOperator(
            task_id="load",
            notify=notify,
            calls=[Call(f"dds.load_{entity}") for entity in ENTITIES],
            inlets=tables(*RAW),
            outlets=tables(*DDS),
            doc_md="Loads the entities of whose sources rows wait.",
        )
        build = CallsOperator(
            task_id="build",
            notify=notify,
            calls=[Call(f"cdm.{procedure}") for procedure in BUILDS.values()],
            inlets=tables(*DDS),
            outlets=tables(*CDM),
            doc_md="Builds the marts that have loads to process.",
        )
        audit = CallsOperator(
            task_id="audit",
            notify=notify,
            calls=[Call("sl.audit", "audit.sql")],
            inlets=tables(*RAW, *DDS, *CDM),
            doc_md="Checks the warehouse's invariants on what was touched, so that nothing wrong is published.",
        )
        publish = PublishOperator(
            task_id="publish",
            notify=notify,
            inlets=tables(*CDM),
            outlets=tables(*PUBLISHED),
            doc_md="Pulls the batches of the marts that are not published yet, compares rows, exact sums and hash with "
            "PostgreSQL's, and shows them to readers, each mart all at once.",
        )
        chain(load, build, audit, publish)
    return group
