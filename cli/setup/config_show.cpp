#include <algorithm>
#include <array>
#include <cstdlib>

#include <fmt/format.h>

#include <cdctl/http.hpp>
#include <cdctl/set_name.hpp>
#include <cdctl/text.hpp>
#include <cdctl/url.hpp>

#include "cli/setup/config_view.hpp"
#include "core/config/keys.hpp"
#include "core/config/place.hpp"
#include "core/files/toml_file.hpp"
#include "core/records/setting.hpp"

namespace cdctl::cli {

namespace {

/// Whether a value by this name would be a secret, in the table of a plugin that takes one so.
bool names_secret(std::string_view key) {
  constexpr std::array<std::string_view, 5> k_parts{"password", "passwd", "secret", "token",
                                                    "api_key"};
  for (const auto* way : {"_file", "_env", "_command"})
    if (key.ends_with(way)) return false;
  return std::ranges::any_of(k_parts, [&](std::string_view part) { return key.contains(part); });
}

/// What people may see of a value: what is secret in an address is none of it, nor are the words of
/// a command behind its program.
Json shown(std::string_view key, const Json& value) {
  if (value.is_string())
    return Json(names_secret(key) ? std::string("***") : with_shown_addresses(value.view()));
  if (key.ends_with("_command") && !value.items().empty())
    return Json(value.items().front().as_string() + (value.items().size() > 1 ? " …" : ""));
  if (value.is_array()) {
    Json out = Json::array();
    for (const auto& item : value.items()) out.push_back(shown("", item));
    return out;
  }
  if (!value.is_object()) return value;
  Json out = Json::object();
  for (const auto& [name, item] : value.members()) out.set(name, shown(name, item));
  return out;
}

class SettingWriter {
 public:
  SettingWriter(Context& context, const files::TomlFile& file)
      : context_(context), file_(file), keys_(context.plugin_host()) {}

  void global() {
    for (const auto& key : keys_.all()) {
      if (key.place == config::KeyPlace::service || key.place == config::KeyPlace::target ||
          (key.place == config::KeyPlace::both && key.plugin.empty()))
        continue;
      put("", key, nullptr);
    }
  }
  void service(const std::string& name, const files::TomlFile& own) {
    for (const auto& key : keys_.all())
      if (key.place != config::KeyPlace::file && key.place != config::KeyPlace::target)
        put(name, key, &own);
  }
  void target(const std::string& name, const files::TomlFile& own) {
    for (const auto& key : keys_.all())
      if (key.place == config::KeyPlace::target) put(name, key, &own);
  }

 private:
  /// Tables are shown by their keys; those of free names (`units`, `sources`, `queues`) as a whole.
  bool container(const config::ConfigKey& key) const {
    if (key.name.ends_with('*')) return true;
    return key.type == "table" &&
           std::ranges::any_of(keys_.all(), [&](const config::ConfigKey& other) {
             return other.name.starts_with(std::string(key.name) + ".") &&
                    !other.name.ends_with('*');
           });
  }

  void put(const std::string& service, const config::ConfigKey& key, const files::TomlFile* own) {
    if (container(key)) return;
    const auto with_default = "defaults." + std::string(key.name);
    const Json* value = nullptr;
    std::string from = "default";
    const auto take = [&](const files::TomlFile& file, const std::string& dotted) {
      const auto& there = config::value_at(file.table, dotted);
      if (value || there.is_null()) return;
      value = &there;
      from = file.at(dotted);
      from.resize(std::min(from.rfind(':'), from.size()));  // the line is enough
    };
    if (own) take(*own, std::string(key.name));
    if (own && key.plugin.empty()) take(file_, with_default);
    if (!own) take(file_, std::string(key.name));
    if (key.plugin == k_embedded && key.name.ends_with(".home")) return put_home(key, value, from);
    if (!value && key.otherwise.empty()) return;
    const bool target = key.place == config::KeyPlace::target;
    context_.out.write(records::encode(
        records::SettingRecord{.service = target ? std::string() : service,
                               .target = target ? service : std::string(),
                               .key = std::string(key.name),
                               .value = value ? shown(key.name, *value) : Json(key.otherwise),
                               .from = from}));
  }

  /// Where things are in fact: the environment goes first, and the default is another one for root.
  void put_home(const config::ConfigKey& key, const Json* value, std::string from) {
    const auto found = config::home_folder(file_.table, {});
    if (!found) context_.report(found.error());
    auto home = value ? *value : found ? Json(found->string()) : Json();
    if (const char* named = std::getenv("CDCTL_HOME"); named && *named) {
      home = found ? Json(found->string()) : Json(named);
      from = "$CDCTL_HOME";
    }
    context_.out.write(records::encode(records::SettingRecord{
        .service = {}, .target = {}, .key = std::string(key.name), .value = home, .from = from}));
  }

  Context& context_;
  const files::TomlFile& file_;
  config::Keys keys_;
};

}  // namespace

Result<> show_settings(Context& context, const config::ConfigPlace& place,
                       std::span<const std::string> services) {
  CDCTL_TRY_ASSIGN(const auto file, files::read_toml(std::filesystem::absolute(place.file)));
  SettingWriter writer(context, file);
  if (services.empty()) writer.global();
  std::vector<std::string> names;
  CDCTL_TRY_ASSIGN(const auto files, config::service_files(place));
  for (const auto& path : files) {
    names.push_back(path.stem().string());
    if (!services.empty() && std::ranges::find(services, names.back()) == services.end()) continue;
    auto own = files::read_toml(path);
    if (own)
      writer.service(names.back(), *own);
    else
      context.report(own.error());
  }
  CDCTL_TRY_ASSIGN(const auto targets, config::target_files(place));
  for (const auto& path : targets) {
    names.push_back(path.stem().string());
    if (!services.empty() && std::ranges::find(services, names.back()) == services.end()) continue;
    auto own = files::read_toml(path);
    if (own)
      writer.target(names.back(), *own);
    else
      context.report(own.error());
  }
  for (const auto& wanted : services) {
    if (std::ranges::find(names, wanted) != names.end()) continue;
    if (!valid_service_name(wanted))
      return fail(ExitCode::usage,
                  fmt::format("config: '{}' is no service name", printable(wanted, 60)));
    context.report(
        {ExitCode::failed,
         fmt::format(
             "config: there is no services.d/{0}.toml and no targets.d/{0}.toml beside {1}{2}",
             printable(wanted, 60), place.file.string(), did_you_mean(wanted, names))});
  }
  return {};
}

}  // namespace cdctl::cli
