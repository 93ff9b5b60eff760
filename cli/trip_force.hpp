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
    std::map<std::string, MemoryEntry> entries;
  };
  static constexpr auto k_remembered = std::chrono::seconds(10);
  static constexpr auto k_timeout = std::chrono::seconds(3);

  const Known& read(const ServiceConfig& service);

  Context& context_;
  std::map<std::string, Known> known_;
  bool looked_ = false;
};

}  // namespace cdctl::cli
