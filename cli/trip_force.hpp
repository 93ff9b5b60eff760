#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <string>

#include <cdctl/roles.hpp>

#include "context.hpp"

namespace cdctl::cli {

/// What people have forced, read from the memory of a set's service when a verdict depends on it, and remembered for a moment. A
/// memory that cannot be asked says nothing: `break` asks it again before it cuts.
class Forces {
 public:
  explicit Forces(Context& context) : context_(context) {}
  [[nodiscard]] std::optional<Force> of(const SetName& set);

 private:
  using Clock = std::chrono::steady_clock;
  struct Known {
    Clock::time_point until;
    std::optional<Force> force;
  };
  /// What is remembered of one service.
  struct Service {
    std::map<std::string, Known> sets;
    Clock::time_point whole_until{};   ///< until then all its sets are known: those not in `sets` are not forced
  };
  static constexpr auto k_remembered = std::chrono::seconds(10);
  static constexpr auto k_timeout = std::chrono::seconds(3);
  /// So many sets of a service are asked for one by one. Beyond, all of them are read at once.
  static constexpr std::size_t k_one_by_one = 8;

  [[nodiscard]] std::optional<Force> ask(const ServiceConfig& service, const SetName& set, Service& known);

  Context& context_;
  std::map<std::string, Service> known_;
  bool looked_ = false;
};

}  // namespace cdctl::cli
