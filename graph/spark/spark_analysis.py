"""An analysis by Spark: the whole graph is reduced on its executors, the rest is the analysis of one machine.

Spark labels the components, counts every population and picks what stands out; the components that any of it touches
come to this process, as the same arrays that the engine of one machine reads, and go through the same functions. So
both engines give the same clusters and the same ranking, and this process holds what is looked into, not the graph.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import reduce
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from graph.analysis import kinds
from graph.analysis.addresses import ROLES
from graph.analysis.clusters import RECENT, WORTH_FOLDED
from graph.analysis.devices import Device, Devices, chains, shared_devices
from graph.analysis.findings import NEAR_LIMIT, identity
from graph.analysis.places import far_contacts, read_place
from graph.analysis.reading import (
    Handovers,
    Journal,
    KeyFinder,
    Meetings,
    Named,
    People,
    Progress,
    Reading,
    Ref,
    Sightings,
    SignArrays,
    Union,
    Uses,
    names_of,
    people_of,
    uses_of,
)
from graph.analysis.run import MOST_CLUSTERS, Analysis, analyse_reading
from graph.analysis.statistics import Population
from graph.clock import to_text
from graph.identity.decision.facts import Limits
from graph.identity.namespaces import NONE_FURTHER
from graph.model import TRACKER as TRACKER_ID
from graph.model import KeyName
from graph.spark.algorithms import SparkGraph
from graph.spark.tables import TABLES, further_of, parts, read_manifest

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame, SparkSession

REDIRECTS = 1 << 60
KEYS = 1 << 61
"""Where the numbers of folded contacts and of keys begin; contacts have the numbers of the export."""

_DEVICE = pa.struct([("kind", pa.int32()), ("key", pa.string()), ("value", pa.string())])
"""A key of a device: its namespace by number, by which devices are ordered, and by name."""
DeviceKey = tuple[int, KeyName, str]


class SparkAnalysis:
    """One analysis of an exported graph.

    Parameters
    ----------
    folder
        A finished export (`graph.spark.export.export_graph`); every worker must reach it.
    results
        Where the tables of results and intermediate ones go; every worker must reach it.
    limits
        What a contact may own.
    most_clusters, most_findings
        How many clusters are looked into, and how many findings of a kind there are at most.
    """

    def __init__(
        self,
        spark: "SparkSession",
        folder: Path,
        results: Path,
        *,
        limits: Limits | None = None,
        most_clusters: int = MOST_CLUSTERS,
        most_findings: int = kinds.MOST_OF_A_KIND,
        on_progress: Progress | None = None,
    ) -> None:
        self.spark = spark
        self.folder = folder
        self.results = results
        self.limits = limits or Limits()
        self._most_clusters = most_clusters
        self._most = most_findings
        self._tell = on_progress or (lambda what, done, total: None)
        self._done = 0
        self._tables = {name: self._table(name) for name in TABLES}
        manifest = read_manifest(folder)
        self._further = NONE_FURTHER if manifest is None else further_of(manifest)
        self._names = names_of(self._further)
        self._devices = (TRACKER_ID, *self._further.devices)
        self._subscriptions = ("subscription", *self._further.subscriptions)
        self._populations: dict[str, Population] = {}

    def run(self, *, seed: int = 0) -> Analysis:
        """Analyse, and leave the tables of results behind.

        Raises
        ------
        ExportError
            When the export is not whole.
        """
        from pyspark.sql import functions as f

        self._resolve_keys()
        self._put_devices_together()
        as_of = self._as_of()
        self._number_nodes()
        ties = self._ties()
        edges = ties.where("left != right").select("left", "right").distinct()
        graph = SparkGraph(self.spark, edges, f"{self._scratch}/graph")
        self._step("components")
        labels = self._kept("labels", graph.components())
        self._step("communities")
        self._named(graph.communities()).write.mode("overwrite").parquet(str(self.results / "communities"))
        self._named(labels).write.mode("overwrite").parquet(str(self.results / "components"))
        self._step("clusters")
        chosen, totals = self._clusters(labels)
        recent = ties.agg(f.avg((f.col("at") > as_of - RECENT).cast("double"))).first()
        self._step("anomalies")
        candidates = self._candidates()
        touched = self._touched(labels, chosen, candidates["contacts"])
        self._statistics()
        self._step("reading what stands out")
        reading, conflicts = self._reading(touched, candidates, as_of)
        reading.populations = self._populations
        reading.recent_share = float(recent[0]) if recent and recent[0] is not None else 0.0
        analysis = analyse_reading(reading, conflicts, limits=self.limits, seed=seed, on_progress=self._tell)
        found = {name: count for name, count in analysis.totals.items() if name in ("clusters_looked_into", "findings")}
        whole = Analysis(analysis.clusters, analysis.findings, totals | found | self._totals(as_of))
        write_results(whole, self.results)
        return whole

    # --- tables ---------------------------------------------------------------------------------------------

    @property
    def _scratch(self) -> str:
        return str(self.results / "scratch")

    def _table(self, name: str) -> "DataFrame":
        from pyspark.sql.pandas.types import from_arrow_schema

        paths = [str(path) for path in parts(self.folder, name)]
        if not paths:
            return self.spark.createDataFrame([], from_arrow_schema(TABLES[name]))
        return self.spark.read.schema(from_arrow_schema(TABLES[name])).parquet(*paths)

    def _kept(self, name: str, frame: "DataFrame") -> "DataFrame":
        """Write an intermediate result and read it from there: it is computed once, and its numbers stay."""
        path = f"{self._scratch}/{name}"
        frame.write.mode("overwrite").parquet(path)
        return self.spark.read.schema(frame.schema).parquet(path)

    def _frame(self, **columns: Any) -> "DataFrame":
        """Give Spark columns of this process; lists are text, or devices (`_of_devices`)."""
        arrays = {
            name: pa.array(column, pa.string()) if isinstance(column, list) else column
            for name, column in columns.items()
        }
        return self.spark.createDataFrame(pa.table(arrays))

    def _step(self, what: str) -> None:
        self._done += 1
        self._tell(what, self._done, 5)

    def _resolve_keys(self) -> None:
        """State for every ownership whether its owner is known, and of every event which keys met."""
        from pyspark.sql import functions as f

        contacts, ownerships = self._tables["contacts"], self._tables["ownerships"]
        self.contacts = contacts
        self.owned = ownerships.join(contacts.select("number", "known"), "number").withColumn(
            "since", f.unix_millis("since")
        )
        single = self.owned.where("not shared").select("key", "value", "number", "known")

        def owners_of(column: str, prefix: str, key: str | None = None) -> "DataFrame":
            return single.where(f.col("key") == (key or column)).select(
                f.col("value").alias(column),
                f.col("number").alias(f"{prefix}_owner"),
                f.col("known").alias(f"{prefix}_known"),
            )

        by_user, by_email, by_other = (f.col(f"{prefix}_owner").isNotNull() for prefix in "ueo")
        activity = self._tables["activity"].withColumn("at", f.unix_millis("at"))
        for key, prefix in (("tracker_id", "t"), ("user_id", "u"), ("email", "e")):
            activity = activity.join(owners_of(key, prefix), key, "left")
        for column, prefix, names in (
            ("named", "o", self._further.persons),
            ("device_key", "d", self._further.devices),
        ):
            others = single.where(f.col("key").isin(*names) if names else f.lit(False))
            others = others.select(
                f.struct("key", "value").alias(column),
                f.col("number").alias(f"{prefix}_owner"),
                f.col("known").alias(f"{prefix}_known"),
            )
            activity = activity.join(others, column, "left")
        by_tracker, by_device = (f.col(f"{prefix}_owner").isNotNull() for prefix in "td")
        resolved = activity.select(
            "number",
            "event",
            "conflict",
            f.when(by_tracker, f.col("answered")).alias("answered"),
            "subscriptions",
            "device_keys",
            "at",
            "place",
            "device",
            f.when(by_tracker, self._device(f.lit(TRACKER_ID), f.col("tracker_id")))
            .when(by_device, self._device(f.col("device_key.key"), f.col("device_key.value")))
            .alias("tracker"),
            f.coalesce("t_owner", "d_owner").alias("t_owner"),
            f.when(by_tracker, f.col("t_known")).otherwise(f.col("d_known")).alias("t_known"),
            f.when(by_user, "user_id").when(by_email, "email").when(by_other, f.col("named.key")).alias("person_key"),
            f.when(by_user, f.col("user_id"))
            .when(by_email, f.col("email"))
            .when(by_other, f.col("named.value"))
            .alias("person"),
            f.coalesce("u_owner", "e_owner", "o_owner").alias("p_owner"),
            f.when(by_user, f.col("u_known"))
            .when(by_email, f.col("e_known"))
            .otherwise(f.col("o_known"))
            .alias("p_known"),
            f.coalesce("u_owner", "e_owner", "o_owner", "t_owner", "d_owner").alias("who"),
        )
        self.activity = self._kept("resolved", resolved)
        self.carried = self.activity.withColumn("carried", f.explode("subscriptions")).select(
            "*", f.col("carried.key").alias("key"), f.col("carried.value").alias("subscription")
        )
        met = ["tracker", "t_owner", "t_known", "person_key", "person", "p_owner", "p_known"]
        self.meetings = self._kept(
            "meetings",
            self.activity.where("tracker is not null and person is not null")
            .groupBy(*met)
            .agg(
                f.count("*").alias("count"),
                f.sum(f.col("conflict").cast("long")).alias("conflicts"),
                f.min("at").alias("first"),
                f.max("at").alias("last"),
            ),
        )
        beside = self.activity.where(f.col("tracker.key") == TRACKER_ID)
        beside = beside.withColumn("beside", f.explode("device_keys")).select(
            "tracker",
            "t_owner",
            "conflict",
            "at",
            f.col("beside.key").alias("key"),
            f.col("beside.value").alias("value"),
        )
        owners = single.select("key", "value", f.col("number").alias("owner"))
        self.companions = self._kept(
            "companions",
            beside.join(owners, ["key", "value"])
            .groupBy("tracker", "t_owner", "key", "value", "owner")
            .agg(
                f.count("*").alias("count"),
                f.sum(f.col("conflict").cast("long")).alias("conflicts"),
                f.min("at").alias("first"),
                f.max("at").alias("last"),
            ),
        )
        answered = owners_of("answered", "a", "tracker_id")
        self.handovers = (
            self.activity.where("conflict and tracker is not null and person is not null")
            .join(answered, "answered", "left")
            .select(
                "number",
                "tracker",
                "t_owner",
                self._device(f.lit(TRACKER_ID), f.col("answered")).alias("answered"),
                "a_owner",
                "p_owner",
                "p_known",
                "at",
            )
        )
        self.unions = self._tables["unions"].withColumn("at", f.unix_millis("at"))

    def _put_devices_together(self) -> None:
        """Put hand-overs together to shared devices, in this process: what came next depends on what came before."""
        over = self.handovers.toArrow().sort_by("number")
        names = _DeviceNames(over)
        found = chains(
            names.numbers(over["t_owner"], over["tracker"]),
            names.numbers(over["a_owner"], over["answered"]),
            over["p_owner"].to_numpy(),
            over["at"].to_numpy(),
        )
        firsts = self._frame(tracker=_of_devices(names.key(tracker) for tracker in found))
        met = self.meetings.join(firsts, "tracker").orderBy(
            "t_owner", "tracker", "p_owner", self._code("person_key"), "person"
        )
        rows = met.select("tracker", "t_owner", "t_known", "p_owner", "p_known", "first").toArrow()
        trackers = names.numbers(rows["t_owner"], rows["tracker"])
        owners = dict(zip(trackers.tolist(), rows["t_owner"].to_pylist(), strict=True))
        of_known = rows["t_known"].to_pylist()
        known_owners = {
            tracker: owners[tracker] for tracker, known in zip(trackers.tolist(), of_known, strict=True) if known
        }
        self.devices = shared_devices(
            found, trackers, rows["p_owner"].to_numpy(), rows["first"].to_numpy(), known_owners
        )
        self.names = names
        counts = [len(device.logins) for device in self.devices.shared]
        population = Population.of(counts, **kinds.SHARED_BY)
        self._populations["many_emails"] = population
        order = np.lexsort((np.arange(len(counts)), -np.array(counts, dtype=np.int64)))[: self._most].tolist()
        # Few of different households are as good a reason as many.
        self.striking = [self.devices.shared[place] for place in order]
        known = {
            contact
            for table in (over, rows)
            for contact, known in zip(table["p_owner"].to_pylist(), table["p_known"].to_pylist(), strict=True)
            if known
        }
        on_device = [
            (device, contact)
            for device in self.devices.shared
            for contact in device.logins
            if contact in known and contact != owners[device.tracker]
        ]
        self.on_device = self._frame(
            tracker=_of_devices(names.key(device.tracker) for device, _ in on_device),
            left=pa.array([contact for _, contact in on_device], pa.int64()),
            at=pa.array([device.first[contact] for device, contact in on_device], pa.int64()),
        )
        self.device_trackers = self._frame(
            tracker=_of_devices(names.key(tracker) for tracker in sorted(self.devices.trackers))
        )

    def _as_of(self) -> int:
        from pyspark.sql import functions as f

        newest = [
            frame.agg(f.max(column)).first()
            for frame, column in ((self.activity, "at"), (self.unions, "at"), (self.owned, "since"))
        ]
        return max((row[0] for row in newest if row and row[0] is not None), default=0)

    def _number_nodes(self) -> None:
        """Return numbers to folded contacts, and to the keys that touch more than one contact."""
        from pyspark.sql import functions as f

        redirects = self._tables["redirects"].select(f.col("source").alias("id")).distinct().orderBy("id")
        self.redirects = self._kept(
            "redirects", redirects.select("id", (f.monotonically_increasing_id() + REDIRECTS).alias("node"))
        )
        apart = self.meetings.where("t_owner != p_owner and t_known and p_known")
        # A device that went from tracker to tracker is one key: the tracker that it was first seen with.
        apart = apart.join(self.device_trackers, "tracker", "leftanti")
        self.apart = apart
        keys = (
            self.owned.where("shared")
            .select("key", "value")
            .union(apart.select("tracker.key", "tracker.value"))
            .union(self.on_device.select("tracker.key", "tracker.value"))
            .distinct()
        )
        node = (f.monotonically_increasing_id() + KEYS).alias("node")
        self.keys = self._kept("keys", keys.select("key", "value", node))
        # Whoever was folded while the graph was read is in both tables; where it went is what counts.
        living = self.contacts.select("id", f.col("number").alias("node")).join(self.redirects, "id", "leftanti")
        self.ids = living.union(self.redirects.select("id", "node"))

    def _ties(self) -> "DataFrame":
        """Put the edges of the identity multigraph together: ``left, right, at``."""
        from pyspark.sql import functions as f

        owns = self.owned.join(self.keys, ["key", "value"]).select(
            f.col("number").alias("left"), f.col("node").alias("right"), f.col("since").alias("at")
        )
        trackers = self.keys.where(f.col("key").isin(*self._devices)).select(
            self._device(f.col("key"), f.col("value")).alias("tracker"), "node"
        )
        met = self.apart.join(trackers, "tracker").select(
            f.col("p_owner").alias("left"), f.col("node").alias("right"), f.col("first").alias("at")
        )
        on_device = self.on_device.join(trackers, "tracker").select("left", f.col("node").alias("right"), "at")
        source = self.redirects.select(f.col("id").alias("source"), f.col("node").alias("left"))
        target = self.ids.select(f.col("id").alias("target"), f.col("node").alias("right"))
        folded = self.unions.join(source, "source").join(target, "target").select("left", "right", "at")
        subscriptions = self.keys.where(f.col("key").isin(*self._subscriptions)).select(
            "key", f.col("value").alias("subscription"), f.col("node").alias("right")
        )
        owner = self.ids.select(f.col("id").alias("owner"), f.col("node").alias("left"))
        split = (
            self._tables["conflicts"]
            .withColumn("at", f.unix_millis("at"))
            .join(subscriptions, ["key", "subscription"])
            .join(owner, "owner")
            .select("left", "right", "at")
        )
        return self._kept("ties", reduce(lambda one, other: one.union(other), (owns, met, on_device, folded, split)))

    def _named(self, labels: "DataFrame") -> "DataFrame":
        """Give nodes their names: ``type, value, label``; nodes without ties are not in it."""
        from pyspark.sql import functions as f

        names = (
            self.contacts.select(
                f.lit("contact").alias("type"), f.col("id").alias("value"), f.col("number").alias("node")
            )
            .union(self.redirects.select(f.lit("redirect"), "id", "node"))
            .union(self.keys.select("key", "value", "node"))
        )
        return labels.join(names, "node").select("type", "value", "label")

    # --- what stands out ------------------------------------------------------------------------------------

    def _population(self, of: str, counts: "DataFrame", **prior: float) -> Population:
        """Measure the population of a column ``count``, from how often each count is there."""
        rows = counts.groupBy("count").count().toDF("value", "times").orderBy("value").collect()
        population = Population.of_histogram([row["value"] for row in rows], [row["times"] for row in rows], **prior)
        self._populations[of] = population
        return population

    def _clusters(self, labels: "DataFrame") -> tuple["DataFrame", dict[str, int]]:
        """Pick the components that are looked into, as the analysis of one machine does."""
        from pyspark.sql import functions as f

        is_contact, is_redirect = f.col("node") < REDIRECTS, (f.col("node") >= REDIRECTS) & (f.col("node") < KEYS)
        known = self.contacts.where("known").select(f.col("number").alias("node"), f.lit(1).alias("known"))
        sizes = self._kept(
            "sizes",
            labels.join(known, "node", "left")
            .groupBy("label")
            .agg(
                f.sum(is_contact.cast("long")).alias("living"),
                f.sum(is_redirect.cast("long")).alias("folded"),
                f.coalesce(f.sum("known"), f.lit(0)).alias("known"),
            ),
        )
        worth = sizes.where((f.col("living") > 1) | (f.col("folded") >= WORTH_FOLDED))
        self._population("cluster", worth.select(f.greatest("known", f.lit(1)).alias("count")))
        chosen = (
            worth.orderBy(f.desc("known"), f.desc(f.col("living") + f.col("folded")), "label")
            .limit(self._most_clusters)
            .select("label")
        )
        row = worth.agg(f.count("*"), f.max(f.col("living") + f.col("folded"))).first()
        assert row is not None
        tied = sizes.agg(f.count("*"), f.sum("living"), f.sum("folded")).first()
        assert tied is not None
        alone = self.contacts.count() - (tied[1] or 0) + self.redirects.count() - (tied[2] or 0)
        totals = {"components": tied[0] + alone, "clusters": row[0], "largest_cluster": row[1] or 0}
        return chosen, totals

    def _candidates(self) -> dict[str, "DataFrame"]:
        """Find what can become a finding, and the contacts that its evidence names.

        Every population is measured whole. What is picked is the first of each kind in the order in which the
        functions of `graph.analysis.kinds` take them, ties included.
        """
        from pyspark.sql import functions as f

        touched: list[DataFrame] = []
        subscriptions = self.owned.where(f.col("key").isin(*self._subscriptions))
        by_value = subscriptions.groupBy("key", f.col("value").alias("subscription")).agg(
            f.min("number").alias("owner")
        )
        counts = (
            self.carried.where("p_owner is not null")
            .groupBy("key", "subscription")
            .agg(f.count_distinct("p_owner").alias("count"))
            .join(by_value, ["key", "subscription"], "left")
            # Those that nobody owns any more come last, as `people_of` numbers them.
            .withColumn("owner", f.coalesce("owner", f.lit(REDIRECTS)))
        )
        # Few of different households are as good a reason as many: how far the count stands out rules none of them out.
        shared = self._standing_out(
            "shared_subscription",
            counts.where("count > 1"),
            "owner",
            self._code("key"),
            "subscription",
            floor=None,
            **kinds.SHARED_BY,
        )
        shared = self._kept("shared", shared.select("key", "subscription"))
        shared_keys = shared.withColumnRenamed("subscription", "value")
        touched.append(subscriptions.join(shared_keys, ["key", "value"]).select("number"))
        uses = self._kept(
            "uses",
            self.carried.join(shared, ["key", "subscription"]).select(
                "number", "key", "subscription", "at", "event", "tracker", "t_owner", "person_key", "person", "p_owner"
            ),
        )
        touched += [uses.where(f.col(column).isNotNull()).select(column) for column in ("t_owner", "p_owner")]
        devices = self._frame(tracker=_of_devices(self.names.key(device.tracker) for device in self.striking))
        devices = devices.select("tracker.key", "tracker.value")
        on_devices = {contact for device in self.striking for contact in device.logins}
        on_devices |= {self.names.owner(tracker) for device in self.striking for tracker in device.trackers}
        touched.append(self._frame(node=pa.array(sorted(on_devices), pa.int64())))
        per_person = self.meetings.groupBy(
            f.col("person").alias("value"), f.col("p_owner").alias("owner"), f.col("person_key").alias("key")
        ).agg(f.count("*").alias("count"))
        per_person = self._kept("per-person", per_person)
        floor = kinds.LOWEST_OUTLIER_OF_DEVICES
        persons = self._standing_out("many_trackers", per_person, "owner", self._code("key"), "value", floor=floor)
        alone = self.companions.join(self.device_trackers, "tracker", "leftanti")
        per_device = alone.groupBy("key", "value", "owner").agg(f.count("*").alias("count"))
        installed = self._standing_out(
            kinds.OF_DEVICES, per_device, "owner", self._code("key"), "value", floor=floor
        ).select("key", "value")
        roles = per_person.where((f.col("key") == "email") & (f.col("count") > 1) & is_role("value"))
        roles = roles.orderBy("owner", "value").limit(self._most)
        fusing = self._standing_out(
            "fusing_value",
            self._tied(),
            "owner",
            self._code("key"),
            "value",
            floor=floor,
        )
        named = reduce(
            lambda one, other: one.union(other), (frame.select("key", "value") for frame in (persons, roles, fusing))
        )
        named = self._kept("named", named.distinct())
        travelled = self.meetings.join(
            named.select(f.col("key").alias("person_key"), f.col("value").alias("person")), ["person_key", "person"]
        )
        travelled = travelled.select("tracker").union(
            self.companions.join(installed, ["key", "value"]).select("tracker")
        )
        trackers = self._kept("travelled", travelled.distinct())
        # Who else gave a name on these trackers tells whether they are one person's.
        met_there = self.meetings.join(trackers, "tracker")
        touched += [met_there.select(column) for column in ("t_owner", "p_owner")]
        self.looked_at = self._kept(
            "looked-at",
            self.activity.join(trackers, "tracker")
            .groupBy("tracker")
            .agg(f.count("*").alias("hits"), f.max("device").alias("device")),
        )
        touched.append(self.owned.join(named.union(installed), ["key", "value"]).select("number"))
        touched.append(self.companions.join(installed, ["key", "value"]).select("t_owner"))
        caused = self.unions.select("source", f.col("cause.key").alias("key"), f.col("cause.value").alias("value"))
        moved = self.unions.select("source", f.explode("moved").alias("moved"))
        moved = moved.select("source", "moved.key", "moved.value").join(devices, ["key", "value"])
        takes_back = (
            caused.join(named.union(installed).union(shared_keys.select("key", "value")), ["key", "value"])
            .select("source")
            .union(moved.select("source"))
            .distinct()
        )
        touched.append(takes_back.join(self.redirects.withColumnRenamed("id", "source"), "source").select("node"))
        touched.append(self._full())
        touched.append(self._bursts())
        sightings = self._far()
        touched += [sightings.select(column).distinct() for column in ("who", "t_owner")]
        contacts = reduce(lambda one, other: one.union(other), [frame.toDF("node") for frame in touched])
        return {"contacts": contacts.distinct(), "uses": uses, "sightings": sightings}

    def _tied(self) -> "DataFrame":
        """Count what each key tied: the devices of its owner on which it came, or what it folded."""
        from pyspark.sql import functions as f

        tied = (
            self.meetings.where("t_owner = p_owner")
            .groupBy(f.col("person_key").alias("key"), f.col("person").alias("value"), f.col("p_owner").alias("owner"))
            .agg(f.count("*").alias("count"))
        )
        causes = (
            self.unions.where("cause is not null")
            .groupBy(f.col("cause.key").alias("key"), f.col("cause.value").alias("value"))
            .agg((f.count("*") + 1).alias("count"))
        )
        caused = self.owned.join(causes, ["key", "value"]).select(
            "key", "value", f.col("number").alias("owner"), "count"
        )
        return (
            tied.unionByName(caused)
            .groupBy("key", "value")
            .agg(f.max("count").alias("count"), f.min("owner").alias("owner"))
        )

    def _standing_out(
        self, of: str, counts: "DataFrame", *order: "str | Column", floor: float | None, **prior: float
    ) -> "DataFrame":
        """Pick what is counted twice at least and stands out, the highest first; ``order`` is among equal ones."""
        from pyspark.sql import functions as f

        counts = self._kept(f"counts-{of}", counts)
        population = self._population(of, counts, **prior)
        least = 2 if floor is None else lowest_count(population, floor)
        return counts.where(f.col("count") >= least).orderBy(f.desc("count"), *order).limit(self._most)

    def _full(self) -> "DataFrame":
        """Pick the contacts that are nearest to their limits."""
        from pyspark.sql import functions as f

        trackers, subscriptions = (
            f.sum(f.col("key").isin(*names).cast("double")) for names in ((TRACKER_ID,), self._subscriptions)
        )
        full = f.greatest(trackers / self.limits.max_trackers, subscriptions / self.limits.max_subscriptions)
        per_contact = self.owned.groupBy("number").agg(full.alias("full"))
        return (
            per_contact.where(f.col("full") >= NEAR_LIMIT)
            .orderBy(f.desc("full"), "number")
            .limit(self._most)
            .select("number")
        )

    def _bursts(self) -> "DataFrame":
        """Pick the contacts into which the most others were folded within an hour."""
        from pyspark.sql import Window
        from pyspark.sql import functions as f

        source = self.redirects.select(f.col("id").alias("source"), f.col("node").alias("left"))
        target = self.ids.select(f.col("id").alias("target"), f.col("node").alias("right"))
        edges = self._kept(
            "folds",
            self.unions.join(source, "source").join(target, "target").select("left", "right", "target", "at"),
        )
        trees = SparkGraph(self.spark, edges.select("left", "right").distinct(), f"{self._scratch}/folds-graph")
        labels = self._kept("roots", trees.components())
        roots = edges.join(source.withColumnRenamed("source", "target").drop("left"), "target", "leftanti")
        roots = (
            roots.join(labels, roots["right"] == labels["node"])
            .select("label", f.col("target").alias("root"), f.col("right").alias("node"))
            .distinct()
        )
        within = Window.partitionBy("root").orderBy("at").rangeBetween(0, kinds.HOUR)
        peaks = self._kept(
            "counts-merge_burst",
            edges.join(labels, edges["left"] == labels["node"])
            .select("label", "at")
            .join(roots, "label")
            .select("root", "node", f.count("*").over(within).alias("count"))
            .groupBy("root", "node")
            .agg(f.max("count").alias("count")),
        )
        population = self._population("merge_burst", peaks)
        least = max(3, lowest_count(population, kinds.LOWEST))
        return peaks.where(f.col("count") >= least).orderBy(f.desc("count"), "root").limit(self._most).select("node")

    def _far(self) -> "DataFrame":
        """Pick the sightings of the contacts whose devices were at far places at once."""
        from pyspark.sql import functions as f

        sightings = self._kept(
            "sightings",
            self.activity.where("who is not null and tracker is not null and size(place) > 0").select(
                "number", "who", "tracker", "t_owner", "at", "place"
            ),
        )
        if sightings.isEmpty():
            return sightings
        ordered = sightings.repartition("who").sortWithinPartitions("who", "at", "t_owner", "tracker", "number")
        scored = self.spark.createDataFrame(ordered.rdd.mapPartitions(far_contacts), "who long, score double")
        scored = self._kept("counts-far_devices", scored)
        last = scored.orderBy(f.desc("score")).limit(self._most).agg(f.min("score")).first()
        least = last[0] if last and last[0] is not None else 0.0
        equal = scored.where(f.col("score") >= least).join(
            self.contacts.select(f.col("number").alias("who"), "id"), "who"
        )
        ranked = sorted(equal.collect(), key=lambda row: (-row["score"], identity("far_devices", "contact", row["id"])))
        chosen = self._frame(who=pa.array([row["who"] for row in ranked[: self._most]], pa.int64()))
        return sightings.join(chosen, "who")

    def _code(self, column: str) -> "Column":
        """Return the numbers of kinds of keys, to order by them."""
        from pyspark.sql import functions as f

        return self._number(f.col(column))

    def _number(self, name: "Column") -> "Column":
        from pyspark.sql import functions as f

        return f.coalesce(*(f.when(name == one, code) for code, one in enumerate(self._names)))

    def _device(self, name: "Column", value: "Column") -> "Column":
        """Return a device's key as `_DEVICE` has it, null where there is no value."""
        from pyspark.sql import functions as f

        return f.when(
            value.isNotNull(),
            f.struct(
                self._number(name).alias("kind"), f.when(value.isNotNull(), name).alias("key"), value.alias("value")
            ),
        )

    # --- reading --------------------------------------------------------------------------------------------

    def _touched(self, labels: "DataFrame", chosen: "DataFrame", nodes: "DataFrame") -> dict[str, "DataFrame"]:
        """Complete what was picked to whole components: ``contacts`` and ``redirects`` that are read."""
        from pyspark.sql import functions as f

        everybody = (
            self.contacts.select(f.col("number").alias("node"))
            .union(self.redirects.select("node"))
            .join(labels, "node", "left")
            .select("node", f.coalesce("label", "node").alias("label"))
        )
        everybody = self._kept("everybody", everybody)
        wanted = chosen.union(everybody.join(nodes, "node").select("label")).distinct()
        wanted = self._kept("wanted", wanted)
        inside = self._kept("inside", everybody.join(wanted, "label").select("node"))
        return {
            "contacts": inside.where(f.col("node") < REDIRECTS).select(f.col("node").alias("number")),
            "redirects": inside.join(self.redirects, "node").select(f.col("id").alias("source")),
        }

    def _reading(
        self, touched: dict[str, "DataFrame"], candidates: dict[str, "DataFrame"], as_of: int
    ) -> tuple[Reading, list[dict[str, Any]]]:
        """Bring what was picked into the arrays of this process."""
        from pyspark.sql import functions as f

        inside = touched["contacts"]
        owned = self.owned.join(inside, "number").select("number", "key", "value", "since", "shared").toArrow()
        contacts = self.contacts.join(inside, "number").toArrow()
        said = self._tables["signs"].join(inside, "number").toArrow()
        carried = candidates["uses"].select("key", "subscription").distinct()
        owned_ones = self.owned.select("key", f.col("value").alias("subscription"))
        gone = carried.join(owned_ones, ["key", "subscription"], "leftanti").toArrow()
        ended = zip(gone["key"].to_pylist(), gone["subscription"].to_pylist(), strict=True)
        rows = [*_contact_rows(contacts, owned, self._names)]
        people, finder, _ = people_of([rows], ended=ended, further=self._further)
        arrays = SignArrays()
        numbers = _numbers(contacts)
        by_contact: dict[int, dict[str, int]] = {}
        places = numbers(said["number"]).tolist()
        for number, name, value in zip(places, said["name"].to_pylist(), said["value"].to_pylist(), strict=True):
            by_contact.setdefault(number, {})[name] = value
        for number in sorted(by_contact):
            arrays.add(number, by_contact[number])
        signs = arrays.signs()
        unions = [
            Union(
                row["id"],
                row["source"],
                row["target"],
                row["rule"],
                row["at"],
                None if row["cause"] is None else (row["cause"]["key"], row["cause"]["value"]),
                tuple((key["key"], key["value"]) for key in row["moved"]),
            )
            for row in self.unions.join(touched["redirects"], "source").toArrow().to_pylist()
        ]
        both = self.meetings.join(inside.toDF("t_owner"), "t_owner").join(inside.toDF("p_owner"), "p_owner")
        meetings = _meetings(both.toArrow(), finder)
        beside = self.companions.join(inside.toDF("t_owner"), "t_owner").join(inside.toDF("owner"), "owner")
        beside = beside.withColumnsRenamed({"key": "person_key", "value": "person"})
        uses = _uses(candidates["uses"].toArrow(), people, finder)
        named = uses.signed
        pairs = np.unique(np.stack((uses.subscription[named], uses.contact[named]), axis=1), axis=0)
        kinds_of, hits = self._looked_at(finder, len(people.keys))
        shared = self._frame(
            key=[name for name, _ in people.shared], subscription=[value for _, value in people.shared]
        )
        conflicts = self._tables["conflicts"].withColumn("at", f.unix_millis("at"))
        conflicts = conflicts.join(shared, ["key", "subscription"]).withColumnRenamed("key", "namespace")
        reading = Reading(
            people=people,
            journal=Journal(unions),
            meetings=meetings,
            handovers=_NO_HANDOVERS,
            named=Named(pairs[:, 0], pairs[:, 1]),
            uses=uses,
            sightings=_sightings(candidates["sightings"].drop("t_owner").toArrow(), finder, numbers),
            signs=signs,
            device_kinds=kinds_of,
            hits=hits,
            activities=0,
            as_of=as_of,
            finder=finder,
            companions=_meetings(beside.toArrow(), finder),
            devices_of_all=self._devices_of(finder, contacts),
        )
        return reading, conflicts.toArrow().to_pylist()

    def _looked_at(self, finder: KeyFinder, keys: int) -> tuple[Any, Any]:
        """Return what kind of device the trackers that are looked at are on, and in how many events each came."""
        table = self.looked_at.toArrow()
        there = finder.refs(_refs(table["tracker"]))
        kinds_of, hits = np.zeros(keys, np.int8), np.zeros(keys, np.int32)
        kinds_of[there[there >= 0]] = table["device"].to_numpy()[there >= 0]
        hits[there[there >= 0]] = table["hits"].to_numpy()[there >= 0]
        return kinds_of, hits

    def _devices_of(self, finder: KeyFinder, contacts: pa.Table) -> Devices:
        """Replace the names of shared devices by the numbers of this process; what is not in it is left out."""
        order = sorted(self.devices.trackers)
        there = finder.refs([self.names.key(tracker)[1:] for tracker in order]).tolist()
        tracker_of = {tracker: number for tracker, number in zip(order, there, strict=True) if number >= 0}
        contact_of = {contact: place for place, contact in enumerate(np.sort(contacts["number"].to_numpy()).tolist())}
        shared = [
            Device(
                tracker_of[device.tracker],
                Counter({contact_of[who]: times for who, times in device.logins.items() if who in contact_of}),
                {contact_of[who]: at for who, at in device.first.items() if who in contact_of},
                {tracker_of[tracker]: None for tracker in device.trackers if tracker in tracker_of},
                device.times,
            )
            for device in self.devices.shared
            if device.tracker in tracker_of
        ]
        return Devices(shared, frozenset(tracker_of.values()))

    # --- what is told of the whole graph --------------------------------------------------------------------

    def _statistics(self) -> None:
        """Write how many contacts own how many keys of each kind, and which subscriptions have how many owners."""
        from pyspark.sql import functions as f

        degrees = (
            self.owned.groupBy("number", "key")
            .agg(f.count("*").alias("keys"))
            .groupBy("key", "keys")
            .agg(f.count("*").alias("contacts"))
        )
        degrees.coalesce(1).write.mode("overwrite").parquet(str(self.results / "degrees"))
        shares = (
            self.owned.where("shared")
            .groupBy("key", f.col("value").alias("subscription"))
            .agg(f.count("*").alias("owners"), f.sum(f.col("known").cast("long")).alias("known"))
        )
        shares.write.mode("overwrite").parquet(str(self.results / "shares"))

    def _totals(self, as_of: int) -> dict[str, Any]:
        from pyspark.sql import functions as f

        people = self.contacts.agg(f.count("*"), f.sum(f.col("known").cast("long"))).first()
        owned = self.owned.agg(
            f.count("*"),
            f.sum((~f.col("shared")).cast("long")),
            f.count_distinct(f.when(f.col("shared"), f.struct("key", "value"))),
        ).first()
        assert people is not None
        assert owned is not None
        return {
            "contacts": people[0],
            "known": people[1] or 0,
            "keys": (owned[1] or 0) + owned[2],
            "ownerships": owned[0],
            "shared_subscriptions": owned[2],
            "unions": self.unions.count(),
            "activities": self._tables["activity"].count(),
            "meetings": self.meetings.count(),
            "as_of": to_text(as_of * 1000) if as_of else None,
        }


