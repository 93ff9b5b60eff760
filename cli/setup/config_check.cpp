#include <algorithm>
#include <charconv>

#include <fmt/format.h>
#include <sys/stat.h>

#include <cdctl/text.hpp>

#include "cli/setup/config_view.hpp"
#include "core/breaker/rule.hpp"
#include "core/config/keys.hpp"
#include "core/files/toml_file.hpp"
#include "core/land/message.hpp"
#include "core/land/votes.hpp"
#include "core/probe/checks.hpp"

namespace cdctl::cli {

namespace fs = std::filesystem;

namespace {

/// Takes `file:line:column: ` off an error's text again.
ConfigProblem split(const Error& error, const std::vector<fs::path>& files) {
  ConfigProblem out{{}, 0, 0, error.what};
  for (const auto& file : files) {
    const auto name = file.string() + ":";
    if (!error.what.starts_with(name)) continue;
    out.file = file;
    std::string_view rest = std::string_view(error.what).substr(name.size());
    for (unsigned* number : {&out.line, &out.column}) {
      const auto [stop, bad] = std::from_chars(rest.data(), rest.data() + rest.size(), *number);
      if (bad != std::errc() || stop == rest.data() + rest.size() || *stop != ':') break;
      rest.remove_prefix(static_cast<std::size_t>(stop - rest.data()) + 1);
    }
    out.what = trimmed(rest);
    break;
  }
  return out;
}

/// What the loader leaves to whoever uses it: the values of the plugins' keys, the rules, the
/// checks, the secrets' files.
class Values {
 public:
  Values(const files::TomlFile& file, const config::Keys& keys, bool service,
         std::vector<Error>& problems)
      : file_(file), keys_(keys), service_(service), problems_(problems) {}

  void target() {
    target_ = true;
    walk(file_.table, "");
    const auto& votes = file_.table["votes"];
    if (votes.is_string())
      if (const auto policy = land::VotePolicy::parse(votes.view()); !policy)
        wrong("votes", policy.error().what);
    const auto& message = file_.table["message"];
    if (message.is_string())
      if (const auto known = land::check_message(message.view()); !known)
        wrong("message", known.error().what);
    secrets();
  }

  void all() {
    walk(file_.table, "");
    rules(file_.table[service_ ? "breaker" : "defaults"],
          service_ ? "breaker.rules" : "defaults.breaker.rules");
    if (service_) return;
    secrets();
    for (const auto& [table, value] : file_.table.members())
      for (const auto& [name, own] : value["receivers"].members()) receiver(table, name, own);
  }

 private:
  void wrong(const std::string& key, std::string_view what) {
    problems_.push_back({ExitCode::config, fmt::format("{}: {}", file_.at(key), what)});
  }

  void walk(const Json& table, const std::string& prefix) {
    for (const auto& [name, value] : table.members()) {
      const auto dotted = prefix.empty() ? name : prefix + "." + name;
      const auto* key = target_ ? keys_.find_in_target(dotted) : keys_.find(service_, dotted);
      if (!key) continue;  // the loader knows that it is none
      if (!key->plugin.empty() || key->name.starts_with("signals"))
        if (const auto why = config::wrong_type(*key, value); !why.empty()) wrong(dotted, why);
      if (value.is_object()) walk(value, dotted);
    }
  }

  /// A receiver has the keys of its sink's table, and their types.
  void receiver(const std::string& table, const std::string& name, const Json& own) {
    for (const auto& [key, value] : own.members()) {
      const auto dotted = fmt::format("{}.receivers.{}.{}", table, name, key);
      const auto* known = keys_.find(false, table + "." + key);
      if (!known || key == "receivers") {
        std::vector<std::string> all;
        for (const auto& one : keys_.all())
          if (const std::string_view row = one.name; row.starts_with(table + "."))
            all.emplace_back(row.substr(table.size() + 1));
        std::erase(all, "receivers");
        wrong(dotted, fmt::format("[{}.receivers.{}]: unknown key '{}'{}", table, name,
                                  printable(key, 60), did_you_mean(key, all)));
      } else if (const auto why = config::wrong_type(*known, value); !why.empty()) {
        wrong(dotted, why);
      }
    }
  }

  void rules(const Json& table, const std::string& dotted) {
    const auto& list = service_ ? table["rules"] : table["breaker"]["rules"];
    for (const auto& rule : list.items())
      if (const auto read = breaker::Rule::parse(rule.view()); !read && rule.is_string())
        wrong(dotted, read.error().what);
  }

  void secrets() {
    auto folder = fs::absolute(file_.path).parent_path();
    if (target_) folder = folder.parent_path();  // beside cdctl.toml
    for (const auto name : keys_.secret_files(target_)) {
      secret(folder, std::string(name));
      // The receivers of a sink have the keys of its table.
      auto key = name;
      const auto table = std::string(take_until(key, '.'));
      for (const auto& [receiver, own] : file_.table[table]["receivers"].members())
        secret(folder, fmt::format("{}.receivers.{}.{}", table, receiver, key));
    }
  }

  void secret(const fs::path& folder, const std::string& dotted) {
    const auto given = config::value_at(file_.table, dotted).as_string();
    if (given.empty()) return;
    const auto path = folder / given;
    struct stat info{};
    if (::stat(path.c_str(), &info) != 0)
      wrong(dotted, path.string() + " is not there; write the secret into it, with mode 0600");
    else if ((info.st_mode & 0077) != 0)
      wrong(dotted,
            fmt::format("others may read {}; run chmod 600 {}", path.string(), path.string()));
  }

  const files::TomlFile& file_;
  const config::Keys& keys_;
  bool service_;
  bool target_ = false;
  std::vector<Error>& problems_;
};

/// The checks of a service are read by what runs them.
void probes(const files::TomlFile& file, bool trusted, std::vector<Error>& problems) {
  ServiceConfig service;
  service.name = file.path.stem().string();
  service.file = file.path;
  service.table = file.table;
  const auto begin = file.path.string() + ": ";
  for (const auto& [number, error] : probe::read_checks(service, trusted).wrong) {
    std::string_view what = error.what;
    if (what.starts_with(begin)) what.remove_prefix(begin.size());
    const auto key = number == 0 ? std::string("checks") : fmt::format("checks[{}]", number - 1);
    problems.push_back({error.exit, fmt::format("{}: {}", file.at(key), what)});
  }
}

}  // namespace

std::vector<ConfigProblem> find_problems(const config::ConfigPlace& place,
                                         plugins::PluginHost& plugins) {
  const config::ConfigPlace whole{fs::absolute(place.file), place.trusted};
  auto errors = config::check_structure(whole, plugins);
  auto files = config::service_files(whole).value_or(
      std::vector<fs::path>());  // why not, is among the errors
  files.insert(files.begin(), whole.file);
  const config::Keys keys(plugins);
  for (const auto& path : files) {
    const auto file = files::read_toml(path);
    if (!file) continue;  // said already
    Values(*file, keys, path != whole.file, errors).all();
    if (path != whole.file) probes(*file, whole.trusted, errors);
  }
  const auto targets = config::target_files(whole).value_or(std::vector<fs::path>());
  for (const auto& path : targets) {
    if (const auto file = files::read_toml(path)) Values(*file, keys, false, errors).target();
    files.push_back(path);
  }
  std::vector<ConfigProblem> out;
  for (const auto& error : errors) out.push_back(split(error, files));
  std::ranges::stable_sort(
      out, {}, [](const ConfigProblem& p) { return std::tie(p.file, p.line, p.column); });
  return out;
}

}  // namespace cdctl::cli
