#include "core/land/secrets.hpp"

#include <algorithm>
#include <cstdlib>
#include <functional>
#include <utility>

#include <cdctl/fs.hpp>
#include <cdctl/json.hpp>
#include <cdctl/text.hpp>

namespace cdctl::land {

namespace fs = std::filesystem;

namespace {

constexpr std::size_t k_longest_file = 64u << 10;
constexpr std::size_t k_shortest = 8;  ///< what is shorter is a word that anybody may write
constexpr std::size_t k_longest = 8u << 10;
constexpr std::string_view k_shown = "(secret)";

class Collector {
 public:
  explicit Collector(fs::path folder) : folder_(std::move(folder)) {}

  /// Members `…_file` and `…_env`, however deep; a file of certificates is public.
  void walk(const Json& table) {
    for (const auto& one : table.items()) walk(one);
    for (const auto& [name, value] : table.members()) {
      if (value.is_object() || value.is_array()) walk(value);
      const auto text = value.as_string();
      if (text.empty()) continue;
      if (name.ends_with("_file") && !name.ends_with("ca_file")) add_file(folder_ / text);
      if (name.ends_with("_env"))
        if (const char* given = std::getenv(text.c_str())) add_value(given);
    }
  }
  void add_file(const fs::path& path) {
    std::error_code error;
    auto real = fs::weakly_canonical(path, error);
    if (error) return;
    if (const auto text = read_file(real, k_longest_file))
      for (const auto line : lines(*text)) add_value(line);
    if (std::ranges::find(out_.files, real) == out_.files.end())
      out_.files.push_back(std::move(real));
  }
  Secrets done() && {
    // A secret that begins with another is taken out whole.
    std::ranges::sort(out_.values, std::greater(), &std::string::size);
    return std::move(out_);
  }

 private:
  void add_value(std::string_view text) {
    text = trimmed(text);
    if (text.size() < k_shortest || text.size() > k_longest) return;
    if (std::ranges::find(out_.values, text) == out_.values.end()) out_.values.emplace_back(text);
  }

  fs::path folder_;
  Secrets out_;
};

}  // namespace

Secrets secrets_of(const app::Context& context) {
  const auto& config = context.config();
  Collector all(config.file.parent_path());
  all.walk(config.table);
  for (const auto& target : config.targets) all.walk(target.table);
  for (const auto& service : config.services) all.walk(service.table);
  all.add_file(context.home() / "land" / "key");
  if (const char* key = std::getenv("CDCTL_SIGNING_KEY"); key && *key == '/') all.add_file(key);
  return std::move(all).done();
}

std::string Mask::add(std::string_view text) {
  held_ += text;
  for (const auto& value : values_)
    for (std::size_t at = 0; (at = held_.find(value, at)) != held_.npos; at += k_shown.size())
      held_.replace(at, value.size(), k_shown);
  std::size_t keep = 0;
  for (const auto& value : values_)
    for (auto size = std::min(value.size() - 1, held_.size()); size > keep; --size)
      if (held_.ends_with(std::string_view(value).substr(0, size))) keep = size;
  auto out = held_.substr(0, held_.size() - keep);
  held_.erase(0, out.size());
  return out;
}

std::string Mask::rest() { return std::exchange(held_, {}); }

}  // namespace cdctl::land
