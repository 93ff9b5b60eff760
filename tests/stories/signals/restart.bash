#!/usr/bin/env bash
# A breaker that ends while a verdict is in the pipe, or held back for the peers: SIGTERM to all of it, kill -9 of all three. Started again
# it cuts. And what was mended since is not cut for what was judged then.
. "$(dirname "$0")/../lib/common.bash"
begin "${CDCTL_STORY_FEED:-broker}"
if [ -n "$has_broker" ]; then make_trunk; else make_trunk "$service" 'worker: exec sleep 1000'; fi
make_service </dev/null
sed -i 's/^rules = .*/rules = ["critical >= 1 unless everyone in 3s", "errors >= 5 in 1h"]/' "services.d/$service.toml"
good=$(deploy_one ok)
bad=$(deploy_one ok)
working() { [ -z "$has_broker" ] || [ "$(connections_of "$1")" = 2 ]; }
eventually 30 working "$good"
eventually 30 working "$bad"

start_breaker() {
  : >breaker.log
  setsid bash -o pipefail -c 'cdctl signals --follow=night --warm | cdctl trip | cdctl break -o ndjson >breaker.log' 2>>breaker.err </dev/null &
  breaker=$!
}
no_breaker() { ! kill -0 -- "-$breaker" 2>/dev/null; }
end_breaker() {
  kill "-$1" -- "-$breaker"
  wait "$breaker" 2>/dev/null || true
  eventually 10 no_breaker
}
say() { expect_exit 0 cdctl signal "$1" "$2" -s "$3" </dev/null; }
is_cut() { [ "$(cut_of "$bad")" = true ]; }
said() { jq -es --arg set "$bad" "any(.[]; .set == \$set and ($1))" breaker.log >/dev/null 2>&1; }

start_breaker
eventually 10 test -s home/readers/night
expect_same "position" "$(cut_of "$bad")" false
cuts=0
for kill in TERM KILL; do
  for round in 1 2 3 4 5; do
    say "$good" fine info   # a peer that could yet show the same
    say "$bad" oops critical
    sleep 1.5
    end_breaker "$kill"
    ! is_cut || fail "$kill $round: it was cut before its time"
    start_breaker
    eventually 15 is_cut
    eventually 10 said '.changed'
    cuts=$((cuts + 1))
    expect_exit 0 cdctl mend "$bad" </dev/null
    eventually 30 working "$bad"
    # Judged and mended since: the next start has it in its windows, and cuts nothing.
    end_breaker "$kill"
    start_breaker
    eventually 15 said '.ignored == "the evidence is older than the mend"'
    ! is_cut || fail "$kill $round: cut again for what was mended"
  done
done
expect_same "criticals that were cut" $cuts 10

# A window of an hour is as it was: four errors before the end, the fifth after it.
for n in 1 2 3 4; do say "$bad" torn error; done
sleep 0.5
end_breaker KILL
start_breaker
say "$bad" torn error
eventually 15 is_cut
end_breaker TERM

# Who is told twice knows it, and the position does not move back.
before=$(cat home/readers/night)
pipe_exit 0 'timeout 2 cdctl signals --follow=night --warm | head -3; true'
expect_json 'length == 3 and all(.replayed)'
expect_same "the position" "$(cat home/readers/night)" "$before"
expect_exit 2 cdctl signals --warm </dev/null
expect_error 'give it with --follow'
