#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <utility>

#include <cdctl/lock.hpp>
#include <cdctl/roles/memory.hpp>
#include <cdctl/set_name.hpp>
#include <cdctl/time.hpp>

#include "core/app/context.hpp"

namespace cdctl::fleet {

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

/// Whose engine has stopped the units, and whose broker never took it: who began it has given up,
/// and nobody has taken the word back. Noted in the home, since the memory did not answer.
struct UnfinishedCut {
  std::string by, why;
  Time at;
  std::optional<Time> last_evidence;  ///< empty: a person said so

  /// `a cut of it was begun by alice@web1 (it is bad), and its broker never took it; …`
  [[nodiscard]] std::string text(const SetName& set) const;
};

[[nodiscard]] Result<> note_unfinished_cut(app::Context& context, const SetName& set,
                                           const UnfinishedCut& cut);
/// Nothing when none was noted since the set was deployed or mended. One that cannot be read counts
/// as one.
[[nodiscard]] std::optional<UnfinishedCut> unfinished_cut(app::Context& context, const SetName& set,
                                                          const MemoryEntry& entry);
/// It is done, or taken back.
void forget_unfinished_cut(app::Context& context, const SetName& set);

}  // namespace cdctl::fleet
