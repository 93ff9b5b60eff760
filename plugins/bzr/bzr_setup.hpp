#pragma once

#include <cdctl/host.hpp>
#include <cdctl/roles.hpp>

namespace cdctl::bzr {

/// Where a branch comes from, and what a target on it needs, for `cdctl init`.
class BzrSetup final : public Setup {
 public:
  explicit BzrSetup(Host&) {}
  FolderClue do_look(const std::filesystem::path& folder) override;
  int do_knows(const std::string& address) const override;
  Result<SetupText> do_interview(Dialogue& dialogue, const SetupService& service) override;
};

}  // namespace cdctl::bzr
