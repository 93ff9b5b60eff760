#!/usr/bin/env bash
# The sink `journal` on a systemd-journald of its own: it runs in a mount namespace whose /run and /var/log/journal are the story's, so that
# nothing of this machine's journal is read or written. What was told is read back by journalctl.
set -eu
journald=/lib/systemd/systemd-journald
if [ -z "${CDCTL_STORY_APART:-}" ]; then
  [ -x $journald ] && command -v journalctl >/dev/null || { printf 'skipped: there is no systemd-journald\n' >&2; exit 0; }
  unshare -m --propagation private true 2>/dev/null || { printf 'skipped: no mount namespace can be made here\n' >&2; exit 0; }
  CDCTL_STORY_APART=1 exec unshare -m --propagation private "$0"
fi
for folder in /run /var/log/journal; do
  mkdir -p $folder
  mount -t tmpfs -o size=1g,mode=0755 none $folder # a file of the journal gets an eightieth of it
done
mount --bind /dev/null /dev/kmsg # the kernel's messages are the machine's
. "$(dirname "$0")/../lib/common.bash"
clean_up() { journald_stop KILL; }
journald_pid=
journald_start() {
  mkdir -p /run/systemd/journal /run/log/journal
  $journald 2>>"$work/journald.log" &
  journald_pid=$!
  # The socket of one that was killed is still there: it answers only when it listens.
  eventually 30 listening
}
listening() { python3 -c 'import socket; socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM).connect("/run/systemd/journal/socket")' 2>>"$work/journald.log"; }
journald_stop() {
  [ -z "$journald_pid" ] || kill -"$1" "$journald_pid" 2>/dev/null || :
  [ -z "$journald_pid" ] || wait "$journald_pid" 2>/dev/null || :
  journald_pid=
}
begin
. "$source_dir/tests/stories/lib/receivers.bash" # outcome
journald_start
printf '[journal]\nsignals = true\n' >>cdctl.toml
expect_exit 0 cdctl config check

# told FILTER [MATCH]...: the entries of cdctl, one JSON each; they are asked for with all their bytes (-a), and after the journal wrote them.
told() {
  journalctl --sync
  journalctl -a -q --no-pager -o json -t cdctl "${@:2}" | jq -r "$1"
}

# A test, and what it looks like to people.
expect_exit 0 cdctl notify --test journal
expect_same "a cut and its mend" "$(told '[.CDCTL_KIND, .CDCTL_STATE, .PRIORITY, .CDCTL_SERVICE] | join(" ")')" \
"cut begun 3 cdctl-test
cut over 6 cdctl-test"
journalctl -q --no-pager -t cdctl >shown
grep -qE ' cdctl(\[[0-9]+\])?: cdctl-test-r0000000000 was cut by .*: a test of cdctl notify: nothing happened' shown || fail "people see: $(cat shown)"

# Each kind of notice has a MESSAGE_ID, the same on every machine and for ever.
now=$(date -u +%FT%T.%3NZ)
verdict() { jq -cn --arg now "$now" --argjson more "$1" '{schema: "cdctl.verdict/1", service: "thumbs", set: "thumbs-r0000000002", verdict: "undecided", why: "everyone", time: $now} + $more'; }
says() { jq -cn --arg now "$now" --arg name "$1" '{schema: "cdctl.signal/1", id: $name, service: "thumbs", set: "thumbs-r0000000002", revision: "r0000000002", unit: "0", severity: "critical", signal: $name, message: "it hurts", time: $now}'; }
{
  outcome break 2
  outcome break 2 '{"ok":false,"changed":false,"exit":5,"error":"min_live is 1"}'
  verdict '{"loud":true,"sets":["a","b"]}'
  verdict '{"escalated":true}'
  says service/outage
  says oops
  outcome deploy 2 '{"ok":false,"changed":false,"exit":1,"error":"no disk"}'
  outcome deploy 2
  outcome reap 2
  outcome land 2 '{"set":null,"target":"main","proposal":"fix-typo","verdict":"landed","title":"Fix a typo"}'
  outcome land 2 '{"set":null,"target":"main","proposal":"fix-typo","verdict":"rejected","why":"the tests fail"}'
  outcome hold 2
} >kinds
expect_exit 0 cdctl notify journal <kinds
ids='{"cut":"0c881fd29e5d944e3332823503722200","uncut":"c6030da07336c405ea1991df24eed0bf","everyone":"9c96e1405b57b274704e0b30ce047c08","unjudged":"3552a7ff5c947efc58e0a858cdf16b23",
"outage":"21ca393e52ddd8923859c979cc8cf85e","deploy":"5dcf653324626d2395ffa64dd4dce8cf","signal":"b4b869dd7623883b35eb7ea2ccc7f7f2","deployed":"fef858faa9e5631478771eefc44632e3",
"reaped":"e15cfb324e3e189f8a01319a8dcfb8d2","landed":"7787bb44f1568437820e04a57342bac0","rejected":"959426f4913f30595bbb838cdf66dbb1","decided":"12ec84c20c195a8ebc65ff3755aa3b4d"}'
for kind in $(jq -r 'keys[]' <<<"$ids"); do
  id=$(jq -r --arg kind "$kind" '.[$kind]' <<<"$ids")
  expect_same "what has the id of $kind" "$(told .CDCTL_KIND MESSAGE_ID="$id" | sort -u)" "$kind"
