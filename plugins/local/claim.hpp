#pragma once

#include <string>

#include <cdctl/host.hpp>
#include <cdctl/lock.hpp>
#include <cdctl/roles.hpp>
#include <cdctl/set_name.hpp>
#include <cdctl/source.hpp>

#include "plugins/local/paths.hpp"
#include "plugins/local/run_plan.hpp"
#include "plugins/local/set_files.hpp"

namespace cdctl::local {

/// A set of this home under deploy: holds its `lock`.
class LocalClaim final : public Claim {
 public:
  /// Waits for the lock, makes the folder and the record where they are missing.
  [[nodiscard]] static Result<std::unique_ptr<Claim>> make(Host& host, const HomePaths& home,
                                                           const SetName& name,
                                                           const Sources& sources, Time deployed_at,
                                                           const Deadline& deadline);
  LocalClaim(Host& host, const HomePaths& home, SetName name, OfdLock lock)
      : host_(host),
        home_(home),
        name_(std::move(name)),
        paths_(home.set(name_)),
        lock_(std::move(lock)) {}

  [[nodiscard]] const SetStatus& do_found() const noexcept override { return found_; }
  [[nodiscard]] std::filesystem::path do_workspace() const override { return paths_ / k_work; }
  [[nodiscard]] Result<std::optional<std::string>> do_load_secret(std::string_view key) override;
  [[nodiscard]] Result<> do_save_secret(std::string_view key, std::string_view value) override;
  [[nodiscard]] Result<> do_clean(const Deadline& deadline) override;
  [[nodiscard]] Result<> do_keep(const std::string& process, const Keeper& keeper) override;
  [[nodiscard]] Result<> do_start(const Workload& workload, const Deadline& deadline) override;
  [[nodiscard]] Result<Ran> do_run(const Workload& workload, const Deadline& deadline) override;
  [[nodiscard]] Result<bool> do_revive(const std::map<std::string, std::string>& env,
                                       const Deadline& deadline) override;
  [[nodiscard]] Result<> do_finish() override;
  [[nodiscard]] Result<> do_halt(const Deadline& deadline) override;
  void do_abandon(std::string_view why) override;
  [[nodiscard]] Result<bool> do_discard(const Deadline& deadline) override;

 private:
  [[nodiscard]] Result<> look(const Sources& sources, Time deployed_at);
  [[nodiscard]] Result<> note_home(Json record);
  [[nodiscard]] Result<std::filesystem::path> secret_file(std::string_view key) const;
  [[nodiscard]] Result<> note_attempt(std::string_view why);
  [[nodiscard]] Result<> count_attempt();
  [[nodiscard]] Result<> forget(std::initializer_list<const char*> files);
  /// Writes the plan down and starts its supervisor. Call with `op` held.
  [[nodiscard]] Result<> begin(const RunPlan& plan, const Deadline& deadline);
  [[nodiscard]] Result<> end_run(Millis grace);

  Host& host_;
  HomePaths home_;
  SetName name_;
  SetPaths paths_;
  OfdLock lock_;
  SetStatus found_;
  bool had_lived_ = false;     ///< what was found down had been up for ten minutes on end
  bool booted_since_ = false;  ///< it fell with its machine: no failure of its own
  bool revived_ = false;
  KeeperPlans keepers_;
};

/// How long a set is left alone after `attempts` deploys in a row that led nowhere: 30 s, doubling
/// to an hour.
[[nodiscard]] Millis retry_delay(std::int64_t attempts);

}  // namespace cdctl::local
