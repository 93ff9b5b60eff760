#!/usr/bin/env bash
# The commands in examples/ci do what they say: each line of the crontab, each ExecStart of the units and each step of the CI files is
# taken out of its file and run, as it stands, on a service on a real broker.
. "$(dirname "$0")/../lib/common.bash"
begin own-broker
service=thumbs
make_trunk
make_service
ci=$source_dir/examples/ci
run_line() { # WHERE LINE
  printf '%s: %s\n' "$1" "$2" >command
  timeout -k 5 120 env SERVICE=$service bash -c "$2" >out 2>err </dev/null || fail "exit status $?"
}
sets() { sets_of | wc -l; }
listening() { [ "$(api 'consumers/%2F' | jq '[.[] | select(.queue.name == "cdctl.signals.log")] | length')" -ge 1 ]; }
is_cut() { [ "$(cut_of "$1")" = true ]; }

# The breaker runs for ever, as its unit says, and comes back under its name.
breaker=$(sed -n "s/^ExecStart=//p" "$ci/systemd/cdctl-breaker.service")
[[ $breaker = *--follow=breaker-%H* ]] || fail "the breaker has no name"
setsid bash -c "${breaker//%H/web1}" >breaker.log 2>breaker.err </dev/null &
pid=$!
eventually 20 listening

mapfile -t cron < <(sed -nE 's/^[0-9*][^ ]* +([^ ]+ +){3}[^ ]+ +deploy +//p; s/^\*\/5 .* deploy  //p' "$ci/cron.d/cdctl" | sort -u)
[ ${#cron[@]} = 3 ] || fail "not three cron jobs: ${cron[*]}"
for line in "${cron[@]}"; do run_line cron "$line"; expect_quiet; done
expect_same "sets after the cron jobs" "$(sets)" 1
for job in deploy reap; do
  commit ok
  run_line "systemd, $job" "$(sed -n 's/^ExecStart=//p' "$ci/systemd/cdctl-$job.service")"
done
expect_same "sets after the timers" "$(sets)" 2

# The machine goes down, and the boot unit brings the sets back.
for set in $(sets_of); do
  kill -9 "$(cdctl inspect "$set" -o ndjson </dev/null | jq .local.supervisor_pid)"
done
run_line "systemd, boot" "$(sed -n 's/^ExecStart=//p' "$ci/systemd/cdctl-boot.service")"
expect_same "sets after the boot" "$(sets)" 3   # the second commit went out, too
expect_same "states after the boot" "$(cdctl ls -o ndjson </dev/null | jq -r .state | sort -u)" live

steps=$(sed -nE 's/^ +run: //p' "$ci/github/deploy.yml")
[ "$(wc -l <<<"$steps")" = 3 ] || fail "not three steps"
commit ok
while read -r line; do run_line github "$line"; done <<<"$steps"
expect_same "sets after the GitHub job" "$(sets)" 4
expect_line "^$service-r"

script=$(awk '/^  (after_)?script:/ { inside = 1; next } /^  [a-z]/ { inside = 0 } inside { sub(/^    - /, ""); print }' "$ci/gitlab/gitlab-ci.yml")
[ "$(wc -l <<<"$script")" = 4 ] || fail "not four lines"
commit ok
run_line gitlab "$script"
expect_same "sets after the GitLab job" "$(sets)" 5

# A bad one is cut by the unit's pipe.
bad=$(newest_set)
cdctl signal "$bad" oops -s critical </dev/null
eventually 30 is_cut "$bad"
kill -TERM -- "-$pid"
wait "$pid" || true
