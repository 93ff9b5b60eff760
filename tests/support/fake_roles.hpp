#pragma once

#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <cdctl/roles.hpp>

namespace cdctl::test {

/// What was asked of the fakes that may change anything, in order; and where they fail.
struct Journal {
  std::vector<std::string> lines;
  std::string failing;  ///< this call fails: `door.cut`
  std::string late;     ///< this one gets no answer in time,
  int late_times = 1;   ///< so many times
  /// Runs beside a call, as another machine would.
  std::function<void(const std::string& call)> beside;

  [[nodiscard]] Result<> add(const std::string& call, const std::string& more = {}) {
    lines.push_back(more.empty() ? call : call + " " + more);
    if (beside) beside(call);
    if (call == failing) return fail(ExitCode::unknown, "no answer");
    if (call == late && late_times-- > 0) return fail(ExitCode::timeout, "no answer in time");
    return {};
  }
  /// All so far, and none from here on.
  [[nodiscard]] std::vector<std::string> take() { return std::exchange(lines, {}); }
};

/// A memory that is a map.
class FakeMemory final : public Memory {
 public:
  explicit FakeMemory(Journal& journal) : journal_(journal) {}
  std::map<std::string, MemoryEntry> entries;
  std::map<std::string, Hold> held;
  bool lock_lost = false;            ///< the next proof fails
  bool held_once = false;            ///< somebody else holds the lock, for so long as one wait
  Millis ahead{};                    ///< of our clock
  std::size_t reads = 0, named = 0;  ///< looks at all of a service; at one set

 private:
  Result<MemoryEntry> do_notes_of(const SetName& set, const Deadline&) override {
    ++named;
    if (journal_.failing == "memory.read") return fail(ExitCode::unknown, "no answer");
    const auto at = entries.find(set.str());
    return at == entries.end() ? MemoryEntry() : at->second;
  }
  Millis do_clock_ahead(std::string_view) override { return ahead; }
  class Lock final : public ServiceLock {
   public:
    Lock(Journal& journal, FakeMemory& memory) : journal_(journal), memory_(memory) {}
    ~Lock() override { (void)journal_.add("unlock"); }

   private:
    Result<> do_prove(const Deadline&) override {
      if (journal_.beside) journal_.beside("lock.prove");
      if (!std::exchange(memory_.lock_lost, false)) return {};
      return fail(ExitCode::unknown, "the lock was lost");
    }
    Journal& journal_;
    FakeMemory& memory_;
  };

  Result<std::map<std::string, MemoryEntry>> do_read(std::optional<std::string_view> service,
                                                     const Deadline&) override {
    ++reads;
    if (journal_.failing == "memory.read") return fail(ExitCode::unknown, "no answer");
    auto out = entries;
    std::erase_if(out, [&](const auto& entry) {
      return service && parse_set_name(entry.first)->service != *service;
    });
    return out;
  }
  Result<> do_put_set(const SetMemo& memo, const Deadline&) override {
    CDCTL_TRY(journal_.add("memory.set", memo.reaped_at ? "reaped" : "owned"));
    entries[memo.name.str()].set = memo;
    return {};
  }
  Result<> do_put_cut(const SetName& set, const CutMemo& memo, const Deadline&) override {
    const auto* said = memo.probation            ? "trial"
                       : memo.cut                ? "yes"
                       : memo.stopped_in.empty() ? "no"
                                                 : "stopped";
    CDCTL_TRY(journal_.add("memory.cut", said));
    entries[set.str()].cut_memo = memo;
    return {};
  }
  Result<> do_put_force(std::string_view name, const std::optional<Force>& force,
                        const Deadline&) override {
    CDCTL_TRY(journal_.add("memory.force", force ? "yes" : "no"));
    if (const auto at = entries.find(std::string(name)); at != entries.end())
      at->second.force = force;
    return {};
  }
  Result<> do_put_hold(std::string_view service, const std::optional<Hold>& hold,
                       const Deadline&) override {
    CDCTL_TRY(journal_.add("memory.hold", hold ? "yes" : "no"));
    held.erase(std::string(service));
    if (hold) held.emplace(service, *hold);
    return {};
  }
  Result<std::map<std::string, Hold>> do_holds(const Deadline&) override { return held; }
  Result<> do_trim(std::string_view, std::size_t keep, const Deadline&) override {
    return journal_.add("memory.trim", std::to_string(keep));
  }
  Result<std::unique_ptr<ServiceLock>> do_lock(std::string_view, const Deadline&) override {
    CDCTL_TRY(journal_.add("lock"));
    if (std::exchange(held_once, false))
      return fail(Error{ExitCode::timeout, "another cdctl holds it"}.because(Reason::held));
    return std::make_unique<Lock>(journal_, *this);
  }
  Result<std::unique_ptr<ServiceLock>> do_lock_release(std::string_view, const Deadline&) override {
    CDCTL_TRY(journal_.add("lock.release"));
    return std::make_unique<Lock>(journal_, *this);
  }

