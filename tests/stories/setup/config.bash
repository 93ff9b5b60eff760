#!/usr/bin/env bash
# cdctl config: what holds and from where, everything that is wrong, and what each key means; the manual's list is that of the loader.
. "$(dirname "$0")/../lib/common.bash"
begin
valid() { "$build_dir/tests/validate-records" "$source_dir/schemas" <"$work/out" >"$work/invalid" 2>&1 || fail "not by the schema: $(head -3 "$work/invalid")"; }
mkdir -p own/services.d && cd own && unset CDCTL_CONFIG
cat >cdctl.toml <<END
[rabbit]
management = "http://127.0.0.1:1"
amqp = "amqp://127.0.0.1:2"
user = "u"
password_file = "secret"
[defaults]
min_live = 2
reaper = { keep = 5 }
END
(umask 077 && echo Xsecret-Xword >secret)
cat >services.d/thumbs.toml <<END
min_live = "50%"
[sources]
trunk = { git = "$work/thumbs.git", branch = "main" }
END

expect_exit 0 cdctl config path </dev/null
valid
expect_json ".[0].file == \"$PWD/cdctl.toml\" and .[0].trusted == false"
expect_exit 0 cdctl config check </dev/null
expect_quiet
expect_exit 0 cdctl config show </dev/null
valid
expect_json 'any(.service == "thumbs" and .key == "min_live" and .value == "50%" and (.from | endswith("services.d/thumbs.toml:1")))'
expect_json 'any(.service == "thumbs" and .key == "reaper.keep" and .value == 5 and (.from | endswith("cdctl.toml:8")))'
expect_json 'any(.service == "thumbs" and .key == "max_sets" and .value == "10" and .from == "default")'
expect_json 'any(.key == "rabbit.password_file" and .value == "secret" and (has("service") | not))'
expect_json 'any(.key == "local.home" and .value == $home and .from == "default")' --arg home "$([ "$(id -u)" = 0 ] && echo /var/lib/cdctl || echo "$XDG_STATE_HOME/cdctl")"
expect_exit 0 env CDCTL_HOME=/srv/elsewhere cdctl config show </dev/null
expect_json 'any(.key == "local.home" and .value == "/srv/elsewhere" and .from == "$CDCTL_HOME")'
expect_exit 0 cdctl config show </dev/null
! grep -q Xsecret "$work/out" "$work/err" || fail "the secret was shown"
expect_exit 0 cdctl config show thumbs </dev/null
expect_json 'all(.service == "thumbs")'
expect_exit 1 cdctl config show thumb </dev/null
expect_error 'did you mean thumbs'

# Everything that is wrong, each with its line.
cat >services.d/thumbs.toml <<END
engin = "local"
min_live = "half"
units = { worker = -1, "No" = 1 }
[sources]
trunk = { git = "$work/thumbs.git", brunch = "main" }
other = { hg = "x" }
[breaker]
rules = ["critical >= 1", "criticl >= 1"]
[rabbit]
publish = "results"
[reaper]
keep = "two"
END
printf '[sources\n' >services.d/torn.toml
chmod 644 secret
expect_exit 3 cdctl config check </dev/null
valid
lines() { jq -r 'select(.file | endswith("thumbs.toml")) | .line' "$work/out" | sort -nu | tr '\n' ' '; }
expect_same "the lines" "$(lines)" '1 2 3 5 6 8 10 12 '
expect_json 'any(.what | test("did you mean .engine."))'
expect_json 'any((.file | endswith("torn.toml")) and .line == 1)'
expect_json 'any((.file | endswith("cdctl.toml")) and .line == 5 and (.what | test("chmod 600")))'
expect_json 'map(select(.file | endswith("thumbs.toml"))) | map([.line, .column]) == (map([.line, .column]) | sort)'

expect_exit 0 cdctl config explain reaper.keep -o table </dev/null
expect_line 'obeyed by stale'
expect_exit 0 cdctl config explain password_file </dev/null
expect_json 'any(.key == "rabbit.password_file") and all(.key | endswith(".password_file"))'
expect_exit 0 cdctl config explain units.worker </dev/null
expect_json '.[0].key == "units.*"'
expect_exit 0 cdctl config explain -o table </dev/null
expect_line '^reaper.keep  count, default 2  \(a service.s file; \[defaults\]\)$'
expect_line '^    Live sets to keep, the newest among them$'
expect_exit 0 timeout 60 script -qefc "stty cols 80; cdctl config explain" screen </dev/null
! tr -d '\r' <screen | grep -vE '^Script (started|done)|http' | grep -E '^.{81}' || fail "a line is wider than the terminal"
expect_exit 2 cdctl config explain reaper.kep </dev/null
expect_error 'did you mean reaper.keep'
expect_exit 2 cdctl config </dev/null
expect_exit 2 cdctl config check more </dev/null

# The reference in the manual is made of the table; CDCTL_WRITE_REFERENCE=1 makes it anew.
expect_exit 0 cdctl config explain </dev/null
valid
reference() {
  printf '| key | where | type | default | obeyed by | meaning |\n| --- | --- | --- | --- | --- | --- |\n'
  jq -r '"| `\(.key)` | \(.place) | \(.type) | \(if .default == "" then "-" else .default end) | \(.commands) | \(.meaning) |"' "$work/out"
}
manual=$source_dir/docs/configuration.md
if [ "${CDCTL_WRITE_REFERENCE:-}" ]; then
  { sed '/^<!-- keys -->$/q' "$manual"; reference; } >manual.new && cat manual.new >"$manual"
fi
expect_same "the reference of docs/configuration.md" "$(sed '1,/^<!-- keys -->$/d' "$manual")" "$(reference)"
