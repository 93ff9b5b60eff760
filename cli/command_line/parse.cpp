#include "cli/command_line/parse.hpp"

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <cdctl/text.hpp>

namespace cdctl::cli {

namespace {

std::string spelling(const Option& option) {
  auto out = "--" + std::string(option.name);
  if (option.letter) out = std::string("-") + option.letter + "," + out;
  return out;
}

/// The option that the user may have meant by an unknown `--word`.
std::string hint_for(std::string_view word, std::span<const Option> options) {
  if (!word.starts_with("--")) return {};
  word = word.substr(2, word.find('=') == std::string_view::npos ? word.npos : word.find('=') - 2);
  std::vector<std::string> names;
  for (const auto& option : options) names.emplace_back(option.name);
  const auto close = nearest(word, names);
  return close.empty() ? "" : fmt::format("; did you mean --{}?", close);
}

bool allowed(const Option& option, std::string_view value) {
  std::string_view rest = option.choices;
  while (!rest.empty()) {
    const auto blank = std::min(rest.find(' '), rest.size());
    if (rest.substr(0, blank) == value) return true;
    rest.remove_prefix(std::min(blank + 1, rest.size()));
  }
  return false;
}

bool is_spelling_of(std::string_view word, const Option& option) {
  return (word.starts_with("--") && word.substr(2) == option.name) ||
         (option.letter && word.size() == 2 && word[0] == '-' && word[1] == option.letter);
}

/// An option without its value, or a flag with one; empty when there is none. CLI11 would say the
/// first in its own words, take the next option for the value (`--why --dry-run` would not be a dry
/// run), and leave the second aside.
std::string misuse(const std::vector<std::string>& words, std::span<const Option> options) {
  const auto named = [&](std::string_view word) {
    return std::ranges::find_if(options,
                                [&](const Option& option) { return is_spelling_of(word, option); });
  };
  for (std::size_t i = 0; i < words.size(); ++i) {
    const std::string_view word = words[i];
    const auto equals = std::min(word.find('='), word.size());
    const auto option = named(word.substr(0, equals));
    if (option == options.end()) continue;
    if (option->value.empty() && equals < word.size())
      return fmt::format("--{} takes no value", option->name);
    if (option->value.empty() || option->value_optional || equals < word.size()) continue;
    if (++i < words.size() && named(words[i]) == options.end()) continue;
    return fmt::format("--{} needs a value: --{} {}{}", option->name, option->name, option->value,
                       option->choices.empty() ? "" : fmt::format(" ({})", option->choices));
  }
  return {};
}

}  // namespace

Result<Arguments> parse_words(std::string_view command, std::span<const Option> options,
                              bool takes_words, const std::vector<std::string>& words) {
  const auto usage = [&](std::string_view what) {
    return fail(ExitCode::usage,
                fmt::format("{}: {}; see cdctl {} --help", command, what, command));
  };
  Arguments out;
  CLI::App app;
  app.set_help_flag();
  app.allow_extras();
  std::map<std::string, std::vector<std::string>> values;
  std::map<std::string, CLI::Option*> bound;
  for (const auto& option : options) {
    if (option.value.empty()) {
      bound[std::string(option.name)] = app.add_flag(spelling(option));
    } else {
      auto* added = app.add_option(spelling(option), values[std::string(option.name)]);
      added->take_all()->allow_extra_args(false);
      if (option.value_optional)
        added->expected(0, 1);
      else
        added->expected(1);
      bound[std::string(option.name)] = added;
    }
  }
  // `--follow NAME` would eat a positional word: an optional value is only taken with `=`.
  std::vector<std::string> plain, rest;
  bool only_words = false;
  for (const auto& word : words) {
    if (only_words || word == "-")
      rest.push_back(word);
    else if (word == "--")
      only_words = true;
    else
      plain.push_back(word);
  }
  if (const auto wrong = misuse(plain, options); !wrong.empty()) return usage(wrong);
  try {
    std::vector<std::string> reversed(plain.rbegin(), plain.rend());
    for (const auto& option : options) {
      if (!option.value_optional) continue;
      for (auto& word : reversed)
        if (word == "--" + std::string(option.name))
          word += "=\x01";  // marks "given without a value"
    }
    app.parse(reversed);
  } catch (const CLI::ParseError& error) {
    return usage(printable(error.what()));
  }
  for (const auto& option : options) {
    auto* given = bound[std::string(option.name)];
    if (given->count() == 0) continue;
    auto& list = out.options[std::string(option.name)];
    if (option.value.empty()) {
      list.emplace_back();
      continue;
    }
    for (auto& value : values[std::string(option.name)])
      list.push_back(value == "\x01" ? "" : value);
    if (!option.repeatable && list.size() > 1)
      return usage(fmt::format("--{} was given twice", option.name));
    if (!option.choices.empty())
      for (const auto& value : list)
        if (!allowed(option, value))
          return usage(fmt::format("--{} '{}' is none of: {}", option.name, printable(value, 40),
                                   option.choices));
  }
  for (const auto& word : app.remaining()) {
    if (word.size() > 1 && word.front() == '-')
      return usage(
          fmt::format("unknown option {}{}", printable(word, 60), hint_for(word, options)));
    out.words.push_back(word);
  }
  out.words.insert(out.words.end(), rest.begin(), rest.end());
  if (!takes_words && !out.words.empty())
    return usage(fmt::format("takes no arguments, got '{}'", printable(out.words.front(), 60)));
  return out;
}

}  // namespace cdctl::cli
