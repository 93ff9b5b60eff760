#include "core/files/toml_file.hpp"

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

}  // namespace

std::string TomlFile::at(std::string_view dotted_key) const {
  const auto found = where.find(std::string(dotted_key));
  if (found == where.end()) return path.string();
  return fmt::format("{}:{}:{}", path.string(), found->second.first, found->second.second);
}

Result<TomlFile> read_toml(const std::filesystem::path& path) {
  auto text = read_file(path, 1 << 20);
  if (!text) return fail(ExitCode::config, text.error().what);
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
