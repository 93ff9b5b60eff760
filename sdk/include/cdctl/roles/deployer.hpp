#pragma once

#include <functional>
#include <map>
#include <string>

#include <cdctl/config.hpp>
#include <cdctl/guarded.hpp>
#include <cdctl/roles/engine.hpp>
#include <cdctl/set_name.hpp>
#include <cdctl/source.hpp>
#include <cdctl/time.hpp>

namespace cdctl {

/// Takes secrets out of a text.
using Hide = std::function<std::string(std::string text)>;

struct DeployRequest {
  const ServiceConfig& service;
  SetName set;
  const Sources& sources;
  std::map<std::string, std::string>
      env;  ///< for the units: CDCTL_* and what the switches gave (AMQP_URL)
  Deadline deadline;
  /// Runs what a revision does once, before its units (`release:` of a Procfile): to be called
  /// right before claim.start(), with the command as the only process of the workload. Does nothing
  /// where this revision has done it. What it says goes into the record, through `hide`.
  std::function<Result<>(const Workload& workload, const Hide& hide)> run_once = {};
};

class Deployer {
 public:
  virtual ~Deployer() = default;
  /// Everything that can be checked before anything is made (the deploy calls it with the claim's
  /// workspace holding nothing yet), then the work: checkouts into claim.workspace(), builds, and
  /// claim.start(). Does not call finish().
  [[nodiscard]] Result<> deploy(const DeployRequest& request, Claim& claim) {
    return guarded([&] { return do_deploy(request, claim); });
  }

 protected:
  [[nodiscard]] virtual Result<> do_deploy(const DeployRequest& request, Claim& claim) = 0;
};

}  // namespace cdctl
