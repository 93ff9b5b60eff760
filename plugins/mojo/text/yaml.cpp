#include "plugins/mojo/text/yaml.hpp"

#include <algorithm>
#include <array>
#include <memory>
#include <optional>
#include <spanstream>
#include <string>
#include <unordered_map>
#include <vector>

#include <fmt/format.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include <cdctl/text.hpp>

namespace cdctl::mojo {

namespace {

/// Builds values from yaml-cpp's events. Its own nodes are not used: they share what aliases name,
/// so that a few bytes can mean a tree without end. To throw is the only way to end the parser
/// early: it throws yaml-cpp's own exception, and parse_yaml catches that round the call.
class YamlBuilder : public YAML::EventHandler {
 public:
  YamlBuilder(std::shared_ptr<const std::string> file, std::vector<Problem>& warnings)
      : file_(std::move(file)), warnings_(warnings) {}

  std::vector<Yaml> documents;

  void OnDocumentStart(const YAML::Mark& mark) override;
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override;
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& text) override;
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override;
  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override;
  void OnSequenceEnd() override { close(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override;
  void OnMapEnd() override;

 private:
  struct Size {
    std::size_t nodes = 0, bytes = 0, depth = 0;
  };
  /// A list or map that is not yet at its end.
  struct Open {
    Yaml node;
    YAML::Mark mark;
    YAML::anchor_t anchor = 0;
    Size size{1, 0, 1};
    bool has_key = false;
    YamlMember member;                                    // whose value comes next
    bool brings = false;                                  // that member is a merge key
    std::unordered_map<std::string, std::size_t> places;  // of keys in node.members
    std::vector<Yaml> brought;                            // values of merge keys
  };
  struct Anchor {
    Yaml node;
    Size size;
  };

  [[nodiscard]] FilePosition position(const YAML::Mark& mark) const;
  [[nodiscard]] Yaml value(const YAML::Mark& mark, Yaml::Kind kind) const;
  [[nodiscard]] bool at_key() const {
    return !open_.empty() && open_.back().node.is_map() && !open_.back().has_key;
  }
  void count(const YAML::Mark& mark, const Size& size);
  void open(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor, Yaml::Kind kind);
  void close();
  /// A value is complete: it is remembered for aliases, and becomes a key, a member, an item or a
  /// document.
  void finish(const YAML::Mark& mark, Yaml node, YAML::anchor_t anchor, const Size& size);
  void take_key(const YAML::Mark& mark, Open& map, Yaml& node) const;
  void take_value(Open& map, Yaml node);
  /// Members of merge keys: what the map says itself wins, then the map that is named first.
  void merge_others();

  std::shared_ptr<const std::string> file_;
  std::vector<Problem>& warnings_;
  std::vector<Open> open_;
  std::unordered_map<YAML::anchor_t, Anchor> anchors_;
  int document_at_ = -1;  // where the last document began, in bytes
  std::size_t nodes_ = 0, bytes_ = 0;
  bool plain_key_ = false;
};

constexpr std::string_view k_standard_tag = "tag:yaml.org,2002:";
constexpr std::array<std::string_view, 7> k_known_tags{"str",  "int", "float", "bool",
                                                       "null", "map", "seq"};

[[noreturn]] void give_up(const YAML::Mark& mark, const std::string& what) {
  throw YAML::ParserException(mark, what);
}

void check_tag(const YAML::Mark& mark, std::string_view tag) {
  if (tag.empty() || tag == "?" || tag == "!") return;
  if (tag.starts_with(k_standard_tag) &&
      std::ranges::find(k_known_tags, tag.substr(k_standard_tag.size())) != k_known_tags.end())
    return;
  // The tag is not shown: it can be a secret that needs quotes.
  give_up(mark,
          "a value with a type of its own (!…) is not supported; a text that starts with ! needs "
          "quotes");
}
/// Whether a scalar with this tag can be a number or a boolean: it has no quotes, or says so
/// itself.
bool can_be_typed(std::string_view tag) {
  return tag == "?" || tag.empty() || tag.ends_with(":int") || tag.ends_with(":float") ||
         tag.ends_with(":bool");
}

}  // namespace

void YamlBuilder::OnDocumentStart(const YAML::Mark& mark) {
  // yaml-cpp 0.7 does not get past some misplaced marks: it reports empty documents there
  // for ever.
  if (mark.pos == document_at_)
    give_up(mark, "a bracket, comma or other mark that does not belong here");
  document_at_ = mark.pos;
  anchors_.clear();
}

void YamlBuilder::OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) {
  if (at_key()) give_up(mark, "a key may not be empty; write it in quotes");
  const Size size{1, 0, 0};
  count(mark, size);
  finish(mark, value(mark, Yaml::Kind::null), anchor, size);
}

void YamlBuilder::OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                           const std::string& text) {
  check_tag(mark, tag);
  // yaml-cpp 0.7 gives single bytes for \N and \_.
  if (invalid_utf8(text) != std::string::npos)
    give_up(mark, "an escape that gives bytes which are not UTF-8; write the character itself");
  const Size size{1, text.size(), 0};
  count(mark, size);
  auto node = value(
      mark, can_be_typed(tag) && typed_when_plain(text) ? Yaml::Kind::plain : Yaml::Kind::string);
  node.text = text;
  plain_key_ = tag == "?";
  finish(mark, std::move(node), anchor, size);
}

