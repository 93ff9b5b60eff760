#include "core/actions/retire.hpp"

#include <cstdint>
#include <utility>
#include <vector>

#include <algorithm>
#include <iterator>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cdctl/set_name.hpp>
#include <cdctl/stop.hpp>

#include "core/actions/outcome.hpp"
#include "core/app/brokers.hpp"
#include "core/fleet/fleet.hpp"
#include "core/fleet/known_service.hpp"

namespace cdctl::actions {

namespace {

/// One retirement.
class Retirement {
 public:
  Retirement(app::Context& context, std::string service, const ReapOptions& options, Millis timeout)
      : context_(context), service_(std::move(service)), options_(options), timeout_(timeout) {}

  bool run() {
    auto done = act();
    auto record = Json::object({{"schema", "cdctl.retire/1"},
                                {"service", service_},
                                {"ok", done.has_value()},
                                {"changed", changed_},
                                {"reaped", reaped_},
                                {"forgotten", forgotten_},
                                {"queues", Json::strings(queues_)}});
    if (!done)
      record.set("error", done.error().what).set("exit", static_cast<int>(done.error().exit));
    if (options_.dry_run) record.set("dry_run", true);
    context_.out.write(record.set("by", context_.actor()).set("time", to_rfc3339(now())));
    if (!done) context_.report(done.error().in(service_));
    if (!options_.dry_run)
      keep_in_log(context_, {"retire",
                             service_,
                             {},
                             "its end",
                             {},
                             done ? std::optional<Error>() : done.error(),
                             changed_});
    if (done && !options_.dry_run) note_the_rest();
    return done.has_value();
  }

 private:
  /// What is left for a person to do.
  void note_the_rest() const {
    if (!queues_.empty())
      context_.out.note(
          fmt::format("{}: its queues are left on the broker, with what is in them: {}", service_,
                      fmt::join(queues_, ", ")));
    if (const auto* config = context_.config().service(service_))
      context_.out.note(fmt::format("{}: now remove {}, or cdctl outdated offers it again",
                                    service_, config->file.string()));
  }

  Result<> act() {
    CDCTL_TRY_ASSIGN(const auto view, look());
    for (const auto& name : app::brokers_of(context_, *view.config)) {
      CDCTL_TRY_ASSIGN(auto* const broker, context_.switch_(name));
      std::ranges::move(broker->left_behind(*view.config), std::back_inserter(queues_));
    }
    CDCTL_TRY_ASSIGN(memory_, context_.memory(context_.memory_name(*view.config)));
    CDCTL_TRY(refuse_unknown(view));
    for (const auto& set : view.sets) CDCTL_TRY(fleet::refuse_foreign(context_, set));
    if (!options_.dry_run) {
      CDCTL_TRY(memory_->put_hold(service_,
                                  Hold{context_.actor(), "it is being retired", now(), {}, true},
                                  Deadline(timeout_)));
      crash_point("retire.held");
    }
    CDCTL_TRY(reap_all(view));
    if (options_.dry_run) {
      forgotten_ = std::ssize(view.gone);
      changed_ = reaped_ > 0 || forgotten_ > 0;
      return {};
    }
    return forget();
  }

  /// A name that is in no file and of which nothing is left: nobody meant it. A freeze is what a
  /// killed run leaves to the end; a forced state can outlive a service that never had a set.
  Result<> refuse_unknown(const fleet::ServiceView& view) {
    if (context_.config().service(service_) || !view.sets.empty() || !view.gone.empty()) return {};
    CDCTL_TRY_ASSIGN(const auto holds, memory_->holds(Deadline(timeout_)));
    if (holds.contains(service_)) return {};
    CDCTL_TRY_ASSIGN(
        const auto force,
        memory_->force_of({service_, "r0000000000"},
                          Deadline(timeout_)));  // of no set: what is forced on the service
    if (!force) CDCTL_TRY(fleet::find_service(context_, service_));
    return {};
  }

  Result<fleet::ServiceView> look() {
    fleet::Fleet fleet(context_);
    fleet.load({service_}, Deadline(timeout_));
    auto& view = *fleet.service(service_);
    if (view.error) return std::unexpected(*view.error);
    config_ = *view.config;
    view.config = &config_;
    return std::move(view);
  }

  /// That a home is gone says nothing of the sets of others.
  [[nodiscard]] ReapOptions options_of(const fleet::SetView& set) const {
    auto out = options_;
    if (set.home != out.gone_home || set.here() || set.ghost || set.leftover) out.gone_home.clear();
    return out;
  }

  Result<> reap_all(const fleet::ServiceView& view) {
    std::vector<ReapOrder> orders;
    for (auto set = view.sets.rbegin(); set != view.sets.rend();
         ++set)  // the newest last: it may be all that still works
      orders.push_back({{set->name, {}, "its service is retired", {}}, options_of(*set)});
    const auto ends = reap_sets(context_, orders, timeout_);
    reaped_ += ends.done;
    if (Stop::requested())  // that nobody reads its records is no reason to end half way
      return fail(ExitCode::interrupted, "interrupted; run it again");
    crash_point("retire.reaped");
    const auto left = ends.failed;
    if (left == 0 && ends.draining > 0)
      return fail(
          fmt::format("{} of {} sets finish what they do, so nothing is forgotten yet and "
                      "deploys stay held; run it again then",
                      ends.draining, view.sets.size()));
    if (left == 0) return {};
    return fail(
        fmt::format("{} of {} sets could not be reaped, so nothing is forgotten and deploys stay "
                    "held; see above, then run it again",
                    left, view.sets.size()));
  }

  /// Under the lock: what a deploy by name brings meanwhile is not to be forgotten.
  Result<> forget() {
    const Deadline deadline(timeout_);
    CDCTL_TRY_ASSIGN(const auto lock, memory_->lock(service_, deadline));
    CDCTL_TRY_ASSIGN(const auto view, look());
    if (!view.sets.empty())
      return fail(fmt::format("{} came while its sets were reaped; run it again",
                              view.sets.front().name.str()));
    forgotten_ = std::ssize(view.gone);
    crash_point("retire.counted");
    CDCTL_TRY(lock->prove(deadline));
    for (const auto& [name, entry] :
         view.gone)  // a memory of a cut alone goes with the tombstone that it gets
      if (!entry.set)
        CDCTL_TRY(memory_->put_set(
            {*parse_set_name(name), view.config->engine, "-", {}, now(), 0, now(), {}}, deadline));
    CDCTL_TRY(memory_->trim(service_, 0, deadline));
    crash_point("retire.forgotten");
    CDCTL_TRY(memory_->put_force(service_, {}, deadline));
    CDCTL_TRY_ASSIGN(const auto holds, memory_->holds(deadline));
    for (const auto& [name, hold] : holds)
      if (const auto set = parse_set_name(name); set && set->service == service_)
        CDCTL_TRY(memory_->put_hold(name, {}, deadline));
    CDCTL_TRY(memory_->put_hold(service_, {}, deadline));
    changed_ = reaped_ > 0 || forgotten_ > 0;
    return {};
  }

  app::Context& context_;
  std::string service_;
  ReapOptions options_;
  Millis timeout_;
  ServiceConfig config_;
  Memory* memory_ = nullptr;
  std::vector<std::string> queues_;
  std::int64_t reaped_ = 0, forgotten_ = 0;
  bool changed_ = false;
};

}  // namespace

bool retire_service(app::Context& context, const std::string& service, const ReapOptions& options,
                    Millis timeout) {
  return Retirement(context, service, options, timeout).run();
}

}  // namespace cdctl::actions
