#include "cli/command_line/completion/place.hpp"

#include <algorithm>

#include <cdctl/fs.hpp>
#include <cdctl/text.hpp>

#include "cli/command_line/plugin_commands.hpp"

namespace cdctl::cli::completion {

namespace {

bool is_option(std::string_view word) { return word.size() > 1 && word.front() == '-'; }

const Option* by_name(const std::vector<Option>& options, std::string_view name) {
  const auto at = std::ranges::find(options, name, &Option::name);
  return at == options.end() ? nullptr : &*at;
}
const Option* by_letter(const std::vector<Option>& options, char letter) {
  const auto at = std::ranges::find(options, letter, &Option::letter);
  return at == options.end() ? nullptr : &*at;
}

std::vector<Option> all_options_of(const Command& row) {
  std::vector<Option> out(row.options.begin(), row.options.end());
  std::ranges::move(global_options_of(row), std::back_inserter(out));
  return out;
}

/// Every option of a group's commands: some of them may stand before the command's name.
std::vector<Option> options_of_group(const plugins::PluginInfo& plugin) {
  std::vector<Option> out;
  for (const auto& row : plugin.commands)
    for (const auto& option : all_options(row))
      if (!by_name(out, option.name)) out.push_back(option);
  return out;
}

class Walk {
 public:
  Walk(plugins::PluginHost& plugins, const std::vector<std::string>& words)
      : plugins_(plugins), words_(words) {}

  Place place() && {
    place_.options.assign(global_options().begin(), global_options().end());
    place_.options.push_back({"version", "", "the version"});
    if (read(true)) {
      if (is_argument()) place_.kind = Place::Kind::command;
      return std::move(place_);
    }
    command(words_[at_++]);
    return std::move(place_);
  }

 private:
  /// The word being typed is an argument, and no option's value.
  bool is_argument() const { return place_.kind == Place::Kind::value && place_.value.empty(); }

  void command(const std::string& name) {
    if (name == "help") {
      if (!read(false) || !place_.words.empty())
        place_.kind = Place::Kind::nothing;
      else if (is_argument())
        place_.kind = Place::Kind::command;
      return;
    }
    for (const auto& row : commands())
      if (row.name == name && !row.hidden) return row_of(row.arguments, all_options_of(row));
    for (const auto& plugin : plugins_.with_commands())
      if (plugin.name == name) return group(plugin);
    if (!valid_word(name)) return;
    place_.kind = Place::Kind::external;
    place_.command = name;
    place_.words.assign(words_.begin() + static_cast<std::ptrdiff_t>(at_), words_.end());
    place_.word = words_.back();
  }

  void group(const plugins::PluginInfo& plugin) {
    place_.plugin = std::make_unique<plugins::PluginInfo>(plugin);
    if (!plugins::PluginHost::read_commands(*place_.plugin)) return;
    place_.options = options_of_group(*place_.plugin);
    if (read(true)) {
      if (is_argument()) place_.kind = Place::Kind::group;
      return;
    }
    const auto& name = words_[at_++];
    for (const auto& row : place_.plugin->commands)
      if (row.name == name) return row_of(row.arguments, all_options(row));
  }

  void row_of(std::string_view arguments, std::vector<Option> options) {
    place_.options = std::move(options);
    (void)read(false);
    if (!is_argument()) return;
    place_.value = argument_name(arguments, place_.words.size());
    if (place_.value.empty()) place_.kind = Place::Kind::nothing;
  }

  /// Reads on, to the word being typed (true, and place_ says what it is) or to the first one that
  /// is no option.
  bool read(bool to_first_word) {
    const auto last = words_.size() - 1;
    for (; at_ < last; ++at_) {
      const auto& word = words_[at_];
      if (only_words_ || !is_option(word)) {
        if (to_first_word) return false;
        place_.words.push_back(word);
      } else if (word == "--") {
        only_words_ = true;
      } else if (const auto* option = note(word); option && ++at_ == last) {
        return value_of(*option, "", words_[last]);
      }
    }
    return at_ == last ? typed(words_[last]) : nothing();
  }

  /// Notes that an option was given; not null when the next word is its value.
  const Option* note(const std::string& word) {
    if (word.starts_with("--")) {
      const auto* option = by_name(place_.options, word.substr(2, word.find('=') - 2));
      if (!option) return nullptr;
      place_.given.emplace(option->name);
      return option->value.empty() || option->value_optional || word.contains('=') ? nullptr
                                                                                   : option;
    }
    for (std::size_t i = 1; i < word.size(); ++i) {
      const auto* option = by_letter(place_.options, word[i]);
      if (!option) return nullptr;
      place_.given.emplace(option->name);
      if (!option->value.empty())
        return i + 1 == word.size() && !option->value_optional ? option : nullptr;
    }
    return nullptr;
  }

  bool typed(const std::string& word) {
    if (only_words_ || !word.starts_with('-')) {
      place_.kind = Place::Kind::value;  // an argument: whose, the caller knows
      place_.word = word;
      return true;
    }
    if (const auto equals = word.find('='); word.starts_with("--") && equals != std::string::npos) {
      const auto* option = by_name(place_.options, word.substr(2, equals - 2));
      return option && !option->value.empty()
                 ? value_of(*option, word.substr(0, equals + 1), word.substr(equals + 1))
                 : nothing();
    }
    if (word.size() > 2 && word[1] != '-') {
      const auto* option = by_letter(place_.options, word[1]);
      return option && !option->value.empty() ? value_of(*option, word.substr(0, 2), word.substr(2))
                                              : nothing();
    }
    place_.kind = Place::Kind::option;
    place_.word = word;
    return true;
  }

  bool value_of(const Option& option, std::string before, std::string word) {
    place_.kind = Place::Kind::value;
    place_.value = option.value;
    place_.choices = option.choices;
    place_.before = std::move(before);
    place_.word = std::move(word);
    return true;
  }
  bool nothing() {
    place_.kind = Place::Kind::nothing;
    return true;
  }

  plugins::PluginHost& plugins_;
  const std::vector<std::string>& words_;
  std::size_t at_ = 0;
  bool only_words_ = false;
  Place place_;
};

}  // namespace

Place find_place(plugins::PluginHost& plugins, const std::vector<std::string>& words) {
  return Walk(plugins, words).place();
}

std::string argument_name(std::string_view arguments, std::size_t index) {
  std::string name;
  bool many = false;
  for (std::size_t i = 0; !arguments.empty(); ++i) {
    const auto blank = std::min(arguments.find(' '), arguments.size());
    name = arguments.substr(0, blank);
    arguments.remove_prefix(std::min(blank + 1, arguments.size()));
    while (name.starts_with('[')) name.erase(0, 1);
    while (name.ends_with(']') && std::ranges::count(name, ']') > std::ranges::count(name, '['))
      name.pop_back();
    many = name.ends_with("…");
    if (many) name.resize(name.size() - std::string_view("…").size());
    if (i == index) return name;
  }
  return many ? name : "";
}

std::vector<std::string> given_values(const std::vector<std::string>& words,
                                      std::string_view option, char letter) {
  const auto name = "--" + std::string(option);
  const auto brief = letter ? std::string("-") + letter : name;
  std::vector<std::string> out;
  for (std::size_t i = 0; i + 1 < words.size() && words[i] != "--"; ++i) {
    if (words[i].starts_with(name + "="))
      out.push_back(words[i].substr(name.size() + 1));
    else if ((words[i] == name || words[i] == brief) && i + 2 < words.size())
      out.push_back(words[i + 1]);
  }
  return out;
}

}  // namespace cdctl::cli::completion
