#!/usr/bin/env bash
# What errors, help and the manual advise to type is there: each `cdctl COMMAND --option` in them is an option of that command.
. "$(dirname "$0")/common.bash"
cd "$source_dir"
python3 - "$build_dir/bin/cdctl" <<'PY'
import glob, re, subprocess, sys

cdctl = sys.argv[1]
pages = {}

def page(*command):
    if command not in pages:
        got = subprocess.run([cdctl, *command, "--help"], capture_output=True, text=True, timeout=20, stdin=subprocess.DEVNULL)
        pages[command] = got.stdout if got.returncode == 0 else None
    return pages[command]

def page_of(command, words):  # of a command of a plugin's group, such as cdctl mojo plan
    second = re.match(r" ([a-z][a-z-]*)(?: |$)", words)
    return (second and page(command, second[1])) or page(command)

files = [f for room in ("cli", "core", "plugins", "sdk") for f in glob.glob(room + "/**/*.[ch]pp", recursive=True)]
wrong, seen = [], 0
for name in files + glob.glob("docs/*.md") + ["README.md"]:
    text = open(name).read()
    if name.endswith("pp"):
        text = re.sub(r'"\s*\n\s*"', "", text)  # literals that stand side by side
        text = text.replace("\\n", "\n")
    for command, words in re.findall(r"cdctl ([a-z]+)((?: [^|`\";\n&#,:()]*)?)", text):
        options = re.findall(r"(?<![\w-])--([a-z][a-z-]+)", words)
        help = page_of(command, words) if options else None
        if help is None:
            continue
        for option in options:
            seen += 1
            if not re.search(r"--" + option + r"\b", help):
                wrong.append(f"{name}: cdctl {command} --{option}: cdctl{words}")
print(f"{seen} pieces of advice")
sys.exit("\n".join(wrong) if wrong else 0)
PY
