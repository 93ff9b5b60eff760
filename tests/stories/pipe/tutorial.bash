#!/usr/bin/env bash
# docs/tutorial.md: each block of commands is taken from the page and run, in one shell and in the page's order; a block `sh second`
# in another shell beside it. A comment `until: COMMAND` of the page is waited for, as a reader would look again.
. "$(dirname "$0")/../lib/common.bash"
begin
page=$source_dir/docs/tutorial.md
unset CDCTL_CONFIG
export CDCTL_HOME=$work/home   # root has the machine's, and what is there is not ours
rm -rf cdctl.toml services.d broker.password

# The page as records: KIND LINE FILE. A new kind begins at a fence or a comment.
awk -v dir="$work" '
  /^```sh second$/ { open = "second" } /^```sh$/ { open = "sh" }
  /^```sh/ { file = dir "/block." NR; printf "" >file; print open, NR, file; next }
  /^```$/ { if (open) close(file); open = ""; next }
  /^<!-- until: .* -->$/ { file = dir "/block." NR; sub(/^<!-- until: /, ""); sub(/ -->$/, ""); print >file; close(file); print "until", NR, file; next }
  open { print >file }' "$page" >blocks
expect_same "blocks of the page" "$(grep -c '^```sh' "$page")" "$(grep -vc ^until blocks)"
[ "$(grep -c ^sh blocks)" -ge 8 ] && [ "$(grep -c ^second blocks)" = 1 ] && [ "$(grep -c ^until blocks)" -ge 3 ] || fail "the page has lost commands"

# One shell for all blocks: it reads a file's name, runs it, and says how that went. The broker is this story's to clear away.
cat >reader.bash <<'END'
set -eE -o pipefail
trap 'echo "failed: $BASH_COMMAND" >&2' ERR
while read -r file <&7; do
  . "$file" </dev/null
  echo "${file##*.}" >&8
done
END
mkfifo orders answers
bash reader.bash 7<orders 8>answers >said 2>&1 &
exec 7>orders 8<answers
run_block() {
  local answer=
  echo "$2" >&7
  read -r -t 120 answer <&8 || true
  expect_same "line $1 of the page: $(tail -5 said)" "$answer" "$1"
}

broker_of_page() { [ ! -d "$work/tutorial/broker" ] || private-broker stop "$work/tutorial/broker" >/dev/null 2>&1 || true; }
trap 'status=$?; broker_of_page; end_story $status' EXIT
listening() { grep -q 'signals' second.pid 2>/dev/null && curl -s --noproxy '*' -u guest:guest "http://127.0.0.1:$HTTP_PORT/api/consumers/%2F" | jq -e 'any(.queue.name == "cdctl.signals.log")' >/dev/null; }
while read -r kind line file <&6; do
  case $kind in
    sh) run_block "$line" "$file" ;;
    until) (cd tutorial && eventually 60 bash -c "$(cat "$file")") ;;
    second)
      . tutorial/broker.env
      echo signals >second.pid
      (cd tutorial && exec bash "$file") >second.out 2>second.err </dev/null &
      eventually 30 listening
      ;;
  esac
done 6<blocks

grep -q 'thumbs-r.*live' said || fail "no table of sets: $(cat said)"
jq -es 'map(select(.action == "break")) | length >= 1 and all(.ok)' second.out >/dev/null || fail "the breaker cut nothing: $(cat second.out second.err)"
! user_left=$(with_environment "CDCTL_SERVICE=thumbs" | head -1) || [ -z "$user_left" ] || fail "a process of the page's service is left"
