#!/usr/bin/env bash
# Every one-liner of docs/recipes.md works as it stands: they are read from the page and run, in its order, on a service with a
# good revision, a bad one beside it, and signals.
. "$(dirname "$0")/../lib/common.bash"
begin own-broker
service=thumbs
make_trunk
make_service
good=$(deploy_one)
# A second service, which one of the recipes leaves out.
make_trunk fingers
make_service fingers
for severity in error error warning; do expect_exit 0 cdctl signal "$good" slow -s "$severity" -m 'late' </dev/null; done
commit ok
commit ok fingers
mkdir blocks

# One file a block, numbered, its first line what the comment before it says: `exit 0 10`, `until stopped`, `elsewhere`, or nothing.
awk '
  /^<!-- .* -->$/ { note = $0; gsub(/^<!-- | -->$/, "", note) }
  /^### / { title = substr($0, 5) }
  /^```sh$/ { inside = 1; file = sprintf("blocks/%02d", ++n); print "# " note > file; print "# " title > file; next }
  /^```$/ { if (inside) { close(file); note = "" } inside = 0; next }
  inside { print > file }
' "$source_dir/docs/recipes.md"
blocks=(blocks/*)
[ ${#blocks[@]} -ge 15 ] || fail "only ${#blocks[@]} recipes found"

listening() { [ "$(api 'consumers/%2F' | jq '[.[] | select(.queue.name == "cdctl.signals.log")] | length')" -ge 1 ]; }

for block in "${blocks[@]}"; do
  note=$(sed -n '1s/^# //p' "$block")
  [ "$note" != elsewhere ] || continue   # a story of its own runs it
  sed -n 2p "$block" >command
  tail -n +3 "$block" >>command
  if [ "$note" = 'until stopped' ]; then
    bash -o pipefail "$block" >out 2>err </dev/null &
    pid=$!
    eventually 20 listening
    # The reader of the pipe's head is told to stop; the others end with it.
    pkill -TERM -P "$pid" -x cdctl || true
    wait "$pid" || true
    [ ! -s err ] || ! grep -v 'interrupted\|stopp' err || fail "a word on stderr"
    continue
  fi
  got=0
  timeout -k 5 120 bash -euo pipefail "$block" >out 2>err </dev/null || got=$?
  case " ${note#exit} " in
    *" $got "*) ;;
    '  ') [ "$got" = 0 ] || fail "exit status $got" ;;
    *) fail "exit status $got, expected one of${note#exit}" ;;
  esac
  # Whoever went back has held out what is newer; the recipes after it are of a service that nobody holds.
  ! grep -q '^# Go back' "$block" || cdctl resume "$service" </dev/null >/dev/null
  printf '%-3s %s: %s lines\n' "${block#*/}" "$(sed -n '2s/^# //p' "$block")" "$(wc -l <out)" >>said
done
cat said

# What some of them are for has come about.
said() { grep -E "^[0-9]+ +$1" said >/dev/null || fail "not said: $1: $(cat said)"; }
said 'Names only.*: 1 lines'
said 'What a set has said of itself.*: 1 lines'
said 'A CI step.*: 1 lines'
said 'Cut the newest set by hand.*: 1 lines'
said 'Mend everything.*: 1 lines'
said 'Judge, but do not cut.*: 2 lines'
said 'Keep one set only.*: 1 lines'
said 'All services but one.*: 0 lines'
said 'Keep what was decided.*: 1 lines'
[ "$(wc -l <sets.csv)" -gt 1 ] || fail "no spreadsheet"
