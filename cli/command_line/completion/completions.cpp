#include "cli/command_line/completion/completions.hpp"

#include <algorithm>
#include <cstdlib>

#include <unistd.h>

#include <cdctl/child.hpp>
#include <cdctl/text.hpp>

#include "cli/command_line/completion/child.hpp"
#include "cli/command_line/completion/values.hpp"
#include "cli/command_line/external_commands.hpp"
#include "cli/command_line/plugin_commands.hpp"

namespace cdctl::cli::completion {

namespace {

void commands_of_front(Completions& out) {
  for (const auto& command : commands())
    if (!command.hidden)
      out.words.push_back({std::string(command.name), std::string(command.summary)});
  out.words.push_back({"help", "The page of a command"});
}

void options(const CompletionPoint& point, Completions& out) {
  for (const auto& option : point.options) {
    if (point.given.contains(std::string(option.name)) && !option.repeatable) continue;
    out.words.push_back({"--" + std::string(option.name), std::string(option.help)});
    if (option.value_optional)
      out.words.push_back({"--" + std::string(option.name) + "=", std::string(option.help)});
    if (option.letter && point.word == "-")
      out.words.push_back({std::string("-") + option.letter, std::string(option.help)});
  }
}

/// An external program is asked only when `cdctl_complete-NAME` is there too: a program that knows
/// nothing of completion might do what its words say.
void ask_external(const CompletionPoint& point, const Deadline& budget, Completions& out) {
  const auto program = find_program("cdctl_complete-" + point.command);
  if (!program) return;
  std::vector<std::string> words{program->string()};
  words.insert(words.end(), point.words.begin(), point.words.end());
  const auto text = from_child(budget, Late::killed, [&](int fd) {
    std::vector<char*> pointers;
    for (auto& word : words) pointers.push_back(word.data());
    pointers.push_back(nullptr);
    ::dup2(fd, STDOUT_FILENO);
    ::execv(program->c_str(), pointers.data());
  });
  for (auto line : lines(text)) {
    if (line.starts_with(':')) {
      out.files = line.contains("files");
      out.folders = line.contains("folders");
      out.nospace = line.contains("nospace");
      continue;
    }
    const auto value = take_until(line, '\t');
    out.words.push_back({printable(value, 500), printable(line)});
  }
}

}  // namespace

Completions completions_at(plugins::PluginHost& plugins, const Live& live,
                           const CompletionPoint& point, const Deadline& budget) {
  Completions out;
  switch (point.kind) {
    case CompletionPoint::Kind::command:
      commands_of_front(out);
      for (const auto& plugin : plugins.with_commands())
        out.words.push_back({plugin.name, plugin.summary});
      for (auto& [name, file] : external_commands()) out.words.push_back({name, file.string()});
      break;
    case CompletionPoint::Kind::group:
      for (const auto& row : point.plugin->commands)
        out.words.push_back({std::string(row.name), std::string(row.summary)});
      break;
    case CompletionPoint::Kind::option:
      options(point, out);
      break;
    case CompletionPoint::Kind::value:
      add_values(plugins, live, point, out);
      break;
    case CompletionPoint::Kind::external:
      ask_external(point, budget, out);
      break;
    case CompletionPoint::Kind::nothing:
      break;
  }
  std::set<std::string> there;
  const auto unwanted = [&](const Completion& one) {
    return !one.value.starts_with(point.word) || !there.insert(one.value).second;
  };
  std::erase_if(out.words, unwanted);
  for (auto& one : out.words) one.value.insert(0, point.before);
  return out;
}

}  // namespace cdctl::cli::completion
