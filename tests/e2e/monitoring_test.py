#!/usr/bin/env python3
"""docker/prometheus/alerts.yml and docker/grafana/dashboard.json name only what a real server's /metrics has.

promtool (Debian's package prometheus) reads rules and metrics too, where it is installed.
"""
import json
import re
import shutil
import subprocess
from pathlib import Path

import harness

DOCKER = Path(__file__).parents[2] / "docker"
NOT_OURS = {"up"}  # Prometheus' own
# What PromQL itself says; everything else in an expression that is no label is a metric.
WORDS = {"sum", "min", "max", "count", "rate", "increase", "histogram_quantile", "by", "or", "vector", "instance", "check", "reason", "le",
         "route", "code", "source", "state", "outcome", "replica", "node"}

# Of every alert: series of 30 minutes, one value a minute, that make it fire, and the same series of a server that is well.
FIRES = {
    "RatingsServerDown": {'up{job="ratingsctl"}': ("0x30", "1x30")},
    "RatingsCacheDiffersFromStore": {"ratingsctl_cache_mismatches_total": ("0x20 1x9", "1x30")},
    "RatingsStoreUnfit": {'ratingsctl_store_check_ok{check="triggers"}': ("0x30", "1x30")},
    "RatingsNotValidated": {"ratingsctl_validation_age_seconds": ("3x30", "1x30"), "ratingsctl_delta_seconds": ("2x30", "2x30")},
    "RatingsRequestsTurnedAway": {'ratingsctl_http_shed_total{reason="busy"}': ("0+6x30", "6x30")},
    "RatingsServerErrors": {'ratingsctl_http_requests_total{code="500"}': ("0+6x30", "6x30")},
    "RatingsSlow": {f'ratingsctl_http_request_duration_seconds_bucket{{route="/rates/{{uid}}",le="{le}"}}': values
                    for le, values in (("0.5", ("0+90x30", "0+100x30")), ("1", ("0+100x30",) * 2), ("+Inf", ("0+100x30",) * 2))},
    "RatingsStorePoolExhausted": {"ratingsctl_store_pool_timeouts_total": ("0+6x30", "6x30"), "ratingsctl_store_pool_refused_total": ("0x30",) * 2},
    "RatingsRedisLeftAlone": {"ratingsctl_redis_breaker_open": ("1x30", "0x20 1x2 0x7")},
    "RatingsRedisHoldsForeignValues": {"ratingsctl_redis_refused_values_total": ("0+6x30", "6x30")},
    "RatingsReplicaAway": {'ratingsctl_replica_up{replica="b:5432"}': ("0x30", "1x30")},
    "RatingsReplicaBehind": {'ratingsctl_replica_lag_seconds{replica="b:5432"}': ("61x30", "60x30")},
    "RatingsCacheUnusable": {'ratingsctl_histories_total{source="bypass"}': ("0+60x30", "0+40x30"),
                             'ratingsctl_histories_total{source="memory"}': ("0+40x30", "0+60x30")},
    "RatingsFilesRunOut": {'process_open_fds{job="ratingsctl"}': ("91x30", "90x30"), 'process_max_fds{job="ratingsctl"}': ("100x30",) * 2},
}


def names(expression):
    """Of the metrics in a PromQL expression."""
    bare = re.sub(r'"[^"]*"', "", expression)      # labels' values
    bare = re.sub(r"\{[^}]*\}", "", bare)          # their names
    bare = re.sub(r"\[[^\]]*\]", "", bare)         # ranges
    return set(re.findall(r"[a-z_]{2,}", bare)) - WORDS


def rules():
    """Of alerts.yml, [(name, expression)]; it is YAML of the plain kind, so that no parser is needed."""
    text = (DOCKER / "prometheus/alerts.yml").read_text()
    found = re.findall(r"- alert: (\w+)\n +expr: (?:\|\n((?: {10,}.*\n)+)|(.*)\n)", text)
    assert len(found) == text.count("- alert:")
    return [(name, block or single) for name, block, single in found]


