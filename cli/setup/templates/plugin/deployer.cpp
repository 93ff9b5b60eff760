// @NAME@: @SUMMARY@.
#include <algorithm>
#include <cdctl/host.hpp>
#include <cdctl/plugin.hpp>

namespace {

using namespace cdctl;

/// `deployer = "@NAME@"` in a service's file. Here a unit is the command `run` of [@NAME@], in a checkout of the trunk.
class NewDeployer final : public Deployer {
 public:
  explicit NewDeployer(Host& host) : host_(host) {}

  /// First everything that can be checked before anything is made, then the work in the claim's workspace, then claim.start().
  /// It may be killed at any point and is then run again: the workspace is empty at the beginning.
  Result<> do_deploy(const DeployRequest& request, Claim& claim) override {
    const auto& service = request.service;
    const auto trunk = std::ranges::find(service.sources, "trunk", &SourceConfig::name);
    const auto state = request.sources.find("trunk");
    if (trunk == service.sources.end() || state == request.sources.end()) return fail(ExitCode::config, "it needs a source named trunk");
    const auto command = service.table["@NAME@"]["run"].as_string("./worker");
    const auto units = service.units.find("worker");
    CDCTL_TRY_ASSIGN(auto* const source, host_.source(trunk->kind));
    host_.progress(request.set.str() + ": checking out its trunk");
    const auto folder = claim.workspace() / "trunk";
    CDCTL_TRY(source->checkout(*trunk, state->second.revision, folder, request.deadline));
    return claim.start({folder, {{"worker", command, units == service.units.end() ? 1 : units->second}}, request.env}, request.deadline);
  }

 private:
  Host& host_;
};

using namespace cdctl::plugin;
constexpr RoleRow k_roles[] = {row<Deployer, NewDeployer>("@NAME@")};
/// What `cdctl config explain` says of them. The table comes first.
constexpr KeyRow k_keys[] = {
    {KeyPlace::service, "@NAME@", "table", "", "{ run = \"./worker --slow\" }", "deploy", "The deployer @NAME@"},
    {KeyPlace::service, "@NAME@.run", "text", "./worker", "\"./worker --slow\"", "deploy", "The command that is a unit", "@NAME@.run"},
};

}  // namespace

CDCTL_PLUGIN(.name = "@NAME@", .version = CDCTL_PLUGIN_VERSION, .summary = "@SUMMARY@", .roles = k_roles, .keys = k_keys);
