#include "trip_rule.hpp"

namespace cdctl::cli {

const std::vector<std::string>& default_rules() {
  static const std::vector<std::string> rules{
      "critical >= 1 unless everyone in 5s",
      "errors > 3x baseline else 15 in 5m of at least 8 for 30s",
      "errors > 3x baseline else 45 in 1h of at least 15 for 1m",
      "failure-rate > 2x baseline else 25% in 5m of at least 30 for 30s",
      "failure-rate > 2x baseline else 25% in 1h of at least 30 for 1m",
      "failure-rate > 3x baseline else 50% in 6h of at least 8 for 1m",
  };
  return rules;
}

}  // namespace cdctl::cli
