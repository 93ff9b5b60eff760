#include "core/config/service.hpp"

#include <algorithm>
#include <array>
#include <csignal>
#include <functional>
#include <optional>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cdctl/module.hpp>
#include <cdctl/release.hpp>
#include <cdctl/secret.hpp>
#include <cdctl/set_name.hpp>
#include <cdctl/text.hpp>

#include "core/config/keys.hpp"
#include "core/config/process_tables.hpp"

namespace cdctl::config {

namespace fs = std::filesystem;

namespace {

constexpr std::string_view k_singleton = "{ count = 1, across = \"service\" }";

/// Reads the fields of one service, its file laid over the defaults.
class ServiceReader {
 public:
  ServiceReader(const files::TomlFile& file, plugins::PluginHost& plugins, const fs::path& base,
                Problems& problems)
      : file_(file),
        plugins_(plugins),
        base_(base),
        problems_(problems),
        service_(file.path.parent_path().filename() == "services.d") {}

  void fields(const Json& table, const std::string& prefix, ServiceConfig& out) {
    prefix_ = prefix;
    keep(word(table, "engine", out.engine));
    keep(word(table, "deployer", out.deployer));
    keep(min_live(table["min_live"], out.min_live));
    keep(count(table, "max_sets", out.max_sets));
    keep(duration(table, "max_verdict_age", out.max_verdict_age));
    if (const auto& breaker = table["breaker"]; !breaker.is_null()) {
      check_keys(file_, key("breaker"), breaker, known_keys(service_, key("breaker")), problems_);
      if (const auto& rules = breaker["rules"]; !rules.is_null())
        keep(strings(rules, "breaker.rules", out.rules));
      const auto before = std::exchange(prefix_, key("breaker"));
      keep(duration(breaker, "overlap", out.overlap));
      prefix_ = before;
    }
    reaper(table["reaper"], out.reaper);
  }

  void service(ServiceConfig& out) {
    const auto& table = file_.table;
    auto known = known_keys(true, "");
    for (const auto& plugin : plugins_.plugins())
      if (plugin.refused.empty() && !plugin.service_keys.empty()) known.push_back(plugin.name);
    check_keys(file_, "", table, known, problems_);
    for (const auto& plugin : plugins_.plugins())
      if (plugin.refused.empty() && !table[plugin.name].is_null()) {
        if (!table[plugin.name].is_object())
          keep(bad(file_, plugin.name, fmt::format("'{}' must be a table", plugin.name)));
        check_keys(file_, plugin.name, table[plugin.name], plugin.service_keys, problems_);
      }
    shaping(table, out);
    fields(table, "", out);
    keep(units(table["units"], out));
    keep(stop_timeouts(table["stop_timeout"], out));
    read_scale(file_, out, problems_);
    read_limits(file_, out, problems_);
    keep(stop_main(table["stop"], out));
    keep(stop_again(table["stop_again"], out));
    if (const auto& flag = table["accept_loss"]; !flag.is_null()) {
      if (!flag.is_bool()) keep(bad(file_, "accept_loss", "'accept_loss' must be true or false"));
      out.accept_loss = flag.as_bool();
    }
    keep(sources(table["sources"], out));
    keep(switches(table["switches"], out));
    keep(singletons(out));
  }

 private:
  /// What the plugins' keys say of the identity of a revision.
  void shaping(const Json& table, ServiceConfig& out) {
    for (const auto& plugin : plugins_.plugins()) {
      if (!plugin.refused.empty()) continue;
      for (const auto& [key, name] : plugin.shapes)
        if (const auto& value = value_at(table, key); !value.is_null())
          out.shaping.set(name, value);
    }
  }
  void keep(Result<> done) {
    if (!done) problems_.push_back(std::move(done.error()));
  }
  std::string key(std::string_view name) const {
    return prefix_.empty() ? std::string(name) : prefix_ + "." + std::string(name);
  }

