#!/usr/bin/env bash
# Output that cannot be written is one error and exit 1, in every command; a reader that has gone is none. And so is input that
# cannot be read.
. "$(dirname "$0")/../lib/common.bash"
. "$(dirname "$0")/../lib/landing.bash"
begin
make_trunk "$service" 'worker: echo hello; exec sleep 1000'
make_service <<'EOS'
[scale]
worker = { min = 1, max = 4 }
EOS
live=$(deploy_one ok)
second=$(deploy_one ok)
cdctl signal "$live" oops -s critical </dev/null
commit ok
cdctl ls >sets </dev/null
cdctl signals --since 1h >signals </dev/null
cdctl outdated >revision </dev/null
cdctl stale --keep 1 --min-age 0s --prove-for 0s --all <sets | jq -c 'select(.stale)' >marked
cdctl trip <signals >verdicts
[ -s marked ] && [ -s verdicts ] && [ -s revision ]
make_origin
printf '[verify]\ncommand = "./check"\n' | make_target
make_person alice
make_person bob
offer alice fix words two
vote bob fix approve
cp -R people/bob/.git . # whoever proposes and reviews stands in a clone
cdctl proposals </dev/null >proposed
cdctl gate <proposed >candidates
cdctl verify <candidates >verified
[ -s proposed ] && [ -s candidates ] && [ -s verified ]

# ---------------------------------------------------------------- every command

export CDCTL_PLUGIN_PATH=$build_dir/tests/sinks CDCTL_TEST_SINK=$work/sunk
# A command a line, and what it reads. Those that are named without a line here write nothing, or need a terminal or a broker's
# answer: signal, top.
while IFS='|' read -r line input; do
  lines+=("$line")
  inputs+=("${input:-/dev/null}")
done <<END
--help
--version
help
help ls
help mojo
help mojo plan
ls --help
mojo --help
mojo plan --help
version
version -o json
completion bash
completion zsh
completion fish
config show
config path -o json
config explain
plugins
plugins --check -o table
doctor -o json
ls
ls -o json
ls -o table
ls -o name
inspect $live -o table
outdated
signals --since 1h
probe
metrics
history
history --all-homes
diff $second
logs $live --tail 5
timeline $service -o text
timeline $service -o html
timeline $service -o svg
timeline $service -o json
trip --all|signals
trip --explain --rule 'critical >= 1'|signals
stale --keep 1 --all|sets
notify keep --pass|sets
deploy --dry-run|revision
break --dry-run|verdicts
mend $live --dry-run
want --all|sets
scale $live worker=3 --dry-run
force observe $service --dry-run
hold $service --dry-run
resume $service --dry-run
reap --dry-run|marked
retire $service --confirm $service --dry-run
propose other --revision origin/propose/main/fix --dry-run
review fix approve --head $(git -C origin.git rev-parse refs/heads/propose/main/fix) --dry-run
proposals
gate --all|proposed
verify|candidates
land --dry-run|verified
init new --service other --trunk $work/$service.git --broker none --dry-run
mojo plan-collect collect
mojo phases
elastic template
END
printf 'thing https://example.com/thing.git\n' >collect
for command in $(cdctl __complete fish 'cdctl ' | cut -f1 | grep -vE '^(:|signal|top|juju|rabbit)$'); do
  printf '%s\n' "${lines[@]}" | grep -qE "^$command( |\$)" || fail "no line here has cdctl $command"
done

lost() { # REASON REDIRECTION LINE INPUT
  pipe_exit 1 "cdctl $3 <$4 $2"
  expect_error "^cdctl: writing to standard output: $1; what is there of it is not whole\$"
  expect_same "times it was told" "$(grep -c 'writing to standard output' err)" 1
}
for i in "${!lines[@]}"; do
  lost 'No space left on device' '>/dev/full' "${lines[i]}" "${inputs[i]}"
  lost 'Bad file descriptor' '>&-' "${lines[i]}" "${inputs[i]}"
  want=0  # doctor may find something bad
  bash -c "cdctl ${lines[i]} <${inputs[i]}" >/dev/null 2>&1 || want=$?
  pipe_exit "$want" "set -o pipefail; cdctl ${lines[i]} <${inputs[i]} | true"
  expect_same "stderr when the reader has gone" "$(grep -c 'standard output' err || true)" 0
done
# Nothing to say is nothing lost; and what is wrong besides keeps its own code.
mkdir -p empty/services.d
printf '[local]\nhome = "%s/none"\n' "$work" >empty/cdctl.toml
pipe_exit 0 'cdctl ls -c empty/cdctl.toml </dev/null >/dev/full'
pipe_exit 2 'cdctl ls --frobnicate >/dev/full'
pipe_exit 3 'cdctl ls -c none.toml >/dev/full'

# ---------------------------------------------------------------- what is there does not look whole

cdctl timeline "$service" -o html </dev/null >whole.html
size=$(wc -c <whole.html)
pipe_exit 1 "trap '' XFSZ; ulimit -f 4; cdctl timeline $service -o html </dev/null >torn.html"
expect_error 'File too large'
[ "$(wc -c <torn.html)" -lt "$size" ] || fail "nothing was cut off"
# The page begins with the warning, and hides it once two parts follow.
shown() { # FILE: how many parts of the page the style counts, as a browser would
  python3 - "$1" <<'END'
import sys
from html.parser import HTMLParser
class Parts(HTMLParser):
    depth, seen, inside = 0, [], False
    def handle_starttag(self, tag, attributes):
        if tag == "body":
            self.inside = True
        elif self.inside:
            if self.depth == 0:
                self.seen.append((tag, dict(attributes).get("class")))
            if tag not in ("br", "meta", "link", "img"):
                self.depth += 1
    def handle_endtag(self, tag):
        self.depth -= self.inside and tag != "body"
page = Parts()
page.feed(open(sys.argv[1]).read())
print(*(f"{tag}.{name}" if name else tag for tag, name in page.seen))
END
}
grep -qF '.torn:nth-last-child(3){display:none}' whole.html
expect_same "the parts of a whole page" "$(shown whole.html)" "p.torn main footer"
for bytes in $((size - 200)) $((size / 2)) $((size / 4)); do
  head -c "$bytes" whole.html >torn.html
  [[ "$(shown torn.html)" =~ ^p\.torn( main)?$|^$ ]] || fail "a page of $bytes of $size bytes looks whole: $(shown torn.html)"
done

# ---------------------------------------------------------------- deeds before records

# A breaker goes on when its records cannot be kept: a full disk is when things go bad.
third=$(deploy_one ok)
for set in "$live" "$second"; do jq -c --arg set "$set" '.set = $set' verdicts; done >both
pipe_exit 1 'cdctl break <both >/dev/full'
expect_same "times it was told" "$(grep -c 'writing to standard output' err)" 1
expect_same "cut sets" "$(cdctl ls </dev/null | jq -r 'select(.cut).set' | sort)" "$(printf '%s\n' "$live" "$second" | sort)"
expect_same "the newest" "$(cut_of "$third")" false

# ---------------------------------------------------------------- input that cannot be read

for command in deploy break 'mend -' reap trip stale want scale 'signal -'; do
  for from in '<&-' '</'; do
    pipe_exit 1 "timeout 20 cdctl $command $from"
    expect_error '^cdctl: (signal: )?reading standard input: (Bad file descriptor|Is a directory); '
    expect_quiet
  done
done
pipe_exit 1 'timeout 20 cdctl ls <&- >&-'
