#!/usr/bin/env bash
# A set that is still bad after a mend is cut again by breakers that run, also within the open time of its first cut; and what was mended
# is no sign of what everyone has.
. "$(dirname "$0")/../lib/common.bash"
begin "${CDCTL_STORY_FEED:-broker}"
if [ -n "$has_broker" ]; then make_trunk; else make_trunk "$service" 'worker: exec sleep 1000'; fi
units=1 make_service </dev/null
sed -i 's/^rules = .*/rules = ["critical >= 1"]/' "services.d/$service.toml"
working() { [ -z "$has_broker" ] || [ "$(connections_of "$1")" -ge 1 ]; }
good=$(deploy_one ok)
eventually 30 working "$good"
bad=$(deploy_one ok)
eventually 30 working "$bad"

: >breaker.log
setsid bash -o pipefail -c 'cdctl signals '"$service"' --follow=night | cdctl trip | tee verdicts | cdctl break -o ndjson >breaker.log' 2>breaker.err </dev/null &
breaker=$!
eventually 20 filled 'home/configurations/*/readers/night'
say() { expect_exit 0 cdctl signal "$1" "$2" -s "$3" </dev/null; }
is_cut() { [ "$(cut_of "$1")" = true ]; }
mend() { expect_exit 0 cdctl mend "$1" </dev/null; eventually 30 working "$1"; }

say "$good" fine info
began=$SECONDS
for round in 1 2 3; do
  say "$bad" oops critical
  eventually 15 is_cut "$bad"
  mend "$bad"
  ! is_cut "$bad" || fail "round $round: it was cut again for what was mended"
done
[ $((SECONDS - began)) -lt 60 ] || printf 'slow: the open time of the first cut was over\n' >&2
# The good one was never told of by anything but the mended one's trouble: it goes bad alone.
say "$good" oops critical
eventually 15 is_cut "$good"
! grep -q everyone verdicts || fail "what was mended counted for everyone: $(cat verdicts)"
kill -TERM -- "-$breaker"
wait "$breaker" 2>/dev/null || true
expect_same "verdicts" "$(jq -r 'select(.verdict == "unhealthy") | .set' verdicts | sort | uniq -c | awk '{ print $1 }' | sort -n | paste -sd' ')" '1 3'
