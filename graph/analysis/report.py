"""An analysis written down: JSON, GraphML for Gephi, PNG pictures, and one HTML page to read from top to bottom."""

import base64
import re
import shlex
from collections import Counter
from datetime import datetime
from html import escape
from pathlib import Path
from typing import Any

import networkx as nx
import numpy as np
import orjson
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patheffects import withStroke
from matplotlib.ticker import MaxNLocator

from graph.analysis.clusters import Cluster, Node, Verdict
from graph.analysis.findings import KINDS, WORTH_ACTING, Finding
from graph.analysis.run import Analysis
from graph.clock import to_text

PICTURED = 6
"""Clusters that get a picture, those with the highest scores."""
DRAWN = 150
"""Nodes in a picture at most: more is ink and no picture."""
FEW = 40
"""Nodes up to which a picture names every contact."""
NAMED_KEYS = 12
"""Keys that a picture names, those with the most ties."""
LISTED = 100
"""Findings and clusters in the page; the JSON files have all."""

_COLOURS = {
    "contact": "#2563a8",
    "redirect": "#9aa5b1",
    "tracker": "#c2571a",
    "subscription": "#7b3fa0",
    "email": "#2f7d4f",
    "user_id": "#2f7d4f",
}
_SHAPES = {"contact": "o", "redirect": "o", "tracker": "s", "subscription": "D", "email": "^", "user_id": "v"}
_OTHER_COLOUR, _OTHER_SHAPE = "#8a6d1f", "h"
"""Of keys of declared namespaces."""
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_VERDICTS: tuple[Verdict, ...] = ("mistake", "shared device", "household", "one person")


