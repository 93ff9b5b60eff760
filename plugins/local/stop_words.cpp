#include "plugins/local/stop_words.hpp"

#include <algorithm>
#include <charconv>
#include <cstdint>

#include <fmt/format.h>

#include <cdctl/text.hpp>

namespace cdctl::local {

namespace {

constexpr Millis k_longest_grace(86'400'000);
constexpr std::string_view k_main = "main", k_group = "group";
constexpr int k_last_signal = 31;

std::string way_text(const StopWay& way, char between) {
  return fmt::format("{}{}{}{}{}", way.main_only ? k_main : k_group, between, way.again, between,
                     way.after.count());
}

std::optional<StopWay> way_in(std::string_view text, char between) {
  const auto who = take_until(text, between);
  const auto signal = grace_in(take_until(text, between)).count();
  if ((who != k_main && who != k_group) || signal > k_last_signal) return {};
  return StopWay{who == k_main, static_cast<int>(signal), grace_in(text)};
}

}  // namespace

std::string to_text(const StopWay& way) { return way_text(way, ' '); }
std::optional<StopWay> parse_stop_way(std::string_view text) { return way_in(text, ' '); }

std::string grace_words(const Grace& grace) {
  auto out = fmt::format("{}", grace.otherwise.count());
  for (const auto& [process, time] : grace.own) out += fmt::format(" {}={}", process, time.count());
  for (const auto& [process, way] : grace.ways)
    out += fmt::format(" {}!{}", process, way_text(way, ','));
  return out;
}

Grace parse_grace(std::string_view words) {
  Grace out;
  out.otherwise = grace_in(take_until(words, ' '));
  while (!words.empty()) {
    auto value = take_until(words, ' ');
    const auto name = value.substr(0, value.find_first_of("=!"));
    value.remove_prefix(name.size());
    if (value.starts_with('=')) {
      out.own[std::string(name)] = grace_in(value.substr(1));
    } else if (value.starts_with('!')) {
      if (const auto way = way_in(value.substr(1), ',')) out.ways[std::string(name)] = *way;
    }
  }
  return out;
}

Millis grace_in(std::string_view digits) {
  std::int64_t grace = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), grace);
  return std::clamp(Millis(grace), Millis(0), k_longest_grace);
}

}  // namespace cdctl::local
