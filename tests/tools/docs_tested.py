#!/usr/bin/env python3
"""Every test that docs/security.md names is there: stories and fuzz targets by name, cases of unit programs by their sentence."""
import pathlib
import re
import sys

source = pathlib.Path(sys.argv[1])
stories = {path.stem for path in (source / "tests/stories").glob("*/*.bash")}
fuzz = {path.stem for path in (source / "tests/fuzz").glob("*.cpp")}
cases = {}
for path in (source / "tests/unit").glob("*/*.cpp"):
    text = re.sub(r'"\s*\n\s*"', "", path.read_text())
    cases.setdefault(path.parent.name, []).extend(re.findall(r'TEST_CASE\(\s*"([^"]+)"', text))
wrong = []
rows = [line for line in (source / "docs/security.md").read_text().splitlines() if line.startswith("| ")][2:]
for row in rows:
    who, tested = row.strip("| ").split(" | ")[0], row.rstrip(" |").rsplit(" | ", 1)[1]
    found = 0
    for part in tested.split("; "):
        room = re.match(r"([a-z]+): ", part)
        for sentence in re.findall(r"\*([^*]+)\*", part):
            found += 1
            start = sentence.removesuffix(" …")
            there = [case for case in cases.get(room.group(1) if room else "", [])
                     if case == start or (start != sentence and case.startswith(start))]
            if not there:
                wrong.append(f"{who}: no case '{sentence}' in {room and room.group(1)}")
        for name in re.findall(r"`([a-z_]+)`", part):
            found += 1
            if name not in (fuzz if part.startswith("fuzz ") else stories) and not name.isupper():
                wrong.append(f"{who}: no {'fuzz target' if part.startswith('fuzz ') else 'story'} '{name}'")
    if not found and not tested.startswith("not tested"):
        wrong.append(f"{who}: neither a test nor 'not tested'")
if len(rows) < 20:
    wrong.append(f"only {len(rows)} rows read")
print("\n".join(wrong))
sys.exit(1 if wrong else 0)
