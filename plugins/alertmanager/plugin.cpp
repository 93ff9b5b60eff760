#include <array>

#include <cdctl/plugin.hpp>

#include "plugins/alertmanager/alertmanager_sink.hpp"

namespace {

using namespace cdctl::plugin;

constexpr RoleRow k_roles[] = {
    row<cdctl::Sink, cdctl::alertmanager::AlertmanagerSink>("alertmanager")};

constexpr std::array k_keys{
    KeyRow{KeyPlace::file, "alertmanager", "table", "", "{ url = \"http://127.0.0.1:9093\" }",
           "notify", "Alerts of cuts and outages by Alertmanager"},
    KeyRow{KeyPlace::file, "alertmanager.url", "address", "", "\"http://127.0.0.1:9093\"", "notify",
           "Where it is, without credentials"},
    KeyRow{KeyPlace::file, "alertmanager.user", "text", "none", "\"cdctl\"", "notify",
           "For basic authentication"},
    KeyRow{KeyPlace::file, "alertmanager.password_file", "file", "", "\"alertmanager.password\"",
           "notify", "A file of mode 0600 with its password"},
    KeyRow{KeyPlace::file, "alertmanager.password_env", "text", "", "\"ALERTMANAGER_PASSWORD\"",
           "notify", "The environment variable with its password"},
    KeyRow{KeyPlace::file, "alertmanager.password_command", "list", "", "[\"pass\", \"alerts\"]",
           "notify", "A program, without a shell, that prints its password"},
    KeyRow{KeyPlace::file, "alertmanager.ca_file", "file", "the system's", "\"proxy-ca.pem\"",
           "notify", "Who signed its certificate"},
    KeyRow{KeyPlace::file, "alertmanager.labels", "table", "none", "{ team = \"web\" }", "notify",
           "Further labels of each alert, to route by"},
    KeyRow{KeyPlace::file, "alertmanager.expire", "duration", "24h", "\"1h\"", "notify",
           "An alert that nobody repeats ends after that long"},
    KeyRow{KeyPlace::file, "alertmanager.signals", "flag", "false", "true", "notify",
           "An alert for each signal of a service, too"},
    KeyRow{KeyPlace::file, "alertmanager.receivers", "table", "none",
           "{ web = { url = \"http://web:9093\" } }", "notify",
           "Further ones by name, each with the keys of [alertmanager]"},
};

}  // namespace

CDCTL_PLUGIN(.name = "alertmanager", .version = CDCTL_PLUGIN_VERSION,
             .summary = "Raise alerts by Alertmanager", .roles = k_roles, .keys = k_keys);