void YamlBuilder::OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) {
  const auto found = anchors_.find(anchor);
  if (found == anchors_.end()) give_up(mark, "an alias stands inside of what it names");
  const auto size = found->second.size;
  count(mark, size);  // before it is copied
  auto copy = found->second.node;
  plain_key_ = false;
  finish(mark, std::move(copy), 0, size);
}

void YamlBuilder::OnSequenceStart(const YAML::Mark& mark, const std::string& tag,
                                  YAML::anchor_t anchor, YAML::EmitterStyle::value) {
  open(mark, tag, anchor, Yaml::Kind::list);
}
void YamlBuilder::OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                             YAML::EmitterStyle::value) {
  open(mark, tag, anchor, Yaml::Kind::map);
}
void YamlBuilder::OnMapEnd() {
  merge_others();
  close();
}

FilePosition YamlBuilder::position(const YAML::Mark& mark) const {
  const auto number = [](int from_zero) {
    return from_zero < 0 ? 0u : static_cast<std::uint32_t>(from_zero) + 1;
  };
  return {file_, number(mark.line), number(mark.column)};
}

Yaml YamlBuilder::value(const YAML::Mark& mark, Yaml::Kind kind) const {
  Yaml node;
  node.kind = kind;
  node.position = position(mark);
  return node;
}

void YamlBuilder::count(const YAML::Mark& mark, const Size& size) {
  nodes_ += size.nodes;
  bytes_ += size.bytes;
  if (nodes_ > k_yaml_nodes)
    give_up(mark,
            fmt::format("more than {} values, those that aliases repeat included", k_yaml_nodes));
  if (bytes_ > k_yaml_text)
    give_up(mark, fmt::format("more than {} MiB of text, what aliases repeat included",
                              k_yaml_text >> 20));
  if (open_.size() + size.depth > k_yaml_depth)
    give_up(mark, fmt::format("nested deeper than {} levels", k_yaml_depth));
}

void YamlBuilder::open(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       Yaml::Kind kind) {
  if (at_key()) give_up(mark, "a key may not be a list or a map");
  check_tag(mark, tag);
  count(mark, {1, 0, 1});
  Open next;
  next.node = value(mark, kind);
  next.mark = mark;
  next.anchor = anchor;
  open_.push_back(std::move(next));
}

void YamlBuilder::close() {
  auto done = std::move(open_.back());
  open_.pop_back();
  finish(done.mark, std::move(done.node), done.anchor, done.size);
}

void YamlBuilder::finish(const YAML::Mark& mark, Yaml node, YAML::anchor_t anchor,
                         const Size& size) {
  if (anchor != 0) {
    count(mark, size);
    anchors_[anchor] = {node, size};
  }
  if (open_.empty()) {
    documents.push_back(std::move(node));
    return;
  }
  auto& parent = open_.back();
  parent.size = {parent.size.nodes + size.nodes, parent.size.bytes + size.bytes,
                 std::max(parent.size.depth, size.depth + 1)};
  if (parent.node.is_list())
    parent.node.items.push_back(std::move(node));
  else if (!parent.has_key)
    take_key(mark, parent, node);
  else
    take_value(parent, std::move(node));
}

void YamlBuilder::take_key(const YAML::Mark& mark, Open& map, Yaml& node) const {
  if (!node.is_scalar()) give_up(mark, "a key may not be a list or a map");
  if (node.text.size() > k_yaml_key)
    give_up(mark, fmt::format("a key is longer than {} bytes", k_yaml_key));
  map.brings = plain_key_ && node.text == "<<";
  map.member = {std::move(node.text), position(mark), {}};
  map.has_key = true;
}

void YamlBuilder::take_value(Open& map, Yaml node) {
  map.has_key = false;
  if (map.brings) {
    map.brought.push_back(std::move(node));
    return;
  }
  map.member.value = std::move(node);
  const auto [at, is_new] = map.places.try_emplace(map.member.key, map.node.members.size());
  if (is_new) {
    map.node.members.push_back(std::move(map.member));
    return;
  }
  warnings_.push_back(map.member.position.problem(
      fmt::format("{} is given again; the last one counts", printable(map.member.key, 60))));
  map.node.members[at->second] = std::move(map.member);
}

void YamlBuilder::merge_others() {
  auto& map = open_.back();
  const auto bring = [&](Yaml& other) {
    for (auto& member : other.members) {
      if (map.places.try_emplace(member.key, map.node.members.size()).second)
        map.node.members.push_back(std::move(member));
    }
  };
  for (auto& other : map.brought) {
    if (other.is_map())
      bring(other);
    else if (!other.is_list())
      give_up(map.mark, "<< of this map names neither a map nor a list of maps");
    for (auto& item : other.items) {
      if (!item.is_map()) give_up(map.mark, "<< of this map names something that is no map");
      bring(item);
    }
  }
}

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

