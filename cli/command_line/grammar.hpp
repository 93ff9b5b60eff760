#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "cli/command_line/command.hpp"

namespace cdctl::cli {

/// A part of a command line, as the rows of options have it. Letters that share a word (`-qo`) are
/// a part each.
struct Part {
  enum class Kind {
    argument,  ///< a word that is not an option, a lone `-` too
    end,       ///< `--`: only arguments follow
    option,    ///< one of the rows
    unknown,   ///< an option that no row has
    name,      ///< an option whose name is still being typed
  };

  Kind kind = Kind::argument;
  std::size_t word = 0;            ///< where it begins
  std::string text = {};           ///< as it stands there; of letters in one word, from this one
  const Option* option = nullptr;  ///< Kind::option; refers to the rows
  std::optional<std::string> value = {};  ///< what the option was given, a flag too: `--all=3`
  bool own_word = false;                  ///< the value is the next word
  bool typed = false;                     ///< its end, the value where it has one, is being typed
};

/// What decides "is this word an option, a value, the command?". Reads the words of a line part by
/// part against a set of rows, which can change on the way: what may follow depends on the command.
/// An option takes the next word for its value whatever that looks like (see is_mistaken); an
/// optional value is only taken from the same word. The words and the rows outlive it.
class Grammar {
 public:
  enum class Last { whole, typed };

  Grammar(std::span<const std::string> words, std::span<const Option> options,
          Last last = Last::whole)
      : words_(words), options_(options), last_(last) {}

  /// From here on these are the options.
  void use(std::span<const Option> options) { options_ = options; }
  /// The next part; empty at the end of the line.
  [[nodiscard]] std::optional<Part> next();

 private:
  [[nodiscard]] Part word_part(const std::string& word);
  [[nodiscard]] Part long_part(const std::string& word);
  [[nodiscard]] Part letter_part();
  [[nodiscard]] Part done(Part part, bool takes_next_word);

  std::span<const std::string> words_;
  std::span<const Option> options_;
  Last last_;
  std::size_t at_ = 0;
  std::string letters_;  ///< what is left of a word of letters
  bool only_arguments_ = false;
};

/// All parts of a whole line.
[[nodiscard]] std::vector<Part> parts_of(std::span<const std::string> words,
                                         std::span<const Option> options);
/// Whether a part can be the name of a command.
[[nodiscard]] bool is_command_name(const Part& part);
/// Which word names the command: the first that can; words.size() when none does.
[[nodiscard]] std::size_t command_word(std::span<const std::string> words,
                                       std::span<const Option> options);
/// Whether a flag is among the words, even as the value of an option that was left without one:
/// `--why --help` asks for help.
[[nodiscard]] bool has_flag(std::span<const std::string> words, std::span<const Option> options,
                            std::string_view name);
/// The values that an option was given.
[[nodiscard]] std::vector<std::string> values_of(std::span<const std::string> words,
                                                 std::span<const Option> options,
                                                 std::string_view name);
/// Whether an option's value is the next word and that is an option itself, `-` or `--`: it was
/// left without a value.
[[nodiscard]] bool is_mistaken(const Part& part, std::span<const Option> options);

}  // namespace cdctl::cli