  Journal& journal_;
};

/// A broker's switch: its limits are in the memory's entries, as a broker's are.
class FakeSwitch final : public Switch {
 public:
  FakeSwitch(Journal& journal, FakeMemory& memory) : journal_(journal), memory_(memory) {}
  std::map<std::string, std::int64_t> open_connections;  ///< of sets that are let in
  std::map<std::string, std::int64_t> delivery_limits_value;
  std::optional<Time> up_since_value = now() - std::chrono::hours(24);
  Settled settled_value;
  std::map<std::string, Backlog> stuck_value;  ///< by service
  std::map<std::string, AtWork> work;          ///< by set; else who is connected is at work

 private:
  Result<Step> limit(const std::string& call, const SetName& set, bool cut,
                     const std::string& more = {}) {
    CDCTL_TRY(journal_.add(call, more));
    auto& entry = memory_.entries[set.str()];
    const bool changed = entry.cut != cut;
    entry.cut = cut;
    return Step{"door", changed};
  }
  Result<std::map<std::string, std::int64_t>> do_delivery_limits(const ServiceConfig&,
                                                                 const Deadline&) override {
    return delivery_limits_value;
  }
  Result<> do_check(const ServiceConfig&, const Deadline&) override {
    return journal_.failing == "door.check" ? Result<>(fail("its queue loses messages"))
                                            : Result<>();
  }
  Result<std::map<std::string, std::string>> do_provision(const ServiceConfig&, const SetName& set,
                                                          std::string_view,
                                                          const Deadline&) override {
    CDCTL_TRY(journal_.add("door.provision"));
    auto& entry = memory_.entries[set.str()];
    entry.provisioned = true;
    entry.cut = entry.cut.value_or(false);
    return std::map<std::string, std::string>{{"AMQP_URL", "amqp://x"}};
  }
  Result<Step> do_cut(const SetName& set, std::string_view, const Deadline&) override {
    return limit("door.cut", set, true);
  }
  Result<Step> do_drain(const SetName& set, const Deadline&) override {
    return limit("door.drain", set, true);
  }
  Result<Step> do_mend(const SetName& set, std::optional<std::int64_t> prev_limit,
                       const Deadline&) override {
    return limit("door.mend", set, false, prev_limit ? std::to_string(*prev_limit) : "");
  }
  Result<Step> do_admit(const SetName& set, std::int64_t units, const Deadline&) override {
    return limit("door.admit", set, true, std::to_string(units));
  }
  Result<Settled> do_settled(const SetName&, const Deadline&) override { return settled_value; }
  Result<Step> do_retire(const SetName& set, const Deadline&) override {
    CDCTL_TRY(journal_.add("door.retire"));
    auto& entry = memory_.entries[set.str()];
    entry.cut.reset();
    return Step{"door", std::exchange(entry.provisioned, false)};
  }
  Result<std::vector<std::int64_t>> do_connections(std::span<const SetName> sets,
                                                   const Deadline&) override {
    CDCTL_TRY(journal_.add("door.connections"));
    std::vector<std::int64_t> out;
    for (const auto& set : sets) out.push_back(open_connections[set.str()]);
    return out;
  }
  Result<std::vector<AtWork>> do_at_work(std::span<const Provisioned> sets,
                                         const Deadline& deadline) override {
    if (deadline.passed()) return fail(ExitCode::timeout, "the broker did not answer in time");
    CDCTL_TRY_ASSIGN(auto out, Switch::do_at_work(sets, deadline));
    for (std::size_t i = 0; i < sets.size(); ++i)
      if (const auto at = work.find(sets[i].set.str()); at != work.end()) out[i] = at->second;
    return out;
  }
  Result<std::optional<Time>> do_up_since(const SetName&, const Deadline&) override {
    return up_since_value;
  }
  Result<std::map<std::string, Backlog>> do_stuck(std::span<const ServiceConfig* const>,
                                                  const Deadline&) override {
    CDCTL_TRY(journal_.add("door.stuck"));
    return stuck_value;
  }
  Result<Json> do_describe(const ServiceConfig&, const SetName&, const Deadline&) override {
    return Json::object();
  }

