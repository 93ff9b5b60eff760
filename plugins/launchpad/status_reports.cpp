#include "plugins/launchpad/status_reports.hpp"

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include <cdctl/time.hpp>

namespace cdctl::launchpad {

namespace {

CommitStatus::State state_of(std::string_view result) {
  using enum CommitStatus::State;
  if (result == "Succeeded") return passed;
  return result == "Failed" || result == "Skipped" || result == "Cancelled" ? failed : pending;
}

}  // namespace

std::vector<CommitStatus> statuses_of(const Json::Array& reports) {
  std::map<std::string, const Json*> newest;
  const auto at = [](const Json& report) {
    return parse_rfc3339(report["date_created"].view()).value_or(Time());
  };
  for (const auto& report : reports) {
    auto& before = newest[report["title"].as_string()];
    if (!before || at(*before) <= at(report)) before = &report;
  }
  std::vector<CommitStatus> out;
  for (const auto& [title, report] : newest)
    out.push_back({title, state_of((*report)["result"].view()),
                   (*report)["result_summary"].as_string((*report)["result"].view()),
                   (*report)["url"].as_string()});
  return out;
}

}  // namespace cdctl::launchpad
