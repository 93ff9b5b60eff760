#!/usr/bin/env bash
# `notify` against sinks that take, refuse, throw, waver and hang.
. "$(dirname "$0")/common.bash"
begin
PATH=$build_dir/bin:$PATH
export CDCTL_PLUGIN_PATH=$build_dir/tests/sinks CDCTL_TEST_SINK=$work/kept CDCTL_CONFIG=$work/cdctl.toml
touch cdctl.toml
record() { printf '{"schema":"cdctl.signal/1","id":"%s","unknown":[1, 2.50]}\n' "$1"; }
kept() { cat kept 2>/dev/null | jq -r '.[].id' | xargs; }
{ record 1; record 2; record 3; } >three

# The command line.
expect_exit 3 cdctl notify </dev/null
expect_error 'names nobody to tell'
expect_exit 2 cdctl notify --follow --new </dev/null
expect_exit 2 cdctl notify --replay </dev/null
expect_exit 3 cdctl notify nobody </dev/null
expect_error "no plugin offers sink 'nobody'"
expect_exit 2 cdctl notify keep --timeout 0s </dev/null
expect_exit 2 script -qec 'cdctl notify keep' /dev/null
expect_exit 0 cdctl notify keep </dev/null
expect_quiet

# All arrive, in order; nothing is on stdout unless it is asked for; a sink named twice gets them once.
expect_exit 0 cdctl notify keep keep <three
expect_quiet
expect_same kept "$(kept)" "1 2 3"

# Lines that are no records are told by number, and passed on to who tells them, too; the rest goes on.
rm kept
{ record 1; echo '{"schema":'; echo '[]'; echo '{"a":1}'; record 2; } >mixed
expect_exit 1 cdctl notify keep --pass <mixed
for number in 2 3 4; do expect_error "line $number: .*skipped"; done
cmp -s mixed out || fail "not all was passed on"
expect_same kept "$(kept)" "1 2"

# One sink's failure is not the other's, nor that of who reads on. What it did not take is kept, and goes out when it does.
rm kept
expect_exit 4 cdctl notify refuse throw keep --pass --timeout 1s <three
expect_error '3 records for refuse could not be sent yet and are kept: the room is closed'
expect_error '3 records for throw could not be sent yet and are kept: internal error: thrown inside the sink'
cmp -s three out || fail "--pass changed the records"
expect_same kept "$(kept)" "1 2 3"
expect_same waiting "$(cdctl notify --status -o ndjson | jq -r '"\(.receiver) \(.waiting)"' | xargs)" "keep 0 refuse 3 throw 3"

# What fails in passing is tried again, and what the time did not suffice for is there the next time.
rm kept
expect_exit 0 cdctl notify wavers --timeout 20s <three
expect_same kept "$(kept)" "1 2 3"
rm kept
expect_exit 4 cdctl notify wavers --timeout 50ms <three
expect_error 'for wavers could not be sent yet and are kept: busy'
expect_exit 0 cdctl notify wavers --flush --timeout 20s
expect_same kept "$(kept)" "1 2 3"

# Live: a record is passed on and delivered while the writer stays; a hanging sink holds nothing back on stdout.
mkfifo pipe
start_writer() { cdctl notify "$@" --pass <pipe >live 2>err & reader=$!; exec 7>pipe; }
start_writer keep
record 4 >&7
for id in 4 5; do
  [ $id = 4 ] || record $id >&7
  deadline=$((SECONDS + 20))
  until [ "$(kept | awk '{print $NF}')" = $id ] && grep -q "\"$id\"" live; do [ $SECONDS -lt $deadline ] || fail "record $id did not come"; read -rt 0.02 <> <(:) || :; done
done
exec 7>&-
wait $reader
start_writer stuck keep --timeout 60s
record 6 >&7
deadline=$((SECONDS + 20))
until grep -q '"6"' live; do [ $SECONDS -lt $deadline ] || fail "the sink held record 6 back"; read -rt 0.02 <> <(:) || :; done
record 7 >&7
until grep -q '"7"' live; do [ $SECONDS -lt $deadline ] || fail "the sink held record 7 back"; read -rt 0.02 <> <(:) || :; done

# A stop ends it soon, and what did not go out is kept.
kill -TERM $reader
status=0
wait $reader || status=$?
exec 7>&-
expect_same "exit status" $status 143
expect_same waiting "$(cdctl notify --status -o ndjson | jq -r 'select(.receiver == "stuck").waiting')" 2

# A reader that has gone ends it quietly.
expect_exit 0 bash -c 'for i in $(seq 1 20000); do echo "{\"schema\":\"cdctl.signal/1\",\"id\":\"$i\"}"; done | cdctl notify keep --pass | head -n 1'
[ ! -s err ] || fail "it complains of a reader that has gone"
