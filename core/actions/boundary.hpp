#pragma once

#include <string>
#include <string_view>

#include <cdctl/stop.hpp>

namespace cdctl::actions {

/// A point between two steps of an action, where a kill leaves a safe state. The crash stories find
/// the names in the sources and kill at each. A name that ends in a dot is completed by the plugin
/// whose step it was.
class Boundary {
 public:
  constexpr Boundary() = default;
  constexpr explicit Boundary(std::string_view name) : name_(name) {}

  void pass(std::string_view plugin = {}) const {
    if (name_.ends_with('.'))
      crash_point(std::string(name_).append(plugin));
    else if (!name_.empty())
      crash_point(name_);
  }

 private:
  std::string_view name_;
};

/// The boundaries of one policy over the set transaction; those without a name are not passed.
struct Boundaries {
  Boundary begun = {};      ///< the guards have let it through, and nothing is done yet
  Boundary noted = {};      ///< the memory knows of it
  Boundary drained = {};    ///< no switch lets anybody new in
  Boundary limited = {};    ///< a switch has done its part: after each
  Boundary world = {};      ///< the engine has done its part
  Boundary buried = {};     ///< the memory has the tombstone
  Boundary destroyed = {};  ///< nothing is left
};

// Each name once, here. A policy passes its boundaries in an order of its own.
inline constexpr Boundaries k_no_boundaries;
inline constexpr Boundaries k_cut{.begun = Boundary{"break.counted"},
                                  .noted = Boundary{"break.remembered"},
                                  .limited = Boundary{"break."},
                                  .world = Boundary{"break.world"}};
inline constexpr Boundaries k_mend{.noted = Boundary{"mend.remembered"},
                                   .limited = Boundary{"mend."},
                                   .world = Boundary{"mend.world"}};
inline constexpr Boundaries k_scale{.begun = Boundary{"scale.counted"},
                                    .world = Boundary{"scale.world"}};
inline constexpr Boundaries k_trial{.noted = Boundary{"probation.noted"},
                                    .limited = Boundary{"probation.admitted"},
                                    .world = Boundary{"probation.world"}};
inline constexpr Boundaries k_trial_passed{.drained = Boundary{"probation.passed"},
                                           .limited = Boundary{"probation.joined"}};
inline constexpr Boundaries k_trial_failed{.begun = Boundary{"probation.failed"},
                                           .limited = Boundary{"probation.cut"}};
inline constexpr Boundaries k_reap{.begun = Boundary{"reap.counted"},
                                   .drained = Boundary{"reap.drained"},
                                   .limited = Boundary{"reap.retired"},
                                   .world = Boundary{"reap.stopped"},
                                   .buried = Boundary{"reap.buried"},
                                   .destroyed = Boundary{"reap.destroyed"}};

}  // namespace cdctl::actions