  Result<> word(const Json& table, std::string_view name, std::string& out) {
    const auto& value = table[name];
    if (value.is_null()) return {};
    if (!value.is_string() || !valid_word(value.view()))
      return bad(file_, key(name), fmt::format("'{}' must be a name", name));
    out = value.as_string();
    return {};
  }
  Result<> duration(const Json& table, std::string_view name, Millis& out) {
    const auto& value = table[name];
    if (value.is_null()) return {};
    auto read = parse_duration(value.view());
    if (!read)
      return bad(
          file_, key(name),
          fmt::format("'{}': {}", name,
                      value.is_string() ? read.error().what : "must be a duration such as \"1h\""));
    out = *read;
    return {};
  }
  Result<> count(const Json& table, std::string_view name, std::int64_t& out) {
    const auto& value = table[name];
    if (value.is_null()) return {};
    if (!value.is_int() || value.as_int() < 0 || value.as_int() > 1'000'000)
      return bad(file_, key(name), fmt::format("'{}' must be a whole number from 0", name));
    out = value.as_int();
    return {};
  }
  Result<> strings(const Json& value, std::string_view name, std::vector<std::string>& out) {
    if (!value.is_array())
      return bad(file_, key(name), fmt::format("'{}' must be a list of strings", name));
    out.clear();
    for (const auto& item : value.items()) {
      if (!item.is_string())
        return bad(file_, key(name), fmt::format("'{}' must be a list of strings", name));
      out.push_back(item.as_string());
    }
    return {};
  }
  Result<> min_live(const Json& value, MinLive& out) {
    if (value.is_null()) return {};
    const auto read = min_live_from_json(value);
    if (!read) return bad(file_, key("min_live"), "'min_live' " + read.error().what);
    out = *read;
    return {};
  }
  void reaper(const Json& table, ReaperPolicy& out) {
    if (table.is_null()) return;
    const auto before = std::exchange(prefix_, key("reaper"));
    check_keys(file_, prefix_, table, known_keys(service_, prefix_), problems_);
    keep(count(table, "keep", out.keep));
    keep(count(table, "max_reaps", out.max_reaps));
    keep(duration(table, "min_age", out.min_age));
    keep(duration(table, "prove_for", out.prove_for));
    if (!table["min_age"].is_null()) {  // the two graces follow the age unless they are given
      out.cut_grace = out.min_age;
      out.failed_grace = std::min(out.min_age, ReaperPolicy().failed_grace);
    }
    keep(duration(table, "cut_grace", out.cut_grace));
    keep(duration(table, "failed_grace", out.failed_grace));
    prefix_ = before;
  }
  Result<> units(const Json& table, ServiceConfig& out) {
    if (table.is_null()) return {};
    if (!table.is_object())
      return bad(file_, "units", "'units' must be a table such as { worker = 3 }");
    for (const auto& [name, value] : table.members()) {
      const auto dotted = "units." + name;
      if (!valid_word(name))
        keep(bad(file_, dotted, fmt::format("'{}' is no process name", printable(name, 40))));
      if (name == k_release && out.engine == k_embedded)  // of another it may be an application
        keep(bad(file_, dotted,
                 fmt::format("'{}' names no unit: a revision runs it once, before its units; take "
                             "it out",
                             dotted)));
      if (value.is_object()) {
        keep(singleton(name, dotted, value, out));
        continue;
      }
      if (!value.is_int() || value.as_int() < 0 || value.as_int() > 1000)
        keep(bad(file_, dotted,
                 fmt::format("'{}' must be a number of units from 0 to 1000, or {}", dotted,
                             k_singleton)));
      out.units[name] = value.as_int();
    }
    return {};
  }
  /// A process of which only the newest live set of the service runs one.
  Result<> singleton(const std::string& name, const std::string& dotted, const Json& table,
                     ServiceConfig& out) {
    check_keys(file_, dotted, table, {"count", "across"}, problems_);
    if (table["across"].view() != "service" || table["count"].as_int(1) != 1 ||
        !(table["count"].is_null() || table["count"].is_int()))
      return bad(file_, dotted,
                 fmt::format("'{}' must be a number of units, or {}: one of the service, in its "
                             "newest live set",
                             dotted, k_singleton));
    out.units[name] = 1;
    return {};
  }
  /// Who shall see to it that there is one only: said here, and not ignored.
  Result<> singletons(const ServiceConfig& service) {
    const auto names = service.singletons();
    if (names.empty()) return {};
    const auto dotted = "units." + *names.begin();
    if (service.engine != k_embedded)
      return bad(file_, dotted,
                 fmt::format("'{}': only the engine {} keeps a process to one across the service, "
                             "and this one's is {}; take `across` out, or give the process a "
                             "service of its own",
                             dotted, k_embedded, service.engine));
    if (std::ranges::all_of(service.switches,
                            [&](const auto& name) { return name == service.engine; }))
      return bad(file_, dotted,
                 fmt::format("'{}': sets agree on who runs the one by a broker, and this service "
                             "has none among its switches; add its table, or "
                             "give the process a service of its own",
                             dotted));
    for (const auto& name : names)
      if (service.scale.contains(name))
        keep(bad(file_, "scale." + name,
                 fmt::format("'scale.{}': there is one of it across the service, so it is not "
                             "scaled; take it out",
                             name)));
    return {};
  }
  Result<> stop_timeouts(const Json& table, ServiceConfig& out) {
    if (table.is_null()) return {};
    if (!table.is_object())
      return bad(file_, "stop_timeout",
                 "'stop_timeout' must be a table by process, such as { worker = \"30s\" }");
    for (const auto& [name, value] : table.members()) {
      const auto dotted = "stop_timeout." + name;
      const auto read = stop_timeout(value.view());
      if (!valid_word(name))
        keep(bad(file_, dotted, fmt::format("'{}' is no process name", printable(name, 40))));
      else if (read)
        out.stop_timeouts[name] = *read;
      else
        keep(bad(file_, dotted,
                 fmt::format("'{}' must be a duration such as \"30s\", or \"until done, at most "
                             "2h\"; 24h at most",
                             dotted)));
    }
    return {};
  }
  static std::optional<StopTimeout> stop_timeout(std::string_view text) {
    constexpr std::string_view k_until_done = "until done, at most ";
    constexpr auto k_longest = std::chrono::hours(24);
    const bool until_done = text.starts_with(k_until_done);
    if (until_done) text.remove_prefix(k_until_done.size());
    const auto most = parse_duration(text);
    if (!most || *most > k_longest) return {};
    return StopTimeout{*most, until_done};
  }
  /// A value for all processes, or a table by process: each goes to `put`, the first by "".
  Result<> by_process(const Json& value, const std::string& key,
                      const std::function<bool(const std::string&, std::string_view)>& put,
                      const char* expected) {
    if (value.is_null()) return {};
    if (!value.is_object()) {
      return put("", value.view())
                 ? Result<>()
                 : bad(file_, key,
                       fmt::format("'{}' must be {}, or a table of them by process", key,
                                   expected));
    }
    for (const auto& [name, one] : value.members()) {
      const auto dotted = key + "." + name;
      if (!valid_word(name))
        keep(bad(file_, dotted, fmt::format("'{}' is no process name", printable(name, 40))));
      else if (!put(name, one.view()))
        keep(bad(file_, dotted, fmt::format("'{}' must be {}", dotted, expected)));
    }
    return {};
  }
  Result<> stop_main(const Json& value, ServiceConfig& out) {
    const auto put = [&](const std::string& process, std::string_view text) {
      if (text != "main" && text != "group") return false;
      out.stop_main[process] = text == "main";
      return true;
    };
    return by_process(value, "stop", put,
                      "\"main\" (TERM to the main process of a unit) or \"group\" (to all)");
  }
  Result<> stop_again(const Json& value, ServiceConfig& out) {
    const auto put = [&](const std::string& process, std::string_view text) {
      auto read = second_signal(text);
      if (!read) return false;
      const auto own = out.stop_timeouts.find(process);
      const auto most = own == out.stop_timeouts.end() ? Grace().otherwise : own->second.most;
      // One for all may come too late for some, which name a time of their own.
      if (!process.empty() && read->after >= most) return false;
      out.stop_again[process] = *read;
      return true;
    };
    return by_process(
        value, "stop_again", put,
        "a signal (INT, QUIT, HUP, USR1, USR2, TERM) and when, such as \"QUIT after 30s\", "
        "before the stop_timeout of the process is over");
  }
  static std::optional<StopAgain> second_signal(std::string_view text) {
    constexpr std::array<std::pair<std::string_view, int>, 6> k_signals{{{"INT", SIGINT},
                                                                         {"QUIT", SIGQUIT},
                                                                         {"HUP", SIGHUP},
                                                                         {"USR1", SIGUSR1},
                                                                         {"USR2", SIGUSR2},
                                                                         {"TERM", SIGTERM}}};
    const auto name = take_until(text, ' ');
    const auto signal =
        std::ranges::find(k_signals, name, [](const auto& row) { return row.first; });
    if (signal == k_signals.end() || take_until(text, ' ') != "after") return {};
    const auto after = parse_duration(text);
    if (!after || *after <= Millis(0)) return {};
    return StopAgain{signal->second, *after};
  }
  Result<> sources(const Json& table, ServiceConfig& out) {
    if (!table.is_object() || table.members().empty())
      return bad(file_, "sources",
                 "a service needs [sources], such as trunk = { git = \"https://…\" }");
    for (const auto& [name, value] : table.members()) {
      const auto dotted = "sources." + name;
      if (!valid_word(name) || name == "service") {
        keep(bad(file_, dotted, fmt::format("'{}' is no source name", printable(name, 40))));
        continue;
      }
      auto source = one_source(name, dotted, value, out.name);
      if (source)
        out.sources.push_back(std::move(*source));
      else
        problems_.push_back(std::move(source.error()));
    }
    std::ranges::sort(out.sources, {}, &SourceConfig::name);
    return {};
  }
  Result<SourceConfig> one_source(const std::string& name, const std::string& dotted,
                                  const Json& value, const std::string& service) {
    std::vector<std::string> kinds{"file"}, keys{"file"};
    for (const auto& plugin : plugins_.plugins())
      for (const auto& role : plugin.roles)
        if (plugin.refused.empty() && role.role == "source") kinds.push_back(role.kind);
    SourceConfig out{service, name, "", "", Json::object()};
    for (const auto& [key, part] : value.members()) {
      if (std::ranges::find(kinds, key) == kinds.end()) continue;
      if (!out.kind.empty())
        return bad(file_, dotted,
                   fmt::format("source '{}' has two kinds, {} and {}", name, out.kind, key));
      out.kind = key;
      out.url = part.as_string();
    }
    if (out.kind.empty())
      return bad(
          file_, dotted,
          fmt::format("source '{}' must name its kind, one of: {}", name, fmt::join(kinds, " ")));
    if (out.url.empty() || out.url.find_first_of(std::string("\0\n\r", 3)) != std::string::npos ||
        out.url.starts_with('-'))
      return bad(file_, dotted + "." + out.kind, fmt::format("'{}' must be an address", out.kind));
    if (const auto* plugin = plugins_.offering("source", out.kind)) {
      keys = {out.kind};
      for (const auto& role : plugin->roles)
        if (role.kind == out.kind && role.role == "source")
          keys.insert(keys.end(), role.keys.begin(), role.keys.end());
    }
    check_keys(file_, dotted, value, keys, problems_);
    for (const auto& [key, part] : value.members()) {
      if (key == out.kind) continue;
      if (!part.is_string())
        return bad(file_, dotted + "." + key, fmt::format("'{}' must be a string", key));
      out.options.set(key, part);
    }
    const bool local = out.kind == "file" || (!out.url.contains(':') && !out.url.starts_with('/'));
    if (local) out.url = (base_ / out.url).lexically_normal().string();
    return out;
  }
  Result<> switches(const Json& value, ServiceConfig& out) {
    if (value.is_null()) {
      for (const auto& plugin : plugins_.plugins())
        for (const auto& role : plugin.roles)
          if (plugin.refused.empty() && role.role == "switch" && out.table[role.kind].is_object())
            out.switches.push_back(role.kind);
      out.switches.push_back(out.engine);
      return {};
    }
    std::vector<std::string> given;
    prefix_.clear();
    CDCTL_TRY(strings(value, "switches", given));
    for (const auto& name : given) {
      if (name == out.engine) continue;
      if (!plugins_.offering("switch", name))
        return bad(file_, "switches",
                   fmt::format("no plugin offers a switch '{}'", printable(name, 40)));
      if (!out.table[name].is_object())
        return bad(file_, "switches", fmt::format("switch '{}' needs a [{}] table", name, name));
      out.switches.push_back(name);
    }
    if (std::ranges::find(given, out.engine) != given.end()) out.switches.push_back(out.engine);
    if (out.switches.empty())
      return bad(file_, "switches",
                 "a service needs at least one switch, or a bad set could not be cut");
    return {};
  }

