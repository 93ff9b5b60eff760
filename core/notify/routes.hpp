#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include <cdctl/config.hpp>
#include <cdctl/json.hpp>
#include <cdctl/signal.hpp>

namespace cdctl::notify {

/// One entry of `[[notify.routes]]`: which records go to which receivers.
struct Route {
  std::vector<std::string> to;        ///< receivers: `pagerduty`, `webhook:chat`
  std::vector<std::string> records;   ///< kinds of record: outcome, verdict, signal; empty = all
  std::vector<std::string> services;  ///< globs; empty = all
  std::vector<std::string> actions;   ///< of outcomes; empty = all
  std::optional<Severity> severity;   ///< of what there is to say of it: this and worse

  [[nodiscard]] bool matches(const Json& record) const;
};

/// Who gets what.
class Routes {
 public:
  /// Exit code `config`, with file and entry, for what is no route.
  [[nodiscard]] static Result<Routes> read(const Config& config);
  /// Whether a route says so; empty where no route names the receiver: then it gets what is for it.
  [[nodiscard]] std::optional<bool> sends(const std::string& receiver, const Json& record) const;
  /// All receivers that are named.
  [[nodiscard]] std::vector<std::string> receivers() const;

 private:
  std::vector<Route> routes_;
};

}  // namespace cdctl::notify
