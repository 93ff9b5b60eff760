#include "plugins/mojo/text/yaml.hpp"

#include <algorithm>
#include <optional>
#include <spanstream>

#include <fmt/format.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <cdctl/text.hpp>

#include "plugins/mojo/text/yaml_builder.hpp"

namespace cdctl::mojo {

namespace {

/// What YAML forbids or yaml-cpp would misread (it takes byte 4 for the end of the file).
std::optional<Problem> wrong_bytes(std::string_view text, const std::string& file) {
  if (text.size() > k_largest_file)
    return Problem{file, 0, 0, fmt::format("it is larger than {} MiB", k_largest_file >> 20)};
  const auto is_control = [](char c) {
    return (static_cast<unsigned char>(c) < 0x20 && c != '\n' && c != '\t' && c != '\r') ||
           c == 0x7f;
  };
  auto at = static_cast<std::size_t>(std::ranges::find_if(text, is_control) - text.begin());
  const auto utf8 = invalid_utf8(text);
  if (at == text.size() && utf8 == std::string_view::npos) return {};
  const bool control = at <= std::min(utf8, text.size() - 1);
  at = std::min(at, utf8);
  const auto before = text.substr(0, at);
  const auto line = static_cast<std::size_t>(std::ranges::count(before, '\n')) + 1;
  return Problem{file, line, at - (before.rfind('\n') + 1) + 1,
                 control ? "a control character" : "bytes that are not UTF-8"};
}

}  // namespace

Problem Place::problem(std::string what) const {
  return {file ? *file : std::string("bundle"), line, column, std::move(what)};
}

const Yaml* Yaml::find(std::string_view key) const {
  const auto at = std::ranges::find(members, key, &YamlMember::key);
  return at == members.end() ? nullptr : &at->value;
}
Yaml* Yaml::find(std::string_view key) { return const_cast<Yaml*>(std::as_const(*this).find(key)); }

std::string Yaml::shown() const {
  if (secret && is_scalar()) return "a secret";
  switch (kind) {
    case Kind::null:
      return "nothing";
    case Kind::list:
      return "a list";
    case Kind::map:
      return "a map";
    default:
      return fmt::format("'{}'", printable(text, 60));
  }
}

Yaml Yaml::scalar(std::string text, Place place) {
  Yaml out;
  out.kind = Kind::string;
  out.text = std::move(text);
  out.place = std::move(place);
  return out;
}

bool operator==(const Yaml& a, const Yaml& b) {
  return a.kind == b.kind && a.text == b.text && a.items == b.items && a.members == b.members;
}

std::vector<Yaml> parse_yaml(std::string_view text, const std::string& file,
                             std::vector<Problem>& problems, std::vector<Problem>& warnings) {
  if (auto problem = wrong_bytes(text, file)) {
    problems.push_back(std::move(*problem));
    return {};
  }
  YamlBuilder builder(std::make_shared<const std::string>(file), warnings);
  std::ispanstream stream{std::span<const char>(text)};
  try {
    YAML::Parser parser(stream);
    while (parser.HandleNextDocument(builder)) {
    }
  } catch (const YAML::Exception& error) {
    const auto number = [](int from_zero) {
      return from_zero < 0 ? std::size_t{0} : static_cast<std::size_t>(from_zero) + 1;
    };
    // What follows a colon is a word of the file, which may be a secret.
    problems.push_back({file, number(error.mark.line), number(error.mark.column),
                        printable(std::string_view(error.msg).substr(0, error.msg.find(": ")))});
  } catch (const std::exception& error) {
    problems.push_back(
        {file, 0, 0, fmt::format("the YAML reader failed: {}", printable(error.what()))});
  }
  return std::move(builder.documents);
}

}  // namespace cdctl::mojo
