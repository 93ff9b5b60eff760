#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "plugins/rabbit/broker/frameworks.hpp"

namespace cdctl::rabbit {

/// Which framework the files of a folder ask for, and the file that says so.
struct FrameworkClue {
  const Framework* framework = nullptr;
  std::string because;  ///< requirements.txt
};

/// Reads what lists the dependencies of Python, JavaScript, Ruby, Go, Java and PHP programs.
[[nodiscard]] std::optional<FrameworkClue> framework_in(const std::filesystem::path& folder);

}  // namespace cdctl::rabbit
