#!/usr/bin/env bash
# Who of a unit gets TERM, as people write their workers: a main process with helpers that have the jobs in hand (Celery's pool), in
# a Procfile without exec. With `stop = "main"` no job is lost; a second signal ends what would take too long.
. "$(dirname "$0")/../lib/common.bash"
begin
make_trunk "$service" 'worker: ./run'
trunk=$service.git
printf '#!/bin/sh\n./main 2>&1 | cat >>"$LEDGER.log"\n:\n' >"$trunk/run"
# The helper dies of TERM in the middle of its job; the main process waits for it, and ends at once when it gets QUIT.
cat >"$trunk/helper" <<'END'
#!/bin/sh
echo begun $CDCTL_REVISION >>"$LEDGER"
sleep "$(cat "$WORK/rest")"
echo done $CDCTL_REVISION >>"$LEDGER"
END
cat >"$trunk/main" <<'END'
#!/bin/sh
./helper & helper=$!
trap 'end=1' TERM
trap 'echo quit $CDCTL_REVISION >>"$LEDGER"; kill -9 $helper; exit 1' QUIT
while [ -z "$end" ]; do sleep 0.05; done
while kill -0 $helper 2>/dev/null; do sleep 0.05; done
END
sed -i "2i export WORK=$work LEDGER=$work/ledger" "$trunk/run" "$trunk/helper" "$trunk/main"
chmod +x "$trunk/run" "$trunk/helper" "$trunk/main"
printf '12\n' >rest   # a job takes longer than what is done here beside it
units=1 make_service </dev/null
file=services.d/$service.toml
cp "$file" plain.toml
with() { { printf '%s\n' "$@"; cat plain.toml; } >new && mv new "$file"; }
told() { grep -qs "$1 ${2##*-}" ledger; }
begin_two() {   # the first of them is to be reaped, the second stays
  one=$(deploy_one "$1") && eventually 10 told begun "$one"
  two=$(deploy_one "$1") && eventually 10 told begun "$two"
}

# As it was: TERM to each process, and the job is gone.
begin_two group
expect_exit 0 cdctl reap "$one" </dev/null
if told done "$one"; then fail "the job of $one was not lost: what follows shows nothing"; fi

# An edit holds from the next reap on, and ships nothing.
with 'stop = "main"' 'stop_timeout = { worker = "60s" }'
expect_exit 0 cdctl outdated </dev/null
expect_quiet
begin_two main
expect_exit 0 cdctl reap "$one" </dev/null
told done "$one" || fail "the job of $one is lost"
# --grace is the time alone: who is told stays.
begin_two grace
expect_exit 0 cdctl reap "$one" --grace 50s </dev/null
told done "$one" || fail "the job of $one is lost"

# By process, and with a second signal before KILL.
with 'stop = { worker = "main" }' 'stop_timeout = { worker = "60s" }' 'stop_again = { worker = "QUIT after 1s" }'
printf '100\n' >rest
begin_two cold
began=$SECONDS
expect_exit 0 cdctl reap "$one" </dev/null
[ $((SECONDS - began)) -lt 30 ] || fail "it took $((SECONDS - began)) s"
told quit "$one" || fail "$one got no QUIT"

# Words that mean nothing are refused, with their place.
for wrong in 'stop = "all"' 'stop = { worker = 1 }' 'stop_again = "QUIT"' 'stop_again = { worker = "QUIT after 20s" }'; do
  with "$wrong"
  expect_exit 3 cdctl config check </dev/null
  expect_json 'any(.what | test("stop(_again)?(.worker)?. must be"))'
done
