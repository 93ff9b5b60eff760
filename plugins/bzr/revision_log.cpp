#include "plugins/bzr/revision_log.hpp"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>

#include <cdctl/text.hpp>

namespace cdctl::bzr {

namespace {

constexpr std::size_t k_dashes = 60;
constexpr std::string_view k_launchpad_bug = "https://launchpad.net/bugs/";

std::string_view without_blanks(std::string_view line) {
  return line.substr(std::min(line.find_first_not_of(' '), line.size()));
}

bool begins_revision(std::string_view line) {
  line = without_blanks(line);
  return line.size() == k_dashes && line.find_first_not_of('-') == line.npos;
}

/// `Mon 2026-11-30 13:39:36 +0100`
std::optional<Time> parse_time(std::string_view text) {
  const auto parts = words(text);
  if (parts.size() != 4 || parts[3].size() != 5) return {};
  return parse_rfc3339(
      fmt::format("{}T{}{}:{}", parts[1], parts[2], parts[3].substr(0, 3), parts[3].substr(3)));
}

/// `12`, `12 [merge]`; none of `1.2.3`.
std::optional<std::int64_t> parse_revno(std::string_view text) {
  const auto word = take_until(text, ' ');
  std::int64_t number = 0;
  const auto [stop, error] = std::from_chars(word.data(), word.data() + word.size(), number);
  const bool whole = error == std::errc() && stop == word.data() + word.size();
  return whole ? std::optional(number) : std::nullopt;
}

/// `Alice <alice@example.com>, Bob <bob@example.com>`
std::vector<Person> parse_people(std::string_view text) {
  std::vector<Person> out;
  while (!text.empty()) {
    const auto end = std::min(text.find(">, "), text.size());
    out.push_back(parse_person(text.substr(0, std::min(end + 1, text.size()))));
    text.remove_prefix(std::min(end + 3, text.size()));
  }
  return out;
}

/// `https://launchpad.net/bugs/7 https://launchpad.net/bugs/8`
std::string bug_lines(std::string_view text) {
  std::string out;
  for (auto link : words(text))
    if (link.starts_with(k_launchpad_bug)) {
      link.remove_prefix(k_launchpad_bug.size());
      const bool number = link.find_first_not_of("0123456789,") == link.npos;
      if (const auto id = take_until(link, ','); number && !id.empty())
        out += fmt::format("LP: #{}\n", id);
    }
  return out;
}

void add_header(LoggedRevision& out, std::string& bugs, std::string_view line) {
  const auto name = take_until(line, ':');
  const auto value = trimmed(line);
  if (name == "revision-id") out.id = value;
  if (name == "revno") out.number = parse_revno(value);
  if (name == "timestamp") out.at = parse_time(value);
  if (name == "fixes bug" || name == "fixes bugs") bugs = bug_lines(value);
  if (name != "author" && name != "committer") return;
  for (auto& person : parse_people(value))
    if (std::ranges::find(out.people, person) == out.people.end())
      out.people.push_back(std::move(person));
}

}  // namespace

Person parse_person(std::string_view text) {
  const auto open = text.rfind('<'), close = text.rfind('>');
  if (open != text.npos && close != text.npos && open < close)
    return {std::string(trimmed(text.substr(0, open))),
            std::string(trimmed(text.substr(open + 1, close - open - 1)))};
  text = trimmed(text);
  return text.contains('@') ? Person{{}, std::string(text)} : Person{std::string(text), {}};
}

std::vector<LoggedRevision> parse_log(std::string_view text) {
  std::vector<LoggedRevision> out;
  std::string message, bugs;
  bool in_message = false;
  std::size_t indent = 0;
  const auto finish = [&] {
    if (out.empty()) return;
    std::string_view rest = trimmed(message);
    out.back().title = trimmed(take_until(rest, '\n'));
    out.back().description = trimmed(rest);
    if (!bugs.empty())
      out.back().description +=
          fmt::format("{}{}", out.back().description.empty() ? "" : "\n\n", trimmed(bugs));
    message.clear();
    bugs.clear();
    in_message = false;
  };
  for (const auto line : lines(text)) {
    if (begins_revision(line)) {
      finish();
      out.emplace_back();
      indent = line.size() - k_dashes;
    } else if (in_message) {
      message.append(line.substr(std::min(indent + 2, line.size()))).push_back('\n');
    } else if (!out.empty() && without_blanks(line).starts_with("message:")) {
      in_message = true;
    } else if (!out.empty()) {
      add_header(out.back(), bugs, without_blanks(line));
    }
  }
  finish();
  return out;
}

}  // namespace cdctl::bzr
