#include <cdctl/time.hpp>

#include <algorithm>
#include <array>
#include <charconv>

#include <fmt/format.h>

namespace cdctl {

using namespace std::chrono;

Time now() { return floor<Millis>(system_clock::now()); }

std::string to_rfc3339(Time time) {
  // RFC 3339 has no other years; what was shifted beyond them, or never was a time, stops there.
  constexpr Time first = sys_days(year(0) / 1 / 1), last = sys_days(year(9999) / 12 / 31) + days(1);
  time = std::clamp(time, first, last - Millis(1));
  const auto day = floor<days>(time);
  const year_month_day date(day);
  const hh_mm_ss clock(time - day);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", int(date.year()),
                     unsigned(date.month()), unsigned(date.day()), clock.hours().count(),
                     clock.minutes().count(), clock.seconds().count(), clock.subseconds().count());
}

namespace {

/// Takes exactly `digits` digits off the front.
bool take_number(std::string_view& text, std::size_t digits, int& out) {
  if (text.size() < digits) return false;
  const auto* end = text.data() + digits;
  const auto [stop, error] = std::from_chars(text.data(), end, out);
  if (error != std::errc() || stop != end || text.front() == '-') return false;
  text.remove_prefix(digits);
  return true;
}
bool take(std::string_view& text, std::string_view any_of) {
  if (text.empty() || !any_of.contains(text.front())) return false;
  text.remove_prefix(1);
  return true;
}

bool take_offset(std::string_view& text, minutes& offset) {
  if (take(text, "Zz")) return true;
  if (text.empty()) return false;
  const bool minus = text.front() == '-';
  int h = 0, m = 0;
  if (!take(text, "+-") || !take_number(text, 2, h) || !take(text, ":") || !take_number(text, 2, m))
    return false;
  if (h > 23 || m > 59) return false;
  offset = (hours(h) + minutes(m)) * (minus ? -1 : 1);
  return true;
}

struct Unit {
  std::string_view name;
  std::int64_t ms;
};
constexpr std::array k_units{Unit{"w", 604'800'000}, Unit{"d", 86'400'000}, Unit{"h", 3'600'000},
                             Unit{"m", 60'000},      Unit{"s", 1000},       Unit{"ms", 1}};

}  // namespace

std::optional<Time> parse_rfc3339(std::string_view text) {
  int y = 0, mo = 0, d = 0, h = 0, mi = 0, s = 0;
  if (!take_number(text, 4, y) || !take(text, "-") || !take_number(text, 2, mo) ||
      !take(text, "-") || !take_number(text, 2, d) || !take(text, "Tt ") ||
      !take_number(text, 2, h) || !take(text, ":") || !take_number(text, 2, mi) ||
      !take(text, ":") || !take_number(text, 2, s))
    return {};
  int ms = 0;
  if (take(text, ".")) {
    int scale = 100, seen = 0;
    while (!text.empty() && text.front() >= '0' && text.front() <= '9') {
      ms += (text.front() - '0') * scale;
      scale /= 10;
      ++seen;
      text.remove_prefix(1);
    }
    if (seen == 0) return {};
  }
  minutes offset{0};
  if (!take_offset(text, offset) || !text.empty()) return {};
  const year_month_day date{year(y), month(unsigned(mo)), day(unsigned(d))};
  if (!date.ok() || h > 23 || mi > 59 || s > 60) return {};
  return sys_days(date) + hours(h) + minutes(mi) + seconds(s) + milliseconds(ms) - offset;
}

Result<Millis> parse_duration(std::string_view text) {
  const auto bad = [whole = std::string(text)] {
    return fail(ExitCode::usage,
                fmt::format("'{}' is not a duration; write for example 30s, 5m, 1h30m or 2d",
                            whole.substr(0, 40)));
  };
  if (text == "0") return Millis(0);
  if (text.empty()) return bad();
  std::int64_t total = 0;
  while (!text.empty()) {
    std::int64_t count = 0;
    const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), count);
    if (error != std::errc() || count < 0 || text.front() == '-') return bad();
    text.remove_prefix(static_cast<std::size_t>(stop - text.data()));
    const auto letters = text.substr(0, std::min(text.find_first_of("0123456789"), text.size()));
    const Unit* unit = nullptr;
    for (const auto& candidate : k_units)
      if (candidate.name == letters) unit = &candidate;
    if (!unit || count > 3'000'000'000'000 / unit->ms) return bad();  // under a century
    total += count * unit->ms;
    text.remove_prefix(letters.size());
  }
  return Millis(total);
}

std::string to_duration(Millis duration) {
  auto left = duration.count();
  if (left == 0) return "0s";
  std::string out;
  for (const auto& unit : k_units) {
    if (left >= unit.ms) {
      fmt::format_to(std::back_inserter(out), "{}{}", left / unit.ms, unit.name);
      left %= unit.ms;
    }
  }
  return out;
}

std::string to_age(Millis age) {
  const auto s = std::max<std::int64_t>(age.count(), 0) / 1000;
  if (s < 120) return fmt::format("{}s", s);
  if (s < 2 * 3600) return fmt::format("{}m", s / 60);
  if (s < 2 * 86400) return fmt::format("{}h", s / 3600);
  return fmt::format("{}d", s / 86400);
}

Millis Deadline::left() const {
  const auto left = at_ - steady_clock::now();
  if (at_ == steady_clock::time_point::max() || left > hours(24)) return hours(24);
  return left.count() <= 0 ? Millis(0) : ceil<Millis>(left);
}

Deadline Deadline::at_most(Millis from_now) const {
  const Deadline other(from_now);
  return other.at_ < at_ ? other : *this;
}

std::string Deadline::given() const {
  if (given_ == Millis::max()) return "any time";
  // Half of what is left of 3s is 1499ms, and was meant as 1s500ms.
  return to_duration(given_ < seconds(1) ? given_ : (given_ + Millis(5)) / 10 * 10);
}

}  // namespace cdctl
