#!/usr/bin/env bash
# Wrong clocks: what is noted on a machine that is an hour ahead disarms no breaker elsewhere, a breaker on it cuts and obeys mends,
# evidence from the future does not cut, and nothing is stale or reaped sooner.
. "$(dirname "$0")/../lib/common.bash"
begin broker
command -v faketime >/dev/null || { echo 'no faketime: nothing to try'; exit 0; }
make_trunk
make_service </dev/null
good=$(deploy_one ok)
bad=$(deploy_one ok)
working() { [ "$(connections_of "$1")" = 2 ]; }
eventually 30 working "$good"
eventually 30 working "$bad"
ahead() { faketime -f "$clock" "$@"; }
there() { expect_exit "$1" faketime -f "$clock" cdctl "${@:2}"; }
verdict() { # TIME
  printf '{"schema":"cdctl.verdict/1","set":"%s","verdict":"unhealthy","rule":"critical >= 1","evidence":{"count":1,"first":"%s","last":"%s"},"time":"%s"}\n' "$bad" "$1" "$1" "$1"
}
time_of() { date -u -d "$1" +%Y-%m-%dT%H:%M:%S.%3NZ; }
expect_uncut() { expect_same "cut of $bad" "$(cut_of "$bad")" false; }
expect_cut() { expect_same "cut of $bad" "$(cut_of "$bad")" true; }
mend() { expect_exit 0 cdctl mend "$bad" </dev/null; eventually 30 working "$bad"; }

for time in 9999-12-31T23:59:59.000Z "$(time_of '+1 hour')" "$(time_of '+35 seconds')"; do
  expect_exit 1 cdctl break < <(verdict "$time")
  expect_error 'the evidence is from the future'
  expect_uncut
done

for clock in +1h -1h; do
  # A break and a mend there: what is seen here a moment later still cuts.
  there 0 break "$bad" </dev/null
  expect_error 'clock is (59|60)m (ahead of|behind) the broker'
  there 0 mend "$bad" </dev/null
  eventually 30 working "$bad"
  # A machine whose clock is wrong knows the broker's to half a second: its date is cut to the second. No less lies between.
  sleep 2
  expect_exit 0 cdctl break < <(verdict "$(time_of now)")
  expect_cut
  mend
  # A breaker there: what it sees cuts, and what was mended since does not cut again.
  sleep 2
  seen=$(ahead date -u +%Y-%m-%dT%H:%M:%S.%3NZ)
  there 0 break < <(verdict "$seen")
  expect_cut
  sleep 2
  mend
  there 0 break < <(verdict "$seen")
  expect_json 'all(.ignored == "the evidence is older than the mend")'
  expect_uncut
  # What another machine has found a moment ago. By the clock of one that is ahead it is older than the mend, and by the broker's not.
  sleep 2
  if [ "$clock" = +1h ]; then
    there 4 break < <(verdict "$(time_of now)")
    expect_error 'run NTP here'
    expect_uncut
  else
    there 0 break < <(verdict "$(time_of now)")
    expect_cut
    mend
  fi
  there 0 break < <(verdict "$(time_of '-10 min')") # a set that was mended since, by any clock
  expect_uncut
done

# What is stale, on such a machine and from one to another. Ages are by one clock; a mark of another machine is refused, and says why.
old=$(deploy_one ok)
eventually 30 working "$old"
new=$(deploy_one ok)
eventually 30 working "$new"
sleep 3
cdctl ls "$service" -o ndjson </dev/null >listed
stale=(stale --keep 1 --min-age 2s --prove-for 0s)
for clock in +1h -1h; do
  there 0 ls "$service" -o ndjson </dev/null
  cp out listed-there
  there 0 "${stale[@]}" <listed-there
  expect_json 'any(.set == $old) and all(.set != $new)' --arg old "$old" --arg new "$new"
  there 0 stale --keep 1 --min-age 30m --prove-for 0s <listed-there
  expect_quiet
  there 0 "${stale[@]}" <listed
  expect_json 'any(.set == $old)' --arg old "$old"
  cp out marked-there
  expect_exit 5 cdctl reap --dry-run <marked-there
  expect_error 'the mark is (from the future|[0-9]+[mh] old)'
  expect_exit 0 cdctl "${stale[@]}" <listed
  cp out marked
  there 5 reap --dry-run <marked
  expect_error 'clock is (59|60)m (ahead of|behind) the broker.s: run NTP here, or reap where it was marked'
done
# Marked there and reaped there, with a policy that its clock alone would find fulfilled.
clock=+1h
there 0 stale --keep 1 --min-age 30m --prove-for 0s <listed
expect_json 'any(.set == $old)' --arg old "$old"
cp out marked-there
there 5 reap <marked-there
expect_error 'it is not stale any more: younger than 30m'
expect_exit 0 cdctl reap "$old" "$new" --grace 0s --even-newest </dev/null

# What an older cdctl has noted for a time to come.
api "global-parameters/cdctl.cut.$bad" -X PUT -d "$(api "global-parameters/cdctl.cut.$bad" | jq -c --arg t "$(time_of '+1 hour')" '{value: (.value | .mended_at = $t)}')"
expect_exit 0 cdctl break < <(verdict "$(time_of now)")
expect_cut
mend

# A signal that says it was received in the future closes no window: what comes now still counts.
signal() { printf '{"schema":"cdctl.signal/1","id":"%s","set":"%s","severity":"error","signal":"oops","time":"%s","received":"%s"}\n' "$1" "$bad" "$2" "$2"; }
expect_exit 0 cdctl trip --rule 'errors >= 3 in 1m' < <(signal 1 "$(time_of now)"; signal 2 9999-12-31T23:59:59.000Z; signal 3 "$(time_of now)")
expect_json 'length == 1 and .[0].verdict == "unhealthy" and .[0].evidence.count == 3'
expect_error '1 signal was received in the future'
