#!/usr/bin/env bash
# clean_root - installs, upgrades and purges the packages with apt in a fresh Debian that debootstrap makes
#
#   clean_root.bash [BUILD-FOLDER]    default: build/package-tree, which scripts/package makes
#
# Needs root, debootstrap and a mirror: the one that apt is configured with. Takes minutes, so CI does not run it by itself.
set -eEuo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
build=$(realpath "${1:-build/package-tree}")
work=$(mktemp -d "${TMPDIR:-/var/tmp}/cdctl-root.XXXXXX")
root=$work/root
trap 'printf "FAILED at line %s: %s\n" "$LINENO" "$BASH_COMMAND" >&2' ERR
trap '! mountpoint -q "$root/proc" || umount "$root/proc"; rm -rf --one-file-system "$work"' EXIT
fail() { printf 'FAILED: %s\n' "$1" >&2; exit 1; }

. /etc/os-release
mirror=$(apt-get indextargets --format '$(CODENAME) $(COMPONENT) $(CREATED_BY) $(REPO_URI)' | awk -v name="$VERSION_CODENAME" '$1 == name && $2 == "main" && $3 == "Packages" {print $4; exit}')
[ -n "$mirror" ] || fail "apt has no source for $VERSION_CODENAME"
. tests/package/next.bash
cmake --build "$build" --target cdctl_next >/dev/null
next_program=$(echo "$build"/next/cdctl-*)
next=${next_program##*/cdctl-}
cpack --config "$build/CPackConfig.cmake" -B "$work/now" >/dev/null
now=$(dpkg-deb -f "$work"/now/cdctl_*.deb Version)
mkdir "$work/next"
next_package "$work"/now/cdctl_*.deb "$next_program" "$next" "$work/next/cdctl_next.deb"
debootstrap --variant=minbase "$VERSION_CODENAME" "$root" "$mirror" >"$work/log" 2>&1 || { tail "$work/log" >&2; exit 1; }
mkdir "$root/packages"
cp -r "$work/now" "$work/next" "$root/packages"
printf '#!/bin/sh\nexit 101\n' >"$root/usr/sbin/policy-rc.d"
chmod 755 "$root/usr/sbin/policy-rc.d"
! [ -d /etc/apt/apt.conf.d ] || cp /etc/apt/apt.conf.d/* "$root/etc/apt/apt.conf.d/" 2>/dev/null || :
inside() { chroot "$root" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8 "$@"; }

mount -t proc proc "$root/proc"  # the program finds its parts from /proc/self/exe
inside apt-get -q update >/dev/null
inside sh -c 'find / -xdev ! -path "/packages/*" ! -path "/var/*" ! -path "/tmp/*" | sort' >"$work/before"
inside sh -c 'apt-get -qy install --no-install-recommends /packages/now/cdctl_*.deb' >/dev/null
[ "$(inside cdctl version -o table)" = "cdctl $now" ] || fail "cdctl version"
inside cdctl plugins --check -o ndjson >"$work/plugins"
! grep -v '"ok":true' "$work/plugins" || fail "a plugin is refused"
[ "$(inside dpkg-query -W -f '${Status}' cdctl)" = "install ok installed" ] || fail "cdctl is not installed"

inside sh -c 'apt-get -qy install --no-install-recommends /packages/next/cdctl_*.deb' >/dev/null
[ "$(inside dpkg-query -W -f '${Version}' cdctl)" = "$next" ] || fail "no upgrade"
[ "$(inside cdctl version -o table)" = "cdctl $next" ] || fail "the program is not the one of the upgrade"

inside mkdir -p /tmp/bad/DEBIAN
printf 'Package: bad-plugin\nVersion: 1\nArchitecture: all\nMaintainer: T <t@example.org>\nDepends: cdctl-plugin-abi-9999\nDescription: of a test\n' >"$root/tmp/bad/DEBIAN/control"
inside dpkg-deb -b /tmp/bad /tmp/bad.deb >/dev/null
! inside apt-get -qys install /tmp/bad.deb >"$work/refusal" 2>&1 || fail "apt would install a plugin of another interface"
grep -q 'cdctl-plugin-abi-9999' "$work/refusal" || fail "apt refuses for another reason"

inside apt-get -qy purge cdctl >/dev/null
inside apt-get -qy autoremove --purge >/dev/null
inside sh -c 'find / -xdev ! -path "/packages/*" ! -path "/var/*" ! -path "/tmp/*" | sort' >"$work/after"
comm -13 "$work/before" "$work/after" | grep cdctl && fail "a purge left files" || :
echo ok
