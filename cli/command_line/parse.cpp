#include "cli/command_line/parse.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <utility>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <cdctl/text.hpp>

#include "cli/command_line/grammar.hpp"

namespace cdctl::cli {

namespace {

/// What other tools call an option of ours.
constexpr std::array<std::pair<std::string_view, std::string_view>, 14> k_elsewhere{
    {{"format", "output"},
     {"out", "output"},
     {"reason", "why"},
     {"comment", "why"},
     {"dryrun", "dry-run"},
     {"simulate", "dry-run"},
     {"no-op", "dry-run"},
     {"watch", "every"},
     {"interval", "every"},
     {"tail", "follow"},
     {"after", "since"},
     {"wait-for", "wait"},
     {"grace-period", "grace"},
     {"deadline", "timeout"}}};

/// The option that the user may have meant by an unknown `--word`.
std::string hint_for(std::string_view word, std::span<const Option> options) {
  if (!word.starts_with("--")) return {};
  word.remove_prefix(2);
  const auto name = word.substr(0, word.find('='));
  for (const auto format : {"json", "ndjson", "table", "wide", "name"})
    if (name == format) return fmt::format("; did you mean -o {}?", format);
  for (const auto& [theirs, ours] : k_elsewhere)
    if (name == theirs && std::ranges::find(options, ours, &Option::name) != options.end())
      return fmt::format("; did you mean --{}?", ours);
  std::vector<std::string> names;
  for (const auto& option : options) names.emplace_back(option.name);
  return did_you_mean(take_until(word, '='), names, "--");
}

/// An option without its value, or a flag with one; empty when there is none. CLI11 would say the
/// first in its own words, take the next option for the value (`--why --dry-run` would not be a dry
/// run), and leave the second aside.
std::string misuse(std::span<const Part> parts, std::span<const Option> options) {
  for (const auto& part : parts) {
    if (part.kind != Part::Kind::option) continue;
    const auto& option = *part.option;
    if (option.value.empty() && part.value) return fmt::format("--{} takes no value", option.name);
    if (option.value.empty() || option.value_optional) continue;
    if (part.value && !is_mistaken(part, options) && (part.own_word || !part.value->empty()))
      continue;
    return fmt::format("--{} needs a value: --{} {}{}", option.name, option.name, option.value,
                       option.choices.empty() ? "" : fmt::format(" ({})", option.choices));
  }
  return {};
}

/// The options as CLI11 reads them from the back, each in one word. Before a value stands one more
/// `=`: CLI11 would take the word behind an empty one.
std::vector<std::string> plain_words(std::span<const Part> parts) {
  std::vector<std::string> out;
  for (const auto& part : parts) {
    if (part.kind != Part::Kind::option) continue;
    const auto mark = part.option->value.empty() ? "" : "==" + part.value.value_or("");
    out.insert(out.begin(), fmt::format("--{}{}", part.option->name, mark));
  }
  return out;
}

/// What CLI11 knows of the rows, and the values that it finds.
class OptionParser {
 public:
  explicit OptionParser(std::span<const Option> options) {
    app_.set_help_flag();
    for (const auto& option : options) add(option);
  }
  void parse(std::vector<std::string> words) { app_.parse(words); }  // throws

  /// What an option was given; empty when it was not given at all.
  [[nodiscard]] std::vector<std::string> values(const Option& option) {
    const std::string name(option.name);
    if (bound_[name]->count() == 0) return {};
    if (option.value.empty()) return {""};
    auto out = values_[name];
    for (auto& value : out) value.erase(0, 1);
    return out;
  }

 private:
  void add(const Option& option) {
    const std::string name(option.name), spelling = "--" + name;
    if (option.value.empty()) {
      bound_[name] = app_.add_flag(spelling);
      return;
    }
    bound_[name] = app_.add_option(spelling, values_[name]);
    bound_[name]->take_all()->allow_extra_args(false)->expected(1);
  }

  CLI::App app_;
  std::map<std::string, std::vector<std::string>> values_;
  std::map<std::string, CLI::Option*> bound_;
};

/// What is wrong with the values of an option; empty when nothing is.
std::string wrong_values(const Option& option, std::span<const std::string> values) {
  if (!option.repeatable && values.size() > 1)
    return fmt::format("--{} was given twice", option.name);
  const auto choices = words(option.choices);
  for (const auto& value : values)
    if (!choices.empty() && std::ranges::find(choices, value) == choices.end())
      return fmt::format(
          "--{} '{}' is none of: {}{}", option.name, printable(value, 40), option.choices,
          did_you_mean(value, std::vector<std::string>(choices.begin(), choices.end())));
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
  const auto parts = parts_of(words, options);
  if (const auto wrong = misuse(parts, options); !wrong.empty()) return usage(wrong);
  OptionParser parser(options);
  try {
    parser.parse(plain_words(parts));
  } catch (const CLI::ParseError& error) {
    return usage(printable(error.what()));
  }
  for (const auto& option : options) {
    auto values = parser.values(option);
    if (values.empty()) continue;
    if (const auto wrong = wrong_values(option, values); !wrong.empty()) return usage(wrong);
    out.options[std::string(option.name)] = std::move(values);
  }
  for (const auto& part : parts) {
    if (part.kind == Part::Kind::unknown)
      return usage(fmt::format("unknown option {}{}", printable(part.text, 60),
                               hint_for(part.text, options)));
    if (part.kind == Part::Kind::argument) out.words.push_back(part.text);
  }
  if (!takes_words && !out.words.empty())
    return usage(fmt::format("takes no arguments, got '{}'", printable(out.words.front(), 60)));
  return out;
}

}  // namespace cdctl::cli
