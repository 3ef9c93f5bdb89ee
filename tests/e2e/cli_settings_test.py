#!/usr/bin/env python3
"""Every setting of every command that --help names: the file beats the default, the environment the file, and where it can be
given beside `config`, the flag the environment."""
import json
import re

import harness

# Two values that an option of this type takes; an option of a new type fails the test until it is here.
VALUES = {"N": ("2", "3"), "FILE": ("a.txt", "b.txt"), "SIZE": ("1M", "2M"), "MS": ("1", "2"), "SECONDS": ("1", "2"),
          "PORT": ("81", "82"), "TIME": ("2001-01-01", "2002-01-01"), "ID": ("1", "2"), "R": ("1", "2"), "UID": ("1", "2"),
          "CHAR": (";", "|"), "HOST": ("::1", "localhost"), "TEXT": ("a", "b"), "": ("true", "false")}
URLS = {"store": ("sqlite:/a", "sqlite:/b"), "store-read": ("postgresql://a/r", "postgresql://b/r"),
        "cache": ("none", "redis://h:6379/0"), "url": ("http://a:1/", "http://b:2/")}
COMMAND_LINE_ONLY = {"append", "replace", "again", "hard", "yes", "lift", "dry-run", "prune-older-than", "help", "version", "config"}


def options(text):
    """Name and type of each option of a help text."""
    found = re.findall(r"^  (?:-\w,)?--([a-z-]+)(?: (\S+))?(?: \.\.\.)?(?:  |$)", text, re.M)
    return {name: kind for name, kind in found}


class Settings(harness.Case):
    def setUp(self):
        super().setUp()
        text = self.run_cli("--help").out
        self.options = {"": options(text.split("Subcommands:")[0])}
        for command in re.findall(r"^  ([a-z-]+)  ", text.split("Subcommands:")[1], re.M):
            own = self.run_cli(command, "--help").out.split("Options of every command")[0]
            self.options[command] = options(own)
        self.settings = [(command, name) for command, found in self.options.items() for name in found]
        self.settings = [(command, name) for command, name in self.settings
                         if name not in COMMAND_LINE_ONLY and not self.command_line_only(command, name)]
        self.assertGreater(len(self.settings), 40)

    def command_line_only(self, command, name):
        """A switch that a file may not hold says so itself."""
        if self.options[command][name]:
            return False
        path = self.config(f"[{command}]\n{name} = true\n")
        problems = json.loads(self.run_cli("config", "-o", "json", exit_code=None).out)["problems"]
        path.unlink()
        return any("command line only" in problem for problem in problems)

    def values(self, command, name):
        kind = self.options[command][name]
        if "|" in kind or kind.islower():
            choices = kind.split("|")
            return choices[0], choices[-1]
        return URLS[name] if kind == "URL" else VALUES[kind]

    def listed(self, key, *arguments, **variables):
        done = self.run_cli("config", "-o", "json", *arguments, exit_code=None, **variables)
        found = json.loads(done.out)
        self.assertEqual([problem for problem in found["problems"] if problem.startswith(f"{key.split('.')[0]}: ")], [])
        return found["settings"][key]

    def test_each_setting_comes_from_file_and_environment_in_this_order(self):
        for command, name in self.settings:
            key = f"{command}.{name}" if command else name
            first, second = self.values(command, name)
            with self.subTest(key):
                # What config itself prints is given by a flag here.
                if key == "config.output":
                    continue
                self.assertEqual(self.listed(key)["source"], "default")
                path = self.config((f"[{command}]\n" if command else "") + f'{name} = "{first}"\n')
                place = f"{path}:{2 if command else 1}"
                self.assertEqual(self.listed(key), {"value": first, "source": "file", "place": place})
                variable = "RATINGSCTL_" + name.upper().replace("-", "_")
                self.assertEqual(self.listed(key, **{variable: second}),
                                 {"value": second, "source": "environment", "place": variable})
                if not command:
                    self.assertEqual(self.listed(key, f"--{name}", first, **{variable: second}),
                                     {"value": first, "source": "flag", "place": None})
                path.unlink()


if __name__ == "__main__":
    harness.main()
