#include "plugins/mojo/text/words.hpp"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>

#include <cdctl/text.hpp>

namespace cdctl::mojo {

namespace {

class Splitter {
 public:
  Splitter(std::string_view line, Problem& problem) : line_(line), problem_(problem) {}

  std::vector<ShellWord> split() {
    while (at_ < line_.size() && problem_.what.empty()) {
      const char c = line_[at_];
      if (c == ' ' || c == '\t')
        end_word();
      else
        take(c);
      ++at_;
    }
    end_word();
    return std::move(words_);
  }

 private:
  void take(char c) {
    if (!open_) {
      open_ = true;
      word_ = {{}, at_ + 1, 0};
    }
    if (c == '\'')
      single_quotes();
    else if (c == '"')
      double_quotes();
    else if (c == '\\')
      escaped();
    else
      word_.text += c;
  }
  void escaped() {
    if (at_ + 1 >= line_.size()) return wrong(at_, "a backslash at the end of the line");
    word_.text += line_[++at_];
  }
  void single_quotes() {
    const auto end = line_.find('\'', at_ + 1);
    if (end == std::string_view::npos) return wrong(at_, "a quote ' that is not closed");
    word_.text += line_.substr(at_ + 1, end - at_ - 1);
    at_ = end;
  }
  void double_quotes() {
    const auto begin = at_;
    for (++at_; at_ < line_.size() && line_[at_] != '"'; ++at_) {
      if (line_[at_] == '\\' && at_ + 1 < line_.size() &&
          (line_[at_ + 1] == '"' || line_[at_ + 1] == '\\'))
        ++at_;
      word_.text += line_[at_];
    }
    if (at_ >= line_.size()) wrong(begin, "a quote \" that is not closed");
  }
  void wrong(std::size_t at, std::string_view what) {
    problem_.column = at + 1;
    problem_.what = what;
  }
  void end_word() {
    word_.end = at_ + 1;
    if (open_) words_.push_back(std::move(word_));
    open_ = false;
  }

  std::string_view line_;
  Problem& problem_;
  std::vector<ShellWord> words_;
  ShellWord word_;
  std::size_t at_ = 0;
  bool open_ = false;
};

}  // namespace

std::vector<ShellWord> shell_words(std::string_view line, Problem& problem) {
  return Splitter(line, problem).split();
}

std::optional<std::int64_t> whole_number(std::string_view text) {
  std::int64_t number = 0;
  const auto* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, number);
  return error == std::errc() && stop == end ? std::optional(number) : std::nullopt;
}

bool valid_variable_name(std::string_view name) {
  const auto letter = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
  };
  return !name.empty() && letter(name.front()) &&
         std::ranges::all_of(name, [&](char c) { return letter(c) || (c >= '0' && c <= '9'); });
}

std::expected<std::string, std::string> expand(std::string_view text, const Lookup& lookup) {
  std::string out;
  while (!text.empty()) {
    const auto at = std::min(text.find("${"), text.size());
    out += text.substr(0, at);
    text.remove_prefix(at);
    if (text.empty()) break;
    const auto close = text.find('}');
    if (close == std::string_view::npos)
      return std::unexpected(std::string("a ${ that is not closed"));
    const auto inner = text.substr(2, close - 2);
    text.remove_prefix(close + 1);
    const auto colon = inner.find(":-");
    const std::string name(inner.substr(0, colon));
    if (!valid_variable_name(name))
      return std::unexpected(fmt::format("${{{}}}: '{}' is no variable name", printable(inner, 60),
                                         printable(name, 60)));
    if (inner.find("${") != std::string_view::npos)
      return std::unexpected(
          fmt::format("${{{}}}: a ${{ inside another is not read", printable(inner, 60)));
    const auto value = lookup(name);
    if (value && (!value->empty() || colon == std::string_view::npos)) {
      out += *value;
    } else if (colon != std::string_view::npos) {
      out += inner.substr(colon + 2);
    } else {
      return std::unexpected(fmt::format("variable {} is not set", name));
    }
  }
  return out;
}

}  // namespace cdctl::mojo
