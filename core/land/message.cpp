#include "core/land/message.hpp"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include <cdctl/json.hpp>
#include <cdctl/text.hpp>

namespace cdctl::land {

namespace {

/// A number that a commit says it mends, of Launchpad where it says `LP:`.
struct Bug {
  std::string number;
  bool launchpad = false;
  friend bool operator==(const Bug&, const Bug&) = default;
};
std::vector<Bug> bugs_of(const records::Candidate& candidate);

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

std::string nick_of(std::string_view who) { return std::string(who.substr(0, who.find('@'))); }

std::string joined_nicks(const std::vector<std::string>& people) {
  std::vector<std::string> out;
  for (const auto& one : people) out.push_back(nick_of(one));
  return joined(out);
}

bool digit(char c) { return c >= '0' && c <= '9'; }

/// The numbers in `Fixes: #12, #13`, `Closes #12` or `LP: #12`.
void add_bugs(std::string_view line, std::vector<Bug>& out) {
  static constexpr std::array<std::string_view, 8> k_words{"fixes", "fixed",    "fix", "closes",
                                                           "close", "resolves", "bug", "lp"};
  const auto end = std::min(line.find_first_of(": #"), line.size());
  std::string word(line.substr(0, end));
  for (auto& c : word) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
  if (std::ranges::find(k_words, word) == k_words.end()) return;
  auto rest = line.substr(end);
  if (rest.starts_with(':')) rest.remove_prefix(1);
  for (;;) {
    rest = rest.substr(std::min(rest.find_first_not_of(" ,"), rest.size()));
    if (!rest.starts_with('#')) return;
    const auto stop = std::ranges::find_if_not(rest.substr(1), digit) - rest.begin();
    const auto number = rest.substr(1, static_cast<std::size_t>(stop) - 1);
    if (number.empty() || number.size() > 12) return;
    Bug bug{std::string(number), word == "lp"};
    if (std::ranges::find(out, bug) == out.end()) out.push_back(std::move(bug));
    rest.remove_prefix(static_cast<std::size_t>(stop));
  }
}

std::string joined_bugs(const std::vector<Bug>& bugs) {
  std::vector<std::string> out;
  for (const auto& bug : bugs) out.push_back(bug.number);
  return joined(out);
}

std::string lower(std::string_view text) {
  std::string out(text);
  for (auto& c : out)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c | 0x20);
  return out;
}

bool names_reviewers(std::string_view placeholder) {
  return placeholder.starts_with("reviewer") || placeholder.starts_with("approved_by");
}

/// The names of the lines that only we can write: who has reviewed it, and what became of it. Those
/// by which the template says so are among them: `Approved-by: <reviewers>`.
std::vector<std::string> own_lines(std::string_view message) {
  std::vector<std::string> out{"reviewed-by", "land-head", "land-state", "land-commit"};
  for (const auto line : lines(message)) {
    bool ours = false;
    walk(
        line, [](std::string_view) {},
        [&](std::string_view name) { ours = ours || names_reviewers(name); });
    const auto colon = line.find(':');
    if (ours && colon != line.npos && !line.substr(0, colon).contains('<'))
      out.push_back(lower(trimmed(line.substr(0, colon))));
  }
  return out;
}

/// What a proposal says, without the lines of these names, which would stand beside ours and be
/// taken for them. A line that goes on belongs to the one before.
std::string without_lines(std::string_view text, const std::vector<std::string>& names) {
  std::string out;
  bool left_out = false;
  for (const auto line : lines(text)) {
    const bool goes_on = line.starts_with(' ') || line.starts_with('\t');
    const auto colon = line.find(':');
    const auto name = lower(trimmed(line.substr(0, std::min(colon, line.size()))));
    left_out =
        goes_on ? left_out : colon != line.npos && std::ranges::find(names, name) != names.end();
    if (left_out) continue;
    if (!out.empty()) out += '\n';
    out += line;
  }
  return out;
}

std::string value_of(std::string_view name, const TargetConfig& target,
                     const records::Candidate& candidate) {
  const auto first = main_author(candidate);
  if (name == "topic") return candidate.proposal;
  if (name == "title") return candidate.title;
  if (name == "description") return candidate.description;
  if (name == "commit_message") return candidate.title + "\n\n" + candidate.description;
  if (name == "target") return target.name;
  if (name == "branch") return target.branch;
  if (name == "head") return candidate.head;
  if (name == "author") return first.name;
  if (name == "author_email") return first.email;
  if (name == "author_nick") return nick_of(first.email);
  if (name == "authors") return joined_people(candidate.authors);
  if (name == "reviewer" || name == "reviewers" || name == "approved_by")
    return joined(candidate.reviewers);
  if (name == "reviewer_nicks" || name == "approved_by_nicks")
    return joined_nicks(candidate.reviewers);
  if (name == "bugs" || name == "bugs_fixed") return joined_bugs(bugs_of(candidate));
  return candidate.link;  // link, review_url
}

/// The bytes of a character that steers what shows it and says nothing: controls that are above
/// ASCII, and what turns the direction of a line or breaks one. 0: it is none of these.
std::size_t steering(std::string_view at) {
  const auto byte = [&](std::size_t i) {
    return i < at.size() ? static_cast<unsigned char>(at[i]) : 0U;
  };
  if (byte(0) == 0xc2 && byte(1) >= 0x80 && byte(1) <= 0x9f) return 2;
  if (byte(0) == 0xd8 && byte(1) == 0x9c) return 2;
  if (byte(0) != 0xe2) return 0;
  const bool marks = byte(1) == 0x80 && (byte(2) == 0x8e || byte(2) == 0x8f);
  const bool turns = byte(1) == 0x80 && byte(2) >= 0xa8 && byte(2) <= 0xae;
  const bool isolates = byte(1) == 0x81 && byte(2) >= 0xa6 && byte(2) <= 0xa9;
  return marks || turns || isolates ? 3 : 0;
}

/// Text as a message may hold it, with no more than one empty line in a row. What is no UTF-8 is
/// replaced as in a record, for the message goes through one.
std::string tidy(std::string_view raw) {
  const auto whole = Json::parse(Json(raw).dump());
  const auto text = whole ? whole->as_string() : std::string();
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (const auto bytes = steering(std::string_view(text).substr(i)); bytes > 0) {
      i += bytes - 1;
    } else if (c == '\n') {
      while (out.ends_with(' ')) out.pop_back();
      if (!out.ends_with("\n\n") && !out.empty()) out += c;
    } else if ((static_cast<unsigned char>(c) >= 0x20 && c != 0x7f) || c == '\t') {
      out += c;
    }
  }
  return std::string(trimmed(out));
}

