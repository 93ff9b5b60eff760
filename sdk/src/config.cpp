#include <cdctl/config.hpp>

#include <algorithm>
#include <cstdlib>
#include <set>

#include <fmt/format.h>
#include <sys/stat.h>

#include <cdctl/child.hpp>
#include <cdctl/digest.hpp>
#include <cdctl/fs.hpp>
#include <cdctl/secret.hpp>
#include <cdctl/source.hpp>
#include <cdctl/text.hpp>

namespace cdctl {

bool ServiceConfig::has_switch(std::string_view wanted) const {
  return std::ranges::find(switches, wanted) != switches.end();
}

Grace ServiceConfig::grace() const {
  Grace out;
  for (const auto& [process, timeout] : stop_timeouts) out.own[process] = timeout.most;
  // Who is named in one of the two has in the other what holds for all.
  std::set<std::string> named;
  for (const auto& [process, main_only] : stop_main) named.insert(process);
  for (const auto& [process, again] : stop_again) named.insert(process);
  for (const auto& process : named) {
    auto& way = out.ways[process];
    for (const auto& who : {std::string(), process}) {
      if (const auto at = stop_main.find(who); at != stop_main.end()) way.main_only = at->second;
      if (const auto at = stop_again.find(who); at != stop_again.end()) {
        way.again = at->second.signal;
        way.after = at->second.after;
      }
    }
  }
  return out;
}

SourceState ServiceConfig::shape() const {
  Json shape = Json::object({{"engine", engine}, {"deployer", deployer}});
  // In every identity from the beginning, nulls where nobody gives them. Others are there only
  // where they are given: a service that names none keeps the identity that it has always had.
  for (const auto* always : {"mojo", "queues"}) shape.set(always, Json());
  for (const auto* limit : {"memory", "cpu"})
    if (!table[limit].is_null()) shape.set(limit, table[limit]);
  if (const auto names = singletons(); !names.empty())
    shape.set("singletons", Json::strings({names.begin(), names.end()}));
  for (const auto& [member, value] : shaping.members()) shape.set(member, value);
  return {"file", "", sha256_hex(shape.canonical()), {}};
}

std::set<std::string> ServiceConfig::singletons() const {
  std::set<std::string> out;
  for (const auto& [process, value] : table["units"].members())
    if (value.is_object()) out.insert(process);  // a table says nothing else: it is checked
  return out;
}

const ServiceConfig* Config::service(std::string_view name) const {
  const auto at = std::ranges::lower_bound(services, name, {}, &ServiceConfig::name);
  return at == services.end() || at->name != name ? nullptr : &*at;
}
const TargetConfig* Config::target(std::string_view name) const {
  const auto at = std::ranges::lower_bound(targets, name, {}, &TargetConfig::name);
  return at == targets.end() || at->name != name ? nullptr : &*at;
}

namespace {

constexpr std::size_t k_longest_secret = 64u << 10;

std::string first_line(std::string text) {
  text.resize(std::min(text.find_first_of("\r\n"), text.size()));
  return text;
}

Result<std::optional<std::string>> given_secret(const Json& table, std::string_view key,
                                                const Config& config) {
  const auto file_key = std::string(key) + "_file";
  const auto env_key = std::string(key) + "_env";
  const auto command_key = std::string(key) + "_command";
  const int given =
      !table[file_key].is_null() + !table[env_key].is_null() + !table[command_key].is_null();
  if (given > 1)
    return fail(ExitCode::config,
                fmt::format("{}: give only one of {}, {}, {}", config.file.string(), file_key,
                            env_key, command_key));
  if (const auto file = table[file_key].as_string(); !file.empty()) {
    const auto path = config.file.parent_path() / file;  // an absolute file replaces the folder
    struct stat info{};
    if (::stat(path.c_str(), &info) == 0 && (info.st_mode & 0077) != 0) {
      return fail(ExitCode::config, fmt::format("{} {}: others may read it; run chmod 600 {}",
                                                file_key, path.string(), path.string()));
    }
    auto text = read_file(path, k_longest_secret);
    if (!text) return fail(ExitCode::config, fmt::format("{}: {}", file_key, text.error().what));
    return std::optional(first_line(std::move(*text)));
  }
  if (const auto name = table[env_key].as_string(); !name.empty()) {
    hide_from_children(name);
    const char* value = std::getenv(name.c_str());
    if (!value)
      return fail(ExitCode::config,
                  fmt::format("{}: the environment has no {}", env_key, printable(name, 60)));
    return std::optional(std::string(value));
  }
  if (const auto& words = table[command_key]; words.is_array()) {
    Program command;
    for (const auto& word : words.items()) command.argv.push_back(word.as_string());
    command.deadline = Deadline(Millis(10'000));
    command.max_output = k_longest_secret + 1;
    auto finished = run(command);
    if (!finished)
      return fail(ExitCode::config, fmt::format("{}: {}", command_key, finished.error().what));
    if (!finished->ok())
      return fail(ExitCode::config, fmt::format("{}: {} ended with {}", command_key,
                                                printable(command.argv[0]), finished->how()));
    if (finished->out.size() > k_longest_secret)
      return fail(ExitCode::config, fmt::format("{}: {} said more than {} bytes", command_key,
                                                printable(command.argv[0]), k_longest_secret));
    return std::optional(first_line(std::move(finished->out)));
  }
  return std::optional<std::string>();
}

}  // namespace

Result<std::optional<std::string>> read_secret(const Json& table, std::string_view key,
                                               const Config& config) {
  leave_no_core();
  return given_secret(table, key, config);
}

}  // namespace cdctl
