#include "cli/setup/init_dialogue.hpp"

#include <fmt/format.h>

namespace cdctl::cli {

Error missing_option(std::string_view option) {
  return {ExitCode::usage, fmt::format("init: {} is missing, and standard input is no terminal to "
                                       "ask; give it, or --yes to take what is found",
                                       option)};
}

InitDialogue::InitDialogue(Context& context, const Arguments& args, bool asks, bool asks_all)
    : out_(context.out), args_(args), prompt_(context.out), asks_(asks), asks_all_(asks_all) {}

std::optional<std::string> InitDialogue::option(std::string_view name) const {
  return args_.has(name) ? std::optional(args_.value(name)) : std::nullopt;
}

Result<std::string> InitDialogue::line(std::string_view question, std::string_view otherwise) {
  return prompt_.line(question, otherwise);
}

Result<std::string> InitDialogue::secret(std::string_view question) {
  return prompt_.secret(question);
}

void InitDialogue::warn(std::string_view text) { out_.warning(text); }

}  // namespace cdctl::cli