std::vector<Bug> bugs_of(const records::Candidate& candidate) {
  std::vector<Bug> out;
  for (const auto* text : {&candidate.title, &candidate.description})
    for (const auto line : lines(*text)) add_bugs(line, out);
  return out;
}

/// Whether a message ends with lines `Name: value`, to which others can be added.
bool ends_with_trailers(std::string_view message) {
  const auto blank = message.rfind("\n\n");
  if (blank == message.npos) return false;
  return std::ranges::all_of(lines(message.substr(blank + 2)), [](std::string_view line) {
    const auto colon = line.find(": ");
    return colon != line.npos && colon > 0 &&
           line.substr(0, colon).find_first_of(" <") == line.npos;
  });
}

/// What the template leaves out of who has made it, who has reviewed it and what it mends.
class Trailers {
 public:
  explicit Trailers(std::string& message) : message_(message) {}

  void add(std::string_view name, std::string_view value) {
    auto line = fmt::format("{}: {}", name, tidy(value));
    std::ranges::replace(line, '\n', ' ');  // a forge may give a name that goes on in another line
    const auto all = lines(message_);
    if (std::ranges::find(all, line) != all.end()) return;
    if (!any_ && !ends_with_trailers(message_)) message_ += '\n';
    any_ = true;
    message_ += "\n" + line;
  }

 private:
  std::string& message_;
  bool any_ = false;
};

}  // namespace

const std::vector<std::string>& message_names() {
  static const std::vector<std::string> k_names{
      "topic",     "title",          "description",  "commit_message",    "target",  "branch",
      "head",      "author",         "author_email", "author_nick",       "authors", "reviewer",
      "reviewers", "reviewer_nicks", "approved_by",  "approved_by_nicks", "bugs",    "bugs_fixed",
      "link",      "review_url"};
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

records::PersonMember main_author(const records::Candidate& candidate) {
  return candidate.authors.empty() ? records::PersonMember() : candidate.authors.back();
}

std::string message_of(const TargetConfig& target, const records::Candidate& candidate) {
  std::string out;
  bool reviewers = false, bugs = false;
  const auto ours = own_lines(target.message);
  walk(
      target.message, [&](std::string_view text) { out += text; },
      [&](std::string_view name) {
        const auto value = value_of(name, target, candidate);
        out += names_reviewers(name) ? value : without_lines(tidy(value), ours);
        reviewers = reviewers || names_reviewers(name);
        bugs =
            bugs || name.starts_with("bugs") || name == "description" || name == "commit_message";
      });
  out = tidy(out);
  if (out.empty()) out = fmt::format("Merge {}", candidate.proposal);
  Trailers trailers(out);
  if (!bugs)
    for (const auto& bug : bugs_of(candidate))
      trailers.add(bug.launchpad ? "LP" : "Fixes", "#" + bug.number);
  if (target.method == MergeMethod::squash)
    for (const auto& author : candidate.authors)
      if (author.email != main_author(candidate).email)
        trailers.add("Co-authored-by", fmt::format("{} <{}>", author.name, author.email));
  if (!reviewers)
    for (const auto& who : candidate.reviewers) trailers.add("Reviewed-by", who);
  return out + "\n";
}

}  // namespace cdctl::land
