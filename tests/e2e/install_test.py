#!/usr/bin/env python3
"""What `cmake --install` leaves: a tree that works where it lies, and a library that another project finds and links.

RATINGS_BUILD names the build folder.
"""
import os
import re
import subprocess
from pathlib import Path

import harness

BUILD = Path(os.environ["RATINGS_BUILD"]).resolve()
SOURCE = Path(__file__).parents[2]
CONSUMER = SOURCE / "tests/consumer"


class Install(harness.Case):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.folder = harness.tempfile.mkdtemp(prefix="ratingsctl-install-")
        cls.addClassCleanup(harness.shutil.rmtree, cls.folder)
        cls.prefix = Path(cls.folder) / "opt"
        cls.command(["cmake", "--install", BUILD, "--prefix", cls.prefix])

    @staticmethod
    def command(words, **more):
        done = subprocess.run(list(map(str, words)), capture_output=True, text=True, timeout=harness.PATIENCE * 4, check=False, **more)
        if done.returncode != 0:
            raise AssertionError(f"{words} ended with {done.returncode}\n{done.stdout}\n{done.stderr}")
        return done.stdout

    def installed(self, *words, **more):
        return self.command([self.prefix / "bin/ratingsctl", *words], env=self.environment(), **more)

    def test_the_program_finds_its_library_and_does_its_work(self):
        self.installed("load", self.prefix / "share/ratingsctl/ratings_sample.csv")
        self.assertEqual(self.installed("query", "1", "-o", "json"), self.run_cli("query", "1", "-o", "json").out)

    def test_manual_completions_library_headers_and_scripts_are_there(self):
        pages = {path.name for path in (self.prefix / "share/man/man1").iterdir()}
        self.assertEqual(pages, {path.name for path in (SOURCE / "man").glob("*.1")})
        self.assertEqual([path.name for path in (self.prefix / "share/man/man7").iterdir()], ["ratingsctl-scaling.7"])
        for shell, name in {"bash": "bash-completion/completions/ratingsctl", "zsh": "zsh/site-functions/_ratingsctl",
                            "fish": "fish/vendor_completions.d/ratingsctl.fish"}.items():
            self.assertEqual((self.prefix / "share" / name).read_text(), self.installed("completion", shell))
        headers = {path.name for path in (self.prefix / "include/ratings").iterdir()}
        self.assertEqual(headers, {path.name for path in (SOURCE / "lib/include/ratings").iterdir()} | {"version.hpp"})
        for script in (SOURCE / "cmd/ops").glob("*.sh"):
            installed = self.prefix / "libexec/ratingsctl" / script.name
            self.assertEqual(installed.read_bytes(), script.read_bytes())
            self.assertEqual(os.access(installed, os.X_OK), os.access(script, os.X_OK), script.name)

    def test_units_and_cron_lines_name_what_was_installed(self):
        texts = [*(self.prefix / "lib/systemd/system").iterdir(), self.prefix / "share/ratingsctl/cron/ratingsctl"]
        self.assertEqual(len(texts), len(list((SOURCE / "cmd/ops/systemd").iterdir())) + 1)
        named = [path for text in texts for path in re.findall(r"(?:ExecStart=|ratingsctl  )(/\S+)", text.read_text())]
        self.assertEqual(len(named), 4 + 2 + 4)  # jobs, servers, cron lines
        for path in named:
            self.assertTrue(path.startswith(str(self.prefix)), path)
            self.assertTrue(os.access(path, os.X_OK), path)

    def test_the_configuration_of_the_balancer_is_installed(self):
        installed = (self.prefix / "share/ratingsctl/nginx/ratingsctl.conf").read_bytes()
        self.assertEqual(installed, (SOURCE / "docker/nginx/ratingsctl.conf").read_bytes())

    def test_nothing_lands_outside_the_prefix_and_nothing_names_the_build_folder(self):
        self.assertFalse((Path(self.folder) / "etc").exists())
        for path in self.prefix.rglob("*"):
            if path.is_file() and path.suffix in (".cmake", ".service", ".timer", ".hpp", ".sh"):
                self.assertNotIn(str(BUILD), path.read_text(), path)

    def test_another_project_finds_links_and_runs_the_library(self):
        build = self.home / "consumer"
        self.command(["cmake", "-S", CONSUMER, "-B", build, "-G", "Ninja", f"-DCMAKE_PREFIX_PATH={self.prefix}"])
        self.command(["cmake", "--build", build])
        self.run_cli("load", self.csv((1, 31, 2.5, 100), (1, 32, 4, 200)))
        version = self.run_cli("--version").out.split()[-1]
        self.assertEqual(self.command([build / "consumer", f"sqlite:{self.store}", "1"]), f"{version} 2 4\n")
        self.assertEqual(self.command([build / "consumer", f"sqlite:{self.store}", "2"]), f"{version} 0\n")
        away = subprocess.run([build / "consumer", "sqlite:/nowhere/ratings.db", "1"], capture_output=True, text=True, check=False)
        self.assertEqual((away.returncode, away.stdout), (4, ""), away.stderr)
        self.assertIn("/nowhere/ratings.db", away.stderr)

    def test_a_project_that_wants_another_version_is_told_so(self):
        other = self.home / "other"
        other.mkdir()
        text = (CONSUMER / "CMakeLists.txt").read_text()
        (other / "CMakeLists.txt").write_text(text.replace("ratings 0.1", "ratings 9.0"))
        (other / "main.cpp").write_text("int main() {}\n")
        done = subprocess.run(["cmake", "-S", other, "-B", other / "build", f"-DCMAKE_PREFIX_PATH={self.prefix}"],
                              capture_output=True, text=True, check=False)
        self.assertNotEqual(done.returncode, 0)
        self.assertIn('compatible with requested version "9.0"', done.stderr)


if __name__ == "__main__":
    harness.main()
