#!/usr/bin/env bash
# The two plugins of examples/plugin, built against an installed cdctl and used.
. "$(dirname "$0")/common.bash"
begin
clean_up() {
  local set
  for set in $(timeout 20 cdctl ls -o name 2>/dev/null </dev/null); do timeout 30 cdctl reap "$set" --grace 0s --even-newest --even-last "$set" >/dev/null 2>&1 </dev/null; done
}
install_to "$work/prefix"
PATH=$work/prefix/bin:$PATH
build_plugin "$source_dir/examples/plugin" "$work/build"

cat >cdctl.toml <<'END'
[lines]
file = "records.txt"
END
export CDCTL_CONFIG=$work/cdctl.toml
mkdir services.d trunk
echo 'worker: exec sleep 1000' >trunk/Procfile
cat >services.d/thumbs.toml <<'END'
units = { worker = 1 }
[sources]
trunk = { folder = "trunk" }
END

# Not there yet: the configuration names what nobody offers.
expect_exit 3 cdctl notify lines </dev/null
expect_error "unknown key 'lines'"

# Once it is installed where cdctl looks, both are.
cmake --install build --prefix "$work/prefix" >/dev/null
expect_exit 0 cdctl plugins --check -o ndjson
expect_json 'map(select(.name == "lines" or .name == "folder")) | length == 2 and all(.ok and .version == "1.0.0")'

# The source: a folder goes out, unchanged it is not offered again, changed it is.
expect_exit 0 cdctl outdated -o ndjson
expect_json '.[0].sources.trunk | .kind == "folder" and (.revision | length == 64)'
pipe_exit 0 'cdctl outdated | cdctl deploy'
expect_json 'length == 1 and .[0].ok'
expect_exit 0 cdctl ls -o ndjson
expect_json '.[0].state == "live" and .[0].units.up == 1'
expect_exit 0 cdctl outdated -o ndjson
expect_quiet
echo change >>trunk/README
expect_exit 0 cdctl outdated -o ndjson
expect_json '.[0].why == "trunk-newer"'
expect_exit 1 cdctl deploy thumbs --source trunk=0000
expect_error 'the folder .* is at [0-9a-f]{12}, not at 0000'

# The sink: a line a record, and with --pass the same bytes go on.
signal() { printf '{"schema":"cdctl.signal/1","id":"%s","set":"thumbs-r0123456789","service":"thumbs","severity":"critical", "signal":"oops","message":"two\\nlines","time":"2026-11-23T04:11:30.120Z"}\n' "$1"; }
{ signal 1; signal 2; } >signals
pipe_exit 0 'cdctl notify lines --pass <signals'
cmp -s signals out || fail "--pass changed the records"
expect_same lines "$(wc -l <records.txt)" 2
grep -qx '2026-11-23T04:11:30.120Z signal thumbs-r0123456789: critical oops two lines' records.txt || fail "no such line in records.txt"
