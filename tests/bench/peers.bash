#!/usr/bin/env bash
# The same job by the tools that come with RabbitMQ: the limit and the closing by rabbitmqctl; by rabbitmqadmin, which knows no
# limits, the permission taken away and each connection closed.
. "$(dirname "$0")/common.bash"
begin broker
python=$(PATH=/usr/bin:$PATH command -v python3) || fail "python3 is missing: rabbitmqadmin needs it"
curl -s -f -m 10 --noproxy '*' -o rabbitmqadmin "http://127.0.0.1:$HTTP_PORT/cli/rabbitmqadmin"
broker_dir=$(sed -n 's/^DIR=//p' broker.env)

write_peers() {
  api "permissions/%2F/$bad" | jq -c '{configure, write, read}' >permission
  cat >with_rabbitmqctl <<END
#!/usr/bin/env bash
set -e
"$source_dir/scripts/private-broker" ctl "$broker_dir" set_user_limits "$bad" '{"max-connections":0}'
"$source_dir/scripts/private-broker" ctl "$broker_dir" close_all_user_connections "$bad" bench
END
  cat >with_rabbitmqadmin <<END
#!/usr/bin/env bash
set -e -o pipefail
admin() { "$python" "$work/rabbitmqadmin" --host 127.0.0.1 --port $HTTP_PORT -u guest -p guest -q "\$@"; }
admin delete permission vhost=/ user=$bad
admin -f tsv list connections name user | while IFS=\$'\t' read -r name user; do
  [ "\$user" != $bad ] || admin close connection name="\$name"
done
END
  chmod +x with_rabbitmqctl with_rabbitmqadmin
}

# contest CONNECTIONS: break and both peers cut a set of that many workers.
contest() {
  local peer
  service=e$(random_hex 4)
  two_sets "$1"
  write_peers
  export BENCH_SET=$bad BENCH_UNITS=$1 BENCH_DIR=$work BENCH_HTTP=http://127.0.0.1:$HTTP_PORT BENCH_READY=with_statistics
  for peer in with_rabbitmqctl with_rabbitmqadmin; do  # each does its job: afterwards no connection is left
    "$bench_dir/between_cuts.bash" $peer
    expect_exit 0 ./$peer </dev/null
    eventually 5 connected "$bad" 0
  done
  measure -n "${CDCTL_BENCH_ROUNDS:-10}" -p "$bench_dir/between_cuts.bash" -- break "$build_dir/bin/cdctl" break "$bad" \
    -- rabbitmqctl "$work/with_rabbitmqctl" -- rabbitmqadmin "$work/with_rabbitmqadmin"
  faster 30 break rabbitmqctl "cdctl break SET, $1 connections : rabbitmqctl, limit + close"
  faster 25 break rabbitmqadmin "cdctl break SET, $1 connections : rabbitmqadmin"
}
contest 3
contest 10  # what the bounds were found with: rabbitmqadmin starts once for each connection
