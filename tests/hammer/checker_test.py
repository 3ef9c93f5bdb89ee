#!/usr/bin/env python3
"""What the hammer's checker accepts and refuses."""
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
import data  # noqa: E402
import history  # noqa: E402

USER = 3
OLD, NEW = data.content_of(1), data.content_of(2)


class CheckerTest(unittest.TestCase):
    def setUp(self):
        self.histories = history.Histories({USER: OLD}, delta=1.0)
        self.histories.writes[USER][0].invoked = self.histories.writes[USER][0].due = 0

    def write(self, invoked, due, content=NEW):
        write = self.histories.begin("a write", [USER])
        write.invoked = invoked
        self.histories.settle(write, {USER: content}, due)

    def judge(self, content, invoked, returned):
        return self.histories.judge(USER, content, invoked, returned)

    def test_what_was_before_is_a_lie_once_success_was_reported(self):
        self.write(100, 101)
        self.assertIs(self.judge(OLD, 101.1, 101.2), False)

    def test_before_the_report_both_are_true(self):
        self.write(100, 101)
        self.assertIs(self.judge(OLD, 100.5, 100.6), True)
        self.assertIs(self.judge(NEW, 100.5, 100.6), True)

    def test_a_request_from_before_the_report_may_be_answered_late_with_either(self):
        self.write(100, 101)
        self.assertIs(self.judge(OLD, 100.9, 105), True)
        self.assertIs(self.judge(NEW, 100.9, 105), True)

    def test_nothing_is_seen_before_its_write_began(self):
        self.write(100, 101)
        self.assertIs(self.judge(NEW, 99, 99.5), False)

    def test_what_somebody_saw_everybody_must_see_after_delta(self):
        self.write(100, 150)  # its command hangs
        self.assertIs(self.judge(NEW, 101, 101.1), True)
        self.assertIs(self.judge(OLD, 102, 102.2), True)
        self.assertIs(self.judge(OLD, 102.2, 102.3), False)

    def test_an_undo_brings_back_what_was_before_and_not_earlier(self):
        self.write(100, 101, data.EMPTY)
        self.write(110, 111, OLD)
        self.assertIs(self.judge(OLD, 105, 106), False)
        self.assertIs(self.judge(OLD, 105, 110.5), True)
        self.assertIs(self.judge(data.EMPTY, 112, 112.1), False)

    def test_a_write_whose_outcome_is_unknown_decides_later(self):
        write = self.histories.begin("a killed write", [USER])
        write.invoked = 100
        self.assertIsNone(self.judge(OLD, 101, 101.1))
        self.assertIs(self.judge(OLD, 98, 99), True)
        self.histories.forget(write, [USER])
        self.assertIs(self.judge(OLD, 101, 101.1), True)
        self.assertIs(self.judge(NEW, 101, 101.1), False)

    def test_a_torn_answer_is_never_true(self):
        self.assertIs(self.judge(data.TORN, 1, 2), False)


class ContentTest(unittest.TestCase):
    def answer(self, content, user=USER):
        return [{"movie_id": movie, "rating": rating, "timestamp": f"1970-01-01 00:00:{version:02}"}
                for _, movie, rating, version in data.rows(user, content)]

    def test_an_answer_tells_its_version(self):
        for content in (data.EMPTY, OLD, NEW, data.content_of(7, doubled=True)):
            self.assertEqual(data.answered_content(USER, self.answer(content)), content)

    def test_rows_of_two_versions_are_torn(self):
        self.assertEqual(data.answered_content(USER, self.answer(OLD)[:2] + self.answer(NEW)[2:]), data.TORN)

    def test_too_few_rows_are_torn(self):
        self.assertEqual(data.answered_content(USER, self.answer(OLD)[:-1]), data.TORN)

    def test_another_users_rows_are_torn(self):
        self.assertEqual(data.answered_content(USER, self.answer(OLD, USER + 1)), data.TORN)

    def test_a_body_that_is_no_json_is_torn(self):
        self.assertEqual(data.body_content(USER, b'[{"movie_id":'), data.TORN)


if __name__ == "__main__":
    unittest.main()
