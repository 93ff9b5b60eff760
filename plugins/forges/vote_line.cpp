#include "plugins/forges/vote_line.hpp"

#include <fmt/format.h>

namespace cdctl::forges {

std::string vote_line(std::string_view vote) { return fmt::format("<!-- cdctl-vote {} -->", vote); }

std::string vote_in(std::string_view text, std::initializer_list<std::string_view> votes) {
  for (const auto vote : votes)
    if (text.contains(vote_line(vote))) return std::string(vote);
  return {};
}

std::string vote_text(std::string_view comment, std::string_view vote) {
  return fmt::format("{}\n\n{}", comment.empty() ? vote : comment, vote_line(vote));
}

}  // namespace cdctl::forges
