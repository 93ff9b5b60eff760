#pragma once

#include <map>
#include <span>
#include <string>

#include <cdctl/roles.hpp>

#include "plugins/rabbit/broker/management.hpp"
#include "plugins/rabbit/broker/topology.hpp"

namespace cdctl::rabbit {

/// The tag of every set's user. Tags become atoms of the broker that are never freed: a constant,
/// and one that grants nothing.
constexpr const char* k_tag = "cdctl";

/// What the user of a set may do in the virtual host of its service.
struct Rights {
  std::string configure, write, read;
  std::string topic;  ///< routing keys under which it may publish signals

  /// The body of a permission.
  [[nodiscard]] Json permission() const;
  /// The body of a topic permission.
  [[nodiscard]] Json topic_permission() const;
};

[[nodiscard]] Rights rights_of(const Topology& topology, const SetName& set,
                               const std::vector<TurnNames>& turns = {});

/// What is wrong with the rights of sets that are all in the management's virtual host.
[[nodiscard]] Result<std::map<std::string, std::string>> wrong_rights(
    Management& management, std::span<const Provisioned> sets, const Deadline& deadline);

/// Gives a user that is there what it shall have, and takes away everything else. What it declares,
/// reads and writes stays where it was made from another file than today's, as far as that is
/// cdctl's doing.
[[nodiscard]] Result<> repair_rights(Management& management, const ServiceConfig& service,
                                     const Rights& rights, const SetName& set,
                                     const Deadline& deadline);

}  // namespace cdctl::rabbit
