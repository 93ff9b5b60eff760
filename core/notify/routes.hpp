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
  /// What is no route is left out (route_problems says what is wrong with it); whom it names gets
  /// what is for it, as without routes: rather too much than nothing.
  [[nodiscard]] static Routes read(const Config& config);
  /// What the routes say; empty where none names the receiver, or one that cannot be used does.
  [[nodiscard]] std::optional<Share> share_of(const std::string& receiver,
                                              const Json& record) const;

 private:
  std::vector<Route> routes_;
  std::vector<std::string> unsure_;  ///< whom a route names that cannot be used
};

}  // namespace cdctl::notify
