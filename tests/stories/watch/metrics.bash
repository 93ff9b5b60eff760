#!/usr/bin/env bash
# `metrics` on real parts: promtool finds nothing wrong with what it prints, a real Prometheus scrapes it, and a broker that is away is a
# value and not a failed scrape. The rules and the dashboard of examples/prometheus use names that are there.
. "$(dirname "$0")/../lib/common.bash"
clean_up() {
  [ -z "${exporter:-}" ] || kill "$exporter" 2>/dev/null || :
  [ -z "${server:-}" ] || kill "$server" 2>/dev/null || :
}
begin own-broker
service=thumbs
make_trunk
make_service </dev/null
expect_exit 0 cdctl deploy "$service" </dev/null
set=$(newest_set)
free_port() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }
metrics() { timeout 60 cdctl metrics "$@" </dev/null; }
value() { awk -v name="$1" '$1 == name { print $2 }' out; } # SERIES: of the last output

# ------------------------------------------------------------ what it prints
up_now() { [ "$(cdctl ls -o ndjson "$set" </dev/null | jq .units.up)" = 2 ]; }
eventually 60 up_now
expect_exit 0 cdctl metrics </dev/null
expect_same end "$(tail -n 1 out)" "# EOF"
expect_same live "$(value "cdctl_sets{service=\"thumbs\",state=\"live\"}")" 1
expect_same wanted "$(value 'cdctl_units_wanted{service="thumbs"}')" 2
expect_same up "$(value 'cdctl_units_up{service="thumbs"}')" 2
expect_same deploys "$(value 'cdctl_actions_total{service="thumbs",action="deploy",result="done"}')" 1
expect_same asked "$(grep -c '^cdctl_up{.*} 1$' out)" "$(grep -c '^cdctl_up{' out)"
consumed() { metrics >out 2>err; [ "$(value 'cdctl_queue_consumers{service="thumbs",queue="thumbs"}')" = 2 ]; }
eventually 60 consumed

# The second look counts nothing twice; what comes is counted.
cdctl signal "$set" oops -s error
expect_exit 0 cdctl break "$set" --even-last "$set" --why 'wrong colours' </dev/null
heard() { metrics >out 2>err; [ "$(value 'cdctl_signals_total{service="thumbs",severity="error"}')" = 1 ]; }
eventually 30 heard
expect_exit 0 cdctl metrics </dev/null
expect_same signals "$(value 'cdctl_signals_total{service="thumbs",severity="error"}')" 1
expect_same breaks "$(value 'cdctl_actions_total{service="thumbs",action="break",result="done"}')" 1
expect_same cut "$(value 'cdctl_cut_sets{service="thumbs",why="hand"}')" 1
expect_same outage "$(value 'cdctl_service_outage{service="thumbs"}')" 1

# A second configuration of the same home, without the service: it counts for itself, and takes nothing from the first one.
mkdir other
cp cdctl.toml broker.password other/
expect_exit 0 cdctl mend "$set" </dev/null
expect_exit 0 cdctl -c other/cdctl.toml metrics </dev/null
expect_same "another's service" "$(value 'cdctl_actions_total{service="(other)",action="mend",result="done"}')" 1
expect_exit 0 cdctl metrics </dev/null
expect_same mends "$(value 'cdctl_actions_total{service="thumbs",action="mend",result="done"}')" 1
expect_exit 0 cdctl break "$set" --even-last "$set" --why 'wrong colours' </dev/null
expect_exit 0 cdctl metrics </dev/null
expect_same breaks "$(value 'cdctl_actions_total{service="thumbs",action="break",result="done"}')" 2
expect_same tallies "$(find "$work" -path '*/metrics/*.json' | wc -l)" 2
rm -r other

# ------------------------------------------------------------ as a file
expect_exit 0 cdctl metrics --sets --textfile "$work/cdctl.prom" </dev/null
expect_same "stdout of --textfile" "$(cat out)" ""
expect_same mode "$(stat -c %a cdctl.prom)" 644
expect_same leftovers "$(find "$work" -maxdepth 1 -name '*.prom*' | wc -l)" 1
grep -q "^cdctl_set_cut{service=\"thumbs\",set=\"$set\"} 1$" cdctl.prom || fail "no series of the set"
if command -v promtool >/dev/null; then
  promtool check metrics <cdctl.prom >checked 2>&1 || fail "promtool: $(cat checked)"
  expect_same "promtool on the file" "$(cat checked)" ""
fi

touch -d '2 minutes ago' cdctl.prom.4711.new # of a run that was killed
expect_exit 0 cdctl metrics --textfile "$work/cdctl.prom" </dev/null
expect_same leftovers "$(find "$work" -maxdepth 1 -name '*.prom*' | wc -l)" 1
expect_exit 0 cdctl metrics -o prometheus </dev/null
! grep -q '^# EOF' out || fail "-o prometheus is OpenMetrics"
for wrong in ndjson json table wide name; do
  expect_exit 2 cdctl metrics -o "$wrong" </dev/null
  expect_error 'is none of: openmetrics prometheus'
done
expect_exit 2 cdctl metrics -o openmetrics --textfile "$work/cdctl.prom" </dev/null

# ------------------------------------------------------------ the examples
if command -v promtool >/dev/null; then
  (cd "$source_dir/examples/prometheus" && promtool check rules cdctl.rules.yml && promtool test rules cdctl.rules.test.yml) >checked 2>&1 ||
    fail "the rules: $(cat checked)"
