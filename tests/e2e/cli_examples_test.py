#!/usr/bin/env python3
"""Every example of the manual pages, of --help and of README.md is run, by the shell, with the real program, and what
README and the pages show as its output is compared. What cannot run here says why, and where it runs instead."""
import gzip
import os
import re
import shutil
import signal
import subprocess
from pathlib import Path

import harness

ROOT = Path(__file__).parents[2]
SAMPLE = ROOT / "data/ratings_sample.csv"
COMMENT = re.compile(r"\s+#\s.*$")

# Commands of README that are not run here: what they begin with, why, and the file that runs them.
ELSEWHERE = {
    "./quickstart.sh": ("installs packages and builds for minutes; the transcript below it is run here", "quickstart.sh"),
    "./test.sh": ("installs packages, builds, and runs this test", "test.sh"),
    "docker compose": ("needs a container engine", "tests/e2e/compose_test.sh"),
    "sudo apt install": ("installs into this machine; a clean container does it", "tests/packages.sh"),
    "sudo systemctl enable": ("starts services of this machine; a container with systemd does it", "tests/support/package_in_container.sh"),
    "sudo cp /usr/share/ratingsctl/nginx": ("changes this machine's nginx; one of a test's own has the same file", "tests/e2e/scale_test.py"),
    "cmake ": ("is how the program under test was built", "test.sh"),
}

# Of which example another exit code than 0 is right, and why.
EXITS = {
    "--store postgresql://ratings@db/ratings status": (4, "no machine is named db here; the arguments were understood"),
}


class Example:
    def __init__(self, command, output=None):
        self.command, self.output = command, output

    def __repr__(self):
        return self.command


def transcript(lines):
    """Commands of a block: behind "$ " with the output below them, or every line where no line begins so."""
    if not any(line.startswith("$ ") for line in lines):
        return [Example(COMMENT.sub("", line)) for line in lines if line.strip()]
    found = []
    for line in lines:
        if line.startswith("$ "):
            found.append(Example(line[2:], []))
        elif line.strip():
            found[-1].output.append(line)
    return found


def unescaped(line):
    return line.replace("\\&", "").replace("\\e", "\\").replace("\\(ha", "^").replace("\\-", "-")


def man_examples(page):
    section = re.search(r"^\.Sh EXAMPLES\n(.*?)(?=^\.Sh )", page.read_text(encoding="utf-8"), re.M | re.S).group(1)
    found, literal = [], None
    for line in section.splitlines():
        if line.startswith(".Bd"):
            literal = []
        elif line == ".Ed":
            # Without output: one script, whose lines need each other.
            shown = transcript(literal)
            found += shown if shown[0].output is not None else [Example("\n".join(literal))]
            literal = None
        elif literal is not None:
            literal.append(unescaped(line))
        elif line.startswith(".Dl "):
            found.append(Example(unescaped(line[4:])))
    return found


def readme_blocks():
    """(heading, examples) of each indented block."""
    heading, block, blocks = "", [], []
    for line in [*(ROOT / "README.md").read_text(encoding="utf-8").splitlines(), "end"]:
        if line.startswith("    "):
            block.append(line[4:])
        elif line.strip():
            while block and not block[-1].strip():
                block.pop()
            if block:
                blocks.append((heading, transcript(block)))
            block = []
            heading = line.lstrip("# ") if line.startswith("#") else heading
        elif block:
            block.append("")
    return blocks