  const files::TomlFile& file_;
  plugins::PluginHost& plugins_;
  fs::path base_;
  Problems& problems_;
  bool service_;  ///< a service's file, not the defaults of cdctl.toml
  std::string prefix_;
};

}  // namespace

ServiceConfig read_defaults(const files::TomlFile& file, plugins::PluginHost& plugins,
                            const fs::path& base, Problems& problems) {
  ServiceConfig defaults;
  ServiceReader(file, plugins, base, problems).fields(file.table["defaults"], "defaults", defaults);
  return defaults;
}

ServiceConfig read_service(const fs::path& path, const ServiceConfig& defaults,
                           plugins::PluginHost& plugins, const fs::path& base, Problems& problems) {
  ServiceConfig out = defaults;
  out.name = path.stem().string();
  out.file = path;
  if (!valid_service_name(out.name))
    problems.push_back(
        {ExitCode::config, fmt::format("{}: '{}' is no service name (letters, digits and single "
                                       "dashes, at most 38, not ending like a revision)",
                                       path.string(), printable(out.name, 60))});
  const auto file = read_ours(path);
  if (!file) {
    problems.push_back(file.error());
    return out;
  }
  out.table = file->table;
  ServiceReader(*file, plugins, base, problems).service(out);
  if (problems.empty()) hide_secrets(*file);
  return out;
}

void hide_secrets(const files::TomlFile& file) {
  for (const auto& [dotted, where] : file.where)
    if (dotted.ends_with("_env")) hide_from_children(value_at(file.table, dotted).view());
}

}  // namespace cdctl::config
