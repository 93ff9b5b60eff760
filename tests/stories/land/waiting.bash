#!/usr/bin/env bash
# What waits: a label that holds, a draft, a target that is frozen by its file or by a person, until right before the push; and the
# fast lane, which goes first and takes nothing from the others of what was proven.
. "$(dirname "$0")/../lib/common.bash"
. "$(dirname "$0")/../lib/landing.bash"
begin
valid() { "$build_dir/tests/validate-records" "$source_dir/schemas" <"$work/out" >"$work/invalid" 2>&1 || fail "not by the schema: $(head -3 "$work/invalid")"; }
make_origin
for person in alice bob; do make_person $person; done
make_target <<<'hold = ["hold", "wip"]
verify = { command = "./check" }'

# --- A label, a draft: said to who asks, and nothing of it goes on.
offer alice one one 1
vote bob one approve
for change in '.labels = ["fine", "wip"]' '.draft = true'; do
  pipe_exit 0 "cdctl proposals | jq -c '$change' | cdctl gate"
  expect_quiet
  pipe_exit 0 "cdctl proposals | jq -c '$change' | cdctl gate --all"
  valid
  expect_json '.[0].verdict == "waiting" and (.[0].why | test("^hold: (label wip|it is a draft)$"))'
done
pipe_exit 0 "cdctl proposals | jq -c '.labels = [\"fine\"]' | cdctl gate"
expect_json '.[0].verdict == "ready"'

# --- Frozen by its file: the gate says so, and land looks once more right before the push.
pipe_exit 0 'cdctl proposals | cdctl gate | cdctl verify >verified.ndjson'
sed -i '1i frozen = "the release of 24.04"' targets.d/main.toml
pipe_exit 0 "$landing"
expect_quiet
pipe_exit 0 'cdctl proposals | cdctl gate --all'
expect_json '.[0].verdict == "waiting" and .[0].why == "frozen: the release of 24.04 (says targets.d/main.toml)"'
main=$(head_of main)
pipe_exit 5 'cdctl land <verified.ndjson'
valid
expect_json '.[0].verdict == "waiting" and .[0].changed == false and (.[0].error | test("frozen: the release of 24.04"))'
expect_same 'main' "$(head_of main)" "$main"
sed -i 1d targets.d/main.toml

# --- A record that was kept lands nothing that somebody has said no to since; with the word taken back it does.
vote bob one disapprove
pipe_exit 5 'cdctl land --dry-run <verified.ndjson'
pipe_exit 5 'cdctl land <verified.ndjson'
valid
expect_json '.[0].verdict == "waiting" and .[0].changed == false and (.[0].error | test("the gate lets it through no more: votes: .*Disapprove == 0 .has 1."))'
expect_same 'main' "$(head_of main)" "$main"
[ -z "$(ls home/land/begun 2>/dev/null)" ] || fail 'it was begun'
vote bob one approve
# Nor one with a newer commit, nor one that is not proposed any more.
offer alice other other 1
vote bob other approve
pipe_exit 0 'cdctl proposals | cdctl gate | cdctl verify | jq -c "select(.proposal == \"other\")" >other.ndjson'
as alice git commit -q --amend -m 'Something else'
as alice cdctl propose other >/dev/null
vote bob other approve
pipe_exit 5 'cdctl land <other.ndjson'
expect_json '.[0].verdict == "deferred" and (.[0].error | test("it is not at .* any more: what was verified is not what is proposed"))'
withdraw other
pipe_exit 5 'cdctl land <other.ndjson'
expect_json '.[0].verdict == "deferred" and (.[0].error | test("it is not proposed any more"))'
expect_same 'main' "$(head_of main)" "$main"
# Who cannot ask lands nothing.
mv reviewers reviewers.away
pipe_exit 3 'cdctl land <verified.ndjson'
expect_error 'asking once more who may land: git.reviewers: .*reviewers'
mv reviewers.away reviewers
expect_same 'main' "$(head_of main)" "$main"

