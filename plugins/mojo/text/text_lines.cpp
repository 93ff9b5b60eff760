#include "plugins/mojo/text/text_lines.hpp"

#include <algorithm>
#include <cstdint>

#include <fmt/format.h>

#include <cdctl/text.hpp>

namespace cdctl::mojo {

std::string Problem::str() const {
  if (line == 0) return fmt::format("{}: {}", file, what);
  if (column == 0) return fmt::format("{}:{}: {}", file, line, what);
  return fmt::format("{}:{}:{}: {}", file, line, column, what);
}

Error to_error(const std::vector<Problem>& problems) {
  constexpr std::size_t k_shown = 5;
  std::string text;
  for (std::size_t i = 0; i < std::min(problems.size(), k_shown); ++i)
    text += (i ? "; " : "") + problems[i].str();
  if (problems.size() > k_shown) text += fmt::format("; and {} more", problems.size() - k_shown);
  return {ExitCode::config, std::move(text)};
}

std::size_t invalid_utf8(std::string_view text) {
  const auto byte = [&](std::size_t i) {
    return i < text.size() ? static_cast<unsigned char>(text[i]) : 0u;
  };
  for (std::size_t i = 0; i < text.size();) {
    const auto lead = byte(i);
    const std::size_t length = lead < 0x80                   ? 1
                               : lead >= 0xc2 && lead < 0xe0 ? 2
                               : lead >= 0xe0 && lead < 0xf0 ? 3
                               : lead >= 0xf0 && lead < 0xf5 ? 4
                                                             : 0;
    if (length == 0) return i;
    for (std::size_t k = 1; k < length; ++k) {
      if ((byte(i + k) & 0xc0) != 0x80) return i;
    }
    const auto second = byte(i + 1);
    if ((lead == 0xe0 && second < 0xa0) || (lead == 0xed && second > 0x9f) ||
        (lead == 0xf0 && second < 0x90) || (lead == 0xf4 && second > 0x8f))
      return i;
    i += length;
  }
  return std::string_view::npos;
}

namespace {

/// What is wrong with the bytes of a line, and where; an empty text when nothing is.
Problem bytes_problem(std::string_view line) {
  if (line.size() > k_longest_line)
    return {{}, 0, 0, fmt::format("the line is longer than {} bytes", k_longest_line)};
  if (const auto at = line.find('\0'); at != std::string_view::npos)
    return {{}, 0, at + 1, "a NUL byte"};
  if (const auto at = line.find('\r'); at != std::string_view::npos)
    return {
        {}, 0, at + 1, "a carriage return; save the file with plain line feeds", "carriage-return"};
  if (const auto at = invalid_utf8(line); at != std::string_view::npos)
    return {{}, 0, at + 1, "bytes that are not UTF-8"};
  return {};
}

}  // namespace

std::vector<TextLine> split_lines(std::string_view text, const std::string& file,
                                  std::vector<Problem>& problems) {
  std::vector<TextLine> lines;
  std::size_t number = 0;
  while (!text.empty()) {
    const auto line = take_until(text, '\n');
    ++number;
    auto problem = bytes_problem(line);
    if (number == 1 && line.starts_with("\xef\xbb\xbf"))
      problem = {{}, 0, 1, "a byte order mark; save the file without it"};
    if (problem.what.empty()) {
      lines.push_back({number, line});
    } else {
      problem.file = file;
      problem.line = number;
      problems.push_back(std::move(problem));
    }
  }
  return lines;
}

}  // namespace cdctl::mojo
