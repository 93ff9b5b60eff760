#pragma once

#include <vector>

#include <cdctl/host.hpp>
#include <cdctl/roles.hpp>

#include "plugins/forges/code_server.hpp"

namespace cdctl::forges {

/// Whether the token of each target works, and what it may do.
class ForgeDoctor : public Doctor {
 public:
  ForgeDoctor(Host& host, const ServerKind& kind) : host_(host), kind_(kind) {}

 protected:
  std::vector<Check> do_examine(const Deadline& deadline) override;

 private:
  Host& host_;
  const ServerKind& kind_;
};

}  // namespace cdctl::forges
