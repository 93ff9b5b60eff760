#!/usr/bin/env bash
# What a Juju controller runs, asked of the stand-in for juju: the shapes of three versions, the records, the tables, and that
# in no trouble anything is called gone or healthy that is not known, and no command outlives its deadline.
. "$(dirname "$0")/../lib/common.bash"
begin
captures=$source_dir/tests/captures/juju
export PATH=$source_dir/tests/fakes:$PATH FAKE_JUJU=$work/controller FAKE_JUJU_CACHE=$build_dir/tests/pycache JUJU_DATA=$work/data TMPDIR=$work/tmp
mkdir -p data/cookies tmp
echo 'controllers: {}' >data/controllers.yaml
echo 'password: shy-secret' >data/accounts.yaml

# controller VERSION: three models, each with the status and the offers of that version.
controller() {
  export FAKE_JUJU_VERSION=$1
  rm -rf "$FAKE_JUJU" && mkdir "$FAKE_JUJU"
  case $1 in
    2.9) models=models-29 first=press status=status-29-machines second=controller other=status-31-k8s offers=offers-36 ;;
    3.6) models=models-36 first=thumbs status=status-36-machines second=bare other=status-36-empty offers=offers-36 ;;
    4.0) models=models-40 first=reel status=status-40-k8s second=fog other=status-40-all-lost offers=offers-40 ;;
  esac
  cp "$captures/$models.json" "$FAKE_JUJU/models.json"
  cp "$captures/$status.json" "$FAKE_JUJU/status-$first.json"
  cp "$captures/$other.json" "$FAKE_JUJU/status-$second.json"
  cp "$captures/$offers.json" "$FAKE_JUJU/offers-$first.json"
}
valid() { "$build_dir/tests/validate-records" "$source_dir/schemas" <"$work/out" >"$work/invalid" 2>&1 || fail "not by the schema: $(head -3 "$work/invalid")"; }
calls() { jq -r "select(.argv | index(\"$1\")) | .argv | join(\" \")" "$FAKE_JUJU/calls.ndjson" 2>/dev/null; }
narrow() { [ "$(wc -L <"$work/out")" -le 80 ] || fail "a line of more than 80 columns"; }
nothing_left() { expect_same "private folders" "$(find tmp -name 'cdctl-juju-*' | wc -l)" 0; }
juju_view() { expect_exit "$1" cdctl juju "${@:2}" </dev/null; }

# ---------------------------------------------------------------- three versions

for version in 2.9 3.6 4.0; do
  controller $version
  juju_view 0 models
  valid
  expect_json 'length >= 2 and all(.uuid | test("^5e7a0000"))'
  juju_view 0 models -o table
  narrow
  juju_view 0 status "$first"
  valid
  expect_json 'length >= 2 and all(.model == $model and (.units == null or .units.want == .units.up + .units.down + .units.bad + .units.unknown))' --arg model "$first"
  juju_view 0 status "$first" -o table
  narrow
  juju_view 0 units "$first"
  valid
  expect_json 'length >= 3 and all((.health == "ok") == (.why == null))'
  juju_view 0 units "$first" -o table
  narrow
  juju_view 0 offers "$first"
  valid
  expect_json 'length == 1 and .[0].url == "admin/queues.rabbit"'
  juju_view 0 offers "$first" -o table
  narrow
  juju_view 4 status "no-such-model"
  valid
  expect_error 'does not prove that it is gone'
  nothing_left
done

# What is counted, and where it comes from.
controller 2.9
juju_view 0 status press
expect_json 'map({(.name): [.units | .up, .down, .bad, .unknown]}) | add == {"inker": [2,0,1,0], "watcher": [1,0,2,0]}'
juju_view 0 units press watcher
expect_json 'map(.name) == ["watcher/0","watcher/1","watcher/2"] and all(.principal != null)'
juju_view 0 units press 'ink*' -o name
expect_same units "$(tr '\n' ' ' <out)" 'inker/0 inker/1 inker/2 '
juju_view 1 units press nosuch
expect_error "press has no application 'nosuch'"

# Every agent lost while the application says active: nothing is up, nothing is bad.
controller 4.0
juju_view 0 status fog
expect_json '.[0] | .status == "active" and .health == "unknown" and .units.up == 0 and .units.bad == 0 and .units.unknown == 2'
expect_error 'every agent is lost'
juju_view 0 offers reel
expect_json '.[0] | .joined == null and .connections == null'

# A large model in each shape: of each hundred units 90 are up, 3 wait, 6 are bad, one says nothing.
for version in 2.9 3.6 4.0; do
  "$source_dir/tests/fakes/juju_status_gen" 10 100 $version >"$FAKE_JUJU/status-$first.json"
  juju_view 0 status "$first"
  expect_json 'length == 10 and all(.units == {"up":90,"down":3,"bad":6,"unknown":1,"want":100} and .status == "active" and .health == "bad")'
done

# ---------------------------------------------------------------- what juju is asked, and how

controller 3.6
juju_view 0 status admin/thumbs --controller attic
expect_same "the status call" "$(calls status)" '--no-alias status -m attic:admin/thumbs --utc --retry-count 0 --format json -B'
expect_same "the folder" "$(jq -c '[.mode, .files, .stdin]' "$FAKE_JUJU/calls.ndjson")" '["0o700",["accounts.yaml","controllers.yaml","cookies","tmp"],""]'
printf '[juju]\ncontroller = "attic"\ndata = "data"\n' >>cdctl.toml
(unset JUJU_DATA && juju_view 0 models --all)
expect_same "the models call" "$(calls models)" '--no-alias models -c attic --all --format json -B'

