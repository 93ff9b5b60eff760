#include "core/files/toml_file.hpp"

#include <algorithm>
#include <sstream>
#include <utility>

#include <fmt/format.h>
// The parser asserts what a text can break, such as `[;]`: without that it goes on to its own
// error.
#define TOML_ASSERT(expr) static_assert(true)
#include <toml++/toml.h>

#include <cdctl/fs.hpp>
#include <cdctl/text.hpp>

namespace cdctl::files {

namespace {

constexpr std::size_t k_largest_file = 1u << 20;

/// Turns the parser's tree into ours. Who writes a file of a megabyte may repeat a long key before
/// each of many short ones.
class Converter {
 public:
  static constexpr std::size_t k_longest_path = 1024;

  explicit Converter(TomlFile& file) : file_(file) {}

  Result<Json> convert(const toml::node& node, const std::string& prefix) {
    if (const auto* table = node.as_table()) return convert_table(*table, prefix);
    if (const auto* array = node.as_array()) {
      Json out = Json::array();
      for (const auto& item : *array) {
        note_entry(item, fmt::format("{}[{}]", prefix, out.items().size()));
        CDCTL_TRY_ASSIGN(auto value, convert(item, prefix));
        out.push_back(std::move(value));
      }
      return out;
    }
    if (const auto* text = node.as_string()) return Json(text->get());
    if (const auto* number = node.as_integer()) return Json(number->get());
    if (const auto* number = node.as_floating_point()) return Json(number->get());
    if (const auto* flag = node.as_boolean()) return Json(flag->get());
    std::ostringstream text;
    text << toml::node_view(node);
    return Json(text.str());
  }

 private:
  /// `notify.routes[0]`, and what is in it: `notify.routes[0].to`.
  void note_entry(const toml::node& item, const std::string& name) {
    if (name.size() > k_longest_path) return;
    const auto note = [&](const std::string& dotted, const toml::source_region& source) {
      file_.where[dotted] = {source.begin.line, source.begin.column};
    };
    note(name, item.source());
    const auto* table = item.as_table();
    if (!table) return;
    for (const auto& [key, value] : *table) note(name + "." + std::string(key.str()), key.source());
  }

  Result<Json> convert_table(const toml::table& table, const std::string& prefix) {
    Json::Object out;
    for (const auto& [key, value] : table) {
      const auto dotted =
          prefix.empty() ? std::string(key.str()) : prefix + "." + std::string(key.str());
      const auto& begin = key.source().begin;
      if (dotted.size() > k_longest_path)
        return fail(ExitCode::config,
                    fmt::format("{}:{}:{}: a key of more than {} bytes", file_.path.string(),
                                begin.line, begin.column, k_longest_path));
      file_.where[dotted] = {begin.line, begin.column};
      CDCTL_TRY_ASSIGN(auto converted, convert(value, dotted));
      out.emplace_back(key.str(), std::move(converted));
    }
    return Json(std::move(out));
  }

  TomlFile& file_;
};

/// Looks at a text before the parser does: where it has more of anything than a file of ours, the
/// parser's stack or memory would not do for it. And outside of quotes and comments no character
/// beyond ASCII may stand, which the parser's own tables do not foresee.
class Bounds {
 public:
  static constexpr unsigned k_most_dots = 16, k_most_levels = 32, k_most_values = 20'000;

  explicit Bounds(std::string_view text) : text_(text) {
    if (text_.starts_with("\xef\xbb\xbf")) at_ = 3;
  }

  /// What is too much, with its line: `3: a key of more than 16 parts`. Empty when all is well.
  [[nodiscard]] std::string trouble() {
    const auto say = [&](std::string_view what) { return fmt::format("{}: {}", line_, what); };
    while (at_ < text_.size()) {
      const char c = text_[at_];
      if (c == '"' || c == '\'')
        skip_string(c);
      else if (c == '#')
        at_ = std::min(text_.find('\n', at_), text_.size());
      else if (c == '.' && ++dots_ > k_most_dots)
        return say(fmt::format("a key of more than {} parts", k_most_dots));
      else if (static_cast<unsigned char>(c) >= 0x80)
        return say("a character beyond ASCII, which must stand in quotes");
      else
        step();
      if (levels_ > k_most_levels) return say(fmt::format("more than {} levels", k_most_levels));
      if (values_ > k_most_values) return say(fmt::format("more than {} values", k_most_values));
    }
    return {};
  }

 private:
  void step() {
    const char c = text_[at_++];
    if (c == '\n') ++line_;
    if (std::string_view("\n=[]{},").contains(c)) dots_ = 0;
    if (std::string_view("=[{,").contains(c)) ++values_;
    if (c == '[' || c == '{') ++levels_;
    if ((c == ']' || c == '}') && levels_ > 0) --levels_;
  }
  /// Quoted text, of one line or of several: `"`, `\'` or three of them.
  void skip_string(char quote) {
    const std::string three(3, quote);
    const bool long_one = text_.substr(at_).starts_with(three);
    at_ += long_one ? 3 : 1;
    while (at_ < text_.size()) {
      if (long_one ? text_.substr(at_).starts_with(three)
                   : text_[at_] == quote || text_[at_] == '\n')
        break;
      if (text_[at_] == '\\' && quote == '"') ++at_;
      if (at_ < text_.size() && text_[at_++] == '\n') ++line_;
    }
    if (at_ < text_.size() && text_[at_] != '\n') at_ += long_one ? 3 : 1;
    at_ = std::min(at_, text_.size());
    // A long one may end in one or two quotes of its own.
    for (int more = 0; long_one && more < 2 && text_.substr(at_).starts_with(quote); ++more) ++at_;
  }

  std::string_view text_;
  std::size_t at_ = 0;
  unsigned line_ = 1, dots_ = 0, levels_ = 0, values_ = 0;
};

}  // namespace

std::string TomlFile::at(std::string_view dotted_key) const {
  const auto found = where.find(std::string(dotted_key));
  if (found == where.end()) return path.string();
  return fmt::format("{}:{}:{}", path.string(), found->second.first, found->second.second);
}

Result<TomlFile> read_toml(const std::filesystem::path& path) {
  const auto text = read_file(path, k_largest_file);
  if (!text) return fail(ExitCode::config, text.error().what);
  return parse_toml(*text, path);
}

Result<TomlFile> parse_toml(std::string_view text, const std::filesystem::path& path) {
  if (const auto trouble = Bounds(text).trouble(); !trouble.empty())
    return fail(ExitCode::config, fmt::format("{}:{}", path.string(), trouble));
  TomlFile file{path, {}, {}};
  try {
    const toml::table table = toml::parse(text, path.string());
    CDCTL_TRY_ASSIGN(file.table, Converter(file).convert(table, ""));
  } catch (const toml::parse_error& error) {
    const auto& begin = error.source().begin;
    return fail(ExitCode::config, fmt::format("{}:{}:{}: {}", path.string(), begin.line,
                                              begin.column, printable(error.description())));
  }
  return file;
}

}  // namespace cdctl::files
