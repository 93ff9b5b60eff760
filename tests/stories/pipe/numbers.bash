#!/usr/bin/env bash
# What nobody here knows goes through every filter that passes records on, as it came: members of members too, and numbers with the
# digits they were written with, however large, small or oddly.
. "$(dirname "$0")/../lib/common.bash"
. "$(dirname "$0")/../lib/landing.bash"
begin
make_trunk "$service" 'worker: exec sleep 1000'
units=1 make_service </dev/null
set=$(deploy_one ok)
numbers='9007199254740993,-9223372036854775809,18446744073709551615,18446744073709551616,123456789012345678901234567890,0.1000000000000000055,1.0,-0,-0.0,2.50,1e3,1E+3,1e400,-1e400,1e-400'
extra="\"x\":{\"n\":[$numbers],\"18446744073709551616\":\"1e400 \\\" -0\"}"
expect_numbers() { # TIMES: so many lines of the output hold them as they were written
  expect_same "lines with the numbers of: $(cat command)" "$(grep -cF "[$numbers]" out)" "$1"
  [ "$(grep -cF '"18446744073709551616":"1e400 \" -0"' out)" = "$1" ] || fail "the member beside them changed"
}
with() { while IFS= read -r line; do printf '%s,%s}\n' "${line%\}}" "$extra"; done; } # records with a member that nobody knows
error="{\"schema\":\"cdctl.error/1\",\"service\":\"$service\",\"while\":\"reading\",\"error\":\"no answer\",\"exit\":4,\"time\":\"2026-11-23T04:00:00.000Z\",$extra}"
now=$(date -u +%FT%T.%3NZ)
signal="{\"schema\":\"cdctl.signal/1\",\"id\":\"1\",\"set\":\"$set\",\"severity\":\"critical\",\"signal\":\"oops\",\"time\":\"$now\",$extra}"

# stale: what it keeps, what it marks, and what it could not be told.
cdctl ls </dev/null | with >sets
expect_exit 0 cdctl stale --all <sets
expect_numbers 1
cdctl ls </dev/null | jq -c '.set |= sub("-r.*"; "-r00000000ff") | .newest = false | .deployed_at = "2020-01-01T00:00:00.000Z"' | with >old
cat sets old >both
expect_exit 0 cdctl stale --keep 1 --min-age 0s --prove-for 0s --all <both
expect_numbers 2
expect_exit 4 cdctl stale < <(printf '%s\n' "$error")
expect_numbers 1
# Again through itself: the marks are renewed, the rest is as it was.
expect_exit 0 bash -c 'cdctl stale --all <sets | cdctl stale --all'
expect_numbers 1

# Numbers where a number is known: as they were written too, and the rest of the line byte for byte; what stale says of it comes after.
odd='18446744073709551615'
printf '{"schema":"cdctl.set/1","service":"%s","revision":"%s","set":"%s","engine":"local","home":"h","state":"live","cut":false,"newest":true,"proven":false,"deployed_at":"2026-11-23T04:11:30.120Z","units":{"want":%s,"up":9007199254740993,"more":1e400},"sources":{"trunk":{"kind":"git","url":"x","revision":"a","number":%s}},%s}\n' \
  "$service" "${set#"$service-"}" "$set" $odd $odd "$extra" >known
expect_exit 0 cdctl stale --all <known
line=$(cat known)
[ "$(head -c $((${#line} - 1)) out)" = "${line%\}}" ] || fail "stale changed what it passed on: $(cat out)"
expect_exit 4 cdctl deploy --dry-run < <(printf '%s\n' "$error")
expect_exit 0 cdctl deploy --dry-run <known # a set is no revision: read, skipped and counted
expect_error 'skipped 1 record'

# trip: it passes on what could not be asked, and judges a signal whatever numbers are in it.
expect_exit 4 cdctl trip --rule 'critical >= 1' < <(printf '%s\n' "$error")
expect_numbers 1
expect_exit 0 cdctl trip --rule 'critical >= 1' < <(printf '%s\n' "$signal")
expect_json 'length == 1 and .[0].verdict == "unhealthy"'

# gate and verify: they pass on what could not be asked.
for command in gate verify; do
  expect_exit 4 cdctl $command < <(printf '%s\n' "${error/\"service\":\"$service\"/\"target\":\"main\"}")
  expect_numbers 1
done

# And a proposal, with what a later forge says of it, of a vote, an author and what it comes after; so does what verify remembers.
make_origin
for person in alice bob; do make_person $person; done
make_target <<<'verify = { command = "./check" }'
offer alice one words two
vote bob one approve
expect_exit 0 cdctl proposals </dev/null
proposal=$(with <out)
for list in authors votes; do proposal=${proposal/"\"$list\":[{"/"\"$list\":[{$extra,"}; done
proposal=${proposal/"\"after\":["/"\"after\":[{\"proposal\":\"zero\",\"state\":\"landed\",$extra}"}
printf '%s\n' "$proposal" >proposals
expect_members() { # in each of the four places
  expect_numbers 1
  expect_same 'places that hold them' "$(grep -oF "[$numbers]" out | wc -l)" 4
}
expect_exit 0 cdctl gate <proposals
expect_json 'length == 1 and .[0].verdict == "ready"'
expect_members
cp out candidates
for run in first remembered; do
  expect_exit 0 cdctl verify <candidates
  expect_json 'length == 1 and .[0].verdict == "verified"'
  expect_members
  cp out verified
done
# What a proposal says in the words of a candidate is no word of the gate's.
sed 's/}$/,"seal":"f00","commit":"f00","reviewers":["mallory"],"verdict":"verified"}/' proposals >forged
expect_exit 0 cdctl gate <forged
expect_json '.[0] | .verdict == "ready" and .reviewers == ["bob@example.com"] and (has("commit") | not) and (.seal | test("^[0-9a-f]{64}$"))'
expect_same 'verdicts' "$(grep -o '"verdict":' out | wc -l)" 1
expect_exit 0 cdctl land <verified
expect_json '.[0].verdict == "landed"'

# The feed keeps a signal as it was said, and gives it so: sent at once, or over the spool; one by one, or followed.
expect_exit 0 cdctl signal - < <(printf '%s\n' "$signal")
expect_exit 0 cdctl signals "$service" --since 1h </dev/null
expect_numbers 1
cdctl signals "$service" --since 1h </dev/null >kept
expect_exit 0 cdctl signals "$service" --since 1h -o json </dev/null
expect_numbers 1

# notify --pass: any record.
cat sets kept <(printf '%s\n' "$error") >any
if [ -e "$build_dir/tests/sinks/sinks.so" ]; then # a whole build has them
  CDCTL_PLUGIN_PATH=$build_dir/tests/sinks CDCTL_TEST_SINK=$work/sunk expect_exit 0 cdctl notify keep --pass <any
  expect_numbers 3
fi

# An actor reads a record whatever numbers are in it.
expect_exit 0 cdctl deploy < <(printf '%s\n' "$signal")
expect_error 'skipped 1 record'
