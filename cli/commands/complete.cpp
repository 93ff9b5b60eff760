#include <algorithm>

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cdctl/text.hpp>

#include "cli/command_line/command.hpp"
#include "cli/command_line/completion/completions.hpp"
#include "cli/command_line/completion/line.hpp"
#include "cli/command_line/completion/scripts.hpp"
#include "cli/command_line/grammar.hpp"
#include "cli/output/context.hpp"
#include "cli/output/screen_text.hpp"

namespace cdctl::cli {

using namespace completion;

namespace {

/// For everything, the start of the process included: 100 ms, of which the shell and a slow machine
/// get some.
constexpr Millis k_budget{75};

/// bash has no place for descriptions: where it is about to list the replies, they are made part of
/// them.
void describe(std::vector<std::string>& replies, const std::vector<Completion>& candidates,
              std::size_t width) {
  std::size_t longest = 0;
  for (const auto& reply : replies) longest = std::max(longest, display_width(reply));
  if (replies.size() < 2 || width < longest + 16) return;
  for (std::size_t i = 0; i < replies.size(); ++i)
    if (!candidates[i].note.empty())
      replies[i] = fmt::format("{}  ({})", padded(replies[i], longest),
                               fit(candidates[i].note, width - longest - 6));
}

std::string bash_text(const Completions& found, std::string_view raw, std::string_view stem,
                      std::size_t width) {
  std::vector<std::string> replies;
  std::vector<Completion> said;
  for (const auto& one : found.words)
    if (auto reply = bash_reply(one.value, raw, stem)) {
      replies.push_back(std::move(*reply));
      said.push_back(one);
    }
  describe(replies, said, width);
  std::string out;
  for (const auto& reply : replies) out += reply + '\n';
  return out;
}

std::string plain_text(const Completions& found) {
  std::string out;
  for (const auto& one : found.words)
    out += one.note.empty() ? one.value + '\n' : fmt::format("{}\t{}\n", one.value, one.note);
  return out;
}

std::string directive(const Completions& found) {
  return fmt::format(":{}{}{}\n", found.files ? " files" : "", found.folders ? " folders" : "",
                     found.nospace ? " nospace" : "");
}

}  // namespace

int run_complete(Context& context, const Arguments& args) {
  const Deadline budget(k_budget);
  if (const int nowhere = ::open("/dev/null", O_WRONLY | O_CLOEXEC); nowhere >= 0)
    ::dup2(nowhere, STDERR_FILENO);  // never a word into a prompt
  if (args.words.size() < 2) return 0;
  const auto word = [&](std::size_t i) {
    return i < args.words.size() ? args.words[i] : std::string();
  };
  const auto line = read_line(args.words[1]);
  const auto typed = std::span(line.words).first(line.words.size() - 1);
  const auto configs = values_of(typed, leading_options(), "config");
  Context::Options options{configs.empty() ? "" : configs.back(),
                           values_of(typed, leading_options(), "plugin-path")};
  Context there(options, context.out);
  const auto point = find_point(there.plugin_host(), line.words);
  const auto found =
      completions_at(there.plugin_host(), Live(std::move(options), budget), point, budget);
  const auto width = static_cast<std::size_t>(std::clamp(std::atoi(word(3).c_str()), 0, 1000));
  context.out.text(args.words[0] == "bash" ? bash_text(found, line.raw, word(2), width)
                                           : plain_text(found));
  context.out.text(directive(found));
  return 0;
}

int run_completion(Context& context, const Arguments& args) {
  const auto text =
      args.words.size() == 1 ? completion_script(args.words.front()) : std::string_view();
  if (text.empty()) {
    context.report(
        {ExitCode::usage, "completion: give one of: bash zsh fish; see cdctl completion --help"});
    return context.exit_code();
  }
  context.out.text(text);
  return 0;
}

}  // namespace cdctl::cli