_NO_HANDOVERS = Handovers(np.zeros(0, np.int32), np.zeros(0, np.int32), np.zeros(0, np.int32), np.zeros(0, np.int64))
"""The devices that they make are handed in instead."""


def _of_devices(keys: Iterable[DeviceKey]) -> pa.Array:
    """Make a column of devices."""
    return pa.array([{"kind": kind, "key": key, "value": value} for kind, key, value in keys], _DEVICE)


def _refs(devices: pa.ChunkedArray) -> list[Ref | None]:
    """Return the keys of a column of devices."""
    return [None if device is None else (device["key"], device["value"]) for device in devices.to_pylist()]


class _DeviceNames:
    """Numbers the devices of hand-overs as `people_of` does: by owner, then by namespace and value."""

    def __init__(self, over: pa.Table) -> None:
        pairs = {
            (owner, key)
            for owners, keys in (("t_owner", "tracker"), ("a_owner", "answered"))
            for owner, key in self._pairs(over[owners], over[keys])
            if owner is not None and key is not None
        }
        self._names: list[tuple[int, DeviceKey]] = sorted(pairs)
        self._numbers = {pair: number for number, pair in enumerate(self._names)}

    def key(self, number: int) -> DeviceKey:
        return self._names[number][1]

    def owner(self, number: int) -> int:
        return self._names[number][0]

    def numbers(self, owners: pa.ChunkedArray, keys: pa.ChunkedArray) -> Any:
        """Return the numbers of devices; -1 for one that is gone."""
        return np.array([self._numbers.get(pair, -1) for pair in self._pairs(owners, keys)], dtype=np.int64)

    @staticmethod
    def _pairs(owners: pa.ChunkedArray, keys: pa.ChunkedArray) -> Iterator[tuple[Any, Any]]:
        for owner, key in zip(owners.to_pylist(), keys.to_pylist(), strict=True):
            yield owner, None if key is None else (key["kind"], key["key"], key["value"])


