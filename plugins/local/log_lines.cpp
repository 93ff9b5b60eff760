#include "plugins/local/log_lines.hpp"

namespace cdctl::local {

namespace {
constexpr std::size_t k_stamp = std::string_view("2026-11-23T04:11:30.120Z").size();
}

std::string line_stamp(Time time, bool engine) { return to_rfc3339(time) + (engine ? "! " : " "); }

LoggedLine parse_logged_line(std::string_view line) {
  if (line.size() <= k_stamp || line[k_stamp - 1] != 'Z') return {{}, false, line};
  const auto time = parse_rfc3339(line.substr(0, k_stamp));
  auto rest = line.substr(k_stamp);
  const bool engine = rest.starts_with("! ");
  if (!time || !(engine || rest.starts_with(' '))) return {{}, false, line};
  rest.remove_prefix(engine ? 2 : 1);
  return {time, engine, rest};
}

}  // namespace cdctl::local
