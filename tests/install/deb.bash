#!/usr/bin/env bash
# The Debian packages: what they say and hold, that lintian finds no error, and what dpkg makes of install, upgrade, purge and of
# plugins of another interface. In a root of its own; libraries of the system are taken for granted there. The whole of it in a
# fresh Debian: tests/package/clean_root.bash.
. "$(dirname "$0")/common.bash"
. "$source_dir/tests/package/next.bash"
begin
pack=(cpack --config "$build_dir/CPackConfig.cmake" -B "$work/now" -D CPACK_DEBIAN_COMPRESSION_TYPE=gzip)
in_root=(dpkg --root="$work/root" --force-not-root --log=/dev/null)
status_of() { dpkg-query --admindir="$work/root/var/lib/dpkg" -W -f '${db:Status-Abbrev}${Version}' "$1" 2>/dev/null || :; }
# bare DEB TO: without the call of ldconfig that CPack adds where the libraries are in /usr/lib itself (what ships has them in the
# machine's own folder below it): there is no shell in our root.
bare() {
  dpkg-deb -R "$1" "$2.d"
  rm -f "$2.d/DEBIAN/postinst" "$2.d/DEBIAN/postrm"
  dpkg-deb -Zgzip -b "$2.d" "$2" >/dev/null
}
# fake NAME VERSION FIELD...: a package of nothing but its fields
fake() {
  mkdir -p "fake/$1/DEBIAN"
  { printf 'Package: %s\nVersion: %s\nArchitecture: all\nMaintainer: T <t@example.org>\nDescription: of a test\n' "$1" "$2"; printf '%s\n' "${@:3}"; } >"fake/$1/DEBIAN/control"
  dpkg-deb -b "fake/$1" "$1-$2.deb" >/dev/null
}
interface=$("$build_dir/bin/cdctl" version -o ndjson | jq .interface)
version_of() { "$1" version -o ndjson | jq -r .version; }
now=$(version_of "$build_dir/bin/cdctl") next_program=$(echo "$build_dir"/next/cdctl-*)
next=$(version_of "$next_program")
[ "$now" != "$next" ] || fail "the program of the next version says $next"

# A package has the version of its program, or there is none.
expect_exit 1 "${pack[@]}" -D CPACK_PACKAGE_VERSION="$next"
expect_error "this build is of cdctl $now: no package $next can be made of it"
expect_same "packages of a wrong version" "$(find . -name '*.deb')" ""
expect_exit 0 "${pack[@]}"
program=$(echo now/cdctl_*.deb) dev=$(echo now/cdctl-dev_*.deb)
for deb in "$program" "$dev"; do expect_same "version of $deb" "$(dpkg-deb -f "$deb" Version)" "$now"; done
expect_same maintainer "$(dpkg-deb -f "$program" Maintainer)" "$(sed -n 's/^ -- \(.*>\)  .*/\1/p;T;q' "$source_dir/packaging/changelog")"

# What they say.
expect_same provides "$(dpkg-deb -f "$program" Provides)" "cdctl-plugin-abi-$interface"
for library in libc6 libfmt9 libcurl4 librabbitmq4 libpcre2-8-0 libsimdjson14 libyaml-cpp0.7; do
  [[ $(dpkg-deb -f "$program" Depends) = *"$library"* ]] || fail "cdctl does not depend on $library"
done
[[ $(dpkg-deb -f "$dev" Depends) = *"cdctl (= $now)"*"cdctl-plugin-abi-$interface"* ]] || fail "cdctl-dev does not depend on its cdctl"
dpkg-deb -c "$program" >names
! grep -qE '/include/|\.a$|/cmake/' names || fail "cdctl holds what is for authors of plugins"
timeout 400 lintian --allow-root --fail-on error "$program" "$dev" >lintian.log 2>&1 || { cat lintian.log >&2; fail "lintian found errors, or no end"; }

[[ $(dpkg-deb -f "$program" Description) = 'continuous delivery of services on RabbitMQ queues'$'\n'* ]] || fail "cdctl has another summary"