# All models: one list, one status each by its uuid, four at a time; one that may not be seen hurts no other.
rm "$FAKE_JUJU/calls.ndjson"
juju_view 4 status
expect_json '(map(select(.schema == "cdctl.error/1")) | length) == 2 and (map(select(.model == "admin/thumbs")) | length) == 3'
valid
expect_same "calls" "$(calls models | wc -l) $(calls status | wc -l)" "1 4"
expect_same "by uuid" "$(calls status | grep -c 'attic:5e7a0000-0000-4000-8000-0000000000')" 4
expect_json 'all(. != null)'
[ "$(jq -s 'map(.at_once) | max' "$FAKE_JUJU/calls.ndjson")" -le 4 ] || fail "more than four at once"

# A name that may be the start of a uuid is looked up first: juju would take it for another model's.
rm "$FAKE_JUJU/calls.ndjson"
for view in status units offers; do
  juju_view 4 $view 5e7a0000
  expect_json 'length == 1 and .[0].schema == "cdctl.error/1"'
done
expect_same "what was asked" "$(calls status)$(calls offers)" ""

# What is wrong on the command line or in the configuration.
for words in "status --bogus" "models extra" "units" "status -- --all" "status ../x" "status A" "models --controller -x" "models --timeout 0s"; do juju_view 2 $words; expect_quiet; done
juju_view 3 models --controller barn
expect_error 'juju controllers'
expect_quiet
(JUJU_DATA=$work/nowhere && sed -i '/^data/d' cdctl.toml && juju_view 3 models)
expect_error 'juju login'

# ---------------------------------------------------------------- trouble

# in_trouble TROUBLE ERROR: no view ends well, none says anything of a model but that it cannot be known.
in_trouble() {
  local view
  controller "${3:-3.6}"
  for view in models "status $first" status "units $first" "offers $first"; do
    export FAKE_JUJU_TROUBLE=$1
    juju_view 4 $view --timeout 6s
    expect_json 'length == 1 and .[0].schema == "cdctl.error/1" and .[0].exit == 4'
    valid
    expect_error "$2"
    expect_same "lines of the error" "$(wc -l <err)" 1
    ! grep -q shy-secret out err || fail "a secret is shown"
    nothing_left
    unset FAKE_JUJU_TROUBLE
  done
}
in_trouble logged-out 'juju login' 2.9
in_trouble logged-out 'juju login' 3.6
in_trouble signal 'signal 9'
in_trouble half-json 'not valid JSON'
in_trouble dead 'connection refused'

# An empty object is no list and no status. It is an answer about offers: a model without any.
controller 3.6
export FAKE_JUJU_TROUBLE=empty-object
for view in models status "status thumbs" "units thumbs"; do
  juju_view 4 $view
  expect_json 'length == 1 and .[0].schema == "cdctl.error/1"'
done
juju_view 0 offers thumbs
expect_quiet

# A model that juju leaves out of its list is not gone.
export FAKE_JUJU_TROUBLE=dropped-model
juju_view 4 models
expect_json '(map(select(.uuid)) | length) == 3 and (map(select(.schema == "cdctl.error/1")) | length) == 1'
expect_error 'not all of them: juju also said'
export FAKE_JUJU_TROUBLE=not-found
juju_view 4 status thumbs
expect_error 'does not prove'

# Locks and lost connections pass; slowness is borne.
for trouble in 'lock*2' 'shutdown*1' slow:0.3; do
  rm -f "$FAKE_JUJU/troubles"
  export FAKE_JUJU_TROUBLE=$trouble
  juju_view 0 status thumbs
  expect_json 'length == 3'
done

# within SECONDS COMMAND...: and nothing of juju is left.
within() {
  local begun=$SECONDS limit=$1
  shift
  "$@"
  [ $((SECONDS - begun)) -le "$limit" ] || fail "took $((SECONDS - begun)) s, at most $limit expected"
  nothing_left
}
for trouble in hang deaf slow:60 lock shutdown; do
  export FAKE_JUJU_TROUBLE=$trouble
  within 15 juju_view 4 status thumbs --timeout 2s
  expect_json 'length == 1 and .[0].exit == 4'
  [ ! -e "$FAKE_JUJU/hanging" ] || [ ! -d "/proc/$(cat "$FAKE_JUJU/hanging")" ] || fail "the juju that hung is still there"
done
# A controller that hangs after its list costs two deadlines, whatever the number of its models.
export FAKE_JUJU_TROUBLE=hang FAKE_JUJU_ONLY=status
jq '.models = [range(30) as $n | .models[1] | ."model-uuid" = "5e7a0000-0000-4000-8000-0000000001\(10 + $n)" | .name = "admin/m\($n)"]' "$captures/models-36.json" >"$FAKE_JUJU/models.json"
within 20 juju_view 4 status --timeout 2s
expect_json 'length == 30 and all(.schema == "cdctl.error/1")'

# Ctrl-C: nothing of juju stays.
export FAKE_JUJU_TROUBLE=hang
unset FAKE_JUJU_ONLY
rm -f "$FAKE_JUJU/hanging"
cdctl juju models </dev/null >out 2>err &
asked=$!
eventually 10 test -s "$FAKE_JUJU/hanging"
kill -TERM $asked
status=0
wait $asked || status=$?
expect_same "the status of an interrupted view" $status 143
[ ! -d "/proc/$(cat "$FAKE_JUJU/hanging")" ] || fail "juju outlived the view"
nothing_left
