#pragma once

#include <cdctl/host.hpp>
#include <cdctl/roles.hpp>

namespace cdctl::mojo {

/// A folder can be a spec, and a service has one or goes by its Procfile, for `cdctl init`.
class MojoSetup final : public Setup {
 public:
  explicit MojoSetup(Host&) {}
  FolderClue do_look(const std::filesystem::path& folder) override;
  Result<SetupText> do_interview(Dialogue& dialogue, const SetupService& service) override;
};

}  // namespace cdctl::mojo
