#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <string>

#include <cdctl/roles.hpp>
#include <cdctl/set_name.hpp>

#include "core/app/context.hpp"

namespace cdctl::fleet {

/// `by alice@web1 on thumbs: why; cdctl force none thumbs lifts that`: what an action that a forced
/// state refuses says of it.
[[nodiscard]] std::string forced_text(const Force& force, const SetName& set);

/// What people have forced, read from the memory of a set's service when a verdict depends on it,
/// and remembered for a moment. A memory that cannot be asked says nothing: `break` asks it again
/// before it cuts.
class Forces {
 public:
  explicit Forces(app::Context& context) : context_(context) {}
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
    Clock::time_point whole_until{};  ///< until then nothing is gained by reading all its sets
    Clock::time_point
        silent_until{};  ///< its memory could not be asked; not asked again until then
  };
  /// What is left to wait for a memory that does not answer: the feed must not stand still for each
  /// service of a broker that hangs.
  struct Patience {
    Millis left = k_timeout;
    Clock::time_point until{};  ///< from then on it is whole again
  };
  static constexpr auto k_remembered = std::chrono::seconds(10);
  static constexpr Millis k_timeout{3000}, k_glance{20};
  /// So many sets of a service are asked for one by one. Beyond, all of them are read at once.
  static constexpr std::size_t k_one_by_one = 8;

  [[nodiscard]] Result<std::optional<Force>> ask(Memory& memory, const SetName& set, Service& known,
                                                 const Deadline& deadline);
  [[nodiscard]] std::optional<Force> look(const ServiceConfig& service, const SetName& set,
                                          Service& known);

  app::Context& context_;
  std::map<std::string, Service> known_;
  std::map<std::string, Patience> patience_;  ///< by memory
  bool looked_ = false;
};

}  // namespace cdctl::fleet
