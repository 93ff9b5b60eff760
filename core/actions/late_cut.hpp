#pragma once

#include <filesystem>
#include <utility>

#include <cdctl/lock.hpp>
#include <cdctl/set_name.hpp>
#include <cdctl/time.hpp>

#include "core/app/context.hpp"

namespace cdctl::actions {

/// Says in the home that a cut of this set is at it whose engine goes before its broker: until it
/// has come to its end, who finds the set stopped and uncut leaves it so. Gone with the process,
/// however that ends.
class LateCut {
 public:
  /// Exit code `timeout` while another one is at it: nobody waits for that.
  [[nodiscard]] static Result<LateCut> begin(app::Context& context, const SetName& set);
  /// Exit code `unknown` when it cannot be read.
  [[nodiscard]] static Result<bool> goes_on(app::Context& context, const SetName& set);

  LateCut(LateCut&& other) noexcept
      : path_(std::exchange(other.path_, {})), lock_(std::move(other.lock_)) {}
  LateCut& operator=(LateCut&& other) noexcept {
    std::swap(path_, other.path_);
    std::swap(lock_, other.lock_);
    return *this;
  }
  ~LateCut();

 private:
  LateCut(std::filesystem::path path, OfdLock lock)
      : path_(std::move(path)), lock_(std::move(lock)) {}

  std::filesystem::path path_;
  OfdLock lock_;
};

}  // namespace cdctl::actions
