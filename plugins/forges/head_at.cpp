#include "plugins/forges/head_at.hpp"

namespace cdctl::forges {

std::string head_at(const Json::Array& seen, std::string_view created_at, std::string_view commit,
                    std::optional<Time> at) {
  std::string out;
  std::optional<Time> newest;
  for (const auto& one : seen) {
    const auto created = parse_rfc3339(one[created_at].view());
    if (!at || !created || *created > *at || (newest && *created < *newest)) continue;
    newest = created;
    out = one[commit].as_string();
  }
  return out;
}

}  // namespace cdctl::forges
