#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <cdctl/error.hpp>
#include <cdctl/host.hpp>
#include <cdctl/target.hpp>
#include <cdctl/time.hpp>

#include "plugins/bzr/bzr_address.hpp"

namespace cdctl::bzr {

/// Where a proposal is.
struct Place {
  std::string topic;  ///< the last part of its address
  Address address;
  bool ours = false;  ///< in the folder of proposals: it may be removed when it has landed
};

/// A name of one folder that no terminal and no program takes for anything else.
[[nodiscard]] bool valid_topic(std::string_view topic);

/// The branches that are proposals of a target: those in its folder, by name, then those it names.
/// Exit code `config` for an address that cannot be used or two of one name, `unknown` when the
/// folder cannot be read.
[[nodiscard]] Result<std::vector<Place>> places_of(const Host& host, const TargetConfig& target,
                                                   const Deadline& deadline);
/// The one of a topic, which need not be there. Exit code `config` where the target has no folder.
[[nodiscard]] Result<Place> place_of(const Host& host, const TargetConfig& target,
                                     const std::string& topic);

}  // namespace cdctl::bzr
