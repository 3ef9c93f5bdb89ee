#!/usr/bin/env python3
"""Completion in the real shells: bash, zsh and fish are asked what they would offer."""
import os
import pty
import re
import select
import subprocess
import time

import harness
from cli_man_test import offered

# What bash itself sets before it calls the function; = and : are words of their own, as in COMP_WORDBREAKS.
BASH = r"""
source "$1"; shift
COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); COMP_LINE="$*"; COMP_POINT=${#COMP_LINE}
_ratingsctl
printf '%s\n' "${COMPREPLY[@]}"
"""

# zsh offers nothing without its line editor: a key of ours lists the choices and writes down what compadd was given.
ZSH = r"""
PS1=; autoload -Uz compinit && compinit -D -u; source $SCRIPT
compadd() {
  if [[ ${@[1,(i)(-|--)]} == *-(O|A|D)\ * ]]; then builtin compadd "$@"; return; fi
  local -a found; builtin compadd -A found "$@"; print -l -- $found >>$OUT; builtin compadd "$@"
}
show() { zle list-choices; print -- END >>$OUT; BUFFER= }
zle -N show; bindkey '^T' show; print -- READY >>$OUT
"""


class Terminal:
    """A shell on a terminal of its own."""

    def __init__(self, command, environment, folder):
        self.leader, follower = pty.openpty()
        self.process = subprocess.Popen(command, stdin=follower, stdout=follower, stderr=follower, env=environment,
                                        cwd=folder, start_new_session=True)
        os.close(follower)
        self.seen = ""

    def type(self, text):
        os.write(self.leader, text.encode())

    def read(self, patience=0.05):
        ready, _, _ = select.select([self.leader], [], [], patience)
        if ready:
            self.seen += os.read(self.leader, 65536).decode(errors="replace")
        return self.seen

    def end(self):
        self.process.kill()
        self.process.wait()
        os.close(self.leader)


