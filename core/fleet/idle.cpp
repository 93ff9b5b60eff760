#include "core/fleet/idle.hpp"

#include <algorithm>
#include <array>
#include <iterator>
#include <string_view>

#include <fmt/format.h>

#include <cdctl/text.hpp>

#include "core/app/brokers.hpp"
#include "core/fleet/masked.hpp"
#include "core/fleet/unconnected.hpp"

namespace cdctl::fleet {

namespace {

constexpr std::int64_t k_loop = 3;  // restarts

/// What AMQP 0-9-1 calls the answers that close a channel or a connection, and their numbers as
/// clients print them.
constexpr std::array<std::string_view, 12> k_refusals{
    "ACCESS_REFUSED", "NOT_ALLOWED",     "NOT_IMPLEMENTED", "NOT_FOUND", "PRECONDITION_FAILED",
    "(403)",          "RESOURCE_LOCKED", "(540)",           "403, ",     "540, ",
    "(530)",          "AccessRefused"};

/// Without the supervisor's own lines and their times.
std::vector<std::string> said(const Json& unit) {
  std::vector<std::string> out;
  for (const auto& line : unit["log"].items())
    if (const auto text = trimmed(line.view()); !text.empty() && !text.starts_with("[cdctl "))
      out.emplace_back(text);
  return out;
}

/// Whether its units have had the time to connect and have not: they are up for long, or start
/// again and again.
bool never_comes(const SetStatus& status) {
  for (const auto& unit : status.detail["units"].items()) {
    const auto up_since = parse_rfc3339(unit["since"].view());
    const bool up = unit["state"].view() == "up";
    if (unit["restarts"].as_int() >= k_loop || (up && up_since && now() - *up_since >= k_settled))
      return true;
  }
  return false;
}

}  // namespace

std::string admitting_broker(app::Context& context, const ServiceConfig& service) {
  const auto brokers = app::brokers_of(context, service);
  return brokers.empty() ? std::string() : brokers.front();
}

std::string telling_line(const std::vector<std::string>& lines) {
  const auto refusal = std::ranges::find_if(lines.rbegin(), lines.rend(), [](const auto& line) {
    return std::ranges::any_of(k_refusals, [&](auto word) { return line.contains(word); });
  });
  if (refusal != lines.rend()) return *refusal;
  return lines.empty() ? std::string() : lines.back();
}

std::string idle_now(const SetStatus& status, const AtWork& work) {
  if (!work.takes || work.working > 0) return {};
  std::vector<std::string> lines;
  std::int64_t restarts = 0;
  for (const auto& unit : status.detail["units"].items()) {
    std::ranges::move(said(unit), std::back_inserter(lines));
    restarts += unit["restarts"].as_int();
  }
  auto out = std::string(work.connections > 0 ? "connected, consumes nothing"
                                              : "not connected, consumes nothing");
  if (restarts > 0) out += fmt::format(", restarted {}", plural(restarts, "time"));
  if (const auto line = telling_line(lines); !line.empty())
    out += ": " + printable(masked(line), 200);
  return out;
}

std::optional<std::string> idle_text(app::Context& context, const SetView& set, const AtWork& work,
                                     std::optional<Time> since, const Deadline& deadline) {
  const bool at_work = !work.takes || work.working > 0 || work.unsure > 0;
  if (at_work || !had_time(set, since.value_or(Time()))) return std::string();
  SetStatus unknown;
  const auto engine = context.engine(set.engine);
  const auto status = engine ? (*engine)->describe(set.name, deadline)
                             : Result<SetStatus>(std::unexpected(engine.error()));
  if (work.connections == 0 && !status) return std::nullopt;
  if (work.connections == 0 && !never_comes(*status)) return std::string();
  return idle_now(status ? *status : unknown, work);
}

}  // namespace cdctl::fleet
