#include <array>

#include <cdctl/plugin.hpp>

#include "plugins/journal/journal_sink.hpp"

namespace {

using namespace cdctl::plugin;

constexpr RoleRow k_roles[] = {row<cdctl::Sink, cdctl::journal::JournalSink>("journal")};

constexpr std::array k_keys{
    KeyRow{KeyPlace::file, "journal", "table", "", "{}", "notify",
           "The journal of this machine; the table alone turns it on"},
    KeyRow{KeyPlace::file, "journal.socket", "file", "/run/systemd/journal/socket",
           "\"/run/systemd/journal/socket\"", "notify", "Where it listens"},
    KeyRow{KeyPlace::file, "journal.signals", "flag", "false", "true", "notify",
           "Each signal of a service, too"},
};

}  // namespace

CDCTL_PLUGIN(.name = "journal", .version = CDCTL_PLUGIN_VERSION,
             .summary = "Write what happens to the journal of this machine", .roles = k_roles,
             .keys = k_keys);
