#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace cdctl::mojo {

/// One repair of a manifest's text, at the place of what it repairs in the old text.
struct TextFix {
  std::size_t line = 0, column = 0;  ///< from 1
  std::string_view rule;             ///< of lint_rules()
};

/// A manifest's text after all safe repairs: every other byte is as it was.
struct FixedText {
  std::string text;
  std::vector<TextFix> fixes;  ///< in the order of the text
};

/// Repairs trailing blanks, a missing last newline, `--target=` and repeated options (the last one
/// stays). Lines that cannot be read are left alone. Pure. The rows mean the same before and after;
/// were it not so, nothing is repaired.
[[nodiscard]] FixedText fix_manifest(std::string_view text);

}  // namespace cdctl::mojo
