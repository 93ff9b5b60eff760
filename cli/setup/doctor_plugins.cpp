#include "cli/setup/doctor_plugins.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <functional>

#include <fmt/format.h>
#include <poll.h>
#include <unistd.h>

#include <cdctl/child.hpp>
#include <cdctl/fs.hpp>
#include <cdctl/stop.hpp>

namespace cdctl::cli {

namespace {

/// How long one that is asked to stop can take for it: it ends the programs that it has started.
constexpr auto k_grace = std::chrono::seconds(3);
constexpr std::size_t k_most_text = 4u << 20;  ///< that a plugin may say

/// One plugin's doctor at work.
struct Examination {
  std::string plugin;
  std::function<std::vector<Check>()> examine;
};

struct Running {
  Child process;
  std::string text;
};

Json as_json(const std::vector<Check>& checks) {
  Json out = Json::array();
  for (const auto& check : checks)
    out.push_back(Json::object({{"what", check.what},
                                {"state", static_cast<int>(check.state)},
                                {"found", check.found},
                                {"cure", check.cure}}));
  return out;
}

std::vector<Check> from_json(const Json& json) {
  std::vector<Check> out;
  for (const auto& item : json.items())
    out.push_back({item["what"].as_string(), static_cast<Check::State>(item["state"].as_int()),
                   item["found"].as_string(), item["cure"].as_string()});
  return out;
}

/// Nothing of this process has a thread, so that all of it is whole in the copy.
Running begin(const Examination& one, Millis timeout) {
  auto process = Child::fork(
      [&](int fd) {
        Stop::install();
        (void)write_all(fd, as_json(one.examine()).dump());
      },
      timeout + 2 * k_grace);
  return process ? Running{std::move(*process), {}} : Running{};
}

/// Reads until it has said all (true), the deadline, or a stop request.
bool listen(Running& one, const Deadline& deadline, bool stoppable) {
  std::array<char, 8192> bytes{};
  while (one.process.out.valid() && !(stoppable && Stop::requested())) {
    std::array<pollfd, 2> wait{
        {{one.process.out.get(), POLLIN, 0}, {stoppable ? Stop::fd() : -1, POLLIN, 0}}};
    const int ready = ::poll(wait.data(), wait.size(), static_cast<int>(deadline.left().count()));
    if (ready == 0) return false;
    if (ready < 0 || wait[0].revents == 0) continue;
    const auto got = ::read(one.process.out.get(), bytes.data(), bytes.size());
    if (got == 0) return true;
    if (one.text.size() > k_most_text) return false;
    if (got > 0)
      one.text.append(bytes.data(), static_cast<std::size_t>(got));
    else if (errno != EINTR)
      return false;
  }
  return false;
}

void end(Running& one, bool done) {
  if (!done) {
    one.process.kill(SIGTERM);
    (void)listen(one, Deadline(k_grace), false);
  }
  one.process.end(Millis(0));
}

/// All of them at once, each in a process of its own: a Host is for one thread. In order.
std::vector<ExaminedPlugin> examine_all(const std::vector<Examination>& all, Millis timeout) {
  const Deadline deadline(
      timeout + std::chrono::seconds(2));  // each keeps its own: this is for one that does not
  std::vector<Running> running;
  for (const auto& one : all) running.push_back(begin(one, timeout));
  std::vector<ExaminedPlugin> out;
  for (std::size_t i = 0; i < all.size(); ++i) {
    end(running[i], listen(running[i], deadline, true));
    const auto json = Json::parse(running[i].text);
    if (json && json->is_array())
      out.push_back({all[i].plugin, from_json(*json)});
    else
      out.push_back({all[i].plugin,
                     {{"plugin", Check::State::unknown,
                       fmt::format("the doctor of {} gave no answer within {}", all[i].plugin,
                                   to_duration(timeout)),
                       "give more time with --timeout"}}});
  }
  return out;
}

/// Whether the configuration has a use for the plugin: a table of its own, or a service or target
/// that names it.
bool in_use(const Config& config, const plugins::PluginInfo& plugin) {
  if (config.table[plugin.name].is_object()) return true;
  const auto offers = [&](std::string_view role, std::string_view kind) {
    return std::ranges::any_of(plugin.roles, [&](const plugins::RoleInfo& row) {
      return row.role == role && row.kind == kind;
    });
  };
  if (std::ranges::any_of(config.targets, [&](const TargetConfig& target) {
        return offers("forge", target.forge);
      }))
    return true;
  return std::ranges::any_of(config.services, [&](const ServiceConfig& service) {
    return offers("engine", service.engine) || offers("deployer", service.deployer) ||
           std::ranges::any_of(service.switches,
                               [&](const auto& name) { return offers("switch", name); }) ||
           std::ranges::any_of(service.sources, [&](const SourceConfig& source) {
             return offers("source", source.kind);
           });
  });
}

}  // namespace

std::vector<ExaminedPlugin> look_at_plugins(Context& context) {
  std::vector<ExaminedPlugin> out;
  for (const auto& plugin : context.plugin_host().plugins()) {
    const auto refused = plugins::PluginHost::inspect(plugin);
    if (plugin.shadowed)
      out.push_back({plugin.name,
                     {{"plugin", Check::State::warning, refused,
                       "the first of a name is used: remove the one that is not meant, this is " +
                           plugin.manifest.string()}}});
    else if (!refused.empty())
      out.push_back(
          {plugin.name,
           {{"plugin", Check::State::bad, refused,
             "install the plugin of this version, or remove " + plugin.manifest.string()}}});
  }
  return out;
}

std::vector<ExaminedPlugin> ask_doctors(Context& context, Millis timeout) {
  std::vector<Examination> all;
  for (const auto& plugin : context.plugin_host().plugins()) {
    if (!plugin.refused.empty() || !in_use(context.config(), plugin)) continue;
    for (const auto& row : plugin.roles) {
      if (row.role != "doctor") continue;
      all.push_back({plugin.name, [&context, kind = row.kind, timeout]() -> std::vector<Check> {
                       auto doctor = context.doctor(kind);
                       if (!doctor)
                         return {{"plugin", Check::State::bad, doctor.error().what,
                                  "see cdctl plugins --check"}};
                       return (*doctor)->examine(Deadline(timeout));
                     }});
    }
  }
  return examine_all(all, timeout);
}

}  // namespace cdctl::cli
