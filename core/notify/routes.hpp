#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include <cdctl/config.hpp>
#include <cdctl/json.hpp>
#include <cdctl/signal.hpp>

namespace cdctl::notify {

/// What a receiver gets of a record: all that it says, or only that conditions are over, which may
/// have begun elsewhere.
enum class Share { none, ends, whole };

/// One entry of `[[notify.routes]]`: which records go to which receivers.
struct Route {
  std::vector<std::string> to;        ///< receivers: `pagerduty`, `webhook:chat`
  std::vector<std::string> records;   ///< kinds of record: outcome, verdict, signal; empty = all
  std::vector<std::string> services;  ///< globs; empty = all
  std::vector<std::string> actions;   ///< of outcomes; empty = all
  std::optional<Severity> severity;   ///< of what there is to say of it: this and worse

  [[nodiscard]] Share share_of(const Json& record) const;
};

/// What is wrong with an entry of `[[notify.routes]]`.
struct RouteProblem {
  std::size_t entry = 0;  ///< from 0
  std::string key;        ///< empty: of the entry as a whole
  std::string what;
};
/// Everything that is wrong with them, in their order.
[[nodiscard]] std::vector<RouteProblem> route_problems(const Json& routes);

/// Who gets what.
class Routes {
 public:
  /// Exit code `config`, with file and entry, for what is no route.
  [[nodiscard]] static Result<Routes> read(const Config& config);
  /// What the routes say; empty where none names the receiver: then it gets what is for it.
  [[nodiscard]] std::optional<Share> share_of(const std::string& receiver,
                                              const Json& record) const;
  /// All receivers that are named.
  [[nodiscard]] std::vector<std::string> receivers() const;

 private:
  std::vector<Route> routes_;
};

}  // namespace cdctl::notify
