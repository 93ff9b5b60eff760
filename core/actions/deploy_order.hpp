#pragma once

#include <optional>
#include <string>
#include <vector>

#include <cdctl/json.hpp>
#include <cdctl/set_name.hpp>
#include <cdctl/source.hpp>
#include <cdctl/time.hpp>

#include "core/app/context.hpp"

namespace cdctl::actions {

/// One thing to deploy: addresses come from the configuration, revisions from the record or from
/// what was asked for.
struct DeployOrder {
  const ServiceConfig* service;
  Sources sources;
  std::string why;
  bool even_bad = false;
  bool by_record = false;  ///< of a pipe: nobody has looked at this one
  /// Why its sources cannot be had any more (the service's file was edited, say): the set can only
  /// be started again as it is.
  std::optional<Error> unmakeable = {};
  /// Newer revisions that a person turns away from with it.
  std::vector<SetName> turned_from = {};

  [[nodiscard]] SetName name() const { return {service->name, revision_id(sources)}; }
};

/// The order that a `cdctl.revision/1` record gives. The record is not believed: its sources have
/// to be the service's, and to make its revision.
[[nodiscard]] Result<DeployOrder> order_from_record(app::Context& context, const Json& record);

/// Sources that a person has set by `NAME=REVISION`.
struct Pins {
  std::vector<std::string> pins;
  bool all_ours = false;  ///< a pin that fits no source of the service is a mistake
};

/// `thumbs`, `thumbs@r5f0` or `thumbs@previous`: the newest sources, a revision that begins so, or
/// the one before the newest that is neither cut nor held out. Exit code `usage` when the text is
/// none of these.
[[nodiscard]] Result<DeployOrder> order_by_name(app::Context& context, const std::string& text,
                                                const Pins& pins, const Deadline& deadline);

}  // namespace cdctl::actions
