#include "core/breaker/rule.hpp"

namespace cdctl::breaker {

const std::vector<std::string>& default_rules() {
  static const std::vector<std::string> rules{
      "critical >= 1 unless everyone in 5s",
      "failure-rate > 4x baseline and 30% in 4m of at least 20 for 30s",
      "failure-rate > 2.5x baseline else 15% in 10m of at least 30 for 1m",
      "failure-rate > 2.5x baseline else 40% in 2h of at least 12 for 1m",
      "errors > 3x baseline else 15 in 6m of at least 8 after 1m for 1m",
      "errors > 3x baseline else 45 in 1h of at least 15 after 1m for 1m",
  };
  return rules;
}

}  // namespace cdctl::breaker
