#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include <cdctl/json.hpp>

#include "core/app/context.hpp"

namespace cdctl::app {

/// Configurations share a home, and what one of them has read, told or counted says nothing of
/// another: where their feeds, receivers and services differ, so do their positions. Each has a
/// folder of its own in the home:
///
///     configurations/KEY/configuration   which cdctl.toml it is of
///                        services/NAME   services of it that something was done to
///                        readers/        positions of named readers
///                        notify/         how far the log was told, and what waits for receivers

/// Names a configuration within a home, by where its file is.
[[nodiscard]] std::string configuration_key(const Config& config);
/// What the home keeps for this configuration. Made by who writes into it.
[[nodiscard]] std::filesystem::path own_folder(const Context& context);

/// Notes in the home that there is this configuration, and that it has the service, so that others
/// leave that one's records to it. Best effort: without it they are told twice, and not never.
void note_configuration(const Context& context, std::string_view service = {});

/// The other configurations of this home.
class Neighbours {
 public:
  explicit Neighbours(const Context& context) : context_(&context) {}
  /// Whether what a record is of, its service or its target, is known to another configuration and
  /// not to this one. What none knows belongs to all: better told by two than by nobody.
  [[nodiscard]] bool have(const Json& record);
  [[nodiscard]] bool have_service(const std::string& name);
  /// Looks into the folders again: a service may have come meanwhile.
  void look_again() { known_.clear(); }

 private:
  [[nodiscard]] bool look(const std::string& folder, const std::string& name) const;
  [[nodiscard]] bool theirs(const std::string& folder, const std::string& name);

  const Context* context_;
  std::map<std::string, bool> known_;  ///< by `services.d/NAME`
};

/// What an earlier cdctl kept in this file for all configurations of the home. Each that has
/// nothing of its own yet begins with it, within a week of the first: who comes later is new here.
[[nodiscard]] Result<std::optional<std::string>> handed_down(const std::filesystem::path& file);

}  // namespace cdctl::app