def write_report(analysis: Analysis, folder: Path, *, seed: int = 0) -> list[Path]:
    """Write everything into a folder, made when it is missing, and return the files.

    Parameters
    ----------
    seed
        For the layout of the pictures.

    Raises
    ------
    OSError
        When the folder cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    pictures: dict[str, tuple[str, Figure]] = {
        "scores.png": ("Findings by kind and score", _scores(analysis.findings)),
        "sizes.png": ("Clusters by the known contacts in them", _sizes(analysis.clusters)),
    }
    for place, cluster in enumerate(analysis.clusters[:PICTURED], start=1):
        pictures[f"cluster-{place}.png"] = (_caption(place, cluster), draw(cluster, seed=seed))
    files = {
        "anomalies.json": _json({"totals": analysis.totals, "items": [item.document() for item in analysis.findings]}),
        "clusters.json": _json({"totals": analysis.totals, "items": [item.document() for item in analysis.clusters]}),
    }
    drawn: list[tuple[str, bytes]] = []
    for name, (caption, figure) in pictures.items():
        FigureCanvasAgg(figure)
        path = folder / name
        # Without the date and the version that it would note: the same analysis gives the same bytes.
        figure.savefig(path, dpi=110, metadata={"Software": None})
        drawn.append((caption, path.read_bytes()))
    files["report.html"] = page(analysis, drawn).encode()
    for name, content in files.items():
        (folder / name).write_bytes(content)
    nx.write_graphml(whole_graph(analysis.clusters), folder / "graph.graphml")
    return [folder / name for name in (*files, "graph.graphml", *pictures)]


def whole_graph(clusters: list[Cluster]) -> "nx.Graph[str]":
    """Put the graphs of all clusters into one with plain attributes, as GraphML takes them.

    Notes
    -----
    O(nodes + ties).
    """
    whole: nx.Graph[str] = nx.Graph()
    for cluster in clusters:
        for node, data in cluster.graph.nodes(data=True):
            whole.add_node(
                _name(node),
                label=_plain(data["label"]),
                type=data["type"],
                known=bool(data["known"]),
                cluster=cluster.id,
                verdict=cluster.verdict,
            )
        for one, other, data in cluster.graph.edges(data=True):
            whole.add_edge(
                _name(one), _name(other), tie=data["tie"], since=to_text(data["at"] * 1000), events=data["events"]
            )
    return whole


def draw(cluster: Cluster, *, seed: int = 0) -> Figure:
    """Draw a cluster, or of a large one the part around what holds it together.

    Notes
    -----
    O(`DRAWN`²): the layout is a spring model.
    """
    graph = _part(cluster)
    figure = Figure(figsize=(7.5, 5.2), layout="constrained")
    axes = figure.add_subplot()
    places = nx.spring_layout(graph, seed=seed, k=1.6 / max(1.0, np.sqrt(len(graph))))
    if len(graph) <= FEW:
        # Where every node is named, distances as in the graph leave the names more room.
        places = nx.kamada_kawai_layout(graph, pos=places)
    nx.draw_networkx_edges(graph, places, ax=axes, edge_color="#b8bec6", width=0.9)
    there = {node[0] for node in graph}
    present = [*(kind for kind in _SHAPES if kind in there), *sorted(there - _SHAPES.keys())]
    for kind in present:
        nodes = [node for node in graph if node[0] == kind]
        nx.draw_networkx_nodes(
            graph,
            places,
            ax=axes,
            nodelist=nodes,
            node_shape=_SHAPES.get(kind, _OTHER_SHAPE),
            node_color=_COLOURS.get(kind, _OTHER_COLOUR),
            node_size=[{"contact": 110, "redirect": 45}.get(kind, 260)] * len(nodes),
            edgecolors="white",
            linewidths=0.8,
        )
    keys = [node for node in graph if node[0] not in ("contact", "redirect")]
    # The id of a folded contact tells nobody anything.
    people = [node for node in graph if node[0] == "contact"] if len(graph) <= FEW else []
    for node in [*people, *sorted(keys, key=graph.degree, reverse=True)[:NAMED_KEYS]]:
        is_key = node[0] != "contact"
        # On the far side of what it is tied to, so that the ties do not run through the name.
        middle = np.mean([places[other][1] for other in graph[node]], axis=0) if graph.degree(node) else 0.0
        below = not is_key and places[node][1] < middle
        axes.annotate(
            _short(graph.nodes[node]["label"]),
            (places[node][0], places[node][1]),
            xytext=(0, 11 if is_key else -7 if below else 7),
            textcoords="offset points",
            ha="center",
            va="top" if below else "bottom",
            fontsize=8 if is_key else 7,
            fontweight="bold" if is_key else "normal",
            parse_math=False,
            path_effects=[withStroke(linewidth=2.5, foreground="white", alpha=0.85)],
        )
    axes.legend(
        handles=[
            Line2D(
                [],
                [],
                marker=_SHAPES.get(kind, _OTHER_SHAPE),
                color=_COLOURS.get(kind, _OTHER_COLOUR),
                linestyle="",
                label=_words(kind),
            )
            for kind in present
        ],
        loc="best",
        fontsize=8,
        frameon=False,
    )
    left = len(cluster.graph) - len(graph)
    axes.set_title(
        f"{cluster.verdict.capitalize()}: {_counted(cluster.known, 'known contact')}"
        + (f" on {_counted(cluster.keys, 'shared key')}" if cluster.keys else "")
        + (f", {_counted(cluster.folded, 'contact')} folded into them" if cluster.folded else "")
        + (f" ({left} nodes not drawn)" if left else ""),
        fontsize=10,
    )
    axes.margins(0.12)
    axes.set_axis_off()
    return figure


def page(analysis: Analysis, pictures: list[tuple[str, bytes]]) -> str:
    """Write the page: what was read, what is wrong, which clusters there are; it asks nobody for anything."""
    totals, findings, clusters = analysis.totals, analysis.findings, analysis.clusters
    strong = [item for item in findings if item.score >= WORTH_ACTING]
    weak = findings[len(strong) :]
    verdicts = Counter(cluster.verdict for cluster in clusters)
    worst = f"The first thing to look at: {escape(findings[0].reason)}" if findings else "Nothing stands out."
    counted = ", ".join(f"{_words(kind)}: {count}" for kind, count in _by_kind(strong).items())
    told = ", ".join(f"{verdicts[verdict]} {_words(verdict)}" for verdict in _VERDICTS if verdicts[verdict])
    figures = "".join(
        f'<figure><img alt="{escape(caption, quote=True)}" src="data:image/png;base64,'
        f'{base64.b64encode(content).decode()}"><figcaption>{escape(caption)}</figcaption></figure>'
        for caption, content in pictures
    )
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; style-src 'unsafe-inline'">
<title>Kinfold: what the identity graph looks like</title>
<style>{_STYLE}</style>
</head>
<body>
<main>
<h1>What the identity graph looks like</h1>
<p>As of {escape(_moment(totals["as_of"]))}: {totals["contacts"]:,} contacts ({totals["known"]:,} known) with
{totals["ownerships"]:,} keys, {totals["unions"]:,} unions that stand, {totals["activities"]:,} activities.
{totals["clusters"]:,} clusters tie more than one contact, or fold many into one; the largest has
{totals["largest_cluster"]:,} contacts.</p>
<p class="lead">{worst}</p>
<h2>What looks wrong</h2>
<p>{_counted(len(strong), "finding")}{" (" + escape(counted) + ")" if counted else ""}. A score is from 0 to 1 and says
how far the case stands out from its own population; its parts stand in <code>anomalies.json</code>.</p>
{_findings_table(strong)}
{_weaker(weak)}
<h2>Clusters</h2>
<p>{len(clusters):,} were looked into{": " + escape(told) if told else ""}.</p>
{_clusters_table(clusters)}
<h2>Pictures</h2>
{figures}
<h2>Files beside this page</h2>
<p><code>anomalies.json</code> and <code>clusters.json</code> have everything, <code>graph.graphml</code> opens in
Gephi.</p>
</main>
</body>
</html>
"""


