#include "core/notify/receiver.hpp"

#include <algorithm>
#include <filesystem>
#include <optional>
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

Result<FoundReceivers> receivers_of(app::Context& context, const std::string& sink) {
  CDCTL_TRY_ASSIGN(auto* const role, context.sink(sink));
  CDCTL_TRY_ASSIGN(auto list, role->receivers());
  const auto receiver = [&](const std::string& part) {
    return Receiver{part.empty() ? sink : sink + ":" + part, sink, part, role};
  };
  FoundReceivers out;
  for (const auto& part : list.names) out.usable.push_back(receiver(part));
  for (auto& problem : list.problems) {
    // What is kept for it is in a folder of its name.
    if (problem.receiver.empty() || valid_word(problem.receiver))
      out.broken.push_back(receiver(problem.receiver));
    out.problems.push_back({std::move(problem.key), std::move(problem.what)});
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

/// Those of `found` whose name is meant, where one is, and none that is there already.
void add_found(FoundReceivers& out, FoundReceivers found, const std::optional<std::string>& only) {
  const auto take = [&](std::vector<Receiver>& to, std::vector<Receiver>& from) {
    for (auto& one : from)
      if ((!only || one.name == *only) &&
          std::ranges::find(to, one.name, &Receiver::name) == to.end())
        to.push_back(std::move(one));
  };
  take(out.usable, found.usable);
  take(out.broken, found.broken);
  for (auto& problem : found.problems)
    if (std::ranges::find(out.problems, problem.what, &ReceiverProblem::what) == out.problems.end())
      out.problems.push_back(std::move(problem));
}

/// Of all problems of a sink those that the key of this receiver's table has.
void keep_own(std::vector<ReceiverProblem>& problems, const std::string& sink,
              const std::string& name) {
  const auto key = name == sink ? sink : sink + ".receivers." + name.substr(sink.size() + 1);
  std::erase_if(problems, [&](const ReceiverProblem& problem) {
    if (name == sink) return problem.key.starts_with(sink + ".receivers.");
    return problem.key != key && !problem.key.starts_with(key + ".");
  });
}

std::unexpected<Error> no_receiver(app::Context& context, const std::string& name,
                                   const std::string& sink) {
  std::vector<std::string> all;
  for (const auto& known : configured(context)) {
    all.push_back(known);
    if (const auto found = receivers_of(context, known))
      for (const auto& one : found->usable) all.push_back(one.name);
  }
  return fail(ExitCode::config,
              fmt::format("the configuration has no receiver '{}'{}; cdctl config explain {} says "
                          "what to add",
                          printable(name, 80), did_you_mean(name, all), sink));
}

}  // namespace

Result<FoundReceivers> find_receivers(app::Context& context, std::span<const std::string> names) {
  FoundReceivers out;
  const bool all = names.empty();
  const auto sinks = configured(context);
  const auto wanted = all ? sinks : std::vector(names.begin(), names.end());
  for (const auto& name : wanted) {
    std::string_view rest = name;
    const auto sink = std::string(take_until(rest, ':'));
    auto found = receivers_of(context, sink);
    if (!found && all) {
      out.problems.push_back({sink, found.error().what});
      continue;
    }
    if (!found && !did_you_mean(sink, sinks).empty()) return no_receiver(context, name, sink);
    if (!found) return fail(std::move(found.error()));
    std::optional<std::string> only;
    // `pagerduty:` is the one without a name of its own, and none of the others.
    if (name.contains(':')) only = name.ends_with(':') ? sink : name;
    if (only) keep_own(found->problems, sink, *only);
    const auto before = out.usable.size() + out.broken.size() + out.problems.size();
    const auto is_meant = [&](const Receiver& one) { return !only || one.name == *only; };
    const bool any = std::ranges::any_of(found->usable, is_meant) ||
                     std::ranges::any_of(found->broken, is_meant);
    add_found(out, std::move(*found), only);
    if (!any && !all && out.usable.size() + out.broken.size() + out.problems.size() == before)
      return no_receiver(context, name, sink);
  }
  if (!out.usable.empty() || !out.problems.empty()) return out;
  return fail(ExitCode::config,
              "the configuration names nobody to tell; docs/notify.md has what to add for a pager, "
              "a chat, a search index");
}

bool is_receiver(app::Context& context, const std::string& name) {
  std::string_view part = name;
  const auto sink = std::string(take_until(part, ':'));
  const std::vector<std::string> exact{part.empty() ? sink + ":" : name};
  if (find_receivers(context, exact)) return true;
  const auto& table = context.config().table[sink];  // its plugin may be away
  return part.empty() ? !table.is_null() : !table["receivers"][part].is_null();
}

Error error_of(const app::Context& context, const ReceiverProblem& problem) {
  const auto file = context.config().file.string() + ": ";
  return {ExitCode::config, problem.what.starts_with(file) ? problem.what : file + problem.what};
}

Result<std::vector<Receiver>> usable_receivers(app::Context& context,
                                               std::span<const std::string> names) {
  CDCTL_TRY_ASSIGN(auto found, find_receivers(context, names));
  if (found.usable.empty()) return fail(error_of(context, found.problems.front()));
  for (const auto& problem : found.problems) context.report(error_of(context, problem));
  return std::move(found.usable);
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

/// A name that is none, where one like it is there: what is not configured yet is no mistake.
std::string mistyped_service(const Config& config, const std::string& glob) {
  std::vector<std::string> names;
  for (const auto& service : config.services) names.push_back(service.name);
  const auto fits = [&](const std::string& name) { return glob_match(glob, name); };
  return std::ranges::any_of(names, fits) ? std::string() : did_you_mean(glob, names);
}

/// Of each entry: what is wrong with it, whom it names, and of what.
void check_routes(app::Context& context, std::vector<ReceiverProblem>& problems) {
  const auto& list = context.config().table["notify"]["routes"];
  const auto add = [&](std::size_t entry, std::string_view key, std::string_view what,
                       bool doubt = false) {
    problems.push_back({fmt::format("notify.routes[{}].{}", entry, key),
                        fmt::format("[[notify.routes]]: entry {}: {}", entry + 1, what), doubt});
  };
  if (!list.is_null() && !list.is_array()) {
    problems.push_back({"notify.routes", "[[notify.routes]]: it must be a list of tables"});
    return;
  }
  for (const auto& problem : route_problems(list)) add(problem.entry, problem.key, problem.what);
  for (std::size_t entry = 0; entry < list.items().size(); ++entry) {
    const auto& route = list.items()[entry];
    for (const auto& name : route["to"].items()) {
      if (name.view().empty()) continue;
      if (const auto found = find_receivers(context, std::vector{name.as_string()}); !found)
        add(entry, "to", found.error().what);
    }
    for (const auto& glob : route["services"].items())
      if (const auto hint = mistyped_service(context.config(), glob.as_string()); !hint.empty())
        add(entry, "services", fmt::format("no service '{}'{}", printable(glob.view(), 60), hint),
            true);
  }
}

}  // namespace

std::vector<ReceiverProblem> receiver_problems(app::Context& context,
                                               std::span<const std::string> names) {
  std::vector<ReceiverProblem> out;
  if (auto found = find_receivers(context, names)) out = std::move(found->problems);
  if (const auto pause = longest_pause(context.config()); !pause) {
    const auto file = context.config().file.string() + ": ";
    auto what = pause.error().what;
    if (what.starts_with(file)) what.erase(0, file.size());
    out.push_back({"notify.longest_pause", std::move(what)});
  }
  check_routes(context, out);
  return out;
}

}  // namespace cdctl::notify
