#include <algorithm>

#include <fmt/format.h>
#include <poll.h>

#include <cdctl/digest.hpp>
#include <cdctl/set_name.hpp>
#include <cdctl/source.hpp>
#include <cdctl/stop.hpp>
#include <cdctl/text.hpp>

#include "cli/command_line/command.hpp"
#include "cli/command_line/options.hpp"
#include "cli/input/record_reader.hpp"
#include "core/actions/outcome.hpp"
#include "core/fleet/fleet.hpp"
#include "core/fleet/newest_sources.hpp"

namespace cdctl::cli {

namespace {

/// One thing to deploy: addresses come from the configuration, revisions from the record or from
/// what was asked for.
struct Order {
  const ServiceConfig* service;
  Sources sources;
  std::string why;
  bool even_bad = false;
  bool by_record = false;  ///< of a pipe: nobody has looked at this one

  [[nodiscard]] SetName name() const { return {service->name, revision_id(sources)}; }
};

/// Fills in the addresses from the configuration and checks that the record speaks of this
/// service's sources.
Result<> take_addresses(const ServiceConfig& service, Sources& sources) {
  std::vector<std::string> wanted{"service"};
  for (const auto& source : service.sources) {
    wanted.push_back(source.name);
    const auto at = sources.find(source.name);
    if (at == sources.end())
      return fail(fmt::format("the record has no source '{}', which {} names", source.name,
                              service.file.string()));
    if (at->second.kind != source.kind)
      return fail(fmt::format("source '{}' is of kind {} in the record and {} in {}", source.name,
                              at->second.kind, source.kind, service.file.string()));
    at->second.url = source.url;
    if (source.kind != "file") continue;
    CDCTL_TRY_ASSIGN(const auto held, fleet::read_file_source(source));
    if (held.revision !=
        at->second
            .revision)  // before anything is made: a file has no history to take its old bytes from
      return fail(
          fmt::format("{} has other bytes than this revision of '{}'; run cdctl outdated again, or "
                      "put them back",
                      source.url, source.name));
  }
  for (auto& [name, state] : sources)
    if (std::ranges::find(wanted, name) == wanted.end())
      return fail(fmt::format("the record has a source '{}' that {} does not name", name,
                              service.file.string()));
  const auto shape = service.shape();
  if (!sources.contains("service") || sources["service"].revision != shape.revision)
    return fail(fmt::format("{} was edited since this revision was made; run cdctl outdated again",
                            service.file.string()));
  return {};
}

Result<Order> order_from_record(Context& context, const Json& record) {
  CDCTL_TRY_ASSIGN(const auto* service, fleet::find_service(context, record["service"].view()));
  CDCTL_TRY_ASSIGN(auto sources, sources_from_json(record["sources"]));
  const auto claimed = record["revision"].view();
  if (revision_id(sources) != claimed)
    return fail(fmt::format("{}: the record says revision {}, its sources make {}", service->name,
                            printable(claimed, 20), revision_id(sources)));
  if (const auto set = record["set"].view();
      !set.empty() && set != service->name + "-" + std::string(claimed))
    return fail(fmt::format("{}: the record's set '{}' is not its service and revision",
                            service->name, printable(set, 60)));
  if (auto taken = take_addresses(*service, sources); !taken)
    return std::unexpected(taken.error().in(service->name));
  const auto why = record["why"].as_string();
  return Order{service, std::move(sources), why, why == "known-bad", true};
}

/// `thumbs@r5f0`: among the newest combination, the sets that exist and the tombstones.
Result<Order> order_by_prefix(Context& context, const ServiceConfig& service,
                              std::string_view prefix, const Sources& newest,
                              const Deadline& deadline) {
  fleet::Fleet fleet(context);
  fleet.load({service.name}, deadline);
  const auto* view = fleet.service(service.name);
  if (view->error) return std::unexpected(*view->error);
  std::map<std::string, Sources> candidates;
  const auto add = [&](const Sources& sources) {
    if (const auto id = revision_id(sources); id.starts_with(prefix)) candidates[id] = sources;
  };
  add(newest);
  for (const auto& set : view->sets) {
    if (set.memory.set)
      add(set.memory.set->sources);
    else if (set.status)
      add(set.status->sources);
  }
  for (const auto& [name, entry] : view->gone)
    if (entry.set) add(entry.set->sources);
  if (candidates.size() > 1)
    return fail(fmt::format("{}@{}: {} revisions begin so; write more of it", service.name, prefix,
                            candidates.size()));
  if (candidates.empty())
    return fail(
        fmt::format("{}@{}: no such revision among the newest sources, the sets and the last 100 "
                    "that were reaped",
                    service.name, printable(prefix, 20)));
  Order order{&service, candidates.begin()->second, "by hand", false, false};
  if (auto taken = take_addresses(service, order.sources); !taken)
    return std::unexpected(taken.error().in(service.name));
  return order;
}

Result<Order> order_by_name(Context& context, const std::string& word, const Arguments& args,
                            const Deadline& deadline) {
  CDCTL_TRY_ASSIGN(const auto selector, fleet::Selector::parse(word));
  if (selector.glob || selector.newest)
    return fail(ExitCode::usage,
                fmt::format("deploy '{}': give SERVICE or SERVICE@REVISION", printable(word, 60)));
  CDCTL_TRY_ASSIGN(const auto* service, fleet::find_service(context, selector.service));
  auto newest = fleet::newest_sources(context, {service}, deadline);
  auto& sources = newest.at(service->name);
  if (!sources) return std::unexpected(sources.error().in(service->name));
  for (const auto& pin : args.values("source")) {
    const bool ours = std::ranges::any_of(service->sources, [&](const SourceConfig& source) {
      return pin.starts_with(source.name + "=");
    });
    if (ours || args.words.size() == 1)
      CDCTL_TRY(fleet::pin_source(context, *service, pin, *sources, deadline));
  }
  if (!selector.revision.empty())
    return order_by_prefix(context, *service, selector.revision, *sources, deadline);
  return Order{service, std::move(*sources), "by hand", false, false};
}

constexpr Millis k_halt{20'000};

/// One deploy from the claim to the started units.
class Deployment {
 public:
  Deployment(Context& context, const Order& order, const Arguments& args, const Deadline& deadline)
      : context_(context),
        order_(order),
        service_(*order.service),
        set_(order.name()),
        even_bad_(order.even_bad || args.has("even-bad")),
        even_held_(args.has("even-held")),
        deadline_(deadline),
        outcome_(context, "deploy", set_, args.has("dry-run")) {
    outcome_.why(order.why);
  }

  bool run() {
    if (auto done = act(); !done) {
      if (claim_) fall_back(done.error());
      outcome_.fail_with(done.error());
    }
    claim_.reset();
    outcome_.write();
    return outcome_.ok();
  }
  [[nodiscard]] const SetName& set() const { return set_; }

 private:
  /// Units of a deploy that failed (its own verify, say) take no more work; what it made stays for
  /// people to look at.
  void fall_back(const Error& error) {
    if (auto halted = claim_->halt(Deadline(k_halt)); !halted)
      context_.log(Level::warning, fmt::format("{}: {}", set_.str(), halted.error().what));
    claim_->abandon(error.what);
  }

  Result<> act() {
    CDCTL_TRY_ASSIGN(engine_, context_.engine(service_.engine));
    CDCTL_TRY_ASSIGN(memory_, context_.memory(context_.memory_name(service_)));
    CDCTL_TRY_ASSIGN(auto* const deployer, context_.deployer(service_.deployer));
    CDCTL_TRY_ASSIGN(const auto known, memory_->read(service_.name, deadline_));
    CDCTL_TRY(check_owner(known));
    CDCTL_TRY(check_bad(known));
    CDCTL_TRY(check_hold());
    for (const auto& name : context_.broker_switches(service_)) {
      CDCTL_TRY_ASSIGN(auto* const broker, context_.switch_(name));
      CDCTL_TRY(broker->check(service_, deadline_));
    }
    if (outcome_.dry_run()) return dry();
    CDCTL_TRY_ASSIGN(claim_, engine_->claim(set_, order_.sources, begun_, deadline_));
    crash_point("deploy.claimed");
    if (claim_->found().state == "live")
      return {};  // another deploy of the same set was quicker, or nothing is to be done
    context_.progress(fmt::format("{}: deploying", set_.str()));
    CDCTL_TRY(claim_->clean(deadline_));
    CDCTL_TRY(remember());
    crash_point("deploy.remembered");
    CDCTL_TRY_ASSIGN(auto env, provision());
    crash_point("deploy.provisioned");
    add_identity(env);
    CDCTL_TRY(
        deployer->deploy({service_, set_, order_.sources, std::move(env), deadline_}, *claim_));
    crash_point("deploy.started");
    CDCTL_TRY(claim_->finish());
    crash_point("deploy.finished");
    // It is out: what a guard would like to know as well is no reason to take it back.
    if (auto noted = note_units(); !noted)
      context_.log(Level::warning, fmt::format("{}: how many units it has could not be noted: {}",
                                               set_.str(), noted.error().what));
    outcome_.changed();
    return {};
  }

  Result<> dry() {
    CDCTL_TRY_ASSIGN(const auto found, engine_->describe(set_, deadline_));
    if (found.state != "live") outcome_.changed();
    return {};
  }

  Result<> check_owner(const std::map<std::string, MemoryEntry>& known) {
    const auto at = known.find(set_.str());
    if (at == known.end() || !at->second.set || at->second.set->reaped_at ||
        at->second.set->home == engine_->home())
      return {};
    return fail(ExitCode::refused,
                fmt::format("it is owned by home {}, this one is {}; deploy or reap it there",
                            at->second.set->home, engine_->home()));
  }

  Result<> check_bad(const std::map<std::string, MemoryEntry>& known) {
    const auto at = known.find(set_.str());
    if (at == known.end() || !at->second.cut_memo || !at->second.cut_memo->cut ||
        at->second.provisioned)
      return {};
    CDCTL_TRY_ASSIGN(const auto found, engine_->describe(set_, deadline_));
    if (found.state != "absent") return {};  // a repair: it stays cut
    const auto& memo = *at->second.cut_memo;
    if (!even_bad_)
      return fail(ExitCode::refused,
                  fmt::format("it is known to be bad (cut by {}: {}); --even-bad deploys it",
                              memo.by, printable(memo.why, 120)));
    pardon_ = memo;
    return {};
  }

  /// A freeze stops what comes down a pipe; who names a service does it all the same, and is told.
  Result<> check_hold() {
    CDCTL_TRY_ASSIGN(const auto hold, fleet::hold_of(*memory_, service_.name, deadline_));
    if (!hold || even_held_) return {};
    if (order_.by_record)
      return fail(ExitCode::refused,
                  fmt::format("refused: deploys of {} are held {}; cdctl resume {} lifts that, "
                              "--even-held deploys it",
                              service_.name, fleet::held_text(*hold), service_.name));
    context_.out.note(
        fmt::format("{}: deploys are held {}; deployed all the same, for it was named",
                    service_.name, fleet::held_text(*hold)));
    return {};
  }

  /// Writes who owns the set, before anything is made for it. The lock keeps two homes from both
  /// believing so.
  Result<> remember() {
    CDCTL_TRY_ASSIGN(const auto lock, memory_->lock(service_.name, deadline_));
    CDCTL_TRY_ASSIGN(const auto known, memory_->read(service_.name, deadline_));
    if (auto ours = check_owner(known); !ours) {
      claim_.reset();
      (void)engine_->destroy(set_, deadline_);
      return ours;
    }
    const auto at = known.find(set_.str());
    if (pardon_) {
      pardon_->cut = false;
      pardon_->mended_at = begun_;
      CDCTL_TRY(memory_->put_cut(set_, *pardon_, deadline_));
    }
    const bool there = at != known.end() && at->second.set && !at->second.set->reaped_at;
    if (there) return {};
    SetMemo memo{set_,
                 service_.engine,
                 engine_->home(),
                 order_.sources,
                 claim_->found().deployed_at.value_or(begun_),
                 0,
                 {},
                 {}};
    if (at != known.end() && at->second.set)
      memo.first_deployed_at =
          at->second.set->first_deployed_at.value_or(at->second.set->deployed_at);
    for (const auto& [type, units] : service_.units) memo.units += units;
    CDCTL_TRY(memory_->put_set(memo, deadline_));
    return memory_->trim(service_.name, 100, deadline_);
  }

  /// Where the service's file names no units, the engine knows how many were wanted: a guard counts
  /// no more than these.
  Result<> note_units() {
    if (!service_.units.empty()) return {};
    CDCTL_TRY_ASSIGN(const auto status, engine_->describe(set_, deadline_));
    CDCTL_TRY_ASSIGN(const auto known, memory_->read(service_.name, deadline_));
    const auto at = known.find(set_.str());
    if (!status.want || at == known.end() || !at->second.set ||
        at->second.set->units == *status.want)
      return {};
    auto memo = *at->second.set;
    memo.units = *status.want;
    return memory_->put_set(memo, deadline_);
  }

  Result<std::map<std::string, std::string>> provision() {
    std::map<std::string, std::string> env;
    for (const auto& name : context_.broker_switches(service_)) {
      CDCTL_TRY_ASSIGN(auto* const broker, context_.switch_(name));
      CDCTL_TRY_ASSIGN(auto secret, claim_->load_secret(name));
      if (!secret) {
        secret = random_hex(24);
        CDCTL_TRY(claim_->save_secret(
            name, *secret));  // kept before it is used: a crash in between loses nothing
      }
      CDCTL_TRY_ASSIGN(auto given, broker->provision(service_, set_, *secret, deadline_));
      env.merge(given);
    }
    return env;
  }

  void add_identity(std::map<std::string, std::string>& env) {
    env["CDCTL_SERVICE"] = service_.name;
    env["CDCTL_REVISION"] = set_.revision;
    env["CDCTL_SET"] = set_.str();
    env["CDCTL_HOME"] = context_.home().string();
    // Without AMQP_URL a unit's `cdctl signal` finds the feed through the configuration.
    if (!env.contains("AMQP_URL")) env["CDCTL_CONFIG"] = context_.config().file.string();
  }

  Context& context_;
  const Order& order_;
  const ServiceConfig& service_;
  SetName set_;
  bool even_bad_, even_held_;
  Deadline deadline_;
  actions::Outcome outcome_;
  Time begun_ = now();
  Engine* engine_ = nullptr;
  Memory* memory_ = nullptr;
  std::unique_ptr<Claim> claim_;
  std::optional<CutMemo> pardon_;
};

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
  return out;
}

/// For people: stays until all units have been up, by our own clock and without a restart, for
/// `settle`.
Result<> wait_for(Context& context, const ServiceConfig& service, const SetName& set,
                  std::optional<Millis> settle, const Deadline& deadline) {
  CDCTL_TRY_ASSIGN(auto* const engine, context.engine(service.engine));
  using Clock = std::chrono::steady_clock;
  std::optional<Clock::time_point> up_since;
  std::int64_t restarts = -1;
  for (;;) {
    const auto asked = Clock::now();
    CDCTL_TRY_ASSIGN(const auto status, engine->describe(set, deadline));
    const auto seen = look_at(status);
    const auto steady = settle.value_or(Millis(status.detail["settle_ms"].as_int(10'000)));
    if (!seen.up || seen.restarts != restarts) up_since.reset();
    restarts = seen.restarts;
    if (seen.up && !up_since) up_since = Clock::now();
    const auto held =
        up_since ? std::chrono::duration_cast<Millis>(Clock::now() - *up_since) : Millis(0);
    context.progress(
        fmt::format("{}: {}{}", set.str(), seen.line, up_since ? " for " + to_age(held) : ""));
    if (up_since && held >= steady) return {};
    if (deadline.passed())
      return fail(
          ExitCode::timeout,
          fmt::format("{}: its units were not up together for {} (now {}); see cdctl inspect {}",
                      set.str(), to_duration(steady), seen.line, set.str()));
    if (Stop::requested())
      return fail(ExitCode::interrupted,
                  set.str() + ": the wait was interrupted; the set stays out");
    struct pollfd stop{Stop::fd(), POLLIN, 0};
    // Five looks a second, for people; where one costs more, as much time again is left to others.
    const auto took = std::chrono::duration_cast<Millis>(Clock::now() - asked);
    ::poll(&stop, 1, static_cast<int>(std::clamp(took, Millis(200), Millis(5000)).count()));
  }
}

Result<std::vector<Order>> orders_from_stdin(Context& context) {
  CDCTL_TRY_ASSIGN(
      auto reader,
      RecordReader::open(context, "the revision records of cdctl outdated", "name a SERVICE"));
  std::vector<Order> orders;
  Unknowns unknowns(context);
  while (auto record = reader.next()) {
    const auto schema = (*record)["schema"].view();
    if (schema == "cdctl.error/1") {
      unknowns.add(*record);
    } else if (schema != "cdctl.revision/1" || !(*record)["offered"].as_bool(true)) {
      reader.skip();
    } else if (auto order = order_from_record(context, *record)) {
      orders.push_back(std::move(*order));
    } else {
      auto error = order.error();
      if (error.exit == ExitCode::config) error.exit = ExitCode::failed;
      context.report(error);
    }
  }
  reader.finish("revision to deploy");
  std::erase_if(orders, [&](const Order& order) { return unknowns.blocks(order.service->name); });
  return orders;
}

}  // namespace

int run_deploy(Context& context, const Arguments& args) {
  return complete(context, [&]() -> Result<> {
    CDCTL_TRY_ASSIGN(const auto timeout,
                     duration_option(args, "timeout", std::chrono::minutes(30)));
    std::optional<Millis> settle;
    if (args.has("settle")) {
      CDCTL_TRY_ASSIGN(settle, duration_option(args, "settle", Millis(0)));
    }
    std::vector<Order> orders;
    if (args.words.empty()) {
      if (args.has("source"))
        return fail(ExitCode::usage, "deploy: --source goes with a SERVICE argument");
      CDCTL_TRY_ASSIGN(orders, orders_from_stdin(context));
    } else {
      for (const auto& word : args.words) {
        if (word == "-")
          return fail(ExitCode::usage,
                      "deploy: a revision cannot be read as a bare name; pipe the records of cdctl "
                      "outdated, or name SERVICE@REVISION");
        CDCTL_TRY_ASSIGN(auto order, order_by_name(context, word, args, Deadline(timeout)));
        orders.push_back(std::move(order));
      }
    }
    for (const auto& order : orders) {
      if (Stop::requested() || context.out.broken()) break;
      const Deadline deadline(timeout);
      Deployment deployment(context, order, args, deadline);
      const bool ok = deployment.run();
      context.out.flush();
      if (!ok || !args.has("wait") || args.has("dry-run")) continue;
      if (auto settled = wait_for(context, *order.service, deployment.set(), settle, deadline);
          !settled)
        context.report(settled.error());
    }
    return {};
  });
}

}  // namespace cdctl::cli
