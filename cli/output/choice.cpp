#include "cli/output/choice.hpp"

#include <cstdlib>
#include <cstring>

#include <fmt/format.h>
#include <unistd.h>

#include <cdctl/text.hpp>

namespace cdctl::cli {

namespace {

/// What a terminal shows may come from the environment; a pipe always carries NDJSON unless -o says
/// otherwise.
Result<Format> choose_format(const Arguments& args) {
  std::string word = args.value("output");
  const bool terminal = ::isatty(STDOUT_FILENO);
  if (word.empty() && terminal) {
    const char* wish = std::getenv("CDCTL_OUTPUT");
    word = wish && *wish ? wish : "table";
  }
  if (word.empty() || word == "ndjson") return Format::ndjson;
  if (word == "json") return Format::json;
  if (word == "table") return Format::table;
  if (word == "wide") return Format::wide;
  if (word == "name") return Format::name;
  return fail(ExitCode::usage,
              fmt::format("output format '{}' is none of: ndjson json table wide name",
                          printable(word, 40)));
}

/// What a command with formats of its own writes as text; empty where it writes records.
std::string picture_of(const Arguments& args, std::string_view formats) {
  if (formats.empty()) return {};
  auto word = args.value("output");
  if (word.empty() && (!formats.contains("ndjson") || ::isatty(STDOUT_FILENO)))
    word = formats.substr(0, formats.find(' '));
  return word == "ndjson" || word == "json" ? "" : word;
}

bool choose_colour(const Arguments& args) {
  const char* no_colour = std::getenv("NO_COLOR");
  const char* term = std::getenv("TERM");
  return !args.has("no-color") && !(no_colour && *no_colour) &&
         !(term && std::strcmp(term, "dumb") == 0) && ::isatty(STDOUT_FILENO);
}

}  // namespace

Result<> set_output(const Arguments& args, Output& out, std::string_view formats) {
  const auto picture = picture_of(args, formats);
  if (picture.empty()) {
    CDCTL_TRY_ASSIGN(const auto format, choose_format(args));
    out.set_format(format);
  } else {
    out.set_picture(picture);
  }
  out.set_colour(choose_colour(args));
  out.set_quiet(args.has("quiet"));
  out.set_verbose(args.has("verbose"));
  return {};
}

}  // namespace cdctl::cli
