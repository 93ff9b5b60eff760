#include "plugins/forges/vote_line.hpp"

#include <fmt/format.h>

#include <cdctl/text.hpp>

namespace cdctl::forges {

std::string vote_line(std::string_view vote) { return fmt::format("<!-- cdctl-vote {} -->", vote); }

std::string vote_in(std::string_view text, std::initializer_list<std::string_view> votes) {
  const auto all = lines(trimmed(text));
  if (all.empty()) return {};
  const auto last = trimmed(all.back());  // what stands further up may be quoted
  for (const auto vote : votes)
    if (last == vote_line(vote)) return std::string(vote);
  return {};
}

std::string vote_text(std::string_view comment, std::string_view vote) {
  return fmt::format("{}\n\n{}", comment.empty() ? vote : comment, vote_line(vote));
}

}  // namespace cdctl::forges
