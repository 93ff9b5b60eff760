#include "cli/output/log_printer.hpp"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include <cdctl/text.hpp>

namespace cdctl::cli {

namespace {

// Readable on dark and on light; red is for errors
constexpr std::array<int, 6> k_colours = {36, 33, 32, 35, 34, 96};
constexpr std::size_t k_most = 4 * (16u << 10);

std::string shown(std::string_view text) {
  if (text.ends_with('\r')) text.remove_suffix(1);  // of who ends lines as Windows does
  std::string out;
  for (bool more = true; more;) {
    more = text.find('\t') != std::string_view::npos;
    out += printable(take_until(text, '\t'), k_most);
    if (more) out.append(8 - out.size() % 8, ' ');
  }
  return out;
}

}  // namespace

std::string LogPrinter::name_of(const SetName& set, const LogLine& line) const {
  const bool number_alone = line.process.empty() || line.process == line.unit;
  auto out = number_alone ? line.unit : line.process + "." + line.unit;
  if (look_.sets) out = set.revision + " " + out;
  if (look_.services) out = set.service + "-" + out;
  return out;
}

void LogPrinter::make_room(const SetName& set, const LogLine& line) {
  width_ = std::max(width_, name_of(set, line).size());
}

std::string LogPrinter::print(const SetName& set, const LogLine& line) {
  auto text = shown(line.text);
  if (line.left_out > 0) text += fmt::format(" … {} bytes more", line.left_out);
  if (line.engine) text = look_.colour ? fmt::format("\033[2m[{}]\033[0m", text) : "[" + text + "]";
  if (look_.times)
    text = fmt::format("{} {}", line.time ? to_rfc3339(*line.time) : std::string(24, '-'), text);
  if (look_.plain) return text + "\n";
  const auto name = name_of(set, line);
  auto at = std::ranges::find(names_, name);
  if (at == names_.end()) at = names_.insert(at, name);
  make_room(set, line);
  const auto label = fmt::format("{:<{}} |", name, width_);
  const auto colour = k_colours[static_cast<std::size_t>(at - names_.begin()) % k_colours.size()];
  return look_.colour ? fmt::format("\033[{}m{}\033[0m {}\n", colour, label, text)
                      : fmt::format("{} {}\n", label, text);
}

}  // namespace cdctl::cli
