"""What the configuration says reaches the embedded database."""

import pytest

from graph.settings import Settings
from graph.store.database import Database, Transaction


def test_more_lines_of_its_configuration_and_options_of_its_java_reach_the_server(
    server: Settings, shared_database: Database
) -> None:
    if not server.neo4j_conf:
        pytest.skip("the tests' database is another than the embedded one")
    runtime = "CALL dbms.queryJmx('java.lang:type=Runtime') YIELD attributes AS said"

    def told(tx: Transaction) -> list[str]:
        [interval] = tx.run_text("SHOW SETTINGS 'dbms.cypher.min_replan_interval' YIELD value")
        [options] = tx.run_text(f"{runtime} RETURN said.InputArguments.value AS all")
        return [interval["value"], *(option for option in options["all"] if "kinfold.tests" in option)]

    assert shared_database.read(told) == ["2h", "-Dkinfold.tests=all of them"]
