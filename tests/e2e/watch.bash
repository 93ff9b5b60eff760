#!/usr/bin/env bash
# For people who watch: what was done (log).
. "$(dirname "$0")/common.bash"
begin broker
make_trunk
make_service </dev/null
one=$(deploy_one ok)
two=$(deploy_one ok)
expect_exit 0 cdctl break "$one" --why 'wrong colours' </dev/null
expect_exit 0 cdctl mend "$one" </dev/null

# ---------------------------------------------------------------- log
expect_exit 0 cdctl log
expect_json 'map([.action, .set]) == [["deploy", $one], ["deploy", $two], ["break", $one], ["mend", $one]]' --arg one "$one" --arg two "$two"
expect_same "a dry run in the log" "$(cdctl break "$two" --dry-run </dev/null | wc -l) $(cdctl log | wc -l)" '1 4'
expect_exit 0 cdctl log "$one" --action break -o table
expect_line "^TIME +ACTION +SET +RESULT +WHY"
expect_line "break +$one +done +wrong colours"
expect_exit 0 cdctl log --since 2020-01-01T00:00:00Z --action break --action mend -o name
expect_same "lines" "$(sort -u out)" "$one"
expect_exit 2 cdctl log --since yesterday
expect_exit 2 cdctl log "$service@newest"
cdctl log --follow --action break >follow.ndjson &
follower=$!
expect_exit 0 cdctl break "$one" </dev/null
both() { [ "$(wc -l <follow.ndjson)" = 2 ]; }
eventually 10 both
kill -TERM "$follower"
status=0
wait "$follower" || status=$?
expect_same "exit status of the follower" "$status" 143
expect_exit 0 cdctl mend "$one" </dev/null
