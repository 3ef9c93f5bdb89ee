#!/usr/bin/env python3
"""Where settings come from, which of them win, and what is refused."""
import json
import re
from pathlib import Path

import harness


class Cache(harness.Case):
    def test_an_address_of_redis_that_cannot_be_understood_is_refused_by_every_command(self):
        store = ["--store", "postgresql://127.0.0.1:1/nowhere"]
        for url in ("redis://", "redis://127.0.0.1:99999/0", "redis://127.0.0.1:6379/x", "unix:", "foo", "redis-cluster://",
                    "redis-cluster://127.0.0.1:6379/0", "redis-cluster://127.0.0.1:6379,"):
            for command in (["query", "1"], ["batches"], ["load", self.csv((1, 2, 3, 4))], ["export"], ["status"]):
                with self.subTest(url=url, command=command[0]):
                    self.run_cli(*command, "--cache", url, *store, exit_code=2)


class Precedence(harness.Case):
    """Every level is tried against the next one, for options of different kinds."""

    def served_port(self, *arguments, **variables):
        with harness.Serve(self, *arguments, **variables) as server:
            return server.port

    def test_the_store_flag_environment_file_default(self):
        names = {name: self.home / f"{name}.db" for name in ("flag", "environment", "file")}
        self.run_cli("init")
        self.assertTrue(self.store.exists())
        self.assertEqual(self.run_json("status")["store"], f"sqlite:{self.store}")
        for name, path in names.items():
            self.run_cli("init", "--store", f"sqlite:{path}")

        self.config(f'store = "sqlite:{names["file"]}"\n')
        self.assertEqual(self.run_json("status")["store"], f"sqlite:{names['file']}")
        variables = {"RATINGSCTL_STORE": f"sqlite:{names['environment']}"}
        self.assertEqual(self.run_json("status", **variables)["store"], variables["RATINGSCTL_STORE"])
        flag = f"sqlite:{names['flag']}"
        self.assertEqual(self.run_json("status", "--store", flag, **variables)["store"], flag)
        self.assertEqual(self.run_json("--store", flag, "status", **variables)["store"], flag)

    def test_the_output_format_flag_environment_file_default(self):
        self.run_cli("init")
        self.assertEqual(self.run_cli("batches").out, "no batches\n")
        self.config('[batches]\noutput = "json"\n')
        self.assertEqual(self.run_cli("batches").out, "[]\n")
        self.assertEqual(self.run_cli("batches", RATINGSCTL_OUTPUT="table").out, "no batches\n")
        self.assertEqual(self.run_cli("batches", "-o", "json", RATINGSCTL_OUTPUT="table").out, "[]\n")

    def test_a_list_flag_environment_file_default(self):
        self.run_cli("load", self.csv((1, 10, 1, 100), (1, 20, 2, 200), (1, 30, 3, 300), (1, 40, 4, 400)))
        movies = lambda *more, **variables: [
            line.split(",")[1] for line in self.run_cli("query", "1", "-o", "csv", *more, **variables).out.split()[1:]]
        self.assertEqual(movies(), ["10", "20", "30", "40"])
        self.config("[query]\nmovie = [10, 20]\nmin-rating = 1.5\n")
        self.assertEqual(movies(), ["20"])
        self.assertEqual(movies(RATINGSCTL_MOVIE="20,30"), ["20", "30"])
        self.assertEqual(movies("--movie", "40", "--movie", "30,10", RATINGSCTL_MOVIE="20"), ["30", "40"])
        self.assertEqual(movies("--min-rating", "0", RATINGSCTL_MOVIE="10"), ["10"])

    def test_the_port_file_environment_flag(self):
        self.run_cli("init")
        file_port, environment_port = harness.free_port(), harness.free_port()
        self.config(f"[serve]\nport = {file_port}\n")
        process = self.start("serve")
        self.assertEqual(harness.read_line(process), f"listening on http://127.0.0.1:{file_port}\n")
        process = self.start("serve", RATINGSCTL_PORT=str(environment_port))
        self.assertEqual(harness.read_line(process), f"listening on http://127.0.0.1:{environment_port}\n")
        self.assertNotIn(self.served_port("--port", "0", RATINGSCTL_PORT=str(environment_port)),
                         (file_port, environment_port))

    def test_a_flag_in_file_and_environment(self):
        self.run_cli("init")
        logged = {}
        for name, text, variables in (("file", "[serve]\naccess-log = true\n", {}),
                                      ("environment", "[serve]\naccess-log = true\n", {"RATINGSCTL_ACCESS_LOG": "false"})):
            self.config(text)
            with harness.Serve(self, **variables) as server:
                server.get("/rates/12345")
                server.stop()
                logged[name] = "12345" in server.stderr
        self.assertEqual(logged, {"file": True, "environment": False})

    def test_a_section_wins_over_the_top_of_the_file(self):
        top, section = self.home / "top.db", self.home / "section.db"
        for path in (top, section):
            self.run_cli("init", "--store", f"sqlite:{path}")
        self.config(f'store = "sqlite:{top}"\n[status]\nstore = "sqlite:{section}"\n')
        self.assertEqual(self.run_json("status")["store"], f"sqlite:{section}")
        self.assertEqual(self.run_cli("batches").out, "no batches\n")

    def test_an_empty_variable_counts_as_not_set(self):
        self.run_cli("init", RATINGSCTL_STORE="", RATINGSCTL_CACHE="")
        self.assertTrue(self.store.exists())

    def test_which_file_is_read(self):
        self.run_cli("init")
        other = self.write("other.toml", '[batches]\noutput = "json"\n')
        self.assertEqual(self.run_cli("batches", "--config", other).out, "[]\n")
        self.assertEqual(self.run_cli("batches", RATINGSCTL_CONFIG=str(other)).out, "[]\n")
        self.write(".config/ratingsctl/config.toml", '[batches]\noutput = "json"\n')
        self.assertEqual(self.run_cli("batches", XDG_CONFIG_HOME=None).out, "[]\n")


