#pragma once

#include <cdctl/host.hpp>
#include <cdctl/roles.hpp>

namespace cdctl::mojo {

/// Deploys by the manifest of a Mojo spec (source `spec`); without a spec, by the Procfile of the
/// trunk.
///
/// Everything is fetched at the set's revisions and checked before the first phase runs. The
/// workspace of the claim holds spec/, sources/NAME, build/, repo/, local/ and log/. Keys of a
/// service's [mojo] table: `stage` (a folder of the spec whose files come first), `manifest`
/// (default `manifest`), `series` (MOJO_SERIES).
class MojoDeployer final : public Deployer {
 public:
  explicit MojoDeployer(Host& host) : host_(host) {}
  Result<> do_deploy(const DeployRequest& request, Claim& claim) override;

 private:
  Host& host_;
};

}  // namespace cdctl::mojo
