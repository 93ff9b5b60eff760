#!/usr/bin/env bash
# Names from hell: a clear error each, nothing executed, nothing half-done.
. "$(dirname "$0")/../lib/common.bash"
begin
make_trunk "$service" 'worker: exec sleep 1000'
make_service </dev/null
live=$(deploy_one ok)
refuses() { # COMMAND...: an error, one line for people, no crash
  local got=0
  printf '%s\n' "$*" >"$work/command"
  timeout 20 "$@" >"$work/out" 2>"$work/err" </dev/null || got=$?
  [[ $got -ge 1 && $got -le 5 ]] || fail "exit status $got"
  [ -s "$work/err" ] || fail "no word about it"
  [ "$(wc -c <"$work/err")" -lt 4000 ] || fail "a long speech"
  ! LC_ALL=C grep -q $'[\x01-\x08\x0b-\x1f]' "$work/err" || fail "control characters in the error"
}

names=(../../etc/passwd -rf '' ' ' 'two words' $'new\nline' $'esc\e[31m' '$(touch pwned)' '`touch pwned`' ';touch pwned' 'Ünïcode-r0123456789'
  "$(head -c 100000 /dev/zero | tr '\0' a)" 'a/b-r0123456789' "$live/../x" 'x-r0123456789; touch pwned')
for name in "${names[@]}"; do
  for command in deploy break mend reap inspect; do refuses cdctl $command -- "$name"; done
  refuses cdctl signal -- "$name" oops
done
[ ! -e pwned ] || fail "a name was executed"

# Names of files in services.d.
for name in 'two words' -rf UPPER a..b 'x-r0123456789' "$(head -c 60 /dev/zero | tr '\0' a)" $'new\nline' '$(touch pwned)'; do
  cp "services.d/$service.toml" "services.d/$name.toml"
  refuses cdctl outdated
  rm -- "services.d/$name.toml"
done

# What a trunk may say.
for url in 'ext::touch pwned' '--upload-pack=touch pwned' $'\\u0007bell' '/nowhere' 'ssh://-oProxyCommand=touch pwned/x'; do
  printf 'switches = ["local"]\n[sources]\ntrunk = { git = "%s" }\n' "$url" >services.d/evil.toml
  refuses cdctl outdated evil
  refuses cdctl deploy evil
done
[ ! -e pwned ] && [ -z "$(find "$work" -name pwned)" ] || fail "a URL was executed"
rm services.d/evil.toml
for procfile in $'worker\n' $'../../x: true\n' $'worker: a\nworker: b\n' $': x\n' "$(head -c 200000 /dev/zero | tr '\0' x)"; do
  make_trunk evil "$procfile"
  make_service evil </dev/null
  refuses cdctl deploy evil
  rm -rf evil.git
done
expect_same "live sets of the evil service" "$(cdctl ls -o ndjson evil </dev/null | jq -s 'map(select(.state == "live")) | length')" 0
rm services.d/evil.toml

# The good one never noticed.
expect_same "the state of $live" "$(state_of "$live")" live
