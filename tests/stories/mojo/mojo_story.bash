#!/usr/bin/env bash
# The main job through a spec that uses collect, build, bundle, verify, stop-on and secrets: out, cut, fixed, reaped.
. "$(dirname "$0")/../lib/common.bash"
begin broker
make_trunk

make_full_spec() {
  mkdir -p spec.git/scripts spec.git/production
  cat >spec.git/manifest <<'EOF'
stop-on config=scripts/frozen
secrets
collect
build config=scripts/build
bundle config=bundle local=overlay.yaml
juju-check-wait steady=1 max-wait=60
verify config=scripts/verify WANT=2
EOF
  printf 'app git+file://%s\n' "$work/$service.git" >spec.git/collect
  cat >spec.git/production/bundle <<'EOF'
{%- set units = 2 if stage_name == "production" else 1 %}
series: {{ series }}
applications:
  workers:
    charm: ./{{ series }}/workers
    num_units: {{ units }}
    annotations: { cdctl-process: worker }
    options:
      certificate: include-base64://{{ local_dir }}/cert
  postgresql:
    charm: ch:postgresql
relations:
  - [ workers, postgresql ]
EOF
  printf '#!/bin/sh\n[ ! -e "%s/freeze" ] || exit 99\n' "$work" >spec.git/scripts/frozen
  cat >spec.git/scripts/build <<'EOF'
#!/bin/sh
set -eu
echo "building with $(cat "$MOJO_LOCAL_DIR/token")"
cp "$MOJO_BUILD_DIR/app/mode" "$MOJO_LOCAL_DIR/built"
echo certificate >"$MOJO_LOCAL_DIR/cert"
EOF
  cat >spec.git/scripts/verify <<'EOF'
#!/bin/sh
set -eu
cmp "$CDCTL_SOURCE_TRUNK/mode" "$MOJO_LOCAL_DIR/built"
test "$WANT" = 2 && test -z "${AMQP_URL:-}"
EOF
  chmod +x spec.git/scripts/*
  git -C spec.git init -q -b main && git -C spec.git add -A && git -C spec.git commit -qm spec
  spec=spec.git
}
make_full_spec
unset MOJO_SERIES MOJO_STAGE
make_service <<'EOF'
[mojo]
stage = "production"
series = "noble"
EOF
sed -i '/^units/d' "services.d/$service.toml"
secrets=home/mojo/LOCAL/$service/production
mkdir -p "$secrets"
printf 'swordfish-4711\n' >"$secrets/token"
printf 'applications: { workers: { options: { password: "correct-horse-9" } } }\n' >"$secrets/overlay.yaml"

expect_exit 0 cdctl mojo lint --stage production --series noble spec.git
cdctl signals "$service" --follow </dev/null 2>signals.err | cdctl trip 2>trip.err | cdctl break -o ndjson >breaker.log 2>breaker.err &

# Frozen: nothing goes out, and it is offered again.
touch freeze
pipe_exit 5 'cdctl outdated | cdctl deploy'
expect_json '.[0] | (.ok | not) and (.error | contains("a stop-on phase ended the run before anything was deployed"))'
expect_same "workers of a frozen deploy" "$(awk '$1 == "start"' jobs.ledger | wc -l)" 0
rm freeze

pipe_exit 0 'cdctl outdated --now | cdctl deploy -v'
expect_json 'length == 1 and .[0].ok and .[0].changed'
good=$(newest_set)
expect_error 'postgresql'
expect_same "units of $good" "$(cdctl ls -o ndjson "$good" </dev/null | jq -c .units)" '{"want":2,"up":2}'
! grep -rqE 'swordfish-4711|correct-horse-9' "home/sets/$good/work/log" out err || fail "a secret is in a log: $(grep -rlE 'swordfish-4711|correct-horse-9' "home/sets/$good/work/log" out err)"
expect_same "modes" "$(stat -c %a "home/sets/$good/work/local" "home/sets/$good/work/local/token" | tr '\n' ' ')" '700 600 '
produce 2000 80
eventually 20 at_least done "$good" 50

was_cut() { jq -es --arg set "$1" 'any(.set == $set and .ok and .changed)' breaker.log >/dev/null 2>&1; }
# The breaker may be faster than juju-check-wait: then the deploy says that, at once.
commit busted
cdctl outdated | cdctl deploy -o ndjson >out 2>err || grep -q 'the set was cut off while its units came up' err || fail "the deploy of a bad revision failed for another reason"
bad=$(newest_set)
eventually 20 was_cut "$bad"
expect_same "cut of $bad" "$(cut_of "$bad")" true
expect_same "cut of $good" "$(cut_of "$good")" false

commit fixed
pipe_exit 0 'cdctl outdated | cdctl deploy'
third=$(newest_set)
eventually 20 at_least done "$third" 20
pipe_exit 0 'cdctl ls | cdctl stale --keep 1 --min-age 0s --prove-for 0s | cdctl reap'
expect_json 'length == 2 and all(.ok and .changed)'
expect_same "the sets that are left" "$(sets_of)" "$third"
eventually 90 gone "$producer"
eventually 20 nothing_missing
expect_same "confirmed jobs" "$(confirmed_jobs)" 2000

# A verify that fails, fails the deploy; the set is not live, and the fix of the spec ships.
sed -i 's/WANT=2/WANT=3/' spec.git/manifest
git -C spec.git commit -qam 'a wrong verify'
pipe_exit 1 'cdctl outdated | cdctl deploy'
expect_json '.[0] | (.ok | not) and (.error | contains("manifest:7: verify scripts/verify: exit status 1"))'
wrong=$(jq -r .set out)
expect_same "the state of $wrong" "$(state_of "$wrong")" partial
no_process_of "$wrong" || fail "a unit of $wrong, whose deploy failed, is left"
[ -s "home/sets/$wrong/work/log/mojo.log" ] || fail "the log of the failed deploy is gone"
sed -i 's/WANT=3/WANT=2/' spec.git/manifest
git -C spec.git commit -qam 'a right verify' --allow-empty
echo '# again' >>spec.git/manifest
git -C spec.git commit -qam 'again'
pipe_exit 0 'cdctl outdated | cdctl deploy'
expect_json '.[0].ok'
