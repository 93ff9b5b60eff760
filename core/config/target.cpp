#include "core/config/target.hpp"

#include <algorithm>
#include <array>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cdctl/text.hpp>

#include "core/config/keys.hpp"

namespace cdctl::config {

namespace fs = std::filesystem;

namespace {

constexpr std::int64_t k_most_batch = 100;

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
    strings(table["contributors"], "contributors", "e-mail addresses, such as [\"*@example.com\"]",
            out.contributors);
    strings(table["hold"], "hold", "labels, such as [\"hold\"]", out.hold, true);
    text(table, "frozen", out.frozen);
    method(table["method"], out.method);
    out.batch = static_cast<std::size_t>(count(table, "batch", "batch", 1, k_most_batch, 1));
    land_via(table["land_via"], out);
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

  void strings(const Json& list, const std::string& key, std::string_view what,
               std::vector<std::string>& out, bool may_be_empty = false) {
    if (list.is_null()) return;
    if (!list.is_array() || (list.items().empty() && !may_be_empty))
      return wrong(key, fmt::format("'{}' must be a list of {}", key, what));
    out.clear();
    for (const auto& one : list.items()) {
      if (trimmed(one.view()).empty() || one.view().find('\0') != std::string_view::npos)
        wrong(key, fmt::format("'{}' must be a list of {}", key, what));
      out.push_back(one.as_string());
    }
  }

  std::int64_t count(const Json& table, const std::string& name, const std::string& key,
                     std::int64_t least, std::int64_t most, std::int64_t otherwise) {
    const auto& value = table[name];
    if (value.is_null()) return otherwise;
    if (value.is_int() && value.as_int() >= least && value.as_int() <= most) return value.as_int();
    wrong(key, fmt::format("'{}' must be a whole number from {} to {}", key, least, most));
    return otherwise;
  }

  /// The place of a word among those that a key takes.
  std::size_t word(const Json& value, const std::string& key, const std::vector<std::string>& all) {
    if (value.is_null()) return 0;
    const auto at = std::ranges::find(all, value.view());
    if (value.is_string() && at != all.end()) return static_cast<std::size_t>(at - all.begin());
    wrong(key, fmt::format("'{}' must be one of {}{}", key, joined(all),
                           did_you_mean(value.view(), all, "'", "'")));
    return 0;
  }

  void method(const Json& value, MergeMethod& out) {
    constexpr std::array k_methods{MergeMethod::merge, MergeMethod::squash, MergeMethod::rebase};
    out = k_methods[word(value, "method", {"merge", "squash", "rebase"})];
  }

  /// A forge lands proposals one at a time.
  void land_via(const Json& value, TargetConfig& out) {
    out.land_by_forge = word(value, "land_via", {"push", "forge"}) == 1;
    if (out.land_by_forge && out.batch > 1)
      wrong("batch", "'batch' needs land_via = \"push\": a forge lands proposals one by one");
  }

  /// What the branches of candidates begin with.
  void staging(const Json& value) {
    if (value.is_null()) return;
    const auto given = value.view();
    constexpr std::string_view k_heads = "refs/heads/";
    const bool good = given.starts_with(k_heads) && valid_word(given.substr(k_heads.size()));
    if (!good)
      wrong("verify.staging",
            "'verify.staging' must be refs/heads/ and a word, such as \"refs/heads/staging\"");
  }

  void verify(const Json& table, VerifyConfig& out) {
    if (!table.is_null() && !table.is_object())
      return wrong("verify", "'verify' must be a table, such as { command = \"make check\" }");
    out.command = table["command"].as_string();
    strings(table["statuses"], "verify.statuses", "names, such as [\"ci/build\"]", out.statuses);
    strings(table["wrapper"], "verify.wrapper", "a program and its arguments", out.wrapper);
    const bool has_command = !trimmed(out.command).empty();
    const bool given = !table["command"].is_null();
    if (!has_command && (given || out.statuses.empty()))
      wrong(table.is_object() ? "verify.command" : "verify",
            "a target needs verify.command, which tests what lands, such as \"make check\" "
            "(\"true\" tests nothing), or verify.statuses");
    if (!has_command && !out.wrapper.empty())
      wrong("verify.wrapper", "'verify.wrapper' needs verify.command");
    out.retries = static_cast<unsigned>(count(table, "retries", "verify.retries", 0, 10, 0));
    staging(table["staging"]);
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

TargetConfig target_of(const files::TomlFile& file, plugins::PluginHost& plugins,
                       const fs::path& base, Problems& problems) {
  TargetConfig out;
  out.name = file.path.stem().string();
  out.file = file.path;
  out.table = file.table;
  TargetReader(file, plugins, base, problems).read(out);
  return out;
}

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
  return target_of(*file, plugins, base, problems);
}

}  // namespace cdctl::config
