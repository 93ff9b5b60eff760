#!/usr/bin/env python3
"""type_in_shell SHELL FOLDER <CASES - types command lines with TABs into a real shell on a pseudo-terminal.

The shell finds another cdctl before the one on PATH: it has `__complete` answered by that one, and otherwise writes its arguments down.
What counts is what the program gets once Enter is typed. A case is a line of JSON, [KEYS, ARGUMENTS...]: `<TAB>` in KEYS is a tab,
`<LEFT n>` moves the cursor. [KEYS, {"shows": TEXT}] wants TEXT on the terminal. No case may bring a message of cdctl to the terminal.
Exit status: 1 when a case fails. $NO_BASH_COMPLETION: bash without the package bash-completion.
"""
import fcntl, json, os, pty, re, select, shutil, signal, struct, sys, termios, time

SECONDS = 60  # for one step, on a busy machine; nothing here waits for time to pass

START = {
    # The prompt counts, so that an old one is never taken for the next.
    "bash": """
n=0; PROMPT_COMMAND='n=$((n+1)); PS1="<$n>"'
[ -n "$NO_BASH_COMPLETION" ] || source /usr/share/bash-completion/bash_completion
bind 'set enable-bracketed-paste off'; bind 'set bell-style none'
source <(cdctl completion bash)
alias c=cdctl; complete -o nosort -F _cdctl c
""",
    "zsh": """
n=0; precmd() { n=$((n+1)); PS1="<$n>" }; unsetopt promptsp beep; unset zle_bracketed_paste; bindkey -e
autoload -Uz compinit; compinit -u -D
source <(cdctl completion zsh)
alias c=cdctl
""",
    "fish": """
set -g fish_greeting; set -g fish_autosuggestion_enabled 0; set -g n 1
function bump --on-event fish_postexec; set -g n (math $n + 1); end
function fish_prompt; echo -n "<$n>"; end
cdctl completion fish | source
alias c=cdctl
""",
}
ARGV = {
    "bash": lambda rc: ["bash", "--noprofile", "--rcfile", rc, "-i"],
    "zsh": lambda rc: ["zsh", "-d", "-i"],
    "fish": lambda rc: ["fish", "--no-config", "-i", "-C", "source " + rc],
}


def plain(text):
    return re.sub(r"\x1b\][^\x07]*\x07|\x1b[\[(][0-9;?>=]*[A-Za-z]|\x1b[=>]|[\r\x07]", "", text)


class Shell:
    def __init__(self, name, folder):
        self.name, self.log, self.seen, self.prompts = name, os.path.join(folder, "arguments"), "", 0
        stand_in = os.path.join(folder, "bin")
        os.makedirs(stand_in)
        with open(os.path.join(stand_in, "cdctl"), "w") as out:
            os.fchmod(out.fileno(), 0o755)
            out.write(f"#!{sys.executable} -S\nimport json, os, sys\n"
                      f"if sys.argv[1:2] in (['__complete'], ['completion']): os.execv({shutil.which('cdctl')!r}, sys.argv)\n"
                      f"with open({self.log!r}, 'a') as out: out.write(json.dumps(sys.argv[1:]) + '\\n')\n")
        rc = os.path.join(folder, ".zshrc" if name == "zsh" else "rc")
        with open(rc, "w") as out:
            out.write(START[name])
        environment = dict(os.environ, PATH=stand_in + ":" + os.environ["PATH"], TERM="xterm", LC_ALL="C.UTF-8", HOME=folder, ZDOTDIR=folder, XDG_DATA_HOME=folder)
        for variable in ("BASH_ENV", "ENV", "PROMPT_COMMAND"):
            environment.pop(variable, None)
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.execvpe(name, ARGV[name](rc), environment)
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", 50, 120, 0, 0))
        self.await_prompt()

    def await_that(self, there, what):
        end = time.monotonic() + SECONDS
        while not there():
            if time.monotonic() > end:
                sys.exit(f"{self.name}: {what} did not come; the terminal shows:\n{plain(self.seen)}\n({self.seen!r})")
            if select.select([self.fd], [], [], 0.05)[0]:
                self.seen += os.read(self.fd, 65536).decode(errors="replace")

    def await_prompt(self):
        self.prompts += 1
        self.await_that(lambda: f"<{self.prompts}>" in plain(self.seen), f"prompt {self.prompts}")

    def type(self, keys):
        keys = re.sub(r"<LEFT (\d+)>", lambda found: "\x02" * int(found.group(1)), keys).replace("<TAB>", "\t")
        os.write(self.fd, keys.encode())

    def recorded(self):
        if not os.path.exists(self.log):
            return []
        with open(self.log) as lines:
            return [json.loads(line) for line in lines.read().split("\n") if line]

    def enter(self):
        """Ends the line; what the program got."""
        before = len(self.recorded())
        self.type("\n")
        self.await_that(lambda: len(self.recorded()) > before, "the run of a command")
        self.await_prompt()
        return self.recorded()[before]

    def case(self, keys, *wanted):
        """What is wrong, or None."""
        self.seen = ""
        self.type(keys)
        if wanted and isinstance(wanted[0], dict):
            text = wanted[0]["shows"]
            self.await_that(lambda: text in plain(self.seen), f"{text!r} behind {keys!r}")
            self.type("\x15cdctl end")
            self.enter()
        elif (got := self.enter()) != list(wanted):
            return f"{keys!r} gives {got}, wanted {list(wanted)}; the terminal showed:\n{plain(self.seen)}"
        return f"{keys!r}: a message on the terminal: {plain(self.seen)}" if "cdctl: " in plain(self.seen) else None

    def close(self):
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)


def main():
    name, folder = sys.argv[1], os.path.abspath(sys.argv[2])
    os.makedirs(folder)
    shell = Shell(name, folder)
    wrong = []
    try:
        for line in sys.stdin:
            if line.strip() and (fault := shell.case(*json.loads(line))):
                wrong.append(fault)
    finally:
        shell.close()
    for fault in wrong:
        print(f"{name}: {fault}")
    sys.exit(1 if wrong else 0)


main()
