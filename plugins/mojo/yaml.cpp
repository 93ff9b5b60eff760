#include "yaml.hpp"

#include <algorithm>
#include <array>
#include <spanstream>
#include <unordered_map>

#include <fmt/format.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <cdctl/names.hpp>

namespace cdctl::mojo {

namespace {

constexpr std::string_view k_standard_tag = "tag:yaml.org,2002:";
constexpr std::array<std::string_view, 7> k_known_tags{"str", "int", "float", "bool", "null", "map", "seq"};

/// Builds values from yaml-cpp's events. Its own nodes are not used: they share what aliases name, so that a few bytes can
/// mean a tree without end. To throw is the only way to end the parser early; parse_yaml catches it round the call.
class Builder : public YAML::EventHandler {
 public:
  Builder(std::shared_ptr<const std::string> file, std::vector<Problem>& warnings) : file_(std::move(file)), warnings_(warnings) {}

  std::vector<Yaml> documents;

  void OnDocumentStart(const YAML::Mark&) override { anchors_.clear(); }
  void OnDocumentEnd() override {}
  void OnAnchor(const YAML::Mark&, const std::string&) override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    if (at_key()) give_up(mark, "a key may not be empty; write it in quotes");
    count(mark, 1, 0);
    finish(mark, value(mark, Yaml::Kind::null), anchor, {1, 0});
  }
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor, const std::string& text) override {
    const bool typed = check_tag(mark, tag) && (tag == "?" || tag.empty() || tag.ends_with("int") || tag.ends_with("float") || tag.ends_with("bool"));
    // yaml-cpp 0.7 gives single bytes for \N and \_.
    if (invalid_utf8(text) != std::string::npos) give_up(mark, "an escape that gives bytes which are not UTF-8; write the character itself");
    auto node = value(mark, typed && typed_when_plain(text) ? Yaml::Kind::plain : Yaml::Kind::string);
    node.text = text;
    count(mark, 1, text.size());
    plain_key_ = tag == "?";
    finish(mark, std::move(node), anchor, {1, text.size()});
  }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    const auto found = anchors_.find(anchor);
    if (found == anchors_.end()) give_up(mark, "an alias stands inside of what it names");
    const auto size = found->second.size;
    count(mark, size.nodes, size.bytes);  // before it is copied
    auto copy = found->second.node;
    plain_key_ = false;
    finish(mark, std::move(copy), 0, size);
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor, YAML::EmitterStyle::value) override {
    open(mark, tag, anchor, Yaml::Kind::list);
  }
  void OnSequenceEnd() override { close(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor, YAML::EmitterStyle::value) override {
    open(mark, tag, anchor, Yaml::Kind::map);
  }
  void OnMapEnd() override {
    merge_others();
    close();
  }

 private:
  struct Size {
    std::size_t nodes = 0, bytes = 0;
  };
  struct Open {
    Yaml node;
    YAML::Mark mark;
    YAML::anchor_t anchor = 0;
    Size size{1, 0};
    bool has_key = false;
    YamlMember member;                                        // whose value comes next
    bool brings = false;                                      // that member is a merge key
    std::unordered_map<std::string, std::size_t> places;      // of keys in node.members
    std::vector<Yaml> brought;                                // values of merge keys
  };
  struct Anchor {
    Yaml node;
    Size size;
  };

  [[noreturn]] static void give_up(const YAML::Mark& mark, const std::string& what) { throw YAML::ParserException(mark, what); }

  [[nodiscard]] Place place(const YAML::Mark& mark) const {
    const auto number = [](int from_zero) { return from_zero < 0 ? 0u : static_cast<std::uint32_t>(from_zero) + 1; };
    return {file_, number(mark.line), number(mark.column)};
  }
  [[nodiscard]] Yaml value(const YAML::Mark& mark, Yaml::Kind kind) const {
    Yaml node;
    node.kind = kind;
    node.place = place(mark);
    return node;
  }
  [[nodiscard]] bool at_key() const { return !open_.empty() && open_.back().node.is_map() && !open_.back().has_key; }

  void count(const YAML::Mark& mark, std::size_t nodes, std::size_t bytes) {
    nodes_ += nodes;
    bytes_ += bytes;
    if (nodes_ > k_yaml_nodes) give_up(mark, fmt::format("more than {} values, those that aliases repeat included", k_yaml_nodes));
    if (bytes_ > k_yaml_text) give_up(mark, fmt::format("more than {} MiB of text, what aliases repeat included", k_yaml_text >> 20));
  }
  static bool check_tag(const YAML::Mark& mark, std::string_view tag) {
    if (tag.empty() || tag == "?" || tag == "!") return true;
    if (tag.starts_with(k_standard_tag) && std::ranges::find(k_known_tags, tag.substr(k_standard_tag.size())) != k_known_tags.end()) return true;
    give_up(mark, fmt::format("values of the type {} are not supported", printable(tag, 60)));
  }

  void open(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor, Yaml::Kind kind) {
    if (at_key()) give_up(mark, "a key may not be a list or a map");
    if (open_.size() >= k_yaml_depth) give_up(mark, fmt::format("nested deeper than {} levels", k_yaml_depth));
    check_tag(mark, tag);
    count(mark, 1, 0);
    Open next;
    next.node = value(mark, kind);
    next.mark = mark;
    next.anchor = anchor;
    open_.push_back(std::move(next));
  }
  void close() {
    auto done = std::move(open_.back());
    open_.pop_back();
    finish(done.mark, std::move(done.node), done.anchor, done.size);
  }

  /// A value is complete: it is remembered for aliases, and becomes a key, a member, an item or a document.
  void finish(const YAML::Mark& mark, Yaml node, YAML::anchor_t anchor, Size size) {
    if (anchor != 0) {
      count(mark, size.nodes, size.bytes);
      anchors_[anchor] = {node, size};
    }
    if (open_.empty()) {
      documents.push_back(std::move(node));
      return;
    }
    auto& parent = open_.back();
    parent.size.nodes += size.nodes;
    parent.size.bytes += size.bytes;
    if (parent.node.is_list()) parent.node.items.push_back(std::move(node));
    else if (!parent.has_key) take_key(mark, parent, node);
    else take_value(parent, std::move(node));
  }
  void take_key(const YAML::Mark& mark, Open& map, Yaml& node) const {
    if (!node.is_scalar()) give_up(mark, "a key may not be a list or a map");
    if (node.text.size() > k_yaml_key) give_up(mark, fmt::format("a key is longer than {} bytes", k_yaml_key));
    map.brings = plain_key_ && node.text == "<<";
    map.member = {std::move(node.text), place(mark), {}};
    map.has_key = true;
  }
  void take_value(Open& map, Yaml node) {
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
    warnings_.push_back(map.member.place.problem(fmt::format("{} is given again; the last one counts", printable(map.member.key, 60))));
    map.node.members[at->second] = std::move(map.member);
  }
  /// Members of merge keys: what the map says itself wins, then the map that is named first.
  void merge_others() {
    auto& map = open_.back();
    for (auto& other : std::exchange(map.brought, {})) {
      if (other.is_map()) bring(map, other);
      else if (!other.is_list()) give_up(map.mark, "<< of this map names neither a map nor a list of maps");
      for (auto& item : other.items) {
        if (!item.is_map()) give_up(map.mark, "<< of this map names something that is no map");
        bring(map, item);
      }
    }
  }
  static void bring(Open& map, Yaml& other) {
    for (auto& member : other.members) {
      if (map.places.try_emplace(member.key, map.node.members.size()).second) map.node.members.push_back(std::move(member));
    }
  }

  std::shared_ptr<const std::string> file_;
  std::vector<Problem>& warnings_;
  std::vector<Open> open_;
  std::unordered_map<YAML::anchor_t, Anchor> anchors_;
  std::size_t nodes_ = 0, bytes_ = 0;
  bool plain_key_ = false;
};

