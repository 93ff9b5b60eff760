#include "cli/top/prober.hpp"

#include <algorithm>
#include <map>

#include <fmt/format.h>

#include <cdctl/signal.hpp>
#include <cdctl/stop.hpp>

#include "core/app/look_cost.hpp"
#include "core/app/waiting.hpp"
#include "core/fleet/fleet.hpp"
#include "core/probe/round.hpp"

namespace cdctl::cli {

namespace {

/// A hundredth of a core at most for us, and a fifth of the time of who is asked: a controller,
/// programs.
constexpr app::LookShares k_shares{100, 4, Millis(5000), Millis(5 * 60'000)};

class Prober {
 public:
  Prober(Context& context, std::vector<std::string> services, Millis timeout)
      : context_(context), services_(std::move(services)), timeout_(timeout) {}

  Result<> run() {
    if (std::ranges::all_of(context_.config().services,
                            [&](const ServiceConfig& service) { return probes(service).empty(); }))
      return {};
    while (!Stop::requested()) {
      const app::LookCost cost;
      round();
      if (!context_.out.flush() || !app::wait_between(cost.pause(k_shares))) break;
    }
    return {};
  }

 private:
  using Targets = std::vector<ProbeTarget>;

  /// Those that a look does not ask.
  std::vector<std::string> probes(const ServiceConfig& service) {
    auto out = probe::probes_of(context_, service);
    const auto looked_at = context_.broker_switches(service);
    std::erase_if(out, [&](const std::string& name) {
      return std::ranges::find(looked_at, name) != looked_at.end();
    });
    return out;
  }

  void round() {
    fleet::Fleet fleet(context_);
    fleet.load(services_, Deadline(timeout_));  // what cannot be asked here the looks say
    std::map<std::string, Targets> targets;
    for (const auto& view : fleet.services())
      for (const auto& set : view.sets) {
        if (!probe::worth_a_look(set)) continue;
        const auto want = set.workers_wanted();
        for (const auto& name : probes(*set.service))
          targets[name].push_back(
              {*set.service, set.name, set.home, want, set.cut, set.locked_out});
      }
    for (const auto& [name, memory] : memories_)
      targets.try_emplace(name);  // the last of its sets has gone
    for (const auto& [name, some] : targets)
      if (!Stop::requested()) tell(name, some);
  }

  void tell(const std::string& name, const Targets& targets) {
    auto role = context_.probe(name);
    auto found = !role             ? Result<std::vector<Json>>(std::unexpected(role.error()))
                 : targets.empty() ? Result<std::vector<Json>>()
                                   : (*role)->observe(targets, memories_[name], Deadline(timeout_));
    auto record = Json::object({{"kind", "trouble"},
                                {"probe", name},
                                {"sets", found ? worst_of(*found) : Json::object()}});
    if (!found) record.set("error", found.error().what);
    context_.out.write(record);
  }

  /// Of each set the worst that was found.
  static Json worst_of(const std::vector<Json>& signals) {
    std::map<std::string, Severity> worst;
    Json out = Json::object();
    for (const auto& signal : signals) {
      const auto severity = parse_severity(signal["severity"].view());
      const auto set = signal["set"].as_string();
      if (!severity || *severity < Severity::warning) continue;
      if (const auto at = worst.find(set); at != worst.end() && at->second >= *severity) continue;
      worst[set] = *severity;
      out.set(set, fmt::format("{}: {}", signal["signal"].view(), signal["message"].view()));
    }
    return out;
  }

  Context& context_;
  std::vector<std::string> services_;
  Millis timeout_;
  std::map<std::string, Json> memories_;
};

}  // namespace

Result<> tell_troubles(Context& context, const std::vector<std::string>& services, Millis timeout) {
  return Prober(context, services, timeout).run();
}

}  // namespace cdctl::cli