class Monitoring(harness.Case):
    def setUp(self):
        super().setUp()
        self.run_cli("load", self.csv((1, 31, 2.5, 1260759144)))
        nobody = harness.free_port()
        # Redis has its metrics when it is away too; SQLite takes none, hence PostgreSQL.
        with harness.Serve(self, "--sample", "1") as server:
            server.get("/rates/1")
            server.get("/x")
            self.metrics = server.get("/metrics")[1].decode()
        away = ("--store", f"postgresql://nobody@127.0.0.1:{nobody}/none")
        with harness.Serve(self, *away, "--cache", f"redis://127.0.0.1:{nobody}/0") as server:
            server.get("/rates/1")
            self.with_redis = server.get("/metrics")[1].decode()
        with harness.Serve(self, *away, "--store-read", f"postgresql://nobody@127.0.0.1:{nobody}/none") as server:
            self.with_replica = server.get("/metrics")[1].decode()
        pages = self.metrics + self.with_redis + self.with_replica
        self.known = set(re.findall(r"^([a-z_]+)(?:\{|\s)", pages, re.M))
        # A replica that is away has no lag; the page names that metric all the same.
        self.known |= set(re.findall(r"^# TYPE (ratingsctl_replica_\w+) ", pages, re.M))
        # A cluster is shown once the store has said whose values are in it: what it has then stands in the source alone.
        self.known |= set(re.findall(r'"(ratingsctl_redis_\w+)"', (DOCKER.parent / "lib/src/http/metrics_text.cpp").read_text()))
        self.assertGreater(len(self.known), 35)

    def test_the_alerts_name_what_there_is(self):
        found = rules()
        self.assertGreater(len(found), 8)
        for name, expression in found:
            self.assertTrue(names(expression), expression)
            self.assertLessEqual(names(expression), self.known | NOT_OURS, name)

    def test_the_dashboard_names_what_there_is_and_shows_nearly_all_of_it(self):
        board = json.loads((DOCKER / "grafana/dashboard.json").read_text())
        shown = set()
        for panel in board["panels"]:
            for target in panel["targets"]:
                self.assertLessEqual(names(target["expr"]), self.known, panel["title"])
                shown |= names(target["expr"])
        variables = [each["query"] for each in board["templating"]["list"] if each["type"] == "query"]
        for query in variables:
            self.assertIn(re.fullmatch(r"label_values\((\w+), instance\)", query).group(1), self.known)
        ours = {re.sub(r"_(sum|count|bucket)$", "_bucket", name) for name in self.known if name.startswith("ratingsctl_")}
        self.assertEqual(ours - shown, {"ratingsctl_build_info"})
        self.assertEqual(len({panel["id"] for panel in board["panels"]}), len(board["panels"]))

    def test_labels_in_expressions_are_labels_that_there_are(self):
        everything = [expression for _, expression in rules()]
        everything += [target["expr"] for panel in json.loads((DOCKER / "grafana/dashboard.json").read_text())["panels"] for target in panel["targets"]]
        for expression in everything:
            for name, inside in re.findall(r'(ratingsctl_\w+)\{((?:[^}"]|"[^"]*")*)\}', expression):
                for label, operator, value in re.findall(r'(\w+)(=~?)"([^"]*)"', inside):
                    if label in ("instance", "job"):
                        continue
                    have = set(re.findall(name + r'\{[^\n]*?\b' + label + r'="([^"]*)"', self.metrics + self.with_redis))
                    self.assertTrue(have, f"{name} has no label {label}")
                    if label != "code":  # a status that has not been sent has no series
                        for each in value.split("|") if operator == "=~" else [value]:
                            self.assertIn(each, have, expression)

    def test_promtool_takes_both(self):
        promtool = shutil.which("promtool")
        if not promtool:
            self.skipTest("no promtool (Debian's package prometheus)")
        done = subprocess.run([promtool, "check", "rules", str(DOCKER / "prometheus/alerts.yml")], capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertIn(f"{len(rules())} rules found", done.stdout)
        for page in (self.metrics, self.with_redis, self.with_replica):
            done = subprocess.run([promtool, "check", "metrics"], input=page, capture_output=True, text=True, check=False)
            self.assertEqual((done.returncode, done.stdout + done.stderr), (0, ""))

    def test_every_alert_fires_when_it_should_and_only_then(self):
        self.assertEqual(list(FIRES), [name for name, _ in rules()])
        promtool = shutil.which("promtool")
        if not promtool:
            self.skipTest("no promtool (Debian's package prometheus)")
        firing = 'count by (alertname) (ALERTS{alertstate="firing"})'
        tests = []
        for name, series in FIRES.items():
            for i, wanted in enumerate(([{"labels": f'{{alertname="{name}"}}', "value": 1}], [])):
                tests.append({"name": f"{name}, {'well' if i else 'ill'}", "interval": "1m",
                              "input_series": [{"series": each, "values": values[i]} for each, values in series.items()],
                              "promql_expr_test": [{"expr": firing, "eval_time": "29m", "exp_samples": wanted}]})
        text = json.dumps({"rule_files": [str(DOCKER / "prometheus/alerts.yml")], "evaluation_interval": "1m", "tests": tests})
        done = subprocess.run([promtool, "test", "rules", str(self.write("tests.yml", text))], capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)


if __name__ == "__main__":
    harness.main()