class Refusals(harness.Case):
    def refused(self, *arguments, naming, **variables):
        done = self.run_cli(*arguments, exit_code=2, **variables)
        self.assertEqual(done.out, "")
        self.assertTrue(done.err.startswith("ratingsctl: "), done.err)
        for text in naming:
            self.assertIn(text, done.err)

    def test_a_config_file_that_is_not_there(self):
        self.refused("batches", "--config", "/no/such/file", naming=["/no/such/file"])
        self.refused("batches", naming=["/no/such/file"], RATINGSCTL_CONFIG="/no/such/file")

    def test_unknown_keys_and_bad_values_name_file_and_key(self):
        self.run_cli("init")
        for text, key in (("colour = true\n", "colour"), ("[serve]\ncolour = 1\n", "serve.colour"),
                          ("[frobnicate]\nport = 1\n", "frobnicate.port"), ("port = 80\n", "[serve]"),
                          ("[serve]\nport = 70000\n", "serve.port"), ("[serve]\nport = \"x\"\n", "serve.port"),
                          ('[batches]\noutput = "xml"\n', "batches.output"), ('store = "mysql:x"\n', "store"),
                          ('memory-cache = "many"\n', "memory-cache"), ('log-level = "loud"\n', "log-level"),
                          ("[serve]\naccess-log = \"perhaps\"\n", "serve.access-log"),
                          ("[query]\nlimit = [1, 2]\n", "query.limit")):
            with self.subTest(text):
                path = self.config(text)
                self.refused("batches", naming=[str(path), key])

    def test_every_line_of_the_file_is_understood_or_an_error_with_its_number(self):
        self.run_cli("init", "--store", f"sqlite:{self.home}/a#b.db")
        path = self.config(f'\ufeff[status] # x\nstore = "sqlite:{self.home}/a#b.db" # y\n')
        self.assertEqual(self.run_json("status")["store"], f"sqlite:{self.home}/a#b.db")
        for text, line, why in (("zz\n", 1, "key = value"), ("\n[serve\n", 2, "not closed"), ("[bogus]\n", 1, "[bogus] is unknown"),
                                ("[sreve]\n", 1, "did you mean 'serve'?"), ("a = 1\n\0\0\n", 2, "key = value"),
                                ("[serve]\nport = 1\nport = 2\n", 3, "'serve.port' stands there twice"),
                                ("[serve]\nhost = a b c\n", 2, "quotes"), ("[serve]\nport = [1, 2]\n", 2, "a list of 2")):
            with self.subTest(text):
                path = self.config(text)
                self.refused("batches", naming=[f"{path}:{line}: ", why])

    def test_bad_values_in_the_environment_name_the_variable(self):
        for variable, value, command in (("RATINGSCTL_OUTPUT", "xml", "batches"), ("RATINGSCTL_STORE", "mysql:x", "status"),
                                         ("RATINGSCTL_PORT", "99999", "serve"), ("RATINGSCTL_ACCESS_LOG", "x", "serve"),
                                         ("RATINGSCTL_MEMORY_CACHE", "-1", "serve")):
            with self.subTest(variable):
                self.refused(command, naming=[variable], **{variable: value})

    def test_what_changes_data_works_on_the_command_line_only(self):
        for command, switch in (("load", "replace"), ("load", "append"), ("load", "again"), ("load", "dry-run"),
                                ("purge-user", "hard"), ("purge-user", "yes"), ("purge-user", "dry-run"),
                                ("undo", "lift"), ("dedupe", "dry-run"), ("batches", "yes"), ("batches", "dry-run"),
                                ("batches", "prune-older-than")):
            argument = [] if command in ("dedupe", "batches") else ["1"]
            with self.subTest(f"{command} {switch}"):
                variable = "RATINGSCTL_" + switch.upper().replace("-", "_")
                self.refused(command, *argument, naming=[variable, "command line only"], **{variable: "true"})
                path = self.config(f"[{command}]\n{switch} = true\n")
                self.refused("status", naming=[str(path), f"{command}.{switch}", "command line only"])
                path.unlink()

    def test_redis_needs_postgresql(self):
        for command in ("status", "serve", "batches"):
            for cache in ("redis://127.0.0.1:6379/0", "redis-cluster://127.0.0.1:6379"):
                self.refused(command, "--cache", cache, naming=["PostgreSQL"])
        self.refused("status", "--cache", "memcached://x", naming=["--cache"])

    def test_no_home_no_store(self):
        self.refused("status", naming=["HOME", "--store"], HOME=None, XDG_DATA_HOME=None)
        self.run_cli("init", HOME=None, XDG_DATA_HOME=f"{self.home}/elsewhere")
        self.assertTrue((self.home / "elsewhere/ratingsctl/ratings.db").exists())
        self.run_cli("init", XDG_DATA_HOME=None)
        self.assertTrue((self.home / ".local/share/ratingsctl/ratings.db").exists())

    def test_arguments_that_cannot_be_understood(self):
        for arguments in ([], ["frobnicate"], ["status", "--frobnicate"], ["status", "extra"], ["query"], ["query", "1", "2"],
                          ["query", "x"], ["query", "-1"], ["query", "01"], ["query", "9223372036854775808"], ["query", ""],
                          ["profile", "1.0"], ["purge-user"], ["purge-user", "1", "x"], ["undo", "a b"], ["undo"],
                          ["query", "1", "--limit", "0"], ["query", "1", "--from", "yesterday"],
                          ["query", "1", "--movie", "2147483648"], ["query", "1", "--min-rating", "nan"],
                          ["query", "1", "--min-rating", "10.5"], ["query", "1", "--order", "up"], ["query", "1", "-o", "xml"],
                          ["init", "--delta", "60001"], ["serve", "--port", "65536"], ["serve", "--threads", "0"],
                          ["serve", "--drain-timeout", "soon"], ["load"], ["load", "x", "--max-errors", "-1"],
                          ["load", "x", "--delimiter", ";;"], ["load", "x", "--progress", "loud"],
                          ["serve", "--memory-cache", "1T"], ["status", "--log-level", "loud"],
                          ["healthcheck", "--url", "ftp://x"], ["stat"], ["status", "--sto", "sqlite:x"],
                          ["status", "--store", "sqlite:a", "--store", "sqlite:b"]):
            with self.subTest(" ".join(arguments)):
                self.refused(*arguments, naming=[])


