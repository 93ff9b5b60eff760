"""Holds the manual to the program: every `cdctl` command in a shell block of README.md, docs/ and examples/ names a command that is there,
options that its help page shows, and values that it allows; every link leads to a file, every anchor to a heading.

docs_commands.py SOURCE CDCTL -> exit 1 and a line for each that does not."""
import functools
import pathlib
import re
import shlex
import subprocess
import sys

source, cdctl = pathlib.Path(sys.argv[1]), sys.argv[2]
bad = []
seen = 0


@functools.cache
def help_of(*words):
    done = subprocess.run([cdctl, *words, "--help"], capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=30)
    return done.stdout if done.returncode == 0 else None


def stages(line):
    """The simple commands of a shell line, what stands in $(…) and in quotes given to a shell included."""
    for inner in re.findall(r"\$\(([^()]*)\)", line):
        yield from stages(inner)
    try:
        lexer = shlex.shlex(line, posix=True, punctuation_chars="|&;()<>")
        lexer.whitespace_split = True
        lexer.commenters = "#"
        words = list(lexer)
    except ValueError as error:
        yield ["unreadable", str(error)]
        return
    stage = []
    for word in words:
        if re.fullmatch(r"[|&;()]+", word):
            yield stage
            stage = []
        else:
            stage.append(word)
    yield stage


def check(where, words):
    while words and (words[0] in ("then", "do", "if", "!", "while", "sudo", "time", "timeout", "exec") or re.fullmatch(r"\w+=.*", words[0])):
        words = words[1:]
    if words and words[0] == "unreadable":
        bad.append(f"{where}: {words[1]}")
    if not words or words[0] != "cdctl":
        return
    global seen
    seen += 1
    rest = [word for word in words[1:]]
    for cut in [i for i, word in enumerate(rest) if re.fullmatch(r"[<>]+", word)][:1]:
        rest = rest[:cut]
    names = [word for word in rest if not word.startswith("-")]
    if not names:
        return
    page, command = help_of(names[0]), names[0]
    if page is None:
        bad.append(f"{where}: no command '{command}'")
        return
    if page.startswith(f"cdctl {command} COMMAND") and len(names) > 1:
        command, page = f"{names[0]} {names[1]}", help_of(names[0], names[1])
        if page is None:
            bad.append(f"{where}: no command '{command}'")
            return
    everything = page + help_of()
    for word in rest:
        name = re.match(r"--([a-z][a-z-]*)(=.*)?$", word)
        if name and not re.search(rf"--{name[1]}\b(?!-)", everything):
            bad.append(f"{where}: '{command}' has no --{name[1]}")
        letter = re.match(r"-([a-z])", word)
        if letter and not re.search(rf"(^|\s)-{letter[1]}\b", everything):
            bad.append(f"{where}: '{command}' has no -{letter[1]}")


def shell_lines(text):
    inside, joined, start = False, "", 0
    for number, line in enumerate(text.splitlines(), 1):
        if re.match(r"^\s*```", line):
            inside = not inside and re.match(r"^\s*```(sh|bash|console)\b", line) is not None
            continue
        if not inside:
            continue
        if not joined:
            start = number
        joined += re.sub(r"^\$ ", "", line.strip())
        if joined.endswith("\\"):
            joined = joined[:-1]
            continue
        yield start, joined
        joined = ""


def anchors(text):
    heads = re.findall(r"^#+ (.*)$", text, re.M)
    return {re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in heads}


pages = [source / "README.md", source / "ARCHITECTURE.md", *sorted((source / "docs").rglob("*.md")), *sorted((source / "examples").rglob("*.md"))]
for page in pages:
    text = page.read_text()
    for number, line in shell_lines(text):
        for words in stages(line):
            check(f"{page.relative_to(source)}:{number}", words)
    prose = re.sub(r"```.*?```", "", text, flags=re.S)
    for target in re.findall(r"\]\(([^)\s]+)\)", prose):
        if re.match(r"[a-z]+:", target):
            continue
        name, _, anchor = target.partition("#")
        to = (page.parent / name).resolve() if name else page
        if not to.exists():
            bad.append(f"{page.relative_to(source)}: the link {target} leads nowhere")
        elif anchor and to.suffix == ".md" and anchor not in anchors(to.read_text()):
            bad.append(f"{page.relative_to(source)}: {target} has no such heading")

print("\n".join(bad) if bad else f"{seen} commands in {len(pages)} pages")
sys.exit(1 if bad or seen < 50 else 0)
