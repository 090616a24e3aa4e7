"""How the tasks of the DAGs run programs on Spark: spark-submit, its settings, and what is said where one fails.

spark-submit has an environment of its own (`make setup-spark`), to which SPARK_HOME, PYSPARK_PYTHON and PATH lead. Its
master is that of the connection: `tshop_spark` for a job that needs no cluster, `tshop_spark_cluster` for one that
does. A job takes its addresses and passwords from the environment, never by arguments, which are logged.
"""

import re
import shutil
from typing import Any

from airflow.providers.apache.spark.operators.spark_submit import SparkSubmitOperator
from airflow.sdk.exceptions import AirflowException
from tshop_operators import ROOT, EndWhatIsRefused, Failed, Refused

# The master of the first is a process of its own where nobody names another; that of the second, a cluster.
LOCAL_CONNECTION, CLUSTER_CONNECTION = "tshop_spark", "tshop_spark_cluster"
JARS = ROOT / ".jars"
LOG_SETTINGS = ROOT / "sources" / "spark" / "log4j2.properties"
CONF = {
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
    "spark.sql.session.timeZone": "UTC",
    "spark.driver.extraJavaOptions": f'-XX:+UseSerialGC "-Dlog4j2.configurationFile={LOG_SETTINGS}"',
    "spark.executor.extraJavaOptions": "-XX:+UseSerialGC",
}


class SparkOperator(SparkSubmitOperator):
    """Runs a program of sources/ by spark-submit.

    The program's last line is `Error: ` and a sentence where it fails, with the exit status 2 where a retry would find
    the same.

    :param program: file of sources/
    :param jars_of: the parts whose jars it needs, folders of .jars/
    :param conn_id: LOCAL_CONNECTION or CLUSTER_CONNECTION
    :param conf: settings of Spark above CONF
    """

    REFUSED = 2

    def __init__(
        self,
        *,
        program: str,
        jars_of: tuple[str, ...] = (),
        conn_id: str = LOCAL_CONNECTION,
        conf: dict[str, str] | None = None,
        **arguments: Any,
    ) -> None:
        arguments.setdefault("driver_memory", "1g")
        arguments.setdefault("executor_memory", "1g")
        super().__init__(
            application=str(ROOT / "sources" / program),
            conn_id=conn_id,
            conf={**CONF, **(conf or {})},
            retry_policy=EndWhatIsRefused(),
            **arguments,
        )
        self.jars_of = jars_of

    def execute(self, context: Any) -> None:
        """Run the program.

        :raises Refused: Spark, Java or jars are missing, or the program says that a retry would find the same
        :raises Failed: it failed; in its own words where it has some
        """
        self._check()
        self.jars = ",".join(str(jar) for part in self.jars_of for jar in sorted((JARS / part).glob("*.jar"))) or None
        try:
            super().execute(context)
        except AirflowException as error:
            status = re.search(r"Error code is: (\d+)", str(error))
            said = re.findall(r"^Error: (.+)$", str(error), re.MULTILINE)
            kind = Refused if status and int(status[1]) == self.REFUSED else Failed
            raise kind(said[-1] if said else str(error)) from None

    def _check(self) -> None:
        if not shutil.which("spark-submit"):
            raise Refused("Spark is not installed: run 'make setup-spark'.")
        if not shutil.which("java"):
            raise Refused("Java is missing, which Spark needs: install Java 17.")
        for part in self.jars_of:
            if not any((JARS / part).glob("*.jar")):
                raise Refused(f"The jars of {part} are missing: run 'make setup-spark'.")
