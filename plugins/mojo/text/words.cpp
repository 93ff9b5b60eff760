#include "plugins/mojo/text/words.hpp"

namespace cdctl::mojo {

namespace {

class Splitter {
 public:
  Splitter(std::string_view line, Problem& problem) : line_(line), problem_(problem) {}

  std::vector<Word> split() {
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
  std::vector<Word> words_;
  Word word_;
  std::size_t at_ = 0;
  bool open_ = false;
};

}  // namespace

std::vector<Word> split_words(std::string_view line, Problem& problem) {
  return Splitter(line, problem).split();
}

}  // namespace cdctl::mojo
