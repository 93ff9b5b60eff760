#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "plugins/mojo/text/text_lines.hpp"

namespace cdctl::mojo {

/// Where in which file something was written.
struct FilePosition {
  std::shared_ptr<const std::string> file;
  std::uint32_t line = 0, column = 0;  ///< from 1; 0 = not known

  [[nodiscard]] Problem problem(std::string what) const;
};

struct YamlMember;

/// A value of a YAML file. Aliases are replaced by copies of what they name, merge keys (`<<`) by
/// what they bring.
struct Yaml {
  enum class Kind {
    null,
    plain,   ///< a scalar without quotes that readers give a type: 3, yes, 1.5
    string,  ///< any other scalar
    list,
    map,
  };

  Kind kind = Kind::null;
  bool secret = false;              ///< came from a file of secrets: its text is shown to nobody
  std::string text;                 ///< of a scalar
  std::vector<Yaml> items;          ///< of a list
  std::vector<YamlMember> members;  ///< of a map, in the order of the file; each key once
  FilePosition position;

  [[nodiscard]] bool is_scalar() const { return kind == Kind::plain || kind == Kind::string; }
  [[nodiscard]] bool is_list() const { return kind == Kind::list; }
  [[nodiscard]] bool is_map() const { return kind == Kind::map; }
  [[nodiscard]] bool is_null() const { return kind == Kind::null; }
  /// The member `key`, or nullptr; a null value is found like any other.
  [[nodiscard]] const Yaml* find(std::string_view key) const;
  [[nodiscard]] Yaml* find(std::string_view key);
  /// Its text in quotes for a message, cut; `a list`, `a map`, `nothing`; `a secret` instead of
  /// one.
  [[nodiscard]] std::string shown() const;

  [[nodiscard]] static Yaml scalar(std::string text, FilePosition position);

  /// The same values; places and secrecy do not count.
  friend bool operator==(const Yaml& a, const Yaml& b);
};

struct YamlMember {
  std::string key;
  FilePosition position;  ///< of the key
  Yaml value;

  friend bool operator==(const YamlMember& a, const YamlMember& b) {
    return a.key == b.key && a.value == b.value;
  }
};

/// Bounds of a file, its aliases replaced: beyond them it is a problem, so that no file can eat the
/// machine.
constexpr std::size_t k_yaml_depth = 100;
constexpr std::size_t k_yaml_nodes = 1'000'000;
constexpr std::size_t k_yaml_text = 2 * k_largest_file;  ///< bytes of all scalars and keys
constexpr std::size_t k_yaml_key = 200;                  ///< bytes

/// Reads the documents of a YAML file. Pure. What is wrong goes to `problems`, and the documents
/// from there on are left out; a key given twice, of which the last counts, to `warnings`.
[[nodiscard]] std::vector<Yaml> parse_yaml(std::string_view text, const std::string& file,
                                           std::vector<Problem>& problems,
                                           std::vector<Problem>& warnings);

/// One document as text, in block style, without comments: reading it gives the same value.
[[nodiscard]] std::string print_yaml(const Yaml& value);

/// Whether a scalar without quotes would be read as a number, a boolean or nothing.
[[nodiscard]] bool typed_when_plain(std::string_view text);

}  // namespace cdctl::mojo
