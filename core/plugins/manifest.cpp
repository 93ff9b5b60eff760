#include "core/plugins/manifest.hpp"

#include <algorithm>
#include <array>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include <cdctl/fs.hpp>
#include <cdctl/text.hpp>

#include "core/files/toml_file.hpp"
#include "core/plugins/gate.hpp"

namespace cdctl::plugins {

namespace fs = std::filesystem;
using plugin::Descriptor;

namespace {

constexpr std::array<std::string_view, 4> k_places{"file", "service", "both", "target"};

// ---------------------------------------------------------------- the codec of rows

/// The members of a row by name: for the reader and for the writer.
void members(auto& each, auto& row)
  requires requires { row.choices; }
{
  each("name", row.name);
  each("value", row.value);
  each("help", row.help);
  each("repeatable", row.repeatable);
  each("value_optional", row.value_optional);
  each("letter", row.letter);
  each("choices", row.choices);
}
void members(auto& each, auto& row)
  requires requires { row.place; }
{
  each("place", row.place);
  each("name", row.name);
  each("type", row.type);
  each("default", row.otherwise);
  each("example", row.example);
  each("commands", row.commands);
  each("meaning", row.meaning);
  each("shapes", row.shapes);
}
void members(auto& each, auto& row)
  requires requires { row.options; }
{
  each("name", row.name);
  each("arguments", row.arguments);
  each("summary", row.summary);
  each("examples", row.examples);
  each("options", row.options);
}

template <class Row>
Json row_to_json(const Row& row);

struct RowWriter {
  Json out = Json::object();

  void operator()(std::string_view name, std::string_view text) { out.set(name, text); }
  void operator()(std::string_view name, bool flag) { out.set(name, flag); }
  void operator()(std::string_view name, char letter) {
    out.set(name, letter ? std::string(1, letter) : std::string());
  }
  void operator()(std::string_view name, plugin::KeyPlace place) {
    out.set(name, k_places[static_cast<std::size_t>(place)]);
  }
  void operator()(std::string_view name, std::span<const plugin::OptionRow> rows) {
    auto list = Json::array();
    for (const auto& row : rows) list.push_back(row_to_json(row));
    out.set(name, std::move(list));
  }
};

template <class Row>
Json row_to_json(const Row& row) {
  RowWriter writer;
  members(writer, row);
  return std::move(writer.out);
}

template <class Row>
Row row_from_json(const Json& json, RowText& text);

struct RowReader {
  const Json& from;
  RowText& text;

