#pragma once

#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/mark.h>

#include "plugins/mojo/text/yaml.hpp"

namespace cdctl::mojo {

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

  [[nodiscard]] Place place(const YAML::Mark& mark) const;
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

}  // namespace cdctl::mojo
