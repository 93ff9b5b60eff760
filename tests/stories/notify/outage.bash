#!/usr/bin/env bash
# Receivers that are away for an hour, 10,000 records of it: nothing is lost, nothing is there twice where the receiver can tell, the order of
# a key is kept, memory and disk stay within what the manual says, and a pager beside them is not a moment late. `notify` is killed in the
# middle of the outage and in the middle of what comes after it, and the receivers come back in a bad mood.
. "$(dirname "$0")/../lib/common.bash"
. "$(dirname "$0")/../lib/receivers.bash"
clean_up() {
  [ -z "${follower:-}" ] || kill -KILL "$follower" 2>/dev/null || :
  [ -z "${pager_pid:-}" ] || kill "$pager_pid" 2>/dev/null || :
  receivers_stop
}
begin
receivers_start
mkdir pager
python3 "$source_dir/tests/support/receivers.py" "$work/pager" 2>>pager/log &
pager_pid=$!
eventually 30 test -s pager/port
(umask 077 && printf '0123456789abcdef0123456789abcdef\n' >pagerduty.key)
# An hour of trouble is many tries: here they come a second apart.
cat >>cdctl.toml <<EOF
[notify]
longest_pause = "1s"
[[notify.routes]]
to = ["pagerduty"]
services = ["loud"]
[[notify.routes]]
to = ["webhook:events"]
services = ["web"]
[elastic]
url = "http://127.0.0.1:$receivers_port"
[webhook.receivers.events]
url = "http://127.0.0.1:$receivers_port/events"
format = "json"
[pagerduty]
routing_key_file = "pagerduty.key"
api = "http://127.0.0.1:$(<pager/port)"
EOF
expect_exit 0 cdctl config check
mkdir -p -m 0700 home

# 10,000 outcomes of the last hour, of 100 sets that are cut and mended in turn. A fifth is of `web`, which the webhook hears of, too.
many=10000 first=500
jq -cn --argjson many $many --argjson begin "$(($(date +%s) - 3600))" '
  range($many) | . as $n | ($n % 100) as $key | (if $key % 5 == 0 then "web" else "thumbs" end) as $service | "r000000000\($key)"[-10:] as $digits
  | {schema: "cdctl.outcome/1", action: (if ($n / 100 | floor) % 2 == 0 then "break" else "mend" end), service: $service, revision: "r\($digits)", set: "\($service)-r\($digits)", n: $n,
     ok: true, changed: true, took_ms: 4.1, steps: [], why: "errors >= 5 in 1m", by: "breaker@web1", time: ($begin + $n * 0.36 | todate)}' >all
[ "$(wc -l <all)" = $many ] || fail "not $many records"
log() { sed -n "$1,$2p" all >>home/outcomes.ndjson; } # FROM TO
documents() { wc -l <receivers/documents; }
at_least_documents() { [ -s receivers/documents ] && [ "$(documents)" -ge "$1" ]; }
status_of() { cdctl notify --status -o ndjson </dev/null | jq -r --arg name "$1" "select(.receiver == \$name) | $2"; }
says() { [ "$(status_of "$1" "$2")" = "$3" ]; }
sender_of() { pgrep -P "$follower" -f "notify $1" | head -n 1; }

follow() {
  cdctl notify --follow </dev/null 2>>follow.err &
  follower=$!
}
# The most that the follower and its senders had in memory so far, each.
peak=0
look_at_memory() {
  local pid kib
  for pid in $follower $(pgrep -P "$follower"); do
    kib=$(awk '/^VmHWM/ { print $2 }' "/proc/$pid/status" 2>/dev/null) || continue
    [ "${kib:-0}" -le $peak ] || peak=$kib
  done
}
# page N: a set of `loud` is cut; how long until the pager has it is in $slowest, in ms.
slowest=0
paged() { jq -e --arg key "cdctl/cut/$1" 'select(.status == 202) | .body | fromjson | select(.dedup_key == $key)' pager/requests >/dev/null 2>&1; }
page() {
  local begun took set
  set=loud-r$(printf '%010d' "$1")
  begun=$(now_ms)
  outcome break 1 "$(jq -cn --arg set "$set" '{service: "loud", set: $set, revision: ($set | split("-")[1])}')" >>home/outcomes.ndjson
  eventually 30 paged "$set"
  took=$(($(now_ms) - begun))
  [ $took -le $slowest ] || slowest=$took
}