def is_role(column: str) -> "Column":
    """Return what `graph.analysis.addresses.is_role` does, in Spark."""
    from pyspark.sql import functions as f

    local = f.substring_index(f.substring_index(column, "@", 1), "+", 1)
    local = f.regexp_replace(f.regexp_replace(local, r"[0-9]+\z", ""), r"[-_.]+\z", "")
    return local.isin(*sorted(ROLES))


def lowest_count(population: Population, floor: float) -> int:
    """Return the lowest count, two at least, that stands out so far."""
    low, high = 2, 2
    while population.outlier(high) < floor:
        low, high = high, high * 2
    while low < high:
        middle = (low + high) // 2
        if population.outlier(middle) < floor:
            low = middle + 1
        else:
            high = middle
    return high


def write_results(analysis: Analysis, folder: Path) -> None:
    """Write findings and clusters as Parquet: what is asked for most as columns, all of it as JSON."""
    import orjson
    import pyarrow.parquet as pq

    findings = [
        {
            "id": item.id,
            "kind": item.kind,
            "subject_type": item.subject["type"],
            "subject": item.subject["value"],
            "score": item.score,
            "reason": item.reason,
            "document": orjson.dumps(item.document()).decode(),
        }
        for item in analysis.findings
    ]
    clusters = [
        {
            "id": item.id,
            "verdict": item.verdict,
            "score": item.score,
            "contacts": item.contacts,
            "known": item.known,
            "folded": item.folded,
            "reason": item.reason,
            "document": orjson.dumps(item.document()).decode(),
        }
        for item in analysis.clusters
    ]
    for name, rows, schema in (("findings", findings, _FINDINGS), ("clusters", clusters, _CLUSTERS)):
        pq.write_table(pa.Table.from_pylist(rows, schema), folder / f"{name}.parquet")


