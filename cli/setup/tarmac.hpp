#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include <cdctl/error.hpp>

#include "core/records/import.hpp"

namespace cdctl::cli {

/// A target made of a section of Tarmac's configuration.
struct ImportedTarget {
  std::string name, branch;  ///< `lp:project`, as the section has it
  std::string text;          ///< of its file
};
struct TarmacImport {
  std::vector<ImportedTarget> targets;
  std::vector<records::ImportRecord> keys;  ///< where each key went, in the order of the file
};

/// Reads `tarmac.conf`. `forge_of` knows which one the target of a branch is to have; empty = the
/// default. Exit code `config`, with the line, when it is no such file.
[[nodiscard]] Result<TarmacImport> import_tarmac(
    std::string_view text, const std::function<std::string(const std::string& branch)>& forge_of);

}  // namespace cdctl::cli