class Completion(harness.Case):
    def setUp(self):
        super().setUp()
        self.scripts = {shell: self.write(f"ratingsctl.{shell}", self.run_cli("completion", shell).out)
                        for shell in ("bash", "zsh", "fish")}
        self.commands = set(re.findall(r"^  ([a-z-]+)  ", self.run_cli("--help").out.split("Subcommands:")[1], re.M))
        bin_folder = self.home / "bin"
        bin_folder.mkdir()
        (bin_folder / "ratingsctl").symlink_to(harness.program())
        self.variables = self.environment(PATH=f"{bin_folder}:{os.environ['PATH']}", TERM="xterm", COLUMNS="200")

    def until(self, terminal, condition, what):
        deadline = time.monotonic() + harness.PATIENCE
        while not condition(terminal.read()):
            self.assertLess(time.monotonic(), deadline, f"waited in vain for {what}: {terminal.seen!r}")

    def bash(self, line):
        words = [word for word in re.split(r"([=:])|\s+", line) if word is not None]
        words = [word for i, word in enumerate(words) if word or i == len(words) - 1]
        done = subprocess.run(["bash", "--norc", "-c", BASH, "bash", self.scripts["bash"], *words], capture_output=True, text=True,
                              env=self.variables, cwd=self.home, check=False)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        return set(done.stdout.split("\n")) - {""}

    def zsh(self, line):
        out = self.home / "offered"
        if not hasattr(self, "zsh_terminal"):
            variables = self.variables | {"SCRIPT": str(self.scripts["zsh"]), "OUT": str(out)}
            self.zsh_terminal = Terminal(["zsh", "-f", "-i"], variables, self.home)
            self.addCleanup(self.zsh_terminal.end)
            self.zsh_terminal.type(f" source {self.write('capture.zsh', ZSH)}\n")
            self.until(self.zsh_terminal, lambda _: out.exists() and "READY" in out.read_text(), "zsh to be ready")
        out.write_text("")
        self.zsh_terminal.type(line + "\x14")
        self.until(self.zsh_terminal, lambda _: "END" in out.read_text().split("\n"), "what zsh offers")
        return set(out.read_text().split("\n")) - {"", "END"}

    def fish(self, line):
        done = subprocess.run(["fish", "-N", "-c", "source $argv[1]; complete -C $argv[2]", "--", self.scripts["fish"], line],
                              capture_output=True, text=True, env=self.variables, cwd=self.home, check=False)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        return {word.split("\t")[0] for word in done.stdout.split("\n")} - {""}

    def offers(self, line, words, without=()):
        """All three shells offer `words`, and none of `without`."""
        for shell in (self.bash, self.zsh, self.fish):
            with self.subTest(line, shell=shell.__name__):
                found = shell(line)
                self.assertLessEqual(set(words), found)
                self.assertEqual(set(without) & found, set())

    def test_the_scripts_are_what_their_shells_can_read(self):
        for shell, script in self.scripts.items():
            done = subprocess.run([shell, "-n", script], capture_output=True, text=True, env=self.variables, check=False)
            self.assertEqual((done.returncode, done.stderr), (0, ""), shell)

    def test_another_shell_is_refused_and_the_three_are_named(self):
        for arguments in (["tcsh"], []):
            done = self.run_cli("completion", *arguments, exit_code=2)
            self.assertEqual(done.out, "")
            if arguments:
                self.assertIn("bash,zsh,fish", done.err)

    def test_commands(self):
        for shell in (self.bash, self.zsh, self.fish):
            with self.subTest(shell=shell.__name__):
                self.assertEqual(shell("ratingsctl "), self.commands)
                self.assertEqual(shell("ratingsctl st"), {"status"})
                self.assertEqual(shell("ratingsctl --store sqlite:x --log-level info que"), {"query"})
                self.assertEqual(shell("ratingsctl frobni"), set())

    def test_every_command_offers_the_options_of_its_help_and_no_others(self):
        for command in sorted(self.commands):
            help_text = self.run_cli(command, "--help").out
            expected = offered(help_text)
            for shell in (self.bash, self.zsh, self.fish):
                with self.subTest(command, shell=shell.__name__):
                    # fish does not offer short options beside long ones.
                    found = {word.rstrip("=") for word in shell(f"ratingsctl {command} -") | shell(f"ratingsctl {command} --")}
                    self.assertEqual(found - {"--version"}, expected)

    def test_the_values_of_an_option(self):
        for line, values in (("ratingsctl query 1 -o ", ["table", "json", "ndjson", "csv"]),
                             ("ratingsctl query 1 --output ", ["table", "json", "ndjson", "csv"]),
                             ("ratingsctl load x.csv --progress ", ["auto", "plain", "json", "off"]),
                             ("ratingsctl --log-level ", ["error", "warn", "info", "debug"]),
                             ("ratingsctl serve --log-level ", ["error", "warn", "info", "debug"]),
                             ("ratingsctl query --order d", ["desc"]),
                             ("ratingsctl completion ", ["bash", "zsh", "fish"])):
            self.offers(line, values, without=["load", "query"])
        self.offers("ratingsctl batches -o ", ["table", "json"], without=["csv", "ndjson"])

    def test_a_value_behind_an_equals_sign(self):
        self.assertEqual(self.bash("ratingsctl query --order="), {"asc", "desc"})
        self.assertEqual(self.bash("ratingsctl query --order=d"), {"desc"})
        self.assertEqual(self.zsh("ratingsctl query --order=d"), {"desc"})
        self.assertEqual(self.fish("ratingsctl query --order=d"), {"--order=desc"})

    def test_bash_offers_files_behind_a_redirection(self):
        self.write("answers.csv", "")
        for line in ("ratingsctl query 1 > ", "ratingsctl query 1 > ans", "ratingsctl query 1 >", "ratingsctl query 1 2>> ans", "ratingsctl load < ans"):
            self.assertIn("answers.csv", self.bash(line), line)
        self.assertNotIn("answers.csv", self.bash("ratingsctl query 1 > answers.csv "))

    def test_files_where_a_file_is_wanted_and_nowhere_else(self):
        self.write("one two.csv", "")
        self.write("ids.txt", "")
        for line in ("ratingsctl load one", "ratingsctl load x --rejects one", "ratingsctl purge-user --from-file one",
                     "ratingsctl --config one"):
            for shell in (self.bash, self.zsh, self.fish):
                with self.subTest(line, shell=shell.__name__):
                    self.assertEqual({word.replace("\\", "") for word in shell(line)}, {"one two.csv"})
        for line in ("ratingsctl query ids", "ratingsctl serve --host ids", "ratingsctl status ids", "ratingsctl --store ids"):
            self.offers(line, [], without=["ids.txt"])

    def test_the_tabulator_completes_in_bash_and_zsh(self):
        for command, script in ((["bash", "--norc", "--noprofile", "-i"], "bash"), (["zsh", "-f", "-i"], "zsh")):
            with self.subTest(script):
                terminal = Terminal(command, self.variables | {"PS1": "ready> "}, self.home)
                self.addCleanup(terminal.end)
                if script == "zsh":
                    terminal.type("autoload -Uz compinit; compinit -D -u\n")
                terminal.type(f"source {self.scripts[script]}; echo lo''aded\n")
                self.until(terminal, lambda seen: "loaded" in seen, "the script to be read")
                terminal.type("ratingsctl completi\t fis\t | head -1\n")
                self.until(terminal, lambda seen: "made by: ratingsctl completion fish" in seen, "what TAB completed")


if __name__ == "__main__":
    harness.main()
