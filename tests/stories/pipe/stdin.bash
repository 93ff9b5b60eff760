#!/usr/bin/env bash
# The grammar of standard input: decisions act, observations do not, a person says `-`, and "I don't know" travels on.
. "$(dirname "$0")/../lib/common.bash"
begin
make_trunk "$service" 'worker: exec sleep 1000'
make_service </dev/null
first=$(deploy_one ok)
second=$(deploy_one ok)
third=$(deploy_one ok)
rfc3339() { date -u +%Y-%m-%dT%H:%M:%S.%3NZ; }
now=$(rfc3339)
verdict() { # SET VERDICT [TIME-OF-EVIDENCE]
  local time=${3:-$(rfc3339)}
  printf '{"schema":"cdctl.verdict/1","set":"%s","verdict":"%s","rule":"critical >= 1","evidence":{"count":1,"first":"%s","last":"%s"},"time":"%s"}\n' \
    "$1" "$2" "$time" "$time" "$time"
}
expect_uncut() { expect_same "cut of $1" "$(cut_of "$1")" false; }

# An empty input is nothing to do; a terminal is a mistake.
for command in deploy break 'mend -' reap trip stale want scale; do
  expect_exit 0 cdctl $command </dev/null  # two words, where they are two
  expect_quiet
  expect_exit 2 script -qec "cdctl $command" /dev/null
done

# What is closed, or cannot be read, is no empty input; and nobody waits for it for ever.
for command in deploy break 'mend -' reap trip stale want scale 'signal -'; do
  expect_exit 1 timeout 20 bash -c "cdctl $command <&-"
  expect_error '^cdctl: reading standard input: Bad file descriptor'
  expect_exit 1 timeout 20 cdctl $command <"$work"
  expect_error '^cdctl: reading standard input: Is a directory'
done
expect_exit 0 timeout 20 bash -c 'cdctl ls <&- 2>&-'
expect_json 'length == 3'

# Observations do not act.
printf '{"schema":"cdctl.signal/1","id":"1","set":"%s","severity":"critical","signal":"oops","time":"%s"}\n' "$first" "$now" >signal
expect_exit 0 cdctl break <signal
expect_error 'skipped'
expect_uncut "$first"
cdctl ls -o ndjson >sets </dev/null
expect_exit 0 cdctl reap <sets
expect_error 'skipped'
expect_same "the sets" "$(sets_of | wc -l)" 3
for word in healthy undecided error; do
  expect_exit 0 cdctl break < <(verdict "$first" $word)
  expect_uncut "$first"
done

# Old evidence does not cut.
expect_exit 0 cdctl break < <(verdict "$first" unhealthy 2020-01-01T00:00:00.000Z)
expect_uncut "$first"

# Bare names need the `-`, and then only whole ones count.
expect_exit 2 cdctl break <<<"$first"
expect_error 'a list of names.*say - to read names; nothing was taken'
expect_uncut "$first"
for name in "$service" "$service@newest" "$service-*" "${first%??}" '../../etc' '-rf' 'Ünicode-r0123456789'; do
  expect_exit 1 cdctl break - <<<"$name"
  expect_error 'line 1'
done
expect_same "cut sets" "$(cdctl ls -o ndjson </dev/null | jq -s 'map(select(.cut)) | length')" 0
expect_exit 0 cdctl break - <<<"$first"
expect_same "cut of $first" "$(cut_of "$first")" true
expect_exit 0 cdctl mend - <<<"$first"
expect_uncut "$first"

# A stage before that was given another format: one line says what to do, and nothing is taken.
marks() { cdctl ls </dev/null | cdctl stale --keep 1 --min-age 0s --prove-for 0s "$@"; }
other_format() { # COMMAND WHAT: of the input in
  expect_exit 2 cdctl $1 <in
  expect_error "^cdctl: (signal: )?standard input is $2, .*; nothing was taken\$"
  expect_same "lines on stderr" "$(wc -l <err)" 1
  expect_no_line cdctl.outcome
}
cdctl ls -o json </dev/null >in
for command in 'stale --keep 1 --min-age 0s --prove-for 0s' reap deploy break trip 'signal -'; do other_format "$command" 'a JSON array'; done
marks | jq -s . >in
other_format reap 'a JSON array'
verdict "$first" unhealthy | jq -s -c . >in
other_format break 'a JSON array'
verdict "$first" unhealthy | jq . >in
other_format break 'JSON over several lines'
for format in table wide; do
  cdctl ls -o $format </dev/null >in
  other_format 'stale --keep 1' 'a table'
  marks -o $format >in
  other_format reap 'a table'