  Journal& journal_;
  FakeMemory& memory_;
};

/// An engine whose sets are a map.
class FakeEngine final : public Engine {
 public:
  explicit FakeEngine(Journal& journal) : journal_(journal) {}
  std::map<std::string, SetStatus> sets;
  std::string home_value = "here";
  std::map<std::string, int> busy;  ///< how many looks at its end find a set still at work
  std::vector<Grace> graces;        ///< what the sets were given
  bool revivable = true;            ///< what is down can be started again as it is
  Ran ran{ExitCode::done, "exit status 0", {}};  ///< how a command ends that is run once

 private:
  class FakeClaim final : public Claim {
   public:
    FakeClaim(Journal& journal, std::map<std::string, SetStatus>& sets, SetStatus& status,
              bool absent, bool revivable, const Ran& ran)
        : journal_(journal),
          sets_(sets),
          status_(status),
          found_(status),
          revivable_(revivable),
          ran_(ran) {
      if (absent) found_.state = "absent";
    }

   private:
    const SetStatus& do_found() const noexcept override { return found_; }
    std::filesystem::path do_workspace() const override { return {}; }
    Result<std::optional<std::string>> do_load_secret(std::string_view) override {
      return std::nullopt;
    }
    Result<> do_save_secret(std::string_view, std::string_view) override {
      return journal_.add("claim.secret");
    }
    Result<> do_clean(const Deadline&) override { return journal_.add("claim.clean"); }
    Result<> do_start(const Workload&, const Deadline&) override {
      return journal_.add("claim.start");
    }
    Result<Ran> do_run(const Workload& workload, const Deadline&) override {
      CDCTL_TRY(journal_.add("claim.run", workload.processes.front().command));
      return ran_;
    }
    Result<bool> do_revive(const std::map<std::string, std::string>&, const Deadline&) override {
      CDCTL_TRY(journal_.add("claim.revive"));
      return revivable_;
    }
    Result<> do_finish() override {
      CDCTL_TRY(journal_.add("claim.finish"));
      status_.state = "live";
      return {};
    }
    Result<> do_halt(const Deadline&) override { return journal_.add("claim.halt"); }
    void do_abandon(std::string_view) override { (void)journal_.add("claim.abandon"); }
    Result<bool> do_discard(const Deadline&) override {
      CDCTL_TRY(journal_.add("claim.discard"));
      sets_.erase(found_.name.str());
      return true;
    }

    Journal& journal_;
    std::map<std::string, SetStatus>& sets_;
    SetStatus& status_;
    SetStatus found_;
    bool revivable_;
    const Ran& ran_;
  };

