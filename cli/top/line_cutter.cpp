#include "cli/top/line_cutter.hpp"

namespace cdctl::cli {

void LineCutter::add(std::string_view piece, std::vector<std::string>& lines) {
  while (!piece.empty()) {
    const auto end = piece.find('\n');
    const auto part = piece.substr(0, end);
    if (!leaving_out_ && rest_.size() + part.size() > k_longest) {
      leaving_out_ = true;
      rest_ = std::string();
      ++left_out_;
    }
    if (!leaving_out_) rest_ += part;
    if (end == std::string_view::npos) return;
    piece.remove_prefix(end + 1);
    if (!std::exchange(leaving_out_, false)) lines.push_back(std::exchange(rest_, {}));
  }
}

}  // namespace cdctl::cli
