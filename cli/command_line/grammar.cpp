#include "cli/command_line/grammar.hpp"

#include <algorithm>

namespace cdctl::cli {

namespace {

const Option* by_name(std::span<const Option> options, std::string_view name) {
  const auto at = std::ranges::find(options, name, &Option::name);
  return at == options.end() ? nullptr : &*at;
}

const Option* by_letter(std::span<const Option> options, char letter) {
  const auto at = std::ranges::find(options, letter, &Option::letter);
  return at == options.end() || letter == 0 ? nullptr : &*at;
}

/// The option that a word spells without a value: `--output`, `-o`.
const Option* spelled(std::string_view word, std::span<const Option> options) {
  if (word.starts_with("--")) return by_name(options, word.substr(2));
  return word.size() == 2 && word.front() == '-' ? by_letter(options, word.back()) : nullptr;
}

}  // namespace

std::optional<Part> Grammar::next() {
  if (!letters_.empty()) return letter_part();
  if (at_ == words_.size()) return {};
  return word_part(words_[at_]);
}

Part Grammar::word_part(const std::string& word) {
  Part out{.kind = Part::Kind::argument, .word = at_, .text = word};
  const bool typed = last_ == Last::typed && at_ + 1 == words_.size();
  const bool has_name_only = word.size() <= 2 || (word.starts_with("--") && !word.contains('='));
  if (only_arguments_ || !word.starts_with('-')) return done(std::move(out), false);
  if (typed && has_name_only) {
    out.kind = Part::Kind::name;
    return done(std::move(out), false);
  }
  if (word == "-") return done(std::move(out), false);
  if (word == "--") {
    only_arguments_ = true;
    out.kind = Part::Kind::end;
    return done(std::move(out), false);
  }
  if (word.starts_with("--")) return long_part(word);
  letters_ = word.substr(1);
  return letter_part();
}

Part Grammar::long_part(const std::string& word) {
  Part out{.kind = Part::Kind::unknown, .word = at_, .text = word};
  const auto equals = std::min(word.find('='), word.size());
  out.option = by_name(options_, std::string_view(word).substr(2, equals - 2));
  if (!out.option) return done(std::move(out), false);
  out.kind = Part::Kind::option;
  if (equals < word.size()) out.value = word.substr(equals + 1);
  const bool takes_next = !out.option->value.empty() && !out.option->value_optional;
  return done(std::move(out), takes_next);
}

Part Grammar::letter_part() {
  Part out{.kind = Part::Kind::unknown, .word = at_, .text = "-" + letters_};
  out.option = by_letter(options_, letters_.front());
  if (!out.option) {
    letters_.clear();
    return done(std::move(out), false);
  }
  out.kind = Part::Kind::option;
  letters_.erase(0, 1);
  const bool flag = out.option->value.empty();
  if (flag && !letters_.empty() && letters_.front() != '=') return out;  // the next has its turn
  if (!letters_.empty()) out.value = letters_.substr(flag ? 1 : 0);
  letters_.clear();
  const bool takes_next = !flag && !out.option->value_optional;
  return done(std::move(out), takes_next);
}

/// Goes on to the word behind a part.
Part Grammar::done(Part part, bool takes_next_word) {
  if (takes_next_word && !part.value && at_ + 1 < words_.size()) {
    part.value = words_[++at_];
    part.own_word = true;
  }
  ++at_;
  part.typed = last_ == Last::typed && at_ == words_.size();
  return part;
}

std::vector<Part> parts_of(std::span<const std::string> words, std::span<const Option> options) {
  std::vector<Part> out;
  Grammar grammar(words, options);
  while (auto part = grammar.next()) out.push_back(std::move(*part));
  return out;
}

bool is_command_name(const Part& part) {
  return part.kind == Part::Kind::argument && !part.text.empty() && !part.text.starts_with('-');
}

std::size_t command_word(std::span<const std::string> words, std::span<const Option> options) {
  Grammar grammar(words, options);
  while (const auto part = grammar.next())
    if (is_command_name(*part)) return part->word;
  return words.size();
}

bool has_flag(std::span<const std::string> words, std::span<const Option> options,
              std::string_view name) {
  Grammar grammar(words, options);
  while (const auto part = grammar.next()) {
    if (part->kind == Part::Kind::end || (part->own_word && part->value == "--")) return false;
    if (part->kind != Part::Kind::option) continue;
    if (part->option->name == name && !part->value) return true;
    const auto* other = part->own_word ? spelled(*part->value, options) : nullptr;
    if (other && other->name == name) return true;
  }
  return false;
}

std::vector<std::string> values_of(std::span<const std::string> words,
                                   std::span<const Option> options, std::string_view name) {
  std::vector<std::string> out;
  Grammar grammar(words, options);
  while (const auto part = grammar.next())
    if (part->kind == Part::Kind::option && part->option->name == name && part->value)
      out.push_back(*part->value);
  return out;
}

bool is_mistaken(const Part& part, std::span<const Option> options) {
  return part.own_word &&
         (part.value == "-" || part.value == "--" || spelled(*part.value, options));
}

}  // namespace cdctl::cli