Problem FilePosition::problem(std::string what) const {
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

Yaml Yaml::scalar(std::string text, FilePosition position) {
  Yaml out;
  out.kind = Kind::string;
  out.text = std::move(text);
  out.position = std::move(position);
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
    // What follows a colon is a word of the file, which can be a secret.
    problems.push_back({file, number(error.mark.line), number(error.mark.column),
                        printable(std::string_view(error.msg).substr(0, error.msg.find(": ")))});
  } catch (const std::exception& error) {
    problems.push_back(
        {file, 0, 0, fmt::format("the YAML reader failed: {}", printable(error.what()))});
  }
  return std::move(builder.documents);
}

namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

/// What every reader takes for this very string without quotes, in a block.
bool plain_string(std::string_view text) {
  if (text.empty() || text.size() > 200 || typed_when_plain(text) || text.back() == ':')
    return false;
  if (!is_letter(text.front()) && text.front() != '/' && text.front() != '_') return false;
  return std::ranges::all_of(text, [](char c) {
    return is_letter(c) || is_digit(c) || std::string_view("_-./+@=:").contains(c);
  });
}

/// Characters that some reader takes for a line break or a byte order mark: their bytes and their
/// escapes.
constexpr std::array<std::pair<std::string_view, std::string_view>, 4> k_odd{
    {{"\xc2\x85", "\\u0085"},
     {"\xe2\x80\xa8", "\\u2028"},
     {"\xe2\x80\xa9", "\\u2029"},
     {"\xef\xbb\xbf", "\\uFEFF"}}};

void append_quoted(std::string& out, std::string_view text) {
  out += '"';
  while (!text.empty()) {
    const auto odd = std::ranges::find_if(
        k_odd, [&](const auto& entry) { return text.starts_with(entry.first); });
    const char c = text.front();
    if (odd != k_odd.end())
      out += odd->second;
    else if (c == '"' || c == '\\')
      (out += '\\') += c;
    else if (c == '\n')
      out += "\\n";
    else if (c == '\t')
      out += "\\t";
    else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f)
      out += fmt::format("\\x{:02X}", static_cast<unsigned char>(c));
    else
      out += c;
    text.remove_prefix(odd == k_odd.end() ? 1 : odd->first.size());
  }
  out += '"';
}

void append_scalar(std::string& out, const Yaml& value) {
  if (value.is_null())
    out += "null";
  else if (value.kind == Yaml::Kind::plain || plain_string(value.text))
    out += value.text;
  else
    append_quoted(out, value.text);
}

void append(std::string& out, const Yaml& value, std::size_t indent);

/// What follows `key:` or `-`.
void append_value(std::string& out, const Yaml& value, std::size_t indent) {
  if (value.is_map() && value.members.empty())
    out += " {}\n";
  else if (value.is_list() && value.items.empty())
    out += " []\n";
  else if (value.is_map() || value.is_list())
    append(out += '\n', value, indent);
  else
    append_scalar(out += ' ', value), out += '\n';
}

void append(std::string& out, const Yaml& value, std::size_t indent) {
  for (const auto& item : value.items) {
    (out.append(indent, ' ')) += '-';
    append_value(out, item, indent + 2);
  }
  for (const auto& member : value.members) {
    out.append(indent, ' ');
    if (plain_string(member.key))
      out += member.key;
    else
      append_quoted(out, member.key);
    out += ':';
    append_value(out, member.value, indent + 2);
  }
}

}  // namespace

bool typed_when_plain(std::string_view text) {
  static constexpr std::array<std::string_view, 13> k_words{
      "y",     "n",    "yes",  "no",    "on",    "off", "true",
      "false", "null", ".inf", "+.inf", "-.inf", ".nan"};
  std::string lower(text.substr(0, 8));
  std::ranges::transform(lower, lower.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  if (text.size() <= 5 && std::ranges::find(k_words, lower) != k_words.end()) return true;
  auto rest = text;
  if (rest.starts_with('+') || rest.starts_with('-')) rest.remove_prefix(1);
  if (rest.starts_with('.')) rest.remove_prefix(1);
  if (rest.empty() || rest.size() > 100 || !is_digit(rest.front()) || rest.back() == ':')
    return false;
  return std::ranges::all_of(rest, [](char c) {
    return is_letter(c) || is_digit(c) || std::string_view("_.:+-").contains(c);
  });
}

std::string print_yaml(const Yaml& value) {
  std::string out;
  if (value.is_map() || value.is_list()) {
    if (value.members.empty() && value.items.empty()) return value.is_map() ? "{}\n" : "[]\n";
    append(out, value, 0);
  } else {
    append_scalar(out, value);
    out += '\n';
  }
  return out;
}

}  // namespace cdctl::mojo
