#!/usr/bin/env bash
# A breaker that ends while a verdict is in the pipe, or held back for the peers: SIGTERM to all of it, kill -9 of all three. Started again
# it cuts. And what was mended since is not cut for what was judged then.
. "$(dirname "$0")/../lib/common.bash"
begin "${CDCTL_STORY_FEED:-broker}"
if [ -n "$has_broker" ]; then make_trunk; else make_trunk "$service" 'worker: exec sleep 1000'; fi
units=1 make_service </dev/null
sed -i 's/^rules = .*/rules = ["critical >= 1 unless everyone in 3s", "errors >= 5 in 1h"]/' "services.d/$service.toml"
good=$(deploy_one ok)
working() { [ -z "$has_broker" ] || [ "$(connections_of "$1")" -ge 1 ]; }
eventually 30 working "$good"

start_breaker() {
  : >breaker.log
  setsid bash -o pipefail -c 'cdctl signals '"$service"' --follow=night --warm | cdctl trip | cdctl break -o ndjson >breaker.log' 2>>breaker.err </dev/null &
  breaker=$!
}
no_breaker() { ! kill -0 -- "-$breaker" 2>/dev/null; }
end_breaker() {
  kill "-$1" -- "-$breaker"
  wait "$breaker" 2>/dev/null || true
  eventually 10 no_breaker
}
say() { expect_exit 0 cdctl signal "$1" "$2" -s "$3" </dev/null; }
is_cut() { [ "$(cut_of "$1")" = true ]; }
said() { jq -es --arg set "$1" "any(.[]; .set == \$set and ($2))" breaker.log >/dev/null 2>&1; }

start_breaker
eventually 10 filled 'home/configurations/*/readers/night'
for kill in TERM KILL; do
  cut=()
  for round in 1 2 3 4 5; do
    bad=$(deploy_one ok)
    eventually 30 working "$bad"
    say "$good" fine info # a peer that could yet show the same
    say "$bad" oops critical
    sleep 1.5
    end_breaker "$kill"
    ! is_cut "$bad" || fail "$kill $round: it was cut before its time"
    start_breaker
    eventually 20 is_cut "$bad"
    eventually 10 said "$bad" .changed
    cut+=("$bad")
  done
  expect_same "criticals that led to a cut" ${#cut[@]} 5
  # Judged and mended since: the next start has all of it in its windows, and cuts only what is said anew. When that is cut, all
  # before it has been read.
  expect_exit 0 cdctl mend "${cut[@]}" </dev/null
  end_breaker "$kill"
  start_breaker
  say "${cut[0]}" oops critical
  eventually 30 is_cut "${cut[0]}"
  for bad in "${cut[@]:1}"; do
    ! is_cut "$bad" || fail "$kill: $bad was cut again for what was mended"
  done
  for bad in "${cut[@]:1}"; do expect_exit 0 cdctl reap "$bad" --even-newest --grace 0s </dev/null; done
done

# A window of an hour is as it was: four errors before the end, the fifth after it.
bad=$(deploy_one ok)
eventually 30 working "$bad"
for n in 1 2 3 4; do say "$bad" torn error; done
sleep 0.5
end_breaker KILL
start_breaker
say "$bad" torn error
eventually 20 is_cut "$bad"
end_breaker TERM

# Who is told twice knows it, and the position does not move back.
before=$(cat home/configurations/*/readers/night)
pipe_exit 0 "timeout 2 cdctl signals $service --follow=night --warm | head -3; true"
expect_json 'length == 3 and all(.replayed)'
after=$(cat home/configurations/*/readers/night)
if [ -n "$has_broker" ]; then # others speak on it, too
  offset() { local at=${1##*:}; printf '%s' "${at%@*}"; }
  [ "$(offset "$after")" -ge "$(offset "$before")" ] || fail "the position went back from $before to $after"
else
  expect_same "the position" "$after" "$before"
fi
expect_exit 2 cdctl signals --warm </dev/null
expect_error 'give it with --follow'