_STYLE = """
:root { color-scheme: light dark; }
body { font: 16px/1.5 system-ui, sans-serif; margin: 0; background: Canvas; color: CanvasText; }
main { max-width: 60rem; margin: 0 auto; padding: 1.5rem 1rem 4rem; }
h1 { font-size: 1.7rem; line-height: 1.2; } h2 { margin-top: 2.5rem; }
.lead { border-left: 4px solid #c2571a; padding: .3rem 0 .3rem 1rem; font-size: 1.1rem; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: .9rem; }
th, td { text-align: left; vertical-align: top; padding: .4rem .6rem; border-bottom: 1px solid #8886; }
td.number { font-variant-numeric: tabular-nums; white-space: nowrap; }
code, .value { font-family: ui-monospace, monospace; font-size: .85em; overflow-wrap: anywhere; }
figure { margin: 1.5rem 0; } img { max-width: 100%; background: white; border-radius: 6px; }
summary { cursor: pointer; margin: 1rem 0; }
figcaption { font-size: .9rem; opacity: .8; }
"""


def _findings_table(findings: list[Finding]) -> str:
    if not findings:
        return "<p>None.</p>"
    return _table(
        ("Score", "What", "About", "Why", "What can be done"),
        [
            f'<td class="number">{item.score:.3f}</td><td>{escape(_words(item.kind))}</td>'
            f"<td>{escape(_words(item.subject['type']))} "
            f'<span class="value">{escape(item.subject["value"])}</span></td>'
            f"<td>{escape(item.reason)}</td><td>{_actions(item.actions)}</td>"
            for item in findings[:LISTED]
        ],
        len(findings),
    )


def _weaker(findings: list[Finding]) -> str:
    if not findings:
        return ""
    return (
        f"<details><summary>{_counted(len(findings), 'weaker sign')}, scored below {WORTH_ACTING}: most are ordinary "
        f"people</summary>{_findings_table(findings)}</details>"
    )


def _clusters_table(clusters: list[Cluster]) -> str:
    if not clusters:
        return "<p>Nobody is tied to anybody.</p>"
    return _table(
        ("Score", "Verdict", "Known", "Keys", "Folded", "Why"),
        [
            f'<td class="number">{item.score:.3f}</td><td>{escape(item.verdict)}</td>'
            f'<td class="number">{item.known}</td><td class="number">{item.keys}</td>'
            f'<td class="number">{item.folded}</td>'
            f"<td>{escape(item.reason)}{_trend(item)}</td>"
            for item in clusters[:LISTED]
        ],
        len(clusters),
    )


def _table(headings: tuple[str, ...], rows: list[str], count: int) -> str:
    """Put rows of cells under their headings, and say how many are left out."""
    heads = "".join(f'<th scope="col">{heading}</th>' for heading in headings)
    body = "".join(f"<tr>{row}</tr>" for row in rows)
    more = f"<p>And {count - len(rows):,} more.</p>" if count > len(rows) else ""
    return f'<div class="scroll"><table><thead><tr>{heads}</tr></thead><tbody>{body}</tbody></table></div>{more}'


def _trend(cluster: Cluster) -> str:
    trend = cluster.trend
    if not trend["fast"]:
        return ""
    return f" It grew fast: {trend['recent']} of its {trend['ties']} ties came in the newest seven days."


