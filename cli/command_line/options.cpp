#include "cli/command_line/options.hpp"

#include <charconv>

#include <fmt/format.h>

#include <cdctl/text.hpp>

namespace cdctl::cli {

Result<Millis> duration_option(const Arguments& args, std::string_view name, Millis otherwise) {
  if (!args.has(name)) return otherwise;
  auto value = parse_duration(args.value(name));
  if (!value) return fail(ExitCode::usage, fmt::format("--{}: {}", name, value.error().what));
  return value;
}

Result<std::optional<Millis>> optional_duration(const Arguments& args, std::string_view name) {
  if (!args.has(name)) return std::nullopt;
  return duration_option(args, name, Millis(0));
}

Result<std::int64_t> number_option(const Arguments& args, std::string_view name,
                                   std::int64_t otherwise) {
  if (!args.has(name)) return otherwise;
  const auto text = args.value(name);
  std::int64_t value = 0;
  const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || stop != text.data() + text.size() || value < 0)
    return fail(ExitCode::usage,
                fmt::format("--{} '{}' is no whole number from 0", name, printable(text, 40)));
  return value;
}

}  // namespace cdctl::cli