follow
eventually 30 filled 'home/configurations/*/notify/log.position'
log 1 $first
eventually 60 at_least_documents $first
page 0
before_outage=$slowest slowest=0

# ------------------------------------------------------------ away
receivers_stop
for part in 1 2 3 4 5 6 7 8 9 10; do
  log $((first + (part - 1) * 950 + 1)) $((first + part * 950))
  page $part
  look_at_memory
  case $part in
    3) # the one that listens dies, with all that send
      kill -KILL $(pgrep -P "$follower") "$follower" 2>/dev/null || :
      wait "$follower" 2>/dev/null || :
      follow ;;
    6) # it alone
      kill -KILL "$follower"
      wait "$follower" 2>/dev/null || :
      follow ;;
  esac
done
printf 'a page took %s ms before, at most %s ms while the others were away\n' "$before_outage" "$slowest"
[ "$slowest" -le 10000 ] || fail "a page took $slowest ms while others were away"
eventually 60 says elastic .waiting $((many - first + 10)) # the pages are documents, too
eventually 60 says webhook:events .waiting $(((many - first) / 5))
tried() { [ "$(status_of elastic .tries)" -ge 3 ]; }
eventually 60 tried
look_at_memory
# No more than what waits, and what says how far it was sent.
waiting=$(status_of elastic .waiting_bytes)
size=$(($(wc -c <all) * 6 / 5 + 262144))
[ "$(du -sb home/configurations/*/notify | cut -f1)" -le $size ] || fail "$(du -sb home/configurations/*/notify | cut -f1) bytes on the disk, $waiting wait for elastic"

# ------------------------------------------------------------ back
answers '/_bulk half 429' '/_bulk 429 1' '/_bulk drop' '/_bulk cut' '/_bulk 503' '/events cut' '/events 429 1' '/events drop' '/events 502'
receivers_start "$receivers_port"
eventually 120 at_least_documents 2000
kill -KILL "$(sender_of elastic)" 2>/dev/null || :
eventually 120 at_least_documents 4000
look_at_memory
kill -KILL $(pgrep -P "$follower") "$follower" 2>/dev/null || :
wait "$follower" 2>/dev/null || :
follow
eventually 180 at_least_documents $((many + 11))
eventually 60 says elastic .waiting 0
eventually 180 says webhook:events .waiting 0
look_at_memory

# Nothing lost, nothing twice: an index knows a document by its id, whichever try brought it.
expect_same "documents" "$(sort -u receivers/documents | wc -l) of $(documents)" "$((many + 11)) of $((many + 11))"
for receiver in elastic webhook:events pagerduty; do
  expect_same "what is left for $receiver" "$(status_of $receiver '"\(.waiting) \(.refused) \(.dropped)"')" "0 0 0"
done
# The webhook heard each, and of each key in order: what came again after a kill or a cut came behind what it had had before.
taken /events | jq -r '"\(.set) \(.n)"' >heard
expect_same "all of web" "$(sort -u heard | wc -l)" $((many / 5))
awk '!seen[$0]++ { if (($1 in last) && $2 < last[$1]) { print "out of order:", $0; exit 1 } last[$1] = $2 }' heard || fail "the order of a key was not kept"
repeated=$(($(wc -l <heard) - many / 5))
[ $repeated -le 1000 ] || fail "$repeated records came twice; the manual says a batch of 500 after a kill"
# The pager has an incident each.
expect_same "incidents" "$(jq -r 'select(.status == 202) | .body | fromjson | .dedup_key' pager/requests | sort -u | wc -l)" 11

# What the manual says of memory and of what stays on the disk.
printf 'peak memory %s MiB, %s of %s records of web came twice\n' $((peak / 1024)) $repeated $((many / 5))
if ! grep -qs '^CMAKE_CXX_FLAGS:.*-fsanitize=' "$build_dir/CMakeCache.txt"; then
  [ $peak -le 65536 ] || fail "$((peak / 1024)) MiB in memory"
fi
[ "$(du -sb home/configurations/*/notify | cut -f1)" -le $((3 * 9 * 1048576)) ] || fail "$(du -sb home/configurations/*/notify | cut -f1) bytes stay on the disk"

kill -TERM "$follower"
status=0
wait "$follower" || status=$?
follower=
expect_same "exit status" $status 143
