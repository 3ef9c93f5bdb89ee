#!/usr/bin/env python3
"""install_packages of docker/packages.sh keeps services down while it installs, and no longer, however it ends.

In a copy that has its file elsewhere, with programs in the place of dpkg-query, apt-get and sudo: this machine stays as it is.
"""
import os
import shlex
import signal
import subprocess
import tempfile
import time
import unittest
from pathlib import Path

SCRIPT = Path(__file__).parents[2] / "docker/packages.sh"
DENY = "/usr/sbin/policy-rc.d"
PATIENCE = 30


class InstallPackages(unittest.TestCase):
    def setUp(self):
        home = tempfile.TemporaryDirectory()
        self.addCleanup(home.cleanup)
        self.home = Path(home.name)
        self.deny, self.begun = self.home / "policy-rc.d", self.home / "begun"
        text = SCRIPT.read_text(encoding="utf-8")
        self.assertIn(DENY, text)
        (self.home / "packages.sh").write_text(text.replace(DENY, str(self.deny)), encoding="utf-8")
        self.put("dpkg-query", "exit 1")
        self.put("sudo", 'exec "$@"')

    def put(self, program, script):
        path = self.home / "bin" / program
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
        path.chmod(0o755)

    def start(self, apt_get):
        """A caller with a trap of its own, as from a terminal: apt-get says that it was begun, then does this."""
        self.put("apt-get", f'case "$*" in *install*) test -x {shlex.quote(str(self.deny))} && : >{shlex.quote(str(self.begun))}\n'
                            f"{apt_get} ;; esac")

        def with_signals():
            for number in (signal.SIGHUP, signal.SIGINT, signal.SIGTERM):
                signal.signal(number, signal.SIG_DFL)
        caller = ("set -euo pipefail; . ./packages.sh; require_debian() { :; }; trap 'echo goodbye' EXIT; "
                  "install_packages one two; echo done")
        process = subprocess.Popen(["bash", "-c", caller], cwd=self.home, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                   env=os.environ | {"PATH": f"{self.home / 'bin'}:{os.environ['PATH']}"}, start_new_session=True,
                                   preexec_fn=with_signals)
        self.addCleanup(process.communicate)
        return process

    def ended(self, apt_get):
        process = self.start(apt_get)
        out, err = process.communicate(timeout=PATIENCE)
        self.assertTrue(self.begun.exists(), err)
        return process.returncode, out

    def test_services_are_allowed_again_when_it_is_done_or_has_failed(self):
        self.assertEqual(self.ended("exit 0"), (0, "done\ngoodbye\n"))
        self.assertFalse(self.deny.exists())
        self.assertEqual(self.ended("exit 100"), (1, "goodbye\n"))
        self.assertFalse(self.deny.exists())

    def test_services_are_allowed_again_when_a_signal_ends_it(self):
        for number in (signal.SIGHUP, signal.SIGINT, signal.SIGTERM):
            with self.subTest(number):
                self.begun.unlink(missing_ok=True)
                process = self.start("exec sleep 600")
                deadline = time.monotonic() + PATIENCE
                while not self.begun.exists():
                    self.assertLess(time.monotonic(), deadline, "apt-get is not begun")
                    time.sleep(0.02)

                os.killpg(process.pid, number)

                out, err = process.communicate(timeout=PATIENCE)
                self.assertFalse(self.deny.exists())
                self.assertEqual((process.returncode, out), (-number, "goodbye\n"), err)

    def test_a_file_that_was_there_stays(self):
        self.deny.write_text("#!/bin/sh\nexit 101\n", encoding="utf-8")
        self.deny.chmod(0o755)
        self.assertEqual(self.ended("exit 0"), (0, "done\ngoodbye\n"))
        self.assertTrue(self.deny.exists())


if __name__ == "__main__":
    unittest.main(verbosity=2)