# --- Frozen by a person, as a service is held.
expect_exit 2 cdctl hold
expect_exit 1 cdctl hold --target mian
expect_error "did you mean 'main'|did you mean main"
expect_exit 2 cdctl hold thumbs --target main
expect_exit 0 cdctl hold --target main --why 'the office moves' --dry-run
expect_json '.[0].dry_run and .[0].changed'
expect_exit 0 cdctl hold --target main --why 'the office moves'
valid
expect_json '.[0].target == "main" and .[0].service == null and .[0].held and .[0].changed'
expect_exit 0 cdctl hold --target main --why 'the office moves'
expect_json '.[0].changed == false'
expect_exit 0 cdctl hold --target main --why 'the office moves' -o table
expect_line 'target main +yes'
pipe_exit 0 'cdctl proposals | cdctl gate --all'
expect_json '.[0].verdict == "waiting" and (.[0].why | test("frozen: by .*: the office moves; cdctl resume --target main ends it"))'
pipe_exit 5 'cdctl land <verified.ndjson'
expect_same 'main' "$(head_of main)" "$main"
expect_exit 0 cdctl resume --target main
expect_json '.[0].held == false and .[0].changed'
expect_exit 0 cdctl resume --target main
expect_json '.[0].changed == false'
expect_exit 0 cdctl history --action hold
expect_json '.[0].target == "main" and .[0].why == "the office moves"'
expect_exit 0 cdctl history --action hold -o table
expect_line 'hold +target main +done'
# One that lifts itself.
expect_exit 0 cdctl hold --target main --for 1s --why 'a minute'
gate_is_open() { [ -n "$(cdctl proposals | cdctl gate)" ]; }
eventually 20 gate_is_open
# Said while the test runs: what is verified then waits.
offer alice slow how "echo begun; sleep 3.$$; echo fine"
vote bob slow approve
(cdctl proposals | cdctl gate | cdctl verify | cdctl land >landed.ndjson 2>landed.err) &
eventually 30 pgrep -f "sleep 3.$$" >/dev/null
cdctl hold --target main --why 'in between' >/dev/null
wait $! || true
jq -s -e 'any(.proposal == "slow" and .verdict == "waiting")' landed.ndjson >/dev/null || fail "slow went on: $(cat landed.ndjson)"
cdctl resume --target main >/dev/null
pipe_exit 0 "$landing"
expect_json 'any(.proposal == "slow" and .verdict == "landed")'
expect_same 'what is left' "$(refs_left)" ''

# --- The fast lane, with what it comes after; and what the others have proven holds.
offer alice a a a
offer alice b b b
offer alice c c c
offer alice d d d
as alice cdctl propose d --revision d --after c >/dev/null
for topic in a b c d; do vote bob $topic approve; done
expect_exit 0 cdctl gate --first urgent --all < <(cdctl proposals)
expect_error 'cdctl: --first: no proposal has the label urgent$'
urgent="jq -c 'if .proposal == \"d\" then .labels = [\"urgent\"] else . end'"
pipe_exit 0 'cdctl proposals | cdctl gate | cdctl verify >/dev/null'
tests=$(tests_run)
pipe_exit 0 "cdctl proposals | $urgent | cdctl gate --first urgent"
expect_json 'map(.proposal) == ["c", "d", "a", "b"]'
! grep -q . err || fail 'a label that there is was called none'
pipe_exit 0 "cdctl proposals | $urgent | cdctl gate --first urgnet"   # also in a pipe of cron's
expect_error 'no proposal has the label urgnet; did you mean urgent'
# It fails: those that were proven before are not tested again.
offer alice e how 'exit 1'
vote bob e approve
urgent="jq -c 'if .proposal == \"e\" then .labels = [\"urgent\"] else . end'"
pipe_exit 1 "cdctl proposals | $urgent | cdctl gate --first urgent | cdctl verify"
expect_json 'map(.proposal) == ["e", "a", "b", "c", "d"] and all(select(.proposal != "e") | .verdict == "verified" and .remembered)'
expect_same 'tests run for the fast lane' "$(($(tests_run) - tests))" 1
