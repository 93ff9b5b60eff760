// @NAME@: @SUMMARY@.
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

constexpr OptionRow k_hello[] = {{.name = "loud", .help = "say it louder", .letter = 'l'}};
constexpr CommandRow k_commands[] = {
    {"hello", "[NAME…]", "greets people", "cdctl @NAME@ hello\ncdctl @NAME@ hello world --loud", k_hello, hello},
};

}  // namespace

CDCTL_PLUGIN(.name = "@NAME@", .version = CDCTL_PLUGIN_VERSION, .summary = "@SUMMARY@", .commands = k_commands);
