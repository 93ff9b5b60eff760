#!/usr/bin/env bash
# scripts/bootstrap where an installation was killed: it is finished first, then what is missing is installed.
# The stand-ins for apt-get and dpkg behave as apt 2.6 and dpkg 1.21 did on a Debian 12 whose `apt-get install` was killed in a
# trigger of man-db: the package is not "installed", and apt-get refuses `check` and `install` alike with status 100.
# An apt 2.6 does `update` there. Nothing of the machine is touched: everything goes through sudo, which is a stand-in too.
. "$(dirname "$0")/common.bash"
begin
mkdir bin state
chmod 755 "$work"
write_program() { { printf '#!/bin/bash\nstate=%q\n' "$work/state"; cat; } >"bin/$1"; chmod 755 "bin/$1"; }

write_program dpkg-query <<'END'
package=${*: -1}
[ "$package" != man-db ] || [ -e "$state/finished" ] || { printf half-configured; exit; }
[ "$package" != fish ] || [ -e "$state/fish" ] || exit 1
[[ $package != libboost* ]] || [ ! -e "$state/no-boost" ] || [ -e "$state/$package" ] || exit 1
printf installed
END
write_program apt-get <<'END'
echo "apt-get $*" >>"$state/calls"
if [[ $* != *update* ]] && [ ! -e "$state/finished" ]; then
  echo "E: dpkg was interrupted, you must manually run 'dpkg --configure -a' to correct the problem. " >&2
  exit 100
fi
if [[ $* = *install*fish* ]]; then
  touch "$state/fish"
  cp "$state/policy-rc.d" "$state/policy-then"
  [ ! -e "$state/new-service" ] || cat "$state/new-service" >>"$state/services"
fi
[[ $* != *update* ]] || touch "$state/lists"
[[ $* != *install*libboost* ]] || touch "$state/${*: -1}"
END
write_program apt-cache <<'END'
[ -e "$state/lists" ] && [[ $* = *libboost1.83-dev ]]
END
write_program dpkg <<'END'
echo "dpkg $*" >>"$state/calls"
[[ $* != *"--configure -a"* ]] || touch "$state/finished"
END
write_program sudo <<'END'
echo "sudo $*" >>"$state/sudo-calls"
case $1 in
  env | tee | mv | rm | chmod | systemctl) exec "$@" ;;
  *) [ ! -e "$state/wrong-password" ] ;;
esac
END
write_program systemctl <<'END'
echo "systemctl $*" >>"$state/calls"
[[ $* != *list-unit-files* ]] || [ ! -e "$state/services" ] || cat "$state/services"
[[ $* != *install* ]]
END
touch state/calls state/sudo-calls
as_user=()
if [ "$(id -u)" = 0 ]; then  # whoever is root is asked for no sudo
  chmod 777 state
  chmod 666 state/calls state/sudo-calls
  as_user=(setpriv --reuid=65534 --regid=65534 --clear-groups)
fi
cp "$source_dir/scripts/bootstrap" .
chmod 755 bootstrap
export CDCTL_TEST_POLICY=$work/state/policy-rc.d   # the machine's own stays as it is
run() { timeout 30 "${as_user[@]}" env "PATH=$work/bin:$PATH" bash ./bootstrap "$@" >out 2>err; }

got=0
run --check || got=$?
[ $got = 1 ]
grep -q '^  missing: fish man-db$' err
run
grep -q 'an installation was interrupted; finishing it' err
[ "$(grep -c 'dpkg .*--configure -a' state/calls)" = 1 ]
[ "$(grep -c 'apt-get .* install .* fish' state/calls)" = 1 ]
run --check

# Where nothing was interrupted, nothing is finished.
rm state/fish
: >state/calls
run
! grep '^dpkg ' state/calls || fail 'dpkg was called where nothing was interrupted'
grep -q 'apt-get .* install .* fish' state/calls

# Debian 13 has another Boost, which nobody knows of before apt has its lists; there either of two will do.
touch state/no-boost
rm -f state/lists
: >state/calls
run
grep -q 'apt-get .* install .* libboost1.83-dev$' state/calls || fail "asked for $(grep libboost state/calls)"
run --check

# What a package starts is forbidden while it is installed, and no longer: also after a run that was killed in between.
[ ! -e state/policy-rc.d ]
[ "$(tail -n 1 state/policy-then)" = "exit 101" ]
cp state/policy-then state/policy-rc.d
rm state/fish
run
[ ! -e state/policy-rc.d ] || fail 'what a killed run had left is still there'
echo 'exit 0' >state/policy-rc.d
rm state/fish
run
[ "$(cat state/policy-rc.d)" = "exit 0" ] || fail "the machine's own policy did not come back"
rm state/policy-rc.d

# A service that came with a package is disabled, one that was there is not; without a running systemd by its links.
echo 'ssh.service enabled enabled' >state/services
chmod 666 state/services
echo 'rabbitmq-server.service enabled enabled' >state/new-service
rm state/fish
: >state/calls
run
grep -q 'systemctl .*disable .*rabbitmq-server.service$' state/calls || fail 'the new service is still enabled'
! grep -q 'systemctl .*disable .*ssh.service' state/calls || fail 'a service that was there was disabled'
[ -d /run/systemd/system ] || ! grep 'systemctl' state/calls | grep -v -e '--root=/' || fail 'systemd was asked, which does not run'

# A wrong password is asked for once, and blamed on sudo. A terminal is needed to be asked at all.
rm state/fish
touch state/wrong-password
: >state/calls
: >state/sudo-calls
got=0
script -qec "timeout 30 ${as_user[*]} env 'PATH=$work/bin:$PATH' bash ./bootstrap" said </dev/null >/dev/null || got=$?
[ $got = 1 ]
grep -q 'sudo refuses' said || fail "said: $(cat said)"
[ "$(wc -l <state/sudo-calls)" = 2 ] || fail "sudo was called so: $(cat state/sudo-calls)"   # whether it asks, and to ask
! grep -q '^apt-get' state/calls || fail 'apt-get was called'
