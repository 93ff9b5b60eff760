# What a story expects. Each expectation speaks of the last command that `expect_exit` ran: its stdout in out, its stderr in err.

last_output() {
  [ ! -s "$work/command" ] || { printf -- '--- $ '; cat "$work/command"; } >&2
  for stream in out err; do
    [ ! -s "$work/$stream" ] || { printf -- '--- %s\n' $stream; head -c 4000 "$work/$stream"; } >&2
  done
}

fail() {
  printf '%s line %s: %s\n' "${BASH_SOURCE[-1]##*/}" "${BASH_LINENO[-2]}" "$1" >&2
  last_output
  trap - ERR
  exit 1
}

# expect_exit CODE COMMAND [ARG...]: runs it (stdin is the caller's) with a deadline of 120 s.
expect_exit() {
  local want=$1 got=0
  shift
  printf '%s\n' "$*" >"$work/command"
  timeout -k 5 120 "$@" >"$work/out" 2>"$work/err" || got=$?
  [ "$got" = "$want" ] || fail "exit status $got, expected $want"
}

# pipe_exit CODE 'SHELL LINE': the same for a pipeline; the status is that of its last stage unless the line says otherwise.
pipe_exit() { expect_exit "$1" bash -c "$2"; }

expect_line() { grep -qE -- "$1" "$work/out" || fail "no line on stdout matches: $1"; }
expect_no_line() { ! grep -qE -- "$1" "$work/out" || fail "a line on stdout matches: $1"; }
expect_error() { grep -qE -- "$1" "$work/err" || fail "no line on stderr matches: $1"; }
expect_quiet() { [ ! -s "$work/out" ] || fail "something is on stdout"; }

# expect_json FILTER [JQ-ARG...]: jq over the array of the records on stdout gives true.
expect_json() {
  local filter=$1
  shift
  jq -es "$@" "$filter" "$work/out" >/dev/null || fail "the records do not satisfy: $filter $*"
}

# expect_same WHAT GOT WANTED
expect_same() { [ "$2" = "$3" ] || fail "$1: got '$2', expected '$3'"; }

# eventually SECONDS COMMAND...: wait_until, or the story fails.
# Whether a file has something in it; a pattern may name it, which is looked up each time.
filled() {
  local file
  for file in $1; do [ -s "$file" ] && return 0; done
  return 1
}
eventually() { wait_until "$@" || fail "not so after $1 s: ${*:2}"; }
