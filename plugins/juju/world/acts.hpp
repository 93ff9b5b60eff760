#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "plugins/juju/world/border.hpp"

namespace cdctl::juju {

/// What one cut or mend does. Each act can be repeated; whether it worked is only told by a fresh
/// look at the border.
class WorldActs {
 public:
  WorldActs(const WorldSet& set, const Deadline& deadline) : set_(set), deadline_(deadline) {}

  /// Runs juju to change something in `model`. A lost connection and what is not there any more are
  /// no errors yet: the next look decides. After too many of them, and for all else, the error.
  [[nodiscard]] Result<> act(const std::string& model, std::vector<std::string> words,
                             const std::string& attempt);
  [[nodiscard]] Result<> act(std::vector<std::string> words, const std::string& attempt) {
    return act(set_.address(), std::move(words), attempt);
  }
  /// Exposes an application by rules as Juju shows them (`exposed-endpoints`), except for those
  /// that `now` has already.
  [[nodiscard]] Result<> expose(const std::string& application, const Json& rules, const Json& now);
  /// Waits before the next look. Exit code `timeout`, saying what is still not done, at the
  /// deadline; `interrupted` when asked to stop.
  [[nodiscard]] Result<> wait(std::string_view doing, const std::string& left);
  /// A look that failed since the deadline passed: what the last one still found undone, with exit
  /// code `timeout`.
  [[nodiscard]] Error at_the_end(const Error& error, std::string_view doing) const;

 private:
  [[nodiscard]] Error in_time(std::string_view doing) const;
  const WorldSet& set_;
  const Deadline& deadline_;
  std::string left_;  ///< what the last look found undone
  int setbacks_ = 0, looks_ = 0;
};

/// The options of `juju expose` for one endpoint (empty: all of them) and its rule.
[[nodiscard]] std::vector<std::string> expose_words(const std::string& application,
                                                    const std::string& endpoint, const Json& rule);

}  // namespace cdctl::juju
