#include "cli/command_line/help.hpp"

#include <algorithm>

#include <fmt/format.h>

#include <cdctl/text.hpp>

#include "cli/output/screen_text.hpp"

namespace cdctl::cli {

namespace {

constexpr std::size_t k_columns = 80;  // the same page everywhere, in a pipe too

std::string option_text(const Option& option) {
  std::string out = option.letter ? fmt::format("-{}, --{}", option.letter, option.name)
                                  : fmt::format("    --{}", option.name);
  if (!option.value.empty())
    out += option.value_optional ? fmt::format("[={}]", option.value)
                                 : fmt::format(" {}", option.value);
  return out;
}

void options_text(std::string& out, std::span<const Option> options) {
  std::size_t width = 0;
  for (const auto& option : options) width = std::max(width, option_text(option).size());
  for (const auto& option : options) {
    auto help = std::string(option.help);
    if (!option.choices.empty()) help += fmt::format(" ({})", option.choices);
    fmt::format_to(std::back_inserter(out), "  {:<{}}  {}\n", option_text(option), width,
                   wrapped(help, width + 4, k_columns));
  }
}

/// Names and what they mean, one below the other.
void names_text(std::string& out, std::string_view name, std::string_view meaning) {
  fmt::format_to(std::back_inserter(out), "  {:<10} {}\n", name, wrapped(meaning, 13, k_columns));
}

}  // namespace

std::string overview(const std::map<std::string, std::string>& groups,
                     const std::map<std::string, std::filesystem::path>& programs) {
  std::string out =
      "cdctl: continuous delivery of services whose workers live on RabbitMQ queues\n\n"
      "  cdctl outdated         | cdctl deploy                # what is newer goes out\n"
      "  cdctl signals --follow | cdctl trip  | cdctl break   # what is bad is cut off\n"
      "  cdctl ls               | cdctl stale | cdctl reap    # what nobody needs goes\n\n"
      "Leave the last stage off for a dry run.\n\nCommands:\n";
  for (const auto& command : commands())
    if (!command.hidden) names_text(out, command.name, command.summary);
  if (!groups.empty()) {
    out += "\nCommands of plugins (cdctl GROUP --help names them):\n";
    for (const auto& [name, summary] : groups) names_text(out, name, summary);
  }
  if (!programs.empty()) {
    out += "\nPrograms on PATH:\n";
    for (const auto& [name, file] : programs) names_text(out, name, file.string());
  }
  out += "\nEvery command:\n";
  options_text(out, global_options());
  out += "\nExit codes: " +
         wrapped(
             "0 done, 1 failed, 2 usage, 3 configuration, 4 could not ask, 5 refused by a guard, 6 "
             "timed out",
             12, k_columns) +
         "\n";
  return out;
}

std::string help_of(const Command& command) {
  std::string out;
  auto at = std::back_inserter(out);
  for (const auto line : lines(command.examples)) fmt::format_to(at, "  $ {}\n", line);
  fmt::format_to(at, "\ncdctl {} {}{}[OPTIONS]\n  {}\n", command.name, command.arguments,
                 command.arguments.empty() ? "" : " ", wrapped(command.summary, 2, k_columns));
  if (!command.reads.empty())
    fmt::format_to(
        at, "  {}\n",
        wrapped(fmt::format("reads {}; writes {}", command.reads, command.writes), 2, k_columns));
  if (!command.options.empty()) {
    out += "\nOptions:\n";
    options_text(out, command.options);
  }
  out += "\nEvery command:\n";
  options_text(out, global_options_of(command));
  return out;
}

}  // namespace cdctl::cli
