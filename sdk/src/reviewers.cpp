#include <cdctl/reviewers.hpp>

#include <algorithm>

#include <cdctl/text.hpp>

namespace cdctl {

namespace {

bool same_address(std::string_view a, std::string_view b) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; };
  return std::ranges::equal(a, b, {}, lower, lower);
}

bool has_name(const std::vector<std::string>& names, std::string_view name) {
  return std::ranges::any_of(names,
                             [&](const std::string& one) { return same_address(one, name); });
}

bool shares_name(const std::vector<std::string>& some, const std::vector<std::string>& others) {
  return std::ranges::any_of(some, [&](const std::string& one) { return has_name(others, one); });
}

bool shares_key(const std::vector<std::string>& some, const std::vector<std::string>& others) {
  return std::ranges::any_of(
      some, [&](const std::string& one) { return std::ranges::find(others, one) != others.end(); });
}

void add_all(std::vector<std::string>& out, const std::vector<std::string>& more) {
  for (const auto& one : more)
    if (std::ranges::find(out, one) == out.end()) out.push_back(one);
}

constexpr std::string_view k_blanks = " \t\r\n";

void skip_blanks(std::string_view& line) {
  line.remove_prefix(std::min(line.find_first_not_of(" \t"), line.size()));
}

/// Takes the first field of a line. Quotes may be around all of it, or begin in the middle, and
/// what is in them has no blanks that divide; without an end the line is nobody's.
std::string take_names(std::string_view& line) {
  const auto end = std::min(line.find_first_of(" \t\r\n\""), line.size());
  std::string out(line.substr(0, end));
  const bool quoted = end < line.size() && line[end] == '"';
  line.remove_prefix(std::min(end + 1, line.size()));
  if (!quoted) return out;
  const auto last = line.find('"');
  if (last == line.npos) {
    line = {};
    return out;
  }
  out += line.substr(0, last);
  line.remove_prefix(last + 1);
  return out;
}

/// Takes what stands up to a blank that is in no quotes.
std::string_view take_word(std::string_view& line) {
  bool quoted = false;
  std::size_t end = 0;
  for (; end < line.size() && (quoted || k_blanks.find(line[end]) == k_blanks.npos); ++end) {
    if (line[end] == '\\' && end + 1 < line.size() && line[end + 1] == '"')
      ++end;
    else if (line[end] == '"')
      quoted = !quoted;
  }
  const auto out = line.substr(0, end);
  line.remove_prefix(end);
  skip_blanks(line);
  return out;
}

bool is_kind(std::string_view word) {
  return word.starts_with("ssh-") || word.starts_with("ecdsa-") || word.starts_with("sk-");
}

/// The key of a line and its kind: options, without a blank between them, may come before that.
void read_key(SignersLine& line) {
  std::string_view rest = line.rest;
  auto word = take_word(rest);
  if (!is_kind(word)) word = take_word(rest);
  if (!is_kind(word)) return;
  line.kind = word;
  line.key = take_word(rest);
}

bool is_later(const Vote& vote, const Vote& than) {
  return vote.at != than.at ? vote.at > than.at : vote.value != "Approve";
}

}  // namespace

Reviewers Reviewers::parse(std::string_view text) {
  Reviewers out;
  for (auto& line : signers_lines(text)) {
    Reviewer person;
    for (const auto name : split(line.names, ','))
      if (!trimmed(name).empty()) person.names.emplace_back(trimmed(name));
    if (!line.key.empty()) person.keys.push_back(std::move(line.key));
    // Whoever has a name or the key already is the same; a line may make one of two.
    std::vector<Reviewer> others;
    for (auto& known : out.people_) {
      if (!shares_name(known.names, person.names) && !shares_key(known.keys, person.keys)) {
        others.push_back(std::move(known));
        continue;
      }
      add_all(known.names, person.names);
      add_all(known.keys, person.keys);
      person = std::move(known);
    }
    others.push_back(std::move(person));
    out.people_ = std::move(others);
  }
  return out;
}

std::vector<std::string> Reviewers::names_of(const std::string& name) const {
  for (const auto& person : people_)
    if (has_name(person.names, name)) return person.names;
  return {name};
}

std::string Reviewers::among(const std::string& name, std::span<const Person> people) const {
  const auto names = names_of(name);
  const auto is = [&](const std::string& one) {
    return std::ranges::any_of(people, [&](const Person& person) {
      return same_address(person.email, one) || person.name == one;
    });
  };
  const auto own = std::ranges::find_if(names, is);
  return own == names.end() ? std::string() : *own;
}

std::vector<SignersLine> signers_lines(std::string_view text) {
  std::vector<SignersLine> out;
  std::size_t number = 0;
  for (auto line : lines(text)) {
    ++number;
    line = trimmed(line);
    if (line.empty() || line.starts_with('#')) continue;
    SignersLine one;
    one.number = number;
    one.names = take_names(line);
    one.rest = trimmed(line);
    read_key(one);
    out.push_back(std::move(one));
  }
  return out;
}

std::string odd_in_name(std::string_view name) {
  if (name.starts_with("\xef\xbb\xbf")) return "a byte order mark in front";
  for (const char c : name) {
    if (c == ' ') return "a blank";
    if (c == '"') return "a quote";
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) return "a control character";
    if (static_cast<unsigned char>(c) > 0x7f) return "a character that is no ASCII";
  }
  return {};
}

bool names_one_person(std::string_view name) {
  return !name.empty() && name.find_first_of("*?!,") == name.npos && odd_in_name(name).empty();
}

void keep_latest(std::vector<Vote>& votes, Vote vote) {
  const auto same = std::ranges::find_if(votes, [&](const Vote& other) {
    return other.trusted && vote.trusted && other.who == vote.who;
  });
  if (same == votes.end())
    votes.push_back(std::move(vote));
  else if (is_later(vote, *same))
    *same = std::move(vote);
}

}  // namespace cdctl
