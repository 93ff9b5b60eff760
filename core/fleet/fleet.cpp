#include "core/fleet/fleet.hpp"

#include <algorithm>
#include <ranges>
#include <span>
#include <utility>

#include <fmt/format.h>

#include <cdctl/set_name.hpp>
#include <cdctl/source.hpp>
#include <cdctl/text.hpp>

#include "core/app/brokers.hpp"
#include "core/fleet/idle.hpp"
#include "core/fleet/outage.hpp"

namespace cdctl::fleet {

const Result<std::vector<SetStatus>>& Fleet::engine_list(const std::string& name,
                                                         const Deadline& deadline) {
  if (const auto there = engines_.find(name); there != engines_.end()) return there->second;
  auto engine = context_.engine(name);
  auto list = engine ? (*engine)->list(only_, deadline)
                     : Result<std::vector<SetStatus>>(std::unexpected(engine.error()));
  return engines_.emplace(name, std::move(list)).first->second;
}

const Result<std::map<std::string, MemoryEntry>>& Fleet::memory_of(const ServiceConfig& service,
                                                                   const Deadline& deadline) {
  const auto name = context_.memory_name(service);
  const auto ask = [&](const std::string& key, std::optional<std::string_view> only)
      -> const Result<std::map<std::string, MemoryEntry>>& {
    if (const auto there = memories_.find(key); there != memories_.end()) return there->second;
    auto memory = context_.memory(name);
    auto read = memory
                    ? (*memory)->read(only, deadline)
                    : Result<std::map<std::string, MemoryEntry>>(std::unexpected(memory.error()));
    return memories_.emplace(key, std::move(read)).first->second;
  };
  const auto& all = ask(name, only_);
  // With no time left an answer for one service says less than what the whole look has said.
  return all || only_ || deadline.passed() ? all : ask(name + ":" + service.name, service.name);
}

namespace {

void take_memory(SetView& view, const MemoryEntry& entry) {
  view.memory = entry;
  view.cut = entry.cut;
  if (entry.cut_memo) view.mended_at = entry.cut_memo->mended_at;
  if (entry.set) {
    if (view.home.empty()) view.home = entry.set->home;
    if (view.engine.empty()) view.engine = entry.set->engine;
    // The memory is what all machines see; the engine's own note stands in for it.
    view.deployed_at = entry.set->deployed_at;
    view.first_deployed_at = entry.set->first_deployed_at;
  }
}

using Entries = std::ranges::subrange<std::map<std::string, MemoryEntry>::const_iterator>;

/// Where the names begin as those of the service's sets do. A view of all services asks for each:
/// none may walk through all sets.
Entries entries_from(const std::map<std::string, MemoryEntry>& memory, const std::string& service) {
  return {memory.lower_bound(service + '-'),
          memory.lower_bound(service + static_cast<char>('-' + 1))};
}

/// Newest first; `newest` is the one deployed last.
void order(ServiceView& view) {
  std::ranges::stable_sort(view.sets, [](const SetView& a, const SetView& b) {
    return std::pair(a.deployed_at.value_or(Time()), a.name.revision) >
           std::pair(b.deployed_at.value_or(Time()), b.name.revision);
  });
  if (!view.sets.empty()) view.sets.front().newest = true;
  const auto at = now();
  for (auto& set : view.sets) {
    if (set.state != "live" || set.cut.value_or(true) || !set.deployed_at) continue;
    set.proven = at - std::max(*set.deployed_at, set.mended_at.value_or(Time())) >=
                 view.config->reaper.prove_for;
  }
}

/// What a service has to keep whose file cannot be used or is gone: what the memory last knew. Or
/// else all that is live, where there is a file that might say so.
MinLive remembered_min_live(const ServiceView& view, bool broken) {
  const SetMemo* last = nullptr;
  for (const auto& set : view.sets)
    if (const auto& memo = set.memory.set;
        memo && memo->min_live && (!last || memo->deployed_at > last->deployed_at))
      last = &*memo;
  if (last) return *last->min_live;
  return broken ? MinLive{100, true} : MinLive();
}

}  // namespace

void Fleet::add_view(const ServiceConfig& config, const Deadline& deadline, bool ask_engine) {
  ServiceView view;
  view.config = &config;
  std::map<std::string, SetView> sets;
  static const Result<std::vector<SetStatus>> not_asked = std::vector<SetStatus>();
  const auto& list = ask_engine ? engine_list(config.engine, deadline) : not_asked;
  if (!list) view.error = list.error();
  for (const auto& status : list ? std::span(*list) : std::span<const SetStatus>()) {
    if (status.name.service != config.name) continue;
    auto& set = sets[status.name.str()];
    set.name = status.name;
    set.status = status;
    set.home = status.home;
    set.engine = status.engine;
    set.state = status.state;
    set.deployed_at = status.deployed_at;
  }
  const auto& memory = memory_of(config, deadline);
  if (!memory) view.memory_error = memory.error();
  if (!memory && !view.error) view.error = memory.error();
  for (const auto& [name, entry] : memory ? entries_from(*memory, config.name) : Entries()) {
    const auto parsed = parse_set_name(name);
    if (!parsed || parsed->service != config.name) continue;
    const auto at = sets.find(name);
    const bool alive = entry.set ? !entry.set->reaped_at : entry.provisioned;
    if (at == sets.end() && !alive) {
      view.gone.emplace(name, entry);
      continue;
    }
    auto& set = sets[name];
    set.name = *parsed;
    take_memory(set, entry);
  }
  if (ask_engine && list && memory) place(config, sets);
  view.foreign =
      !context_.config().service(config.name) && !context_.config().broken.contains(config.name);
  const auto cutting = context_.broker_switches(config);
  const bool by_limit = !context_.memory_is_remote(config) ||
                        std::ranges::find(cutting, context_.memory_name(config)) != cutting.end();
  for (auto& [name, set] : sets) {
    set.service = &config;
    set.foreign = view.foreign;
    // A limit that is no switch of the service says nothing of a cut; what was noted does.
    if (!by_limit && set.cut == false && set.memory.cut_memo) set.cut = set.memory.cut_memo->cut;
    // Nothing was ever written about it, or nobody of it gets in: it is not cut, unless its engine
    // holds it frozen, whatever became of the memory. Where that could not be read it stays
    // unknown.
    if (memory && !set.cut && !set.memory.provisioned)
      set.cut = set.memory.cut_memo ? set.memory.cut_memo->cut
                                    : set.status && set.status->world_cut == true;
    if (set.left_stopped() && !set.half_mended())
      set.unfinished_cut = unfinished_cut(context_, set.name, set.memory);
    view.sets.push_back(std::move(set));
  }
  order(view);
  views_.push_back(std::move(view));
}

namespace {

/// Whether this home's own set was reaped by somebody else: a reap from here would have begun by
/// marking it.
bool reaped_elsewhere(const SetMemo& memo, const SetStatus& here) {
  const bool ours =
      memo.home == here.home || std::ranges::find(here.homes, memo.home) != here.homes.end();
  return ours && memo.reaped_at && here.deployed_at && *here.deployed_at < *memo.reaped_at &&
         (here.state == "live" || here.state == "down" || here.state == "partial");
}

}  // namespace

/// Says of each set whether it is where the memory says. Both have answered completely.
void Fleet::place(const ServiceConfig& config, std::map<std::string, SetView>& sets) const {
  const auto engine = context_.engine(config.engine);
  const auto home = engine ? (*engine)->home() : std::string();
  const auto brokers = context_.broker_switches(config);
  const bool admitted = std::ranges::find(brokers, context_.memory_name(config)) != brokers.end();
  for (auto& [name, set] : sets) {
    const auto& memo = set.memory.set;
    if (!set.here()) {
      set.ghost = !memo || (memo->engine == config.engine && memo->home == home);
      if (set.ghost) set.state = "down";
      continue;
    }
    if (memo && reaped_elsewhere(*memo, *set.status)) {
      set.leftover = std::exchange(set.status, {});
      set.state.clear();
      continue;
    }
    const bool owned = !memo || memo->reaped_at || memo->home == set.home;
    if (!owned && std::ranges::find(set.status->homes, memo->home) != set.status->homes.end()) {
      set.owner = memo->home;
    } else if (!owned) {
      set.leftover = std::exchange(set.status, {});
      set.home = memo->home;
      set.engine = memo->engine;
      set.state.clear();
    }
    set.locked_out = admitted && set.here() && !set.memory.provisioned &&
                     (set.state == "live" || set.state == "down");
  }
}

void Fleet::adopt_strangers(const std::vector<std::string>& wanted, const Deadline& deadline) {
  std::map<std::string, std::string> engine_of;
  for (const auto& [engine, list] : engines_)
    for (const auto& status : list ? std::span(*list) : std::span<const SetStatus>())
      if (!context_.config().service(status.name.service) &&
          (wanted.empty() || std::ranges::find(wanted, status.name.service) != wanted.end()))
        engine_of.emplace(status.name.service, engine);
  // Named, and in no list: gone only when every engine has answered, and no other home has a set of
  // it.
  std::string fallback = k_embedded;
  for (const auto& [engine, list] : engines_)
    if (!list) fallback = engine;
  for (const auto& name : wanted)
    if (named_strangers_ && !context_.config().service(name)) engine_of.emplace(name, fallback);
  for (const auto& [name, engine] : engine_of) {
    ServiceConfig stranger;  // its file is gone or broken, its workers are not: they must stay
                             // visible and removable
    stranger.name = name;
    stranger.engine = engine;
    stranger.table = Json::object();
    for (auto& kind : context_.plugin_host().owning("switch", context_.config().table)) {
      stranger.table.set(kind, Json::object());
      stranger.switches.push_back(std::move(kind));
    }
    stranger.switches.push_back(stranger.engine);
    strangers_.push_back(std::move(stranger));
    add_view(strangers_.back(), deadline);
    strangers_.back().min_live =
        remembered_min_live(views_.back(), context_.config().broken.contains(name));
  }
}

void Fleet::load(const std::vector<std::string>& services, const Deadline& deadline) {
  if (services.size() == 1) only_ = services.front();
  for (const auto& config : context_.config().services)
    if (services.empty() || std::ranges::find(services, config.name) != services.end())
      add_view(config, deadline);
  // Sets of a service whose file has left are looked for where such sets live by default.
  if (views_.size() < services.size() || services.empty()) {
    (void)engine_list(k_embedded, deadline);
    for (const auto& engine : context_.plugin_host().owning("engine", context_.config().table))
      (void)engine_list(engine, deadline);
  }
  adopt_strangers(services, deadline);
}

void Fleet::load_memories(const std::vector<std::string>& services, const Deadline& deadline) {
  if (services.size() == 1) only_ = services.front();
  for (const auto& config : context_.config().services)
    if (std::ranges::find(services, config.name) != services.end())
      add_view(config, deadline, false);
}

namespace {

bool in_force(const Hold& hold) { return !hold.until || *hold.until > now(); }

}  // namespace

Result<std::optional<Hold>> hold_of(Memory& memory, const std::string& name,
                                    const Deadline& deadline) {
  CDCTL_TRY_ASSIGN(const auto holds, memory.holds(deadline));
  const auto at = holds.find(name);
  return at != holds.end() && in_force(at->second) ? std::optional(at->second)
                                                   : std::optional<Hold>();
}

std::string held_text(const Hold& hold) {
  return fmt::format("by {}{}: {}", hold.by.empty() ? "someone" : hold.by,
                     hold.until ? ", until " + to_rfc3339(*hold.until).substr(0, 16) + "Z" : "",
                     printable(hold.why, 120));
}

namespace {

void take_holds(ServiceView& view, const std::map<std::string, Hold>& holds) {
  for (const auto& [name, hold] : holds) {
    const auto set = parse_set_name(name);
    if (!in_force(hold)) continue;
    if (name == view.config->name) view.hold = hold;
    if (set && set->service == view.config->name) view.set_holds.emplace(name, hold);
  }
  for (auto& set : view.sets) {
    const auto own = view.set_holds.find(set.name.str());
    set.held_out = own != view.set_holds.end();
    if (set.held_out)
      set.hold = own->second;
    else if (set.newest)
      set.hold = view.hold;
  }
}

}  // namespace

void Fleet::load_holds(const Deadline& deadline) {
  for (auto& view : views_) {
    if (view.error) continue;
    auto memory = context_.memory(context_.memory_name(*view.config));
    auto holds = memory ? (*memory)->holds(deadline)
                        : Result<std::map<std::string, Hold>>(std::unexpected(memory.error()));
    if (!holds)
      view.error = holds.error();
    else
      take_holds(view, *holds);
  }
}

void Fleet::load_outages(const Deadline& deadline) {
  std::map<std::string, std::vector<const ServiceConfig*>> by_broker;
  for (auto& view : views_) {
    const auto* config = context_.config().service(view.config->name);
    if (view.error || !config) continue;
    view.outage = outage_of(view);
    if (!view.outage.empty() || view.sets.empty()) continue;
    for (const auto& broker : app::brokers_of(context_, *config))
      by_broker[broker].push_back(config);
  }
  for (const auto& [broker, services] : by_broker) look_for_stuck(broker, services, deadline);
  for (auto& view : views_)
    for (auto& set : view.sets) set.outage = view.outage;
}

/// All at once; where that fails one by one, so that a broker that does not answer hides no other's
/// services.
void Fleet::look_for_stuck(const std::string& broker,
                           const std::vector<const ServiceConfig*>& services,
                           const Deadline& deadline) {
  auto door = context_.switch_(broker);
  auto stuck = door ? (*door)->stuck(services, deadline)
                    : Result<std::map<std::string, Backlog>>(std::unexpected(door.error()));
  if (!stuck && services.size() > 1 && !deadline.passed()) {
    for (const auto* one : services) look_for_stuck(broker, {one}, deadline);
    return;
  }
  for (const auto* config : services) {
    auto* view = service(config->name);
    if (!stuck) {
      view->unsure = stuck.error();
    } else if (const auto at = stuck->find(config->name); at != stuck->end()) {
      view->outage = fmt::format("{} in {}, and nobody consumes",
                                 plural(at->second.waiting, "job waits", "jobs wait"),
                                 printable(at->second.where, 80));
    }
  }
}

Provisioned provisioned(const ServiceConfig& service, const SetName& set,
                        const MemoryEntry& entry) {
  if (!entry.set) return {&service, set, true};
  const auto made_from = entry.set->sources.find("service");
  return {&service, set,
          made_from == entry.set->sources.end() ||
              made_from->second.revision == service.shape().revision};
}

void Fleet::load_rights(const Deadline& deadline) {
  std::map<std::string, std::vector<Provisioned>> by_broker;
  for (const auto& view : views_) {
    const auto* config = context_.config().service(view.config->name);
    if (view.error || !config) continue;
    for (const auto& set : view.sets) {
      if (set.foreign || !set.memory.provisioned || set.state == "deploying" ||
          set.state == "reaping")
        continue;
      for (const auto& broker : app::brokers_of(context_, *config))
        by_broker[broker].push_back(provisioned(*config, set.name, set.memory));
    }
  }
  for (const auto& [broker, sets] : by_broker) look_at_rights(broker, sets, deadline);
}

/// All at once; where that fails service by service, as with what waits.
void Fleet::look_at_rights(const std::string& broker, const std::vector<Provisioned>& sets,
                           const Deadline& deadline) {
  std::map<std::string, std::vector<Provisioned>> by_service;
  for (const auto& set : sets) by_service[set.set.service].push_back(set);
  auto door = context_.switch_(broker);
  auto wrong = door ? (*door)->wrong_rights(sets, deadline)
                    : Result<std::map<std::string, std::string>>(std::unexpected(door.error()));
  if (!wrong && by_service.size() > 1 && !deadline.passed()) {
    for (const auto& [name, some] : by_service) look_at_rights(broker, some, deadline);
    return;
  }
  for (const auto& [name, some] : by_service) {
    auto* view = service(name);
    if (!wrong) {
      if (!view->unsure) view->unsure = wrong.error();
      continue;
    }
    for (auto& set : view->sets)
      if (const auto at = wrong->find(set.name.str()); at != wrong->end()) set.rights = at->second;
  }
}

void Fleet::load_work(const Deadline& deadline) {
  std::map<std::string, std::vector<SetView*>> by_broker;
  for (auto& view : views_) {
    const auto* config = context_.config().service(view.config->name);
    if (view.error || !config) continue;
    const auto broker = admitting_broker(context_, *config);
    if (broker.empty()) continue;
    for (auto& set : view.sets) {
      const bool expected = set.here() && set.state == "live" && set.cut == false &&
                            set.memory.provisioned && !set.left_stopped();
      if (expected) by_broker[broker].push_back(&set);
    }
  }
  for (const auto& [broker, sets] : by_broker) look_at_work(broker, sets, deadline);
}

/// All at once; where that fails service by service, as with what waits.
void Fleet::look_at_work(const std::string& broker, const std::vector<SetView*>& sets,
                         const Deadline& deadline) {
  std::map<std::string, std::vector<SetView*>> by_service;
  std::vector<Provisioned> asked;
  for (auto* const set : sets) {
    by_service[set->name.service].push_back(set);
    asked.push_back(provisioned(*set->service, set->name, set->memory));
  }
  auto door = context_.switch_(broker);
  auto work = door ? (*door)->at_work(asked, deadline)
                   : Result<std::vector<AtWork>>(std::unexpected(door.error()));
  if (!work && by_service.size() > 1 && !deadline.passed()) {
    for (const auto& [name, some] : by_service) look_at_work(broker, some, deadline);
    return;
  }
  for (const auto& [name, some] : by_service)
    if (auto* view = service(name); !work && !view->unsure) view->unsure = work.error();
  if (!work) {
    for (auto* const set : sets) set->idle.reset();
    return;
  }
  std::optional<Result<std::optional<Time>>> up_since;  // asked for only if one is idle
  for (std::size_t i = 0; i < sets.size(); ++i) {
    const auto& one = (*work)[i];
    if (!one.takes || one.working > 0 || one.unsure > 0) continue;
    if (!up_since) up_since.emplace((*door)->up_since(sets[i]->name, deadline));
    sets[i]->idle = *up_since ? idle_text(context_, *sets[i], one, **up_since, deadline)
                              : std::optional<std::string>();
    if (sets[i]->idle != "") sets[i]->proven = false;
  }
}

void Fleet::read_units(SetView& set, const Deadline& deadline) {
  if (!set.status || set.status->up || set.state == "reaping") return;
  auto engine = context_.engine(set.engine);
  auto status = engine ? (*engine)->describe(set.name, deadline)
                       : Result<SetStatus>(std::unexpected(engine.error()));
  if (!status) return context_.report(status.error().in(set.name.str()));
  if (status->state == "absent") return;  // it went meanwhile
  set.state = status->state;
  set.status = std::move(*status);
}

ServiceView* Fleet::service(std::string_view name) {
  for (auto& view : views_)
    if (view.config->name == name) return &view;
  return nullptr;
}

void Fleet::load_for_cut(const std::string& service, bool by_name, const Deadline& deadline) {
  const auto* config = context_.config().service(service);
  // The feed of a broker tells of everybody's sets: no verdict on a service that is not configured
  // here is worth a look at its memory.
  if (!config && !by_name && !context_.config().broken.contains(service)) named_strangers_ = false;
  // A switch of somebody's own keeps no memory: what its sets are, the engine alone knows.
  if (!config || context_.broker_switches(*config).empty() || !context_.memory_is_remote(*config))
    return load({service}, deadline);
  only_ = service;
  add_view(*config, deadline, false);
}

}  // namespace cdctl::fleet