class Secrets(harness.Case):
    SECRET = "hunter2-Geheim"

    def test_a_password_is_in_no_output(self):
        closed = harness.free_port()
        urls = [f"postgresql://me:{self.SECRET}@127.0.0.1:{closed}/db",
                f"host=127.0.0.1 port={closed} user=me password={self.SECRET}",
                f"postgresql://me@127.0.0.1:{closed}/db?password={self.SECRET}"]
        for url in urls:
            for arguments in (["status", "--store", url], [f"--store={url}", "batches"]):
                with self.subTest(" ".join(arguments)):
                    done = self.run_cli(*arguments, exit_code=4)
                    self.assertNotIn(self.SECRET, done.out + done.err)
                    self.assertIn("warning", done.err)
            done = self.run_cli("status", exit_code=4, RATINGSCTL_STORE=url)
            self.assertNotIn(self.SECRET, done.out + done.err)
            self.assertNotIn("warning", done.err)
        done = self.run_cli("status", urls[0], exit_code=2)  # --store was forgotten
        self.assertNotIn(self.SECRET, done.err)
        done = self.run_cli("status", "--cache", f"memcached://:{self.SECRET}@h/0", exit_code=2)
        self.assertNotIn(self.SECRET, done.err)
        path = self.config(f'cache = "memcached://:{self.SECRET}@h/0"\n')
        done = self.run_cli("status", exit_code=2)
        self.assertIn(str(path), done.err)
        self.assertNotIn(self.SECRET, done.err)

    def test_an_address_that_is_not_understood_is_shown_nowhere(self):
        for name, values in (("store", ("postgresql//u:{}@h/db", "postgresql:/u:{}@h/db", "u:{}@h/db", "{}")),
                             ("store-read", ("postgresql//u:{}@h/db", "u:{}@h/db")),
                             ("cache", ("redis//:{}@h:1/0", "redis:/:{}@h:1/0", "redis://:{}", "redis://h:{}", "redis://h/{}", "{}")),
                             ("url", ("http:/u:{}@h", "http://u:{}@h", "u:{}@h"))):
            variable, command = "RATINGSCTL_" + name.upper().replace("-", "_"), "healthcheck" if name == "url" else "status"
            for value in (each.format(self.SECRET) for each in values):
                for arguments, variables in (([command], {variable: value}), ([command, f"--{name}", value], {}),
                                             (["config"], {variable: value}), (["config", "-o", "json"], {variable: value})):
                    with self.subTest(f"{name} {value} {arguments}"):
                        done = self.run_cli(*arguments, exit_code=2, **variables)
                        self.assertNotIn(self.SECRET, done.out + done.err)
        for word in ("u:{}@h/db", "postgresql:/u:{}@h/db"):
            for arguments in ([word.format(self.SECRET)], ["status", word.format(self.SECRET)]):
                self.assertNotIn(self.SECRET, self.run_cli(*arguments, exit_code=2).err)

    def test_no_line_of_the_file_is_repeated(self):
        for text in ("store = host=h user=x password={}", 'store = ["host=h", "password={}"]', "store: postgresql://u:{}@h/db",
                     'store "postgresql://u:{}@h/db"', "postgresql://u:{}@h/db", "postgresql://u:{}@h/db?a=b",
                     'store = "postgresql//u:{}@h/db"', 'store = "postgresql://u:a#{}@h/db', "store = {}"):
            path = self.config(text.format(self.SECRET) + "\n")
            for command in (["status"], ["config"], ["config", "-o", "json"]):
                with self.subTest(f"{text} {command}"):
                    done = self.run_cli(*command, exit_code=2)
                    self.assertIn(f"{path}:1: ", done.err)
                    self.assertNotIn(self.SECRET, done.out + done.err)

    def test_a_password_leaves_the_argument_list(self):
        closed = harness.free_port()
        for arguments in (["--store", f"postgresql://me:{self.SECRET}@127.0.0.1:{closed}/db"],
                          [f"--store=postgresql://me:{self.SECRET}@127.0.0.1:{closed}/db"],
                          ["--store", f"postgresql://me@127.0.0.1:{closed}/db",
                           "--cache", f"redis://:{self.SECRET}@127.0.0.1:{closed}/0"]):
            with self.subTest(arguments[0]):
                process = self.start("serve", "--port", "0", *arguments)
                harness.read_line(process)  # it starts without PostgreSQL
                shown = Path(f"/proc/{process.pid}/cmdline").read_bytes()
                process.terminate()
                out, err = process.communicate(timeout=harness.PATIENCE)
                self.assertIn(b"127.0.0.1", shown)
                for text in (shown, out, err):
                    self.assertNotIn(self.SECRET.encode(), text)

    def test_password_files(self):
        closed = harness.free_port()
        url = f"postgresql://me@127.0.0.1:{closed}/db"
        done = self.run_cli("status", "--store", url, exit_code=2, RATINGSCTL_STORE_PASSWORD_FILE="/no/such/file")
        self.assertIn("RATINGSCTL_STORE_PASSWORD_FILE", done.err)
        secret = self.write("secret", self.SECRET + "\n")
        done = self.run_cli("status", "--store", url, exit_code=4, RATINGSCTL_STORE_PASSWORD_FILE=str(secret))
        self.assertNotIn(self.SECRET, done.err)
        done = self.run_cli("serve", "--store", url, "--cache", "redis://127.0.0.1/0", exit_code=2,
                            RATINGSCTL_CACHE_PASSWORD_FILE="/no/such/file")
        self.assertIn("RATINGSCTL_CACHE_PASSWORD_FILE", done.err)