  void operator()(std::string_view name, std::string_view& to) {
    to = text.keep(from[name].as_string());
  }
  void operator()(std::string_view name, bool& to) { to = from[name].as_bool(); }
  void operator()(std::string_view name, char& to) {
    const auto letter = from[name].view();
    to = letter.empty() ? '\0' : letter.front();
  }
  void operator()(std::string_view name, plugin::KeyPlace& to) {
    const auto at = std::ranges::find(k_places, from[name].view());
    to = at == k_places.end() ? plugin::KeyPlace::both
                              : static_cast<plugin::KeyPlace>(at - k_places.begin());
  }
  void operator()(std::string_view name, std::span<const plugin::OptionRow>& to) {
    std::vector<plugin::OptionRow> rows;
    for (const auto& item : from[name].items())
      rows.push_back(row_from_json<plugin::OptionRow>(item, text));
    to = text.keep(std::move(rows));
  }
};

template <class Row>
Row row_from_json(const Json& json, RowText& text) {
  Row row{};
  RowReader reader{json, text};
  members(reader, row);
  return row;
}

/// The rows of one kind are a file beside the manifest, a line each: `NAME.commands.ndjson`.
fs::path rows_file(fs::path manifest, std::string_view what) {
  return manifest.replace_extension(fmt::format(".{}.ndjson", what));
}

Json row_to_json(const plugin::RecordRow& row) { return records::to_json(row); }

template <class Row>
Result<> write_rows(const fs::path& file, std::span<const Row> rows) {
  if (rows.empty()) {
    (void)::unlink(file.c_str());  // of an earlier build
    return {};
  }
  std::string out;
  for (const auto& row : rows) {
    row_to_json(row).dump_to(out);
    out += '\n';
  }
  return write_file_atomically(file, out);
}

template <class Row>
Result<std::vector<Row>> read_rows(const fs::path& file, RowText& text) {
  CDCTL_TRY_ASSIGN(const auto all, read_file(file, 1u << 20));
  std::vector<Row> out;
  for (const auto line : lines(all)) {
    const auto row = Json::parse(line);
    if (!row) return fail(ExitCode::config, fmt::format("{}: {}", file.string(), row.error().what));
    out.push_back(row_from_json<Row>(*row, text));
  }
  return out;
}

// ---------------------------------------------------------------- the manifest's own text

std::string toml_string(std::string_view text) {
  std::string out;
  append_json_string(out, text);  // a TOML basic string takes the same escapes
  return out;
}
std::string toml_list(const std::vector<std::string_view>& list) {
  std::vector<std::string> quoted;
  for (const auto word : list) quoted.push_back(toml_string(word));
  return fmt::format("[{}]", fmt::join(quoted, ", "));
}

/// The names of the keys that stand in a file of this kind, the plugin's table taken off.
std::vector<std::string_view> key_names(const Descriptor& found, plugin::KeyPlace place) {
  std::vector<std::string_view> out;
  for (const auto& key : found.keys)
    if (key.name.size() > found.name.size() && !key.name.ends_with('*') &&
        (key.place == place ||
         (key.place == plugin::KeyPlace::both && place != plugin::KeyPlace::target)))
      out.push_back(key.name.substr(found.name.size() + 1));
  return out;
}

/// A plugin has the keys of its own table, and no others.
Result<> check_keys(const Descriptor& found) {
  const auto table = std::string(found.name) + ".";
  for (const auto& key : found.keys)
    if (key.name != found.name && !key.name.starts_with(table))
      return fail(ExitCode::config, fmt::format("the key '{}' is not one of the table [{}]",
                                                printable(key.name, 80), found.name));
  return {};
}

std::string manifest_text(const Descriptor& found, const fs::path& library) {
  std::string out =
      "# Made from the plugin's descriptor when it was built; the library is checked against it "
      "when it is opened.\n";
  const auto put = [&](std::string_view key, const std::string& value) {
    out += fmt::format("{} = {}\n", key, value);
  };
  put("name", toml_string(found.name));
  put("version", toml_string(found.version));
  put("file", toml_string(library.filename().native()));
  put("interface", std::to_string(CDCTL_INTERFACE));
  put("build", toml_string(CDCTL_BUILD_TAG));
  put("summary", toml_string(found.summary));
  put("global_keys", toml_list(key_names(found, plugin::KeyPlace::file)));
  put("service_keys", toml_list(key_names(found, plugin::KeyPlace::service)));
  if (const auto keys = key_names(found, plugin::KeyPlace::target); !keys.empty())
    put("target_keys", toml_list(keys));
  std::vector<std::string> shapes;
  for (const auto& key : found.keys)
    if (!key.shapes.empty())
      shapes.push_back(toml_string(key.name) + " = " + toml_string(key.shapes));
  if (!shapes.empty()) put("shapes", fmt::format("{{ {} }}", fmt::join(shapes, ", ")));
  if (!found.unit_env.empty()) put("unit_env", toml_string(found.unit_env));
  std::vector<std::string_view> names;
  for (const auto& row : found.commands) names.push_back(row.name);
  put("commands", toml_list(names));
  for (const auto& row : found.roles)
    out += fmt::format("\n[[role]]\nrole = \"{}\"\nkind = {}\nkeys = {}\n", to_string(row.role),
                       toml_string(row.kind), toml_list(words(row.keys)));
  return out;
}

std::vector<std::string> string_list(const Json& json) {
  std::vector<std::string> out;
  for (const auto& item : json.items()) out.push_back(item.as_string());
  return out;
}

/// Whether the plugin of this manifest can be used, as far as the manifest tells.
Result<> check(const PluginInfo& info, const Json& table) {
  const auto refuse = [](std::string what) { return fail(ExitCode::config, std::move(what)); };
  const auto library = table["file"].view();
  if (library.empty() || library.contains('/'))
    return refuse(
        fmt::format("{}: 'file' must name a library in the same folder", info.manifest.string()));
  if (table["name"].view() != info.name)
    return refuse(fmt::format("{}: the manifest says name '{}', its file name {}",
                              info.manifest.string(), printable(table["name"].view(), 40),
                              info.name));
  CDCTL_TRY(gate::check_manifest(info.manifest, info.interface_version));
  return only_ours_to_write(info.manifest);
}

}  // namespace

std::string_view to_string(plugin::Role role) {
  return plugin::k_role_names[static_cast<std::size_t>(role)];
}

std::vector<RoleInfo> roles_of(const Descriptor& descriptor) {
  std::vector<RoleInfo> out;
  for (const auto& row : descriptor.roles) {
    const auto keys = words(row.keys);
    out.push_back(
        {std::string(to_string(row.role)), std::string(row.kind), {keys.begin(), keys.end()}});
  }
  return out;
}

PluginInfo read_manifest(const fs::path& path) {
  const auto file = files::read_toml(path);
  if (file) return parse_manifest(*file);
  PluginInfo info;
  info.manifest = path;
  info.name = path.stem().string();
  info.refused = file.error().what;
  return info;
}

PluginInfo parse_manifest(const files::TomlFile& file) {
  PluginInfo info;
  info.manifest = file.path;
  info.name = file.path.stem().string();
  const auto& table = file.table;
  info.version = table["version"].as_string();
  info.summary = table["summary"].as_string();
  info.interface_version = table["interface"].as_int();
  info.file = file.path.parent_path() / table["file"].as_string();
  info.global_keys = string_list(table["global_keys"]);
  info.service_keys = string_list(table["service_keys"]);
  info.target_keys = string_list(table["target_keys"]);
  for (const auto& [key, name] : table["shapes"].members()) info.shapes[key] = name.as_string();
  info.unit_env = table["unit_env"].as_string();
  for (const auto& row : table["role"].items())
    info.roles.push_back(
        {row["role"].as_string(), row["kind"].as_string(), string_list(row["keys"])});
  for (auto& name : string_list(table["commands"]))
    info.commands.push_back({.name = info.text->keep(std::move(name))});
  if (const auto fits = check(info, table); !fits) info.refused = fits.error().what;
  return info;
}

bool has_commands(const fs::path& manifest) {
  return ::access(rows_file(manifest, "commands").c_str(), F_OK) == 0;
}

Result<> read_commands(PluginInfo& info) {
  const auto file = rows_file(info.manifest, "commands");
  CDCTL_TRY_ASSIGN(auto rows, read_rows<plugin::CommandRow>(file, *info.text));
  if (!std::ranges::equal(rows, info.commands, {}, &plugin::CommandRow::name,
                          &plugin::CommandRow::name))
    return fail(ExitCode::config, fmt::format("{} and {} disagree; build the plugin again",
                                              file.string(), info.manifest.string()));
  info.commands = std::move(rows);
  return {};
}

Result<> read_keys(PluginInfo& info) {
  if (info.global_keys.empty() && info.service_keys.empty() && info.target_keys.empty()) return {};
  CDCTL_TRY_ASSIGN(info.keys,
                   read_rows<plugin::KeyRow>(rows_file(info.manifest, "keys"), *info.text));
  return {};
}

Result<> read_records(const PluginInfo& info, records::RowStore& into) {
  CDCTL_TRY_ASSIGN(const auto text, read_file_if_there(rows_file(info.manifest, "records")));
  if (!text) return {};
  for (const auto line : lines(*text)) {
    CDCTL_TRY_ASSIGN(const auto row, Json::parse(line));
    CDCTL_TRY(into.add(row));
  }
  return {};
}

Result<> write_manifest(const fs::path& library, const fs::path& manifest) {
  CDCTL_TRY_ASSIGN(const auto* const found, gate::open(library));
  CDCTL_TRY(check_keys(*found));
  CDCTL_TRY(write_rows(rows_file(manifest, "commands"), found->commands));
  CDCTL_TRY(write_rows(rows_file(manifest, "keys"), found->keys));
  CDCTL_TRY(write_rows(rows_file(manifest, "records"), found->records));
  return write_file_atomically(manifest, manifest_text(*found, library));
}

std::string mismatch(const PluginInfo& manifest, const Descriptor& real) {
  if (manifest.name != real.name)
    return fmt::format("the manifest says name {}, the library {}", manifest.name, real.name);
  if (manifest.version != real.version)
    return fmt::format("the manifest says version {}, the library {}", manifest.version,
                       real.version);
  const auto names = [](const std::vector<RoleInfo>& roles) {
    std::vector<std::string> out;
    for (const auto& row : roles) out.push_back(row.role + ":" + row.kind);
    return out;
  };
  const auto promised = names(manifest.roles), kept = names(roles_of(real));
  if (promised != kept)
    return fmt::format("the manifest says roles {}, the library {}", fmt::join(promised, " "),
                       fmt::join(kept, " "));
  if (manifest.commands.size() != real.commands.size())
    return "the manifest and the library disagree about commands";
  return {};
}

}  // namespace cdctl::plugins
