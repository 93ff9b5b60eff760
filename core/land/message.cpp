#include "core/land/message.hpp"

#include <algorithm>

#include <fmt/format.h>

#include <cdctl/json.hpp>
#include <cdctl/text.hpp>

namespace cdctl::land {

namespace {

bool name_character(char c) { return (c >= 'a' && c <= 'z') || c == '_'; }

/// The placeholders of a text: calls `plain` with what stands between them, `name` with each. What
/// is in angle brackets and no word, such as an address, is plain text.
template <class Plain, class Name>
void walk(std::string_view text, Plain plain, Name name) {
  while (!text.empty()) {
    const auto open = std::min(text.find('<'), text.size());
    plain(text.substr(0, open));
    text.remove_prefix(open);
    if (text.empty()) return;
    const auto close = text.find('>');
    const auto word = text.substr(1, close == text.npos ? 0 : close - 1);
    if (!word.empty() && std::ranges::all_of(word, name_character)) {
      name(word);
      text.remove_prefix(close + 1);
    } else {
      plain(text.substr(0, 1));
      text.remove_prefix(1);
    }
  }
}

std::string joined_people(const std::vector<records::PersonMember>& people) {
  std::vector<std::string> out;
  for (const auto& person : people)
    out.push_back(person.email.empty() ? person.name
                                       : fmt::format("{} <{}>", person.name, person.email));
  return joined(out);
}

std::string value_of(std::string_view name, const TargetConfig& target,
                     const records::Candidate& candidate) {
  const auto first = candidate.authors.empty() ? records::PersonMember() : candidate.authors.back();
  if (name == "topic") return candidate.proposal;
  if (name == "title") return candidate.title;
  if (name == "description") return candidate.description;
  if (name == "commit_message") return candidate.title + "\n\n" + candidate.description;
  if (name == "target") return target.name;
  if (name == "branch") return target.branch;
  if (name == "head") return candidate.head;
  if (name == "author") return first.name;
  if (name == "author_email") return first.email;
  if (name == "author_nick") return first.email.substr(0, first.email.find('@'));
  if (name == "authors") return joined_people(candidate.authors);
  if (name == "reviewer" || name == "reviewers" || name == "approved_by")
    return joined(candidate.reviewers);
  return candidate.link;  // link, review_url
}

/// Text as a message may hold it, with no more than one empty line in a row. What is no UTF-8 is
/// replaced as in a record, for the message goes through one.
std::string tidy(std::string_view raw) {
  const auto whole = Json::parse(Json(raw).dump());
  const auto text = whole ? whole->as_string() : std::string();
  std::string out;
  for (const char c : text) {
    if (c == '\n') {
      while (out.ends_with(' ')) out.pop_back();
      if (!out.ends_with("\n\n") && !out.empty()) out += c;
    } else if (static_cast<unsigned char>(c) >= 0x20 || c == '\t') {
      out += c;
    }
  }
  return std::string(trimmed(out));
}

}  // namespace

const std::vector<std::string>& message_names() {
  static const std::vector<std::string> k_names{
      "topic",     "title",       "description",  "commit_message", "target",  "branch",
      "head",      "author",      "author_email", "author_nick",    "authors", "reviewer",
      "reviewers", "approved_by", "link",         "review_url"};
  return k_names;
}

Result<> check_message(std::string_view text) {
  Result<> out;
  walk(
      text, [](std::string_view) {},
      [&](std::string_view name) {
        const auto& all = message_names();
        if (out && std::ranges::find(all, name) == all.end())
          out =
              fail(ExitCode::config, fmt::format("message: there is no <{}>{}", printable(name, 40),
                                                 did_you_mean(name, all, "<", ">")));
      });
  return out;
}

std::string message_of(const TargetConfig& target, const records::Candidate& candidate) {
  std::string out;
  bool named = false;
  walk(
      target.message, [&](std::string_view text) { out += text; },
      [&](std::string_view name) {
        out += value_of(name, target, candidate);
        named = named || name.starts_with("reviewer") || name == "approved_by";
      });
  out = tidy(out);
  if (out.empty()) out = fmt::format("Merge {}", candidate.proposal);
  std::string trailers;
  if (!named)
    for (const auto& who : candidate.reviewers)
      trailers += fmt::format("Reviewed-by: {}\n", tidy(who));
  return out + "\n" + (trailers.empty() ? "" : "\n" + trailers);
}

}  // namespace cdctl::land
