#pragma once

#include <cdctl/host.hpp>
#include <cdctl/roles.hpp>
#include <cdctl/set_name.hpp>
#include <cdctl/source.hpp>

#include "plugins/local/paths.hpp"
#include "plugins/local/set_files.hpp"

namespace cdctl::local {

/// Sets as processes of this machine. SetFiles never waits for a writer, and never asks a
/// supervisor where a file will do. What changes a set holds its `op` for one short step; a deploy
/// and a reap hold its `lock` as well.
class LocalEngine final : public Engine {
 public:
  explicit LocalEngine(Host& host) : host_(host), home_(host.home()) {}

  [[nodiscard]] std::string do_home() const override { return home_.home(); }
  [[nodiscard]] Result<std::vector<SetStatus>> do_list(std::optional<std::string_view> service,
                                                       const Deadline& deadline) override;
  [[nodiscard]] Result<SetStatus> do_describe(const SetName& set,
                                              const Deadline& deadline) override;
  [[nodiscard]] Result<std::unique_ptr<Claim>> do_claim(const SetName& set, const Sources& sources,
                                                        Time deployed_at,
                                                        const Deadline& deadline) override;
  [[nodiscard]] Result<Step> do_cut(const SetName& set, const Deadline& deadline) override;
  [[nodiscard]] Result<Step> do_mend(const SetName& set, bool thaw,
                                     const Deadline& deadline) override;
  [[nodiscard]] Result<Step> do_scale(const SetName& set, const UnitCounts& units,
                                      const Deadline& deadline) override;
  [[nodiscard]] Result<Step> do_mend_some(const SetName& set, const Deadline& deadline) override;
  [[nodiscard]] Result<Step> do_stop(const SetName& set, Millis grace,
                                     const Deadline& deadline) override;
  [[nodiscard]] Result<Stopping> do_begin_stop(const SetName& set, const Grace& grace,
                                               const Deadline& deadline) override;
  [[nodiscard]] Result<Step> do_destroy(const SetName& set, const Deadline& deadline) override;
  [[nodiscard]] Result<std::unique_ptr<UnitLogReader>> do_logs(const SetName& set,
                                                               const LogQuery& query,
                                                               const Deadline& deadline) override;

 private:
  /// By a command of the supervisor; `how` it was done, for the step.
  [[nodiscard]] Result<Step> mend_by(const SetName& set, std::string_view command,
                                     std::string_view how, const Deadline& deadline);
  [[nodiscard]] Result<> freeze(const SetPaths& paths, const Deadline& deadline);
  [[nodiscard]] Result<> start_again(const SetPaths& paths, const SetName& set,
                                     const Deadline& deadline);
  Host& host_;
  HomePaths home_;
};

}  // namespace cdctl::local
