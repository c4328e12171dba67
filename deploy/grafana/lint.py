"""Checks the dashboard as far as one can without Grafana, and writes its expressions as a rules file.

Usage: lint.py RULES_FILE (JSON is YAML, so `promtool check rules` reads what is written there)
"""

import itertools
import json
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
TYPES = {"row", "stat", "timeseries"}
problems = []


def expect(holds, message):
    if not holds:
        problems.append(message)


def overlap(a, b):
    return (
        a["x"] < b["x"] + b["w"] and b["x"] < a["x"] + a["w"] and a["y"] < b["y"] + b["h"] and b["y"] < a["y"] + a["h"]
    )


def plain(expression):
    """Returns an expression with the dashboard's variables replaced, as Prometheus would see it."""
    expression = expression.replace("$__rate_interval", "5m").replace("$__range", "30m")
    return re.sub(r'"\$\w+"', '".*"', expression)


def main():
    dashboard = json.loads((ROOT / "deploy/helm/stepstream/files/dashboard.json").read_text())
    panels = dashboard["panels"]
    variables = {variable["name"] for variable in dashboard["templating"]["list"]}
    expressions = []

    expect(dashboard["uid"] == "stepstream", "the uid is what links point to")
    expect(dashboard.get("id") is None, "an id belongs to one Grafana: leave it out")
    ids = [panel["id"] for panel in panels]
    expect(len(set(ids)) == len(ids), "panel ids repeat")
    for panel in panels:
        title = panel["title"]
        at = panel["gridPos"]
        expect(panel["type"] in TYPES, f"{title}: unknown type {panel['type']}")
        expect(at["x"] + at["w"] <= 24, f"{title}: wider than the grid")
        if panel["type"] == "row":
            continue
        expect(panel.get("description"), f"{title}: no description")
        expect(panel["fieldConfig"]["defaults"].get("unit"), f"{title}: no unit")
        expect(panel["targets"], f"{title}: no query")
        for target in panel["targets"]:
            expect(target["datasource"]["uid"] == "${datasource}", f"{title}: a data source of its own")
            expressions.append((title, target["expr"]))
    for a, b in itertools.combinations(panels, 2):
        expect(not overlap(a["gridPos"], b["gridPos"]), f"{a['title']} and {b['title']} overlap")
    for annotation in dashboard["annotations"]["list"]:
        if "expr" in annotation:
            expressions.append((annotation["name"], annotation["expr"]))

    for title, expression in expressions:
        for variable in re.findall(r"\$\{?(\w+)", expression):
            expect(variable in variables or variable.startswith("__"), f"{title}: unknown variable ${variable}")

    rules = [{"record": f"dashboard:{at}", "expr": plain(text)} for at, (_, text) in enumerate(expressions)]
    pathlib.Path(sys.argv[1]).write_text(json.dumps({"groups": [{"name": "dashboard", "rules": rules}]}, indent=1))

    for problem in problems:
        print(problem)
    print(f"{len(panels)} panels, {len(expressions)} expressions")
    return bool(problems)


sys.exit(main())
