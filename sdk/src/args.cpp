#include <cdctl/args.hpp>

namespace cdctl {

std::string Arguments::value(std::string_view name, std::string_view otherwise) const {
  const auto at = options.find(name);
  return at == options.end() || at->second.empty() ? std::string(otherwise) : at->second.back();
}

std::vector<std::string> Arguments::values(std::string_view name) const {
  const auto at = options.find(name);
  return at == options.end() ? std::vector<std::string>() : at->second;
}

}  // namespace cdctl
