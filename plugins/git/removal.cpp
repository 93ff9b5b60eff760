#include "plugins/git/removal.hpp"

#include <algorithm>
#include <iterator>
#include <utility>
#include <vector>

#include <fmt/format.h>

namespace cdctl::git {

namespace {

constexpr std::ptrdiff_t k_at_once = 500;  ///< a command line has its bound

}  // namespace

Result<Finished> remove_refs(const Workshop& workshop,
                             const std::map<std::string, std::string>& refs,
                             const Deadline& deadline) {
  Finished out;
  bool refused = false;
  for (auto first = refs.begin(); first != refs.end();) {
    const auto end = std::next(first, std::min(k_at_once, std::distance(first, refs.end())));
    std::vector<std::string> words{"push", "--porcelain", "--quiet", "--no-verify"};
    for (auto at = first; at != end; ++at)
      words.push_back(fmt::format("--force-with-lease={}:{}", at->first, at->second));
    words.insert(words.end(), {"--", workshop.address().url});
    for (; first != end; ++first) words.push_back(":" + first->first);
    CDCTL_TRY_ASSIGN(auto pushed, workshop.git_out(std::move(words), deadline));
    if (!refused) out = std::move(pushed);
    refused = !out.ok();
  }
  return out;
}

}  // namespace cdctl::git