class Listing(harness.Case):
    """ratingsctl config: every setting of every command, its value, and where that comes from."""

    def settings(self, *arguments, **variables):
        return self.run_json("config", *arguments, **variables)["settings"]

    def test_without_any_setting_everything_has_its_default(self):
        found = self.run_json("config")
        self.assertEqual(found["problems"], [])
        settings = dict(found["settings"])
        self.assertEqual(settings.pop("config.output"), {"value": "json", "source": "flag", "place": None})
        self.assertEqual({each["source"] for each in settings.values()}, {"default"})
        values = {name: each["value"] for name, each in settings.items()}
        expected = {"store": f"sqlite:{self.store}", "cache": "none", "memory-cache": "256M", "config": None, "log-level": "warn",
                    "serve.log-level": "info", "serve.host": "127.0.0.1", "serve.port": "5001", "serve.access-log": "false",
                    "load.max-errors": "0", "query.limit": None, "batches.output": "table",
                    "RATINGSCTL_STORE_PASSWORD_FILE": None, "RATINGSCTL_CACHE_PASSWORD_FILE": None}
        self.assertEqual({name: values[name] for name in expected}, expected)

    def test_it_lists_every_option_of_every_help_but_those_of_the_command_line(self):
        text = self.run_cli("--help").out
        only_flags = {"append", "prune-older-than", "replace", "again", "hard", "yes", "lift", "dry-run", "help", "version"}
        common = set(re.findall(r"--([a-z-]+)", text.split("Options:")[1].split("Subcommands:")[0])) - only_flags
        expected = set(common) | {"serve.log-level", "RATINGSCTL_STORE_PASSWORD_FILE", "RATINGSCTL_CACHE_PASSWORD_FILE"}
        for command in re.findall(r"^  ([a-z-]+)  ", text.split("Subcommands:")[1], re.M):
            own = self.run_cli(command, "--help").out.split("Options of every command")[0]
            expected |= {f"{command}.{name}" for name in re.findall(r"^  (?:-\w,)?--([a-z-]+)", own, re.M)
                         if name not in only_flags}
        self.assertEqual(set(self.settings()), expected)

    def test_each_source_is_named_and_the_first_of_them_wins(self):
        path = self.config('log-level = "info"\ncache = "none"\n\n[serve]\n# comment\nport = 80\nhost = "::1"\n')
        settings = self.settings("--log-level", "debug", RATINGSCTL_LOG_LEVEL="error", RATINGSCTL_HOST="0.0.0.0")
        expected = {"log-level": ("debug", "flag", None), "cache": ("none", "file", f"{path}:2"),
                    "serve.port": ("80", "file", f"{path}:6"), "serve.host": ("0.0.0.0", "environment", "RATINGSCTL_HOST"),
                    "healthcheck.host": ("0.0.0.0", "environment", "RATINGSCTL_HOST"),
                    "healthcheck.port": ("5001", "default", None), "config": (str(path), "default", None)}
        self.assertEqual({name: tuple(settings[name].values()) for name in expected}, expected)

    def test_what_a_command_s_section_changes_for_it_alone(self):
        path = self.config('store = "sqlite:/a"\n[serve]\nstore = "sqlite:/b"\nlog-level = "debug"\n')
        settings = self.settings()
        self.assertEqual(settings["store"], {"value": "sqlite:/a", "source": "file", "place": f"{path}:1"})
        self.assertEqual(settings["serve.store"], {"value": "sqlite:/b", "source": "file", "place": f"{path}:3"})
        self.assertEqual(settings["serve.log-level"]["value"], "debug")
        self.assertNotIn("query.store", settings)
        self.assertEqual(self.settings("--store", "sqlite:/c").get("serve.store"), None)

    def test_what_it_says_is_what_the_commands_do(self):
        port = harness.free_port()
        self.config(f'[serve]\nport = {port}\n[batches]\noutput = "json"\n')
        settings = self.settings()
        self.run_cli("init", "--store", settings["store"]["value"])
        self.assertEqual(self.run_cli("batches").out, "[]\n")
        process = self.start("serve")
        self.assertEqual(harness.read_line(process), f"listening on http://127.0.0.1:{settings['serve.port']['value']}\n")

    def test_the_table_names_the_same(self):
        path = self.config("[serve]\nport = 80\n")
        lines = [line.split() for line in self.run_cli("config", RATINGSCTL_CACHE="none").out.splitlines()]
        self.assertEqual(lines[0], ["setting", "value", "source"])
        self.assertIn(["serve.port", "80", "file", f"{path}:2"], lines)
        self.assertIn(["cache", "none", "environment", "RATINGSCTL_CACHE"], lines)
        self.assertIn(["memory-cache", "256M", "default"], lines)
        self.assertIn(["query.limit", "-", "default"], lines)

    def test_a_list_is_shown_as_one_would_write_it(self):
        self.config("[query]\nmovie = [10, 20]\n")
        self.assertEqual(self.settings()["query.movie"]["value"], "10,20")

    def test_problems_of_any_command_are_all_named_and_are_exit_2(self):
        path = self.config('[serve]\nport = 70000\nprot = 1\n[load]\nyes = true\nreplace = true\n[export]\noutput = "xml"\n')
        done = self.run_cli("config", "-o", "json", exit_code=2, RATINGSCTL_LIMIT="0", RATINGSCTL_OUTPUT="csv")
        found = json.loads(done.out)
        for text in (f"{path}:2: key 'serve.port': ", f"{path}:3: key 'serve.prot' is unknown; did you mean 'port'?",
                     "key 'load.yes' is unknown", "key 'load.replace' works on the command line only",
                     "query: environment variable RATINGSCTL_LIMIT: ", "load: environment variable RATINGSCTL_OUTPUT: "):
            self.assertEqual(sum(text in problem for problem in found["problems"]), 1, text)
            self.assertIn(text, done.err)
        self.assertEqual(found["settings"]["query.output"], {"value": "csv", "source": "environment", "place": "RATINGSCTL_OUTPUT"})
        self.assertEqual(self.run_cli("config", "--config", "/no/such/file", exit_code=2).err.count("/no/such/file"), 1)

    def test_a_mistyped_variable_is_named(self):
        done = self.run_cli("config", RATINGSCTL_PROT="80", RATINGSCTL_STORE_PASSWORD_FIEL="x")
        self.assertIn("warning: environment variable RATINGSCTL_PROT is no setting; did you mean 'RATINGSCTL_PORT'?", done.err)
        self.assertIn("did you mean 'RATINGSCTL_STORE_PASSWORD_FILE'?", done.err)
        self.assertEqual(self.run_cli("config", RATINGSCTL_PORT="80", RATINGSCTL_STORE_PASSWORD_FILE="x").err, "")

    def test_no_secret_is_shown_and_no_password_file_read(self):
        secret = Secrets.SECRET
        for output in ("table", "json"):
            for arguments, variables in ((["--store", f"postgresql://me:{secret}@h/db"], {}),
                                         ([], {"RATINGSCTL_STORE": f"host=h user=me password={secret}"}),
                                         ([], {"RATINGSCTL_CACHE": f"redis://:{secret}@h:6379/0"}),
                                         ([], {"RATINGSCTL_CACHE": f"redis-cluster://:{secret}@h:6379,g:6379"}),
                                         ([], {"RATINGSCTL_URL": f"http://me:{secret}@h:80/ready"})):
                with self.subTest(arguments or variables):
                    done = self.run_cli("config", "-o", output, *arguments, exit_code=None, **variables)
                    self.assertNotIn(secret, done.out + done.err)
                    self.assertIn("***", done.out)
        path = self.config(f'cache = "redis://:{secret}@h:6379/0"\n[serve]\nstore = "postgresql://me:{secret}@h/db"\n')
        done = self.run_cli("config")
        self.assertNotIn(secret, done.out + done.err)
        self.assertEqual(done.out.count("***"), 2)
        path.unlink()
        named = self.settings(RATINGSCTL_STORE_PASSWORD_FILE="/no/such/file")["RATINGSCTL_STORE_PASSWORD_FILE"]
        self.assertEqual(named, {"value": "/no/such/file", "source": "environment", "place": "RATINGSCTL_STORE_PASSWORD_FILE"})


if __name__ == "__main__":
    harness.main()
