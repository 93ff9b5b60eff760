#!/usr/bin/env bash
# `notify --follow` and `--new`: what happens at a home is told, over kills at every point, once each where the receiver can tell.
. "$(dirname "$0")/../lib/common.bash"
. "$(dirname "$0")/../lib/receivers.bash"
clean_up() {
  [ -z "${follower:-}" ] || kill "$follower" 2>/dev/null || :
  receivers_stop
}
begin
receivers_start
mkdir -p -m 0700 home
cat >>cdctl.toml <<EOF
[elastic]
url = "http://127.0.0.1:$receivers_port"
EOF
ids() { requests /_bulk .body | jq -r 'select(.cdctl).cdctl | .id // .set'; }
log() { outcome "$@" >>"$work/home/outcomes.ndjson"; }
say() { cdctl signal "$1" oops --severity error --message "$2"; }
told() { ids | grep -q "$1"; }
wait_for() { eventually 30 told "$1"; }

# A home that has no log yet: what comes first is told, too.
expect_exit 0 cdctl notify --new
log break 10
expect_exit 0 cdctl notify --new
expect_same first "$(ids | xargs)" "thumbs-r000000000a"
rm -r home/configurations home/outcomes.ndjson
forget_requests

# The first time it begins now; later it goes on where it was.
log break 1
expect_exit 0 cdctl notify --new
expect_same told "$(ids)" ""
log break 2
log mend 2
expect_exit 0 cdctl notify --new
expect_same told "$(ids | xargs)" "thumbs-r0000000002 thumbs-r0000000002"
expect_exit 0 cdctl notify --new
expect_same again "$(ids | wc -l)" 2

# The log is rotated in between.
mv "$work/home/outcomes.ndjson" "$work/home/outcomes.1.ndjson"
outcome break 3 >>"$work/home/outcomes.1.ndjson"
log break 4
expect_exit 0 cdctl notify --new
expect_same told "$(ids | tail -n 2 | xargs)" "thumbs-r0000000003 thumbs-r0000000004"

# Killed at any point, nothing is lost.
number=16
for point in notify.heard notify.kept notify.taken notify.passed notify.settled; do
  forget_requests
  number=$((number + 1))
  log break $number
  CDCTL_TEST_CRASH_AT=$point cdctl notify --new --timeout 5s 2>/dev/null || :
  expect_exit 0 cdctl notify --new --timeout 60s
  wait_for "$(printf 'r%010x' $number)"
  expect_same once "$(requests /_bulk .body | jq -r 'select(.create).create._id' | sort -u | wc -l)" 1
done

# A follower tells of signals and outcomes as they come; one at a time in a home; a stop ends it soon.
forget_requests
cdctl notify --follow 2>follow.err &
follower=$!
eventually 30 filled "home/configurations/*/readers/notify"
log break 99
wait_for r0000000063
say thumbs-r0000000063 hello
heard() { requests /_bulk .body | jq -e 'select(.cdctl.message == "hello")' >/dev/null; }
eventually 30 heard
expect_exit 5 cdctl notify --new
expect_error 'another notify --follow or --new is running'
sender=$(pgrep -P $follower -f 'notify elastic' | head -n 1)
[ -n "$sender" ] || fail "no process of its own sends"

# A sender that dies is started anew.
kill -9 "$sender"
log break 100
wait_for r0000000064
kill -TERM $follower
status=0
wait $follower || status=$?
follower=
expect_same "exit status" $status 143