done

# By field, and the record itself is there.
fields='[.MESSAGE, .PRIORITY, .CDCTL_KEY, .CDCTL_REVISION, .CDCTL_SET, .CDCTL_BY // "-", .CDCTL_TARGET // "-"] | join("|")'
expect_same "the fields of a cut" "$(told "$fields" CDCTL_KIND=cut CDCTL_SERVICE=thumbs)" \
  'thumbs-r0000000002 was cut by breaker@web1: errors >= 5 in 1m|3|cut/thumbs-r0000000002|r0000000002|thumbs-r0000000002|breaker@web1|-'
expect_same "severity" "$(told .MESSAGE CDCTL_KIND=outage PRIORITY=2)" 'thumbs: it hurts'
expect_same "a landing" "$(told .CDCTL_TARGET CDCTL_KIND=landed)" main
expect_same "the record" "$(told .CDCTL_RECORD CDCTL_KIND=cut CDCTL_SERVICE=thumbs | jq -cS .)" "$(head -n 1 kinds | jq -cS .)"

# A value of several lines is one value: nothing of it becomes a field of its own.
by=$'alice@web1\nPRIORITY=0\nCDCTL_KIND=outage\n\nMESSAGE=all is well'
outcome hold 3 "$(jq -cn --arg by "$by" '{by: $by}')" >lines
expect_exit 0 cdctl notify journal <lines
expect_same "lines of a value" "$(told .CDCTL_BY CDCTL_KIND=decided CDCTL_SET=thumbs-r0000000003)" "$by"
expect_same "priority" "$(told .PRIORITY CDCTL_SET=thumbs-r0000000003)" 6
expect_same "no outage of its own" "$(told .MESSAGE CDCTL_KIND=outage | wc -l)" 1

# A record that is longer than a datagram can be, between two that are not: whole, and in its turn.
{
  outcome hold 4
  outcome hold 5 | jq -c '.detail = "0123456789abcdef" * 65536'
  outcome hold 6
} >long
[ "$(sed -n 2p long | wc -c)" -gt 1048576 ] || fail "it is not long"
expect_exit 0 cdctl notify journal <long
expect_same "a long one, in its turn" "$(told '"\(.CDCTL_SET[-1:]) \(.CDCTL_RECORD | length > 1048576)"' CDCTL_KIND=decided | tail -n 3 | xargs)" '4 false 5 true 6 false'
expect_same "whole" "$(told .CDCTL_RECORD CDCTL_SET=thumbs-r0000000005 | jq -cS . | sha256sum)" "$(sed -n 2p long | jq -cS . | sha256sum)"

# A journal that stands still holds up nobody but itself; one that is away is sent to later. Nothing is there twice.
for i in $(seq 1 400); do outcome hold $((i + 100)); done >many
kill -STOP "$journald_pid"
expect_exit 4 cdctl notify journal --timeout 2s <many
expect_error 'records for journal could not be sent yet and are kept'
kill -CONT "$journald_pid"
expect_exit 0 cdctl notify journal --flush --timeout 60s
journald_stop TERM
outcome hold 600 >one
expect_exit 4 cdctl notify journal --timeout 1s <one
expect_error 'no journal listens at /run/systemd/journal/socket'
journald_start
expect_exit 0 cdctl notify journal --flush --timeout 60s
expect_same "each once" "$(told .CDCTL_SET CDCTL_KIND=decided | awk '$0 >= "thumbs-r0000000065" && $0 <= "thumbs-r00000001f4"' | wc -l)" 400
expect_same "in order" "$(told .CDCTL_SET CDCTL_KIND=decided | tail -n 401 | sort -c 2>&1)" ""
expect_same "the last" "$(told .CDCTL_SET CDCTL_KIND=decided | tail -n 1)" thumbs-r0000000258
