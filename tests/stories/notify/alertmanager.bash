#!/usr/bin/env bash
# A real Alertmanager (Debian's): an alert begins and ends, changes its severity, and is there again after a restart that forgot it.
. "$(dirname "$0")/../lib/common.bash"
. "$(dirname "$0")/../lib/receivers.bash"
server=$(command -v prometheus-alertmanager) || { printf 'no prometheus-alertmanager: nothing was tried\n'; exit 0; }
clean_up() {
  [ -z "${follower:-}" ] || kill "$follower" 2>/dev/null || :
  [ -z "${server_pid:-}" ] || kill "$server_pid" 2>/dev/null || :
}
begin
mkdir -p -m 0700 home
printf 'route: { receiver: nobody }\nreceivers: [{ name: nobody }]\n' >alertmanager.yml
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
url=http://127.0.0.1:$port
ready() { curl -sf "$url/-/ready" >/dev/null; }
start_server() {
  "$server" --config.file=alertmanager.yml --storage.path="$work/alertmanager" --web.listen-address="127.0.0.1:$port" --cluster.listen-address= \
    >>alertmanager.log 2>&1 &
  server_pid=$!
  eventually 60 ready
}
alerts() { curl -s "$url/api/v2/alerts" | jq -r '.[] | "\(.labels.alertname) \(.labels.cdctl_key) \(.labels.severity) \(.status.state)"' | sort; }
are() { [ "$(alerts)" = "$1" ]; }
start_server
printf '[alertmanager]\nurl = "%s"\n' "$url" >>cdctl.toml

# It begins, it ends.
outcome break 1 | cdctl notify
expect_same alerts "$(alerts)" "SetCut cut/thumbs-r0000000001 error active"
outcome mend 1 | cdctl notify
eventually 10 are ""

# A set that could not be cut, and then was: one alert at a time.
outcome break 2 '{"ok":false,"changed":false,"exit":5,"error":"min_live is 1"}' | cdctl notify
expect_same alerts "$(alerts)" "SetCut cut/thumbs-r0000000002 critical active"
outcome break 2 | cdctl notify
eventually 10 are "SetCut cut/thumbs-r0000000002 error active"

# It is restarted without its memory: who follows says again what burns, within a minute and a bit.
cdctl notify --follow 2>follow.err &
follower=$!
kill "$server_pid" && wait "$server_pid" || :
rm -rf alertmanager
start_server
expect_same forgotten "$(alerts)" ""
outcome break 3 >>home/outcomes.ndjson
eventually 60 are "$(printf 'SetCut cut/thumbs-r0000000002 error active\nSetCut cut/thumbs-r0000000003 error active')"
kill "$server_pid" && wait "$server_pid" || :
rm -rf alertmanager
start_server
eventually 100 are "$(printf 'SetCut cut/thumbs-r0000000002 error active\nSetCut cut/thumbs-r0000000003 error active')"
