#!/usr/bin/env bash
# docs/security.md says of each row where it is tested, and those tests are there: stories, cases of unit tests, fuzz targets.
. "$(dirname "$0")/common.bash"
cd "$source_dir"
python3 - <<'PY'
import glob, os, re, sys

def text(path):
    with open(path) as file:
        return file.read()

stories = {os.path.basename(path)[: -len(".bash")] for path in glob.glob("tests/stories/*/*.bash")}
targets = set(re.findall(r"^cdctl_fuzz\((\w+) ", text("tests/cmake/fuzz.cmake"), re.M))
cases = {}  # of each room
for path in glob.glob("tests/unit/*/*.cpp"):
    source = re.sub(r'"\s*\n\s*"', "", text(path))  # literals that stand side by side
    names = re.findall(r'TEST_CASE\(\s*"((?:[^"\\]|\\.)*)"', source)
    cases.setdefault(path.split("/")[2], set()).update(name.replace('\\"', '"') for name in names)

def is_case(room, name):
    if name.endswith("…"):
        return any(case.startswith(name[:-1].rstrip()) for case in cases.get(room, ()))
    return name in cases.get(room, ())

# A room and its cases, `fuzz` and its targets, or stories: what stands between semicolons is of one kind.
def missing(tested):
    for part in tested.split(";"):
        kind = re.match(r"\s*(fuzz) `|\s*([a-z_]+): \*", part)
        room = kind and (kind[1] or kind[2])
        for case, name in re.findall(r"\*([^*]+)\*|`([^`]+)`", part):
            if case and not is_case(room, case):
                yield f"{room}: {case}"
            if name and name not in (targets if room == "fuzz" else stories):
                yield f"{'target' if room == 'fuzz' else 'story'} {name}"

rows = [line for line in text("docs/security.md").splitlines() if line.startswith("| ")]
assert rows[0].endswith("| tested by |"), rows[0]
wrong, people, named = [], [], 0
for row in rows[2:]:
    columns = [column.strip() for column in row.strip("|").split("|")]
    who, tested = columns[0], re.sub(r"\([^)]*\)", "", columns[-1])
    people.append(who)
    if len(columns) != 5:
        wrong.append(f"{who}: {len(columns)} columns")
    if not re.search(r"[*`]", tested):
        wrong.append(f"{who}: no test is named")
    named += len(re.findall(r"\*[^*]+\*|`[^`]+`", tested))
    wrong += [f"{who}: there is no {what}" for what in missing(tested)]
for kind in ("a worker", "a Mojo spec", "a team that owns", "another user of this machine", "someone who reaches the port", "an operator of the broker"):
    if not any(who.startswith(kind) for who in people):
        wrong.append(f"no row of {kind}")
print(f"{len(people)} rows, {named} tests")
sys.exit("\n".join(wrong) if wrong else 0)
PY
