#pragma once

#include <map>
#include <string>
#include <string_view>

// What keeps a secret that this process has from those who have no business with it. How one is
// read: read_secret() in config.hpp.

namespace cdctl {

/// Takes a variable of our environment, whose value is a secret, out of that of every child that
/// is started from now on by anybody of this process (child.hpp). A Program that names it in its
/// `env` gives it all the same. To be called before there are other threads.
void hide_from_children(std::string_view variable);
[[nodiscard]] bool hidden_from_children(std::string_view variable);
/// Those that are set, with their values: for a child that is this program again.
[[nodiscard]] std::map<std::string, std::string> hidden_environment();

/// From now on this process leaves no core file: its memory holds a secret. What it starts may.
void leave_no_core();

/// While one lives the limit of core files is that from before leave_no_core(): a child that is
/// started meanwhile has it.
class CoreLimitAsBefore {
 public:
  CoreLimitAsBefore();
  CoreLimitAsBefore(const CoreLimitAsBefore&) = delete;
  CoreLimitAsBefore& operator=(const CoreLimitAsBefore&) = delete;
  ~CoreLimitAsBefore();
};

}  // namespace cdctl
