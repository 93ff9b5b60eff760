#include "plugins/juju/model/fields.hpp"

#include <algorithm>
#include <array>

#include <fmt/format.h>

namespace cdctl::juju {

namespace {

constexpr std::array<std::string_view, 12> k_months{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                    "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

/// `24 Feb 2025` as `2025-02-24`; empty when it is not such a date.
std::string iso_date(std::string_view text) {
  if (text.size() != 11 || text[2] != ' ' || text[6] != ' ') return {};
  const auto month = std::ranges::find(k_months, text.substr(3, 3));
  if (month == k_months.end()) return {};
  return fmt::format("{}-{:02}-{}", text.substr(7, 4), month - k_months.begin() + 1,
                     text.substr(0, 2));
}

}  // namespace

std::optional<Time> parse_juju_time(std::string_view text) {
  if (text.size() > 40) return {};
  const bool iso = text.size() > 10 && text[4] == '-';
  const std::size_t length = iso ? 10 : 11;
  if (text.size() <= length + 1 || text[length] != ' ') return {};
  const auto date = iso ? std::string(text.substr(0, length)) : iso_date(text.substr(0, length));
  return date.empty() ? std::nullopt
                      : parse_rfc3339(fmt::format("{}T{}", date, text.substr(length + 1)));
}

std::string status_error(const Json& json) {
  const auto* error = json.find("status-error");
  if (!error) return {};
  return error->view().empty() ? "Juju gives no reason" : error->as_string();
}

bool leaving(std::string_view life) { return life == "dying" || life == "dead"; }

StatusInfo read_info(const Json& json) {
  StatusInfo info;
  info.error = status_error(json);
  info.current = json["current"].as_string();
  info.message = json["message"].as_string();
  info.since = parse_juju_time(json["since"].view());
  return info;
}

}  // namespace cdctl::juju
