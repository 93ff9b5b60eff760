#!/usr/bin/env bash
# From a proposal to production: what landed goes out, and its proposals are named in the records of the deploy and the cut, by
# `inspect`, `timeline` and `log`; so that who is called at night knows whose change it was.
. "$(dirname "$0")/../lib/common.bash"
. "$(dirname "$0")/../lib/landing.bash"
begin
valid() { "$build_dir/tests/validate-records" "$source_dir/schemas" <"$work/out" >"$work/invalid" 2>&1 || fail "not by the schema: $(head -3 "$work/invalid")"; }
make_origin
for person in alice bob; do make_person $person; done
make_target <<<'verify = { command = "./check" }'
git clone -q origin.git first
printf 'worker: sleep 600\n' >first/Procfile
git -C first add -A && git -C first commit -qm 'A worker' && git -C first push -q origin HEAD:main
make_service "$service" origin.git </dev/null

# The first set of a service has no one before it: nothing is said to be new.
pipe_exit 0 'cdctl outdated | cdctl deploy'
valid
expect_json '.[0].ok and .[0].landings == null'
first=$(jq -r .set out)

# Three proposals land, two of them in one batch; then the service goes out, from the same home.
for topic in one two; do
  offer alice $topic $topic 1
  vote bob $topic approve
done
sed -i '1i batch = 2' targets.d/main.toml
pipe_exit 0 "$landing"
expect_json 'map(.verdict) == ["landed", "landed"] and .[0].batch == ["one", "two"]'
offer bob three three 1
vote alice three approve
pipe_exit 0 "$landing"
pipe_exit 0 'cdctl outdated | cdctl deploy --dry-run'
expect_json '(.[0].landings | map(.proposal)) == ["one", "two", "three"]'
pipe_exit 0 'cdctl outdated | cdctl deploy'
valid
expect_json '.[0].changed and (.[0].landings | map(.proposal)) == ["one", "two", "three"]'
expect_json '.[0].landings[0] | .target == "main" and .title == "Change one for one" and .authors == ["alice@example.com"] and .reviewers == ["bob@example.com"] and (.landed_at | length) == 24 and (.commit | length) == 40'
bad=$(jq -r .set out)

# A cut names them, without asking anybody: the repository is away.
mv origin.git away.git
expect_exit 0 cdctl break "$bad" --why 'it is slow' </dev/null
valid
expect_json '.[0].ok and (.[0].landings | map(.proposal)) == ["one", "two", "three"] and .[0].landings[2].authors == ["bob@example.com"]'
expect_exit 0 cdctl break "$bad" </dev/null
expect_json '.[0].changed == false and (.[0].landings | length) == 3'
mv away.git origin.git
expect_exit 0 cdctl inspect "$bad" </dev/null
expect_json '(.[0].landings | map(.proposal)) == ["one", "two", "three"]'
expect_exit 0 cdctl inspect "$bad" -o table </dev/null
expect_line 'three +Change three for three +by bob@example.com, reviewed by alice@example.com'
expect_exit 0 cdctl inspect "$first" </dev/null
expect_json '.[0].landings == null'
expect_exit 0 cdctl timeline "$service" -o ndjson </dev/null
valid
expect_json 'any(.. | strings; test("brings one, two, three"))'
expect_exit 0 cdctl history --action land </dev/null
expect_json 'map(.proposal) == ["one", "two", "three"]'

# What was pushed by hand has no proposal: it ends what is followed, and nothing is made up.
git -C first pull -q origin main
printf 'by hand\n' >first/hand
git -C first add -A && git -C first commit -qm 'By hand' && git -C first push -q origin HEAD:main
offer alice four four 1
vote bob four approve
pipe_exit 0 "$landing"
pipe_exit 0 'cdctl outdated | cdctl deploy'
expect_json '(.[0].landings | map(.proposal)) == ["four"]'

# Back to what was there: it has brought nothing that it did not bring then.
expect_exit 0 cdctl deploy "$service@${first##*-}" --even-held </dev/null
expect_json '.[0].ok and .[0].landings == null'
