#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <string>

#include <cdctl/roles.hpp>
#include <cdctl/set_name.hpp>

#include "core/app/context.hpp"
#include "core/breaker/set_state.hpp"

namespace cdctl::fleet {

/// What the memories have noted of sets, read when a verdict depends on it and remembered for a
/// moment. A memory that cannot be asked says nothing: `break` asks it again before it cuts.
class Notes {
 public:
  explicit Notes(app::Context& context) : context_(context) {}
  /// What people have forced, ten seconds old at most.
  [[nodiscard]] std::optional<Force> force_of(const SetName& set);
  /// When it was deployed or mended last, a second old at most; it says whether it was asked in
  /// this moment.
  [[nodiscard]] breaker::Begun begun(const SetName& set);
  /// A moment lasts until this: all that is asked in it is as new.
  void next_moment() { ++moment_; }

 private:
  using Clock = std::chrono::steady_clock;
  struct Known {
    Clock::time_point asked;
    std::optional<Force> force;
    breaker::Begun begun;
    std::uint64_t moment = 0;
  };
  /// What is remembered of one service.
  struct Service {
    std::map<std::string, Known> sets;
    Known whole;                  ///< all its sets were asked for
    Clock::time_point tidy_at{};  ///< the next look for what is forgotten
    Clock::time_point
        silent_until{};  ///< its memory could not be asked; not asked again until then
  };
  /// What is left to wait for a memory that does not answer: the feed must not stand still for each
  /// service of a broker that hangs.
  struct Patience {
    Millis left = k_timeout;
    Clock::time_point until{};  ///< from then on it is whole again
  };
  static constexpr auto k_remembered = std::chrono::seconds(10), k_moment = std::chrono::seconds(1);
  static constexpr Millis k_timeout{3000}, k_glance{20};
  /// So many sets of a service are asked for one by one. Beyond, all of them are read at once.
  static constexpr std::size_t k_one_by_one = 8;

  [[nodiscard]] const ServiceConfig* configured(const SetName& set);
  /// Of one set, or of all: no older than `age`. `one`: a set that its service's memory has no
  /// entry of is asked for by its name. Empty when nobody could say.
  [[nodiscard]] const Known* find(const SetName& set, Clock::duration age, bool one);
  [[nodiscard]] Result<const Known*> ask(Memory& memory, const SetName& set, Service& known,
                                         Clock::duration age, bool one, const Deadline& deadline);

  app::Context& context_;
  std::map<std::string, Service> known_;
  std::map<std::string, Patience> patience_;  ///< by memory
  std::uint64_t moment_ = 1;
  bool looked_ = false;
};

}  // namespace cdctl::fleet
