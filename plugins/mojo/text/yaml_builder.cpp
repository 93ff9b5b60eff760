#include "plugins/mojo/text/yaml_builder.hpp"

#include <algorithm>
#include <array>

#include <fmt/format.h>
#include <yaml-cpp/exceptions.h>

#include <cdctl/text.hpp>

namespace cdctl::mojo {

namespace {

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
  // The tag is not shown: it may be a secret that needs quotes.
  give_up(mark,
          "a value with a type of its own (!…) is not supported; a text that starts with ! needs "
          "quotes");
}
/// Whether a scalar with this tag may be a number or a boolean: it has no quotes, or says so
/// itself.
bool may_be_typed(std::string_view tag) {
  return tag == "?" || tag.empty() || tag.ends_with(":int") || tag.ends_with(":float") ||
         tag.ends_with(":bool");
}

}  // namespace

void YamlBuilder::OnDocumentStart(const YAML::Mark& mark) {
  // yaml-cpp 0.7 does not get past some misplaced marks: it tells of empty documents there for
  // ever.
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
      mark, may_be_typed(tag) && typed_when_plain(text) ? Yaml::Kind::plain : Yaml::Kind::string);
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

Place YamlBuilder::place(const YAML::Mark& mark) const {
  const auto number = [](int from_zero) {
    return from_zero < 0 ? 0u : static_cast<std::uint32_t>(from_zero) + 1;
  };
  return {file_, number(mark.line), number(mark.column)};
}

Yaml YamlBuilder::value(const YAML::Mark& mark, Yaml::Kind kind) const {
  Yaml node;
  node.kind = kind;
  node.place = place(mark);
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
  map.member = {std::move(node.text), place(mark), {}};
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
  warnings_.push_back(map.member.place.problem(
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

}  // namespace cdctl::mojo
