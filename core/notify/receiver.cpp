#include "core/notify/receiver.hpp"

#include <algorithm>
#include <filesystem>
#include <utility>

#include <fmt/format.h>

#include <cdctl/fs.hpp>
#include <cdctl/lock.hpp>
#include <cdctl/text.hpp>

#include "core/app/configurations.hpp"
#include "core/notify/routes.hpp"
#include "core/notify/sender.hpp"

namespace cdctl::notify {

namespace {

Result<std::vector<Receiver>> receivers_of(app::Context& context, const std::string& sink) {
  CDCTL_TRY_ASSIGN(auto* const role, context.sink(sink));
  auto parts = role->receivers();
  if (!parts) return fail(std::move(parts.error()));
  std::vector<Receiver> out;
  for (auto& part : *parts) {
    auto name = part.empty() ? sink : sink + ":" + part;
    out.push_back({std::move(name), sink, std::move(part), role});
  }
  return out;
}

/// The sinks whose table the configuration has.
std::vector<std::string> configured(app::Context& context) {
  std::vector<std::string> out;
  for (const auto& plugin : context.plugin_host().plugins()) {
    if (!plugin.refused.empty() || context.config().table[plugin.name].is_null()) continue;
    for (const auto& role : plugin.roles)
      if (role.role == "sink") out.push_back(role.kind);
  }
  std::ranges::sort(out);
  return out;
}

}  // namespace

Result<std::vector<Receiver>> find_receivers(app::Context& context,
                                             std::span<const std::string> names) {
  std::vector<Receiver> out;
  const auto add = [&](Receiver receiver) {
    if (std::ranges::find(out, receiver.name, &Receiver::name) == out.end())
      out.push_back(std::move(receiver));
  };
  const bool all = names.empty();
  const auto wanted = all ? configured(context) : std::vector(names.begin(), names.end());
  for (const auto& name : wanted) {
    std::string_view rest = name;
    const auto sink = std::string(take_until(rest, ':'));
    CDCTL_TRY_ASSIGN(auto found, receivers_of(context, sink));
    // `pagerduty:` is the one without a name of its own, and none of the others.
    const auto exact = name.ends_with(':') ? sink : name;
    if (name.contains(':'))
      std::erase_if(found, [&](const auto& one) { return one.name != exact; });
    if (found.empty() && !all)
      return fail(ExitCode::config,
                  fmt::format("the configuration has no receiver '{}'; cdctl config explain {} "
                              "says what to add",
                              printable(name, 80), sink));
    for (auto& receiver : found) add(std::move(receiver));
  }
  if (!out.empty()) return out;
  return fail(ExitCode::config,
              "the configuration names nobody to tell; docs/notify.md has what to add for a pager, "
              "a chat, a search index");
}

namespace {

/// The first configuration with a receiver of that name takes over what waits: whose it is nobody
/// has written down. While somebody sends from there it stays, and goes on being used. Whether it
/// is there no more, or is not needed.
bool take_over(const std::filesystem::path& shared, const std::filesystem::path& own) {
  std::error_code error;
  if (!std::filesystem::is_directory(shared, error) || std::filesystem::exists(own, error))
    return true;
  const auto sender = OfdLock::acquire(shared / "sender.lock", Deadline(Millis(0)));
  const auto writer = OfdLock::acquire(shared / "lock", Deadline(Millis(0)));
  if (!sender || !*sender || !writer || !*writer || !make_directories(own.parent_path(), 0700))
    return false;
  std::filesystem::rename(shared, own, error);
  return !error || !std::filesystem::exists(shared);
}

}  // namespace

bool take_over_outbox(const app::Context& context, const std::string& receiver) {
  const auto shared = context.home() / "notify" / receiver,
             own = app::own_folder(context) / "notify" / receiver;
  std::error_code error;
  // An earlier cdctl's follower goes on with what it has opened.
  if (FileLock::held(context.home() / "readers" / "notify.lock"))
    return !std::filesystem::is_directory(shared, error) || std::filesystem::exists(own, error);
  return take_over(shared, own);
}

Result<Outbox> open_outbox(app::Context& context, const std::string& receiver) {
  const bool own = take_over_outbox(context, receiver);
  auto out = Outbox::open(own ? app::own_folder(context) : context.home(), receiver);
  std::error_code error;  // another process may have taken it over meanwhile
  if (!own && std::filesystem::exists(app::own_folder(context) / "notify" / receiver, error))
    return Outbox::open(app::own_folder(context), receiver);
  return out;
}

namespace {

/// `[webhook.receivers.chat]: 'format' must be …`: what a sink says names the table, and the key.
std::string key_of(std::string_view what) {
  if (!what.starts_with('[')) return {};
  what.remove_prefix(1);
  auto out = std::string(take_until(what, ']'));
  if (const auto quote = what.find('\''); quote != what.npos) {
    what.remove_prefix(quote + 1);
    out += "." + std::string(take_until(what, '\''));
  }
  return out;
}

/// A sink says all that is wrong with its tables in one line, each with its table before it.
void split(std::string_view said, const std::string& sink, const std::string& file,
           std::vector<ReceiverProblem>& problems) {
  const auto next = "; [" + sink;
  while (!said.empty()) {
    const auto end = std::min(said.find(next), said.size());
    auto what = said.substr(0, end);
    said.remove_prefix(std::min(end + 2, said.size()));
    if (what.starts_with(file)) what.remove_prefix(file.size());
    auto key = key_of(what);
    problems.push_back({key.empty() ? sink : std::move(key), std::string(what)});
  }
}

/// A name that is none, where one like it is there: what is not configured yet is no mistake.
std::string mistyped_service(const Config& config, const std::string& glob) {
  std::vector<std::string> names;
  for (const auto& service : config.services) names.push_back(service.name);
  const auto fits = [&](const std::string& name) { return glob_match(glob, name); };
  return std::ranges::any_of(names, fits) ? std::string() : did_you_mean(glob, names);
}

/// Of each entry: what is wrong with it, whom it names, and of what.
void check_routes(app::Context& context, const std::vector<std::string>& broken,
                  std::vector<ReceiverProblem>& problems) {
  const auto& list = context.config().table["notify"]["routes"];
  const auto add = [&](std::size_t entry, std::string_view key, std::string_view what) {
    problems.push_back({fmt::format("notify.routes[{}].{}", entry, key),
                        fmt::format("[[notify.routes]]: entry {}: {}", entry + 1, what)});
  };
  if (!list.is_null() && !list.is_array()) {
    problems.push_back({"notify.routes", "[[notify.routes]]: it must be a list of tables"});
    return;
  }
  for (const auto& problem : route_problems(list)) add(problem.entry, problem.key, problem.what);
  for (std::size_t entry = 0; entry < list.items().size(); ++entry) {
    const auto& route = list.items()[entry];
    for (const auto& name : route["to"].items()) {
      std::string_view rest = name.view();
      if (rest.empty()) continue;
      const auto sink = std::string(take_until(rest, ':'));
      if (std::ranges::find(broken, sink) != broken.end()) {
        if (!rest.empty() && context.config().table[sink]["receivers"][rest].is_null())
          add(entry, "to",
              fmt::format("the configuration has no receiver '{}'", printable(name.view(), 80)));
        continue;
      }
      if (const auto found = find_receivers(context, std::vector{name.as_string()}); !found)
        add(entry, "to", found.error().what);
    }
    for (const auto& glob : route["services"].items())
      if (const auto hint = mistyped_service(context.config(), glob.as_string()); !hint.empty())
        add(entry, "services", fmt::format("no service '{}'{}", printable(glob.view(), 60), hint));
  }
}

}  // namespace

std::vector<ReceiverProblem> receiver_problems(app::Context& context) {
  std::vector<ReceiverProblem> out;
  std::vector<std::string> broken;
  const auto file = context.config().file.string() + ": ";
  for (const auto& sink : configured(context))
    if (auto found = receivers_of(context, sink); !found) {
      split(found.error().what, sink, file, out);
      broken.push_back(sink);
    }
  if (const auto pause = longest_pause(context.config()); !pause) {
    auto what = pause.error().what;
    if (what.starts_with(file)) what.erase(0, file.size());
    out.push_back({"notify.longest_pause", std::move(what)});
  }
  check_routes(context, broken, out);
  return out;
}

}  // namespace cdctl::notify
