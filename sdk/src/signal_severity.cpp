#include <cdctl/signal.hpp>

#include <algorithm>
#include <array>

namespace cdctl {

namespace {

/// What a severity is called elsewhere. Each system's words come in through parse_severity, numbers
/// through the two ranges.
struct Row {
  Severity severity;
  std::string_view name;
  std::string_view text;  ///< OpenTelemetry's text, and CloudEvents' `severitytext`
  int number;  ///< OpenTelemetry's first number of the range, and CloudEvents' `severitynumber`
  int syslog;  ///< what we write
  int syslog_from, syslog_to;  ///< what we read
};
constexpr std::array k_rows{
    Row{Severity::debug, "debug", "DEBUG", 5, 7, 7, 7},
    Row{Severity::info, "info", "INFO", 9, 6, 5, 6},
    Row{Severity::warning, "warning", "WARN", 13, 4, 4, 4},
    Row{Severity::error, "error", "ERROR", 17, 3, 3, 3},
    Row{Severity::critical, "critical", "FATAL", 21, 2, 0, 2},
};
constexpr std::array<std::pair<std::string_view, Severity>, 13> k_aliases{{
    {"fatal", Severity::critical},
    {"emerg", Severity::critical},
    {"emergency", Severity::critical},
    {"panic", Severity::critical},
    {"alert", Severity::critical},
    {"crit", Severity::critical},
    {"err", Severity::error},
    {"warn", Severity::warning},
    {"notice", Severity::info},
    {"information", Severity::info},
    {"informational", Severity::info},
    {"trace", Severity::debug},
    {"verbose", Severity::debug},
}};
constexpr std::int64_t k_highest_number = 24;

const Row& row_of(Severity severity) { return k_rows[static_cast<std::size_t>(severity)]; }

}  // namespace

std::string_view to_string(Severity severity) { return row_of(severity).name; }
std::string_view text_of(Severity severity) { return row_of(severity).text; }
int number_of(Severity severity) { return row_of(severity).number; }
int syslog_of(Severity severity) { return row_of(severity).syslog; }

std::optional<Severity> parse_severity(std::string_view text) {
  std::string lower(text.substr(0, 20));
  std::ranges::transform(lower, lower.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  });
  for (const auto& row : k_rows)
    if (row.name == lower) return row.severity;
  for (const auto& [name, severity] : k_aliases)
    if (name == lower) return severity;
  return {};
}

std::optional<Severity> severity_of_syslog(std::int64_t level) {
  for (const auto& row : k_rows)
    if (level >= row.syslog_from && level <= row.syslog_to) return row.severity;
  return {};
}

std::optional<Severity> severity_of_number(std::int64_t number) {
  if (number < 1 || number > k_highest_number) return {};
  auto out = Severity::debug;
  for (const auto& row : k_rows)
    if (number >= row.number) out = row.severity;
  return out;
}

}  // namespace cdctl
