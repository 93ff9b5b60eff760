// @NAME@: @SUMMARY@.
#include <iterator>

#include <cdctl/plugin.hpp>

namespace {

using namespace cdctl;
using namespace cdctl::plugin;

/// `cdctl @NAME@ hello [NAME…]`
int hello(Host& host, const CommandArguments& given) noexcept {
  return guarded(given, [&]() -> Result<> {
    auto names = given.args.words;
    if (names.empty()) names.push_back(host.actor());
    for (const auto& name : names) given.write(Json::object({{"schema", "@NAME@.hello/1"}, {"name", name}, {"loud", given.args.has("loud")}}));
    return {};
  });
}

constexpr OptionRow k_hello[] = {{"loud", nullptr, "say it louder", false, 'l'}};
constexpr CommandRow k_commands[] = {
    {"hello", "[NAME…]", "greets people", "cdctl @NAME@ hello\ncdctl @NAME@ hello world --loud", k_hello, std::size(k_hello), hello},
};

}  // namespace

// name, version, summary, roles, commands, the keys of [@NAME@] in cdctl.toml, the same in a service's file
CDCTL_PLUGIN("@NAME@", CDCTL_PLUGIN_VERSION, "@SUMMARY@", nullptr, 0, k_commands, std::size(k_commands), "", "");
