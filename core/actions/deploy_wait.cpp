#include "core/actions/deploy_wait.hpp"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include <poll.h>

#include <fmt/format.h>

#include <cdctl/stop.hpp>
#include <cdctl/text.hpp>

#include "core/app/share.hpp"
#include "core/fleet/idle.hpp"
#include "core/fleet/masked.hpp"
#include "core/fleet/unconnected.hpp"

namespace cdctl::actions {

namespace {

/// What one look at a set tells a person who waits for it.
struct Look {
  bool up = false;
  std::int64_t restarts = 0;
  std::string line;
};

std::string units_line(const SetStatus& status) {
  std::string out;
  for (const auto& application : status.detail["applications"].items()) {
    const auto& units = application["units"];
    out += fmt::format("{}{} {}/{}", out.empty() ? "" : ", ", application["name"].view(),
                       units["up"].as_int(), units["want"].as_int());
    if (const auto why = application["why"].view(); !why.empty())
      out += fmt::format(" ({})", printable(why, 60));
  }
  if (!out.empty()) return out;
  return status.up ? fmt::format("{} of {} units up", *status.up, status.want.value_or(0))
                   : "its units cannot be read now";
}

Look look_at(const SetStatus& status) {
  Look out;
  for (const auto& unit : status.detail["units"].items()) out.restarts += unit["restarts"].as_int();
  const auto unsettled =
      status.detail["unsettled"].as_string();  // an engine that knows more than a count
  out.up = status.state == "live" && status.up && status.up == status.want && unsettled.empty();
  out.line = fmt::format("{}, {}{}", status.state, units_line(status),
                         unsettled.empty() ? "" : ": " + printable(unsettled, 120));
  if (!status.why_down.empty()) out.line += ": " + printable(fleet::masked(status.why_down), 200);
  return out;
}

/// Whether somebody has cut it.
class CutWatch {
 public:
  CutWatch(app::Context& context, const ServiceConfig& service, const SetName& set)
      : context_(context), service_(service), set_(set) {}

  /// Looks, unless it has just been looked: a broker is asked once a second at most. Exit code
  /// `failed` when it is cut, and what the memory says when it cannot tell.
  Result<> look(const Deadline& deadline, bool now = false) {
    if (!now && !next_.passed()) return {};
    CDCTL_TRY_ASSIGN(auto* const memory, context_.memory(context_.memory_name(service_)));
    CDCTL_TRY_ASSIGN(const auto known, memory->read(set_.service, deadline));
    next_ = Deadline(Millis(1000));
    const auto at = known.find(set_.str());
    if (at == known.end()) return {};
    const auto& memo = at->second.cut_memo;
    if (!at->second.cut.value_or(false) && !(memo && memo->cut)) return {};
    return fail(fmt::format("it is cut{}, and serves nobody; see cdctl inspect {}",
                            memo && memo->cut
                                ? fmt::format(", by {}: {}", memo->by, printable(memo->why, 120))
                                : std::string(),
                            set_.str()));
  }

 private:
  app::Context& context_;
  const ServiceConfig& service_;
  const SetName& set_;
  Deadline next_{Millis(0)};
};

/// Whether it takes messages, where its broker can tell.
class WorkWatch {
 public:
  WorkWatch(app::Context& context, const ServiceConfig& service, const SetName& set)
      : context_(context), asked_{&service, set, true} {
    broker_ = fleet::admitting_broker(context, service);
  }

  /// Why it is not at work yet; empty when it is, or nobody can tell. Asks once a second at most.
  /// Exit code `timeout` when it has been connected, or was restarted again and again, for longer
  /// than any worker needs to begin: waiting will not help it.
  Result<std::string> look(const SetStatus& status, std::int64_t restarts,
                           const Deadline& deadline) {
    if (broker_.empty()) return std::string();
    if (next_.passed()) {
      CDCTL_TRY_ASSIGN(auto* const door, context_.switch_(broker_));
      const auto work = door->at_work(std::span(&asked_, 1), deadline.at_most(k_ask));
      next_ = Deadline(Millis(1000));
      work_ = work ? work->front() : AtWork();
    }
    auto why = fleet::idle_now(status, work_);
    const bool hopeless = !why.empty() && (work_.connections > 0 || restarts >= k_crash_loop);
    const auto at = std::chrono::steady_clock::now();
    if (!hopeless && (why.empty() || restarts == 0)) hopeless_since_.reset();
    if (hopeless && !hopeless_since_) hopeless_since_ = at;
    if (hopeless_since_ && at - *hopeless_since_ >= fleet::k_settled)
      return fail(ExitCode::timeout, fmt::format("{} for {}; see cdctl logs {}", why,
                                                 to_duration(fleet::k_settled), asked_.set.str()));
    return why;
  }

 private:
  static constexpr std::int64_t k_crash_loop = 3;
  static constexpr Millis k_ask{5000};
  app::Context& context_;
  const Provisioned asked_;
  std::string broker_;
  AtWork work_;
  std::optional<std::chrono::steady_clock::time_point> hopeless_since_;
  Deadline next_{Millis(0)};
};

}  // namespace

Result<> wait_until_up(app::Context& context, const ServiceConfig& service, const SetName& set,
                       std::optional<Millis> settle, const Deadline& deadline) {
  CDCTL_TRY_ASSIGN(auto* const engine, context.engine(service.engine));
  using Clock = std::chrono::steady_clock;
  std::optional<Clock::time_point> up_since;
  std::int64_t restarts = -1;
  CutWatch cut(context, service, set);
  WorkWatch work(context, service, set);
  for (;;) {
    const auto asked = Clock::now();
    CDCTL_TRY_ASSIGN(const auto status, engine->describe(set, deadline));
    auto seen = look_at(status);
    if (status.state == "absent" || status.state == "reaping")
      return fail("somebody reaped it during the wait");
    if (auto uncut = cut.look(deadline); !uncut) {
      if (uncut.error().exit == ExitCode::failed) return uncut;
      seen.up = false;
      seen.line += ", whether it is cut cannot be read: " + uncut.error().what;
    }
    CDCTL_TRY_ASSIGN(const auto idle, work.look(status, seen.restarts, deadline));
    if (!idle.empty()) {
      seen.up = false;
      seen.line += ", " + idle;
    }
    const auto steady = settle.value_or(Millis(status.detail["settle_ms"].as_int(10'000)));
    if (!seen.up || seen.restarts != restarts) up_since.reset();
    restarts = seen.restarts;
    if (seen.up && !up_since) up_since = Clock::now();
    const auto held =
        up_since ? std::chrono::duration_cast<Millis>(Clock::now() - *up_since) : Millis(0);
    context.progress(
        fmt::format("{}{}: {}", up_since ? app::share_of(held, steady) : "", set.str(), seen.line));
    if (up_since && held >= steady) return cut.look(deadline, true);
    if (deadline.passed())
      return fail(
          ExitCode::timeout,
          fmt::format("its units were not up together for {} (now {}); see cdctl inspect {}",
                      to_duration(steady), seen.line, set.str()));
    if (Stop::requested())
      return fail(ExitCode::interrupted, "the wait was interrupted; the set stays out");
    struct pollfd stop{Stop::fd(), POLLIN, 0};
    // Five looks a second, for people; where one costs more, as much time again is left to others.
    const auto took = std::chrono::duration_cast<Millis>(Clock::now() - asked);
    ::poll(&stop, 1, static_cast<int>(std::clamp(took, Millis(200), Millis(5000)).count()));
  }
}

}  // namespace cdctl::actions
