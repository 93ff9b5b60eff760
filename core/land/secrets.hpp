#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/app/context.hpp"

namespace cdctl::land {

/// What nobody's test may see: the files that the configuration names as secrets, wherever they
/// are, and what stands in them and in the variables that it names.
struct Secrets {
  std::vector<std::filesystem::path> files;
  std::vector<std::string> values;
};
/// Of cdctl.toml and all files beside it, and the key of this home. What a command would print is
/// not among them: it is not asked.
[[nodiscard]] Secrets secrets_of(const app::Context& context);

/// Takes secrets out of what is written as it comes.
class Mask {
 public:
  explicit Mask(std::vector<std::string> values) : values_(std::move(values)) {}

  /// What can be shown by now: the beginning of a secret is held back until it is none.
  [[nodiscard]] std::string add(std::string_view text);
  /// What was held back.
  [[nodiscard]] std::string rest();

 private:
  std::vector<std::string> values_;
  std::string held_;
};

}  // namespace cdctl::land
