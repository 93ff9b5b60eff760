#include <algorithm>
#include <filesystem>

#include <cdctl/text.hpp>

#include "core/plugins/host.hpp"
#include "core/plugins/manifest.hpp"
#include "core/records/schema.hpp"
#include "tests/fuzz/answers.hpp"
#include "tests/fuzz/property.hpp"
#include "tests/fuzz/scratch.hpp"

using namespace cdctl;
using namespace cdctl::plugins;
using cdctl::fuzz::must;

namespace {

bool one_line(std::string_view text) {
  return std::ranges::none_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x20; });
}

void check_records(const PluginInfo& info) {
  records::RowStore store;
  (void)read_records(info, store);
  for (const auto& row : store.rows()) {
    must(store.find(row.schema) != nullptr, "a kind of record is found by its name");
    const auto schema = records::schema_of(row);
    must(schema || one_line(schema.error().what), "a type that is none is told in one line");
    records::RowStore again;
    const auto json = records::to_json(row);
    must(again.add(json).has_value() && records::to_json(again.rows()[0]).dump() == json.dump(),
         "rows that were printed are read as they were");
  }
}

void check_rows(PluginInfo info) {
  const auto names = info.commands;
  if (const auto read = read_commands(info); read)
    must(std::ranges::equal(info.commands, names, {}, &plugin::CommandRow::name,
                            &plugin::CommandRow::name),
         "the commands are those of the manifest");
  else
    must(one_line(read.error().what), "rows that are none are told in one line");
  if (const auto read = read_keys(info); !read)
    must(one_line(read.error().what), "keys that are none are told in one line");
}

}  // namespace

/// A manifest and, each behind a line of %%, its rows of commands, of keys and of records.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  auto text = cdctl::fuzz::as_text(data, size);
  static fuzz::Scratch scratch;
  static const auto path = scratch.write("rows.toml", "");
  const auto file = files::parse_toml(fuzz::take_part(text), path);
  if (!file) return 0;
  const auto info = parse_manifest(*file);
  must(one_line(info.refused), "a refusal is one line");
  must(!info.refused.empty() || (info.name == "rows" && info.file.parent_path() == scratch.path() &&
                                 info.interface_version == CDCTL_INTERFACE),
       "what can be used is a library of this interface beside its manifest");
  for (const auto* kind : {"commands", "keys", "records"})
    scratch.keep(std::string("rows.") + kind + ".ndjson", fuzz::take_part(text));
  check_rows(info);
  check_records(info);
  return 0;
}
