#!/usr/bin/env bash
# Every example of --help, which are those of the manual pages, is run as it stands: names apart, and with an end for what has none.
. "$(dirname "$0")/../lib/common.bash"
. "$(dirname "$0")/../lib/landing.bash"
begin
service=thumbs
make_trunk thumbs 'worker: exec sleep 1000'
make_service thumbs </dev/null
make_trunk previews 'worker: exec sleep 1000'
make_service previews </dev/null
make_origin
for person in alice bob; do make_person $person; done
make_target thumbs <<<'verify = { command = "./check" }'
offer alice new-words new-words x
offer alice fix-typo words two
as bob git fetch -q origin && as bob git checkout -q --detach origin/propose/main/fix-typo
printf '[journal]\nsocket = "journal.socket"\n' >>cdctl.toml  # somebody to tell
printf 'all:\n\ncheck:\n\t./check\n' >people/alice/Makefile
printf '[lp:shop]\ntree_dir = /srv/shop\n' >tarmac.conf
export HOME=$work/home CDCTL_PLUGIN_PATH=$build_dir/tests/sinks CDCTL_TEST_SINK=$work/sunk
mkdir -p "$HOME/.local/share/bash-completion/completions" "$HOME/.config/fish/completions"
git clone -q thumbs.git thumbs
git init -q -b main thumbs-spec
printf 'collect\nscript config=setup\n' >thumbs-spec/manifest
printf 'thumbs %s/thumbs.git\n' "$work" >thumbs-spec/collect
printf '#!/bin/sh\nexit 0\n' >thumbs-spec/setup
chmod +x thumbs-spec/setup
git -C thumbs-spec add -A
git -C thumbs-spec commit -qm spec
mkdir -p thumbs-spec/production
cp thumbs-spec/manifest thumbs-spec/collect thumbs-spec/setup thumbs-spec/production

live() { cdctl ls thumbs </dev/null 2>/dev/null | jq -r 'select(.state == "live" and .cut == false) | .set'; }
# Two live sets, and one that is cut: there is something to do for everybody.
prepare() {
  cdctl force none thumbs >/dev/null 2>&1 </dev/null || true
  cdctl resume thumbs >/dev/null 2>&1 </dev/null || true
  while [ "$(live | wc -l)" -lt 2 ]; do
    commit ok thumbs
    cdctl deploy thumbs >/dev/null </dev/null
  done
  set=$(live | tail -1)
  cdctl signal "$set" oops -s warning </dev/null
  cdctl signals --since 1h </dev/null >signals.ndjson
}

# What an example may come to, where that is not 0: a phase outside of a workspace fails, a controller that is not there cannot be
# asked. No example is a usage error.
status_of() {
  case $1 in
    *--follow* | *'--every'* | 'cdctl top' | *' -f' | *--listen*) echo 124 ;;
    'cdctl doctor' | 'cdctl doctor |'* | 'cdctl plugins --check'*) echo '0 1 4' ;;
    'cdctl juju '*) echo '0 1 3 4' ;;
    *'--from failed'*) echo '0 2' ;;  # of a run that has not failed
    'cdctl mojo '*) echo '0 1 3 4 5' ;;  # without a controller, and of a service that has guards
    *) echo 0 ;;
  esac
}
run_example() { # EXAMPLE
  local line=$1 status=0 want
  want=$(status_of "$line")
  line=${line//thumbs-r5f0c1e9a2b/$set}
  line=${line//thumbs@r5f0/thumbs@${set##*-}}
  [[ $line != *'cdctl notify'* ]] || line=${line/--test pagerduty/--test keep}
  [[ $line != 'cdctl signal oops'* ]] || line="CDCTL_SET=$set $line"  # as a unit has it
  [[ $line != 'cdctl top'* ]] || line="script -qec '$line' /dev/null"
  [[ $line != 'cdctl init --service'* ]] || line="cd again && CDCTL_CONFIG= ${line/.\/thumbs/../thumbs}"
  line=${line/--target main/--target thumbs}
  line=${line/timeline --listen/timeline --listen=127.0.0.1:0}
  line=${line/127.0.0.1:9465/127.0.0.1:0} line=${line/\/var\/lib\/prometheus\/node-exporter/$work}
  [[ $line != 'cdctl init --target'* ]] || line="cd people/alice && CDCTL_CONFIG= $line"
  [[ $line != *'workspace-new '* ]] || rm -rf "$HOME/.local/share/mojo/thumbs/noble/main"  # a run has made it
  [[ $line != 'cdctl propose'[\ ]* && $line != 'cdctl propose' ]] || line="cd people/alice && $line"
  [[ $line != 'cdctl review'* ]] || line="cd people/bob && $line"
  printf '%s\n' "$line" >command
  timeout -s TERM -k 5 "$([ "$want" = 124 ] && echo 4 || echo 60)" bash -o pipefail -c "$line" >out 2>err </dev/null || status=$?
  [[ " $want " = *" $status "* ]] || fail "exit status $status, expected $want"
  ! grep -E 'jq: |unknown (option|command)|needs a value|internal error' err || fail "the example is wrong"
}
examples_of() { cdctl "$@" --help | sed -n 's/^  \$ //p'; }

mkdir again
count=0
for command in $(cdctl __complete fish 'cdctl ' | cut -f1 | grep -vE '^(:|help)$'); do
  if [[ $command = mojo || $command = juju ]]; then
    groups+=("$command")
    continue
  fi
  while read -r line; do
    [ "$line" != 'cdctl init' ] || continue  # asks a person: the story of init does
    prepare
    run_example "$line"
    count=$((count + 1))
  done < <(examples_of "$command")
done
[ "$count" -ge 50 ] || fail "only $count examples were found"

# Those of plugins: the phases in the workspace that the example of `mojo run` has made.
export MOJO_PROJECT=thumbs MOJO_SERIES=noble MOJO_STAGE=production MOJO_WORKSPACE=main
for group in "${groups[@]}"; do
  for command in $(cdctl "$group" --help | sed -n 's/^  \([a-z][a-z-]*\)  .*/\1/p'); do
    while read -r line; do
      case $line in
        *' builddeps'* | *' repo'*) continue ;;  # install packages, sign archives: the stories of mojo run them in a workspace of their own
      esac
      run_example "$line"
      count=$((count + 1))
    done < <(examples_of "$group" "$command")
  done
done

# The manual pages have the same.
cdctl __man man >/dev/null </dev/null
examples_of doctor | while read -r line; do
  sed 's/\\-/-/g; s/\\(aq/'\''/g; s/\\(dq/"/g; s/\\&//g' man/cdctl-doctor.1 | grep -qF -- "$line" || fail "cdctl-doctor.1 has not: $line"
done