_FINDINGS = pa.schema(
    [(name, pa.string()) for name in ("id", "kind", "subject_type", "subject")]
    + [("score", pa.float64()), ("reason", pa.string()), ("document", pa.string())]
)
_CLUSTERS = pa.schema(
    [("id", pa.string()), ("verdict", pa.string()), ("score", pa.float64())]
    + [(name, pa.int64()) for name in ("contacts", "known", "folded")]
    + [("reason", pa.string()), ("document", pa.string())]
)


def _contact_rows(contacts: pa.Table, owned: pa.Table, names: Sequence[KeyName]) -> Iterator[list[Any]]:
    """Return contacts with their keys as ``analysis.contacts`` does, by id."""
    keys: dict[int, list[list[Any]]] = {}
    for row in owned.to_pylist():
        key = [names.index(row["key"]), row["value"], row["since"], row["shared"]]
        keys.setdefault(row["number"], []).append(key)
    for row in sorted(contacts.to_pylist(), key=lambda row: row["number"]):
        yield [row["id"], row["known"], keys.get(row["number"], []), ()]


def _numbers(contacts: pa.Table) -> Callable[[pa.ChunkedArray], Any]:
    """Make a function that turns numbers of the export into those of this process."""
    ordered = np.sort(contacts["number"].to_numpy())

    def of(column: pa.ChunkedArray) -> Any:
        return np.searchsorted(ordered, column.to_numpy()).astype(np.int32)

    return of


