#include "core/fleet/remembered.hpp"

#include <set>
#include <utility>

namespace cdctl::fleet {

namespace {

using records::Outcome;

/// A memory is written in the course of an action, by the clock of who acts.
constexpr Millis k_apart(2000);

Outcome act(std::string_view action, Time at) {
  Outcome out;
  out.action = action;
  out.ok = out.changed = true;
  out.more = Json::object({{"remembered", true}});
  out.time = at;
  return out;
}

Outcome act(std::string_view action, const SetName& set, Time at) {
  auto out = act(action, at);
  records::name_set(out, set);
  return out;
}

void add_set(const SetMemo& memo, std::vector<Outcome>& out) {
  const auto deployed = [&](Time at) {
    auto deploy = act("deploy", memo.name, at);
    if (!memo.home.empty()) deploy.more.set("home", memo.home);
    out.push_back(std::move(deploy));
  };
  if (memo.first_deployed_at && *memo.first_deployed_at != memo.deployed_at)
    out.push_back(act("deploy", memo.name, *memo.first_deployed_at));  // from where is not kept
  if (memo.deployed_at != Time()) deployed(memo.deployed_at);
  if (memo.reaped_at) out.push_back(act("reap", memo.name, *memo.reaped_at));
}

void add_cuts(const SetName& set, const CutMemo& memo, std::vector<Outcome>& out) {
  const bool was_cut = memo.cut || memo.prev_limit || !memo.why.empty() || !memo.cuts.empty();
  if (!was_cut) return;
  for (const auto at : memo.cuts)
    if (at != memo.at) out.push_back(act("break", set, at));
  auto cut = act("break", set, memo.at);
  cut.why = memo.why;
  // A mend writes its own name there
  if (!memo.mended_at || *memo.mended_at < memo.at) cut.by = memo.by;
  out.push_back(std::move(cut));
  if (!memo.mended_at) return;
  auto mend = act("mend", set, *memo.mended_at);
  if (!memo.cut) mend.by = memo.by;
  out.push_back(std::move(mend));
}

/// A set, or a service as a whole.
Outcome act_on(std::string_view action, const std::string& target, Time at) {
  if (const auto set = parse_set_name(target)) return act(action, *set, at);
  auto out = act(action, at);
  out.service = target;
  return out;
}

}  // namespace

std::vector<Outcome> remembered_outcomes(const std::map<std::string, MemoryEntry>& entries) {
  std::vector<Outcome> out;
  std::set<std::string> forced;  // what is forced on a service stands at each of its sets
  for (const auto& [name, entry] : entries) {
    const auto set = parse_set_name(name);
    if (!set) continue;
    if (entry.set) add_set(*entry.set, out);
    if (entry.cut_memo) add_cuts(*set, *entry.cut_memo, out);
    if (!entry.force) continue;
    const auto target = entry.force->target.empty() ? name : entry.force->target;
    if (!forced.insert(target).second) continue;
    auto force = act_on("force", target, entry.force->at);
    force.by = entry.force->by;
    force.why = entry.force->why;
    force.more.set("forced", to_string(entry.force->state));
    out.push_back(std::move(force));
  }
  return out;
}

std::vector<Outcome> remembered_holds(const std::map<std::string, Hold>& holds) {
  std::vector<Outcome> out;
  for (const auto& [target, hold] : holds) {
    auto held = act_on(hold.retiring ? "retire" : "hold", target, hold.at);
    held.by = hold.by;
    held.why = hold.why;
    if (hold.until) held.more.set("until", to_rfc3339(*hold.until));
    out.push_back(std::move(held));
  }
  return out;
}

namespace {

/// One memory and the services that are kept in it.
class Asked {
 public:
  Asked(app::Context& context, std::vector<Outcome>& out, const Deadline& deadline)
      : context_(context), out_(out), deadline_(deadline) {}

  /// At once; where that fails service by service, so that one place that cannot be asked hides no
  /// other's.
  void ask(const std::string& name, const std::set<std::string>& services) {
    auto memory = context_.memory(name);
    if (!memory) return say(services, memory.error());
    if (auto all = (*memory)->read({}, deadline_)) {
      add(remembered_outcomes(*all));
    } else if (services.empty()) {
      context_.report(all.error());
    } else {
      for (const auto& service : services) {
        if (auto one = (*memory)->read(service, deadline_))
          add(remembered_outcomes(*one));
        else
          say({service}, one.error());
      }
    }
    if (auto holds = (*memory)->holds(deadline_))
      add(remembered_holds(*holds));
    else if (context_.exit_code() == 0)
      say(services, holds.error());
  }

 private:
  void add(std::vector<Outcome> more) {
    for (auto& one : more) out_.push_back(std::move(one));
  }
  void say(const std::set<std::string>& services, const Error& error) {
    for (const auto& service : services)
      context_.report_record(service, "reading what is remembered", error);
  }

  app::Context& context_;
  std::vector<Outcome>& out_;
  Deadline deadline_;
};

}  // namespace

std::vector<Outcome> remembered_by_all(app::Context& context, const Deadline& deadline) {
  std::map<std::string, std::set<std::string>> memories;
  memories.try_emplace(context.memory_name());
  for (const auto& service : context.config().services)
    memories[context.memory_name(service)].insert(service.name);
  std::vector<Outcome> out;
  Asked asked(context, out, deadline);
  for (const auto& [name, services] : memories) asked.ask(name, services);
  return out;
}

bool same_act(const Outcome& told, const Outcome& remembered) {
  if (!told.ok || told.action != remembered.action || told.service != remembered.service ||
      told.set != remembered.set)
    return false;
  const auto took = Millis(static_cast<std::int64_t>(told.took_ms));
  return remembered.time >= told.time - took - k_apart && remembered.time <= told.time + k_apart;
}

}  // namespace cdctl::fleet
