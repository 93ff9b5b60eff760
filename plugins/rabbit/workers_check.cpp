#include "plugins/rabbit/workers_check.hpp"

#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

#include <fmt/format.h>

#include <cdctl/text.hpp>

#include "plugins/rabbit/broker/settings.hpp"
#include "plugins/rabbit/broker/topology.hpp"
#include "plugins/rabbit/framework_clue.hpp"

namespace cdctl::rabbit {

namespace {

using State = Check::State;

std::optional<FrameworkClue> clue_of(const ServiceConfig& service) {
  const auto trunk = std::ranges::find(service.sources, "trunk", &SourceConfig::name);
  if (trunk == service.sources.end()) return {};
  std::string_view folder = trunk->url;
  if (folder.starts_with("file://")) folder.remove_prefix(7);
  if (!folder.starts_with('/')) return {};
  return framework_in(std::filesystem::path(folder));
}

/// What they may not do although the framework is known.
std::string refused(const Topology& topology) {
  std::vector<std::string> out;
  const bool quorum = std::ranges::any_of(
      topology.queues, [](const auto& queue) { return queue.second.type == "quorum"; });
  if (topology.framework->name == "celery" && quorum)
    out.emplace_back(
        "a Celery before 5.5, or without task_default_queue_type = \"quorum\", is refused on a "
        "quorum queue (540, global qos)");
  if (!topology.remote_control)
    out.emplace_back("remote control and events are refused (remote_control = false)");
  if (!topology.publishes_to(k_signals))
    out.emplace_back("signals of its own over AMQP are refused (docs/frameworks/README.md)");
  return joined(out, "; ");
}

}  // namespace

std::optional<Check> workers_check(const ServiceConfig& service) {
  const auto topology = read_topology(service);
  if (!topology) return {};  // the check of its queues says so
  const auto what = "workers of " + service.name;
  if (topology->framework) {
    const auto title = topology->framework->title;
    const auto not_so = refused(*topology);
    return Check{what, State::ok,
                 fmt::format("{}: may declare and bind what is theirs{}{}", title,
                             not_so.empty() ? "" : "; ", not_so),
                 ""};
  }
  const auto clue = clue_of(service);
  if (!clue || topology->declares()) return {};
  const auto& framework = *clue->framework;
  return Check{
      what, State::warning,
      fmt::format("the trunk asks for {} ({}), whose workers declare their queues: RabbitMQ will "
                  "refuse them (403), for a set's user may declare nothing",
                  framework.title, printable(clue->because, 60)),
      fmt::format("say framework = \"{0}\" in [rabbit] of {1}: docs/frameworks/README.md; or let "
                  "the workers declare nothing",
                  framework.name, service.file.string())};
}

}  // namespace cdctl::rabbit
