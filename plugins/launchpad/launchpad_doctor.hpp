#pragma once

#include <vector>

#include <cdctl/host.hpp>
#include <cdctl/roles/doctor.hpp>

namespace cdctl::launchpad {

/// Whether each target on Launchpad is there, and what the token may do with it.
class LaunchpadDoctor final : public Doctor {
 public:
  explicit LaunchpadDoctor(Host& host) : host_(host) {}

 protected:
  std::vector<Check> do_examine(const Deadline& deadline) override;

 private:
  Host& host_;
};

}  // namespace cdctl::launchpad
