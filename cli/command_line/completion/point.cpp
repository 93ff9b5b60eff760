#include "cli/command_line/completion/point.hpp"

#include <algorithm>

#include <cdctl/text.hpp>

#include "cli/command_line/grammar.hpp"
#include "cli/command_line/plugin_commands.hpp"

namespace cdctl::cli::completion {

namespace {

class Finder {
 public:
  Finder(plugins::PluginHost& plugins, const std::vector<std::string>& words)
      : plugins_(plugins), words_(words), grammar_(words, leading_options(), Grammar::Last::typed) {
    use({leading_options().begin(), leading_options().end()});
  }

  CompletionPoint point() && {
    if (const auto name = read_to_name())
      command(*name);
    else if (is_argument())
      point_.kind = CompletionPoint::Kind::command;
    return std::move(point_);
  }

 private:
  /// The word being typed is an argument, and no option's value.
  bool is_argument() const {
    return point_.kind == CompletionPoint::Kind::value && point_.value.empty();
  }

  void use(std::vector<Option> options) {
    point_.options = std::move(options);
    grammar_.use(point_.options);
  }

  void command(const Part& name) {
    if (name.text == "help") return help();
    for (const auto& row : commands())
      if (row.name == name.text && !row.hidden) return row_of(row.arguments, all_options_of(row));
    for (const auto& plugin : plugins_.with_commands())
      if (plugin.name == name.text) return group(plugin);
    if (!valid_word(name.text)) return;
    point_.kind = CompletionPoint::Kind::external;
    point_.command = name.text;
    point_.words.assign(words_.begin() + static_cast<std::ptrdiff_t>(name.word) + 1, words_.end());
    point_.word = words_.back();
  }

  void help() {
    read();
    if (!point_.words.empty())
      point_.kind = CompletionPoint::Kind::nothing;
    else if (is_argument())
      point_.kind = CompletionPoint::Kind::command;
  }

  void group(const plugins::PluginInfo& plugin) {
    point_.plugin = std::make_unique<plugins::PluginInfo>(plugin);
    if (!plugins::PluginHost::read_commands(*point_.plugin)) return;
    use(group_options(*point_.plugin));
    const auto name = read_to_name();
    if (!name && is_argument()) point_.kind = CompletionPoint::Kind::group;
    if (!name) return;
    for (const auto& row : point_.plugin->commands)
      if (row.name == name->text) return row_of(row.arguments, all_options(row));
  }

  void row_of(std::string_view arguments, std::vector<Option> options) {
    use(std::move(options));
    read();
    if (!is_argument()) return;
    point_.value = argument_name(arguments, point_.words.size());
    if (point_.value.empty()) point_.kind = CompletionPoint::Kind::nothing;
  }

  /// Reads on to the name of a command; empty when the line ends before.
  std::optional<Part> read_to_name() {
    while (auto part = grammar_.next()) {
      if (!part->typed && is_command_name(*part)) return part;
      take(*part);
    }
    return {};
  }
  void read() {
    while (const auto part = grammar_.next()) take(*part);
  }

  void take(const Part& part) {
    if (part.typed) return typed(part);
    if (part.kind == Part::Kind::argument) point_.words.push_back(part.text);
    if (part.kind == Part::Kind::option) point_.given.emplace(part.option->name);
  }

  void typed(const Part& part) {
    if (part.kind == Part::Kind::argument) {
      point_.kind = CompletionPoint::Kind::value;  // an argument: whose, the caller knows
      point_.word = part.text;
    } else if (part.kind == Part::Kind::name) {
      point_.kind = CompletionPoint::Kind::option;
      point_.word = part.text;
    } else if (part.value && !part.option->value.empty()) {
      if (part.own_word) point_.given.emplace(part.option->name);
      point_.kind = CompletionPoint::Kind::value;
      point_.value = part.option->value;
      point_.choices = part.option->choices;
      point_.word = *part.value;
      const auto& word = words_.back();
      point_.before = word.substr(0, word.size() - point_.word.size());
    }
  }

  plugins::PluginHost& plugins_;
  const std::vector<std::string>& words_;
  Grammar grammar_;
  CompletionPoint point_;
};

}  // namespace

CompletionPoint find_point(plugins::PluginHost& plugins, const std::vector<std::string>& words) {
  return Finder(plugins, words).point();
}

std::string argument_name(std::string_view arguments, std::size_t index) {
  std::string name;
  bool many = false;
  for (std::size_t i = 0; !arguments.empty(); ++i) {
    name = take_until(arguments, ' ');
    while (name.starts_with('[')) name.erase(0, 1);
    while (name.ends_with(']') && std::ranges::count(name, ']') > std::ranges::count(name, '['))
      name.pop_back();
    many = name.ends_with("…");
    if (many) name.resize(name.size() - std::string_view("…").size());
    if (i == index) return name;
  }
  return many ? name : "";
}

}  // namespace cdctl::cli::completion
