#pragma once

#include <vector>

#include <cdctl/host.hpp>
#include <cdctl/roles.hpp>

namespace cdctl::gitea {

/// Whether the token of each target works, and what it may do.
class GiteaDoctor final : public Doctor {
 public:
  explicit GiteaDoctor(Host& host) : host_(host) {}

 protected:
  std::vector<Check> do_examine(const Deadline& deadline) override;

 private:
  Host& host_;
};

}  // namespace cdctl::gitea