  Result<Step> step(const std::string& call, const SetName& set, bool cut) {
    CDCTL_TRY(journal_.add(call));
    const auto at = sets.find(set.str());
    if (at == sets.end()) return Step{"local", false};
    const bool changed = at->second.world_cut != cut;
    at->second.world_cut = cut;
    return Step{"local", changed};
  }
  std::string do_home() const override { return home_value; }
  Result<std::vector<SetStatus>> do_list(std::optional<std::string_view> service,
                                         const Deadline&) override {
    if (journal_.failing == "engine.list") return fail(ExitCode::unknown, "no answer");
    std::vector<SetStatus> out;
    for (const auto& [name, status] : sets)
      if (!service || status.name.service == *service) out.push_back(status);
    return out;
  }
  Result<SetStatus> do_describe(const SetName& set, const Deadline&) override {
    if (const auto at = sets.find(set.str()); at != sets.end()) return at->second;
    SetStatus out;
    out.name = set;
    out.state = "absent";
    return out;
  }
  Result<std::unique_ptr<Claim>> do_claim(const SetName& set, const Sources& sources,
                                          Time deployed_at, const Deadline&) override {
    CDCTL_TRY(journal_.add("engine.claim"));
    auto& status = sets[set.str()];
    const bool absent = status.state.empty();
    if (absent) {
      status.name = set;
      status.state = "partial";
      status.sources = sources;
      status.deployed_at = deployed_at;
      status.engine = "local", status.home = home_value;
    }
    return std::make_unique<FakeClaim>(journal_, sets, status, absent, revivable, ran);
  }
  Result<Step> do_cut(const SetName& set, const Deadline&) override {
    return step("engine.cut", set, true);
  }
  Result<Step> do_mend(const SetName& set, bool thaw, const Deadline&) override {
    return step(thaw ? "engine.thaw" : "engine.mend", set, false);
  }
  Result<Step> do_scale(const SetName& set, const UnitCounts& units, const Deadline&) override {
    CDCTL_TRY(journal_.add("engine.scale"));
    auto& known = sets.at(set.str()).processes;
    const bool changed = known != units;
    known = units;
    return Step{"local", changed};
  }
  Result<Step> do_mend_some(const SetName& set, const Deadline&) override {
    return step("engine.mend some", set, false);
  }
  Result<Step> do_stop(const SetName& set, Millis, const Deadline&) override {
    CDCTL_TRY(journal_.add("engine.stop"));
    const auto at = sets.find(set.str());
    if (at == sets.end()) return Step{"local", false};
    return Step{"local", std::exchange(at->second.state, "reaping") != "reaping"};
  }
  Result<Stopping> do_begin_stop(const SetName& set, const Grace& grace,
                                 const Deadline& deadline) override {
    CDCTL_TRY_ASSIGN(auto step, do_stop(set, grace.longest(), deadline));
    graces.push_back(grace);
    if (busy[set.str()] <= 0) return Stopping{std::move(step), true, 0, {}};
    --busy[set.str()];
    return Stopping{std::move(step), false, 1, now() + grace.longest()};
  }
  Result<Step> do_destroy(const SetName& set, const Deadline&) override {
    CDCTL_TRY(journal_.add("engine.destroy"));
    return Step{"local", sets.erase(set.str()) > 0};
  }

  Journal& journal_;
};

class FakeDeployer final : public Deployer {
 public:
  explicit FakeDeployer(Journal& journal) : journal_(journal) {}
  std::string release;  ///< of its Procfile

 private:
  Result<> do_deploy(const DeployRequest& request, Claim& claim) override {
    CDCTL_TRY(journal_.add("deploy"));
    if (!release.empty())
      CDCTL_TRY(request.run_once({{}, {{k_release, release, 1}}, {}, {}},
                                 [](std::string text) { return text == "hush" ? "***" : text; }));
    return claim.start({}, Deadline());
  }

  Journal& journal_;
};

}  // namespace cdctl::test
