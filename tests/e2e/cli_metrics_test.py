#!/usr/bin/env python3
"""/metrics of a served embedded store: the numbers move as requests do, and the sampler catches a cache that lies."""
import contextlib
import re
import sqlite3

import harness


def series(server):
    """Every sample of the page as {name and labels: number}; its form is tests/unit/metrics_text_test.cpp's business."""
    status, body = server.get("/metrics")
    assert status == 200, status
    return {name: float(value) for name, value in
            re.findall(r"^([a-z_]+(?:\{.*\})?) (\S+)$", body.decode(), re.M)}


class Metrics(harness.Case):
    def setUp(self):
        super().setUp()
        self.run_cli("load", self.csv((1, 31, 2.5, 1260759144), (1, 10, 4, 1260759145), (2, 10, 4, 1260759145)))

    def test_counters_move_as_requests_do(self):
        with harness.Serve(self) as server:
            before = series(server)
            for path in ("/rates/1", "/rates/1", "/rates/1/", "/rates?uid=1,2", "/user/profile/9", "/rates/-1", "/x"):
                server.get(path)
            after = series(server)

        def more(name):
            return after[name] - before.get(name, 0)

        self.assertEqual(more('ratingsctl_http_requests_total{route="/rates/{uid}",code="200"}'), 3)
        self.assertEqual(more('ratingsctl_http_requests_total{route="/rates/{uid}",code="400"}'), 1)
        self.assertEqual(more('ratingsctl_http_requests_total{route="/rates",code="200"}'), 1)
        self.assertEqual(more('ratingsctl_http_requests_total{route="/user/profile/{uid}",code="404"}'), 1)
        self.assertEqual(more('ratingsctl_http_requests_total{route="other",code="404"}'), 1)
        self.assertEqual(more('ratingsctl_http_request_duration_seconds_count{route="/rates/{uid}"}'), 4)
        self.assertGreater(more('ratingsctl_http_request_duration_seconds_sum{route="/rates/{uid}"}'), 0)
        # 1: miss, memory, memory; then 1 from memory and 2 missed; 9 missed.
        self.assertEqual(more('ratingsctl_histories_total{source="memory"}'), 3)
        self.assertEqual(more('ratingsctl_histories_total{source="miss"}'), 3)
        self.assertEqual(more('ratingsctl_histories_total{source="bypass"}'), 0)
        self.assertEqual(after["ratingsctl_memory_cache_entries"], 3)
        self.assertGreater(after["ratingsctl_memory_cache_bytes"], 600)
        self.assertEqual(after["ratingsctl_memory_cache_limit_bytes"], 256 * 1024 * 1024)
        self.assertGreater(more('ratingsctl_validations_total{outcome="ok"}'), 0)
        self.assertEqual(after["ratingsctl_delta_seconds"], 0)
        self.assertEqual(after["ratingsctl_store_pool_limit"], 8)
        self.assertEqual(after["ratingsctl_cache_mismatches_total"], 0)
        self.assertEqual(after['ratingsctl_store_check_ok{check="store"}'], 1)
        self.assertFalse([name for name in after if "redis" in name and "source" not in name])  # there is none

    def test_without_a_memory_cache_every_answer_bypasses(self):
        with harness.Serve(self, "--memory-cache", "0") as server:
            server.get("/rates/1")
            server.get("/rates/1")
            after = series(server)
        self.assertEqual(after['ratingsctl_histories_total{source="bypass"}'], 2)
        self.assertNotIn("ratingsctl_memory_cache_bytes", after)

    def test_the_position_follows_the_store(self):
        with harness.Serve(self) as server:
            server.get("/rates/1")
            server.get("/rates/1")
            before = series(server)["ratingsctl_store_position"]
            self.run_cli("purge-user", "1")
            server.get("/rates/1")
            server.get("/rates/1")
            self.assertGreater(series(server)["ratingsctl_store_position"], before)

    def sample(self, server, name):
        server.get("/rates/1")
        return series(server)[name]

    def test_the_sampler_finds_honest_hits_equal(self):
        with harness.Serve(self, "--sample", "1") as server:
            harness.wait_for(lambda: self.sample(server, 'ratingsctl_cache_samples_total{outcome="equal"}') >= 3, "samples")
            self.assertEqual(series(server)["ratingsctl_cache_mismatches_total"], 0)
            self.assertEqual(server.stop(), 0)
        self.assertNotIn("not what the store holds", server.stderr)

    def test_the_sampler_catches_a_change_that_no_trigger_saw(self):
        with harness.Serve(self, RATINGSCTL_SAMPLE="1") as server:
            self.assertEqual(len(server.get("/rates/1")[1].split(b"movie_id")), 3)
            self.break_behind_the_triggers()
            harness.wait_for(lambda: self.sample(server, "ratingsctl_cache_mismatches_total") >= 1, "a mismatch")
            # Dropped, so the next answer is the store's.
            harness.wait_for(lambda: len(server.get("/rates/1")[1].split(b"movie_id")) == 2, "the right answer")
            self.assertEqual(server.stop(), 0)
        self.assertEqual(server.stderr.count("not what the store holds"), 1)

    def break_behind_the_triggers(self):
        """Takes a row away and puts the triggers back as they were, so that no check can find out."""
        with contextlib.closing(sqlite3.connect(self.store)) as database, database:
            triggers = database.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'ratings'")
            triggers = triggers.fetchall()
            self.assertTrue(triggers)
            for name, _ in triggers:
                database.execute(f"DROP TRIGGER {name}")
            database.execute("DELETE FROM ratings WHERE user_id = 1 AND movie_id = 10")
            for _, sql in triggers:
                database.execute(sql)

    def test_no_sampling_has_no_series_and_nonsense_is_refused(self):
        with harness.Serve(self, "--sample", "0") as server:
            server.get("/rates/1")
            self.assertNotIn("ratingsctl_cache_mismatches_total", series(server))
        self.assertIn("--sample", self.run_cli("serve", "--sample", "often", exit_code=2).err)
        self.assertIn("RATINGSCTL_SAMPLE", self.run_cli("serve", RATINGSCTL_SAMPLE="-1", exit_code=2).err)


if __name__ == "__main__":
    harness.main()
