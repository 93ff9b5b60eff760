#!/usr/bin/env bash
# A hundred thousand sets that go bad one by one within ten seconds, in one service and in a service each, through trip with the six default
# rules: against a tenth of them, and against jq, which merely reads the name of each.
. "$(dirname "$0")/common.bash"
begin
: >cdctl.toml # the default rules for every service
many=${CDCTL_BENCH_BAD:-100000} few=$((${CDCTL_BENCH_BAD:-100000} / 10))
bad_sets() { # COUNT one|each: a critical signal of each set
  awk -v count="$1" -v kind="$2" 'BEGIN {
    for (i = 0; i < count; i++) {
      at = int(i * 10000 / count); time = sprintf("2026-05-28T00:00:%02d.%03dZ", int(at / 1000), at % 1000)
      printf "{\"schema\":\"cdctl.signal/1\",\"id\":\"%d\",\"set\":\"%s-r%010x\",\"severity\":\"critical\",\"signal\":\"oops\",\"time\":\"%s\",\"received\":\"%s\"}\n",
        i, kind == "one" ? "thumbs" : "s" i, i, time, time
    }
  }'
}
for kind in one each; do
  bad_sets "$few" $kind >few.ndjson
  bad_sets "$many" $kind >many.ndjson
  [ "$(cdctl trip <many.ndjson | jq -r .set | sort -u | wc -l)" = "$many" ] || fail "not every set was told of"
  measure -n "${CDCTL_BENCH_ROUNDS:-3}" -i few.ndjson -- few "$build_dir/bin/cdctl" trip
  measure -n "${CDCTL_BENCH_ROUNDS:-3}" -i many.ndjson -- many "$build_dir/bin/cdctl" trip -- jq jq -c .set
  [ $kind = one ] && what='of one service' || what='of a service each'
  at_most 12 many few "$many bad sets $what through trip : a tenth of them"
  at_most 10 many jq "  the same : jq reading their names"
done
