#!/usr/bin/env bash
# curl_calls.bash: a configuration of curl that makes the calls of one cut, one after the other. Reads the names of the open
# connections, percent-encoded, one a line. Wants $BENCH_HTTP, and in $BENCH_DIR `calls` (METHOD PATH) and `cut.json`.
set -euo pipefail
mapfile -t names
closed=0
separator=
columns=name  # of the first list of users: it is only counted
while read -r method path; do
  data=
  case "$method $path" in
    'DELETE /api/connections/'*) path="/api/connections/${names[closed]}?disable_stats=true" closed=$((closed + 1)) ;;
    'GET /api/users') path+="?columns=$columns" columns=name,tags,limits ;;  # the log shows no query
    'PUT /api/global-parameters/'*) data=@$BENCH_DIR/cut.json ;;
    'PUT /api/user-limits/'*) data='{\"value\":0}' ;;
  esac
  printf '%surl = "%s%s"\nrequest = "%s"\nuser = "guest:guest"\nnoproxy = "*"\noutput = "/dev/null"\n' "$separator" "$BENCH_HTTP" "$path" "$method"
  [ -z "$data" ] || printf 'header = "Content-Type: application/json"\ndata = "%s"\n' "$data"
  separator=$'next\n'
done <"$BENCH_DIR/calls"
