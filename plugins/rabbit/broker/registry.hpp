#pragma once

#include <array>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "plugins/rabbit/broker/management.hpp"

namespace cdctl::rabbit {

/// What the broker keeps about sets: their users and the global parameters.
struct BrokerState {
  Json users;       ///< rows of `name`, `tags`, `limits`
  Json parameters;  ///< rows of `name`, `value`

  /// Whether the broker has ever had a set of the service.
  [[nodiscard]] bool knows(std::string_view service) const;
  /// Whether it has a set of the service that is not reaped.
  [[nodiscard]] bool holds_sets(std::string_view service) const;
  /// Other brokers that had, or have, sets of the service: `cdctl.also.SERVICE`.
  [[nodiscard]] std::set<std::string> also(std::string_view service) const;
};

/// `cdctl.also.SERVICE`: the global parameter that names the other brokers with sets of a service.
constexpr std::string_view k_also = "cdctl.also.";

/// The same, unless it is empty as no broker's can be: who answers `[]` to everything knows
/// nothing.
[[nodiscard]] Result<BrokerState> believable(BrokerState state);

/// The two calls whose answers are a state: its parameters, then its users.
[[nodiscard]] std::array<ApiCall, 2> state_calls();

/// Asks for it. Neither list can be filtered by the broker (RabbitMQ management API 3.10), and the
/// values of ten thousand sets cost it most of a second: where there are many, only the names are
/// listed, and one service's rows are looked up by theirs.
class Registry {
 public:
  static constexpr std::size_t k_many = 500;          ///< users
  static constexpr std::size_t k_most_by_name = 100;  ///< rows; beyond it one list is cheaper

  explicit Registry(Management& management, std::size_t many = k_many)
      : management_(management), many_(many) {}

  /// Of one service, or all. More than was asked for may be in it.
  [[nodiscard]] Result<BrokerState> look(std::optional<std::string_view> service,
                                         const Deadline& deadline);

 private:
  [[nodiscard]] Result<BrokerState> look_at_all(const Deadline& deadline);
  [[nodiscard]] Result<std::vector<std::string>> names(std::string_view kind,
                                                       const Deadline& deadline);
  /// The rows of these names, asked for one by one, or all of them in one list when that is
  /// cheaper.
  [[nodiscard]] Result<Json> rows_of(std::string_view kind, const std::vector<std::string>& names,
                                     const ApiCall& all, const Deadline& deadline);

  Management& management_;
  std::size_t many_;
  std::optional<std::size_t> users_;  ///< how many there were
};

}  // namespace cdctl::rabbit