def _actions(actions: tuple[dict[str, Any], ...]) -> str:
    words = []
    block = next((action for action in actions if action["action"] == "block"), None)
    if block is not None:
        words.append(f"block it: <code>kinfold block add {escape(shlex.quote(block['value']))}</code>")
    merges = [action for action in actions if action["action"] == "unmerge"]
    if merges:
        more = f" and {len(merges) - 1} more" if len(merges) > 1 else ""
        words.append(f"take back: <code>kinfold unmerge {escape(merges[0]['merge'])}</code>{more}")
    return "; ".join(words) or "look, and dismiss it"


def _scores(findings: list[Finding]) -> Figure:
    figure = Figure(figsize=(7.5, 3.4), layout="constrained")
    axes = figure.add_subplot()
    kinds = list(reversed(KINDS))
    for row, kind in enumerate(kinds):
        scores = [item.score for item in findings if item.kind == kind]
        # Side by side where they would hide each other.
        offsets = (np.arange(len(scores)) % 7 - 3) * 0.07 if len(scores) > 1 else np.zeros(len(scores))
        axes.scatter(scores, row + offsets, s=22, color="#c2571a", alpha=0.6, linewidths=0)
    axes.set_yticks(range(len(kinds)), [_words(kind) for kind in kinds])
    axes.set_ylim(-0.5, len(kinds) - 0.5)
    axes.set_xlim(0, 1.02)
    axes.axvline(0.5, color="#444", linewidth=0.8, linestyle=":")
    axes.set_xlabel("score; from 0.5 on it is worth a look")
    _bare(axes)
    return figure


def _sizes(clusters: list[Cluster]) -> Figure:
    figure = Figure(figsize=(7.5, 3.0), layout="constrained")
    axes = figure.add_subplot()
    sizes = Counter(cluster.known for cluster in clusters)
    axes.bar([str(size) for size in sorted(sizes)], [sizes[size] for size in sorted(sizes)], color="#2563a8")
    axes.set_xlabel("known contacts in the cluster")
    axes.set_ylabel("clusters")
    axes.yaxis.set_major_locator(MaxNLocator(integer=True))
    if len(sizes) > 20:
        axes.xaxis.set_major_locator(MaxNLocator(20))
    _bare(axes)
    return figure


def _bare(axes: Axes) -> None:
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    axes.grid(axis="both", alpha=0.25, linewidth=0.6)
    axes.set_axisbelow(True)


def _part(cluster: Cluster) -> "nx.Graph[Node]":
    graph = cluster.graph
    if len(graph) <= DRAWN:
        chosen = sorted(graph)
    else:
        start = cluster.articulation_points[0] if cluster.articulation_points else max(graph, key=graph.degree)
        chosen = [start, *(node for _, node in nx.bfs_edges(graph, start, sort_neighbors=sorted))][:DRAWN]
    part: nx.Graph[Node] = nx.Graph()
    part.add_nodes_from((node, graph.nodes[node]) for node in sorted(chosen))
    part.add_edges_from(sorted((min(pair), max(pair)) for pair in graph.subgraph(chosen).edges))
    return part


def _moment(as_of: str | None) -> str:
    if as_of is None:
        return "now"
    at = datetime.fromisoformat(as_of)
    return f"{at.day} {at:%B %Y, %H:%M} UTC"


def _by_kind(findings: list[Finding]) -> dict[str, int]:
    counted = Counter(item.kind for item in findings)
    return {kind: counted[kind] for kind in KINDS if counted[kind]}


def _caption(place: int, cluster: Cluster) -> str:
    return f"Cluster {place}, score {cluster.score:.3f}. {cluster.reason}"


_WORDS = {
    "redirect": "folded contact",
    "many_emails": "many people on one device",
    "many_trackers": "on too many devices",
    "fusing_value": "ties strangers together",
    "limit": "near a limit",
    "merge_burst": "burst of unions",
    "far_devices": "far apart at once",
    "mistake": "mistakes",
    "shared device": "shared devices",
    "household": "households",
    "one person": "of one person each",
}
"""What is called otherwise in the page than in JSON."""


def _words(name: str) -> str:
    return _WORDS.get(name, name.replace("_", " "))


def _counted(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"


def _short(text: str) -> str:
    return text if len(text) <= 22 else f"{text[:10]}…{text[-9:]}"


def _name(node: Node) -> str:
    return _plain(f"{node[0]}:{node[1]}")


def _plain(text: str) -> str:
    """Replace what XML cannot hold."""
    return _NOT_XML.sub("\ufffd", text)


def _json(document: Any) -> bytes:
    return orjson.dumps(document, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)
