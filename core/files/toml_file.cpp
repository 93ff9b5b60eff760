#include "core/files/toml_file.hpp"

#include <algorithm>
#include <optional>
#include <sstream>

#include <fmt/format.h>
#include <toml++/toml.h>

#include <cdctl/fs.hpp>
#include <cdctl/text.hpp>

namespace cdctl::files {

namespace {

Json convert(const toml::node& node, const std::string& prefix, TomlFile& file) {
  if (const auto* table = node.as_table()) {
    Json out = Json::object();
    for (const auto& [key, value] : *table) {
      const auto dotted =
          prefix.empty() ? std::string(key.str()) : prefix + "." + std::string(key.str());
      file.where[dotted] = {key.source().begin.line, key.source().begin.column};
      out.set(key.str(), convert(value, dotted, file));
    }
    return out;
  }
  if (const auto* array = node.as_array()) {
    Json out = Json::array();
    for (const auto& item : *array) out.push_back(convert(item, prefix, file));
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

/// Where a key has more parts than any of ours: tables so deep overflow the parser's stack.
class DeepKey {
 public:
  static constexpr unsigned k_most_dots = 16;

  explicit DeepKey(std::string_view text) : text_(text) {}

  /// The line of the first, or nothing.
  [[nodiscard]] std::optional<unsigned> line() {
    while (at_ < text_.size()) {
      const char c = text_[at_];
      if (c == '"' || c == '\'')
        skip_string(c);
      else if (c == '#')
        at_ = std::min(text_.find('\n', at_), text_.size());
      else if (c == '.' && ++dots_ > k_most_dots)
        return line_;
      else
        step();
    }
    return {};
  }

 private:
  void step() {
    const char c = text_[at_++];
    if (c == '\n') ++line_;
    if (std::string_view("\n=[]{},").contains(c)) dots_ = 0;
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
  }

  std::string_view text_;
  std::size_t at_ = 0;
  unsigned line_ = 1, dots_ = 0;
};

}  // namespace

std::string TomlFile::at(std::string_view dotted_key) const {
  const auto found = where.find(std::string(dotted_key));
  if (found == where.end()) return path.string();
  return fmt::format("{}:{}:{}", path.string(), found->second.first, found->second.second);
}

Result<TomlFile> read_toml(const std::filesystem::path& path) {
  auto text = read_file(path, 1 << 20);
  if (!text) return fail(ExitCode::config, text.error().what);
  if (const auto line = DeepKey(*text).line())
    return fail(ExitCode::config, fmt::format("{}:{}: a key of more than {} parts", path.string(),
                                              *line, DeepKey::k_most_dots));
  TomlFile file{path, {}, {}};
  try {
    const toml::table table = toml::parse(*text, path.string());
    file.table = convert(table, "", file);
  } catch (const toml::parse_error& error) {
    const auto& begin = error.source().begin;
    return fail(ExitCode::config, fmt::format("{}:{}:{}: {}", path.string(), begin.line,
                                              begin.column, printable(error.description())));
  }
  return file;
}

}  // namespace cdctl::files
