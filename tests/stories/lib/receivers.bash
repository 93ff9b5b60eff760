# Receivers of `notify` beside a story: tests/support/receivers.py on a port of its own.

receivers_start() { # [PORT]: gives $receivers_port
  rm -f "$work/receivers/port"
  mkdir -p "$work/receivers"
  python3 "$source_dir/tests/support/receivers.py" "$work/receivers" "$@" 2>>"$work/receivers/log" &
  receivers_pid=$!
  wait_until 30 test -s "$work/receivers/port" || fail "the receivers did not come up: $(tail -n 3 "$work/receivers/log")"
  receivers_port=$(<"$work/receivers/port")
}
receivers_stop() {
  [ -z "${receivers_pid:-}" ] || kill "$receivers_pid" 2>/dev/null || :
  [ -z "${receivers_pid:-}" ] || wait "$receivers_pid" 2>/dev/null || :
  receivers_pid=
}
# What was sent to a path, whole lines: `requests /v2/enqueue .event_action`
requests() { jq -r "select(.path == \"$1\") | ${2:-.body}" "$work/receivers/requests" 2>/dev/null || :; }
# The same of what was taken, as JSON.
taken() { jq -c "select(.path == \"$1\" and .status < 300) | .body | fromjson" "$work/receivers/requests" 2>/dev/null || :; }
answers() { printf '%s\n' "$@" >"$work/receivers/script"; }
forget_requests() { rm -f "$work/receivers/requests" "$work/receivers/script"; }

# outcome ACTION N [MEMBERS]: an outcome record of set number N.
outcome() {
  jq -cn --arg action "$1" --arg set "thumbs-r$(printf '%010x' "$2")" --argjson more "${3:-"{}"}" --arg time "$(date -u +%FT%T.%3NZ)" \
    '{schema: "cdctl.outcome/1", action: $action, service: "thumbs", revision: ($set | split("-")[1]), set: $set, ok: true, changed: true, took_ms: 4.1, steps: [], why: "errors >= 5 in 1m", by: "breaker@web1", time: $time} + $more'
}