# What they hold works from any folder, and is one package's or the other's.
dpkg-deb -x "$program" there
expect_exit 0 there/usr/bin/cdctl plugins --check -o ndjson
expect_json 'length > 5 and all(.ok)'
for file in man/man1/cdctl.1.gz man/man1/cdctl-trip.1.gz doc/cdctl/changelog.gz doc/cdctl/copyright doc/cdctl/docs/plugins.md; do
  [ -s "there/usr/share/$file" ] || fail "no $file"
done
expect_same "files of both" "$({ dpkg-deb -c "$program"; dpkg-deb -c "$dev"; } | awk '!/\/$/ {print $6}' | sort | uniq -d)" ""

# Install, upgrade, purge.
bare "$program" "cdctl-$now.deb"
bare "$dev" "cdctl-dev-$now.deb"
next_package "cdctl-$now.deb" "$next_program" "$next" "cdctl-$next.deb"
next_package "cdctl-dev-$now.deb" - "$next" "cdctl-dev-$next.deb"
mkdir -p root/var/lib/dpkg/{info,updates,triggers}
touch root/var/lib/dpkg/{status,available}
expect_exit 0 "${in_root[@]}" --force-depends -i "cdctl-$now.deb" "cdctl-dev-$now.deb"
expect_same installed "$(status_of cdctl) $(status_of cdctl-dev)" "ii $now ii $now"
expect_same "the program" "$(version_of root/usr/bin/cdctl)" "$now"
expect_exit 0 "${in_root[@]}" --force-depends -i "cdctl-$next.deb" "cdctl-dev-$next.deb"
expect_same upgraded "$(status_of cdctl) $(status_of cdctl-dev)" "ii $next ii $next"
expect_same "the program after the upgrade" "$(version_of root/usr/bin/cdctl)" "$next"
expect_exit 0 root/usr/bin/cdctl plugins --check -o ndjson
expect_json 'length > 5 and all(.ok)'

# A plugin of this interface goes in, one of the next does not.
fake good-plugin 1 "Depends: cdctl-plugin-abi-$interface"
fake bad-plugin 1 "Depends: cdctl-plugin-abi-$((interface + 1))"
fake cdctl 0.2.0 "Provides: cdctl-plugin-abi-$((interface + 1))"
expect_exit 0 "${in_root[@]}" -i good-plugin-1.deb
expect_exit 1 "${in_root[@]}" -i bad-plugin-1.deb
expect_error "cdctl-plugin-abi-$((interface + 1)) is not installed"
[ "$(status_of bad-plugin)" != "ii 1" ] || fail "a plugin of another interface was installed"
expect_exit 0 "${in_root[@]}" -P bad-plugin
expect_same "the cdctl that stays" "$(status_of cdctl)" "ii $next"

# What apt makes of it, from a state in which nothing else is missing: no such plugin, and a plain upgrade does not pull the ground
# from under a plugin (dpkg -i alone would).
mkdir -p apt/lists/partial apt/cache/archives/partial apt/etc
installed() { printf 'Package: %s\nStatus: install ok installed\nVersion: %s\nArchitecture: all\nMaintainer: T <t@example.org>\nDescription: of a test\n%s\n\n' "$@"; }
{ installed cdctl "$next" "Provides: cdctl-plugin-abi-$interface"; installed good-plugin 1 "Depends: cdctl-plugin-abi-$interface"; } >apt/status
apt=(apt-get -s -q -o "Dir::State::Status=$work/apt/status" -o "Dir::State::Lists=$work/apt/lists" -o "Dir::Cache=$work/apt/cache" -o "Dir::Etc=$work/apt/etc")
expect_exit 100 "${apt[@]}" install ./bad-plugin-1.deb
expect_line "bad-plugin : Depends: cdctl-plugin-abi-$((interface + 1))"
expect_exit 100 "${apt[@]}" upgrade ./cdctl-0.2.0.deb
expect_line "good-plugin : Depends: cdctl-plugin-abi-$interface"

expect_exit 0 "${in_root[@]}" -P good-plugin cdctl-dev cdctl
expect_same "what is left" "$(find root ! -type d ! -path 'root/var/lib/dpkg/*')" ""