done
marks -o name >in
other_format reap 'a list of names'
expect_error 'say - to read names'
other_format 'stale --keep 1' 'a list of names'
cdctl ls </dev/null >in
expect_exit 2 cdctl mend - <in
expect_error '^cdctl: standard input is records, and - reads set names.*-o name; nothing was taken$'
expect_same "the sets" "$(sets_of | wc -l)" 3
expect_uncut "$first"

# Bad lines are named by number, and the rest goes on.
{
  printf '{"schema":"cdctl.verdict/1",\n'
  printf '{"schema":"cdctl.verdict/2","set":"%s","verdict":"unhealthy"}\n' "$second"
  printf '{"schema":"other.thing/1"}\n'
  printf 'no JSON\n[1,2]\n'
  printf '{"schema":"cdctl.verdict/1","verdict":"unhealthy","set":"%s","a":"\0"}\n' "$second"
  head -c 10000000 /dev/zero | tr '\0' x
  printf '\n'
  verdict "$first" unhealthy
} >lines
expect_exit 1 cdctl break <lines
for number in 1 2 3 4 5 6 7; do expect_error "line $number\b"; done
expect_same "cut of $first" "$(cut_of "$first")" true
expect_uncut "$second"

# Who could not ask says so, and nobody acts for that service.
printf '{"schema":"cdctl.error/1","service":"%s","while":"reading trunk","error":"no route","exit":4,"time":"%s"}\n' "$service" "$now" >unknown
expect_exit 4 cdctl deploy <unknown
expect_exit 4 cdctl break < <(cat unknown; verdict "$second" unhealthy)
expect_uncut "$second"
expect_exit 4 cdctl stale --keep 1 --min-age 0s --prove-for 0s < <(cat unknown sets)
expect_json 'length == 1 and .[0].schema == "cdctl.error/1"'
cp "$work/out" passed-on
expect_exit 4 cdctl reap <passed-on
expect_same "the sets" "$(sets_of | wc -l)" 3

# An unreachable trunk: exit 4, its error down the pipe, the other service answered.
make_trunk other 'worker: exec sleep 1000'
make_service other </dev/null
mv "$service.git" away.git
expect_exit 4 cdctl outdated </dev/null
expect_json "any(.schema == \"cdctl.error/1\" and .service == \"$service\") and any(.schema == \"cdctl.revision/1\" and .service == \"other\")"
pipe_exit 4 'cdctl outdated | cdctl deploy'
expect_same "sets of the other service" "$(sets_of other | wc -l)" 1
mv away.git "$service.git"

# What a filter does not know goes through it unchanged; --dry-run does nothing; too many at once are refused.
expect_exit 0 cdctl mend "$first" </dev/null
jq -c '. + {mine: {deep: [1]}}' sets >more
expect_exit 0 cdctl stale --keep 1 --min-age 0s --prove-for 0s <more
expect_json 'length == 2 and all(.mine.deep == [1] and .stale.why != null)'
cp "$work/out" marked
expect_exit 0 cdctl reap --dry-run <marked
expect_json 'length == 2 and all(.dry_run)'
expect_same "the sets" "$(sets_of "$service" | wc -l)" 3
expect_exit 5 cdctl reap --max-reaps 1 <marked
expect_same "the sets" "$(sets_of "$service" | wc -l)" 3
expect_exit 0 cdctl reap <marked
expect_same "the sets" "$(sets_of "$service")" "$third"

# A reader that leaves early ends us quietly.
pipe_exit 0 'yes "$(cat signal)" | head -200000 | cdctl trip --all --rule "critical >= 1" | head -1'
expect_same "stderr" "$(cat "$work/err")" ""
