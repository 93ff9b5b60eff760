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

/// Takes the first field of a line: names, which may stand in quotes for the blanks in them.
std::string_view take_names(std::string_view& line) {
  if (!line.starts_with('"')) {
    const auto end = std::min(line.find_first_of(" \t"), line.size());
    const auto names = line.substr(0, end);
    line.remove_prefix(end);
    return names;
  }
  line.remove_prefix(1);
  return take_until(line, '"');
}

/// The key of a line: what stands behind the word that says its kind. Options come before that.
std::string key_of(std::string_view rest) {
  bool next = false;
  for (const auto word : words(rest)) {
    if (next) return std::string(word);
    next = word.starts_with("ssh-") || word.starts_with("ecdsa-") || word.starts_with("sk-");
  }
  return {};
}

bool is_later(const Vote& vote, const Vote& than) {
  return vote.at != than.at ? vote.at > than.at : vote.value != "Approve";
}

}  // namespace

Reviewers Reviewers::parse(std::string_view text) {
  Reviewers out;
  for (auto line : lines(text)) {
    line = trimmed(line);
    if (line.empty() || line.starts_with('#')) continue;
    Reviewer person;
    for (const auto name : split(take_names(line), ','))
      if (!trimmed(name).empty()) person.names.emplace_back(trimmed(name));
    if (auto key = key_of(line); !key.empty()) person.keys.push_back(std::move(key));
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

bool names_one_person(std::string_view name) {
  return !name.empty() && name.find_first_of("*?!,") == name.npos;
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