def readme_sentences():
    """Commands that stand in the text of the section for operators."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    section = re.search(r"^## Operations\n(.*?)(?=^## )", text, re.M | re.S).group(1)
    spans = re.findall(r"`(ratingsctl [^`]+)`", section.replace("\n  ", " "))
    return [Example(span) for span in spans if not re.fullmatch(r"ratingsctl-\w+\(1\)", span)]


PREPARED = []  # the folder that tests copy; made by the first that needs it


def tearDownModule():
    for folder in PREPARED:
        shutil.rmtree(folder)


class Home(harness.Case):
    """A home with the files and the store that the examples name."""

    def setUp(self):
        super().setUp()
        (self.home / "bin").mkdir()
        (self.home / "bin/ratingsctl").symlink_to(harness.program())
        (self.home / ".local/share/bash-completion/completions").mkdir(parents=True)
        self.port, self.other_port = harness.free_port(), harness.free_port()

    def prepare(self):
        """A store that has seen some life: purge-1 to purge-16 are superseded, the next batch is number 17."""
        if not PREPARED:
            self.make_files()
            PREPARED[:] = [self.home.parent / (self.home.name + "-prepared")]
            shutil.copytree(self.home, PREPARED[0], ignore=shutil.ignore_patterns("bin"))
        else:
            shutil.copytree(PREPARED[0], self.home, dirs_exist_ok=True)

    def make_files(self):
        purged = range(100, 116)
        # 102 is held back by the second load: what lifting purge-3 gives back.
        rows = [(user, movie, 4.5, 1260759144 + movie) for user in (1, 42, 43, 44, 102, 4711) for movie in (31, 1029, 31)]
        path = self.csv(*rows)
        self.write("ratings.csv.gz", gzip.compress(path.read_bytes()))
        self.write("more.csv.gz", gzip.compress(harness.csv_text([(7, 8, 3, 1260759144)]).encode()))
        self.write("bots.txt", "42 # ticket 7\n43\n")
        self.write("users.txt", "42\n")
        self.write("config.toml", "[serve]\nport = 8080\n")
        self.write("postgres_password", "secret\n")
        self.run_cli("load", self.csv(*[(user, 31, 4, 1260759144) for user in purged], name="first.csv"))
        for user in purged:
            self.run_cli("purge-user", user)
        self.run_cli("load", "--replace", path)

    def localised(self, command):
        """The same command with what this machine has: free ports, our own files."""
        for there, here in (("5001", str(self.port)), ("8080", str(self.other_port)),
                            ("/run/secrets/postgres_password", "postgres_password"),
                            ("build/quickstart/bin/ratingsctl", "ratingsctl"), ("--store URL", "--store sqlite:copy.db")):
            command = command.replace(there, here)
        return command

    @staticmethod
    def shell(command):
        if "completion zsh" in command:
            return ["zsh", "-f", "-c", "autoload -Uz compinit; compinit -D -u\n" + command]
        if "completion fish" in command:
            return ["fish", "-N", "-c", command]
        # Its own signal must not end the shell before it has told the exit code of what it runs.
        return ["bash", "-c", "set -o pipefail; trap : TERM\n" + command]

    def run_example(self, example):
        command = self.localised(example.command)
        variables = self.environment(PATH=f"{self.home}/bin:{os.environ['PATH']}", RATINGSCTL_PORT=str(self.port))
        process = subprocess.Popen(self.shell(command), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                   env=variables, cwd=self.home, start_new_session=True)
        self.addCleanup(self._end, process)
        if re.search(r"\bratingsctl (\S+ )*serve\b", command):
            line = harness.read_line(process)
            while "listening on http://" not in line:
                line = harness.read_line(process)
            os.killpg(process.pid, signal.SIGTERM)
        out, err = process.communicate(timeout=harness.PATIENCE)
        expected = next((code for part, (code, _) in EXITS.items() if part in example.command), 0)
        self.assertEqual(process.returncode, expected, f"{command}\nstdout: {out.decode()}\nstderr: {err.decode()}")
        if example.output:
            self.compare(example, out.decode())
        return out.decode()

    def compare(self, example, out):
        """Milliseconds are another number each time; … stands for lines that were left out."""
        def pattern(line):
            return ".*" if line in ("...", "…") else re.sub(r"\d+( |\\ )ms", r"\\d+ ms", re.escape(line))
        shown = "\n".join(map(pattern, example.output)) + "\n"
        found = "\n".join(line.rstrip() for line in out.splitlines()) + "\n"
        self.assertRegex(found, re.compile(f"^{shown}$", re.S), f"what is shown of: {example}")

    def walk(self, examples):
        """One after the other, as somebody would who reads the page."""
        self.assertGreater(len(examples), 0)
        for example in examples:
            with self.subTest(example=example.command):
                self.run_example(example)

    def serve(self, port):
        server = harness.Serve(self, "--port", str(port))
        server.__enter__()
        self.addCleanup(server.stop)


def page_test(page, examples):
    """One walk through a page's examples; `examples` finds them when the test runs."""
    command = page.stem.removeprefix("ratingsctl").removeprefix("-")

    def test(self):
        self.prepare()
        if command == "undo":
            for user in ("42", "44"):
                self.run_cli("purge-user", user)
            self.assertEqual(self.run_json("dedupe")["batch"], "dedupe-19")
        if command == "healthcheck":
            self.serve(self.port)
            self.serve(self.other_port)
        self.walk(examples(self, page, command))

    return test


def of_page(_, page, __):
    return man_examples(page)


def of_help(case, _, command):
    text = case.run_cli(*([command] if command else []), "--help").out
    block = re.search(r"^Examples:\n(.*?)(?=^(?! {2}\S))", text, re.M | re.S).group(1)
    return [Example(line.strip()) for line in block.splitlines()]


class Manual(Home):
    pass


class Help(Home):
    pass


for manual_page in sorted((ROOT / "man").glob("*.1")):
    test_name = "test_" + manual_page.stem.replace("-", "_")
    setattr(Manual, test_name, page_test(manual_page, of_page))
    setattr(Help, test_name, page_test(manual_page, of_help))


class Readme(Home):
    def elsewhere(self, example):
        return next((entry for start, entry in ELSEWHERE.items() if example.command.startswith(start)), None)

    def test_every_block(self):
        """In README's order, against the shipped sample."""
        self.run_cli("load", SAMPLE)
        self.serve(self.port)
        run = 0
        for heading, examples in readme_blocks():
            for example in examples:
                if self.elsewhere(example):
                    continue
                with self.subTest(heading, example=example.command):
                    out = self.run_example(example)
                    run += 1
                    if example.command.startswith("curl"):
                        self.assertNotIn('{"error":', out)
                        self.assertNotEqual(out, "")
        self.assertGreater(run, 8)

    def test_what_is_run_elsewhere_is_there(self):
        commands = [example for _, examples in readme_blocks() for example in examples]
        for start, (reason, where) in ELSEWHERE.items():
            with self.subTest(start, reason=reason):
                self.assertTrue((ROOT / where).exists())
                self.assertTrue(any(example.command.startswith(start) for example in commands), "no longer in README")

    def test_the_commands_in_the_text_for_operators(self):
        for example in readme_sentences():
            with self.subTest(example=example.command):
                self.setUp()
                self.prepare()
                self.run_example(example)


if __name__ == "__main__":
    harness.main()
