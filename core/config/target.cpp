#include "core/config/target.hpp"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cdctl/text.hpp>

#include "core/config/keys.hpp"

namespace cdctl::config {

namespace fs = std::filesystem;

namespace {

/// Reads one file of targets.d into a TargetConfig.
class TargetReader {
 public:
  TargetReader(const files::TomlFile& file, plugins::PluginHost& plugins, const fs::path& base,
               Problems& problems)
      : file_(file), plugins_(plugins), base_(base), problems_(problems) {}

  void read(TargetConfig& out) {
    const auto& table = file_.table;
    known(table);
    text(table, "forge", out.forge);
    text(table, "repository", out.repository);
    text(table, "branch", out.branch);
    text(table, "votes", out.votes);
    text(table, "message", out.message);
    flag(table, "remove_branch", "remove_branch", out.remove_branch);
    contributors(table["contributors"], out.contributors);
    verify(table["verify"], out.verify);
    if (out.repository.empty())
      wrong("repository", "a target needs its repository, such as repository = \"https://…\"");
    else if (!out.repository.contains(':') && !out.repository.starts_with('/'))
      out.repository = (base_ / out.repository).lexically_normal().string();
    if (!plugins_.offering("forge", out.forge))
      wrong("forge",
            fmt::format("no plugin offers a forge '{}'; there {}: {}", printable(out.forge, 40),
                        plugins_.kinds("forge").size() == 1 ? "is" : "are",
                        fmt::join(plugins_.kinds("forge"), " ")));
  }

 private:
  void wrong(std::string_view key, std::string_view what) {
    problems_.push_back(bad(file_, key, what).error());
  }

  /// The keys of all of it, those of plugins included.
  void known(const Json& table) {
    auto names = known_target_keys("");
    for (const auto& plugin : plugins_.plugins())
      if (plugin.refused.empty() && !plugin.target_keys.empty()) {
        names.push_back(plugin.name);
        if (table[plugin.name].is_null()) continue;
        if (!table[plugin.name].is_object())
          wrong(plugin.name, fmt::format("'{}' must be a table", plugin.name));
        check_keys(file_, plugin.name, table[plugin.name], plugin.target_keys, problems_);
      }
    check_keys(file_, "", table, names, problems_);
    if (table["verify"].is_object())
      check_keys(file_, "verify", table["verify"], known_target_keys("verify"), problems_);
  }

  void text(const Json& table, const std::string& key, std::string& out) {
    const auto& value = table[key];
    if (value.is_null()) return;
    out = value.as_string();
    if (out.empty() || out.find('\0') != std::string::npos)
      wrong(key, fmt::format("'{}' must be text that is not empty", key));
  }

  void flag(const Json& table, const std::string& name, const std::string& key, bool& out) {
    const auto& value = table[name];
    if (value.is_null()) return;
    if (!value.is_bool()) wrong(key, fmt::format("'{}' must be true or false", key));
    out = value.as_bool();
  }

  void duration(const Json& table, const std::string& name, Millis& out) {
    const auto& value = table[name];
    if (value.is_null()) return;
    const auto read = parse_duration(value.view());
    if (!read || *read <= Millis(0) || *read > std::chrono::hours(24 * 7))
      return wrong("verify." + name, fmt::format("'verify.{}' must be a duration up to 7d, such as "
                                                 "\"20m\"",
                                                 name));
    out = *read;
  }

  void contributors(const Json& list, std::vector<std::string>& out) {
    if (list.is_null()) return;
    if (!list.is_array() || list.items().empty())
      return wrong("contributors",
                   "'contributors' must be a list of e-mail addresses, such as "
                   "[\"*@example.com\"]");
    for (const auto& one : list.items()) {
      if (one.view().empty()) wrong("contributors", "'contributors' must be a list of strings");
      out.push_back(one.as_string());
    }
  }

  void verify(const Json& table, VerifyConfig& out) {
    if (!table.is_null() && !table.is_object())
      return wrong("verify", "'verify' must be a table, such as { command = \"make check\" }");
    out.command = table["command"].as_string();
    if (trimmed(out.command).empty())
      wrong(table.is_object() ? "verify.command" : "verify",
            "a target needs verify.command, which tests what lands, such as \"make check\"; "
            "\"true\" tests nothing");
    duration(table, "limit", out.limit);
    duration(table, "silence", out.silence);
    duration(table, "grace", out.grace);
    bool network = false;
    flag(table, "network", "verify.network", network);
  }

  const files::TomlFile& file_;
  plugins::PluginHost& plugins_;
  fs::path base_;
  Problems& problems_;
};

}  // namespace

TargetConfig read_target(const fs::path& path, plugins::PluginHost& plugins, const fs::path& base,
                         Problems& problems) {
  TargetConfig out;
  out.name = path.stem().string();
  out.file = path;
  if (!valid_word(out.name))
    problems.push_back({ExitCode::config, fmt::format("{}: '{}' is no name of a target",
                                                      path.string(), printable(out.name, 60))});
  const auto file = read_ours(path);
  if (!file) {
    problems.push_back(file.error());
    return out;
  }
  out.table = file->table;
  TargetReader(*file, plugins, base, problems).read(out);
  return out;
}

}  // namespace cdctl::config