fi
# Each name that they use is one that cdctl prints, or may print.
{
  jq -r '.. | .expr? // empty' "$source_dir/examples/prometheus/cdctl.dashboard.json"
  sed -n 's/^ *expr: //p' "$source_dir/examples/prometheus/cdctl.rules.yml"
} | grep -oE 'cdctl_[a-z_]+' | sort -u >used
grep '^|' "$source_dir/docs/metrics.md" | grep -oE '`cdctl_[a-z_]+`' | tr -d '`' | sort -u >told
while read -r name; do
  grep -qx -e "$name" -e "${name%_bucket}" told || fail "the examples use $name, which docs/metrics.md does not tell of"
done <used
metrics --sets >out 2>err
while read -r name; do
  grep -qx "$name" told || fail "docs/metrics.md does not tell of $name"
done < <(sed -nE 's/^(cdctl_[a-z_]+)[{ ].*/\1/p' out | sed -E 's/_(bucket|sum|count)$//' | sort -u)

# ------------------------------------------------------------ scraped
for bad in 0.0.0.0:0 192.0.2.1:9; do
  expect_exit 2 cdctl metrics --listen "$bad" </dev/null
  expect_error 'token'
done
port=$(free_port)
cdctl metrics --listen "127.0.0.1:$port" >exporter.out 2>exporter.err </dev/null &
exporter=$!
url=http://127.0.0.1:$port
answers() { curl -sf -m 30 "$url/metrics" -o out; }
eventually 30 answers
expect_same "type of the older format" "$(curl -s -m 30 -o /dev/null -w '%{content_type}' "$url/metrics")" "text/plain; version=0.0.4; charset=utf-8"
expect_same "type of OpenMetrics" "$(curl -s -m 30 -o out -w '%{content_type}' -H 'Accept: application/openmetrics-text' "$url/metrics")" \
  "application/openmetrics-text; version=1.0.0; charset=utf-8"
expect_same end "$(tail -n 1 out)" "# EOF"
expect_same "another page" "$(curl -s -m 30 -o /dev/null -w '%{http_code}' "$url/")" 404
expect_same "a POST" "$(curl -s -m 30 -o /dev/null -w '%{http_code}' -d x "$url/metrics")" 405
expect_same "another name" "$(curl -s -m 30 -o /dev/null -w '%{http_code}' -H 'Host: evil.example' "$url/metrics")" 403

if command -v prometheus >/dev/null; then
  server_port=$(free_port)
  sed "s/127.0.0.1:9465/127.0.0.1:$port/; s/15s/2s/" "$source_dir/examples/prometheus/prometheus.yml" >prometheus.yml
  cp "$source_dir/examples/prometheus/cdctl.rules.yml" .
  prometheus --config.file=prometheus.yml --storage.tsdb.path="$work/tsdb" --web.listen-address="127.0.0.1:$server_port" >prometheus.log 2>&1 &
  server=$!
  asked() { curl -sfG -m 10 "http://127.0.0.1:$server_port/api/v1/query" --data-urlencode "query=$1" | jq -r '.data.result[0].value[1]'; }
  says() { [ "$(asked "$1")" = "$2" ]; }
  eventually 90 says 'cdctl_sets{state="cut",service="thumbs"}' 1
  eventually 30 says 'up{job="cdctl"}' 1
  eventually 30 says 'cdctl_up{source="sets"}' 1
  eventually 30 says 'cdctl_build_info' 1

  # Asked back: checks of the service by what Prometheus knows of its sets.
  live=$(deploy_one ok)
  cp services.d/thumbs.toml thumbs.before
  query() { # NAME QUERY EXPECT SEVERITY
    printf '[[checks]]\nname = "%s"\nprometheus = "http://127.0.0.1:%s/"\nquery = """%s"""\nexpect = "%s"\nseverity = "%s"\n' \
      "$1" "$server_port" "$2" "$3" "$4" >>services.d/thumbs.toml
  }
  query units 'sum(cdctl_units_up{service={service}})' '> 0' error
  query seven 'vector(7)' '< 5' warning
  probed() { cdctl probe "$live" >out 2>err </dev/null && jq -es 'any(.signal == "check/units" and .severity == "info" and .value >= 1)' out >/dev/null; }
  eventually 60 probed
  expect_json 'any(.signal == "check/seven" and .severity == "warning" and .message == "it is 7, expected < 5" and .value == 7)'
  for unknown in 'nothing_there{set={set}}' '{__name__=~"cdctl_.*"}' 'scalar(nothing_there)' 'cdctl_sets[5m]' 'sum('; do
    cp thumbs.before services.d/thumbs.toml
    query units 'sum(cdctl_units_up{service={service}})' '> 0' error
    query unknown "$unknown" '>= 0' error
    expect_exit 4 cdctl probe "$live" </dev/null
    expect_json 'any(.schema == "cdctl.error/1" and (.while | endswith("check unknown"))) and all(.signal != "check/unknown") and any(.signal == "check/units")'
  done
  cp thumbs.before services.d/thumbs.toml

  # The broker goes away: the scrape holds, and says so.
  "$source_dir/scripts/private-broker" stop "$work/broker"
  eventually 120 says 'cdctl_up{source="sets"}' 0
  expect_same "the scrape" "$(asked 'up{job="cdctl"}')" 1
  expect_same "its own units" "$(curl -s -m 60 "$url/metrics" | grep -c '^cdctl_service_up{service="thumbs"} 0$')" 1
fi
kill -TERM "$exporter"
wait "$exporter" && status=0 || status=$?
exporter=
expect_same "exit status of a listener that was stopped" "$status" 143
