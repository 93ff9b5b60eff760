#!/usr/bin/env bash
# What reading a large model costs: the status of 100 applications of 100 units each, read, judged and printed, beside jq that
# only counts its applications. CPU, the least of all rounds, with that of the cat that plays juju.
. "$(dirname "$0")/common.bash"
begin
mkdir bin data
"$source_dir/tests/fakes/juju_status_gen" 100 100 >big.json
printf '#!/bin/sh\nexec cat "%s/big.json"\n' "$work" >bin/juju
chmod 755 bin/juju
echo 'controllers: {}' >data/controllers.yaml
export PATH=$work/bin:$PATH JUJU_DATA=$work/data

# cpu_of COMMAND...: its user and system time and that of its children, in ms.
cpu_of() {
  local i least='' times TIMEFORMAT='%U %S'
  for ((i = 0; i < ${CDCTL_BENCH_ROUNDS:-10}; i++)); do
    times=$({ time "$@" </dev/null >"$work/out" 2>"$work/err"; } 2>&1)
    times=$(reckon '%.0f' "1000 * (${times/ / + })")
    [ -n "$least" ] && [ "$least" -le "$times" ] || least=$times
  done
  printf '%s' "$least"
}

units=$(cpu_of cdctl juju units big)
expect_json 'length == 10000 and (map(select(.health == "bad")) | length) == 600'
status=$(cpu_of cdctl juju status big)
expect_json 'length == 100 and (map(.units.up) | add) == 9000'
counted=$(cpu_of jq '.applications | length' "$work/big.json")
row '100 applications of 10,000 units : jq' "$status ms" "$counted ms" "$(reckon '%.2f' "$status/$counted")" '<= 150 ms' "$status <= 150"
row 'each of 10,000 units : jq' "$units ms" "$counted ms" "$(reckon '%.2f' "$units/$counted")" '<= 150 ms' "$units <= 150"
