#!/usr/bin/env bash
# What people know from other tools is answered with what it is here; what they mistype, with what they meant; and nothing is done. And what is
# said on stderr is broken between words, never inside of one, however narrow the terminal is.
. "$(dirname "$0")/../lib/common.bash"
begin
make_trunk "$service" 'worker: exec sleep 1000'
make_service </dev/null
live=$(deploy_one ok)

# ---------------------------------------------------------------- commands of other tools

# WORD | what the answer names. Each command that an answer names is one, with the options that it says.
while IFS='|' read -r word answer; do
  expect_exit 2 cdctl "$word" "$live" </dev/null
  expect_quiet
  expect_error "^cdctl: unknown command '$word'; $answer"
done <<'END'
tail|cdctl logs SET
status|cdctl ls lists the sets, cdctl top watches them
ps|cdctl ls
rollback|cdctl deploy SERVICE@previous puts the revision before out again, cdctl timeline SERVICE
undo|cdctl deploy SERVICE@previous
cut|cdctl break SET cuts a set off
kill|cdctl break SET
stop|cdctl break SET cuts a set off, cdctl hold SERVICE freezes deploys
delete|cdctl reap SET removes a set for good
rm|cdctl reap SET
destroy|cdctl reap SET
uninstall|cdctl retire SERVICE ends a service
restart|cdctl mend SET
describe|cdctl inspect SET
audit|cdctl history
release|cdctl outdated . cdctl deploy
resize|cdctl scale SET PROCESS=N changes the units of a set
pause|cdctl hold SERVICE
unpause|cdctl resume SERVICE
prune|cdctl ls . cdctl stale . cdctl reap
pin|cdctl force STATE SET
watch|cdctl top
events|cdctl signals
validate|cdctl config check
END
expect_exit 2 cdctl help rollback </dev/null
expect_error 'cdctl deploy SERVICE@previous'
# Every word of every answer is tried: none may name a command that there is not.
cdctl __complete fish 'cdctl ' | cut -f1 | grep -v '^:' | sort >commands
for word in tail status rollback cut stop delete uninstall uncut describe audit release plan resize pause unpause prune pin watch events check; do
  cdctl "$word" 2>&1 </dev/null | grep -oE 'cdctl [a-z]+' | sed '1{/^cdctl unknown/d}' | cut -d' ' -f2 | sort -u >named || true
  [ -s named ] || fail "$word: no answer"
  expect_same "commands that $word names and that there are not" "$(comm -13 commands named)" ""
done

# ---------------------------------------------------------------- what is mistyped

while IFS='|' read -r line answer; do
  # shellcheck disable=SC2086
  expect_exit 2 cdctl ${line//SET/$live} </dev/null
  expect_quiet
  expect_error "$answer"
done <<'END'
histroy|unknown command 'histroy'; did you mean history
inspct SET|did you mean inspect
reep SET|did you mean reap
deploy --wiat|unknown option --wiat; did you mean --wait\?; see cdctl deploy --help
deploy --dryrun|did you mean --dry-run\?
break SET --even-lats SET|did you mean --even-last\?
break SET --reason x|did you mean --why\?
ls --format json|did you mean --output\?
ls --json|did you mean -o json\?
ls --ouput json|did you mean --output\?
ls -o yaml|--output 'yaml' is none of
log --tail|did you mean --follow\?
signals --folow|did you mean --follow\?
reap SET --grace-period 5s|did you mean --grace\?
signal SET x -s warn|--severity 'warn' is none of.*did you mean warning
log --action braek|--action 'braek' is none of.*did you mean break
force opne SET|did you mean open
config chek|did you mean check
END
expect_same "the set" "$(cdctl ls -o ndjson </dev/null | jq -c '[.set, .state, .cut]')" "[\"$live\",\"live\",false]"

# ---------------------------------------------------------------- words on stderr

# shown COLUMNS COMMAND: what a terminal that is so wide shows of it.
shown() { script -qec "stty cols $1; $2 >/dev/null" /dev/null </dev/null | tr -d '\r'; }
lines=("cdctl logs" "cdctl ls ${service}x" "cdctl reap $live" "cdctl deploy --wiat" "cdctl break ${live%?}" "cdctl rollback")
for line in "${lines[@]}"; do
  bash -c "$line" >/dev/null 2>whole </dev/null || true
  for columns in 40 41 47 55 64 80 132; do
    shown "$columns" "$line" >lines || true
    # The same words in the same order: none is broken, and none is lost.
    diff <(tr -s ' \n' '\n\n' <whole) <(tr -s ' \n' '\n\n' <lines) >&2 || fail "$columns columns: words of '$line' are not whole"
    [ "$(wc -l <lines)" -gt 1 ] || [ "$(wc -L <whole)" -le "$columns" ] || fail "$columns columns: '$line' was not broken"
    # A line that is too long holds a single word.
    awk -v most="$columns" 'length($0) > most { sub(/^ */, ""); if (split($0, words, " ") > 1 && !(NR == 1 && words[1] == "cdctl:" && split($0, words, " ") == 2)) bad = 1 } END { exit bad }' lines ||
      fail "$columns columns: a line of '$line' is too long"
  done
done
# Nor is the answer of doctor, which has the longest ones.
script -qec 'stty cols 60; cdctl doctor' /dev/null </dev/null | tr -d '\r' >lines || true
cdctl doctor -o ndjson </dev/null 2>/dev/null | jq -r '.cure // empty, .found // empty' | tr -s ' ' '\n' | sort -u | sed '/^$/d' >words
tr -s ' \n' '\n\n' <lines | sort -u >shown_words
missing=$(comm -23 words shown_words | grep -vE '[0-9]' || true)
expect_same "words of doctor that are broken" "$missing" ""
