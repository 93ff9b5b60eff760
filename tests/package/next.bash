# next_package DEB PROGRAM VERSION TO: the package DEB as it will be in VERSION. PROGRAM says that version of itself (the target
# cdctl_next makes it) and becomes its /usr/bin/cdctl; `-` for a package without one.
next_package() {
  local deb=$1 program=$2 version=$3 to=$4 now
  now=$(dpkg-deb -f "$deb" Version)
  dpkg-deb -R "$deb" "$to.d"
  [ "$program" = - ] || cp "$program" "$to.d/usr/bin/cdctl"
  sed -i "s/^Version: .*/Version: $version/; /^Depends:/s/cdctl (= $now)/cdctl (= $version)/" "$to.d/DEBIAN/control"
  (cd "$to.d" && find usr -type f -print0 | sort -z | xargs -0 md5sum >DEBIAN/md5sums)
  dpkg-deb --root-owner-group -Zgzip -b "$to.d" "$to" >/dev/null
  rm -rf "$to.d"
}
