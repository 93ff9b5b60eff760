#pragma once

#include <cdctl/host.hpp>
#include <cdctl/roles.hpp>

namespace cdctl::git {

/// Whether the git program is there and new enough, and whether each trunk of the configuration can
/// be read.
class GitDoctor final : public Doctor {
 public:
  explicit GitDoctor(Host& host) : host_(host) {}
  std::vector<Check> do_examine(const Deadline& deadline) override;

 private:
  Host& host_;
};

}  // namespace cdctl::git