def _meetings(table: pa.Table, finder: KeyFinder) -> Meetings:
    trackers = finder.refs(_refs(table["tracker"]))
    persons = finder.refs([*zip(table["person_key"].to_pylist(), table["person"].to_pylist(), strict=True)])
    # In the order of the numbers, as an engine that adds them up has them.
    order = np.lexsort((persons, trackers))
    counts = (table[name].to_numpy()[order] for name in ("count", "conflicts", "first", "last"))
    return Meetings(trackers[order], persons[order], *counts)


def _uses(table: pa.Table, people: People, finder: KeyFinder) -> Uses:
    rows = table.sort_by("number").to_pylist()
    for row in rows:
        row["namespace"] = row["key"]
        device = row["tracker"]
        given = {row["person_key"]: row["person"]}
        if device is not None:
            given[device["key"]] = device["value"]
        for name in (TRACKER_ID, "email", "user_id"):
            row[name] = given.pop(name, None)
        row["carried"] = [[name, value] for name, value in given.items() if name is not None]
    return uses_of(people, finder, rows)


def _sightings(table: pa.Table, finder: KeyFinder, numbers: Callable[[pa.ChunkedArray], Any]) -> Sightings:
    table = table.sort_by("number")
    said = [read_place([(item["name"], item["value"]) for item in place]) for place in table["place"].to_pylist()]
    there = np.array([place is not None for place in said], dtype=np.bool_)
    places = list(dict.fromkeys(place for place in said if place is not None))
    number = {place: count for count, place in enumerate(places)}
    return Sightings(
        numbers(table["who"])[there],
        finder.refs(_refs(table["tracker"]))[there],
        table["at"].to_numpy()[there],
        np.array([number[place] for place in said if place is not None], dtype=np.int32),
        places,
    )
