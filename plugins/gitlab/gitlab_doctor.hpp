#pragma once

#include <vector>

#include <cdctl/host.hpp>
#include <cdctl/roles.hpp>

namespace cdctl::gitlab {

/// Whether the token of each target works, and what it may do.
class GitlabDoctor final : public Doctor {
 public:
  explicit GitlabDoctor(Host& host) : host_(host) {}

 protected:
  std::vector<Check> do_examine(const Deadline& deadline) override;

 private:
  Host& host_;
};

}  // namespace cdctl::gitlab
