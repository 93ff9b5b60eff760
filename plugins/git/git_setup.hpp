#pragma once

#include <cdctl/host.hpp>
#include <cdctl/roles.hpp>

namespace cdctl::git {

/// Where a work tree comes from, and the key of whoever begins, for `cdctl init`.
class GitSetup final : public Setup {
 public:
  explicit GitSetup(Host&) {}
  FolderClue do_look(const std::filesystem::path& folder) override;
  int do_knows(const std::string& address) const override;
  /// Of a target: whose votes count.
  Result<SetupText> do_interview(Dialogue& dialogue, const SetupService& service) override;
};

}  // namespace cdctl::git
