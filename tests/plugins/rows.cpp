// A plugin with rows of every kind, for the manifest's reader and writer.
#include <cdctl/plugin.hpp>

namespace {

using namespace cdctl::plugin;

int nothing(cdctl::Host&, const CommandArguments&) noexcept { return 0; }

class Quiet final : public cdctl::Setup {
 public:
  explicit Quiet(cdctl::Host&) {}
};

constexpr RoleRow k_roles[] = {row<cdctl::Setup, Quiet>("rows")};
constexpr OptionRow k_options[] = {
    {.name = "loud", .help = "say \"it\" louder", .letter = 'l'},
    {.name = "as", .value = "HOW", .help = "how", .repeatable = true, .choices = "a b"},
    {.name = "follow", .value = "NAME", .help = "go on", .value_optional = true},
};
constexpr CommandRow k_commands[] = {
    {"say", "[WORD…]", "says it", "cdctl rows say\ncdctl rows say hello", k_options, nothing},
    {"stop", "", "says no more", "cdctl rows stop", {}, nothing},
};
constexpr KeyRow k_keys[] = {
    {KeyPlace::both, "rows", "table", "", "{ file = \"x\" }", "all", "Rows"},
    {KeyPlace::file, "rows.file", "file", "none", "\"x\"", "all", "A file"},
    {KeyPlace::service, "rows.words", "list", "", "[\"x\"]", "deploy", "Words", "rows.words"},
    {KeyPlace::service, "rows.words.*", "text", "", "\"x\"", "deploy", "A word"},
};

}  // namespace

CDCTL_PLUGIN(.name = "rows", .version = "1.0", .summary = "rows for tests", .roles = k_roles,
             .commands = k_commands, .keys = k_keys, .unit_env = "ROWS_URL");
