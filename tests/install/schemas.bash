#!/usr/bin/env bash
# The files in schemas/ are what the rows of the records say, those of the plugins included; and the manual names each kind of record.
# Write them anew with CDCTL_WRITE_REFERENCE=1.
. "$(dirname "$0")/common.bash"
begin
kept=$source_dir/schemas
expect_exit 0 env --unset=CDCTL_PLUGIN_PATH XDG_DATA_HOME="$work/none" "$build_dir/bin/cdctl" __schemas made
if [ -n "${CDCTL_WRITE_REFERENCE:-}" ]; then
  for file in "$kept"/*.schema.json; do # a plugin that is not built has not left
    [ -e "made/${file##*/}" ] || printf 'schemas: nothing here makes %s: build its plugin, or remove the file if its record is gone\n' "${file##*/}" >&2
  done
  cp made/*.schema.json "$kept/"
fi
diff -r "$kept" made >&2 || fail "schemas/ is not what the rows of the records say: run this test with CDCTL_WRITE_REFERENCE=1"
for file in made/*.schema.json; do
  schema=$(jq -r .properties.schema.const "$file")
  grep -qF "\`$schema\`" "$source_dir/docs/commands.md" || fail "docs/commands.md does not name $schema"
done
