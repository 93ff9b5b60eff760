#include <fmt/format.h>

#include <cdctl/text.hpp>

#include "cli/output/screen_text.hpp"
#include "cli/setup/config_view.hpp"
#include "core/config/keys.hpp"
#include "core/records/key.hpp"

namespace cdctl::cli {

namespace {

std::string place_of(const config::ConfigKey& key) {
  if (key.place == config::KeyPlace::both && !key.plugin.empty())
    return "cdctl.toml; a service's file";
  return std::string(config::place_name(key.place));
}

Json record_of(const config::ConfigKey& key) {
  return records::encode(records::KeyRecord{.key = std::string(key.name),
                                            .place = place_of(key),
                                            .type = std::string(key.type),
                                            .otherwise = std::string(key.otherwise),
                                            .example = std::string(key.example),
                                            .commands = std::string(key.commands),
                                            .meaning = std::string(key.meaning),
                                            .plugin = std::string(key.plugin)});
}

/// One key for people, whole.
std::string page_of(const config::ConfigKey& key) {
  const auto last = key.name.substr(key.name.rfind('.') + 1);
  return fmt::format(
      "{}  ({})\n    {}\n    type      {}\n    default   {}\n    example   {} = {}\n    obeyed by "
      "{}\n",
      key.name, place_of(key), key.meaning, key.type, key.otherwise.empty() ? "-" : key.otherwise,
      last == "*" ? "name" : last, key.example, key.commands);
}

/// One of many, short: a table of four such columns would leave 20 to the meaning.
std::string entry_of(const config::ConfigKey& key, std::size_t columns) {
  const auto head = fmt::format(
      "{}  {}{}  ({})", key.name, key.type,
      key.otherwise.empty() ? "" : fmt::format(", default {}", key.otherwise), place_of(key));
  return fmt::format("{}\n    {}\n", wrapped(head, 8, columns), wrapped(key.meaning, 4, columns));
}

bool named(const config::ConfigKey& key, std::string_view word) {
  return key.name == word || key.name.substr(key.name.rfind('.') + 1) == word;
}

}  // namespace

Result<> explain_keys(Context& context, const std::string& word) {
  std::vector<const config::ConfigKey*> found;
  std::vector<std::string> names;
  const config::Keys keys(context.plugin_host());
  for (const auto& key : keys.all()) {
    names.emplace_back(key.name);
    if (word.empty() || named(key, word)) found.push_back(&key);
  }
  if (found.empty() && !word.empty())  // `units.worker`, `defaults.reaper.keep`
    for (const bool service : {true, false})
      if (const auto* key = keys.find(service, word); key && found.empty()) found.push_back(key);
  if (found.empty()) {
    return fail(ExitCode::usage,
                fmt::format("config: there is no key '{}'{}; cdctl config explain lists all",
                            printable(word, 60), did_you_mean(word, names)));
  }
  for (const auto* key : found) {
    if (context.out.tabular() && !word.empty())
      context.out.text(page_of(*key));
    else if (context.out.format() == Format::table)
      context.out.text(entry_of(*key, Output::columns()));
    else
      context.out.write(record_of(*key));
  }
  return {};
}

}  // namespace cdctl::cli
