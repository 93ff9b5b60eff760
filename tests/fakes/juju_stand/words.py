"""The command lines of juju: which words each version takes."""
from .store import Fail, LEGACY, NEWEST

ANY = {"-B": 0, "--no-browser-login": 0, "--debug": 0}
MODEL = {**ANY, "-m": 1}
BARE = {"-m": 1, "--debug": 0}  # these take no -B in any version
JSON = {"--format": 1}
FORCE = {"--no-prompt": 0, "--force": 0, "--no-wait": 0}

# What follows a command: 1 = the option takes a value, + = it may be given again.
COMMANDS = {
    "version": {**JSON, "--all": 0},
    "whoami": {**JSON, "-c": 1, "-B": 0},
    "controllers": {**JSON, "-B": 0, "--refresh": 0},
    "models": {**ANY, **JSON, "-c": 1, "--all": 0, "--user": 1, "--exact-time": 0},
    "status": {**MODEL, **JSON, "--utc": 0, "--retry-count": 1, "--relations": 0, "--storage": 0},
    "offers": {**MODEL, **JSON},
    "show-model": {**ANY, **JSON},
    "show-application": {**MODEL, **JSON},
    "show-unit": {**MODEL, **JSON},
    "add-model": {**ANY, "-c": 1, "--config": "+", "--credential": 1, "--no-switch": 0, "--owner": 1},
    "model-config": {**MODEL, **JSON, "--reset": 1},
    "destroy-model": {**ANY, **FORCE, "--destroy-storage": 0, "--release-storage": 0, "-t": 1, "--timeout": 1},
    "deploy": {**MODEL, "--overlay": "+", "--config": "+", "--constraints": 1, "--channel": 1, "--revision": 1, "--trust": 0, "-n": 1,
               "--resource": "+", "--to": 1, "--bind": 1, "--storage": "+", "--force": 0, "--dry-run": 0},
    "config": {**MODEL, **JSON, "--file": 1, "--reset": 1},
    "remove-application": {**MODEL, **FORCE, "--destroy-storage": 0},
    "add-relation": BARE, "relate": BARE, "integrate": BARE,
    "remove-relation": {**MODEL, "--force": 0},
    "offer": {**ANY, "-c": 1}, "consume": MODEL, "remove-saas": MODEL,
    "remove-offer": {**ANY, "-c": 1, "--force": 0, "-y": 0},
    "suspend-relation": {**MODEL, "--message": 1}, "resume-relation": MODEL,
    "expose": {**MODEL, "--endpoints": 1, "--to-spaces": 1, "--to-cidrs": 1},
    "unexpose": {**MODEL, "--endpoints": 1},
    "scale-application": MODEL,
    "add-unit": {**MODEL, "-n": 1, "--num-units": 1, "--to": 1},
    "remove-unit": {**MODEL, **FORCE, "--num-units": 1, "--destroy-storage": 0},
    "add-secret": {**BARE, "--file": 1, "--info": 1}, "update-secret": {**BARE, "--file": 1, "--info": 1, "--auto-prune": 0},
    "grant-secret": MODEL, "revoke-secret": MODEL, "remove-secret": {**MODEL, "--revision": 1},
    "secrets": {**BARE, **JSON, "--owner": 1},
    "disabled-commands": {**MODEL, **JSON, "--all": 0}, "disable-command": MODEL, "enable-command": MODEL,
}
if LEGACY:
    for name in ("integrate", "add-secret", "update-secret", "grant-secret", "revoke-secret", "remove-secret", "secrets"):
        del COMMANDS[name]
    COMMANDS["deploy"] = {**COMMANDS["deploy"], "--series": 1}
    for name in ("destroy-model", "remove-offer"):
        COMMANDS[name] = {**COMMANDS[name], "-y": 0, "--yes": 0}
else:
    del COMMANDS["add-relation"]
    COMMANDS["deploy"] = {**COMMANDS["deploy"], "--base": 1, **({} if NEWEST else {"--series": 1})}
    COMMANDS["remove-application"] = {**COMMANDS["remove-application"], "--dry-run": 0}


def parse(words, without=()):
    """The command, its words, its options. An unknown option ends it before it runs, as Go's flags do."""
    words = list(words)
    while words and words[0] in ("--no-alias", "--debug"):
        words.pop(0)
    command = words.pop(0) if words else "help"
    if command not in COMMANDS:
        raise Fail('juju: "%s" is not a juju command. See "juju --help".' % command, 2)
    takes, options, plain = COMMANDS[command], {}, []
    while words:
        word = words.pop(0)
        if word == "--":
            plain += words
            break
        if not word.startswith("-") or word == "-":
            plain.append(word)
            continue
        word, equals, value = word.partition("=")
        if word == "--model":
            word = "-m"
        if word not in takes or word in without:
            raise Fail("option provided but not defined: %s" % word, 2)
        if not takes[word]:
            options[word] = True
            continue
        if not equals:
            if not words:
                raise Fail("flag needs an argument: %s" % word, 2)
            value = words.pop(0)
        if takes[word] == "+":
            options.setdefault(word, []).append(value)
        else:
            options[word] = value
    return command, plain, options
