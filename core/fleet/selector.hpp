#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <cdctl/set_name.hpp>

#include "core/fleet/fleet.hpp"

namespace cdctl::fleet {

/// `thumbs`, `thumbs@r5f0`, `thumbs@newest`, `thumbs-r5f0c1e9a2b`, or a glob over set names.
struct Selector {
  std::string text, service, revision;  ///< service is empty for a glob
  bool newest = false, glob = false, whole = false;

  /// Exit code `usage` with a hint when it can name nothing.
  [[nodiscard]] static Result<Selector> parse(std::string_view text);
  /// The sets it means. Exit code `failed` when a prefix is not unique. A whole name or prefix that
  /// is not there gives none.
  [[nodiscard]] Result<std::vector<SetView*>> pick(Fleet& fleet) const;
  [[nodiscard]] bool matches(const SetName& name) const;
};

/// The services that the selectors can touch, for Fleet::load; empty = all. Exit code `usage` or
/// `config` for a service that is not configured, with the nearest name.
[[nodiscard]] Result<std::vector<std::string>> services_of(app::Context& context,
                                                           const std::vector<Selector>& selectors);

}  // namespace cdctl::fleet
