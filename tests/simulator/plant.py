#!/usr/bin/env python3
"""plant.py BUG ROOT OUT: writes the source that BUG names, with the bug in it.

A .bug file has comment lines (#), one line "file: PATH", and pairs of lines "- OLD" and "+ NEW". OLD must be exactly one
line of the source, blanks at its ends aside; else the build fails, because the bug would not be planted any more.
"""
import pathlib
import sys


def read_bug(path):
    file, old, new = None, [], []
    for line in path.read_text().splitlines():
        if line.startswith("file: "):
            file = line[6:].strip()
        elif line.startswith("- "):
            old.append(line[2:].strip())
        elif line.startswith("+"):
            new.append(line[1:].strip())
        elif line.strip() and not line.startswith("#"):
            sys.exit(f"{path}: cannot understand: {line}")
    if file is None or not old or len(old) != len(new):
        sys.exit(f"{path}: needs a file, and a '+' line for each '-' line")
    return file, list(zip(old, new))


def main(bug, root, out):
    file, changes = read_bug(pathlib.Path(bug))
    lines = (pathlib.Path(root) / file).read_text().splitlines()
    for old, new in changes:
        places = [i for i, line in enumerate(lines) if line.strip() == old]
        if len(places) != 1:
            sys.exit(f"{bug}: this line is {len(places)} times in {file}, once is needed: {old}")
        lines[places[0]] = new
    pathlib.Path(out).write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
