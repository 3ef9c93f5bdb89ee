#!/usr/bin/env python3
"""The pages in a headless Chromium, at two widths, light and dark: filled, quiet in the console, asking nobody else, usable by keys.

Pictures are written to the folder RATINGSCTL_PICTURES, else to one that is removed.
"""
import os
import re
import unittest
from pathlib import Path

import browser
import harness

LOOKS = [(width, height, dark) for width, height in ((390, 844), (1280, 900)) for dark in (False, True)]
ROWS = "document.querySelectorAll('#history tbody tr').length"
USER = 7


def ratings():
    """600 of one user over five years, and a few of others."""
    start = 1_100_000_000
    mine = [(USER, 1 + n % 450, (1 + n * 7 % 10) / 2, start + n * n * 430) for n in range(600)]
    return mine + [(1, 31, 2.5, 1260759144), (2, 10, 4, 1260759145)]


@unittest.skipUnless(browser.program() or os.environ.get("CI") == "true", "no chromium (Debian's package of that name)")
class Pages(harness.Case):
    def setUp(self):
        super().setUp()
        self.run_cli("load", self.csv(*ratings()))
        pictures = os.environ.get("RATINGSCTL_PICTURES")
        self.pictures = Path(pictures) if pictures else self.home / "pictures"
        self.pictures.mkdir(parents=True, exist_ok=True)
        self.browser = self.enterContext(browser.Browser(self.home))
        self.server = self.enterContext(harness.Serve(self))

    def enterContext(self, context):  # unittest has it from Python 3.11.1 on; the cleanup's order is the same
        value = context.__enter__()
        self.addCleanup(context.__exit__, None, None, None)
        return value

    def tab(self, path="/", width=1280, height=900, dark=False, server=None):
        tab = self.browser.open(width, height, dark)
        self.base = f"http://127.0.0.1:{(server or self.server).port}"
        tab.go(self.base + path)
        return tab

    def ask(self, tab, user):
        """As a person does: the field has the focus, digits, Enter."""
        tab.value("document.getElementById('uid').select()")
        tab.type(str(user))
        tab.press("Enter")

    def assert_quiet(self, tab):
        self.assertEqual(tab.errors, [])
        self.assertGreater(len(tab.requests), 3)
        self.assertEqual([url for url in tab.requests if not url.startswith(self.base + "/")], [])
        self.assertLessEqual(tab.value("document.documentElement.scrollWidth"), tab.value("innerWidth"), "wider than the window")

    def assert_named(self, tab):
        for role, name in tab.names("button", "textbox", "combobox", "checkbox", "link", "image", "table"):
            self.assertTrue(name.strip(), f"a {role} without a name")

    def test_the_history_page_in_every_look(self):
        for width, height, dark in LOOKS:
            with self.subTest(width=width, dark=dark):
                tab = self.tab("/", width, height, dark)
                self.assertEqual(tab.focused(), "User id")
                self.ask(tab, USER)
                tab.wait_for(f"{ROWS} === 25 && document.querySelectorAll('#asked tbody tr').length >= 2")
                self.assertEqual(tab.text("#facts dd"), "600")
                self.assertEqual(len(tab.texts("#histogram .bar-shape")), 10)
                self.assertGreater(len(tab.texts("#activity .bar-shape")), 3)
                newest = tab.texts("#asked tbody tr td")[:4]
                self.assertEqual(newest[:2], [f"/user/profile/{USER}", "memory"])
                self.assertRegex(newest[2], r"^[0-9.,]+ ms$")
                tab.wait_for("document.getElementById('say').textContent === 'User 7.'")
                self.assert_quiet(tab)
                self.assert_named(tab)
                tab.picture(self.pictures / f"history-{width}-{'dark' if dark else 'light'}.png")
                tab.close()

    def test_the_ops_page_in_every_look(self):
        batch = self.run_json("purge-user", "2", "--reason", "ticket of Ann")["batch"]
        for width, height, dark in LOOKS:
            with self.subTest(width=width, dark=dark):
                for _ in range(4):
                    self.server.get(f"/rates/{USER}")
                tab = self.tab("/ops", width, height, dark)
                tab.wait_for("document.querySelectorAll('#batches tbody tr').length === 1")
                facts = dict(zip(tab.texts("#facts dt"), tab.texts("#facts dd:nth-of-type(1)")))
                self.assertEqual(facts["State"], "ready")
                self.assertEqual(facts["Ratings"], "601")
                self.assertRegex(facts["Hit ratio"], r"^[1-9][0-9.]+ %$")
                self.assertEqual(facts["Excluded users"], "1")
                self.assertIn(batch, tab.texts("#batches td"))
                self.assertIn("ratings.csv", tab.texts("#loads td"))
                self.assertNotIn("ticket of Ann", tab.text("body"))
                self.assertNotIn(str(self.home), tab.text("body"))
                tab.wait_for("document.querySelector('#rate .line') !== null")  # after the second look
                self.assert_quiet(tab)
                self.assert_named(tab)
                tab.picture(self.pictures / f"ops-{width}-{'dark' if dark else 'light'}.png")
                tab.close()

    def test_a_table_is_sorted_and_leafed_through_by_keys(self):
        tab = self.tab(f"/#{USER}")
        tab.wait_for(f"{ROWS} === 25")
        tab.value("document.querySelector('#history th:nth-child(2) button').focus()")
        tab.press("Enter")
        movies = [int(text) for text in tab.texts("#history td:nth-child(2)")]
        self.assertEqual(movies, sorted(movies))
        self.assertEqual(tab.value("[...document.querySelectorAll('#history th')].map((e) => e.ariaSort)"), ["none", "ascending", "none"])
        tab.press(" ")
        self.assertEqual([int(text) for text in tab.texts("#history td:nth-child(2)")][:2], [450, 449])
        seen = []
        while "Next" not in seen:
            tab.press("Tab")
            seen.append(tab.focused())
            self.assertLess(len(seen), 10)
        self.assertTrue(any(name.startswith("Rows a page") for name in seen), seen)
        tab.press("Enter")
        self.assertIn("Page 2 of 24", tab.text("#history .where"))
        self.assertEqual(tab.texts("#history td:nth-child(2)")[0], "425")
        self.assert_quiet(tab)

    def test_nothing_is_cut_off_in_a_narrow_window_and_the_pager_keeps_together(self):
        start = 1_200_000_000
        self.run_cli("load", "--append", self.csv(*((21, 1_000_000 + n, 3.5, start + n * 90_000) for n in range(1700)), name="many.csv"))
        for width in (320, 390, 720, 900, 1280):
            tab = self.tab("/#21", width)
            tab.wait_for(f"{ROWS} === 25 && document.querySelectorAll('#asked tbody tr').length >= 2")
            cut = tab.value("[...document.querySelectorAll('.scroll')].filter((e) => e.scrollWidth > e.clientWidth).length")
            self.assertEqual(cut, 0, f"tables that are cut off at {width}")
            tops = tab.value("[...document.querySelectorAll('#history .pager button')].map((e) => e.offsetTop)")
            self.assertEqual(len(set(tops)), 1, f"the buttons at {width}: {tops}")
            if width == 1280:
                self.assertLess(tab.value("document.querySelector('#history .pager').offsetHeight"), 60)
            self.assert_quiet(tab)
            tab.close()

    def test_the_focus_can_be_seen(self):
        tab = self.tab("/")
        tab.press("Tab")
        self.assertNotEqual(tab.value("getComputedStyle(document.activeElement).outlineStyle"), "none")

    def test_what_cannot_be_shown_is_said_in_words(self):
        tab = self.tab("/")
        for text, words in (("999", "User 999 has no ratings."), ("-1", "no user id"), ("01", "no user id"), ("x<b>", "“x<b>” is no user id"),
                            ("9223372036854775808", "no user id"), ("9223372036854775807", "User 9223372036854775807 has no ratings.")):
            self.ask(tab, text)
            tab.wait_for(f"document.getElementById('say').textContent.includes('{words}')")
            self.assertTrue(tab.value("document.getElementById('result').hidden"))
        self.assertEqual([url for url in tab.requests if url.endswith(("/-1", "/01"))], [], "asked for what cannot be")
        self.assert_quiet(tab)

    def test_activity_has_an_end_at_the_last_second_that_can_be(self):
        last = 253402300799
        self.run_cli("load", "--append", self.csv((11, 1, 3, last - 86399), (11, 2, 3, last), (12, 1, 3, 0), (12, 2, 4, last),
                                                  (13, 1, 3, last - 86400 * 90), (13, 2, 3, last), (14, 1, 3, 0), (14, 2, 3, 86400 * 36524),
                                                  name="last.csv"))
        for user, title, first, end, bars in ((11, "day", "9999-12-31", "9999-12-31", 1), (12, "century", "1900s", "9900s", 81),
                                              (13, "month", "9999-10", "9999-12", 3), (14, "decade", "1970s", "2060s", 10)):
            tab = self.tab(f"/#{user}")
            tab.wait_for(f"{ROWS} === 2")
            self.assertEqual(tab.text("#activity-title"), f"Activity by {title}")
            self.assertEqual(len(tab.texts("#activity tbody tr")), bars)
            self.assertEqual(tab.texts("#activity tbody tr:first-child > *")[0], first)
            self.assertEqual(tab.texts("#activity tbody tr:last-child > *")[0], end)
            self.assert_quiet(tab)
            tab.close()

    def test_an_address_that_cannot_be_decoded_is_no_user_id(self):
        tab = self.tab("/#%")
        tab.wait_for("document.getElementById('say').textContent.includes('“%” is no user id')")
        self.assert_quiet(tab)

    def test_a_store_that_is_away_is_said_in_words(self):
        away = f"postgresql://nobody@127.0.0.1:{harness.free_port()}/none"
        with harness.Serve(self, "--store", away) as server:
            tab = self.tab("/#7", server=server)
            tab.wait_for("/cannot be read at the moment. Try again in [1-5] seconds?/.test(document.getElementById('say').textContent)")
            tab.go(f"{self.base}/ops")
            tab.wait_for("document.getElementById('say').textContent.includes('cannot be read')")
            self.assertEqual(tab.texts("#facts dd:nth-of-type(1)")[0], "not ready")

    def test_asking_again_shows_the_tiers(self):
        tab = self.tab(f"/#{USER}")
        tab.wait_for(f"{ROWS} === 25")
        asked = len(tab.texts("#asked tbody tr"))
        tab.value("document.getElementById('again').click()")
        tab.wait_for(f"document.querySelectorAll('#asked tbody tr').length === {asked + 1}")
        self.assertEqual(tab.texts("#asked tbody tr:first-child td")[:2], [f"/rates/{USER}", "memory"])
        self.assertIn("this server's memory", tab.text("#meaning"))


class Colours(unittest.TestCase):
    @staticmethod
    def light(colour):
        """Relative luminance (WCAG 2.2)."""
        parts = [int(colour[i:i + 2], 16) / 255 for i in (1, 3, 5)]
        red, green, blue = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    def test_every_text_can_be_read_in_both_themes(self):
        css = (Path(__file__).parents[2] / "lib/web/style.css").read_text()
        themes = [dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6});", block)) for block in re.findall(r":root \{([^}]*)\}", css)]
        self.assertEqual(len(themes), 2)
        for theme in themes:
            pairs = [(text, ground) for text in ("ink", "soft", "accent", "good", "warn", "bad") for ground in ("ground", "card")]
            for text, ground in [*pairs, ("accent-ink", "accent")]:
                high, low = sorted((self.light(theme[text]), self.light(theme[ground])), reverse=True)
                self.assertGreaterEqual((high + 0.05) / (low + 0.05), 4.5, f"{text} on {ground}: {theme}")


if __name__ == "__main__":
    harness.main()