/// What YAML forbids or yaml-cpp would misread (it takes byte 4 for the end of the file).
std::optional<Problem> wrong_bytes(std::string_view text, const std::string& file) {
  if (text.size() > k_largest_file) return Problem{file, 0, 0, fmt::format("it is larger than {} MiB", k_largest_file >> 20)};
  const auto is_control = [](char c) { return (static_cast<unsigned char>(c) < 0x20 && c != '\n' && c != '\t' && c != '\r') || c == 0x7f; };
  auto at = static_cast<std::size_t>(std::ranges::find_if(text, is_control) - text.begin());
  const auto utf8 = invalid_utf8(text);
  if (at == text.size() && utf8 == std::string_view::npos) return {};
  const bool control = at <= std::min(utf8, text.size() - 1);
  at = std::min(at, utf8);
  const auto before = text.substr(0, at);
  const auto line = static_cast<std::size_t>(std::ranges::count(before, '\n')) + 1;
  return Problem{file, line, at - (before.rfind('\n') + 1) + 1, control ? "a control character" : "bytes that are not UTF-8"};
}

}  // namespace

Problem Place::problem(std::string what) const { return {file ? *file : std::string("bundle"), line, column, std::move(what)}; }

const Yaml* Yaml::find(std::string_view key) const {
  const auto at = std::ranges::find(members, key, &YamlMember::key);
  return at == members.end() ? nullptr : &at->value;
}
Yaml* Yaml::find(std::string_view key) { return const_cast<Yaml*>(std::as_const(*this).find(key)); }

std::string Yaml::shown() const {
  if (secret && is_scalar()) return "a secret";
  switch (kind) {
    case Kind::null: return "nothing";
    case Kind::list: return "a list";
    case Kind::map: return "a map";
    default: return fmt::format("'{}'", printable(text, 60));
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

std::vector<Yaml> parse_yaml(std::string_view text, const std::string& file, std::vector<Problem>& problems, std::vector<Problem>& warnings) {
  if (auto problem = wrong_bytes(text, file)) {
    problems.push_back(std::move(*problem));
    return {};
  }
  Builder builder(std::make_shared<const std::string>(file), warnings);
  std::ispanstream stream{std::span<const char>(text)};
  try {
    YAML::Parser parser(stream);
    while (parser.HandleNextDocument(builder)) {}
  } catch (const YAML::Exception& error) {
    const auto number = [](int from_zero) { return from_zero < 0 ? std::size_t{0} : static_cast<std::size_t>(from_zero) + 1; };
    problems.push_back({file, number(error.mark.line), number(error.mark.column), printable(error.msg)});
  } catch (const std::exception& error) {
    problems.push_back({file, 0, 0, fmt::format("the YAML reader failed: {}", printable(error.what()))});
  }
  return std::move(builder.documents);
}

}  // namespace cdctl::mojo
