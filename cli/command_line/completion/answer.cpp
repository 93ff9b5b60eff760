#include "cli/command_line/completion/answer.hpp"

#include <algorithm>
#include <cstdlib>

#include <unistd.h>

#include <cdctl/child.hpp>
#include <cdctl/text.hpp>

#include "cli/command_line/completion/child.hpp"
#include "cli/command_line/external_commands.hpp"
#include "cli/command_line/plugin_commands.hpp"

namespace cdctl::cli::completion {

namespace {

void commands_of_front(Answer& out) {
  for (const auto& command : commands())
    if (!command.hidden)
      out.candidates.push_back({std::string(command.name), std::string(command.summary)});
  out.candidates.push_back({"help", "The page of a command"});
}

void options(const Place& place, Answer& out) {
  for (const auto& option : place.options) {
    if (place.given.contains(std::string(option.name)) && !option.repeatable) continue;
    out.candidates.push_back({"--" + std::string(option.name), std::string(option.help)});
    if (option.value_optional)
      out.candidates.push_back({"--" + std::string(option.name) + "=", std::string(option.help)});
    if (option.letter && place.word == "-")
      out.candidates.push_back({std::string("-") + option.letter, std::string(option.help)});
  }
}

/// An external program is asked only when `cdctl_complete-NAME` is there too: a program that knows
/// nothing of completion might do what its words say.
void ask_external(const Place& place, const Deadline& budget, Answer& out) {
  const auto program = find_program("cdctl_complete-" + place.command);
  if (!program) return;
  std::vector<std::string> words{program->string()};
  words.insert(words.end(), place.words.begin(), place.words.end());
  const auto text = from_child(budget, Late::killed, [&](int fd) {
    std::vector<char*> pointers;
    for (auto& word : words) pointers.push_back(word.data());
    pointers.push_back(nullptr);
    ::dup2(fd, STDOUT_FILENO);
    ::execv(program->c_str(), pointers.data());
  });
  for (std::string_view rest(text); !rest.empty();) {
    auto line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(line.size() + 1, rest.size()));
    if (line.starts_with(':')) {
      out.files = line.contains("files");
      out.folders = line.contains("folders");
      out.nospace = line.contains("nospace");
      continue;
    }
    const auto tab = std::min(line.find('\t'), line.size());
    out.candidates.push_back({printable(line.substr(0, tab), 500),
                              printable(line.substr(std::min(tab + 1, line.size())))});
  }
}

}  // namespace

Answer answer(plugins::PluginHost& plugins, const Live& live, const Place& place,
              const Deadline& budget) {
  Answer out;
  switch (place.kind) {
    case Place::Kind::command:
      commands_of_front(out);
      for (const auto& plugin : plugins.with_commands())
        out.candidates.push_back({plugin.name, plugin.summary});
      for (auto& [name, file] : external_commands())
        out.candidates.push_back({name, file.string()});
      break;
    case Place::Kind::group:
      for (const auto& row : place.plugin->commands)
        out.candidates.push_back({std::string(row.name), std::string(row.summary)});
      break;
    case Place::Kind::option:
      options(place, out);
      break;
    case Place::Kind::value:
      add_values(plugins, live, place, out);
      break;
    case Place::Kind::external:
      ask_external(place, budget, out);
      break;
    case Place::Kind::nothing:
      break;
  }
  std::set<std::string> there;
  const auto unwanted = [&](const Candidate& one) {
    return !one.value.starts_with(place.word) || !there.insert(one.value).second;
  };
  std::erase_if(out.candidates, unwanted);
  for (auto& one : out.candidates) one.value.insert(0, place.before);
  return out;
}

}  // namespace cdctl::cli::completion
